//! Reads the words between the numbers: what they say of the ports, or that they are not understood.

use super::{Bounds, NumberMeaning, Reader};
use crate::document::ports::{
    PortsProblem,
    token::{Kind, Token},
    word::Word,
};

impl<'a> Reader<'a> {
    pub(super) fn word(&mut self, token: Token<'a>) -> Result<(), PortsProblem> {
        let at = self.at;
        self.at += 1;
        let word = Word::of(token.text);
        if self.next == NumberMeaning::NoPort {
            self.next = NumberMeaning::Port;
        }
        match word {
            // `over 61000`, where `TCP over 443` compares nothing.
            Word::Filler if token.text.eq_ignore_ascii_case("over") && self.compares(at) => {
                self.compare_in_words(Word::Above, token, at)?;
            }
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

    pub(super) fn unknown(&mut self, token: Token<'a>, at: usize) -> Result<(), PortsProblem> {
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

    /// Whether a number follows the word at a place, and no transport or protocol stands before it.
    fn compares(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|at| self.tokens.get(at));
        self.peek(0).is_some_and(|next| next.kind == Kind::Number)
            && before.is_none_or(|before| {
                before.kind == Kind::Separator
                    || before.kind == Kind::Word
                        && matches!(
                            Word::of(before.text),
                            Word::Port | Word::Everything | Word::Ephemeral
                        )
            })
    }

    /// `above 1024`, `greater than 1024`.
    pub(super) fn compare_in_words(
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

    /// Whether the token before this one names a protocol that has versions: `TLS 1.2`.
    pub(super) fn is_version(&self) -> bool {
        self.at
            .checked_sub(1)
            .and_then(|before| self.tokens.get(before))
            .is_some_and(|before| {
                before.kind == Kind::Word
                    && !matches!(Word::of(before.text), Word::Port | Word::Transport(_))
            })
    }
}
