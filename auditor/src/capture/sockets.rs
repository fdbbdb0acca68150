//! Sockets of this network namespace, from `sock_diag(7)`: procfs takes five times as long, since it looks at each of the kernel's
//! 262,144 places for connections twice and more slowly.

use std::{collections::BTreeSet, io, net::IpAddr};

use auditor_common::port::protocol;
use netlink_packet_sock_diag::{
    SockDiagMessage,
    constants::{AF_INET, AF_INET6},
    inet::{ExtensionFlags, InetRequest, SocketId, StateFlags, nlas::Nla},
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
    /// At the unspecified address of IPv6, it takes no IPv4 (ipv6(7), `IPV6_V6ONLY`).
    pub(super) is_ipv6_only: bool,
    /// The index of the interface that it is bound to (socket(7), `SO_BINDTODEVICE`); 0 if to none, or where that is not told.
    pub(super) device: u32,
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
    /// The sockets of a connection-oriented transport that listen; `None` if the kernel does not list them.
    pub(super) fn listening(&mut self, transport: Transport) -> Option<Vec<Socket>> {
        self.ask(transport, |protocol| {
            sockets(transport, protocol, &StateFlags::LISTEN)
        })
    }

    /// The sockets of TCP or UDP that are bound or connected; `None` if the kernel does not list them.
    pub(super) fn all(&mut self, transport: Transport) -> Option<Vec<Socket>> {
        self.ask(transport, |protocol| {
            sockets(transport, protocol, &StateFlags::all())
        })
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
        .filter_map(|transport| {
            let listed = sockets(transport, transport.protocol()?, &StateFlags::LISTEN);
            Some((transport, listed.err()?))
        })
}

/// Lists the sockets of a protocol in these states.
///
/// # Errors
///
/// The kernel does not reply, or does not support the protocol.
fn sockets(transport: Transport, protocol: u8, states: &StateFlags) -> io::Result<Vec<Socket>> {
    let waits = if transport == Transport::Udp {
        UNCONNECTED
    } else {
        LISTEN
    };
    let mut sockets = Vec::new();
    list(protocol, states, |listed| {
        sockets.push(Socket {
            transport,
            local: listed.local,
            remote: listed.remote,
            is_waiting: listed.state == waits,
            is_ipv6_only: listed.is_ipv6_only,
            device: listed.device,
            inode: listed.inode,
        });
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
    is_ipv6_only: bool,
    device: u32,
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
                    is_ipv6_only: socket.nlas.contains(&Nla::SkV6Only(true)),
                    device: id.interface_id,
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

    use netlink_packet_sock_diag::inet::StateFlags;
    use nix::sys::socket::{
        AddressFamily, Backlog, SockFlag, SockType, SockaddrIn6, bind, getsockname, listen,
        setsockopt, socket, sockopt,
    };

    use super::{Socket, sockets};
    use crate::transport::Transport;

    fn listening() -> Vec<Socket> {
        sockets(Transport::Tcp, 6, &StateFlags::LISTEN).unwrap()
    }

    #[test]
    fn who_listens_and_who_does_not() {
        let four = TcpListener::bind("127.0.0.1:0").unwrap();
        let six = TcpListener::bind("[::1]:0").unwrap();
        let client = TcpStream::connect(four.local_addr().unwrap()).unwrap();
        let all = listening();
        let has =
            |end: std::net::SocketAddr| all.iter().any(|one| one.local == (end.ip(), end.port()));
        for listener in [&four, &six] {
            let end = listener.local_addr().unwrap();
            assert!(has(end), "{end}");
        }
        let end = client.local_addr().unwrap();
        assert!(!has(end), "{end}");
    }

    #[test]
    fn which_sockets_take_ipv6_alone() {
        for is_only in [true, false] {
            let flags = SockFlag::SOCK_CLOEXEC;
            let six = socket(AddressFamily::Inet6, SockType::Stream, flags, None).unwrap();
            setsockopt(&six, sockopt::Ipv6V6Only, &is_only).unwrap();
            let any: std::net::SocketAddrV6 = "[::]:0".parse().unwrap();
            bind(
                std::os::fd::AsRawFd::as_raw_fd(&six),
                &SockaddrIn6::from(any),
            )
            .unwrap();
            listen(&six, Backlog::new(1).unwrap()).unwrap();
            let end: SockaddrIn6 = getsockname(std::os::fd::AsRawFd::as_raw_fd(&six)).unwrap();
            let all = listening();
            let found = all.iter().find(|one| one.local.1 == end.port()).unwrap();
            assert_eq!((found.is_ipv6_only, found.device), (is_only, 0));
        }
    }

    #[test]
    fn a_protocol_whose_sockets_nobody_lists_is_no_empty_list() {
        // Protocol number 253 is reserved for experiments (RFC 3692).
        let refused = sockets(Transport::Tcp, 253, &StateFlags::LISTEN).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::NotFound, "{refused}");
    }
}
