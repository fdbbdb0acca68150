//! What is known of this host before anything is attached, and kept up to date while it is watched.

use anyhow::Context as _;

use crate::{
    capture::{
        Interface, Interfaces,
        listener::{self, Listeners},
    },
    observed::{Host, SocketOwners, Ways},
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
            is_captured: false,
            ways: Ways::default(),
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

    /// Whether filters of interfaces changed since this was last asked.
    pub(crate) fn take_filters_changed(&mut self) -> bool {
        self.changes.take_filters_changed()
    }

    /// Lists the interfaces again; if that fails, they stay as they were. Addresses that the host no longer has still count as
    /// its own.
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
        let addresses = self
            .interfaces
            .iter()
            .flat_map(|one| one.addresses.iter().copied());
        self.host.addresses.extend(addresses);
        Ok(())
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
