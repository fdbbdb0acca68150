//! What this process may do.

use std::io;

/// A capability that the audit needs (capabilities(7)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capability {
    pub name: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
    bit: u32,
}

/// What loading and attaching takes.
pub const NEEDED: [Capability; 3] = [
    Capability {
        name: "CAP_NET_ADMIN",
        purpose: "to attach programs to interfaces",
        bit: 12,
    },
    Capability {
        name: "CAP_PERFMON",
        purpose: "to let programs read packets by pointer",
        bit: 38,
    },
    Capability {
        name: "CAP_BPF",
        purpose: "to load programs and maps",
        bit: 39,
    },
];

/// `CAP_SYS_ADMIN` stands in for `CAP_BPF` and `CAP_PERFMON`.
const SYS_ADMIN: u32 = 21;

/// The needed capabilities that this process lacks.
///
/// # Errors
///
/// procfs can't be read, or does not say.
pub fn missing() -> io::Result<Vec<Capability>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let effective = line.and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok());
    let effective = effective.ok_or_else(|| {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "/proc/self/status has no CapEff",
        )
    })?;
    let has = |bit: u32| effective & (1 << bit) != 0;
    let stands_in = |name| name != "CAP_NET_ADMIN" && has(SYS_ADMIN);
    Ok(NEEDED
        .into_iter()
        .filter(|needed| !has(needed.bit) && !stands_in(needed.name))
        .collect())
}
