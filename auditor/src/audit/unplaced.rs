//! What this host sent of which no flow is left: to whom is not known, so it is a finding by its port.

use std::collections::BTreeMap;

use auditor_common::{Direction, Reason, Tally, lost::Lost, port::protocol};
use jiff::{civil::Date, tz::TimeZone};

use super::policy::{Policy, port_ranges};
use crate::{
    matrix::Presence,
    observed::{Cause, Observed},
    transport::Transport,
};

/// What was sent in the window without a place, by port.
///
/// Where the table was full nobody knows which side asked, so all of it counts. Of answers that made room for others it is
/// known that this host was asked, and on which port: one that a rule opens tells nothing, since whoever the rule is for may
/// have asked.
pub(super) fn judge(policy: &Policy, observed: &Observed) -> BTreeMap<Lost, Tally> {
    let is_in_window = |wanted: Reason| {
        observed.gaps.iter().any(|gap| {
            let Cause::Uncounted { reason, .. } = gap.cause else {
                return false;
            };
            reason == wanted && gap.reaches(observed.window.start)
        })
    };
    let start = observed.dates.of(observed.window.start);
    let today = start.to_zoned(TimeZone::UTC).date();
    let mut unplaced = BTreeMap::new();
    let mut add = |sent: &mut dyn Iterator<Item = (&Lost, &Tally)>| {
        for (what, tally) in sent.filter(|(what, _)| what.direction == Direction::Egress) {
            *unplaced.entry(*what).or_insert_with(Tally::default) += *tally;
        }
    };
    if is_in_window(Reason::TableFull) {
        add(&mut observed.lost.iter());
    }
    if is_in_window(Reason::Unproven) {
        let answers = observed.unproven.answers.iter();
        add(&mut answers
            .filter(|(what, _)| !is_ping(**what) && !may_be_documented(policy, **what, today)));
    }
    unplaced
}

/// Whether a kernel answers it by itself, whoever asks.
const fn is_ping(answer: Lost) -> bool {
    matches!(answer.protocol, protocol::ICMP | protocol::ICMPV6)
}

/// Whether a rule, an exception or housekeeping may let somebody ask this host on that port.
fn may_be_documented(policy: &Policy, answer: Lost, today: Date) -> bool {
    let transport = Transport::from_protocol(answer.protocol);
    let opens = policy.rules.iter().any(|one| {
        one.applies
            && one.rule.presence != Presence::Forbidden
            && one.server.is_ours
            && Some(one.rule.transport) == transport
            && port_ranges(&one.rule.ports)
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&answer.port))
    });
    let is_excepted = policy.exceptions.iter().any(|one| {
        let exception = &one.exception;
        exception.until.is_none_or(|until| today <= until)
            && exception.is_about(answer.protocol, answer.port)
    });
    // DHCP (RFC 2131, RFC 8415).
    let is_housekeeping = policy.housekeeping
        && transport == Some(Transport::Udp)
        && matches!(answer.port, 67 | 68 | 546 | 547);
    opens || is_excepted || is_housekeeping
}
