//! The flow table as seen from user space: sets the half that programs write to, and reads the other one.

use std::{
    io,
    mem::offset_of,
    sync::atomic::{AtomicU64, Ordering},
};

use auditor_common::{
    Bucket4, Bucket6, BucketRecord, ConversationKey, ConversationRecord, Direction, Half, Header,
    MOST_CPUS, PackedPorts, PortKind, SharedBucket, SharedHalf, State, Tally, Totals,
    packet::{kept_ipv6, unpack4},
    port::bit,
};
use aya::{Ebpf, util::nr_cpus};

use super::{error::CaptureError, maps::memory, memory::Memory, wait::Wait};

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
            ("MASK_SHARED", self.shared - 1),
        ]
    }

    /// The entries of each map of buckets.
    pub const fn entries(&self) -> [(&'static str, u32); 3] {
        let halves = 2 * self.n_cpus;
        [
            ("BUCKETS_4", halves * self.buckets_4),
            ("BUCKETS_6", halves * self.buckets_6),
            ("SHARED", 2 * self.shared),
        ]
    }

    /// Bytes of kernel memory for all maps together, as ARCHITECTURE.md derives them.
    pub fn kernel_bytes(&self) -> u64 {
        let buckets = u64::from(self.buckets_4) * size_of::<Bucket4>() as u64
            + u64::from(self.buckets_6) * size_of::<Bucket6>() as u64;
        let shared = u64::from(self.shared) * size_of::<SharedBucket>() as u64;
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

/// The table, mapped into memory.
#[derive(Debug)]
pub struct Table {
    sizes: Sizes,
    state: Memory<State>,
    wait: Wait,
    buckets_4: Memory<Bucket4>,
    buckets_6: Memory<Bucket6>,
    shared: Memory<SharedBucket>,
    /// The half that the kernel half writes to.
    half: usize,
    /// What the last drain found.
    found: Found,
}

/// Called with each conversation that a drain finds, possibly more than once with the same one.
pub type Take<'a> = &'a mut dyn FnMut(&ConversationKey, &ConversationRecord);

impl Table {
    /// Maps the table of the programs into memory.
    ///
    /// # Errors
    ///
    /// A map is missing, or can't be mapped.
    pub fn map(ebpf: &Ebpf, sizes: Sizes) -> Result<Self, CaptureError> {
        let halves = 2 * sizes.n_cpus as usize;
        let table = Self {
            sizes,
            state: memory(ebpf, "STATE", 1)?,
            wait: Wait::new().map_err(CaptureError::Wait)?,
            buckets_4: memory(ebpf, "BUCKETS_4", halves * sizes.buckets_4 as usize)?,
            buckets_6: memory(ebpf, "BUCKETS_6", halves * sizes.buckets_6 as usize)?,
            shared: memory(ebpf, "SHARED", 2 * sizes.shared as usize)?,
            half: 0,
            found: Found::default(),
        };
        for cpu in 0..table.n_headers() {
            for half in 0..2 {
                let part = u64::from(cpu * 2 + half);
                let [start_4, start_6] =
                    [sizes.buckets_4, sizes.buckets_6].map(|n| part * u64::from(n));
                // `start_4` and `start_6` are written as one word, `start_4` in its first bytes.
                let starts = if cfg!(target_endian = "little") {
                    start_4 | start_6 << 32
                } else {
                    start_4 << 32 | start_6
                };
                let offset = half_at(half as usize) + offset_of!(Half, start_4);
                if let Some(word) = table.header(cpu, offset) {
                    word.store(starts, Ordering::SeqCst);
                }
            }
        }
        Ok(table)
    }

    /// The table, which waits for programs by the means given.
    #[must_use]
    pub fn waiting(self, wait: Wait) -> Self {
        Self { wait, ..self }
    }

    /// The number of CPUs that have a header of their own.
    fn n_headers(&self) -> u32 {
        self.sizes.n_cpus.min(MOST_CPUS)
    }

    /// A word of a CPU's header.
    fn header(&self, cpu: u32, offset: usize) -> Option<&AtomicU64> {
        let start = offset_of!(State, headers) + cpu as usize * size_of::<Header>();
        self.state.word(0, start + offset)
    }

    pub const fn sizes(&self) -> &Sizes {
        &self.sizes
    }

    /// What the last drain found.
    pub const fn found(&self) -> Found {
        self.found
    }

    /// Whether some CPU's half fills up: unless it is drained, new conversations soon find no bucket, and those of unproven packets
    /// are soon counted by port alone.
    pub(super) fn fills_up(&self) -> bool {
        let most = self.sizes.buckets_6.min(self.sizes.buckets_4) / 4;
        (0..self.n_headers()).any(|cpu| {
            let offset = half_at(self.half) + offset_of!(Half, unproven);
            let word = self.header(cpu, offset);
            let word = word.map_or(0, |word| word.load(Ordering::Relaxed));
            most <= n_taken(word)
        })
    }

    /// Adds a port that is known as `kind`.
    pub fn add_known_port(&self, kind: PortKind, protocol: u8, port: u16) {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return;
        };
        if let Some(word) = self.state.word(0, word as usize * size_of::<u64>()) {
            word.fetch_or(mask, Ordering::Relaxed);
        }
    }

    /// Removes a port from those that are known as `kind`.
    pub fn remove_known_port(&self, kind: PortKind, protocol: u8, port: u16) {
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return;
        };
        if let Some(word) = self.state.word(0, word as usize * size_of::<u64>()) {
            word.fetch_and(!mask, Ordering::Relaxed);
        }
    }

    /// Sets the time, in epochs.
    pub(super) fn set_epoch(&self, epoch: u64) {
        for half in 0..2 {
            self.store(half_at(half) + offset_of!(Half, epoch), epoch);
        }
    }

    /// Sets the length on the wire of the frame that a replay runs next.
    pub(super) fn set_length(&self, length: u64) {
        self.store(half_at(self.half) + offset_of!(Half, length), length);
    }

    /// Writes a word of every CPU's header.
    fn store(&self, offset: usize, value: u64) {
        for cpu in 0..self.n_headers() {
            if let Some(word) = self.header(cpu, offset) {
                word.store(value, Ordering::SeqCst);
            }
        }
    }

    /// Flips the halves, waits until no program writes to the old one, and takes everything out of it, exactly, while
    /// programs write to the other one.
    ///
    /// # Errors
    ///
    /// The kernel's refusal to wait.
    pub fn drain(&mut self, take: Take<'_>) -> Result<Totals, CaptureError> {
        let old = self.half;
        self.half = 1 - old;
        self.store(offset_of!(Header, half), self.half as u64);
        self.wait.wait().map_err(CaptureError::Wait)?;
        Ok(self.collect(old, take))
    }

    /// Takes everything out of the half that programs write to; none may be running.
    pub fn take(&mut self, take: Take<'_>) -> Totals {
        self.collect(self.half, take)
    }

    fn collect(&mut self, old: usize, found: Take<'_>) -> Totals {
        let mut totals = Totals::default();
        let mut in_table = Found::default();
        let mut uses_shared = false;
        for cpu in 0..self.n_headers() {
            let mut taken = Found::default();
            let part = cpu as usize * 2 + old;
            // Programs write to the other half of the same header, so this one is accessed word by word, not as a whole.
            let take = |offset: usize| {
                self.header(cpu, half_at(old) + offset)
                    .map_or(0, |word| word.swap(0, Ordering::SeqCst))
            };
            let [received, sent] = Direction::ALL.map(|direction| {
                let at = offset_of!(Half, totals) + direction.index() * size_of::<[u64; 2]>();
                Tally {
                    packets: take(at),
                    bytes: take(at + size_of::<u64>()),
                }
            });
            totals += Totals { received, sent };
            let word = take(offset_of!(Half, unproven));
            uses_shared |= is_shared_used(word);
            let n_taken = n_taken(word);
            // Where nothing was taken there is nothing to be read: on most hosts, in all buckets of IPv6.
            if n_taken == 0 {
                continue;
            }
            let n_buckets = self.sizes.buckets_4 as usize;
            for index in part * n_buckets..(part + 1) * n_buckets {
                if let Some(bucket) = self.buckets_4.take(index, offset_of!(Bucket4, ports)) {
                    let addresses = unpack4(bucket.addresses);
                    taken.buckets_4 += 1;
                    visit(found, addresses, bucket.ports, &bucket.record);
                }
            }
            in_table.buckets_4 = in_table.buckets_4.max(taken.buckets_4);
            if n_taken <= taken.buckets_4 {
                continue;
            }
            let n_buckets = self.sizes.buckets_6 as usize;
            for index in part * n_buckets..(part + 1) * n_buckets {
                if let Some(bucket) = self.buckets_6.take(index, offset_of!(Bucket6, ports)) {
                    taken.buckets_6 += 1;
                    let addresses = bucket.addresses.map(|words| kept_ipv6(in_bytes(words)));
                    visit(found, addresses, bucket.ports, &bucket.record);
                }
            }
            in_table.buckets_6 = in_table.buckets_6.max(taken.buckets_6);
        }
        if uses_shared {
            let n_buckets = self.sizes.shared as usize;
            for index in old * n_buckets..(old + 1) * n_buckets {
                let taken = self.shared.take(index, offset_of!(SharedBucket, ports));
                // What nobody has finished taking holds nothing.
                let Some(bucket) = taken.filter(|taken| taken.ports != SharedBucket::BEING_TAKEN)
                else {
                    continue;
                };
                let (is_ipv6, ports) = PackedPorts(bucket.ports).take_ipv6();
                let addresses = bucket.addresses.map(in_bytes);
                let key = ConversationKey {
                    addresses: if is_ipv6 {
                        in_table.shared_6 += 1;
                        addresses.map(kept_ipv6)
                    } else {
                        in_table.shared_4 += 1;
                        addresses
                    },
                    ports: ports.0,
                    interface: bucket.interface,
                };
                found(&key, &(&bucket).into());
            }
        }
        let taken_in = offset_of!(State, shared)
            + old * size_of::<SharedHalf>()
            + offset_of!(SharedHalf, taken_in);
        if let Some(word) = self.state.word(0, taken_in) {
            word.store(0, Ordering::SeqCst);
        }
        self.found = in_table;
        totals
    }
}

/// All buckets taken, of the word of a half that starts with `unproven` and ends with `taken`.
fn n_taken(word: u64) -> u32 {
    let [_, taken]: [u32; 2] = zerocopy::transmute!(word);
    taken & !Half::USES_SHARED
}

/// Whether the CPU has taken a bucket of the shared table.
fn is_shared_used(word: u64) -> bool {
    let [_, taken]: [u32; 2] = zerocopy::transmute!(word);
    taken & Half::USES_SHARED != 0
}

/// The bytes of an address that is kept in two words.
fn in_bytes(words: [u64; 2]) -> [u8; 16] {
    zerocopy::transmute!(words)
}

/// Offset of a half in its header.
fn half_at(half: usize) -> usize {
    offset_of!(Header, halves) + half * size_of::<Half>()
}

fn visit(take: Take<'_>, addresses: [[u8; 16]; 2], ports: u64, record: &BucketRecord) {
    let key = ConversationKey {
        addresses,
        ports,
        interface: record.interface,
    };
    take(&key, &record.into());
}

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
