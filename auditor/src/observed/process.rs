//! The processes that own this host's sockets.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use super::Flow;
use crate::transport::Transport;

/// A process, as it was when its sockets were read.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Process {
    pub pid: u32,
    /// The kernel's name for it, 15 bytes at most.
    pub name: String,
    /// Its arguments, joined with spaces.
    pub command: String,
    /// The service or scope that its control group belongs to.
    pub unit: Option<String>,
    /// The first digits of the container's id that its control group names.
    pub container: Option<String>,
}

/// Bounds: the processes kept for one port or service, and the services kept.
const MOST_EACH: usize = 8;
const MOST_SERVICES: usize = 16_384;

impl Process {
    /// Whether this is the same program, run in the same unit and container.
    fn is_like(&self, other: &Self) -> bool {
        (&self.name, &self.command, &self.unit, &self.container)
            == (&other.name, &other.command, &other.unit, &other.container)
    }
}

/// A process with a listening socket.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct ServerProcess {
    pub process: Process,
    /// Where it listens; the unspecified address means all addresses.
    pub address: IpAddr,
    /// It listens in another network namespace of this host.
    pub in_other_namespace: bool,
}

impl ServerProcess {
    /// Whether this is the same program, and listens at the same address.
    fn is_like(&self, other: &Self) -> bool {
        (self.address, self.in_other_namespace) == (other.address, other.in_other_namespace)
            && self.process.is_like(&other.process)
    }
}

/// Which processes own which sockets. Sampled from time to time: a connection opened and closed between two samples is
/// missed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SocketOwners {
    pub servers: BTreeMap<(Transport, u16), BTreeSet<ServerProcess>>,
    /// By what they are connected to: the server's address and port.
    pub clients: BTreeMap<(Transport, IpAddr, u16), BTreeSet<Process>>,
}

impl SocketOwners {
    /// Adds a later sample. Of processes that differ only in their PID the latest is kept; at a bound, known entries stay
    /// and new ones are dropped.
    pub fn extend(&mut self, more: Self) {
        for (key, servers) in more.servers {
            let known = self.servers.entry(key).or_default();
            for server in servers {
                known.retain(|one| !one.is_like(&server));
                if known.len() < MOST_EACH {
                    known.insert(server);
                }
            }
        }
        for (key, clients) in more.clients {
            if MOST_SERVICES <= self.clients.len() && !self.clients.contains_key(&key) {
                continue;
            }
            let known = self.clients.entry(key).or_default();
            for client in clients {
                known.retain(|one| !one.is_like(&client));
                if known.len() < MOST_EACH {
                    known.insert(client);
                }
            }
        }
    }

    /// The processes that serve a flow to an address of this host. Those in other network namespaces are named only if none
    /// listens in the watched one.
    pub fn servers_of(&self, flow: &Flow) -> Vec<&ServerProcess> {
        let Some(transport) = flow.transport() else {
            return Vec::new();
        };
        let all = self.servers.get(&(transport, flow.port));
        let reached = |server: &&ServerProcess| {
            server.address.is_unspecified() || server.address == flow.server
        };
        let (here, elsewhere): (Vec<&ServerProcess>, Vec<&ServerProcess>) = all
            .into_iter()
            .flatten()
            .filter(reached)
            .partition(|server| !server.in_other_namespace);
        if here.is_empty() { elsewhere } else { here }
    }

    /// The processes of this host that opened a flow, or that are connected to the same service of the same server.
    pub fn clients_of(&self, flow: &Flow) -> Vec<&Process> {
        let Some(transport) = flow.transport() else {
            return Vec::new();
        };
        let all = self.clients.get(&(transport, flow.server, flow.port));
        all.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        net::{IpAddr, Ipv4Addr},
    };

    use super::{Process, ServerProcess, SocketOwners};
    use crate::transport::Transport;

    const ALL: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

    fn server(pid: u32, address: IpAddr, in_other_namespace: bool) -> ServerProcess {
        ServerProcess {
            process: Process {
                pid,
                name: "nginx".to_owned(),
                command: "nginx: worker".to_owned(),
                unit: None,
                container: None,
            },
            address,
            in_other_namespace,
        }
    }

    /// The PIDs and namespace flags of the processes that are kept when these are added one by one.
    fn kept(seen: &[ServerProcess]) -> Vec<(u32, bool)> {
        let mut owners = SocketOwners::default();
        for server in seen {
            let servers = [((Transport::Tcp, 80), BTreeSet::from([server.clone()]))];
            owners.extend(SocketOwners {
                servers: servers.into(),
                ..SocketOwners::default()
            });
        }
        let servers = owners.servers.values().flatten();
        servers
            .map(|server| (server.process.pid, server.in_other_namespace))
            .collect()
    }

    #[test]
    fn a_program_that_starts_again_is_kept_once() {
        let seen = [server(7, ALL, false), server(5, ALL, false)];
        assert_eq!(kept(&seen), [(5, false)]);
    }

    #[test]
    fn the_same_program_elsewhere_is_another() {
        let seen = [server(5, ALL, false), server(7, ALL, true)];
        assert_eq!(kept(&seen), [(5, false), (7, true)]);
        let seen = [server(7, ALL, true), server(5, ALL, false)];
        assert_eq!(kept(&seen), [(5, false), (7, true)]);
    }
}
