//! What is known of all hosts: the last message of each subject, and what is wrong with them.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{
    message::{HostState, ShardState, Writer},
    shard::SHARDS,
    wire::{self, WireError},
};
use crate::fleet_name::is_name;

/// The stream that holds the messages, and what its subjects begin with.
pub const STREAM: &str = "AUDITOR";
pub const SUBJECTS: &str = "auditor.>";

/// Clocks that are apart by no more than this count as equal: a message takes its time as well.
const TOLERANCE: SignedDuration = SignedDuration::from_secs(2);
/// More problems are counted and not kept.
const MOST_PROBLEMS: usize = 1000;

/// The states of all hosts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FleetState {
    /// By name.
    pub hosts: BTreeMap<String, HostRecord>,
    /// What is wrong with messages, by subject.
    pub problems: BTreeMap<String, String>,
    pub problems_left_out: usize,
}

/// What is known of a host.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostRecord {
    /// What it said last of itself, and when the server took that.
    pub host: Option<(HostState, Timestamp)>,
    pub shards: BTreeMap<u16, ShardState>,
    /// Another machine that wants to publish under this name, and when it said so.
    pub rival: Option<(Writer, Timestamp)>,
}

/// A message that cannot be what its subject says.
#[derive(Debug, Error)]
pub enum MessageError {
    #[error("nothing is published under such a subject")]
    Subject,
    #[error("it says that it is of `{writer}`")]
    Writer { writer: String },
    #[error("it says that it is of shard {shard}")]
    Shard { shard: u16 },
    #[error(transparent)]
    Wire(#[from] WireError),
}

/// What a subject is about.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Subject<'a> {
    Host(&'a str),
    Flows(u16, &'a str),
    Rival(&'a str),
}

/// The name of a host as a part of a subject, in which a dot would begin the next part.
pub fn token(name: &str) -> String {
    name.replace('.', ":")
}

/// The subject of a host's state.
pub fn host_subject(name: &str) -> String {
    format!("auditor.host.{}", token(name))
}

/// The subject of a host's flows in a shard.
pub fn flows_subject(shard: u16, name: &str) -> String {
    format!("auditor.flows.{shard}.{}", token(name))
}

/// The subject by which a machine says that another one has its name.
pub fn rival_subject(name: &str) -> String {
    format!("auditor.rival.{}", token(name))
}

fn subject(text: &str) -> Option<Subject<'_>> {
    let parts: Vec<&str> = text.split('.').collect();
    match parts.as_slice() {
        ["auditor", "host", name] => Some(Subject::Host(name)),
        ["auditor", "rival", name] => Some(Subject::Rival(name)),
        ["auditor", "flows", shard, name] => {
            let shard = shard.parse().ok().filter(|shard| *shard < SHARDS)?;
            Some(Subject::Flows(shard, name))
        }
        _ => None,
    }
}

impl FleetState {
    /// Takes a message over, which replaces the one that its subject had before. One that is wrong is a problem of its subject,
    /// and what was known before stays.
    pub fn take(&mut self, subject: &str, payload: &[u8], stored: Timestamp) {
        match self.read(subject, payload, stored) {
            Ok(()) => {
                self.problems.remove(subject);
            }
            Err(error) => {
                let text = format!("{:#}", anyhow::Error::from(error));
                if self.problems.len() < MOST_PROBLEMS || self.problems.contains_key(subject) {
                    self.problems.insert(subject.to_owned(), text);
                } else {
                    self.problems_left_out += 1;
                }
            }
        }
    }

    fn read(&mut self, text: &str, payload: &[u8], stored: Timestamp) -> Result<(), MessageError> {
        let subject = subject(text).ok_or(MessageError::Subject)?;
        let check = |writer: &Writer, part: &str| {
            if is_name(&writer.name) && token(&writer.name) == part {
                Ok(())
            } else {
                let writer = writer.name.clone();
                Err(MessageError::Writer { writer })
            }
        };
        match subject {
            Subject::Host(part) => {
                let state = wire::read_host(payload)?;
                check(&state.writer, part)?;
                let writer = state.writer.clone();
                self.record(&writer).host = Some((state, stored));
            }
            Subject::Rival(part) => {
                let state = wire::read_host(payload)?;
                check(&state.writer, part)?;
                self.record(&state.writer).rival = Some((state.writer.clone(), stored));
            }
            Subject::Flows(shard, part) => {
                let state = wire::read_shard(payload)?;
                check(&state.writer, part)?;
                if state.shard != shard {
                    let shard = state.shard;
                    return Err(MessageError::Shard { shard });
                }
                self.record(&state.writer).shards.insert(shard, state);
            }
        }
        Ok(())
    }

    fn record(&mut self, writer: &Writer) -> &mut HostRecord {
        self.hosts.entry(writer.name.clone()).or_default()
    }
}

impl HostRecord {
    /// By how much the server's clock is ahead of the host's, as far as its last message tells.
    pub fn offset(&self) -> SignedDuration {
        let ahead = self
            .host
            .as_ref()
            .map_or(SignedDuration::ZERO, |(state, stored)| {
                stored.duration_since(state.at)
            });
        if ahead.abs() <= TOLERANCE {
            SignedDuration::ZERO
        } else {
            ahead
        }
    }

    /// Its flows that are of the machine that speaks for it now, in one shard.
    pub fn shard(&self, shard: u16) -> Option<&ShardState> {
        let (host, _) = self.host.as_ref()?;
        let state = self.shards.get(&shard)?;
        (state.writer == host.writer).then_some(state)
    }

    /// Another machine that published under its name, if one did.
    pub fn other_machine(&self) -> Option<&str> {
        let (host, stored) = self.host.as_ref()?;
        // What is left of a machine that this one took over from is no rival of it.
        let rival = self.rival.as_ref().filter(|(rival, at)| {
            let since = stored.duration_since(*at);
            rival.machine != host.writer.machine && since < 6 * host.every
        });
        rival.map(|(rival, _)| rival.machine.as_str())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use jiff::{SignedDuration, Timestamp};

    use super::{FleetState, flows_subject, host_subject, rival_subject};
    use crate::fleet::{
        message::{ConfigurationDigest, HostState, ShardState, Writer},
        wire::{write_host, write_shard},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn writer(name: &str, machine: &str) -> Writer {
        Writer {
            name: name.to_owned(),
            machine: machine.to_owned(),
        }
    }

    fn host(name: &str, machine: &str) -> Vec<u8> {
        let state = HostState {
            writer: writer(name, machine),
            version: "1".to_owned(),
            kernel: "6".to_owned(),
            at: at(100),
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
            flows_left_out: 0,
        };
        write_host(&state).unwrap()
    }

    fn shard(name: &str, machine: &str, shard: u16) -> Vec<u8> {
        let state = ShardState {
            writer: writer(name, machine),
            shard,
            at: at(100),
            flows: Vec::new(),
        };
        write_shard(&state).unwrap()
    }

    #[test]
    fn a_message_is_of_whom_its_subject_names() {
        let mut fleet = FleetState::default();
        let name = "db-1.example.com";
        fleet.take(&host_subject(name), &host(name, "m"), at(100));
        fleet.take(&flows_subject(7, name), &shard(name, "m", 7), at(100));
        assert_eq!(fleet.problems, BTreeMap::new());
        assert!(fleet.hosts[name].shard(7).is_some());
        for (subject, payload) in [
            (host_subject("web"), host(name, "m")),
            (flows_subject(8, name), shard(name, "m", 7)),
            (flows_subject(99, name), shard(name, "m", 7)),
            ("auditor.host.a.b".to_owned(), host("a.b", "m")),
            ("auditor.other".to_owned(), Vec::new()),
            (host_subject("x"), b"AUD\x09".to_vec()),
        ] {
            fleet.take(&subject, &payload, at(101));
            assert!(fleet.problems.contains_key(&subject), "{subject}");
        }
        assert_eq!(fleet.hosts.len(), 1);
        let version = &fleet.problems[&host_subject("x")];
        assert!(version.contains("version 9"), "{version}");
        // What is right again is no problem any more.
        fleet.take(&host_subject("web"), &host("web", "m"), at(102));
        assert!(!fleet.problems.contains_key(&host_subject("web")));
    }

    #[test]
    fn a_second_machine_of_one_name_is_told() {
        let mut fleet = FleetState::default();
        fleet.take(&host_subject("a"), &host("a", "one"), at(100));
        fleet.take(&flows_subject(7, "a"), &shard("a", "other", 7), at(100));
        // Those of the other machine are not taken for this one's.
        assert_eq!(fleet.hosts["a"].shard(7), None);
        assert_eq!(fleet.hosts["a"].other_machine(), None);
        fleet.take(&rival_subject("a"), &host("a", "other"), at(101));
        assert_eq!(fleet.hosts["a"].other_machine(), Some("other"));
        // It has not said so for long.
        fleet.take(&host_subject("a"), &host("a", "one"), at(200));
        assert_eq!(fleet.hosts["a"].other_machine(), None);
    }

    #[test]
    fn clocks_that_are_apart_are_known_by_the_servers() {
        let mut fleet = FleetState::default();
        fleet.take(&host_subject("a"), &host("a", "m"), at(101));
        assert_eq!(fleet.hosts["a"].offset(), SignedDuration::ZERO);
        fleet.take(&host_subject("a"), &host("a", "m"), at(40));
        assert_eq!(fleet.hosts["a"].offset(), SignedDuration::from_secs(-60));
    }
}
