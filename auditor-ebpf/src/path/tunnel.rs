//! What a tunnel's packet carries, counted on its own.

use auditor_common::{Packet, Reason, packet};

use super::slow::{begin, by_addresses};
use crate::{global::GlobalFunctions, hook::Hook, tallies};

/// Extension headers that are followed in a packet that carries another, and in the one that is carried.
const EXTENSIONS: usize = 2;

/// Of what [`open`] returns: whether the carried packet could not be read, and where it starts.
const UNREAD: u32 = 1 << 28;
const START: u32 = 0xffff;

/// Reads what the frame carries, if it is a tunnel's: 0 if not; else the tunnel above an interface's bits, where the carried
/// frame or packet starts, and [`UNREAD`] if it could not be read.
#[inline(always)]
pub(crate) fn open<H: Hook>(hook: H, packet: &mut Packet) -> u32 {
    let frame = hook.all_bytes::<EXTENSIONS>();
    let mut outer = Packet::EMPTY;
    match packet::parse(&frame, &mut outer) {
        Ok(()) => {}
        // It may carry a packet or not: that this was not seen is said.
        Err(Reason::TooDeep) => return UNREAD,
        Err(_) => return 0,
    }
    match packet::inside(&frame, &outer, packet) {
        None => 0,
        Some(Ok(inside)) => inside.tunnel.mark(inside.start & START),
        Some(Err(_)) => UNREAD,
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
    // On the wire it is what begins behind the tunnel's headers; if it could not be read, its own are not known.
    let mut wire = frame.on_wire(packet.headers);
    wire.bytes -= wire.packets * u64::from(found & START);
    if found & UNREAD != 0 {
        tallies::add(Reason::InsideUnread, &wire);
        return;
    }
    let interface = frame.interface | found & !packet::INDEX_MASK;
    // What finds no room is counted by its port.
    let counted = by_addresses::<H>(&mut packet, interface, &wire);
    tallies::add_outcome(counted, &wire);
}
