//! The words of a verb: auxiliaries, adverbs, and the verb that they lead to.

use super::{Grammar, is_reachable};
use crate::document::prose::{
    verb::{Verb, is_participle},
    verb_place::verb_at,
    vocabulary::{is_adverb, is_auxiliary},
    words::Kind,
};

pub(super) struct VerbGroup {
    /// The place of the verb.
    pub(super) verb: usize,
    pub(super) is_passive: bool,
}

impl Grammar<'_> {
    /// The place behind a bracket that opens here.
    pub(super) fn bracket(&self, at: usize) -> Option<usize> {
        if self.pieces.kind(at) != Some(Kind::Open) {
            return None;
        }
        (at..self.pieces.len())
            .take(16)
            .find(|at| self.pieces.kind(*at) == Some(Kind::Close))
            .map(|close| close + 1)
    }

    /// Reads auxiliaries, adverbs and the verb that they lead to.
    pub(super) fn verb_group(&self, start: usize) -> Option<VerbGroup> {
        let mut at = start;
        let mut is_passive = false;
        for _ in 0..MOST_VERB_GROUP {
            if let Some(end) = self.bracket(at) {
                at = end;
                continue;
            }
            // "The Core, on port 443, connects ..."
            if self.pieces.is_any(at, &["on", "over", "via", "at"]) && self.pieces.is_port(at + 1) {
                at += 2;
                continue;
            }
            let lower = self.pieces.lower(at);
            if matches!(
                lower,
                "is" | "are" | "be" | "been" | "being" | "was" | "were"
            ) {
                is_passive = true;
            } else if matches!(lower, "able" | "allowed" | "permitted" | "unable")
                && self.pieces.is(at + 1, "to")
            {
                is_passive = false;
                at += 1;
            } else if matches!(
                lower,
                "need"
                    | "needs"
                    | "has"
                    | "have"
                    | "wants"
                    | "try"
                    | "tries"
                    | "attempts"
                    | "attempt"
            ) && self.pieces.is(at + 1, "to")
                // "need to following ports": what follows is no verb, and `to` is mistyped.
                && !self.pieces.is_any(at + 2, &["following", "these", "the"])
            {
                at += 1;
            } else if matches!(lower, "try" | "tries" | "attempt" | "attempts")
                && verb_at(self.pieces, at + 1) == Some(Verb::Ask)
            {
                // "will attempt connect to", where the `to` is lost.
            } else if matches!(lower, "allowed" | "permitted")
                || !(matches!(lower, "no" | "any") || is_adverb(lower) || is_auxiliary(lower))
            {
                break;
            }
            at += 1;
        }
        let lower = self.pieces.lower(at);
        let is_adjective = is_reachable(lower);
        let is_participle = is_participle(lower) && verb_at(self.pieces, at).is_some();
        if is_passive && (is_participle || is_adjective) {
            return Some(VerbGroup {
                verb: at,
                is_passive: true,
            });
        }
        // "Queried by the Core", "images recorded by the drone"
        if lower.ends_with("ed")
            && self.pieces.is(at + 1, "by")
            && verb_at(self.pieces, at).is_some()
        {
            return (at == 0).then_some(VerbGroup {
                verb: at,
                is_passive: true,
            });
        }
        // "RTP forwarding" is what is done, with nobody who does it.
        let is_noun = lower.ends_with("ing")
            && !self.pieces.is_port(at + 1)
            && self.pieces.kind(at + 1).is_none_or(|next| {
                matches!(
                    next,
                    Kind::Stop | Kind::Comma | Kind::Close | Kind::Semicolon
                )
            });
        if is_noun && !is_passive {
            return None;
        }
        // "is listening", "are connecting"
        (verb_at(self.pieces, at).is_some() && (!is_passive || lower.ends_with("ing"))).then_some(
            VerbGroup {
                verb: at,
                is_passive: false,
            },
        )
    }
}

const MOST_VERB_GROUP: usize = 8;
