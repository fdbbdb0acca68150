//! The attacks: what a neighbour on the wire, or a client of what the watch serves, can do.

use std::{
    net::{Ipv4Addr, TcpStream},
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use lab::{Namespace, raw::Sender};

use super::host::{LOGS, NEIGHBOUR, OWN, WEB};

/// Where the watch serves its report, on the loopback.
pub(super) const SERVED_ON: u16 = 9719;
/// A service of datagrams, which answers whoever asks.
pub(super) const ECHO: u16 = 8125;

pub(super) struct Attack {
    pub(super) name: &'static str,
    kind: Kind,
}

/// What is sent.
enum Kind {
    /// Packets from the neighbour: the bytes of the one with this number.
    Packets(fn(u32) -> Vec<u8>),
    /// Connections to what the watch serves, on its host, that say nothing.
    Connections,
}

pub(super) static ATTACKS: [Attack; 9] = [
    Attack {
        name: "datagrams of made-up senders",
        kind: Kind::Packets(|n| datagram(stranger(n), OWN, 53, any_port(n))),
    },
    Attack {
        name: "datagrams, both ways made up",
        kind: Kind::Packets(|n| match n % 2 {
            0 => datagram(stranger(n / 2), OWN, 53, any_port(n / 2)),
            _ => datagram(OWN, stranger(n / 2), any_port(n / 2), 53),
        }),
    },
    Attack {
        name: "questions to a service of datagrams",
        kind: Kind::Packets(|n| datagram(stranger(n), OWN, any_port(n), ECHO)),
    },
    Attack {
        name: "SYNs of made-up senders",
        kind: Kind::Packets(|n| segment(stranger(n), OWN, (40_000, any_port(n)), SYN)),
    },
    Attack {
        name: "handshakes, both ways made up",
        kind: Kind::Packets(|n| match n % 4 {
            0 => segment(stranger(n / 4), OWN, (40_000, 443), SYN),
            1 => segment(OWN, stranger(n / 4), (443, 40_000), SYN | ACK),
            _ => segment(stranger(n / 4), OWN, (40_000, 443), ACK),
        }),
    },
    Attack {
        name: "one sender asks every port",
        kind: Kind::Packets(|n| segment(stranger(0), OWN, (40_000, any_port(n)), SYN)),
    },
    Attack {
        name: "every port of other rules and of none, in a client's name",
        kind: Kind::Packets(|n| {
            let from = any_port(n / 4).saturating_add(1024);
            match n % 4 {
                0 => datagram(NEIGHBOUR, OWN, from, port_of_none(n / 4)),
                1 => segment(NEIGHBOUR, OWN, (from, port_of_none(n / 4)), SYN),
                2 => datagram(NEIGHBOUR, OWN, from, any_port(n / 4) + 20_000),
                _ => datagram(NEIGHBOUR, OWN, any_port(n), ECHO),
            }
        }),
    },
    Attack {
        name: "echo requests of made-up senders",
        kind: Kind::Packets(|n| echo(stranger(n))),
    },
    Attack {
        name: "2,000 connections to its page that say nothing",
        kind: Kind::Connections,
    },
];

/// Connections of the attack on the page.
const CONNECTIONS: usize = 2_000;

impl Attack {
    /// Goes on until it should stop; returns how many packets or connections it made.
    pub(super) fn run(
        &self,
        watched: &Namespace,
        neighbour: &Namespace,
        stop: &AtomicBool,
    ) -> anyhow::Result<u64> {
        match self.kind {
            Kind::Packets(packet) => neighbour.enter(|| {
                let sender = Sender::new(OWN)?;
                let mut n_sent = 0;
                let mut n = 0;
                while !stop.load(Ordering::Relaxed) {
                    n_sent += u64::from(sender.send(&packet(n))?);
                    n = n.wrapping_add(1);
                }
                Ok(n_sent)
            }),
            Kind::Connections => watched.enter(|| {
                let mut held = Vec::new();
                let mut n_made = 0;
                while !stop.load(Ordering::Relaxed) {
                    if held.len() < CONNECTIONS {
                        // Refused, or ended at once, where there are too many.
                        if let Ok(one) = TcpStream::connect(("127.0.0.1", SERVED_ON)) {
                            n_made += 1;
                            held.push(one);
                        }
                    } else {
                        thread::sleep(Duration::from_millis(50));
                    }
                }
                Ok(n_made)
            }),
        }
    }
}

const SYN: u8 = 2;
const ACK: u8 = 16;

/// An address that nobody has.
fn stranger(n: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0b00_0000 + (n & 0x00ff_ffff))
}

/// Any port but 0 and those of what runs beside the attacks.
fn any_port(n: u32) -> u16 {
    let [.., high, low] = (n % 9_000 + 1).to_be_bytes();
    u16::from_be_bytes([high, low])
}

/// A port that no rule names, beside those of [`any_port`].
fn port_of_none(n: u32) -> u16 {
    match any_port(n) {
        LOGS => 515,
        WEB => 8081,
        port => port,
    }
}

/// An IPv4 header (RFC 791) before what follows it; the kernel writes its length and checksum.
fn packet(source: Ipv4Addr, destination: Ipv4Addr, protocol: u8, rest: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend(source.octets());
    packet.extend(destination.octets());
    packet.extend(rest);
    packet
}

/// A UDP header (RFC 768) without a checksum, and four bytes.
fn datagram(source: Ipv4Addr, destination: Ipv4Addr, from: u16, to: u16) -> Vec<u8> {
    let mut rest = Vec::from(from.to_be_bytes());
    rest.extend(to.to_be_bytes());
    rest.extend([0, 12, 0, 0, b'd', b'a', b't', b'a']);
    packet(source, destination, 17, &rest)
}

/// A TCP header (RFC 9293) with these flags; its checksum is wrong, so no kernel answers, but for counting it is one.
fn segment(source: Ipv4Addr, destination: Ipv4Addr, ports: (u16, u16), flags: u8) -> Vec<u8> {
    let mut rest = Vec::from(ports.0.to_be_bytes());
    rest.extend(ports.1.to_be_bytes());
    rest.extend([0, 0, 0, 1, 0, 0, 0, 1, 0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet(source, destination, 6, &rest)
}

/// An ICMP echo request (RFC 792) with its checksum, so that it is answered.
fn echo(source: Ipv4Addr) -> Vec<u8> {
    packet(source, OWN, 1, &[8, 0, 0xf7, 0xff, 0, 0, 0, 0])
}
