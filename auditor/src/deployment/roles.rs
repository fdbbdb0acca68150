//! Resolves roles to addresses.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    net::IpAddr,
};

use ipnet::IpNet;

use super::Deployment;
use crate::{address::AddressSet, matrix::Rule, role::Role};

/// One entry of a role.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum RoleEntry {
    /// Every address.
    Any,
    Net(IpNet),
    /// From the first address to the last, both included.
    Range(IpAddr, IpAddr),
    /// A host name to look up.
    Host(String),
    /// All addresses of another role.
    Role(Role),
}

impl RoleEntry {
    /// Reads an address, a prefix, a range, `any`, a name with a dot in it, or else the name of a role.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.eq_ignore_ascii_case("any") {
            return Ok(Self::Any);
        }
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(Self::Net(address.into()));
        }
        if let Ok(net) = text.parse::<IpNet>() {
            // Whoever writes a host's address with the mask of its interface may mean the host or all of its network.
            if net.trunc() != net {
                return Err(format!(
                    "`{text}` is the address of a host with its network's mask: write `{}` for the host, `{}` for all of its network",
                    net.addr(),
                    net.trunc()
                ));
            }
            return Ok(Self::Net(net));
        }
        if let Some((first, last)) = text.split_once('-')
            && let (Ok(first), Ok(last)) = (
                first.trim().parse::<IpAddr>(),
                last.trim().parse::<IpAddr>(),
            )
        {
            if first.is_ipv4() != last.is_ipv4() || last < first {
                return Err(format!(
                    "`{text}` runs backwards or mixes IPv4 and IPv6: write the lower address first"
                ));
            }
            return Ok(Self::Range(first, last));
        }
        if text.is_empty()
            || text.contains(['/', ':'])
            || text.starts_with(|c: char| c.is_ascii_digit())
                && text.contains('.')
                && !text.contains(char::is_alphabetic)
        {
            return Err(format!(
                "`{text}` is no address: expected 10.0.0.1, 10.0.0.0/24, 10.0.0.1-10.0.0.9, a host name, any, or a role"
            ));
        }
        Ok(if text.contains('.') {
            Self::Host(text.to_owned())
        } else {
            Self::Role(Role::new(text))
        })
    }
}

impl fmt::Display for RoleEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("any"),
            Self::Net(net) if net.prefix_len() == net.max_prefix_len() => {
                write!(f, "{}", net.addr())
            }
            Self::Net(net) => write!(f, "{net}"),
            Self::Range(first, last) => write!(f, "{first}-{last}"),
            Self::Host(name) => f.write_str(name),
            Self::Role(role) => role.fmt(f),
        }
    }
}

/// The addresses of each role.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Roles {
    addresses: BTreeMap<Role, AddressSet>,
    /// Each role with the roles that it includes, itself among them.
    parts: BTreeMap<Role, BTreeSet<Role>>,
    /// The roles of which a host name has no address, so that nobody knows all of their hosts.
    partial: BTreeSet<Role>,
    /// Host names without an address, and why.
    pub failures: BTreeMap<String, String>,
}

impl Roles {
    /// Every role with its addresses.
    pub fn all(&self) -> impl Iterator<Item = (&Role, &AddressSet)> {
        self.addresses.iter()
    }

    /// The addresses of a role; `None` if the deployment does not know it.
    pub fn addresses(&self, role: &Role) -> Option<&AddressSet> {
        self.addresses.get(role)
    }

    /// Whether every host name of a role has an address; a role of which nobody has said who it is has no name.
    pub fn is_whole(&self, role: &Role) -> bool {
        !self.partial.contains(role)
    }

    /// The roles that contain `address`, without those that contain every address.
    pub fn of(&self, address: IpAddr) -> Vec<&Role> {
        let any = AddressSet::any();
        self.addresses
            .iter()
            .filter(|(_, set)| **set != any && set.contains(address))
            .map(|(role, _)| role)
            .collect()
    }

    /// The roles that have an address in common with a set, without those that hold every address.
    pub fn meeting<'a>(&'a self, addresses: &'a AddressSet) -> impl Iterator<Item = &'a Role> {
        let any = AddressSet::any();
        self.addresses
            .iter()
            .filter(move |(_, set)| **set != any && set.meets(addresses))
            .map(|(role, _)| role)
    }

    /// Whether a host with the roles `played` also has `role`: it is one of them, or includes one of them.
    pub fn covers(&self, role: &Role, played: &[Role]) -> bool {
        played.contains(role)
            || self
                .parts
                .get(role)
                .is_some_and(|parts| played.iter().any(|one| parts.contains(one)))
    }
}

impl Deployment {
    /// Whether nobody has said yet which hosts a role stands for: it has no entry, nor has a role that it includes.
    pub fn is_unfilled(&self, role: &Role) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![role]);
        while let Some(role) = open.pop() {
            if !seen.insert(role) {
                continue;
            }
            for entry in self.roles.get(role).into_iter().flatten() {
                match entry {
                    RoleEntry::Role(role) => open.push(role),
                    RoleEntry::Any
                    | RoleEntry::Net(_)
                    | RoleEntry::Range(..)
                    | RoleEntry::Host(_) => return false,
                }
            }
        }
        true
    }

    /// The roles of rules that hold here of which nobody has said yet which hosts they stand for.
    pub fn unfilled(&self, rules: &[&Rule]) -> BTreeSet<Role> {
        let holds = |rule: &Rule| {
            let when = rule.when.as_ref();
            when.is_none_or(|when| self.conditions.get(when) == Some(&true))
        };
        rules
            .iter()
            .filter(|rule| holds(rule))
            .flat_map(|rule| rule.client.iter().chain(&rule.server))
            .filter(|role| self.is_unfilled(role))
            .cloned()
            .collect()
    }

    /// Resolves the addresses of all roles; `lookup` returns those of a host name, or why there are none.
    pub fn resolve(&self, lookup: &mut dyn FnMut(&str) -> Result<Vec<IpAddr>, String>) -> Roles {
        let mut roles = Roles::default();
        for role in self.roles.keys() {
            let mut parts = BTreeSet::new();
            let mut addresses = AddressSet::default();
            let mut open = vec![role];
            while let Some(part) = open.pop() {
                if !parts.insert(part.clone()) {
                    continue;
                }
                for entry in self.roles.get(part).into_iter().flatten() {
                    match entry {
                        RoleEntry::Role(role) => open.push(role),
                        entry @ (RoleEntry::Any
                        | RoleEntry::Net(_)
                        | RoleEntry::Range(..)
                        | RoleEntry::Host(_)) => {
                            let of_entry = entry_addresses(entry, &mut roles, lookup);
                            if of_entry.is_empty() {
                                roles.partial.insert(role.clone());
                            }
                            addresses.extend(&of_entry);
                        }
                    }
                }
            }
            roles.addresses.insert(role.clone(), addresses);
            roles.parts.insert(role.clone(), parts);
        }
        roles
    }
}

/// The addresses of one entry; a role in it must be resolved already.
pub(crate) fn entry_addresses(
    entry: &RoleEntry,
    roles: &mut Roles,
    lookup: &mut dyn FnMut(&str) -> Result<Vec<IpAddr>, String>,
) -> AddressSet {
    let mut set = AddressSet::default();
    match entry {
        RoleEntry::Any => set = AddressSet::any(),
        RoleEntry::Net(net) => set.insert_net(*net),
        RoleEntry::Range(first, last) => set.insert_range(*first, *last),
        RoleEntry::Host(name) => match lookup(name) {
            Ok(addresses) => set = addresses.into_iter().collect(),
            Err(problem) => {
                roles.failures.insert(name.clone(), problem);
            }
        },
        RoleEntry::Role(role) => set = roles.addresses.get(role).cloned().unwrap_or_default(),
    }
    set
}
