//! Hosts around a router, over IPv4 and IPv6.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use anyhow::Context as _;

use crate::namespace::{Namespace, connect};

/// Hosts, each connected to one router by its own veth pair. Every host's interface is `eth0`.
#[derive(Debug)]
pub struct Cluster {
    pub router: Namespace,
    hosts: Vec<Namespace>,
}

impl Cluster {
    /// Builds a cluster with these hosts; the first is host 1.
    ///
    /// # Errors
    ///
    /// No root, or a command is missing.
    pub fn build(names: &[&str]) -> anyhow::Result<Self> {
        let router = Namespace::new("router")?;
        router.set("net/ipv4/ip_forward", "1")?;
        router.set("net/ipv6/conf/all/forwarding", "1")?;
        let mut hosts = Vec::new();
        for (index, name) in (1..).zip(names) {
            let host = Namespace::new(name)?;
            connect(&router, name, &host, "eth0")?;
            router.run(&format!("ip address add 10.77.{index}.1/24 dev {name}"))?;
            router.run(&format!("ip address add fd77:0:0:{index}::1/64 dev {name}"))?;
            host.run(&format!("ip address add 10.77.{index}.2/24 dev eth0"))?;
            host.run(&format!("ip address add fd77:0:0:{index}::2/64 dev eth0"))?;
            host.run(&format!("ip route add default via 10.77.{index}.1"))?;
            host.run(&format!("ip -6 route add default via fd77:0:0:{index}::1"))?;
            hosts.push(host);
        }
        Ok(Self { router, hosts })
    }

    /// A host by its name.
    ///
    /// # Errors
    ///
    /// No host has the name.
    pub fn host(&self, name: &str) -> anyhow::Result<&Namespace> {
        self.hosts
            .iter()
            .find(|host| host.name() == name)
            .with_context(|| format!("the lab has no host {name}"))
    }

    /// A host's address of either version.
    ///
    /// # Errors
    ///
    /// No host has the name.
    pub fn address(&self, name: &str, version: Version) -> anyhow::Result<IpAddr> {
        let index = self.hosts.iter().position(|host| host.name() == name);
        let index =
            u8::try_from(index.with_context(|| format!("the lab has no host {name}"))?)? + 1;
        Ok(match version {
            Version::V4 => Ipv4Addr::new(10, 77, index, 2).into(),
            Version::V6 => Ipv6Addr::new(0xfd77, 0, 0, u16::from(index), 0, 0, 0, 2).into(),
        })
    }
}

/// A version of IP.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    V4,
    V6,
}
