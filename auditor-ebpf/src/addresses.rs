//! The addresses of a packet in the form of each IP version, and the places of flows between them.

use auditor_common::{Bucket4, Bucket6, BucketRecord, Half, Packet, packet::pack4};
use aya_ebpf::{Global, macros::map, maps::Array};

use crate::per_cpu::MMAPABLE;

/// Places by CPU and half; user space sets their number.
#[map]
static BUCKETS_4: Array<Bucket4> = Array::with_max_entries(2, MMAPABLE);
#[map]
static BUCKETS_6: Array<Bucket6> = Array::with_max_entries(2, MMAPABLE);

/// Places of a CPU's half, less one: numbers of places are powers of two.
#[unsafe(no_mangle)]
static MASK_4: Global<u32> = Global::new(0);
#[unsafe(no_mangle)]
static MASK_6: Global<u32> = Global::new(0);

/// A number that nobody outside can guess, so that nobody can choose addresses which share a place.
#[unsafe(no_mangle)]
pub(crate) static SECRET_0: Global<u64> = Global::new(0);
/// An odd number whose bits look random: 2^64 divided by the golden ratio.
pub(crate) const ODD: u64 = 0x9e37_79b9_7f4a_7c15;

/// The places of one IP version.
pub(crate) trait Table: Sized {
    fn get(index: u32) -> Option<*mut Self>;
    fn mask() -> u32;
    /// The first place of the half that is written to.
    fn start(counts: &Half) -> u32;

    /// What is in a place beside its addresses.
    ///
    /// # Safety
    ///
    /// `place` is a whole map value.
    unsafe fn parts(bucket: *mut Self) -> (*mut u64, *mut BucketRecord);
}

macro_rules! tables {
    ($($bucket:ident: $buckets:ident, $mask:ident, $start:ident;)*) => {$(
        impl Table for $bucket {
            #[inline(always)]
            fn get(index: u32) -> Option<*mut Self> {
                $buckets.get_ptr_mut(index)
            }

            #[inline(always)]
            fn mask() -> u32 {
                $mask.load()
            }

            #[inline(always)]
            fn start(counts: &Half) -> u32 {
                counts.$start
            }

            #[inline(always)]
            unsafe fn parts(bucket: *mut Self) -> (*mut u64, *mut BucketRecord) {
                // SAFETY: the caller's promise.
                unsafe { (&raw mut (*bucket).ports, &raw mut (*bucket).record) }
            }
        }
    )*};
}

tables! {
    Bucket4: BUCKETS_4, MASK_4, start_4;
    Bucket6: BUCKETS_6, MASK_6, start_6;
}

/// The addresses of a packet, source first, in the form of one IP version.
pub(crate) trait AddressPair: Copy {
    type Bucket: Table;

    fn fold(self) -> u64;
    fn swapped(self) -> Self;

    /// Whether a place is between these.
    ///
    /// # Safety
    ///
    /// `place` is a whole map value.
    unsafe fn are_of(self, bucket: *mut Self::Bucket) -> bool;

    /// Makes a place be between these.
    ///
    /// # Safety
    ///
    /// `place` is a whole map value that this CPU alone writes to.
    unsafe fn put(self, bucket: *mut Self::Bucket);
}

/// Addresses by value.
pub(crate) trait Values: AddressPair {
    /// Those of a parsed packet, which has them in IPv6's form.
    fn of(packet: &Packet) -> Self;
    /// Whether the source comes first in some order, ports deciding between equal addresses.
    fn precedes(self, ports: (u16, u16)) -> bool;
}

/// Both addresses in one number, as they stand in the packet.
impl AddressPair for u64 {
    type Bucket = Bucket4;

    #[inline(always)]
    fn fold(self) -> u64 {
        self
    }

    #[inline(always)]
    fn swapped(self) -> Self {
        self.rotate_left(32)
    }

    #[inline(always)]
    unsafe fn are_of(self, bucket: *mut Bucket4) -> bool {
        // SAFETY: the caller's promise.
        unsafe { (*bucket).addresses == self }
    }

    #[inline(always)]
    unsafe fn put(self, bucket: *mut Bucket4) {
        // SAFETY: the caller's promise.
        unsafe { (*bucket).addresses = self };
    }
}

impl Values for u64 {
    #[inline(always)]
    fn of(packet: &Packet) -> Self {
        pack4(packet.source, packet.destination)
    }

    #[inline(always)]
    fn precedes(self, ports: (u16, u16)) -> bool {
        let swapped = self.swapped();
        let (source, destination) = if cfg!(target_endian = "little") {
            (self as u32, swapped as u32)
        } else {
            (swapped as u32, self as u32)
        };
        source < destination || source == destination && ports.0 <= ports.1
    }
}

impl AddressPair for [[u64; 2]; 2] {
    type Bucket = Bucket6;

    #[inline(always)]
    fn fold(self) -> u64 {
        let [[a, b], [c, d]] = self;
        fold([a, b, c, d])
    }

    #[inline(always)]
    fn swapped(self) -> Self {
        [self[1], self[0]]
    }

    #[inline(always)]
    unsafe fn are_of(self, bucket: *mut Bucket6) -> bool {
        let [[a, b], [c, d]] = self;
        // SAFETY: the caller's promise.
        unsafe { are([a, b, c, d], &(*bucket).addresses) }
    }

    #[inline(always)]
    unsafe fn put(self, bucket: *mut Bucket6) {
        // SAFETY: the caller's promise.
        unsafe { (*bucket).addresses = self };
    }
}

impl Values for [[u64; 2]; 2] {
    #[inline(always)]
    fn of(packet: &Packet) -> Self {
        [&packet.source, &packet.destination].map(|address| {
            let number = u128::from_ne_bytes(*address);
            let (low, high) = (number as u64, (number >> 64) as u64);
            if cfg!(target_endian = "little") {
                [low, high]
            } else {
                [high, low]
            }
        })
    }

    #[inline(always)]
    fn precedes(self, ports: (u16, u16)) -> bool {
        let [[a, b], [c, d]] = self;
        if a != c {
            a < c
        } else if b != d {
            b < d
        } else {
            ports.0 <= ports.1
        }
    }
}

/// IPv6 addresses where they lie in the packet: by value they take more registers than there are, and the packet's memory is
/// as near as the stack.
#[derive(Clone, Copy)]
pub(crate) struct InPacket {
    first: *const u64,
    second: *const u64,
}

impl InPacket {
    /// # Safety
    ///
    /// Both point to 16 bytes of a packet, which this program does not change.
    #[inline(always)]
    pub(crate) unsafe fn new(first: *const u64, second: *const u64) -> Self {
        Self { first, second }
    }

    #[inline(always)]
    fn words(self) -> [u64; 4] {
        // SAFETY: the promise of whoever made it.
        unsafe {
            [
                self.first.read_volatile(),
                self.first.add(1).read_volatile(),
                self.second.read_volatile(),
                self.second.add(1).read_volatile(),
            ]
        }
    }
}

impl AddressPair for InPacket {
    type Bucket = Bucket6;

    #[inline(always)]
    fn fold(self) -> u64 {
        fold(self.words())
    }

    #[inline(always)]
    fn swapped(self) -> Self {
        Self {
            first: self.second,
            second: self.first,
        }
    }

    #[inline(always)]
    unsafe fn are_of(self, bucket: *mut Bucket6) -> bool {
        // SAFETY: the caller's promise.
        unsafe { are(self.words(), &(*bucket).addresses) }
    }

    #[inline(always)]
    unsafe fn put(self, bucket: *mut Bucket6) {
        let [a, b, c, d] = self.words();
        // SAFETY: the caller's promise.
        unsafe { (*bucket).addresses = [[a, b], [c, d]] };
    }
}

#[inline(always)]
fn fold([a, b, c, d]: [u64; 4]) -> u64 {
    let secret = SECRET_0.load();
    let first = (a ^ secret).wrapping_mul(ODD) ^ b;
    let second = (c ^ secret).wrapping_mul(ODD) ^ d;
    first.wrapping_mul(secret | 1).rotate_left(29) ^ second
}

/// Compares word by word; arrays would be compared by a function.
#[inline(always)]
fn are([a, b, c, d]: [u64; 4], addresses: &[[u64; 2]; 2]) -> bool {
    a == addresses[0][0] && b == addresses[0][1] && c == addresses[1][0] && d == addresses[1][1]
}
