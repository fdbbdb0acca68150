//! The slow path: a short variant for plain packets, a long one for all others. Each reads the frame again from its context,
//! so that nothing stays on the stack from one to the next: older kernels count every byte of it.

use auditor_common::{
    Packet, Part, Reason, Tally,
    packet::{parse_plain_ipv4, parse_plain_ipv6},
};

use crate::{
    frame::{Frame, TAGGED, UNTAGGED, VLAN, ethertype, is_group_frame, marks},
    global::GlobalFunctions,
    hook::{Hook, PACKET_LOOPBACK},
    mode::keeps_both_ports,
    outcome::Outcome,
    quote::Quote,
    state::PerCpu,
    table::{self, addresses::AddressValues},
    tallies,
};

/// Counts a plain IPv4 packet.
#[inline(always)]
pub(crate) fn ipv4<H: Hook, const START: usize>(hook: H) -> Outcome {
    let Some((frame, per_cpu)) = begin(hook) else {
        return Outcome::DONE;
    };
    let mut packet = Packet::EMPTY;
    let mut addresses = 0;
    if !parse_plain_ipv4(&frame.linear_bytes(), START, &mut packet, &mut addresses) {
        return Outcome::NOT_PLAIN;
    }
    packet.read_handshake();
    packet.marks = marks(hook);
    packet.is_group_frame = is_group_frame(hook);
    plain(&frame, &per_cpu, &packet, addresses)
}

/// Counts a plain IPv6 packet.
#[inline(always)]
pub(crate) fn ipv6<H: Hook>(hook: H) -> Outcome {
    let Some((frame, per_cpu)) = begin(hook) else {
        return Outcome::DONE;
    };
    let mut packet = Packet::EMPTY;
    let mut addresses = [[0; 2]; 2];
    if !parse_plain_ipv6(&frame.linear_bytes(), UNTAGGED, &mut packet, &mut addresses) {
        return Outcome::NOT_PLAIN;
    }
    packet.read_handshake();
    packet.marks = marks(hook);
    packet.is_group_frame = is_group_frame(hook);
    plain(&frame, &per_cpu, &packet, addresses)
}

/// Counts a plain packet, if it has a bucket.
#[inline(always)]
fn plain<H: Hook, A: AddressValues>(
    frame: &Frame<H>,
    per_cpu: &PerCpu,
    packet: &Packet,
    addresses: A,
) -> Outcome {
    if frame.is_tunnels_super_packet(packet) {
        return Outcome::NOT_PLAIN;
    }
    let wire = frame.on_wire(packet.headers);
    let interface = frame.interface;
    let counted = Outcome::from(table::count(
        H::DIRECTION,
        per_cpu,
        interface,
        packet,
        addresses,
        &wire,
    ));
    if counted.is_final() {
        per_cpu.add_total(H::DIRECTION, &wire);
        tallies::add_outcome(counted, &wire);
    }
    counted
}

/// Counts a plain packet that has no bucket in the shared table. Read once more: together with its bucket's search it would
/// take more stack than a program has.
#[inline(always)]
pub(crate) fn no_bucket<H: GlobalFunctions>(hook: H) -> Outcome {
    let Some((frame, per_cpu)) = begin(hook) else {
        return Outcome::DONE;
    };
    let mut packet = Packet::EMPTY;
    if !parse_plain(&frame, &mut packet) {
        return Outcome::NOT_PLAIN;
    }
    packet.read_handshake();
    packet.marks = marks(hook);
    packet.is_group_frame = is_group_frame(hook);
    let wire = frame.on_wire(packet.headers);
    per_cpu.add_total(H::DIRECTION, &wire);
    let counted = H::count_shared(&mut packet, frame.interface, &wire);
    tallies::add_outcome(counted, &wire);
    counted
}

/// Reads a plain packet with its addresses; false if it is not plain.
#[inline(always)]
fn parse_plain<H: Hook>(frame: &Frame<H>, packet: &mut Packet) -> bool {
    let bytes = frame.linear_bytes();
    let mut addresses = 0;
    if parse_plain_ipv4(&bytes, UNTAGGED, packet, &mut addresses)
        || ethertype(frame.hook) == VLAN && parse_plain_ipv4(&bytes, TAGGED, packet, &mut addresses)
    {
        addresses.write_to_packet(packet);
        return true;
    }
    let mut addresses = [[0; 2]; 2];
    let is_read = parse_plain_ipv6(&bytes, UNTAGGED, packet, &mut addresses);
    if is_read {
        addresses.write_to_packet(packet);
    }
    is_read
}

/// The frame, and the counters of this CPU; `None` for a copy of what this host sent, which is not counted again.
#[inline(always)]
pub(super) fn begin<H: Hook>(hook: H) -> Option<(Frame<H>, PerCpu)> {
    if hook.packet_type() == PACKET_LOOPBACK {
        return None;
    }
    let (per_cpu, _) = PerCpu::current()?;
    let mut frame = Frame::new(hook);
    if keeps_both_ports() {
        frame.length = per_cpu.length();
    }
    Some((frame, per_cpu))
}

/// Counts any frame that is not plain. For an ICMP error, also returns where it quotes the packet
/// that could not be delivered. `carried_headers` is what [`super::tunnel::carried_headers`] returned.
#[inline(always)]
pub(crate) fn any<H: GlobalFunctions>(hook: H, carried_headers: u32) -> (Outcome, Option<Quote>) {
    let Some((frame, per_cpu)) = begin(hook) else {
        return (Outcome::DONE, None);
    };
    let mut packet = Packet::EMPTY;
    let parsed = parse(&frame, &mut packet);
    packet.marks = marks(hook);
    packet.is_group_frame = is_group_frame(hook);
    // Its addresses are in the fixed header: it is in a flow of theirs, without ports.
    let is_deep = parsed == Outcome::of(Reason::TooDeep);
    let is_read = parsed == Outcome::DONE || is_deep;
    let wire = frame.on_wire(if carried_headers != 0 {
        carried_headers
    } else if is_read {
        packet.headers
    } else {
        0
    });
    per_cpu.add_total(H::DIRECTION, &wire);
    let counted = if is_read {
        let interface = frame.interface;
        match packet.part {
            Part::Short if !keeps_both_ports() => Outcome::of(Reason::Truncated),
            Part::Whole | Part::Short => by_addresses::<H>(&mut packet, interface, &wire),
            Part::FirstFragment | Part::LaterFragment => match H::complete_fragment(&mut packet) {
                Outcome::DONE => by_addresses::<H>(&mut packet, interface, &wire),
                unknown => unknown,
            },
        }
    } else {
        parsed
    };
    tallies::add_outcome(counted, &wire);
    let quote = if counted == Outcome::DONE {
        Quote::of(&packet)
    } else {
        None
    };
    (counted, quote)
}

/// Reads the endpoints: from the linear part, or through the helper if the headers reach beyond it.
#[inline(always)]
fn parse<H: GlobalFunctions>(frame: &Frame<H>, packet: &mut Packet) -> Outcome {
    let hook = frame.hook;
    let parsed = hook.parse(packet);
    if !H::READS_NONLINEAR {
        return parsed;
    }
    // Headers that reach beyond the linear part look as if they were cut off.
    let is_cut = parsed == Outcome::of(Reason::Truncated) || packet.part == Part::Short;
    if is_cut && (frame.linear_bytes().length() as u32) < frame.length {
        *packet = Packet::EMPTY;
        return hook.parse_nonlinear(packet);
    }
    parsed
}

/// Counts a parsed packet in its bucket, or in the shared table if there is no bucket for it.
#[inline(always)]
pub(super) fn by_addresses<H: GlobalFunctions>(
    packet: &mut Packet,
    interface: u32,
    wire: &Tally,
) -> Outcome {
    let counted = if packet.is_ipv4 {
        H::count_4(packet, interface, wire)
    } else {
        H::count_6(packet, interface, wire)
    };
    if counted.is_final() {
        return counted;
    }
    H::count_shared(packet, interface, wire)
}
