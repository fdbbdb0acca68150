use std::{collections::BTreeSet, net::IpAddr};

use auditor_common::{
    ConversationKey, ConversationRecord, Direction, Evidence, KeptPorts, PackedPorts, Reason,
    flow::{opening, requested},
    packet::{mapped, mark},
};

use proptest::prelude::*;

use super::{
    FlowKey, Knowledge, Ledger, LedgerFlows, LocalNetworks, Passes, RememberedSides, Unproven,
};
use crate::{
    address::{self, AddressSet},
    observed::{Askers, Invited, MOST_UNPROVEN},
    port::PortRange,
    transport::Transport,
};

const A: [u8; 16] = mapped([10, 0, 0, 1]);
const B: [u8; 16] = mapped([10, 0, 0, 2]);
const TCP: u8 = 6;
const UDP: u8 = 17;

fn key(kind: KeptPorts, protocol: u8, first: u16, second: u16) -> ConversationKey {
    ConversationKey {
        addresses: [A, B],
        ports: PackedPorts::new(kind, protocol, first, second).0,
        interface: 2,
    }
}

fn unsided(protocol: u8, first: u16, second: u16) -> ConversationKey {
    key(KeptPorts::Both, protocol, first, second)
}

fn record(packets: [u64; 2], opening: u8) -> ConversationRecord {
    ConversationRecord {
        packets,
        bytes: packets.map(|packets| packets * 100),
        opening: opening.into(),
        ..ConversationRecord::default()
    }
}

/// What is known where nothing is but documented ports.
fn with_known<T>(documented: &[u16], look: impl FnOnce(&Knowledge<'_>) -> T) -> T {
    look(&Knowledge {
        is_documented: &|_, port| documented.contains(&port),
        listens: None,
        ephemeral: PortRange::EPHEMERAL,
        remembered: &RememberedSides::default(),
        sees_all_sent: true,
        joins_expected: true,
    })
}

fn counts(flows: LedgerFlows) -> Vec<(FlowKey, ConversationRecord)> {
    let counts = flows.flows.into_iter();
    counts.map(|(key, record)| (key, record.counts)).collect()
}

fn flows(ledger: &Ledger) -> Vec<(FlowKey, ConversationRecord)> {
    with_known(&[50_001], |known| counts(ledger.flows(known)))
}

/// Checks the only flow: whether A is its client, the server's port, the packets of client and server, and the evidence.
#[track_caller]
fn check(
    conversations: &[(ConversationKey, ConversationRecord)],
    is_a_client: bool,
    port: u16,
    packets: [u64; 2],
    evidence: Evidence,
) {
    let mut ledger = Ledger::new(usize::MAX);
    for (key, record) in conversations {
        ledger.add(key, record);
    }
    let flows = flows(&ledger);
    let [(key, record)] = flows.as_slice() else {
        panic!("one flow expected: {flows:?}")
    };
    assert_eq!((key.client == A, key.port), (is_a_client, port));
    assert_eq!(record.packets, packets);
    assert_eq!(Evidence::from_number(record.evidence), Some(evidence));
}

#[test]
fn an_opening_decides() {
    let conversation = |bits| [(unsided(TCP, 50_000, 40_000), record([3, 2], bits))];
    check(
        &conversation(opening::REQUEST_FROM_FIRST),
        true,
        40_000,
        [3, 2],
        Evidence::Handshake,
    );
    check(
        &conversation(opening::REQUEST_FROM_SECOND),
        false,
        50_000,
        [2, 3],
        Evidence::Handshake,
    );
    check(
        &conversation(opening::REPLY_FROM_FIRST),
        false,
        50_000,
        [2, 3],
        Evidence::Handshake,
    );
    let both = opening::REQUEST_FROM_FIRST | opening::REQUEST_FROM_SECOND;
    check(
        &conversation(both | opening::STARTED_BY_SECOND),
        false,
        50_000,
        [2, 3],
        Evidence::Handshake,
    );
}

#[test]
fn a_guess_is_corrected_with_all_that_was_counted_before() {
    // By the ephemeral range B:22 would be the server, but then B is seen to open a conversation to A's high port.
    let before = (unsided(TCP, 50_000, 22), record([5, 4], 0));
    check(&[before], true, 22, [5, 4], Evidence::Ephemeral);
    let after = (
        unsided(TCP, 50_000, 22),
        record([1, 2], opening::REQUEST_FROM_SECOND),
    );
    check(&[before, after], false, 50_000, [6, 6], Evidence::Handshake);
    // Another conversation of the two hosts with the same service is evidence as well.
    let mut requested = record([1, 1], 0);
    requested.evidence = Evidence::Handshake as u64;
    let sided = ConversationKey {
        addresses: [B, A],
        ports: PackedPorts::new(KeptPorts::Server, TCP, 0, 50_000)
            .first_leaving(true)
            .0,
        ..before.0
    };
    check(
        &[before, (sided, requested)],
        false,
        50_000,
        [5, 6],
        Evidence::Handshake,
    );
}

#[test]
fn ports_decide_where_no_opening_was_seen() {
    let one =
        |protocol, first, second, bits| [(unsided(protocol, first, second), record([1, 1], bits))];
    check(
        &one(TCP, 50_001, 50_000, 0),
        false,
        50_001,
        [1, 1],
        Evidence::Documented,
    );
    check(
        &one(UDP, 53, 50_000, 0),
        false,
        53,
        [1, 1],
        Evidence::Ephemeral,
    );
    check(
        &one(UDP, 53, 1500, 0),
        false,
        53,
        [1, 1],
        Evidence::Ephemeral,
    );
    check(&one(TCP, 80, 90, 0), false, 80, [1, 1], Evidence::LowerPort);
    check(
        &one(UDP, 80, 90, 0),
        true,
        90,
        [1, 1],
        Evidence::FirstSender,
    );
    check(
        &one(UDP, 80, 90, opening::STARTED_BY_SECOND),
        false,
        80,
        [1, 1],
        Evidence::FirstSender,
    );
    check(
        &one(47, 0, 0, opening::STARTED_BY_SECOND),
        false,
        0,
        [1, 1],
        Evidence::FirstSender,
    );
    // FTP in active mode: the server of the files connects from its port 20.
    check(
        &one(TCP, 20, 50_000, 0),
        true,
        50_000,
        [1, 1],
        Evidence::Expected,
    );
}

const GROUP: [u8; 16] = mapped([239, 1, 2, 3]);

/// A row of the table of evidence: the conversation, what the two ends sent, who opened or began it, and who is right.
struct Row {
    what: &'static str,
    protocol: u8,
    /// The ports of A, which is this host, and of the other end.
    ports: (u16, u16),
    other: [u8; 16],
    packets: [u64; 2],
    resets: [u64; 2],
    opening: u8,
    /// Who is right: whether this host asks, and by which evidence.
    asks: bool,
    evidence: Evidence,
}

const ROW: Row = Row {
    what: "",
    protocol: TCP,
    ports: (0, 0),
    other: B,
    packets: [3, 3],
    resets: [0, 0],
    opening: 0,
    asks: true,
    evidence: Evidence::Handshake,
};

/// This host, A, listens on TCP 443 and 45000 and has asked B on TCP 49152 in an earlier run. The matrix names UDP 123, 161,
/// 5060 and 5080.
#[test]
fn who_is_right_by_which_evidence() {
    let asks = true;
    for row in [
        Row {
            what: "an opening that this host sent",
            ports: (40_000, 5000),
            opening: opening::REQUEST_FROM_FIRST,
            ..ROW
        },
        Row {
            what: "an opening that came in, by a port of a service",
            ports: (5000, 443),
            opening: opening::REQUEST_FROM_SECOND,
            asks: !asks,
            ..ROW
        },
        Row {
            what: "an acceptance of nothing: this host only resets it",
            ports: (40_000, 23),
            packets: [1, 1],
            resets: [1, 0],
            opening: opening::REPLY_FROM_SECOND | opening::STARTED_BY_SECOND,
            asks: !asks,
            evidence: Evidence::FirstSender,
            ..ROW
        },
        Row {
            what: "an acknowledgement of nothing, reset",
            ports: (40_000, 5432),
            packets: [1, 1],
            resets: [1, 0],
            opening: opening::STARTED_BY_SECOND,
            asks: !asks,
            evidence: Evidence::FirstSender,
            ..ROW
        },
        Row {
            what: "the middle of a connection to a listener",
            ports: (45_000, 33_000),
            asks: !asks,
            evidence: Evidence::Listener,
            ..ROW
        },
        Row {
            what: "the middle of a connection from a port where nobody listens, low or not",
            ports: (1020, 49_152),
            evidence: Evidence::NoListener,
            ..ROW
        },
        Row {
            what: "a datagram to a group, from a service's port",
            protocol: UDP,
            ports: (7800, 46_655),
            other: GROUP,
            packets: [3, 0],
            evidence: Evidence::Group,
            ..ROW
        },
        Row {
            what: "equal ports: who began",
            protocol: UDP,
            ports: (123, 123),
            evidence: Evidence::FirstSender,
            ..ROW
        },
        Row {
            what: "equal ports: the other one began",
            protocol: UDP,
            ports: (500, 500),
            opening: opening::STARTED_BY_SECOND,
            asks: !asks,
            evidence: Evidence::FirstSender,
            ..ROW
        },
        Row {
            what: "two ports that are as well documented",
            protocol: UDP,
            ports: (5060, 5080),
            evidence: Evidence::FirstSender,
            ..ROW
        },
        Row {
            what: "one documented port",
            protocol: UDP,
            ports: (45_000, 161),
            opening: opening::STARTED_BY_SECOND,
            evidence: Evidence::Documented,
            ..ROW
        },
        Row {
            what: "one who never spoke, on a documented port",
            protocol: UDP,
            ports: (161, 4444),
            packets: [6, 0],
            evidence: Evidence::FirstSender,
            ..ROW
        },
        Row {
            what: "datagrams from a service's port that nobody asked for",
            protocol: UDP,
            ports: (40_000, 53),
            packets: [0, 9],
            opening: opening::STARTED_BY_SECOND,
            asks: !asks,
            evidence: Evidence::FirstSender,
            ..ROW
        },
        Row {
            what: "a guess that an earlier run made: another guess does not turn it round",
            protocol: UDP,
            ports: (7000, 7001),
            opening: opening::STARTED_BY_SECOND,
            evidence: Evidence::Remembered,
            ..ROW
        },
        Row {
            what: "a guess that an earlier run made, against the matrix of today",
            protocol: UDP,
            ports: (7000, 161),
            opening: opening::STARTED_BY_SECOND,
            evidence: Evidence::Documented,
            ..ROW
        },
        Row {
            what: "a datagram that an earlier run saw asked",
            protocol: UDP,
            ports: (9000, 9001),
            opening: opening::STARTED_BY_SECOND,
            evidence: Evidence::Remembered,
            ..ROW
        },
    ] {
        let (asks, evidence, port) = asked(&row);
        assert_eq!((asks, evidence), (row.asks, row.evidence), "{}", row.what);
        let (own, other) = row.ports;
        assert_eq!(port, if asks { other } else { own }, "{}", row.what);
    }
}

/// A protocol, the ports of client and server in an exchange, and the server's port that a matrix would name.
type Protocol = (&'static str, u8, u16, u16);

/// Requests and replies of protocols whose sides are known from their specifications.
const PROTOCOLS: [Protocol; 40] = [
    ("NTP from an ephemeral port (RFC 5905)", UDP, 45_123, 123),
    ("NTP from a system of 1024 on", UDP, 1733, 123),
    ("DNS (RFC 1035)", UDP, 40_053, 53),
    ("DNS of a resolver with random ports", UDP, 2021, 53),
    ("DNS over TCP (RFC 7766)", TCP, 50_953, 53),
    ("DHCP (RFC 2131)", UDP, 68, 67),
    ("DHCPv6 (RFC 8415)", UDP, 546, 547),
    ("syslog (RFC 5426)", UDP, 51_514, 514),
    ("SNMP (RFC 3417)", UDP, 36_161, 161),
    ("SNMP's traps", UDP, 49_162, 162),
    ("SIP from an ephemeral port (RFC 3261)", UDP, 60_060, 5060),
    ("SIP over TLS", TCP, 33_061, 5061),
    ("TFTP's request (RFC 1350)", UDP, 52_069, 69),
    ("RADIUS (RFC 2865)", UDP, 58_000, 1812),
    ("Kerberos (RFC 4120)", UDP, 49_500, 88),
    ("IPsec through NAT (RFC 3948)", UDP, 61_000, 4500),
    ("L2TP (RFC 2661)", UDP, 55_701, 1701),
    ("BFD (RFC 5881)", UDP, 49_152, 3784),
    ("VXLAN (RFC 7348)", UDP, 49_999, 4789),
    ("statsd", UDP, 38_125, 8125),
    ("WireGuard from an ephemeral port", UDP, 60_820, 51_820),
    ("EtherNet/IP", TCP, 50_818, 44_818),
    ("BACnet from an ephemeral port", UDP, 61_808, 47_808),
    ("PROFINET's context manager", UDP, 50_964, 34_964),
    ("STUN (RFC 8489)", UDP, 54_478, 3478),
    ("QUIC (RFC 9000)", UDP, 57_443, 443),
    ("CoAP (RFC 7252)", UDP, 56_683, 5683),
    ("X11", TCP, 43_000, 6000),
    ("iperf3", TCP, 46_201, 5201),
    ("Erlang's port mapper", TCP, 47_369, 4369),
    ("NFS (RFC 8881) from a privileged port", TCP, 812, 2049),
    ("rsh (privileged on both ends)", TCP, 1022, 514),
    ("active FTP's data (RFC 959)", TCP, 20, 50_100),
    ("PostgreSQL", TCP, 44_432, 5432),
    ("Redis' cluster bus", TCP, 48_379, 16_379),
    ("etcd's peers", TCP, 52_380, 2380),
    ("NATS' routes", TCP, 53_222, 6222),
    ("ZooKeeper from a system of 1024 on", TCP, 4181, 2181),
    ("SSDP's answer (unicast)", UDP, 50_900, 1900),
    ("LDAP", TCP, 41_389, 389),
];

/// Those that a matrix has to name, or a socket or the opening to tell: by numbers alone they come out the wrong way round,
/// or as whoever began.
const NEEDS_MORE: [&str; 6] = [
    "DHCP (RFC 2131)",
    "DHCPv6 (RFC 8415)",
    "WireGuard from an ephemeral port",
    "BACnet from an ephemeral port",
    "PROFINET's context manager",
    "NFS (RFC 8881) from a privileged port",
];

/// The middle of each exchange, seen by the client, by the server and in transit, whoever sends first.
#[test]
fn the_sides_of_protocols_from_their_middle() {
    for (what, protocol, client_port, port) in PROTOCOLS {
        for (place, began_by_client) in [0, 1, 2]
            .into_iter()
            .flat_map(|place| [(place, true), (place, false)])
        {
            let knows = |documented: &[u16]| {
                sides_from_the_middle(
                    protocol,
                    [client_port, port],
                    place,
                    began_by_client,
                    documented,
                )
            };
            let by_numbers = knows(&[]);
            let documented = knows(&[port]);
            // Of a connection the sockets of either end tell.
            let has_sockets = protocol == TCP && place != 2;
            let is_plain = !NEEDS_MORE.contains(&what);
            if has_sockets || is_plain {
                assert!(
                    by_numbers,
                    "{what}, by numbers, at {place}, {began_by_client}"
                );
            }
            assert!(
                documented,
                "{what}, documented, at {place}, {began_by_client}"
            );
        }
    }
}

/// Whether the client is found; `place` is whose host watches: 0 the client's, 1 the server's, 2 a third one.
fn sides_from_the_middle(
    protocol: u8,
    [client_port, port]: [u16; 2],
    place: usize,
    began_by_client: bool,
    documented: &[u16],
) -> bool {
    let mut ledger = Ledger::default();
    let addresses: [IpAddr; 3] =
        ["10.0.0.1", "10.0.0.2", "10.0.0.3"].map(|text| text.parse().unwrap());
    ledger.own(
        &[addresses[place]].into(),
        &[].into(),
        &LocalNetworks::default(),
        Passes::default(),
    );
    let key = ConversationKey {
        addresses: [A, B],
        ports: PackedPorts::new(KeptPorts::Both, protocol, client_port, port)
            .first_leaving(place != 1)
            .0,
        interface: 2,
    };
    let began = if began_by_client {
        0
    } else {
        opening::STARTED_BY_SECOND
    };
    ledger.add(&key, &record([4, 4], began));
    let flows = ledger.flows(&Knowledge {
        is_documented: &|_, port| documented.contains(&port),
        listens: Some(&|number, address, listening| {
            number == TCP && address == addresses[1] && listening == port
        }),
        ephemeral: PortRange::EPHEMERAL,
        remembered: &RememberedSides::default(),
        sees_all_sent: true,
        joins_expected: true,
    });
    let [(key, _)] = flows.flows.as_slice() else {
        panic!("{flows:?}")
    };
    (key.client, key.port) == (A, port)
}

/// Whether A asks, by which evidence, and on which port, as a ledger has it.
fn asked(row: &Row) -> (bool, Evidence, u16) {
    let mut ledger = Ledger::default();
    let own: IpAddr = "10.0.0.1".parse().unwrap();
    ledger.own(
        &[own].into(),
        &["10.0.0.255".parse().unwrap()].into(),
        &LocalNetworks::default(),
        Passes::default(),
    );
    let (first, second) = row.ports;
    let ports = PackedPorts::new(KeptPorts::Both, row.protocol, first, second);
    let key = ConversationKey {
        addresses: [A, row.other],
        ports: ports.first_leaving(true).0,
        interface: 2,
    };
    let record = ConversationRecord {
        resets: row.resets,
        ..record(row.packets, row.opening)
    };
    ledger.add(&key, &record);
    let remembered = RememberedSides {
        certain: [(A, B, UDP, 9001)].into(),
        guessed: [(A, B, UDP, 7001), (B, A, UDP, 161)].into(),
    };
    let flows = ledger.flows(&Knowledge {
        is_documented: &|_, port| [123, 161, 5060, 5080].contains(&port),
        listens: Some(&|protocol, address, port| {
            protocol == TCP && address == own && [443, 45_000].contains(&port)
        }),
        ephemeral: PortRange::EPHEMERAL,
        remembered: &remembered,
        sees_all_sent: true,
        joins_expected: true,
    });
    let [(key, record)] = flows.flows.as_slice() else {
        panic!("{}: {flows:?}", row.what)
    };
    let evidence = Evidence::from_number(record.counts.evidence).unwrap();
    (key.client == A, evidence, key.port)
}

/// Where this host may have asked by an interface that is not watched, its silence does not make it the server.
#[test]
fn who_may_have_asked_unseen() {
    let own: IpAddr = "10.0.0.1".parse().unwrap();
    let client_is_here = |protocol: u8, resets: u64, sees_all_sent: bool| {
        let mut ledger = Ledger::default();
        let none = BTreeSet::new();
        ledger.own(
            &[own].into(),
            &none,
            &LocalNetworks::default(),
            Passes::default(),
        );
        let ports = PackedPorts::new(KeptPorts::Both, protocol, 40_000, 5080);
        let key = ConversationKey {
            addresses: [A, B],
            ports: ports.first_leaving(true).0,
            interface: 2,
        };
        let record = ConversationRecord {
            resets: [resets, 0],
            ..record([resets, 100], opening::STARTED_BY_SECOND)
        };
        ledger.add(&key, &record);
        let flows = ledger.flows(&Knowledge {
            is_documented: &|_, port| port == 5080,
            listens: Some(&|_, _, _| false),
            ephemeral: PortRange::EPHEMERAL,
            remembered: &RememberedSides::default(),
            sees_all_sent,
            joins_expected: true,
        });
        flows.flows[0].0.client == A
    };
    for protocol in [TCP, UDP] {
        assert!(client_is_here(protocol, 0, false));
        assert!(!client_is_here(protocol, 0, true));
    }
    // What this host resets it did not ask for.
    assert!(!client_is_here(TCP, 1, false));
}

/// What came in and can't be from where it says, or is not for this host, is in no flow; what left this host always is.
#[test]
fn what_is_no_traffic_of_this_host_is_set_aside() {
    let own: IpAddr = "10.0.0.1".parse().unwrap();
    let stranger = mapped([10, 0, 0, 9]);
    let broadcast = mapped([10, 0, 0, 255]);
    // Who is the client, who the server, whether the client's packets leave, packets of both, another MAC address.
    for (what, client, server, leaves, packets, is_to_other_host, reason) in [
        ("a question", B, A, false, [1, 1], false, None),
        ("a question of this host's", A, B, true, [1, 1], false, None),
        (
            "its own name, from outside",
            A,
            B,
            false,
            [1, 0],
            false,
            Some(Reason::ImpossibleSource),
        ),
        (
            "an answer in its name, from outside",
            B,
            A,
            true,
            [0, 1],
            false,
            Some(Reason::ImpossibleSource),
        ),
        (
            "another's frame",
            B,
            A,
            false,
            [1, 0],
            true,
            Some(Reason::OtherHost),
        ),
        (
            "between strangers",
            B,
            stranger,
            false,
            [1, 0],
            false,
            Some(Reason::Stranger),
        ),
        (
            "between strangers, passed on",
            B,
            stranger,
            true,
            [1, 0],
            false,
            None,
        ),
        (
            "between strangers, through a bridge",
            B,
            stranger,
            false,
            [1, 1],
            false,
            None,
        ),
        (
            "between strangers, on a router",
            B,
            stranger,
            false,
            [1, 0],
            false,
            None,
        ),
        (
            "another's frame, on a router",
            B,
            stranger,
            false,
            [1, 0],
            true,
            Some(Reason::OtherHost),
        ),
        (
            "another's frame, on a bridge's port",
            B,
            stranger,
            false,
            [1, 0],
            true,
            None,
        ),
        (
            "to a stranger's address, by a local route",
            B,
            stranger,
            false,
            [1, 0],
            false,
            None,
        ),
        (
            "from an own address, by a local route",
            stranger,
            A,
            false,
            [1, 0],
            false,
            Some(Reason::ImpossibleSource),
        ),
        (
            "to a stranger's address, by a local route of some packets",
            B,
            stranger,
            false,
            [1, 0],
            false,
            None,
        ),
        (
            "from such an address, by a local route of some packets",
            stranger,
            A,
            false,
            [1, 0],
            false,
            None,
        ),
        (
            "another's frame, by a local route",
            B,
            stranger,
            false,
            [1, 0],
            true,
            Some(Reason::OtherHost),
        ),
        ("to all", B, broadcast, false, [1, 0], false, None),
        ("to a group", B, GROUP, false, [1, 0], false, None),
    ] {
        let mut ledger = Ledger::default();
        let (mut local, mut passes) = (LocalNetworks::default(), Passes::default());
        match what.split_once(", ") {
            Some((_, "on a router")) => passes.ipv4 = [2].into(),
            Some((_, "on a bridge's port")) => passes.frames = [2].into(),
            Some((_, "by a local route")) => local.always.insert(address::from_bytes(stranger)),
            Some((_, "by a local route of some packets")) => {
                local.sometimes.insert(address::from_bytes(stranger));
            }
            Some(_) | None => {}
        }
        let broadcasts = ["10.0.0.255".parse().unwrap()].into();
        ledger.own(&[own].into(), &broadcasts, &local, passes);
        let key = ConversationKey {
            addresses: [client, server],
            ports: PackedPorts::new(KeptPorts::Server, UDP, 0, 53)
                .first_leaving(leaves)
                .to_other_host(is_to_other_host)
                .0,
            interface: 2,
        };
        ledger.add(&key, &record(packets, 0));
        let found = with_known(&[], |known| ledger.flows(known));
        assert_eq!(found.flows.len(), usize::from(reason.is_none()), "{what}");
        let aside: Vec<Reason> = found.set_aside.into_keys().collect();
        assert_eq!(aside, Vec::from_iter(reason), "{what}");
        // Retired or not, every packet is counted.
        let retired = with_known(&[], |known| ledger.retire(9, known));
        let found = with_known(&[], |known| ledger.flows(known));
        let n_flows: u64 = retired
            .iter()
            .map(|(_, record)| record.counts.packets.iter().sum::<u64>())
            .sum();
        let n_aside: u64 = found.set_aside.values().map(|tally| tally.packets).sum();
        assert_eq!(n_flows + n_aside, packets.iter().sum::<u64>(), "{what}");
    }
}

/// Who asks many, or a host by one of its addresses, is answered by others than it asked.
#[test]
fn answers_come_from_others_than_were_asked() {
    const ELSEWHERE: [u8; 16] = mapped([10, 0, 0, 11]);
    const ALL: [u8; 16] = mapped([10, 0, 0, 255]);
    let addresses = ["10.0.0.1", "10.0.0.11"].map(|one| one.parse().unwrap());
    let between = |client, server, kept, ports: [u16; 2], leaves| ConversationKey {
        addresses: [client, server],
        ports: PackedPorts::new(kept, UDP, ports[0], ports[1])
            .first_leaving(leaves)
            .0,
        interface: 2,
    };
    let both = |one, other, ports, leaves| between(one, other, KeptPorts::Both, ports, leaves);
    let server = |one, other, leaves| between(one, other, KeptPorts::Server, [0, 9999], leaves);
    let told = |conversations: &[(ConversationKey, [u64; 2], u64)]| {
        let mut ledger = Ledger::default();
        let broadcasts = ["10.0.0.255".parse().unwrap()].into();
        let local = LocalNetworks::default();
        ledger.own(&addresses.into(), &broadcasts, &local, Passes::default());
        for (key, packets, first) in conversations {
            let record = ConversationRecord {
                first: *first,
                last: *first,
                ..record(*packets, 0)
            };
            ledger.add(key, &record);
        }
        let LedgerFlows { flows, set_aside } = with_known(&[], |known| ledger.flows(known));
        let flow = |(key, record): &(FlowKey, crate::observed::FlowRecord)| {
            let evidence = Evidence::from_number(record.counts.evidence);
            (key.client, key.server, key.port, evidence)
        };
        let flows: Vec<_> = flows.iter().map(flow).collect();
        (flows, set_aside.into_keys().collect::<Vec<_>>())
    };
    let group = Some(Evidence::Group);
    let question = (both(A, ALL, [45_000, 9999], true), [1, 0], 1);
    let answer = (both(B, A, [9999, 45_000], false), [1, 0], 2);
    let (flows, aside) = told(&[question, answer]);
    assert_eq!(flows, [(A, B, 9999, group), (A, ALL, 9999, group)]);
    assert_eq!(aside, []);
    // Where the service's port is known, the client's is not kept.
    let answered = (server(A, B, true), [0, 1], 2);
    let (flows, _) = told(&[(server(A, ALL, true), [1, 0], 1), answered]);
    assert!(flows.contains(&(A, B, 9999, group)), "{flows:?}");
    // To another port, before the question, of a question in this host's name that came in, or without any.
    let elsewhere = (both(B, A, [9999, 45_001], false), [1, 0], 2);
    let early = (both(B, A, [9999, 45_000], false), [1, 0], 0);
    let forged = (both(A, ALL, [45_000, 9999], false), [1, 0], 1);
    for conversations in [
        vec![question, elsewhere],
        vec![question, early],
        vec![forged, answer],
        vec![answer],
        vec![answered],
    ] {
        let (flows, _) = told(&conversations);
        assert!(!flows.contains(&(A, B, 9999, group)), "{flows:?}");
    }
    // B asks an address of this host's, and is answered from another one.
    let asked = (both(B, ELSEWHERE, [33_000, 53], false), [1, 0], 1);
    let answer = (both(A, B, [53, 33_000], true), [1, 0], 2);
    let (flows, _) = told(&[asked, answer]);
    let expected = Some(Evidence::Expected);
    assert!(flows.contains(&(B, A, 53, expected)), "{flows:?}");
    let (flows, _) = told(&[answer]);
    assert!(!flows.contains(&(B, A, 53, expected)), "{flows:?}");
    // This host's own answers are no questions.
    let talk = (both(A, B, [33_000, 5353], true), [3, 3], 1);
    let (flows, _) = told(&[talk]);
    assert_eq!(flows[0].0, A);
}

#[test]
fn a_second_conversation_of_tftp_belongs_to_the_first() {
    // A asks B's port 69 from 50000, and is answered from a port of B's choice.
    check(
        &[
            (unsided(UDP, 50_000, 69), record([1, 0], 0)),
            (
                unsided(UDP, 50_000, 41_000),
                record([8, 8], opening::STARTED_BY_SECOND),
            ),
        ],
        true,
        69,
        [9, 8],
        Evidence::Expected,
    );
}

#[test]
fn refusals_count_with_what_was_refused() {
    let refusal = |port, opening: u8| {
        let record = ConversationRecord {
            refusals: 1,
            opening: opening.into(),
            ..ConversationRecord::default()
        };
        (unsided(UDP, port, 90), record)
    };
    let mut ledger = Ledger::new(usize::MAX);
    let add = |ledger: &mut Ledger, (key, record)| ledger.add(&key, &record);
    add(&mut ledger, refusal(50_000, opening::REFUSED_FIRST));
    assert_eq!(flows(&ledger), []);
    // An error that quotes another port was made up.
    add(&mut ledger, refusal(50_003, opening::REFUSED_FIRST));
    ledger.add(&unsided(UDP, 50_000, 90), &record([1, 0], 0));
    let flows = flows(&ledger);
    assert_eq!(flows.len(), 1);
    assert_eq!((flows[0].1.refusals, flows[0].1.packets), (1, [1, 0]));
}

#[test]
fn an_error_about_a_connection_quotes_its_request() {
    // A asks B's port 90; an error quotes what went from a port of A's.
    let refusals = |requested_from: &[u16], quoted: u16, after: u64, leaves: bool| {
        let asked = PackedPorts::new(KeptPorts::Server, TCP, 0, 90).first_leaving(leaves);
        let both = PackedPorts::new(KeptPorts::Both, TCP, quoted, 90).first_leaving(leaves);
        let key = |ports: PackedPorts| ConversationKey {
            addresses: [A, B],
            ports: ports.0,
            interface: 2,
        };
        let request = ConversationRecord {
            requests: 2,
            began: requested_from.iter().copied().fold(0, requested::with),
            evidence: Evidence::Handshake as u64,
            ..record([2, 0], 0)
        };
        let error = ConversationRecord {
            refusals: 1,
            opening: opening::REFUSED_FIRST.into(),
            first: after,
            last: after,
            ..ConversationRecord::default()
        };
        let mut ledger = Ledger::default();
        if after == 0 {
            // In the same drain their order is any.
            ledger.add(&key(both), &error);
        }
        ledger.add(&key(asked), &request);
        ledger.end_drain(false);
        if 0 < after {
            ledger.add(&key(both), &error);
            ledger.end_drain(false);
        }
        let flows = flows(&ledger);
        let [(_, counts)] = flows.as_slice() else {
            panic!("{flows:?}")
        };
        counts.refusals
    };
    assert_eq!(refusals(&[50_000], 50_000, 0, true), 1);
    assert_eq!(refusals(&[50_000], 50_000, 20, true), 1);
    assert_eq!(refusals(&[50_000, 50_001], 50_000, 20, true), 1);
    // From a port that asked nothing, or long after what was asked.
    assert_eq!(refusals(&[50_000], 50_001, 0, true), 0);
    assert_eq!(refusals(&[50_000], 50_001, 20, true), 0);
    assert_eq!(refusals(&[], 0, 20, true), 0);
    assert_eq!(refusals(&[50_000], 50_000, 2000, true), 0);
    // What this host says to others of what they asked is its own word.
    assert_eq!(refusals(&[], 50_000, 20, false), 1);
}

#[test]
fn what_is_over_is_settled() {
    let mut ledger = Ledger::default();
    for client in 40_000..40_100 {
        let last = u64::from(client - 40_000);
        let conversation = ConversationRecord {
            last,
            ..record([2, 3], 0)
        };
        ledger.add(&unsided(TCP, client, 50_001), &conversation);
    }
    let before = flows(&ledger);
    with_known(&[50_001], |known| ledger.decide_servers(90, known));
    assert_eq!(ledger.len(), 11, "one for what is over, ten that are not");
    assert_eq!(flows(&ledger), before);
    with_known(&[50_001], |known| ledger.decide_servers(1000, known));
    assert_eq!(ledger.len(), 1);
    assert_eq!(flows(&ledger), before);
}

#[test]
fn a_guess_that_was_settled_convinces_nobody() {
    let mut ledger = Ledger::default();
    // The lower port is taken for the server's.
    ledger.add(&unsided(TCP, 45_000, 40_000), &record([1, 1], 0));
    with_known(&[], |known| ledger.decide_servers(1, known));
    ledger.add(&unsided(TCP, 45_000, 50_000), &record([1, 1], 0));
    let ports: Vec<u16> = flows(&ledger).iter().map(|(key, _)| key.port).collect();
    assert_eq!(ports, [40_000, 45_000]);
}

/// A ledger of a host with the address A.
fn of_host(most: usize) -> Ledger {
    let mut ledger = Ledger::new(most);
    ledger.own(
        &["10.0.0.1".parse().unwrap()].into(),
        &[].into(),
        &LocalNetworks::default(),
        Passes::default(),
    );
    ledger
}

/// What a host somewhere asks of a service of A.
fn from(host: u16, protocol: u8, port: u16) -> ConversationKey {
    let [high, low] = host.to_be_bytes();
    ConversationKey {
        addresses: [mapped([10, 9, high, low]), A],
        ..key(KeptPorts::Server, protocol, 0, port)
    }
}

/// What A asks of a service of a host somewhere.
fn to(host: u16, protocol: u8, port: u16) -> ConversationKey {
    let ConversationKey {
        addresses: [one, own],
        ports,
        interface,
    } = from(host, protocol, port);
    ConversationKey {
        addresses: [own, one],
        ports: PackedPorts(ports).first_leaving(true).0,
        interface,
    }
}

/// A request and its acceptance, which a kernel sends to anybody.
fn knock(last: u64) -> ConversationRecord {
    ConversationRecord {
        requests: 1,
        replies: 1,
        last,
        ..record(
            [1, 1],
            opening::REQUEST_FROM_FIRST | opening::REPLY_FROM_SECOND,
        )
    }
}

fn has(ledger: &Ledger, key: &ConversationKey) -> bool {
    ledger.conversations.get(key).is_some()
}

#[test]
fn what_anybody_can_make_up_makes_room_for_itself() {
    let mut ledger = of_host(400);
    for host in 0..1000 {
        ledger.add(&from(host, TCP, 22), &knock(host.into()));
    }
    assert_eq!(ledger.len(), 100);
    assert!(has(&ledger, &from(999, TCP, 22)) && !has(&ledger, &from(0, TCP, 22)));
    let unproven = ledger.unproven();
    let ports: Vec<(Direction, u16, u64)> = unproven
        .ports
        .iter()
        .map(|(lost, tally)| (lost.direction, lost.port, tally.packets))
        .collect();
    assert_eq!(
        ports,
        [(Direction::Ingress, 22, 900), (Direction::Egress, 22, 900)]
    );
    assert_eq!(
        (unproven.n_conversations, unproven.senders.len()),
        (900, 900)
    );
    assert!(ledger.lost().is_empty());
    // One that goes on stays, although it was the first; the others have room as before.
    let steady = from(2000, UDP, 514);
    ledger.add(
        &steady,
        &ConversationRecord {
            last: 1000,
            ..record([1, 0], 0)
        },
    );
    for host in 3000..4000 {
        if host % 10 == 0 {
            ledger.add(
                &steady,
                &ConversationRecord {
                    last: u64::from(host),
                    ..record([1, 0], 0)
                },
            );
        }
        ledger.add(
            &from(host, UDP, 9),
            &ConversationRecord {
                last: host.into(),
                ..record([1, 0], 0)
            },
        );
    }
    let kept = ledger.conversations.get(&steady).unwrap();
    assert_eq!((kept.packets, ledger.len()), ([101, 0], 100));
}

/// A ledger of any size keeps no more of them than is said.
#[test]
fn what_anybody_can_make_up_is_bounded_in_a_large_ledger_too() {
    let mut ledger = of_host(1 << 20);
    for host in 0..10_000 {
        ledger.add(&from(host, TCP, 22), &knock(host.into()));
    }
    assert_eq!(ledger.len(), MOST_UNPROVEN);
    assert_eq!(ledger.unproven().n_conversations, 10_000 - 8_192);
}

/// A scan of strangers, and a flood of them, take no place of what a rule invites to; and what of that found no place is known.
#[test]
fn what_rules_invite_to_makes_room_last() {
    let mut ledger = of_host(400);
    let mut clients = AddressSet::default();
    clients.insert("10.9.0.1".parse().unwrap());
    let invited = Invited::new(&[(Some(&clients), Transport::Udp, vec![(514, 514)])]);
    let client = from(1, UDP, 514);
    let datagram = |last| ConversationRecord {
        last,
        ..record([1, 0], 0)
    };
    // Before it is known what rules say, too.
    ledger.add(&client, &datagram(0));
    ledger.invite(invited.clone());
    for port in 1..2000 {
        ledger.add(&from(9, UDP, port), &datagram(port.into()));
        ledger.add(&from(1000 + port, UDP, 514), &datagram(port.into()));
    }
    assert!(has(&ledger, &client));
    assert_eq!(ledger.len(), 100);
    assert_eq!(ledger.unproven().invited, [].into());
    // Another client makes it clear that the first one's may be lost.
    clients.insert_net("10.9.0.0/16".parse().unwrap());
    let ports = vec![(514, 514), (600, 600)];
    ledger.invite(Invited::new(&[(Some(&clients), Transport::Udp, ports)]));
    let asked: Vec<(u8, u16)> = ledger.unproven().invited.keys().copied().collect();
    assert_eq!(asked, [(UDP, 514), (UDP, 600)]);
    // A flood of what is invited leaves a quarter of the places to the others.
    for host in 3000..4000 {
        ledger.add(&from(host, UDP, 514), &datagram(3000));
        ledger.add(&from(host, UDP, 9), &datagram(3000));
    }
    let kept = |port| {
        (3000..4000)
            .filter(|host| has(&ledger, &from(*host, UDP, port)))
            .count()
    };
    assert_eq!((kept(514), kept(9)), (75, 25));
}

/// A flood in the names of clients, of what other rules invite to and of what none does, takes no place of what a rule invites to,
/// answered or not; nor does a flood of its own port leave less than a share.
#[test]
fn what_a_rule_invites_to_makes_room_for_itself() {
    let mut clients = AddressSet::default();
    clients.insert_net("10.9.0.0/16".parse().unwrap());
    let rule = |ports| (Some(&clients), Transport::Udp, ports);
    let rules = || {
        [
            rule(vec![(514, 514)]),
            rule(vec![(53, 53)]),
            rule(vec![(1000, 60_000)]),
            rule(vec![(123, 123)]),
        ]
    };
    for (answers, places) in [(0, 75), (1, 100)] {
        let mut ledger = of_host(400);
        let asked = |last| ConversationRecord {
            last,
            ..record([1, answers], 0)
        };
        // What came before it was known what rules say is told apart as well.
        for host in 0..6 {
            ledger.add(&from(host, UDP, 514), &asked(0));
            ledger.add(&from(host, UDP, 123), &asked(0));
        }
        ledger.invite(Invited::new(&rules()));
        for n in 0..3000 {
            let last = u64::from(n);
            ledger.add(&from(3, UDP, 61_000 + n), &asked(last));
            ledger.add(&from(3, UDP, 1000 + n), &asked(last));
            ledger.add(&from(n, UDP, 53), &asked(last));
        }
        let n_kept = |ledger: &Ledger, port| {
            let hosts = (0..3000).filter(|host| has(ledger, &from(*host, UDP, port)));
            hosts.count()
        };
        assert_eq!((n_kept(&ledger, 514), n_kept(&ledger, 123)), (6, 6));
        let noted = |ledger: &Ledger, port| ledger.unproven().invited.contains_key(&(UDP, port));
        assert!(noted(&ledger, 53) && noted(&ledger, 1000));
        assert!(!noted(&ledger, 514) && !noted(&ledger, 123));
        // All of them are clients of the one rule: it is enough to know one.
        let askers = &ledger.unproven().invited[&(UDP, 53)];
        assert!(matches!(askers, Askers::These(known) if known.len() == 1));
        for host in 0..3000 {
            ledger.add(&from(host, UDP, 514), &asked(4000));
        }
        assert_eq!(n_kept(&ledger, 123), 6);
        assert!(noted(&ledger, 514));
        let own_share = n_kept(&ledger, 514);
        assert!((places / 5..places).contains(&own_share), "{own_share}");
        // Other rules, by which it is told apart otherwise.
        let mut others = rules();
        others.reverse();
        ledger.invite(Invited::new(&others));
        for host in 0..3000 {
            ledger.add(&from(host, UDP, 53), &asked(5000));
        }
        assert_eq!(n_kept(&ledger, 123), 6);
    }
}

/// Whatever comes in, by whichever address it says it is of: what this host asked, and what went on, is kept.
#[test]
fn what_comes_in_displaces_nothing_of_this_host() {
    let mut ledger = of_host(640);
    let asked = to(1, UDP, 53);
    ledger.add(&asked, &record([200, 0], 0));
    let served = from(2, TCP, 443);
    let went_on = ConversationRecord {
        packets: [9, 9],
        ..knock(1)
    };
    ledger.add(&served, &went_on);
    let (udp, tcp) = (record([3, 0], 0), knock(1));
    for host in 0..2000 {
        // Both sides of conversations come in: the answers as those of a conversation that this host would have begun.
        ledger.add(&from(host, UDP, 161), &udp);
        ledger.add(&to(host, UDP, 4000), &record([0, 3], 0));
        ledger.add(
            &from(host, TCP, 22),
            &ConversationRecord {
                packets: [9, 0],
                ..tcp
            },
        );
        ledger.add(
            &to(host, TCP, 22),
            &ConversationRecord {
                packets: [0, 9],
                replies: 1,
                ..record([0, 9], opening::REPLY_FROM_SECOND)
            },
        );
        // A service of datagrams answers whoever asks.
        ledger.add(&from(host, UDP, 53), &record([1, 1], 0));
    }
    assert!(has(&ledger, &asked) && has(&ledger, &served));
    // What this host goes on to ask is kept too.
    for host in 3000..3400 {
        ledger.add(
            &to(host, TCP, 443),
            &ConversationRecord {
                requests: 1,
                ..record([1, 0], opening::REQUEST_FROM_FIRST)
            },
        );
    }
    assert!((3000..3400).all(|host| has(&ledger, &to(host, TCP, 443))));
    assert!(has(&ledger, &asked) && has(&ledger, &served));
    assert!(ledger.len() <= 640);
    // Of what anybody can bring about, answers too, senders and the ports that they asked are left; nothing of this host is lost.
    assert!(ledger.lost().is_empty(), "{:?}", ledger.lost());
    let answers = auditor_common::lost::Lost {
        direction: Direction::Egress,
        protocol: UDP,
        port: 53,
    };
    let ports = &ledger.unproven().ports;
    assert!(0 < ports[&answers].packets);
    assert_eq!(
        ledger.unproven().answers,
        [(answers, ports[&answers])].into()
    );
    assert!(
        ports
            .keys()
            .all(|lost| lost.port != 161 || lost.direction == Direction::Ingress)
    );
}

/// What is passed on for others is none of this host's sending, and no port of its own was asked.
#[test]
fn what_was_passed_on_makes_room_without_a_word_of_sending() {
    let mut ledger = of_host(64);
    for host in 0..100 {
        let key = ConversationKey {
            addresses: [B, mapped([10, 9, 0, u16::to_be_bytes(host)[1]])],
            ..to(host, UDP, 53)
        };
        ledger.add(&key, &record([1, 1], 0));
    }
    assert!(ledger.lost().is_empty(), "{:?}", ledger.lost());
    let unproven = ledger.unproven();
    let packets: Vec<(Direction, u64)> = unproven
        .ports
        .iter()
        .map(|(lost, tally)| (lost.direction, tally.packets))
        .collect();
    assert_eq!(packets, [(Direction::Ingress, 2 * 84)]);
}

/// What this host passed on is its own once it has that address: no place stays taken by what is counted otherwise now.
#[test]
fn addresses_that_come_and_go_take_no_places() {
    let mut ledger = of_host(64);
    let mine = |address: &str| [address.parse().unwrap()].into();
    let passed_on = |host: u16| ConversationKey {
        addresses: [B, mapped([10, 9, 0, host.to_be_bytes()[1]])],
        ..to(host, UDP, 53)
    };
    for round in 0..4 {
        for host in 0..16 {
            ledger.add(&passed_on(host), &record([1, 1], 0));
        }
        let addresses = mine("10.0.0.2");
        ledger.own(
            &addresses,
            &[].into(),
            &LocalNetworks::default(),
            Passes::default(),
        );
        let over = with_known(&[], |known| ledger.retire(1, known));
        assert_eq!(over.len(), 16, "{round}");
        let addresses = mine("10.0.0.1");
        ledger.own(
            &addresses,
            &[].into(),
            &LocalNetworks::default(),
            Passes::default(),
        );
    }
    for host in 0..16 {
        ledger.add(&passed_on(host), &record([1, 1], 0));
    }
    assert_eq!(ledger.len(), 16);
    assert!(ledger.lost().is_empty(), "{:?}", ledger.lost());
}

/// Two CPUs count one packet each, within the same epoch: the one that began is known all the same.
#[test]
fn who_began_does_not_depend_on_the_order_of_cpus() {
    let asked = ConversationRecord {
        began: 1000,
        ..record([1, 0], 0)
    };
    let answered = ConversationRecord {
        began: 2000,
        ..record([0, 1], opening::STARTED_BY_SECOND)
    };
    for records in [[asked, answered], [answered, asked]] {
        let mut ledger = Ledger::default();
        for record in records {
            ledger.add(&unsided(UDP, 123, 123), &record);
        }
        ledger.end_drain(false);
        // What other drains bring is later.
        let later = ConversationRecord {
            began: 500,
            ..answered
        };
        ledger.add(&unsided(UDP, 123, 123), &later);
        let flows = flows(&ledger);
        assert_eq!(flows.len(), 1);
        assert_eq!((flows[0].0.client, flows[0].1.packets), (A, [1, 2]));
    }
}

proptest! {
    /// Whatever is added, settled or over a bound: every packet and byte is counted in a flow or under a port.
    #[test]
    fn nothing_is_lost_in_silence(
        most in 0_usize..40,
        conversations in proptest::collection::vec(
            (any::<bool>(), 0_u16..4, 0_u16..4, any::<[u8; 2]>(), 0_u8..32, 0_u64..9), 0..200,
        ),
    ) {
        let remembered = RememberedSides::default();
        let known = Knowledge {
            is_documented: &|_, port| port == 1,
            listens: None,
            ephemeral: PortRange::new(2, 3).unwrap(),
            remembered: &remembered,
            sees_all_sent: true,
            joins_expected: true,
        };
        let mut ledger = Ledger::new(most);
        let mut sums = [0; 2];
        for (is_sided, first, second, packets, opening, last) in conversations {
            let kind = if is_sided { KeptPorts::Server } else { KeptPorts::Both };
            let first = if is_sided { 0 } else { first };
            let record = ConversationRecord { last, ..record(packets.map(u64::from), opening) };
            sums[0] += record.packets.iter().sum::<u64>();
            sums[1] += record.bytes.iter().sum::<u64>();
            ledger.add(&key(kind, TCP, first, second), &record);
            if last == 8 {
                ledger.decide_servers(5, &known);
            }
        }
        let mut found = [0; 2];
        for (_, record) in counts(ledger.flows(&known)) {
            found[0] += record.packets.iter().sum::<u64>();
            found[1] += record.bytes.iter().sum::<u64>();
        }
        for tally in ledger.lost().values().chain(ledger.unproven().ports.values()) {
            found[0] += tally.packets;
            found[1] += tally.bytes;
        }
        let Unproven { senders, others, .. } = ledger.unproven();
        let of_senders: u64 = senders.values().chain([others]).map(|tally| tally.packets).sum();
        prop_assert_eq!(of_senders, ledger.unproven().total().packets);
        prop_assert_eq!(found, sums);
    }
}

/// Fragments of a packet have a key of their own in the table, and are the conversation's.
#[test]
fn fragments_are_of_the_conversation_and_prove_nothing() {
    let whole = key(KeptPorts::Server, TCP, 0, 8080);
    let fragments = ConversationKey {
        ports: PackedPorts(whole.ports).marked(mark::MERE_FRAGMENT).0,
        ..whole
    };
    let mut opened = record(
        [1, 1],
        opening::REQUEST_FROM_FIRST | opening::REPLY_FROM_SECOND,
    );
    (opened.requests, opened.replies) = (1, 1);
    for order in [[0, 1], [1, 0]] {
        let mut ledger = Ledger::new(usize::MAX);
        let both = [(whole, opened), (fragments, record([2, 0], 0))];
        for at in order {
            ledger.add(&both[at].0, &both[at].1);
        }
        let flows = flows(&ledger);
        let [(_, counts)] = flows.as_slice() else {
            panic!("one flow expected: {flows:?}")
        };
        assert_eq!((counts.packets, counts.fragments), ([3, 1], [2, 0]));
    }
}
