//! Arrows between names: `Agents -> Core`.

use super::{Ends, Grammar};
use crate::document::{
    end::Basis,
    prose::{
        verb::verb,
        vocabulary::{is_abstract, is_preposition},
        words::{Arrow, Kind},
    },
};

impl Grammar<'_> {
    /// `Agents -> Core`
    pub(super) fn arrow(&self, at: usize) -> Option<Ends> {
        let Some(Kind::Arrow(arrow)) = self.pieces.kind(at) else {
            return None;
        };
        let right = self.arrow_end(at + 1, true)?;
        let left = self.arrow_end(at, false)?;
        let (client, server) = match arrow {
            Arrow::Right | Arrow::Mutual => (left, right),
            Arrow::Left => (right, left),
        };
        Some(Ends {
            further_client: None,
            client: Some(client),
            server: Some(server),
            is_mutual: arrow == Arrow::Mutual,
            direction: None,
            basis: Basis::Given,
        })
    }

    /// The words beside an arrow, up to a mark or a port. An arrow stands between names, so nothing else need say that they
    /// are.
    fn arrow_end(&self, at: usize, is_right: bool) -> Option<String> {
        let belongs = |at: usize| {
            self.pieces.word(at).is_some_and(|word| {
                word.kind == Kind::Word && verb(&word.lower).is_none_or(|_| word.is_capitalised())
                    || matches!(word.kind, Kind::Slash)
                    || word.kind == Kind::Mixed
                    || word.kind == Kind::Number && word.text.len() == 1
            })
        };
        let text = if is_right {
            let is_name = |at: &usize| belongs(*at) && !is_preposition(self.pieces.lower(*at));
            let end = (at..self.pieces.len())
                .find(|at| !is_name(at))
                .unwrap_or(self.pieces.len());
            let text = self.words_of(at, end)?;
            // `gate web port`: what stands right before the port says which one of the gate it is.
            let before = text
                .rsplit_once(' ')
                .filter(|_| self.pieces.is_port(end))
                .filter(|(_, which)| says_which_port(which));
            match before {
                Some((machine, _)) => machine.to_owned(),
                None => text,
            }
        } else {
            self.names_before(at, &belongs)?
        };
        let text = text
            .strip_prefix("the ")
            .or_else(|| text.strip_prefix("The "))
            .unwrap_or(&text);
        // A list whose first name is not understood.
        if text.starts_with("and ") || text.starts_with("or ") {
            return None;
        }
        // "kubelet communication" says what goes there, not whereto.
        let is_abstract = text
            .rsplit(' ')
            .next()
            .is_some_and(|last| is_abstract(&last.to_lowercase()));
        let most = if text.contains(" and ") { 9 } else { 5 };
        (text.split(' ').count() <= most && !is_abstract && text.contains(char::is_alphabetic))
            .then(|| text.to_owned())
    }

    /// The names before an arrow, without what brackets say of each: `Core (primary) and Edge -> Store`.
    fn names_before(&self, arrow: usize, belongs: &impl Fn(usize) -> bool) -> Option<String> {
        let mut names: Vec<String> = Vec::new();
        let mut end = arrow;
        loop {
            if self.pieces.kind(end.wrapping_sub(1)) == Some(Kind::Close) {
                end = (0..end)
                    .rev()
                    .find(|at| self.pieces.kind(*at) == Some(Kind::Open))?;
            }
            let start = (0..end).rev().take_while(|at| belongs(*at)).last()?;
            names.push(self.words_of(start, end)?);
            let goes_on = self.pieces.is_any(start, &["and", "or"])
                && self.pieces.kind(start.wrapping_sub(1)) == Some(Kind::Close);
            if !goes_on {
                break;
            }
            end = start;
        }
        names.reverse();
        Some(names.join(" "))
    }

    /// The text of these pieces.
    fn words_of(&self, start: usize, end: usize) -> Option<String> {
        let (first, last) = (
            self.pieces.word(start)?,
            self.pieces.word(end.checked_sub(1)?)?,
        );
        let text = self.pieces.sentence.get(first.start..last.end)?;
        Some(text.to_owned())
    }
}

/// Whether a word before `port` says which of a machine's ports it is.
fn says_which_port(word: &str) -> bool {
    matches!(
        word,
        "web"
            | "http"
            | "https"
            | "admin"
            | "api"
            | "grpc"
            | "rpc"
            | "rest"
            | "metrics"
            | "data"
            | "debug"
            | "status"
            | "management"
            | "listening"
            | "service"
            | "default"
            | "tcp"
            | "udp"
    )
}
