//! A sentence as a clause sees it: its words, with each phrase that names ports as one piece.

use super::{
    port_phrase::PortPhrase,
    words::{Kind, Word},
};

/// A word or mark of a sentence, or a phrase that names ports.
#[derive(Clone, Copy, Debug)]
pub(super) enum Piece<'w> {
    Word(&'w Word<'w>),
    Port {
        /// It gives a number.
        is_numbered: bool,
    },
}

/// The pieces of a sentence.
#[derive(Debug)]
pub(super) struct Pieces<'w> {
    pub(super) sentence: &'w str,
    list: Vec<Piece<'w>>,
}

impl<'w> Pieces<'w> {
    pub(super) fn new(sentence: &'w str, words: &'w [Word<'w>], phrases: &[PortPhrase]) -> Self {
        let mut list = Vec::with_capacity(words.len());
        let mut phrases = phrases.iter().peekable();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            while phrases.next_if(|phrase| phrase.words.start < at).is_some() {}
            match phrases.peek() {
                Some(phrase) if phrase.words.start == at => {
                    list.push(Piece::Port {
                        is_numbered: !phrase.ports.is_empty(),
                    });
                    at = phrase.words.end.max(at + 1);
                }
                Some(_) | None => {
                    list.push(Piece::Word(word));
                    at += 1;
                }
            }
        }
        Self { sentence, list }
    }

    /// Adds a phrase without numbers at the end, for ports that a list names below.
    pub(super) fn push_port(&mut self) {
        self.list.push(Piece::Port { is_numbered: false });
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn is_port(&self, at: usize) -> bool {
        matches!(self.list.get(at), Some(Piece::Port { .. }))
    }

    /// Whether a port stands here with its number.
    pub(super) fn is_numbered_port(&self, at: usize) -> bool {
        matches!(self.list.get(at), Some(Piece::Port { is_numbered: true }))
    }

    pub(super) fn word(&self, at: usize) -> Option<&'w Word<'w>> {
        match self.list.get(at)? {
            Piece::Word(word) => Some(word),
            Piece::Port { .. } => None,
        }
    }

    /// A word that is no mark, in lower case; empty if there is none.
    pub(super) fn lower(&self, at: usize) -> &'w str {
        self.word(at).map_or("", |word| word.lower.as_str())
    }

    pub(super) fn is(&self, at: usize, lower: &str) -> bool {
        self.word(at).is_some_and(|word| word.is(lower))
    }

    pub(super) fn is_any(&self, at: usize, lower: &[&str]) -> bool {
        self.word(at).is_some_and(|word| word.is_any(lower))
    }

    pub(super) fn kind(&self, at: usize) -> Option<Kind> {
        self.word(at).map(|word| word.kind)
    }
}
