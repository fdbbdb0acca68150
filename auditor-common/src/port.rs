//! What user space tells the kernel about ports: bitmaps of the ports that this host serves and that the matrix names.

/// Why a port is known to be a server's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PortKind {
    /// A port of this host on which a socket listens.
    Listening,
    /// A port of other hosts with which this one opened conversations.
    Opened,
    /// A rule of the matrix names it.
    Documented,
}

/// 64-bit words of one bitmap of 65,536 ports.
pub const WORDS: u32 = 1024;

/// Bitmaps kept: three kinds for each of TCP, UDP and SCTP.
pub const BITMAPS: u32 = 9;

/// Words of the map that holds them: a power of two, so that a mask alone bounds an index.
pub const SPACE: u32 = 1 << 14;

const _: () = assert!(WORDS * BITMAPS <= SPACE);

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

/// The index of the first word of a kind's bitmaps: TCP's, after which UDP's and SCTP's come.
#[inline(always)]
pub const fn start(kind: PortKind) -> u32 {
    WORDS
        * match kind {
            PortKind::Listening => 0,
            PortKind::Opened => 3,
            PortKind::Documented => 6,
        }
}

/// Where the bit of `port` lies: the index of its word, and its mask there. `None` for protocols without a bitmap.
#[inline(always)]
pub fn bit(kind: PortKind, protocol: u8, port: u16) -> Option<(u32, u64)> {
    let transport: u32 = match protocol {
        protocol::TCP => 0,
        protocol::UDP => 1,
        protocol::SCTP => 2,
        _ => return None,
    };
    let word = start(kind) + transport * WORDS + (u32::from(port) >> 6);
    Some((word, 1 << (port & 63)))
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::{BITMAPS, PortKind, WORDS, bit, protocol};

    #[test]
    fn every_port_has_a_bit_of_its_own() {
        let mut seen = std::vec![0_u64; (WORDS * BITMAPS) as usize];
        for kind in [PortKind::Listening, PortKind::Opened, PortKind::Documented] {
            for transport in [protocol::TCP, protocol::UDP, protocol::SCTP] {
                for port in 0..=u16::MAX {
                    let (word, mask) = bit(kind, transport, port).unwrap();
                    let word = &mut seen[word as usize];
                    assert_eq!(*word & mask, 0);
                    *word |= mask;
                }
            }
        }
        assert!(seen.iter().all(|word| *word == u64::MAX));
        assert_eq!(bit(PortKind::Listening, protocol::ICMP, 8), None);
    }
}
