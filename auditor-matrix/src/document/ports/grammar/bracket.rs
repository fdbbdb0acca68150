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
}
