//! What the kernel hands to the programs: a frame before the stack, or a socket buffer, and which way it goes.

use auditor_common::Direction;
use aya_ebpf::bindings::{__sk_buff, xdp_md};

use crate::{frame::Frame, raw::Raw};

/// What goes one way.
pub(crate) trait Directed {
    const DIRECTION: Direction;
}

/// Where the frame's bytes are asked for. Pointers to them are not kept: the verifier tells apart how far each was looked
/// at, and would follow what comes next once for every distance.
pub(crate) trait Context: Copy + Directed {
    type Raw: Raw;

    /// The frame with what is known of it without a look at its bytes.
    fn frame(self) -> Frame<Self>;

    /// Payload bytes of each segment, if this is a super-packet; else 0.
    fn segment(self) -> u32;

    /// The context as the kernel knows it.
    fn raw(self) -> Self::Raw;
}

/// A frame before the stack, in one buffer.
#[derive(Clone, Copy)]
pub(crate) struct Xdp(pub(crate) *mut xdp_md);

impl Directed for Xdp {
    const DIRECTION: Direction = Direction::Ingress;
}

impl Context for Xdp {
    type Raw = *mut xdp_md;

    #[inline(always)]
    fn frame(self) -> Frame<Self> {
        // SAFETY: the kernel hands a valid context to the program.
        let (interface, length) = unsafe {
            (
                (*self.0).ingress_ifindex,
                (*self.0).data_end - (*self.0).data,
            )
        };
        Frame::new(self, interface, length)
    }

    #[inline(always)]
    fn segment(self) -> u32 {
        0
    }

    #[inline(always)]
    fn raw(self) -> Self::Raw {
        self.0
    }
}

/// A socket buffer on its way in.
#[derive(Clone, Copy)]
pub(crate) struct TcIngress(pub(crate) *mut __sk_buff);

/// A socket buffer on its way out.
#[derive(Clone, Copy)]
pub(crate) struct TcEgress(pub(crate) *mut __sk_buff);

macro_rules! socket_buffers {
    ($($name:ident: $direction:expr;)*) => {$(
        impl Directed for $name {
            const DIRECTION: Direction = $direction;
        }

        impl Context for $name {
            type Raw = *mut __sk_buff;

            #[inline(always)]
            fn raw(self) -> Self::Raw {
                self.0
            }

            #[inline(always)]
            fn frame(self) -> Frame<Self> {
                let skb = self.0;
                // SAFETY: the kernel hands a valid context to the program.
                unsafe {
                    // A tag that lies beside the data, of which there is one or none, is 4 bytes on the wire.
                    let tag = (*skb).vlan_present << 2;
                    Frame::new(self, (*skb).ifindex, (*skb).len + tag)
                }
            }

            #[inline(always)]
            fn segment(self) -> u32 {
                // SAFETY: the kernel hands a valid context to the program.
                unsafe { (*self.0).gso_size }
            }
        }
    )*};
}

socket_buffers! {
    TcIngress: Direction::Ingress;
    TcEgress: Direction::Egress;
}
