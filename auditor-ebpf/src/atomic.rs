//! Atomic updates of map memory that several CPUs write to.

use core::intrinsics::{AtomicOrdering, atomic_or, atomic_xadd};

use auditor_common::Tally;

/// Adds to a counter.
///
/// # Safety
///
/// `counter` points into a map's value, aligned for its type.
#[inline(always)]
pub(crate) unsafe fn increase(counter: *mut u64, amount: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(counter, amount);
    }
}

/// Sets bits, if they are not set yet.
///
/// # Safety
///
/// As of [`increase`].
#[inline(always)]
pub(crate) unsafe fn set_bits(bits: *mut u64, more: u64) {
    // SAFETY: the caller's promise.
    unsafe {
        if *bits & more != more {
            atomic_or::<u64, u64, { AtomicOrdering::Relaxed }>(bits, more);
        }
    }
}

/// Adds to a tally's packets and bytes.
///
/// # Safety
///
/// As of [`increase`].
#[inline(always)]
pub(crate) unsafe fn add(tally: *mut Tally, wire: &Tally) {
    // SAFETY: the caller's promise.
    unsafe {
        increase(&raw mut (*tally).packets, wire.packets);
        increase(&raw mut (*tally).bytes, wire.bytes);
    }
}
