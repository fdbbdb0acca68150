//! Clauses whose subject is a port: `must be open on the Core`, `is accessible to agents`.

use super::{Ends, Grammar, is_reachable, permitted::may_be_asked};
use crate::document::prose::{
    verb::is_participle,
    verb_place::verb_at,
    vocabulary::{is_auxiliary, is_preposition},
    words::Kind,
};

impl Grammar<'_> {
    /// A clause whose subject is a port: `must be open on the Core`, `is used by agents to reach the Core`.
    pub(super) fn port_clause(&self, start: usize) -> Option<Ends> {
        // "ports on the Core must be accessible to the Edge": where they are stands before the verb.
        let place = self
            .pieces
            .is_any(start, &["on", "of", "at"])
            .then(|| self.nouns.list(start + 1))
            .flatten()
            .filter(|place| place.is_machine);
        let behind = place
            .as_ref()
            .map_or(start, |place| self.behind_role(place.end));
        let Some(place) = place.filter(|_| self.verb_group(behind).is_some()) else {
            return self.port_verb(start);
        };
        let mut ends = self.port_verb(behind)?;
        if ends.server.is_none() {
            ends.server = Some(place.text);
            ends.direction = None;
        }
        Some(ends)
    }

    /// The place behind what machines are there as: `(on the Core) acting as a hub`, `(on the Core) running in the cloud`.
    fn behind_role(&self, start: usize) -> usize {
        let is_role = self.pieces.lower(start).ends_with("ing")
            && self
                .pieces
                .is_any(start + 1, &["as", "in", "at", "on", "under"])
            && !self.pieces.is_port(start + 2);
        if !is_role {
            return start;
        }
        (start + 2..start + MOST_ROLE)
            .find(|at| is_auxiliary(self.pieces.lower(*at)))
            .unwrap_or(start)
    }

    /// The same from the verb on.
    fn port_verb(&self, start: usize) -> Option<Ends> {
        let mut at = start;
        // "443/tcp (HTTPS) must be open", "8140, used by agents to ..."
        while let Some(end) = self.bracket(at) {
            at = end;
        }
        if self.pieces.kind(at) == Some(Kind::Comma) {
            at += 1;
        }
        let group = self.verb_group(at);
        let (at, is_verb) = match &group {
            Some(group) => (group.verb, true),
            None => (at, false),
        };
        let lower = self.pieces.lower(at);
        let is_open = is_verb && (is_participle(lower) || is_reachable(lower))
            || verb_at(self.pieces, at).is_some() && is_participle(lower)
            || is_reachable(lower)
            || is_preposition(lower)
            || matches!(lower, "inbound" | "outbound" | "incoming" | "outgoing");
        if !is_open {
            return None;
        }
        if let Some(ends) = self.used_by(at).filter(|ends| ends.n_known() == 2) {
            return Some(ends);
        }
        let around = self.around(if is_preposition(lower) { at } else { at + 1 });
        if around.is_relayed {
            return None;
        }
        if let (Some(client), Some(server)) = (&around.by, &around.verb_object) {
            return Some(Ends::of(Some(client), Some(server)));
        }
        if let (Some(client), Some(server)) = (&around.purpose, &around.verb_object) {
            return Some(Ends::of(Some(client), Some(server)));
        }
        if let Some((one, other)) = around.between {
            return Some(Ends {
                is_mutual: true,
                ..Ends::of(Some(&one), Some(&other))
            });
        }
        if lower.starts_with("expos") {
            return Some(Ends::of(
                around.to.as_ref().or(around.from.as_ref()),
                around.on.as_ref(),
            ));
        }
        // "443/tcp to the Core"
        if !is_verb && lower == "to" && around.from.is_none() {
            return Some(Ends::of(None, around.to.as_ref()).seen_from_here());
        }
        if lower.starts_with("open")
            && around.from.is_none()
            && let Some(to) = (start..self.pieces.len()).find(|at| self.pieces.is(*at, "to"))
            && let Some(client) = self.askers(to + 1)
        {
            return Some(Ends::of(Some(&client), around.on.as_ref()).seen_from_here());
        }
        // "must be accessible to the Edge": to whom something is accessible asks it, and nothing is accessible to where it is.
        if is_accessible(lower)
            && let Some(client) = around.from.as_ref().or(around.to.as_ref())
        {
            let (client, further) = match (&around.to, &around.from) {
                (Some(to), Some(from)) if to.end < from.end => (to, Some(from)),
                (Some(to), Some(from)) => (from, Some(to)),
                (Some(_) | None, None) | (None, Some(_)) => (client, around.further_from.as_ref()),
            };
            // Without a word that joins the two, one of them belongs to something else.
            let is_also = further.is_some_and(|further| {
                (client.end..further.end).any(|at| self.pieces.is_any(at, &["also", "and"]))
            });
            if further.is_some() && !is_also {
                return Some(Ends::of(around.from.as_ref(), around.on.as_ref()).seen_from_here());
            }
            let mut ends = Ends::of(Some(client), around.on.as_ref()).seen_from_here();
            ends.further_client = further.map(|further| further.text.clone());
            return Some(ends);
        }
        // "only enabled in Kubernetes" is a condition.
        if lower.starts_with("enabl") && around.from.is_none() {
            return None;
        }
        // "open to X" may mean either end, unless the other is known.
        let server = around.on.or(around.to.filter(|_| around.from.is_some()));
        // "must be accessible by the nodes"
        let client = around
            .from
            .or_else(|| {
                let is_asked = is_reachable(lower) || is_contacted(lower);
                around.by.filter(|by| is_asked && Self::is_whoever(by))
            })
            // "must be open on the Core for the agents"
            .or_else(|| {
                let is_placed = server.as_ref().is_some_and(|on| on.is_machine)
                    || self.leading_place().is_some();
                self.for_whom(at)
                    .filter(|who| is_placed && lower.starts_with("open") && may_be_asked(who))
            });
        let mut ends = Ends::of(client.as_ref(), server.as_ref());
        ends.further_client = around.further_from.map(|further| further.text);
        Some(if ends.client.is_some() {
            ends.seen_from_here()
        } else {
            ends
        })
    }
}

/// What machines are there as takes no more words.
const MOST_ROLE: usize = 8;

/// Participles of a port that somebody else asks; one that is monitored or managed may be so by a firewall.
fn is_contacted(lower: &str) -> bool {
    matches!(
        lower,
        "contacted" | "accessed" | "reached" | "queried" | "polled" | "scraped" | "called"
    )
}

/// Adjectives of what somebody else can ask; unlike `open`, they say nothing of where a firewall lets something through.
fn is_accessible(lower: &str) -> bool {
    matches!(lower, "accessible" | "reachable" | "available" | "visible")
}
