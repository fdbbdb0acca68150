//! The addresses of a packet in the form that each IP version has, and the arrays of buckets for each.

use auditor_common::{
    Bucket4, Bucket6, BucketRecord, Packet,
    packet::{pack4, unpack4},
};
use aya_ebpf::{Global, macros::map, maps::Array};

use crate::{
    bytes::AddressesInPacket,
    state::{MMAPABLE, PerCpu},
};

/// Buckets, grouped by CPU and then by half; user space sets their number.
#[map]
static BUCKETS_4: Array<Bucket4> = Array::with_max_entries(2, MMAPABLE);
#[map]
static BUCKETS_6: Array<Bucket6> = Array::with_max_entries(2, MMAPABLE);

/// The number of buckets in a CPU's half, less one; a mask, since that number is a power of two.
#[unsafe(no_mangle)]
static MASK_4: Global<u32> = Global::new(0);
#[unsafe(no_mangle)]
static MASK_6: Global<u32> = Global::new(0);

/// A random number, so that an attacker cannot choose addresses whose hashes collide.
#[unsafe(no_mangle)]
pub(crate) static SECRET_0: Global<u64> = Global::new(0);
/// An odd number whose bits look random: 2^64 divided by the golden ratio.
pub const GOLDEN_RATIO: u64 = 0x9e37_79b9_7f4a_7c15;

/// What stands before an IPv4 address in an IPv4-mapped one (RFC 4291, section 2.5.5.2), in network byte order.
const MAPPED: u64 = 0xffff_u32.to_be() as u64;

/// Source and destination address in network byte order, as they are in the packet.
pub(crate) type Addresses4 = u64;
pub(crate) type Addresses6 = [[u64; 2]; 2];

/// The buckets of one IP version.
pub(crate) trait Layout: Sized {
    fn get(index: u32) -> Option<*mut Self>;
    fn mask() -> u32;
    /// Index of the first bucket of the half that this CPU writes to.
    fn start(per_cpu: &PerCpu) -> u32;

    /// The ports and the record of a bucket.
    ///
    /// # Safety
    ///
    /// `bucket` is a whole map value.
    unsafe fn parts(bucket: *mut Self) -> (*mut u64, *mut BucketRecord);
}

macro_rules! layouts {
    ($($bucket:ident: $buckets:ident, $mask:ident, $start:ident;)*) => {$(
        impl Layout for $bucket {
            #[inline(always)]
            fn get(index: u32) -> Option<*mut Self> {
                $buckets.get_ptr_mut(index)
            }

            #[inline(always)]
            fn mask() -> u32 {
                $mask.load()
            }

            #[inline(always)]
            fn start(per_cpu: &PerCpu) -> u32 {
                per_cpu.$start()
            }

            #[inline(always)]
            unsafe fn parts(bucket: *mut Self) -> (*mut u64, *mut BucketRecord) {
                // SAFETY: the caller's promise.
                unsafe { (&raw mut (*bucket).ports, &raw mut (*bucket).record) }
            }
        }
    )*};
}

layouts! {
    Bucket4: BUCKETS_4, MASK_4, start_4;
    Bucket6: BUCKETS_6, MASK_6, start_6;
}

/// The addresses of a packet, source first, in the form of one IP version.
pub(crate) trait AddressPair: Copy {
    type Layout: Layout;

    /// Whether they are of IPv6.
    const IS_IPV6: bool;

    fn fold(self) -> u64;
    fn swapped(self) -> Self;
    /// As the shared table keeps them: IPv4 addresses as IPv4-mapped ones.
    fn mapped(self) -> Addresses6;
    /// Whether the source comes first in a fixed order of addresses; ports decide between equal addresses.
    fn precedes(self, ports: (u16, u16)) -> bool;

    /// Whether these are the bucket's addresses.
    ///
    /// # Safety
    ///
    /// `bucket` is a whole map value.
    unsafe fn match_bucket(self, bucket: *mut Self::Layout) -> bool;

    /// Writes these addresses into the bucket.
    ///
    /// # Safety
    ///
    /// `bucket` is a whole map value that this CPU alone writes to.
    unsafe fn write_to(self, bucket: *mut Self::Layout);
}

/// Addresses by value.
pub(crate) trait AddressValues: AddressPair {
    /// The addresses of a parsed packet, which holds those of both IP versions as IPv6 addresses.
    fn of(packet: &Packet) -> Self;
    /// Stores the addresses in a packet of which a reader for plain packets left them out.
    fn write_to_packet(self, packet: &mut Packet);
    /// Whether the destination is a multicast or broadcast address.
    fn is_to_group(self) -> bool;
}

/// Both IPv4 addresses in one number, in network byte order.
impl AddressPair for Addresses4 {
    type Layout = Bucket4;
    const IS_IPV6: bool = false;

    #[inline(always)]
    fn mapped(self) -> Addresses6 {
        let swapped = self.swapped();
        let (source, destination) = if cfg!(target_endian = "little") {
            (self as u32, swapped as u32)
        } else {
            (swapped as u32, self as u32)
        };
        [source, destination].map(|address| {
            let word = if cfg!(target_endian = "little") {
                Self::from(address) << 32 | MAPPED
            } else {
                MAPPED << 32 | Self::from(address)
            };
            [0, word]
        })
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        self
    }

    #[inline(always)]
    fn swapped(self) -> Self {
        self.rotate_left(32)
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

    #[inline(always)]
    unsafe fn match_bucket(self, bucket: *mut Bucket4) -> bool {
        // SAFETY: the caller's promise.
        unsafe { (*bucket).addresses == self }
    }

    #[inline(always)]
    unsafe fn write_to(self, bucket: *mut Bucket4) {
        // SAFETY: the caller's promise.
        unsafe { (*bucket).addresses = self };
    }
}

impl AddressValues for Addresses4 {
    #[inline(always)]
    fn of(packet: &Packet) -> Self {
        pack4(packet.source, packet.destination)
    }

    #[inline(always)]
    fn write_to_packet(self, packet: &mut Packet) {
        [packet.source, packet.destination] = unpack4(self);
    }

    #[inline(always)]
    fn is_to_group(self) -> bool {
        let destination = if cfg!(target_endian = "little") {
            (self >> 32) as u32
        } else {
            self as u32
        };
        let destination = u32::from_be(destination);
        destination >> 28 == 0xe || destination == u32::MAX
    }
}

impl AddressPair for Addresses6 {
    type Layout = Bucket6;
    const IS_IPV6: bool = true;

    #[inline(always)]
    fn mapped(self) -> Addresses6 {
        self
    }

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
    fn precedes(self, ports: (u16, u16)) -> bool {
        let [[a, b], [c, d]] = self;
        precedes([a, b, c, d], ports)
    }

    #[inline(always)]
    unsafe fn match_bucket(self, bucket: *mut Bucket6) -> bool {
        let [[a, b], [c, d]] = self;
        // SAFETY: the caller's promise.
        unsafe { are_equal([a, b, c, d], &(*bucket).addresses) }
    }

    #[inline(always)]
    unsafe fn write_to(self, bucket: *mut Bucket6) {
        // SAFETY: the caller's promise.
        unsafe { (*bucket).addresses = self };
    }
}

impl AddressValues for Addresses6 {
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
    fn write_to_packet(self, packet: &mut Packet) {
        let [source, destination] = self.map(|[first, second]| {
            let (low, high) = if cfg!(target_endian = "little") {
                (first, second)
            } else {
                (second, first)
            };
            (u128::from(low) | u128::from(high) << 64).to_ne_bytes()
        });
        (packet.source, packet.destination) = (source, destination);
    }

    #[inline(always)]
    fn is_to_group(self) -> bool {
        u64::from_be(self[1][0]) >> 56 == 0xff
    }
}

impl AddressPair for AddressesInPacket {
    type Layout = Bucket6;
    const IS_IPV6: bool = true;

    #[inline(always)]
    fn mapped(self) -> Addresses6 {
        let [a, b, c, d] = self.words();
        [[a, b], [c, d]]
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        fold(self.words())
    }

    #[inline(always)]
    fn swapped(self) -> Self {
        self.swapped()
    }

    #[inline(always)]
    fn precedes(self, ports: (u16, u16)) -> bool {
        precedes(self.words(), ports)
    }

    #[inline(always)]
    unsafe fn match_bucket(self, bucket: *mut Bucket6) -> bool {
        // SAFETY: the caller's promise.
        unsafe { are_equal(self.words(), &(*bucket).addresses) }
    }

    #[inline(always)]
    unsafe fn write_to(self, bucket: *mut Bucket6) {
        let [a, b, c, d] = self.words();
        // SAFETY: the caller's promise.
        unsafe { (*bucket).addresses = [[a, b], [c, d]] };
    }
}

#[inline(always)]
fn fold([a, b, c, d]: [u64; 4]) -> u64 {
    let secret = SECRET_0.load();
    let first = (a ^ secret).wrapping_mul(GOLDEN_RATIO) ^ b;
    let second = (c ^ secret).wrapping_mul(GOLDEN_RATIO) ^ d;
    first.wrapping_mul(secret | 1).rotate_left(29) ^ second
}

/// Whether the first two words come before the last two, or are equal and so do the ports.
#[inline(always)]
fn precedes([a, b, c, d]: [u64; 4], ports: (u16, u16)) -> bool {
    if a != c {
        a < c
    } else if b != d {
        b < d
    } else {
        ports.0 <= ports.1
    }
}

/// Compares word by word, since the compiler would compare arrays with a function call.
#[inline(always)]
pub(crate) fn are_equal([a, b, c, d]: [u64; 4], addresses: &[[u64; 2]; 2]) -> bool {
    a == addresses[0][0] && b == addresses[0][1] && c == addresses[1][0] && d == addresses[1][1]
}
