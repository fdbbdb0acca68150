//! A frame to its flow: the shortest way for what most traffic is made of, a short one for what is as plain, the long one for
//! everything else.

use auditor_common::{
    Packet, Part, Slot, Tally,
    packet::{self, plain4, plain6},
};

use crate::{
    context::Context,
    ends::Values,
    fragment,
    frame::{Frame, UNREAD},
    quick,
    region::{self, Other, Quickest, Region, decapsulates, keeps_both_ports, quickest},
    shared, table,
};

/// Counts a frame under its flow, or under the slot that says why it has none; and what it carries, if that is asked for.
#[inline(always)]
pub(crate) fn count<C: Context>(context: C) -> Result<(), Slot> {
    let is_counted = match quickest() {
        Quickest::Any => quick::count::<C, false>(context)?,
        Quickest::Bare => quick::count::<C, true>(context)?,
        Quickest::None => false,
    };
    if is_counted {
        return Ok(());
    }
    // Each of these begins anew, so that nothing has to be kept for the next: older kernels count every byte of stack.
    if decapsulates() {
        inside(context);
    }
    let plain = match context.frame().ethertype::<ETHERTYPE>() {
        IPV4 => untagged(context),
        IPV6 => version_6::<C, UNTAGGED>(context),
        VLAN => tagged(context),
        _ => NOT_PLAIN,
    };
    if plain < NOT_PLAIN {
        return result(plain);
    }
    let other = other(context, plain == NO_PLACE);
    if other.quote != 0 {
        refused(context, other.quote);
    }
    result(other.slot)
}

// What functions return, in a form that takes no memory: the slot that says why a packet has no flow, one more than the last
// if it has one, and others if it was not counted.

const COUNTED: u32 = Slot::COUNT;
const NOT_PLAIN: u32 = Slot::COUNT + 1;
const NO_PLACE: u32 = Slot::COUNT + 2;

#[inline(always)]
fn result(counted: u32) -> Result<(), Slot> {
    match Slot::ALL.get(counted as usize) {
        Some(slot) => Err(*slot),
        None => Ok(()),
    }
}

const IS_IPV4: u32 = 1 << 31;

/// Counts a plain IPv4 packet.
#[inline(always)]
fn version_4<C: Context, const START: usize>(context: C) -> u32 {
    let Some((frame, region)) = begun(context) else {
        return COUNTED;
    };
    let mut packet = Packet::EMPTY;
    let mut ends = 0;
    if !plain4(&frame.window(), START, &mut packet, &mut ends) {
        return NOT_PLAIN;
    }
    packet.tell();
    plainly(&frame, &region, &packet, ends)
}

/// Counts a plain packet, if it has a place.
#[inline(always)]
fn plainly<C: Context, E: Values>(
    frame: &Frame<C>,
    region: &Region,
    packet: &Packet,
    ends: E,
) -> u32 {
    let wire = frame.on_wire(packet.headers);
    let counted = table::count(region, frame, packet, ends, &wire);
    if counted == Ok(false) {
        return NO_PLACE;
    }
    region.pass(C::WAY, &wire);
    match tallied(counted, &wire) {
        Ok(_) => COUNTED,
        Err(slot) => slot.index(),
    }
}

// Each in a function of its own: the kernel allows 512 bytes of stack along a chain of calls.

/// Counts a plain IPv6 packet.
#[inline(never)]
fn version_6<C: Context, const START: usize>(context: C) -> u32 {
    let Some((frame, region)) = begun(context) else {
        return COUNTED;
    };
    let mut packet = Packet::EMPTY;
    let mut ends = [[0; 2]; 2];
    if !plain6(&frame.window(), START, &mut packet, &mut ends) {
        return NOT_PLAIN;
    }
    packet.tell();
    plainly(&frame, &region, &packet, ends)
}

/// Counts a plain IPv4 packet without a tag.
#[inline(never)]
fn untagged<C: Context>(context: C) -> u32 {
    version_4::<C, UNTAGGED>(context)
}

/// Counts a plain IPv4 packet behind one VLAN tag.
#[inline(never)]
fn tagged<C: Context>(context: C) -> u32 {
    version_4::<C, TAGGED>(context)
}

/// Counts a packet that is in no flow under the slot that says why.
#[inline(always)]
fn tallied<T>(counted: Result<T, Slot>, wire: &Tally) -> Result<T, Slot> {
    counted.inspect_err(|slot| shared::tally(*slot, wire))
}

/// The frame, and what it may write to.
#[inline(always)]
fn begun<C: Context>(context: C) -> Option<(Frame<C>, Region)> {
    let (region, _) = Region::current()?;
    let mut frame = context.frame();
    if keeps_both_ports() {
        frame.set_length(region.length());
    }
    Some((frame, region))
}

/// Ethertypes as they stand in the frame.
const IPV4: u16 = 0x0800_u16.to_be();
const IPV6: u16 = 0x86dd_u16.to_be();
const VLAN: u16 = 0x8100_u16.to_be();

/// Where the Ethertype stands, and where an IP packet starts, without a tag and with one.
const ETHERTYPE: usize = 12;
pub(crate) const UNTAGGED: usize = 14;
const TAG: usize = 4;
const TAGGED: usize = UNTAGGED + TAG;

/// Counts a frame that is not plain, or `has_no_place`.
#[inline(never)]
fn other<C: Context>(context: C, has_no_place: bool) -> Other {
    let Some((frame, region)) = begun(context) else {
        return Other {
            quote: 0,
            slot: COUNTED,
        };
    };
    let mut packet = Packet::EMPTY;
    let parsed = frame.parse(&mut packet);
    region.forget(&mut packet);
    let wire = frame.on_wire(if parsed.is_ok() { packet.headers } else { 0 });
    region.pass(C::WAY, &wire);
    let counted = match parsed {
        Ok(()) => match packet.part {
            Part::Short if !keeps_both_ports() => Err(Slot::Truncated),
            Part::Whole if has_no_place => table::count_shared(&region, &frame, &packet, &wire),
            Part::Whole | Part::Short => by_addresses(&frame, &region, &packet, &wire),
            Part::FirstFragment | Part::LaterFragment => fragment::complete(&mut packet)
                .and_then(|()| by_addresses(&frame, &region, &packet, &wire)),
        },
        Err(slot) => Err(slot),
    };
    let quote = if counted.is_ok() && packet::is_unreachable(&packet) {
        packet::quote(&packet) as u32 | if packet.is_ipv4 { IS_IPV4 } else { 0 }
    } else {
        0
    };
    let slot = match tallied(counted, &wire) {
        Ok(()) => COUNTED,
        Err(slot) => slot.index(),
    };
    region.outcome(quote, slot)
}

#[inline(always)]
fn by_addresses<C: Context>(
    frame: &Frame<C>,
    region: &Region,
    packet: &Packet,
    wire: &Tally,
) -> Result<(), Slot> {
    let is_counted = if packet.is_ipv4 {
        in_place::<C, u64>(frame, region, packet, wire)?
    } else {
        in_place::<C, [[u64; 2]; 2]>(frame, region, packet, wire)?
    };
    if is_counted {
        return Ok(());
    }
    table::count_shared(region, frame, packet, wire)
}

#[inline(never)]
fn in_place<C: Context, E: Values>(
    frame: &Frame<C>,
    region: &Region,
    packet: &Packet,
    wire: &Tally,
) -> Result<bool, Slot> {
    table::count(region, frame, packet, E::of(packet), wire)
}

/// Counts the refusal of the packet that an ICMP error quotes.
#[inline(never)]
fn refused<C: Context>(context: C, quote: u32) {
    let Some((frame, region)) = begun(context) else {
        return;
    };
    let mut quoted = Packet::EMPTY;
    let start = (quote & !IS_IPV4) as usize;
    let is_ipv4 = quote & IS_IPV4 != 0;
    if frame.quoted(start, is_ipv4, &mut quoted).is_err() {
        return;
    }
    region.forget(&mut quoted);
    if !region::has_places() {
        table::refuse_shared(&region, frame.interface, &quoted);
    } else if quoted.is_ipv4 {
        refused_in_place::<C, u64>(&frame, &region, &quoted);
    } else {
        refused_in_place::<C, [[u64; 2]; 2]>(&frame, &region, &quoted);
    }
}

#[inline(never)]
fn refused_in_place<C: Context, E: Values>(frame: &Frame<C>, region: &Region, quoted: &Packet) {
    table::refuse(region, frame, quoted, E::of(quoted));
}

/// Counts what a tunnel's packet carries, on its own.
#[inline(never)]
fn inside<C: Context>(context: C) {
    let mut packet = Packet::EMPTY;
    let found = context.frame().inside(&mut packet);
    if found != 0 {
        carried(context, found, &mut packet);
    }
}

/// Counts a packet that was found inside another.
#[inline(never)]
fn carried<C: Context>(context: C, found: u32, packet: &mut Packet) {
    let Some((mut frame, region)) = begun(context) else {
        return;
    };
    let found = found ^ region.nothing() as u32;
    region.forget(packet);
    let wire = frame.carried(found, packet.headers);
    if found & UNREAD != 0 {
        shared::tally(Slot::Inside, &wire);
        return;
    }
    frame.interface |= found & !packet::INDEX_MASK;
    // What finds no place is counted by its port.
    let _counted = tallied(by_addresses(&frame, &region, packet, &wire), &wire);
}
