//! Exports a matrix for other tools: firewall rules, network policies, or a table for a spreadsheet.

mod chain;
mod csv;
mod kubernetes;
mod left_over;
mod nftables;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    str::FromStr,
};

use self::chain::Chain;
pub use self::chain::Packet;
use crate::{
    address::AddressSet,
    deployment::Roles,
    matrix::{Matrix, Rule},
    role::Role,
};

/// The form in which a matrix is exported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Form {
    /// Every rule, a record each (RFC 4180).
    Csv,
    /// A table for `nft -f`, of the rules of some roles.
    Nftables,
    /// Kubernetes' `NetworkPolicy`, as JSON.
    NetworkPolicy,
    /// Cilium's `CiliumNetworkPolicy`, as JSON.
    Cilium,
}

impl FromStr for Form {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "csv" => Ok(Self::Csv),
            "nftables" => Ok(Self::Nftables),
            "networkpolicy" => Ok(Self::NetworkPolicy),
            "cilium" => Ok(Self::Cilium),
            _ => Err(format!(
                "`{text}` is no form: expected csv, nftables, networkpolicy or cilium"
            )),
        }
    }
}

/// What is exported.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub matrices: &'a [Matrix],
    pub roles: &'a Roles,
    /// Conditions and whether they hold; those that are not named do not.
    pub conditions: &'a BTreeMap<String, bool>,
    /// The roles for whose hosts firewall rules are written; the other forms cover all roles.
    pub own: &'a [Role],
}

/// A rule that is not in the exported text, and why.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LeftOut {
    pub rule: String,
    pub reason: String,
    /// Whether the text is less than the matrix says for want of words or of addresses that names stand for, and not only of what
    /// nobody has said yet.
    pub is_closed: bool,
}

/// The exported text.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Exported {
    pub text: String,
    /// Every rule that the text leaves out: where the text is enforced, what it does not allow will be dropped.
    pub left_out: Vec<LeftOut>,
    /// What whoever puts it to use has to know.
    pub notes: Vec<String>,
}

/// The firewall of the hosts of some roles, to ask what it lets pass.
pub struct Firewall<'a> {
    chains: [Chain<'a>; 2],
}

impl<'a> Firewall<'a> {
    pub fn new(scope: &'a Scope<'a>) -> Self {
        let mut left_out = Vec::new();
        let rules = scope.applying(&mut left_out);
        Self {
            chains: chain::chains(scope, &rules, &mut left_out),
        }
    }

    /// Whether it lets a conversation pass on a host with these addresses, if it drops what it does not accept.
    pub fn accepts(&self, packet: &Packet, own: &[IpAddr]) -> bool {
        let is_own = |address: &IpAddr| own.contains(address) || address.is_loopback();
        let goes_out = is_own(&packet.client);
        // What no end of is this host's own, such as what is for a group, comes in.
        let comes_in = is_own(&packet.server) || !goes_out;
        self.chains.iter().all(|chain| {
            let is_passed = match chain.direction {
                Direction::Ingress => comes_in,
                Direction::Egress => goes_out,
            };
            !is_passed || chain.accepts(packet)
        })
    }
}

/// Exports the matrices of a scope in a form.
pub fn export(scope: &Scope<'_>, form: Form) -> Exported {
    match form {
        Form::Csv => Exported {
            text: csv::text(scope),
            ..Exported::default()
        },
        Form::Nftables => nftables::export(scope),
        Form::NetworkPolicy => kubernetes::network_policies(scope),
        Form::Cilium => kubernetes::cilium_policies(scope),
    }
}

/// The direction in which a chain or a policy filters, seen from the host that it is for.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Direction {
    Ingress,
    Egress,
}

/// Which addresses a role stands for.
enum Peer<'a> {
    Any,
    Addresses(&'a AddressSet),
    /// The deployment names no host.
    Unknown,
    /// None of the host names has an address.
    Unresolved,
}

/// How many hosts of a role another one has.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Share {
    None,
    Part,
    All,
}

impl<'a> Scope<'a> {
    fn rules(&self) -> impl Iterator<Item = &'a Rule> {
        self.matrices.iter().flat_map(|matrix| &matrix.rules)
    }

    /// The rules that apply; the others are added to `left_out`.
    fn applying(&self, left_out: &mut Vec<LeftOut>) -> Vec<&'a Rule> {
        let mut applying = Vec::new();
        for rule in self.rules() {
            match rule.when.as_deref() {
                Some(name) if !self.conditions.get(name).copied().unwrap_or(false) => {
                    leave_out(
                        left_out,
                        rule,
                        &format!("its condition `{name}` does not hold"),
                    );
                }
                Some(_) | None => applying.push(rule),
            }
        }
        applying
    }

    fn peer(&self, role: &Role) -> Peer<'a> {
        match self.roles.addresses(role) {
            Some(set) if *set == AddressSet::any() => Peer::Any,
            Some(set) if !set.is_empty() => Peer::Addresses(set),
            Some(_) | None if self.roles.is_whole(role) => Peer::Unknown,
            Some(_) | None => Peer::Unresolved,
        }
    }

    fn is_any(&self, role: &Role) -> bool {
        matches!(self.peer(role), Peer::Any)
    }

    /// Whether nobody knows all hosts of a role by their addresses.
    fn is_unclear(&self, role: &Role) -> bool {
        !self.roles.is_whole(role) || matches!(self.peer(role), Peer::Unknown)
    }

    /// Why the hosts of a role are not all known.
    fn why_unclear(&self, role: &Role) -> String {
        if self.roles.is_whole(role) {
            format!("the deployment gives `{}` no address", role.name())
        } else {
            format!("a host name of `{}` has no address", role.name())
        }
    }

    /// How many of the hosts of `of` the role has, or may have.
    fn share(&self, role: &Role, of: &Role) -> Share {
        if self.roles.covers(role, std::slice::from_ref(of)) {
            return Share::All;
        }
        // One whose name has no address may be any of them.
        let least = if self.roles.is_whole(role) && self.roles.is_whole(of) {
            Share::None
        } else {
            Share::Part
        };
        let share = match (self.peer(role), self.peer(of)) {
            (Peer::Any, _) => Share::All,
            (_, Peer::Any) => Share::Part,
            (Peer::Addresses(role), Peer::Addresses(of)) => {
                match (of.has_beyond(role), of.meets(role)) {
                    (false, _) if least == Share::None => Share::All,
                    (false, _) | (true, true) => Share::Part,
                    (true, false) => Share::None,
                }
            }
            // A pod carries one role, and what has addresses is no pod.
            (Peer::Unknown | Peer::Unresolved, _)
            | (Peer::Addresses(_), Peer::Unknown | Peer::Unresolved) => Share::None,
        };
        share.max(least)
    }
}

impl LeftOut {
    /// What nobody can be let in by yet.
    fn new(rule: &Rule, reason: String) -> Self {
        Self {
            rule: rule.id.clone(),
            reason,
            is_closed: false,
        }
    }

    /// What the text closes though the matrix does not, or not all of it.
    fn closed(rule: &Rule, reason: String) -> Self {
        Self {
            is_closed: true,
            ..Self::new(rule, reason)
        }
    }
}

fn leave_out(left_out: &mut Vec<LeftOut>, rule: &Rule, reason: &str) {
    left_out.push(LeftOut::new(rule, reason.to_owned()));
}

/// A name of lower-case letters, digits and dashes, which every form accepts. Role names come from untrusted pages.
fn name(text: &str) -> String {
    let mut name = String::new();
    for character in text.to_lowercase().chars() {
        if character.is_ascii_alphanumeric() {
            name.push(character);
        } else if !name.is_empty() && !name.ends_with('-') {
            name.push('-');
        }
    }
    name.truncate(name.len().min(LONGEST_NAME));
    name.trim_end_matches('-').to_owned()
}

/// Kubernetes allows 63 characters in a label (RFC 1123).
const LONGEST_NAME: usize = 63;

/// A name for each role that no other has: names may differ only in characters that a form does not take, or have no other. A role
/// whose own name a form takes keeps that, whatever others there are: what is labelled with it means that role.
fn distinct<'a>(roles: impl IntoIterator<Item = &'a Role>) -> BTreeMap<&'a Role, String> {
    let roles: BTreeSet<&Role> = roles.into_iter().collect();
    let is_plain = |role: &&Role| name(role.name()) == role.name().to_lowercase();
    let (plain, others): (Vec<&Role>, Vec<&Role>) = roles.into_iter().partition(is_plain);
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut names = BTreeMap::new();
    for role in plain.into_iter().chain(others) {
        let plain = match name(role.name()) {
            plain if plain.is_empty() => "role".to_owned(),
            plain => plain,
        };
        let mut distinct = plain.clone();
        for number in 2_usize.. {
            if taken.insert(distinct.clone()) {
                break;
            }
            let number = format!("-{number}");
            let kept = plain.len().min(LONGEST_NAME - number.len());
            distinct = format!("{}{number}", plain.get(..kept).unwrap_or_default());
        }
        names.insert(role, distinct);
    }
    names
}

#[cfg(test)]
mod tests;
