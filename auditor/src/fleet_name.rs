//! Names of hosts, as a fleet tells hosts apart.

/// Whether a name can be a host's: what a subject can hold, and nothing that a person would not see.
pub(crate) fn is_name(name: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty() && name.len() <= 128 && name.chars().all(is_part)
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn names() {
        for name in ["a", "db-1.example.com", "A_b"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "a b", "a*", ">", "a:b", "ä", "a\u{202e}"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
