//! What this process was given open by whoever started it.
#![expect(unsafe_code, reason = "a system call that no library offers")]

use nix::libc;

/// The first descriptor beyond standard input, output and error.
const FIRST: libc::c_uint = 3;

/// Closes every descriptor beyond standard input, output and error: what somebody else has open is nothing for a process that runs
/// for long with privileges. Nothing is started by a socket's activation, so none of them is wanted.
///
/// Must be called before anything is opened, so first of all.
pub fn close_inherited() {
    // SAFETY: nothing of this process has opened a descriptor yet, so none is closed that somebody uses.
    let _result = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    // Kernels before 5.9 have no such call, and keep what they were given.
}
