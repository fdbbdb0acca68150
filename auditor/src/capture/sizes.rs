//! How large the parts of the flow table are, and whether what was found in it had room.

use std::io;

use auditor_common::{Bucket4, Bucket6, SharedBucket, SharedGroup, SharedOpening};
use aya::util::nr_cpus;

/// The numbers of buckets in each part of the table; powers of two.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sizes {
    /// Buckets in each half of a CPU: here for IPv4, below for IPv6.
    pub buckets_4: u32,
    pub buckets_6: u32,
    /// Buckets in each half of the shared table: twice as many as flows at a time, so that probing finds one for each.
    pub shared: u32,
    /// CPUs that this kernel may ever have.
    pub n_cpus: u32,
}

impl Sizes {
    /// The sizes for about `flows` flows at a time.
    ///
    /// # Errors
    ///
    /// The number of possible CPUs can't be read, or as many buckets for each of them are more than a map can have.
    pub fn new(flows: u32) -> io::Result<Self> {
        let n_cpus = nr_cpus().map_err(|(_, error)| error)?;
        Self::on(u32::try_from(n_cpus).unwrap_or(u32::MAX), flows).ok_or_else(|| {
            let problem = format!(
                "{flows} flows at a time are more than this host's {n_cpus} CPUs can each have buckets for; give fewer by --flows"
            );
            io::Error::new(io::ErrorKind::InvalidInput, problem)
        })
    }

    /// The sizes on a host of so many CPUs; `None` if the numbers of a map's entries would not fit into 32 bits.
    fn on(n_cpus: u32, flows: u32) -> Option<Self> {
        let buckets_4 = (flows / FLOWS_PER_BUCKET_4)
            .max(FEWEST)
            .checked_next_power_of_two()?;
        let sizes = Self {
            buckets_4,
            buckets_6: (flows / FLOWS_PER_BUCKET_6).max(FEWEST).next_power_of_two(),
            shared: flows
                .max(FEWEST)
                .checked_next_power_of_two()?
                .checked_mul(2)?,
            n_cpus,
        };
        sizes.shared.checked_mul(2)?;
        n_cpus.checked_mul(2)?.checked_mul(buckets_4)?;
        Some(sizes)
    }

    /// What the programs are to be told, by the names of their globals.
    pub const fn globals(&self) -> [(&'static str, u32); 3] {
        [
            ("MASK_4", self.buckets_4 - 1),
            ("MASK_6", self.buckets_6 - 1),
            ("MASK_SHARED", self.shared / SharedGroup::SIZE - 1),
        ]
    }

    /// The entries of each map of buckets.
    pub const fn entries(&self) -> [(&'static str, u32); 4] {
        let halves = 2 * self.n_cpus;
        [
            ("BUCKETS_4", halves * self.buckets_4),
            ("BUCKETS_6", halves * self.buckets_6),
            ("SHARED", 2 * self.shared / SharedGroup::SIZE),
            ("OPENINGS", 2 * self.shared),
        ]
    }

    /// Bytes of kernel memory for all maps together, as ARCHITECTURE.md derives them.
    pub fn kernel_bytes(&self) -> u64 {
        let buckets = u64::from(self.buckets_4) * size_of::<Bucket4>() as u64
            + u64::from(self.buckets_6) * size_of::<Bucket6>() as u64;
        let shared = u64::from(self.shared)
            * (size_of::<SharedBucket>() + size_of::<SharedOpening>()) as u64;
        2 * (u64::from(self.n_cpus) * buckets + shared) + OTHER_MAPS
    }
}

/// How many conversations one drain found, in the part of the table where they were most.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Found {
    /// Buckets taken on the CPU that had most: here for IPv4, below for IPv6.
    pub buckets_4: u32,
    pub buckets_6: u32,
    /// Buckets taken of the shared table, which holds what finds none on its CPU: here by IPv4, below by IPv6.
    pub shared_4: u32,
    pub shared_6: u32,
}

impl Sizes {
    /// The flows at a time for which all that was found would have had a bucket, if less than that was asked for and a good
    /// part had none; as a power of two. Keys collide before the table is full, so it needs more than twice as many buckets.
    pub fn flows_wanted(&self, found: Found) -> Option<u32> {
        let wanted = |taken: u32, shared: u32, buckets: u32, part: u32| {
            let all = taken.saturating_add(shared);
            let has_room = shared <= buckets / 16;
            let flows = (all / 2).saturating_mul(5).checked_next_power_of_two();
            flows.filter(|_| !has_room)?.checked_mul(part)
        };
        let most = wanted(
            found.buckets_4,
            found.shared_4,
            self.buckets_4,
            FLOWS_PER_BUCKET_4,
        )
        .max(wanted(
            found.buckets_6,
            found.shared_6,
            self.buckets_6,
            FLOWS_PER_BUCKET_6,
        ))?;
        (self.shared / 2 < most).then_some(most)
    }
}

/// Flows at a time for each bucket of a CPU: not each CPU has all of them.
const FLOWS_PER_BUCKET_4: u32 = 4;
const FLOWS_PER_BUCKET_6: u32 = 8;
/// With fewer buckets, nearly all keys in a half would collide.
const FEWEST: u32 = 8;
/// Known ports, packets counted by port for want of room (`LOST`, 8 MiB), fragments.
const OTHER_MAPS: u64 = 9 << 20;

#[cfg(test)]
mod tests {
    use super::{Found, Sizes};

    #[test]
    fn how_large_a_table_would_do() {
        let sizes = Sizes::on(2, 65_536).unwrap();
        let wanted = |buckets_4, shared_4, buckets_6, shared_6| {
            sizes.flows_wanted(Found {
                buckets_4,
                buckets_6,
                shared_4,
                shared_6,
            })
        };
        // All but a few that collide have a bucket.
        assert_eq!(wanted(16_384, 0, 0, 0), None);
        assert_eq!(wanted(9_000, 900, 0, 0), None);
        // 100,000 of IPv4: 262,144 buckets on each CPU.
        assert_eq!(wanted(16_384, 83_616, 0, 0), Some(1 << 20));
        assert_eq!(wanted(0, 0, 8_000, 12_000), Some(1 << 19));
        let found = Found {
            buckets_4: 1 << 14,
            shared_4: u32::MAX,
            ..Found::default()
        };
        assert_eq!(sizes.flows_wanted(found), None);
    }

    #[test]
    fn sizes_that_no_map_can_have() {
        // What `--flows` takes at the most, on hosts of 256 and 512 CPUs.
        let most = 1 << 24;
        assert_eq!(Sizes::on(256, most).unwrap().buckets_4, 1 << 22);
        assert_eq!(Sizes::on(512, most), None);
        assert!(Sizes::on(512, most / 2).is_some());
        assert_eq!(Sizes::on(u32::MAX, 1), None);
        assert_eq!(Sizes::on(1, u32::MAX), None);
    }
}
