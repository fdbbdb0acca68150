use std::{collections::BTreeSet, io::Write as _, net::IpAddr};

use auditor_common::{Direction, Evidence, packet::Tunnel};
use flate2::{Compression, write::ZlibEncoder};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{
    MARK, MOST_BYTES, MOST_COMPRESSED, VERSION, WireError, read_host, read_shard, write_host,
    write_shard,
};
use crate::{
    escape::tests::foreign,
    fleet::{
        message::{ConfigurationDigest, FlowState, GapState, HostState, ShardState, Writer},
        pushed::PushedDigest,
        shard::SHARDS,
    },
    observed::{DirectionCounters, Endpoints, Flow, Listener, Remembered},
    report::schema::{Part, Process},
    transport::Transport,
};

fn moments() -> impl Strategy<Value = Timestamp> {
    (0_i64..4_000_000_000_000_000).prop_map(|at| Timestamp::from_microsecond(at).unwrap())
}

fn counters() -> impl Strategy<Value = DirectionCounters> {
    any::<(u64, u64, u64, u64, u8)>().prop_map(|(packets, fragments, bytes, resets, flags)| {
        DirectionCounters {
            packets,
            fragments,
            bytes,
            resets,
            flags,
        }
    })
}

fn writers() -> impl Strategy<Value = Writer> {
    (foreign(), foreign()).prop_map(|(name, machine)| Writer { name, machine })
}

fn processes() -> impl Strategy<Value = Process> {
    (any::<u32>(), foreign(), prop::option::of(foreign())).prop_map(|(pid, name, unit)| Process {
        part: Part::Server,
        pid,
        command: name.clone(),
        name,
        container: unit.clone(),
        unit,
        elsewhere: pid % 2 == 0,
    })
}

fn flows() -> impl Strategy<Value = FlowState> {
    let ends = (any::<IpAddr>(), any::<IpAddr>(), any::<u8>(), any::<u16>());
    let counts = (counters(), counters(), any::<[u64; 3]>());
    let times = (
        moments(),
        moments(),
        prop::option::of(prop::option::of(moments())),
        prop::option::of(moments()),
    );
    let rest = (
        1_u64..=11,
        any::<bool>(),
        prop::option::of(any::<bool>()),
        prop::option::of(any::<u16>()),
        prop::collection::vec(processes(), 0..3),
        foreign(),
    );
    (ends, counts, times, rest).prop_map(|(ends, counts, times, rest)| {
        let (client, server, protocol, port) = ends;
        let (to_server, to_client, [requests, replies, refusals]) = counts;
        let (first, last, remembered, asked) = times;
        let (evidence, flag, direction, client_port, processes, interface) = rest;
        let flow = Flow {
            client,
            server,
            protocol,
            port,
            interface,
            tunnel: flag.then_some(Tunnel::Geneve),
            to_server,
            to_client,
            requests,
            replies,
            refusals,
            is_unreachable: flag,
            first,
            last,
            evidence: Evidence::from_number(evidence).unwrap(),
            client_direction: direction.map(|is_here| {
                if is_here {
                    Direction::Egress
                } else {
                    Direction::Ingress
                }
            }),
            client_port,
            translated: client_port
                .map(|port| Endpoints {
                    client: server,
                    server: client,
                    port,
                })
                .into_iter()
                .collect(),
            remembered: remembered.map(|at| Remembered {
                answered: at,
                refused: Some(first),
                one_way: asked,
                accepted: asked,
            }),
        };
        FlowState {
            flow,
            asked,
            said: remembered.flatten(),
            processes,
        }
    })
}

fn shards() -> impl Strategy<Value = ShardState> {
    let flows = prop::collection::vec(flows(), 0..6);
    (writers(), 0..SHARDS, moments(), flows).prop_map(|(writer, shard, at, flows)| ShardState {
        writer,
        shard,
        at,
        flows,
    })
}

fn hosts() -> impl Strategy<Value = HostState> {
    let names = || prop::collection::btree_set(foreign(), 0..4);
    let addresses = prop::collection::btree_set(any::<IpAddr>(), 0..4);
    let gaps = prop::collection::vec((moments(), any::<bool>(), foreign()), 0..3);
    let lists = (names(), names(), names(), addresses);
    (writers(), moments(), 1_i64..86_400, lists, gaps).prop_map(
        |(writer, at, seconds, (hidden, idle, roles, addresses), gaps)| HostState {
            version: writer.name.clone(),
            kernel: writer.machine.clone(),
            writer,
            at,
            every: SignedDuration::from_secs(seconds),
            since: at,
            window: SignedDuration::from_secs(seconds),
            networks: BTreeSet::from(["10.0.0.0/8".parse().unwrap()]),
            listeners: addresses
                .iter()
                .map(|address| Listener {
                    transport: Transport::Sctp,
                    port: 7,
                    address: *address,
                    device: 0,
                })
                .collect(),
            addresses,
            roles: roles.iter().cloned().collect(),
            interfaces: roles.into_iter().collect(),
            unwatched: idle.clone(),
            configuration: ConfigurationDigest {
                deployment: hidden.first().cloned(),
                matrices: idle.iter().map(|one| (one.clone(), one.clone())).collect(),
                pushed: hidden.first().map(|digest| PushedDigest {
                    revision: u64::MAX,
                    sha256: digest.clone(),
                }),
            },
            gaps: gaps
                .into_iter()
                .map(|(from, flag, text)| GapState {
                    from,
                    until: flag.then_some(at),
                    hides: flag,
                    text,
                })
                .collect(),
            hidden,
            idle,
            flows_left_out: 3,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read(host in hosts(), shard in shards()) {
        prop_assert_eq!(read_host(&write_host(&host).unwrap()).unwrap(), host);
        prop_assert_eq!(read_shard(&write_shard(&shard).unwrap()).unwrap(), shard);
    }

    #[test]
    fn garbage_is_an_error(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in any::<prop::sample::Index>(), shard in shards()) {
        prop_assert!(read_host(&bytes).is_err());
        prop_assert!(read_shard(&bytes).is_err());
        // What is damaged or cut short is none, or one all the same, and never a panic.
        let mut message = write_shard(&shard).unwrap();
        prop_assert!(read_shard(&message[..cut.index(message.len())]).is_err());
        let at = cut.index(message.len());
        message[at] ^= 0x10;
        let _either = read_shard(&message);
        let _either = read_host(&message);
    }
}

/// A message of the current version that says this.
fn message(json: &[u8]) -> Vec<u8> {
    let mut bytes = MARK.to_vec();
    bytes.push(VERSION);
    let mut encoder = ZlibEncoder::new(bytes, Compression::best());
    encoder.write_all(json).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn check(bytes: &[u8], expected: &str) {
    let error = read_shard(bytes).unwrap_err();
    let text = format!("{:#}", anyhow::Error::from(error));
    assert!(text.starts_with(expected), "{text}");
}

const WRITER: &str = r#""writer":{"name":"a","machine":"m"},"at":0"#;

#[test]
fn what_is_not_read_is_named() {
    check(b"", "it is no message of an auditor");
    check(b"{}", "it is no message of an auditor");
    check(b"AUD", "it is no message of an auditor");
    check(
        b"AUD\x02whatever comes",
        "it is a message of version 2, and this auditor reads version 1",
    );
    check(b"AUD\x01no zlib", "it cannot be decompressed");
    check(
        &vec![0; MOST_COMPRESSED + 1],
        "it is 1048577 bytes long, and at most 1048576 are read",
    );
    let bomb = vec![b' '; usize::try_from(MOST_BYTES).unwrap() + 1];
    check(&message(&bomb), "it is more than 16777216 bytes");
    check(&message(b"{}"), "it does not say what it should: missing");
    let shard = format!("{{{WRITER},\"shard\":64,\"flows\":[]}}");
    check(
        &message(shard.as_bytes()),
        "`shard` is 64, which means nothing here",
    );
    let long = "n".repeat(257);
    let named = format!(
        "{{\"writer\":{{\"name\":\"{long}\",\"machine\":\"\"}},\"at\":0,\"shard\":0,\"flows\":[]}}"
    );
    check(
        &message(named.as_bytes()),
        "`name` is 257 bytes long, and at most 256 are read",
    );
    let flow = r#"{"client":"10.0.0.1","server":"10.0.0.2","protocol":6,"port":1,"interface":"e","to_server":[0,0,0,0],"to_client":[0,0,0,0],"openings":[0,0,0],"first":0,"last":0,"evidence":1}"#;
    let many = vec![flow; 4097].join(",");
    let many = format!("{{{WRITER},\"shard\":0,\"flows\":[{many}]}}");
    check(
        &message(many.as_bytes()),
        "`flows` has 4097 entries, and at most 4096 are read",
    );
    let odd = flow.replace("\"evidence\":1", "\"evidence\":99");
    let odd = format!("{{{WRITER},\"shard\":0,\"flows\":[{odd}]}}");
    check(
        &message(odd.as_bytes()),
        "`evidence` is 99, which means nothing here",
    );
    let late = flow.replace("\"last\":0", "\"last\":9223372036854775807");
    let late = format!("{{{WRITER},\"shard\":0,\"flows\":[{late}]}}");
    check(&message(late.as_bytes()), "`last` is no moment");
}

#[test]
fn a_field_that_is_not_known_is_passed_over() {
    let shard = format!("{{{WRITER},\"shard\":0,\"flows\":[],\"later\":{{\"x\":1}}}}");
    assert!(read_shard(&message(shard.as_bytes())).is_ok());
    assert!(matches!(
        read_host(&message(b"[]")),
        Err(WireError::Shape(_))
    ));
}
