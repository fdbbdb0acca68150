//! What a conversation rests on: who had to take part for it to be counted as it is.

use auditor_common::{
    ConversationKey, ConversationRecord, PackedPorts, flow::opening, port::protocol,
    side::EPHEMERAL_FROM,
};

use super::{
    super::Crowd,
    own::{Own, is_two_way},
    sides::{Client, MAY_ANSWER, here},
};

/// What a conversation proves, from the least to the most.
///
/// Whatever comes in may be forged, both sides of it too. So only what leaves counts, and of that only what a host would not
/// send to anybody who asks.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Proof {
    /// Nothing left this host but what its kernel sends to anybody: resets, and replies that accept a request.
    Nothing,
    /// Nothing left it either, but a rule lets the sender ask what it asked.
    Invited,
    /// This host answered, as a service of datagrams answers anybody, or passed packets on.
    Answer,
    /// This host asked, or sent what follows from an answer.
    Own,
}

impl Proof {
    pub(super) fn of(key: &ConversationKey, record: &ConversationRecord, own: &Own) -> Self {
        // On the loopback nobody else sends; a capture is finite.
        if is_two_way(key.interface) {
            return Self::Own;
        }
        let ports = PackedPorts(key.ports);
        let here = here(ports);
        let left = here.told(record);
        if left == 0 {
            return Self::nothing(key, own);
        }
        if !own.is_unknown() && !own.has(here.address(key)) {
            return Self::Answer;
        }
        let [request, reply] = match here {
            Client::First => [opening::REQUEST_FROM_FIRST, opening::REPLY_FROM_FIRST],
            Client::Second => [opening::REQUEST_FROM_SECOND, opening::REPLY_FROM_SECOND],
        };
        let has = |bit: u8| record.opening & u64::from(bit) != 0;
        if has(request) {
            return Self::Own;
        }
        let beyond = left.saturating_sub(if has(reply) { record.replies } else { 0 });
        let is_stream = matches!(ports.protocol(), protocol::TCP | protocol::SCTP);
        let has_asked = if ports.is_server_known() {
            here == Client::First
        } else {
            Client::first_sender(record) == here && !answers_by_chance(key, record)
        };
        match (beyond, is_stream) {
            (0, _) => Self::nothing(key, own),
            (1..=MOST_PROVOKED, true) => Self::Answer,
            (_, true) => Self::Own,
            (_, false) if has_asked => Self::Own,
            (_, false) => Self::Answer,
        }
    }

    /// What a conversation proves of which nothing left that a host would not send to anybody.
    fn nothing(key: &ConversationKey, own: &Own) -> Self {
        match crowd(key, own) {
            Some(_) => Self::Invited,
            None => Self::Nothing,
        }
    }
}

/// Which rules let the other host ask what it asked, if it did.
pub(super) fn crowd(key: &ConversationKey, own: &Own) -> Option<Crowd> {
    let ports = PackedPorts(key.ports);
    let sender = here(ports).other().address(key);
    own.crowd(sender, ports.protocol(), asked(ports))
}

/// The port that was asked in a conversation that came in.
pub(super) fn asked(ports: PackedPorts) -> u16 {
    if ports.is_server_known() {
        ports.second()
    } else {
        here(ports).port(ports)
    }
}

/// A kernel acknowledges what does not fit a connection that is not complete yet (RFC 9293, section 3.10.7.4), every half second at
/// most; a few such answers can be had for forged segments.
const MOST_PROVOKED: u64 = 3;

/// Whether this host may have only answered in a conversation that it seems to have begun, from a port that services have rather
/// than clients.
fn answers_by_chance(key: &ConversationKey, record: &ConversationRecord) -> bool {
    let ports = PackedPorts(key.ports);
    record.opening & MAY_ANSWER != 0 && here(ports).port(ports) < EPHEMERAL_FROM
}
