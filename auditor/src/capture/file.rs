//! Capture files: pcap and pcapng, also compressed, recognised by their content.

mod clock;
mod dropped;
mod lenient;
mod zstd;

use std::{
    borrow::Cow,
    collections::BTreeMap,
    fmt,
    io::{self, Cursor, Read},
};

use pcap_parser::{Block, PcapBlockOwned, PcapError, create_reader, traits::PcapReaderIterator};
use thiserror::Error;

use self::{
    clock::{Clock, SECOND},
    dropped::Dropped,
    lenient::{Lenient, Problem},
};

/// One record of a capture, as an Ethernet frame.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Frame<'a> {
    /// Nanoseconds since 1970; `None` for records without a timestamp.
    pub time: Option<i128>,
    /// The bytes that were captured of the frame.
    pub bytes: Cow<'a, [u8]>,
    /// Bytes on the wire, according to the record.
    pub length: u32,
    /// Whoever captured it left out the rest of the packet.
    pub is_cut: bool,
}

/// What reading a capture found beside its frames.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Summary {
    /// Packets that were not read, by why.
    pub unread: BTreeMap<Unread, u64>,
    /// Why reading stopped before the end of the file.
    pub cut: Option<String>,
}

/// Why a packet of a capture is not read.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Unread {
    /// Its link type can't be converted to Ethernet, or it stands beside Ethernet's, which may show the same packets.
    Link(u32),
    /// The capture does not describe its interface.
    Interface,
    /// It is in a section of this version, which nobody knows.
    Version(u16),
    /// Its record contradicts itself.
    Record,
    /// Whoever captured it says that it was dropped.
    Dropped,
    /// It may be in a block of this type, which nobody knows.
    Block(u32),
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link(link) => write!(
                f,
                "of {}, which can't be converted or may show what those of Ethernet show",
                links(&[*link])
            ),
            Self::Interface => f.write_str("of an interface that the capture does not describe"),
            Self::Version(version) => {
                write!(f, "in a file of version {version}, which nobody knows")
            }
            Self::Record => f.write_str("whose record contradicts itself"),
            Self::Dropped => f.write_str("that were dropped, as whoever captured them says,"),
            Self::Block(kind) => {
                write!(
                    f,
                    "or other data, in blocks of type {kind} that nobody knows,"
                )
            }
        }
    }
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

/// What is known of a capture before its frames are taken.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Survey {
    /// The time of the earliest frame that has one, in nanoseconds since 1970.
    pub earliest: Option<i128>,
    /// Some of its frames are of an Ethernet interface.
    pub has_ethernet: bool,
}

/// Looks through a capture, as far as it can be read.
pub fn survey(source: impl Read + Send) -> Survey {
    let mut survey = Survey::default();
    let mut interfaces = Interfaces::default();
    // What keeps it from being read is told by whoever reads it.
    let _problem = read_by(&mut interfaces, source, |frame| -> Result<(), FileError> {
        let earlier = survey.earliest.into_iter().chain(frame.time).min();
        survey.earliest = earlier;
        Ok(())
    });
    survey.has_ethernet = interfaces.has_ethernet;
    survey
}

/// Calls `each` with every frame of a capture, in the file's order.
///
/// Where a capture has frames of Ethernet interfaces, its others show the same packets again, or local ones, and are left out. What
/// could not be surveyed, since it can be read only once, is believed to have none until one is described.
///
/// # Errors
///
/// An error from `each`, which stops reading; or the file is no capture, or none that can be read.
pub fn read<E: From<FileError>>(
    source: impl Read + Send,
    survey: Option<Survey>,
    each: impl FnMut(Frame<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let mut interfaces = Interfaces {
        others: match survey {
            Some(survey) if survey.has_ethernet => Others::Left,
            Some(_) => Others::Taken,
            None => Others::TakenBeforeEthernet,
        },
        ..Interfaces::default()
    };
    read_by(&mut interfaces, source, each)
}

fn read_by<E: From<FileError>>(
    interfaces: &mut Interfaces,
    source: impl Read + Send,
    mut each: impl FnMut(Frame<'_>) -> Result<(), E>,
) -> Result<Summary, E> {
    let (mut source, problem) = opened(source).map_err(FileError::Read)?;
    let mut head = vec![0; BUFFER];
    let n_read = fill(&mut source, &mut head).map_err(FileError::Read)?;
    head.truncate(n_read);
    if head.is_empty() {
        return match problem.taken() {
            Some(problem) => Err(E::from(FileError::Read(problem))),
            None => Ok(Summary::default()),
        };
    }
    let mut reader = create_reader(2 * BUFFER, Cursor::new(head).chain(source))
        .map_err(|_unrecognised| FileError::Unknown)?;
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
            Err(PcapError::Eof) => {
                summary.cut = problem
                    .taken()
                    .map(|problem| format!("it can't be read further, or decompressed: {problem}"));
                break;
            }
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
        if let Some(cut) = cut {
            summary.cut = Some(match problem.taken() {
                Some(problem) => {
                    format!("{cut}, since it can't be read further, or decompressed: {problem}")
                }
                None => cut,
            });
            break;
        }
    }
    interfaces.end_section(&mut summary);
    let types: Vec<u32> = summary
        .unread
        .keys()
        .filter_map(|one| match one {
            Unread::Link(link) => Some(*link),
            Unread::Interface
            | Unread::Version(_)
            | Unread::Record
            | Unread::Dropped
            | Unread::Block(_) => None,
        })
        .collect();
    if n_frames == 0 && !types.is_empty() {
        return Err(E::from(FileError::Links { types }));
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

/// The decompressed stream, which ends where it can't be read any further, and what prevents it; the first bytes show the
/// compression.
fn opened<'a>(
    mut source: impl Read + Send + 'a,
) -> io::Result<(Box<dyn Read + Send + 'a>, Problem)> {
    let mut magic = [0; 4];
    let n_read = fill(&mut source, &mut magic)?;
    let whole = Cursor::new(magic.get(..n_read).unwrap_or_default().to_vec()).chain(source);
    let plain: Box<dyn Read + Send + 'a> = match magic {
        // RFC 1952, section 2.3.1.
        [0x1f, 0x8b, ..] => Box::new(flate2::read::MultiGzDecoder::new(whole)),
        // RFC 8878, sections 3.1.1 and 3.1.2.
        [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18] => {
            Box::new(zstd::Frames::new(whole))
        }
        _ => Box::new(whole),
    };
    let lenient = Lenient::new(plain);
    let problem = lenient.problem();
    Ok((Box::new(lenient), problem))
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
    /// Whether the numbers of this section are written in big-endian byte order.
    is_big_endian: bool,
    /// The version of a file or a section in which the form of packets is not known.
    unknown_version: Option<u16>,
    /// What is done with frames of other links than Ethernet.
    others: Others,
    /// Whether a frame of Ethernet was read.
    has_ethernet: bool,
    dropped: Dropped,
}

/// What is done with frames of other links than Ethernet.
#[derive(Clone, Copy, Default)]
enum Others {
    #[default]
    Taken,
    TakenBeforeEthernet,
    Left,
}

#[derive(Clone, Copy)]
struct Described {
    link: u32,
    /// None in a pcap file, which has one for all.
    clock: Option<Clock>,
    /// The most bytes that were captured of a packet; 0 if there was no limit.
    snap_length: u32,
}

/// A packet's record, without its bytes.
struct Record {
    interface: u32,
    /// The high and the low half of the time.
    time: [u32; 2],
    /// Bytes that were captured, and below, those on the wire.
    captured: u32,
    length: u32,
}

/// The type of pcapng's obsolete Packet Block, which several tools still write.
const OBSOLETE_PACKET: u32 = 2;
/// The major versions of pcapng and of pcap.
const MAJOR_VERSION: u16 = 1;
const PCAP_VERSION: u16 = 2;

impl Interfaces {
    fn describe(&mut self, described: Described) {
        let is_ethernet = described.link == link::ETHERNET;
        if is_ethernet && matches!(self.others, Others::TakenBeforeEthernet) {
            self.others = Others::Left;
        }
        self.known.push(described);
    }

    /// Counts what is known at the end of a section.
    fn end_section(&mut self, summary: &mut Summary) {
        let n_dropped = self.dropped.take();
        if 0 < n_dropped {
            *summary.unread.entry(Unread::Dropped).or_default() += n_dropped;
        }
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
        // Where the version is not known, nobody knows what any block is.
        if let (PcapBlockOwned::NG(block), Some(version)) = (block, self.unknown_version) {
            match block {
                Block::SectionHeader(_) => {}
                Block::InterfaceDescription(_) => return None,
                Block::EnhancedPacket(_)
                | Block::SimplePacket(_)
                | Block::NameResolution(_)
                | Block::InterfaceStatistics(_)
                | Block::SystemdJournalExport(_)
                | Block::DecryptionSecrets(_)
                | Block::ProcessInformation(_)
                | Block::Custom(_)
                | Block::Unknown(_) => {
                    *summary.unread.entry(Unread::Version(version)).or_default() += 1;
                    return None;
                }
            }
        }
        match block {
            PcapBlockOwned::LegacyHeader(header) => {
                self.is_nanosecond = header.is_nanosecond_precision();
                self.unknown_version =
                    (header.version_major != PCAP_VERSION).then_some(header.version_major);
                self.describe(Described {
                    // The upper bits hold the length of the frame check sequence, and more (draft-ietf-opsawg-pcap).
                    link: u32::from_ne_bytes(header.network.0.to_ne_bytes()) & 0xffff,
                    clock: None,
                    snap_length: 0,
                });
                None
            }
            PcapBlockOwned::Legacy(record) => {
                let unit = if self.is_nanosecond { 1 } else { 1000 };
                let time = i128::from(record.ts_sec) * SECOND + i128::from(record.ts_usec) * unit;
                self.frame_of(0, Some(time), record.data, record.origlen, summary)
            }
            PcapBlockOwned::NG(Block::SectionHeader(section)) => {
                self.end_section(summary);
                self.known.clear();
                self.is_big_endian = section.big_endian();
                self.unknown_version =
                    (section.major_version != MAJOR_VERSION).then_some(section.major_version);
                None
            }
            PcapBlockOwned::NG(Block::InterfaceDescription(described)) => {
                self.describe(Described {
                    link: u32::from_ne_bytes(described.linktype.0.to_ne_bytes()) & 0xffff,
                    clock: Some(Clock::of(described, self.is_big_endian)),
                    snap_length: described.snaplen,
                });
                None
            }
            PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                let record = Record {
                    interface: packet.if_id,
                    time: [packet.ts_high, packet.ts_low],
                    captured: packet.caplen,
                    length: packet.origlen,
                };
                self.dropped
                    .add_packet(packet.if_id, &packet.options, self.is_big_endian);
                self.packet(&record, packet.data, summary)
            }
            PcapBlockOwned::NG(Block::Unknown(block)) => {
                // The parser reads the type of every block in little-endian byte order.
                let kind = if self.is_big_endian {
                    block.block_type.swap_bytes()
                } else {
                    block.block_type
                };
                if kind != OBSOLETE_PACKET {
                    *summary.unread.entry(Unread::Block(kind)).or_default() += 1;
                    return None;
                }
                let Some((record, data)) = self.obsolete(block.data) else {
                    *summary.unread.entry(Unread::Record).or_default() += 1;
                    return None;
                };
                self.packet(&record, data, summary)
            }
            PcapBlockOwned::NG(Block::Custom(block)) => {
                let kind = if self.is_big_endian {
                    block.block_type.swap_bytes()
                } else {
                    block.block_type
                };
                *summary.unread.entry(Unread::Block(kind)).or_default() += 1;
                None
            }
            PcapBlockOwned::NG(Block::InterfaceStatistics(told)) => {
                self.dropped
                    .set_statistics(told.if_id, &told.options, self.is_big_endian);
                None
            }
            PcapBlockOwned::NG(Block::SimplePacket(packet)) => {
                let Some(described) = self.known.first() else {
                    *summary.unread.entry(Unread::Interface).or_default() += 1;
                    return None;
                };
                let most = match described.snap_length {
                    0 => packet.origlen,
                    snap_length => packet.origlen.min(snap_length),
                };
                let captured = packet.data.get(..most as usize).unwrap_or(packet.data);
                self.frame_of(0, None, captured, packet.origlen, summary)
            }
            // None of these holds packets.
            PcapBlockOwned::NG(
                Block::NameResolution(_)
                | Block::SystemdJournalExport(_)
                | Block::DecryptionSecrets(_)
                | Block::ProcessInformation(_),
            ) => None,
        }
    }

    /// The frame of a packet that names its interface.
    fn packet<'a>(
        &mut self,
        record: &Record,
        data: &'a [u8],
        summary: &mut Summary,
    ) -> Option<Frame<'a>> {
        let index = record.interface as usize;
        let Some(described) = self.known.get(index) else {
            *summary.unread.entry(Unread::Interface).or_default() += 1;
            return None;
        };
        let [high, low] = record.time;
        let units = u64::from(high) << 32 | u64::from(low);
        let time = described.clock.map(|clock| clock.time(units));
        let captured = data.get(..record.captured as usize).unwrap_or(data);
        self.frame_of(index, time, captured, record.length, summary)
    }

    /// The obsolete Packet Block (draft-ietf-opsawg-pcapng, appendix A): the 16-bit number of an interface, a 16-bit counter of
    /// drops, then the fields of an Enhanced Packet Block.
    fn obsolete<'a>(&mut self, block: &'a [u8]) -> Option<(Record, &'a [u8])> {
        let is_big_endian = self.is_big_endian;
        let word = |bytes: [u8; 4]| {
            if is_big_endian {
                u32::from_be_bytes(bytes)
            } else {
                u32::from_le_bytes(bytes)
            }
        };
        let half = |bytes: [u8; 2]| {
            if is_big_endian {
                u16::from_be_bytes(bytes)
            } else {
                u16::from_le_bytes(bytes)
            }
        };
        let (&interface, rest) = block.split_first_chunk()?;
        let (&drops, rest) = rest.split_first_chunk()?;
        let (interface, drops) = (half(interface), half(drops));
        let (&high, rest) = rest.split_first_chunk()?;
        let (&low, rest) = rest.split_first_chunk()?;
        let (&captured, rest) = rest.split_first_chunk()?;
        let (&length, data) = rest.split_first_chunk()?;
        let record = Record {
            interface: interface.into(),
            time: [word(high), word(low)],
            captured: word(captured),
            length: word(length),
        };
        self.dropped.add_obsolete(interface, drops);
        (record.captured as usize <= data.len()).then_some((record, data))
    }

    fn frame_of<'a>(
        &mut self,
        interface: usize,
        time: Option<i128>,
        captured: &'a [u8],
        length: u32,
        summary: &mut Summary,
    ) -> Option<Frame<'a>> {
        let Some(Described { link, .. }) = self.known.get(interface).copied() else {
            *summary.unread.entry(Unread::Interface).or_default() += 1;
            return None;
        };
        if let Some(version) = self.unknown_version {
            *summary.unread.entry(Unread::Version(version)).or_default() += 1;
            return None;
        }
        self.has_ethernet |= link == link::ETHERNET;
        let bytes = if link != link::ETHERNET && matches!(self.others, Others::Left) {
            None
        } else {
            ethernet(link, captured)
        };
        let Some(bytes) = bytes else {
            *summary.unread.entry(Unread::Link(link)).or_default() += 1;
            return None;
        };
        Some(Frame {
            time,
            bytes,
            length,
            is_cut: captured.len() < length as usize,
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
