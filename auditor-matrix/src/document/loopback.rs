//! Recognises what stays on one machine: `only reachable from localhost`, `listens on 127.0.0.1`.

/// Whether a text, such as a heading, a note or the sentence above a table, says that both ends are the same machine.
pub(super) fn is_meant(text: &str) -> bool {
    let lower = text.to_lowercase();
    let names = [
        "localhost",
        "127.0.0.1",
        "loopback",
        "::1",
        "same host",
        "same machine",
        "same server",
        "same node",
        "same system",
        "node-local",
        "local only",
    ]
    .iter()
    .any(|name| lower.contains(name));
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let restricts = words.iter().any(|word| {
        matches!(
            *word,
            "only"
                | "solely"
                | "exclusively"
                | "just"
                | "bound"
                | "binds"
                | "bind"
                | "internally"
                | "restricted"
                | "limited"
        )
    });
    let listens = words
        .iter()
        .any(|word| matches!(*word, "listen" | "listens" | "listening"));
    let is_negated = words.iter().any(|word| {
        matches!(
            *word,
            "not" | "never" | "example" | "besides" | "except" | "beyond" | "also"
        )
    });
    names && (restricts || listens || words.len() <= FEW_WORDS) && !is_negated
}

/// So few words say nothing else: `localhost`, `on the same host`.
const FEW_WORDS: usize = 4;

/// Whether an end of a conversation is the other end's own machine: `localhost`, `itself`, `same host`.
pub fn is_own_machine(end: &str) -> bool {
    let lower = end.trim().to_lowercase();
    let name = ["the ", "on the ", "on "]
        .iter()
        .find_map(|lead| lower.strip_prefix(lead))
        .unwrap_or(&lower);
    name.starts_with("localhost")
        || name.starts_with("127.")
        || name == "::1"
        || matches!(
            name,
            "itself"
                | "loopback"
                | "same host"
                | "same machine"
                | "same server"
                | "same node"
                | "same system"
                | "local host"
                | "loopback interface"
                | "loopback only"
                | "local machine"
                | "local only"
                | "[::1]"
                | "lo"
        )
}

#[cfg(test)]
mod tests {
    use super::{is_meant, is_own_machine};

    #[test]
    fn phrases() {
        assert!(is_meant(
            "All of these ports are only reachable from localhost."
        ));
        assert!(is_meant("The following ports listen on 127.0.0.1 only:"));
        assert!(is_meant("Localhost ports"));
        assert!(!is_meant("The port is also reachable from localhost."));
        assert!(!is_meant("Only the core connects."));
        assert!(
            is_own_machine("itself")
                && is_own_machine("127.0.0.1")
                && is_own_machine("The same host")
        );
        assert!(!is_own_machine("Core") && !is_own_machine("locality"));
    }
}
