//! Reads a hosts file. It has no groups, so hosts whose names differ only in a trailing number are made one.

use std::net::IpAddr;

use super::{Inventory, address_of};

pub(super) fn read(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    for (line, number) in text.lines().zip(1..) {
        let said = line.split('#').next().unwrap_or_default();
        let mut words = said.split_whitespace();
        let Some(first) = words.next() else {
            continue;
        };
        let Some(address) = address_of(first) else {
            inventory.problem(number, line, "expected an address and the names of a host");
            continue;
        };
        let is_own = match address {
            IpAddr::V4(address) => address.is_loopback() || address.is_broadcast(),
            // The entries for the loopback and multicast that every system has.
            IpAddr::V6(address) => {
                address.is_loopback() || address.is_multicast() || address.segments()[0] == 0xfe00
            }
        };
        if is_own {
            continue;
        }
        let names: Vec<&str> = words.collect();
        let Some(name) = names.first() else {
            inventory.problem(number, line, "no name stands beside the address");
            continue;
        };
        for name in &names {
            let known = inventory.addresses.entry((*name).to_owned());
            known.or_default().insert(address);
        }
        inventory
            .group(&family(name))
            .hosts
            .insert((*name).to_owned());
    }
    inventory
}

/// The name of a host's group: `master` for `master-01.example.com`.
fn family(name: &str) -> String {
    let host = name.split('.').next().unwrap_or(name);
    let family = host.trim_end_matches(|c: char| c.is_ascii_digit());
    let family = family.trim_end_matches(['-', '_']);
    if family.is_empty() { host } else { family }.to_owned()
}
