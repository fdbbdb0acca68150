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
    let Some(target) = frame.get::<8>(0) else {
        return false;
    };
    // The first 6 of 8 bytes; the lowest bit of the first marks a group.
    let target = u64::from_le_bytes(target) & 0xffff_ffff_ffff;
    if target & 1 != 0 {
        return false;
    }
    let Some(own) = MACS.get_ptr(&interface) else {
        return false;
    };
    // SAFETY: the kernel hands out a pointer to a whole entry.
    unsafe { *own != target }
}
