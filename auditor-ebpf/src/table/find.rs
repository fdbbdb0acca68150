//! Finds the bucket of a key.

use super::{
    addresses::AddressPair,
    bucket::{self, Bucket, PROBES, Record},
    key::Key,
};
use crate::state::PerCpu;

pub(crate) enum Found {
    /// The record, and whether its bucket was free.
    Bucket(Record, bool),
    /// There is no bucket; the packet belongs into the shared table.
    Shared,
    /// There is no bucket for this unproven packet, and unproven packets do not go into the shared table.
    Lost,
}

/// Finds the bucket of a key, or takes a free one.
#[inline(always)]
pub(crate) fn find<A: AddressPair>(
    per_cpu: &PerCpu,
    interface: u32,
    key: &Key<A>,
    is_unproven: bool,
) -> Found {
    let hash = bucket::hash(key.addresses, key.ports);
    for probe in 0..PROBES {
        let Some(bucket) = Bucket::at(per_cpu, hash, probe) else {
            return Found::Shared;
        };
        if let Some(record) = bucket.record_of(key.addresses, key.ports, interface) {
            return Found::Bucket(record, false);
        }
        if bucket.is_free() {
            if is_unproven && !Bucket::<A>::try_take_unproven(per_cpu) {
                return Found::Lost;
            }
            return Found::Bucket(
                bucket.take(per_cpu, key.addresses, key.ports, interface),
                true,
            );
        }
    }
    if is_unproven {
        Found::Lost
    } else {
        Found::Shared
    }
}
