//! What rules let other hosts ask this one: whose traffic a rule would miss if it found no place.

use std::net::IpAddr;

use crate::{address::AddressSet, transport::Transport};

/// Who may ask what of this host, by its rules. Many rules have the same clients, so that there are few groups.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Invited(Vec<Group>);

#[derive(Clone, Debug, Eq, PartialEq)]
struct Group {
    /// `None` is anybody.
    clients: Option<AddressSet>,
    transport: Transport,
    /// Sorted, and none reaches into another.
    ports: Vec<(u16, u16)>,
}

impl Invited {
    /// Lets these clients, or anybody, ask ports of a transport.
    pub fn insert(
        &mut self,
        clients: Option<&AddressSet>,
        transport: Transport,
        ports: impl IntoIterator<Item = (u16, u16)>,
    ) {
        let is_same =
            |group: &Group| group.transport == transport && group.clients.as_ref() == clients;
        let known = self.0.iter().position(is_same);
        let mut group = match known {
            Some(at) => self.0.swap_remove(at),
            None => Group {
                clients: clients.cloned(),
                transport,
                ports: Vec::new(),
            },
        };
        group.ports.extend(ports);
        group.ports.sort_unstable();
        group.ports.dedup_by(|later, before| {
            let joins = later.0 <= before.1.saturating_add(1);
            if joins {
                before.1 = before.1.max(later.1);
            }
            joins
        });
        self.0.push(group);
    }

    /// Whether a rule lets this host ask this port.
    pub fn has(&self, sender: IpAddr, protocol: u8, port: u16) -> bool {
        self.groups(protocol, port).any(|group| {
            let clients = group.clients.as_ref();
            clients.is_none_or(|clients| clients.contains(sender))
        })
    }

    /// Whom rules let ask this port.
    pub(super) fn clients(&self, protocol: u8, port: u16) -> Vec<Option<&AddressSet>> {
        let groups = self.groups(protocol, port);
        groups.map(|group| group.clients.as_ref()).collect()
    }

    fn groups(&self, protocol: u8, port: u16) -> impl Iterator<Item = &Group> {
        let transport = Transport::from_protocol(protocol);
        self.0
            .iter()
            .filter(move |group| Some(group.transport) == transport && group.names(port))
    }
}

impl Group {
    fn names(&self, port: u16) -> bool {
        let after = self.ports.partition_point(|(_, last)| *last < port);
        self.ports
            .get(after)
            .is_some_and(|(first, _)| *first <= port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_many_rules() {
        let mut clients = AddressSet::default();
        clients.insert("10.0.0.2".parse().unwrap());
        let mut invited = Invited::default();
        for ports in [[(514, 514), (80, 90)], [(85, 99), (91, 91)]] {
            invited.insert(Some(&clients), Transport::Udp, ports);
        }
        invited.insert(None, Transport::Tcp, [(0, 22), (443, u16::MAX)]);
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
}
