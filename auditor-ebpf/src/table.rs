//! The flow table: for each CPU two halves of places in plain memory, of which it writes to one, alone.
//!
//! A hit costs a compare and a few adds: no helper, no atomic instruction, no clock. User space flips the halves, waits
//! until no program can still be in the old one, and reads and clears that while packets flow.

use auditor_common::{
    BucketRecord, ConversationKey, Direction, Evidence, KeptPorts, PackedPorts, Packet, Reason,
    Server, Tally,
    flow::opening,
    lost::{self, Lost},
    packet::{Handshake, RST},
    side,
};

use crate::{
    addresses::{AddressPair, Values},
    bucket::{self, MOST_EVENTS, add},
    context::Directed,
    per_cpu::{KnownPorts, PerCpu, has_buckets, keeps_both_ports},
    ports::PortView,
    shared,
};

/// Places that a place is looked for in.
const PROBES: u32 = 8;

/// Under what a packet is counted.
struct Key<E> {
    addresses: E,
    ports: u64,
    /// 0 if the first end sent the packet, 1 if the second did.
    direction: u32,
    evidence: u8,
    /// The port to count it by if its place is lost.
    port: u16,
}

#[inline(always)]
fn key<G: Directed, E: Values>(
    known_ports: KnownPorts,
    interface: u32,
    packet: &Packet,
    addresses: E,
) -> Key<E> {
    let precedes = addresses.precedes((packet.source_port, packet.destination_port));
    let key = ordered::<G>(known_ports, interface, packet, precedes);
    Key {
        addresses: if key.direction == 0 {
            addresses
        } else {
            addresses.swapped()
        },
        ports: key.ports,
        direction: key.direction,
        evidence: key.evidence,
        port: key.port,
    }
}

/// The key but for its addresses, which are those of the packet, swapped if `way` is 1; `precedes` as [`Values::precedes`].
#[inline(always)]
fn ordered<G: Directed>(
    known_ports: KnownPorts,
    interface: u32,
    packet: &Packet,
    precedes: bool,
) -> Key<()> {
    let view = PortView::of::<G>(interface, known_ports);
    let (source, destination) = (packet.source_port, packet.destination_port);
    let decided = if keeps_both_ports() {
        None
    } else {
        side::server(packet, &view)
    };
    let protocol = packet.protocol;
    // Of two ports of which neither is known for a server's, the lower one is more likely to be.
    let lower = if source < destination {
        source
    } else {
        destination
    };
    let key = |ports: PackedPorts, direction, evidence, port| Key {
        addresses: (),
        ports: ports.0,
        direction,
        evidence,
        port,
    };
    let sided = |port| PackedPorts::new(KeptPorts::Server, protocol, 0, port);
    let unsided = |first, second| PackedPorts::new(KeptPorts::Both, protocol, first, second);
    match decided {
        Some((Server::Destination, evidence)) => {
            key(sided(destination), 0, evidence as u8, destination)
        }
        Some((Server::Source, evidence)) => key(sided(source), 1, evidence as u8, source),
        None if precedes => key(unsided(source, destination), 0, 0, lower),
        None => key(unsided(destination, source), 1, 0, lower),
    }
}

/// Counts a packet in its place. False if it has none, or a full one, and belongs into the shared table.
///
/// # Errors
///
/// `Reason::TableFull` if the packet proves nothing and no place is left for such.
#[inline(always)]
pub(crate) fn count<G: Directed, E: Values>(
    per_cpu: &PerCpu,
    interface: u32,
    packet: &Packet,
    addresses: E,
    wire: &Tally,
) -> Result<bool, Reason> {
    if !has_buckets() {
        return Ok(false);
    }
    let Some(known_ports) = KnownPorts::all() else {
        return Ok(false);
    };
    let key = key::<G, E>(known_ports, interface, packet, addresses);
    // Nobody has to mean what they ask, nor are this host's answers a proof: places for such packets are few enough that
    // those of conversations which go on stay free.
    let is_unproven = !keeps_both_ports()
        && match G::DIRECTION {
            Direction::Ingress => matches!(packet.handshake, Handshake::Request),
            Direction::Egress => {
                matches!(packet.handshake, Handshake::Reply) || packet.flags & RST != 0
            }
        };
    match find(per_cpu, interface, &key, is_unproven) {
        // SAFETY: a whole record of a place that is this CPU's alone.
        Found::Bucket(record, is_new) => Ok(unsafe {
            if is_new {
                (*record).first = per_cpu.epoch();
                (*record).evidence = key.evidence;
                (*record).opening = (key.direction as u8 & 1) * opening::STARTED_BY_SECOND;
            }
            add(
                record,
                key.direction,
                wire,
                packet.flags,
                event(packet),
                per_cpu.epoch(),
            )
        }),
        Found::Shared => Ok(false),
        Found::Lost => {
            lose(G::DIRECTION, packet.protocol, key.port, wire);
            Err(Reason::TableFull)
        }
    }
}

/// Counts a packet in the shared table.
///
/// # Errors
///
/// `Reason::TableFull` if the flow is new and no place is left for it.
#[inline(always)]
pub(crate) fn count_shared<G: Directed>(
    per_cpu: &PerCpu,
    interface: u32,
    packet: &Packet,
    wire: &Tally,
) -> Result<(), Reason> {
    let ports = (packet.source_port, packet.destination_port);
    let precedes = if packet.is_ipv4 {
        u64::of(packet).precedes(ports)
    } else {
        <[[u64; 2]; 2]>::of(packet).precedes(ports)
    };
    let Some(known_ports) = KnownPorts::all() else {
        return Ok(());
    };
    let key = ordered::<G>(known_ports, interface, packet, precedes);
    let shared = ConversationKey {
        addresses: if key.direction == 0 {
            [packet.source, packet.destination]
        } else {
            [packet.destination, packet.source]
        },
        ports: key.ports,
        interface,
        reserved: 0,
    };
    let more = shared::Packet {
        packets: wire.packets,
        bytes: wire.bytes,
        epoch: u64::from(per_cpu.epoch()),
        direction: key.direction as u8,
        evidence: key.evidence,
        flags: packet.flags,
        event: event(packet),
        refusals: 0,
    };
    let added = shared::add(per_cpu, &shared, &more);
    if added.is_err() {
        lose(G::DIRECTION, packet.protocol, key.port, wire);
    }
    added
}

/// What a packet says of its conversation's beginning or end.
#[inline(always)]
const fn event(packet: &Packet) -> u8 {
    match packet.handshake {
        Handshake::Request => opening::REQUEST_FROM_FIRST,
        Handshake::Reply => opening::REPLY_FROM_FIRST,
        // A packet that resets neither asks nor answers.
        Handshake::None if packet.flags & RST != 0 => shared::RESETS,
        Handshake::None => 0,
    }
}

enum Found {
    /// The record, and whether its place was free.
    Bucket(*mut BucketRecord, bool),
    /// There is no place; the shared table may have one.
    Shared,
    /// There is no place for packets that prove nothing.
    Lost,
}

/// Counts a packet for which there was no place.
#[inline(always)]
pub(crate) fn lose(direction: Direction, protocol: u8, port: u16, wire: &Tally) {
    let index = lost::index(Lost {
        direction,
        protocol,
        port,
    });
    shared::lose(index, wire.packets, wire.bytes);
}

/// Finds the place of a key, or takes a free one.
#[inline(always)]
fn find<E: AddressPair>(
    per_cpu: &PerCpu,
    interface: u32,
    key: &Key<E>,
    is_unproven: bool,
) -> Found {
    let hash = bucket::hash(key.addresses, key.ports);
    for probe in 0..PROBES {
        let Some(bucket) = bucket::at::<E>(per_cpu, hash, probe) else {
            return Found::Shared;
        };
        // SAFETY: a whole place, written to by this CPU alone.
        unsafe {
            let record = bucket::is_of::<E>(bucket, key.addresses, key.ports, interface);
            if !record.is_null() {
                return Found::Bucket(record, false);
            }
            if bucket::is_free::<E>(bucket) {
                if is_unproven && !bucket::has_room_unproven::<E>(per_cpu) {
                    return Found::Lost;
                }
                return Found::Bucket(
                    bucket::take::<E>(bucket, key.addresses, key.ports, interface),
                    true,
                );
            }
        }
    }
    if is_unproven {
        Found::Lost
    } else {
        Found::Shared
    }
}

/// Counts that a packet could not be delivered; `packet` is as the error quotes it.
#[inline(always)]
pub(crate) fn refuse<E: Values>(per_cpu: &PerCpu, interface: u32, packet: &Packet) {
    let key = Key {
        addresses: E::of(packet),
        ports: refused_ports(packet),
        direction: 0,
        evidence: Evidence::FirstSender as u8,
        port: packet.destination_port,
    };
    if let Found::Bucket(record, is_new) = find(per_cpu, interface, &key, true) {
        // SAFETY: a whole record of a place that is this CPU's alone.
        unsafe {
            if is_new {
                (*record).first = per_cpu.epoch();
                (*record).last = per_cpu.epoch() as u16;
                (*record).evidence = key.evidence;
            }
            if (*record).refusals != MOST_EVENTS {
                (*record).refusals += 1;
            }
        }
    }
}

/// The packet that was refused went to the server: that is what it was refused for.
#[inline(always)]
fn refused_ports(packet: &Packet) -> u64 {
    PackedPorts::new(
        KeptPorts::Server,
        packet.protocol,
        0,
        packet.destination_port,
    )
    .0
}

/// As [`refuse`], in the shared table.
#[inline(always)]
pub(crate) fn refuse_shared(per_cpu: &PerCpu, interface: u32, packet: &Packet) {
    let shared = ConversationKey {
        addresses: [packet.source, packet.destination],
        ports: refused_ports(packet),
        interface,
        reserved: 0,
    };
    let more = shared::Packet {
        packets: 0,
        bytes: 0,
        epoch: u64::from(per_cpu.epoch()),
        direction: 0,
        evidence: Evidence::FirstSender as u8,
        flags: 0,
        event: 0,
        refusals: 1,
    };
    // An error that finds no entry says nothing that the lost packet did not.
    let _full = shared::add(per_cpu, &shared, &more);
}
