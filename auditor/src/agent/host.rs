//! What is known of this host before anything is attached, and kept up to date while it is watched.

use anyhow::Context as _;

use crate::{
    capture::{
        Interface, Interfaces,
        listener::{self, Listeners},
        sockets,
    },
    observed::{Host, SocketOwners},
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
        let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
            .context("cannot read this host's name")?;
        let host = Host {
            name: name.trim().to_owned(),
            network_namespace,
            addresses: interfaces
                .iter()
                .flat_map(|interface| interface.addresses.iter().copied())
                .collect(),
            broadcasts: interfaces
                .iter()
                .flat_map(|interface| interface.broadcasts.iter().copied())
                .collect(),
            connections: sockets::connections().unwrap_or_default(),
            is_captured: false,
            owners: SocketOwners::default(),
            listeners: listeners
                .list()
                .context("cannot list the sockets that listen")?,
        };
        Ok(Self {
            host,
            interfaces,
            ephemeral,
            changes,
            listeners,
        })
    }

    /// Waits until an interface appears, disappears or changes.
    pub(crate) async fn interfaces_changed(&mut self) {
        self.changes.changed().await;
    }

    /// Lists the interfaces again. Addresses that the host no longer has still count as its own.
    pub(crate) async fn list_interfaces(&mut self) -> anyhow::Result<()> {
        self.interfaces = self.changes.list().await?;
        let addresses = self
            .interfaces
            .iter()
            .flat_map(|one| one.addresses.iter().copied());
        self.host.addresses.extend(addresses);
        self.host.broadcasts = self
            .interfaces
            .iter()
            .flat_map(|one| one.broadcasts.iter().copied())
            .collect();
        Ok(())
    }

    /// Lists the open connections again. Where that fails, those of the last list stay.
    pub(crate) fn list_connections(&mut self) {
        if let Ok(connections) = sockets::connections() {
            self.host.connections = connections;
        }
    }

    /// Lists the listening sockets again; true if some are new.
    pub(crate) fn list_listeners(&mut self) -> anyhow::Result<bool> {
        let listeners = self
            .listeners
            .list()
            .context("cannot list the sockets that listen")?;
        let has_new = !listeners.is_subset(&self.host.listeners);
        if has_new {
            self.host.listeners.extend(listeners);
        }
        Ok(has_new)
    }
}
