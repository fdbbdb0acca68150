//! The fast path, which nearly all traffic takes: packets of conversations that have a bucket and whose server's port is
//! known. And requests from outside, since a flood is made of them.
//!
//! Whatever is out of the ordinary is left, untouched, to the slow path, which counts every packet and would count these in
//! the same bucket. Branches that few packets take are marked cold: in the stack packets were counted some nanoseconds faster
//! then.

use core::intrinsics::cold_path;

use auditor_common::{
    Direction, Evidence, KeptPorts, PackedPorts, Packet, Reason,
    flow::opening,
    packet::{Handshake, RST, SYN, plain4},
    port::protocol,
};

use crate::{
    frame::{Frame, TAGGED, UNTAGGED, VLAN, ethertype},
    hook::Hook,
    outcome::Outcome,
    ports::{LOOPBACK, known},
    state::{KnownPorts, PerCpu},
    table::{
        addresses::AddressPair,
        bucket::{Bucket, hash},
    },
    tallies,
};

/// Buckets that are looked at; of a table that is less than 40% full hardly any conversation has a later one.
const PROBES: u32 = 3;

/// Counts a plain packet in its bucket, one of TCP if `TCP_ONLY`. Not plain is whatever takes more, and nothing is counted
/// then.
#[inline(always)]
pub(crate) fn count<H: Hook, const TCP_ONLY: bool>(hook: H) -> Outcome {
    // First, while there is nothing yet to be kept meanwhile.
    let Some((per_cpu, known)) = PerCpu::current() else {
        return Outcome::NOT_PLAIN;
    };
    let frame = Frame::new(hook);
    let mut packet = Packet::EMPTY;
    let mut addresses = 0;
    if plain4(&frame.linear_bytes(), UNTAGGED, &mut packet, &mut addresses) {
        return plain::<H, _, TCP_ONLY>(&frame, &per_cpu, known, &mut packet, addresses);
    }
    if let Some(addresses) = frame.linear_bytes().plain6(UNTAGGED, &mut packet) {
        return plain::<H, _, TCP_ONLY>(&frame, &per_cpu, known, &mut packet, addresses);
    }
    if ethertype(hook) == VLAN && plain4(&frame.linear_bytes(), TAGGED, &mut packet, &mut addresses)
    {
        return plain::<H, _, TCP_ONLY>(&frame, &per_cpu, known, &mut packet, addresses);
    }
    Outcome::NOT_PLAIN
}

#[inline(always)]
fn plain<H: Hook, A: AddressPair, const TCP_ONLY: bool>(
    frame: &Frame<H>,
    per_cpu: &PerCpu,
    ports: KnownPorts,
    packet: &mut Packet,
    addresses: A,
) -> Outcome {
    // A datagram may carry another packet.
    if TCP_ONLY && packet.protocol != protocol::TCP {
        cold_path();
        return Outcome::NOT_PLAIN;
    }
    // What opens a conversation, or breaks it off, is counted apart.
    if packet.flags & (SYN | RST) != 0 {
        cold_path();
        packet.read_handshake();
        if matches!(H::DIRECTION, Direction::Ingress)
            && matches!(packet.handshake, Handshake::Request)
        {
            return request(frame, per_cpu, ports, packet, addresses);
        }
        return Outcome::NOT_PLAIN;
    }
    match known(H::DIRECTION, frame.interface, ports, packet) {
        (true, false) => in_bucket(frame, per_cpu, packet, addresses, 0),
        (false, true) => in_bucket(frame, per_cpu, packet, addresses.swapped(), 1),
        (true, true) | (false, false) => {
            cold_path();
            Outcome::NOT_PLAIN
        }
    }
}

/// Counts a packet in the bucket of its conversation; `addresses` are the client's and the server's, and `sender` is 1 if the
/// server sent it.
#[inline(always)]
fn in_bucket<H: Hook, A: AddressPair>(
    frame: &Frame<H>,
    per_cpu: &PerCpu,
    packet: &Packet,
    addresses: A,
    sender: u32,
) -> Outcome {
    let port = if sender == 0 {
        packet.destination_port
    } else {
        packet.source_port
    };
    let ports = PackedPorts::new(KeptPorts::Server, packet.protocol, 0, port).0;
    let hash = hash(addresses, ports);
    for probe in 0..PROBES {
        let Some(bucket) = Bucket::at(per_cpu, hash, probe) else {
            cold_path();
            return Outcome::NOT_PLAIN;
        };
        if let Some(record) = bucket.record_of(addresses, ports, frame.interface) {
            let wire = frame.on_wire(packet.headers);
            let is_counted = record.add(sender, &wire, packet.flags, 0, per_cpu.epoch());
            if is_counted {
                per_cpu.add_own_total(H::DIRECTION, &wire);
            }
            return Outcome::done_if(is_counted);
        }
        cold_path();
    }
    Outcome::NOT_PLAIN
}

/// Counts a packet from outside that opens a conversation; as [`count`].
#[inline(always)]
fn request<H: Hook, A: AddressPair>(
    frame: &Frame<H>,
    per_cpu: &PerCpu,
    ports: KnownPorts,
    packet: &Packet,
    addresses: A,
) -> Outcome {
    match known(H::DIRECTION, frame.interface, ports, packet) {
        (true, false) => {}
        // From such that leave, ports are learned.
        (false, false) if frame.interface != LOOPBACK => {}
        (true | false, true) | (false, false) => return Outcome::NOT_PLAIN,
    }
    let port = packet.destination_port;
    let ports = PackedPorts::new(KeptPorts::Server, packet.protocol, 0, port).0;
    let wire = frame.on_wire(packet.headers);
    let hash = hash(addresses, ports);
    for probe in 0..PROBES {
        let Some(bucket) = Bucket::at(per_cpu, hash, probe) else {
            return Outcome::NOT_PLAIN;
        };
        let record = match bucket.record_of(addresses, ports, frame.interface) {
            Some(record) => record,
            None if !bucket.is_free() => continue,
            None => {
                if !Bucket::<A>::has_room_unproven(per_cpu) {
                    per_cpu.add_own_total(H::DIRECTION, &wire);
                    tallies::add_lost(H::DIRECTION, packet.protocol, port, &wire);
                    tallies::add(Reason::TableFull, &wire);
                    return Outcome::of(Reason::TableFull);
                }
                let record = bucket.take(addresses, ports, frame.interface);
                record.begin(per_cpu.epoch(), Evidence::Handshake as u8);
                record
            }
        };
        let event = opening::REQUEST_FROM_FIRST;
        let is_counted = record.add(0, &wire, packet.flags, event, per_cpu.epoch());
        if is_counted {
            per_cpu.add_own_total(H::DIRECTION, &wire);
        }
        return Outcome::done_if(is_counted);
    }
    Outcome::NOT_PLAIN
}
