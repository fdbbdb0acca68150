//! Recognises what stays on one machine: `only reachable from localhost`, `listens on 127.0.0.1`.

mod stays;

pub(super) use stays::stays_at;

/// Whether a text, such as a heading, a note or the sentence above a table, says that both ends are the same machine.
pub(super) fn is_meant(text: &str) -> bool {
    text.split(';').any(clause_means)
}

fn clause_means(text: &str) -> bool {
    let lower = text.to_lowercase().replace('-', " ");
    // What is said elsewhere of some is no exception of the others.
    let lower = ["except where", "unless", "except as", "except if"]
        .iter()
        .flat_map(|lead| {
            ["noted", "stated", "mentioned", "specified", "otherwise"]
                .map(|said| format!("{lead} {said}"))
        })
        .fold(lower, |lower, phrase| lower.replace(&phrase, ""));
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
        "node local",
        "own host",
        "own machine",
        "local only",
        "local connections",
        "local processes",
        "not accessible remotely",
        "not reachable remotely",
        "within the host",
        "within the machine",
        "within the server",
        "within the node",
        "inside the host",
        "inside the machine",
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
                | "binding"
                | "internally"
                | "restricted"
                | "limited"
        )
    });
    let listens = words
        .iter()
        .any(|word| matches!(*word, "listen" | "listens" | "listening"));
    // `listens locally`
    let names = names
        || names_itself(&words)
        || words.contains(&"locally")
            && (listens
                || words
                    .iter()
                    .any(|word| matches!(*word, "bound" | "binds" | "bind" | "binding")));
    // `utilizing the loopback interface`: the way that the traffic takes.
    let goes_by_loopback = words.iter().enumerate().any(|(index, word)| {
        let before = words.get(..index).unwrap_or_default();
        let leads = before.iter().rev().find(|word| **word != "the");
        *word == "loopback"
            && words.get(index + 1) == Some(&"interface")
            && leads.is_some_and(|lead| {
                matches!(
                    *lead,
                    "utilizing" | "using" | "use" | "over" | "via" | "through" | "on"
                )
            })
    });
    let whole: Vec<&str> = lower
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')'))
        .map(|word| word.trim_end_matches(['.', ':']))
        .filter(|word| !word.is_empty())
        .collect();
    let stays = stays_at(&whole).is_some();
    let is_negated = words.iter().enumerate().any(|(index, word)| match *word {
        "not" | "never"
            if words
                .get(index + 1)
                .is_some_and(|next| next.starts_with("leav")) =>
        {
            false
        }
        "not" | "never" => !shuts_others_out(words.get(index + 1..).unwrap_or_default()),
        "example" | "besides" | "except" | "beyond" | "also" => true,
        _ => false,
    });
    (stays || names && (restricts || listens || goes_by_loopback || words.len() <= FEW_WORDS))
        && !is_negated
}

/// Whether words name a machine itself as the one with whom the traffic is: `only from the node itself`, and not where it is the one
/// that does something: `the node itself asks the time server`.
fn names_itself(words: &[&str]) -> bool {
    words.iter().enumerate().any(|(at, word)| {
        let before = words.get(..at).unwrap_or_default();
        let is_machine = before
            .last()
            .is_some_and(|last| matches!(*last, "host" | "machine" | "server" | "node"));
        let lead = before
            .iter()
            .rev()
            .skip(1)
            .find(|word| !matches!(**word, "the" | "a" | "each" | "this" | "that"));
        let is_governed = lead.is_none_or(|lead| {
            matches!(
                *lead,
                "from" | "by" | "on" | "within" | "inside" | "to" | "with" | "only" | "for" | "of"
            )
        });
        let is_subject = lead.is_none() && at + 1 < words.len();
        *word == "itself" && is_machine && is_governed && !is_subject
    })
}

/// Whether the words behind a `not` are about others, such as `open to the world`: without them only the own machine is left.
fn shuts_others_out(words: &[&str]) -> bool {
    let is_open = words.iter().take(2).any(|word| {
        matches!(
            *word,
            "open" | "opened" | "exposed" | "accessible" | "reachable" | "available" | "visible"
        )
    });
    let names_others = words.iter().take(MOST_WORDS_TO_OTHERS).any(|word| {
        matches!(
            *word,
            "world"
                | "internet"
                | "outside"
                | "public"
                | "externally"
                | "external"
                | "network"
                | "remotely"
        )
    });
    is_open && names_others
}

/// Others stand close behind what they are shut out of.
const MOST_WORDS_TO_OTHERS: usize = 6;

/// Whether the first sentence below a heading says that what is below stays on one machine. Its subject is the heading: `Used by
/// the parts of the core within the host only.`
pub(super) fn is_meant_of_heading(sentence: &str) -> bool {
    let first = sentence
        .split(' ')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let has_no_subject = matches!(
        first.as_str(),
        "used" | "only" | "reachable" | "accessible" | "open" | "bound"
    );
    has_no_subject && is_meant(sentence)
}

/// Whether a sentence says that all ports of its section stay on one machine: `Internal ports are only accessible from
/// localhost` below a heading `Internal ports`. What it says of some of them says nothing of the others.
pub(super) fn is_meant_of_section(sentence: &str, heading: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let (stated, headed) = (words(sentence), words(heading));
    // `Local ports`, and the first that is said of them is that they stay there.
    let is_local = headed.iter().any(|word| word == "local")
        && headed
            .iter()
            .all(|word| matches!(word.as_str(), "local" | "port" | "ports" | "only"));
    if is_local && is_meant(sentence) {
        return true;
    }
    let Some(n_before) = stated.iter().position(|word| word == "ports") else {
        return false;
    };
    let mut before = stated.iter().take(n_before);
    let is_of_all = 0 < n_before
        && before.all(|word| {
            matches!(word.as_str(), "all" | "of" | "the" | "such") || headed.contains(word)
        });
    let goes_on_with_verb = stated.get(n_before + 1).is_some_and(|word| {
        matches!(
            word.as_str(),
            "are" | "is" | "listen" | "bind" | "can" | "must" | "should" | "only" | "will"
        )
    });
    is_of_all && goes_on_with_verb && is_meant(sentence)
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
    // `Local host (Linux server)`
    let name = name.split(" (").next().unwrap_or(name);
    name.starts_with("localhost")
        || name.starts_with("127.")
        || name == "::1"
        || matches!(
            name,
            "itself"
                | "self"
                | "loopback"
                | "same host"
                | "same machine"
                | "same server"
                | "same node"
                | "same system"
                | "own host"
                | "own machine"
                | "own node"
                | "own server"
                | "local host"
                | "loopback interface"
                | "loopback only"
                | "local machine"
                | "local only"
                | "[::1]"
                | "lo"
        )
        || is_local_connection(name)
}

/// `Local connection only.`, `this host only`, `local processes on the same machine`: nothing but words for what is inside.
fn is_local_connection(lower: &str) -> bool {
    let (mut is_inside, mut is_whole) = (false, false);
    let says_no_more = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| {
            let says_inside = matches!(
                word,
                "local" | "locally" | "localhost" | "loopback" | "same" | "this" | "own"
            );
            let says_whole = matches!(
                word.strip_suffix('s').unwrap_or(word),
                "only"
                    | "connection"
                    | "processe"
                    | "proces"
                    | "traffic"
                    | "communication"
                    | "call"
            );
            is_inside |= says_inside;
            is_whole |= says_whole;
            says_inside
                || says_whole
                || matches!(
                    word,
                    "on" | "from"
                        | "to"
                        | "within"
                        | "the"
                        | "host"
                        | "machine"
                        | "server"
                        | "node"
                        | "computer"
                        | "system"
                )
        });
    says_no_more && is_inside && is_whole
}

/// Whether a cell of a column that tells from where something is reached names the own machine and nothing else: `Loopback
/// (127.0.0.1)`, `localhost only`, `127.0.0.1:8005`.
pub(super) fn is_only_own(cell: &str) -> bool {
    let lower = cell.to_lowercase();
    let mut names_own = false;
    let says_no_more = lower
        .split([' ', '(', ')', ',', '/', '-'])
        .map(|word| word.trim_matches(['.', '`', '*', '\'', '"']))
        .filter(|word| !word.is_empty())
        .all(|word| {
            let is_own = matches!(
                word,
                "localhost" | "loopback" | "lo" | "[::1]" | "::1" | "itself" | "self"
            ) || ["127.", "localhost:", "[::1]:"]
                .iter()
                .any(|start| word.starts_with(start));
            names_own |= is_own;
            is_own
                || matches!(
                    word,
                    "only" | "local" | "interface" | "address" | "on" | "from" | "via" | "the"
                )
        });
    says_no_more && names_own || is_own_machine(cell)
}

/// Whether a heading says that its column tells from where something is reached: `Scope`, `Bound to`, `Exposure`.
pub(super) fn tells_reach(heading: &str) -> bool {
    heading
        .to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| {
            [
                "bind", "bound", "listen", "expos", "reach", "access", "visib", "publish",
            ]
            .iter()
            .any(|stem| word.starts_with(stem))
                || matches!(
                    word,
                    "scope" | "interface" | "interfaces" | "network" | "address"
                )
        })
}

/// Whether a heading asks if others than the machine itself reach its ports, so that a no keeps them on it: `Reachable from other
/// machines`, `Accessible over the network`.
pub(super) fn is_reach_of_others(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let reaches = words.iter().any(|word| {
        ["reach", "access", "visib", "expos", "open", "avail"]
            .iter()
            .any(|stem| word.starts_with(stem))
    });
    let is_others = words.windows(2).any(|two| {
        let [other, machine] = two else { return false };
        matches!(*other, "other" | "another" | "remote")
            && matches!(
                machine.strip_suffix('s').unwrap_or(machine),
                "machine" | "host" | "node" | "computer" | "server" | "system" | "device"
            )
    });
    let is_network = words
        .windows(3)
        .any(|three| matches!(three, ["over" | "from" | "via" | "on", "the", "network"]))
        || words.contains(&"remotely");
    reaches && (is_others || is_network)
}

#[cfg(test)]
mod tests {
    use super::{is_meant, is_meant_of_section, is_own_machine};

    #[test]
    fn phrases() {
        assert!(is_meant(
            "All of these ports are only reachable from localhost."
        ));
        assert!(is_meant("The following ports listen on 127.0.0.1 only:"));
        assert!(is_meant("Localhost ports"));
        assert!(!is_meant("The port is also reachable from localhost."));
        assert!(!is_meant("Only the core connects."));
        assert!(is_meant("Reached only from the node itself."));
        assert!(!is_meant(
            "Only the edge may reach the node; the node itself asks the time server."
        ));
        assert!(is_meant(
            "The table lists the open ports of components utilizing the loopback interface."
        ));
        assert!(is_meant(
            "These are inner ports, not open to the world, that listen at the loopback (127.0.0.1)."
        ));
        assert!(!is_meant(
            "These ports are not exposed to the store, and do not listen on localhost."
        ));
        assert!(!is_meant("A loopback interface is a virtual interface."));
        assert!(super::is_meant_of_heading(
            "Used by the parts of the core to talk locally within the host only."
        ));
        assert!(!super::is_meant_of_heading(
            "The cache is used within the host only."
        ));
        let heading = "Internal core ports";
        assert!(is_meant_of_section(
            "Internal ports are only accessible from localhost.",
            heading
        ));
        assert!(is_meant_of_section(
            "All the ports listen on 127.0.0.1 only.",
            heading
        ));
        assert!(is_meant_of_section(
            "The core and the cache listen on the loopback interface for monitoring.",
            "Local ports"
        ));
        assert!(!is_meant_of_section(
            "The core listens on the loopback interface for monitoring.",
            "Ports"
        ));
        assert!(!is_meant_of_section(
            "Debug ports are only accessible from localhost.",
            heading
        ));
        assert!(!is_meant_of_section(
            "Ports of the store are open, the cache listens on localhost only.",
            heading
        ));
        assert!(
            is_own_machine("itself")
                && is_own_machine("127.0.0.1")
                && is_own_machine("The same host")
        );
        assert!(!is_own_machine("Core") && !is_own_machine("locality"));
    }
}
