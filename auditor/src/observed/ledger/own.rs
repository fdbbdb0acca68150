//! The addresses that this host answers to.

use std::{collections::BTreeSet, net::IpAddr};

use auditor_common::packet::is_group;

use crate::address;

/// This host's addresses, and those of all hosts of its networks.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    addresses: BTreeSet<[u8; 16]>,
    broadcasts: BTreeSet<[u8; 16]>,
}

impl Own {
    pub(super) fn new(addresses: &BTreeSet<IpAddr>, broadcasts: &BTreeSet<IpAddr>) -> Self {
        let bytes = |addresses: &BTreeSet<IpAddr>| {
            let bytes = addresses.iter().map(|one| address::to_bytes(*one));
            bytes.collect()
        };
        Self {
            addresses: bytes(addresses),
            broadcasts: bytes(broadcasts),
        }
    }

    /// Whether the address is this host's own.
    pub(super) fn has(&self, address: [u8; 16]) -> bool {
        self.addresses.contains(&address)
    }

    /// Whether this is the address of many hosts, which asks nothing.
    pub(super) fn is_group(&self, address: [u8; 16]) -> bool {
        is_group(&address) || self.broadcasts.contains(&address)
    }

    /// Whether it is not known which addresses this host has.
    pub(super) fn is_unknown(&self) -> bool {
        self.addresses.is_empty()
    }
}
