//! Reads commands that open ports: `firewall-cmd --add-port=8443/tcp`, `ufw allow 443/tcp`, `iptables -A INPUT ...`.
//!
//! Each tool has a grammar of its own over the words of its command line. A word that the grammar does not know makes the
//! command one that was not understood, so that nothing is read as wider than it is.

mod aws;
mod firewalld;
mod iptables;
mod nft;
mod port_list;
mod service;
mod shell;
mod ufw;
mod windows;

use thiserror::Error;

pub(in crate::document) use self::service::ports as port_of_service;
use self::shell::CommandLine;
use super::row::{Direction, PortGroup};
use crate::transport::Transport;

/// What a command does to ports.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct PortCommand {
    pub(super) ports: Vec<PortGroup>,
    /// Empty if the command gives none.
    pub(super) transports: Vec<Transport>,
    /// Seen from the machine on which the command is run.
    pub(super) direction: Option<Direction>,
    /// The addresses at either end, as written; `None` for any.
    pub(super) source: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) service: Option<String>,
    pub(super) is_denied: bool,
    pub(super) is_loopback: bool,
}

/// Why no row is made of a command.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(super) enum CommandProblem {
    #[error("this command takes a rule away, so no rule was made of it")]
    Removes,
    #[error(
        "this command is not understood at `{at}`, so no rule was made of it; add one by hand if it opens a port"
    )]
    NotUnderstood { at: String },
    #[error("this command is commented out, so no rule was made of it")]
    Comment,
    #[error("the value of `{variable}` is not known, so no rule was made of this command")]
    Variable { variable: String },
    #[error(
        "the ports of the service `{name}` are not known here, so no rule was made of this command"
    )]
    UnknownService { name: String },
}

impl CommandProblem {
    fn at(word: &str) -> Self {
        Self::NotUnderstood {
            at: word.to_owned(),
        }
    }
}

/// A command of a block of code.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct ReadCommand {
    /// The number of lines of the block before it.
    pub(super) n_lines_before: usize,
    /// As written.
    pub(super) text: String,
    pub(super) outcome: Result<Vec<PortCommand>, CommandProblem>,
}

/// Reads the commands about ports of a block of code; other commands are left out.
pub(super) fn read(code: &str) -> Vec<ReadCommand> {
    let mut chain = nft::Chain::default();
    let mut loop_words: Option<CommandLine> = None;
    let mut commands = Vec::new();
    let lines = shell::command_lines(code);
    let marks_comments = marks_comments(&lines);
    for line in lines {
        let is_comment = line.is_hashed && (marks_comments || is_saved_rule(&line.words));
        let outcome = outcome(&line, &mut chain).map(|outcome| {
            if is_comment && !outcome.as_ref().is_ok_and(Vec::is_empty) {
                Err(CommandProblem::Comment)
            } else {
                outcome
            }
        });
        let Some(outcome) = outcome else {
            if line.words.first().is_some_and(|word| word == "for") {
                loop_words = Some(line);
            }
            continue;
        };
        // What a loop runs over is said where its command was not understood.
        if matches!(outcome, Err(CommandProblem::Variable { .. }))
            && let Some(head) = loop_words.take()
        {
            commands.push(ReadCommand {
                n_lines_before: head.n_lines_before,
                text: head.text,
                outcome: Err(CommandProblem::at("for")),
            });
        }
        if outcome.as_ref().is_ok_and(Vec::is_empty) {
            continue;
        }
        commands.push(ReadCommand {
            n_lines_before: line.n_lines_before,
            text: line.text,
            outcome,
        });
    }
    commands
}

/// Whether `#` is no prompt in a block: one of its rules stands without it.
fn marks_comments(lines: &[CommandLine]) -> bool {
    let mut chain = nft::Chain::default();
    lines
        .iter()
        .any(|line| outcome(line, &mut chain).is_some() && !line.is_hashed)
}

/// Whether it is a rule as `iptables-save` or nftables list it, which nobody types at a prompt.
fn is_saved_rule(words: &[String]) -> bool {
    words
        .first()
        .is_some_and(|first| first.starts_with('-') || matches!(first.as_str(), "tcp" | "udp"))
}

/// Whether a text is a command of a tool that opens ports.
pub(super) fn is_command(text: &str) -> bool {
    shell::command_lines(text)
        .first()
        .is_some_and(|line| tool(&line.words).is_some())
}

type Outcome = Result<Vec<PortCommand>, CommandProblem>;
type Tool = fn(&[String]) -> Outcome;

/// The grammar for a command, and the words behind the tool's name.
fn tool(words: &[String]) -> Option<(Tool, &[String])> {
    let (first, rest) = words.split_first()?;
    let name = first
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(first)
        .to_lowercase();
    let next = |index: usize| rest.get(index).map(|word| word.to_lowercase());
    let tool: Tool = match name.trim_end_matches(".exe") {
        "firewall-cmd" | "firewall-offline-cmd" => firewalld::read,
        "ufw" => ufw::read,
        "iptables" | "ip6tables" | "iptables-legacy" | "iptables-nft" => iptables::read,
        // As `iptables-save` writes its rules.
        "-a" | "-i"
            if next(0)
                .is_some_and(|chain| chain.ends_with("input") || chain.ends_with("output")) =>
        {
            return Some((iptables::read, words));
        }
        "netsh" if next(0).as_deref() == Some("advfirewall") => windows::netsh,
        "new-netfirewallrule" => windows::new_rule,
        "aws" if next(0).as_deref() == Some("ec2") => aws::read,
        _ => return None,
    };
    Some((tool, rest))
}

/// Reads a command line; `None` if it is none of a tool that opens ports.
fn outcome(line: &CommandLine, chain: &mut nft::Chain) -> Option<Outcome> {
    if let Some(outcome) = chain.read(&line.words) {
        return Some(with_variables(line, outcome));
    }
    let (tool, rest) = tool(&line.words)?;
    let outcome = with_variables(line, tool(rest)).map(|mut commands| {
        for command in &mut commands {
            if command.service.is_none() {
                command.service.clone_from(&line.comment);
            }
        }
        commands
    });
    Some(outcome)
}

/// A variable's value is not known, whatever the grammar made of the word that has it.
fn with_variables(line: &CommandLine, outcome: Outcome) -> Outcome {
    let variable = line.words.iter().find(|word| {
        word.contains('$') || word.contains("{{") || word.contains('<') && word.contains('>')
    });
    match (variable, outcome) {
        (Some(variable), Ok(commands)) if !commands.is_empty() => Err(CommandProblem::Variable {
            variable: variable.clone(),
        }),
        (Some(variable), Err(_)) => Err(CommandProblem::Variable {
            variable: variable.clone(),
        }),
        (_, outcome) => outcome,
    }
}

/// An address that stands for any is no name.
fn address(text: &str) -> Option<String> {
    let is_any = matches!(
        text.to_lowercase().as_str(),
        "any" | "anywhere" | "0.0.0.0/0" | "0/0" | "::/0" | "0.0.0.0" | "*" | "all"
    );
    (!is_any && !text.is_empty()).then(|| text.to_owned())
}

/// The transports that a protocol's name gives; `None` if it has no ports that a matrix can name.
fn transports(name: &str) -> Option<Vec<Transport>> {
    Some(match name.to_lowercase().as_str() {
        "tcp" | "6" => vec![Transport::Tcp],
        "udp" | "17" => vec![Transport::Udp],
        "sctp" | "132" => vec![Transport::Sctp],
        "icmp" | "icmpv6" | "ipv6-icmp" | "icmpv4" | "1" | "58" => vec![Transport::Icmp],
        _ => return None,
    })
}

#[cfg(test)]
mod tests;
