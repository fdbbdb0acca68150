//! What joins the fragments of a datagram: only the first one has the ports.

use super::{Packet, mark};

/// What the fragments of a datagram have in common.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Datagram {
    addresses: [[u8; 16]; 2],
    identification: u32,
    /// The protocol (RFC 791, section 3.2), or [`IPV6`], where it is no part of what the fragments have in common: that of a later
    /// one may be a header before the transport's (RFC 8200, section 4.5).
    protocol: u32,
}

/// No protocol's number.
const IPV6: u32 = 0x100;

/// What later fragments of a datagram lack.
#[repr(C)]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct FirstFragment {
    ports: [u16; 2],
    protocol: u32,
}

impl Datagram {
    /// The datagram that a fragment is of.
    #[inline(always)]
    pub const fn of(fragment: &Packet) -> Self {
        Self {
            addresses: [fragment.source, fragment.destination],
            identification: fragment.identification,
            protocol: if fragment.is_ipv4 {
                fragment.protocol as u32
            } else {
                IPV6
            },
        }
    }
}

impl FirstFragment {
    #[inline(always)]
    pub const fn of(fragment: &Packet) -> Self {
        Self {
            ports: [fragment.source_port, fragment.destination_port],
            protocol: fragment.protocol as u32,
        }
    }

    /// Fills in what a later fragment lacks.
    #[inline(always)]
    pub const fn complete(self, later: &mut Packet) {
        let [source, destination] = self.ports;
        later.source_port = source;
        later.destination_port = destination;
        later.protocol = self.protocol as u8;
    }
}

impl Packet {
    /// Marks a fragment that proves nothing by itself, so that it is counted under a key of its own.
    #[inline(always)]
    pub const fn mark_fragment(&mut self) {
        if self.is_mere_fragment {
            self.marks |= mark::MERE_FRAGMENT;
        }
    }
}
