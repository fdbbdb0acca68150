//! Reads ports as firewalls write them: `443`, `8000-8010`, `8000:8010`, `80,443`.

use super::{CommandProblem, service};
use crate::{document::row::PortGroup, port::PortRange, transport::Transport};

/// Reads a list of ports; every part of it has to be one.
pub(super) fn ports(text: &str) -> Result<Vec<PortGroup>, CommandProblem> {
    let mut ranges = Vec::new();
    for part in text
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
    {
        ranges.push(range(part).ok_or_else(|| CommandProblem::at(part))?);
    }
    if ranges.is_empty() {
        return Err(CommandProblem::at(text));
    }
    Ok(vec![PortGroup {
        ranges,
        alternatives: false,
    }])
}

fn range(text: &str) -> Option<PortRange> {
    let (first, last) = text.split_once(['-', ':']).unwrap_or((text, text));
    let number = |text: &str, default: u16| {
        let is_open = text.is_empty();
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
        if is_open {
            Some(default)
        } else {
            text.parse().ok().filter(|port| is_number && *port != 0)
        }
    };
    if first.is_empty() && last.is_empty() {
        return None;
    }
    PortRange::new(number(first, 1)?, number(last, u16::MAX)?).ok()
}

/// Reads `443/tcp`, `8000-8010/udp`, `443`, or the name of a service whose port is certain.
pub(super) fn port_and_protocol(
    text: &str,
) -> Result<(Vec<PortGroup>, Vec<Transport>), CommandProblem> {
    let (port, protocol) = text.split_once('/').unwrap_or((text, ""));
    let transports = match protocol {
        "" => Vec::new(),
        protocol => super::transports(protocol)
            .filter(|named| named.iter().all(|one| one.has_ports()))
            .ok_or_else(|| CommandProblem::at(text))?,
    };
    if port.contains(char::is_alphabetic) {
        let known = service::ports(port).ok_or_else(|| CommandProblem::UnknownService {
            name: port.to_owned(),
        })?;
        let transports = if transports.is_empty() {
            known.1.to_vec()
        } else {
            transports
        };
        return Ok((vec![single(known.0)], transports));
    }
    Ok((ports(port)?, transports))
}

pub(super) fn single(port: u16) -> PortGroup {
    PortGroup {
        ranges: vec![PortRange::single(port)],
        alternatives: false,
    }
}
