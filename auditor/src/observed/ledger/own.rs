//! The addresses that this host answers to, or may answer to.

use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use auditor_common::packet::{index, is_group, is_mapped};

use super::super::{Crowd, Invited, LocalNetworks};
use crate::address;

/// The index of the loopback interface, and of the one on which captures are replayed.
const LOOPBACK: u32 = 1;

/// Whether a packet on the interface goes both ways, or may go either.
pub(super) fn is_two_way(interface: u32) -> bool {
    index(interface) == LOOPBACK
}

/// The interfaces, by index, on which this host passes on what is not for itself.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Passes {
    /// IPv4 packets, and below IPv6 packets, for other addresses: it routes them.
    pub ipv4: BTreeSet<u32>,
    pub ipv6: BTreeSet<u32>,
    /// Frames for other MAC addresses: it bridges them, or has interfaces above with addresses of their own.
    pub frames: BTreeSet<u32>,
}

/// This host's addresses, those of all hosts of its networks, and what it passes on.
#[derive(Clone, Debug, Default)]
pub(super) struct Own {
    addresses: BTreeSet<[u8; 16]>,
    broadcasts: BTreeSet<[u8; 16]>,
    local: LocalNetworks,
    passes: Passes,
    /// What rules let others ask of this host, where that is known.
    pub(super) invited: Option<Arc<Invited>>,
}

impl Own {
    pub(super) fn new(
        addresses: &BTreeSet<IpAddr>,
        broadcasts: &BTreeSet<IpAddr>,
        local: &LocalNetworks,
        passes: Passes,
    ) -> Self {
        let bytes = |addresses: &BTreeSet<IpAddr>| {
            let bytes = addresses.iter().map(|one| address::to_bytes(*one));
            bytes.collect()
        };
        Self {
            addresses: bytes(addresses),
            broadcasts: bytes(broadcasts),
            local: local.clone(),
            passes,
            invited: None,
        }
    }

    /// Whether packets between other addresses, of which this is one, may be passed on from this interface.
    pub(super) fn routes(&self, interface: u32, address: [u8; 16]) -> bool {
        let by_family = if is_mapped(&address) {
            &self.passes.ipv4
        } else {
            &self.passes.ipv6
        };
        let interface = index(interface);
        by_family.contains(&interface) || self.passes.frames.contains(&interface)
    }

    /// Whether frames for other MAC addresses may be passed on from this interface.
    pub(super) fn bridges(&self, interface: u32) -> bool {
        self.passes.frames.contains(&index(interface))
    }

    /// Whether the address is this host's own.
    pub(super) fn has(&self, address: [u8; 16]) -> bool {
        self.addresses.contains(&address) || self.local.has(address::from_bytes(address))
    }

    /// Whether packets to the address may be this host's, or are.
    pub(super) fn may_have(&self, address: [u8; 16]) -> bool {
        self.has(address) || self.local.may_have(address::from_bytes(address))
    }

    /// Whether this is the address of many hosts, which asks nothing.
    pub(super) fn is_group(&self, address: [u8; 16]) -> bool {
        is_group(&address) || self.broadcasts.contains(&address)
    }

    /// Whether no other host can send from this address: it is this host's own, the loopback's, or one of many hosts.
    pub(super) fn is_impossible_source(&self, address: [u8; 16]) -> bool {
        let is_loopback = address::from_bytes(address).is_loopback();
        is_loopback || self.has(address) || self.is_group(address)
    }

    /// Which rules let a host ask this of this one, as far as that is known.
    pub(super) fn crowd(&self, sender: [u8; 16], protocol: u8, port: u16) -> Option<Crowd> {
        let invited = self.invited.as_ref()?;
        invited.crowd(address::from_bytes(sender), protocol, port)
    }

    /// Whether it is not known which addresses this host has.
    pub(super) fn is_unknown(&self) -> bool {
        self.addresses.is_empty()
    }
}
