//! The flow table: for each CPU two halves of places in plain memory, of which it writes to one, alone.
//!
//! A hit costs a compare and a few adds: no helper, no atomic instruction, no clock. User space flips the halves, waits
//! until no program can still be in the old one, and reads and clears that while packets flow.

use auditor_common::{
    Evidence, Kind, Packet, Ports, Record, Server, SharedKey, Slot, Tally,
    flow::opening,
    lost::{self, Lost},
    packet::{Intent, RST},
    side,
};

use crate::{
    context::{Going, Way},
    ends::{Ends, Values},
    place::{self, MOST_EVENTS, add},
    ports::View,
    region::{Region, Words, has_places, keeps_both_ports},
    shared,
};

/// Places that a place is looked for in.
const PROBES: u32 = 8;

/// Under what a packet is counted.
struct Key<E> {
    ends: E,
    ports: u64,
    /// 0 if the first end sent the packet, 1 if the second did.
    way: u32,
    evidence: u8,
    /// The port to count it by if its place is lost.
    port: u16,
}

#[inline(always)]
fn key<G: Going, E: Values>(words: Words, interface: u32, packet: &Packet, ends: E) -> Key<E> {
    let precedes = ends.precedes((packet.source_port, packet.destination_port));
    let key = ordered::<G>(words, interface, packet, precedes);
    Key {
        ends: if key.way == 0 { ends } else { ends.swapped() },
        ports: key.ports,
        way: key.way,
        evidence: key.evidence,
        port: key.port,
    }
}

/// The key but for its ends, which are those of the packet, swapped if `way` is 1; `precedes` as [`Values::precedes`].
#[inline(always)]
fn ordered<G: Going>(words: Words, interface: u32, packet: &Packet, precedes: bool) -> Key<()> {
    let view = View::of::<G>(interface, words);
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
    let key = |ports: Ports, way, evidence, port| Key {
        ends: (),
        ports: ports.0,
        way,
        evidence,
        port,
    };
    let sided = |port| Ports::new(Kind::Sided, protocol, 0, port);
    let unsided = |first, second| Ports::new(Kind::Unsided, protocol, first, second);
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
/// `Slot::TableFull` if the packet proves nothing and no place is left for such.
#[inline(always)]
pub(crate) fn count<G: Going, E: Values>(
    region: &Region,
    interface: u32,
    packet: &Packet,
    ends: E,
    wire: &Tally,
) -> Result<bool, Slot> {
    if !has_places() {
        return Ok(false);
    }
    let Some(words) = Words::all() else {
        return Ok(false);
    };
    let key = key::<G, E>(words, interface, packet, ends);
    // Nobody has to mean what they ask, nor are this host's answers a proof: places for such packets are few enough that
    // those of conversations which go on stay free.
    let is_unproven = !keeps_both_ports()
        && match G::WAY {
            Way::In => matches!(packet.intent, Intent::Asks),
            Way::Out => matches!(packet.intent, Intent::Answers) || packet.flags & RST != 0,
        };
    match find(region, interface, &key, is_unproven) {
        // SAFETY: a whole record of a place that is this CPU's alone.
        Found::Place(record, is_new) => Ok(unsafe {
            if is_new {
                (*record).first = region.epoch();
                (*record).evidence = key.evidence;
                (*record).opening = (key.way as u8 & 1) * opening::BEGAN_SECOND;
            }
            add(
                record,
                key.way,
                wire,
                packet.flags,
                event(packet),
                region.epoch(),
            )
        }),
        Found::Shared => Ok(false),
        Found::Lost => {
            lose(G::WAY, packet.protocol, key.port, wire);
            Err(Slot::TableFull)
        }
    }
}

/// Counts a packet in the shared table.
///
/// # Errors
///
/// `Slot::TableFull` if the flow is new and no place is left for it.
#[inline(always)]
pub(crate) fn count_shared<G: Going>(
    region: &Region,
    interface: u32,
    packet: &Packet,
    wire: &Tally,
) -> Result<(), Slot> {
    let ports = (packet.source_port, packet.destination_port);
    let precedes = if packet.is_ipv4 {
        u64::of(packet).precedes(ports)
    } else {
        <[[u64; 2]; 2]>::of(packet).precedes(ports)
    };
    let Some(words) = Words::all() else {
        return Ok(());
    };
    let key = ordered::<G>(words, interface, packet, precedes);
    let shared = SharedKey {
        ends: if key.way == 0 {
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
        epoch: u64::from(region.epoch()),
        way: key.way as u8,
        evidence: key.evidence,
        flags: packet.flags,
        event: event(packet),
        refusals: 0,
    };
    let added = shared::add(region, &shared, &more);
    if added.is_err() {
        lose(G::WAY, packet.protocol, key.port, wire);
    }
    added
}

/// What a packet says of its conversation's beginning or end.
#[inline(always)]
const fn event(packet: &Packet) -> u8 {
    match packet.intent {
        Intent::Asks => opening::ASKED_FIRST,
        Intent::Answers => opening::ANSWERED_FIRST,
        // A packet that resets neither asks nor answers.
        Intent::Unknown if packet.flags & RST != 0 => shared::RESETS,
        Intent::Unknown => 0,
    }
}

enum Found {
    /// The record, and whether its place was free.
    Place(*mut Record, bool),
    /// There is no place; the shared table may have one.
    Shared,
    /// There is no place for packets that prove nothing.
    Lost,
}

/// Counts a packet for which there was no place.
#[inline(always)]
pub(crate) fn lose(way: Way, protocol: u8, port: u16, wire: &Tally) {
    let index = lost::index(Lost {
        is_sent: matches!(way, Way::Out),
        protocol,
        port,
    });
    shared::lose(index, wire.packets, wire.bytes);
}

/// Finds the place of a key, or takes a free one.
#[inline(always)]
fn find<E: Ends>(region: &Region, interface: u32, key: &Key<E>, is_unproven: bool) -> Found {
    let hash = place::hash(key.ends, key.ports);
    for probe in 0..PROBES {
        let Some(place) = place::at::<E>(region, hash, probe) else {
            return Found::Shared;
        };
        // SAFETY: a whole place, written to by this CPU alone.
        unsafe {
            let record = place::is_of::<E>(place, key.ends, key.ports, interface);
            if !record.is_null() {
                return Found::Place(record, false);
            }
            if place::is_free::<E>(place) {
                if is_unproven && !place::has_room_unproven::<E>(region) {
                    return Found::Lost;
                }
                return Found::Place(
                    place::take::<E>(place, key.ends, key.ports, interface),
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
pub(crate) fn refuse<E: Values>(region: &Region, interface: u32, packet: &Packet) {
    let key = Key {
        ends: E::of(packet),
        ports: refused_ports(packet),
        way: 0,
        evidence: Evidence::FirstSender as u8,
        port: packet.destination_port,
    };
    if let Found::Place(record, is_new) = find(region, interface, &key, true) {
        // SAFETY: a whole record of a place that is this CPU's alone.
        unsafe {
            if is_new {
                (*record).first = region.epoch();
                (*record).last = region.epoch() as u16;
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
    Ports::new(Kind::Sided, packet.protocol, 0, packet.destination_port).0
}

/// As [`refuse`], in the shared table.
#[inline(always)]
pub(crate) fn refuse_shared(region: &Region, interface: u32, packet: &Packet) {
    let shared = SharedKey {
        ends: [packet.source, packet.destination],
        ports: refused_ports(packet),
        interface,
        reserved: 0,
    };
    let more = shared::Packet {
        packets: 0,
        bytes: 0,
        epoch: u64::from(region.epoch()),
        way: 0,
        evidence: Evidence::FirstSender as u8,
        flags: 0,
        event: 0,
        refusals: 1,
    };
    // An error that finds no entry says nothing that the lost packet did not.
    let _full = shared::add(region, &shared, &more);
}
