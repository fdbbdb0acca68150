//! What a fuzzer asks for, and nobody else: it is no part of what the library promises.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};

pub use crate::agent::http::Surface;
use crate::{
    agent::configuration::Content,
    audit::Policy,
    command,
    fleet::{
        judged_as_one,
        message::ConfigurationDigest,
        schema::FleetReport,
        state::{FleetState, flows_subject, host_subject, rival_subject},
        verdict::{Overview, Question},
        wire,
    },
    report::Report,
};

/// Reads a report as the verbs do that are given one.
///
/// # Errors
///
/// It is none.
pub fn report(text: &str) -> anyhow::Result<Report> {
    command::parse_report(Path::new("report"), text)
}

/// Takes messages of hosts `a` and `b` as a fleet's watch does, a line each, and judges what they say. Returns the fleet's report,
/// and the same in the shape of a host's.
///
/// # Errors
///
/// Nothing can be judged by no matrix.
pub fn messages(lines: &[u8]) -> anyhow::Result<(FleetReport, Report)> {
    let mut state = FleetState::default();
    let now = Timestamp::from_second(NOW)?;
    for line in lines.split(|byte| *byte == b'\n') {
        let packed = wire::packed(line)?;
        for payload in [line, &packed] {
            let shard = wire::read_shard(payload).map_or(0, |flows| flows.shard);
            for name in ["a", "b"] {
                state.take(&host_subject(name), payload, now);
                state.take(&rival_subject(name), payload, now);
                state.take(&flows_subject(shard, name), payload, now);
            }
        }
    }
    let question = Question {
        now,
        window: SignedDuration::from_mins(10),
        heard_since: None,
        configuration: &ConfigurationDigest::default(),
        pushed: None,
    };
    let overview = Overview::of(&state, question);
    let host = &overview.observed.host;
    let policy = Policy::new(&[], None, &[], host, &mut |_| Ok(Vec::new()))?;
    let verdict = overview.judge(&policy);
    let (report, judged) = FleetReport::new(&state, verdict, policy, Vec::new());
    let as_one = judged_as_one(&judged, &report);
    Ok((report, as_one))
}

/// Takes bytes for what is pushed to a fleet, as they are and as the content of a value, and reads that as a host does.
///
/// # Errors
///
/// No host could use it.
pub fn pushed(bytes: &[u8]) -> anyhow::Result<()> {
    let packed = wire::packed_pushed(bytes)?;
    for value in [bytes, &packed] {
        if let Ok((configuration, _)) = wire::read_pushed(value) {
            Content::of_pushed(&configuration, None)?;
        }
    }
    Ok(())
}

/// When they are judged.
const NOW: i64 = 10_000;
