//! Addresses translated by NAT, from the kernel's connection tracking (ctnetlink).

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the crate that reads the messages adds attributes, which say nothing of addresses"
)]

use std::{collections::BTreeSet, fs, io, net::IpAddr, time::Duration};

use netlink_packet_core::{DefaultNla, Nla as _};
use netlink_packet_netfilter::{
    NetfilterHeader, NetfilterMessage, NetfilterMessageInner, NetfilterProtoFamily,
    conntrack::{ConntrackAttribute, ConntrackMessage, IPTuple, ProtoTuple, Tuple},
};
use netlink_sys::protocols::NETLINK_NETFILTER;

use super::dump::dump;
use crate::observed::{Endpoints, Tracked, Translations};

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
    let mut tracked = Vec::new();
    let mut moved = BTreeSet::new();
    dump(NETLINK_NETFILTER, get, |message| {
        let Some((original, reply, left)) = read(&message) else {
            return;
        };
        translations.add(original.protocol, original.endpoints, reply.endpoints, at);
        if original != reply {
            let real = Endpoints {
                client: original.endpoints.client,
                ..reply.endpoints
            };
            moved.extend([
                reply,
                Tracked {
                    endpoints: real,
                    ..original
                },
            ]);
        } else if tracked.len() < MOST_PLAIN {
            tracked.push((original, left));
        }
    })?;
    translations.add_plain(tracked, &moved, at);
    Ok(translations)
}

/// The connections without a translation that are looked at: those beyond are not told from translated ones.
const MOST_PLAIN: usize = 1 << 18;

/// A connection as it was opened and as it is answered, and for how many seconds it will be tracked without a packet.
fn read(message: &NetfilterMessage) -> Option<(Tracked, Tracked, u32)> {
    let NetfilterMessageInner::Conntrack(ConntrackMessage::New(attributes)) = &message.inner else {
        return None;
    };
    let mut left = 0;
    let (mut original, mut reply) = (None, None);
    for attribute in attributes {
        match attribute {
            ConntrackAttribute::CtaTupleOrig(parts) => original = tuple(parts),
            ConntrackAttribute::CtaTupleReply(parts) => reply = tuple(parts),
            ConntrackAttribute::CtaTimeout(seconds) => left = *seconds,
            _ => {}
        }
    }
    let (original, reply) = (original?, reply?);
    let original_endpoints = Endpoints {
        client: original.source,
        server: original.destination,
        port: original.destination_port,
    };
    // A reply's source is the server. ICMP has no ports, and both have the type of the request, as flows have it.
    let has_ports = original.icmp_type.is_none();
    let original_endpoints = Endpoints {
        port: original
            .icmp_type
            .map_or(original.destination_port, u16::from),
        ..original_endpoints
    };
    let reply_endpoints = Endpoints {
        client: reply.destination,
        server: reply.source,
        port: if has_ports {
            reply.source_port
        } else {
            original_endpoints.port
        },
    };
    let tracked = |endpoints, client_port| Tracked {
        protocol: original.protocol,
        endpoints,
        client_port,
    };
    Some((
        tracked(original_endpoints, original.source_port),
        tracked(reply_endpoints, reply.destination_port),
        left,
    ))
}

/// One of the two tuples by which the kernel tracks a connection.
struct TrackedTuple {
    source: IpAddr,
    destination: IpAddr,
    protocol: u8,
    source_port: u16,
    destination_port: u16,
    /// The ICMP type of the packet that opened the connection.
    icmp_type: Option<u8>,
}

/// `CTA_PROTO_ICMP_TYPE` and `CTA_PROTO_ICMPV6_TYPE` (`include/uapi/linux/netfilter/nfnetlink_conntrack.h`).
const ICMP_TYPES: [u16; 2] = [5, 8];

/// Ports are 0 where the protocol has none.
fn tuple(parts: &[Tuple]) -> Option<TrackedTuple> {
    let (mut source, mut destination) = (None, None);
    let (mut protocol, mut source_port, mut destination_port) = (None, 0, 0);
    let mut icmp_type = None;
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
                        ProtoTuple::SourcePort(port) => source_port = *port,
                        ProtoTuple::DestinationPort(port) => destination_port = *port,
                        ProtoTuple::Other(other) if ICMP_TYPES.contains(&other.kind()) => {
                            icmp_type = byte(other);
                        }
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
        source_port,
        destination_port,
        icmp_type,
    })
}

/// The value of an attribute of one byte.
fn byte(attribute: &DefaultNla) -> Option<u8> {
    let mut value = [0];
    (attribute.value_len() == value.len()).then(|| {
        attribute.emit_value(&mut value);
        value[0]
    })
}
