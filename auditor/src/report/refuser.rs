//! Who says that a packet did not arrive: the senders of ICMP errors.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use auditor_common::port::protocol;

use crate::observed::{Flow, Outcome};

/// The senders of ICMP errors, by who got them.
pub(super) struct Refusers(BTreeMap<IpAddr, BTreeSet<IpAddr>>);

impl Refusers {
    pub(super) fn of(flows: &[Flow]) -> Self {
        let mut senders: BTreeMap<IpAddr, BTreeSet<IpAddr>> = BTreeMap::new();
        for error in flows.iter().filter(|flow| is_error(flow)) {
            senders
                .entry(error.server)
                .or_default()
                .insert(error.client);
        }
        Self(senders)
    }

    /// Who may have sent the errors about a flow's packets; empty if its outcome does not rest on any.
    pub(super) fn about(&self, flow: &Flow, outcome: Outcome) -> Vec<IpAddr> {
        let is_refused =
            outcome == Outcome::Refused && 0 < flow.refusals && flow.to_client.resets == 0;
        let is_lost = outcome == Outcome::Attempted && flow.is_unreachable;
        if !is_refused && !is_lost {
            return Vec::new();
        }
        let senders = self.0.get(&flow.client);
        senders.into_iter().flatten().copied().collect()
    }
}

/// Whether a flow is of destination unreachable, time exceeded and the like (RFC 792, RFC 4443).
fn is_error(flow: &Flow) -> bool {
    matches!(
        (flow.protocol, flow.port),
        (protocol::ICMP, 3 | 11 | 12) | (protocol::ICMPV6, 1..=4)
    )
}
