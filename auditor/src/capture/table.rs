//! The flow table as seen from user space: sets the half that programs write to, and reads the other one.

use std::{
    io,
    mem::offset_of,
    os::fd::AsFd as _,
    sync::atomic::{AtomicU64, Ordering},
};

use auditor_common::{
    Bucket4, Bucket6, BucketRecord, ConversationKey, ConversationRecord, Direction, Half, Header,
    MOST_CPUS, PortKind, State, Tally, Totals,
    flow::counted,
    packet::{is_mapped, unpack4},
    port::bit,
};
use aya::{Ebpf, util::nr_cpus};

use super::{
    error::CaptureError,
    maps::{data, memory},
    memory::Memory,
    syscall::take_all,
    wait::Wait,
};

/// The numbers of buckets and entries in each part of the table.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Sizes {
    /// Buckets in each half of a CPU: here for IPv4, below for IPv6; powers of two.
    pub buckets_4: u32,
    pub buckets_6: u32,
    /// Entries in each half of the shared table.
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
        let buckets_4 = (flows / 4).max(FEWEST).checked_next_power_of_two()?;
        let sizes = Self {
            buckets_4,
            buckets_6: (flows / 8).max(FEWEST).next_power_of_two(),
            shared: flows,
            n_cpus,
        };
        n_cpus.checked_mul(2)?.checked_mul(buckets_4)?;
        Some(sizes)
    }

    /// Bytes of kernel memory for all maps together, as ARCHITECTURE.md derives them.
    pub fn kernel_bytes(&self) -> u64 {
        let buckets = u64::from(self.buckets_4) * size_of::<Bucket4>() as u64
            + u64::from(self.buckets_6) * size_of::<Bucket6>() as u64;
        let entry =
            (size_of::<ConversationKey>() + size_of::<ConversationRecord>()) as u64 + HASH_OVERHEAD;
        2 * (u64::from(self.n_cpus) * buckets + u64::from(self.shared) * entry) + OTHER_MAPS
    }
}

/// With fewer buckets, nearly all keys in a half would collide.
const FEWEST: u32 = 8;
/// The kernel's overhead per entry of a hash map, beside key and value: a header of 48 bytes, and a hash bucket of 16.
const HASH_OVERHEAD: u64 = 64;
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
    /// The half that the kernel half writes to.
    half: usize,
    /// IPv6 packets with IPv4-mapped addresses, which must not be on a wire: the fast path does not look at that.
    mapped: Tally,
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
            half: 0,
            mapped: Tally::default(),
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

    /// IPv6 packets so far that count as malformed, since an address of theirs is IPv4-mapped (RFC 4291, section 2.5.5.2).
    pub(super) const fn mapped(&self) -> Tally {
        self.mapped
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
    /// The kernel's refusal.
    pub fn drain(&mut self, ebpf: &Ebpf, take: Take<'_>) -> Result<Totals, CaptureError> {
        let old = self.half;
        self.half = 1 - old;
        self.store(offset_of!(Header, half), self.half as u64);
        self.wait.wait().map_err(CaptureError::Wait)?;
        self.collect(ebpf, old, take)
    }

    /// Takes everything out of the half that programs write to; none may be running.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn take(&mut self, ebpf: &Ebpf, take: Take<'_>) -> Result<Totals, CaptureError> {
        self.collect(ebpf, self.half, take)
    }

    fn collect(
        &mut self,
        ebpf: &Ebpf,
        old: usize,
        found: Take<'_>,
    ) -> Result<Totals, CaptureError> {
        let mut totals = Totals::default();
        for cpu in 0..self.n_headers() {
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
            take(offset_of!(Half, unproven));
            let n_buckets = self.sizes.buckets_4 as usize;
            for index in part * n_buckets..(part + 1) * n_buckets {
                if let Some(bucket) = self.buckets_4.take(index, offset_of!(Bucket4, ports)) {
                    let addresses = unpack4(bucket.addresses);
                    visit(found, addresses, bucket.ports, &bucket.record);
                }
            }
            let n_buckets = self.sizes.buckets_6 as usize;
            for index in part * n_buckets..(part + 1) * n_buckets {
                if let Some(bucket) = self.buckets_6.take(index, offset_of!(Bucket6, ports)) {
                    let addresses = bucket.addresses.map(|[high, low]| {
                        let mut address = [0; 16];
                        let (first, second) = address.split_at_mut(8);
                        first.copy_from_slice(&high.to_ne_bytes());
                        second.copy_from_slice(&low.to_ne_bytes());
                        address
                    });
                    if addresses.iter().any(is_mapped) {
                        self.mapped += sum(&bucket.record);
                    } else {
                        visit(found, addresses, bucket.ports, &bucket.record);
                    }
                }
            }
        }
        let name = if old == 0 { "SHARED_0" } else { "SHARED_1" };
        let shared = data(ebpf, name)?;
        take_all(shared.fd().as_fd(), |key, record| found(&key, &record))
            .map_err(CaptureError::Batch)?;
        Ok(totals)
    }
}

/// The packets and bytes of both sides.
fn sum(record: &BucketRecord) -> Tally {
    let mut sum = Tally::default();
    for word in record.counted {
        let (packets, bytes) = counted::parts(word);
        sum += Tally { packets, bytes };
    }
    sum
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
        reserved: 0,
    };
    take(&key, &record.into());
}

#[cfg(test)]
mod tests {
    use super::Sizes;

    #[test]
    fn sizes_that_no_map_can_have() {
        // What `--flows` takes at the most, on hosts of 256 and 512 CPUs.
        let most = 1 << 24;
        assert_eq!(Sizes::on(256, most).unwrap().buckets_4, 1 << 22);
        assert_eq!(Sizes::on(512, most), None);
        assert!(Sizes::on(512, most / 2).is_some());
        assert_eq!(Sizes::on(u32::MAX, 1), None);
        assert_eq!(Sizes::on(1, u32::MAX).unwrap().buckets_4, 1 << 30);
    }
}
