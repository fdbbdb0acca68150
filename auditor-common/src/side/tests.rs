extern crate std;

use std::vec::Vec;

use super::{Evidence, Known, Server, server};
use crate::{
    packet::{Intent, Packet},
    port::{PortKind, protocol},
};

#[derive(Default)]
struct World {
    flows: Vec<Server>,
    listening: Vec<u16>,
    documented: Vec<u16>,
    /// The end of the packet that is ours.
    ours: Option<Server>,
}

impl Known for World {
    fn has_flow(&self, _packet: &Packet, server: Server) -> bool {
        self.flows.contains(&server)
    }

    fn has_port(&self, kind: PortKind, _protocol: u8, port: u16, end: Server) -> bool {
        match kind {
            PortKind::Listening => self.ours == Some(end) && self.listening.contains(&port),
            PortKind::Documented => self.documented.contains(&port),
        }
    }

    fn is_ephemeral(&self, port: u16) -> bool {
        (32_768..=60_999).contains(&port)
    }
}

fn packet(protocol: u8, source_port: u16, destination_port: u16, intent: Intent) -> Packet {
    Packet {
        protocol,
        source_port,
        destination_port,
        intent,
        ..Packet::EMPTY
    }
}

#[track_caller]
fn check(world: &World, packet: &Packet, side: Server, evidence: Option<Evidence>) {
    assert_eq!(server(packet, world), (side, evidence));
}

#[test]
fn a_handshake_is_stronger_than_everything() {
    let world = World {
        flows: [Server::Source].into(),
        listening: [50_000].into(),
        documented: [50_000].into(),
        ours: Some(Server::Source),
    };
    let asks = packet(protocol::TCP, 50_000, 60_001, Intent::Asks);
    check(
        &world,
        &asks,
        Server::Destination,
        Some(Evidence::Handshake),
    );
    let answers = packet(protocol::TCP, 60_001, 50_000, Intent::Answers);
    check(&world, &answers, Server::Source, Some(Evidence::Handshake));
}

#[test]
fn a_known_flow_keeps_its_sides() {
    let data = packet(protocol::TCP, 80, 50_000, Intent::Unknown);
    for side in [Server::Destination, Server::Source] {
        check(
            &World {
                flows: [side].into(),
                ..World::default()
            },
            &data,
            side,
            None,
        );
    }
    // With both there, the ports decide.
    let both = World {
        flows: [Server::Destination, Server::Source].into(),
        ..World::default()
    };
    check(&both, &data, Server::Source, Some(Evidence::Ephemeral));
}

#[test]
fn ports_in_the_order_of_their_strength() {
    let data = packet(protocol::TCP, 40_000, 50_000, Intent::Unknown);
    let listening = World {
        listening: [50_000].into(),
        ours: Some(Server::Destination),
        ..World::default()
    };
    check(
        &listening,
        &data,
        Server::Destination,
        Some(Evidence::Listener),
    );
    // Somebody else's port is not ours to listen on.
    let elsewhere = World {
        ours: Some(Server::Source),
        ..listening
    };
    check(&elsewhere, &data, Server::Source, Some(Evidence::LowerPort));
    let documented = World {
        documented: [50_000].into(),
        ..World::default()
    };
    check(
        &documented,
        &data,
        Server::Destination,
        Some(Evidence::Documented),
    );
    let both = World {
        documented: [40_000, 50_000].into(),
        ..World::default()
    };
    check(&both, &data, Server::Source, Some(Evidence::LowerPort));
}

#[test]
fn nothing_known() {
    let none = World::default();
    let check_ports = |protocol, source, destination, side, evidence| {
        check(
            &none,
            &packet(protocol, source, destination, Intent::Unknown),
            side,
            Some(evidence),
        );
    };
    check_ports(
        protocol::UDP,
        53,
        40_000,
        Server::Source,
        Evidence::Ephemeral,
    );
    check_ports(
        protocol::UDP,
        40_000,
        53,
        Server::Destination,
        Evidence::Ephemeral,
    );
    check_ports(protocol::TCP, 80, 8080, Server::Source, Evidence::LowerPort);
    check_ports(
        protocol::TCP,
        8080,
        80,
        Server::Destination,
        Evidence::LowerPort,
    );
    check_ports(
        protocol::TCP,
        80,
        80,
        Server::Destination,
        Evidence::FirstSender,
    );
    check_ports(
        protocol::UDP,
        80,
        8080,
        Server::Destination,
        Evidence::FirstSender,
    );
    check_ports(47, 0, 0, Server::Destination, Evidence::FirstSender);
}
