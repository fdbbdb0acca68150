//! Fragments: only a datagram's first fragment has ports, so they are kept for the later ones.

use auditor_common::{
    Packet, Part, Reason,
    packet::{Datagram, FirstFragment},
};
use aya_ebpf::{macros::map, maps::LruHashMap};

use crate::mode::keeps_both_ports;

/// Ports of the datagrams whose first fragment was seen; the least recently used are evicted first.
#[map]
static FRAGMENTS: LruHashMap<Datagram, FirstFragment> = LruHashMap::with_max_entries(4096, 0);

/// Keeps the ports of a first fragment, and fills them into a later one.
///
/// # Errors
///
/// `Reason::Fragment` if the first was not seen.
#[inline(always)]
pub(crate) fn complete(packet: &mut Packet) -> Result<(), Reason> {
    packet.mark_fragment();
    if keeps_both_ports() {
        return Ok(());
    }
    let datagram = Datagram::of(packet);
    if packet.part == Part::FirstFragment {
        // If this fails, the later fragments are counted as `Reason::Fragment`.
        let _full = FRAGMENTS.insert(&datagram, &FirstFragment::of(packet), 0);
        return Ok(());
    }
    let first = FRAGMENTS.get_ptr(&datagram).ok_or(Reason::Fragment)?;
    // SAFETY: the kernel hands out a pointer to a whole entry.
    unsafe { *first }.complete(packet);
    Ok(())
}
