//! A pattern in words.

use std::net::IpAddr;

use super::super::{
    schema::{Direction, Pattern, PatternEnd, PatternKind, Report},
    words::{self, number},
};
use crate::transport::Transport;

/// What the flows of a pattern do: `10.77.0.14 (in no role) asked 10.0.0.1 (this host) for 1,024 ports: tcp/1-1024`.
pub(in super::super) fn said(report: &Report, pattern: &Pattern) -> String {
    let client = client(report, pattern);
    let server = server(report, pattern);
    let services = pattern.services.join(", ");
    let ports = match pattern.ports {
        0 | 1 => services,
        n => {
            let least = at_least(
                pattern
                    .client
                    .as_ref()
                    .is_some_and(|client| made_room(report, client.address)),
            );
            format!("{least}{} ports: {services}", number(n as u64))
        }
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
    let least = at_least(was_asked_by_more(report, pattern));
    match (&pattern.client, &pattern.network) {
        (Some(client), _) => end(report, client),
        (None, Some(network)) => format!("{least}{} of {network}", hosts(pattern.clients)),
        (None, None) => format!("{least}{}", hosts(pattern.clients)),
    }
}

/// Before a number of what is only in part in flows: the rest made room.
const fn at_least(is_part: bool) -> &'static str {
    if is_part { "at least " } else { "" }
}

/// Whether flows of a sender made room for newer ones.
fn made_room(report: &Report, sender: IpAddr) -> bool {
    let mut senders = report.unproven.iter().flat_map(|one| &one.senders);
    senders.any(|one| one.address == sender)
}

/// Whether flows to the pattern's one port made room for newer ones.
fn was_asked_by_more(report: &Report, pattern: &Pattern) -> bool {
    let [service] = pattern.services.as_slice() else {
        return false;
    };
    let mut asked = report.unproven.iter().flat_map(|one| &one.ports);
    asked.any(|lost| {
        let transport = Transport::from_protocol(lost.protocol);
        lost.direction == Direction::Received
            && pattern.ports == 1
            && transport.is_some_and(|one| *service == format!("{}/{}", one.name(), lost.port))
    })
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
