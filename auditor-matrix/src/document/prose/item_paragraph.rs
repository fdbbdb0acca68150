//! Which paragraphs are items: pages write lists as lines, too.

use super::{
    HeldSentence, ITEM_WORDS, Prose,
    introduction::Introduction,
    port_phrase::{Evidence, port_phrases},
    words::{self, Kind, words},
};
use crate::document::{cell, context::Context, section::names_machines};

impl Prose {
    /// Whether a paragraph is an item: pages write lists as lines, too.
    pub(super) fn is_item(&self, text: &str, context: &Context) -> bool {
        let has_digit = text.contains(|c: char| c.is_ascii_digit());
        let n_words = text.split(' ').count();
        if ITEM_WORDS < n_words || text.ends_with(':') || !has_digit && !self.is_in_ports(context) {
            return false;
        }
        let words = words(text);
        let is_in_ports = self.is_in_ports(context);
        let evidence = if is_in_ports {
            Evidence::Item
        } else {
            Evidence::Stated
        };
        let phrases = port_phrases(&words, evidence);
        let first = phrases.iter().find(|phrase| !phrase.ports.is_empty());
        let starts_with_port = first.is_some_and(|first| {
            first.words.start == 0
                && words.get(first.words.end).is_none_or(|next| {
                    matches!(
                        next.kind,
                        Kind::Colon | Kind::Dash | Kind::Open | Kind::Arrow(_)
                    ) || next.is("for")
                })
        });
        let is_label = is_label(text);
        // A list that the page marks as one has no item outside of it.
        let is_of_paragraphs = self.list.as_ref().is_some_and(|list| list.is_of_paragraphs);
        // Below a label, the next label begins another list.
        let is_below_label = self
            .list
            .as_ref()
            .and_then(|list| list.introduction.as_ref())
            .is_some_and(|above| is_label_text(&above.text));
        starts_with_port
            || is_in_ports && is_of_paragraphs && is_label && !is_below_label
            || is_in_ports
                && first.is_some_and(|first| {
                    0 < first.words.start && is_in_brackets(&words, first.words.start)
                })
            || self
                .above
                .as_ref()
                .is_some_and(|above| is_in_ports && is_label && above.text.ends_with(':'))
    }

    /// Whether a paragraph is a machine's name with its ports behind the colon, which pages write as items as well:
    /// `Core: inbound 443/tcp from Edge; 22/tcp from Web`.
    pub(super) fn is_lead_in(&self, text: &str) -> bool {
        text.contains(|c: char| c.is_ascii_digit())
            && text.split_once(": ").is_some_and(|(label, rest)| {
                let first = rest.split(' ').next().unwrap_or_default();
                label.split(' ').count() <= LABEL_WORDS
                    && cell::direction(first).is_some()
                    && names_machines(label, &self.names)
            })
    }

    /// Whether a list of ports is open, or the last paragraph introduces one.
    pub(super) fn is_in_ports(&self, context: &Context) -> bool {
        let introduces = |above: &HeldSentence| {
            above.context.section == context.section
                && (above.outer.is_some()
                    || Introduction::above(&above.text, &self.names).is_about_ports)
        };
        match &self.list {
            Some(list) => {
                list.context.section == context.section
                    && list.introduction.as_ref().is_some_and(introduces)
            }
            None => self.above.as_ref().is_some_and(introduces),
        }
    }
}

/// Whether a paragraph is so short that it may say what the ports below it are for.
pub(super) fn is_label(text: &str) -> bool {
    !text.contains(|c: char| c.is_ascii_digit()) && is_label_text(text)
}

fn is_label_text(text: &str) -> bool {
    text.split(' ').count() <= LABEL_WORDS && !text.ends_with(['.', '!', '?', ':'])
}

const LABEL_WORDS: usize = 5;

fn is_in_brackets(words: &[words::Word<'_>], at: usize) -> bool {
    words
        .get(..at)
        .unwrap_or_default()
        .iter()
        .any(|word| word.kind == Kind::Open)
}
