//! The system call that no library offers: asking which programs an interface has.
#![expect(unsafe_code, reason = "system calls take pointers")]

use std::io;

use auditor_common::Direction;
use nix::{errno::Errno, libc};

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
