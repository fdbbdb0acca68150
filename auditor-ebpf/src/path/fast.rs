//! The fast path, which nearly all traffic takes: packets of conversations that have a bucket, whether their server is known
//! or not, and requests: a flood consists of them, and a proxy sends as many.
//!
//! All other packets are left uncounted to the slow path, which handles every packet and would count those of the fast path
//! in the same bucket. Rare branches are marked cold: within the network stack that saved some nanoseconds per packet.

use core::intrinsics::cold_path;

use auditor_common::{
    Direction, Evidence, KeptPorts, PackedPorts, Packet, Reason,
    flow::opening,
    packet::{Handshake, RST, SYN, mark, parse_plain_ipv4},
    port::protocol,
    side::{FTP_DATA, is_served},
};

use crate::{
    frame::{Frame, TAGGED, UNTAGGED, VLAN, ethertype},
    hook::{Hook, PACKET_LOOPBACK, PACKET_OTHERHOST},
    outcome::Outcome,
    ports::{LOOPBACK, is_documented, known},
    state::{KnownPorts, PerCpu},
    table::{
        addresses::AddressPair,
        bucket::{Bucket, PROBES, hash},
        key::first_leaves,
        shared,
    },
    tallies,
};

/// Counts a plain packet in its bucket; with `TCP_ONLY`, TCP packets alone. Returns [`Outcome::NOT_PLAIN`], with nothing
/// counted, for every packet that needs the slow path, and [`Outcome::NO_BUCKET`] for one that belongs into the shared table.
#[inline(always)]
pub(crate) fn count<H: Hook, const TCP_ONLY: bool>(hook: H) -> Outcome {
    // Called first: later, live values would have to be saved across its helper calls.
    let Some((per_cpu, known)) = PerCpu::current() else {
        return Outcome::NOT_PLAIN;
    };
    let frame = Frame::new(hook);
    let mut packet = Packet::EMPTY;
    let packet_type = hook.packet_type();
    if PACKET_OTHERHOST <= packet_type {
        cold_path();
        if packet_type == PACKET_LOOPBACK {
            return Outcome::DONE;
        }
        packet.marks = mark::TO_OTHER_HOST;
    }
    let mut addresses = 0;
    if parse_plain_ipv4(&frame.linear_bytes(), UNTAGGED, &mut packet, &mut addresses) {
        return plain::<H, _, TCP_ONLY>(&frame, &per_cpu, known, &mut packet, addresses);
    }
    if let Some(addresses) = frame.linear_bytes().parse_plain_ipv6(UNTAGGED, &mut packet) {
        return plain::<H, _, TCP_ONLY>(&frame, &per_cpu, known, &mut packet, addresses);
    }
    if ethertype(hook) == VLAN
        && parse_plain_ipv4(&frame.linear_bytes(), TAGGED, &mut packet, &mut addresses)
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
    // A UDP datagram may be a tunnel's and carry another packet.
    if TCP_ONLY && packet.protocol != protocol::TCP {
        cold_path();
        return Outcome::NOT_PLAIN;
    }
    // Packets that open or reset a conversation have counters of their own.
    if packet.flags & (SYN | RST) != 0 {
        cold_path();
        packet.read_handshake();
        if matches!(packet.handshake, Handshake::Request) && packet.source_port != FTP_DATA {
            return request(frame, per_cpu, ports, packet, addresses);
        }
        return Outcome::NOT_PLAIN;
    }
    let (source, destination) = (packet.source_port, packet.destination_port);
    let serves = |own, other| {
        is_served(packet.protocol, own, other, || {
            is_documented(ports, packet.protocol, other)
        })
    };
    let interface = frame.interface;
    let (sender, ports) = match known(H::DIRECTION, interface, ports, packet) {
        (true, false) if serves(destination, source) => {
            (0, certain_ports::<H>(interface, packet, destination, 0))
        }
        (false, true) if serves(source, destination) => {
            (1, certain_ports::<H>(interface, packet, source, 1))
        }
        (_, _) if addresses.precedes((source, destination)) => (
            0,
            both_ports::<H>(interface, packet, (source, destination), 0),
        ),
        (_, _) => (
            1,
            both_ports::<H>(interface, packet, (destination, source), 1),
        ),
    };
    if sender == 0 {
        in_bucket(frame, per_cpu, packet, addresses, ports, 0)
    } else {
        in_bucket(frame, per_cpu, packet, addresses.swapped(), ports, 1)
    }
}

/// Counts a packet in the bucket of its conversation, or in the shared table if it has one there. `addresses` and `ports` are in the order of its key; `sender` is 1 if
/// the second address sent the packet, else 0.
#[inline(always)]
fn in_bucket<H: Hook, A: AddressPair>(
    frame: &Frame<H>,
    per_cpu: &PerCpu,
    packet: &Packet,
    addresses: A,
    ports: u64,
    sender: u32,
) -> Outcome {
    let hash = hash(addresses, ports);
    for probe in 0..PROBES {
        let Some(bucket) = Bucket::at(per_cpu, hash, probe) else {
            cold_path();
            return Outcome::NOT_PLAIN;
        };
        if let Some(record) = bucket.record_of(addresses, ports, frame.interface) {
            if frame.is_tunnels_super_packet(packet) {
                return Outcome::NOT_PLAIN;
            }
            let wire = frame.on_wire(packet.headers);
            let is_counted = record.add(sender, &wire, packet.flags, 0, per_cpu.epoch());
            if is_counted {
                per_cpu.add_own_total(H::DIRECTION, &wire);
            }
            return Outcome::done_if(is_counted);
        }
        cold_path();
        if bucket.is_free() {
            // The slow path may take it.
            return Outcome::NOT_PLAIN;
        }
    }
    if frame.is_tunnels_super_packet(packet) {
        return Outcome::NOT_PLAIN;
    }
    let wire = frame.on_wire(packet.headers);
    let key = shared::Key::new(addresses, ports, frame.interface, hash);
    if !shared::count_known(per_cpu, &key, sender, &wire, packet.flags) {
        return Outcome::NO_BUCKET;
    }
    per_cpu.add_own_total(H::DIRECTION, &wire);
    Outcome::DONE
}

/// The ports of a key whose server is certain; `sender` is 1 if the server sent the packet, else 0.
#[inline(always)]
fn certain_ports<H: Hook>(interface: u32, packet: &Packet, port: u16, sender: u32) -> u64 {
    let ports = PackedPorts::new(KeptPorts::Server, packet.protocol, 0, port);
    on_its_way::<H>(ports, interface, packet, sender)
}

/// The ports of a key whose server is not known, in the order of its addresses, of which the one numbered `sender` sent the
/// packet.
#[inline(always)]
fn both_ports<H: Hook>(
    interface: u32,
    packet: &Packet,
    (first, second): (u16, u16),
    sender: u32,
) -> u64 {
    let ports = PackedPorts::new(KeptPorts::Both, packet.protocol, first, second);
    on_its_way::<H>(ports, interface, packet, sender)
}

#[inline(always)]
fn on_its_way<H: Hook>(ports: PackedPorts, interface: u32, packet: &Packet, sender: u32) -> u64 {
    ports
        .first_leaving(first_leaves(H::DIRECTION, interface, sender))
        .marked(packet.marks)
        .0
}

/// As [`count`], for a packet that opens a conversation.
#[inline(always)]
fn request<H: Hook, A: AddressPair>(
    frame: &Frame<H>,
    per_cpu: &PerCpu,
    ports: KnownPorts,
    packet: &Packet,
    addresses: A,
) -> Outcome {
    let comes_in = matches!(H::DIRECTION, Direction::Ingress);
    match known(H::DIRECTION, frame.interface, ports, packet) {
        (true, false) => {}
        // The slow path learns the ports of requests that leave this host, which those on the loopback do as well.
        (false, false) if comes_in && frame.interface != LOOPBACK => {}
        (true | false, true) | (false, false) => return Outcome::NOT_PLAIN,
    }
    let port = packet.destination_port;
    let ports = certain_ports::<H>(frame.interface, packet, port, 0);
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
                if comes_in && !Bucket::<A>::try_take_unproven(per_cpu) {
                    break;
                }
                let record = bucket.take(per_cpu, addresses, ports, frame.interface);
                record.begin(per_cpu.epoch(), Evidence::Handshake as u8);
                record
            }
        };
        if !comes_in {
            record.requested_from(packet.source_port);
        }
        let event = opening::REQUEST_FROM_FIRST;
        let is_counted = record.add(0, &wire, packet.flags, event, per_cpu.epoch());
        if is_counted {
            per_cpu.add_own_total(H::DIRECTION, &wire);
        }
        return Outcome::done_if(is_counted);
    }
    if !comes_in {
        return Outcome::NO_BUCKET;
    }
    per_cpu.add_own_total(H::DIRECTION, &wire);
    tallies::add_lost(H::DIRECTION, packet.protocol, port, &wire);
    tallies::add(Reason::Unproven, &wire);
    Outcome::of(Reason::Unproven)
}
