//! Where packets are counted whose flow found no bucket: by direction, transport and server port, in an array that can't fill.

use crate::{Direction, port::protocol};

/// Ports of a transport, or protocol numbers where there are no ports.
const PORTS: u32 = 1 << 16;
/// TCP, UDP, SCTP, and everything else.
const TRANSPORTS: u32 = 4;

/// Entries of the array: both directions.
pub const COUNT: u32 = 2 * TRANSPORTS * PORTS;

/// What an entry counts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Lost {
    pub direction: Direction,
    /// IP protocol number; of those without an array of their own the entry is named after the protocol.
    pub protocol: u8,
    /// The server's port as far as known, else the lower one; 0 for other transports.
    pub port: u16,
}

/// The entry of a packet.
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
