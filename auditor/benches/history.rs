//! What remembering costs: the size of a month's history of a hundred thousand flows, and the time to save and to open it.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

use std::{collections::BTreeSet, net::Ipv4Addr, time::Instant};

use auditor::{
    history::{History, Store},
    observed::{DirectionCounters, Flow},
};
use auditor_common::Evidence;
use jiff::{SignedDuration, Timestamp};

const FLOWS: u32 = 100_000;
const ROUNDS: i64 = 31;

fn main() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("history.db");
    let mut store = Store::open(&path).expect("a database");
    let mut history = store.load().expect("an empty history");
    let begin = Timestamp::from_second(1_800_000_000).expect("a time");
    history.begin(begin);
    let mut saved = Vec::new();
    // Every flow is seen on every day.
    for day in 1..=ROUNDS {
        let now = begin + SignedDuration::from_hours(24 * day);
        let flows = (0..FLOWS).map(|n| flow(n, day, begin, now)).collect();
        history.update(flows, now);
        let started = Instant::now();
        store
            .save(&mut history, &BTreeSet::new(), None, &[], &[])
            .expect("room on the disk");
        saved.push(started.elapsed().as_secs_f64());
    }
    drop(store);
    let size: u64 = std::fs::read_dir(directory.path())
        .expect("the directory")
        .map(|entry| entry.expect("a file").metadata().expect("its size").len())
        .sum();
    let started = Instant::now();
    let store = Store::open(&path).expect("the database");
    let history: History = store.load().expect("the history");
    let opened = started.elapsed().as_secs_f64();
    saved.sort_by(f64::total_cmp);
    println!(
        "{} flows, {ROUNDS} days: {:.1} MB on disk ({:.0} bytes a flow); opened in {opened:.2} s; all of them saved in {:.2} s",
        history.len(),
        size as f64 / 1e6,
        size as f64 / f64::from(FLOWS),
        saved.get(saved.len() / 2).copied().expect("a time"),
    );
}

fn flow(n: u32, day: i64, first: Timestamp, last: Timestamp) -> Flow {
    let packets = u64::try_from(day).expect("a day") * 1_000_000;
    let way = DirectionCounters {
        packets,
        fragments: 0,
        bytes: packets * 1000,
        resets: 0,
        flags: 0x1b,
    };
    Flow {
        client: Ipv4Addr::from(0x0a00_0000 + n).into(),
        server: Ipv4Addr::from(0xc0a8_0000 + n % 64).into(),
        protocol: 6,
        port: u16::try_from(n % 60_000).expect("a port"),
        interface: "eth0".to_owned(),
        tunnel: None,
        to_server: way,
        to_client: way,
        requests: packets / 100,
        replies: packets / 100,
        refusals: 0,
        first,
        last,
        evidence: Evidence::Handshake,
        translated: BTreeSet::new(),
        remembered: None,
        client_direction: None,
        client_port: None,
        is_unreachable: false,
    }
}
