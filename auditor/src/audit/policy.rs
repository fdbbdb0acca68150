//! Matrices and a deployment to a policy: rules whose roles are resolved to addresses.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    sync::Arc,
};

use auditor_common::port::protocol;
use jiff::civil::Date;
use thiserror::Error;

use crate::{
    address::AddressSet,
    deployment::{Deployment, Exception, RoleEntry, Roles, entry_addresses},
    matrix::{Matrix, Rule, RulePorts},
    observed::{Flow, Host, Invitation, Invited, LocalNetworks},
    role::Role,
    transport::Transport,
};

/// Why a role has no address.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Unaddressed {
    /// The deployment does not name it.
    Undefined,
    /// The deployment gives it nothing.
    Empty,
    /// The deployment gives it host names, and none of them has an address.
    Names,
}

/// What an audit compares flows with.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Policy {
    pub rules: Vec<PolicyRule>,
    /// The distinct sides of all rules.
    pub(super) sides: Vec<Arc<Side>>,
    pub exceptions: Vec<PolicyException>,
    /// What the deployment says of conditions.
    pub(super) conditions: BTreeMap<String, bool>,
    /// The deployment's roles that no rule names, nor an exception, nor another role.
    idle_roles: Vec<Role>,
    pub housekeeping: bool,
    /// The roles that this host plays.
    pub own_roles: Vec<Role>,
    pub check: RoleCheck,
    /// The own roles come from `--role` and not from this host's addresses.
    own_roles_given: bool,
    roles: Option<Roles>,
}

/// How addresses are matched to roles.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RoleCheck {
    /// By the addresses of a deployment.
    Addresses,
    /// This host by `--role`; every peer may play any role.
    OwnRoles,
    /// Not at all: every address may play any role.
    Nothing,
}

/// A rule and the addresses of its sides.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyRule {
    pub rule: Rule,
    /// Its id, prefixed with the name of its matrix where several rules have that id.
    pub label: String,
    /// The matrix that it comes from, by its index among those given.
    pub matrix: usize,
    pub client: Arc<Side>,
    pub server: Arc<Side>,
    /// Whether its condition holds.
    pub applies: bool,
}

/// One side of a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Side {
    /// Its index among the policy's sides.
    pub(super) index: usize,
    /// Whether this host plays one of the side's roles.
    pub is_ours: bool,
    /// The side's addresses; `None` where peers are not checked.
    pub addresses: Option<AddressSet>,
    pub unresolved: Vec<Role>,
}

/// An exception and the addresses that it covers.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyException {
    pub exception: Exception,
    client: AddressSet,
    server: AddressSet,
}

/// `--role` names a role that neither the matrices nor the deployment know.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("nobody defines the role `{role}`: the matrix and the deployment know {}", known.join(", "))]
pub struct UnknownRole {
    role: Role,
    known: Vec<String>,
}

impl Policy {
    /// Joins matrices, a deployment if there is one, and what is known of this host.
    ///
    /// `played` are the roles given by `--role`; without them they follow from the host's addresses. `lookup` resolves host
    /// names.
    ///
    /// # Errors
    ///
    /// A played role that neither the matrices nor the deployment know.
    pub fn new(
        matrices: &[Matrix],
        deployment: Option<&Deployment>,
        played: &[Role],
        host: &Host,
        lookup: &mut dyn FnMut(&str) -> Result<Vec<IpAddr>, String>,
    ) -> Result<Self, UnknownRole> {
        let mut known: BTreeSet<Role> = deployment
            .iter()
            .flat_map(|deployment| deployment.roles.keys().cloned())
            .collect();
        for rule in matrices.iter().flat_map(|matrix| &matrix.rules) {
            known.extend(rule.client.iter().chain(&rule.server).cloned());
        }
        if let Some(role) = played.iter().find(|role| !known.contains(role)) {
            let known = known.iter().map(|role| format!("`{role}`")).collect();
            return Err(UnknownRole {
                role: role.clone(),
                known,
            });
        }
        let mut roles = deployment.map(|deployment| deployment.resolve(lookup));
        let exceptions = match (&mut roles, deployment) {
            (Some(roles), Some(deployment)) => deployment
                .exceptions
                .iter()
                .map(|exception| resolved(exception, roles, lookup))
                .collect(),
            _ => Vec::new(),
        };
        let idle_roles = deployment.map_or_else(Vec::new, |one| idle_roles(one, matrices));
        let own = own_addresses(host);
        let mut sides: Vec<Arc<Side>> = Vec::new();
        // Many rules have the same sides: each side is built once.
        let mut by_names: BTreeMap<&[Role], Arc<Side>> = BTreeMap::new();
        let mut side_of = |names| {
            let known = by_names.entry(names).or_insert_with(|| {
                let side = Arc::new(side(
                    sides.len(),
                    names,
                    roles.as_ref(),
                    played,
                    (&own, &host.local),
                ));
                sides.push(Arc::clone(&side));
                side
            });
            Arc::clone(known)
        };
        let mut n_of_id: BTreeMap<&str, usize> = BTreeMap::new();
        for rule in matrices.iter().flat_map(|matrix| &matrix.rules) {
            *n_of_id.entry(&rule.id).or_default() += 1;
        }
        let label = |matrix: usize, rule: &Rule| {
            let is_unique = n_of_id.get(rule.id.as_str()) == Some(&1);
            match matrices.get(matrix) {
                Some(matrix) if !is_unique => format!("{}/{}", matrix.name, rule.id),
                Some(_) | None => rule.id.clone(),
            }
        };
        let mut rules = Vec::new();
        for (matrix, rule) in matrices
            .iter()
            .enumerate()
            .flat_map(|(index, matrix)| matrix.rules.iter().map(move |rule| (index, rule)))
        {
            let condition = rule.when.as_ref();
            rules.push(PolicyRule {
                client: side_of(&rule.client),
                server: side_of(&rule.server),
                applies: condition.is_none_or(|name| {
                    deployment.is_some_and(|deployment| {
                        deployment.conditions.get(name).copied().unwrap_or(false)
                    })
                }),
                label: label(matrix, rule),
                rule: rule.clone(),
                matrix,
            });
        }
        let check = match (deployment, played) {
            (Some(_), _) => RoleCheck::Addresses,
            (None, [_, ..]) => RoleCheck::OwnRoles,
            (None, []) => RoleCheck::Nothing,
        };
        let own_roles = match (&roles, played) {
            (_, [_, ..]) => played.to_vec(),
            (Some(roles), []) => {
                let own: BTreeSet<Role> = own
                    .iter()
                    .flat_map(|address| roles.of(*address))
                    .chain(roles.meeting(&host.local.always))
                    .cloned()
                    .collect();
                own.into_iter().collect()
            }
            (None, []) => Vec::new(),
        };
        let housekeeping = deployment.is_none_or(|deployment| deployment.housekeeping);
        let own_roles_given = !played.is_empty();
        Ok(Self {
            rules,
            sides,
            exceptions,
            conditions: deployment.map_or_else(BTreeMap::new, |one| one.conditions.clone()),
            idle_roles,
            housekeeping,
            own_roles,
            check,
            own_roles_given,
            roles,
        })
    }

    /// The addresses of the other hosts that rules name for this one, a set for each side.
    pub fn others(&self) -> impl Iterator<Item = &AddressSet> {
        let mut sides = BTreeMap::new();
        for rule in self.rules.iter().filter(|rule| rule.applies) {
            for (is_ours, other) in [
                (rule.client.is_ours, &rule.server),
                (rule.server.is_ours, &rule.client),
            ] {
                if is_ours {
                    sides.insert(other.index, other);
                }
            }
        }
        sides
            .into_values()
            .filter_map(|side| side.addresses.as_ref())
    }

    /// What rules let other hosts ask this one.
    pub fn invited(&self) -> Invited {
        let rules = self.rules.iter();
        let invite = rules.filter(|rule| rule.applies && rule.server.is_ours);
        let invitations: Vec<Invitation<'_>> = invite
            .map(|rule| {
                let clients = rule.client.addresses.as_ref();
                (clients, rule.rule.transport, port_ranges(&rule.rule.ports))
            })
            .collect();
        Invited::new(&invitations)
    }

    /// Whether the own roles come from `--role`.
    pub const fn roles_were_given(&self) -> bool {
        self.own_roles_given
    }

    /// The roles of an address, without those that hold every address.
    pub fn roles_of(&self, address: IpAddr) -> Vec<&Role> {
        self.roles
            .iter()
            .flat_map(|roles| roles.of(address))
            .collect()
    }

    /// The deployment's roles that no rule names, nor an exception, nor another role.
    pub(super) fn idle_roles(&self) -> impl Iterator<Item = &Role> {
        self.idle_roles.iter()
    }

    /// Why a role that has no address has none.
    pub(super) fn unaddressed(&self, role: &Role) -> Unaddressed {
        let roles = self.roles.as_ref();
        match roles.filter(|roles| roles.addresses(role).is_some()) {
            None => Unaddressed::Undefined,
            Some(roles) if roles.is_whole(role) => Unaddressed::Empty,
            Some(_) => Unaddressed::Names,
        }
    }

    /// Whether this host is in no role, so that no rule is about it. Captures are judged from everywhere if no host is named.
    pub fn is_of_no_role(&self, host: &Host) -> bool {
        let is_somewhere = !host.is_captured || !host.addresses.is_empty();
        self.check == RoleCheck::Addresses && self.own_roles.is_empty() && is_somewhere
    }

    /// The addresses of each role of the deployment, as they were resolved.
    pub fn role_addresses(&self) -> impl Iterator<Item = (&Role, &AddressSet)> {
        self.roles.iter().flat_map(Roles::all)
    }

    /// What the deployment says of conditions.
    pub const fn conditions(&self) -> &BTreeMap<String, bool> {
        &self.conditions
    }

    /// Host names that have no address, and why.
    pub fn lookup_failures(&self) -> impl Iterator<Item = (&str, &str)> {
        self.roles
            .iter()
            .flat_map(|roles| roles.failures.iter())
            .map(|(name, problem)| (name.as_str(), problem.as_str()))
    }

    /// Conditions of the rules that the deployment does not set.
    pub fn unset_conditions(&self, deployment: Option<&Deployment>) -> BTreeSet<String> {
        let is_set = |name: &String| {
            deployment.is_some_and(|deployment| deployment.conditions.contains_key(name))
        };
        self.rules
            .iter()
            .filter_map(|rule| rule.rule.when.clone())
            .filter(|name| !is_set(name))
            .collect()
    }
}

/// The deployment's roles to which nothing refers.
fn idle_roles(deployment: &Deployment, matrices: &[Matrix]) -> Vec<Role> {
    let of_rules = matrices
        .iter()
        .flat_map(|matrix| &matrix.rules)
        .flat_map(|rule| rule.client.iter().chain(&rule.server));
    let entries = deployment.roles.values().flatten();
    let of_exceptions = deployment
        .exceptions
        .iter()
        .flat_map(|exception| [&exception.client, &exception.server])
        .flatten();
    let of_entries = entries
        .chain(of_exceptions)
        .filter_map(|entry| match entry {
            RoleEntry::Role(role) => Some(role),
            RoleEntry::Any | RoleEntry::Net(_) | RoleEntry::Range(..) | RoleEntry::Host(_) => None,
        });
    let used: BTreeSet<&Role> = of_rules.chain(of_entries).collect();
    let roles = deployment.roles.keys();
    roles.filter(|role| !used.contains(role)).cloned().collect()
}

/// The addresses of this host that other hosts can reach.
fn own_addresses(host: &Host) -> Vec<IpAddr> {
    host.addresses
        .iter()
        .copied()
        .filter(|address| !address.is_loopback())
        .collect()
}

fn side(
    index: usize,
    names: &[Role],
    roles: Option<&Roles>,
    played: &[Role],
    (own, local): (&[IpAddr], &LocalNetworks),
) -> Side {
    let Some(roles) = roles else {
        let is_ours = played.is_empty() || names.iter().any(|name| played.contains(name));
        return Side {
            index,
            is_ours,
            addresses: None,
            unresolved: Vec::new(),
        };
    };
    let mut addresses = AddressSet::default();
    let mut unresolved = Vec::new();
    for name in names {
        match roles.addresses(name) {
            Some(set) if !set.is_empty() => addresses.extend(set),
            Some(_) | None => unresolved.push(name.clone()),
        }
    }
    // A role that holds every address does not say which hosts are meant, so it does not make this host take part.
    let is_ours = if played.is_empty() {
        addresses != AddressSet::any()
            && (own.iter().any(|address| addresses.contains(*address))
                || addresses.meets(&local.always))
    } else {
        names.iter().any(|name| roles.covers(name, played))
    };
    Side {
        index,
        is_ours,
        addresses: Some(addresses),
        unresolved,
    }
}

fn resolved(
    exception: &Exception,
    roles: &mut Roles,
    lookup: &mut dyn FnMut(&str) -> Result<Vec<IpAddr>, String>,
) -> PolicyException {
    let mut addresses = |entry: Option<&_>| {
        entry.map_or_else(AddressSet::any, |entry| {
            entry_addresses(entry, roles, lookup)
        })
    };
    PolicyException {
        client: addresses(exception.client.as_ref()),
        server: addresses(exception.server.as_ref()),
        exception: exception.clone(),
    }
}

impl Side {
    /// Whether `address` may be on this side.
    pub fn holds(
        &self,
        address: IpAddr,
        host: &Host,
        check: RoleCheck,
        own_roles_given: bool,
    ) -> bool {
        let is_own = host.has(address);
        match check {
            RoleCheck::Nothing => true,
            RoleCheck::OwnRoles => !is_own || self.is_ours,
            RoleCheck::Addresses if is_own && own_roles_given && !address.is_loopback() => {
                self.is_ours || self.addresses.as_ref() == Some(&AddressSet::any())
            }
            RoleCheck::Addresses => self
                .addresses
                .as_ref()
                .is_none_or(|addresses| addresses.contains(address)),
        }
    }

    /// Whether no address at all is on this side.
    pub fn is_unresolved(&self) -> bool {
        self.addresses.as_ref().is_some_and(AddressSet::is_empty) && !self.is_ours
    }

    /// Whether another host than this one can be on this side.
    pub fn has_others(&self, host: &Host) -> bool {
        let own = host.own();
        self.addresses
            .as_ref()
            .is_none_or(|addresses| addresses.has_beyond(&own))
    }
}

impl PolicyException {
    /// Those of its client and of its server.
    pub(super) const fn addresses(&self) -> [&AddressSet; 2] {
        [&self.client, &self.server]
    }

    /// Whether it holds on a day.
    pub(super) fn holds(&self, today: Date) -> bool {
        self.exception.until.is_none_or(|until| today <= until)
    }

    /// Whether it covers a flow as long as it holds.
    pub(super) fn is_about(&self, flow: &Flow) -> bool {
        self.client.contains(flow.client)
            && self.server.contains(flow.server)
            && self.exception.is_about(flow.protocol, flow.port)
    }
}

/// Whether a rule has the transport and port of a flow, regardless of client and server.
pub fn may_concern(rule: &Rule, flow: &Flow) -> bool {
    named_transport(flow) == Some(rule.transport) && rule.ports.contains(flow.port)
}

/// Whether a rule can name the flow at all.
pub fn may_be_named(flow: &Flow) -> bool {
    named_transport(flow).is_some()
}

/// The transport by which a rule can name a flow. Of ICMP that is the echo alone, a ping: an error is about the flow that it
/// quotes, and no page that says ICMP means timestamps or address masks (RFC 792, RFC 4443). A reply has its request's type;
/// type 0 is what was cut off before it, of which no more is known than that it is ICMP.
pub(super) fn named_transport(flow: &Flow) -> Option<Transport> {
    let is_echo = match flow.protocol {
        protocol::ICMP => matches!(flow.port, 0 | 8),
        protocol::ICMPV6 => matches!(flow.port, 0 | 128),
        _ => true,
    };
    flow.transport().filter(|_| is_echo)
}

/// The ports of a rule as first and last port of each range, consistent with [`RulePorts::contains`].
pub(super) fn port_ranges(ports: &RulePorts) -> Vec<(u16, u16)> {
    match ports.set() {
        Some(set) => set
            .ranges()
            .iter()
            .map(|range| (range.first(), range.last()))
            .collect(),
        None => vec![(0, u16::MAX)],
    }
}
