//! By which interfaces this host reaches other hosts, as its routing tables say.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
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

    /// The way to a set of addresses, taken together; `None` where nothing is known of them, as for the set of all.
    pub fn to(&self, addresses: &AddressSet, own: &BTreeSet<IpAddr>) -> Option<Way> {
        if *addresses == AddressSet::any() {
            return None;
        }
        let own: BTreeSet<u128> = own.iter().copied().map(bits).collect();
        let mut all: Option<Way> = None;
        for (first, last) in addresses.spans() {
            for (address, way) in self.0.range(first..=last) {
                if own.contains(address) {
                    continue;
                }
                let sum = all.get_or_insert_default();
                sum.is_watched |= way.is_watched;
                sum.unwatched.extend(way.unwatched.iter().cloned());
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, net::IpAddr};

    use super::{Way, Ways};
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
        assert_eq!(ways.to(&AddressSet::any(), &BTreeSet::new()), None);
    }
}
