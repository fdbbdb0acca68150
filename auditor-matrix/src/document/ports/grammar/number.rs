//! Reads numbers and ranges, and decides whether they can be ports at their place.

use super::{Addresses, Bounds, NumberMeaning, Reader};
use crate::{
    document::{
        accounting, cell,
        ports::{
            PortsProblem,
            token::{Kind, Token, port_of_address},
            word::Word,
        },
        row::PortGroup,
    },
    port::PortRange,
};

/// A number below this is rather a count than a port, unless its place says that it is one.
const LEAST_LIKELY_PORT: u32 = 100;

/// Numbers that are rather years, behind words that are not understood.
const YEARS: std::ops::RangeInclusive<u32> = 1990..=2049;

/// With so many unknown words before a number in its part of the list, the part is a sentence.
const SENTENCE_WORDS: usize = 4;

/// The digits of a number without commas between thousands.
fn digits(number: &str) -> String {
    number.replace(',', "")
}

/// With a colon nobody writes a range of fewer ports.
const LEAST_RANGE: u16 = 4;

/// `6000:6063` against `8080:80`: the ends of a range stand close together, or the last is the last of all ports.
fn is_range_rather_than_mapping(first: &str, last: &str) -> bool {
    let (Ok(first_port), Ok(last_port)) = (first.parse::<u16>(), last.parse::<u16>()) else {
        return false;
    };
    // `8080:8081` is rather a mapping than a range of two; `60001:63000` are three thousand ports.
    let is_round = first_port < last_port && (last_port - first_port + 1).is_multiple_of(10);
    last_port == u16::MAX
        || first.len() == last.len()
            && first_port.saturating_add(LEAST_RANGE) < last_port
            && first.chars().next() == last.chars().next()
            && (first.ends_with('0') || is_round)
}

impl<'a> Reader<'a> {
    /// A comparison stands before a number: `> 1024`.
    pub(super) fn compare(&mut self, bounds: Bounds) -> Result<(), PortsProblem> {
        let is_comparison = self.bounds == Bounds::None
            && self.peek(1).is_some_and(|next| next.kind == Kind::Number)
            && self.peek(2).is_none_or(|behind| {
                !(matches!(behind.kind, Kind::Above | Kind::AtLeast)
                    || behind.is_glued && behind.kind == Kind::Word)
            });
        let touches_text = self
            .tokens
            .get(self.at)
            .is_some_and(|token| token.is_glued && !self.is_element_start);
        if !is_comparison || touches_text {
            return Err(PortsProblem::NoNumber {
                text: self.glued(self.at),
            });
        }
        self.bounds = bounds;
        self.at += 1;
        Ok(())
    }

    pub(super) fn number(&mut self, token: Token<'a>) -> Result<(), PortsProblem> {
        let start = self.at;
        let before = start.checked_sub(1).and_then(|at| self.tokens.get(at));
        let is_part_of_word = token.is_glued
            && before.is_some_and(|before| match before.kind {
                Kind::Word => !matches!(Word::of(before.text), Word::Transport(_)),
                Kind::Number | Kind::Dotted | Kind::Unknown | Kind::Span | Kind::Plus => true,
                Kind::Address
                | Kind::Separator
                | Kind::Slash
                | Kind::Dash
                | Kind::Colon
                | Kind::Above
                | Kind::AtLeast
                | Kind::Below
                | Kind::AtMost
                | Kind::Arrow
                | Kind::Open
                | Kind::Close
                | Kind::Footnote
                | Kind::Quiet => false,
            });
        if is_part_of_word {
            return Err(PortsProblem::NoNumber {
                text: self.glued(start),
            });
        }
        self.at += 1;
        let last = self.range_end(token)?;
        let is_range = last.is_some();
        if self.next == NumberMeaning::NoPort {
            let said = self.text(start, self.at);
            self.remark(&said);
            self.next = NumberMeaning::Port;
            return Ok(());
        }
        self.certain(token, is_range)?;
        self.is_no_count(token, is_range)?;
        // Behind the number: letters that touch it, `+`, `and above`.
        let first = digits(token.text);
        let (first, last) = match self.upward(&first)? {
            Some(range) if !is_range => range,
            Some(_) => {
                return Err(PortsProblem::Ambiguous {
                    text: self.text(start, self.at),
                });
            }
            None => self.bounded(first, last, start)?,
        };
        self.add(&first, &last, start)?;
        self.next = NumberMeaning::Port;
        self.is_element_start = false;
        self.n_words = 0;
        self.everything_alone()
    }

    /// Whether this number can be a port at this place.
    pub(super) fn certain(&self, token: Token<'a>, is_range: bool) -> Result<(), PortsProblem> {
        let number: u32 = digits(token.text).parse().unwrap_or(u32::MAX);
        let follows_words = 0 < self.n_words && self.next != NumberMeaning::CertainPort;
        let is_doubtful = follows_words
            && !is_range
            && (number < LEAST_LIKELY_PORT
                || YEARS.contains(&number)
                || SENTENCE_WORDS <= self.n_words);
        if is_doubtful {
            return Err(PortsProblem::Ambiguous {
                text: self.text(0, self.tokens.len()),
            });
        }
        // `8 080`, `22 443`: two numbers with a blank between them may be one.
        let before = self
            .tokens
            .iter()
            .position(|other| other.start == token.start)
            .and_then(|at| at.checked_sub(1))
            .and_then(|at| self.tokens.get(at));
        let may_be_thousands = before.is_some_and(|before| {
            before.kind == Kind::Number
                && before.text.len() <= 2
                && token.text.len() == 3
                && format!("{}{}", before.text, token.text)
                    .parse::<u16>()
                    .is_ok()
        });
        if may_be_thousands {
            let first = before.map_or("", |before| before.text);
            return Err(PortsProblem::Ambiguous {
                text: format!("{first} {}", token.text),
            });
        }
        Ok(())
    }

    /// A number behind a port may count what follows it: `465, 10 messages a minute`.
    fn is_no_count(&self, token: Token<'a>, is_range: bool) -> Result<(), PortsProblem> {
        if is_range || self.groups.is_empty() || self.next == NumberMeaning::CertainPort {
            return Ok(());
        }
        let end = token.start + token.text.len();
        let (before, behind) = (self.cell.get(..token.start), self.cell.get(end..));
        let reason = accounting::reason_of(
            before.unwrap_or_default(),
            token.text,
            behind.unwrap_or_default(),
        );
        match reason {
            Some(accounting::Reason::Count) => Err(PortsProblem::Ambiguous {
                text: self.text(0, self.tokens.len()),
            }),
            Some(_) | None => Ok(()),
        }
    }

    /// The last number of a range that begins with the number just read; the position is then behind it.
    pub(super) fn range_end(&mut self, first: Token<'a>) -> Result<Option<String>, PortsProblem> {
        let Some(joint) = self.peek(0) else {
            return Ok(None);
        };
        let number_behind = self
            .peek(1)
            .filter(|next| next.kind == Kind::Number)
            .map(|next| digits(next.text));
        let no_end = || PortsProblem::NoEnd {
            first: first.text.to_owned(),
        };
        let joins = if joint.kind == Kind::Dash {
            let behind = self.peek(1).ok_or_else(no_end)?.kind;
            // `443 - HTTPS`, `443 -- the API`: a dash before words only separates.
            if matches!(behind, Kind::Word | Kind::Dash | Kind::Open | Kind::Quiet) {
                return Ok(None);
            }
            if behind != Kind::Number {
                return Err(no_end());
            }
            true
        } else if joint.kind == Kind::Span {
            if number_behind.is_none() {
                return Err(no_end());
            }
            true
        } else if joint.kind == Kind::Colon {
            // `6000:6063` is a range, `8080:80` maps one port to another, `443: the API` describes a port.
            match &number_behind {
                Some(last) if joint.is_glued => {
                    if !is_range_rather_than_mapping(first.text, last) {
                        return Err(PortsProblem::Mapping {
                            text: format!("{}:{last}", first.text),
                        });
                    }
                    true
                }
                Some(_) | None => false,
            }
        } else if joint.kind == Kind::Word
            && Word::of(joint.text) == Word::Upwards
            && let Some(last) = self.up_to()
        {
            // `5053 up to 5056`
            return Ok(Some(last));
        } else if joint.kind == Kind::Word {
            let word = Word::of(joint.text);
            number_behind.is_some()
                && (word == Word::To || word == Word::And && self.bounds == Bounds::Between)
        } else {
            false
        };
        if !joins {
            return Ok(None);
        }
        self.at += 2;
        if self.bounds == Bounds::Between {
            self.bounds = Bounds::None;
        }
        Ok(number_behind)
    }

    /// The last number behind `up to`; the position is then behind it.
    fn up_to(&mut self) -> Option<String> {
        self.peek(1)
            .filter(|token| token.kind == Kind::Word && Word::of(token.text) == Word::To)?;
        let is_joint = |token: Option<Token<'_>>| {
            token.is_some_and(|token| {
                token.kind == Kind::Word && matches!(token.text, "and" | "including")
            })
        };
        let skipped = (2..4)
            .take_while(|ahead| is_joint(self.peek(*ahead)))
            .count();
        let last = self
            .peek(2 + skipped)
            .filter(|token| token.kind == Kind::Number)?;
        self.at += 3 + skipped;
        self.bounds = Bounds::None;
        Some(digits(last.text))
    }

    /// The range that starts at a number and goes on to the last port: `1024+`, `20K+`, `1024 and above`.
    pub(super) fn upward(&mut self, first: &str) -> Result<Option<(String, String)>, PortsProblem> {
        let upto = |first: String| Some((first, u16::MAX.to_string()));
        let Some(next) = self.peek(0) else {
            return Ok(None);
        };
        let ends = |token: Option<Token<'_>>| {
            token.is_none_or(|token| {
                !token.is_glued || matches!(token.kind, Kind::Separator | Kind::Close | Kind::Slash)
            })
        };
        if next.kind == Kind::Plus && next.is_glued {
            if !ends(self.peek(1)) {
                return Err(PortsProblem::NoNumber {
                    text: self.glued(self.at),
                });
            }
            self.at += 1;
            return Ok(upto(first.to_owned()));
        }
        if next.kind == Kind::Plus {
            return Err(PortsProblem::Ambiguous {
                text: self.text(0, self.tokens.len()),
            });
        }
        if next.kind == Kind::Word && next.is_glued {
            let is_thousands = next.text.eq_ignore_ascii_case("k");
            let plus = self
                .peek(1)
                .filter(|plus| plus.kind == Kind::Plus && plus.is_glued);
            if is_thousands && plus.is_some() && ends(self.peek(2)) {
                self.at += 2;
                return Ok(upto(format!("{first}000")));
            }
            if !matches!(Word::of(next.text), Word::Transport(_)) {
                return Err(PortsProblem::NoNumber {
                    text: self.glued(self.at),
                });
            }
            return Ok(None);
        }
        if next.is_glued && matches!(next.kind, Kind::Unknown | Kind::Above | Kind::Below) {
            return Err(PortsProblem::NoNumber {
                text: self.glued(self.at),
            });
        }
        if next.kind == Kind::Word {
            let word_at = |ahead: usize| {
                self.peek(ahead)
                    .filter(|token| token.kind == Kind::Word)
                    .map(|token| Word::of(token.text))
            };
            let joint = usize::from(matches!(Word::of(next.text), Word::And | Word::Or));
            match word_at(joint) {
                Some(Word::Above | Word::Upwards) => {
                    self.at += joint + 1;
                    return Ok(upto(first.to_owned()));
                }
                Some(Word::Below) => {
                    self.at += joint + 1;
                    return Ok(Some(("1".to_owned(), first.to_owned())));
                }
                Some(_) | None => {}
            }
        }
        Ok(None)
    }

    /// Applies a comparison that stood before the number.
    pub(super) fn bounded(
        &mut self,
        first: String,
        last: Option<String>,
        start: usize,
    ) -> Result<(String, String), PortsProblem> {
        let bounds = std::mem::replace(&mut self.bounds, Bounds::None);
        if bounds == Bounds::None {
            let last = last.unwrap_or_else(|| first.clone());
            return Ok((first, last));
        }
        let number = first.parse::<u16>().ok().filter(|_| last.is_none());
        let range = match (bounds, number) {
            (Bounds::Above, Some(number)) => number.checked_add(1).map(|first| (first, u16::MAX)),
            (Bounds::AtLeast, Some(number)) => Some((number, u16::MAX)),
            (Bounds::Below, Some(number)) => number.checked_sub(1).map(|last| (1, last)),
            (Bounds::AtMost, Some(number)) => Some((1, number)),
            (Bounds::None | Bounds::Between, _) | (_, None) => None,
        };
        range
            .map(|(first, last)| (first.to_string(), last.to_string()))
            .ok_or_else(|| PortsProblem::Ambiguous {
                text: self.text(start.saturating_sub(1), self.at),
            })
    }

    /// Adds a range to the groups.
    pub(super) fn add(
        &mut self,
        first: &str,
        last: &str,
        start: usize,
    ) -> Result<(), PortsProblem> {
        // `080` is written by nobody who means a port.
        if 1 < first.len() && first.starts_with('0') {
            return Err(PortsProblem::NoNumber {
                text: self.text(start, self.at),
            });
        }
        // `0-65535` are all ports; port 0 is none.
        let first = if first == "0" && last == "65535" {
            "1"
        } else {
            first
        };
        let range = PortRange::parse(&format!("{first}-{last}"))?;
        match self.groups.last_mut() {
            Some(group) if self.is_or => {
                group.ranges.push(range);
                group.alternatives = true;
            }
            Some(_) | None => self.groups.push(PortGroup {
                ranges: vec![range],
                alternatives: false,
            }),
        }
        self.is_or = false;
        Ok(())
    }

    pub(super) fn address(&mut self, token: Token<'a>) -> Result<(), PortsProblem> {
        let port = port_of_address(token.text).unwrap_or_default();
        self.at += 1;
        self.add(port, port, self.at - 1)?;
        // `udp://192.0.2.40:7333`
        let scheme = token.text.split_once("://").map(|(scheme, _)| scheme);
        if let Some(transport) = scheme.and_then(|scheme| cell::stated(&scheme.to_lowercase())) {
            self.ports.transports.push(transport);
        }
        let host = token
            .text
            .split_once("://")
            .map_or(token.text, |(_, host)| host);
        let is_loopback = ["127.", "localhost", "[::1]"]
            .iter()
            .any(|start| host.starts_with(start));
        self.addresses = match self.addresses {
            Addresses::None | Addresses::Loopback if is_loopback => Addresses::Loopback,
            Addresses::None | Addresses::Loopback | Addresses::Other => Addresses::Other,
        };
        self.is_element_start = false;
        self.n_words = 0;
        Ok(())
    }
}
