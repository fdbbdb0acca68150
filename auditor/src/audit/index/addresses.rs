//! Maps addresses to the sides of rules that they are on.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
    sync::Arc,
};

use super::{
    super::policy::{Policy, RoleCheck, Side},
    number,
};
use crate::{
    address::{self, AddressSet},
    observed::Host,
};

/// A class of addresses that are on the same sides: the index of that set of sides.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub(in crate::audit) struct AddressClass(u32);

/// The sides of every address.
pub(super) struct AddressClasses {
    side_sets: SideSets,
    /// The classes of this host's own addresses, whose sides `--role` may set.
    own: BTreeMap<IpAddr, AddressClass>,
    /// The class of this host's addresses in the networks that it takes packets for, where `--role` sets their sides.
    local: Option<(AddressSet, AddressClass)>,
    /// The class of all sides that this host is on.
    this_host: AddressClass,
    /// Spans of addresses, sorted: the first address of each, and the class of all addresses up to the next span.
    spans: Vec<(u128, AddressClass)>,
}

impl AddressClasses {
    pub(super) fn new(policy: &Policy, host: &Host) -> Self {
        let mut side_sets = SideSets::default();
        let sides_of = |address: IpAddr, side_sets: &mut SideSets| {
            let given = policy.roles_were_given();
            let holds = |side: &&Arc<Side>| side.holds(address, host, policy.check, given);
            let sides = policy.sides.iter().filter(holds);
            side_sets.class(sides.map(|side| number(side.index)).collect())
        };
        let own = host.addresses.iter();
        let own = own
            .map(|address| (*address, sides_of(*address, &mut side_sets)))
            .collect();
        let ours = policy.sides.iter().filter(|side| side.is_ours);
        let ours = ours.map(|side| number(side.index)).collect();
        let this_host = side_sets.class(ours);
        let is_by_role = policy.check == RoleCheck::OwnRoles || policy.roles_were_given();
        let first = host.local.always.ranges().next();
        let local = first
            .filter(|_| is_by_role)
            .map(|(first, _)| (host.local.always.clone(), sides_of(first, &mut side_sets)));
        let spans = match policy.check {
            // Every other address may play any role.
            RoleCheck::Nothing | RoleCheck::OwnRoles => {
                let all = (0..policy.sides.len()).map(number).collect();
                vec![(0, side_sets.class(all))]
            }
            RoleCheck::Addresses => spans(policy, &mut side_sets),
        };
        Self {
            side_sets,
            own,
            local,
            this_host,
            spans,
        }
    }

    pub(super) const fn this_host(&self) -> AddressClass {
        self.this_host
    }

    pub(super) fn class(&self, address: IpAddr) -> AddressClass {
        if let Some(class) = self.own.get(&address) {
            return *class;
        }
        if let Some((local, class)) = &self.local
            && local.contains(address)
        {
            return *class;
        }
        let bits = address::bits(address);
        let after = self.spans.partition_point(|(first, _)| *first <= bits);
        let span = after.checked_sub(1).and_then(|at| self.spans.get(at));
        span.map_or(AddressClass(0), |(_, class)| *class)
    }

    /// The sides of a class, sorted.
    pub(super) fn sides(&self, class: AddressClass) -> &[u32] {
        self.side_sets.sides(class)
    }
}

/// Sweeps over all addresses: wherever a range of some side begins or ends, a new span begins.
fn spans(policy: &Policy, side_sets: &mut SideSets) -> Vec<(u128, AddressClass)> {
    let mut changes: BTreeMap<u128, Vec<(u32, bool)>> = BTreeMap::from([(0, Vec::new())]);
    for side in &policy.sides {
        let whole = [(0, u128::MAX)];
        let spans = side
            .addresses
            .as_ref()
            .map_or(&whole[..], |set| set.spans());
        for (first, last) in spans {
            let at = number(side.index);
            changes.entry(*first).or_default().push((at, true));
            if let Some(behind) = last.checked_add(1) {
                changes.entry(behind).or_default().push((at, false));
            }
        }
    }
    let mut on = BTreeSet::new();
    let mut spans = Vec::with_capacity(changes.len());
    for (first, changes) in changes {
        for (side, begins) in changes {
            if begins {
                on.insert(side);
            } else {
                on.remove(&side);
            }
        }
        spans.push((first, side_sets.class(on.iter().copied().collect())));
    }
    spans
}

/// Sets of sides, each stored once; all are concatenated in `sides`.
#[derive(Default)]
struct SideSets {
    known: HashMap<Vec<u32>, AddressClass>,
    sides: Vec<u32>,
    /// The start and end of each set in `sides`.
    bounds: Vec<(u32, u32)>,
}

impl SideSets {
    fn class(&mut self, sides: Vec<u32>) -> AddressClass {
        let Self {
            known,
            sides: all,
            bounds,
        } = self;
        *known.entry(sides).or_insert_with_key(|sides| {
            let from = number(all.len());
            all.extend(sides);
            bounds.push((from, number(all.len())));
            AddressClass(number(bounds.len() - 1))
        })
    }

    fn sides(&self, class: AddressClass) -> &[u32] {
        let bounds = self.bounds.get(class.0 as usize);
        bounds
            .and_then(|(from, to)| self.sides.get(*from as usize..*to as usize))
            .unwrap_or_default()
    }
}
