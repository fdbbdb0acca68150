//! Traffic of machines with others of their own kind, by what a port is said to be for: `inter-node communication`, `cluster gossip`.

use std::sync::LazyLock;

use regex::{Match, Regex};

use super::text::regex;

/// Who asks a machine, by what its port is for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OwnKind {
    /// Others of its kind, and nobody else.
    Only,
    /// Others of its kind, and whoever is named beside them.
    AndOthers,
}

/// A machine in general: whatever a page is about may be called so.
const MACHINE: &str = "(?:nodes?|servers?|hosts?|members?|peers?|brokers?|instances?|machines?|replicas?|clusters?|sites?|daemons?)";

/// `inter-node`, `intracluster`
static WITHIN: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r"(?i)\b(?:inter|intra)[- ]?{MACHINE}\b")));

/// `node-to-node`, `peer to peer`
static TO_THE_SAME: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i)\b(?P<one>{MACHINE})(?:[- ]to[- ]|-2-| ?<-+> ?| ?↔ ?)(?P<other>{MACHINE})\b"
    ))
});

/// `between all nodes of the cluster`, and nobody else
static BETWEEN: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r"(?i)\b(?:between|among|amongst|across) (?:(?:all|the|each|any|your|of|other|different|multiple|various|individual|two|both|its|[\w-]+ed) )*(?P<whose>(?:[\w-]+ ){{0,2}})(?P<head>{MACHINE})\b(?: (?:in|of|within|inside|that) .*| (?:for|via|over|using) .*)?[.,;:)]?(?:$|\s*\()"
    ))
});

static EACH_OTHER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:(?:with|to) )?(?:each other|one another|(?:among|amongst|between) themselves)\b",
    )
});

/// `cluster bus`, `node discovery`, `gossip`: only machines of one kind do that.
static ACT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:(?:cluster|node|peer|member|replica|replica set|ring|quorum|mesh)(?: (?:internal|data|state))? (?:communications?|traffic|bus|replication|gossip|sync|synchroni[sz]ation|membership|transport|coordination|discovery|interconnect|messaging|heartbeats?|elections?|consensus|rpc)|gossip(?: protocol)?|leader election|clustering)\b",
    )
});

/// Words behind an act that say with whom: `replication to the standby site`.
static WITH_OTHERS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\b(?:to|from|with|by|between|against|of|into)\b"));

/// Who asks a machine that is said to be asked for this, if others of its own kind do.
pub fn own_kind(text: &str, machine: &str) -> Option<OwnKind> {
    let found = [&*WITHIN, &*EACH_OTHER]
        .into_iter()
        .find_map(|words| words.find(text))
        .or_else(|| {
            TO_THE_SAME
                .captures_iter(text)
                .find(|found| one(&found["one"]) == one(&found["other"]))
                .and_then(|found| found.get(0))
        })
        .or_else(|| {
            let found = BETWEEN.captures(text)?;
            let is_many = found["head"].to_lowercase().ends_with('s');
            let is_one_kind = !found[0].to_lowercase().contains(" and ");
            // What is shared between `Gate instances` may be asked at another machine.
            let machine = machine.to_lowercase();
            let is_its = found["whose"].split_whitespace().all(|word| {
                !word.starts_with(char::is_uppercase) || machine.contains(&word.to_lowercase())
            });
            found.get(0).filter(|_| is_many && is_one_kind && is_its)
        })
        .or_else(|| {
            let found = ACT.find(text)?;
            (!WITH_OTHERS.is_match(&around(text, found))).then_some(found)
        })?;
    // A remark in brackets names nobody.
    let around = without_brackets(&around(text, found));
    let names_more = around.contains(['&', '/', ',']) || format!(" {around} ").contains(" and ");
    Some(if names_more {
        OwnKind::AndOthers
    } else {
        OwnKind::Only
    })
}

/// What stands before and behind words.
fn around(text: &str, words: Match<'_>) -> String {
    let before = text.get(..words.start()).unwrap_or_default();
    let behind = text.get(words.end()..).unwrap_or_default();
    format!("{before} {behind}")
}

/// A name of machines as that of one.
fn one(name: &str) -> String {
    name.to_lowercase().trim_end_matches('s').to_owned()
}

/// A text without what stands in brackets.
fn without_brackets(text: &str) -> String {
    let mut depth = 0_usize;
    text.chars()
        .filter(|c| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0 && *c != ')'
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{OwnKind, own_kind};

    #[test]
    fn machines_ask_others_of_their_kind() {
        for text in [
            "Inter-node communication (RPC)",
            "SSL internode traffic",
            "Intra-cluster communication",
            "Communication between nodes",
            "Traffic between all cluster nodes",
            "Used for replication between the members of the set",
            "Node-to-node replication traffic",
            "Server to server messages",
            "Used by nodes to talk to each other",
            "Cluster gossip",
            "Cluster bus",
            "Peer discovery",
            "Raft leader election",
        ] {
            assert_eq!(own_kind(text, ""), Some(OwnKind::Only), "{text}");
        }
        for text in [
            "Inter-node and CLI tools communication",
            "Client requests, gossip",
            "gossip/metrics",
        ] {
            assert_eq!(own_kind(text, ""), Some(OwnKind::AndOthers), "{text}");
        }
    }

    #[test]
    fn machines_of_two_kinds_are_not_of_one() {
        for text in [
            "Communication between nodes and agents",
            "Communication between the node",
            "Replication to the standby site",
            "Cluster communication with agents",
            "Peer discovery service used by nodes and tools",
            "Client to server requests",
            "Managing the cluster",
            "Internet access",
            "Interactive host login",
            "Firewalls between sites must let these pass",
            "JMX",
            "Replication",
            "Shares state between different Gate instances",
        ] {
            assert_eq!(own_kind(text, ""), None, "{text}");
        }
        let of_gates = own_kind("Shares state between Gate instances", "Acme Gate");
        assert_eq!(of_gates, Some(OwnKind::Only));
    }
}
