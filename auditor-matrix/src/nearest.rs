//! Which known name somebody may have meant by one that nobody knows.

/// One slip of the pen is allowed in names of so many letters, and one more for each so many.
const LETTERS_A_SLIP: usize = 4;
/// Shorter names are too many that differ in one letter.
const FEWEST_LETTERS: usize = 3;

/// How far a known name is from the one that somebody wrote; less is nearer.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Distance {
    /// One consists of words of the other, which has so many more.
    Words(usize),
    /// So many letters were left out, put in, changed, or changed places.
    Letters(usize),
}

/// The name that is nearest to this one, if it may be meant: it is spelt nearly so, or one consists of words of the other.
pub fn nearest<T: Copy>(name: &str, among: &[T], name_of: impl Fn(&T) -> &str) -> Option<T> {
    let wanted = words(name);
    let known = among.iter().filter_map(|other| {
        let distance = distance(&wanted, &words(name_of(other)))?;
        Some((distance, *other))
    });
    // The first of those that are equally near.
    known
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, other)| other)
}

fn distance(a: &[String], b: &[String]) -> Option<Distance> {
    let is_part = |some: &[String], all: &[String]| {
        !some.is_empty() && some.iter().all(|word| all.contains(word))
    };
    if is_part(a, b) || is_part(b, a) {
        return Some(Distance::Words(a.len().abs_diff(b.len())));
    }
    let (a, b) = (a.concat(), b.concat());
    let n_letters = a.chars().count().max(b.chars().count());
    let n_slips = strsim::osa_distance(&a, &b);
    let is_near = FEWEST_LETTERS <= n_letters && n_slips <= 1.max(n_letters / LETTERS_A_SLIP);
    is_near.then_some(Distance::Letters(n_slips))
}

/// Whether two names are the same but for letter case, plural, and what stands between words.
pub fn is_same(a: &str, b: &str) -> bool {
    let (a, b) = (words(a), words(b));
    !a.is_empty() && a == b
}

/// The words of a name in lower case, in the singular.
fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| {
            let word = word.to_lowercase();
            match word.strip_suffix('s') {
                Some(singular) if 2 < singular.len() => singular.to_owned(),
                Some(_) | None => word,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{is_same, nearest};

    #[test]
    fn the_name_that_is_meant() {
        let known = ["web server", "web", "database", "db primary", "мастер"];
        let of = |name| nearest(name, &known, |name| name);
        assert_eq!(of("web_servers"), Some("web server"));
        assert_eq!(of("WEB"), Some("web"));
        assert_eq!(of("databse"), Some("database"));
        assert_eq!(of("primary"), Some("db primary"));
        assert_eq!(of("мастера"), Some("мастер"));
        assert_eq!(of("wbe"), Some("web"));
        assert_eq!(of("monitoring"), None);
        assert_eq!(of(""), None);
    }

    #[test]
    fn names_that_are_the_same() {
        assert!(is_same("Web Servers", "web-server"));
        assert!(is_same("web_servers", "WEB servers"));
        assert!(!is_same("db primary", "db"));
        assert!(!is_same("", "-"));
        assert!(!is_same("dns", "dn"));
    }
}
