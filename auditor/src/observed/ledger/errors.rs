//! ICMP errors about TCP requests, of which a conversation keeps only the server's port: those that quote what was sent.

use std::collections::HashMap;

use auditor_common::{
    ConversationKey, ConversationRecord, KeptPorts, PackedPorts,
    flow::{opening, requested},
    port::protocol,
};

use super::{flows::with_client_first, own::is_two_way, sides::Client};

/// For so many epochs a request may be told of by an error: routers need a few seconds to find that nobody answers.
const MEMORY: u64 = 100;
/// Servers of which requests are kept; errors about further ones are not believed.
const MOST_SERVERS: usize = 1 << 16;

/// What this host requested lately, and the errors of this drain.
#[derive(Clone, Debug, Default)]
pub(super) struct Errors {
    /// By the conversation: the ports of its requests, as `requested` packs them, and the epoch of the last one.
    requested: HashMap<ConversationKey, (u64, u64)>,
    pending: Vec<(ConversationKey, ConversationRecord)>,
    /// The latest epoch.
    now: u64,
}

impl Errors {
    /// Takes in what a drain found of a conversation.
    pub(super) fn see(&mut self, key: &ConversationKey, record: &ConversationRecord) {
        self.now = self.now.max(record.last);
        let ports = PackedPorts(key.ports);
        if ports.protocol() != protocol::TCP {
            return;
        }
        if !ports.is_server_known() {
            if record.packets == [0; 2] {
                self.pending.push((*key, *record));
            }
            return;
        }
        if record.began == 0 {
            return;
        }
        if MOST_SERVERS <= self.requested.len() && !self.requested.contains_key(key) {
            return;
        }
        let (known, last) = self.requested.entry(*key).or_default();
        for at in (0..4).rev() {
            let [low, high, ..] = (record.began >> (16 * at)).to_le_bytes();
            let port = u16::from_le_bytes([low, high]);
            if port != 0 {
                *known = requested::with(*known, port);
            }
        }
        *last = record.last.max(*last);
    }

    /// Ends a drain. Returns the errors that are believed, as records of the conversations that they are about; each of those
    /// has to be known, or the error is about nothing. `is_known` is whether what an error quotes was seen with both ports.
    pub(super) fn end_drain(
        &mut self,
        mut is_known: impl FnMut(&ConversationKey) -> bool,
    ) -> Vec<(ConversationKey, ConversationRecord)> {
        let mut believed = Vec::new();
        for (key, record) in std::mem::take(&mut self.pending) {
            if !is_known(&key) {
                believed.extend(self.believed(&key, &record));
            }
        }
        let now = self.now;
        self.requested
            .retain(|_, (_, last)| now <= last.saturating_add(MEMORY));
        believed
    }

    /// The error as a record of the conversation with the server that was asked, if that was asked from the quoted port. What
    /// left this host in an error is its own word.
    fn believed(
        &self,
        key: &ConversationKey,
        record: &ConversationRecord,
    ) -> Option<(ConversationKey, ConversationRecord)> {
        let ports = PackedPorts(key.ports);
        let client = Client::first_sender(record);
        let (address, server, protocol, port) = client.sides(key);
        let is_two_way = is_two_way(key.interface);
        let leaves = ports.first_leaves() == (client == Client::First) && !is_two_way;
        let asked = ConversationKey {
            addresses: [address, server],
            ports: PackedPorts::new(KeptPorts::Server, protocol, 0, port)
                .first_leaving(leaves)
                .0,
            ..*key
        };
        if leaves {
            let (ports_asked, last) = self.requested.get(&asked)?;
            let is_late = last.saturating_add(MEMORY) < record.last;
            if is_late || !requested::has(*ports_asked, client.port(ports)) {
                return None;
            }
        }
        let error = with_client_first(record, client, auditor_common::Evidence::FirstSender);
        let bits = u64::from(opening::REFUSED_FIRST | opening::UNREACHABLE);
        let more = ConversationRecord {
            refusals: error.refusals,
            opening: error.opening & bits,
            first: u64::MAX,
            ..ConversationRecord::default()
        };
        Some((asked, more))
    }
}
