//! Runs the frames of a capture through the same programs that count on an interface.

mod fragments;

use std::collections::BTreeMap;

use auditor_common::{
    Bytes, ConversationKey, ConversationRecord, KeptPorts, PackedPorts, Packet, Part, Reason,
    Tally,
    flow::opening,
    packet::{
        self, Handshake, KERNEL_ALL_TAGS, KERNEL_EXTENSIONS, KERNEL_MAX_OFFSET, KERNEL_TAGS, RST,
        kept_ipv6,
    },
    port::protocol,
    side,
};
use zerocopy::{FromBytes, Immutable, KnownLayout};

pub use self::fragments::Fragments;
use super::{
    Tc,
    error::CaptureError,
    file::Frame,
    program::{Capture, Settings},
    sizes::Sizes,
    table::Take,
};

/// The length of an epoch in a replay, in nanoseconds.
pub const EPOCH: i128 = 100_000_000;

/// A replay in progress.
pub struct Replay {
    capture: Capture,
    /// The time at which epoch 0 begins; without one, it is that of the 1970s that fits the first frame.
    origin: Option<i128>,
    /// The time of the earliest frame that has a timestamp.
    start: Option<i128>,
    /// The epoch of the frame, and below, the one that the programs have for 0 since the last drain, and the last one of theirs.
    epoch: u64,
    base: u64,
    last: u64,
    /// How often the table was drained since a frame was earlier than one before it.
    n_returns: u32,
    /// Frames that were given to the programs since the last drain.
    n_pending: u32,
    /// Whether fragments without ports and packets that are cut off are counted as flows. A plain list of flows contains
    /// them; verdicts do not consider them, since their port is not known.
    keeps_parts: bool,
    /// Packets that tunnels carry are counted as well.
    decapsulate: bool,
    /// Taken over from the captures before, and handed on to those that follow.
    pub fragments: Fragments,
    pub totals: Totals,
}

/// The counts of a replay's frames.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Totals {
    pub frames: u64,
    pub bytes: u64,
    /// Frames that the kernel does not accept in a test run, and which are counted here, by the same parser.
    pub counted_here: u64,
    /// Packets whose transport header is cut off.
    pub short: u64,
    /// Later fragments.
    pub fragments: u64,
    /// Packets whose ports were left out by whoever captured them, and below, those of which what tells who opens was left out.
    pub cut_off: u64,
    pub cut_openings: u64,
    /// Frames that are in no flow.
    pub without_flow: BTreeMap<Reason, Tally>,
    /// Nanoseconds since 1970 of the latest frame.
    pub end: Option<i128>,
}

impl Totals {
    /// Adds the counts of another capture.
    pub fn add(&mut self, more: &Self) {
        self.frames += more.frames;
        self.bytes += more.bytes;
        self.counted_here += more.counted_here;
        self.short += more.short;
        self.fragments += more.fragments;
        self.cut_off += more.cut_off;
        self.cut_openings += more.cut_openings;
        self.end = self.end.max(more.end);
        for (reason, tally) in &more.without_flow {
            *self.without_flow.entry(*reason).or_default() += *tally;
        }
    }
}

/// The lengths that the kernel accepts for XDP without fragments (`bpf_prog_test_run_xdp`, Linux 5.18 and later).
const SHORTEST: usize = 14;
const LONGEST: usize = 3_400;

/// The most frames between two drains; fewer than the table has buckets.
const PENDING: u32 = 2_048;
/// The most epochs between two drains, so that the 16-bit epochs of buckets are long enough.
const EPOCHS: u64 = 30_000;
const FLOWS: u32 = 16_384;
/// The most drains of a capture for frames that are earlier than others before them; each takes milliseconds. Further ones are counted
/// here.
const MOST_RETURNS: u32 = 64;

impl Replay {
    /// Loads the programs. `origin` is the time at which epoch 0 begins, in nanoseconds since 1970; without one it begins in 1970,
    /// since no frame is earlier.
    ///
    /// # Errors
    ///
    /// Missing privileges, or the kernel's refusal.
    pub fn new(
        origin: Option<i128>,
        keeps_parts: bool,
        decapsulate: bool,
        fragments: Fragments,
    ) -> Result<Self, CaptureError> {
        let capture = Capture::load(&Settings {
            sizes: Sizes::new(FLOWS).map_err(CaptureError::Status)?,
            both_ports: true,
            decapsulate,
            log: false,
            tc: Tc::Auto,
        })?;
        Ok(Self {
            capture,
            origin,
            start: None,
            epoch: 0,
            base: 0,
            last: 0,
            n_returns: 0,
            n_pending: 0,
            keeps_parts,
            decapsulate,
            fragments,
            totals: Totals::default(),
        })
    }

    /// The time at which epoch 0 begins, in nanoseconds since 1970; `None` if no frame has a time.
    pub const fn origin(&self) -> Option<i128> {
        self.origin
    }

    /// The time at which the earliest frame was captured, in nanoseconds since 1970; `None` if no frame has a time.
    pub const fn start(&self) -> Option<i128> {
        self.start
    }

    /// Counts a frame. If a drain is due, calls `take` with the conversations that it finds.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn frame(&mut self, frame: &Frame<'_>, take: Take<'_>) -> Result<(), CaptureError> {
        let bytes = frame.bytes.as_ref();
        let length = u64::from(frame.length);
        self.pass(frame);
        // Before this frame, where the epochs of what was counted until now would no longer be long enough, or its own is earlier.
        let goes_back = 0 < self.n_pending && self.epoch < self.last;
        let is_left_out = goes_back && self.n_returns == MOST_RETURNS;
        if goes_back && !is_left_out || 0 < self.n_pending && self.base + EPOCHS <= self.epoch {
            self.n_returns += u32::from(goes_back);
            self.drain(take)?;
        }
        let mut packet = Packet::EMPTY;
        let parsed = packet::parse(bytes, &mut packet);
        packet.mark_fragment();
        match parsed {
            // As the programs do: it has addresses, and no ports.
            Err(Reason::TooDeep) => {}
            Ok(()) => {
                self.totals.short += u64::from(packet.part == Part::Short);
                self.totals.fragments += u64::from(packet.part == Part::LaterFragment);
                if !self.keeps_parts {
                    if packet.part == Part::FirstFragment {
                        self.fragments.complete(&packet);
                    } else if !is_whole(&packet, frame) {
                        self.part(frame, &packet, take);
                        return Ok(());
                    }
                }
            }
            Err(reason) => {
                self.totals.cut_off += u64::from(frame.is_cut && reason == Reason::Truncated);
                self.leave_out(reason, length);
            }
        }
        let mut carried = Packet::EMPTY;
        let inside = if self.decapsulate && parsed.is_ok() {
            packet::inside(bytes, &packet, &mut carried)
        } else {
            None
        };
        // With too many headers nobody knows whether it carries a packet.
        let is_unread =
            matches!(inside, Some(Err(_))) || self.decapsulate && parsed == Err(Reason::TooDeep);
        if is_unread {
            self.leave_out(Reason::InsideUnread, length);
        }
        let mut followed = Packet::EMPTY;
        let is_too_deep = matches!(
            packet::parse(&Kernel(bytes), &mut followed),
            Err(Reason::TooDeep | Reason::TooManyTags | Reason::PriorityTags)
        );
        let fits = (SHORTEST..=LONGEST).contains(&bytes.len()) && !is_too_deep && !is_left_out;
        if self.n_pending == 0 {
            self.base = self.epoch;
        }
        if fits && self.capture.test(bytes, length, self.epoch - self.base)? {
            self.last = self.epoch;
            self.n_pending += 1;
            if self.n_pending == PENDING {
                self.drain(take)?;
            }
            return Ok(());
        }
        self.totals.counted_here += 1;
        if matches!(parsed, Ok(()) | Err(Reason::TooDeep)) {
            let (key, record) = counted(&packet, length, self.epoch);
            take(&key, &record);
        }
        if let Some(Ok(inside)) = inside {
            let length = length.saturating_sub(inside.start.into());
            let (key, record) = counted(&carried, length, self.epoch);
            let interface = inside.tunnel.mark(key.interface);
            take(&ConversationKey { interface, ..key }, &record);
        }
        Ok(())
    }

    /// Calls `take` with all conversations that were not taken yet, and checks that the programs have counted every frame
    /// that they were given.
    ///
    /// # Errors
    ///
    /// The kernel's refusal.
    pub fn drain(&mut self, take: Take<'_>) -> Result<(), CaptureError> {
        let base = self.base;
        let mut dated = |key: &ConversationKey, record: &ConversationRecord| {
            let (first, last) = (base + record.first, base + record.last);
            let record = ConversationRecord {
                first,
                last,
                ..*record
            };
            take(key, &record);
        };
        let n_counted = self.capture.take(&mut dated)?.packets();
        if n_counted != u64::from(self.n_pending) || !self.capture.lost()?.is_empty() {
            return Err(CaptureError::Uncounted {
                given: self.n_pending.into(),
                counted: n_counted,
            });
        }
        self.n_pending = 0;
        Ok(())
    }

    /// Counts a packet that is a later fragment, or whose transport header is not all there.
    fn part(&mut self, frame: &Frame<'_>, packet: &Packet, take: Take<'_>) {
        let length = u64::from(frame.length);
        let completed = match packet.part {
            Part::Short | Part::Whole if frame.is_cut => {
                let completed = completed(&frame.bytes, packet);
                self.totals.cut_off += u64::from(completed.is_none());
                self.totals.cut_openings +=
                    u64::from(completed.is_some_and(|packet| packet.is_mere_fragment));
                completed.ok_or(Reason::Truncated)
            }
            Part::Short | Part::Whole => Err(Reason::Truncated),
            Part::FirstFragment | Part::LaterFragment => {
                self.fragments.complete(packet).ok_or(Reason::Fragment)
            }
        };
        // What a tunnel's packet carries is not there, or not all. Only a first fragment has the port by which some are known.
        let known = match packet.part {
            Part::LaterFragment => Some(packet),
            Part::Whole | Part::Short | Part::FirstFragment => completed.as_ref().ok(),
        };
        if self.decapsulate && known.and_then(packet::tunnel).is_some() {
            self.leave_out(Reason::InsideUnread, length);
        }
        match completed {
            Ok(packet) => {
                let (key, record) = counted(&packet, length, self.epoch);
                take(&key, &record);
            }
            Err(reason) => self.leave_out(reason, length),
        }
    }

    /// Counts a frame that is in no flow.
    fn leave_out(&mut self, reason: Reason, length: u64) {
        *self.totals.without_flow.entry(reason).or_default() += Tally {
            packets: 1,
            bytes: length,
        };
    }

    /// Adds the frame's length to the totals and sets the time.
    fn pass(&mut self, frame: &Frame<'_>) {
        self.totals.frames += 1;
        self.totals.bytes += u64::from(frame.length);
        if let Some(time) = frame.time {
            self.start = self.start.into_iter().chain([time]).min();
            let origin = *self.origin.get_or_insert_with(|| time.rem_euclid(EPOCH));
            self.epoch = u64::try_from((time - origin) / EPOCH).unwrap_or_default();
            self.totals.end = self.totals.end.max(Some(time));
        }
    }
}

/// Whether this is a whole datagram, as far as its transport header.
fn is_whole(packet: &Packet, frame: &Frame<'_>) -> bool {
    let bytes = &frame.bytes;
    // The type of SCTP's first chunk follows its header.
    let is_cut_sctp =
        frame.is_cut && packet.protocol == protocol::SCTP && bytes.len() <= packet.headers as usize;
    let is_icmp = matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6);
    // An ICMP message that is cut off before its type would be one of type 0.
    let is_cut_icmp = is_icmp && bytes.len() < packet.headers as usize;
    packet.part == Part::Whole && !is_cut_icmp && !is_cut_sctp
}

/// The packet of a frame of which whoever captured it left out the end of the transport header; `None` if the ports are left
/// out too. If what tells who opens is left out, it proves as little as a fragment without that.
fn completed(bytes: &[u8], packet: &Packet) -> Option<Packet> {
    let is_icmp = matches!(packet.protocol, protocol::ICMP | protocol::ICMPV6);
    let (start, needed) = match packet.part {
        Part::Whole if is_icmp => ((packet.headers as usize).saturating_sub(ICMP), 2),
        Part::Whole => ((packet.headers as usize).saturating_sub(SCTP), 4),
        Part::Short | Part::FirstFragment | Part::LaterFragment => (packet.headers as usize, 4),
    };
    let has_ports = is_icmp || side::has_ports(packet.protocol);
    if !has_ports || bytes.len() < start + needed {
        return None;
    }
    let mut whole = bytes.to_vec();
    whole.resize(whole.len() + LONGEST_TRANSPORT, 0);
    let mut completed = Packet::EMPTY;
    packet::parse(&whole[..], &mut completed).ok()?;
    completed.is_mere_fragment = match packet.protocol {
        protocol::TCP => bytes.len() < start + TCP_FLAGS,
        protocol::SCTP => bytes.len() <= start + SCTP,
        _ => false,
    };
    completed.mark_fragment();
    (completed.part == Part::Whole).then_some(completed)
}

/// The bytes of SCTP's header, which its first chunk follows, and those of TCP's as far as its flags.
const SCTP: usize = 12;
const TCP_FLAGS: usize = 14;

/// The part of an ICMP message that is read, and the longest fixed header of a transport (TCP's), in bytes.
const ICMP: usize = 4;
const LONGEST_TRANSPORT: usize = 20;

/// The conversation that the program would have counted for this packet.
fn counted(packet: &Packet, bytes: u64, epoch: u64) -> (ConversationKey, ConversationRecord) {
    let ports = (packet.source_port, packet.destination_port);
    let ends = [packet.source, packet.destination];
    let [source, destination] = ends.map(|end| words(end, packet.is_ipv4));
    let is_first = (source, ports.0) <= (destination, ports.1);
    let [source, destination] = if packet.is_ipv4 {
        ends
    } else {
        ends.map(kept_ipv6)
    };
    let (addresses, (first, second)) = if is_first {
        ([source, destination], ports)
    } else {
        ([destination, source], (ports.1, ports.0))
    };
    let pair = |amount| if is_first { [amount, 0] } else { [0, amount] };
    let shift = u32::from(!is_first);
    let opening = match packet.handshake {
        Handshake::Request => opening::REQUEST_FROM_FIRST << shift,
        Handshake::Reply => opening::REPLY_FROM_FIRST << shift,
        Handshake::None => 0,
    };
    let began = if is_first {
        0
    } else {
        opening::STARTED_BY_SECOND
    };
    let key = ConversationKey {
        addresses,
        ports: PackedPorts::new(KeptPorts::Both, packet.protocol, first, second)
            .marked(packet.marks)
            .0,
        interface: LOOPBACK,
    };
    let record = ConversationRecord {
        packets: pair(1),
        bytes: pair(bytes),
        resets: pair(u64::from(packet.flags & RST != 0)),
        requests: u64::from(packet.handshake == Handshake::Request),
        replies: u64::from(packet.handshake == Handshake::Reply),
        flags: u64::from(packet.flags) << (8 * shift),
        opening: u64::from(opening | began),
        first: epoch,
        last: epoch,
        ..ConversationRecord::default()
    };
    (key, record)
}

/// The index of the interface on which a test run happens.
const LOOPBACK: u32 = 1;

/// An address as the programs order addresses: as two words in native byte order, or as one word for IPv4.
fn words(address: [u8; 16], is_ipv4: bool) -> [u64; 2] {
    if is_ipv4 {
        let [.., a, b, c, d] = address;
        return [0, u32::from_ne_bytes([a, b, c, d]).into()];
    }
    let (high, low) = address.split_at(8);
    [high, low].map(|half| half.try_into().map(u64::from_ne_bytes).unwrap_or_default())
}

/// A frame, read within the limits of the kernel half.
struct Kernel<'a>(&'a [u8]);

impl Bytes for Kernel<'_> {
    const MAX_TAGS: usize = KERNEL_TAGS;
    const MAX_ALL_TAGS: usize = KERNEL_ALL_TAGS;
    const MAX_EXTENSIONS: usize = KERNEL_EXTENSIONS;
    const MAX_OFFSET: usize = KERNEL_MAX_OFFSET;

    fn get<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.0.get(offset..)?.first_chunk().copied()
    }

    fn read_header<T: FromBytes + Immutable + KnownLayout + Copy>(
        &self,
        offset: usize,
    ) -> Option<T> {
        self.0.read_header(offset)
    }

    fn hide_from_verifier(&self, value: usize, _mask: usize) -> usize {
        value
    }
}
