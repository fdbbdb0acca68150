//! The flow table: each CPU has two halves of buckets in plain memory, and is the only writer of the one in use.
//!
//! A hit costs a compare and a few adds: no helper, no atomic instruction, no clock. User space flips the halves, waits
//! until no program can still write to the old one, then reads and clears it while packets flow.

pub(crate) mod addresses;
pub(crate) mod bucket;
mod event;
mod find;
pub(crate) mod key;
pub(crate) mod shared;

use auditor_common::{
    Direction, KeptPorts, PackedPorts, Packet, Reason, Tally,
    flow::opening,
    packet::{Handshake, RST, Undelivered},
    port::protocol,
};

use self::{
    addresses::{AddressPair, AddressValues, Addresses4, Addresses6},
    bucket::hash,
    event::event,
    find::{Found, find},
    key::{Key, Place, first_leaves, key, ordered},
};
use crate::{
    mode::{has_buckets, keeps_both_ports},
    state::{KnownPorts, PerCpu},
    tallies,
};

/// Counts a packet in its bucket. False if there is none, or its counters are full: the packet then belongs into the shared
/// table.
///
/// # Errors
///
/// `Reason::Unproven` if the packet is unproven and no bucket is left for unproven packets.
#[inline(always)]
pub(crate) fn count<A: AddressValues>(
    direction: Direction,
    per_cpu: &PerCpu,
    interface: u32,
    packet: &Packet,
    addresses: A,
    wire: &Tally,
) -> Result<bool, Reason> {
    if !has_buckets() {
        return Ok(false);
    }
    let Some(known) = KnownPorts::all() else {
        return Ok(false);
    };
    let key = key(direction, known, interface, packet, addresses);
    // Requests may be spoofed or a scan, and this host's replies to them prove nothing either. The buckets that such
    // unproven packets may take are limited, so that enough stay free for conversations that continue.
    let is_unproven = !keeps_both_ports()
        && match direction {
            Direction::Ingress => matches!(packet.handshake, Handshake::Request),
            Direction::Egress => {
                matches!(packet.handshake, Handshake::Reply) || packet.flags & RST != 0
            }
        };
    match find(per_cpu, interface, &key, is_unproven) {
        Found::Bucket(record, is_new) => {
            if is_new {
                record.begin(per_cpu.epoch(), key.evidence);
                record.begin_from(key.sender);
                // In a replay nothing but the order of frames counts.
                if key.evidence == 0 && !keeps_both_ports() {
                    record.begin_now();
                }
            }
            if key.evidence != 0 && leaves_as_request(direction, packet) {
                record.requested_from(packet.source_port);
            }
            Ok(record.add(
                key.sender,
                wire,
                packet.flags,
                event(packet),
                per_cpu.epoch(),
            ))
        }
        Found::Shared => Ok(false),
        Found::Lost => {
            // What leaves answers a request that found no room either, and is counted there.
            if matches!(direction, Direction::Ingress) {
                tallies::add_lost(direction, packet.protocol, key.port, wire);
            }
            Err(Reason::Unproven)
        }
    }
}

/// Whether a packet is a TCP request of this host's. Its port is kept, since an ICMP error is believed only if it quotes what
/// was sent.
#[inline(always)]
fn leaves_as_request(direction: Direction, packet: &Packet) -> bool {
    matches!(direction, Direction::Egress)
        && packet.protocol == protocol::TCP
        && matches!(packet.handshake, Handshake::Request)
}

/// Counts a packet in the shared table.
///
/// # Errors
///
/// `Reason::TableFull` if the flow is new and no entry is left for it.
#[inline(always)]
pub(crate) fn count_shared(
    direction: Direction,
    per_cpu: &PerCpu,
    interface: u32,
    packet: &Packet,
    wire: &Tally,
) -> Result<(), Reason> {
    let ports = (packet.source_port, packet.destination_port);
    let (precedes, is_to_group) = if packet.is_ipv4 {
        let addresses = Addresses4::of(packet);
        (addresses.precedes(ports), addresses.is_to_group())
    } else {
        let addresses = Addresses6::of(packet);
        (addresses.precedes(ports), addresses.is_to_group())
    };
    let Some(known) = KnownPorts::all() else {
        return Ok(());
    };
    let place = Place {
        interface,
        precedes,
        is_to_group: packet.is_group_frame || is_to_group,
    };
    let key = ordered(direction, known, &place, packet);
    let shared = shared_key(interface, packet, key.ports, key.sender);
    let more = shared::Packet {
        wire: Tally {
            packets: wire.packets,
            bytes: wire.bytes,
        },
        epoch: per_cpu.epoch(),
        sender: key.sender as u8,
        evidence: key.evidence,
        flags: packet.flags,
        event: event(packet),
        refusals: 0,
        undelivered: 0,
        requested_from: if key.evidence != 0 && leaves_as_request(direction, packet) {
            packet.source_port
        } else {
            0
        },
        // In a replay nothing but the order of frames counts.
        comes_in: matches!(direction, Direction::Ingress) && !keeps_both_ports(),
    };
    let added = shared::add(per_cpu, &shared, &more);
    if added.is_err() {
        tallies::add_lost(direction, packet.protocol, key.port, wire);
    }
    added
}

/// The key of a packet in the shared table; `ports` are those of its bucket's key, `sender` is 0 if its first address sent the
/// packet.
#[inline(always)]
fn shared_key(interface: u32, packet: &Packet, ports: u64, sender: u32) -> shared::Key {
    let addresses = in_order(Addresses6::of(packet), sender);
    // All else is alike for both versions, so that the verifier need not follow it for each.
    let hash = if packet.is_ipv4 {
        hash(in_order(Addresses4::of(packet), sender), ports)
    } else {
        hash(addresses, ports)
    };
    let ports = PackedPorts(ports).of_ipv6(!packet.is_ipv4);
    shared::Key::of_mapped(addresses, ports, interface, hash)
}

/// Counts that a packet was not delivered; `packet` is the one that the ICMP error quotes, with what the error says of it as
/// its code. `direction` is the error's.
#[inline(always)]
pub(crate) fn refuse<A: AddressValues>(
    direction: Direction,
    per_cpu: &PerCpu,
    interface: u32,
    packet: &Packet,
) {
    let addresses = A::of(packet);
    let precedes = addresses.precedes((packet.source_port, packet.destination_port));
    let (ports, sender) = refused_ports(direction, interface, packet, precedes);
    let key = Key {
        addresses: in_order(addresses, sender),
        ports,
        sender,
        evidence: 0,
        port: packet.destination_port,
    };
    if let Found::Bucket(record, is_new) = find(per_cpu, interface, &key, true) {
        if is_new {
            record.begin_refused(per_cpu);
            record.begin_from(sender);
        }
        let undelivered = Undelivered::from_number(packet.code);
        record.add_undelivered(undelivered_opening(undelivered, sender), undelivered);
    }
}

/// Addresses, source first, in the order of their key; `sender` is 0 if the first one of it sent the packet.
#[inline(always)]
fn in_order<A: AddressPair>(addresses: A, sender: u32) -> A {
    if sender == 0 {
        addresses
    } else {
        addresses.swapped()
    }
}

/// The ports of a refused packet's key, and which of its addresses sent the packet.
///
/// Both ports are kept, since an error is believed only if it quotes what was sent, from its port on. The quoted packet went
/// the other way than the error.
#[inline(always)]
fn refused_ports(
    direction: Direction,
    interface: u32,
    packet: &Packet,
    precedes: bool,
) -> (u64, u32) {
    let (source, destination) = (packet.source_port, packet.destination_port);
    let (sender, first, second) = if precedes {
        (0, source, destination)
    } else {
        (1, destination, source)
    };
    let quoted = match direction {
        Direction::Ingress => Direction::Egress,
        Direction::Egress => Direction::Ingress,
    };
    let leaves = !keeps_both_ports() && first_leaves(quoted, interface, sender);
    let ports = PackedPorts::new(KeptPorts::Both, packet.protocol, first, second);
    (ports.first_leaving(leaves).0, sender)
}

/// The bit of [`opening`] for what an ICMP error says of a packet from the address numbered `sender`.
#[inline(always)]
fn undelivered_opening(undelivered: Undelivered, sender: u32) -> u8 {
    match (undelivered, sender) {
        (Undelivered::Refused, 0) => opening::REFUSED_FIRST,
        (Undelivered::Refused, _) => opening::REFUSED_SECOND,
        (Undelivered::Unreachable, _) => opening::UNREACHABLE,
    }
}

/// As [`refuse`], in the shared table.
#[inline(always)]
pub(crate) fn refuse_shared(
    direction: Direction,
    per_cpu: &PerCpu,
    interface: u32,
    packet: &Packet,
) {
    let ports = (packet.source_port, packet.destination_port);
    let precedes = if packet.is_ipv4 {
        Addresses4::of(packet).precedes(ports)
    } else {
        Addresses6::of(packet).precedes(ports)
    };
    let (ports, sender) = refused_ports(direction, interface, packet, precedes);
    let shared = shared_key(interface, packet, ports, sender);
    let undelivered = Undelivered::from_number(packet.code);
    let more = shared::Packet {
        wire: Tally {
            packets: 0,
            bytes: 0,
        },
        epoch: per_cpu.epoch(),
        sender: sender as u8,
        evidence: 0,
        flags: 0,
        event: 0,
        refusals: u8::from(matches!(undelivered, Undelivered::Refused)),
        undelivered: undelivered_opening(undelivered, sender),
        requested_from: 0,
        comes_in: matches!(direction, Direction::Ingress) && !keeps_both_ports(),
    };
    // If no entry is left the error is dropped: it adds nothing to the refused packet, which was counted as lost.
    let _full = shared::add(per_cpu, &shared, &more);
}
