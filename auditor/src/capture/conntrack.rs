//! Addresses translated by NAT, from the kernel's connection tracking (ctnetlink).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the crate that reads the messages adds attributes, which say nothing of addresses"
)]

use std::{fs, io, net::IpAddr, time::Duration};

use netlink_packet_netfilter::{
    NetfilterHeader, NetfilterMessage, NetfilterMessageInner, NetfilterProtoFamily,
    conntrack::{ConntrackAttribute, ConntrackMessage, IPTuple, ProtoTuple, Tuple},
};
use netlink_sys::protocols::NETLINK_NETFILTER;

use super::dump::dump;
use crate::observed::{Endpoints, Translations};

/// Holds the number of connections that are tracked in this network namespace.
const COUNT: &str = "/proc/sys/net/netfilter/nf_conntrack_count";

/// Lists the translations of the connections that are tracked now, at the time `at`.
///
/// If no connection is tracked, no request is sent, since it would load the modules that track connections.
///
/// # Errors
///
/// The kernel does not reply, or returns an error.
pub fn translations(at: Duration) -> io::Result<Translations> {
    let mut translations = Translations::default();
    let count = fs::read_to_string(COUNT).unwrap_or_default();
    if matches!(count.trim(), "" | "0") {
        return Ok(translations);
    }
    let get = NetfilterMessage::new(
        NetfilterHeader::new(NetfilterProtoFamily::Unspec, 0, 0),
        ConntrackMessage::Get(Vec::new()),
    );
    dump(NETLINK_NETFILTER, get, |message| {
        add(&mut translations, &message, at);
    })?;
    Ok(translations)
}

fn add(translations: &mut Translations, message: &NetfilterMessage, at: Duration) {
    let NetfilterMessageInner::Conntrack(ConntrackMessage::New(attributes)) = &message.inner else {
        return;
    };
    let (mut original, mut reply) = (None, None);
    for attribute in attributes {
        match attribute {
            ConntrackAttribute::CtaTupleOrig(parts) => original = tuple(parts),
            ConntrackAttribute::CtaTupleReply(parts) => reply = tuple(parts),
            _ => {}
        }
    }
    let (Some(original), Some(reply)) = (original, reply) else {
        return;
    };
    let original_endpoints = Endpoints {
        client: original.source,
        server: original.destination,
        port: original.destination_port,
    };
    // A reply's source is the server.
    let reply_endpoints = Endpoints {
        client: reply.destination,
        server: reply.source,
        port: reply.source_port,
    };
    translations.add(original.protocol, original_endpoints, reply_endpoints, at);
}

/// One of the two tuples by which the kernel tracks a connection.
struct TrackedTuple {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    source_port: u16,
    destination_port: u16,
}

/// `None` for protocols without ports.
fn tuple(parts: &[Tuple]) -> Option<TrackedTuple> {
    let (mut source, mut destination) = (None, None);
    let (mut protocol, mut source_port, mut destination_port) = (None, None, None);
    for part in parts {
        match part {
            Tuple::Ip(addresses) => {
                for address in addresses {
                    match address {
                        IPTuple::SourceAddress(address) => source = Some(*address),
                        IPTuple::DestinationAddress(address) => destination = Some(*address),
                        _ => {}
                    }
                }
            }
            Tuple::Proto(parts) => {
                for part in parts {
                    match part {
                        ProtoTuple::Protocol(number) => protocol = Some(u8::from(*number)),
                        ProtoTuple::SourcePort(port) => source_port = Some(*port),
                        ProtoTuple::DestinationPort(port) => destination_port = Some(*port),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Some(TrackedTuple {
        source: source?,
        destination: destination?,
        protocol: protocol?,
        source_port: source_port?,
        destination_port: destination_port?,
    })
}
