//! What the kernel half knows about ports, mostly from user space: which ones this host serves, and which the matrix names.

/// Why a port is known to be a server's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PortKind {
    /// A port of this host on which a socket listens.
    Listening,
    /// A port of other hosts to which this host opened conversations.
    Opened,
    /// A rule of the matrix names it.
    Documented,
}

/// The number of transports whose ports are kept: TCP, UDP and SCTP.
pub const TRANSPORTS: u32 = 3;

/// The number of 64-bit words that hold a byte for each port of every transport, rounded up to a power of two, so that a
/// mask alone bounds an index.
pub const SPACE: u32 = 1 << 15;

const _: () = assert!(((TRANSPORTS as usize) << 16) <= SPACE as usize * size_of::<u64>());

/// IP protocol numbers (IANA "Protocol Numbers").
pub mod protocol {
    pub const ICMP: u8 = 1;
    pub const IGMP: u8 = 2;
    pub const TCP: u8 = 6;
    pub const UDP: u8 = 17;
    pub const DCCP: u8 = 33;
    pub const ICMPV6: u8 = 58;
    pub const SCTP: u8 = 132;
    pub const UDP_LITE: u8 = 136;
}

/// The bit in a port's byte that stands for `kind`.
#[inline(always)]
pub const fn flag(kind: PortKind) -> u8 {
    match kind {
        PortKind::Listening => 1,
        PortKind::Opened => 2,
        PortKind::Documented => 4,
    }
}

/// The offset of a port's byte, for the transport with this index.
#[inline(always)]
pub const fn at(transport: u32, port: u16) -> u32 {
    transport << 16 | port as u32
}

/// The position of the bit of `port`: the index of its word, and the mask in that word. `None` for protocols whose ports are
/// not kept.
#[inline(always)]
pub fn bit(kind: PortKind, protocol: u8, port: u16) -> Option<(u32, u64)> {
    let transport = match protocol {
        protocol::TCP => 0,
        protocol::UDP => 1,
        protocol::SCTP => 2,
        _ => return None,
    };
    let at = at(transport, port);
    let byte = if cfg!(target_endian = "little") {
        at & 7
    } else {
        7 - (at & 7)
    };
    Some((at >> 3, u64::from(flag(kind)) << (8 * byte)))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{PortKind, SPACE, at, bit, flag, protocol};

    #[test]
    fn every_port_has_a_byte_of_its_own_and_every_kind_a_bit_of_it() {
        let mut words = std::vec![0_u64; SPACE as usize];
        for (transport, number) in (0..).zip([protocol::TCP, protocol::UDP, protocol::SCTP]) {
            for port in 0..=u16::MAX {
                for kind in [PortKind::Listening, PortKind::Opened, PortKind::Documented] {
                    let (word, mask) = bit(kind, number, port).unwrap();
                    let at = at(transport, port) as usize;
                    assert_eq!(word as usize, at / 8);
                    let word = &mut words[word as usize];
                    assert_eq!(*word & mask, 0);
                    *word |= mask;
                    assert_ne!(word.to_ne_bytes()[at % 8] & flag(kind), 0);
                }
            }
        }
        assert_eq!(bit(PortKind::Listening, protocol::ICMP, 8), None);
    }
}
