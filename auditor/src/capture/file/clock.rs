//! Timestamps of a pcapng interface to nanoseconds since 1970.

use pcap_parser::{InterfaceDescriptionBlock, OptionCode, PcapNGOption};

/// How the timestamps of an interface are written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// Units of a second.
    resolution: i128,
    /// Seconds to add.
    offset: i64,
}

pub(super) const SECOND: i128 = 1_000_000_000;
/// What `if_tsresol` is where it is not written: microseconds (draft-ietf-opsawg-pcapng, section 4.2).
const MICROSECONDS: u8 = 6;

impl Clock {
    pub(super) fn of(described: &InterfaceDescriptionBlock<'_>, is_big_endian: bool) -> Self {
        let resolution = value(&described.options, OptionCode::IfTsresol);
        let offset = value(&described.options, OptionCode::IfTsoffset);
        Self {
            resolution: units(resolution.map_or(MICROSECONDS, |[exponent]| exponent)),
            offset: offset.map_or(0, |bytes| {
                if is_big_endian {
                    i64::from_be_bytes(bytes)
                } else {
                    i64::from_le_bytes(bytes)
                }
            }),
        }
    }

    /// The time of a timestamp.
    pub(super) fn time(self, units: u64) -> i128 {
        let units = i128::from(units);
        i128::from(self.offset) * SECOND + units * SECOND / self.resolution
    }
}

/// The units of a second, a power of ten, or of two where the highest bit is set. Where that is more than any number, all
/// timestamps are less than one of them.
fn units(resolution: u8) -> i128 {
    let (base, exponent) = if resolution & 0x80 == 0 {
        (10_i128, resolution)
    } else {
        (2, resolution & 0x7f)
    };
    base.checked_pow(exponent.into()).unwrap_or(i128::MAX)
}

/// The first bytes of an option's value.
pub(super) fn value<const N: usize>(
    options: &[PcapNGOption<'_>],
    code: OptionCode,
) -> Option<[u8; N]> {
    let option = options.iter().find(|option| option.code == code)?;
    option.as_bytes().ok()?.first_chunk().copied()
}
