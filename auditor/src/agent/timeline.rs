//! Counts over time, in few enough steps for a chart.

use auditor_common::{Direction, Tally, Totals};
use jiff::Timestamp;

use crate::observed::Point;

/// The most steps that are kept: beyond this, each two are merged into one.
const MOST: usize = 240;

/// Counts in steps of equal length: one second at first, doubled whenever there are too many.
#[derive(Debug)]
pub(crate) struct Timeline {
    points: Vec<Point>,
    /// Ticks in a step.
    length: u32,
    n_ticks: u32,
    last: Totals,
}

impl Timeline {
    pub(crate) fn new() -> Self {
        Self {
            points: Vec::new(),
            length: 1,
            n_ticks: 0,
            last: Totals::default(),
        }
    }

    /// Adds what was counted since the last tick; called at each tick.
    pub(crate) fn tick(&mut self, now: Timestamp, totals: Totals) {
        let [received, sent] = Direction::ALL.map(|direction| {
            let (now, before) = (totals.of(direction), self.last.of(direction));
            Tally {
                packets: now.packets.saturating_sub(before.packets),
                bytes: now.bytes.saturating_sub(before.bytes),
            }
        });
        self.last = totals;
        let point = Point {
            from: now,
            received,
            sent,
        };
        if self.n_ticks.is_multiple_of(self.length) {
            self.points.push(point);
        } else if let Some(last) = self.points.last_mut() {
            *last = sum(last, &point);
        }
        self.n_ticks += 1;
        if MOST < self.points.len() && self.n_ticks.is_multiple_of(2 * self.length) {
            self.points = self
                .points
                .chunks(2)
                .filter_map(|pair| pair.iter().copied().reduce(|one, other| sum(&one, &other)))
                .collect();
            self.length *= 2;
        }
    }

    pub(crate) fn points(&self) -> Vec<Point> {
        self.points.clone()
    }
}

fn sum(one: &Point, other: &Point) -> Point {
    let add = |one: Tally, other: Tally| Tally {
        packets: one.packets + other.packets,
        bytes: one.bytes + other.bytes,
    };
    Point {
        from: one.from,
        received: add(one.received, other.received),
        sent: add(one.sent, other.sent),
    }
}

#[cfg(test)]
mod tests {
    use auditor_common::{Tally, Totals};
    use jiff::Timestamp;

    use super::{MOST, Timeline};

    #[test]
    fn every_packet_is_in_a_step_and_the_steps_are_alike() {
        for n_ticks in [1, 2, 239, 240, 241, 500, 1000, 5000] {
            let mut timeline = Timeline::new();
            for tick in 1..=n_ticks {
                let tally = |factor| Tally {
                    packets: tick * factor,
                    bytes: tick * factor * 100,
                };
                let now = Timestamp::from_second(i64::try_from(tick).unwrap()).unwrap();
                let totals = Totals {
                    received: tally(1),
                    sent: tally(2),
                };
                timeline.tick(now, totals);
            }
            let points = timeline.points();
            assert!(
                !points.is_empty() && points.len() <= MOST + 1,
                "{n_ticks}: {}",
                points.len()
            );
            let packets: u64 = points.iter().map(|point| point.received.packets).sum();
            let bytes: u64 = points.iter().map(|point| point.sent.bytes).sum();
            assert_eq!((packets, bytes), (n_ticks, n_ticks * 200));
            let full = &points[..points.len() - 1];
            assert!(
                full.iter()
                    .all(|point| point.received.packets == u64::from(timeline.length))
            );
        }
    }
}
