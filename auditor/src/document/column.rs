//! Column headings to what their cells mean, and section headings to what they say of the rows below.

use std::sync::LazyLock;

use regex::Regex;

use super::text::{fold, regex, unbracket};
use crate::transport::Transport;

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Column {
    Port,
    /// The end of a range that a column of ports starts.
    LastPort,
    Protocol,
    Direction,
    Source,
    Destination,
    /// One column for the other end: the source of inbound rows, the destination of outbound ones.
    Peer,
    Service,
    /// Whose ports these are.
    Role,
    Required,
    Notes,
    /// Nothing that a rule needs.
    Ignored,
}

/// What a column's heading means; `None` if nobody knows.
pub(super) fn column(heading: &str) -> Option<Column> {
    let (outside, _) = unbracket(heading);
    let name = fold(
        &outside
            .to_lowercase()
            .replace(['*', ':', '.', '?', '#', '_'], " "),
    );
    // "No." and "#" count the lines.
    if name.is_empty() && !heading.trim().is_empty() || name == "no" {
        return Some(Column::Ignored);
    }
    let exact = match name.as_str() {
        "end port" | "last port" | "to port" | "port to" | "port end" => Column::LastPort,

        "port"
        | "ports"
        | "port number"
        | "port numbers"
        | "port no"
        | "port range"
        | "port ranges"
        | "ports used"
        | "port/protocol"
        | "port / protocol"
        | "ports/protocol"
        | "destination port"
        | "destination ports"
        | "dest port"
        | "dst port"
        | "server port"
        | "target port"
        | "listening port"
        | "default port"
        | "default ports"
        | "tcp port"
        | "tcp ports"
        | "udp port"
        | "udp ports"
        | "port(s)"
        | "required port"
        | "required ports"
        | "default port number"
        | "start port"
        | "first port"
        | "from port"
        | "port from"
        | "port start"
        | "ports/protocols"
        | "protocols/ports"
        | "protocol/port"
        | "protocol/ports"
        | "ports and protocols"
        | "protocols and ports"
        | "port and protocol"
        | "number" => Column::Port,
        "proto" | "protocol" | "protocols" | "transport" | "transport protocol" | "tcp/udp"
        | "udp/tcp" | "type" | "ip protocol" | "network protocol" | "protocol type" => {
            Column::Protocol
        }
        "direction" | "traffic direction" | "traffic" | "flow" | "inbound/outbound"
        | "ingress/egress" => Column::Direction,
        "source" | "sources" | "from" | "origin" | "origins" | "remote source" | "client"
        | "clients" | "src" | "source host" | "source ip" | "initiator" | "source address"
        | "source component" | "accessed by" | "used by" | "allowed from" | "originator"
        | "source node" | "source nodes" => Column::Source,
        "destination"
        | "destinations"
        | "dest"
        | "dst"
        | "to"
        | "target"
        | "targets"
        | "server"
        | "destination host"
        | "destination ip"
        | "destination address"
        | "destination component"
        | "receiver"
        | "listener"
        | "destination node"
        | "destination nodes" => Column::Destination,
        "source / destination"
        | "source/destination"
        | "ip/dns"
        | "ip / dns"
        | "peer"
        | "remote"
        | "remote host"
        | "source or destination"
        | "counterpart"
        | "endpoint"
        | "domain"
        | "host name"
        | "hostname"
        | "url" => Column::Peer,
        "use" | "used for" | "required for" | "needed for" | "connection" | "path" | "purpose"
        | "service" | "services" | "service name" | "component" | "components" | "application"
        | "usage" | "function" | "process" | "used by service" | "daemon" | "feature" | "name" => {
            Column::Service
        }
        "machine type" | "machine" | "machines" | "role" | "roles" | "host" | "hosts" | "node"
        | "nodes" | "node type" | "host type" | "system" | "servers" | "instances" => Column::Role,
        "required" | "mandatory" | "optional" | "is required" | "required or optional" => {
            Column::Required
        }
        "notes"
        | "note"
        | "comment"
        | "comments"
        | "remark"
        | "remarks"
        | "description"
        | "details"
        | "additional information"
        | "explanation"
        | "info"
        | "information"
        | "reason" => Column::Notes,
        "systemd unit"
        | "configurable"
        | "setting"
        | "config option"
        | "config setting"
        | "parameter"
        | "default value"
        | "related configuration setting" => Column::Ignored,
        _ => return ending(&name),
    };
    Some(exact)
}

/// Headings that only hold a word that says what they are: "DC/OS Component", "Default port number".
fn ending(name: &str) -> Option<Column> {
    let mut words = name.split(' ');
    if words.clone().next() == Some("protocol") {
        return Some(Column::Protocol);
    }
    let is_about_ports = matches!(
        name.rsplit(' ').next()?,
        "name" | "names" | "setting" | "mapping" | "state" | "status"
    );
    if !is_about_ports && words.any(|word| matches!(word, "port" | "ports" | "port(s)")) {
        return Some(Column::Port);
    }
    Some(match name.rsplit(' ').next()? {
        "component" | "service" | "purpose" | "path" | "configuration" => Column::Service,
        "port" | "ports" => Column::Port,
        "protocol" => Column::Protocol,
        "direction" => Column::Direction,
        "source" => Column::Source,
        "destination" => Column::Destination,
        "notes" | "description" => Column::Notes,
        _ => return None,
    })
}

/// What a section's heading says of the rows below it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Section {
    pub(super) transport: Option<Transport>,
    pub(super) role: Option<String>,
    /// The rows stand for traffic of these machines among themselves: "Between cluster nodes".
    pub(super) among: bool,
    /// Source and destination: "Ports used for node to control plane communication".
    pub(super) ends: Option<(String, String)>,
}

static ENDS: LazyLock<Regex> = LazyLock::new(|| {
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
    let among = between.is_some();
    if let Some(between) = between {
        named.drain(..=between);
    }
    let is_role = named.len() <= 4
        && named
            .last()
            .is_some_and(|last| is_machine(&last.to_lowercase()));
    let role = is_role.then(|| {
        let name = named.join(" ");
        // A heading writes every word large; inside a sentence the machines would be small.
        if among { name.to_lowercase() } else { name }
    });
    let ends = ENDS
        .captures(&outside)
        .and_then(|ends| Some((fold(ends.get(1)?.as_str()), fold(ends.get(2)?.as_str()))));
    Section {
        transport,
        role,
        among,
        ends,
    }
}

/// Whether a heading is a name, and not words about ports and networks.
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

/// Whether a word names machines of some kind; small letters.
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
    use super::{Column, Section, column, section};
    use crate::transport::Transport;

    #[test]
    fn columns() {
        for (heading, meaning) in [
            ("Port", Some(Column::Port)),
            ("**Port number**", Some(Column::Port)),
            ("Required?", Some(Column::Required)),
            ("Dest.", Some(Column::Destination)),
            ("Source / destination", Some(Column::Peer)),
            ("DC/OS Component", Some(Column::Service)),
            ("Port(s)", Some(Column::Port)),
            ("Protocols/Ports", Some(Column::Port)),
            ("End port", Some(Column::LastPort)),
            ("Proto", Some(Column::Protocol)),
            ("Colour", None),
        ] {
            assert_eq!(column(heading), meaning, "{heading}");
        }
    }

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
                among: true,
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
        let ends = |heading| section(heading).ends;
        let pair = |a: &str, b: &str| Some((a.to_owned(), b.to_owned()));
        assert_eq!(
            ends("Ports used for all-machine to control plane communications"),
            pair("all-machine", "control plane")
        );
        assert_eq!(
            ends("From the web servers to the store"),
            pair("web servers", "store")
        );
        assert_eq!(ends("How to open ports"), None);
    }
}
