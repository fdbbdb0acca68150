//! The listening sockets of this network namespace: from `sock_diag`, or from procfs for those that it does not list.

use std::{collections::BTreeSet, io, net::IpAddr, path::Path};

use super::{
    socket_files::{TCP, UDP, sockets},
    sockets::SocketLister,
};
use crate::{observed::Listener, port::PortRange, transport::Transport};

/// Looks up the listening sockets of this host, repeatedly.
#[derive(Debug)]
pub struct Listeners {
    ephemeral: PortRange,
    lister: SocketLister,
    /// The UDP sockets on ephemeral ports of the last list, by inode.
    passing: BTreeSet<u64>,
}

impl Listeners {
    /// `ephemeral` is the range from which clients of this host take their ports.
    #[must_use]
    pub fn new(ephemeral: PortRange) -> Self {
        Self {
            ephemeral,
            lister: SocketLister::default(),
            passing: BTreeSet::new(),
        }
    }

    /// Lists the listening sockets. A UDP socket on an ephemeral port may be a client's that asks once, so it counts from the
    /// second list on that has it; SCTP sockets are left out if the kernel does not list them.
    ///
    /// # Errors
    ///
    /// procfs can't be read.
    pub fn list(&mut self) -> io::Result<BTreeSet<Listener>> {
        let directory = Path::new("/proc/thread-self/net");
        let mut listeners = BTreeSet::new();
        // TCP's file in procfs lists every connection as well, of which a busy host has many.
        if let Some(ends) = self.lister.listening(Transport::Tcp) {
            listeners.extend(of(Transport::Tcp, ends));
        } else {
            let waiting = sockets(directory, &TCP)?
                .into_iter()
                .filter(|socket| socket.is_waiting);
            listeners.extend(of(Transport::Tcp, waiting.map(|socket| socket.local)));
        }
        // Requesting SCTP sockets where SCTP is not in use would load its module.
        if directory.join("sctp").exists()
            && let Some(ends) = self.lister.listening(Transport::Sctp)
        {
            listeners.extend(of(Transport::Sctp, ends));
        }
        let datagrams = match self.lister.all(Transport::Udp) {
            Some(datagrams) => datagrams,
            None => sockets(directory, &UDP)?,
        };
        let mut passing = BTreeSet::new();
        for socket in datagrams {
            if !socket.is_waiting {
                continue;
            }
            let may_pass = self.ephemeral.contains(socket.local.1);
            if may_pass {
                passing.insert(socket.inode);
            }
            if !may_pass || self.passing.contains(&socket.inode) {
                listeners.extend(of(Transport::Udp, [socket.local]));
            }
        }
        self.passing = passing;
        Ok(listeners)
    }
}

fn of(
    transport: Transport,
    ends: impl IntoIterator<Item = (IpAddr, u16)>,
) -> impl Iterator<Item = Listener> {
    ends.into_iter().map(move |(address, port)| Listener {
        transport,
        port,
        address,
    })
}

/// The range from which clients of this host take their ports; the kernel's default if procfs does not show it.
pub fn ephemeral_range() -> PortRange {
    let text =
        std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range").unwrap_or_default();
    let mut numbers = text
        .split_whitespace()
        .filter_map(|number| number.parse().ok());
    let range = numbers
        .next()
        .zip(numbers.next())
        .and_then(|(first, last)| PortRange::new(first, last).ok());
    range.unwrap_or(PortRange::EPHEMERAL)
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::{Listeners, ephemeral_range};

    #[test]
    fn a_real_socket_is_found() {
        let socket = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        assert!(
            Listeners::new(ephemeral_range())
                .list()
                .unwrap()
                .iter()
                .any(|listener| listener.port == port)
        );
    }
}
