//! The flow table as seen from user space: sets the half that programs write to, and reads the other one.

use std::{
    io,
    mem::{self, offset_of},
    sync::atomic::{AtomicU64, Ordering},
};

use auditor_common::{
    Bucket4, Bucket6, BucketRecord, ConversationKey, ConversationRecord, Direction, Half, Header,
    MOST_CPUS, PackedPorts, PortKind, SharedBucket, SharedHalf, SharedOpening, State, Tally,
    Totals,
    packet::{kept_ipv6, unpack4},
    port::bit,
};
use aya::Ebpf;

use super::{
    error::CaptureError,
    maps::{memory, pieces},
    memory::Memory,
    pieces::Pieces,
    sizes::{Found, Sizes},
    wait::Wait,
};

/// The table: its counters mapped into memory, and of its buckets what a drain looks at.
#[derive(Debug)]
pub struct Table {
    sizes: Sizes,
    state: Memory<State>,
    wait: Wait,
    buckets_4: Pieces<Bucket4>,
    buckets_6: Pieces<Bucket6>,
    shared: Pieces<SharedBucket>,
    openings: Pieces<SharedOpening>,
    /// The half that the kernel half writes to.
    half: usize,
    /// What was taken out of the counters, and not yet handed out because the drain that took it failed.
    totals: Totals,
    /// What the last drain found.
    found: Found,
}

/// Called with each conversation that a drain finds, possibly more than once with the same one.
pub type Take<'a> = &'a mut dyn FnMut(&ConversationKey, &ConversationRecord);

impl Table {
    /// The table of the programs.
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
            buckets_4: pieces(ebpf, "BUCKETS_4", halves * sizes.buckets_4 as usize)?,
            buckets_6: pieces(ebpf, "BUCKETS_6", halves * sizes.buckets_6 as usize)?,
            shared: pieces(ebpf, "SHARED", 2 * sizes.shared as usize)?,
            openings: pieces(ebpf, "OPENINGS", 2 * sizes.shared as usize)?,
            half: 0,
            totals: Totals::default(),
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
            most <= n_taken_of(word)
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
    /// programs write to the other one. What a drain that fails leaves is taken by one of the next two.
    ///
    /// # Errors
    ///
    /// The kernel's refusal to wait, or to map the buckets.
    pub fn drain(&mut self, take: Take<'_>) -> Result<Totals, CaptureError> {
        let old = self.half;
        self.half = 1 - old;
        self.store(offset_of!(Header, half), self.half as u64);
        self.wait.wait().map_err(CaptureError::Wait)?;
        self.collect(old, take)
    }

    /// Takes everything out of the half that programs write to; none may be running.
    ///
    /// # Errors
    ///
    /// The kernel's refusal to map the buckets.
    pub fn take(&mut self, take: Take<'_>) -> Result<Totals, CaptureError> {
        self.collect(self.half, take)
    }

    fn collect(&mut self, old: usize, found: Take<'_>) -> Result<Totals, CaptureError> {
        let mut in_table = Found::default();
        let mut collected = Ok(());
        for cpu in 0..self.n_headers() {
            collected = collected.and_then(|()| self.collect_own(cpu, old, &mut in_table, found));
        }
        let collected = collected.and_then(|()| self.collect_shared(old, &mut in_table, found));
        self.buckets_4.close();
        self.buckets_6.close();
        self.shared.close();
        self.openings.close();
        collected.map_err(CaptureError::Memory)?;
        self.found = in_table;
        Ok(mem::take(&mut self.totals))
    }

    /// Takes everything out of a half of a CPU's own.
    fn collect_own(
        &mut self,
        cpu: u32,
        old: usize,
        in_table: &mut Found,
        found: Take<'_>,
    ) -> io::Result<()> {
        // Programs write to the other half of the same header, so this one is accessed word by word, not as a whole.
        let word = |offset: usize| self.header(cpu, half_at(old) + offset);
        let [received, sent] = Direction::ALL.map(|direction| {
            let at = offset_of!(Half, totals) + direction.index() * size_of::<[u64; 2]>();
            let take = |at| word(at).map_or(0, |word| word.swap(0, Ordering::SeqCst));
            Tally {
                packets: take(at),
                bytes: take(at + size_of::<u64>()),
            }
        });
        let n_taken = word(offset_of!(Half, unproven));
        let n_taken = n_taken.map_or(0, |word| n_taken_of(word.load(Ordering::SeqCst)));
        self.totals += Totals { received, sent };
        // Where nothing was taken there is nothing to be read: on most hosts, in all buckets of IPv6.
        if n_taken == 0 {
            return Ok(());
        }
        let part = cpu as usize * 2 + old;
        let mut taken = Found::default();
        let n_buckets = self.sizes.buckets_4 as usize;
        for index in part * n_buckets..(part + 1) * n_buckets {
            if let Some(bucket) = self.buckets_4.take(index, offset_of!(Bucket4, ports))? {
                let addresses = unpack4(bucket.addresses);
                taken.buckets_4 += 1;
                visit(found, addresses, bucket.ports, &bucket.record);
            }
        }
        in_table.buckets_4 = in_table.buckets_4.max(taken.buckets_4);
        if taken.buckets_4 < n_taken {
            let n_buckets = self.sizes.buckets_6 as usize;
            for index in part * n_buckets..(part + 1) * n_buckets {
                if let Some(bucket) = self.buckets_6.take(index, offset_of!(Bucket6, ports))? {
                    taken.buckets_6 += 1;
                    let addresses = bucket.addresses.map(|words| kept_ipv6(in_bytes(words)));
                    visit(found, addresses, bucket.ports, &bucket.record);
                }
            }
            in_table.buckets_6 = in_table.buckets_6.max(taken.buckets_6);
        }
        // Last: as long as a bucket is left, its CPU's count says so.
        if let Some(word) = self.header(cpu, half_at(old) + offset_of!(Half, unproven)) {
            word.store(0, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Takes everything out of a half of the shared table.
    fn collect_shared(
        &mut self,
        old: usize,
        in_table: &mut Found,
        found: Take<'_>,
    ) -> io::Result<()> {
        let word = |field: usize| self.state.word(0, shared_at(old, field));
        let n_taken = word(offset_of!(SharedHalf, taken));
        let n_taken = n_taken.map_or(0, |word| word.load(Ordering::SeqCst));
        if u64::from(SharedHalf::LISTED) < n_taken {
            let n_buckets = self.sizes.shared as usize;
            for index in old * n_buckets..(old + 1) * n_buckets {
                self.take_shared(index, in_table, found)?;
            }
        } else {
            // In their order, so that no piece is mapped twice.
            for index in self.listed(old, n_taken) {
                self.take_shared(index as usize, in_table, found)?;
            }
        }
        // Last: as long as a bucket is left, it is listed.
        for field in [
            offset_of!(SharedHalf, taken_in),
            offset_of!(SharedHalf, taken),
        ] {
            if let Some(word) = self.state.word(0, shared_at(old, field)) {
                word.store(0, Ordering::SeqCst);
            }
        }
        Ok(())
    }

    /// The first buckets of a half of the shared table that were listed as taken, in order.
    fn listed(&self, old: usize, n_taken: u64) -> Vec<u32> {
        let n_taken = usize::try_from(n_taken).unwrap_or(usize::MAX);
        // Two of them in a word.
        let words = (0..n_taken.div_ceil(2)).map_while(|number| {
            let at = shared_at(old, offset_of!(SharedHalf, listed)) + number * size_of::<u64>();
            self.state.word(0, at)
        });
        let pairs = words
            .flat_map(|word| -> [u32; 2] { zerocopy::transmute!(word.load(Ordering::Relaxed)) });
        let mut listed: Vec<u32> = pairs.take(n_taken).collect();
        listed.sort_unstable();
        listed
    }

    /// Takes what a bucket of the shared table holds out of it, if anything.
    fn take_shared(
        &mut self,
        index: usize,
        in_table: &mut Found,
        found: Take<'_>,
    ) -> io::Result<()> {
        let at = offset_of!(SharedBucket, ports);
        let Some((buckets, within)) = self.shared.at(index)? else {
            return Ok(());
        };
        if buckets.is_zero(within, at) {
            return Ok(());
        }
        // Both are there before either is taken.
        let opening = self.openings.take_all(index)?.unwrap_or_default();
        let Some(bucket) = buckets.take(within, at) else {
            return Ok(());
        };
        // What nobody has finished taking holds nothing.
        if bucket.ports == SharedBucket::BEING_TAKEN {
            return Ok(());
        }
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
        found(&key, &ConversationRecord::of_shared(&bucket, &opening));
        Ok(())
    }
}

/// Offset of a field of a half's shared counters in the state.
fn shared_at(half: usize, field: usize) -> usize {
    offset_of!(State, shared) + half * size_of::<SharedHalf>() + field
}

/// All buckets taken, of the word of a half that starts with `unproven` and ends with `taken`.
fn n_taken_of(word: u64) -> u32 {
    let [_, taken]: [u32; 2] = zerocopy::transmute!(word);
    taken
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
