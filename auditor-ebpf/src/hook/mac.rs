//! The MAC addresses of the watched interfaces: XDP runs before the kernel looks to whom a frame is addressed.

use auditor_common::Bytes;
use aya_ebpf::{macros::map, maps::HashMap};

/// An interface's MAC address, in the first 6 bytes of a little-endian number, by the interface's index. Set by user space.
#[map]
static MACS: HashMap<u32, u64> = HashMap::with_max_entries(4096, 0);

/// Whether a frame that the interface received is addressed to the MAC address of another host. Group addresses are not,
/// and nothing is where the interface's own address is not known.
#[inline(always)]
pub(super) fn is_of_other_host<B: Bytes>(interface: u32, frame: &B) -> bool {
    let Some([a, b, c, d, e, f]) = frame.get::<6>(0) else {
        return false;
    };
    if a & 1 != 0 {
        return false;
    }
    let Some(own) = MACS.get_ptr(&interface) else {
        return false;
    };
    // SAFETY: the kernel hands out a pointer to a whole entry.
    unsafe { *own != u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) }
}
