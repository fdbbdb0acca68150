//! What the client says of a failure, as one sentence, and the number that the server says in words.

pub(super) fn with_sources(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        // Some repeat what they come from.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        source = error.source();
    }
    text
}

/// The number of a subject's last message, which the server says in words.
pub(super) fn last_sequence(text: &str) -> Option<u64> {
    let (_, rest) = text.rsplit_once("wrong last sequence: ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::last_sequence;

    #[test]
    fn the_server_says_which_message_is_the_last() {
        // The client's own words come first.
        let text = "wrong last sequence: wrong last sequence: 17 (code 400, error code 10071)";
        assert_eq!(last_sequence(text), Some(17));
        assert_eq!(last_sequence("wrong last sequence"), None);
    }
}
