//! Listening sockets, from `sock_diag(7)`, since procfs would list every connection as well.

use std::{io, net::IpAddr};

use netlink_packet_sock_diag::{
    SockDiagMessage,
    constants::{AF_INET, AF_INET6},
    inet::{ExtensionFlags, InetRequest, SocketId, StateFlags},
};
use netlink_sys::protocols::NETLINK_SOCK_DIAG;

use super::dump::dump;

/// Lists the addresses and ports on which sockets of a connection-oriented protocol listen.
///
/// # Errors
///
/// The kernel does not reply, or does not support the protocol.
pub(super) fn listening(protocol: u8) -> io::Result<Vec<(IpAddr, u16)>> {
    let mut sockets = Vec::new();
    for (family, socket_id) in [
        (AF_INET, SocketId::new_v4()),
        (AF_INET6, SocketId::new_v6()),
    ] {
        let request = SockDiagMessage::InetRequest(InetRequest {
            family,
            protocol,
            extensions: ExtensionFlags::empty(),
            states: StateFlags::LISTEN,
            socket_id,
        });
        dump(NETLINK_SOCK_DIAG, request, |message| {
            if let SockDiagMessage::InetResponse(socket) = message {
                let id = socket.header.socket_id;
                sockets.push((id.source_address.to_canonical(), id.source_port));
            }
        })?;
    }
    Ok(sockets)
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
