//! BPF's global functions (Linux 5.6): functions with external linkage, which the verifier verifies once, and not again on
//! every path that calls them. They take a context, numbers and memory of a known size, and return a number.

use auditor_common::{Packet, Tally};

use crate::{hook::Hook, outcome::Outcome, quote::Quote};

/// The global functions that a hook calls.
pub trait GlobalFunctions: Hook {
    /// Counts a plain IPv4 packet without a VLAN tag.
    fn ipv4(self) -> Outcome;

    /// Counts a plain IPv4 packet behind one VLAN tag.
    fn ipv4_tagged(self) -> Outcome;

    /// Counts a plain IPv6 packet.
    fn ipv6(self) -> Outcome;

    /// Counts a plain packet that has no bucket in the shared table.
    fn no_bucket(self) -> Outcome;

    /// Counts a frame that is not plain. `carried_headers` is what the function of that name returned.
    fn any(self, carried_headers: u32) -> (Outcome, Option<Quote>);

    /// Counts that the packet which an ICMP error quotes could not be delivered.
    fn icmp_error(self, quote: Quote);

    /// Counts the packet that a tunnel's packet carries as a packet of its own.
    fn tunnel(self);

    /// Reads the endpoints from the linear part.
    fn parse(self, packet: &mut Packet) -> Outcome;

    /// Reads the endpoints from all bytes, also those beyond the linear part.
    fn parse_nonlinear(self, packet: &mut Packet) -> Outcome;

    /// Reads the endpoints of a packet that an ICMP error quotes.
    fn parse_quoted(self, quote: Quote, quoted: &mut Packet) -> Outcome;

    /// Reads the packet that a tunnel's packet carries. Returns the number that `path::tunnel::open` documents.
    fn open_tunnel(self, packet: &mut Packet) -> u32;

    /// Bytes up to the end of the headers that a tunnel's packet carries, or 0, as `path::tunnel::carried_headers` documents.
    fn carried_headers(self) -> u32;

    /// Fills in the ports of a fragment from the datagram's first one.
    fn complete_fragment(packet: &mut Packet) -> Outcome;

    /// Counts a packet in its bucket.
    fn count_4(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome;
    fn count_6(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome;

    /// Counts a packet in the shared table.
    fn count_shared(packet: &mut Packet, interface: u32, wire: &Tally) -> Outcome;

    /// Counts in the packet's bucket that it could not be delivered; `quoted` is the packet as the ICMP error quotes it.
    fn refuse_4(quoted: &mut Packet, interface: u32);
    fn refuse_6(quoted: &mut Packet, interface: u32);

    /// As [`Self::refuse_4`] and [`Self::refuse_6`], in the shared table.
    fn refuse_shared(quoted: &mut Packet, interface: u32);
}
