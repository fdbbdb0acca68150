//! Reads `ufw`.

use super::{
    CommandProblem, PortCommand, address,
    port_list::{port_and_protocol, ports},
    transports,
};
use crate::{document::row::Direction, transport::Transport};

/// Reads the words behind `ufw`.
pub(super) fn read(words: &[String]) -> Result<Vec<PortCommand>, CommandProblem> {
    let mut words = words.iter().map(String::as_str).peekable();
    let mut command = PortCommand {
        direction: Some(Direction::Inbound),
        ..PortCommand::default()
    };
    loop {
        match words.next() {
            Some("--force" | "--dry-run" | "rule" | "prepend") => {}
            Some("insert") => {
                words.next();
            }
            Some("delete") => return Err(CommandProblem::Removes),
            Some("allow" | "limit") => break,
            Some("deny" | "reject") => {
                command.is_denied = true;
                break;
            }
            // `route` is about what the machine passes on, not what it is asked.
            Some(word @ ("route" | "app")) => return Err(CommandProblem::at(word)),
            // `enable`, `status`, `default deny incoming` name no port.
            Some(_) | None => return Ok(Vec::new()),
        }
    }
    let mut is_source = false;
    let mut is_simple = true;
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| CommandProblem::at(word));
        match word {
            "in" => command.direction = Some(Direction::Inbound),
            "out" => command.direction = Some(Direction::Outbound),
            "log" | "log-all" => {}
            "on" => command.is_loopback |= value()? == "lo",
            "from" => {
                command.source = address(value()?);
                (is_source, is_simple) = (true, false);
            }
            "to" => {
                command.destination = address(value()?);
                (is_source, is_simple) = (false, false);
            }
            // The port of who asks says nothing of who is asked.
            "port" if is_source => return Err(CommandProblem::at("port")),
            "port" => {
                let value = value()?;
                command.ports = if value.contains(char::is_alphabetic) {
                    let (ports, transports) = port_and_protocol(value)?;
                    command.transports = transports;
                    ports
                } else {
                    ports(value)?
                };
            }
            "proto" => {
                let value = value()?;
                command.transports = transports(value).ok_or_else(|| CommandProblem::at(value))?;
            }
            "comment" => command.service = Some(value()?.to_owned()),
            _ if is_simple && command.ports.is_empty() => {
                (command.ports, command.transports) = port_and_protocol(word)?;
            }
            _ => return Err(CommandProblem::at(word)),
        }
    }
    if command.ports.is_empty() {
        // It allows all ports of an address, which names none of them.
        return Ok(Vec::new());
    }
    if command.transports.is_empty() {
        // Without a protocol `ufw` opens the port for both.
        command.transports = vec![Transport::Tcp, Transport::Udp];
    }
    Ok(vec![command])
}
