//! Turns packets that are in no flow into gaps.

use std::collections::BTreeMap;

use auditor_common::{Reason, Tally};
use jiff::Timestamp;

use crate::observed::{Cause, Gap};

/// The causes of gaps that packets in no flow amount to.
pub(crate) fn causes(without_flow: &BTreeMap<Reason, Tally>) -> impl Iterator<Item = Cause> + '_ {
    let may_hide =
        |(reason, tally): &(&Reason, &Tally)| reason.may_hide_traffic() && 0 < tally.packets;
    without_flow
        .iter()
        .filter(may_hide)
        .map(|(reason, tally)| Cause::Uncounted {
            reason: *reason,
            packets: tally.packets,
        })
}

/// Turns growing counts into gaps; growth over consecutive turns is one gap.
#[derive(Default)]
pub(crate) struct UncountedGaps {
    /// Packets as of the last turn.
    counted: BTreeMap<Reason, u64>,
    /// The start and the packets of each gap whose reason counted packets in the last turn.
    open: BTreeMap<Reason, (Timestamp, u64)>,
}

impl UncountedGaps {
    /// The gaps that are new or grew since the last turn.
    pub(crate) fn update(
        &mut self,
        without_flow: &BTreeMap<Reason, Tally>,
        last_turn: Timestamp,
        now: Timestamp,
    ) -> Vec<Gap> {
        let mut gaps = Vec::new();
        let hiding = Reason::ALL
            .into_iter()
            .filter(|reason| reason.may_hide_traffic());
        for reason in hiding {
            let counted = without_flow.get(&reason).map_or(0, |tally| tally.packets);
            let before = self.counted.insert(reason, counted).unwrap_or_default();
            let open = self.open.remove(&reason);
            if counted == before {
                continue;
            }
            let (from, known) = open.unwrap_or((last_turn, 0));
            let packets = known + counted - before;
            self.open.insert(reason, (from, packets));
            gaps.push(Gap {
                cause: Cause::Uncounted { reason, packets },
                from,
                until: Some(now),
            });
        }
        gaps
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use auditor_common::{Reason, Tally};
    use jiff::Timestamp;

    use super::UncountedGaps;
    use crate::observed::{Cause, Gap};

    #[test]
    fn what_grows_from_turn_to_turn_is_one_gap() {
        let mut gaps = UncountedGaps::default();
        let at = |second| Timestamp::from_second(second).unwrap();
        let mut turn = |second: i64, packets: u64| {
            let tally = Tally { packets, bytes: 0 };
            let without_flow = BTreeMap::from([(Reason::TableFull, tally)]);
            gaps.update(&without_flow, at(second - 10), at(second))
        };
        let gap = |packets, from, until| Gap {
            cause: Cause::Uncounted {
                reason: Reason::TableFull,
                packets,
            },
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
