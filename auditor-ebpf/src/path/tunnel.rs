//! Packets that a tunnel carries, each counted as a packet of its own.

use auditor_common::{Packet, Reason, packet};

use super::slow::{begin, by_addresses};
use crate::{bytes::Shallow, global::GlobalFunctions, hook::Hook, tallies};

/// IPv6 extension headers that are followed, in the outer packet and in the carried one.
const EXTENSIONS: usize = 2;

/// Bits of the number that [`open`] returns: a flag if the carried packet could not be read, and a mask of where it starts.
const UNREAD: u32 = 1 << 28;
const START: u32 = 0xffff;

/// Reads the packet that a tunnel's frame carries. Returns 0 if there is none, [`UNREAD`] if it could not be read, else
/// the tunnel's mark (`Tunnel::mark`) with the carried frame's or packet's offset in [`START`].
#[inline(always)]
pub(crate) fn open<H: Hook>(hook: H, packet: &mut Packet) -> u32 {
    let frame = hook.all_bytes::<EXTENSIONS>();
    let mut outer = Packet::EMPTY;
    match packet::parse(&frame, &mut outer) {
        Ok(()) => {}
        // The outer headers are too deep to see whether it carries a packet, so it is counted as unread.
        Err(Reason::TooDeep) => return UNREAD,
        Err(_) => return 0,
    }
    match packet::inside(&frame, &outer, packet) {
        None => 0,
        Some(Ok(inside)) => inside.tunnel.mark(inside.start & START),
        Some(Err(_)) => UNREAD,
    }
}

/// Bytes from the start of a tunnel's frame to the end of the carried packet's headers, all of which each segment of a
/// super-packet repeats; 0 if this is no tunnel's frame, or what it carries can't be read.
#[inline(always)]
pub(crate) fn carried_headers<H: Hook>(hook: H) -> u32 {
    let frame = Shallow(hook.all_bytes::<0>());
    let (mut outer, mut carried) = (Packet::EMPTY, Packet::EMPTY);
    if packet::parse(&frame, &mut outer).is_err() {
        return 0;
    }
    match packet::inside(&frame, &outer, &mut carried) {
        Some(Ok(_)) => carried.headers,
        Some(Err(_)) | None => 0,
    }
}

/// Counts what a tunnel's packet carries.
#[inline(always)]
pub(crate) fn count<H: GlobalFunctions>(hook: H) {
    let Some((frame, _)) = begin(hook) else {
        return;
    };
    let mut packet = Packet::EMPTY;
    let found = hook.open_tunnel(&mut packet);
    if found == 0 {
        return;
    }
    // The carried packet's bytes start after the tunnel's headers. If it could not be read, its own headers are unknown.
    let mut wire = frame.on_wire(packet.headers);
    wire.bytes -= wire.packets * u64::from(found & START);
    if found & UNREAD != 0 {
        tallies::add(Reason::InsideUnread, &wire);
        return;
    }
    let interface = frame.interface | found & !packet::INDEX_MASK;
    // A packet for which the table has no room is counted by its port.
    let counted = by_addresses::<H>(&mut packet, interface, &wire);
    tallies::add_outcome(counted, &wire);
}
