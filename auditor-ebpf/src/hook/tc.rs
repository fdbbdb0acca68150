//! Socket buffers at the tc hooks, ingress and egress.

use auditor_common::{Bytes, Direction};
use aya_ebpf::bindings::__sk_buff;

use super::{Hook, PACKET_OTHERHOST, linear_bytes, raw};
use crate::bytes::SkbBytes;

/// A socket buffer at ingress.
#[derive(Clone, Copy)]
pub struct TcIngress(*mut __sk_buff);

/// A socket buffer at egress.
#[derive(Clone, Copy)]
pub struct TcEgress(*mut __sk_buff);

macro_rules! socket_buffers {
    ($($name:ident: $direction:expr, $is_ingress:expr;)*) => {$(
        impl Hook for $name {
            const DIRECTION: Direction = $direction;
            const READS_NONLINEAR: bool = true;

            raw!(*mut __sk_buff);
            linear_bytes!();

            #[inline(always)]
            fn interface_and_length(self) -> (u32, u32) {
                let skb = self.0;
                // SAFETY: the kernel handed the context to the program.
                unsafe {
                    // `vlan_present` is 0 or 1: a VLAN tag kept beside the data, which is 4 bytes on the wire.
                    let tag = (*skb).vlan_present << 2;
                    ((*skb).ifindex, (*skb).len + tag)
                }
            }

            #[inline(always)]
            fn packet_type(self) -> u32 {
                if !$is_ingress {
                    return 0;
                }
                // SAFETY: the kernel handed the context to the program.
                unsafe { (*self.0).pkt_type }
            }

            #[inline(always)]
            fn is_to_other_host(self) -> bool {
                self.packet_type() == PACKET_OTHERHOST
            }

            #[inline(always)]
            fn segment(self) -> u32 {
                // SAFETY: the kernel handed the context to the program.
                unsafe { (*self.0).gso_size }
            }

            #[inline(always)]
            fn all_bytes<const EXTENSIONS: usize>(self) -> impl Bytes {
                // SAFETY: the kernel handed the context to the program.
                unsafe { SkbBytes::<EXTENSIONS>::new(self.0) }
            }
        }
    )*};
}

socket_buffers! {
    TcIngress: Direction::Ingress, true;
    TcEgress: Direction::Egress, false;
}
