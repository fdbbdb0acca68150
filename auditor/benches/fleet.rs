//! What a fleet costs: joining and judging what 1,000 hosts saw of 1,000 flows each, and reading their messages. With 10000 as an
//! argument it is so many hosts, which takes 13 GiB.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

#[path = "fleet/host.rs"]
mod host;

use std::{path::Path, time::Instant};

use auditor::{
    audit::Policy,
    deployment::Deployment,
    fleet::{
        message::{ConfigurationDigest, FlowState, ShardState},
        shard::shards,
        state::{FleetState, HostRecord},
        verdict::{Overview, Question},
        wire,
    },
    matrix::Matrix,
};
use jiff::Timestamp;

use self::host::{MATRIX, WINDOW, conversations, flow, said, writer};

/// Hosts, and the flows that each of them sees: half of them it asks, half of them it is asked.
const SIZES: [(u32, u32); 2] = [(1_000, 1_000), (10_000, 1_000)];
const DEFAULT: u32 = 1_000;
const NOW: i64 = 1_800_000_000;

fn main() {
    let wanted = std::env::args().filter_map(|argument| argument.parse().ok());
    let wanted: Vec<u32> = wanted.collect();
    for (n_hosts, n_flows) in SIZES {
        if wanted.contains(&n_hosts) || wanted.is_empty() && n_hosts == DEFAULT {
            bench(n_hosts, n_flows);
        }
    }
}

fn bench(n_hosts: u32, n_flows: u32) {
    let state = fleet(n_hosts, n_flows);
    let held = memory("VmRSS:");
    let deployment = "matrix = \"m.toml\"\n[roles]\nhost = [\"10.0.0.0/8\"]\n";
    let deployment = Deployment::parse(Path::new("a.toml"), deployment).expect("a deployment");
    let matrix = Matrix::parse(Path::new("m.toml"), MATRIX).expect("a matrix");
    let begin = Instant::now();
    let question = Question {
        now: at(0),
        window: WINDOW,
        heard_since: None,
        configuration: &ConfigurationDigest::default(),
        pushed: None,
    };
    let overview = Overview::of(&state, question);
    let joined = begin.elapsed().as_secs_f64();
    let n_conversations = overview.conversations.len();
    let lookup = &mut |_: &str| Err(String::new());
    let host = &overview.observed.host;
    let policy = Policy::new(&[matrix], Some(&deployment), &[], host, lookup).expect("roles");
    let verdict = overview.judge(&policy);
    let judged = begin.elapsed().as_secs_f64();
    println!(
        "{n_hosts} hosts of {n_flows} flows: {n_conversations} conversations, joined in {joined:.1} s and judged in {:.1} s of one core; states take {held:.1} GiB, all of it {:.1} GiB at most",
        judged - joined,
        memory("VmHWM:")
    );
    assert_eq!(verdict.courses.len(), n_conversations);
    drop(verdict);
    let record = state.hosts.values().next().expect("a host");
    let begin = Instant::now();
    let (mut n_bytes, mut n_read) = (0, 0);
    for shard in record.shards.values() {
        let bytes = wire::write_shard(shard).expect("a short message");
        n_bytes += bytes.len();
        n_read += wire::read_shard(&bytes).expect("a message").flows.len();
    }
    println!(
        "  a host's flows: {n_bytes} bytes in {} messages, {:.0} bytes a flow; written and read in {:.1} µs a flow",
        record.shards.len(),
        n_bytes as f64 / n_read as f64,
        begin.elapsed().as_secs_f64() * 1e6 / n_read as f64
    );
}

fn fleet(n_hosts: u32, n_flows: u32) -> FleetState {
    let mut state = FleetState::default();
    for host in 0..n_hosts {
        let record = record(host, n_hosts, n_flows);
        state.hosts.insert(format!("host-{host}"), record);
    }
    state
}

fn record(host: u32, n_hosts: u32, n_flows: u32) -> HostRecord {
    let moments = (at(-10_000), at(-1));
    let state = said(host, moments, &ConfigurationDigest::default());
    let mut record = HostRecord {
        host: Some((state, at(-1))),
        ..HostRecord::default()
    };
    for conversation in conversations(host, n_hosts, n_flows) {
        let n_packets = 20 + u64::from(conversation.0 % 100);
        let flow = FlowState {
            flow: flow(conversation, n_packets, (at(-300), at(-100))),
            asked: Some(at(-100)),
            said: Some(at(-100)),
            processes: Vec::new(),
        };
        for shard in shards(&flow.flow) {
            let state = record.shards.entry(shard).or_insert_with(|| ShardState {
                writer: writer(host),
                shard,
                at: at(-1),
                flows: Vec::new(),
            });
            state.flows.push(flow.clone());
        }
    }
    // As they are when they were read.
    for state in record.shards.values_mut() {
        state.flows.shrink_to_fit();
    }
    record
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW + second).expect("a moment")
}

/// What this process holds, or held at most, in GiB.
fn memory(field: &str) -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix(field));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes: f64 = kibibytes
        .and_then(|text| text.parse().ok())
        .expect("a size");
    kibibytes / 1_048_576.0
}
