//! What a packet says of its conversation's beginning or end.

use auditor_common::{
    Packet,
    flow::opening,
    packet::{Handshake, RST},
};

/// The event of a TCP reset.
pub(crate) const RESETS: u8 = 1 << 7;
/// The events that say who opens a conversation.
pub(crate) const OPENS: u8 = opening::REQUEST_FROM_FIRST | opening::REPLY_FROM_FIRST;

/// A bit of [`opening`] as for the first address, [`RESETS`], or 0.
#[inline(always)]
pub(crate) const fn event(packet: &Packet) -> u8 {
    match packet.handshake {
        Handshake::Request => opening::REQUEST_FROM_FIRST,
        Handshake::Reply => opening::REPLY_FROM_FIRST,
        // A packet that resets is neither request nor reply.
        Handshake::None if packet.flags & RST != 0 => RESETS,
        Handshake::None => 0,
    }
}
