//! Hosts that a row names by their full names in place of a service: whatever stands above them, they are an end of their own.

use crate::document::{Basis, Direction, End, Row, are_hosts, labelled_host};

/// The ends and the direction of a row.
pub(super) type Ends = (Option<End>, Option<End>, Option<Direction>);

/// The ends of a row, with the hosts that it names at the end that is theirs. Without a word to the contrary hosts are listed since
/// they are asked: `store.example.com TCP/443` below `Ports for the agent`. No heading and no sentence knows better which host
/// this is.
pub(super) fn with_named_host(
    row: &Row,
    (source, destination, direction): Ends,
    own: Option<&End>,
    own_machines: &str,
) -> Ends {
    let (source, destination) = (source.map(unlabelled), destination.map(unlabelled));
    // One host does not ask itself by its full name; the peer of a row that says both ways stands at both ends.
    if let (Some(one), Some(other)) = (&source, &destination)
        && one == other
        && !row.loopback
        && !row.is_peer
        && are_hosts(one)
    {
        return (None, destination, Some(Direction::Outbound));
    }
    // Whoever lists hosts without a word of who asks them lists what the page's machines ask. Beside a machine of its own it is that
    // one's address.
    if let (None, Some(host), None) = (&source, &destination, direction)
        && are_hosts(host)
        && row.role.is_none()
        && !row.loopback
    {
        return (None, destination, Some(Direction::Outbound));
    }
    let is_given = |end: &Option<End>| end.as_ref().is_some_and(|end| end.basis == Basis::Given);
    let Some(hosts) = row.text.service().and_then(hosts) else {
        return (source, destination, direction);
    };
    let is_named = |end: &Option<End>| end.as_deref().is_some_and(are_hosts);
    if is_given(&destination) || is_named(&source) || is_named(&destination) {
        return (source, destination, direction);
    }
    let hosts = End::new(hosts, Basis::Purpose);
    // What is said to go both ways does, but where that says no more than that two are named.
    let both = direction.filter(|direction| *direction == Direction::Both);
    match (source, destination) {
        (None, None) if direction == Some(Direction::Inbound) => (Some(hosts), None, direction),
        (None, None) if both.is_some() => {
            let own = own.cloned();
            let client = own.unwrap_or_else(|| End::new(own_machines, Basis::Purpose));
            (Some(client), Some(hosts), both)
        }
        (None, None) => (None, Some(hosts), Some(Direction::Outbound)),
        // Who is named alone, in whatever place, is the other one.
        (None, Some(other)) | (Some(other), None) => (Some(other), Some(hosts), both),
        // Of two it is one: the one of whose name it has a word, or who was named second.
        (Some(one), Some(other)) => {
            let client = if shares_word(&hosts, &one) && !shares_word(&hosts, &other) {
                other
            } else {
                one
            };
            let client = Some(client)
                .filter(|client| own != Some(client))
                .or(own.cloned());
            (client, Some(hosts), None)
        }
    }
}

/// A host without the word for what its name is.
fn unlabelled(end: End) -> End {
    match labelled_host(&end) {
        Some(host) => End::new(host, end.basis),
        None => end,
    }
}

/// The hosts of a text that has nothing else but remarks in brackets.
fn hosts(text: &str) -> Option<String> {
    let text = labelled_host(text).unwrap_or(text);
    let mut bare = String::new();
    let mut depth = 0_usize;
    for c in text.chars() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            c if depth == 0 => bare.push(c),
            _ => {}
        }
    }
    let bare = bare.trim().trim_end_matches([':', '.', ',']).trim_end();
    are_hosts(bare).then(|| bare.to_owned())
}

/// Whether a host has a word of a machine's name in its own: `portal.example.com` and `Acme Portal`.
fn shares_word(host: &str, machine: &str) -> bool {
    let host = host.to_lowercase();
    machine
        .split(' ')
        .map(str::to_lowercase)
        .any(|word| 3 < word.len() && host.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::hosts;

    #[test]
    fn full_names_and_addresses_of_hosts() {
        for (text, expected) in [
            ("store.example.com", "store.example.com"),
            ("store.example.com [192.0.2.1]", "store.example.com"),
            ("*.example.com:", "*.example.com"),
            ("example.com", "example.com"),
            ("192.0.2.1", "192.0.2.1"),
            (
                "a.example.com, b.example.com",
                "a.example.com, b.example.com",
            ),
            ("192.0.2.0/24", "192.0.2.0/24"),
        ] {
            assert_eq!(hosts(text).as_deref(), Some(expected), "{text}");
        }
        for text in [
            "node.js",
            "com.example.Store",
            "ASP.NET",
            "Store of example.com",
            "install.sh",
            "127.0.0.1",
            "1.2",
            "store.http.port",
            "lib.min.js",
            "v1.2.x",
            "store",
            "",
        ] {
            assert_eq!(hosts(text), None, "{text}");
        }
    }
}
