//! Frames before the stack that lie in several buffers.

use aya_ebpf::{bindings::xdp_md, helpers::generated::bpf_xdp_get_buff_len};

use auditor_common::Direction;

use crate::{
    context::{Context, Directed},
    frame::Frame,
};

/// A frame in as many buffers as it takes; all but its first one stay unread.
#[derive(Clone, Copy)]
pub(crate) struct XdpFrags(pub(crate) *mut xdp_md);

impl Directed for XdpFrags {
    const DIRECTION: Direction = Direction::Ingress;
}

impl Context for XdpFrags {
    type Raw = *mut xdp_md;

    #[inline(always)]
    fn frame(self) -> Frame<Self> {
        // SAFETY: the kernel hands a valid context to the program.
        let (interface, length) =
            unsafe { ((*self.0).ingress_ifindex, bpf_xdp_get_buff_len(self.0)) };
        Frame::new(self, interface, length as u32)
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
