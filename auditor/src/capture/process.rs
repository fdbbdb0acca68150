//! Finds the processes that have sockets open, from procfs, in every network namespace of this host.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use super::listener::{Socket, sockets};
use crate::observed::{Process, ServerProcess, SocketOwners};

/// Looks up the owners of all sockets at this moment. What procfs does not show, such as a process that has just ended, is
/// left out.
pub fn owners() -> SocketOwners {
    let own = PathBuf::from(format!("/proc/{}", std::process::id()));
    let here = namespace(&own);
    let mut found: Vec<(Socket, bool)> = table(&own).into_iter().map(|one| (one, false)).collect();
    for process in elsewhere(here.as_deref()) {
        let listening = table(&process)
            .into_iter()
            .filter(|socket| socket.is_waiting);
        found.extend(listening.map(|socket| (socket, true)));
    }
    let wanted: BTreeSet<u64> = found
        .iter()
        .map(|(socket, _)| socket.inode)
        .filter(|inode| *inode != 0)
        .collect();
    let processes = processes(&wanted);
    let mut owners = SocketOwners::default();
    for (socket, in_other_namespace) in found {
        for process in processes.get(&socket.inode).into_iter().flatten() {
            let (address, port) = socket.local;
            if socket.is_waiting {
                let server = ServerProcess {
                    process: process.clone(),
                    address,
                    in_other_namespace,
                };
                let key = (socket.transport, port);
                owners.servers.entry(key).or_default().insert(server);
            } else {
                let (address, port) = socket.remote;
                let key = (socket.transport, address, port);
                owners
                    .clients
                    .entry(key)
                    .or_default()
                    .insert(process.clone());
            }
        }
    }
    owners
}

fn table(process: &Path) -> Vec<Socket> {
    // Sockets of a process whose files this process may not read are left out.
    sockets(&process.join("net")).unwrap_or_default()
}

/// The link that identifies the network namespace of a process.
fn namespace(process: &Path) -> Option<PathBuf> {
    fs::read_link(process.join("ns/net")).ok()
}

/// All processes.
fn all() -> impl Iterator<Item = (u32, PathBuf)> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
}

/// One process of each network namespace other than `here`.
fn elsewhere(here: Option<&Path>) -> Vec<PathBuf> {
    let mut seen = BTreeSet::new();
    all()
        .filter(|(_, process)| {
            namespace(process)
                .is_some_and(|namespace| Some(&*namespace) != here && seen.insert(namespace))
        })
        .map(|(_, process)| process)
        .collect()
}

/// The processes that have sockets with these inodes open.
fn processes(wanted: &BTreeSet<u64>) -> BTreeMap<u64, BTreeSet<Process>> {
    let mut found: BTreeMap<u64, BTreeSet<Process>> = BTreeMap::new();
    if wanted.is_empty() {
        return found;
    }
    for (pid, path) in all() {
        let files = fs::read_dir(path.join("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let inodes: BTreeSet<u64> = files
            .filter_map(|file| inode(&fs::read_link(file.path()).ok()?))
            .filter(|inode| wanted.contains(inode))
            .collect();
        if inodes.is_empty() {
            continue;
        }
        let process = process(pid, &path);
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

/// Longer command lines are cut.
const MOST_COMMAND: usize = 512;

fn process(pid: u32, path: &Path) -> Process {
    let text = |name: &str| {
        let bytes = fs::read(path.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let command = text("cmdline");
    let command = command.trim_end_matches('\0').replace('\0', " ");
    let (unit, container) = group(&text("cgroup"));
    Process {
        pid,
        name: text("comm").trim().to_owned(),
        command: command.chars().take(MOST_COMMAND).collect(),
        unit,
        container,
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
    use std::net::{TcpListener, TcpStream};

    use super::{group, owners};
    use crate::transport::Transport;

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
    fn this_process_has_its_sockets() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let _stream = TcpStream::connect(address).unwrap();
        let owners = owners();
        let servers = &owners.servers[&(Transport::Tcp, address.port())];
        assert!(servers.iter().any(|server| {
            server.process.pid == std::process::id()
                && !server.in_other_namespace
                && server.address == address.ip()
        }));
        let clients = &owners.clients[&(Transport::Tcp, address.ip(), address.port())];
        assert!(
            clients
                .iter()
                .any(|client| client.pid == std::process::id())
        );
    }
}
