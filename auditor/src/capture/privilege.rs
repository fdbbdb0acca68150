//! The capabilities of this process.

use std::io;

use caps::{CapSet, Capability as Kept, CapsHashSet, errors::CapsError};

/// A capability that an audit needs (capabilities(7)).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Capability {
    pub name: &'static str,
    /// What it is needed for.
    pub purpose: &'static str,
    bit: u32,
}

/// The capabilities that loading and attaching programs need.
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

/// `CAP_SYS_ADMIN` includes `CAP_BPF` and `CAP_PERFMON`.
const SYS_ADMIN: u32 = 21;

/// The needed capabilities that this process lacks.
///
/// # Errors
///
/// procfs can't be read, or does not show the capabilities.
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

/// The capabilities that a running watch still needs: to attach to interfaces that appear, to name the processes behind
/// sockets, and to read what those processes own.
const KEPT: [Kept; 5] = [
    Kept::CAP_NET_ADMIN,
    Kept::CAP_PERFMON,
    Kept::CAP_BPF,
    Kept::CAP_SYS_PTRACE,
    Kept::CAP_DAC_READ_SEARCH,
];

/// Drops all capabilities but those that a running watch needs, for this thread and those that it starts later. Adds none.
///
/// # Errors
///
/// The kernel's refusal.
pub fn drop_capabilities() -> Result<(), CapsError> {
    let ambient = caps::read(None, CapSet::Ambient)?;
    keep(&KEPT)?;
    // Root's programs have what root may. Those of another user have what is handed on: the guard takes filters off.
    if ambient.contains(&Kept::CAP_NET_ADMIN) {
        let handed_on = CapsHashSet::from([Kept::CAP_NET_ADMIN]);
        caps::set(None, CapSet::Inheritable, &handed_on)?;
        caps::set(None, CapSet::Ambient, &handed_on)?;
    }
    Ok(())
}

/// Drops all capabilities but that to read files that belong to others, such as root's tokens.
///
/// # Errors
///
/// The kernel's refusal.
pub fn keep_reading() -> Result<(), CapsError> {
    keep(&[Kept::CAP_DAC_READ_SEARCH])
}

/// Drops all capabilities.
///
/// # Errors
///
/// The kernel's refusal.
pub fn give_up_all() -> Result<(), CapsError> {
    keep(&[])
}

fn keep(kept: &[Kept]) -> Result<(), CapsError> {
    let permitted = caps::read(None, CapSet::Permitted)?;
    let kept: CapsHashSet = kept
        .iter()
        .copied()
        .filter(|one| permitted.contains(one))
        .collect();
    caps::clear(None, CapSet::Ambient)?;
    caps::clear(None, CapSet::Inheritable)?;
    caps::set(None, CapSet::Effective, &kept)?;
    caps::set(None, CapSet::Permitted, &kept)
}
