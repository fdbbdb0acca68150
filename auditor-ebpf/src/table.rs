//! The flow table: each CPU has two halves of buckets in plain memory, and is the only writer of the one in use.
//!
//! A hit costs a compare and a few adds: no helper, no atomic instruction, no clock. User space flips the halves, waits
//! until no program can still write to the old one, then reads and clears it while packets flow.

pub(crate) mod addresses;
pub(crate) mod bucket;
mod event;
mod find;
mod key;
mod shared;

use auditor_common::{
    ConversationKey, Direction, Evidence, KeptPorts, PackedPorts, Packet, Reason, Tally,
    packet::{Handshake, RST},
};

use self::{
    addresses::{AddressValues, Addresses4, Addresses6},
    event::event,
    find::{Found, find},
    key::{Key, key, ordered},
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
/// `Reason::TableFull` if the packet is unproven and no bucket is left for unproven packets.
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
            tallies::add_lost(direction, packet.protocol, key.port, wire);
            Err(Reason::TableFull)
        }
    }
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
    let precedes = if packet.is_ipv4 {
        Addresses4::of(packet).precedes(ports)
    } else {
        Addresses6::of(packet).precedes(ports)
    };
    let Some(known) = KnownPorts::all() else {
        return Ok(());
    };
    let key = ordered(direction, known, interface, packet, precedes);
    let shared = ConversationKey {
        addresses: if key.sender == 0 {
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
        sender: key.sender as u8,
        evidence: key.evidence,
        flags: packet.flags,
        event: event(packet),
        refusals: 0,
    };
    let added = shared::add(per_cpu, &shared, &more);
    if added.is_err() {
        tallies::add_lost(direction, packet.protocol, key.port, wire);
    }
    added
}

/// Counts that a packet could not be delivered; `packet` is the one that the ICMP error quotes.
#[inline(always)]
pub(crate) fn refuse<A: AddressValues>(per_cpu: &PerCpu, interface: u32, packet: &Packet) {
    let key = Key {
        addresses: A::of(packet),
        ports: refused_ports(packet),
        sender: 0,
        evidence: Evidence::FirstSender as u8,
        port: packet.destination_port,
    };
    if let Found::Bucket(record, is_new) = find(per_cpu, interface, &key, true) {
        if is_new {
            record.begin_refused(per_cpu);
        }
        record.add_refusal();
    }
}

/// The ports of a refused packet's key. It was refused at its destination, which is therefore taken for the server.
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
        sender: 0,
        evidence: Evidence::FirstSender as u8,
        flags: 0,
        event: 0,
        refusals: 1,
    };
    // If no entry is left the error is dropped: it adds nothing to the refused packet, which was counted as lost.
    let _full = shared::add(per_cpu, &shared, &more);
}
