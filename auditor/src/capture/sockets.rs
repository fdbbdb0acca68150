//! Sockets of this network namespace, from `sock_diag(7)`: procfs takes five times as long, since it looks at each of the kernel's
//! 262,144 places for connections twice and more slowly.

use std::{collections::BTreeSet, io, net::IpAddr};

use auditor_common::port::protocol;
use netlink_packet_sock_diag::{
    SockDiagMessage,
    constants::{AF_INET, AF_INET6},
    inet::{ExtensionFlags, InetRequest, SocketId, StateFlags},
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;

use super::dump::dump;
use crate::{observed::Connection, transport::Transport};

/// An address and a port.
pub(super) type End = (IpAddr, u16);

/// The kernel's states of a TCP socket that listens, and of a UDP socket without a peer (`include/net/tcp_states.h`).
const LISTEN: u8 = 10;
const UNCONNECTED: u8 = 7;

/// A socket of TCP or UDP.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Socket {
    pub(super) transport: Transport,
    pub(super) local: End,
    pub(super) remote: End,
    /// It listens. Every UDP socket without a peer counts as listening too.
    pub(super) is_waiting: bool,
    /// The inode, which the link of an open file in `/proc/PID/fd` names; 0 if no process has the socket open any more.
    pub(super) inode: u64,
}

/// Lists sockets as long as the kernel can, and remembers what it can't list: each further request would make it look for the
/// module again.
#[derive(Debug, Default)]
pub(super) struct SocketLister {
    unlisted: BTreeSet<Transport>,
}

impl SocketLister {
    /// The addresses and ports on which sockets of a connection-oriented transport listen; `None` if the kernel does not list them.
    pub(super) fn listening(&mut self, transport: Transport) -> Option<Vec<End>> {
        self.ask(transport, listening)
    }

    /// The sockets of TCP or UDP that are bound or connected; `None` if the kernel does not list them.
    pub(super) fn all(&mut self, transport: Transport) -> Option<Vec<Socket>> {
        self.ask(transport, |protocol| all(transport, protocol))
    }

    /// As on a kernel that can't list these.
    #[cfg(test)]
    pub(super) fn unlist(&mut self, transports: impl IntoIterator<Item = Transport>) {
        self.unlisted.extend(transports);
    }

    fn ask<T>(
        &mut self,
        transport: Transport,
        list: impl FnOnce(u8) -> io::Result<T>,
    ) -> Option<T> {
        if self.unlisted.contains(&transport) {
            return None;
        }
        match list(transport.protocol()?) {
            Ok(listed) => Some(listed),
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

/// The transports of which the kernel does not list the sockets, each with why: it is not built to, or refuses.
pub fn unlisted() -> impl Iterator<Item = (Transport, io::Error)> {
    [Transport::Tcp, Transport::Udp]
        .into_iter()
        .filter_map(|transport| Some((transport, listening(transport.protocol()?).err()?)))
}

fn all(transport: Transport, protocol: u8) -> io::Result<Vec<Socket>> {
    let waits = if transport == Transport::Udp {
        UNCONNECTED
    } else {
        LISTEN
    };
    let mut sockets = Vec::new();
    list(protocol, &StateFlags::all(), |listed| {
        sockets.push(Socket {
            transport,
            local: listed.local,
            remote: listed.remote,
            is_waiting: listed.state == waits,
            inode: listed.inode,
        });
    })?;
    Ok(sockets)
}

/// Lists the addresses and ports on which sockets of a connection-oriented protocol listen.
///
/// # Errors
///
/// The kernel does not reply, or does not support the protocol.
fn listening(protocol: u8) -> io::Result<Vec<End>> {
    let mut sockets = Vec::new();
    list(protocol, &StateFlags::LISTEN, |listed| {
        sockets.push(listed.local);
    })?;
    Ok(sockets)
}

/// Lists the open TCP connections of this network namespace: the local and the remote address and port. Connections over
/// the loopback are left out.
///
/// # Errors
///
/// The kernel does not reply.
pub fn connections() -> io::Result<BTreeSet<Connection>> {
    let mut connections = BTreeSet::new();
    list(protocol::TCP, &StateFlags::ESTABLISHED, |listed| {
        let Listed { local, remote, .. } = listed;
        if connections.len() < MOST_CONNECTIONS && !local.0.is_loopback() {
            connections.insert(Connection { local, remote });
        }
    })?;
    Ok(connections)
}

/// The most connections that are kept.
const MOST_CONNECTIONS: usize = 65_536;

/// A socket, as the kernel lists it.
struct Listed {
    local: End,
    remote: End,
    state: u8,
    inode: u64,
}

/// Calls `take` with each socket in these states.
fn list(protocol: u8, states: &StateFlags, mut take: impl FnMut(Listed)) -> io::Result<()> {
    for (family, socket_id) in [
        (AF_INET, SocketId::new_v4()),
        (AF_INET6, SocketId::new_v6()),
    ] {
        let request = SockDiagMessage::InetRequest(InetRequest {
            family,
            protocol,
            extensions: ExtensionFlags::empty(),
            states: states.clone(),
            socket_id,
        });
        dump(NETLINK_SOCK_DIAG, request, |message| {
            if let SockDiagMessage::InetResponse(socket) = message {
                let id = socket.header.socket_id;
                take(Listed {
                    local: (id.source_address.to_canonical(), id.source_port),
                    remote: (id.destination_address.to_canonical(), id.destination_port),
                    state: socket.header.state,
                    inode: u64::from(socket.header.inode),
                });
            }
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use auditor_common::port::protocol;

    use super::listening;

    #[test]
    fn who_listens_and_who_does_not() {
        let four = TcpListener::bind("127.0.0.1:0").unwrap();
        let six = TcpListener::bind("[::1]:0").unwrap();
        let client = TcpStream::connect(four.local_addr().unwrap()).unwrap();
        let all = listening(protocol::TCP).unwrap();
        for listener in [&four, &six] {
            let end = listener.local_addr().unwrap();
            assert!(all.contains(&(end.ip(), end.port())), "{end}");
        }
        let end = client.local_addr().unwrap();
        assert!(!all.contains(&(end.ip(), end.port())), "{end}");
    }

    #[test]
    fn a_protocol_whose_sockets_nobody_lists_is_no_empty_list() {
        // Protocol number 253 is reserved for experiments (RFC 3692).
        let refused = listening(253).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::NotFound, "{refused}");
    }
}
