//! The listening sockets of this network namespace: from `sock_diag`, or from procfs for those that it does not list.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr},
    path::Path,
};

use super::{
    socket_files::{TCP, UDP, sockets},
    sockets::{Socket, SocketLister},
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
        if let Some(listening) = self.lister.listening(Transport::Tcp) {
            listeners.extend(listening.iter().flat_map(of));
        } else {
            let all = sockets(directory, &TCP)?;
            let waiting = all.iter().filter(|socket| socket.is_waiting);
            listeners.extend(waiting.flat_map(of));
        }
        // Requesting SCTP sockets where SCTP is not in use would load its module.
        if directory.join("sctp").exists()
            && let Some(listening) = self.lister.listening(Transport::Sctp)
        {
            listeners.extend(listening.iter().flat_map(of));
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
                listeners.extend(of(&socket));
            }
        }
        self.passing = passing;
        Ok(listeners)
    }
}

/// What a socket listens on: at the unspecified address of IPv6 also all of IPv4, unless it says otherwise.
fn of(socket: &Socket) -> impl Iterator<Item = Listener> + use<> {
    let Socket {
        transport,
        local: (address, port),
        is_ipv6_only,
        device,
        ..
    } = *socket;
    let takes_both = address.is_unspecified() && address.is_ipv6() && !is_ipv6_only;
    let four = takes_both.then_some(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    [address]
        .into_iter()
        .chain(four)
        .map(move |address| Listener {
            transport,
            port,
            address,
            device,
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
