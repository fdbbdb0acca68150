//! The sentences of a page, packed: a page may hold millions of them.

use std::sync::Arc;

use crate::document::context::Context;

/// Sentences in reading order, with all their texts in one string.
#[derive(Default)]
pub(super) struct PackedSentences {
    text: String,
    positions: Vec<SentencePosition>,
}

struct SentencePosition {
    line: usize,
    /// The byte offset at which the sentence's text begins.
    start: usize,
    /// The sentence before it stands in the same paragraph.
    follows: bool,
    context: Arc<Context>,
}

/// A sentence with its line, the sentence before it, and its context.
#[derive(Clone, Copy)]
pub(super) struct Sentence<'a> {
    pub(super) line: usize,
    pub(super) text: &'a str,
    /// The sentence before it in the same paragraph.
    pub(super) before: Option<&'a str>,
    pub(super) context: &'a Arc<Context>,
}

impl PackedSentences {
    /// Adds a sentence; `follows` says whether the one added before it stands in the same paragraph.
    pub(super) fn push(&mut self, line: usize, text: &str, follows: bool, context: &Arc<Context>) {
        self.positions.push(SentencePosition {
            line,
            start: self.text.len(),
            follows,
            context: Arc::clone(context),
        });
        self.text.push_str(text);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Sentence<'_>> {
        self.positions
            .iter()
            .enumerate()
            .map(|(index, position)| Sentence {
                line: position.line,
                text: self.text_of(index),
                before: (position.follows && 0 < index).then(|| self.text_of(index - 1)),
                context: &position.context,
            })
    }

    fn text_of(&self, index: usize) -> &str {
        let start = |index: usize| {
            self.positions
                .get(index)
                .map_or(self.text.len(), |position| position.start)
        };
        self.text
            .get(start(index)..start(index + 1))
            .unwrap_or_default()
    }
}
