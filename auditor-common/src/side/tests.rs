extern crate std;

use std::{cell::RefCell, vec::Vec};

use super::{Evidence, Known, Server, server};
use crate::{
    packet::{Intent, Packet, RST},
    port::{PortKind, protocol},
};

/// A host that receives the packet, or sends it if `leaves`.
#[derive(Default)]
struct World {
    listening: RefCell<Vec<u16>>,
    opened: RefCell<Vec<u16>>,
    documented: Vec<u16>,
    leaves: bool,
}

impl Known for World {
    fn has_port(&self, kind: PortKind, _protocol: u8, port: u16) -> bool {
        match kind {
            PortKind::Listening => self.listening.borrow().contains(&port),
            PortKind::Opened => self.opened.borrow().contains(&port),
            PortKind::Documented => self.documented.contains(&port),
        }
    }

    fn end(&self, server: Server) -> PortKind {
        if self.leaves == (server == Server::Source) {
            PortKind::Listening
        } else {
            PortKind::Opened
        }
    }

    fn leaves(&self) -> bool {
        self.leaves
    }

    fn learn(&self, kind: PortKind, _protocol: u8, port: u16) {
        match kind {
            PortKind::Listening => self.listening.borrow_mut().push(port),
            PortKind::Opened => self.opened.borrow_mut().push(port),
            PortKind::Documented => panic!("a matrix is not learned"),
        }
    }
}

fn packet(protocol: u8, source_port: u16, destination_port: u16, intent: Intent) -> Packet {
    Packet {
        source_port,
        destination_port,
        protocol,
        intent,
        ..Packet::EMPTY
    }
}

fn tcp(source_port: u16, destination_port: u16, intent: Intent) -> Packet {
    packet(protocol::TCP, source_port, destination_port, intent)
}

const TO_SERVER: Option<(Server, Evidence)> = Some((Server::Destination, Evidence::Handshake));
const TO_CLIENT: Option<(Server, Evidence)> = Some((Server::Source, Evidence::Handshake));

#[test]
fn a_handshake_is_certain() {
    let world = World {
        documented: [50_000].into(),
        ..World::default()
    };
    assert_eq!(
        server(&tcp(50_000, 60_001, Intent::Asks), &world),
        TO_SERVER
    );
    assert_eq!(
        server(&tcp(60_001, 50_000, Intent::Answers), &world),
        TO_CLIENT
    );
}

#[test]
fn ports_are_learned_from_what_leaves() {
    let arrives = World::default();
    assert_eq!(
        server(&tcp(50_000, 60_001, Intent::Asks), &arrives),
        TO_SERVER
    );
    assert_eq!(
        server(&tcp(50_000, 60_001, Intent::Unknown), &arrives),
        None
    );

    let leaves = World {
        leaves: true,
        ..World::default()
    };
    assert_eq!(
        server(&tcp(50_000, 60_001, Intent::Asks), &leaves),
        TO_SERVER
    );
    assert_eq!(
        server(&tcp(50_000, 60_001, Intent::Unknown), &leaves),
        Some((Server::Destination, Evidence::Opened))
    );
    assert_eq!(
        server(&tcp(70, 50_001, Intent::Answers), &leaves),
        TO_CLIENT
    );
    assert_eq!(
        server(&tcp(70, 50_002, Intent::Unknown), &leaves),
        Some((Server::Source, Evidence::Listener))
    );
}

#[test]
fn a_client_on_the_port_of_a_service_keeps_both_ports() {
    let world = World {
        leaves: true,
        listening: RefCell::new([8443].into()),
        ..World::default()
    };
    for intent in [Intent::Asks, Intent::Unknown] {
        assert_eq!(server(&tcp(8443, 443, intent), &world), None);
    }
}

#[test]
fn documented_ports_decide_where_nothing_else_does() {
    let world = World {
        documented: [443].into(),
        ..World::default()
    };
    let mut packet = tcp(40_000, 443, Intent::Unknown);
    assert_eq!(
        server(&packet, &world),
        Some((Server::Destination, Evidence::Documented))
    );
    packet.flags = RST;
    assert_eq!(server(&packet, &world), None);
    assert_eq!(server(&tcp(443, 443, Intent::Unknown), &world), None);
}

#[test]
fn protocols_without_ports() {
    let world = World::default();
    let icmp = |intent| packet(protocol::ICMP, 0, 3, intent);
    assert_eq!(server(&icmp(Intent::Asks), &world), TO_SERVER);
    assert_eq!(
        server(&icmp(Intent::Unknown), &world),
        Some((Server::Destination, Evidence::FirstSender))
    );
    assert_eq!(server(&packet(47, 0, 0, Intent::Unknown), &world), None);
}
