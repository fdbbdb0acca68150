//! Sockets as procfs lists them: for any network namespace in which a process lives, and slower than `sock_diag`.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
};

use super::sockets::Socket;
use crate::transport::Transport;

/// TCP's LISTEN state and UDP's unconnected one (`include/net/tcp_states.h`).
const LISTEN: &str = "0A";
const UNCONNECTED: &str = "07";

/// A file in which procfs lists sockets, and their transport.
pub(super) type SocketFile = (&'static str, Transport);

pub(super) const TCP: [SocketFile; 2] = [("tcp", Transport::Tcp), ("tcp6", Transport::Tcp)];
pub(super) const UDP: [SocketFile; 2] = [("udp", Transport::Udp), ("udp6", Transport::Udp)];

/// Lists the sockets of a network namespace that these files name; `directory` is its `net` directory in procfs.
///
/// # Errors
///
/// procfs can't be read.
pub(super) fn sockets(directory: &Path, files: &[SocketFile]) -> io::Result<Vec<Socket>> {
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
        // Of neither is anything said.
        is_ipv6_only: false,
        device: 0,
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

#[cfg(test)]
mod tests {
    use super::socket;
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
}
