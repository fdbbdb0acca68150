//! Counters of packets for whose flow the table had no room: by direction, transport and server port, in an array that
//! can't fill up.

use crate::{Direction, port::protocol};

/// Entries of a transport: its ports, or protocol numbers for protocols without ports.
const PORTS: u32 = 1 << 16;
/// TCP, UDP, SCTP, and everything else.
const TRANSPORTS: u32 = 4;

/// Entries of the array, for both directions.
pub const COUNT: u32 = 2 * TRANSPORTS * PORTS;

/// What an entry counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Lost {
    pub direction: Direction,
    /// IP protocol number. Protocols other than TCP, UDP and SCTP have one entry each.
    pub protocol: u8,
    /// The server's port if it is known, else the lower of the two ports; 0 for protocols other than TCP, UDP and SCTP.
    pub port: u16,
}

/// The index of the entry that counts a packet.
#[inline(always)]
pub const fn index(lost: Lost) -> u32 {
    let (transport, port) = match lost.protocol {
        protocol::TCP => (0, lost.port as u32),
        protocol::UDP => (1, lost.port as u32),
        protocol::SCTP => (2, lost.port as u32),
        other => (3, other as u32),
    };
    (lost.direction as u32 * TRANSPORTS + transport) * PORTS + port
}

/// What the entry at `index` counts.
pub const fn at(index: u32) -> Lost {
    let [low, high, ..] = index.to_le_bytes();
    let port = u16::from_le_bytes([low, high]);
    let transport = index / PORTS;
    let (protocol, port) = match transport % TRANSPORTS {
        0 => (protocol::TCP, port),
        1 => (protocol::UDP, port),
        2 => (protocol::SCTP, port),
        _ => (low, 0),
    };
    Lost {
        direction: if transport < TRANSPORTS {
            Direction::Ingress
        } else {
            Direction::Egress
        },
        protocol,
        port,
    }
}

#[cfg(test)]
mod tests {
    use super::{COUNT, Direction, Lost, at, index};

    #[test]
    fn entries_name_what_they_count() {
        for direction in Direction::ALL {
            for (protocol, port) in [(6, 443), (17, 0), (132, 65_535), (47, 0), (255, 0)] {
                let lost = Lost {
                    direction,
                    protocol,
                    port,
                };
                assert!(index(lost) < COUNT);
                assert_eq!(at(index(lost)), lost);
            }
        }
    }
}
