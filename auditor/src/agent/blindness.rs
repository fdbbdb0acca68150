//! A watch on the watch: the kernel counts the packets of each interface anyway, so where its counter goes on and nothing is
//! counted here, something keeps packets from us, whatever it is.
//!
//! The two never agree to the packet: super-packets count once or by their segments, and some drivers update their counters
//! only every few seconds. So only a counter of ours that stands still all the time is compared, with one that clearly moves.

use std::collections::{BTreeMap, VecDeque};

use auditor_common::{Direction, Totals};
use jiff::Timestamp;

use crate::observed::Cause;

/// Samples that are compared, one each second.
const SAMPLES: usize = 10;
/// The kernel's counter must have moved in the latest of them: a driver that is late with its counter is no blindness.
const LATEST: usize = 5;
/// A counter that moves by less may be a protocol of the link, of which nothing reaches the host.
const FEWEST: u64 = 10;

/// What was counted up to a moment.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sample {
    pub(crate) at: Timestamp,
    /// By index, what the kernel counted on the interfaces that are watched and up: received, then sent.
    pub(crate) kernel: BTreeMap<u32, [u64; 2]>,
    /// All that was counted here.
    pub(crate) totals: Totals,
    /// The packets of flows that were counted here, by the interface's index.
    pub(crate) flows: BTreeMap<u32, u64>,
}

/// The latest samples.
#[derive(Debug, Default)]
pub(crate) struct Blindness(VecDeque<Sample>);

impl Blindness {
    pub(crate) fn add(&mut self, sample: Sample) {
        self.0.push_back(sample);
        if SAMPLES < self.0.len() {
            self.0.pop_front();
        }
    }

    /// What is not seen, and since when. `is_loopback` says of which interfaces what is sent is not counted, and `name` how
    /// they are called. At the end of a session fewer samples are enough.
    pub(crate) fn causes(
        &self,
        is_end: bool,
        is_loopback: impl Fn(u32) -> bool,
        name: impl Fn(u32) -> String,
    ) -> BTreeMap<Cause, Timestamp> {
        let mut causes = BTreeMap::new();
        // What was counted is read shortly before the kernel's counters, so these are taken from the sample before the last: what
        // came in between is no blindness.
        let (Some(first), Some(last), Some(kernel)) =
            (self.0.front(), self.0.back(), self.0.iter().rev().nth(1))
        else {
            return causes;
        };
        let enough = if is_end { 3 } else { SAMPLES };
        if self.0.len() < enough {
            return causes;
        }
        let latest = if self.0.len() < SAMPLES {
            first
        } else {
            self.0.iter().rev().nth(LATEST).unwrap_or(first)
        };
        let all_packets = |sample: &Sample| {
            let of = |direction| sample.totals.of(direction).packets;
            of(Direction::Ingress) + of(Direction::Egress)
        };
        let in_flows = |sample: &Sample| sample.flows.values().sum::<u64>();
        // What is in no flow is not known by its interface.
        let in_no_flow = (all_packets(last).saturating_sub(all_packets(first)))
            .saturating_sub(in_flows(last).saturating_sub(in_flows(first)));
        for (interface, now) in &kernel.kernel {
            let flows = |sample: &Sample| sample.flows.get(interface).copied().unwrap_or_default();
            let has_flows = flows(first) < flows(last);
            for direction in Direction::ALL {
                if direction == Direction::Egress && is_loopback(*interface) {
                    continue;
                }
                let moved = |before: &Sample| {
                    let of =
                        |all: &[u64; 2]| all.get(direction.index()).copied().unwrap_or_default();
                    let before = before.kernel.get(interface)?;
                    of(now).checked_sub(of(before))
                };
                // One that was not there all the time is not compared.
                let (Some(all), Some(lately)) = (moved(first), moved(latest)) else {
                    continue;
                };
                let counted = |sample: &Sample| sample.totals.of(direction).packets;
                let nothing_at_all = counted(first) == counted(last);
                let nothing_here = !has_flows && in_no_flow + FEWEST <= all;
                if FEWEST <= lately && (nothing_at_all || nothing_here) {
                    let cause = Cause::Blind {
                        name: name(*interface),
                        direction,
                    };
                    causes.insert(cause, first.at);
                }
            }
        }
        causes
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use auditor_common::{Direction, Tally, Totals};
    use jiff::Timestamp;

    use super::{Blindness, Sample};
    use crate::observed::Cause;

    /// The kernel's counters of two interfaces, all that was counted in both directions, and of flows on each interface.
    type Counted = ([u64; 2], [u64; 2], [u64; 2], [u64; 2]);

    /// What is not seen after this many seconds of the same numbers a second.
    fn after(seconds: i64, each: impl Fn(u64) -> Counted) -> Vec<String> {
        let mut blindness = Blindness::default();
        for second in 0..=seconds {
            let (one, other, totals, flows) = each(second.unsigned_abs());
            let tally = |packets| Tally { packets, bytes: 0 };
            blindness.add(Sample {
                at: Timestamp::from_second(second).unwrap(),
                kernel: BTreeMap::from([(1, one), (2, other)]),
                totals: Totals {
                    received: tally(totals[0]),
                    sent: tally(totals[1]),
                },
                flows: BTreeMap::from([(1, flows[0]), (2, flows[1])]),
            });
        }
        let causes = blindness.causes(false, |_| false, |index| format!("e{index}"));
        let text = |cause: &Cause| {
            let Cause::Blind { name, direction } = cause else {
                panic!("{cause:?}");
            };
            format!("{name} {direction:?}")
        };
        causes.keys().map(text).collect()
    }

    #[test]
    fn a_counter_that_stands_still_is_compared() {
        // All is counted, super-packets by their segments.
        let fine = |n| ([5 * n, 4 * n], [0, 0], [9 * n, 4 * n], [13 * n, 0]);
        assert_eq!(after(20, fine), Vec::<String>::new());
        // Nothing comes in any more.
        let deaf = |n: u64| ([50 * n, 40 * n], [0, 0], [0, 40 * n], [40 * n, 0]);
        assert_eq!(after(20, deaf), ["e1 Ingress"]);
        assert_eq!(after(3, deaf), Vec::<String>::new());
        // One of two is not seen, in both directions.
        let one = |n| {
            (
                [50 * n, 40 * n],
                [9 * n, 8 * n],
                [50 * n, 40 * n],
                [90 * n, 0],
            )
        };
        assert_eq!(after(20, one), ["e2 Ingress", "e2 Egress"]);
        // It has address resolution alone, which is in no flow.
        let arp = |n| ([50 * n, 40 * n], [9 * n, 0], [59 * n, 40 * n], [90 * n, 0]);
        assert_eq!(after(20, arp), Vec::<String>::new());
        // A driver that updates its counter late, after the traffic ended.
        let late = |n: u64| {
            let seen = n.min(10);
            let late = n.saturating_sub(4).min(10);
            (
                [50 * late, 40 * late],
                [0, 0],
                [50 * seen, 40 * seen],
                [90 * seen, 0],
            )
        };
        for seconds in 0..30 {
            assert_eq!(after(seconds, late), Vec::<String>::new(), "{seconds}");
        }
    }

    #[test]
    fn what_was_not_compared_is_not_said() {
        let blindness = Blindness::default();
        assert!(
            blindness
                .causes(true, |_| false, |_| String::new())
                .is_empty()
        );
        assert!(Direction::Ingress < Direction::Egress);
    }
}
