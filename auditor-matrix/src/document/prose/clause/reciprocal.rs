//! Those who talk to each other, however that is said: `each other`, `one another`, `every other one`, `all other nodes`.

use super::{Ends, Grammar};
use crate::document::prose::{noun_phrase::NounPhrase, verb::Verb, verb_place::verb_at};

impl Grammar<'_> {
    /// Whether the others of the subject's own kind are named within a few words.
    pub(super) fn is_each_other(&self, start: usize, who: &NounPhrase) -> bool {
        let own = singular(&who.text);
        let own = own.strip_prefix("all ").unwrap_or(&own);
        // "The Core connects to the others": they are none of its kind.
        let is_many = who.text.ends_with('s') || self.pieces.is_any(0, &["each", "every"]);
        (start..start + NEAR).any(|at| {
            if self.pieces.is(at, "each") && self.pieces.is(at + 1, "other")
                || self.pieces.is(at, "one") && self.pieces.is(at + 1, "another")
                || self.pieces.is_any(at, &["among", "amongst", "between"])
                    && self.pieces.is(at + 1, "themselves")
            {
                return true;
            }
            let is_all = self.pieces.is_any(at, &["every", "any", "all", "the"]);
            if !is_all || !is_many {
                return false;
            }
            self.pieces.is(at + 1, "others")
                || self.pieces.is(at + 1, "other")
                    && (self.pieces.is_any(at + 2, &["one", "ones"])
                        // "Store nodes connect to all other nodes": those are others, too.
                        || self
                            .nouns
                            .one(at + 1)
                            .is_some_and(|others| names_others_of(&others.text, own)))
        })
    }

    /// "use the following ports to talk to each other", "for talks with each other": the purpose says it of the subject.
    pub(super) fn uses_among(&self, who: &NounPhrase, start: usize) -> bool {
        (start..self.pieces.len()).any(|at| {
            let talks = self.pieces.is(at, "to")
                && matches!(
                    verb_at(self.pieces, at + 1),
                    Some(Verb::Ask | Verb::Transfer)
                );
            (talks || self.pieces.is(at, "for")) && self.is_each_other(at + 2, who)
        })
    }
}

/// Those who talk to each other: of two, either may ask the other.
pub(super) fn mutual(who: &NounPhrase) -> Ends {
    // "X and Y talk to each other": one is the client, the other the server, and the other way round.
    let parts = who.text.split_once(" and ").filter(|_| who.n_parts == 2);
    let (client, server) = parts.unwrap_or((&who.text, &who.text));
    let server = server.strip_prefix("the ").unwrap_or(server);
    Ends {
        client: Some(client.to_owned()),
        server: Some(server.to_owned()),
        is_mutual: true,
        ..Ends::default()
    }
}

/// `other nodes` of `node`
fn names_others_of(others: &str, own: &str) -> bool {
    let others = singular(others);
    let others = ["every ", "any ", "all ", "the "]
        .iter()
        .find_map(|lead| others.strip_prefix(lead))
        .unwrap_or(&others);
    others.strip_prefix("other ").unwrap_or(others) == own
}

fn singular(noun: &str) -> String {
    let lower = noun.to_lowercase();
    lower.strip_suffix('s').unwrap_or(&lower).to_owned()
}

/// The others are named within so many words behind the verb.
const NEAR: usize = 4;
