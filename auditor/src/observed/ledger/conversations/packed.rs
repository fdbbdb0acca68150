//! One conversation in memory: a cache line if its addresses are IPv4.

use auditor_common::{ConversationKey, ConversationRecord, packet::mapped};

use super::super::sides::MAY_ANSWER;

/// The bytes of an address: 4 for IPv4, 16 for any.
pub(super) trait Address: Copy + Eq {
    /// The same addresses in this form, if both fit it.
    fn all(addresses: [[u8; 16]; 2]) -> Option<[Self; 2]>;

    fn full(self) -> [u8; 16];
}

impl Address for [u8; 4] {
    fn all([one, other]: [[u8; 16]; 2]) -> Option<[Self; 2]> {
        let short = |address: [u8; 16]| {
            let [.., a, b, c, d] = address;
            let short = [a, b, c, d];
            (mapped(short) == address).then_some(short)
        };
        Some([short(one)?, short(other)?])
    }

    fn full(self) -> [u8; 16] {
        mapped(self)
    }
}

impl Address for [u8; 16] {
    fn all(addresses: [[u8; 16]; 2]) -> Option<[Self; 2]> {
        Some(addresses)
    }

    fn full(self) -> [u8; 16] {
        self
    }
}

/// A conversation with counters as narrow as nearly all conversations need. A record that does not fit is kept elsewhere.
#[derive(Clone, Copy, Debug)]
pub(super) struct PackedConversation<A> {
    addresses: [A; 2],
    ports: u64,
    bytes: [u64; 2],
    packets: [u32; 2],
    interface: u32,
    /// Epochs; 32 bits last for 13 years.
    first: u32,
    last: u32,
    requests: u16,
    replies: u16,
    refusals: u8,
    resets: [u8; 2],
    flags: [u8; 2],
    opening: u8,
    evidence: u8,
    marks: u8,
}

/// The record is kept elsewhere.
const OVERSIZED: u8 = 1;
/// [`MAY_ANSWER`].
const ANSWERS: u8 = 2;

const _: () = assert!(
    size_of::<PackedConversation<[u8; 4]>>() == 64
        && size_of::<PackedConversation<[u8; 16]>>() == 88
);

impl<A: Address> PackedConversation<A> {
    /// A conversation whose counts are all zero.
    pub(super) const fn new(addresses: [A; 2], key: &ConversationKey) -> Self {
        Self {
            addresses,
            ports: key.ports,
            bytes: [0; 2],
            packets: [0; 2],
            interface: key.interface,
            first: 0,
            last: 0,
            requests: 0,
            replies: 0,
            refusals: 0,
            resets: [0; 2],
            flags: [0; 2],
            opening: 0,
            evidence: 0,
            marks: 0,
        }
    }

    pub(super) fn is(&self, addresses: [A; 2], key: &ConversationKey) -> bool {
        self.addresses == addresses && self.ports == key.ports && self.interface == key.interface
    }

    pub(super) fn key(&self) -> ConversationKey {
        ConversationKey {
            addresses: self.addresses.map(A::full),
            ports: self.ports,
            interface: self.interface,
        }
    }

    /// Whether the record is kept elsewhere.
    pub(super) const fn is_oversized(&self) -> bool {
        self.marks & OVERSIZED != 0
    }

    /// Stores the record; false if it does not fit and the caller has to keep it elsewhere.
    pub(super) fn set(&mut self, record: &ConversationRecord) -> bool {
        let packed = self.packed(record);
        if let Some(packed) = packed {
            *self = packed;
        }
        if packed.is_none() {
            self.marks |= OVERSIZED;
        }
        packed.is_some()
    }

    fn packed(&self, record: &ConversationRecord) -> Option<Self> {
        // Few have any, and there is no room for them.
        if record.fragments != [0; 2] {
            return None;
        }
        let may_answer = record.opening & MAY_ANSWER;
        let [first_flags, second_flags, rest @ ..] = record.flags.to_le_bytes();
        Some(Self {
            bytes: record.bytes,
            packets: both(record.packets)?,
            first: record.first.try_into().ok()?,
            last: record.last.try_into().ok()?,
            requests: record.requests.try_into().ok()?,
            replies: record.replies.try_into().ok()?,
            refusals: record.refusals.try_into().ok()?,
            resets: both(record.resets)?,
            flags: (rest == [0; 6]).then_some([first_flags, second_flags])?,
            opening: (record.opening ^ may_answer).try_into().ok()?,
            evidence: record.evidence.try_into().ok()?,
            marks: if may_answer == 0 { 0 } else { ANSWERS },
            ..*self
        })
    }

    /// The record that was stored last.
    pub(super) fn record(&self) -> ConversationRecord {
        ConversationRecord {
            packets: self.packets.map(u64::from),
            fragments: [0; 2],
            bytes: self.bytes,
            resets: self.resets.map(u64::from),
            requests: self.requests.into(),
            replies: self.replies.into(),
            refusals: self.refusals.into(),
            flags: u16::from_le_bytes(self.flags).into(),
            opening: if self.marks & ANSWERS == 0 {
                self.opening.into()
            } else {
                u64::from(self.opening) | MAY_ANSWER
            },
            first: self.first.into(),
            last: self.last.into(),
            evidence: self.evidence.into(),
            // Needed until the drain is over, and kept by the ledger till then.
            began: 0,
        }
    }
}

fn both<N: TryFrom<u64>>([one, other]: [u64; 2]) -> Option<[N; 2]> {
    Some([one.try_into().ok()?, other.try_into().ok()?])
}
