//! Reads the commands of Windows' firewall: `netsh advfirewall` and `New-NetFirewallRule`.

use super::{CommandProblem, PortCommand, address, port_list::ports, transports};
use crate::document::row::Direction;

/// Reads the words behind `netsh`.
pub(super) fn netsh(words: &[String]) -> Result<Vec<PortCommand>, CommandProblem> {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    if lower.iter().any(|word| word == "delete") {
        return Err(CommandProblem::Removes);
    }
    let Some(start) = lower.windows(2).position(|two| two == ["add", "rule"]) else {
        return Ok(Vec::new());
    };
    let mut rule = Rule::default();
    for word in words.iter().skip(start + 2) {
        let (key, value) = word
            .split_once('=')
            .ok_or_else(|| CommandProblem::at(word))?;
        rule.set(&key.to_lowercase(), value)?;
    }
    rule.finish()
}

/// Reads the words behind `New-NetFirewallRule`.
pub(super) fn new_rule(words: &[String]) -> Result<Vec<PortCommand>, CommandProblem> {
    let mut rule = Rule::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let key = word
            .strip_prefix('-')
            .ok_or_else(|| CommandProblem::at(word))?;
        // `-LocalPort 80, 443` and `-LocalPort @(80,443)` are one value.
        let values: Vec<&str> = words
            .iter()
            .skip(at + 1)
            .take_while(|word| !word.starts_with('-') || word.starts_with("->"))
            .map(String::as_str)
            .collect();
        at += 1 + values.len();
        let value = values.join(" ");
        let value = value
            .trim_start_matches("@(")
            .trim_end_matches(')')
            .replace(['"', '\''], "");
        rule.set(&key.to_lowercase(), &value)?;
    }
    rule.finish()
}

/// A rule of Windows' firewall, whichever way it is written.
#[derive(Default)]
struct Rule {
    direction: Option<Direction>,
    is_denied: bool,
    protocol: Option<String>,
    local_port: Option<String>,
    remote_port: Option<String>,
    local: Option<String>,
    remote: Option<String>,
    name: Option<String>,
}

impl Rule {
    fn set(&mut self, key: &str, value: &str) -> Result<(), CommandProblem> {
        let owned = || Some(value.to_owned());
        let lower = value.to_lowercase();
        match key {
            "name" | "displayname" => self.name = self.name.take().or_else(owned),
            "dir" | "direction" => {
                self.direction = match lower.as_str() {
                    "in" | "inbound" => Some(Direction::Inbound),
                    "out" | "outbound" => Some(Direction::Outbound),
                    _ => return Err(CommandProblem::at(value)),
                };
            }
            "action" => {
                self.is_denied = match lower.as_str() {
                    "allow" => false,
                    "block" => true,
                    _ => return Err(CommandProblem::at(value)),
                };
            }
            "protocol" => self.protocol = owned(),
            "localport" => self.local_port = owned().filter(|_| lower != "any"),
            "remoteport" => self.remote_port = owned().filter(|_| lower != "any"),
            "localip" | "localaddress" => self.local = address(value),
            "remoteip" | "remoteaddress" => self.remote = address(value),
            "profile" | "enable" | "enabled" | "description" | "group" | "displaygroup"
            | "program" | "service" | "edge" | "interfacetype" => {}
            _ => return Err(CommandProblem::at(key)),
        }
        Ok(())
    }

    fn finish(self) -> Result<Vec<PortCommand>, CommandProblem> {
        let direction = self.direction.unwrap_or(Direction::Inbound);
        let (port, other) = match direction {
            Direction::Outbound => (self.remote_port, self.local_port),
            Direction::Inbound | Direction::Both => (self.local_port, self.remote_port),
        };
        let Some(port) = port else {
            return match other {
                // The port of who asks says nothing of who is asked.
                Some(other) => Err(CommandProblem::at(&other)),
                None => Ok(Vec::new()),
            };
        };
        let protocol = self.protocol.ok_or_else(|| CommandProblem::at(&port))?;
        let (source, destination) = match direction {
            Direction::Outbound => (self.local, self.remote),
            Direction::Inbound | Direction::Both => (self.remote, self.local),
        };
        Ok(vec![PortCommand {
            ports: ports(&port)?,
            transports: transports(&protocol).ok_or_else(|| CommandProblem::at(&protocol))?,
            direction: Some(direction),
            source,
            destination,
            service: self.name,
            is_denied: self.is_denied,
            is_loopback: false,
        }])
    }
}
