//! ICMP errors, each of which quotes a packet that could not be delivered.

use auditor_common::{Packet, packet};

use crate::{
    frame::Frame, global::GlobalFunctions, hook::Hook, mode::has_buckets, outcome::Outcome,
    quote::Quote,
};

/// IPv6 extension headers that are followed in the quoted packet.
const EXTENSIONS: usize = 2;

/// Reads the endpoints of the packet that an ICMP error quotes. Errors are short, so the linear part holds all of it.
#[inline(always)]
pub(crate) fn parse<H: Hook>(hook: H, quote: Quote, quoted: &mut Packet) -> Outcome {
    let bytes = hook.linear_bytes::<EXTENSIONS>();
    Outcome::from(packet::quoted(
        &bytes,
        quote.start(),
        quote.is_ipv4(),
        quoted,
    ))
}

/// Counts that the packet which an ICMP error quotes could not be delivered.
#[inline(always)]
pub(crate) fn count<H: GlobalFunctions>(hook: H, quote: Quote) {
    let interface = Frame::new(hook).interface;
    let mut quoted = Packet::EMPTY;
    if hook.parse_quoted(quote, &mut quoted) != Outcome::DONE {
        return;
    }
    quoted.code = quote.undelivered();
    if !has_buckets() {
        H::refuse_shared(&mut quoted, interface);
    } else if quoted.is_ipv4 {
        H::refuse_4(&mut quoted, interface);
    } else {
        H::refuse_6(&mut quoted, interface);
    }
}
