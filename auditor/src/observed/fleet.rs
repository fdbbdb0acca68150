//! Many hosts that are looked at as one, and what each of them may have missed.

use std::{
    collections::{BTreeSet, HashMap},
    net::IpAddr,
};

/// The hosts of a fleet.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Fleet {
    members: Vec<Member>,
    /// By address: the only member that has it, or `None` where several do, as of what each host gives its containers.
    holders: HashMap<IpAddr, Option<usize>>,
}

/// A host of a fleet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    pub name: String,
    pub addresses: BTreeSet<IpAddr>,
    pub sight: Sight,
}

/// What a host sees of its own traffic.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Sight {
    /// It says what it sees, and what it may have missed.
    Watching {
        /// Rules, by their labels, whose traffic it may have missed.
        hidden: BTreeSet<String>,
        /// Rules of which a connection is open and idle.
        idle: BTreeSet<String>,
        /// Traffic of any kind may have gone unseen for a part of the window.
        has_gap: bool,
    },
    /// Nothing that counts now: it is silent, or compares with something else.
    Nothing,
}

impl Fleet {
    pub fn new(members: Vec<Member>) -> Self {
        let mut holders: HashMap<IpAddr, Option<usize>> = HashMap::new();
        for (at, member) in members.iter().enumerate() {
            for address in &member.addresses {
                // Every host has those.
                if address.is_loopback() || is_link_local(*address) {
                    continue;
                }
                holders
                    .entry(*address)
                    .and_modify(|holder| *holder = None)
                    .or_insert(Some(at));
            }
        }
        Self { members, holders }
    }

    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// The member that has an address and is the only one.
    pub fn holder(&self, address: IpAddr) -> Option<usize> {
        self.holders.get(&address).copied().flatten()
    }

    /// Whether several members have an address, so that it says nothing of which of them is meant.
    pub fn is_shared(&self, address: IpAddr) -> bool {
        address.is_loopback() || is_link_local(address) || self.holders.get(&address) == Some(&None)
    }

    /// Whether the member with this address says what it sees.
    pub fn watches(&self, address: IpAddr) -> bool {
        self.member(address)
            .is_some_and(|member| member.sight != Sight::Nothing)
    }

    /// Whether the answer to what was asked between these addresses may have gone unseen: the client's host knows, and else
    /// the server's.
    pub fn may_hide_answer(&self, client: IpAddr, server: IpAddr) -> bool {
        let member = self.member(client).or_else(|| self.member(server));
        member.is_none_or(|member| match &member.sight {
            Sight::Watching { has_gap, .. } => *has_gap,
            // What it said before it fell silent was whole.
            Sight::Nothing => false,
        })
    }

    fn member(&self, address: IpAddr) -> Option<&Member> {
        self.members.get(self.holder(address)?)
    }
}

const fn is_link_local(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
