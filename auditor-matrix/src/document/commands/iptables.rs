//! Reads `iptables`, also as `iptables-save` writes its rules.

use super::{
    CommandProblem, PortCommand, address,
    port_list::{port_and_protocol, ports},
    transports,
};
use crate::document::row::{Direction, PortGroup};

/// Reads the words behind `iptables`.
pub(super) fn read(words: &[String]) -> Result<Vec<PortCommand>, CommandProblem> {
    let mut command = PortCommand::default();
    let (mut adds, mut removes) = (false, false);
    let mut verdict = None;
    let mut replies_only = false;
    let mut names_source_port = false;
    let mut words = words
        .iter()
        .flat_map(|word| match word.split_once('=') {
            Some((option, value)) if option.starts_with("--") => vec![option, value],
            Some(_) | None => vec![word.as_str()],
        })
        .peekable();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| CommandProblem::at(word));
        match word {
            "-A" | "--append" | "-I" | "--insert" | "-a" | "-i"
                if !adds && !is_interface(word, adds) =>
            {
                let chain = value()?.to_uppercase();
                command.direction = Some(if chain.ends_with("INPUT") {
                    Direction::Inbound
                } else if chain.ends_with("OUTPUT") {
                    Direction::Outbound
                } else {
                    return Err(CommandProblem::at(&chain));
                });
                adds = true;
                // The place of the rule in its chain.
                words.next_if(|next| next.bytes().all(|byte| byte.is_ascii_digit()));
            }
            "-D" | "--delete" => {
                value()?;
                removes = true;
            }
            "-t" | "--table" => {
                let table = value()?;
                if table != "filter" {
                    return Err(CommandProblem::at(table));
                }
            }
            "-p" | "--protocol" | "--proto" => {
                let name = value()?;
                command.transports = transports(name).ok_or_else(|| CommandProblem::at(name))?;
            }
            "--dport" | "--destination-port" | "--dports" | "--destination-ports" => {
                command.ports = port_set(value()?)?;
            }
            "--sport" | "--source-port" | "--sports" | "--source-ports" => {
                value()?;
                names_source_port = true;
            }
            "-s" | "--source" | "--src" | "--src-range" => command.source = address(value()?),
            "-d" | "--destination" | "--dst" => command.destination = address(value()?),
            "-i" | "--in-interface" | "-o" | "--out-interface" => {
                command.is_loopback |= value()? == "lo";
            }
            "-m" | "--match" => {
                let name = value()?;
                if !matches!(
                    name,
                    "tcp"
                        | "udp"
                        | "sctp"
                        | "multiport"
                        | "state"
                        | "conntrack"
                        | "comment"
                        | "limit"
                        | "icmp"
                        | "iprange"
                ) {
                    return Err(CommandProblem::at(name));
                }
            }
            "--state" | "--ctstate" => {
                replies_only = !value()?
                    .to_uppercase()
                    .split(',')
                    .any(|state| state == "NEW");
            }
            "--comment" => command.service = Some(value()?.to_owned()),
            "--limit" | "--limit-burst" | "--icmp-type" | "--icmpv6-type" | "--reject-with"
            | "--log-prefix" | "--log-level" => {
                value()?;
            }
            "--syn" | "-w" | "--wait" | "-4" | "-6" => {}
            "-j" | "--jump" => {
                verdict = match value()?.to_uppercase().as_str() {
                    "ACCEPT" => Some(false),
                    "DROP" | "REJECT" => Some(true),
                    "LOG" => return Ok(Vec::new()),
                    other => return Err(CommandProblem::at(other)),
                };
            }
            // `-P INPUT DROP`, `-L`, `-F`, `-N` name no port.
            "-P" | "-L" | "-F" | "-N" | "-S" | "-X" | "-nL" | "-Z" | "-h" | "-n" | "-v"
            | "--list" | "--flush" => {
                return Ok(Vec::new());
            }
            _ => return Err(CommandProblem::at(word)),
        }
    }
    if removes {
        return Err(CommandProblem::Removes);
    }
    let is_icmp = command.transports.iter().any(|one| !one.has_ports());
    if !adds || replies_only || command.ports.is_empty() && !is_icmp {
        // A rule without ports, or for answers alone, opens none. One that names the port of who asks is not understood.
        return if names_source_port && !replies_only {
            Err(CommandProblem::at("--sport"))
        } else {
            Ok(Vec::new())
        };
    }
    if names_source_port {
        return Err(CommandProblem::at("--sport"));
    }
    command.is_denied = verdict.ok_or_else(|| CommandProblem::at("-j"))?;
    if command.transports.is_empty() {
        return Err(CommandProblem::at("-p"));
    }
    Ok(vec![command])
}

/// `-i` is the option of an interface but for the first, which in lower case never adds a rule.
fn is_interface(word: &str, adds: bool) -> bool {
    adds || matches!(word, "-i" | "-a")
}

fn port_set(text: &str) -> Result<Vec<PortGroup>, CommandProblem> {
    if text.contains(char::is_alphabetic) {
        return Ok(port_and_protocol(text)?.0);
    }
    ports(text)
}
