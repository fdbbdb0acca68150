//! Drains lose nothing and count nothing twice, with all CPUs busy and as many drains as the host can do meanwhile.
//!
//! Packets come from test runs, whose number is known: so many that programs are interrupted between their look at which
//! half is written to and their last write to it. Where drains do not wait for those, counts are off by some to some
//! thousands of 40 million (tried).

use std::collections::BTreeMap;

use auditor::capture::{Sizes, Table, Wait};
use auditor_common::{PortKind, Reason, SharedHalf, Tally, flow::counted::PACKET_BITS, mode};
use aya::{
    Ebpf, EbpfLoader,
    maps::{Array, PerCpuArray},
    programs::{Program, TestRunOptions},
};
use etherparse::PacketBuilder;

use crate::{
    fixture::program::{self, OBJECT},
    harness::{Need::Kernel, tests},
};

tests! {
    what_no_longer_fits_into_a_place_is_counted_beside_it: [Kernel],
    drains_under_load_are_exact: [Kernel],
    drains_of_the_shared_table_under_load_are_exact: [Kernel],
    drains_without_membarrier_are_exact: [Kernel],
    few_and_many_are_drained_out_of_the_shared_table: [Kernel],
}

const XDP: &str = "ingress_xdp";

/// Test runs of each sender, and packets of a run: 40 million with two senders. Between runs of XDP the kernel changes its own
/// code, which takes a while; with few runs hardly any packet finds the table full.
struct Load {
    runs: u32,
    repeat: u32,
    is_too_much: bool,
}

const LONG: Load = Load {
    runs: 200,
    repeat: 100_000,
    is_too_much: false,
};
const SHORT: Load = Load {
    runs: 20_000,
    repeat: 1_000,
    is_too_much: true,
};
const SENDERS: u32 = 2;
const PORT: u16 = 8080;
/// Senders' addresses: some find a bucket of their CPU, some one of the shared table, and some neither.
const PEERS: u16 = 60;
const PLACES: u32 = 16;
const SHARED: u32 = 16;

fn frames(peers: u16) -> Vec<Vec<u8>> {
    (0..peers)
        .map(|peer| {
            let [high, low] = peer.to_be_bytes();
            let mut frame = Vec::new();
            PacketBuilder::ethernet2([2; 6], [4; 6])
                .ipv4([10, 0, high, low], [10, 1, 0, 1], 64)
                .tcp(40_000, PORT, 1, 1000)
                .ack(1)
                .write(&mut frame, &[0; 6])
                .unwrap();
            frame
        })
        .collect()
}

/// Loads the programs with a small table, and one of them into the kernel.
fn load(program: &str, mode: u8, wait: Wait, shared: u32) -> (Ebpf, Table) {
    let n_cpus = u32::try_from(aya::util::nr_cpus().unwrap()).unwrap();
    let sizes = Sizes {
        buckets_4: PLACES,
        buckets_6: PLACES,
        shared,
        n_cpus,
    };
    let globals = sizes.globals();
    let mut loader = EbpfLoader::new();
    loader.override_global("MODE", &mode, true);
    for (name, value) in &globals {
        loader.override_global(name, value, true);
    }
    for (name, entries) in sizes.entries() {
        loader.map_max_entries(name, entries);
    }
    let mut ebpf = loader.load(OBJECT).unwrap();
    program::load(&mut ebpf, program);
    let table = Table::map(&ebpf, sizes).unwrap().waiting(wait);
    table.add_known_port(PortKind::Listening, 6, PORT);
    (ebpf, table)
}

/// Sends from one CPU; returns how many packets.
fn storm(program: &Program, load: &Load, cpu: usize, frames: &[Vec<u8>]) -> u64 {
    program::stay_on(cpu);
    for (_, frame) in (0..load.runs).zip(frames.iter().cycle()) {
        let options = TestRunOptions {
            data_in: Some(frame),
            repeat: load.repeat,
            ..TestRunOptions::new()
        };
        program::run(program, options);
    }
    u64::from(load.runs) * u64::from(load.repeat)
}

/// What was counted without a flow for want of room: the same packets by reason, and by port.
fn without_flow(ebpf: &Ebpf) -> (Tally, u64) {
    let tallies: PerCpuArray<_, Tally> =
        PerCpuArray::try_from(ebpf.map("TALLIES").unwrap()).unwrap();
    let full = tallies.get(&Reason::TableFull.index(), 0).unwrap();
    let by_reason = full.iter().fold(Tally::default(), |sum, part| Tally {
        packets: sum.packets + part.packets,
        bytes: sum.bytes + part.bytes,
    });
    let lost: Array<_, Tally> = Array::try_from(ebpf.map("LOST").unwrap()).unwrap();
    let by_port = lost.iter().map(|tally| tally.unwrap().packets).sum();
    (by_reason, by_port)
}

#[track_caller]
fn check(program: &str, storms: &Load, mode: u8, wait: Wait) {
    let (ebpf, mut table) = load(program, mode, wait, SHARED);
    let frames = frames(PEERS);
    let (mut packets, mut bytes, mut passed) = (0, 0, 0);
    let mut n_drains = 0;
    let mut drain = || {
        let totals = table
            .drain(&mut |_, record| {
                packets += record.packets.iter().sum::<u64>();
                bytes += record.bytes.iter().sum::<u64>();
            })
            .unwrap();
        passed += totals.packets();
        n_drains += 1;
    };
    let sent = std::thread::scope(|scope| {
        let one = ebpf.program(program).unwrap();
        let senders: Vec<_> = (0..SENDERS as usize)
            .map(|sender| {
                let frames = &frames;
                let n_cpus = std::thread::available_parallelism().unwrap().get();
                scope.spawn(move || storm(one, storms, sender % n_cpus, frames))
            })
            .collect();
        while !senders
            .iter()
            .all(std::thread::ScopedJoinHandle::is_finished)
        {
            drain();
        }
        senders
            .into_iter()
            .map(|sender| sender.join().unwrap())
            .sum::<u64>()
    });
    drain();
    drain();
    let (by_reason, by_port) = without_flow(&ebpf);
    let what = format!("{program}, {n_drains} drains");
    assert_eq!(packets + by_reason.packets, sent, "{what}: packets");
    assert_eq!(bytes + by_reason.bytes, 60 * sent, "{what}: bytes");
    assert_eq!(passed, sent, "{what}: all that passed");
    assert_eq!(by_reason.packets, by_port, "{what}: by port");
    assert!(packets != 0, "{what}: a table");
    assert!(!storms.is_too_much || by_port != 0, "{what}: a small table");
}

fn what_no_longer_fits_into_a_place_is_counted_beside_it() {
    let (ebpf, mut table) = load("ingress_tc", 0, Wait::new().unwrap(), SHARED);
    // Where the packets of a bucket have no more bits.
    let most = 1 << (PACKET_BITS - 1);
    let load = Load {
        runs: 3,
        repeat: most / 2 + 100,
        is_too_much: false,
    };
    let one = frames(1);
    let sent = std::thread::scope(|scope| {
        let program = ebpf.program("ingress_tc").unwrap();
        scope
            .spawn(|| storm(program, &load, 0, &one))
            .join()
            .unwrap()
    });
    let mut found = Vec::new();
    table
        .drain(&mut |_, record| {
            found.push((record.packets[0], record.bytes[0]));
        })
        .unwrap();
    found.sort_unstable();
    let more = sent - u64::from(most);
    let expected = [more, most.into()].map(|packets| (packets, 60 * packets));
    assert_eq!(found, expected);
}

fn drains_under_load_are_exact() {
    check(XDP, &LONG, 0, Wait::new().unwrap());
    check("ingress_tc", &SHORT, 0, Wait::new().unwrap());
}

fn drains_of_the_shared_table_under_load_are_exact() {
    check("egress_tc", &SHORT, mode::SHARED, Wait::new().unwrap());
}

fn drains_without_membarrier_are_exact() {
    check("ingress_tc", &SHORT, 0, Wait::update().unwrap());
}

/// Few are drained by their list, many by reading all of the table: one after the other, so that what one leaves behind would be
/// found by the next.
fn few_and_many_are_drained_out_of_the_shared_table() {
    let few = u16::try_from(SharedHalf::LISTED).unwrap();
    let many = 4 * few;
    let (ebpf, mut table) = load("egress_tc", mode::SHARED, Wait::new().unwrap(), 1 << 14);
    for peers in [few, many, 3, few + 1, few, many, 0, 1] {
        let load = Load {
            runs: peers.into(),
            repeat: 2,
            is_too_much: false,
        };
        storm(ebpf.program("egress_tc").unwrap(), &load, 0, &frames(peers));
        let mut found = BTreeMap::new();
        let totals = table
            .drain(&mut |key, record| {
                let packets = found.entry(*key).or_insert([0; 2]);
                for (sum, more) in packets.iter_mut().zip(record.packets) {
                    *sum += more;
                }
            })
            .unwrap();
        assert_eq!(found.len(), usize::from(peers), "{peers} peers");
        let is_exact = found
            .values()
            .all(|packets| packets.iter().sum::<u64>() == 2);
        assert!(is_exact, "{peers} peers: {found:?}");
        assert_eq!(totals.packets(), 2 * u64::from(peers), "{peers} peers");
        assert_eq!(table.found().shared_4, u32::from(peers), "{peers} peers");
    }
}
