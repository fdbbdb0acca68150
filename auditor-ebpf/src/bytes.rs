//! The frame's bytes: those of its linear part, and all those of a socket buffer.

use auditor_common::{
    Bytes, Packet,
    packet::{KERNEL_ALL_TAGS, KERNEL_MAX_OFFSET, KERNEL_TAGS, parse_plain_ipv6},
};
use aya_ebpf::{bindings::__sk_buff, helpers::generated::bpf_skb_load_bytes};
use zerocopy::{FromBytes, Immutable, KnownLayout};

use crate::verifier::bounded;

/// A frame's linear part: the memory between `data` and `data_end`.
pub struct LinearBytes<const EXTENSIONS: usize> {
    start: usize,
    end: usize,
}

impl<const EXTENSIONS: usize> LinearBytes<EXTENSIONS> {
    /// # Safety
    ///
    /// All between the two addresses can be read.
    #[inline(always)]
    pub(crate) unsafe fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    #[inline(always)]
    pub(crate) fn length(&self) -> usize {
        self.end - self.start
    }

    /// As [`parse_plain_ipv6`], but returns where the addresses lie in the packet; `None` if it is no plain IPv6 packet.
    #[inline(always)]
    pub(crate) fn parse_plain_ipv6(
        &self,
        start: usize,
        packet: &mut Packet,
    ) -> Option<AddressesInPacket> {
        if !parse_plain_ipv6(self, start, packet, &mut [[0; 2]; 2]) {
            return None;
        }
        let source = self.start + start + 8;
        Some(AddressesInPacket {
            first: source as *const u64,
            second: (source + 16) as *const u64,
        })
    }
}

impl<const EXTENSIONS: usize> Bytes for LinearBytes<EXTENSIONS> {
    #[inline(always)]
    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let at = self.start + bounded(offset);
        if self.end < at + N {
            return None;
        }
        // SAFETY: the N bytes lie before `end`, and a byte array needs no alignment.
        Some(unsafe { *(at as *const [u8; N]) })
    }

    const MAX_TAGS: usize = KERNEL_TAGS;
    const MAX_ALL_TAGS: usize = KERNEL_ALL_TAGS;
    const MAX_EXTENSIONS: usize = EXTENSIONS;
    const MAX_OFFSET: usize = KERNEL_MAX_OFFSET;

    #[inline(always)]
    fn read_header<T: FromBytes + Immutable + KnownLayout + Copy>(
        &self,
        offset: usize,
    ) -> Option<T> {
        // SAFETY: no packet lies at the end of the address space. Without overflow the compiler sees that a check at a
        // larger offset covers the checks at smaller ones, and drops those.
        let (at, end) = unsafe {
            let at = self.start.unchecked_add(bounded(offset));
            (at, at.unchecked_add(size_of::<T>()))
        };
        if self.end < end {
            return None;
        }
        // SAFETY: the bytes lie before `end`, and any bytes are a `T`. Where the machine reads words at any address the
        // verifier lets programs do so too, and elsewhere it refuses the program.
        Some(unsafe { *(at as *const T) })
    }

    #[inline(always)]
    fn hide_from_verifier(&self, value: usize, mask: usize) -> usize {
        let at = self.start as *const [u8; 4];
        if self.end < self.start + 4 {
            return 0;
        }
        // SAFETY: the 4 bytes lie before `end`, and a byte array needs no alignment.
        unsafe { opaque(value, at) & mask }
    }
}

/// All bytes of a socket buffer, its fragments included, read through a helper.
pub(crate) struct SkbBytes<const EXTENSIONS: usize>(*mut __sk_buff);

impl<const EXTENSIONS: usize> SkbBytes<EXTENSIONS> {
    /// # Safety
    ///
    /// The context is what the kernel handed to this program.
    #[inline(always)]
    pub(crate) unsafe fn new(context: *mut __sk_buff) -> Self {
        Self(context)
    }
}

impl<const EXTENSIONS: usize> Bytes for SkbBytes<EXTENSIONS> {
    #[inline(always)]
    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        let mut bytes = [0; N];
        // SAFETY: the helper checks the offset, and writes N bytes to an array of N bytes or fails.
        let result = unsafe {
            bpf_skb_load_bytes(
                self.0.cast(),
                offset as u32,
                bytes.as_mut_ptr().cast(),
                N as u32,
            )
        };
        (result == 0).then_some(bytes)
    }

    const MAX_TAGS: usize = KERNEL_TAGS;
    const MAX_ALL_TAGS: usize = KERNEL_ALL_TAGS;
    const MAX_EXTENSIONS: usize = EXTENSIONS;
    const MAX_OFFSET: usize = KERNEL_MAX_OFFSET;

    #[inline(always)]
    fn read_header<T: FromBytes + Immutable + KnownLayout + Copy>(
        &self,
        offset: usize,
    ) -> Option<T> {
        let mut head = T::new_zeroed();
        // SAFETY: the helper checks the offset, and writes as many bytes as the header has or fails; any are a `T`.
        let result = unsafe {
            bpf_skb_load_bytes(
                self.0.cast(),
                offset as u32,
                (&raw mut head).cast(),
                size_of::<T>() as u32,
            )
        };
        (result == 0).then_some(head)
    }

    #[inline(always)]
    fn hide_from_verifier(&self, value: usize, mask: usize) -> usize {
        let Some(bytes) = self.get::<4>(0) else {
            return 0;
        };
        // SAFETY: the bytes are on the stack.
        unsafe { opaque(value, &raw const bytes) & mask }
    }
}

/// Returns `value` unchanged, but unknown to the verifier: it is combined twice with the same bytes of memory, which the
/// verifier has to take for any two numbers.
///
/// # Safety
///
/// `bytes` can be read.
#[inline(always)]
unsafe fn opaque(value: usize, bytes: *const [u8; 4]) -> usize {
    // SAFETY: the caller's promise.
    let (once, again) = unsafe { (bytes.read_volatile(), bytes.read_volatile()) };
    (value as u32 ^ u32::from_ne_bytes(once) ^ u32::from_ne_bytes(again)) as usize
}

/// Pointers to the IPv6 addresses in a packet: by value they need more registers than there are, and reading them from the
/// packet costs no more than from the stack.
#[derive(Clone, Copy)]
pub(crate) struct AddressesInPacket {
    /// Each points to 16 bytes of the packet, which this program does not change.
    first: *const u64,
    second: *const u64,
}

impl AddressesInPacket {
    #[inline(always)]
    pub(crate) fn words(self) -> [u64; 4] {
        // SAFETY: `LinearBytes::parse_plain_ipv6`, which made this value, has read these bytes.
        unsafe {
            [
                self.first.read_volatile(),
                self.first.add(1).read_volatile(),
                self.second.read_volatile(),
                self.second.add(1).read_volatile(),
            ]
        }
    }

    #[inline(always)]
    pub(crate) fn swapped(self) -> Self {
        Self {
            first: self.second,
            second: self.first,
        }
    }
}

/// Bytes of which a frame's packet is read behind one tag at most and without extension headers: what this host's own tunnels
/// send. The verifier follows so few paths cheaply.
pub(crate) struct Shallow<B>(pub(crate) B);

impl<B: Bytes> Bytes for Shallow<B> {
    const MAX_TAGS: usize = 1;
    const MAX_ALL_TAGS: usize = 1;
    const MAX_EXTENSIONS: usize = 0;
    const MAX_OFFSET: usize = B::MAX_OFFSET;

    #[inline(always)]
    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.0.get(offset)
    }

    #[inline(always)]
    fn read_header<T: FromBytes + Immutable + KnownLayout + Copy>(
        &self,
        offset: usize,
    ) -> Option<T> {
        self.0.read_header(offset)
    }

    #[inline(always)]
    fn hide_from_verifier(&self, value: usize, mask: usize) -> usize {
        self.0.hide_from_verifier(value, mask)
    }
}
