//! Whether a text names machines by its form: by its last word, or as hosts.

/// Whether a part of a list is the name of machines by its form: it has a kind of machine as its last word, or it is a host.
pub(super) fn is_machine_name(part: &str) -> bool {
    let last = part.rsplit(' ').next().unwrap_or_default().to_lowercase();
    let is_plural = last.len() > 3 && last.ends_with('s') && !last.ends_with("ss");
    is_plural
        || is_host(part)
        || KINDS.contains(&last.as_str())
        || part.parse::<std::net::IpAddr>().is_ok()
}

/// Whether a word, in lower case, is a kind of machine.
pub(super) fn is_kind(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    KINDS.contains(&word) || KINDS.contains(&singular)
}

pub(super) fn is_host(part: &str) -> bool {
    part.trim_end_matches('.').contains('.')
        && !part.contains(' ')
        && part.contains(char::is_alphabetic)
}

/// Whether alternatives are a name each: all end in a kind of machine or of client, and none may lack the noun of the last, as the
/// first of `master or worker node` does. Bare words may be one name: `master or agent`.
pub(super) fn are_kinds(alternatives: &[String]) -> bool {
    let Some((last, others)) = alternatives.split_last() else {
        return false;
    };
    let ends_in_kind = |part: &String| {
        let word = part.rsplit(' ').next().unwrap_or_default().to_lowercase();
        let singular = word.strip_suffix('s').unwrap_or(&word);
        KINDS.contains(&singular) || is_client(singular)
    };
    let is_whole = |part: &String| part.contains(' ') || is_client(&part.to_lowercase());
    !others.is_empty()
        && ends_in_kind(last)
        && others
            .iter()
            .all(|part| is_whole(part) && ends_in_kind(part))
        && alternatives.iter().any(|part| part.contains(' '))
}

/// Whether alternatives have a plural each, so that none lacks the noun of the last: `user workstations or applications`, and not
/// `master or worker nodes`.
pub(super) fn are_plurals(alternatives: &[String]) -> bool {
    let is_plural = |part: &String| {
        let last = part.rsplit(' ').next().unwrap_or_default();
        let is_name = last.starts_with(char::is_uppercase) && !is_kind(&last.to_lowercase());
        3 < last.len() && last.ends_with('s') && !last.ends_with("ss") && !is_name
    };
    1 < alternatives.len() && alternatives.iter().all(is_plural)
}

/// Whether a word names who sits before a machine or what he looks into.
fn is_client(word: &str) -> bool {
    matches!(
        word.strip_suffix('s').unwrap_or(word),
        "browser" | "user" | "client" | "laptop" | "workstation"
    )
}

/// The hosts of a list of nothing else, or in which labels stand before some of them: `East: a.example.com, West: b.example.com`. The label says
/// which host is whose, and is no part of its name. `None` if other words stand there, too.
pub(super) fn labelled_hosts(text: &str) -> Option<Vec<String>> {
    if !text.contains('.') || !text.contains(' ') {
        return None;
    }
    let mut hosts: Vec<String> = Vec::new();
    let mut label: Vec<&str> = Vec::new();
    let mut has_label = false;
    for word in text.split_whitespace() {
        let name = word.trim_end_matches([',', ';']);
        if is_full_host(name) {
            let is_label =
                |last: &str| last.ends_with(':') || matches!(last, "-" | "\u{2013}" | "\u{2014}");
            match label.as_slice() {
                [] | ["and" | "or" | "&" | "+"] => {}
                words if words.last().copied().is_some_and(is_label) => has_label = true,
                _ => return None,
            }
            label.clear();
            if !hosts.iter().any(|host| host == name) {
                hosts.push(name.to_owned());
            }
        } else if !name.is_empty() {
            label.push(word);
        }
    }
    ((has_label || 1 < hosts.len()) && label.is_empty() && !hosts.is_empty()).then_some(hosts)
}

/// Whether a word is the name of a host with its domain: parts between full stops, the last of letters.
fn is_full_host(word: &str) -> bool {
    let is_part = |part: &str| {
        part == "*"
            || !part.is_empty()
                && part
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
    };
    word.rsplit_once('.').is_some_and(|(before, top)| {
        before.split('.').all(is_part)
            && 2 <= top.len()
            && top.bytes().all(|byte| byte.is_ascii_alphabetic())
    })
}

const KINDS: &[&str] = &[
    "node",
    "server",
    "host",
    "client",
    "agent",
    "machine",
    "master",
    "worker",
    "manager",
    "controller",
    "vms",
    "gateway",
    "proxy",
    "database",
    "broker",
    "workstation",
];

#[cfg(test)]
mod tests {
    use super::{are_kinds, labelled_hosts};

    #[test]
    fn hosts_behind_labels() {
        let check = |text: &str, expected: &[&str]| {
            assert_eq!(labelled_hosts(text).unwrap_or_default(), expected, "{text}");
        };
        check(
            "East plane: a.example.com b.example.com, West plane: c.example.com, d.example.com",
            &[
                "a.example.com",
                "b.example.com",
                "c.example.com",
                "d.example.com",
            ],
        );
        check("Store: *.example.com", &["*.example.com"]);
        check(
            "East - a.example.com and West - b.example.com",
            &["a.example.com", "b.example.com"],
        );
        check("store of a.example.com", &[]);
        check("Store: a.example.com in the east", &[]);
        check("Store: version 1.2", &[]);
        // The lines of a cell.
        check(
            "a.example.com b.example.org",
            &["a.example.com", "b.example.org"],
        );
        check("a.example.com", &[]);
    }

    #[test]
    fn alternatives_of_kinds() {
        let check = |text: &str| {
            let parts: Vec<String> = text.split(" or ").map(str::to_owned).collect();
            are_kinds(&parts)
        };
        assert!(check("HTTP/S proxy or browser"));
        assert!(check("Browsers or till nodes"));
        assert!(!check("master or agent"));
        assert!(!check("master or worker node"));
        assert!(!check("nightly backup or till node"));
        assert!(!check("till node"));
    }

    #[test]
    fn alternatives_in_the_plural() {
        let check = |text: &str| {
            let parts: Vec<String> = text.split(" or ").map(str::to_owned).collect();
            super::are_plurals(&parts)
        };
        assert!(check("user workstations or applications"));
        assert!(check("Servers or Edge Nodes"));
        assert!(!check("master or worker nodes"));
        assert!(!check("Windows or Linux hosts"));
        assert!(!check("Kubernetes or Nomad agents"));
        assert!(!check("access or process"));
    }
}
