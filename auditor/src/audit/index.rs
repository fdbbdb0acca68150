//! Rules by what a flow is asked for: its ends and its port, so that it meets only the rules that may speak of it.

mod places;
mod ports;

use std::{collections::BTreeMap, net::IpAddr};

use self::{
    places::Places,
    ports::{Entry, PortTree},
};
use super::policy::{Policy, port_ranges};
use crate::{observed::Host, transport::Transport};

pub(super) use self::places::Class;

/// The rules of a policy, ready to be asked.
pub(super) struct Index {
    places: Places,
    ports: BTreeMap<Transport, PortTree>,
    /// In order of their servers' sides.
    by_server: Vec<Entry>,
}

impl Index {
    /// Sorts the rules. `host` is asked for its addresses, which `--role` gives sides that no address is on.
    pub(super) fn new(policy: &Policy, host: &Host) -> Self {
        let mut by_server = Vec::with_capacity(policy.rules.len());
        let mut ranges: BTreeMap<Transport, Vec<(u16, u16, Entry)>> = BTreeMap::new();
        for (rule, policy_rule) in policy.rules.iter().enumerate() {
            let entry = Entry {
                server: number(policy_rule.server.at),
                client: number(policy_rule.client.at),
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
            places: Places::new(policy, host),
            ports: ranges
                .into_iter()
                .map(|(transport, ranges)| (transport, PortTree::new(&ranges)))
                .collect(),
            by_server,
        }
    }

    /// The sides that an address is on.
    pub(super) fn class(&self, address: IpAddr) -> Class {
        self.places.class(address)
    }

    /// The sides of a class, in order.
    pub(super) fn sides(&self, class: Class) -> &[u32] {
        self.places.sides(class)
    }

    /// The rules that have the port, and the ends on their sides, in order.
    pub(super) fn rules(
        &self,
        transport: Transport,
        port: u16,
        client: Class,
        server: Class,
    ) -> Vec<usize> {
        let Some(tree) = self.ports.get(&transport) else {
            return Vec::new();
        };
        let servers = self.places.sides(server);
        let clients = self.places.sides(client);
        let mut found = Vec::new();
        for entries in tree.at(port) {
            // Whichever list is the shorter one is gone through.
            if entries.len() <= servers.len() {
                let fit = |entry: &&Entry| {
                    servers.binary_search(&entry.server).is_ok()
                        && clients.binary_search(&entry.client).is_ok()
                };
                found.extend(entries.iter().filter(fit).map(Entry::rule));
            } else {
                for server in servers {
                    let fit = |entry: &&Entry| clients.binary_search(&entry.client).is_ok();
                    let of_server = of_server(entries, *server);
                    found.extend(of_server.iter().filter(fit).map(Entry::rule));
                }
            }
        }
        found.sort_unstable();
        found
    }

    /// The rules that have the port and exactly one of the ends on their sides, in order.
    pub(super) fn rules_of_one_end(
        &self,
        transport: Transport,
        port: u16,
        client: Class,
        server: Class,
    ) -> Vec<usize> {
        let Some(tree) = self.ports.get(&transport) else {
            return Vec::new();
        };
        let is_on = |class, side: u32| self.places.sides(class).binary_search(&side).is_ok();
        let mut found: Vec<usize> = tree
            .at(port)
            .flatten()
            .filter(|entry| is_on(server, entry.server) != is_on(client, entry.client))
            .map(Entry::rule)
            .collect();
        found.sort_unstable();
        found
    }

    /// The rules that have the ends on their sides, whatever their ports, in order.
    pub(super) fn rules_between(&self, client: Class, server: Class) -> Vec<usize> {
        let clients = self.places.sides(client);
        let mut found: Vec<usize> = self
            .places
            .sides(server)
            .iter()
            .flat_map(|server| of_server(&self.by_server, *server))
            .filter(|entry| clients.binary_search(&entry.client).is_ok())
            .map(Entry::rule)
            .collect();
        found.sort_unstable();
        found
    }
}

/// Those of `entries`, which are in order, that have this server's side.
fn of_server(entries: &[Entry], server: u32) -> &[Entry] {
    let from = entries.partition_point(|entry| entry.server < server);
    let rest = entries.get(from..).unwrap_or_default();
    let many = rest.partition_point(|entry| entry.server == server);
    rest.get(..many).unwrap_or_default()
}

/// A place in a list as the index keeps it: lists of rules are far shorter than 2^32.
fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
