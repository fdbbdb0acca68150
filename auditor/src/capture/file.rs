//! Capture files: pcap and pcapng, also compressed, recognised by their content.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    io::{self, Cursor, Read},
};

use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader, traits::PcapReaderIterator};
use thiserror::Error;

/// One record of a capture, as an Ethernet frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame<'a> {
    /// Nanoseconds since 1970; `None` for records without a timestamp.
    pub time: Option<i128>,
    /// The bytes that were captured of the frame.
    pub bytes: Cow<'a, [u8]>,
    /// Bytes on the wire, according to the record.
    pub length: u32,
}

/// What reading a capture found beside its frames.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Records of link types that can't be converted, by their number.
    pub skipped: BTreeMap<u32, u64>,
    /// Why reading stopped before the end of the file.
    pub cut: Option<String>,
}

/// Why nothing of a capture can be read.
#[derive(Debug, Error)]
pub enum FileError {
    #[error("cannot be read")]
    Read(#[source] io::Error),
    #[error("holds neither a pcap nor a pcapng capture, compressed or not")]
    Unknown,
    #[error("holds only records of {}, which have no Ethernet frames and can't be converted exactly", links(.types))]
    Links { types: Vec<u32> },
}

/// Link types (`LINKTYPE_` values of the tcpdump group's list).
mod link {
    pub(super) const ETHERNET: u32 = 1;
    pub(super) const RAW: u32 = 101;
    pub(super) const LINUX_SLL: u32 = 113;
    pub(super) const IPV4: u32 = 228;
    pub(super) const IPV6: u32 = 229;
    pub(super) const LINUX_SLL2: u32 = 276;
}

fn links(types: &[u32]) -> String {
    let name = |link: &u32| match link {
        0 => "BSD loopback (link type 0)".to_owned(),
        105 => "IEEE 802.11 (link type 105)".to_owned(),
        127 => "IEEE 802.11 with radiotap (link type 127)".to_owned(),
        other => format!("link type {other}"),
    };
    types.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The largest size that a record may have; a larger one is taken for invalid data.
const MOST_BYTES: usize = 64 << 20;
/// Bytes that are read at once.
const BUFFER: usize = 1 << 20;

/// Calls `each` with every frame of a capture, in the file's order.
///
/// # Errors
///
/// An error from `each`, which stops reading; or the file is no capture, or none that can be read.
pub fn read<E: From<FileError>>(
    source: impl Read + Send,
    mut each: impl FnMut(Frame<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut source = opened(source).map_err(FileError::Read)?;
    let mut head = vec![0; BUFFER];
    let n_read = fill(&mut source, &mut head).map_err(FileError::Read)?;
    head.truncate(n_read);
    if head.is_empty() {
        return Ok(Summary::default());
    }
    let mut reader = create_reader(2 * BUFFER, Cursor::new(head).chain(source))
        .map_err(|_unrecognised| FileError::Unknown)?;
    let mut interfaces = Interfaces::default();
    let mut summary = Summary::default();
    let mut n_frames = 0_u64;
    let mut size = 2 * BUFFER;
    loop {
        let step = match reader.next() {
            Ok((offset, block)) => {
                if let Some(frame) = interfaces.frame(&block, &mut summary) {
                    n_frames += 1;
                    each(frame)?;
                }
                Step::Next(offset)
            }
            Err(PcapError::Eof) => break,
            Err(PcapError::Incomplete(_) | PcapError::BufferTooSmall) => Step::More,
            Err(PcapError::UnexpectedEof) => Step::Cut(CUT.to_owned()),
            Err(PcapError::ReadError) => {
                Step::Cut("it can't be read further, or decompressed".to_owned())
            }
            Err(
                PcapError::HeaderNotRecognized
                | PcapError::NomError(..)
                | PcapError::OwnedNomError(..),
            ) => Step::Cut(format!("what follows its record {n_frames} is no record")),
        };
        let cut = match step {
            Step::Next(offset) => {
                reader.consume(offset);
                None
            }
            Step::More => more(&mut *reader, &mut size).err(),
            Step::Cut(cut) => Some(cut),
        };
        if cut.is_some() {
            summary.cut = cut;
            break;
        }
    }
    if n_frames == 0 && !summary.skipped.is_empty() {
        return Err(E::from(FileError::Links {
            types: summary.skipped.into_keys().collect(),
        }));
    }
    if n_frames == 0
        && let Some(link) = interfaces.only_unknown()
    {
        return Err(E::from(FileError::Links { types: vec![link] }));
    }
    Ok(summary)
}

/// What to do after the parser has looked at the buffer.
enum Step {
    /// Consume this many bytes and continue.
    Next(usize),
    /// Read more, since the record does not end in the buffer.
    More,
    /// Stop, for this reason: nothing more can be read.
    Cut(String),
}

const CUT: &str = "its last record is cut off";

/// Reads more into the buffer, which grows if the record does not fit.
fn more(reader: &mut (dyn PcapReaderIterator + Send), size: &mut usize) -> Result<(), String> {
    let before = reader.data().len();
    let is_refilled = reader.refill().is_ok();
    let n_held = reader.data().len();
    if is_refilled && before < n_held || n_held == 0 && reader.reader_exhausted() {
        return Ok(());
    }
    if reader.reader_exhausted() {
        return Err(CUT.to_owned());
    }
    *size *= 2;
    if MOST_BYTES < *size || !reader.grow(*size) {
        return Err("one of its records claims to be larger than any packet".to_owned());
    }
    Ok(())
}

/// The decompressed stream; the first bytes show the compression.
fn opened<'a>(mut source: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
    let mut magic = [0; 4];
    let n_read = fill(&mut source, &mut magic)?;
    let whole = Cursor::new(magic.get(..n_read).unwrap_or_default().to_vec()).chain(source);
    Ok(match magic {
        // RFC 1952, section 2.3.1.
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        // RFC 8878, section 3.1.1.
        [0x28, 0xb5, 0x2f, 0xfd] => {
            Box::new(ruzstd::decoding::StreamingDecoder::new(whole).map_err(io::Error::other)?)
        }
        _ => Box::new(whole),
    })
}

/// Reads until the buffer is full or the source ends.
fn fill(source: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut n_read = 0;
    while let Some(rest) = buffer.get_mut(n_read..).filter(|rest| !rest.is_empty()) {
        match source.read(rest) {
            Ok(0) => break,
            Ok(more) => n_read += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(n_read)
}

/// The interfaces that the capture has described so far.
#[derive(Default)]
struct Interfaces {
    known: Vec<Described>,
    /// Whether the timestamps of a pcap file are in nanoseconds instead of microseconds.
    is_nanosecond: bool,
    has_ethernet: bool,
}

#[derive(Clone, Copy)]
struct Described {
    link: u32,
    /// Timestamp units per second.
    resolution: u64,
    /// Seconds to add to each timestamp.
    offset: i64,
    /// The most bytes that were captured of a packet; 0 if there was no limit.
    snap_length: u32,
}

const SECOND: i128 = 1_000_000_000;

impl Interfaces {
    fn describe(&mut self, described: Described) {
        self.has_ethernet |= described.link == link::ETHERNET;
        self.known.push(described);
    }

    fn only_unknown(&self) -> Option<u32> {
        let mut unknown = self.known.iter().filter(|one| !is_known(one.link));
        let first = unknown.next()?;
        self.known
            .iter()
            .all(|one| !is_known(one.link))
            .then_some(first.link)
    }

    fn frame<'a>(
        &mut self,
        block: &PcapBlockOwned<'a>,
        summary: &mut Summary,
    ) -> Option<Frame<'a>> {
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.is_nanosecond = header.is_nanosecond_precision();
                self.describe(Described {
                    // The upper bits hold the length of the frame check sequence, and more (draft-ietf-opsawg-pcap).
                    link: u32::from_ne_bytes(header.network.0.to_ne_bytes()) & 0xffff,
                    resolution: 0,
                    offset: 0,
                    snap_length: 0,
                });
                None
            }
            PcapBlockOwned::Legacy(record) => {
                let unit = if self.is_nanosecond { 1 } else { 1000 };
                let time = i128::from(record.ts_sec) * SECOND + i128::from(record.ts_usec) * unit;
                self.frame_of(0, Some(time), record.data, record.origlen, summary)
            }
            PcapBlockOwned::NG(Block::SectionHeader(_)) => {
                self.known.clear();
                None
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(described)) => {
                self.describe(Described {
                    link: u32::from_ne_bytes(described.linktype.0.to_ne_bytes()) & 0xffff,
                    resolution: described.ts_resolution().unwrap_or(1_000_000),
                    offset: described.if_tsoffset,
                    snap_length: described.snaplen,
                });
                None
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let index = packet.if_id as usize;
                let described = self.known.get(index)?;
                let units = u64::from(packet.ts_high) << 32 | u64::from(packet.ts_low);
                let time = i128::from(described.offset) * SECOND
                    + i128::from(units) * SECOND / i128::from(described.resolution.max(1));
                let captured = packet
                    .data
                    .get(..packet.caplen as usize)
                    .unwrap_or(packet.data);
                self.frame_of(index, Some(time), captured, packet.origlen, summary)
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let described = self.known.first()?;
                let most = match described.snap_length {
                    0 => packet.origlen,
                    snap_length => packet.origlen.min(snap_length),
                };
                let captured = packet.data.get(..most as usize).unwrap_or(packet.data);
                self.frame_of(0, None, captured, packet.origlen, summary)
            }
            PcapBlockOwned::NG(_) => None,
        }
    }

    fn frame_of<'a>(
        &self,
        interface: usize,
        time: Option<i128>,
        captured: &'a [u8],
        length: u32,
        summary: &mut Summary,
    ) -> Option<Frame<'a>> {
        let link = self.known.get(interface)?.link;
        // If a capture has an Ethernet interface, its other interfaces show the same packets again, or local ones.
        let bytes = if self.has_ethernet && link != link::ETHERNET {
            None
        } else {
            ethernet(link, captured)
        };
        let Some(bytes) = bytes else {
            *summary.skipped.entry(link).or_default() += 1;
            return None;
        };
        Some(Frame {
            time,
            bytes,
            length,
        })
    }
}

const fn is_known(link: u32) -> bool {
    matches!(
        link,
        link::ETHERNET | link::RAW | link::LINUX_SLL | link::IPV4 | link::IPV6 | link::LINUX_SLL2
    )
}

/// The record as an Ethernet frame; an empty one, which counts as truncated, if the record's own link header is cut off.
fn ethernet(link: u32, captured: &[u8]) -> Option<Cow<'_, [u8]>> {
    let with_type = |ethertype: [u8; 2], payload: &[u8]| {
        let mut frame = vec![0; 12];
        frame.extend(ethertype);
        frame.extend(payload);
        Cow::Owned(frame)
    };
    let cooked = |n_header: usize, at: usize| {
        let header = captured.get(..n_header)?;
        let ethertype = [*header.get(at)?, *header.get(at + 1)?];
        Some(with_type(ethertype, captured.get(n_header..)?))
    };
    let cut = || Cow::Borrowed(&[][..]);
    match link {
        link::ETHERNET => Some(Cow::Borrowed(captured)),
        link::IPV4 => Some(with_type([0x08, 0x00], captured)),
        link::IPV6 => Some(with_type([0x86, 0xdd], captured)),
        link::RAW => Some(match captured.first().map(|first| first >> 4) {
            Some(6) => with_type([0x86, 0xdd], captured),
            Some(_) | None => with_type([0x08, 0x00], captured),
        }),
        link::LINUX_SLL => Some(cooked(16, 14).unwrap_or_else(cut)),
        link::LINUX_SLL2 => Some(cooked(20, 0).unwrap_or_else(cut)),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
