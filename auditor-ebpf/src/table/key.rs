//! The key under which a packet is counted.

use auditor_common::{Direction, KeptPorts, PackedPorts, Packet, Server, packet::index, side};

use super::addresses::AddressValues;
use crate::{
    mode::keeps_both_ports,
    ports::{LOOPBACK, PortView},
    state::KnownPorts,
};

/// The key of a packet's conversation, and what was decided along with it.
pub(crate) struct Key<A> {
    pub(crate) addresses: A,
    pub(crate) ports: u64,
    /// 0 if the first address sent the packet, 1 if the second did.
    pub(crate) sender: u32,
    pub(crate) evidence: u8,
    /// The port under which the packet is counted if the table has no room for its conversation.
    pub(crate) port: u16,
}

#[inline(always)]
pub(crate) fn key<A: AddressValues>(
    direction: Direction,
    known: KnownPorts,
    interface: u32,
    packet: &Packet,
    addresses: A,
) -> Key<A> {
    let place = Place {
        interface,
        precedes: addresses.precedes((packet.source_port, packet.destination_port)),
        is_to_group: packet.is_group_frame || addresses.is_to_group(),
    };
    let key = ordered(direction, known, &place, packet);
    Key {
        addresses: if key.sender == 0 {
            addresses
        } else {
            addresses.swapped()
        },
        ports: key.ports,
        sender: key.sender,
        evidence: key.evidence,
        port: key.port,
    }
}

/// What a key needs of the packet's addresses, and the interface.
pub(crate) struct Place {
    pub(crate) interface: u32,
    /// What [`AddressValues::precedes`] returned.
    pub(crate) precedes: bool,
    /// What [`AddressValues::is_to_group`] returned.
    pub(crate) is_to_group: bool,
}

/// Whether the packets of the first address leave this host, if the address numbered `sender` sent this one.
///
/// The loopback is watched at ingress alone, and there the packets of both have left this host.
#[inline(always)]
pub(crate) fn first_leaves(direction: Direction, interface: u32, sender: u32) -> bool {
    if interface == LOOPBACK {
        return false;
    }
    matches!(direction, Direction::Egress) == (sender == 0)
}

/// The key without its addresses, which are the packet's, swapped if `sender` is 1.
#[inline(always)]
pub(crate) fn ordered(
    direction: Direction,
    ports: KnownPorts,
    place: &Place,
    packet: &Packet,
) -> Key<()> {
    let view = PortView {
        interface: place.interface,
        direction,
        ports,
        is_to_group: place.is_to_group,
    };
    let (source, destination) = (packet.source_port, packet.destination_port);
    let decided = if keeps_both_ports() {
        None
    } else {
        side::server(packet, &view)
    };
    let protocol = packet.protocol;
    // If neither port is known to be a server's, the lower one is more likely to be.
    let lower = if source < destination {
        source
    } else {
        destination
    };
    let key = |ports: PackedPorts, sender, evidence, port| Key {
        addresses: (),
        ports: ports
            .first_leaving(first_leaves(direction, index(place.interface), sender))
            .marked(packet.marks)
            .0,
        sender,
        evidence,
        port,
    };
    let of_server = |port| PackedPorts::new(KeptPorts::Server, protocol, 0, port);
    let of_both = |first, second| PackedPorts::new(KeptPorts::Both, protocol, first, second);
    match decided {
        Some((Server::Destination, evidence)) => {
            key(of_server(destination), 0, evidence as u8, destination)
        }
        Some((Server::Source, evidence)) => key(of_server(source), 1, evidence as u8, source),
        None if place.precedes => key(of_both(source, destination), 0, 0, lower),
        None => key(of_both(destination, source), 1, 0, lower),
    }
}
