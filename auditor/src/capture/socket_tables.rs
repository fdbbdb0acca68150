//! The sockets of every network namespace of this host: of the own one by `sock_diag`, and of the others, which it can't be asked
//! for without the privilege to enter them, from procfs.
//!
//! To list TCP's sockets, procfs looks at each of the kernel's places for connections, which all namespaces share: milliseconds for
//! each namespace, however few sockets that has. So they are read again only where something says that they may have changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    time::Duration,
};

use super::{
    socket_files::{SocketFile, TCP, UDP, sockets},
    sockets::{Socket, SocketLister},
};
use crate::transport::Transport;

/// After so long a namespace's sockets are read again, whatever says that nothing has changed: a socket that stops listening and
/// another one that begins to, both of them open before and after, change nothing that could be told.
const AGE: Duration = Duration::from_mins(1);
/// Of a namespace with more sockets none are kept, since one of them always changes.
const MOST_KEPT: usize = 4096;

/// Lists the sockets of network namespaces, repeatedly.
#[derive(Debug, Default)]
pub(super) struct SocketTables {
    lister: SocketLister,
    others: BTreeMap<u64, Kept>,
}

/// The TCP sockets of another namespace, as they were read.
#[derive(Debug)]
struct Kept {
    counts: Counts,
    inodes: BTreeSet<u64>,
    sockets: Vec<Socket>,
    at: Duration,
}

/// The kernel's counters of a namespace's sockets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
struct Counts {
    /// The sockets in each of the files of procfs.
    in_files: BTreeMap<&'static str, u64>,
    /// What changes where a connection is opened, accepted, refused, reset or closed, and those whose time to wait runs.
    of_tcp: Vec<u64>,
}

impl SocketTables {
    /// The sockets of this thread's network namespace. What procfs does not show is left out.
    pub(super) fn own(&mut self) -> Vec<Socket> {
        let mut found = Vec::new();
        for (transport, files) in [(Transport::Tcp, &TCP), (Transport::Udp, &UDP)] {
            match self.lister.all(transport) {
                Some(listed) => found.extend(listed),
                None => found
                    .extend(sockets(Path::new("/proc/thread-self/net"), files).unwrap_or_default()),
            }
        }
        found
    }

    /// The sockets of another network namespace at a time; `directory` is its `net` directory in procfs, and `inodes` are of all
    /// sockets that processes in it have open, as they were before.
    pub(super) fn other(
        &mut self,
        namespace: u64,
        directory: &Path,
        inodes: BTreeSet<u64>,
        at: Duration,
    ) -> Vec<Socket> {
        let text = |name: &str| std::fs::read_to_string(directory.join(name)).unwrap_or_default();
        // They are read before the sockets, so that what changes meanwhile is a change the next time.
        let counts = Counts::read(&text("sockstat"), &text("sockstat6"), &text("snmp"));
        // What can't be read now, such as of a process that has just ended, is left out.
        let read = |files: &[SocketFile]| {
            let mut files = files.to_vec();
            files.retain(|(name, _)| counts.in_files.get(name) != Some(&0));
            sockets(directory, &files).unwrap_or_default()
        };
        // A datagram socket that is connected to another peer changes no counter.
        let mut found = read(&UDP);
        let kept = self.others.get(&namespace).filter(|kept| {
            kept.counts.is_complete(directory)
                && (&kept.counts, &kept.inodes) == (&counts, &inodes)
                && at.saturating_sub(kept.at) < AGE
        });
        if let Some(kept) = kept {
            found.extend_from_slice(&kept.sockets);
            return found;
        }
        let sockets = read(&TCP);
        found.extend_from_slice(&sockets);
        self.others.remove(&namespace);
        if sockets.len() <= MOST_KEPT {
            let kept = Kept {
                counts,
                inodes,
                sockets,
                at,
            };
            self.others.insert(namespace, kept);
        }
        found
    }

    /// Forgets namespaces that are no more.
    pub(super) fn retain(&mut self, is_there: impl Fn(u64) -> bool) {
        self.others.retain(|namespace, _| is_there(*namespace));
    }
}

/// The counters of TCP in `/proc/PID/net/snmp` (RFC 4022) that change with what its sockets are.
const TCP_COUNTERS: [&str; 5] = [
    "ActiveOpens",
    "PassiveOpens",
    "AttemptFails",
    "EstabResets",
    "CurrEstab",
];

impl Counts {
    /// From `/proc/PID/net/sockstat`, `sockstat6` and `snmp`.
    fn read(four: &str, six: &str, snmp: &str) -> Self {
        let mut counts = Self::default();
        for (file, text, head) in [
            ("tcp", four, "TCP:"),
            ("udp", four, "UDP:"),
            ("tcp6", six, "TCP6:"),
            ("udp6", six, "UDP6:"),
        ] {
            if let Some(in_use) = count(text, head, "inuse") {
                counts.in_files.insert(file, in_use);
            }
        }
        counts.of_tcp.extend(count(four, "TCP:", "tw"));
        let mut lines = snmp.lines().filter_map(|line| line.strip_prefix("Tcp:"));
        if let (Some(names), Some(values)) = (lines.next(), lines.next()) {
            for (name, value) in names.split_whitespace().zip(values.split_whitespace()) {
                if TCP_COUNTERS.contains(&name) {
                    counts.of_tcp.extend(value.parse::<u64>().ok());
                }
            }
        }
        counts
    }

    /// Whether all were there that tell of a change. Without IPv6 there is neither `sockstat6` nor `tcp6`.
    fn is_complete(&self, directory: &Path) -> bool {
        self.in_files.contains_key("tcp")
            && (self.in_files.contains_key("tcp6") || !directory.join("tcp6").exists())
            && self.of_tcp.len() == 1 + TCP_COUNTERS.len()
    }
}

/// The number behind a word in the line that begins with `head`.
fn count(text: &str, head: &str, word: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(head))?;
    let mut words = line.split_whitespace().skip_while(|one| *one != word);
    words.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests;
