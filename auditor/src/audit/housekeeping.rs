//! What every network does by itself, and the bounds within which that is left unjudged: each kind only where it belongs and
//! in the amounts that it has. What is beyond them is judged as any other traffic, or the number of a port would be a way out
//! for whoever likes.

use std::{
    cell::OnceCell,
    collections::HashMap,
    net::{IpAddr, Ipv4Addr},
};

use auditor_common::{Direction, lost::Lost, port::protocol};

use super::policy::Policy;
use crate::observed::{DirectionCounters, Flow, Host, Observed};

/// A bound of housekeeping that a flow exceeds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Excess {
    /// It belongs on the own link or network, or between roles of the deployment.
    Place,
    /// Its packets are larger than those of its kind.
    Size,
    /// There are more of them than its kind has.
    Number,
    /// There are more ICMP errors than packets that they can be about.
    Errors,
}

/// What is housekeeping on this host.
pub(super) struct Housekeeping<'a> {
    policy: &'a Policy,
    observed: &'a Observed,
    /// How many packets each address sent, ICMP errors aside. Counted when an ICMP error is judged.
    sent: OnceCell<HashMap<IpAddr, u64>>,
}

/// The kinds of traffic that are housekeeping.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// RFC 2131, RFC 8415.
    Dhcp,
    /// Multicast membership in IPv4 (RFC 3376).
    Igmp,
    /// Router discovery and redirects in IPv4 (RFC 1256, RFC 792), neighbour discovery (RFC 4861) and multicast listeners
    /// (RFC 3810) in IPv6.
    Neighbours,
    /// Errors about packets of other flows (RFC 792, RFC 4443).
    Error,
}

/// 576 bytes, which every host takes in one datagram (RFC 791), with headers of the link: no DHCP message is longer unless
/// the client asks for it, nor an ICMP error (RFC 1812, section 4.3.2.3).
const SMALL: u64 = 640;
/// The same for IPv6: its minimum MTU (RFC 8200, section 5; RFC 4443, section 2.4).
const SMALL_6: u64 = 1344;
/// How many packets a flow may have at once, and how many more each second.
const AT_ONCE: u64 = 16;
const EACH_SECOND: u64 = 2;
/// The same for what goes to a group, from or for all hosts of a network.
const GROUP_AT_ONCE: u64 = 128;
const GROUP_EACH_SECOND: u64 = 32;
/// So many errors may be about packets that were sent before the watch began.
const EARLIER_ERRORS: u64 = 8;

impl<'a> Housekeeping<'a> {
    pub(super) const fn new(policy: &'a Policy, observed: &'a Observed) -> Self {
        Self {
            policy,
            observed,
            sent: OnceCell::new(),
        }
    }

    /// `None` if the flow is of no such kind, else what it exceeds: nothing, if it is housekeeping.
    pub(super) fn excess(&self, flow: &Flow) -> Option<Result<(), Excess>> {
        let kind = kind(flow)?;
        let is_somewhere_else = match kind {
            // A router anywhere on the way reports errors.
            Kind::Error => false,
            Kind::Dhcp | Kind::Igmp | Kind::Neighbours => !self.is_nearby(flow),
        };
        let largest = match kind {
            // A report or an advertisement fills what the link takes.
            Kind::Igmp | Kind::Neighbours => u64::MAX,
            Kind::Dhcp => SMALL,
            Kind::Error if flow.server.is_ipv4() => SMALL,
            Kind::Error => SMALL_6,
        };
        let is_large = |counters: DirectionCounters| {
            counters.packets.saturating_mul(largest) < counters.bytes && largest != u64::MAX
        };
        let is_many = match kind {
            Kind::Error => false,
            Kind::Dhcp | Kind::Igmp | Kind::Neighbours => {
                most(flow) < flow.to_server.packets.max(flow.to_client.packets)
            }
        };
        Some(if is_somewhere_else {
            Err(Excess::Place)
        } else if is_large(flow.to_server) || is_large(flow.to_client) {
            Err(Excess::Size)
        } else if is_many {
            Err(Excess::Number)
        } else if kind == Kind::Error && !self.are_about_something(flow) {
            Err(Excess::Errors)
        } else {
            Ok(())
        })
    }

    /// Whether the flow cannot have left the own link, or both its ends belong to the own networks or to roles.
    fn is_nearby(&self, flow: &Flow) -> bool {
        let ends = [flow.client, flow.server];
        let is_near = |address| self.is_near(address);
        ends.into_iter().any(stays_on_link) || ends.into_iter().all(is_near)
    }

    fn is_near(&self, address: IpAddr) -> bool {
        let host = &self.observed.host;
        address.is_unspecified()
            || is_dhcp_site(address)
            || host.has(address)
            || is_in_own_network(host, address)
            || !self.policy.roles_of(address).is_empty()
            // Reports of membership go to the group itself, by a host of the own network.
            || address.is_multicast()
    }

    /// Whether the ICMP errors of a flow are no more than the packets that whoever got them had sent.
    fn are_about_something(&self, flow: &Flow) -> bool {
        // Packets that found no place in the flow table have no sender.
        if !self.observed.lost.is_empty() {
            return true;
        }
        let sent = self.sent.get_or_init(|| sent(&self.observed.flows));
        let is_answer = |errors: u64, receiver: &IpAddr| {
            let of_flows = sent.get(receiver).copied().unwrap_or_default();
            let sent = of_flows.saturating_add(self.sent_of_no_flow(*receiver));
            errors <= sent.saturating_add(EARLIER_ERRORS)
        };
        is_answer(flow.to_server.packets, &flow.server)
            && is_answer(flow.to_client.packets, &flow.client)
    }

    /// How many packets an address may have sent in flows that made room for others.
    fn sent_of_no_flow(&self, address: IpAddr) -> u64 {
        let unproven = &self.observed.unproven;
        if self.observed.host.has(address) {
            let is_sent = |lost: &Lost| lost.direction == Direction::Egress;
            let ports = unproven.ports.iter();
            return ports
                .filter(|(lost, _)| is_sent(lost))
                .map(|(_, tally)| tally.packets)
                .sum();
        }
        let of_sender = unproven.senders.get(&address);
        of_sender.map_or(unproven.others.packets, |tally| tally.packets)
    }
}

fn kind(flow: &Flow) -> Option<Kind> {
    let kind = match (flow.protocol, flow.port) {
        (protocol::IGMP, _) => Kind::Igmp,
        // Unreachable, source quench, time exceeded, parameter problem.
        (protocol::ICMP, 3 | 4 | 11 | 12) | (protocol::ICMPV6, 1..=4) => Kind::Error,
        // Redirect, router discovery; multicast listeners, neighbour discovery.
        (protocol::ICMP, 5 | 9 | 10) | (protocol::ICMPV6, 130..=137 | 143) => Kind::Neighbours,
        // Whichever side was taken for the server.
        (protocol::UDP, 67 | 68) if flow.server.is_ipv4() => Kind::Dhcp,
        (protocol::UDP, 546 | 547) if flow.server.is_ipv6() => Kind::Dhcp,
        _ => return None,
    };
    Some(kind)
}

/// Whether a flow with this address at one end stays on its link: no router forwards it.
fn stays_on_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, third, _] = address.octets();
            address == Ipv4Addr::BROADCAST
                || address.is_link_local()
                || [first, second, third] == [224, 0, 0]
        }
        IpAddr::V6(address) => {
            let [first, ..] = address.segments();
            address.is_unicast_link_local() || first & 0xff0f == 0xff02 || first & 0xff0f == 0xff01
        }
    }
}

/// All DHCP servers of a site (RFC 8415, section 7.1).
fn is_dhcp_site(address: IpAddr) -> bool {
    address == IpAddr::from([0xff05, 0, 0, 0, 0, 0, 1, 3])
}

/// The networks of a captured host are known only if somebody names them; else private addresses count as its own.
fn is_in_own_network(host: &Host, address: IpAddr) -> bool {
    let is_private = match address {
        IpAddr::V4(address) => address.is_private(),
        IpAddr::V6(address) => address.is_unique_local(),
    };
    host.networks
        .iter()
        .any(|network| network.contains(&address))
        || host.is_captured && host.networks.is_empty() && is_private
}

/// The most packets that a flow may have in one direction in its time.
fn most(flow: &Flow) -> u64 {
    let seconds = flow
        .last
        .duration_since(flow.first)
        .as_secs()
        .unsigned_abs();
    let ends = [flow.client, flow.server];
    let is_of_many = |address: &IpAddr| {
        address.is_multicast() || address.is_unspecified() || *address == Ipv4Addr::BROADCAST
    };
    let (at_once, each_second) = if ends.iter().any(is_of_many) {
        (GROUP_AT_ONCE, GROUP_EACH_SECOND)
    } else {
        (AT_ONCE, EACH_SECOND)
    };
    seconds.saturating_mul(each_second).saturating_add(at_once)
}

fn sent(flows: &[Flow]) -> HashMap<IpAddr, u64> {
    let mut sent: HashMap<IpAddr, u64> = HashMap::new();
    for flow in flows.iter().filter(|flow| kind(flow) != Some(Kind::Error)) {
        *sent.entry(flow.client).or_default() += flow.to_server.packets;
        *sent.entry(flow.server).or_default() += flow.to_client.packets;
    }
    sent
}

#[cfg(test)]
mod tests;
