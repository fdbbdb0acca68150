//! Atomic updates of map memory that several CPUs write to.

use core::intrinsics::{AtomicOrdering, atomic_cxchg, atomic_or, atomic_xadd, atomic_xchg};

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

/// Adds to a counter; returns what it was before.
///
/// # Safety
///
/// As of [`increase`].
#[inline(always)]
pub(crate) unsafe fn fetch_increase(counter: *mut u64, amount: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe { atomic_xadd::<u64, u64, { AtomicOrdering::SeqCst }>(counter, amount) }
}

/// Adds 1 to a small counter.
///
/// # Safety
///
/// As of [`increase`].
#[inline(always)]
pub(crate) unsafe fn increase_word(counter: *mut u32) {
    // SAFETY: the caller's promise.
    unsafe {
        atomic_xadd::<u32, u32, { AtomicOrdering::Relaxed }>(counter, 1);
    }
}

/// Writes a number, behind all that this CPU wrote before (an atomic instruction that returns a number is a full barrier).
///
/// # Safety
///
/// As of [`increase`].
#[inline(always)]
pub(crate) unsafe fn exchange(number: *mut u64, new: u64) {
    // SAFETY: the caller's promise.
    let _old = unsafe { atomic_xchg::<u64, { AtomicOrdering::SeqCst }>(number, new) };
}

/// Writes a number where another one stands; returns what stood there.
///
/// # Safety
///
/// As of [`increase`].
#[inline(always)]
pub(crate) unsafe fn compare_exchange(number: *mut u64, old: u64, new: u64) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        atomic_cxchg::<u64, { AtomicOrdering::SeqCst }, { AtomicOrdering::SeqCst }>(
            number, old, new,
        )
        .0
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

/// As [`set_bits`].
///
/// # Safety
///
/// As of [`increase`].
#[inline(always)]
pub(crate) unsafe fn set_bits_of_word(bits: *mut u32, more: u32) {
    // SAFETY: the caller's promise.
    unsafe {
        if *bits & more != more {
            atomic_or::<u32, u32, { AtomicOrdering::Relaxed }>(bits, more);
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
