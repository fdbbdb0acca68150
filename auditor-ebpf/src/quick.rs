//! The shortest way to a place, which nearly all traffic takes: packets of conversations that have a place and whose
//! server's port is known. And questions from outside, since a flood is made of them.
//!
//! Whatever is out of the ordinary is left, untouched, to `count.rs`, which counts every packet and would count these in the
//! same place.

use auditor_common::{
    Evidence, Kind, Known as _, Packet, Ports, Slot,
    flow::opening,
    packet::{Intent, RST, SYN},
    port::protocol,
};

use crate::{
    ends::Ends,
    frame::{Context, Frame, Way},
    ports::{View, known},
    region::{Region, decapsulates, has_places, keeps_both_ports},
    shared,
    table::{self, PROBES_AT_ONCE},
};

/// Counts a plain packet in its place. False if that takes more, and nothing is counted then.
///
/// # Errors
///
/// `Slot::TableFull` if the packet proves nothing and no place is left for such; it is counted as lost.
#[inline(always)]
pub(crate) fn count<C: Context, E: Ends>(
    frame: &mut Frame<C>,
    packet: &Packet,
    ends: E,
) -> Result<bool, Slot> {
    if !has_places() || keeps_both_ports() {
        return Ok(false);
    }
    // A datagram may carry another packet.
    if decapsulates() && packet.protocol != protocol::TCP {
        return Ok(false);
    }
    if matches!(C::WAY, Way::In) && matches!(packet.intent, Intent::Asks) {
        return question(frame, packet, ends);
    }
    // What else opens a conversation, or breaks it off, is counted apart.
    if packet.flags & (SYN | RST) != 0 {
        return Ok(false);
    }
    let (ends, port, way) = match known(&view(frame), packet) {
        Some((true, false)) => (ends, packet.destination_port, 0),
        Some((false, true)) => (ends.swapped(), packet.source_port, 1),
        _ => return Ok(false),
    };
    let ports = Ports::new(Kind::Sided, packet.protocol, 0, port).0;
    let Some(region) = Region::current(frame) else {
        return Ok(false);
    };
    let hash = table::hash(ends, ports);
    for probe in 0..PROBES_AT_ONCE {
        let Some(place) = table::place::<E>(&region, hash, probe) else {
            return Ok(false);
        };
        // SAFETY: a whole place, written to by this CPU alone.
        unsafe {
            let record = table::is_of::<E>(place, ends, ports, frame.interface);
            if !record.is_null() {
                let wire = frame.on_wire(packet.headers);
                let is_counted = table::add(record, way, &wire, packet.flags, 0, region.epoch);
                if is_counted {
                    region.pass(C::WAY, &wire);
                }
                return Ok(is_counted);
            }
        }
    }
    Ok(false)
}

/// Counts a packet from outside that opens a conversation; as [`count`].
#[inline(always)]
fn question<C: Context, E: Ends>(
    frame: &mut Frame<C>,
    packet: &Packet,
    ends: E,
) -> Result<bool, Slot> {
    let view = view(frame);
    match known(&view, packet) {
        Some((true, false)) => {}
        // From such that leave, ports are learned.
        Some((false, false)) if !view.leaves() => {}
        _ => return Ok(false),
    }
    let ports = Ports::new(Kind::Sided, packet.protocol, 0, packet.destination_port).0;
    let Some(region) = Region::current(frame) else {
        return Ok(false);
    };
    let wire = frame.on_wire(packet.headers);
    let hash = table::hash(ends, ports);
    for probe in 0..PROBES_AT_ONCE {
        let Some(place) = table::place::<E>(&region, hash, probe) else {
            return Ok(false);
        };
        // SAFETY: a whole place, written to by this CPU alone.
        unsafe {
            let mut record = table::is_of::<E>(place, ends, ports, frame.interface);
            if record.is_null() {
                if !table::is_free::<E>(place) {
                    continue;
                }
                if !table::has_room_unproven::<E>(&region) {
                    region.pass(C::WAY, &wire);
                    table::lose(C::WAY, packet.protocol, packet.destination_port, &wire);
                    shared::tally(Slot::TableFull, &wire);
                    return Err(Slot::TableFull);
                }
                record = table::take::<E>(place, ends, ports, frame.interface);
                (*record).first = region.epoch;
                (*record).evidence = Evidence::Handshake as u8;
            }
            let event = opening::ASKED_FIRST;
            let is_counted = table::add(record, 0, &wire, packet.flags, event, region.epoch);
            if is_counted {
                region.pass(C::WAY, &wire);
            }
            return Ok(is_counted);
        }
    }
    Ok(false)
}

#[inline(always)]
fn view<C: Context>(frame: &Frame<C>) -> View {
    View {
        interface: frame.interface,
        way: C::WAY,
    }
}
