//! A bucket of the flow table: its position by hash, its key, and its counters.

use core::intrinsics::{cold_path, likely};

use auditor_common::{
    BucketRecord, Tally,
    flow::{counted, opening, requested},
    packet::Undelivered,
};
use aya_ebpf::{Global, helpers::generated::bpf_ktime_get_ns};

use super::{
    addresses::{AddressPair, GOLDEN_RATIO, Layout as _, SECRET_0},
    event::OPENS,
};
use crate::{state::PerCpu, verifier::one_of_two};

/// A second random number that keys the hash, as [`SECRET_0`] does.
#[unsafe(no_mangle)]
static SECRET_1: Global<u64> = Global::new(1);

/// Buckets that are probed. While less than 40% of the table is in use, hardly any conversation finds all of them taken; and where
/// most do, more probes would cost more than the shared table, each a cache line.
pub(crate) const PROBES: u32 = 4;

/// A 16-bit counter with this value is full.
const MOST_EVENTS: u16 = u16::MAX;

/// The hash of a key, which gives the first bucket to probe.
#[inline(always)]
pub(crate) fn hash<A: AddressPair>(addresses: A, ports: u64) -> u32 {
    let mut hash = (addresses.fold() ^ SECRET_0.load()).wrapping_mul(SECRET_1.load() | 1);
    hash = (hash ^ hash >> 32 ^ ports).wrapping_mul(GOLDEN_RATIO);
    (hash >> 32) as u32
}

/// A whole map value: a bucket of the half in use, to which this CPU alone writes.
pub(crate) struct Bucket<A: AddressPair>(*mut A::Layout);

impl<A: AddressPair> Bucket<A> {
    /// The bucket to probe for a hash after `probe` others.
    #[inline(always)]
    pub(crate) fn at(per_cpu: &PerCpu, hash: u32, probe: u32) -> Option<Self> {
        let start = A::Layout::start(per_cpu);
        let index = start.wrapping_add(hash.wrapping_add(probe) & A::Layout::mask());
        Some(Self(A::Layout::get(index)?))
    }

    /// The bucket's record, if the bucket belongs to this key.
    #[inline(always)]
    pub(crate) fn record_of(&self, addresses: A, ports: u64, interface: u32) -> Option<Record> {
        // SAFETY: the bucket is a whole map value.
        unsafe {
            let (its_ports, record) = A::Layout::parts(self.0);
            (likely(*its_ports == ports)
                && likely(addresses.match_bucket(self.0))
                && likely((*record).interface == interface))
            .then_some(Record(record))
        }
    }

    /// Whether nothing is counted in the bucket.
    #[inline(always)]
    pub(crate) fn is_free(&self) -> bool {
        // SAFETY: the bucket is a whole map value.
        unsafe { *A::Layout::parts(self.0).0 == 0 }
    }

    /// Writes the key into a free bucket, and returns its record.
    #[inline(always)]
    pub(crate) fn take(
        &self,
        per_cpu: &PerCpu,
        addresses: A,
        ports: u64,
        interface: u32,
    ) -> Record {
        per_cpu.take_bucket();
        // SAFETY: the bucket is a whole map value that this CPU alone writes to.
        unsafe {
            let (its_ports, record) = A::Layout::parts(self.0);
            addresses.write_to(self.0);
            *its_ports = ports;
            (*record).interface = interface;
            Record(record)
        }
    }

    /// Whether a bucket is left for one more unproven packet, which get half of them; if so, counts it as taken.
    #[inline(always)]
    pub(crate) fn try_take_unproven(per_cpu: &PerCpu) -> bool {
        per_cpu.take_unproven(A::Layout::mask() >> 1)
    }
}

/// What is counted in a [`Bucket`].
pub(crate) struct Record(*mut BucketRecord);

impl Record {
    /// Stores when the conversation began, and the evidence for its server side.
    #[inline(always)]
    pub(crate) fn begin(&self, epoch: u32, evidence: u8) {
        // SAFETY: part of a bucket.
        unsafe {
            (*self.0).first = epoch;
            (*self.0).evidence = evidence;
        }
    }

    /// Stores which address sent the conversation's first packet: 0 for the first, 1 for the second.
    #[inline(always)]
    pub(crate) fn begin_from(&self, sender: u32) {
        // SAFETY: part of a bucket.
        unsafe { (*self.0).opening = (sender as u8 & 1) * opening::STARTED_BY_SECOND };
    }

    /// Stores the time, which user space compares where other CPUs counted the same conversation.
    #[inline(always)]
    pub(crate) fn begin_now(&self) {
        // SAFETY: part of a bucket, and a helper without preconditions.
        unsafe { (*self.0).began = bpf_ktime_get_ns() };
    }

    /// Stores the port from which a request left this host.
    #[inline(always)]
    pub(crate) fn requested_from(&self, port: u16) {
        // SAFETY: part of a bucket.
        unsafe { (*self.0).began = requested::with((*self.0).began, port) };
    }

    /// Adds a packet from the first address if `sender` is 0, from the second if it is 1. Returns false, with the record
    /// unchanged, if one of its counters is full.
    #[inline(always)]
    pub(crate) fn add(&self, sender: u32, wire: &Tally, flags: u8, event: u8, epoch: u32) -> bool {
        let record = self.0;
        let at = one_of_two(u64::from(sender));
        // SAFETY: part of a bucket; `at` is 0 or 1.
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
                (*record).opening |= (event & OPENS) << at;
            }
            *counted += counted::word(wire.packets, wire.bytes);
            let seen = (&raw mut (*record).flags).cast::<u8>().add(at);
            *seen |= flags;
            (*record).last = epoch as u16;
        }
        true
    }

    /// Starts the record of a conversation that is known from an ICMP error alone.
    #[inline(always)]
    pub(crate) fn begin_refused(&self, per_cpu: &PerCpu) {
        // SAFETY: part of a bucket.
        unsafe {
            (*self.0).first = per_cpu.epoch();
            (*self.0).last = per_cpu.epoch() as u16;
        }
    }

    /// Stores what an ICMP error says, as a bit of [`opening`], and counts it if it is a refusal; the counter saturates.
    #[inline(always)]
    pub(crate) fn add_undelivered(&self, bit: u8, undelivered: Undelivered) {
        // SAFETY: part of a bucket.
        unsafe {
            (*self.0).opening |= bit;
            if matches!(undelivered, Undelivered::Refused) && (*self.0).refusals != MOST_EVENTS {
                (*self.0).refusals += 1;
            }
        }
    }
}
