//! What of a rule's traffic no host of a fleet may have seen.

use std::net::IpAddr;

use super::policy::{PolicyRule, Side};
use crate::{
    address::AddressSet,
    observed::{Fleet, Member, Sight},
};

/// A role of more addresses is taken for a network, where not every address is expected to be a host.
const MOST_HOSTS: usize = 64;

/// Why a rule's traffic may have gone unseen in a fleet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Hiding {
    /// The members on either side of the rule that may have missed it, by their index.
    pub members: Vec<usize>,
    /// A client and a server of the rule of which no watching host has the address of either.
    pub unwatched: Option<(IpAddr, IpAddr)>,
}

impl Hiding {
    /// What may hide the traffic of a rule.
    pub fn of(fleet: &Fleet, rule: &PolicyRule) -> Self {
        let members = fleet.members().iter().enumerate();
        let members = members
            .filter(|(_, member)| may_miss(member, rule) && takes_part(member, rule))
            .map(|(at, _)| at)
            .collect();
        Self {
            members,
            unwatched: unwatched(fleet, rule),
        }
    }

    pub const fn is_nothing(&self) -> bool {
        self.members.is_empty() && self.unwatched.is_none()
    }
}

fn may_miss(member: &Member, rule: &PolicyRule) -> bool {
    match &member.sight {
        Sight::Watching { hidden, .. } => hidden.contains(&rule.label),
        Sight::Nothing => true,
    }
}

/// Whether a connection of a rule is open and idle on some member.
pub(super) fn is_idle(fleet: &Fleet, rule: &PolicyRule) -> bool {
    fleet.members().iter().any(|member| match &member.sight {
        Sight::Watching { idle, .. } => idle.contains(&rule.label) && takes_part(member, rule),
        Sight::Nothing => false,
    })
}

/// Whether a member is on a side of a rule. One that holds every address does not say which hosts are meant.
pub(super) fn takes_part(member: &Member, rule: &PolicyRule) -> bool {
    [&rule.client, &rule.server]
        .into_iter()
        .any(|side| is_on(member, side))
}

/// Whether a member has an address on a side.
pub fn is_on(member: &Member, side: &Side) -> bool {
    side.addresses.as_ref().is_none_or(|addresses| {
        *addresses != AddressSet::any()
            && member
                .addresses
                .iter()
                .any(|address| !address.is_loopback() && addresses.contains(*address))
    })
}

/// A client and a server of the rule that both may be hosts, and of which none watches.
fn unwatched(fleet: &Fleet, rule: &PolicyRule) -> Option<(IpAddr, IpAddr)> {
    let of = |side: &Side| {
        let mut hosts = side.addresses.as_ref()?.listed(MOST_HOSTS)?;
        hosts.retain(|address| !fleet.watches(*address));
        Some(hosts)
    };
    let (clients, servers) = (of(&rule.client)?, of(&rule.server)?);
    let pairs = |client: IpAddr| servers.iter().map(move |server| (client, *server));
    clients
        .iter()
        .copied()
        .flat_map(pairs)
        .find(|(client, server)| client != server)
}

/// Whether all servers of a rule are hosts that say what they see.
pub(super) fn watches_servers(fleet: &Fleet, rule: &PolicyRule) -> bool {
    let servers = rule.server.addresses.as_ref();
    let servers = servers.and_then(|servers| servers.listed(MOST_HOSTS));
    servers.is_some_and(|servers| servers.iter().all(|address| fleet.watches(*address)))
}

/// Whether two different hosts can be on the sides of a rule.
pub(super) fn has_pair(fleet: &Fleet, rule: &PolicyRule) -> bool {
    let (Some(clients), Some(servers)) = (&rule.client.addresses, &rule.server.addresses) else {
        return true;
    };
    // Whichever host one side is all of, the other side must have another one.
    let is_all_of = |member: &Member, side: &AddressSet| {
        let own: AddressSet = member.addresses.iter().copied().collect();
        !side.has_beyond(&own)
    };
    let within = |member: &Member| is_all_of(member, clients) && is_all_of(member, servers);
    let is_one = clients
        .only()
        .is_some_and(|client| servers.only() == Some(client));
    !is_one
        && !fleet
            .members()
            .iter()
            .filter(|member| takes_part(member, rule))
            .any(within)
}
