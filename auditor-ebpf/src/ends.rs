//! The addresses of a packet in the form of each IP version, and the places of flows between them.

use auditor_common::{Half, Packet, Place4, Place6, Record, packet::both4};
use aya_ebpf::{Global, macros::map, maps::Array};

use crate::region::MMAPABLE;

/// Places by CPU and half; user space sets their number.
#[map]
static PLACES_4: Array<Place4> = Array::with_max_entries(2, MMAPABLE);
#[map]
static PLACES_6: Array<Place6> = Array::with_max_entries(2, MMAPABLE);

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

    /// What is in a place beside its ends.
    ///
    /// # Safety
    ///
    /// `place` is a whole map value.
    unsafe fn parts(place: *mut Self) -> (*mut u64, *mut Record);
}

macro_rules! tables {
    ($($place:ident: $places:ident, $mask:ident, $start:ident;)*) => {$(
        impl Table for $place {
            #[inline(always)]
            fn get(index: u32) -> Option<*mut Self> {
                $places.get_ptr_mut(index)
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
            unsafe fn parts(place: *mut Self) -> (*mut u64, *mut Record) {
                // SAFETY: the caller's promise.
                unsafe { (&raw mut (*place).ports, &raw mut (*place).record) }
            }
        }
    )*};
}

tables! {
    Place4: PLACES_4, MASK_4, start_4;
    Place6: PLACES_6, MASK_6, start_6;
}

/// The addresses of a packet, source first, in the form of one IP version.
pub(crate) trait Ends: Copy {
    type Place: Table;

    fn fold(self) -> u64;
    fn swapped(self) -> Self;

    /// Whether a place is between these.
    ///
    /// # Safety
    ///
    /// `place` is a whole map value.
    unsafe fn are_of(self, place: *mut Self::Place) -> bool;

    /// Makes a place be between these.
    ///
    /// # Safety
    ///
    /// `place` is a whole map value that this CPU alone writes to.
    unsafe fn put(self, place: *mut Self::Place);
}

/// Addresses by value.
pub(crate) trait Values: Ends {
    /// Those of a parsed packet, which has them in IPv6's form.
    fn of(packet: &Packet) -> Self;
    /// Whether the source comes first in some order, ports deciding between equal addresses.
    fn precedes(self, ports: (u16, u16)) -> bool;
}

/// Both addresses in one number, as they stand in the packet.
impl Ends for u64 {
    type Place = Place4;

    #[inline(always)]
    fn fold(self) -> u64 {
        self
    }

    #[inline(always)]
    fn swapped(self) -> Self {
        self.rotate_left(32)
    }

    #[inline(always)]
    unsafe fn are_of(self, place: *mut Place4) -> bool {
        // SAFETY: the caller's promise.
        unsafe { (*place).ends == self }
    }

    #[inline(always)]
    unsafe fn put(self, place: *mut Place4) {
        // SAFETY: the caller's promise.
        unsafe { (*place).ends = self };
    }
}

impl Values for u64 {
    #[inline(always)]
    fn of(packet: &Packet) -> Self {
        both4(packet.source, packet.destination)
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

impl Ends for [[u64; 2]; 2] {
    type Place = Place6;

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
    unsafe fn are_of(self, place: *mut Place6) -> bool {
        let [[a, b], [c, d]] = self;
        // SAFETY: the caller's promise.
        unsafe { are([a, b, c, d], &(*place).ends) }
    }

    #[inline(always)]
    unsafe fn put(self, place: *mut Place6) {
        // SAFETY: the caller's promise.
        unsafe { (*place).ends = self };
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

impl Ends for InPacket {
    type Place = Place6;

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
    unsafe fn are_of(self, place: *mut Place6) -> bool {
        // SAFETY: the caller's promise.
        unsafe { are(self.words(), &(*place).ends) }
    }

    #[inline(always)]
    unsafe fn put(self, place: *mut Place6) {
        let [a, b, c, d] = self.words();
        // SAFETY: the caller's promise.
        unsafe { (*place).ends = [[a, b], [c, d]] };
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
fn are([a, b, c, d]: [u64; 4], ends: &[[u64; 2]; 2]) -> bool {
    a == ends[0][0] && b == ends[0][1] && c == ends[1][0] && d == ends[1][1]
}
