//! The grammar of a cell of ports. It consumes the whole cell, or takes no port from it.

mod bracket;
mod number;
mod words;

use super::{
    Ports, PortsProblem,
    token::{Kind, Token, tokens},
};
use crate::{
    document::{row::PortGroup, text::fold},
    port::PortRange,
};

/// Reads a cell.
pub(super) fn read(cell: &str) -> Ports {
    let (list, remark) = without_remark(cell);
    if let Some(character) = list.chars().find(|c| turns_text(*c)) {
        return Ports {
            problem: Some(PortsProblem::Unknown {
                text: character.escape_unicode().to_string(),
            }),
            ..Ports::default()
        };
    }
    // Each bracket is read by itself first, so deep ones would take time without end.
    if MOST_DEPTH < depth(list) {
        return Ports {
            problem: Some(PortsProblem::Unknown {
                text: "(".repeat(MOST_DEPTH + 1),
            }),
            ..Ports::default()
        };
    }
    let tokens = tokens(list);
    let mut reader = Reader {
        cell: list,
        tokens: &tokens,
        at: 0,
        depth: 0,
        ports: Ports::default(),
        groups: Vec::new(),
        is_or: false,
        next: NumberMeaning::Port,
        bounds: Bounds::None,
        everything: None,
        is_element_start: true,
        n_words: 0,
        remark_goes_on: false,
        addresses: Addresses::None,
    };
    let outcome = reader.list();
    let mut ports = reader.finish(outcome);
    ports.remarks.extend(remark.map(fold));
    ports
}

/// Nobody nests brackets deeper in a cell of ports.
const MOST_DEPTH: usize = 4;

/// How deep the brackets of a cell are nested.
fn depth(cell: &str) -> usize {
    let (mut depth, mut most) = (0_usize, 0);
    for character in cell.chars() {
        match character {
            '(' | '\u{ff08}' => depth += 1,
            ')' | '\u{ff09}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        most = most.max(depth);
    }
    most
}

/// Characters that turn the reading round or are controls: what a person sees is not what stands there.
fn turns_text(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        || character.is_control() && !character.is_whitespace()
}

/// Cuts off what follows `Note:` and the like, which is a sentence about the ports and no list of them.
fn without_remark(cell: &str) -> (&str, Option<&str>) {
    let lower = cell.to_ascii_lowercase();
    [
        "note",
        "important",
        "warning",
        "tip",
        "caution",
        "attention",
    ]
    .iter()
    .filter_map(|word| {
        let at = lower.find(word)?;
        let behind = lower.get(at + word.len()..)?;
        let is_label =
            behind.starts_with(':') || behind.starts_with("]:") || behind.starts_with(']');
        let is_word = lower
            .get(..at)
            .is_some_and(|before| !before.ends_with(char::is_alphanumeric));
        (is_label && is_word && 0 < at).then_some(at)
    })
    .min()
    .and_then(|at| cell.split_at_checked(at))
    .map_or((cell, None), |(list, remark)| {
        (list.trim_end_matches('['), Some(remark))
    })
}

/// What the words before a number say of it.
#[derive(Clone, Copy, Eq, PartialEq)]
enum NumberMeaning {
    /// They say nothing of it.
    Port,
    /// They say that it is a port.
    CertainPort,
    /// They say that it is no port: `version 2`.
    NoPort,
}

/// What was read of a comparison or of `between`.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Bounds {
    None,
    Above,
    AtLeast,
    Below,
    AtMost,
    Between,
}

/// Whose addresses stand beside the ports.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Addresses {
    None,
    Loopback,
    Other,
}

struct Reader<'a> {
    cell: &'a str,
    tokens: &'a [Token<'a>],
    at: usize,
    depth: usize,
    ports: Ports,
    /// Groups that are not merged yet: `or` joins only the two ports beside it.
    groups: Vec<PortGroup>,
    is_or: bool,
    next: NumberMeaning,
    bounds: Bounds,
    /// `any`, `all`, as written.
    everything: Option<&'a str>,
    /// Nothing but words that are understood stood between the last separator and here.
    is_element_start: bool,
    /// Words since the last separator that are not understood.
    n_words: usize,
    /// The last word was not understood, so one that follows is joined to it.
    remark_goes_on: bool,
    addresses: Addresses,
}

impl<'a> Reader<'a> {
    fn peek(&self, ahead: usize) -> Option<Token<'a>> {
        self.tokens.get(self.at + ahead).copied()
    }

    /// The cell's text from token `from` to before token `to`.
    fn text(&self, from: usize, to: usize) -> String {
        if to <= from {
            return String::new();
        }
        let start = self.tokens.get(from).map_or(0, |token| token.start);
        let end = to
            .checked_sub(1)
            .and_then(|last| self.tokens.get(last))
            .map_or(self.cell.len(), |last| last.start + last.text.len());
        fold(self.cell.get(start..end).unwrap_or_default())
    }

    /// The text around a token: what it touches on either side.
    fn glued(&self, at: usize) -> String {
        let mut from = at;
        while 0 < from && self.tokens.get(from).is_some_and(|token| token.is_glued) {
            from -= 1;
        }
        let mut to = at + 1;
        while self.tokens.get(to).is_some_and(|token| token.is_glued) {
            to += 1;
        }
        self.text(from, to)
    }

    fn list(&mut self) -> Result<(), PortsProblem> {
        while let Some(token) = self.peek(0) {
            let keeps_remark = token.kind == Kind::Word;
            match token.kind {
                Kind::Number => self.number(token)?,
                Kind::Address => self.address(token)?,
                Kind::Word => self.word(token)?,
                Kind::Separator | Kind::Slash => {
                    self.at += 1;
                    self.separate();
                }
                Kind::Colon => {
                    // A label describes what comes next: `Encrypted: 443`, `tcp:443`.
                    self.at += 1;
                    if self.next != NumberMeaning::NoPort && 0 < self.n_words {
                        self.next = NumberMeaning::CertainPort;
                    }
                    if self.next == NumberMeaning::NoPort {
                        self.next = NumberMeaning::Port;
                    }
                    self.n_words = 0;
                }
                Kind::Dash => {
                    self.at += 1;
                    if self.peek(0).is_none_or(|next| next.kind != Kind::Number) || 0 < self.n_words
                    {
                        self.separate();
                    }
                }
                Kind::Open => self.bracket()?,
                Kind::Close => {
                    // The end of a part may be cut off from its bracket.
                    self.depth = self.depth.saturating_sub(1);
                    self.at += 1;
                }
                Kind::Above => self.compare(Bounds::Above)?,
                Kind::AtLeast => self.compare(Bounds::AtLeast)?,
                Kind::Below => self.compare(Bounds::Below)?,
                Kind::AtMost => self.compare(Bounds::AtMost)?,
                Kind::Footnote | Kind::Quiet => self.at += 1,
                Kind::Dotted => {
                    if self.next == NumberMeaning::NoPort || self.is_version() {
                        self.remark(token.text);
                        self.at += 1;
                        self.next = NumberMeaning::Port;
                    } else {
                        return Err(PortsProblem::NoNumber {
                            text: self.glued(self.at),
                        });
                    }
                }
                Kind::Arrow => {
                    return Err(PortsProblem::Mapping {
                        text: self.text(0, self.tokens.len()),
                    });
                }
                Kind::Span | Kind::Plus | Kind::Unknown => {
                    return Err(PortsProblem::Unknown {
                        text: self.glued(self.at),
                    });
                }
            }
            self.remark_goes_on &= keeps_remark;
        }
        Ok(())
    }

    fn separate(&mut self) {
        self.is_or = false;
        self.is_element_start = true;
        self.n_words = 0;
        if self.next == NumberMeaning::NoPort {
            self.next = NumberMeaning::Port;
        }
    }

    /// `all` beside numbers says something of them that is not understood.
    fn everything_alone(&self) -> Result<(), PortsProblem> {
        match self.everything {
            Some(_) if !self.groups.is_empty() => Err(PortsProblem::Ambiguous {
                text: self.text(0, self.tokens.len()),
            }),
            Some(_) | None => Ok(()),
        }
    }

    fn remark(&mut self, words: &str) {
        match self.ports.remarks.last_mut() {
            Some(last) if self.remark_goes_on => {
                last.push(' ');
                last.push_str(words);
            }
            Some(_) | None => self.ports.remarks.push(words.to_owned()),
        }
        self.remark_goes_on = true;
    }

    fn finish(mut self, outcome: Result<(), PortsProblem>) -> Ports {
        if outcome.is_ok() && self.bounds != Bounds::None {
            self.ports.problem = Some(PortsProblem::Unknown {
                text: self.text(0, self.tokens.len()),
            });
            return self.ports;
        }
        if let Err(problem) = outcome {
            self.ports.problem = Some(problem);
            self.ports.ephemeral = false;
            return self.ports;
        }
        let mut ports = self.ports;
        // In a sentence, as in "all nodes", the word stands for no ports.
        if self.everything.is_some()
            && self.groups.is_empty()
            && ports.remarks.is_empty()
            && !ports.ephemeral
        {
            self.groups.push(PortGroup {
                ranges: vec![PortRange::ALL],
                alternatives: false,
            });
        }
        ports.is_loopback = self.addresses == Addresses::Loopback;
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
