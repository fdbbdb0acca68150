//! Functions that the verifier follows by themselves, and not once for every path that leads to them, since each is known by
//! its name ("global functions", Linux 5.6): they take a context, numbers, and memory of a known size, and hand back a number.

use auditor_common::{Packet, Tally};

use crate::{hook::Hook, outcome::Outcome, quote::Quote};

/// What is called as such a function, of a hook.
pub trait GlobalFunctions: Hook {
    /// Counts a plain IPv4 packet without a tag.
    fn ipv4(self) -> Outcome;

    /// Counts a plain IPv4 packet behind one VLAN tag.
    fn ipv4_tagged(self) -> Outcome;

    /// Counts a plain IPv6 packet.
    fn ipv6(self) -> Outcome;

    /// Counts a frame that is not plain, or has no bucket.
    fn any(self, has_no_bucket: bool) -> (Outcome, Option<Quote>);

    /// Counts that the packet which an ICMP error quotes could not be delivered.
    fn icmp_error(self, quote: Quote);

    /// Counts what a tunnel's packet carries, on its own.
    fn tunnel(self);

    /// Reads the endpoints, from the bytes in one piece.
    fn parse(self, packet: &mut Packet) -> Outcome;

    /// Reads the endpoints, from all bytes.
    fn parse_beyond(self, packet: &mut Packet) -> Outcome;

    /// Reads the endpoints of a packet that an ICMP error quotes.
    fn parse_quoted(self, quote: Quote, quoted: &mut Packet) -> Outcome;

    /// Reads what a tunnel's packet carries.
    fn open_tunnel(self, packet: &mut Packet) -> u32;

    /// Gives a fragment its ports.
    fn complete_fragment(packet: &mut Packet) -> Outcome;

    /// Counts a packet in its bucket.
    fn count_4(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome;
    fn count_6(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome;

    /// Counts a packet in the shared table.
    fn count_shared(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome;

    /// Counts that a packet could not be delivered, in its bucket; it is as the error quotes it.
    fn refuse_4(quoted: &mut Packet, interface: u32);
    fn refuse_6(quoted: &mut Packet, interface: u32);

    /// As those, in the shared table.
    fn refuse_shared(quoted: &mut Packet, interface: u32);
}
