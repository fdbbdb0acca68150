//! A pattern in words.

use super::super::{
    schema::{Pattern, PatternEnd, PatternKind, Report},
    words::{self, number},
};

/// What the flows of a pattern do: `10.77.0.14 (in no role) asked 10.0.0.1 (this host) for 1,024 ports: tcp/1-1024`.
pub(in super::super) fn said(report: &Report, pattern: &Pattern) -> String {
    let client = client(report, pattern);
    let server = server(report, pattern);
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

/// Who asks: `10.77.0.14 (in no role)`, `9 hosts of 10.0.0.0/24`.
pub(in super::super) fn client(report: &Report, pattern: &Pattern) -> String {
    match (&pattern.client, &pattern.network) {
        (Some(client), _) => end(report, client),
        (None, Some(network)) => format!("{} of {network}", hosts(pattern.clients)),
        (None, None) => hosts(pattern.clients),
    }
}

/// Who is asked.
pub(in super::super) fn server(report: &Report, pattern: &Pattern) -> String {
    let server = pattern.server.as_ref();
    server.map_or_else(|| hosts(pattern.servers), |server| end(report, server))
}

/// What a pattern is called in each report that has it: it does not change with how many flows it is.
pub(in super::super) fn identity(pattern: &Pattern) -> String {
    let end = |end: &Option<PatternEnd>| {
        end.as_ref()
            .map_or_else(|| "many".to_owned(), |end| end.address.to_string())
    };
    let client = pattern
        .network
        .clone()
        .unwrap_or_else(|| end(&pattern.client));
    let what = match pattern.kind {
        PatternKind::Process => pattern.processes.join(", "),
        PatternKind::Ports | PatternKind::Client | PatternKind::Server => "many ports".to_owned(),
        PatternKind::Servers | PatternKind::Clients | PatternKind::Network | PatternKind::Port => {
            pattern.services.join(", ")
        }
    };
    let reason = pattern
        .reason
        .map_or_else(String::new, |reason| format!(" ({})", reason.name()));
    format!(
        "flows {client} -> {} {what}, {}{reason}",
        end(&pattern.server),
        pattern.outcome.name()
    )
}

fn end(report: &Report, end: &PatternEnd) -> String {
    words::who(report, end.address, &end.roles)
}

fn hosts(n: usize) -> String {
    format!("{} hosts", number(n as u64))
}
