//! Listening sockets and open connections, from `sock_diag(7)`: procfs lists all sockets in one, and slower.

use std::{collections::BTreeSet, io, net::IpAddr};

use auditor_common::port::protocol;
use netlink_packet_sock_diag::{
    SockDiagMessage,
    constants::{AF_INET, AF_INET6},
    inet::{ExtensionFlags, InetRequest, SocketId, StateFlags},
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;

use super::dump::dump;
use crate::observed::Connection;

/// An address and a port.
type End = (IpAddr, u16);

/// Lists the addresses and ports on which sockets of a connection-oriented protocol listen.
///
/// # Errors
///
/// The kernel does not reply, or does not support the protocol.
pub(super) fn listening(protocol: u8) -> io::Result<Vec<End>> {
    let mut sockets = Vec::new();
    list(protocol, &StateFlags::LISTEN, |local, _| {
        sockets.push(local);
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
    list(protocol::TCP, &StateFlags::ESTABLISHED, |local, remote| {
        if connections.len() < MOST_CONNECTIONS && !local.0.is_loopback() {
            connections.insert(Connection { local, remote });
        }
    })?;
    Ok(connections)
}

/// The most connections that are kept.
const MOST_CONNECTIONS: usize = 65_536;

/// Calls `take` with the local and the remote end of each socket in these states.
fn list(protocol: u8, states: &StateFlags, mut take: impl FnMut(End, End)) -> io::Result<()> {
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
                take(
                    (id.source_address.to_canonical(), id.source_port),
                    (id.destination_address.to_canonical(), id.destination_port),
                );
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
