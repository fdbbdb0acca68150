//! What rules let other hosts ask this one: whose traffic a rule would miss if it found no place.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    net::IpAddr,
};

use crate::{address::AddressSet, transport::Transport};

/// Who may ask what of this host, by its rules. Many rules have the same clients, so that there are few groups.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Invited(Vec<Group>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Group {
    /// `None` is anybody.
    clients: Option<AddressSet>,
    transport: Transport,
    /// In order, and none reaches into another.
    ports: Vec<Ports>,
}

/// Ports that the same rules name.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Ports {
    first: u16,
    last: u16,
    crowd: Crowd,
}

/// What exactly the same rules invite to, told from what others do. What is of another crowd is either none of a rule's traffic
/// or of more rules, so that crowds which make room apart from one another leave something of each rule.
///
/// The default is what no rule invites to.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub struct Crowd(u64);

/// A rule's clients, which are anybody where there are none, their transport, and the first and last of its ports.
pub type Invitation<'a> = (Option<&'a AddressSet>, Transport, Vec<(u16, u16)>);

impl Invited {
    /// What rules invite to.
    pub fn new(rules: &[Invitation<'_>]) -> Self {
        let mut groups: Vec<(Group, Vec<Edge>)> = Vec::new();
        for (number, (clients, transport, ports)) in rules.iter().enumerate() {
            let (clients, transport) = (*clients, *transport);
            let rule = Crowd::of_rule(number);
            let edges = ports.iter().flat_map(|(first, last)| {
                let begins = (u32::from(*first), true, rule);
                [begins, (u32::from(*last) + 1, false, rule)]
            });
            let is_same =
                |group: &Group| group.transport == transport && group.clients.as_ref() == clients;
            if let Some((_, known)) = groups.iter_mut().find(|(group, _)| is_same(group)) {
                known.extend(edges);
            } else {
                let group = Group {
                    clients: clients.cloned(),
                    transport,
                    ports: Vec::new(),
                };
                groups.push((group, edges.collect()));
            }
        }
        let groups = groups.into_iter().map(|(group, edges)| Group {
            ports: between(edges),
            ..group
        });
        Self(groups.collect())
    }

    /// Whether a rule lets this host ask this port.
    pub fn has(&self, sender: IpAddr, protocol: u8, port: u16) -> bool {
        self.crowd(sender, protocol, port).is_some()
    }

    /// Which rules let this host ask this port.
    pub fn crowd(&self, sender: IpAddr, protocol: u8, port: u16) -> Option<Crowd> {
        self.groups(protocol, port)
            .filter(|(group, _)| {
                let clients = group.clients.as_ref();
                clients.is_none_or(|clients| clients.contains(sender))
            })
            .map(|(_, crowd)| crowd)
            .reduce(Crowd::and)
    }

    /// Whom rules let ask this port.
    pub(super) fn clients(&self, protocol: u8, port: u16) -> Vec<Option<&AddressSet>> {
        let groups = self.groups(protocol, port);
        groups.map(|(group, _)| group.clients.as_ref()).collect()
    }

    fn groups(&self, protocol: u8, port: u16) -> impl Iterator<Item = (&Group, Crowd)> {
        let transport = Transport::from_protocol(protocol);
        self.0
            .iter()
            .filter(move |group| Some(group.transport) == transport)
            .filter_map(move |group| Some((group, group.crowd(port)?)))
    }
}

impl Group {
    /// Which of its rules name the port.
    fn crowd(&self, port: u16) -> Option<Crowd> {
        let after = self.ports.partition_point(|ports| ports.last < port);
        let ports = self.ports.get(after)?;
        (ports.first <= port).then_some(ports.crowd)
    }
}

impl Crowd {
    /// What one rule alone invites to. Sums of such numbers are told apart.
    fn of_rule(number: usize) -> Self {
        let mut hasher = DefaultHasher::new();
        number.hash(&mut hasher);
        Self(hasher.finish())
    }

    /// What these rules and others invite to.
    const fn and(self, others: Self) -> Self {
        Self(self.0.wrapping_add(others.0))
    }

    const fn without(self, others: Self) -> Self {
        Self(self.0.wrapping_sub(others.0))
    }
}

/// A port from which on a rule names ports, or does not any more.
type Edge = (u32, bool, Crowd);

/// The ports between edges that rules name.
fn between(mut edges: Vec<Edge>) -> Vec<Ports> {
    edges.sort_unstable();
    let mut all: Vec<Ports> = Vec::new();
    let (mut first, mut n_rules, mut crowd) = (0, 0_usize, Crowd::default());
    for (port, begins, rule) in edges {
        if first < port
            && 0 < n_rules
            && let (Ok(first), Ok(last)) = (u16::try_from(first), u16::try_from(port - 1))
        {
            all.push(Ports { first, last, crowd });
        }
        first = port;
        (n_rules, crowd) = if begins {
            (n_rules + 1, crowd.and(rule))
        } else {
            (n_rules.saturating_sub(1), crowd.without(rule))
        };
    }
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ports_of_many_rules() {
        let mut clients = AddressSet::default();
        clients.insert("10.0.0.2".parse().unwrap());
        let clients = Some(&clients);
        let invited = Invited::new(&[
            (clients, Transport::Udp, vec![(514, 514), (80, 90)]),
            (clients, Transport::Udp, vec![(85, 99), (91, 91)]),
            (None, Transport::Tcp, vec![(0, 22), (443, u16::MAX)]),
        ]);
        let has = |sender: &str, protocol, port| {
            let sender = sender.parse().unwrap();
            invited.has(sender, protocol, port)
        };
        for port in [80, 90, 91, 99, 514] {
            assert!(has("10.0.0.2", 17, port), "{port}");
            assert!(!has("10.0.0.3", 17, port), "{port}");
        }
        for port in [79, 100, 513, 515] {
            assert!(!has("10.0.0.2", 17, port), "{port}");
        }
        for (port, is_invited) in [(22, true), (23, false), (442, false), (65_535, true)] {
            assert_eq!(has("192.0.2.1", 6, port), is_invited, "{port}");
        }
        assert!(!has("10.0.0.2", 132, 80));
    }

    /// What the same rules invite to is one crowd, whichever of their clients asks which of their ports.
    #[test]
    fn crowds_are_told_apart_by_their_rules() {
        let mut clients = AddressSet::default();
        clients.insert_net("10.0.0.0/24".parse().unwrap());
        let mut one = AddressSet::default();
        one.insert("10.0.0.2".parse().unwrap());
        let invited = Invited::new(&[
            (Some(&clients), Transport::Udp, vec![(1, 999)]),
            (Some(&clients), Transport::Udp, vec![(514, 514)]),
            (Some(&one), Transport::Udp, vec![(514, 515)]),
            (None, Transport::Udp, vec![(53, 53), (67, 67)]),
        ]);
        let crowd = |host: u8, port| invited.crowd([10, 0, 0, host].into(), 17, port);
        for (same, other) in [((3, 1), (3, 999)), ((3, 514), (4, 514)), ((3, 53), (9, 67))] {
            assert_eq!(crowd(same.0, same.1), crowd(other.0, other.1));
        }
        let all = [(3, 1), (3, 514), (2, 514), (2, 515), (3, 53)];
        let all: BTreeSet<Option<Crowd>> = all.map(|(host, port)| crowd(host, port)).into();
        assert_eq!(all.len(), 5);
        assert!(!all.contains(&None) && !all.contains(&Some(Crowd::default())));
        let stranger = |port| invited.crowd([11, 0, 0, 1].into(), 17, port);
        assert!(stranger(514).is_none() && stranger(53).is_some());
        assert_ne!(stranger(53), crowd(3, 53));
    }
}
