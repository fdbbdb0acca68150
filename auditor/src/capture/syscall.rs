//! System calls that no library offers: reading a hash map in batches, and asking which programs an interface has.
#![expect(unsafe_code, reason = "system calls take pointers")]

use std::{
    io,
    os::fd::{AsRawFd as _, BorrowedFd},
};

use auditor_common::Direction;
use nix::{errno::Errno, libc};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// `BPF_MAP_LOOKUP_AND_DELETE_BATCH` (`include/uapi/linux/bpf.h`; hash maps have it since Linux 5.6).
const LOOKUP_AND_DELETE_BATCH: libc::c_long = 25;

/// The part of `union bpf_attr` that batches use.
#[repr(C)]
struct BatchAttr {
    in_batch: u64,
    out_batch: u64,
    keys: u64,
    values: u64,
    count: u32,
    map_fd: u32,
    elem_flags: u64,
    flags: u64,
}

/// Entries requested at once; no bucket of a hash map holds that many, so each call makes progress.
const BATCH: u32 = 4096;

/// Takes every entry out of a hash map to which no program writes meanwhile.
///
/// # Errors
///
/// The kernel's refusal.
pub(super) fn take_all<K, V>(map: BorrowedFd<'_>, mut take: impl FnMut(K, V)) -> io::Result<()>
where
    K: FromBytes + IntoBytes + Immutable + KnownLayout + Copy,
    V: FromBytes + IntoBytes + Immutable + KnownLayout + Copy,
{
    let mut keys = vec![K::new_zeroed(); BATCH as usize];
    let mut values = vec![V::new_zeroed(); BATCH as usize];
    let (mut from, mut next) = (0_u32, 0_u32);
    let mut is_first = true;
    loop {
        let mut attr = BatchAttr {
            in_batch: if is_first {
                0
            } else {
                (&raw mut from).addr() as u64
            },
            out_batch: (&raw mut next).addr() as u64,
            keys: keys.as_mut_ptr().expose_provenance() as u64,
            values: values.as_mut_ptr().expose_provenance() as u64,
            count: BATCH,
            map_fd: u32::try_from(map.as_raw_fd()).map_err(|_negative| Errno::EBADF)?,
            elem_flags: 0,
            flags: 0,
        };
        // SAFETY: keys and values have room for `count` entries of the map's sizes, the batches for the 4 bytes that hash
        // maps use, and the kernel accepts a `bpf_attr` shorter than its own.
        let result = unsafe {
            libc::syscall(
                libc::SYS_bpf,
                LOOKUP_AND_DELETE_BATCH,
                &raw mut attr,
                size_of::<BatchAttr>(),
            )
        };
        let error = (result < 0).then(Errno::last);
        // After the last entry the kernel returns `ENOENT`, and has still filled in the entries before it.
        if let Some(error) = error.filter(|error| *error != Errno::ENOENT) {
            return Err(error.into());
        }
        let n_taken = attr.count as usize;
        for (key, value) in keys.iter().zip(&values).take(n_taken) {
            take(*key, *value);
        }
        if error.is_some() {
            return Ok(());
        }
        from = next;
        is_first = false;
    }
}

/// `BPF_PROG_QUERY`.
const PROG_QUERY: libc::c_long = 16;

/// The part of `union bpf_attr` that queries use. The kernel writes to its end, whatever length is passed with it.
#[repr(C)]
struct QueryAttr {
    interface: u32,
    attach_type: u32,
    query_flags: u32,
    attach_flags: u32,
    programs: u64,
    count: u32,
    padding: u32,
    program_flags: u64,
    links: u64,
    link_flags: u64,
    revision: u64,
}

/// The most programs that a hook of an interface can have (`BPF_MPROG_MAX`).
const MOST_PROGRAMS: u32 = 64;

/// The ids of the programs at a TCX hook of an interface, in the order in which they run; none on kernels without TCX.
///
/// # Errors
///
/// The kernel's refusal, or an interface that is gone.
pub(super) fn tcx_programs(interface: u32, direction: Direction) -> io::Result<Vec<u32>> {
    let mut programs = [0_u32; MOST_PROGRAMS as usize];
    let mut attr = QueryAttr {
        interface,
        // `BPF_TCX_INGRESS`, `BPF_TCX_EGRESS`
        attach_type: match direction {
            Direction::Ingress => 46,
            Direction::Egress => 47,
        },
        query_flags: 0,
        attach_flags: 0,
        programs: programs.as_mut_ptr().expose_provenance() as u64,
        count: MOST_PROGRAMS,
        padding: 0,
        program_flags: 0,
        links: 0,
        link_flags: 0,
        revision: 0,
    };
    // SAFETY: there is room for `count` ids, and the attributes have all fields that a query writes to.
    let result = unsafe {
        libc::syscall(
            libc::SYS_bpf,
            PROG_QUERY,
            &raw mut attr,
            size_of::<QueryAttr>(),
        )
    };
    match (result < 0).then(Errno::last) {
        None => Ok(programs.into_iter().take(attr.count as usize).collect()),
        // Nothing is attached, or the kernel has no such hook.
        Some(Errno::ENOENT | Errno::EINVAL) => Ok(Vec::new()),
        Some(error) => Err(error.into()),
    }
}
