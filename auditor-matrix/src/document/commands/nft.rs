//! Reads rules of nftables: as commands, and as files of chains have them.

use super::{CommandProblem, PortCommand, address, port_list::ports, service, transports};
use crate::document::row::Direction;

/// The chain whose rules a block lists.
#[derive(Debug, Default)]
pub(super) struct Chain {
    direction: Option<Direction>,
}

impl Chain {
    /// Reads a line; `None` if it is no rule of nftables.
    pub(super) fn read(
        &mut self,
        words: &[String],
    ) -> Option<Result<Vec<PortCommand>, CommandProblem>> {
        // `nft 'add rule ...'` is one word behind the first.
        if let [nft, quoted] = words
            && quoted.contains(' ')
        {
            let words: Vec<String> = std::iter::once(nft.as_str())
                .chain(quoted.split_whitespace())
                .map(str::to_owned)
                .collect();
            return self.read(&words);
        }
        let first = words.first()?;
        if first == "chain" {
            self.direction = words.get(1).and_then(|name| direction(name));
            return None;
        }
        if first.rsplit('/').next() == Some("nft") {
            let at = words.iter().position(|word| word == "rule")?;
            let verb = words.get(at.checked_sub(1)?)?;
            if verb == "delete" {
                return Some(Err(CommandProblem::Removes));
            }
            let rest = words.get(at + 1..)?;
            // The family may be left out: `add rule inet filter input ...`, `add rule filter input ...`
            let family = usize::from(rest.first().is_some_and(|word| {
                matches!(
                    word.as_str(),
                    "inet" | "ip" | "ip6" | "arp" | "bridge" | "netdev"
                )
            }));
            let chain = rest.get(family + 1)?;
            let Some(direction) = direction(chain) else {
                return Some(Err(CommandProblem::at(chain)));
            };
            return Some(rule(rest.get(family + 2..)?, direction));
        }
        let is_rule = matches!(
            first.as_str(),
            "tcp" | "udp" | "sctp" | "ip" | "ip6" | "iif" | "iifname" | "meta" | "ct" | "th"
        ) && words.len() > 2;
        let direction = self.direction.filter(|_| is_rule)?;
        Some(rule(words, direction))
    }
}

fn direction(chain: &str) -> Option<Direction> {
    let chain = chain.to_lowercase();
    if chain.contains("input") {
        Some(Direction::Inbound)
    } else if chain.contains("output") {
        Some(Direction::Outbound)
    } else {
        None
    }
}

/// Reads `ip saddr 10.0.0.0/8 tcp dport { 80, 443 } accept`.
fn rule(words: &[String], direction: Direction) -> Result<Vec<PortCommand>, CommandProblem> {
    let tokens = tokens(words);
    let mut command = PortCommand {
        direction: Some(direction),
        ..PortCommand::default()
    };
    let mut verdict = None;
    let mut at = 0;
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    while at < tokens.len() {
        match (token(at), token(at + 1)) {
            (name @ ("tcp" | "udp" | "sctp"), "dport") => {
                command.transports = transports(name).unwrap_or_default();
                let (set, end) = set(&tokens, at + 2)?;
                command.ports = numbers(&set)?;
                at = end;
            }
            ("th", "dport") => {
                let (set, end) = set(&tokens, at + 2)?;
                command.ports = numbers(&set)?;
                at = end;
            }
            ("meta", "l4proto") | ("ip", "protocol") | ("ip6", "nexthdr") => {
                let (set, end) = set(&tokens, at + 2)?;
                command.transports.clear();
                for name in &set {
                    let named = transports(name).ok_or_else(|| CommandProblem::at(name))?;
                    command.transports.extend(named);
                }
                at = end;
            }
            ("ip" | "ip6", side @ ("saddr" | "daddr")) => {
                let (set, end) = set(&tokens, at + 2)?;
                let text = address(&set.join(", "));
                if side == "saddr" {
                    command.source = text;
                } else {
                    command.destination = text;
                }
                at = end;
            }
            ("iif" | "iifname" | "oif" | "oifname", name) => {
                command.is_loopback |= name.trim_matches('"') == "lo";
                at += 2;
            }
            ("ct", "state") => {
                let (set, end) = set(&tokens, at + 2)?;
                if !set.iter().any(|state| state == "new") {
                    return Ok(Vec::new());
                }
                at = end;
            }
            ("counter", _) => at += 1,
            ("comment", text) => {
                command.service = Some(text.to_owned());
                at += 2;
            }
            ("accept", _) => {
                verdict = Some(false);
                at += 1;
            }
            ("drop" | "reject", _) => {
                verdict = Some(true);
                at += 1;
            }
            (word, _) => return Err(CommandProblem::at(word)),
        }
    }
    if command.ports.is_empty() {
        return Ok(Vec::new());
    }
    command.is_denied = verdict.ok_or_else(|| CommandProblem::at("rule"))?;
    if command.transports.is_empty() {
        return Err(CommandProblem::at("dport"));
    }
    Ok(vec![command])
}

/// The words, with braces and commas as words of their own.
fn tokens(words: &[String]) -> Vec<String> {
    words
        .iter()
        .flat_map(|word| {
            if word.contains(['{', '}', ',']) {
                word.replace('{', " { ")
                    .replace('}', " } ")
                    .replace(',', " , ")
                    .split_whitespace()
                    .map(str::to_owned)
                    .collect()
            } else {
                vec![word.trim_end_matches(';').to_owned()]
            }
        })
        .filter(|word| !word.is_empty())
        .collect()
}

/// Reads one value, or several in braces or with commas between them; with the place behind them.
fn set(tokens: &[String], start: usize) -> Result<(Vec<String>, usize), CommandProblem> {
    let first = tokens
        .get(start)
        .ok_or_else(|| CommandProblem::at("rule"))?;
    if matches!(
        first.as_str(),
        "!=" | ">" | "<" | ">=" | "<=" | "@" | "vmap"
    ) || first.starts_with('@')
    {
        return Err(CommandProblem::at(first));
    }
    if first != "{" {
        let mut found = vec![first.clone()];
        let mut at = start + 1;
        while tokens.get(at).is_some_and(|token| token == ",") {
            found.extend(tokens.get(at + 1).cloned());
            at += 2;
        }
        return Ok((found, at));
    }
    let inside = tokens.get(start + 1..).unwrap_or_default();
    let length = inside
        .iter()
        .position(|token| token == "}")
        .ok_or_else(|| CommandProblem::at("{"))?;
    let found = inside
        .iter()
        .take(length)
        .filter(|token| *token != ",")
        .cloned()
        .collect();
    Ok((found, start + length + 2))
}

fn numbers(set: &[String]) -> Result<Vec<crate::document::row::PortGroup>, CommandProblem> {
    let named: Vec<String> = set
        .iter()
        .map(|one| service::ports(one).map_or_else(|| one.clone(), |(port, _)| port.to_string()))
        .collect();
    ports(&named.join(","))
}
