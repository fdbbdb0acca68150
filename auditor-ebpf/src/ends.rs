//! The addresses of a packet in the form of each IP version, and the places of flows between them.

use auditor_common::{Packet, Place4, Place6, Record};
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

/// The addresses of a packet, source first, in the form of one IP version.
pub(crate) trait Ends: Copy {
    type Place;

    /// Those of a parsed packet, which has them in IPv6's form.
    fn of(packet: &Packet) -> Self;
    fn place(index: u32) -> Option<*mut Self::Place>;
    fn mask() -> u32;
    fn fold(self) -> u64;
    fn swapped(self) -> Self;
    /// Compares word by word; arrays would be compared by a function.
    fn is(self, other: Self) -> bool;
    /// Whether the source comes first in some order, ports deciding between equal addresses.
    fn precedes(self, ports: (u16, u16)) -> bool;
    /// The parts of a place.
    ///
    /// # Safety
    ///
    /// `place` is a whole map value.
    unsafe fn parts(place: *mut Self::Place) -> (*mut Self, *mut u64, *mut Record);
}

impl Ends for [u32; 2] {
    type Place = Place4;

    #[inline(always)]
    fn of(packet: &Packet) -> Self {
        [&packet.source, &packet.destination].map(|address| {
            let [.., a, b, c, d] = *address;
            u32::from_ne_bytes([a, b, c, d])
        })
    }

    #[inline(always)]
    fn place(index: u32) -> Option<*mut Place4> {
        PLACES_4.get_ptr_mut(index)
    }

    #[inline(always)]
    fn mask() -> u32 {
        MASK_4.load()
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        u64::from(self[0]) << 32 | u64::from(self[1])
    }

    #[inline(always)]
    fn is(self, other: Self) -> bool {
        self.fold() == other.fold()
    }

    #[inline(always)]
    fn swapped(self) -> Self {
        [self[1], self[0]]
    }

    #[inline(always)]
    fn precedes(self, ports: (u16, u16)) -> bool {
        self[0] < self[1] || self[0] == self[1] && ports.0 <= ports.1
    }

    #[inline(always)]
    unsafe fn parts(place: *mut Place4) -> (*mut Self, *mut u64, *mut Record) {
        // SAFETY: the caller's promise.
        unsafe {
            (
                &raw mut (*place).ends,
                &raw mut (*place).ports,
                &raw mut (*place).record,
            )
        }
    }
}

impl Ends for [[u64; 2]; 2] {
    type Place = Place6;

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
    fn place(index: u32) -> Option<*mut Place6> {
        PLACES_6.get_ptr_mut(index)
    }

    #[inline(always)]
    fn mask() -> u32 {
        MASK_6.load()
    }

    #[inline(always)]
    fn fold(self) -> u64 {
        let [[a, b], [c, d]] = self;
        let secret = SECRET_0.load();
        let first = (a ^ secret).wrapping_mul(ODD) ^ b;
        let second = (c ^ secret).wrapping_mul(ODD) ^ d;
        first.wrapping_mul(secret | 1).rotate_left(29) ^ second
    }

    #[inline(always)]
    fn is(self, other: Self) -> bool {
        let ([source, destination], [first, second]) = (self, other);
        source[0] == first[0]
            && source[1] == first[1]
            && destination[0] == second[0]
            && destination[1] == second[1]
    }

    #[inline(always)]
    fn swapped(self) -> Self {
        [self[1], self[0]]
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

    #[inline(always)]
    unsafe fn parts(place: *mut Place6) -> (*mut Self, *mut u64, *mut Record) {
        // SAFETY: the caller's promise.
        unsafe {
            (
                &raw mut (*place).ends,
                &raw mut (*place).ports,
                &raw mut (*place).record,
            )
        }
    }
}
