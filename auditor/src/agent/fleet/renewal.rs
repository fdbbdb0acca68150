//! A stream that is made anew: what was told stays, until those who spoke before had their time to say again what they saw.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use tokio::time::Instant;

use crate::{fleet::state::FleetState, output::say};

/// What is known of the stream.
#[derive(Debug, Default)]
pub(super) struct Renewal {
    /// When the stream was made that was read last.
    made: Option<Timestamp>,
    /// The hosts that were heard, and within which time each speaks again.
    heard: BTreeMap<String, Duration>,
    /// Since when another stream is read.
    since: Option<Instant>,
    /// Whether that was said.
    is_said: bool,
}

/// What a turn may rest on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Ground {
    Whole,
    /// The stream is a new one, and so many of so many hosts have said again what they saw.
    Beginning(usize, usize),
}

/// A host that has missed so many of its own times to speak does not speak again.
const MISSED: u32 = 3;
/// Nobody waits longer for a host that speaks rarely.
const LONGEST: Duration = Duration::from_mins(5);

impl Renewal {
    /// Whether what was read of a stream, which was made at that time, is all that is so.
    pub(super) fn is_whole(&mut self, state: &FleetState, made: Timestamp, now: Instant) -> bool {
        match self.look(state, made, now) {
            Ground::Whole => {
                if std::mem::take(&mut self.is_said) {
                    say(
                        "auditor: the hosts of the fleet had their time to say again what they saw",
                    );
                }
                true
            }
            Ground::Beginning(n_again, n_hosts) => {
                if !std::mem::replace(&mut self.is_said, true) {
                    say(&format!(
                        "auditor: the stream of the fleet was made anew, and {n_again} of {n_hosts} hosts have said again what they saw; what was found stays as it is until the others had their time to"
                    ));
                }
                false
            }
        }
    }

    fn look(&mut self, state: &FleetState, made: Timestamp, now: Instant) -> Ground {
        if self.made.replace(made).is_some_and(|before| before != made) {
            self.since = Some(now);
        }
        if let Some(since) = self.since {
            let n_again = self
                .heard
                .keys()
                .filter(|name| has_said_all(state, name))
                .count();
            let longest = self.heard.values().max().copied().unwrap_or_default();
            let wait = (MISSED * longest).min(LONGEST);
            if n_again < self.heard.len() && now.duration_since(since) < wait {
                return Ground::Beginning(n_again, self.heard.len());
            }
            self.since = None;
        }
        self.heard = state
            .hosts
            .iter()
            .filter_map(|(name, record)| {
                let (host, _) = record.host.as_ref()?;
                Some((name.clone(), host.every.unsigned_abs()))
            })
            .collect();
        Ground::Whole
    }
}

/// Whether a host has published its flows and itself.
fn has_said_all(state: &FleetState, name: &str) -> bool {
    let host = state
        .hosts
        .get(name)
        .and_then(|record| record.host.as_ref());
    // Until its flows are there it says that it left out all of them.
    host.is_some_and(|(host, _)| host.flows_left_out != u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        time::Duration,
    };

    use jiff::{SignedDuration, Timestamp};

    use super::{super::super::clock, Ground, Renewal};
    use crate::fleet::{
        message::{ConfigurationDigest, HostState, Writer},
        state::{FleetState, HostRecord},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// Hosts that speak every ten seconds, and what each has left out.
    fn fleet(hosts: &[(&str, u64)]) -> FleetState {
        let record = |name: &str, flows_left_out| {
            let host = HostState {
                writer: Writer {
                    name: name.to_owned(),
                    machine: String::new(),
                },
                version: String::new(),
                kernel: String::new(),
                at: at(0),
                every: SignedDuration::from_secs(10),
                since: at(0),
                window: SignedDuration::from_mins(10),
                addresses: BTreeSet::new(),
                networks: BTreeSet::new(),
                roles: Vec::new(),
                interfaces: Vec::new(),
                unwatched: BTreeSet::new(),
                configuration: ConfigurationDigest {
                    deployment: None,
                    matrices: BTreeMap::new(),
                    pushed: None,
                },
                gaps: Vec::new(),
                hidden: BTreeSet::new(),
                idle: BTreeSet::new(),
                listeners: BTreeSet::new(),
                flows_left_out,
            };
            HostRecord {
                host: Some((host, at(0))),
                ..HostRecord::default()
            }
        };
        FleetState {
            hosts: hosts
                .iter()
                .map(|(name, left_out)| ((*name).to_owned(), record(name, *left_out)))
                .collect(),
            ..FleetState::default()
        }
    }

    #[test]
    fn nothing_is_told_until_who_spoke_before_spoke_again() {
        let now = clock::monotonic();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut renewal = Renewal::default();
        let both = fleet(&[("a", 0), ("b", 0)]);
        assert_eq!(renewal.look(&both, at(1), now), Ground::Whole);
        // One that is gone from the same stream is gone.
        assert_eq!(renewal.look(&both, at(1), after(1)), Ground::Whole);
        let none = FleetState::default();
        assert_eq!(
            renewal.look(&none, at(2), after(2)),
            Ground::Beginning(0, 2)
        );
        let begun = fleet(&[("a", 0), ("b", u64::MAX)]);
        assert_eq!(
            renewal.look(&begun, at(2), after(3)),
            Ground::Beginning(1, 2)
        );
        assert_eq!(renewal.look(&both, at(2), after(4)), Ground::Whole);
        // Who does not speak again holds up nothing for ever.
        assert_eq!(
            renewal.look(&none, at(3), after(5)),
            Ground::Beginning(0, 2)
        );
        assert_eq!(
            renewal.look(&none, at(3), after(34)),
            Ground::Beginning(0, 2)
        );
        assert_eq!(renewal.look(&none, at(3), after(35)), Ground::Whole);
    }
}
