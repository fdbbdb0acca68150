//! What the kernel hands to the programs: a frame before the network stack (XDP), or a socket buffer (tc).

mod mac;
mod tc;
mod xdp;
mod xdp_frags;

use auditor_common::{Bytes, Direction};

use crate::bytes::LinearBytes;

pub use tc::{TcEgress, TcIngress};
pub use xdp::Xdp;
pub use xdp_frags::XdpFrags;

/// The context of a program. Pointers to the frame's bytes are not kept: the verifier tracks for each how many bytes were
/// checked, and would verify the code that follows once for every such range.
pub trait Hook: Copy {
    const DIRECTION: Direction;

    /// The context as the kernel knows it.
    type Raw;

    /// # Safety
    ///
    /// The context is what the kernel handed to this program.
    unsafe fn new(context: Self::Raw) -> Self;

    fn raw(self) -> Self::Raw;

    /// The interface's index, and the frame's length, which includes the link header and a VLAN tag that the NIC took out.
    fn interface_and_length(self) -> (u32, u32);

    /// To whom the frame is addressed, as far as this costs next to nothing: the kernel's number (`linux/if_packet.h`), or 0.
    fn packet_type(self) -> u32;

    /// Whether the frame is addressed to another host's MAC address.
    fn is_to_other_host(self) -> bool;

    /// Payload bytes of each segment, if this is a super-packet; else 0.
    fn segment(self) -> u32;

    /// The frame's linear part: its bytes as far as they are contiguous.
    fn linear_bytes<const EXTENSIONS: usize>(self) -> LinearBytes<EXTENSIONS>;

    /// All of the frame's bytes that a helper can read. XDP has no such helper here: only the linear part can be read.
    fn all_bytes<const EXTENSIONS: usize>(self) -> impl Bytes;

    /// Whether a helper can read bytes beyond the linear part.
    const READS_NONLINEAR: bool;
}

/// The frame is addressed to another host, and was received all the same.
pub(crate) const PACKET_OTHERHOST: u32 = 3;
/// A copy of a frame that this host sent to a group which it has joined itself: it never was on the wire.
pub(crate) const PACKET_LOOPBACK: u32 = 5;

/// For both kinds of contexts, which have these fields. The reads are volatile, so that the compiler does not keep the
/// pointers.
macro_rules! linear_bytes {
    () => {
        #[inline(always)]
        fn linear_bytes<const EXTENSIONS: usize>(self) -> $crate::bytes::LinearBytes<EXTENSIONS> {
            // SAFETY: the kernel handed the context to the program, and lets it read what lies between these.
            unsafe {
                let start = (&raw const (*self.0).data).read_volatile() as usize;
                let end = (&raw const (*self.0).data_end).read_volatile() as usize;
                $crate::bytes::LinearBytes::new(start, end)
            }
        }
    };
}

/// The conversions between a [`Hook`] and the kernel's context.
macro_rules! raw {
    ($raw:ty) => {
        type Raw = $raw;

        #[inline(always)]
        unsafe fn new(context: Self::Raw) -> Self {
            Self(context)
        }

        #[inline(always)]
        fn raw(self) -> Self::Raw {
            self.0
        }
    };
}

use linear_bytes;
use raw;
