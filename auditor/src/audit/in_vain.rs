//! Servers of a rule that were asked in vain, while others answered.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use jiff::Timestamp;

use super::policy::PolicyRule;
use crate::{
    observed::{Flow, Host, Observed, Outcome, REPLY_TIMEOUT},
    transport::Transport,
};

/// What was asked in vain: a server's address and port, and what came of it.
pub type InVain = BTreeMap<(IpAddr, u16), Outcome>;

/// Of a rule's flows, the services that clients of this host, or of a fleet, asked since `from` and that answered nobody: refused or
/// silent. Where one of several ports is enough, a server that answered on another one is none of them.
pub(super) fn in_vain(
    rule: &PolicyRule,
    observed: &Observed,
    flows: &[&Flow],
    from: Timestamp,
) -> InVain {
    let host = &observed.host;
    let mut answered: BTreeSet<(IpAddr, u16)> = BTreeSet::new();
    let mut asked = InVain::new();
    for flow in flows.iter().copied() {
        let service = (flow.server, flow.port);
        match flow.outcome_since(from) {
            // What somebody else asked, or made up, tells nothing.
            Outcome::Refused | Outcome::Attempted if !is_asked(host, flow) => {}
            outcome @ (Outcome::Refused | Outcome::Attempted) => {
                if may_be_told(observed, flow, outcome, from) {
                    let known = asked.entry(service).or_insert(outcome);
                    // A refusal says more than silence.
                    *known = outcome.min(*known);
                } else {
                    answered.insert(service);
                }
            }
            Outcome::Established | Outcome::OneWay | Outcome::Accepted | Outcome::Unknown => {
                answered.insert(service);
            }
        }
    }
    let is_enough = rule.rule.alternatives;
    asked.retain(|(address, port), _| {
        let mut on_any = answered.iter().filter(|(server, _)| server == address);
        !on_any.any(|(_, other)| is_enough || other == port)
    });
    asked
}

/// Whether the client's packets left a host that is watched, so that nobody else made them up. In a fleet that is what the client's
/// own host saw; what only others saw of it may be in anybody's name.
fn is_asked(host: &Host, flow: &Flow) -> bool {
    if host.fleet.is_some() {
        return flow.is_client_here();
    }
    host.has(flow.client) && (flow.is_client_here() || host.is_captured)
}

/// Whether an answer would have been seen.
fn may_be_told(observed: &Observed, flow: &Flow, outcome: Outcome, from: Timestamp) -> bool {
    if outcome == Outcome::Refused {
        return true;
    }
    // What followed an answer from just before acknowledges that.
    let answered = flow.remembered.and_then(|remembered| remembered.answered);
    let was_answered = answered.is_some_and(|at| from.duration_since(at) <= REPLY_TIMEOUT);
    let is_late = observed.window.end.duration_since(flow.first) < REPLY_TIMEOUT;
    // Answers to datagrams may come in by an interface that is not watched; what is said on a connection acknowledges them.
    let is_elsewhere =
        flow.transport() != Some(Transport::Tcp) && !observed.host.unwatched.is_empty();
    !is_late && !is_elsewhere && !was_answered
}
