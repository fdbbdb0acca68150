//! The grammar of a cell of ports. It consumes the whole cell, or takes no port from it.

use super::{
    Ports, PortsProblem,
    token::{Kind, Token, port_of_address, tokens},
    word::Word,
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

/// A number below this is rather a count than a port, unless its place says that it is one.
const LEAST_LIKELY_PORT: u32 = 100;
/// Numbers that are rather years, behind words that are not understood.
const YEARS: std::ops::RangeInclusive<u32> = 1990..=2049;
/// With so many unknown words before a number in its part of the list, the part is a sentence.
const SENTENCE_WORDS: usize = 4;

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

    /// Whether the token before this one names a protocol that has versions: `TLS 1.2`.
    fn is_version(&self) -> bool {
        self.at
            .checked_sub(1)
            .and_then(|before| self.tokens.get(before))
            .is_some_and(|before| {
                before.kind == Kind::Word
                    && !matches!(Word::of(before.text), Word::Port | Word::Transport(_))
            })
    }

    /// A comparison stands before a number: `> 1024`.
    fn compare(&mut self, bounds: Bounds) -> Result<(), PortsProblem> {
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

    fn number(&mut self, token: Token<'a>) -> Result<(), PortsProblem> {
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
    fn certain(&self, token: Token<'a>, is_range: bool) -> Result<(), PortsProblem> {
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

    /// The last number of a range that begins with the number just read; the position is then behind it.
    fn range_end(&mut self, first: Token<'a>) -> Result<Option<String>, PortsProblem> {
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

    /// The range that starts at a number and goes on to the last port: `1024+`, `20K+`, `1024 and above`.
    fn upward(&mut self, first: &str) -> Result<Option<(String, String)>, PortsProblem> {
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
    fn bounded(
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
    fn add(&mut self, first: &str, last: &str, start: usize) -> Result<(), PortsProblem> {
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

    fn address(&mut self, token: Token<'a>) -> Result<(), PortsProblem> {
        let port = port_of_address(token.text).unwrap_or_default();
        self.at += 1;
        self.add(port, port, self.at - 1)?;
        let is_loopback = ["127.", "localhost", "[::1]"]
            .iter()
            .any(|start| token.text.starts_with(start));
        self.addresses = match self.addresses {
            Addresses::None | Addresses::Loopback if is_loopback => Addresses::Loopback,
            Addresses::None | Addresses::Loopback | Addresses::Other => Addresses::Other,
        };
        self.is_element_start = false;
        self.n_words = 0;
        Ok(())
    }

    fn word(&mut self, token: Token<'a>) -> Result<(), PortsProblem> {
        let at = self.at;
        self.at += 1;
        let word = Word::of(token.text);
        if self.next == NumberMeaning::NoPort {
            self.next = NumberMeaning::Port;
        }
        match word {
            Word::Or => self.is_or = true,
            // "up to 8010": a range without its start.
            Word::To if self.peek(0).is_some_and(|next| next.kind == Kind::Number) => {
                return Err(PortsProblem::Ambiguous {
                    text: self.text(0, self.tokens.len()),
                });
            }
            Word::And | Word::Filler | Word::To | Word::Upwards => {
                self.is_or = false;
                if word == Word::And {
                    self.is_element_start = true;
                    self.n_words = 0;
                }
            }
            Word::Between => self.bounds = Bounds::Between,
            Word::Port => {
                self.next = NumberMeaning::CertainPort;
            }
            Word::NoPort => {
                self.next = NumberMeaning::NoPort;
                self.remark(token.text);
            }
            Word::Transport(transport) => {
                self.ports.transports.push(transport);
                self.next = NumberMeaning::CertainPort;
            }
            Word::Ephemeral => self.ports.ephemeral = true,
            Word::Everything => {
                self.everything = Some(token.text);
                self.everything_alone()?;
            }
            Word::Nothing => {}
            Word::Above | Word::Below => self.compare_in_words(word, token, at)?,
            Word::Reversing => {
                return Err(PortsProblem::Reversed {
                    word: token.text.to_owned(),
                });
            }
            Word::Computing => {
                return Err(PortsProblem::Ambiguous {
                    text: self.text(0, self.tokens.len()),
                });
            }
            Word::Mapping => {
                return Err(PortsProblem::Mapping {
                    text: self.text(0, self.tokens.len()),
                });
            }
            Word::Application => {
                self.ports.protocols.push(token.text.to_owned());
                self.next = NumberMeaning::CertainPort;
            }
            Word::Unknown => self.unknown(token, at)?,
        }
        Ok(())
    }

    fn unknown(&mut self, token: Token<'a>, at: usize) -> Result<(), PortsProblem> {
        // Letters that touch a number, or hold digits, may be a number with a part left open: `80xx`, `NN15`.
        let n_digits = token.text.chars().filter(char::is_ascii_digit).count();
        let touches_number = token.is_glued
            && at
                .checked_sub(1)
                .and_then(|before| self.tokens.get(before))
                .is_some_and(|before| {
                    matches!(before.kind, Kind::Number | Kind::Plus | Kind::Unknown)
                });
        let has_other_digits = token.text.chars().any(|c| c.is_numeric() && !c.is_ascii());
        if 1 < n_digits || touches_number || has_other_digits {
            return Err(PortsProblem::NoNumber {
                text: self.glued(at),
            });
        }
        self.n_words += 1;
        if self.next == NumberMeaning::CertainPort {
            self.next = NumberMeaning::Port;
        }
        self.remark(token.text);
        Ok(())
    }

    /// `above 1024`, `greater than 1024`.
    fn compare_in_words(
        &mut self,
        word: Word,
        token: Token<'a>,
        at: usize,
    ) -> Result<(), PortsProblem> {
        if self
            .peek(0)
            .is_some_and(|next| next.text.eq_ignore_ascii_case("than"))
        {
            self.at += 1;
        }
        if self.peek(0).is_none_or(|next| next.kind != Kind::Number) {
            // "see below"
            return self.unknown(token, at);
        }
        if self.bounds != Bounds::None {
            return Err(PortsProblem::Unknown {
                text: self.text(at, self.at),
            });
        }
        self.bounds = if word == Word::Above {
            Bounds::Above
        } else {
            Bounds::Below
        };
        // "any port above 1024" is no more than what is above 1024.
        self.everything = None;
        Ok(())
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

    /// Reads brackets: ports of their own, or a remark.
    fn bracket(&mut self) -> Result<(), PortsProblem> {
        let open = self.at;
        let mut depth = 0_usize;
        let mut close = None;
        for (index, token) in self.tokens.iter().enumerate().skip(open) {
            if token.kind == Kind::Open {
                depth += 1;
            } else if token.kind == Kind::Close {
                depth -= 1;
                if depth == 0 {
                    close = Some(index);
                    break;
                }
            }
        }
        let end = close.unwrap_or(self.tokens.len());
        let inside = self.tokens.get(open + 1..end).unwrap_or_default();
        let after = close.map_or(end, |close| close + 1);
        let before = open.checked_sub(1).and_then(|at| self.tokens.get(at));
        let follows_number = before.is_some_and(|before| {
            matches!(before.kind, Kind::Number | Kind::Address | Kind::Footnote)
        }) || !self.is_element_start && !self.groups.is_empty();
        let names_number = inside
            .iter()
            .any(|token| matches!(token.kind, Kind::Number | Kind::Address | Kind::Dotted));
        let text = self.text(open + 1, end);
        let read = read(&text);
        let is_list = read.problem.is_none() && !read.groups.is_empty() && read.remarks.is_empty();
        if !follows_number && is_list {
            // Ports of their own: `HTTPS (443)`, `80/(443 or 4443)`.
            self.at = open + 1;
            self.depth += 1;
            self.next = NumberMeaning::CertainPort;
            self.is_element_start = true;
            return Ok(());
        }
        self.at = after;
        let names_transport = !read.transports.is_empty();
        self.ports.transports.extend(read.transports);
        self.ports.ephemeral |= read.ephemeral && !follows_number;
        if !names_number {
            if inside
                .iter()
                .any(|token| token.kind == Kind::Word && Word::of(token.text) == Word::Reversing)
                && is_about_ports(inside)
            {
                return Err(PortsProblem::Reversed { word: text });
            }
            self.ports.protocols.extend(
                inside
                    .iter()
                    .filter(|token| {
                        token.kind == Kind::Word
                            && matches!(Word::of(token.text), Word::Application | Word::Unknown)
                    })
                    .map(|token| token.text.to_owned()),
            );
            return Ok(());
        }
        let is_footnote =
            matches!(inside, [only] if only.kind == Kind::Number && only.text.len() <= 2);
        let is_another_port = is_list
            && !is_footnote
            && !names_transport
            && inside.iter().all(|token| token.kind != Kind::Word);
        if is_another_port {
            return Err(PortsProblem::Ambiguous {
                text: self.text(open.saturating_sub(1), after),
            });
        }
        if !is_footnote {
            self.remark(&format!("({text})"));
        }
        Ok(())
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

/// Whether words in brackets speak of the ports before them and not of what uses them: `(not needed)`, `(closed)`.
fn is_about_ports(inside: &[Token<'_>]) -> bool {
    inside.len() <= 4
}

/// The digits of a number without commas between thousands.
fn digits(number: &str) -> String {
    number.replace(',', "")
}

/// `6000:6063` against `8080:80`: the ends of a range stand close together, or the last is the last of all ports.
fn is_range_rather_than_mapping(first: &str, last: &str) -> bool {
    let (Ok(first_port), Ok(last_port)) = (first.parse::<u16>(), last.parse::<u16>()) else {
        return false;
    };
    last_port == u16::MAX
        || first.len() == last.len()
            && first_port < last_port
            && first.chars().next() == last.chars().next()
            && first.ends_with('0')
}
