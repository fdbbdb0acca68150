//! Addresses beside those of its interfaces that a host takes packets for, as its routing says.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::address::AddressSet;

/// What local routes name beside the addresses of interfaces. Permission to bind foreign addresses makes none of them local.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct LocalNetworks {
    /// Every packet to these addresses is this host's.
    pub always: AddressSet,
    /// Packets to these addresses are this host's if a rule of policy routing chooses so, by what a packet does not show or
    /// another program decides, as for a transparent proxy.
    pub sometimes: AddressSet,
}

/// A local route, and when the routing comes to it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct LocalRoute {
    pub network: IpNet,
    pub reached: Reached,
}

/// Which packets of those to its network come to a route.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reached {
    ByAll,
    BySome,
}

impl LocalNetworks {
    /// Sorts routes by when they hold. What is the loopback's is every host's own.
    pub fn of<'a, R: IntoIterator<Item = &'a LocalRoute>>(routes: R) -> Self {
        let (mut always, mut sometimes) = (Vec::new(), Vec::new());
        for LocalRoute { network, reached } in routes {
            if network.addr().is_loopback() {
                continue;
            }
            match reached {
                Reached::ByAll => always.push(*network),
                Reached::BySome => sometimes.push(*network),
            }
        }
        let mut local = Self::default();
        local.always.insert_nets(always);
        local.sometimes.insert_nets(sometimes);
        local
    }

    /// Whether every packet to this address is this host's.
    pub fn has(&self, address: IpAddr) -> bool {
        self.always.contains(address)
    }

    /// Whether a packet to this address may be this host's.
    pub fn may_have(&self, address: IpAddr) -> bool {
        self.has(address) || self.sometimes.contains(address)
    }
}

#[cfg(test)]
mod tests {
    use super::{LocalNetworks, LocalRoute, Reached};

    #[test]
    fn routes_are_told_apart_by_who_comes_to_them() {
        let route = |network: &str, reached| LocalRoute {
            network: network.parse().unwrap(),
            reached,
        };
        let local = LocalNetworks::of(&[
            route("127.0.0.0/8", Reached::ByAll),
            route("10.5.0.0/24", Reached::ByAll),
            route("fd05::/64", Reached::ByAll),
            route("192.0.2.0/24", Reached::BySome),
        ]);
        let has = |address: &str| {
            let address = address.parse().unwrap();
            (local.has(address), local.may_have(address))
        };
        assert_eq!(has("10.5.0.255"), (true, true));
        assert_eq!(has("fd05::7"), (true, true));
        assert_eq!(has("192.0.2.1"), (false, true));
        for other in ["10.5.1.0", "fd05:0:0:1::", "127.0.0.1", "::1"] {
            assert_eq!(has(other), (false, false));
        }
    }
}
