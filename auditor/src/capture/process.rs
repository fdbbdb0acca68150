//! Finds the processes that have sockets open, from procfs, in every network namespace of this host.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    net::{IpAddr, Ipv6Addr},
    path::{Path, PathBuf},
    time::Duration,
};

use super::{socket_tables::SocketTables, sockets::Socket};
use crate::{
    deployment::ProcessDetail,
    observed::{NetworkNamespace, Process, SocketOwner, SocketOwners, shown_command_line},
    transport::Transport,
};

/// Looks up the owners of all sockets, repeatedly.
#[derive(Debug, Default)]
pub struct OwnerFinder(SocketTables);

impl OwnerFinder {
    /// Looks up the owners of all sockets at this moment, which is `at`; the times of one finder only go forward. What procfs does
    /// not show, such as a process that has just ended, is left out; so is what is more than the wanted detail, which is never held.
    pub fn look(&mut self, at: Duration, detail: ProcessDetail) -> SocketOwners {
        let here = namespace(Path::new("/proc/thread-self"));
        let living = Living::look();
        let mut owners = SocketOwners::default();
        let mut found: Vec<(Socket, NetworkNamespace)> =
            clients_and_servers(self.0.own(), NetworkNamespace::Watched);
        let mut others = living.namespaces;
        others.retain(|number, _| Some(*number) != here);
        self.0.retain(|number| others.contains_key(&number));
        for (number, inhabited) in others {
            let one = &inhabited.by;
            owners.add_namespace(number, addresses(one), at);
            let all = self.0.other(number, &one.join("net"), inhabited.inodes, at);
            found.extend(clients_and_servers(all, NetworkNamespace::Other(number)));
        }
        let wanted: BTreeSet<u64> = found.iter().map(|(socket, _)| socket.inode).collect();
        let processes = processes(&living.sockets, &wanted, detail);
        for (socket, namespace) in found {
            for process in processes.get(&socket.inode).into_iter().flatten() {
                let (address, port) = socket.local;
                let owner = SocketOwner {
                    process: process.clone(),
                    address,
                    namespace,
                };
                if socket.is_waiting {
                    owners.add_server(socket.transport, port, owner, at);
                } else {
                    owners.add_client(socket.transport, socket.remote, owner, at);
                }
            }
        }
        owners
    }
}

/// The sockets of a network namespace, without a server's ends of its connections.
fn clients_and_servers(
    all: Vec<Socket>,
    namespace: NetworkNamespace,
) -> Vec<(Socket, NetworkNamespace)> {
    let service = |socket: &Socket| (socket.transport, socket.local.1);
    let waiting: BTreeSet<(Transport, u16)> = all
        .iter()
        .filter(|socket| socket.is_waiting)
        .map(service)
        .collect();
    all.into_iter()
        // No process has one without an inode.
        .filter(|socket| socket.inode != 0)
        .filter(|socket| socket.is_waiting || !waiting.contains(&service(socket)))
        .map(|socket| (socket, namespace))
        .collect()
}

/// The addresses of a process's network namespace.
fn addresses(process: &Path) -> BTreeSet<IpAddr> {
    let text = |name: &str| fs::read_to_string(process.join("net").join(name)).unwrap_or_default();
    let mut addresses = local_4(&text("fib_trie"));
    addresses.extend(local_6(&text("if_inet6")));
    addresses
}

/// The local addresses of a routing table, as procfs prints it: each as a leaf, below which a line says what it is.
fn local_4(text: &str) -> BTreeSet<IpAddr> {
    let mut addresses = BTreeSet::new();
    let mut leaf = None;
    for line in text.lines() {
        let line = line.trim();
        if let Some(address) = line.strip_prefix("|-- ") {
            leaf = address.parse().ok().map(IpAddr::V4);
        } else if line.ends_with("host LOCAL") {
            addresses.extend(leaf);
        }
    }
    addresses
}

/// The addresses in `if_inet6`, which begin its lines as 32 hexadecimal digits.
fn local_6(text: &str) -> BTreeSet<IpAddr> {
    text.lines()
        .filter_map(|line| u128::from_str_radix(line.get(..32)?, 16).ok())
        .map(|bits| IpAddr::V6(Ipv6Addr::from_bits(bits)))
        .collect()
}

/// The number that identifies the network namespace of a process, from the link that procfs has for it: `net:[4026531840]`.
fn namespace(process: &Path) -> Option<u64> {
    let link = fs::read_link(process.join("ns/net")).ok()?;
    link.to_str()?
        .strip_prefix("net:[")?
        .strip_suffix(']')?
        .parse()
        .ok()
}

/// All processes.
fn all() -> impl Iterator<Item = (u32, PathBuf)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}

/// The processes that are there now, and the sockets that they have open.
#[derive(Debug, Default)]
struct Living {
    namespaces: BTreeMap<u64, Inhabited>,
    /// The inodes of each process's sockets.
    sockets: Vec<(u32, PathBuf, BTreeSet<u64>)>,
}

/// A network namespace in which processes live.
#[derive(Debug)]
struct Inhabited {
    /// One of them.
    by: PathBuf,
    /// The inodes of the sockets that they have open, of whatever family.
    inodes: BTreeSet<u64>,
}

impl Living {
    fn look() -> Self {
        let mut living = Self::default();
        for (pid, process) in all() {
            let files = fs::read_dir(process.join("fd"))
                .into_iter()
                .flatten()
                .flatten();
            let inodes: BTreeSet<u64> = files
                .filter_map(|file| inode(&fs::read_link(file.path()).ok()?))
                .collect();
            if let Some(number) = namespace(&process) {
                let inhabited = living
                    .namespaces
                    .entry(number)
                    .or_insert_with(|| Inhabited {
                        by: process.clone(),
                        inodes: BTreeSet::new(),
                    });
                inhabited.inodes.extend(&inodes);
            }
            if !inodes.is_empty() {
                living.sockets.push((pid, process, inodes));
            }
        }
        living
    }
}

/// The processes that have sockets with these inodes open.
fn processes(
    sockets: &[(u32, PathBuf, BTreeSet<u64>)],
    wanted: &BTreeSet<u64>,
    detail: ProcessDetail,
) -> BTreeMap<u64, BTreeSet<Process>> {
    let mut found: BTreeMap<u64, BTreeSet<Process>> = BTreeMap::new();
    for (pid, path, inodes) in sockets {
        let inodes: Vec<u64> = inodes.intersection(wanted).copied().collect();
        if inodes.is_empty() {
            continue;
        }
        let process = process(*pid, path, detail);
        for inode in inodes {
            found.entry(inode).or_default().insert(process.clone());
        }
    }
    found
}

/// The inode of a socket, from the link of an open file: `socket:[1234]`.
fn inode(link: &Path) -> Option<u64> {
    let text = link.to_str()?.strip_prefix("socket:[")?;
    text.strip_suffix(']')?.parse().ok()
}

/// What is said of a process, and no more: what is not wanted is not read.
fn process(pid: u32, path: &Path, detail: ProcessDetail) -> Process {
    let text = |name: &str| {
        let bytes = fs::read(path.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let name = text("comm").trim().to_owned();
    let command = match detail {
        ProcessDetail::Off => {
            return Process {
                pid: 0,
                name,
                command: String::new(),
                unit: None,
                container: None,
                is_shown: false,
            };
        }
        ProcessDetail::Name => String::new(),
        ProcessDetail::Command => {
            let line = text("cmdline");
            let arguments: Vec<&str> = line.trim_end_matches('\0').split('\0').collect();
            shown_command_line(&arguments)
        }
    };
    let (unit, container) = group(&text("cgroup"));
    Process {
        pid,
        name,
        command,
        unit,
        container,
        is_shown: true,
    }
}

/// The unit and the container that a process's control groups name (cgroups(7)): the group of version 2, or any group of
/// version 1.
fn group(text: &str) -> (Option<String>, Option<String>) {
    let mut unit = None;
    for line in text.lines() {
        let Some(path) = line.splitn(3, ':').nth(2) else {
            continue;
        };
        // From the innermost group outwards.
        for part in path.rsplit('/') {
            if let Some(id) = container(part) {
                return (unit, Some(id.to_owned()));
            }
            let is_unit = Path::new(part)
                .extension()
                .is_some_and(|kind| kind == "service" || kind == "scope");
            if is_unit && unit.is_none() {
                unit = Some(part.to_owned());
            }
        }
    }
    (unit, None)
}

/// The first 12 digits of the container's id, from `docker-ID.scope`, `cri-containerd-ID.scope`, `libpod-ID`, or `ID`.
fn container(part: &str) -> Option<&str> {
    let part = part.strip_suffix(".scope").unwrap_or(part);
    let id = part.rsplit_once('-').map_or(part, |(_, id)| id);
    let is_id = id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_id.then(|| id.get(..12)).flatten()
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, time::Duration};

    use super::{OwnerFinder, SocketOwner, addresses, group, local_4, local_6};
    use crate::{deployment::ProcessDetail, transport::Transport};

    #[test]
    fn groups() {
        let id = "0123456789abcdef".repeat(4);
        for (text, unit, container) in [
            (
                "0::/system.slice/nginx.service\n".to_owned(),
                Some("nginx.service"),
                None,
            ),
            (
                format!("0::/system.slice/docker-{id}.scope\n"),
                None,
                Some("0123456789ab"),
            ),
            (
                format!("0::/kubepods.slice/kubepods-pod1.slice/cri-containerd-{id}.scope\n"),
                None,
                Some("0123456789ab"),
            ),
            (
                format!("12:pids:/docker/{id}\n0::/\n"),
                None,
                Some("0123456789ab"),
            ),
            (
                "0::/user.slice/user-0.slice/session-3.scope\n".to_owned(),
                Some("session-3.scope"),
                None,
            ),
            ("0::/\n".to_owned(), None, None),
            (String::new(), None, None),
        ] {
            let (found_unit, found_container) = group(&text);
            assert_eq!(
                (found_unit.as_deref(), found_container.as_deref()),
                (unit, container),
                "{text}"
            );
        }
    }

    #[test]
    fn addresses_of_a_namespace() {
        let four = "Local:\n  +-- 0.0.0.0/0 3 0 5\n     +-- 10.99.0.0/24 2 0 2\n        |-- 10.99.0.0\n           /24 link UNICAST\n        |-- 10.99.0.1\n           /32 host LOCAL\n        |-- 10.99.0.255\n           /32 link BROADCAST\n";
        assert_eq!(local_4(four), ["10.99.0.1".parse().unwrap()].into());
        let six = "fd000000000000000000000000000001 02 40 00 80     eth0\n";
        assert_eq!(local_6(six), ["fd00::1".parse().unwrap()].into());
        assert_eq!(local_6("x\n"), std::collections::BTreeSet::new());
        let own = addresses(std::path::Path::new("/proc/self"));
        assert!(own.contains(&"127.0.0.1".parse().unwrap()), "{own:?}");
    }

    #[test]
    fn this_process_has_its_sockets() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let other = TcpListener::bind("127.0.0.2:0").unwrap();
        let mut finder = OwnerFinder::default();
        let shown = finder.look(Duration::ZERO, ProcessDetail::Name);
        let me = |owner: &SocketOwner| owner.process.pid == std::process::id();
        assert!(
            shown
                .listeners()
                .filter(|one| me(one.2))
                .all(|one| one.2.process.command.is_empty())
        );
        let hidden = finder.look(Duration::ZERO, ProcessDetail::Off);
        assert!(
            hidden
                .listeners()
                .all(|one| !one.2.process.is_shown && one.2.process.pid == 0)
        );
        let mine: Vec<_> = shown
            .listeners()
            .filter(|(_, _, owner)| me(owner))
            .map(|(transport, port, owner)| (transport, port, owner.address))
            .collect();
        assert!(mine.contains(&(Transport::Tcp, address.port(), address.ip())));
        let other = other.local_addr().unwrap();
        assert!(mine.contains(&(Transport::Tcp, other.port(), other.ip())));
    }
}
