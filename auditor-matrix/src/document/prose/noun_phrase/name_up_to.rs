//! Names that nothing but their place tells: `Edge to Core`.

use super::{NounPhrase, NounPhrases};
use crate::document::prose::{
    verb::verb,
    vocabulary::{is_abstract, is_article, is_auxiliary, is_preposition, is_pronoun},
    words::Kind,
};

impl NounPhrases<'_> {
    /// The words up to `mark`, or to the end if it is empty, taken for a name because nothing else stands there: `Edge to
    /// Core`. They are few, and the first is capitalised or the whole is a name anyway.
    pub(in crate::document::prose) fn name_up_to(
        &self,
        start: usize,
        mark: &str,
    ) -> Option<NounPhrase> {
        let end = (start..self.pieces.len())
            .find(|at| !mark.is_empty() && self.pieces.is(*at, mark) || self.pieces.is_port(*at))
            .unwrap_or(self.pieces.len());
        if mark.is_empty() != (self.pieces.lower(end).is_empty()) {
            return None;
        }
        if let Some(found) = self.list(start).filter(|found| found.end == end) {
            return Some(found);
        }
        let start = start + usize::from(is_article(self.pieces.lower(start)));
        let is_name = |at: usize| {
            let lower = self.pieces.lower(at);
            matches!(self.pieces.kind(at), Some(Kind::Word | Kind::Slash))
                && !is_preposition(lower)
                && !is_auxiliary(lower)
                && !is_pronoun(lower)
                && !is_abstract(lower)
                && (verb(lower).is_none() || start < at && self.is_capitalised(at))
        };
        let is_short = end
            .checked_sub(start)
            .is_some_and(|length| 0 < length && length <= 4);
        (is_short && self.is_capitalised(start) && (start..end).all(is_name)).then(|| NounPhrase {
            text: self.text(start, end).unwrap_or_default().to_owned(),
            end,
            is_machine: true,
            n_parts: 1,
        })
    }
}
