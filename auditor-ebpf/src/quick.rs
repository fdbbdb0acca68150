//! The shortest way to a place, which nearly all traffic takes: packets of conversations that have a place and whose
//! server's port is known. And questions from outside, since a flood is made of them.
//!
//! Whatever is out of the ordinary is left, untouched, to the longer ways, which count every packet and would count these in
//! the same place. Branches that few packets take are marked cold: in the stack packets were counted some nanoseconds faster
//! then.

use core::intrinsics::cold_path;

use auditor_common::{
    Evidence, Kind, Packet, Ports, Slot,
    flow::opening,
    packet::{Intent, RST, SYN, plain4, plain6},
    port::protocol,
};

use crate::{
    context::{Context, Way},
    ends::Ends,
    frame::{Frame, TAGGED, UNTAGGED, VLAN},
    outcome::Outcome,
    place,
    ports::{LOOPBACK, known},
    region::{Region, Words},
    shared, table,
};

/// Places that are looked at; of a table that is less than 40% full hardly any conversation has a later one.
const PROBES: u32 = 3;

/// Counts a plain packet in its place, `IS_BARE` if it must not carry another. Not plain is whatever takes more, and
/// nothing is counted then.
#[inline(always)]
pub(crate) fn count<C: Context, const IS_BARE: bool>(context: C) -> Outcome {
    // First, while there is nothing yet to be kept meanwhile.
    let Some((region, words)) = Region::current() else {
        return Outcome::NOT_PLAIN;
    };
    let frame = context.frame();
    let mut packet = Packet::EMPTY;
    let mut ends = 0;
    if plain4(&frame.window(), UNTAGGED, &mut packet, &mut ends) {
        return plain::<C, _, IS_BARE>(&frame, &region, words, &mut packet, ends);
    }
    let window = frame.window();
    if plain6(&window, UNTAGGED, &mut packet, &mut [[0; 2]; 2]) {
        let ends = window.ends6(UNTAGGED);
        return plain::<C, _, IS_BARE>(&frame, &region, words, &mut packet, ends);
    }
    if frame.ethertype() == VLAN && plain4(&frame.window(), TAGGED, &mut packet, &mut ends) {
        return plain::<C, _, IS_BARE>(&frame, &region, words, &mut packet, ends);
    }
    Outcome::NOT_PLAIN
}

#[inline(always)]
fn plain<C: Context, E: Ends, const IS_BARE: bool>(
    frame: &Frame<C>,
    region: &Region,
    words: Words,
    packet: &mut Packet,
    ends: E,
) -> Outcome {
    // A datagram may carry another packet.
    if IS_BARE && packet.protocol != protocol::TCP {
        cold_path();
        return Outcome::NOT_PLAIN;
    }
    // What opens a conversation, or breaks it off, is counted apart.
    if packet.flags & (SYN | RST) != 0 {
        cold_path();
        packet.tell();
        if matches!(C::WAY, Way::In) && matches!(packet.intent, Intent::Asks) {
            return question(frame, region, words, packet, ends);
        }
        return Outcome::NOT_PLAIN;
    }
    match known::<C>(frame.interface, words, packet) {
        (true, false) => placed(frame, region, packet, ends, 0),
        (false, true) => placed(frame, region, packet, ends.swapped(), 1),
        (true, true) | (false, false) => {
            cold_path();
            Outcome::NOT_PLAIN
        }
    }
}

/// Counts a packet in the place of its conversation; `ends` are the client's and the server's, and `way` is 1 if the server
/// sent it.
#[inline(always)]
fn placed<C: Context, E: Ends>(
    frame: &Frame<C>,
    region: &Region,
    packet: &Packet,
    ends: E,
    way: u32,
) -> Outcome {
    let port = if way == 0 {
        packet.destination_port
    } else {
        packet.source_port
    };
    let ports = Ports::new(Kind::Sided, packet.protocol, 0, port).0;
    let hash = place::hash(ends, ports);
    for probe in 0..PROBES {
        let Some(place) = place::at::<E>(region, hash, probe) else {
            cold_path();
            return Outcome::NOT_PLAIN;
        };
        // SAFETY: a whole place, written to by this CPU alone.
        unsafe {
            let record = place::is_of::<E>(place, ends, ports, frame.interface);
            if !record.is_null() {
                let wire = frame.on_wire(packet.headers);
                let is_counted = place::add(record, way, &wire, packet.flags, 0, region.epoch());
                if is_counted {
                    region.pass_placed(C::WAY, &wire);
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
fn question<C: Context, E: Ends>(
    frame: &Frame<C>,
    region: &Region,
    words: Words,
    packet: &Packet,
    ends: E,
) -> Outcome {
    match known::<C>(frame.interface, words, packet) {
        (true, false) => {}
        // From such that leave, ports are learned.
        (false, false) if frame.interface != LOOPBACK => {}
        (true | false, true) | (false, false) => return Outcome::NOT_PLAIN,
    }
    let ports = Ports::new(Kind::Sided, packet.protocol, 0, packet.destination_port).0;
    let wire = frame.on_wire(packet.headers);
    let hash = place::hash(ends, ports);
    for probe in 0..PROBES {
        let Some(place) = place::at::<E>(region, hash, probe) else {
            return Outcome::NOT_PLAIN;
        };
        // SAFETY: a whole place, written to by this CPU alone.
        unsafe {
            let mut record = place::is_of::<E>(place, ends, ports, frame.interface);
            if record.is_null() {
                if !place::is_free::<E>(place) {
                    continue;
                }
                if !place::has_room_unproven::<E>(region) {
                    region.pass_placed(C::WAY, &wire);
                    table::lose(C::WAY, packet.protocol, packet.destination_port, &wire);
                    shared::tally(Slot::TableFull.index(), &wire);
                    return Outcome::of(Slot::TableFull);
                }
                record = place::take::<E>(place, ends, ports, frame.interface);
                (*record).first = region.epoch();
                (*record).evidence = Evidence::Handshake as u8;
            }
            let event = opening::ASKED_FIRST;
            let is_counted = place::add(record, 0, &wire, packet.flags, event, region.epoch());
            if is_counted {
                region.pass_placed(C::WAY, &wire);
            }
            return Outcome::done_if(is_counted);
        }
    }
    Outcome::NOT_PLAIN
}
