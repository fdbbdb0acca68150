//! Reads brackets: ports of their own, or a remark.

use super::{NumberMeaning, Reader, read};
use crate::document::ports::{
    PortsProblem,
    token::{Kind, Token},
    word::Word,
};

/// Whether words in brackets speak of the ports before them and not of what uses them: `(not needed)`, `(closed)`.
fn is_about_ports(inside: &[Token<'_>]) -> bool {
    inside.len() <= 4
}

impl Reader<'_> {
    /// Whether words in brackets leave out a port of those before them: `1-1023 (but not 23)`.
    fn takes_back(&self, inside: &[Token<'_>]) -> bool {
        let is_among = |token: &Token<'_>| {
            token.kind == Kind::Number
                && token.text.parse().is_ok_and(|port: u16| {
                    self.groups
                        .iter()
                        .flat_map(|group| &group.ranges)
                        .any(|range| range.contains(port))
                })
        };
        let mut reverses = false;
        let mut is_other = false;
        inside.iter().any(|token| {
            let word = (token.kind == Kind::Word).then(|| Word::of(token.text));
            reverses |= word == Some(Word::Reversing);
            let follows_other = std::mem::replace(&mut is_other, word == Some(Word::NoPort));
            reverses && !follows_other && is_among(token)
        })
    }

    /// Reads brackets: ports of their own, or a remark.
    pub(super) fn bracket(&mut self) -> Result<(), PortsProblem> {
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
        let token = self.tokens.get(open);
        // `80[00-99]`, `[+n]`: a pattern, and no remark.
        let is_square = token.is_some_and(|open| open.text == "[");
        let is_pattern = is_square
            && (token.is_some_and(|open| open.is_glued)
                || inside
                    .iter()
                    .any(|token| matches!(token.kind, Kind::Plus | Kind::Unknown)));
        if is_pattern {
            return Err(PortsProblem::NoNumber {
                text: self.text(open.saturating_sub(1), after),
            });
        }
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
        if names_number && self.takes_back(inside) {
            return Err(PortsProblem::Reversed { word: text });
        }
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
}
