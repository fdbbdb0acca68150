//! What counting a packet costs: nanoseconds above an empty program of the same type, held against floors that are
//! measured in turn with it. `--json FILE` writes the figures; `--check` fails where a goal is missed; `--peers OBJECT:PROGRAM`
//! measures a program of another tool beside ours instead.
//!
//! The kernel measures: each figure is the least of several test runs of many packets, each packet the next one of its load. What
//! else the machine does meanwhile only adds to a run.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    clippy::type_complexity,
    clippy::wildcard_enum_match_arm,
    clippy::large_stack_arrays,
    reason = "a bench prints its figures, stops where it cannot measure, and reads the clock"
)]

use std::{collections::BTreeMap, time::Instant};

use auditor::capture::{Sizes, Table};
use auditor_common::PortKind;
use aya::{
    Ebpf, EbpfLoader,
    maps::{Array, PerCpuHashMap},
    programs::{Program, TestRun as _, TestRunAttrs, TestRunOptions},
};
use etherparse::PacketBuilder;

use merge::merged;
use peer::Peer;

#[path = "packets/goals.rs"]
mod goals;
#[path = "packets/merge.rs"]
mod merge;
#[path = "packets/peer.rs"]
mod peer;

static OBJECT: &[u8] = aya::include_bytes_aligned!(concat!(env!("OUT_DIR"), "/auditor-bench"));

/// Buckets of a CPU's half: as `auditor audit` has them, and with room for the largest load at less than 40%; and for as many
/// flows as are drained at most.
const BUCKETS: [u32; 2] = [1 << 14, 1 << 18];
const MOST_BUCKETS: u32 = 1 << 22;
/// Frames that live at once, as many as a NIC's driver hands over.
const BATCH: u32 = 64;
/// Packets of a test run: many beside what a run costs once, and few enough that some runs are not disturbed by whatever else the
/// machine does.
const REPEAT: u32 = 500_000;
const ROUNDS: usize = 24;
/// Drains of which the median is told.
const DRAINS: usize = 5;

/// A load: how many addresses and ports its packets come from.
struct Load {
    name: &'static str,
    addresses: u32,
    ports: u32,
    frames: Frames,
    /// All its flows are kept, in a table made for them.
    is_large: bool,
    repeat: u32,
    rounds: usize,
}

/// What the packets of a load are.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Frames {
    /// Of conversations with a port that this host knows as a server's.
    Kept,
    /// Of conversations of which neither port is known.
    Unknown,
    /// Requests, each from an address of its own.
    Requests,
}

/// As many requests as come in the time between two looks at the table, at 100,000 a second.
const NEW_ONES: u32 = 5_000;

const LOADS: [Load; 9] = [
    kept("one TCP flow", 1, 1),
    Load {
        frames: Frames::Unknown,
        ..kept("its server unknown", 1, 1)
    },
    kept("1,000 peers", 1_000, 1),
    kept("100,000 5-tuples", 64, 1_563),
    Load {
        frames: Frames::Unknown,
        is_large: true,
        ..kept("their server unknown", 64, 1_563)
    },
    Load {
        is_large: true,
        ..kept("100,000 peers", 100_000, 1)
    },
    kept("more than buckets", 100_000, 1),
    // Beyond a quarter of the buckets, requests from outside are counted by port.
    Load {
        frames: Frames::Requests,
        ..kept("flood of SYNs", 1 << 24, 1)
    },
    Load {
        frames: Frames::Requests,
        repeat: NEW_ONES,
        rounds: 8 * ROUNDS,
        ..kept("100,000 new a second", 1 << 24, 1)
    },
];

/// A load of conversations that began before.
const fn kept(name: &'static str, addresses: u32, ports: u32) -> Load {
    Load {
        name,
        addresses,
        ports,
        frames: Frames::Kept,
        is_large: false,
        repeat: REPEAT,
        rounds: ROUNDS,
    }
}

/// The programs of a hook: an empty one, floors, and ours.
const HOOKS: [(&str, [&str; 5]); 3] = [
    (
        "xdp in",
        ["empty_xdp", "array_xdp", "line_xdp", "hash_xdp", "ours_xdp"],
    ),
    (
        "tc in",
        ["empty_tc", "array_tc", "line_tc", "hash_tc", "ours_tc"],
    ),
    (
        "tc out",
        ["empty_tc", "array_tc", "line_tc", "hash_tc", "ours_tc_out"],
    ),
];
const PROGRAMS: [&str; 5] = [
    "empty program",
    "per-CPU array",
    "a cache line a peer",
    "per-CPU hash",
    "auditor",
];
/// Those of them that read IPv4 without a tag only.
const FLOORS: std::ops::Range<usize> = 1..4;
const OURS: usize = 4;

fn main() {
    // Cargo hands `--bench` over as well.
    let after = |flag: &str| std::env::args().skip_while(|one| one != flag).nth(1);
    let (json, only) = (after("--json"), after("--only").unwrap_or_default());
    let is_check = std::env::args().any(|one| one == "--check");
    let mut n_missed = 0;
    let mut bench = Bench::load();
    if let Some(peer) = after("--peers") {
        bench.beside(&Peer::load(&peer).expect("a program of a peer"), &only);
        return;
    }
    let mut figures = serde_json::Map::new();
    println!("nanoseconds a packet above an empty program; its own cost stands beside it\n");
    for (shape, frame) in shapes() {
        let live = format!("{shape}, xdp in, live frames");
        if live.contains(&only) {
            let [empty, ours] = bench.live(&frame(Frames::Kept), shape);
            println!(
                "{live}: {ours:.0} ns a frame, {empty:.0} with an empty program: {:.0}% of its rate\n",
                100.0 * empty / ours
            );
            figures.insert(live, (empty / ours).into());
        }
        for (hook, programs) in HOOKS {
            let name = format!("{shape}, {hook}");
            let is_wanted = |load: &Load| format!("{name}, {}", load.name).contains(&only);
            let rows = bench.hook(&programs, shape, frame, &is_wanted);
            if !rows.is_empty() {
                print_rows(&name, &rows);
                if is_check && shape == "IPv4" {
                    n_missed += goals::missed(hook, &rows);
                }
                for (index, program) in PROGRAMS.iter().enumerate() {
                    let figures_of = rows
                        .iter()
                        .map(|(load, row)| (load.clone(), row[index].into()));
                    figures.insert(
                        format!("{name}, {program}"),
                        figures_of.collect::<serde_json::Map<_, _>>().into(),
                    );
                }
            }
        }
    }
    if is_check {
        println!("{n_missed} goals missed");
        std::process::exit(i32::from(0 < n_missed));
    }
    println!("\nflows merged in user space: seconds of one core, and MiB that they take there");
    for n_flows in [1_000_u32, 100_000, 1_000_000] {
        let (seconds, memory) = merged(n_flows);
        println!("  {n_flows:>9} flows {seconds:>10.4} {memory:>8.1}");
        figures.insert(format!("merge {n_flows}"), seconds.into());
        figures.insert(format!("memory {n_flows}"), memory.into());
    }
    println!("\ndrained, milliseconds (waiting for programs included)");
    for n_flows in [1_000_u32, 100_000, 1_000_000] {
        let milliseconds = bench.drained(n_flows);
        println!("  {n_flows:>9} flows {milliseconds:>10.2}");
        figures.insert(format!("drain {n_flows}"), milliseconds.into());
    }
    if let Some(path) = json {
        let text = serde_json::to_string_pretty(&figures).expect("figures are numbers");
        std::fs::write(&path, text).expect("the file of --json can be written");
    }
}

/// A load's name and, for each program, nanoseconds a packet: of the empty one its own, of the others above it. What a
/// program can't read is 0.
type Row = (String, [f64; 5]);

/// Prints what the loads cost, and how the auditor's cost stands to each floor's.
fn print_rows(name: &str, rows: &[Row]) {
    print!("{name:<22}");
    for program in PROGRAMS {
        print!(" {program:>19}");
    }
    println!("   beside array, line, hash");
    for (load, row) in rows {
        print!("  {load:<20}");
        let has_floors = row[FLOORS].iter().any(|floor| *floor != 0.0);
        for (index, figure) in row.iter().enumerate() {
            if FLOORS.contains(&index) && !has_floors {
                print!(" {:>19}", "");
            } else {
                print!(" {figure:>19.1}");
            }
        }
        if has_floors {
            // A floor below the noise of the clock is no divisor.
            let ratios = row[FLOORS].iter().map(|floor| row[OURS] / floor.max(1.0));
            print!("  ");
            for ratio in ratios {
                print!(" {ratio:>6.2}");
            }
        }
        println!();
    }
    println!();
}

/// Frames of 60 bytes and more, and what they are.
fn shapes() -> [(&'static str, fn(Frames) -> Vec<u8>); 3] {
    fn tcp(step: etherparse::PacketBuilderStep<etherparse::IpHeaders>, frames: Frames) -> Vec<u8> {
        let mut frame = Vec::new();
        let port = if frames == Frames::Unknown {
            8081
        } else {
            8080
        };
        let tcp = step.tcp(40_000, port, 1, 1000);
        let tcp = if frames == Frames::Requests {
            tcp.syn()
        } else {
            tcp.ack(1)
        };
        tcp.write(&mut frame, &[0; 6]).expect("a frame in memory");
        frame
    }
    [
        ("IPv4", |frames| {
            tcp(
                PacketBuilder::ethernet2([2; 6], [4; 6]).ipv4([10, 0, 0, 5], [10, 1, 0, 1], 64),
                frames,
            )
        }),
        ("IPv6", |frames| {
            tcp(
                PacketBuilder::ethernet2([2; 6], [4; 6]).ipv6([0xfd; 16], [0xfe; 16], 64),
                frames,
            )
        }),
        ("VLAN", |frames| {
            let vlan = etherparse::VlanId::try_new(7).expect("a tag");
            tcp(
                PacketBuilder::ethernet2([2; 6], [4; 6])
                    .single_vlan(vlan)
                    .ipv4([10, 0, 0, 5], [10, 1, 0, 1], 64),
                frames,
            )
        }),
    ]
}

/// Where the last bytes of the source address and the source port stand.
fn address_and_port_at(shape: &str) -> (u32, u32) {
    match shape {
        "IPv6" => (14 + 20, 14 + 40),
        "VLAN" => (18 + 12, 18 + 20),
        _ => (14 + 12, 14 + 20),
    }
}

struct Bench {
    /// A loaded object for each shape: where its addresses stand is fixed when it is loaded.
    objects: BTreeMap<(&'static str, u32), (Ebpf, Table)>,
}

impl Bench {
    fn load() -> Self {
        let n_cpus = u32::try_from(aya::util::nr_cpus().expect("the number of CPUs")).expect("few");
        let mut objects = BTreeMap::new();
        let shapes = shapes().map(|(shape, _)| BUCKETS.map(|n_buckets| (shape, n_buckets)));
        let largest = [("IPv4", MOST_BUCKETS)];
        for (shape, n_buckets) in shapes.into_iter().flatten().chain(largest) {
            let buckets_6 = n_buckets.min(BUCKETS[1]);
            let (address, port) = address_and_port_at(shape);
            let secret = 0x0123_4567_89ab_cdef_u64;
            let secrets = [secret, secret.rotate_left(17)];
            let sizes = Sizes {
                buckets_4: n_buckets,
                buckets_6,
                shared: 1 << 17,
                n_cpus,
            };
            let globals = sizes.globals();
            let mut loader = EbpfLoader::new();
            loader
                .override_global("ADDRESS_AT", &address, true)
                .override_global("PORT_AT", &port, true)
                .override_global("SECRET_0", &secrets[0], true)
                .override_global("SECRET_1", &secrets[1], true);
            for (name, value) in &globals {
                loader.override_global(name, value, true);
            }
            for (name, entries) in sizes.entries() {
                loader.map_max_entries(name, entries);
            }
            let loaded = loader.load(OBJECT);
            let mut ebpf = loaded.expect("the kernel takes the programs; run as root");
            let names: Vec<String> = ebpf.programs().map(|(name, _)| name.to_owned()).collect();
            for name in names {
                let program = ebpf.program_mut(&name).expect("it was listed");
                match program {
                    Program::Xdp(program) => program.load().expect("the verifier accepts it"),
                    Program::SchedClassifier(program) => {
                        program.load().expect("the verifier accepts it");
                    }
                    _ => unreachable!("there are no others"),
                }
            }
            let table = Table::map(&ebpf, sizes).expect("memory for the table");
            // The server listens, and this host has opened conversations with it: the usual case.
            for kind in [PortKind::Listening, PortKind::Opened] {
                table.add_known_port(kind, 6, 8080);
            }
            objects.insert((shape, n_buckets), (ebpf, table));
        }
        Self { objects }
    }

    /// What each load costs at a hook.
    fn hook(
        &mut self,
        programs: &[&str; 5],
        shape: &'static str,
        frame: fn(Frames) -> Vec<u8>,
        is_wanted: &dyn Fn(&Load) -> bool,
    ) -> Vec<Row> {
        let rows = LOADS.iter().filter(|load| is_wanted(load)).map(|load| {
            let mut row = self.measure(programs, &frame(load.frames), shape, load);
            let [empty, above @ ..] = &mut row;
            for figure in above {
                *figure -= *empty;
            }
            if shape != "IPv4" {
                row[FLOORS].fill(0.0);
            }
            (load.name.to_owned(), row)
        });
        rows.collect()
    }

    /// The least of each program, run in turn: what else the machine does only adds.
    fn measure(
        &mut self,
        programs: &[&str; 5],
        frame: &[u8],
        shape: &'static str,
        load: &Load,
    ) -> [f64; 5] {
        let key = (shape, BUCKETS[usize::from(load.is_large)]);
        let (ebpf, table) = self.objects.get_mut(&key).expect("loaded");
        let mut times: [Vec<f64>; 5] = Default::default();
        clear_floors(ebpf);
        for round in 0..=load.rounds {
            for (name, times) in programs.iter().zip(&mut times) {
                set_load(ebpf, load, round);
                if load.frames == Frames::Requests && name.starts_with("ours") {
                    clear(table);
                }
                // Each right before its own run: what was just emptied is in the processor's caches.
                if load.repeat == NEW_ONES && name.starts_with("hash") {
                    clear_floors(ebpf);
                }
                let time = run(ebpf, name, frame, load.repeat);
                // The first round fills tables and caches.
                if 0 < round {
                    times.push(time);
                }
            }
        }
        clear(table);
        times.map(least)
    }

    /// Prints what the loads of IPv4 cost with another tool's program, and with ours on the same hook.
    fn beside(&mut self, peer: &Peer, only: &str) {
        for (ebpf, _) in self.objects.values_mut() {
            peer.follow(ebpf);
        }
        let (shape, frame) = shapes()[0];
        let (hook, programs) = if peer.is_xdp {
            (
                "xdp in",
                ["empty_xdp", "array_xdp", "hash_xdp", "peer_xdp", "ours_xdp"],
            )
        } else {
            (
                "tc in",
                ["empty_tc", "array_tc", "hash_tc", "peer_tc", "ours_tc"],
            )
        };
        println!(
            "{shape}, {hook}: nanoseconds a packet above an empty program; {} is called by a tail call\n",
            peer.name
        );
        println!(
            "  {:<22} {:>14} {:>14} {:>24} {:>10} {:>10}",
            "", "per-CPU array", "per-CPU hash", peer.name, "auditor", "ratio"
        );
        for load in LOADS.iter().filter(|load| load.name.contains(only)) {
            let [empty, above @ ..] = self.measure(&programs, &frame(load.frames), shape, load);
            let [array, hash, theirs, ours] = above.map(|figure| figure - empty);
            println!(
                "  {:<22} {array:>14.1} {hash:>14.1} {theirs:>24.1} {ours:>10.1} {:>10.1}",
                load.name,
                theirs / ours.max(1.0)
            );
        }
    }

    /// What a frame costs that goes on into the stack, with an empty program and with ours.
    fn live(&mut self, frame: &[u8], shape: &'static str) -> [f64; 2] {
        let (ebpf, table) = self.objects.get_mut(&(shape, BUCKETS[0])).expect("loaded");
        let mut times: [Vec<f64>; 2] = Default::default();
        for _ in 0..ROUNDS {
            for (name, times) in ["empty_xdp", "ours_xdp"].into_iter().zip(&mut times) {
                set_load(ebpf, &kept("", 1, 1), 0);
                let attrs = TestRunAttrs::new().xdp_live_frames(BATCH);
                times.push(run_as(ebpf, name, frame, REPEAT, attrs));
            }
        }
        clear(table);
        times.map(least)
    }

    /// Milliseconds to take `n_flows` out of the buckets of one CPU.
    fn drained(&mut self, n_flows: u32) -> f64 {
        let n_buckets = if n_flows <= 100_000 {
            BUCKETS[1]
        } else {
            MOST_BUCKETS
        };
        let (ebpf, table) = self.objects.get_mut(&("IPv4", n_buckets)).expect("loaded");
        let mut times = Vec::new();
        for _ in 0..DRAINS {
            clear(table);
            set_load(ebpf, &kept("", n_flows, 1), 0);
            let frame = shapes()[0].1(Frames::Kept);
            run(ebpf, "ours_tc", &frame, n_flows);
            let start = Instant::now();
            let mut found = 0;
            table.drain(&mut |_, _| found += 1).expect("a drain");
            times.push(start.elapsed().as_secs_f64() * 1000.0);
            assert_eq!(found, n_flows as usize, "every flow has a bucket");
        }
        median(times)
    }
}

/// Sets the load, which goes on with other addresses in each round if there are enough.
fn set_load(ebpf: &mut Ebpf, load: &Load, round: usize) {
    let mut map: Array<_, [u32; 4]> =
        Array::try_from(ebpf.map_mut("LOAD").expect("a map")).expect("an array");
    let next = u32::try_from(round)
        .expect("few rounds")
        .wrapping_mul(load.repeat);
    map.set(0, [next, load.addresses, load.ports, 0], 0)
        .expect("the load");
}

/// Empties the half that is written to; returns how many flows it held.
fn clear(table: &mut Table) -> usize {
    let mut n_flows = 0;
    table.take(&mut |_, _| n_flows += 1).expect("its buckets");
    n_flows
}

/// Empties the hash map that is a floor: where it is full, a new key costs less, since it finds no room.
fn clear_floors(ebpf: &mut Ebpf) {
    let mut map: PerCpuHashMap<_, [u64; 5], [u64; 2]> =
        PerCpuHashMap::try_from(ebpf.map_mut("HASH").expect("a map")).expect("a hash map");
    let keys: Vec<[u64; 5]> = map.keys().map(|key| key.expect("a key")).collect();
    for key in keys {
        map.remove(&key).expect("it was listed");
    }
}

/// Nanoseconds a packet, as the kernel measures them.
fn run(ebpf: &mut Ebpf, name: &str, frame: &[u8], repeat: u32) -> f64 {
    run_as(ebpf, name, frame, repeat, TestRunAttrs::new())
}

fn run_as(ebpf: &mut Ebpf, name: &str, frame: &[u8], repeat: u32, attrs: TestRunAttrs) -> f64 {
    let mut options = TestRunOptions {
        data_in: Some(frame),
        repeat,
        attrs,
        ..TestRunOptions::new()
    };
    let context = socket_buffer();
    let result = match ebpf.program_mut(name).expect("a program") {
        Program::Xdp(program) => program.test_run(options),
        Program::SchedClassifier(program) => {
            options.ctx_in = Some(&context);
            program.test_run(options)
        }
        _ => unreachable!("there are no others"),
    };
    result.expect("a test run").duration.as_nanos() as f64
}

/// The start of a `__sk_buff` whose packet passes an interface that is not the loopback, which test runs use otherwise and
/// where the known ports are others.
fn socket_buffer() -> [u8; 44] {
    let interfaces = std::fs::read_dir("/sys/class/net").expect("sysfs");
    let index = interfaces
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("ifindex")).ok())
        .filter_map(|index| index.trim().parse::<u32>().ok())
        .find(|index| 1 < *index)
        .expect("an interface beside the loopback");
    let mut context = [0; 44];
    context[40..].copy_from_slice(&index.to_ne_bytes());
    context
}

fn least(times: Vec<f64>) -> f64 {
    times.into_iter().fold(f64::INFINITY, f64::min)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
