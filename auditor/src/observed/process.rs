//! The processes that own this host's sockets, and those that are behind a flow.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use super::{Endpoints, Flow, Host};
use crate::{deployment::ProcessDetail, transport::Transport};

/// A process, as it was when its sockets were read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Process {
    pub pid: u32,
    /// The kernel's name for it, 15 bytes at most.
    pub name: String,
    /// Those of its arguments that cannot be secrets, joined with spaces; empty where they are not wanted.
    pub command: String,
    /// The service or scope that its control group belongs to.
    pub unit: Option<String>,
    /// The first digits of the container's id that its control group names.
    pub container: Option<String>,
    /// Whether outputs may say it; one that they may not is held to tell programs apart.
    pub is_shown: bool,
}

/// Bounds: the processes kept for one port or service, and the services kept.
const MOST_EACH: usize = 8;
const MOST_SERVICES: usize = 16_384;

impl Process {
    /// Whether this is the same program, run in the same unit and container.
    fn is_like(&self, other: &Self) -> bool {
        // Where arguments were not wanted before or are not any more, one of the two has none.
        let has_both = !self.command.is_empty() && !other.command.is_empty();
        (&self.name, &self.unit, &self.container) == (&other.name, &other.unit, &other.container)
            && (!has_both || self.command == other.command)
    }

    /// This process with no more than such detail.
    fn within(mut self, detail: ProcessDetail) -> Self {
        if detail < ProcessDetail::Command {
            self.command.clear();
        }
        if detail < ProcessDetail::Name {
            self = Self {
                pid: 0,
                name: self.name,
                command: self.command,
                unit: None,
                container: None,
                is_shown: false,
            };
        }
        self
    }
}

/// A network namespace: the watched one, or another one of this host, by its number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum NetworkNamespace {
    Watched,
    Other(u64),
}

/// A process with a socket.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct SocketOwner {
    pub process: Process,
    /// The socket's own address; of one that listens, the unspecified address means all addresses of its namespace.
    pub address: IpAddr,
    pub namespace: NetworkNamespace,
}

impl SocketOwner {
    /// Whether this is the same program with the same address.
    fn is_like(&self, other: &Self) -> bool {
        (self.address, self.namespace) == (other.address, other.namespace)
            && self.process.is_like(&other.process)
    }

    /// Whether its socket has this address. An unspecified IPv6 address also takes IPv4.
    fn has(&self, address: IpAddr) -> bool {
        self.address == address
            || self.address.is_unspecified() && (self.address.is_ipv6() || address.is_ipv4())
    }

    pub fn is_elsewhere(&self) -> bool {
        self.namespace != NetworkNamespace::Watched
    }
}

/// Owners of sockets, each with when it was last seen.
type Owners = BTreeMap<SocketOwner, Duration>;

/// Which processes own which sockets. Sampled from time to time: a connection opened and closed between two samples is
/// missed.
///
/// Times are those since the first sample.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SocketOwners {
    servers: BTreeMap<(Transport, u16), Owners>,
    /// By what they are connected to: the server's address and port.
    clients: BTreeMap<(Transport, IpAddr, u16), Owners>,
    /// The addresses of other network namespaces.
    addresses: BTreeMap<u64, (BTreeSet<IpAddr>, Duration)>,
}

impl SocketOwners {
    /// Adds a process that listens on a port.
    pub fn add_server(
        &mut self,
        transport: Transport,
        port: u16,
        owner: SocketOwner,
        at: Duration,
    ) {
        add(
            self.servers.entry((transport, port)).or_default(),
            owner,
            at,
        );
    }

    /// Adds a process that is connected to a server's address and port.
    pub fn add_client(
        &mut self,
        transport: Transport,
        server: (IpAddr, u16),
        owner: SocketOwner,
        at: Duration,
    ) {
        let key = (transport, server.0, server.1);
        if self.clients.len() < MOST_SERVICES || self.clients.contains_key(&key) {
            add(self.clients.entry(key).or_default(), owner, at);
        }
    }

    /// Says which addresses another network namespace has.
    pub fn add_namespace(&mut self, namespace: u64, addresses: BTreeSet<IpAddr>, at: Duration) {
        self.addresses.insert(namespace, (addresses, at));
    }

    /// Adds a later sample. Of processes that differ only in their PID the latest is kept; at a bound, known entries stay
    /// and new ones are dropped.
    pub fn extend(&mut self, more: Self) {
        for ((transport, port), owners) in more.servers {
            for (owner, at) in owners {
                self.add_server(transport, port, owner, at);
            }
        }
        for ((transport, address, port), owners) in more.clients {
            for (owner, at) in owners {
                self.add_client(transport, (address, port), owner, at);
            }
        }
        self.addresses.extend(more.addresses);
    }

    /// Forgets what is more than such detail of every process.
    pub fn reduce(&mut self, detail: ProcessDetail) {
        if detail == ProcessDetail::Command {
            return;
        }
        for owners in self.servers.values_mut().chain(self.clients.values_mut()) {
            for (mut owner, at) in std::mem::take(owners) {
                owner.process = owner.process.within(detail);
                let last = owners.entry(owner).or_insert(at);
                *last = at.max(*last);
            }
        }
    }

    /// Forgets what was last seen before a time.
    pub fn forget(&mut self, before: Duration) {
        self.servers.retain(|_, owners| {
            owners.retain(|_, at| before <= *at);
            !owners.is_empty()
        });
        self.clients.retain(|_, owners| {
            owners.retain(|_, at| before <= *at);
            !owners.is_empty()
        });
        self.addresses.retain(|_, (_, at)| before <= *at);
    }

    /// Processes of the watched namespace that listen on a port.
    pub fn listeners(&self) -> impl Iterator<Item = (Transport, u16, &SocketOwner)> {
        self.servers.iter().flat_map(|((transport, port), owners)| {
            let here = owners.keys().filter(|owner| !owner.is_elsewhere());
            here.map(|owner| (*transport, *port, owner))
        })
    }

    /// The processes that serve a flow. Where addresses are translated, those are behind its real endpoints.
    pub fn servers_of(&self, host: &Host, flow: &Flow) -> BTreeSet<&SocketOwner> {
        let Some(transport) = flow.transport() else {
            return BTreeSet::new();
        };
        let serve = |ends: Endpoints| {
            let all = self.servers.get(&(transport, ends.port));
            let namespace = self.namespace(host, ends.server);
            let may_serve: Vec<(&SocketOwner, Duration)> = all
                .into_iter()
                .flatten()
                .filter(|(one, _)| Some(one.namespace) == namespace && one.has(ends.server))
                .map(|(one, at)| (one, *at))
                .collect();
            most_specific(&may_serve, ends.server)
        };
        real(flow).into_iter().flat_map(serve).collect()
    }

    /// The processes that opened a flow, or that are connected from the same address to the same service of the same server.
    pub fn clients_of(&self, host: &Host, flow: &Flow) -> BTreeSet<&SocketOwner> {
        let Some(transport) = flow.transport() else {
            return BTreeSet::new();
        };
        let opened = |ends: Endpoints| {
            // A client knows the address that it asked, whatever that is translated to.
            let servers = [(flow.server, flow.port), (ends.server, ends.port)];
            let servers: BTreeSet<(IpAddr, u16)> = servers.into();
            let namespace = self.namespace(host, ends.client);
            servers
                .into_iter()
                .filter_map(|(server, port)| self.clients.get(&(transport, server, port)))
                .flat_map(BTreeMap::keys)
                .filter(move |one| Some(one.namespace) == namespace && one.has(ends.client))
                .collect::<Vec<_>>()
        };
        real(flow).into_iter().flat_map(opened).collect()
    }

    /// The network namespace in which an address is; `None` if that is none of this host's, or cannot be told: containers of
    /// several networks may have the same address.
    fn namespace(&self, host: &Host, address: IpAddr) -> Option<NetworkNamespace> {
        if host.has(address) || address.is_loopback() {
            return Some(NetworkNamespace::Watched);
        }
        let mut others = self
            .addresses
            .iter()
            .filter(|(_, (addresses, _))| addresses.contains(&address))
            .map(|(namespace, _)| NetworkNamespace::Other(*namespace));
        match (others.next(), others.next()) {
            (Some(only), None) => Some(only),
            (None, _) | (Some(_), Some(_)) => None,
        }
    }
}

/// Those of several owners of sockets that the kernel chooses for an address: one that is bound to it, before one for all of its
/// family, before one for all of both. Where that one is no more, others may have served before or since.
fn most_specific<'a>(
    owners: &[(&'a SocketOwner, Duration)],
    address: IpAddr,
) -> Vec<&'a SocketOwner> {
    let rank = |owner: &SocketOwner| {
        if owner.address == address {
            0
        } else {
            1 + u8::from(owner.address.is_ipv4() != address.is_ipv4())
        }
    };
    let latest = owners.iter().map(|(_, at)| *at).max();
    let there = owners.iter().filter(|(_, at)| Some(*at) == latest);
    let best = owners.iter().map(|(owner, _)| rank(owner)).min();
    let is_there = there.map(|(owner, _)| rank(owner)).min() == best;
    let chosen = owners
        .iter()
        .filter(|(owner, _)| !is_there || Some(rank(owner)) == best);
    chosen.map(|(owner, _)| *owner).collect()
}

/// The endpoints between which a flow really is.
fn real(flow: &Flow) -> Vec<Endpoints> {
    if flow.translated.is_empty() {
        vec![flow.endpoints()]
    } else {
        flow.translated.iter().copied().collect()
    }
}

fn add(owners: &mut Owners, owner: SocketOwner, at: Duration) {
    owners.retain(|one, _| !one.is_like(&owner));
    if owners.len() < MOST_EACH {
        owners.insert(owner, at);
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, net::IpAddr, time::Duration};

    use auditor_common::Evidence;
    use jiff::Timestamp;

    use super::{NetworkNamespace, Process, SocketOwner, SocketOwners};
    use crate::{
        deployment::ProcessDetail,
        observed::{DirectionCounters, Endpoints, Flow, Host},
        transport::Transport,
    };

    const NOW: Duration = Duration::from_mins(1);

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn owner(pid: u32, at: &str, namespace: NetworkNamespace) -> SocketOwner {
        SocketOwner {
            process: Process {
                pid,
                name: "nginx".to_owned(),
                command: "nginx: worker".to_owned(),
                unit: None,
                container: None,
                is_shown: true,
            },
            address: address(at),
            namespace,
        }
    }

    fn flow(client: &str, server: &str, port: u16, real: &[(&str, &str, u16)]) -> Flow {
        let counters = DirectionCounters::default();
        Flow {
            client: address(client),
            server: address(server),
            protocol: 6,
            port,
            interface: "eth0".to_owned(),
            tunnel: None,
            to_server: counters,
            to_client: counters,
            requests: 1,
            replies: 1,
            refusals: 0,
            first: Timestamp::UNIX_EPOCH,
            last: Timestamp::UNIX_EPOCH,
            evidence: Evidence::Handshake,
            translated: real
                .iter()
                .map(|(client, server, port)| Endpoints {
                    client: address(client),
                    server: address(server),
                    port: *port,
                })
                .collect(),
            remembered: None,
            client_direction: None,
            client_port: None,
            is_unreachable: false,
        }
    }

    fn host() -> Host {
        Host {
            addresses: [address("10.0.0.1"), address("fd00::1")].into(),
            ..Host::default()
        }
    }

    fn pids(owners: BTreeSet<&SocketOwner>) -> Vec<u32> {
        owners.into_iter().map(|one| one.process.pid).collect()
    }

    /// Two containers, one of which has an address of its own, and this host.
    fn owners() -> SocketOwners {
        use NetworkNamespace::{Other, Watched};
        let mut owners = SocketOwners::default();
        owners.add_namespace(
            7,
            [address("172.17.0.2"), address("172.18.0.9")].into(),
            NOW,
        );
        owners.add_namespace(8, [address("172.18.0.9")].into(), NOW);
        for (pid, port, at, namespace) in [
            (1, 80, "10.0.0.1", Watched),
            (2, 80, "127.0.0.1", Watched),
            (3, 80, "0.0.0.0", Other(7)),
            (4, 9000, "0.0.0.0", Other(8)),
            (5, 443, "0.0.0.0", Watched),
            (6, 53, "::", Watched),
        ] {
            owners.add_server(Transport::Tcp, port, owner(pid, at, namespace), NOW);
        }
        for (pid, at, namespace) in [(11, "10.0.0.1", Watched), (12, "172.17.0.2", Other(7))] {
            let server = (address("192.0.2.1"), 443);
            owners.add_client(Transport::Tcp, server, owner(pid, at, namespace), NOW);
        }
        owners
    }

    #[test]
    fn whose_address_and_namespace_fit() {
        let owners = owners();
        for (server, port, real, expected) in [
            ("10.0.0.1", 80, &[][..], &[1][..]),
            ("127.0.0.1", 80, &[], &[2]),
            // Somebody listens on that number, in a namespace without that address.
            ("10.0.0.1", 9000, &[], &[]),
            // Published: the container behind the translation, and nobody who listens on the published number.
            ("10.0.0.1", 9000, &[("10.0.0.2", "172.17.0.2", 80)], &[3]),
            ("10.0.0.1", 443, &[("10.0.0.2", "172.17.0.2", 80)], &[3]),
            ("172.17.0.2", 80, &[], &[3]),
            // Two namespaces have that address.
            ("10.0.0.1", 9000, &[("10.0.0.2", "172.18.0.9", 9000)], &[]),
            ("fd00::1", 443, &[], &[]),
            ("fd00::1", 53, &[], &[6]),
            ("10.0.0.1", 53, &[], &[6]),
        ] {
            let flow = flow("10.0.0.2", server, port, real);
            let found = pids(owners.servers_of(&host(), &flow));
            assert_eq!(found, expected, "{server} {port} {real:?}");
        }
    }

    #[test]
    fn the_most_specific_socket_serves() {
        let mut owners = SocketOwners::default();
        let later = NOW + NOW;
        for (pid, at, seen) in [
            (1, "::", later),
            (2, "0.0.0.0", later),
            (3, "10.0.0.1", later),
        ] {
            // Programs of one name and address are one.
            let mut owner = owner(pid, at, NetworkNamespace::Watched);
            owner.process.name = format!("p{pid}");
            owners.add_server(Transport::Tcp, 80, owner, seen);
        }
        let served = |owners: &SocketOwners, server: &str| {
            pids(owners.servers_of(&host(), &flow("192.0.2.9", server, 80, &[])))
        };
        assert_eq!(served(&owners, "10.0.0.1"), [3]);
        assert_eq!(served(&owners, "127.0.0.2"), [2]);
        assert_eq!(served(&owners, "fd00::1"), [1]);
        // One that was there before, and is no more, may have served too.
        let mut gone = SocketOwners::default();
        for (one, seen) in owners.servers[&(Transport::Tcp, 80)].clone() {
            let seen = if one.address == address("10.0.0.1") {
                NOW
            } else {
                seen
            };
            gone.add_server(Transport::Tcp, 80, one, seen);
        }
        assert_eq!(served(&gone, "10.0.0.1").len(), 3);
        // What is passed on to others is served by none of this host's.
        assert_eq!(served(&owners, "192.0.2.1"), [0; 0]);
    }

    #[test]
    fn who_opened_it() {
        let owners = owners();
        for (client, real, expected) in [
            ("10.0.0.1", &[][..], &[11][..]),
            ("172.17.0.2", &[], &[12]),
            // Masqueraded: the container, and no process of this host that happens to ask the same server.
            ("10.0.0.1", &[("172.17.0.2", "192.0.2.1", 443)], &[12]),
            ("10.0.0.9", &[], &[]),
        ] {
            let flow = flow(client, "192.0.2.1", 443, real);
            let found = pids(owners.clients_of(&host(), &flow));
            assert_eq!(found, expected, "{client} {real:?}");
        }
    }

    #[test]
    fn a_program_that_starts_again_is_kept_once() {
        let mut owners = SocketOwners::default();
        for (pid, namespace) in [
            (7, NetworkNamespace::Watched),
            (5, NetworkNamespace::Watched),
            (9, NetworkNamespace::Other(1)),
        ] {
            owners.add_server(Transport::Tcp, 80, owner(pid, "0.0.0.0", namespace), NOW);
        }
        let found: Vec<u32> = owners.servers[&(Transport::Tcp, 80)]
            .keys()
            .map(|one| one.process.pid)
            .collect();
        assert_eq!(found, [5, 9]);
    }

    #[test]
    fn what_is_not_wanted_any_more_is_forgotten() {
        let mut owners = owners();
        let all = |owners: &SocketOwners| -> Vec<(String, bool)> {
            let text = |one: &SocketOwner| format!("{} {}", one.process.name, one.process.command);
            let one = |owner: &SocketOwner| (text(owner), owner.process.is_shown);
            owners
                .servers
                .values()
                .chain(owners.clients.values())
                .flat_map(|it| it.keys().map(one))
                .collect()
        };
        owners.reduce(ProcessDetail::Command);
        assert!(
            all(&owners)
                .iter()
                .all(|(text, _)| text == "nginx nginx: worker")
        );
        owners.reduce(ProcessDetail::Name);
        assert!(
            all(&owners)
                .iter()
                .all(|one| *one == ("nginx ".to_owned(), true))
        );
        // One that is seen again with its arguments is the same.
        let again = owner(1, "10.0.0.1", NetworkNamespace::Watched);
        let n = all(&owners).len();
        owners.add_server(Transport::Tcp, 80, again, NOW);
        assert_eq!(all(&owners).len(), n);
        owners.reduce(ProcessDetail::Off);
        assert!(
            all(&owners)
                .iter()
                .all(|one| *one == ("nginx ".to_owned(), false))
        );
        assert!(
            owners
                .listeners()
                .all(|(_, _, owner)| owner.process.pid == 0)
        );
    }

    #[test]
    fn what_is_no_more_is_forgotten() {
        let mut owners = owners();
        owners.add_server(
            Transport::Tcp,
            9999,
            owner(20, "0.0.0.0", NetworkNamespace::Watched),
            2 * NOW,
        );
        owners.forget(2 * NOW);
        assert_eq!(owners.listeners().count(), 1);
        assert!(owners.clients.is_empty() && owners.addresses.is_empty());
    }
}
