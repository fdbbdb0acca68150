//! Reads what section headings say of the rows below them.

use std::sync::LazyLock;

use regex::Regex;

use super::text::{fold, regex, unbracket};
use crate::transport::Transport;

/// What a section's heading says of the rows below it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Section {
    pub(super) transport: Option<Transport>,
    pub(super) role: Option<String>,
    /// The rows describe traffic among the machines of `role`: "Between cluster nodes".
    pub(super) is_within_role: bool,
    /// Source and destination: "Ports used for node to control plane communication".
    pub(super) endpoints: Option<(String, String)>,
}

static ENDPOINTS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:.*\b(?:ports?|traffic|communications?|connections?)\b.* )?(?:for|from) (?:the )?(.+?) to (?:the )?(.+?)(?: communications?| traffic| connections?)?$",
    )
});

/// Reads a section's heading.
pub(super) fn section(heading: &str) -> Section {
    let (outside, _) = unbracket(heading);
    let words: Vec<&str> = outside.split(' ').collect();
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let transport = match lower
        .iter()
        .filter(|word| !is_filler(word))
        .map(String::as_str)
        .collect::<Vec<_>>()
        .as_slice()
    {
        ["tcp"] => Some(Transport::Tcp),
        ["udp"] => Some(Transport::Udp),
        ["sctp"] => Some(Transport::Sctp),
        ["icmp"] => Some(Transport::Icmp),
        _ => None,
    };
    let mut named: Vec<&str> = words
        .iter()
        .zip(&lower)
        .filter(|(_, word)| !is_filler(word))
        .map(|(word, _)| *word)
        .collect();
    let between = named
        .iter()
        .position(|word| matches!(word.to_lowercase().as_str(), "between" | "among"));
    let is_within_role = between.is_some();
    if let Some(between) = between {
        named.drain(..=between);
    }
    let is_role = named.len() <= 4
        && named
            .last()
            .is_some_and(|last| is_machine(&last.to_lowercase()));
    let role = is_role.then(|| {
        let name = named.join(" ");
        // A heading capitalises every word; after "between" the machines are written as inside a sentence, in lower case.
        if is_within_role {
            name.to_lowercase()
        } else {
            name
        }
    });
    let endpoints = ENDPOINTS
        .captures(&outside)
        .and_then(|found| Some((fold(found.get(1)?.as_str()), fold(found.get(2)?.as_str()))));
    Section {
        transport,
        role,
        is_within_role,
        endpoints,
    }
}

/// Whether a heading may be the name of machines: it is short, without words about ports and networks.
pub(super) fn may_name_machines(heading: &str) -> bool {
    let (outside, _) = unbracket(heading);
    let words: Vec<String> = outside
        .split(' ')
        .map(|word| word.trim_matches([':', '*', '.']).to_lowercase())
        .collect();
    let is_about = |word: &String| {
        is_filler(word)
            || matches!(
                word.trim_end_matches('s'),
                "network"
                    | "networking"
                    | "requirement"
                    | "firewall"
                    | "connectivity"
                    | "prerequisite"
                    | "configuration"
                    | "acces"
                    | "overview"
                    | "security"
                    | "connection"
                    | "communication"
                    | "table"
                    | "tcp"
                    | "udp"
                    | "using"
                    | "only"
                    | "addresse"
                    | "step"
                    | "example"
            )
    };
    words.len() <= 5 && !words.iter().any(is_about)
}

fn is_filler(word: &str) -> bool {
    matches!(
        word,
        "port"
            | "ports"
            | "for"
            | "the"
            | "on"
            | "required"
            | "protocol"
            | "list"
            | "of"
            | "used"
            | "by"
            | "inbound"
            | "outbound"
            | "ingress"
            | "egress"
            | "incoming"
            | "outgoing"
            | "rule"
            | "rules"
            | "traffic"
            | "requirements"
    )
}

/// Whether a word, in lower case, names a kind of machine.
pub(super) fn is_machine(word: &str) -> bool {
    let singular = word.strip_suffix('s').unwrap_or(word);
    matches!(
        singular,
        "node"
            | "master"
            | "agent"
            | "server"
            | "client"
            | "host"
            | "machine"
            | "instance"
            | "worker"
            | "broker"
            | "manager"
            | "controller"
            | "gateway"
            | "proxy"
            | "member"
            | "replica"
            | "appliance"
            | "balancer"
            | "database"
            | "vm"
            | "plane"
            | "bastion"
            | "peer"
    )
}

#[cfg(test)]
mod tests {
    use super::{Section, section};
    use crate::transport::Transport;

    #[test]
    fn sections() {
        let none = Section::default();
        assert_eq!(
            section("TCP ports"),
            Section {
                transport: Some(Transport::Tcp),
                ..none.clone()
            }
        );
        assert_eq!(
            section("All nodes"),
            Section {
                role: Some("All nodes".to_owned()),
                ..none.clone()
            }
        );
        assert_eq!(
            section("Between Cluster Nodes"),
            Section {
                role: Some("cluster nodes".to_owned()),
                is_within_role: true,
                ..none.clone()
            }
        );
        assert_eq!(
            section("Ports used for communication between nodes")
                .role
                .as_deref(),
            Some("nodes")
        );
        assert_eq!(section("Required ports for intracluster operation"), none);
        assert_eq!(section("External Connectivity"), none);
        let endpoints = |heading| section(heading).endpoints;
        let both = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            endpoints("Ports used for all-machine to control plane communications"),
            both("all-machine", "control plane")
        );
        assert_eq!(
            endpoints("From the web servers to the store"),
            both("web servers", "store")
        );
        assert_eq!(endpoints("How to open ports"), None);
    }
}
