//! What a pcapng capture says of packets that were dropped before they were written.

use std::collections::BTreeMap;

use pcap_parser::{OptionCode, PcapNGOption};

use super::clock::value;

/// Packets that were dropped, by interface of one section.
#[derive(Default)]
pub(super) struct Dropped(BTreeMap<u32, Told>);

/// What is said of one interface, in two ways.
#[derive(Default)]
struct Told {
    /// By packets, each of those between the one before and itself.
    by_packets: u64,
    /// By the latest statistics, of all.
    by_statistics: u64,
}

/// An obsolete packet's number of drops that nobody knows.
const UNKNOWN: u16 = u16::MAX;
/// The option of an Enhanced Packet Block with its number of drops (draft-ietf-opsawg-pcapng, section 4.3).
const DROP_COUNT: OptionCode = OptionCode(4);

impl Dropped {
    pub(super) fn add_obsolete(&mut self, interface: u16, drops: u16) {
        if drops != UNKNOWN {
            self.add(interface.into(), drops.into());
        }
    }

    pub(super) fn add_packet(
        &mut self,
        interface: u32,
        options: &[PcapNGOption<'_>],
        is_big_endian: bool,
    ) {
        let drops = number(options, DROP_COUNT, is_big_endian);
        self.add(interface, drops);
    }

    fn add(&mut self, interface: u32, drops: u64) {
        if 0 < drops {
            let told = self.0.entry(interface).or_default();
            told.by_packets = told.by_packets.saturating_add(drops);
        }
    }

    pub(super) fn set_statistics(
        &mut self,
        interface: u32,
        options: &[PcapNGOption<'_>],
        is_big_endian: bool,
    ) {
        let [by_interface, by_system] = [OptionCode::IsbIfDrop, OptionCode::IsbOsDrop]
            .map(|code| number(options, code, is_big_endian));
        let drops = by_interface.saturating_add(by_system);
        if 0 < drops {
            self.0.entry(interface).or_default().by_statistics = drops;
        }
    }

    /// All of them: what is told in both ways is the same.
    pub(super) fn take(&mut self) -> u64 {
        let told = std::mem::take(&mut self.0).into_values();
        told.map(|told| told.by_packets.max(told.by_statistics))
            .fold(0, u64::saturating_add)
    }
}

fn number(options: &[PcapNGOption<'_>], code: OptionCode, is_big_endian: bool) -> u64 {
    let Some(bytes) = value(options, code) else {
        return 0;
    };
    if is_big_endian {
        u64::from_be_bytes(bytes)
    } else {
        u64::from_le_bytes(bytes)
    }
}
