//! A place of the flow table: where it is looked for, whose it is, and what is added to it.

use core::intrinsics::{cold_path, likely};

use auditor_common::{
    BucketRecord, Tally,
    flow::{counted, opening},
};
use aya_ebpf::Global;

use crate::{
    addresses::{AddressPair, ODD, SECRET_0, Table as _},
    bounded::one_of_two,
    per_cpu::PerCpu,
    shared,
};

/// A second number that nobody outside can guess.
#[unsafe(no_mangle)]
static SECRET_1: Global<u64> = Global::new(1);

/// Small counters that reached this are full.
pub(crate) const MOST_EVENTS: u16 = u16::MAX;

/// Where the places of a key begin.
#[inline(always)]
pub(crate) fn hash<E: AddressPair>(addresses: E, ports: u64) -> u32 {
    let mut hash = (addresses.fold() ^ SECRET_0.load()).wrapping_mul(SECRET_1.load() | 1);
    hash = (hash ^ hash >> 32 ^ ports).wrapping_mul(ODD);
    (hash >> 32) as u32
}

/// The place of a hash that is looked at after `probe` others.
#[inline(always)]
pub(crate) fn at<E: AddressPair>(
    per_cpu: &PerCpu,
    hash: u32,
    probe: u32,
) -> Option<*mut E::Bucket> {
    // SAFETY: the counts of this CPU's half.
    let start = E::Bucket::start(unsafe { &*per_cpu.counts });
    E::Bucket::get(start.wrapping_add(hash.wrapping_add(probe) & E::Bucket::mask()))
}

/// The record of a place, if it is the key's; else null.
///
/// # Safety
///
/// `place` is a whole map value.
#[inline(always)]
pub(crate) unsafe fn is_of<E: AddressPair>(
    bucket: *mut E::Bucket,
    addresses: E,
    ports: u64,
    interface: u32,
) -> *mut BucketRecord {
    // SAFETY: the caller's promise.
    unsafe {
        let (its_ports, record) = E::Bucket::parts(bucket);
        if likely(*its_ports == ports)
            && likely(addresses.are_of(bucket))
            && likely((*record).interface == interface)
        {
            record
        } else {
            core::ptr::null_mut()
        }
    }
}

/// Whether nothing is counted in a place.
///
/// # Safety
///
/// `place` is a whole map value.
#[inline(always)]
pub(crate) unsafe fn is_free<E: AddressPair>(bucket: *mut E::Bucket) -> bool {
    // SAFETY: the caller's promise.
    unsafe { *E::Bucket::parts(bucket).0 == 0 }
}

/// Makes a free place the key's, and returns its record.
///
/// # Safety
///
/// `place` is a whole map value that this CPU alone writes to.
#[inline(always)]
pub(crate) unsafe fn take<E: AddressPair>(
    bucket: *mut E::Bucket,
    addresses: E,
    ports: u64,
    interface: u32,
) -> *mut BucketRecord {
    // SAFETY: the caller's promise.
    unsafe {
        let (its_ports, record) = E::Bucket::parts(bucket);
        addresses.put(bucket);
        *its_ports = ports;
        (*record).interface = interface;
        record
    }
}

/// Whether there is a place left for one more packet that proves nothing; if so, it is counted as taken.
#[inline(always)]
pub(crate) fn has_room_unproven<E: AddressPair>(per_cpu: &PerCpu) -> bool {
    // SAFETY: the counts of this CPU's half, which it alone writes to.
    unsafe {
        let taken = (*per_cpu.counts).unproven;
        if E::Bucket::mask() >> 2 <= taken {
            return false;
        }
        (*per_cpu.counts).unproven = taken + 1;
    }
    true
}

/// Adds a packet to a record; false leaves it as it is, since one of its small counters is full.
///
/// # Safety
///
/// `record` is a whole record that this CPU alone writes to.
#[inline(always)]
pub(crate) unsafe fn add(
    record: *mut BucketRecord,
    direction: u32,
    wire: &Tally,
    flags: u8,
    event: u8,
    epoch: u32,
) -> bool {
    let at = one_of_two(u64::from(direction));
    // SAFETY: the caller's promise; `at` is 0 or 1.
    unsafe {
        let counted = (&raw mut (*record).counted).cast::<u64>().add(at);
        if *counted & counted::FULL != 0 {
            cold_path();
            return false;
        }
        if event != 0 {
            let counter = match event {
                opening::REQUEST_FROM_FIRST => &raw mut (*record).requests,
                opening::REPLY_FROM_FIRST => &raw mut (*record).replies,
                _ => (&raw mut (*record).resets).cast::<u16>().add(at),
            };
            if *counter == MOST_EVENTS {
                return false;
            }
            *counter += 1;
            (*record).opening |= (event & shared::OPENS) << at;
        }
        *counted += counted::word(wire.packets, wire.bytes);
        let seen = (&raw mut (*record).flags).cast::<u8>().add(at);
        *seen |= flags;
        (*record).last = epoch as u16;
    }
    true
}
