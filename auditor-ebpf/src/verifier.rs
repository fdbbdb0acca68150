//! Masks that give numbers bounds which the verifier sees.
//!
//! Older verifiers (6.1) forget the bounds of a number that was spilled to the stack, so it has to be masked again. The
//! compiler would remove a mask that it can prove redundant, but keeps inline assembly.

use core::{arch::asm, intrinsics::is_val_statically_known};

use auditor_common::{
    MOST_CPUS, SharedGroup, SharedHalf,
    port::{self, SPACE},
};

/// The offset of a header in a frame, or another small number.
#[inline(always)]
pub fn bounded(offset: usize) -> usize {
    if is_val_statically_known(offset) {
        return offset;
    }
    let mut offset = offset as u64;
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 0x7fff", inout(reg) offset, options(pure, nomem, nostack)) };
    offset as usize
}

/// 0 or 1.
#[inline(always)]
pub(crate) fn one_of_two(value: u64) -> usize {
    if is_val_statically_known(value) {
        return value as usize & 1;
    }
    let mut value = value;
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 1", inout(reg) value, options(pure, nomem, nostack)) };
    value as usize
}

/// The place of a bucket in its group in the shared table.
#[inline(always)]
pub(crate) fn one_of_four(value: u64) -> usize {
    let mut value = value;
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 3", inout(reg) value, options(pure, nomem, nostack)) };
    const { assert!(SharedGroup::SIZE == 4) };
    value as usize
}

/// The index of a CPU's header. CPUs beyond [`MOST_CPUS`] share headers with others, and have no buckets of their own.
#[inline(always)]
pub(crate) fn one_of_cpus(cpu: u64) -> usize {
    let mut cpu = cpu;
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 0x3ff", inout(reg) cpu, options(pure, nomem, nostack)) };
    const { assert!(MOST_CPUS == 0x400) };
    cpu as usize
}

/// The index of a place in the list of taken buckets of the shared table.
#[inline(always)]
pub(crate) fn one_of_listed(number: u64) -> usize {
    let mut number = number;
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 0x3ff", inout(reg) number, options(pure, nomem, nostack)) };
    const { assert!(SharedHalf::LISTED == 0x400) };
    number as usize
}

/// The index of a word of `state::KnownPorts`.
#[inline(always)]
pub(crate) fn in_space(index: u32) -> usize {
    let mut index = u64::from(index);
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 0x7fff", inout(reg) index, options(pure, nomem, nostack)) };
    const { assert!(SPACE == 0x8000) };
    index as usize
}

/// The offset of a TCP or UDP port's byte in `state::KnownPorts`.
#[inline(always)]
pub(crate) fn in_bytes(at: u32) -> usize {
    let mut at = u64::from(at);
    // SAFETY: one instruction on a register.
    unsafe { asm!("{0} &= 0x1ffff", inout(reg) at, options(pure, nomem, nostack)) };
    const { assert!(port::at(2, 0) == 0x2_0000) };
    at as usize
}
