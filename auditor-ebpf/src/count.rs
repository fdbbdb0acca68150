//! A frame to its flow: the shortest way for what most traffic is made of, a short one for what is as plain, the long one for
//! everything else.

use auditor_common::{
    Packet, Part, Slot, Tally,
    packet::{self, plain4, plain6},
};

use crate::{
    ends::Ends,
    fragment,
    frame::{Context, Frame, UNREAD},
    quick,
    region::{self, Other, Region, decapsulates},
    shared, table,
};

/// Counts a frame under its flow, or under the slot that says why it has none; and what it carries, if that is asked for.
#[inline(always)]
pub(crate) fn count<C: Context>(frame: &mut Frame<C>) -> Result<(), Slot> {
    if quickly(frame)? {
        return Ok(());
    }
    let Some(region) = Region::current(frame) else {
        return Ok(());
    };
    // First, so that nothing has to be kept meanwhile: older kernels count every byte of stack.
    if decapsulates() {
        inside(frame, &region);
    }
    let plain = match frame.ethertype::<ETHERTYPE>() {
        IPV4 => untagged(frame, &region),
        IPV6 => version_6::<C, UNTAGGED>(frame, &region),
        VLAN => tagged(frame, &region),
        _ => Seen::No,
    };
    outer(frame, &region, plain)
}

/// Tries the shortest way. A call costs several nanoseconds where returns are guarded against speculation, so it is without.
#[inline(always)]
fn quickly<C: Context>(frame: &mut Frame<C>) -> Result<bool, Slot> {
    let mut packet = Packet::EMPTY;
    match frame.ethertype::<ETHERTYPE>() {
        IPV4 => {
            let mut ends = [0; 2];
            if !plain4(&frame.window(), UNTAGGED, &mut packet, &mut ends) {
                return Ok(false);
            }
            quick::count(frame, &packet, ends)
        }
        IPV6 => {
            let mut ends = [[0; 2]; 2];
            if !plain6(&frame.window(), UNTAGGED, &mut packet, &mut ends) {
                return Ok(false);
            }
            quick::count(frame, &packet, ends)
        }
        _ => Ok(false),
    }
}

/// Counts a frame for itself; `plain` is what the short way made of it.
#[inline(always)]
fn outer<C: Context>(frame: &Frame<C>, region: &Region, plain: Seen) -> Result<(), Slot> {
    let is_passed = match plain {
        Seen::Counted(counted) => return counted,
        Seen::Passed => true,
        Seen::No => false,
    };
    let other = other(frame, region, is_passed);
    if other.quote != 0 {
        refused(frame, region, other.quote);
    }
    match Slot::ALL.get(other.slot as usize) {
        Some(slot) => Err(*slot),
        None => Ok(()),
    }
}

const IS_IPV4: u32 = 1 << 31;

/// What the short way made of a packet.
enum Seen {
    /// It is counted, or lost.
    Counted(Result<(), Slot>),
    /// It is counted for its way, but has no place.
    Passed,
    /// It is not plain.
    No,
}

/// Counts a plain IPv4 packet.
#[inline(always)]
fn version_4<C: Context, const START: usize>(frame: &Frame<C>, region: &Region) -> Seen {
    let mut packet = Packet::EMPTY;
    let mut ends = [0; 2];
    if !plain4(&frame.window(), START, &mut packet, &mut ends) {
        return Seen::No;
    }
    plainly(frame, region, &packet, ends)
}

/// Counts a plain packet in its place.
#[inline(always)]
fn plainly<C: Context, E: Ends>(
    frame: &Frame<C>,
    region: &Region,
    packet: &Packet,
    ends: E,
) -> Seen {
    let wire = frame.on_wire(packet.headers);
    region.pass(C::WAY, &wire);
    seen(table::count(region, frame, packet, ends, &wire), &wire)
}

// Each in a function of its own: the kernel allows 512 bytes of stack along a chain of calls.

/// Counts a plain IPv6 packet.
#[inline(never)]
fn version_6<C: Context, const START: usize>(frame: &Frame<C>, region: &Region) -> Seen {
    let mut packet = Packet::EMPTY;
    let mut ends = [[0; 2]; 2];
    if !plain6(&frame.window(), START, &mut packet, &mut ends) {
        return Seen::No;
    }
    plainly(frame, region, &packet, ends)
}

/// Counts a plain IPv4 packet without a tag.
#[inline(never)]
fn untagged<C: Context>(frame: &Frame<C>, region: &Region) -> Seen {
    version_4::<C, UNTAGGED>(frame, region)
}

/// Counts a plain packet behind one VLAN tag.
#[inline(never)]
fn tagged<C: Context>(frame: &Frame<C>, region: &Region) -> Seen {
    match frame.ethertype::<{ ETHERTYPE + TAG }>() {
        IPV4 => version_4::<C, TAGGED>(frame, region),
        _ => Seen::No,
    }
}

#[inline(always)]
fn seen(counted: Result<bool, Slot>, wire: &Tally) -> Seen {
    match counted {
        Ok(true) => Seen::Counted(Ok(())),
        Ok(false) => Seen::Passed,
        Err(slot) => Seen::Counted(tallied(Err(slot), wire)),
    }
}

/// Counts a packet that is in no flow under the slot that says why.
#[inline(always)]
fn tallied(counted: Result<(), Slot>, wire: &Tally) -> Result<(), Slot> {
    counted.inspect_err(|slot| shared::tally(*slot, wire))
}

/// Ethertypes as they stand in the frame.
const IPV4: u16 = 0x0800_u16.to_be();
const IPV6: u16 = 0x86dd_u16.to_be();
const VLAN: u16 = 0x8100_u16.to_be();

/// Where the Ethertype stands, and where an IP packet starts, without a tag and with one.
const ETHERTYPE: usize = 12;
const UNTAGGED: usize = 14;
const TAG: usize = 4;
const TAGGED: usize = UNTAGGED + TAG;

/// Counts a frame that is not plain, or has no place; `is_passed` if it is counted for its way.
#[inline(never)]
fn other<C: Context>(frame: &Frame<C>, region: &Region, is_passed: bool) -> Other {
    let mut packet = Packet::EMPTY;
    let parsed = frame.parse(&mut packet);
    region.forget(&mut packet);
    let wire = frame.on_wire(if parsed.is_ok() { packet.headers } else { 0 });
    if !is_passed {
        region.pass(C::WAY, &wire);
    }
    let counted = match parsed {
        Ok(()) => match packet.part {
            Part::Short if !region::keeps_both_ports() => Err(Slot::Truncated),
            Part::Whole | Part::Short => by_addresses(frame, region, &packet, &wire),
            Part::FirstFragment | Part::LaterFragment => fragment::complete(&mut packet)
                .and_then(|()| by_addresses(frame, region, &packet, &wire)),
        },
        Err(slot) => Err(slot),
    };
    let quote = if counted.is_ok() && packet::is_unreachable(&packet) {
        packet::quote(&packet) as u32 | if packet.is_ipv4 { IS_IPV4 } else { 0 }
    } else {
        0
    };
    let slot = match tallied(counted, &wire) {
        Ok(()) => Slot::COUNT,
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
        in_place::<C, [u32; 2]>(frame, region, packet, wire)?
    } else {
        in_place::<C, [[u64; 2]; 2]>(frame, region, packet, wire)?
    };
    if is_counted {
        return Ok(());
    }
    table::count_shared(region, frame, packet, wire)
}

#[inline(never)]
fn in_place<C: Context, E: Ends>(
    frame: &Frame<C>,
    region: &Region,
    packet: &Packet,
    wire: &Tally,
) -> Result<bool, Slot> {
    table::count(region, frame, packet, E::of(packet), wire)
}

/// Counts the refusal of the packet that an ICMP error quotes.
#[inline(never)]
fn refused<C: Context>(frame: &Frame<C>, region: &Region, quote: u32) {
    let mut quoted = Packet::EMPTY;
    let start = (quote & !IS_IPV4) as usize;
    let is_ipv4 = quote & IS_IPV4 != 0;
    if frame.quoted(start, is_ipv4, &mut quoted).is_err() {
        return;
    }
    region.forget(&mut quoted);
    if !region::has_places() {
        table::refuse_shared(region, frame.interface, &quoted);
    } else if quoted.is_ipv4 {
        refused_in_place::<C, [u32; 2]>(frame, region, &quoted);
    } else {
        refused_in_place::<C, [[u64; 2]; 2]>(frame, region, &quoted);
    }
}

#[inline(never)]
fn refused_in_place<C: Context, E: Ends>(frame: &Frame<C>, region: &Region, quoted: &Packet) {
    table::refuse(region, frame, quoted, E::of(quoted));
}

/// Counts what a tunnel's packet carries, on its own.
#[inline(never)]
fn inside<C: Context>(frame: &mut Frame<C>, region: &Region) {
    let mut packet = Packet::EMPTY;
    let found = frame.inside(&mut packet) ^ region.nothing() as u32;
    if found == 0 {
        return;
    }
    region.forget(&mut packet);
    let wire = frame.carried(found, packet.headers);
    if found & UNREAD != 0 {
        shared::tally(Slot::Inside, &wire);
        return;
    }
    frame.interface |= found & !packet::INDEX_MASK;
    // What finds no place is counted by its port.
    let _counted = tallied(by_addresses(frame, region, &packet, &wire), &wire);
    frame.interface &= packet::INDEX_MASK;
}
