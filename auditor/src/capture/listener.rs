//! The listening sockets of this network namespace: from `sock_diag`, or from procfs for those that it does not list.

use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
};

use auditor_common::port::protocol;

use super::sockets::listening;
use crate::{observed::Listener, port::PortRange, transport::Transport};

/// TCP's LISTEN state and UDP's unconnected one (`include/net/tcp_states.h`).
const LISTEN: &str = "0A";
const UNCONNECTED: &str = "07";

/// A socket, as procfs lists it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Socket {
    pub(super) transport: Transport,
    pub(super) local: (IpAddr, u16),
    pub(super) remote: (IpAddr, u16),
    /// It listens. Every UDP socket without a peer counts as listening too.
    pub(super) is_waiting: bool,
    /// The inode, which the link of an open file in `/proc/PID/fd` names; 0 if no process has the socket open any more.
    pub(super) inode: u64,
}

/// Looks up the listening sockets of this host, repeatedly.
#[derive(Debug)]
pub struct Listeners {
    ephemeral: PortRange,
    /// Transports whose sockets the kernel cannot list. Each further request would make it look for the module again.
    unlisted: BTreeSet<Transport>,
    /// The UDP sockets on ephemeral ports of the last list, by inode.
    passing: BTreeSet<u64>,
}

impl Listeners {
    /// `ephemeral` is the range from which clients of this host take their ports.
    #[must_use]
    pub const fn new(ephemeral: PortRange) -> Self {
        Self {
            ephemeral,
            unlisted: BTreeSet::new(),
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
        let mut files = FILES.to_vec();
        // TCP's file in procfs lists every connection as well, of which a busy host has many.
        if let Some(sockets) = self.ask(Transport::Tcp, protocol::TCP) {
            listeners.extend(
                sockets
                    .into_iter()
                    .map(|socket| listener(Transport::Tcp, socket)),
            );
            files.retain(|(_, transport)| *transport != Transport::Tcp);
        }
        // Requesting SCTP sockets where SCTP is not in use would load its module.
        if directory.join("sctp").exists()
            && let Some(sockets) = self.ask(Transport::Sctp, protocol::SCTP)
        {
            listeners.extend(
                sockets
                    .into_iter()
                    .map(|socket| listener(Transport::Sctp, socket)),
            );
        }
        let mut passing = BTreeSet::new();
        for socket in read(directory, &files)? {
            if !socket.is_waiting {
                continue;
            }
            let may_pass =
                socket.transport == Transport::Udp && self.ephemeral.contains(socket.local.1);
            if may_pass {
                passing.insert(socket.inode);
            }
            if !may_pass || self.passing.contains(&socket.inode) {
                listeners.insert(listener(socket.transport, socket.local));
            }
        }
        self.passing = passing;
        Ok(listeners)
    }

    fn ask(&mut self, transport: Transport, protocol: u8) -> Option<Vec<(IpAddr, u16)>> {
        if self.unlisted.contains(&transport) {
            return None;
        }
        match listening(protocol) {
            Ok(sockets) => Some(sockets),
            Err(error) => {
                // `ENOENT`: `sock_diag` and `inet_diag` return it if they have no handler for the protocol.
                if error.kind() == io::ErrorKind::NotFound {
                    self.unlisted.insert(transport);
                }
                None
            }
        }
    }
}

fn listener(transport: Transport, (address, port): (IpAddr, u16)) -> Listener {
    Listener {
        transport,
        port,
        address,
    }
}

/// The files in which procfs lists sockets.
const FILES: [(&str, Transport); 4] = [
    ("tcp", Transport::Tcp),
    ("tcp6", Transport::Tcp),
    ("udp", Transport::Udp),
    ("udp6", Transport::Udp),
];

/// Lists the sockets of a network namespace; `directory` is its `net` directory in procfs.
///
/// # Errors
///
/// procfs can't be read.
pub(super) fn sockets(directory: &Path) -> io::Result<Vec<Socket>> {
    read(directory, &FILES)
}

fn read(directory: &Path, files: &[(&str, Transport)]) -> io::Result<Vec<Socket>> {
    let mut sockets = Vec::new();
    for (file, transport) in files.iter().copied() {
        let text = match std::fs::read_to_string(directory.join(file)) {
            Ok(text) => text,
            // On a host without IPv6 the `tcp6` and `udp6` files do not exist.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let lines = text.lines().skip(1);
        sockets.extend(lines.filter_map(|line| socket(line, transport)));
    }
    Ok(sockets)
}

/// Reads a line of `/proc/net/tcp` or a similar file: slot, local address, remote address, state, queues, timer,
/// retransmissions, user, timeout, inode (proc(5)).
fn socket(line: &str, transport: Transport) -> Option<Socket> {
    let mut fields = line.split_whitespace().skip(1);
    let (local, remote, state) = (fields.next()?, fields.next()?, fields.next()?);
    let waits = match transport {
        Transport::Tcp => LISTEN,
        Transport::Udp => UNCONNECTED,
        Transport::Sctp | Transport::Icmp => return None,
    };
    let socket = |text: &str| {
        let (address, port) = text.split_once(':')?;
        Some((address_of(address)?, u16::from_str_radix(port, 16).ok()?))
    };
    Some(Socket {
        transport,
        local: socket(local)?,
        remote: socket(remote)?,
        is_waiting: state == waits,
        inode: fields
            .nth(5)
            .and_then(|inode| inode.parse().ok())
            .unwrap_or_default(),
    })
}

/// Reads an address as the kernel prints it: 32-bit words in the host's byte order, each as a hexadecimal number.
fn address_of(hex: &str) -> Option<IpAddr> {
    let mut bytes = Vec::with_capacity(16);
    for word in hex.as_bytes().chunks(8) {
        let word = u32::from_str_radix(std::str::from_utf8(word).ok()?, 16).ok()?;
        bytes.extend(word.to_ne_bytes());
    }
    match bytes.len() {
        4 => Some(IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(bytes).ok()?))),
        16 => Some(IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?)).to_canonical()),
        _ => None,
    }
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

    use super::{Listeners, ephemeral_range, socket};
    use crate::transport::Transport;

    #[cfg(target_endian = "little")]
    #[test]
    fn lines() {
        let line = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 4711 1 0";
        let found = socket(line, Transport::Tcp).unwrap();
        assert_eq!(found.local, ("127.0.0.1".parse().unwrap(), 8080));
        assert_eq!((found.is_waiting, found.inode), (true, 4711));
        let connected = line.replace("00000000:0000 0A", "0200000A:01BB 01");
        let found = socket(&connected, Transport::Tcp).unwrap();
        assert_eq!(found.remote, ("10.0.0.2".parse().unwrap(), 443));
        assert!(!found.is_waiting);
        let line =
            "   0: 00000000000000000000000001000000:0035 00000000000000000000000000000000:0000 07";
        let found = socket(line, Transport::Udp).unwrap();
        assert_eq!(found.local, ("::1".parse().unwrap(), 53));
        assert_eq!((found.is_waiting, found.inode), (true, 0));
        assert_eq!(socket("nonsense", Transport::Tcp), None);
    }

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
