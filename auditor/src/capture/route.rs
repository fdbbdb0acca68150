//! By which interfaces this host reaches an address, and which addresses it takes packets for: what the kernel's routing says.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use netlink_sys::protocols::NETLINK_ROUTE;

use ipnet::IpNet;

use super::dump::{self, Raw, dump, dump_described, request};

// linux/rtnetlink.h
const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTM_NEWRULE: u16 = 32;
const RTM_GETRULE: u16 = 34;
const RTA_DST: u16 = 1;
const RTA_SRC: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
const RTA_MARK: u16 = 16;
const RTA_UID: u16 = 25;
const RTA_IP_PROTO: u16 = 27;
const RTA_SPORT: u16 = 28;
const RTA_DPORT: u16 = 29;
/// The route itself is asked for, with all its next hops, and not the one that a packet would take now.
const RTM_F_FIB_MATCH: u32 = 0x2000;
const RTN_UNICAST: u8 = 1;
const RTN_LOCAL: u8 = 2;
/// The lengths of `struct rtmsg`, `struct fib_rule_hdr` and `struct rtnexthop`.
const HEADER: usize = 12;
const NEXT_HOP: usize = 8;
// linux/fib_rules.h
const FR_ACT_TO_TBL: u8 = 1;
const FIB_RULE_INVERT: u32 = 2;
const FRA_DST: u16 = 1;
const FRA_IIFNAME: u16 = 3;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_TUN_ID: u16 = 12;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_OIFNAME: u16 = 17;
const FRA_L3MDEV: u16 = 19;
const FRA_UID_RANGE: u16 = 20;
const FRA_IP_PROTO: u16 = 22;
const FRA_SPORT_RANGE: u16 = 23;
const FRA_DPORT_RANGE: u16 = 24;
// linux/socket.h
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// What rules of policy routing look at beside addresses, of packets that this host sends.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Selector {
    pub mark: Option<u32>,
    pub uid: Option<u32>,
    pub protocol: Option<u8>,
    pub source_port: Option<u16>,
    pub destination_port: Option<u16>,
    /// The type of service, of IPv4.
    pub tos: u8,
}

/// The indexes of the interfaces that packets to an address may leave by, from a source if one is given; none where it is no
/// address of another host.
///
/// # Errors
///
/// There is no route, or the kernel does not reply.
pub fn interfaces(
    address: IpAddr,
    source: Option<IpAddr>,
    by: &Selector,
) -> io::Result<BTreeSet<u32>> {
    let length = |address: Option<IpAddr>| match address {
        None => 0,
        Some(IpAddr::V4(_)) => 32,
        Some(IpAddr::V6(_)) => 128,
    };
    let mut message = vec![
        family(address),
        length(Some(address)),
        length(source),
        by.tos,
    ];
    message.extend([0; 4]);
    message.extend(RTM_F_FIB_MATCH.to_ne_bytes());
    push(&mut message, RTA_DST, address);
    if let Some(source) = source {
        push(&mut message, RTA_SRC, source);
    }
    let values = [
        (RTA_MARK, by.mark.map(|mark| mark.to_ne_bytes().to_vec())),
        (RTA_UID, by.uid.map(|uid| uid.to_ne_bytes().to_vec())),
        (RTA_IP_PROTO, by.protocol.map(|number| vec![number])),
        (
            RTA_SPORT,
            by.source_port.map(|port| port.to_be_bytes().to_vec()),
        ),
        (
            RTA_DPORT,
            by.destination_port.map(|port| port.to_be_bytes().to_vec()),
        ),
    ];
    for (kind, value) in values {
        if let Some(value) = value {
            push_value(&mut message, kind, &value);
        }
    }
    let mut found = BTreeSet::new();
    request(
        NETLINK_ROUTE,
        Raw::new(RTM_GETROUTE, message),
        0,
        |message: Raw| {
            if message.kind == RTM_NEWROUTE {
                found.extend(next_hops(&message.bytes));
            }
        },
    )?;
    Ok(found)
}

/// The destinations of all routes of a version of IP to other hosts, as addresses and the lengths of their prefixes.
///
/// # Errors
///
/// The kernel does not reply.
pub fn destinations(is_ipv4: bool) -> io::Result<BTreeSet<(IpAddr, u8)>> {
    let mut found = BTreeSet::new();
    dump(
        NETLINK_ROUTE,
        Raw::new(RTM_GETROUTE, header(is_ipv4)),
        |message: Raw| {
            let bytes = &message.bytes;
            if message.kind == RTM_NEWROUTE
                && bytes.get(7) == Some(&RTN_UNICAST)
                && let Some(length) = bytes.get(1)
                && let Some(address) = attributes(bytes)
                    .find(|(kind, _)| *kind == RTA_DST)
                    .and_then(|(_, value)| read(value))
            {
                found.insert((address, *length));
            }
        },
    )?;
    Ok(found)
}

/// Whether rules choose between routing tables beside those that every host has, so that a route may depend on the source.
///
/// # Errors
///
/// The kernel does not reply.
pub fn has_rules(is_ipv4: bool) -> io::Result<bool> {
    let mut has_others = false;
    dump(
        NETLINK_ROUTE,
        Raw::new(RTM_GETRULE, header(is_ipv4)),
        |message: Raw| {
            let priority = attributes(&message.bytes)
                .find(|(kind, _)| *kind == FRA_PRIORITY)
                .and_then(|(_, value)| word(value))
                .unwrap_or_default();
            has_others |= message.kind == RTM_NEWRULE && !matches!(priority, 0 | 32_766 | 32_767);
        },
    )?;
    Ok(has_others)
}

/// By what the rules choose between routing tables for packets that this host sends, beside their addresses.
///
/// # Errors
///
/// The kernel does not reply, or knows no rules.
pub fn selectors(is_ipv4: bool) -> io::Result<BTreeSet<Selector>> {
    let mut found = BTreeSet::new();
    dump(
        NETLINK_ROUTE,
        Raw::new(RTM_GETRULE, header(is_ipv4)),
        |message: Raw| {
            if message.kind == RTM_NEWRULE {
                found.insert(selector(&message.bytes));
            }
        },
    )?;
    found.remove(&Selector::default());
    Ok(found)
}

fn selector(message: &[u8]) -> Selector {
    // The first of a range: numbers as the host has them.
    let first_port = |kind| {
        let value = attribute(message, kind)?;
        Some(u16::from_ne_bytes(value.get(..2)?.try_into().ok()?))
    };
    Selector {
        mark: attribute(message, FRA_FWMARK)
            .and_then(word)
            .filter(|mark| *mark != 0),
        uid: attribute(message, FRA_UID_RANGE).and_then(word),
        protocol: attribute(message, FRA_IP_PROTO)
            .and_then(|value| value.first().copied())
            .filter(|number| *number != 0),
        source_port: first_port(FRA_SPORT_RANGE),
        destination_port: first_port(FRA_DPORT_RANGE),
        tos: message.get(3).copied().unwrap_or_default(),
    }
}

/// A network that a routing table takes packets for, and the table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct LocalRoute {
    pub network: IpNet,
    pub table: u32,
}

/// The local routes of all tables, of a version of IP: packets to their networks are this host's.
///
/// # Errors
///
/// The kernel does not reply.
pub fn local_routes(is_ipv4: bool) -> io::Result<Vec<LocalRoute>> {
    let mut message = header(is_ipv4);
    if let Some(kind) = message.get_mut(7) {
        *kind = RTN_LOCAL;
    }
    let mut found = Vec::new();
    dump_described(
        NETLINK_ROUTE,
        Raw::new(RTM_GETROUTE, message),
        |message: Raw| {
            if message.kind == RTM_NEWROUTE {
                found.extend(local_route(&message.bytes));
            }
        },
    )?;
    Ok(found)
}

fn local_route(message: &[u8]) -> Option<LocalRoute> {
    let [family, length, _, _, table, _, _, kind] = *message.first_chunk()?;
    if kind != RTN_LOCAL {
        return None;
    }
    Some(LocalRoute {
        network: destination(message, family, length, RTA_DST)?,
        table: attribute(message, RTA_TABLE)
            .and_then(word)
            .unwrap_or(table.into()),
    })
}

/// A rule of policy routing that sends packets to a table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TableRule {
    /// `None` for the table of the interface's VRF.
    pub table: Option<u32>,
    /// The packets that it is for, by their destination.
    pub to: Option<IpNet>,
    /// It is for some packets alone, by something beside their destination.
    pub is_conditional: bool,
}

/// The rules by which packets that come in are sent to tables.
///
/// # Errors
///
/// The kernel does not reply, or knows no rules.
pub fn table_rules(is_ipv4: bool) -> io::Result<Vec<TableRule>> {
    let mut found = Vec::new();
    dump(
        NETLINK_ROUTE,
        Raw::new(RTM_GETRULE, header(is_ipv4)),
        |message: Raw| {
            if message.kind == RTM_NEWRULE {
                found.extend(table_rule(&message.bytes));
            }
        },
    )?;
    Ok(found)
}

fn table_rule(message: &[u8]) -> Option<TableRule> {
    let [family, to_length, from_length, tos, table, _, _, action] = *message.first_chunk()?;
    // What leaves by an interface does not come in.
    if action != FR_ACT_TO_TBL || attribute(message, FRA_OIFNAME).is_some() {
        return None;
    }
    let is_inverted = message
        .get(8..)
        .and_then(word)
        .is_some_and(|flags| flags & FIB_RULE_INVERT != 0);
    let has_condition = attributes(message).any(|(kind, value)| {
        let is_zero = value.iter().all(|byte| *byte == 0);
        match kind {
            FRA_IIFNAME | FRA_UID_RANGE | FRA_SPORT_RANGE | FRA_DPORT_RANGE => true,
            FRA_FWMARK | FRA_FWMASK | FRA_TUN_ID | FRA_IP_PROTO => !is_zero,
            _ => false,
        }
    });
    let is_vrf = attribute(message, FRA_L3MDEV).is_some_and(|value| value.first() == Some(&1));
    let named = attribute(message, FRA_TABLE).and_then(word);
    Some(TableRule {
        table: (!is_vrf).then(|| named.unwrap_or(table.into())),
        to: if to_length == 0 {
            None
        } else {
            destination(message, family, to_length, FRA_DST)
        },
        is_conditional: has_condition || is_inverted || is_vrf || from_length != 0 || tos != 0,
    })
}

/// The network of a route or rule; a destination of no length is not among its attributes.
fn destination(message: &[u8], family: u8, length: u8, kind: u16) -> Option<IpNet> {
    let everywhere: IpAddr = match family {
        AF_INET => Ipv4Addr::UNSPECIFIED.into(),
        AF_INET6 => Ipv6Addr::UNSPECIFIED.into(),
        _ => return None,
    };
    let address = match attribute(message, kind) {
        Some(value) => read(value)?,
        None if length == 0 => everywhere,
        None => return None,
    };
    Some(IpNet::new(address, length).ok()?.trunc())
}

fn attribute(message: &[u8], wanted: u16) -> Option<&[u8]> {
    attributes(message).find_map(|(kind, value)| (kind == wanted).then_some(value))
}

/// The header of a request about routes or rules, which are of one length.
fn header(is_ipv4: bool) -> Vec<u8> {
    let mut message = vec![if is_ipv4 { AF_INET } else { AF_INET6 }];
    message.resize(HEADER, 0);
    message
}

const fn family(address: IpAddr) -> u8 {
    match address {
        IpAddr::V4(_) => AF_INET,
        IpAddr::V6(_) => AF_INET6,
    }
}

/// Appends an attribute that holds an address.
fn push(bytes: &mut Vec<u8>, kind: u16, address: IpAddr) {
    match address {
        IpAddr::V4(address) => push_value(bytes, kind, &address.octets()),
        IpAddr::V6(address) => push_value(bytes, kind, &address.octets()),
    }
}

/// Appends an attribute; the next one begins at a multiple of 4 bytes.
fn push_value(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let length = 4 + value.len();
    let padding = length.next_multiple_of(4) - length;
    bytes.extend(u16::try_from(length).unwrap_or_default().to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.extend(std::iter::repeat_n(0, padding));
}

fn read(value: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(value) {
        return Some(Ipv4Addr::from(four).into());
    }
    Some(Ipv6Addr::from(<[u8; 16]>::try_from(value).ok()?).into())
}

fn word(value: &[u8]) -> Option<u32> {
    Some(u32::from_ne_bytes(value.get(..4)?.try_into().ok()?))
}

/// The attributes of a message.
fn attributes(message: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    dump::attributes(message.get(HEADER..).unwrap_or_default())
}

/// The interfaces of a route to other hosts.
fn next_hops(message: &[u8]) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    if message.get(7) != Some(&RTN_UNICAST) {
        return found;
    }
    for (kind, value) in attributes(message) {
        match kind {
            RTA_OIF => found.extend(word(value)),
            RTA_MULTIPATH => {
                let mut rest = value;
                // Length, flags, hops, index.
                while let Some(hop) = rest.get(..NEXT_HOP) {
                    let length = u16::from_ne_bytes(hop.first_chunk().copied().unwrap_or_default());
                    found.extend(hop.get(4..).and_then(word));
                    let next = usize::from(length).next_multiple_of(4).max(NEXT_HOP);
                    rest = rest.get(next..).unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{RTA_DST, RTA_MULTIPATH, RTN_UNICAST, next_hops, push};

    fn hop(interface: u32) -> Vec<u8> {
        let mut bytes = 16_u16.to_ne_bytes().to_vec();
        bytes.extend([0, 0]);
        bytes.extend(interface.to_ne_bytes());
        // A gateway.
        push(&mut bytes, 5, "10.0.0.9".parse().unwrap());
        bytes
    }

    #[test]
    fn all_next_hops_of_a_route_are_read() {
        let mut message = vec![2, 24, 0, 0, 254, 2, 0, RTN_UNICAST, 0, 0, 0, 0];
        push(&mut message, RTA_DST, "10.0.1.0".parse().unwrap());
        let hops = [hop(3), hop(4)].concat();
        let length = u16::try_from(4 + hops.len()).unwrap();
        message.extend(length.to_ne_bytes());
        message.extend(RTA_MULTIPATH.to_ne_bytes());
        message.extend(&hops);
        assert_eq!(next_hops(&message), BTreeSet::from([3, 4]));
        for length in 0..message.len() {
            assert!(next_hops(&message[..length]).len() < 3);
        }
        // A route to this host itself.
        message[7] = 2;
        assert!(next_hops(&message).is_empty());
    }
}
