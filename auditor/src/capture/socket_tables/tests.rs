use std::{
    collections::BTreeSet,
    fs,
    net::{TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd,
    path::Path,
    time::Duration,
};

use tempfile::TempDir;

use super::{AGE, Counts, SocketTables};
use crate::{capture::sockets::Socket, transport::Transport};

const SNMP: &str = "Ip: Forwarding DefaultTTL\nIp: 1 64\n\
    Tcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab InSegs OutSegs\n\
    Tcp: 1 200 120000 -1 3 2 1 0 5 700 800\nUdp: InDatagrams\nUdp: 0\n";
const HEAD: &str = "  sl  local_address rem_address   st\n";

fn listens(port: u16) -> String {
    format!("{HEAD}   0: 00000000:{port:04X} 00000000:0000 0A 0:0 0:0 0 0 0 7{port}\n")
}

fn in_use(tcp: u64, udp: u64) -> String {
    format!(
        "sockets: used 9\nTCP: inuse {tcp} orphan 0 tw 0 alloc 5 mem 1\nUDP: inuse {udp} mem 0\n"
    )
}

/// A namespace as procfs shows it, and what was found in it.
struct Shown {
    directory: TempDir,
    tables: SocketTables,
    inodes: BTreeSet<u64>,
    at: Duration,
}

impl Shown {
    fn new() -> Self {
        let shown = Self {
            directory: TempDir::new().unwrap(),
            tables: SocketTables::default(),
            inodes: [1].into(),
            at: Duration::ZERO,
        };
        shown.write("sockstat", &in_use(1, 0));
        shown.write("sockstat6", "TCP6: inuse 0\nUDP6: inuse 0\n");
        shown.write("snmp", SNMP);
        shown.write("tcp", &listens(80));
        shown
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).unwrap();
    }

    #[track_caller]
    fn finds(&mut self, ports: &[u16]) {
        let directory: &Path = self.directory.path();
        let inodes = self.inodes.clone();
        let found = self.tables.other(7, directory, inodes, self.at);
        let found: Vec<u16> = found.iter().map(|socket| socket.local.1).collect();
        assert_eq!(found, ports);
    }
}

#[test]
fn what_tells_of_a_change_has_sockets_read_again() {
    let mut shown = Shown::new();
    shown.finds(&[80]);
    // Nothing tells of it.
    shown.write("tcp", &listens(81));
    shown.finds(&[80]);
    // Segments come and go without any change.
    shown.write("snmp", &SNMP.replace(" 700 800", " 701 802"));
    shown.finds(&[80]);
    shown.inodes.insert(2);
    shown.finds(&[81]);
    shown.write("tcp", &listens(82));
    shown.inodes = [2].into();
    shown.finds(&[82]);
    for (port, name, text) in [
        (83, "sockstat", in_use(2, 0)),
        (84, "sockstat", in_use(2, 0).replace("tw 0", "tw 1")),
        (85, "sockstat6", "TCP6: inuse 1\nUDP6: inuse 0\n".to_owned()),
        (86, "snmp", SNMP.replace(" 3 2 1 0 5 ", " 4 2 1 0 5 ")),
        (87, "snmp", SNMP.replace(" 3 2 1 0 5 ", " 4 3 1 0 5 ")),
        (88, "snmp", SNMP.replace(" 3 2 1 0 5 ", " 4 3 2 0 5 ")),
        (89, "snmp", SNMP.replace(" 3 2 1 0 5 ", " 4 3 2 1 5 ")),
        (90, "snmp", SNMP.replace(" 3 2 1 0 5 ", " 4 3 2 1 4 ")),
    ] {
        shown.write("tcp", &listens(port));
        shown.write(name, &text);
        shown.finds(&[port]);
    }
    // And in any case after a while.
    shown.write("tcp", &listens(91));
    shown.at += AGE / 2;
    shown.finds(&[90]);
    shown.at += AGE / 2;
    shown.finds(&[91]);
    // A namespace that is gone has left nothing behind for one with its number.
    shown.write("tcp", &listens(92));
    shown.tables.retain(|_| false);
    shown.finds(&[92]);
}

#[test]
fn where_nothing_would_tell_sockets_are_read_each_time() {
    for missing in ["sockstat", "sockstat6", "snmp"] {
        let mut shown = Shown::new();
        shown.write("tcp6", HEAD);
        fs::remove_file(shown.directory.path().join(missing)).unwrap();
        shown.finds(&[80]);
        shown.write("tcp", &listens(81));
        shown.finds(&[81]);
    }
    // Without IPv6 there is nothing to tell of it.
    let mut shown = Shown::new();
    fs::remove_file(shown.directory.path().join("sockstat6")).unwrap();
    shown.finds(&[80]);
    shown.write("tcp", &listens(81));
    shown.finds(&[80]);
}

#[test]
fn sockets_of_datagrams_are_read_each_time_where_there_are_any() {
    let mut shown = Shown::new();
    let datagram = |port: u16| listens(port).replace(" 0A ", " 07 ");
    shown.write("udp", &datagram(53));
    // There are none, by the kernel's own count.
    shown.finds(&[80]);
    shown.write("sockstat", &in_use(1, 1));
    shown.finds(&[53, 80]);
    shown.write("udp", &datagram(54));
    shown.finds(&[54, 80]);
    shown.write("sockstat", &in_use(0, 1));
    shown.finds(&[54]);
}

#[test]
fn the_kernel_s_own_counters_are_read() {
    let read =
        |name: &str| fs::read_to_string(format!("/proc/self/net/{name}")).unwrap_or_default();
    let counts = Counts::read(&read("sockstat"), &read("sockstat6"), &read("snmp"));
    assert!(
        counts.is_complete(Path::new("/proc/self/net")),
        "{counts:?}"
    );
}

/// The kernel's own list and procfs say the same of each kind of socket.
#[test]
fn both_ways_find_the_same_sockets() {
    let four = TcpListener::bind("127.0.0.1:0").unwrap();
    let six = TcpListener::bind("[::1]:0").unwrap();
    let both = TcpListener::bind("[::]:0").unwrap();
    let port = both.local_addr().unwrap().port();
    let mapped = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    let (accepted, _) = both.accept().unwrap();
    let client = TcpStream::connect(six.local_addr().unwrap()).unwrap();
    let bound = UdpSocket::bind("127.0.0.1:0").unwrap();
    let asks = UdpSocket::bind("[::]:0").unwrap();
    asks.connect(
        bound
            .local_addr()
            .unwrap()
            .to_string()
            .replace("127.0.0.1", "[::ffff:127.0.0.1]"),
    )
    .unwrap();
    let kept: [&dyn AsRawFd; 8] = [
        &four, &six, &both, &mapped, &accepted, &client, &bound, &asks,
    ];
    let inodes: BTreeSet<u64> = kept.map(inode).into();
    let mine = |found: Vec<Socket>| -> BTreeSet<Socket> {
        found
            .into_iter()
            .filter(|socket| inodes.contains(&socket.inode))
            // Of this procfs says nothing.
            .map(|socket| Socket {
                is_ipv6_only: false,
                ..socket
            })
            .collect()
    };
    let asked = mine(SocketTables::default().own());
    let mut without = SocketTables::default();
    without.lister.unlist([Transport::Tcp, Transport::Udp]);
    let read = mine(without.own());
    assert_eq!(asked, read);
    assert_eq!(asked.len(), inodes.len());
    let n_waiting = asked.iter().filter(|socket| socket.is_waiting).count();
    assert_eq!(n_waiting, 4, "{asked:?}");
    let of_mapped = |socket: &&Socket| socket.inode == inode(&accepted);
    let remote = asked.iter().find(of_mapped).unwrap().remote;
    assert_eq!(
        remote,
        (
            mapped.local_addr().unwrap().ip(),
            mapped.local_addr().unwrap().port()
        )
    );
}

fn inode(of: &dyn AsRawFd) -> u64 {
    let link = fs::read_link(format!("/proc/self/fd/{}", of.as_raw_fd())).unwrap();
    let text = link.to_str().unwrap().strip_prefix("socket:[").unwrap();
    text.strip_suffix(']').unwrap().parse().unwrap()
}
