//! Waits until every program that was running has ended.
//!
//! XDP and tc programs run in RCU read-side critical sections, so it is enough to make the kernel call `synchronize_rcu()`.
#![expect(unsafe_code, reason = "system calls take pointers")]

use std::{
    io,
    os::fd::{AsRawFd as _, FromRawFd as _, OwnedFd, RawFd},
};

use nix::{errno::Errno, libc};

/// The means to wait.
#[derive(Debug)]
pub enum Wait {
    /// By membarrier(2), whose purpose this is.
    Barrier,
    /// By an update of a map of maps, after which the kernel waits for the programs that may still use the old inner map
    /// (`maybe_wait_bpf_programs`, Linux 5.0). Hosts whose CPUs are isolated with `nohz_full` need it, since they have no
    /// global `membarrier`.
    Update(Maps),
}

/// A map of maps with one entry, and the map in it.
#[derive(Debug)]
pub struct Maps {
    outer: OwnedFd,
    inner: OwnedFd,
}

impl Wait {
    /// The means that this host supports, `membarrier` first.
    ///
    /// # Errors
    ///
    /// The kernel refuses both.
    pub fn new() -> io::Result<Self> {
        match barrier() {
            Ok(()) => Ok(Self::Barrier),
            Err(_refused) => Self::update(),
        }
    }

    /// By an update of a map of maps, on any host.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn update() -> io::Result<Self> {
        let inner = create(ARRAY, None)?;
        let outer = create(ARRAY_OF_MAPS, Some(&inner))?;
        Ok(Self::Update(Maps { outer, inner }))
    }

    /// Waits until every program that was running has ended.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn wait(&self) -> io::Result<()> {
        match self {
            Self::Barrier => barrier(),
            Self::Update(maps) => maps.update(),
        }
    }
}

/// `MEMBARRIER_CMD_GLOBAL` (membarrier(2), Linux 4.3).
const GLOBAL: libc::c_long = 1;

/// # Errors
///
/// `EINVAL` on hosts whose CPUs are isolated with `nohz_full`.
fn barrier() -> io::Result<()> {
    // SAFETY: the call takes no pointer.
    let result = unsafe { libc::syscall(libc::SYS_membarrier, GLOBAL, 0_u32, 0_i32) };
    if result < 0 {
        return Err(Errno::last().into());
    }
    Ok(())
}

// `include/uapi/linux/bpf.h`.
const MAP_CREATE: libc::c_long = 0;
const MAP_UPDATE_ELEM: libc::c_long = 2;
const ARRAY: u32 = 2;
const ARRAY_OF_MAPS: u32 = 12;

/// The part of `union bpf_attr` that creates a map.
#[repr(C)]
struct CreateAttr {
    map_type: u32,
    key_size: u32,
    value_size: u32,
    max_entries: u32,
    map_flags: u32,
    inner_map_fd: u32,
}

/// The part of `union bpf_attr` that writes a map's entry.
#[repr(C)]
struct UpdateAttr {
    map_fd: u32,
    padding: u32,
    key: u64,
    value: u64,
    flags: u64,
}

fn create(map_type: u32, inner: Option<&OwnedFd>) -> io::Result<OwnedFd> {
    let mut attr = CreateAttr {
        map_type,
        key_size: 4,
        value_size: 4,
        max_entries: 1,
        map_flags: 0,
        inner_map_fd: match inner {
            Some(inner) => number(inner)?,
            None => 0,
        },
    };
    // SAFETY: the kernel reads as many bytes as the given size, and accepts a `bpf_attr` shorter than its own.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            MAP_CREATE,
            &raw mut attr,
            size_of::<CreateAttr>(),
        )
    };
    let descriptor = RawFd::try_from(result).map_err(|_too_large| Errno::EBADF)?;
    if descriptor < 0 {
        return Err(Errno::last().into());
    }
    // SAFETY: the kernel has just opened this descriptor for this process, and nothing else here owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(descriptor) })
}

fn number(descriptor: &OwnedFd) -> io::Result<u32> {
    Ok(u32::try_from(descriptor.as_raw_fd()).map_err(|_negative| Errno::EBADF)?)
}

impl Maps {
    fn update(&self) -> io::Result<()> {
        let (key, value) = (0_u32, number(&self.inner)?);
        let mut attr = UpdateAttr {
            map_fd: number(&self.outer)?,
            padding: 0,
            key: (&raw const key).expose_provenance() as u64,
            value: (&raw const value).expose_provenance() as u64,
            flags: 0,
        };
        // SAFETY: key and value are as long as the map says, and live until the call returns.
        let result = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                MAP_UPDATE_ELEM,
                &raw mut attr,
                size_of::<UpdateAttr>(),
            )
        };
        if result < 0 {
            return Err(Errno::last().into());
        }
        Ok(())
    }
}
