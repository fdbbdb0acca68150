//! What is known of this host before anything is attached, and kept up to date while it is watched.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use anyhow::Context as _;
use auditor_common::packet::Tunnel;
use ipnet::IpNet;

use super::{clock, local::LocalRoutes, remembered::Remembered};
use crate::{
    capture::{
        Interface, Interfaces,
        listener::{self, Listeners},
        sockets,
    },
    observed::{self, Host, Listener, LocalNetworks, LocalRoute, SocketOwners, Ways},
    port::PortRange,
};

/// This host as seen from the session's network namespace.
pub(crate) struct HostFacts {
    pub(crate) host: Host,
    /// Its interfaces when they were last listed.
    pub(crate) interfaces: Vec<Interface>,
    /// The range of ephemeral ports, from which the kernel takes the ports of clients.
    pub(crate) ephemeral: PortRange,
    changes: Interfaces,
    listeners: Listeners,
    local: LocalRoutes,
    /// How long a fact that is so no more still counts; `None` as long as the session goes on.
    memory: Option<Duration>,
    remembered: Facts,
}

/// What this host is known by, with when each was last so.
struct Facts {
    addresses: Remembered<IpAddr>,
    networks: Remembered<IpNet>,
    local: Remembered<LocalRoute>,
    listeners: Remembered<Listener>,
}

const HOSTNAME: &str = "/proc/sys/kernel/hostname";

/// This host's name, as far as the kernel says it.
pub(crate) fn name() -> String {
    let name = std::fs::read_to_string(HOSTNAME).unwrap_or_default();
    name.trim().to_owned()
}

impl HostFacts {
    /// Reads the facts of the current network namespace; the name given is for the report only.
    ///
    /// # Errors
    ///
    /// The interfaces, the listening sockets or the host's name can't be read.
    pub(crate) async fn read(network_namespace: Option<String>) -> anyhow::Result<Self> {
        let changes = Interfaces::open()?;
        let interfaces = changes.list().await?;
        let ephemeral = listener::ephemeral_range();
        let mut listeners = Listeners::new(ephemeral);
        let name = std::fs::read_to_string(HOSTNAME).context("cannot read this host's name")?;
        let now = clock::monotonic();
        let listening = listeners
            .list()
            .context("cannot list the sockets that listen")?;
        let mut local = LocalRoutes::default();
        let remembered = Facts {
            addresses: Remembered::new(addresses(&interfaces), now),
            networks: Remembered::new(networks(&interfaces), now),
            local: Remembered::new(local.look(), now),
            listeners: Remembered::new(listening, now),
        };
        let addresses = remembered.addresses.known();
        let host = Host {
            name: name.trim().to_owned(),
            network_namespace,
            local: beside(&remembered.local.known(), &addresses),
            addresses,
            networks: remembered.networks.known(),
            tunnels: tunnels(&interfaces),
            connections: sockets::connections().unwrap_or_default(),
            is_captured: false,
            ways: Ways::default(),
            owners: SocketOwners::default(),
            listeners: remembered.listeners.known(),
            unwatched: BTreeSet::new(),
            apart: BTreeSet::new(),
            former: BTreeSet::new(),
            fleet: None,
            ephemeral: Some(ephemeral),
        };
        Ok(Self {
            host,
            interfaces,
            ephemeral,
            changes,
            listeners,
            local,
            memory: None,
            remembered,
        })
    }

    /// Forgets from now on what is so no more for this long: an address that moved, a socket that was closed.
    pub(crate) const fn remember_for(&mut self, memory: Duration) {
        self.memory = Some(memory);
    }

    /// Waits until an interface appears, disappears or changes.
    pub(crate) async fn interfaces_changed(&mut self) {
        self.changes.changed().await;
    }

    /// Whether filters of interfaces changed since this was last asked.
    pub(crate) fn take_filters_changed(&mut self) -> bool {
        self.changes.take_filters_changed()
    }

    /// Lists the interfaces again; if that fails, they stay as they were. Addresses that the host no longer has count as its
    /// own until they are forgotten.
    pub(crate) async fn list_interfaces(&mut self) -> anyhow::Result<()> {
        match self.changes.list().await {
            Ok(interfaces) => self.interfaces = interfaces,
            Err(error) => {
                // Whatever became of the socket, the next list may come by a new one.
                if let Ok(changes) = Interfaces::open() {
                    self.changes = changes;
                }
                return Err(error.into());
            }
        }
        let now = clock::monotonic();
        let Facts {
            addresses: known,
            networks: near,
            local,
            listeners: _,
        } = &mut self.remembered;
        local.see(self.local.look(), now);
        known.see(addresses(&self.interfaces), now);
        near.see(networks(&self.interfaces), now);
        if let Some(memory) = self.memory {
            known.forget(now, memory);
            near.forget(now, memory);
            local.forget(now, memory);
        }
        self.host.addresses = known.known();
        let now_has: BTreeSet<IpAddr> = addresses(&self.interfaces).collect();
        self.host.former = self.host.addresses.difference(&now_has).copied().collect();
        self.host.local = beside(&local.known(), &self.host.addresses);
        self.host.networks = near.known();
        self.host.tunnels = tunnels(&self.interfaces);
        Ok(())
    }

    /// The interfaces that are up and not watched, and by which packets to this host may come in.
    pub(crate) fn unwatched(&self, watched: &[observed::Interface]) -> BTreeSet<String> {
        unwatched(&self.interfaces, |name| {
            watched.iter().any(|one| one.name == name)
        })
    }

    /// The indices of interfaces that sockets are bound to, and by which nothing of what is watched comes in.
    pub(crate) fn apart(&self, watched: &[observed::Interface]) -> BTreeSet<u32> {
        let is_watched = |name: &str| watched.iter().any(|one| one.name == name);
        let devices = self.host.listeners.iter().map(|one| one.device);
        let devices = devices.filter(|device| *device != 0).collect();
        apart(devices, &self.interfaces, is_watched)
    }

    /// Lists the open connections again. Where that fails, those of the last list stay.
    pub(crate) fn list_connections(&mut self) {
        if let Ok(connections) = sockets::connections() {
            self.host.connections = connections;
        }
    }

    /// Lists the listening sockets again; true if some are new, or some are forgotten.
    pub(crate) fn list_listeners(&mut self) -> anyhow::Result<bool> {
        let listeners = self
            .listeners
            .list()
            .context("cannot list the sockets that listen")?;
        let now = clock::monotonic();
        let known = &mut self.remembered.listeners;
        known.see(listeners, now);
        if let Some(memory) = self.memory {
            known.forget(now, memory);
        }
        let known = known.known();
        let has_changed = known != self.host.listeners;
        self.host.listeners = known;
        Ok(has_changed)
    }
}

/// What local routes name beside the addresses of interfaces, which have routes of their own.
fn beside(routes: &BTreeSet<LocalRoute>, addresses: &BTreeSet<IpAddr>) -> LocalNetworks {
    let is_address = |network: IpNet| {
        network.prefix_len() == network.max_prefix_len() && addresses.contains(&network.addr())
    };
    LocalNetworks::of(routes.iter().filter(|route| !is_address(route.network)))
}

/// Hardware, and what has an address of its own, unless what is above or below it is watched. A bridge has packets from its ports.
fn unwatched(interfaces: &[Interface], is_watched: impl Fn(&str) -> bool) -> BTreeSet<String> {
    let watched = || interfaces.iter().filter(|one| is_watched(&one.name));
    let is_link_local = |address: &IpAddr| match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let brings_in = |one: &&Interface| {
        let is_seen_elsewhere = watched().any(|other| {
            let index = Some(other.index);
            one.lower == index || one.controller == index || other.controller == Some(one.index)
        });
        one.is_up
            && !one.is_loopback
            && !is_watched(&one.name)
            && one.kind.as_deref() != Some("bridge")
            && !is_seen_elsewhere
            && (one.kind.is_none() || one.addresses.iter().any(|one| !is_link_local(one)))
    };
    let names = interfaces.iter().filter(brings_in);
    names.map(|one| one.name.clone()).collect()
}

/// Those of the devices that are neither watched nor above an interface that is, as a VLAN, a bond and a VRF are. Of one that is not
/// listed nothing is known.
fn apart(
    mut devices: BTreeSet<u32>,
    interfaces: &[Interface],
    is_watched: impl Fn(&str) -> bool,
) -> BTreeSet<u32> {
    let watched = interfaces.iter().filter(|one| is_watched(&one.name));
    let mut open: Vec<u32> = watched.map(|one| one.index).collect();
    let mut reached = BTreeSet::new();
    while let Some(index) = open.pop() {
        if !reached.insert(index) {
            continue;
        }
        for one in interfaces {
            if one.index == index {
                open.extend(one.controller);
            }
            if one.lower == Some(index) {
                open.push(one.index);
            }
        }
    }
    devices.retain(|device| {
        !reached.contains(device) && interfaces.iter().any(|one| one.index == *device)
    });
    devices
}

fn addresses(interfaces: &[Interface]) -> impl Iterator<Item = IpAddr> {
    interfaces
        .iter()
        .flat_map(|interface| interface.addresses.iter().copied())
}

fn networks(interfaces: &[Interface]) -> impl Iterator<Item = IpNet> {
    interfaces
        .iter()
        .flat_map(|interface| interface.networks.iter().copied())
}

fn tunnels(interfaces: &[Interface]) -> BTreeMap<String, Tunnel> {
    interfaces
        .iter()
        .filter_map(|interface| {
            let tunnel = match interface.kind.as_deref()? {
                "vxlan" => Tunnel::Vxlan,
                "geneve" => Tunnel::Geneve,
                "gre" | "gretap" | "ip6gre" | "ip6gretap" => Tunnel::Gre,
                "ipip" | "ip6tnl" => Tunnel::Ipip,
                "sit" => Tunnel::SixIn,
                _ => return None,
            };
            Some((interface.name.clone(), tunnel))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Interface, apart, unwatched};

    fn interface(index: u32, name: &str, kind: Option<&str>, address: Option<&str>) -> Interface {
        Interface {
            index,
            name: name.to_owned(),
            kind: kind.map(str::to_owned),
            is_ethernet: true,
            is_loopback: name == "lo",
            is_up: true,
            xdp_programs: Vec::new(),
            n_vlans: 0,
            addresses: address.iter().map(|one| one.parse().unwrap()).collect(),
            networks: Vec::new(),
            mac: None,
            promiscuity: 0,
            packets: [0; 2],
            lower: None,
            controller: None,
        }
    }

    #[test]
    fn packets_may_come_in_by_what_is_not_watched() {
        let vlan = Interface {
            lower: Some(2),
            ..interface(6, "eth0.7", Some("vlan"), Some("10.7.0.1"))
        };
        let port = Interface {
            controller: Some(8),
            ..interface(7, "eth2", None, None)
        };
        let all = [
            interface(1, "lo", None, Some("127.0.0.1")),
            interface(2, "eth0", None, Some("10.0.0.1")),
            interface(3, "eth1", None, None),
            interface(4, "docker0", Some("bridge"), Some("172.17.0.1")),
            interface(5, "wg0", Some("wireguard"), Some("10.8.0.1")),
            vlan,
            port,
            interface(8, "bond0", Some("bond"), Some("10.9.0.1")),
            interface(9, "veth1", Some("veth"), Some("fe80::1")),
            Interface {
                is_up: false,
                ..interface(10, "eth3", None, Some("10.10.0.1"))
            },
        ];
        let found = unwatched(&all, |name| matches!(name, "eth0" | "eth2"));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["eth1", "wg0"]);
        let found = unwatched(&all, |name| matches!(name, "eth0" | "bond0"));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        assert_eq!(found, ["eth1", "wg0"]);
    }

    #[test]
    fn sockets_are_bound_to_what_is_not_watched() {
        let slave = Interface {
            controller: Some(3),
            ..interface(2, "eth0", None, None)
        };
        let vlan = Interface {
            lower: Some(3),
            ..interface(4, "bond0.7", Some("vlan"), None)
        };
        let all = [
            interface(1, "lo", None, None),
            slave,
            interface(3, "bond0", Some("bond"), None),
            vlan,
            interface(5, "eth1", None, None),
        ];
        let devices = [1, 2, 3, 4, 5, 6].into();
        assert_eq!(apart(devices, &all, |name| name == "eth0"), [1, 5].into());
    }
}
