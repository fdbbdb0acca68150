//! Maps column headings to the meaning of their cells.

use super::{
    profile::ColumnMeaning,
    text::{fold, unbracket},
};

/// What the cells of a column hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Column {
    Port,
    /// The last port of a range whose first port is in a `Port` column.
    LastPort,
    Protocol,
    Direction,
    /// Yes or no: whether the row is about inbound traffic.
    InboundMark,
    /// Yes or no: whether the row is about outbound traffic.
    OutboundMark,
    Source,
    Destination,
    /// One column for the other endpoint: the source of inbound rows, the destination of outbound ones.
    Peer,
    Service,
    /// The machines that the row is about.
    Role,
    Required,
    Notes,
    /// Understood, but holds nothing that a rule needs.
    Ignored,
}

/// The column that a person means; `None` if no reader has a use for it.
pub(super) const fn chosen(meaning: ColumnMeaning) -> Option<Column> {
    Some(match meaning {
        ColumnMeaning::Port => Column::Port,
        ColumnMeaning::LastPort => Column::LastPort,
        ColumnMeaning::Protocol | ColumnMeaning::Transport => Column::Protocol,
        ColumnMeaning::Direction => Column::Direction,
        ColumnMeaning::Inbound => Column::InboundMark,
        ColumnMeaning::Outbound => Column::OutboundMark,
        ColumnMeaning::Source => Column::Source,
        ColumnMeaning::Destination => Column::Destination,
        ColumnMeaning::Peer => Column::Peer,
        ColumnMeaning::Service => Column::Service,
        ColumnMeaning::Role => Column::Role,
        ColumnMeaning::Required | ColumnMeaning::Condition => Column::Required,
        ColumnMeaning::Notes => Column::Notes,
        ColumnMeaning::Ignored => Column::Ignored,
        ColumnMeaning::Permission => return None,
    })
}

/// The meaning of a column heading; `None` if it is not recognised.
pub(super) fn column(heading: &str) -> Option<Column> {
    let (outside, _) = unbracket(heading);
    let name = fold(
        &outside
            .to_lowercase()
            .replace(['*', ':', '.', '?', '#', '_'], " "),
    );
    // "No." and "#" head a column of row numbers.
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

/// Recognises a heading by one of its words: "DC/OS Component", "Default port number".
fn ending(name: &str) -> Option<Column> {
    let words = name.split(' ');
    let first = words.clone().next()?;
    if first == "protocol" {
        return Some(Column::Protocol);
    }
    let is_source = matches!(first, "source" | "src" | "from" | "client" | "originating");
    let is_destination = matches!(
        first,
        "destination" | "dest" | "dst" | "target" | "to" | "remote"
    );
    let names_port = words
        .clone()
        .any(|word| matches!(word, "port" | "ports" | "port(s)"));
    let names_other_endpoint = words.clone().skip(1).any(|word| {
        matches!(
            word,
            "to" | "from" | "destination" | "source" | "server" | "client"
        )
    });
    // A source port is the client's own, which is no part of a rule.
    if is_source && names_port && first != "client" {
        return Some(Column::Ignored);
    }
    if is_source && !names_port && !names_other_endpoint {
        return Some(Column::Source);
    }
    if is_destination && !names_port && !names_other_endpoint {
        return Some(Column::Destination);
    }
    let is_about_ports = matches!(
        name.rsplit(' ').next()?,
        "name" | "names" | "setting" | "mapping" | "state" | "status"
    );
    if !is_about_ports && names_port {
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

#[cfg(test)]
mod tests {
    use super::{Column, column};

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
            ("Source port", Some(Column::Ignored)),
            ("Local port", Some(Column::Port)),
            ("Target port", Some(Column::Port)),
            ("Source role", Some(Column::Source)),
            ("Target role", Some(Column::Destination)),
            ("Colour", None),
        ] {
            assert_eq!(column(heading), meaning, "{heading}");
        }
    }
}
