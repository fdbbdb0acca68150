//! By which interfaces this host reaches other hosts, as its routing tables say.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use crate::address::{AddressSet, bits};

/// The interfaces by which an address is reached.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Way {
    /// Some packets to it pass a watched interface.
    pub is_watched: bool,
    /// The names of the others that packets to it may leave by.
    pub unwatched: BTreeSet<String>,
}

/// The ways to the addresses that were asked for: hosts that rules name, and of their networks some in each route.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Ways(BTreeMap<u128, Way>);

impl Ways {
    pub fn insert(&mut self, address: IpAddr, way: Way) {
        self.0.insert(bits(address), way);
    }

    /// The names of the interfaces that are not watched, and by which some of the addresses may be reached.
    pub fn unwatched(&self) -> impl Iterator<Item = &String> {
        let ways = self.0.values();
        ways.flat_map(|way| &way.unwatched)
            .collect::<BTreeSet<_>>()
            .into_iter()
    }

    /// The way to a set of addresses, taken together; `None` where nothing is known of them.
    ///
    /// Of a set as wide as the internet only the way to strangers counts: it does not say that hosts of every network of this
    /// host are meant, so that way is never the only one.
    pub fn to(&self, addresses: &AddressSet, own: &BTreeSet<IpAddr>) -> Option<Way> {
        let own: BTreeSet<u128> = own.iter().copied().map(bits).collect();
        let strangers = STRANGERS.map(bits);
        let mut all: Option<Way> = None;
        for (first, last) in addresses.spans() {
            let is_wide = is_wide(*first, *last);
            for (address, way) in self.0.range(first..=last) {
                if own.contains(address) || is_wide && !strangers.contains(address) {
                    continue;
                }
                let sum = all.get_or_insert_default();
                sum.is_watched |= way.is_watched || is_wide;
                sum.unwatched.extend(way.unwatched.iter().cloned());
            }
        }
        all
    }
}

/// Addresses that no host has (RFC 5737, RFC 3849), so that packets to them take the way to strangers.
pub const STRANGERS: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1)),
    IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)),
];

/// Whether a range of addresses is half of all IPv4 addresses, or more than a provider has of IPv6.
pub const fn is_wide(first: u128, last: u128) -> bool {
    let more = last - first;
    let is_ipv4 = last >> 32 == 0xffff && first >> 32 == 0xffff;
    more >= 1 << 100 || is_ipv4 && more >= (1 << 31) - 1
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, net::IpAddr};

    use super::{STRANGERS, Way, Ways};
    use crate::address::AddressSet;

    #[test]
    fn a_set_is_reached_by_all_its_ways() {
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let way = |is_watched, names: &[&str]| Way {
            is_watched,
            unwatched: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let mut ways = Ways::default();
        ways.insert(address("10.0.0.1"), way(true, &[]));
        ways.insert(address("10.0.1.1"), way(false, &["e1"]));
        ways.insert(address("fd00::1"), way(false, &["e2"]));
        let to = |nets: &[&str], own: &[&str]| {
            let mut set = AddressSet::default();
            for net in nets {
                set.insert_net(net.parse().unwrap());
            }
            let own: BTreeSet<IpAddr> = own.iter().map(|one| address(one)).collect();
            ways.to(&set, &own)
        };
        assert_eq!(to(&["10.0.1.1/32"], &[]), Some(way(false, &["e1"])));
        assert_eq!(to(&["10.0.0.0/16"], &[]), Some(way(true, &["e1"])));
        assert_eq!(
            to(&["10.0.0.0/16"], &["10.0.0.1"]),
            Some(way(false, &["e1"]))
        );
        assert_eq!(
            to(&["10.0.1.0/24", "fd00::/64"], &[]),
            Some(way(false, &["e1", "e2"]))
        );
        assert_eq!(to(&["10.9.0.0/24"], &[]), None);
        // Strangers are reached by another way than those.
        assert_eq!(ways.to(&AddressSet::any(), &BTreeSet::new()), None);
        ways.insert(STRANGERS[0], way(false, &["e3"]));
        for wide in [&["0.0.0.0/0"][..], &["0.0.0.0/0", "::/0"]] {
            let mut set = AddressSet::default();
            for net in wide {
                set.insert_net(net.parse().unwrap());
            }
            assert_eq!(ways.to(&set, &BTreeSet::new()), Some(way(true, &["e3"])));
        }
    }
}
