//! Frames at the XDP hook that may lie in several buffers.

use auditor_common::{Bytes, Direction, packet::KERNEL_EXTENSIONS};
use aya_ebpf::{bindings::xdp_md, helpers::generated::bpf_xdp_get_buff_len};

use super::{Hook, linear_bytes, mac, raw};

/// A frame in one or more buffers, of which only the first is read.
#[derive(Clone, Copy)]
pub struct XdpFrags(*mut xdp_md);

impl Hook for XdpFrags {
    const DIRECTION: Direction = Direction::Ingress;
    const READS_NONLINEAR: bool = false;

    raw!(*mut xdp_md);
    linear_bytes!();

    #[inline(always)]
    fn interface_and_length(self) -> (u32, u32) {
        // SAFETY: the kernel handed the context to the program.
        let (interface, length) =
            unsafe { ((*self.0).ingress_ifindex, bpf_xdp_get_buff_len(self.0)) };
        (interface, length as u32)
    }

    #[inline(always)]
    fn packet_type(self) -> u32 {
        0
    }

    #[inline(always)]
    fn is_to_other_host(self) -> bool {
        // SAFETY: the kernel handed the context to the program.
        let interface = unsafe { (*self.0).ingress_ifindex };
        mac::is_of_other_host(interface, &self.linear_bytes::<KERNEL_EXTENSIONS>())
    }

    #[inline(always)]
    fn segment(self) -> u32 {
        0
    }

    #[inline(always)]
    fn all_bytes<const EXTENSIONS: usize>(self) -> impl Bytes {
        self.linear_bytes::<EXTENSIONS>()
    }
}
