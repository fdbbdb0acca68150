//! Indexes rules by addresses and port, so that a flow is compared only with rules that may match it.

mod addresses;
mod ports;

use std::{collections::BTreeMap, net::IpAddr};

use self::{
    addresses::AddressClasses,
    ports::{IndexedRule, PortTree},
};
use super::policy::{Policy, port_ranges};
use crate::{observed::Host, transport::Transport};

pub(super) use self::addresses::AddressClass;

/// The rules of a policy, indexed.
pub(super) struct Index {
    addresses: AddressClasses,
    ports: BTreeMap<Transport, PortTree>,
    /// Sorted by server side.
    by_server: Vec<IndexedRule>,
}

impl Index {
    /// Indexes the rules. With `--role`, the addresses of `host` are on the sides of those roles, whatever the deployment
    /// says.
    pub(super) fn new(policy: &Policy, host: &Host) -> Self {
        let mut by_server = Vec::with_capacity(policy.rules.len());
        let mut ranges: BTreeMap<Transport, Vec<(u16, u16, IndexedRule)>> = BTreeMap::new();
        for (rule, policy_rule) in policy.rules.iter().enumerate() {
            let entry = IndexedRule {
                server: number(policy_rule.server.index),
                client: number(policy_rule.client.index),
                rule: number(rule),
            };
            by_server.push(entry);
            let ports = port_ranges(&policy_rule.rule.ports);
            ranges
                .entry(policy_rule.rule.transport)
                .or_default()
                .extend(ports.iter().map(|(first, last)| (*first, *last, entry)));
        }
        by_server.sort_unstable();
        Self {
            addresses: AddressClasses::new(policy, host),
            ports: ranges
                .into_iter()
                .map(|(transport, ranges)| (transport, PortTree::new(&ranges)))
                .collect(),
            by_server,
        }
    }

    /// The class of an address, which stands for the sides that it is on.
    pub(super) fn class(&self, address: IpAddr) -> AddressClass {
        self.addresses.class(address)
    }

    /// The class that is on every side of this host, whatever its addresses.
    pub(super) const fn this_host(&self) -> AddressClass {
        self.addresses.this_host()
    }

    /// The sides of a class, sorted.
    pub(super) fn sides(&self, class: AddressClass) -> &[u32] {
        self.addresses.sides(class)
    }

    /// The rules with this port that have both client and server on their sides, sorted.
    pub(super) fn rules(
        &self,
        transport: Transport,
        port: u16,
        client: AddressClass,
        server: AddressClass,
    ) -> Vec<usize> {
        let Some(tree) = self.ports.get(&transport) else {
            return Vec::new();
        };
        let servers = self.addresses.sides(server);
        let clients = self.addresses.sides(client);
        let mut found = Vec::new();
        for entries in tree.at(port) {
            // Iterate over the shorter list, and search in the other one.
            if entries.len() <= servers.len() {
                let fit = |entry: &&IndexedRule| {
                    servers.binary_search(&entry.server).is_ok()
                        && clients.binary_search(&entry.client).is_ok()
                };
                found.extend(entries.iter().filter(fit).map(IndexedRule::rule));
            } else {
                for server in servers {
                    let fit = |entry: &&IndexedRule| clients.binary_search(&entry.client).is_ok();
                    let of_server = of_server(entries, *server);
                    found.extend(of_server.iter().filter(fit).map(IndexedRule::rule));
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// The rules with this port that have exactly one of client and server on its side, sorted.
    pub(super) fn rules_of_one_side(
        &self,
        transport: Transport,
        port: u16,
        client: AddressClass,
        server: AddressClass,
    ) -> Vec<usize> {
        let Some(tree) = self.ports.get(&transport) else {
            return Vec::new();
        };
        let is_on = |class, side: u32| self.addresses.sides(class).binary_search(&side).is_ok();
        let mut found: Vec<usize> = tree
            .at(port)
            .flatten()
            .filter(|entry| is_on(server, entry.server) != is_on(client, entry.client))
            .map(IndexedRule::rule)
            .collect();
        found.sort_unstable();
        found
    }

    /// The rules with this port, whatever their sides, sorted.
    pub(super) fn rules_with_port(&self, transport: Transport, port: u16) -> Vec<usize> {
        let tree = self.ports.get(&transport);
        let entries = tree.into_iter().flat_map(|tree| tree.at(port)).flatten();
        let mut found: Vec<usize> = entries.map(IndexedRule::rule).collect();
        found.sort_unstable();
        found
    }

    /// The rules that have both client and server on their sides, whatever their ports, sorted.
    pub(super) fn rules_between(&self, client: AddressClass, server: AddressClass) -> Vec<usize> {
        let clients = self.addresses.sides(client);
        let mut found: Vec<usize> = self
            .addresses
            .sides(server)
            .iter()
            .flat_map(|server| of_server(&self.by_server, *server))
            .filter(|entry| clients.binary_search(&entry.client).is_ok())
            .map(IndexedRule::rule)
            .collect();
        found.sort_unstable();
        found
    }
}

/// The entries with this server side; `entries` must be sorted.
fn of_server(entries: &[IndexedRule], server: u32) -> &[IndexedRule] {
    let from = entries.partition_point(|entry| entry.server < server);
    let rest = entries.get(from..).unwrap_or_default();
    let many = rest.partition_point(|entry| entry.server == server);
    rest.get(..many).unwrap_or_default()
}

/// A list index in the 32 bits that are stored here: lists of rules are far shorter than 2^32.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
