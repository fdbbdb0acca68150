//! What a sentence says of ports that stay on their machine, in words for the way they take or do not take: `never leave the host`,
//! `only used locally`, `used on the local address 127.0.0.1`.

/// The word by which the words of a sentence, in lower case, say so.
pub(in crate::document) fn stays_at(words: &[&str]) -> Option<usize> {
    (0..words.len()).find(|at| {
        never_leaves(words, *at)
            || is_used_only_locally(words, *at)
            || goes_over_own(words, *at)
            || is_used_inside(words, *at)
            || is_seen_by_none(words, *at)
    })
}

/// `never leaves the host`, `does not leave this machine`
fn never_leaves(words: &[&str], at: usize) -> bool {
    let is = |at: usize, any: &[&str]| words.get(at).is_some_and(|word| any.contains(word));
    let behind = at + 1 + usize::from(is(at + 1, &["the", "this", "that", "its", "their", "own"]));
    let behind = behind + usize::from(is(behind, &["own", "same", "local"]));
    is(at, &["leave", "leaves", "leaving"])
        && at
            .checked_sub(1)
            .is_some_and(|before| is(before, &["never", "not", "don't", "doesn't", "without"]))
        && is(behind, MACHINES)
}

/// `used inside a host`, `talk to each other within the machine only`, and no more behind it.
fn is_used_inside(words: &[&str], at: usize) -> bool {
    let is = |at: usize, any: &[&str]| words.get(at).is_some_and(|word| any.contains(word));
    let machine = at + 1 + usize::from(is(at + 1, ONE));
    let is_used = words
        .get(at.saturating_sub(NEAR)..at)
        .unwrap_or_default()
        .iter()
        .any(|word| {
            matches!(
                *word,
                "used"
                    | "talk"
                    | "talks"
                    | "communicate"
                    | "communicates"
                    | "stay"
                    | "stays"
                    | "remain"
                    | "remains"
                    | "only"
            )
        });
    let ends = machine + 1 == words.len() || is(machine + 1, &["only", "itself"]);
    is(at, &["inside", "within"]) && machine == at + 2 && is(machine, MACHINES) && ends && is_used
}

const ONE: &[&str] = &["the", "a", "one", "each", "this", "that", "single", "same"];

/// `None of these ports is visible on the network`, `no port is reachable from other hosts`
fn is_seen_by_none(words: &[&str], at: usize) -> bool {
    let is_shut = matches!(words.first(), Some(&("none" | "no")));
    let is_open = words.get(at).is_some_and(|word| {
        matches!(
            *word,
            "open" | "opened" | "exposed" | "accessible" | "reachable" | "available" | "visible"
        )
    });
    let behind: Vec<&str> = words
        .iter()
        .skip(at + 1)
        .copied()
        .filter(|word| !matches!(*word, "the" | "a" | "any"))
        .collect();
    let others = matches!(
        behind.as_slice(),
        ["remotely", ..]
            | ["on" | "over" | "from" | "through" | "to", "network"]
            | ["from" | "to", "other" | "outside", ..]
    );
    is_shut && is_open && others
}

/// `only used locally`, `used locally only`, `accessible only locally`
fn is_used_only_locally(words: &[&str], at: usize) -> bool {
    let start = at.saturating_sub(NEAR);
    let around = words
        .get(start..words.len().min(at + 2))
        .unwrap_or_default();
    let has = |any: &[&str]| around.iter().any(|word| any.contains(word));
    words.get(at) == Some(&"locally")
        && has(&["only", "solely", "exclusively", "purely"])
        && has(&[
            "used",
            "accessed",
            "accessible",
            "reached",
            "reachable",
            "available",
            "needed",
            "open",
            "opened",
            "exposed",
            "visible",
            "connect",
            "connects",
            "talks",
            "communicate",
            "communicates",
            "talk",
        ])
}

/// `used on 127.0.0.1`, `communicate over the local loopback interface`: the address that the traffic takes. Where an address only
/// stands in an example it is no way that ports take.
fn goes_over_own(words: &[&str], at: usize) -> bool {
    let is_own = words
        .get(at)
        .is_some_and(|word| matches!(*word, "loopback" | "127.0.0.1" | "127.0.0.0/8" | "::1"));
    let mut lead = at;
    while let Some(before) = lead.checked_sub(1) {
        if !words.get(before).is_some_and(|word| {
            matches!(
                *word,
                "the"
                    | "local"
                    | "own"
                    | "its"
                    | "ip"
                    | "ipv4"
                    | "ipv6"
                    | "address"
                    | "loopback"
                    | "interface"
            )
        }) {
            break;
        }
        lead = before;
    }
    let leads = lead.checked_sub(1).and_then(|lead| words.get(lead));
    let is_way =
        leads.is_some_and(|lead| matches!(*lead, "on" | "over" | "via" | "through" | "using"));
    let before = words.get(..lead).unwrap_or_default();
    let is_traffic = before.iter().any(|word| {
        ["use", "using", "communicat", "talk", "exchang", "enabled"]
            .iter()
            .any(|stem| word.starts_with(stem))
    });
    let is_of_ports = words.iter().any(|word| word.starts_with("port"));
    // "on the loopback interface and on the network"
    let goes_further = words
        .get(at + 1..)
        .unwrap_or_default()
        .iter()
        .find(|word| !matches!(**word, "interface" | "address" | "127.0.0.1" | "::1"))
        .is_some_and(|next| matches!(*next, "and" | "or"));
    is_own && is_way && is_traffic && is_of_ports && !goes_further
}

const MACHINES: &[&str] = &[
    "host",
    "machine",
    "server",
    "node",
    "computer",
    "system",
    "box",
    "appliance",
    "device",
    "vm",
];

/// What is done only locally stands within so many words.
const NEAR: usize = 4;

#[cfg(test)]
mod tests {
    use super::stays_at;

    #[test]
    fn what_stays_on_its_machine() {
        let stays = |text: &str| {
            let lower = text.to_lowercase();
            let words: Vec<&str> = lower.trim_end_matches('.').split(' ').collect();
            stays_at(&words).is_some()
        };
        for text in [
            "Its ports are for the parts of a till and never leave the machine.",
            "These ports are used locally only.",
            "This port is used for talks on the IP address 127.0.0.1.",
            "They exchange orders on these ports over the loopback interface.",
        ] {
            assert!(stays(text), "{text}");
        }
        for text in [
            "These ports never leave the site.",
            "Users leave the host.",
            "It is only stored locally.",
            "These ports are used locally and by the tills.",
            "The address 127.0.0.1 is used.",
            "These ports are used on the loopback interface and on the network.",
        ] {
            assert!(!stays(text), "{text}");
        }
    }
}
