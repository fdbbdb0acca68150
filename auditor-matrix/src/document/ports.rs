//! Reads cells of ports into groups of ranges: `80/(443 or 4443)`, `9200, 9300-9400`, `53 (TCP/UDP)`, `20K+`.

mod ip_protocol;
mod segment;
mod token;

use thiserror::Error;

use self::token::{Token, clean, tokens};
pub(super) use self::{
    ip_protocol::{is_portless, without_ip_protocols},
    segment::segments,
};
use super::{application_protocol, row::PortGroup, text::fold};
use crate::{
    port::{PortProblem, PortRange},
    transport::Transport,
};

/// What a cell in a column of ports says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ports {
    pub(super) groups: Vec<PortGroup>,
    /// Transports written beside the ports: `443/tcp`.
    pub(super) transports: Vec<Transport>,
    /// `Ephemeral`, `Dynamic`.
    pub(super) ephemeral: bool,
    /// Application protocols written beside the ports: `443 (HTTPS)`.
    pub(super) protocols: Vec<String>,
    /// One for each part of the cell that is no valid port.
    pub(super) problems: Vec<PortsProblem>,
    /// Words that were not understood, adjacent ones joined.
    pub(super) unknown: Vec<String>,
}

/// Why a part of a cell is no port.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub(super) enum PortsProblem {
    #[error("the range that starts at {first} has no end: write {first}-65535")]
    NoEnd { first: String },
    #[error(transparent)]
    Port(#[from] PortProblem),
}

/// Reads a cell such as `80/443`, `9200, 9300-9400`, `80/(443 or 4443)`, `25 or 587`, `443/tcp`, `ICMP`, `Ephemeral`.
pub(super) fn ports(text: &str) -> Ports {
    let (text, remark) = clean(text);
    let mut cell = PortCell {
        is_prose: is_prose(&text),
        ..PortCell::default()
    };
    cell.read(&tokens(&text));
    let mut ports = cell.finish();
    ports.unknown.extend(remark.map(fold));
    ports
}

/// Whether a cell has so many unknown words that it is prose, in which a number need not be a port.
fn is_prose(text: &str) -> bool {
    let mut depth = 0_usize;
    let unknown = tokens(text).into_iter().filter(|token| {
        match token {
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Word(word) => return depth == 0 && Word::of(word) == Word::Unknown,
            Token::Number(_)
            | Token::Label(_)
            | Token::Dash
            | Token::Upward(_)
            | Token::Above
            | Token::Separator => {}
        }
        false
    });
    PROSE_WORDS <= unknown.count()
}

const PROSE_WORDS: usize = 3;

/// The meaning of a word in a cell of ports.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Word {
    Or,
    Filler,
    /// The number that follows is a port: `port 80`.
    Port,
    /// The number that follows is no port: `version 2`.
    NoPort,
    Transport(Transport),
    Ephemeral,
    Everything,
    Nothing,
    Application,
    Unknown,
}

impl Word {
    fn of(word: &str) -> Self {
        match word.to_lowercase().as_str() {
            "or" => Self::Or,
            "and" | "number" | "numbers" | "range" | "from" | "between" | "default" | "traffic"
            | "only" | "both" => Self::Filler,
            "port" | "ports" => Self::Port,
            "version" | "versions" | "v" | "type" | "types" | "id" | "rfc" | "release"
            | "option" | "layer" | "step" | "level" | "footnote" | "see" => Self::NoPort,
            "tcp" | "tcp4" | "tcp6" => Self::Transport(Transport::Tcp),
            "udp" | "udp4" | "udp6" => Self::Transport(Transport::Udp),
            "sctp" => Self::Transport(Transport::Sctp),
            "icmp" | "icmpv4" | "icmpv6" | "ping" => Self::Transport(Transport::Icmp),
            "ephemeral" | "dynamic" | "random" => Self::Ephemeral,
            "any" | "all" => Self::Everything,
            "none" | "n" | "a" | "na" => Self::Nothing,
            _ if application_protocol::transports(word).is_some() => Self::Application,
            _ => Self::Unknown,
        }
    }
}

/// What the words before a number say of it.
#[derive(Clone, Copy, Default, Eq, PartialEq)]
enum NumberMeaning {
    /// They say nothing of it, so it counts as a port.
    #[default]
    Port,
    /// They say that it is a port.
    CertainPort,
    /// They say that it is no port: `version 2`.
    NoPort,
    /// The cell is prose and an unknown word came before, so it need not be a port.
    Doubtful,
}

/// The state of reading a cell.
#[derive(Default)]
struct PortCell {
    ports: Ports,
    /// Groups that are not merged yet: `or` joins only the two ports beside it.
    groups: Vec<PortGroup>,
    is_or: bool,
    depth: usize,
    is_prose: bool,
    next: NumberMeaning,
    /// The last word was unknown, so an unknown word that follows is joined to it.
    goes_on: bool,
}

impl PortCell {
    fn read(&mut self, tokens: &[Token<'_>]) {
        let mut tokens = tokens.iter().copied().peekable();
        while let Some(token) = tokens.next() {
            let keeps_words = matches!(token, Token::Word(_));
            match token {
                Token::Number(first) => {
                    let is_range = tokens.next_if(is_dash).is_some();
                    let last = match tokens.peek() {
                        Some(Token::Number(last)) if is_range => {
                            let last = *last;
                            tokens.next();
                            Some(last)
                        }
                        Some(_) | None if is_range => None,
                        Some(_) | None => Some(first),
                    };
                    self.number(first, last);
                }
                Token::Upward(text) => self.upward(text),
                Token::Above => {
                    if let Some(Token::Number(first)) = tokens.peek().copied() {
                        tokens.next();
                        match first
                            .parse::<u16>()
                            .ok()
                            .and_then(|first| first.checked_add(1))
                        {
                            Some(first) => self.number(&first.to_string(), Some("65535")),
                            None => self.number(first, Some(first)),
                        }
                    }
                }
                Token::Word(word) => self.word(word),
                Token::Label(word) => {
                    let word = Word::of(word);
                    if let Word::Transport(transport) = word {
                        self.ports.transports.push(transport);
                    }
                    self.next = if word == Word::NoPort {
                        NumberMeaning::NoPort
                    } else {
                        NumberMeaning::Port
                    };
                    self.is_or = false;
                }
                Token::Open => self.depth += 1,
                Token::Close => self.depth = self.depth.saturating_sub(1),
                Token::Separator => self.is_or = false,
                Token::Dash => {}
            }
            self.goes_on &= keeps_words;
        }
    }

    fn number(&mut self, first: &str, last: Option<&str>) {
        if matches!(self.next, NumberMeaning::NoPort | NumberMeaning::Doubtful) {
            self.unknown(
                &last
                    .filter(|last| *last != first)
                    .map_or_else(|| first.to_owned(), |last| format!("{first}-{last}")),
            );
            if self.next == NumberMeaning::NoPort {
                self.next = NumberMeaning::Port;
            }
            return;
        }
        let Some(last) = last else {
            self.ports.problems.push(PortsProblem::NoEnd {
                first: first.to_owned(),
            });
            return;
        };
        match PortRange::parse(&format!("{first}-{last}")) {
            Ok(range) => match self.groups.last_mut() {
                Some(group) if self.is_or => {
                    group.ranges.push(range);
                    group.alternatives = true;
                }
                Some(_) | None => self.groups.push(PortGroup {
                    ranges: vec![range],
                    alternatives: false,
                }),
            },
            Err(problem) => self.ports.problems.push(problem.into()),
        }
        self.is_or = false;
    }

    /// Reads `20K+`, `1024 and above`.
    fn upward(&mut self, text: &str) {
        let digits = text.trim_end_matches(|c: char| !c.is_ascii_digit());
        let digits = digits.split(' ').next().unwrap_or_default();
        let is_thousands = text
            .get(digits.len()..)
            .is_some_and(|mark| mark.to_lowercase().starts_with("k+"));
        if is_thousands {
            self.number(&format!("{digits}000"), Some("65535"));
        } else {
            self.number(digits, Some("65535"));
        }
    }

    fn word(&mut self, word: &str) {
        if self.next == NumberMeaning::NoPort
            || self.next == NumberMeaning::CertainPort && self.is_prose
        {
            self.next = if self.is_prose {
                NumberMeaning::Doubtful
            } else {
                NumberMeaning::Port
            };
        }
        match Word::of(word) {
            Word::Or => self.is_or = true,
            Word::Filler => self.is_or = false,
            Word::Port => {
                self.is_or = false;
                self.next = NumberMeaning::CertainPort;
            }
            Word::NoPort => {
                self.next = NumberMeaning::NoPort;
                self.unknown(word);
            }
            Word::Transport(transport) => {
                self.ports.transports.push(transport);
                self.next = NumberMeaning::CertainPort;
            }
            Word::Ephemeral => self.ports.ephemeral = true,
            Word::Everything => {
                // In prose, as in "all nodes", the word stands for no ports.
                if !self.is_prose {
                    self.groups.push(PortGroup {
                        ranges: vec![PortRange::ALL],
                        alternatives: false,
                    });
                }
            }
            Word::Nothing => {}
            Word::Application => self.ports.protocols.push(word.to_owned()),
            Word::Unknown if 0 < self.depth => self.ports.protocols.push(word.to_owned()),
            Word::Unknown => {
                if self.is_prose {
                    self.next = NumberMeaning::Doubtful;
                }
                self.unknown(word);
            }
        }
    }

    fn unknown(&mut self, word: &str) {
        match self.ports.unknown.last_mut() {
            Some(last) if self.goes_on => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => self.ports.unknown.push(word.to_owned()),
        }
        self.goes_on = true;
    }

    fn finish(self) -> Ports {
        let mut ports = self.ports;
        for group in self.groups {
            match ports
                .groups
                .iter_mut()
                .find(|together| !together.alternatives)
            {
                Some(together) if !group.alternatives => {
                    for range in group.ranges {
                        if !together.ranges.contains(&range) {
                            together.ranges.push(range);
                        }
                    }
                }
                Some(_) | None => ports.groups.push(group),
            }
        }
        ports
    }
}

fn is_dash(token: &Token<'_>) -> bool {
    match token {
        Token::Dash => true,
        Token::Word(word) => matches!(word.to_lowercase().as_str(), "to" | "through" | "thru"),
        Token::Number(_)
        | Token::Label(_)
        | Token::Upward(_)
        | Token::Above
        | Token::Separator
        | Token::Open
        | Token::Close => false,
    }
}

#[cfg(test)]
mod tests;
