//! Reads `aws ec2 authorize-security-group-ingress` and its counterpart for egress.

use super::{CommandProblem, PortCommand, address, port_list::ports, transports};
use crate::document::row::Direction;

/// Reads the words behind `aws`.
pub(super) fn read(words: &[String]) -> Result<Vec<PortCommand>, CommandProblem> {
    let direction = match words.get(1).map(String::as_str) {
        Some("authorize-security-group-ingress") => Direction::Inbound,
        Some("authorize-security-group-egress") => Direction::Outbound,
        Some("revoke-security-group-ingress" | "revoke-security-group-egress") => {
            return Err(CommandProblem::Removes);
        }
        Some(_) | None => return Ok(Vec::new()),
    };
    let mut command = PortCommand {
        direction: Some(direction),
        ..PortCommand::default()
    };
    let mut words = words.iter().skip(2);
    while let Some(word) = words.next() {
        let (option, value) = match word.split_once('=') {
            Some((option, value)) => (option, Some(value.to_owned())),
            None => (word.as_str(), None),
        };
        let mut value = || {
            value
                .clone()
                .or_else(|| words.next().cloned())
                .ok_or_else(|| CommandProblem::at(word))
        };
        match option {
            "--protocol" => {
                let name = value()?;
                command.transports = transports(&name).ok_or_else(|| CommandProblem::at(&name))?;
            }
            "--port" => command.ports = ports(&value()?)?,
            "--cidr" | "--source-group" => {
                let peer = address(&value()?);
                if direction == Direction::Inbound {
                    command.source = peer;
                } else {
                    command.destination = peer;
                }
            }
            "--group-id" | "--group-name" | "--region" | "--profile" | "--output"
            | "--group-owner" => {
                value()?;
            }
            _ => return Err(CommandProblem::at(word)),
        }
    }
    if command.ports.is_empty() || command.transports.is_empty() {
        return Err(CommandProblem::at("--port"));
    }
    Ok(vec![command])
}
