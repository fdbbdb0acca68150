//! Sets of IP addresses.

use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use auditor_common::packet::{ipv6_on_wire, kept_ipv6};
use ipnet::IpNet;

/// A set of addresses: sorted inclusive ranges, IPv4 in its IPv4-mapped form.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct AddressSet(Vec<(u128, u128)>);

/// The bits of the first and of the last IPv4 address.
const IPV4: (u128, u128) = (0xffff_0000_0000, 0xffff_ffff_ffff);

/// The 128 bits of an address; IPv4 is IPv4-mapped, and IPv6 addresses are [kept apart](kept_ipv6) from that.
pub fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => u128::from_be_bytes(kept_ipv6(address.octets())),
    }
}

/// The bytes of an address; IPv4 is IPv4-mapped.
pub fn to_bytes(address: IpAddr) -> [u8; 16] {
    bits(address).to_be_bytes()
}

fn address(bits: u128) -> IpAddr {
    from_bytes(bits.to_be_bytes())
}

/// The address that 16 bytes of a flow key stand for.
pub fn from_bytes(bytes: [u8; 16]) -> IpAddr {
    match Ipv6Addr::from(bytes).to_ipv4_mapped() {
        Some(address) => IpAddr::V4(address),
        None => IpAddr::V6(Ipv6Addr::from(ipv6_on_wire(bytes))),
    }
}

/// As [`bits`], of an address that somebody wrote: who writes an IPv4-mapped one means the IPv4 address.
fn meant(address: IpAddr) -> u128 {
    bits(address.to_canonical())
}

impl AddressSet {
    /// Every address of both versions.
    pub fn any() -> Self {
        Self(vec![(0, u128::MAX)])
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = bits(address);
        let after = self.0.partition_point(|(_, last)| *last < address);
        self.0
            .get(after)
            .is_some_and(|(first, _)| *first <= address)
    }

    /// Adds the addresses from `first` to `last`, both included; nothing if they run backwards.
    pub fn insert_range(&mut self, first: IpAddr, last: IpAddr) {
        self.insert_bits(meant(first), meant(last));
    }

    pub fn insert_net(&mut self, net: IpNet) {
        self.insert_range(net.network(), net.broadcast());
    }

    pub fn insert_nets(&mut self, nets: impl IntoIterator<Item = IpNet>) {
        let range = |net: IpNet| (meant(net.network()), meant(net.broadcast()));
        self.0.extend(nets.into_iter().map(range));
        self.tidy();
    }

    pub fn insert(&mut self, address: IpAddr) {
        self.insert_range(address, address);
    }

    pub fn extend(&mut self, other: &Self) {
        if self.0.is_empty() {
            self.0.clone_from(&other.0);
            return;
        }
        self.0.extend(&other.0);
        self.tidy();
    }

    /// Whether an address of this set is none of `others`.
    pub fn has_beyond(&self, others: &Self) -> bool {
        self.0.iter().any(|(first, last)| {
            let mut next = *first;
            for (from, to) in &others.0 {
                if *to < next {
                    continue;
                }
                if next < *from {
                    return true;
                }
                match to.checked_add(1) {
                    Some(beyond) => next = beyond,
                    None => return false,
                }
                if *last < next {
                    return false;
                }
            }
            next <= *last
        })
    }

    /// The addresses of this set that are none of `others`.
    #[must_use]
    pub fn minus(&self, others: &Self) -> Self {
        let mut left = Vec::new();
        for (first, last) in &self.0 {
            let mut next = Some(*first);
            for (from, to) in &others.0 {
                match next {
                    Some(at) if *from <= *last && at <= *to => {
                        if let Some(before) = from.checked_sub(1).filter(|before| at <= *before) {
                            left.push((at, before));
                        }
                        next = to.checked_add(1);
                    }
                    Some(_) | None => {}
                }
            }
            left.extend(next.filter(|at| at <= last).map(|at| (at, *last)));
        }
        Self(left)
    }

    /// The address, if there is exactly one.
    pub fn only(&self) -> Option<IpAddr> {
        match self.0.as_slice() {
            [(first, last)] if first == last => Some(address(*first)),
            _ => None,
        }
    }

    pub fn has_ipv4(&self) -> bool {
        self.0
            .iter()
            .any(|(first, last)| *first <= IPV4.1 && IPV4.0 <= *last)
    }

    pub fn has_ipv6(&self) -> bool {
        self.0
            .iter()
            .any(|(first, last)| *first < IPV4.0 || IPV4.1 < *last)
    }

    /// Whether some address is in both sets.
    pub fn meets(&self, other: &Self) -> bool {
        self.0
            .iter()
            .any(|(first, last)| other.0.iter().any(|(from, to)| first <= to && from <= last))
    }

    /// The addresses one by one, unless they are more than `most`.
    pub fn listed(&self, most: usize) -> Option<BTreeSet<IpAddr>> {
        let mut all = BTreeSet::new();
        for (first, last) in &self.0 {
            let n_more = usize::try_from(last - first).ok()?;
            if most <= all.len() + n_more {
                return None;
            }
            all.extend((*first..=*last).map(address));
        }
        Some(all)
    }

    /// First and last of each range in order, as [`bits`] has them; no two overlap or touch.
    pub(crate) fn spans(&self) -> &[(u128, u128)] {
        &self.0
    }

    /// First and last address of each range, in order, of one version of IP each.
    pub fn ranges(&self) -> impl Iterator<Item = (IpAddr, IpAddr)> + '_ {
        let four = (
            bits(Ipv4Addr::UNSPECIFIED.into()),
            bits(Ipv4Addr::BROADCAST.into()),
        );
        let parts = move |(first, last): &(u128, u128)| {
            let part = |(from, to): (u128, u128)| {
                let (first, last) = (*first.max(&from), *last.min(&to));
                (first <= last).then(|| (address(first), address(last)))
            };
            [(0, four.0 - 1), four, (four.1 + 1, u128::MAX)].map(part)
        };
        self.0.iter().flat_map(parts).flatten()
    }

    fn insert_bits(&mut self, first: u128, last: u128) {
        if last < first {
            return;
        }
        self.0.push((first, last));
        self.tidy();
    }

    /// Sorts the ranges and joins those that overlap or touch.
    fn tidy(&mut self) {
        self.0.sort_unstable();
        let mut merged: Vec<(u128, u128)> = Vec::with_capacity(self.0.len());
        for (first, last) in self.0.drain(..) {
            match merged.last_mut() {
                Some((_, end)) if first <= end.saturating_add(1) => *end = last.max(*end),
                Some(_) | None => merged.push((first, last)),
            }
        }
        self.0 = merged;
    }
}

impl FromIterator<IpAddr> for AddressSet {
    fn from_iter<I: IntoIterator<Item = IpAddr>>(addresses: I) -> Self {
        let ranges = addresses.into_iter().map(bits).map(|one| (one, one));
        let mut set = Self(ranges.collect());
        set.tidy();
        set
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        net::{IpAddr, Ipv6Addr},
    };

    use proptest::prelude::*;

    use super::AddressSet;

    #[test]
    fn the_versions_do_not_mix() {
        let mut set = AddressSet::default();
        set.insert_net("10.0.0.0/8".parse().unwrap());
        set.insert_net("fd00::/64".parse().unwrap());
        check(
            &set,
            &["10.0.0.0", "10.255.255.255", "fd00::", "fd00::ffff"],
            &["9.255.255.255", "11.0.0.0", "fd00:0:0:1::"],
        );
        // An IPv4-mapped address of a packet is not the IPv4 address; of a person it is.
        check(&set, &["10.0.0.1"], &["::ffff:10.0.0.1"]);
        let mut written = AddressSet::default();
        written.insert("::ffff:10.0.0.1".parse().unwrap());
        check(&written, &["10.0.0.1"], &["::ffff:10.0.0.1"]);
        let mapped = "::ffff:10.0.0.1".parse().unwrap();
        assert_eq!(super::from_bytes(super::to_bytes(mapped)), mapped);
        check(
            &AddressSet::any(),
            &["0.0.0.0", "::", "255.255.255.255"],
            &[],
        );
    }

    #[track_caller]
    fn check(set: &AddressSet, inside: &[&str], outside: &[&str]) {
        assert!(
            inside
                .iter()
                .all(|address| set.contains(address.parse().unwrap()))
        );
        assert!(
            !outside
                .iter()
                .any(|address| set.contains(address.parse().unwrap()))
        );
    }

    fn set(pairs: &[(u128, u128)]) -> (AddressSet, BTreeSet<u128>) {
        let mut set = AddressSet::default();
        for (first, more) in pairs {
            set.insert_range(address(*first), address(first + more));
        }
        (
            set,
            pairs
                .iter()
                .flat_map(|(first, more)| *first..=first + more)
                .collect(),
        )
    }

    fn address(bits: u128) -> IpAddr {
        IpAddr::V6(Ipv6Addr::from_bits(bits))
    }

    proptest! {
        #[test]
        fn a_set_is_the_union_of_its_ranges(
            pairs in prop::collection::vec((0_u128..200, 0_u128..30), 0..12),
            others in prop::collection::vec((0_u128..200, 0_u128..30), 0..12),
        ) {
            let (set, model) = set(&pairs);
            let (other, other_model) = self::set(&others);
            for bits in 0..240 {
                prop_assert_eq!(set.contains(address(bits)), model.contains(&bits));
            }
            prop_assert_eq!(set.has_beyond(&other), model.difference(&other_model).next().is_some());
            let left = set.minus(&other);
            for bits in 0..240 {
                prop_assert_eq!(left.contains(address(bits)), model.contains(&bits) && !other_model.contains(&bits));
            }
            prop_assert_eq!(AddressSet::any().minus(&set).minus(&AddressSet::any().minus(&set)), AddressSet::default());
            prop_assert!(!AddressSet::any().minus(&set).meets(&set) && set.minus(&AddressSet::any()).is_empty());
        }
    }
}
