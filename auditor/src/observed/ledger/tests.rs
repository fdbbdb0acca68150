use auditor_common::{
    ConversationKey, ConversationRecord, Direction, Evidence, KeptPorts, PackedPorts,
    flow::opening, packet::mapped,
};

use proptest::prelude::*;

use super::{FlowKey, KnownPorts, Ledger};
use crate::port::PortRange;

const A: [u8; 16] = mapped([10, 0, 0, 1]);
const B: [u8; 16] = mapped([10, 0, 0, 2]);
const TCP: u8 = 6;
const UDP: u8 = 17;

fn key(kind: KeptPorts, protocol: u8, first: u16, second: u16) -> ConversationKey {
    ConversationKey {
        addresses: [A, B],
        ports: PackedPorts::new(kind, protocol, first, second).0,
        interface: 2,
        reserved: 0,
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

fn flows(ledger: &Ledger) -> Vec<(FlowKey, ConversationRecord)> {
    ledger.flows(&KnownPorts {
        is_documented: &|_, port| port == 50_001,
        ephemeral: PortRange::EPHEMERAL,
    })
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
        ..key(KeptPorts::Server, TCP, 0, 50_000)
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
        |protocol, first, second, bits| [(unsided(protocol, first, second), record([1, 0], bits))];
    check(
        &one(TCP, 50_001, 50_000, 0),
        false,
        50_001,
        [0, 1],
        Evidence::Documented,
    );
    check(
        &one(UDP, 53, 50_000, 0),
        false,
        53,
        [0, 1],
        Evidence::Ephemeral,
    );
    check(&one(TCP, 80, 90, 0), false, 80, [0, 1], Evidence::LowerPort);
    check(
        &one(UDP, 80, 90, 0),
        true,
        90,
        [1, 0],
        Evidence::FirstSender,
    );
    check(
        &one(UDP, 80, 90, opening::STARTED_BY_SECOND),
        false,
        80,
        [0, 1],
        Evidence::FirstSender,
    );
    check(
        &one(47, 0, 0, opening::STARTED_BY_SECOND),
        false,
        0,
        [0, 1],
        Evidence::FirstSender,
    );
}

#[test]
fn refusals_count_with_what_was_refused() {
    let refusal = (
        key(KeptPorts::Server, UDP, 0, 90),
        ConversationRecord {
            refusals: 1,
            evidence: Evidence::FirstSender as u64,
            ..ConversationRecord::default()
        },
    );
    let mut ledger = Ledger::new(usize::MAX);
    ledger.add(&refusal.0, &refusal.1);
    assert_eq!(flows(&ledger), []);
    ledger.add(&unsided(UDP, 50_000, 90), &record([1, 0], 0));
    let flows = flows(&ledger);
    assert_eq!(flows.len(), 1);
    assert_eq!((flows[0].1.refusals, flows[0].1.packets), (1, [1, 0]));
}

#[test]
fn what_is_over_is_settled() {
    let mut ledger = Ledger::default();
    let known = KnownPorts {
        is_documented: &|_, port| port == 50_001,
        ephemeral: PortRange::EPHEMERAL,
    };
    for client in 40_000..40_100 {
        let last = u64::from(client - 40_000);
        let conversation = ConversationRecord {
            last,
            ..record([2, 3], 0)
        };
        ledger.add(&unsided(TCP, client, 50_001), &conversation);
    }
    let before = ledger.flows(&known);
    ledger.decide_servers(90, &known);
    assert_eq!(ledger.len(), 11, "one for what is over, ten that are not");
    assert_eq!(ledger.flows(&known), before);
    ledger.decide_servers(1000, &known);
    assert_eq!(ledger.len(), 1);
    assert_eq!(ledger.flows(&known), before);
}

#[test]
fn a_guess_that_was_settled_convinces_nobody() {
    let mut ledger = Ledger::default();
    let known = KnownPorts {
        is_documented: &|_, _| false,
        ephemeral: PortRange::EPHEMERAL,
    };
    // The lower port is taken for the server's.
    ledger.add(&unsided(TCP, 45_000, 40_000), &record([1, 1], 0));
    ledger.decide_servers(1, &known);
    ledger.add(&unsided(TCP, 45_000, 50_000), &record([1, 1], 0));
    let ports: Vec<u16> = ledger
        .flows(&known)
        .iter()
        .map(|(key, _)| key.port)
        .collect();
    assert_eq!(ports, [40_000, 45_000]);
}

#[test]
fn what_anybody_can_make_up_takes_a_quarter() {
    let mut ledger = Ledger::new(100);
    ledger.own(&["10.0.0.1".parse().unwrap()].into());
    let from = |host: u16, port: u16| ConversationKey {
        addresses: [
            mapped([10, 9, host.to_be_bytes()[0], host.to_be_bytes()[1]]),
            A,
        ],
        ..key(KeptPorts::Server, TCP, 0, port)
    };
    let knock = ConversationRecord {
        requests: 1,
        replies: 1,
        ..record([1, 1], 0)
    };
    for host in 0..1000 {
        ledger.add(&from(host, 22), &knock);
    }
    assert_eq!(ledger.len(), 25);
    let lost: Vec<(Direction, u16, u64)> = ledger
        .lost()
        .iter()
        .map(|(lost, tally)| (lost.direction, lost.port, tally.packets))
        .collect();
    assert_eq!(
        lost,
        [(Direction::Ingress, 22, 975), (Direction::Egress, 22, 975)]
    );
    // Real conversations are kept until the ledger is full; a new one then is not, and an unproven one is updated in place.
    for host in 2000..2075 {
        ledger.add(
            &from(host, 443),
            &ConversationRecord {
                requests: 1,
                replies: 1,
                ..record([5, 5], 0)
            },
        );
    }
    assert_eq!(ledger.len(), 100);
    ledger.add(&from(3000, 443), &record([5, 5], 0));
    assert_eq!(ledger.len(), 100);
    ledger.add(&from(1, 22), &record([5, 5], 0));
    assert_eq!(ledger.len(), 100);
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
        let known = KnownPorts {
            is_documented: &|_, port| port == 1,
            ephemeral: PortRange::new(2, 3).unwrap(),
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
        for (_, record) in ledger.flows(&known) {
            found[0] += record.packets.iter().sum::<u64>();
            found[1] += record.bytes.iter().sum::<u64>();
        }
        for tally in ledger.lost().values() {
            found[0] += tally.packets;
            found[1] += tally.bytes;
        }
        prop_assert_eq!(found, sums);
    }
}
