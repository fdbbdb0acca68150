//! Tallies of packets that are in no flow to gaps.

use std::collections::BTreeMap;

use auditor_common::{Slot, Tally};
use jiff::Timestamp;

use crate::observed::{Cause, Gap};

type OfPackets = fn(u64) -> Cause;

/// What the tallies say was not seen.
pub(crate) fn causes(tallies: &BTreeMap<Slot, Tally>) -> impl Iterator<Item = Cause> + '_ {
    let causes: [(Slot, OfPackets); 3] = [
        (Slot::TableFull, |packets| Cause::TableFull { packets }),
        (Slot::TooDeep, |packets| Cause::TooDeep { packets }),
        (Slot::Inside, |packets| Cause::InsideUnread { packets }),
    ];
    let cause = |(slot, cause): (Slot, OfPackets)| {
        let tally = tallies.get(&slot)?;
        (0 < tally.packets).then(|| cause(tally.packets))
    };
    causes.into_iter().filter_map(cause)
}

/// Counts of the same kind together.
fn sum(one: &Cause, other: &Cause) -> Cause {
    match (one, other) {
        (Cause::TableFull { packets: a }, Cause::TableFull { packets: b }) => {
            Cause::TableFull { packets: a + b }
        }
        (Cause::InsideUnread { packets: a }, Cause::InsideUnread { packets: b }) => {
            Cause::InsideUnread { packets: a + b }
        }
        (Cause::TooDeep { packets: a }, Cause::TooDeep { packets: b }) => {
            Cause::TooDeep { packets: a + b }
        }
        (_, other) => other.clone(),
    }
}

/// Turns tallies that grow from turn to turn into gaps; one that goes on from turn to turn is one gap.
#[derive(Default)]
pub(crate) struct UncountedGaps {
    /// Packets as of the last turn.
    counted: BTreeMap<Slot, u64>,
    /// Gaps that the last turn left open.
    open: BTreeMap<Slot, Gap>,
}

impl UncountedGaps {
    /// The gaps that are new or grew since the last turn.
    pub(crate) fn update(
        &mut self,
        tallies: &BTreeMap<Slot, Tally>,
        last_turn: Timestamp,
        now: Timestamp,
    ) -> Vec<Gap> {
        let mut gaps = Vec::new();
        for slot in [Slot::TableFull, Slot::TooDeep, Slot::Inside] {
            let packets = tallies.get(&slot).map_or(0, |tally| tally.packets);
            let before = self.counted.insert(slot, packets).unwrap_or_default();
            let open = self.open.remove(&slot);
            if packets == before {
                continue;
            }
            let more = Tally {
                packets: packets - before,
                bytes: 0,
            };
            let Some(cause) = causes(&BTreeMap::from([(slot, more)])).next() else {
                continue;
            };
            let gap = Gap {
                cause: open
                    .as_ref()
                    .map_or_else(|| cause.clone(), |open| sum(&open.cause, &cause)),
                from: open.map_or(last_turn, |open| open.from),
                until: Some(now),
            };
            self.open.insert(slot, gap.clone());
            gaps.push(gap);
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use auditor_common::{Slot, Tally};
    use jiff::Timestamp;

    use super::UncountedGaps;
    use crate::observed::{Cause, Gap};

    #[test]
    fn what_grows_from_turn_to_turn_is_one_gap() {
        let mut gaps = UncountedGaps::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut turn = |second: i64, packets: u64| {
            let tally = Tally { packets, bytes: 0 };
            let tallies = BTreeMap::from([(Slot::TableFull, tally)]);
            gaps.update(&tallies, at(second - 10), at(second))
        };
        let gap = |packets, from, until| Gap {
            cause: Cause::TableFull { packets },
            from: at(from),
            until: Some(at(until)),
        };
        assert_eq!(turn(10, 0), []);
        assert_eq!(turn(20, 3), [gap(3, 10, 20)]);
        assert_eq!(turn(30, 5), [gap(5, 10, 30)]);
        assert_eq!(turn(40, 5), []);
        assert_eq!(turn(50, 6), [gap(1, 40, 50)]);
    }
}
