//! Events that open or reset a conversation, as a packet shows them.

use auditor_common::{
    Packet,
    flow::opening,
    packet::{Handshake, RST},
};

/// The event of a TCP reset.
pub(crate) const RESETS: u8 = 1 << 7;
/// The events that show which side opens a conversation.
pub(crate) const OPENS: u8 = opening::REQUEST_FROM_FIRST | opening::REPLY_FROM_FIRST;

/// The packet's event: a bit of [`opening`] as if the first address had sent it, [`RESETS`], or 0 for none.
#[inline(always)]
pub(crate) const fn event(packet: &Packet) -> u8 {
    match packet.handshake {
        Handshake::Request => opening::REQUEST_FROM_FIRST,
        Handshake::Reply => opening::REPLY_FROM_FIRST,
        // A reset is never a request or a reply as well.
        Handshake::None if packet.flags & RST != 0 => RESETS,
        Handshake::None => 0,
    }
}
