//! Frames before the stack that lie in several buffers.

use aya_ebpf::{bindings::xdp_md, helpers::generated::bpf_xdp_get_buff_len};

use crate::{
    context::{Context, Way, Whole},
    frame::Frame,
};

/// A frame in as many buffers as it takes; all but its first one stay unread.
#[derive(Clone, Copy)]
pub(crate) struct Spread(pub(crate) *mut xdp_md);

impl Context for Spread {
    const WAY: Way = Way::In;

    #[inline(always)]
    fn bounds(self) -> (usize, usize) {
        Whole(self.0).bounds()
    }

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
    fn skb(self) -> Option<*mut core::ffi::c_void> {
        None
    }
}
