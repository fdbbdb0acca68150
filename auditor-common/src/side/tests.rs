extern crate std;

use std::{cell::RefCell, vec::Vec};

use super::{Evidence, PortKnowledge, Server, server};
use crate::{
    packet::{Handshake, Packet, RST},
    port::{PortKind, protocol},
};

/// A host that receives the packet, or sends it if `leaves` is set.
#[derive(Default)]
struct World {
    listening: RefCell<Vec<u16>>,
    opened: RefCell<Vec<u16>>,
    documented: Vec<u16>,
    leaves: bool,
    to_group: bool,
}

impl PortKnowledge for World {
    fn has_port(&self, kind: PortKind, _protocol: u8, port: u16) -> bool {
        match kind {
            PortKind::Listening => self.listening.borrow().contains(&port),
            PortKind::Opened => self.opened.borrow().contains(&port),
            PortKind::Documented => self.documented.contains(&port),
        }
    }

    fn kind_of(&self, server: Server) -> PortKind {
        if self.leaves == (server == Server::Source) {
            PortKind::Listening
        } else {
            PortKind::Opened
        }
    }

    fn leaves_host(&self) -> bool {
        self.leaves
    }

    fn is_to_group(&self) -> bool {
        self.to_group
    }

    fn learn(&self, kind: PortKind, _protocol: u8, port: u16) {
        match kind {
            PortKind::Listening => self.listening.borrow_mut().push(port),
            PortKind::Opened => self.opened.borrow_mut().push(port),
            PortKind::Documented => panic!("a matrix is not learned"),
        }
    }
}

fn packet(protocol: u8, source_port: u16, destination_port: u16, handshake: Handshake) -> Packet {
    Packet {
        source_port,
        destination_port,
        protocol,
        handshake,
        ..Packet::EMPTY
    }
}

fn tcp(source_port: u16, destination_port: u16, handshake: Handshake) -> Packet {
    packet(protocol::TCP, source_port, destination_port, handshake)
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
        server(&tcp(50_000, 60_001, Handshake::Request), &world),
        TO_SERVER
    );
    // What comes in accepts only what this host asked for.
    let reply = tcp(60_001, 50_000, Handshake::Reply);
    assert_eq!(server(&reply, &world), None);
    world.opened.borrow_mut().push(60_001);
    assert_eq!(server(&reply, &world), TO_CLIENT);
}

#[test]
fn ports_are_learned_from_what_leaves() {
    let arrives = World::default();
    assert_eq!(
        server(&tcp(50_000, 60_001, Handshake::Request), &arrives),
        TO_SERVER
    );
    assert_eq!(
        server(&tcp(50_000, 60_001, Handshake::None), &arrives),
        None
    );

    let leaves = World {
        leaves: true,
        ..World::default()
    };
    assert_eq!(
        server(&tcp(50_000, 60_001, Handshake::Request), &leaves),
        TO_SERVER
    );
    assert_eq!(
        server(&tcp(50_000, 60_001, Handshake::None), &leaves),
        Some((Server::Destination, Evidence::Opened))
    );
    assert_eq!(
        server(&tcp(70, 50_001, Handshake::Reply), &leaves),
        TO_CLIENT
    );
    assert_eq!(
        server(&tcp(70, 50_002, Handshake::None), &leaves),
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
    for handshake in [Handshake::Request, Handshake::None] {
        assert_eq!(server(&tcp(8443, 443, handshake), &world), None);
    }
}

#[test]
fn a_bound_socket_serves_only_whose_port_is_a_clients() {
    let from = |source| packet(protocol::UDP, source, 5060, Handshake::None);
    let world = World {
        listening: RefCell::new([5060].into()),
        documented: [50_005].into(),
        ..World::default()
    };
    let served = Some((Server::Destination, Evidence::Listener));
    for (source, expected) in [
        (50_000, served),
        // As well known, equal, or named by the matrix.
        (5080, None),
        (5060, None),
        (50_005, None),
    ] {
        assert_eq!(server(&from(source), &world), expected, "{source}");
    }
    // A connection's socket that listens is the server's, whatever the other port.
    let connection = tcp(5080, 5060, Handshake::None);
    assert_eq!(server(&connection, &world), served);
    let leaving = |to_group| World {
        listening: RefCell::new([5060].into()),
        leaves: true,
        to_group,
        ..World::default()
    };
    let sent = packet(protocol::UDP, 5060, 50_000, Handshake::None);
    let serves = Some((Server::Source, Evidence::Listener));
    assert_eq!(server(&sent, &leaving(false)), serves);
    assert_eq!(server(&sent, &leaving(true)), None, "a group never asks");
}

#[test]
fn numbers_decide_nothing_by_a_single_packet() {
    let world = World {
        documented: [443].into(),
        ..World::default()
    };
    let mut packet = tcp(40_000, 443, Handshake::None);
    assert_eq!(server(&packet, &world), None);
    packet.flags = RST;
    assert_eq!(server(&packet, &world), None);
}

#[test]
fn protocols_without_ports() {
    let world = World::default();
    let icmp = |handshake| packet(protocol::ICMP, 0, 3, handshake);
    assert_eq!(server(&icmp(Handshake::Request), &world), TO_SERVER);
    assert_eq!(
        server(&icmp(Handshake::None), &world),
        Some((Server::Destination, Evidence::FirstSender))
    );
    assert_eq!(server(&packet(47, 0, 0, Handshake::None), &world), None);
    // A later fragment has the ports of its first one, which was a reply.
    assert_eq!(
        server(&packet(protocol::ICMP, 8, 0, Handshake::None), &world),
        Some((Server::Source, Evidence::Handshake))
    );
}
