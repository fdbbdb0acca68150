//! Reads cells of ports into groups of ranges: `80/(443 or 4443)`, `9200, 9300-9400`, `53 (TCP/UDP)`, `20K+`.
//!
//! A cell is read by a grammar that has to consume all of it. What a cell says of a number may turn its meaning round (`not
//! 22`, `80 -> 8080`, `80xx`), so where one part is not understood, only what is certain by itself is taken (`lenient.rs`), and
//! the caller says so.

mod grammar;
mod ip_protocol;
mod lenient;
mod segment;
mod token;
mod word;

use std::sync::LazyLock;

use regex::Regex;
use thiserror::Error;

pub(super) use self::{
    ip_protocol::{is_portless, without_ip_protocols},
    lenient::certain_ports,
    segment::segments,
};
use super::{row::PortGroup, text::regex};
use crate::{port::PortProblem, transport::Transport};

/// What a cell in a column of ports says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ports {
    /// Empty if a part of the cell is not understood.
    pub(super) groups: Vec<PortGroup>,
    /// Transports written beside the ports: `443/tcp`.
    pub(super) transports: Vec<Transport>,
    /// `Ephemeral`, `Dynamic`.
    pub(super) ephemeral: bool,
    /// Application protocols written beside the ports: `443 (HTTPS)`.
    pub(super) protocols: Vec<String>,
    /// Why no port was taken from the cell.
    pub(super) problem: Option<PortsProblem>,
    /// Words beside the ports that were taken for remarks, adjacent ones joined.
    pub(super) remarks: Vec<String>,
    /// All addresses beside the ports are those of the machine itself: `127.0.0.1:8005`.
    pub(super) is_loopback: bool,
}

/// Why no port was taken from a cell.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(super) enum PortsProblem {
    #[error("the range that starts at {first} has no end: write {first}-65535")]
    NoEnd { first: String },
    #[error(transparent)]
    Port(#[from] PortProblem),
    #[error("`{text}` is no number that could be opened, so no port was taken from this cell")]
    NoNumber { text: String },
    #[error(
        "`{word}` may turn the meaning of the numbers round, so no port was taken from this cell; write the ports that are meant"
    )]
    Reversed { word: String },
    #[error(
        "`{text}` maps one port to another, so no port was taken from this cell; write the one that clients connect to"
    )]
    Mapping { text: String },
    #[error(
        "`{text}` can be read in more than one way, so no port was taken from this cell; write each port or range by itself, with commas between them"
    )]
    Ambiguous { text: String },
    #[error("`{text}` is not understood among ports, so none was taken from this cell")]
    Unknown { text: String },
}

/// Reads a cell such as `80/443`, `9200, 9300-9400`, `80/(443 or 4443)`, `25 or 587`, `443/tcp`, `ICMP`, `Ephemeral`.
pub(super) fn ports(text: &str) -> Ports {
    if let Some(first) = AT_LEAST
        .captures(text)
        .and_then(|found| found.name("first"))
    {
        return grammar::read(&format!(">= {}", first.as_str()));
    }
    if text.contains('+') && JOINED_TRANSPORTS.is_match(text) {
        return grammar::read(&JOINED_TRANSPORTS.replace_all(text, "$one/$other"));
    }
    grammar::read(text)
}

/// `tcp+udp/88`: the plus joins them, and does not go on from a number.
static JOINED_TRANSPORTS: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)\b(?P<one>tcp|udp|sctp)\s*\+\s*(?P<other>tcp|udp|sctp)\b"));

/// A cell of nothing but the first of all higher ports: `at least 49152`, `no lower than 32768`. A smaller number may be how many.
static AT_LEAST: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:ports? )?(?:at least|no (?:less|lower) than|not below|starting (?:at|from|with)) (?:port )?(?P<first>\d{4,5})(?: (?:up|upwards?|on|onwards?|or (?:higher|above)))?$",
    )
});

/// Whether a text holds an address or a URL with a port.
pub(super) fn has_address(text: &str) -> bool {
    token::tokens(text)
        .iter()
        .any(|token| token.kind == token::Kind::Address)
}

#[cfg(test)]
mod tests;
