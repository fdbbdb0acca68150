//! Clauses by their voice: who does something to whom, and by whom something is done.

use super::{Ends, Grammar, is_reachable, permitted::may_be_asked, reciprocal};
use crate::document::prose::{noun_phrase::NounPhrase, verb::Verb, vocabulary::is_software};

impl Grammar<'_> {
    /// A clause whose subject opens or takes conversations.
    pub(super) fn active(&self, doer: Option<&NounPhrase>, at: usize, class: Verb) -> Option<Ends> {
        match class {
            Verb::Ask | Verb::Transfer => self.asking(doer, at, class),
            Verb::Serve => {
                let around = self.around(at + 1);
                let is_told_who = around.from.is_some();
                // "The till listens on port 80" leaves no doubt whose the port is, "The API listens" where it is.
                let head = doer.and_then(|doer| doer.text.rsplit(' ').next());
                let is_placed = head.is_some_and(|head| !is_software(&head.to_lowercase()));
                let doer = doer.filter(|doer| {
                    doer.is_machine || (is_told_who || is_placed) && may_be_asked(doer)
                });
                let client = around.from.or_else(|| {
                    let exposes = self.pieces.lower(at).starts_with("expos");
                    around.to.filter(|_| exposes)
                });
                // "The Core serves the agents on port 80"
                let served = || {
                    self.nouns.list(at + 1).filter(|who| {
                        ["serv", "answer"]
                            .iter()
                            .any(|stem| self.pieces.lower(at).starts_with(stem))
                            && self.is_somebody(who, at + 1)
                    })
                };
                let client = client
                    .or_else(|| around.purpose.filter(|who| who.is_machine))
                    .or_else(served);
                let ends = Ends::of(client.as_ref(), doer);
                // "accepts SSH from the bastion", below the name of who does.
                Some(if doer.is_none() && self.pieces.lower(at).ends_with('s') {
                    ends.seen_from_here()
                } else {
                    ends
                })
            }
            Verb::Use => {
                let is_needed = !self.pieces.lower(at).starts_with("us");
                if is_needed && let Some(client) = self.opened_to(at + 1) {
                    let ends = Ends::of(Some(&client), doer);
                    return Some(ends.seen_from_here());
                }
                let doer = doer?;
                if self.uses_among(doer, at + 1) {
                    return Some(reciprocal::mutual(doer));
                }
                let around = self.around(at + 1);
                let server = around
                    .verb_object
                    .or(around.access_to)
                    .or_else(|| self.access_to_port(at + 1))
                    .or_else(|| self.open_on(at + 1, doer).filter(|_| is_needed));
                if let Some(server) = server {
                    return Some(Ends::of(Some(doer), Some(&server)));
                }
                // "needs port 80 to be accessible by the nodes"
                let is_reached =
                    (at + 1..self.pieces.len()).any(|at| is_reachable(self.pieces.lower(at)));
                let by = around.by.filter(|by| is_reached && by.is_machine);
                let client = around.from.or(by).filter(|_| is_needed)?;
                Some(Ends::of(Some(&client), Some(doer)))
            }
            Verb::Open | Verb::Close => {
                let doer = doer.filter(|doer| may_be_asked(doer))?;
                let around = self.around(at + 1);
                if around.from.is_none() && self.goes_out() {
                    return Some(Ends::of(Some(doer), Some(&around.to?)));
                }
                let client = around.from?;
                Some(Ends::of(Some(&client), Some(doer)))
            }
        }
    }

    pub(super) fn passive(
        &self,
        doer: Option<&NounPhrase>,
        at: usize,
        class: Option<Verb>,
    ) -> Option<Ends> {
        let around = self.around(at + 1);
        if around.is_relayed {
            return None;
        }
        match class {
            // "Backups are pulled by the vault from all nodes"
            Some(Verb::Transfer) if self.pulls(at) && around.by.is_some() => {
                Some(Ends::of(around.by.as_ref(), around.from.as_ref()))
            }
            Some(Verb::Transfer) => {
                let client = around.by.or(around.from);
                let ends = Ends::of(client.as_ref(), around.to.as_ref());
                Some(if ends.server.is_some() {
                    ends.seen_from_here()
                } else {
                    ends
                })
            }
            Some(Verb::Ask) | None => {
                let is_reached = class.is_some() || is_reachable(self.pieces.lower(at));
                // "Queried by the Core", below the name of who is.
                if doer.is_none()
                    && let Some(by) = &around.by
                {
                    return Some(Ends::of(Some(by), None).seen_from_here());
                }
                let is_told_who = around.by.is_some() || around.from.is_some();
                let runs =
                    |doer: &&NounPhrase| doer.is_machine || is_told_who && may_be_asked(doer);
                let server = doer.filter(|doer| is_reached && runs(doer))?;
                let client = around
                    .by
                    .or(around.from)
                    .or(around.to)
                    .or(around.purpose.filter(|who| who.is_machine));
                Some(Ends::of(client.as_ref(), Some(server)))
            }
            Some(Verb::Serve) if self.pieces.lower(at).starts_with("expos") => {
                let server = doer.filter(|doer| doer.is_machine);
                Some(Ends::of(around.to.as_ref(), server))
            }
            Some(Verb::Serve | Verb::Open | Verb::Close | Verb::Use) => None,
        }
    }
}
