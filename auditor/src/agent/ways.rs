//! Asks by which interfaces the hosts that rules name are reached.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use tokio::time::Instant;

use super::clock;
use crate::{
    address::{AddressSet, bits, from_bytes},
    capture::{
        Interface,
        route::{self, Selector},
    },
    observed::{STRANGERS, Way, Ways, is_wide},
};

/// The hosts of a role of no more addresses are asked for one by one.
const MOST_HOSTS: usize = 64;
/// Of a wider range, at most so many addresses are asked for: its ends, and one in each route.
const MOST_OF_RANGE: usize = 64;
/// At most so many addresses are asked for at all.
const MOST: usize = 1024;
/// Of this host's addresses, so many are tried as sources where routes depend on them.
const MOST_SOURCES: usize = 4;
/// Of what rules of policy routing look at beside addresses, so many are tried.
const MOST_SELECTORS: usize = 8;
/// For how long an answer is taken to hold.
const AGE: Duration = Duration::from_secs(30);

/// Interfaces whose packets pass the one that they lie on as they are, but for a tag.
const THROUGH: [&str; 5] = ["vlan", "macvlan", "macvtap", "ipvlan", "ipvtap"];
/// Interfaces that wrap packets into others.
const TUNNELS: [&str; 9] = [
    "vxlan",
    "geneve",
    "gre",
    "gretap",
    "ip6gre",
    "ip6gretap",
    "ipip",
    "sit",
    "ip6tnl",
];

/// What the routing tables said lately.
#[derive(Debug, Default)]
pub(crate) struct WayFinder {
    asked: Option<Instant>,
    sources: BTreeSet<IpAddr>,
    /// What routes depend on beside addresses, of IPv4 and of IPv6.
    selectors: [BTreeSet<Selector>; 2],
    routes: BTreeSet<(IpAddr, u8)>,
    interfaces: BTreeMap<IpAddr, BTreeSet<u32>>,
}

impl WayFinder {
    /// The ways to these sets of addresses, of a host with these addresses and interfaces, of which some are watched.
    pub(crate) fn find(
        &mut self,
        sets: &[&AddressSet],
        own: &BTreeSet<IpAddr>,
        all: &[Interface],
        watched: &BTreeSet<u32>,
        decapsulates: bool,
    ) -> Ways {
        if self.asked.is_none_or(|asked| AGE < clock::since(asked)) {
            self.ask_anew(own);
        }
        let mut addresses = BTreeSet::new();
        for set in sets {
            match set.listed(MOST_HOSTS) {
                Some(listed) => addresses.extend(listed),
                None => addresses.extend(self.samples(set)),
            }
        }
        let is_other = |address: &IpAddr| {
            !own.contains(address)
                && !address.is_multicast()
                && !address.is_unspecified()
                && !address.is_loopback()
        };
        let by_index: BTreeMap<u32, &Interface> = all
            .iter()
            .map(|interface| (interface.index, interface))
            .collect();
        let mut ways = Ways::default();
        for address in addresses.into_iter().filter(is_other).take(MOST) {
            let mut way = Way::default();
            for index in self.interfaces(address) {
                let Some(interface) = by_index.get(&index) else {
                    continue;
                };
                let is_tunnel = kind_is(interface, &TUNNELS);
                if passes(interface, &by_index, watched) || decapsulates && is_tunnel {
                    way.is_watched = true;
                } else {
                    way.unwatched.insert(interface.name.clone());
                }
            }
            if way != Way::default() {
                ways.insert(address, way);
            }
        }
        ways
    }

    fn ask_anew(&mut self, own: &BTreeSet<IpAddr>) {
        *self = Self {
            asked: Some(clock::monotonic()),
            ..Self::default()
        };
        for is_ipv4 in [true, false] {
            // What can't be asked now will be; until then nothing is known.
            self.routes
                .extend(route::destinations(is_ipv4).unwrap_or_default());
            if route::has_rules(is_ipv4).unwrap_or_default() {
                let sources = own
                    .iter()
                    .filter(|address| address.is_ipv4() == is_ipv4 && is_source(address));
                self.sources.extend(sources.take(MOST_SOURCES));
                let selectors = route::selectors(is_ipv4).unwrap_or_default();
                let selectors = selectors.into_iter().take(MOST_SELECTORS);
                let [of_ipv4, of_ipv6] = &mut self.selectors;
                if is_ipv4 { of_ipv4 } else { of_ipv6 }.extend(selectors);
            }
        }
    }

    /// Addresses of a set that is too wide to ask for each: the ends of its ranges, and one in each route.
    fn samples(&self, set: &AddressSet) -> BTreeSet<IpAddr> {
        let mut samples = BTreeSet::new();
        for (first, last) in set.ranges().take(MOST_OF_RANGE) {
            let (first, last) = (bits(first), bits(last));
            if is_wide(first, last) {
                let strangers = STRANGERS.into_iter();
                samples.extend(strangers.filter(|one| (first..=last).contains(&bits(*one))));
                continue;
            }
            let inside = last - first;
            // Not the network's own address, nor its broadcast address.
            samples.insert(at(first + inside.min(1)));
            samples.insert(at(last - inside.min(1)));
            let routes = self.routes.iter().map(|(address, length)| {
                let is_host = *length == if address.is_ipv4() { 32 } else { 128 };
                bits(*address) + u128::from(!is_host)
            });
            let routes = routes.filter(|address| (first..=last).contains(address));
            samples.extend(routes.take(MOST_OF_RANGE).map(at));
        }
        samples
    }

    /// The interfaces by which an address is reached, from any source, and by whatever else rules of policy routing look at.
    fn interfaces(&mut self, address: IpAddr) -> BTreeSet<u32> {
        let sources = &self.sources;
        let [of_ipv4, of_ipv6] = &self.selectors;
        let selectors = if address.is_ipv4() { of_ipv4 } else { of_ipv6 };
        let any = Selector::default();
        let ask = || {
            let mut found = route::interfaces(address, None, &any).unwrap_or_default();
            for by in selectors {
                found.extend(route::interfaces(address, None, by).unwrap_or_default());
            }
            for source in sources
                .iter()
                .filter(|source| source.is_ipv4() == address.is_ipv4())
            {
                found.extend(route::interfaces(address, Some(*source), &any).unwrap_or_default());
            }
            found
        };
        self.interfaces.entry(address).or_insert_with(ask).clone()
    }
}

fn at(bits: u128) -> IpAddr {
    from_bytes(bits.to_be_bytes())
}

fn is_source(address: &IpAddr) -> bool {
    let is_link_local = matches!(address, IpAddr::V6(six) if six.is_unicast_link_local());
    !address.is_loopback() && !is_link_local
}

fn kind_is(interface: &Interface, kinds: &[&str]) -> bool {
    interface
        .kind
        .as_deref()
        .is_some_and(|kind| kinds.contains(&kind))
}

/// Whether what leaves by an interface passes one that is watched: itself, one that it lies on, or one of its ports.
fn passes(interface: &Interface, all: &BTreeMap<u32, &Interface>, watched: &BTreeSet<u32>) -> bool {
    let mut seen = BTreeSet::new();
    let mut next = vec![interface];
    while let Some(one) = next.pop() {
        if watched.contains(&one.index) {
            return true;
        }
        if !seen.insert(one.index) {
            continue;
        }
        if kind_is(one, &THROUGH) {
            next.extend(one.lower.and_then(|lower| all.get(&lower)));
        }
        next.extend(
            all.values()
                .filter(|port| port.controller == Some(one.index)),
        );
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::passes;
    use crate::capture::Interface;

    #[test]
    fn what_passes_a_watched_interface() {
        let interface = |index, kind: Option<&str>, lower, controller| Interface {
            index,
            name: format!("e{index}"),
            kind: kind.map(str::to_owned),
            is_ethernet: true,
            is_loopback: false,
            is_up: true,
            xdp_programs: Vec::new(),
            n_vlans: 0,
            networks: Vec::new(),
            mac: None,
            promiscuity: 0,
            addresses: Vec::new(),
            packets: [0; 2],
            lower,
            controller,
        };
        let all = [
            interface(1, None, None, Some(3)),
            interface(2, None, None, None),
            interface(3, Some("bridge"), None, None),
            interface(4, Some("vlan"), Some(3), None),
            interface(5, Some("vxlan"), Some(1), None),
        ];
        let by_index: BTreeMap<u32, &Interface> = all.iter().map(|one| (one.index, one)).collect();
        let passing = |watched: u32| -> Vec<u32> {
            let watched = BTreeSet::from([watched]);
            let passing = all.iter().filter(|one| passes(one, &by_index, &watched));
            passing.map(|one| one.index).collect()
        };
        // A port of the bridge, and what lies on the bridge.
        assert_eq!(passing(1), [1, 3, 4]);
        assert_eq!(passing(2), [2]);
        assert_eq!(passing(3), [3, 4]);
        assert_eq!(passing(5), [5]);
    }
}
