//! Names for rules and conditions that stay the same when a page is reordered.

/// Words that say nothing in a name.
const FILLER: [&str; 22] = [
    "a", "an", "the", "if", "is", "are", "be", "you", "your", "using", "used", "use", "only",
    "required", "when", "for", "to", "of", "in", "on", "needed", "with",
];

/// Lower-case words joined with dashes; at most `most` of them.
pub(super) fn slug(text: &str, most: usize) -> String {
    let mut words = Vec::new();
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        words.push(word.to_lowercase());
        if words.len() == most {
            break;
        }
    }
    words.join("-")
}

/// A short stable name of a condition: what remains of its sentence without filler words.
pub(super) fn condition(sentence: &str) -> String {
    let telling: Vec<String> = sentence
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| !word.is_empty() && !FILLER.contains(&word.as_str()))
        .take(4)
        .collect();
    if telling.is_empty() {
        slug(sentence, 4)
    } else {
        telling.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::{condition, slug};

    #[test]
    fn names() {
        assert_eq!(
            condition("Required if rate limiting is used"),
            "rate-limiting"
        );
        assert_eq!(
            condition("Only if using externalised Nomad Servers"),
            "externalised-nomad-servers"
        );
        assert_eq!(condition("enterprise"), "enterprise");
        assert_eq!(condition("Only if required"), "only-if-required");
        assert_eq!(slug("DC/OS Net (TCP)", 4), "dc-os-net-tcp");
    }
}
