//! Arrows between names: `Agents -> Core`.

use super::{Ends, Grammar};
use crate::document::prose::{
    verb::verb,
    vocabulary::{is_abstract, is_preposition},
    words::{Arrow, Kind},
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
            client: Some(client),
            server: Some(server),
            is_mutual: arrow == Arrow::Mutual,
            direction: None,
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
        let (start, end) = if is_right {
            let is_name = |at: &usize| belongs(*at) && !is_preposition(self.pieces.lower(*at));
            (
                at,
                (at..self.pieces.len())
                    .find(|at| !is_name(at))
                    .unwrap_or(self.pieces.len()),
            )
        } else {
            // `Core (primary) -> Edge`: the bracket says which.
            let at = if self.pieces.kind(at.wrapping_sub(1)) == Some(Kind::Close) {
                (0..at)
                    .rev()
                    .find(|at| self.pieces.kind(*at) == Some(Kind::Open))?
            } else {
                at
            };
            let start = (0..at).rev().take_while(|at| belongs(*at)).last()?;
            (start, at)
        };
        let (first, last) = (
            self.pieces.word(start)?,
            self.pieces.word(end.checked_sub(1)?)?,
        );
        let text = self.pieces.sentence.get(first.start..last.end)?;
        let text = text
            .strip_prefix("the ")
            .or_else(|| text.strip_prefix("The "))
            .unwrap_or(text);
        // "kubelet communication" says what goes there, not whereto.
        let is_abstract = text
            .rsplit(' ')
            .next()
            .is_some_and(|last| is_abstract(&last.to_lowercase()));
        let most = if text.contains(" and ") { 9 } else { 5 };
        (text.split(' ').count() <= most && !is_abstract && text.contains(char::is_alphabetic))
            .then(|| text.to_owned())
    }
}
