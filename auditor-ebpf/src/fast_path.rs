//! The shortest way to a place, which nearly all traffic takes: packets of conversations that have a place and whose
//! server's port is known. And questions from outside, since a flood is made of them.
//!
//! Whatever is out of the ordinary is left, untouched, to the longer ways, which count every packet and would count these in
//! the same place. Branches that few packets take are marked cold: in the stack packets were counted some nanoseconds faster
//! then.

use core::intrinsics::cold_path;

use auditor_common::{
    Direction, Evidence, KeptPorts, PackedPorts, Packet, Reason,
    flow::opening,
    packet::{Handshake, RST, SYN, plain4, plain6},
    port::protocol,
};

use crate::{
    addresses::AddressPair,
    bucket,
    context::Context,
    frame::{Frame, TAGGED, UNTAGGED, VLAN},
    outcome::Outcome,
    per_cpu::{KnownPorts, PerCpu},
    ports::{LOOPBACK, known},
    shared, table,
};

/// Places that are looked at; of a table that is less than 40% full hardly any conversation has a later one.
const PROBES: u32 = 3;

/// Counts a plain packet in its place, `TCP_ONLY` if it must not carry another. Not plain is whatever takes more, and
/// nothing is counted then.
#[inline(always)]
pub(crate) fn count<C: Context, const TCP_ONLY: bool>(context: C) -> Outcome {
    // First, while there is nothing yet to be kept meanwhile.
    let Some((per_cpu, known_ports)) = PerCpu::current() else {
        return Outcome::NOT_PLAIN;
    };
    let frame = context.frame();
    let mut packet = Packet::EMPTY;
    let mut addresses = 0;
    if plain4(&frame.linear_bytes(), UNTAGGED, &mut packet, &mut addresses) {
        return plain::<C, _, TCP_ONLY>(&frame, &per_cpu, known_ports, &mut packet, addresses);
    }
    let bytes = frame.linear_bytes();
    if plain6(&bytes, UNTAGGED, &mut packet, &mut [[0; 2]; 2]) {
        let addresses = bytes.addresses_6(UNTAGGED);
        return plain::<C, _, TCP_ONLY>(&frame, &per_cpu, known_ports, &mut packet, addresses);
    }
    if frame.ethertype() == VLAN
        && plain4(&frame.linear_bytes(), TAGGED, &mut packet, &mut addresses)
    {
        return plain::<C, _, TCP_ONLY>(&frame, &per_cpu, known_ports, &mut packet, addresses);
    }
    Outcome::NOT_PLAIN
}

#[inline(always)]
fn plain<C: Context, E: AddressPair, const TCP_ONLY: bool>(
    frame: &Frame<C>,
    per_cpu: &PerCpu,
    known_ports: KnownPorts,
    packet: &mut Packet,
    addresses: E,
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
        if matches!(C::DIRECTION, Direction::Ingress)
            && matches!(packet.handshake, Handshake::Request)
        {
            return question(frame, per_cpu, known_ports, packet, addresses);
        }
        return Outcome::NOT_PLAIN;
    }
    match known::<C>(frame.interface, known_ports, packet) {
        (true, false) => placed(frame, per_cpu, packet, addresses, 0),
        (false, true) => placed(frame, per_cpu, packet, addresses.swapped(), 1),
        (true, true) | (false, false) => {
            cold_path();
            Outcome::NOT_PLAIN
        }
    }
}

/// Counts a packet in the place of its conversation; `addresses` are the client's and the server's, and `way` is 1 if the server
/// sent it.
#[inline(always)]
fn placed<C: Context, E: AddressPair>(
    frame: &Frame<C>,
    per_cpu: &PerCpu,
    packet: &Packet,
    addresses: E,
    direction: u32,
) -> Outcome {
    let port = if direction == 0 {
        packet.destination_port
    } else {
        packet.source_port
    };
    let ports = PackedPorts::new(KeptPorts::Server, packet.protocol, 0, port).0;
    let hash = bucket::hash(addresses, ports);
    for probe in 0..PROBES {
        let Some(bucket) = bucket::at::<E>(per_cpu, hash, probe) else {
            cold_path();
            return Outcome::NOT_PLAIN;
        };
        // SAFETY: a whole place, written to by this CPU alone.
        unsafe {
            let record = bucket::is_of::<E>(bucket, addresses, ports, frame.interface);
            if !record.is_null() {
                let wire = frame.on_wire(packet.headers);
                let is_counted =
                    bucket::add(record, direction, &wire, packet.flags, 0, per_cpu.epoch());
                if is_counted {
                    per_cpu.add_own_total(C::DIRECTION, &wire);
                }
                return Outcome::done_if(is_counted);
            }
            cold_path();
        }
    }
    Outcome::NOT_PLAIN
}

/// Counts a packet from outside that opens a conversation; as [`count`].
#[inline(always)]
fn question<C: Context, E: AddressPair>(
    frame: &Frame<C>,
    per_cpu: &PerCpu,
    known_ports: KnownPorts,
    packet: &Packet,
    addresses: E,
) -> Outcome {
    match known::<C>(frame.interface, known_ports, packet) {
        (true, false) => {}
        // From such that leave, ports are learned.
        (false, false) if frame.interface != LOOPBACK => {}
        (true | false, true) | (false, false) => return Outcome::NOT_PLAIN,
    }
    let ports = PackedPorts::new(
        KeptPorts::Server,
        packet.protocol,
        0,
        packet.destination_port,
    )
    .0;
    let wire = frame.on_wire(packet.headers);
    let hash = bucket::hash(addresses, ports);
    for probe in 0..PROBES {
        let Some(bucket) = bucket::at::<E>(per_cpu, hash, probe) else {
            return Outcome::NOT_PLAIN;
        };
        // SAFETY: a whole place, written to by this CPU alone.
        unsafe {
            let mut record = bucket::is_of::<E>(bucket, addresses, ports, frame.interface);
            if record.is_null() {
                if !bucket::is_free::<E>(bucket) {
                    continue;
                }
                if !bucket::has_room_unproven::<E>(per_cpu) {
                    per_cpu.add_own_total(C::DIRECTION, &wire);
                    table::lose(
                        C::DIRECTION,
                        packet.protocol,
                        packet.destination_port,
                        &wire,
                    );
                    shared::tally(Reason::TableFull.index(), &wire);
                    return Outcome::of(Reason::TableFull);
                }
                record = bucket::take::<E>(bucket, addresses, ports, frame.interface);
                (*record).first = per_cpu.epoch();
                (*record).evidence = Evidence::Handshake as u8;
            }
            let event = opening::REQUEST_FROM_FIRST;
            let is_counted = bucket::add(record, 0, &wire, packet.flags, event, per_cpu.epoch());
            if is_counted {
                per_cpu.add_own_total(C::DIRECTION, &wire);
            }
            return Outcome::done_if(is_counted);
        }
    }
    Outcome::NOT_PLAIN
}
