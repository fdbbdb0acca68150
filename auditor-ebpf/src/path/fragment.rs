//! Fragments: only a datagram's first fragment has ports, so they are kept for the later ones.

use auditor_common::{Packet, Part, Reason};
use aya_ebpf::{macros::map, maps::LruHashMap};

use crate::mode::keeps_both_ports;

/// What the fragments of a datagram have in common.
#[repr(C)]
struct Datagram {
    addresses: [[u8; 16]; 2],
    identification: u32,
    protocol: u32,
}

/// Ports of the datagrams whose first fragment was seen; the least recently used are evicted first.
#[map]
static FRAGMENTS: LruHashMap<Datagram, [u16; 2]> = LruHashMap::with_max_entries(4096, 0);

/// Keeps the ports of a first fragment, and fills them into a later one.
///
/// # Errors
///
/// `Reason::Fragment` if the first was not seen.
#[inline(always)]
pub(crate) fn complete(packet: &mut Packet) -> Result<(), Reason> {
    if keeps_both_ports() {
        return Ok(());
    }
    let datagram = Datagram {
        addresses: [packet.source, packet.destination],
        identification: packet.identification,
        protocol: u32::from(packet.protocol),
    };
    if packet.part == Part::FirstFragment {
        let ports = [packet.source_port, packet.destination_port];
        // If this fails, the later fragments are counted as `Reason::Fragment`.
        let _full = FRAGMENTS.insert(&datagram, &ports, 0);
        return Ok(());
    }
    let ports = FRAGMENTS.get_ptr(&datagram).ok_or(Reason::Fragment)?;
    // SAFETY: the kernel hands out a pointer to a whole entry.
    let [source, destination] = unsafe { *ports };
    packet.source_port = source;
    packet.destination_port = destination;
    Ok(())
}
