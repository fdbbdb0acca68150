//! A pattern in words.

use super::super::{
    schema::{Pattern, PatternEnd, PatternKind, Report},
    words::{self, number},
};

/// What the flows of a pattern do: `10.77.0.14 (in no role) asked 10.0.0.1 (this host) for 1,024 ports: tcp/1-1024`.
pub(in super::super) fn said(report: &Report, pattern: &Pattern) -> String {
    let client = match (&pattern.client, &pattern.network) {
        (Some(client), _) => end(report, client),
        (None, Some(network)) => format!("{} of {network}", hosts(pattern.clients)),
        (None, None) => hosts(pattern.clients),
    };
    let server = pattern
        .server
        .as_ref()
        .map_or_else(|| hosts(pattern.servers), |server| end(report, server));
    let services = pattern.services.join(", ");
    let ports = match pattern.ports {
        0 | 1 => services,
        n => format!("{} ports: {services}", number(n as u64)),
    };
    let by = match pattern.kind {
        PatternKind::Process => format!("process {}: ", pattern.processes.join(", ")),
        PatternKind::Ports
        | PatternKind::Servers
        | PatternKind::Clients
        | PatternKind::Network
        | PatternKind::Client
        | PatternKind::Server
        | PatternKind::Port => String::new(),
    };
    format!("{by}{client} asked {server} for {ports}")
}

fn end(report: &Report, end: &PatternEnd) -> String {
    words::who(report, end.address, &end.roles)
}

fn hosts(n: usize) -> String {
    format!("{} hosts", number(n as u64))
}
