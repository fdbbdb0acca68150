//! Reads `firewall-cmd`.

use super::{
    CommandProblem, PortCommand, address,
    port_list::{port_and_protocol, ports},
    service, transports,
};
use crate::document::row::Direction;

/// Reads the words behind `firewall-cmd`.
pub(super) fn read(words: &[String]) -> Result<Vec<PortCommand>, CommandProblem> {
    let mut found = Vec::new();
    let mut removes = false;
    let mut words = words.iter();
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
            "--add-port" => {
                for one in value()?.split(',') {
                    let (ports, transports) = port_and_protocol(one)?;
                    if transports.is_empty() {
                        return Err(CommandProblem::at(one));
                    }
                    found.push(PortCommand {
                        ports,
                        transports,
                        direction: Some(Direction::Inbound),
                        ..PortCommand::default()
                    });
                }
            }
            "--add-service" => {
                for name in value()?.split(',') {
                    let (port, transports) =
                        service::ports(name).ok_or_else(|| CommandProblem::UnknownService {
                            name: name.to_owned(),
                        })?;
                    found.push(PortCommand {
                        ports: vec![super::port_list::single(port)],
                        transports: transports.to_vec(),
                        direction: Some(Direction::Inbound),
                        service: Some(name.to_owned()),
                        ..PortCommand::default()
                    });
                }
            }
            "--add-rich-rule" => found.extend(rich_rule(&value()?)?),
            "--remove-port" | "--remove-service" | "--remove-rich-rule" => {
                value()?;
                removes = true;
            }
            "--zone" | "--timeout" | "--policy" => {
                value()?;
            }
            "--permanent"
            | "--quiet"
            | "-q"
            | "--reload"
            | "--complete-reload"
            | "--runtime-to-permanent"
            | "--state" => {}
            _ if option.starts_with("--list") || option.starts_with("--get") => {}
            _ if option.starts_with("--query") || option.starts_with("--info") => return Ok(found),
            _ => return Err(CommandProblem::at(word)),
        }
    }
    if removes && found.is_empty() {
        return Err(CommandProblem::Removes);
    }
    Ok(found)
}

/// Reads `rule family="ipv4" source address="10.0.0.0/8" port port="5432" protocol="tcp" accept`.
fn rich_rule(rule: &str) -> Result<Option<PortCommand>, CommandProblem> {
    let rule = rule.replace(['"', '\''], "");
    let mut command = PortCommand {
        direction: Some(Direction::Inbound),
        ..PortCommand::default()
    };
    let mut verdict = None;
    let mut element = "";
    for word in rule.split_whitespace() {
        match word.split_once('=') {
            Some(("family" | "priority" | "prefix" | "level" | "limit" | "value", _)) => {}
            Some(("address", value)) if element == "source" => command.source = address(value),
            Some(("address", value)) if element == "destination" => {
                command.destination = address(value);
            }
            Some(("port", value)) if element == "port" => command.ports = ports(value)?,
            Some(("protocol", value)) if element == "port" => {
                command.transports = transports(value).ok_or_else(|| CommandProblem::at(value))?;
            }
            Some(("name", value)) if element == "service" => {
                let (port, transports) =
                    service::ports(value).ok_or_else(|| CommandProblem::UnknownService {
                        name: value.to_owned(),
                    })?;
                command.ports = vec![super::port_list::single(port)];
                command.transports = transports.to_vec();
            }
            Some(_) => return Err(CommandProblem::at(word)),
            None => match word {
                "accept" => verdict = Some(false),
                "drop" | "reject" => verdict = Some(true),
                "rule" | "log" | "audit" | "source" | "destination" | "port" | "service"
                | "limit" => element = word,
                _ => return Err(CommandProblem::at(word)),
            },
        }
    }
    command.is_denied = verdict.ok_or_else(|| CommandProblem::at("rule"))?;
    // A rule of a source alone opens no port that it names.
    Ok((!command.ports.is_empty()).then_some(command))
}
