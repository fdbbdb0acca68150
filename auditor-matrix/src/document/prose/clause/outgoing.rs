//! Who opens what goes out: `The agents need outbound access`, `outgoing connections from the agents`, `outbound ports on the agents`.

use super::{Clause, Ends, Grammar, permitted::may_be_asked};
use crate::document::prose::{
    noun_phrase::NounPhrase, verb::Verb, verb_place::verb_at, vocabulary::is_preposition,
    words::Kind,
};

impl Grammar<'_> {
    /// Gives the clauses that name nobody who asks the one from whom the sentence says that its traffic goes out.
    pub(super) fn add_sender(&self, clauses: &mut Vec<Clause>) {
        if clauses.iter().any(|clause| clause.ends.client.is_some()) {
            return;
        }
        let Some(sender) = self.sender() else {
            return;
        };
        if clauses.is_empty() {
            clauses.push(Clause {
                start: 0,
                ends: Ends::of(Some(&sender), None),
            });
            return;
        }
        for Clause { ends, .. } in clauses {
            // Where the ports are that something goes out of, nobody is asked.
            if ends.server.as_ref() == Some(&sender.text) {
                ends.server = None;
            }
            ends.client = Some(sender.text.clone());
            ends.direction = None;
        }
    }

    /// Whoever opens what a sentence says to go out.
    fn sender(&self) -> Option<NounPhrase> {
        let lower = self.pieces.sentence.to_lowercase();
        let comes_in = ["inbound", "incoming", "ingress"]
            .iter()
            .any(|word| lower.contains(word));
        if comes_in || !self.goes_out() {
            return None;
        }
        // "outgoing ports" is one piece.
        let is_out = |at: &usize| self.pieces.is_any(*at, &["outbound", "outgoing", "egress"]);
        let outgoing = (0..self.pieces.len())
            .find(is_out)
            .or_else(|| (0..self.pieces.len()).find(|at| self.pieces.is_port(*at)))?;
        self.subject_of_outgoing(outgoing)
            .or_else(|| self.behind_outgoing(outgoing))
    }

    /// `The agents need outbound access`
    fn subject_of_outgoing(&self, outgoing: usize) -> Option<NounPhrase> {
        let who = self.nouns.list(0).filter(|who| who.end < outgoing)?;
        let group = self.verb_group(who.end)?;
        let class = verb_at(self.pieces, group.verb)?;
        let has = matches!(class, Verb::Use | Verb::Open | Verb::Transfer);
        (has && !group.is_passive && group.verb < outgoing && self.sends(&who, 0)).then_some(who)
    }

    /// `outbound ports from the agents`, `outgoing connections that are opened by the agents`, `outbound ports on the agents`
    fn behind_outgoing(&self, outgoing: usize) -> Option<NounPhrase> {
        let mut at = outgoing + 1;
        while at < self.pieces.len() {
            if matches!(self.pieces.kind(at), Some(Kind::Stop | Kind::Semicolon)) {
                return None;
            }
            let lower = self.pieces.lower(at);
            // Behind the one who is asked stands on which port.
            if matches!(lower, "to" | "into" | "towards") && self.nouns.list(at + 1).is_some() {
                return None;
            }
            if matches!(lower, "from" | "by" | "on" | "of" | "for")
                && let Some(who) = self.nouns.list(at + 1)
                && self.sends(&who, at + 1)
                && (lower != "for" || self.is_somebody(&who, at + 1))
            {
                return Some(who);
            }
            at += 1;
        }
        None
    }

    fn sends(&self, who: &NounPhrase, start: usize) -> bool {
        self.can_ask(who, start)
            && may_be_asked(who)
            && !is_preposition(self.pieces.lower(who.end.wrapping_sub(1)))
    }
}
