//! Which side of a conversation is the client and which the server, where its opening does not tell.
//!
//! Evidence ranks by what it proves, and by who could forge it: what this host sent and what its sockets are says more than
//! what came in, and any of it more than numbers of ports.

use std::{
    cmp::Ordering,
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use auditor_common::{
    ConversationKey, ConversationRecord, Evidence, PackedPorts,
    flow::opening,
    port::protocol,
    side::{EPHEMERAL_FROM, FTP_DATA, TFTP, has_ports},
};

use super::{
    super::PRIVILEGED_BELOW,
    own::{Own, is_two_way},
};
use crate::{address, port::PortRange};

/// A client and the service that it asks, wherever it was seen: both addresses, the protocol's number, the server's port.
pub type Sides = ([u8; 16], [u8; 16], u8, u16);

/// Who asked whom, as earlier runs had it.
#[derive(Clone, Debug, Default)]
pub struct RememberedSides {
    /// By what proves it.
    pub certain: HashSet<Sides>,
    /// By a guess, which another guess does not turn round.
    pub guessed: HashSet<Sides>,
}

/// What is known beside the packets, to decide the server where no handshake was seen.
pub struct Knowledge<'a> {
    /// Whether the matrix documents a port of a protocol by name, and not merely within a wide range.
    pub is_documented: &'a dyn Fn(u8, u16) -> bool,
    /// Whether a socket of this host listens at an address and port of a protocol; `None` where sockets are not known.
    pub listens: Option<&'a dyn Fn(u8, IpAddr, u16) -> bool>,
    /// The range from which clients of this host take their ports.
    pub ephemeral: PortRange,
    /// Who asked whom, as earlier runs had it.
    pub remembered: &'a RememberedSides,
    /// Whether all that this host sends to others passes what is watched. Else its silence says nothing.
    pub sees_all_sent: bool,
    /// A conversation that follows from another one, as TFTP's data, is counted with that one's service.
    pub joins_expected: bool,
}

/// Which of a conversation's two addresses is the client's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Client {
    First,
    Second,
}

impl Client {
    pub(super) const fn other(self) -> Self {
        match self {
            Self::First => Self::Second,
            Self::Second => Self::First,
        }
    }

    pub(super) const fn address(self, key: &ConversationKey) -> [u8; 16] {
        let [first, second] = key.addresses;
        match self {
            Self::First => first,
            Self::Second => second,
        }
    }

    pub(super) const fn port(self, ports: PackedPorts) -> u16 {
        match self {
            Self::First => ports.first(),
            Self::Second => ports.second(),
        }
    }

    /// The packets of this side that are no resets: what a host sends only of a conversation that it has.
    pub(super) fn sent(self, record: &ConversationRecord) -> u64 {
        self.packets(record).saturating_sub(self.of(record.resets))
    }

    /// Those of them that are no mere fragments, which prove nothing.
    pub(super) fn told(self, record: &ConversationRecord) -> u64 {
        self.sent(record).saturating_sub(self.of(record.fragments))
    }

    fn packets(self, record: &ConversationRecord) -> u64 {
        self.of(record.packets)
    }

    const fn of(self, [first, second]: [u64; 2]) -> u64 {
        match self {
            Self::First => first,
            Self::Second => second,
        }
    }

    /// The client and the service that it asks, if this side is the client.
    pub(super) const fn sides(self, key: &ConversationKey) -> Sides {
        let ports = PackedPorts(key.ports);
        let server = self.other();
        (
            self.address(key),
            server.address(key),
            ports.protocol(),
            server.port(ports),
        )
    }

    /// The bit of a reply from this side.
    const fn reply(self) -> u8 {
        match self {
            Self::First => opening::REPLY_FROM_FIRST,
            Self::Second => opening::REPLY_FROM_SECOND,
        }
    }

    /// The side that sent the first packet.
    pub(super) const fn first_sender(record: &ConversationRecord) -> Self {
        if record.opening & opening::STARTED_BY_SECOND as u64 == 0 {
            Self::First
        } else {
            Self::Second
        }
    }
}

/// The side whose packets leave this host.
pub(super) const fn here(ports: PackedPorts) -> Client {
    if ports.first_leaves() {
        Client::First
    } else {
        Client::Second
    }
}

/// The ledger's own bit of `opening`, above those of the kernel half: what this host sent first may answer a question that is not
/// known any more.
pub(super) const MAY_ANSWER: u64 = 1 << 8;

/// Which side is the client, why, and the service's port.
pub(super) struct Decided {
    pub(super) client: Client,
    pub(super) evidence: Evidence,
    pub(super) port: u16,
}

/// What all conversations together say of each.
#[derive(Default)]
pub(super) struct Index {
    /// Clients and services whose sides are known: by evidence no weaker than `Evidence::Opened`, or by an opening.
    certain: HashSet<Sides>,
    /// TFTP's clients with their ports, and the servers that they asked: the answers come from other ports (RFC 1350,
    /// section 4).
    tftp: HashSet<([u8; 16], u16, [u8; 16])>,
    /// Who asked what others may answer than were asked, by their address, the protocol's number and the service's port.
    asked: HashMap<([u8; 16], u8, u16), Asked>,
    /// The same with the clients' ports, as far as those are kept, and when each was first seen.
    asked_from: HashMap<([u8; 16], u16, u16), (Asked, u64)>,
}

/// Whom a client asked that is answered by somebody else.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Asked {
    /// A group, or all hosts of a network: each that serves answers from its own address (RFC 919, section 6).
    Group,
    /// This host, by this one of its addresses: a socket that is bound to all of them answers from the one of the way back.
    Here([u8; 16]),
}

impl Asked {
    pub(super) const fn evidence(self) -> Evidence {
        match self {
            Self::Group => Evidence::Group,
            Self::Here(_) => Evidence::Expected,
        }
    }

    /// Whether who answers may be this server.
    fn may_be(self, server: [u8; 16], own: &Own) -> bool {
        match self {
            Self::Group => !own.is_group(server),
            Self::Here(asked) => own.has(server) && server != asked,
        }
    }
}

impl Index {
    /// Whom the client asked whose question this server answers, without having been asked itself.
    pub(super) fn asked(
        &self,
        client: [u8; 16],
        server: [u8; 16],
        number: u8,
        port: u16,
        own: &Own,
    ) -> Option<Asked> {
        let asked = self.asked.get(&(client, number, port)).copied();
        asked.filter(|asked| asked.may_be(server, own))
    }

    /// Keeps whom a client asked, if others may answer.
    fn add_asked(
        &mut self,
        client: Client,
        key: &ConversationKey,
        record: &ConversationRecord,
        own: &Own,
    ) {
        let ports = PackedPorts(key.ports);
        let (address, server, number, port) = client.sides(key);
        if !is_answered_apart(number) || client.sent(record) == 0 {
            return;
        }
        let leaves = ports.first_leaves() == (client == Client::First);
        let asked = if own.is_group(server) {
            // Whatever came in, this host did not ask.
            (leaves || is_two_way(key.interface)).then_some(Asked::Group)
        } else {
            (number == protocol::UDP && own.has(server) && !own.has(address))
                .then_some(Asked::Here(server))
        };
        let Some(asked) = asked else { return };
        self.asked.insert((address, number, port), asked);
        let client_port = client.port(ports);
        // Equal ports do not tell an answer from a question.
        if client_port != 0 && client_port != port {
            let known = self.asked_from.entry((address, client_port, port));
            let (_, first) = known.or_insert((asked, record.first));
            *first = record.first.min(*first);
        }
    }

    pub(super) fn add(&mut self, key: &ConversationKey, record: &ConversationRecord, own: &Own) {
        let ports = PackedPorts(key.ports);
        if record.packets == [0; 2] {
            return;
        }
        let asking = if ports.is_server_known() {
            Client::First
        } else {
            Client::first_sender(record)
        };
        self.add_asked(asking, key, record, own);
        if ports.is_server_known() {
            let evidence = Evidence::from_number(record.evidence);
            if evidence.is_none_or(|evidence| evidence <= Evidence::Opened) {
                self.certain.insert(Client::First.sides(key));
            }
            return;
        }
        if let Some(client) = opened_by(key, record, own) {
            self.certain.insert(client.sides(key));
        }
        for client in [Client::First, Client::Second] {
            let (_, server, number, port) = client.sides(key);
            let refused = match client {
                Client::First => opening::REFUSED_FIRST,
                Client::Second => opening::REFUSED_SECOND,
            };
            if number == protocol::UDP
                && port == TFTP
                && 0 < client.sent(record)
                && record.opening & u64::from(refused) == 0
            {
                self.tftp
                    .insert((client.address(key), client.port(ports), server));
            }
        }
    }
}

/// Epochs after the begin of a watch from which on a conversation that is seen first has begun then: what is answered at all is
/// answered sooner, so that its first packet is no answer.
const IN_SIGHT: u64 = 3;
/// Whether a question to many, or to another address, is answered in a conversation of its own.
pub(super) const fn is_answered_apart(protocol: u8) -> bool {
    matches!(protocol, protocol::UDP | protocol::ICMP | protocol::ICMPV6)
}

/// The client, if the opening was seen. Where both sides sent a request, the side that sent first.
///
/// A reply opens nothing by itself: one that this host never asked for says nothing of it.
fn opened_by(key: &ConversationKey, record: &ConversationRecord, own: &Own) -> Option<Client> {
    let has = |bits: u8| record.opening & u64::from(bits) != 0;
    match (
        has(opening::REQUEST_FROM_FIRST),
        has(opening::REQUEST_FROM_SECOND),
    ) {
        (true, false) => return Some(Client::First),
        (false, true) => return Some(Client::Second),
        (true, true) => return Some(Client::first_sender(record)),
        (false, false) => {}
    }
    let client = match (
        has(opening::REPLY_FROM_FIRST),
        has(opening::REPLY_FROM_SECOND),
    ) {
        (true, false) => Client::Second,
        (false, true) => Client::First,
        (true, true) | (false, false) => return None,
    };
    let asked = 0 < client.sent(record);
    (asked || !own.has(client.address(key))).then_some(client)
}

/// Decides the sides of a conversation that keeps both its ports.
pub(super) fn decide(
    key: &ConversationKey,
    record: &ConversationRecord,
    own: &Own,
    index: &Index,
    known: &Knowledge<'_>,
) -> Decided {
    let ports = PackedPorts(key.ports);
    let number = ports.protocol();
    let decided = |client: Client, evidence| Decided {
        client,
        evidence,
        port: client.other().port(ports),
    };
    if let Some(client) = opened_by(key, record, own) {
        return decided(client, Evidence::Handshake);
    }
    if let Some(client) = server(&|side| own.is_group(side.address(key))) {
        return decided(client, Evidence::Group);
    }
    for client in [Client::First, Client::Second] {
        let (address, server, _, port) = client.sides(key);
        let has_replied = record.opening & u64::from(client.other().reply()) != 0;
        if !has_ports(number)
            && has_replied
            && let Some(asked) = index.asked(address, server, number, port, own)
        {
            return decided(client, asked.evidence());
        }
    }
    if !has_ports(number) || ports.first() == 0 && ports.second() == 0 {
        return decided(Client::first_sender(record), Evidence::FirstSender);
    }
    if let Some((client, evidence)) = by_sockets(key, record, own, known) {
        return decided(client, evidence);
    }
    if let Some(client) = server(&|side| index.certain.contains(&side.other().sides(key))) {
        return decided(client, Evidence::Opened);
    }
    for client in [Client::First, Client::Second] {
        let (address, server, _, port) = client.sides(key);
        let asked = (address, client.port(ports), server);
        // The server sends first: whatever else the client asks from the port of its request is no TFTP.
        if known.joins_expected
            && Client::first_sender(record) == client.other()
            && number == protocol::UDP
            && port != TFTP
            && index.tftp.contains(&asked)
        {
            return Decided {
                client,
                evidence: Evidence::Expected,
                port: TFTP,
            };
        }
    }
    // Who was not asked answers one who asked others, from the port that was asked to the one that it was asked from.
    for client in [Client::First, Client::Second] {
        let (address, server, _, port) = client.sides(key);
        let asked = index.asked_from.get(&(address, client.port(ports), port));
        if number == protocol::UDP
            && Client::first_sender(record) == client.other()
            && let Some((asked, first)) = asked
            && *first <= record.first
            && asked.may_be(server, own)
        {
            return decided(client, asked.evidence());
        }
    }
    let remembered = |sides: &HashSet<Sides>| {
        let client = server(&|side| sides.contains(&side.other().sides(key)));
        client.map(|client| decided(client, Evidence::Remembered))
    };
    if let Some(decided) = remembered(&known.remembered.certain) {
        return decided;
    }
    let is_bound_here = |side: Client| {
        let address = side.address(key);
        let listens = |listens: &dyn Fn(u8, IpAddr, u16) -> bool| {
            listens(number, address::from_bytes(address), side.port(ports))
        };
        own.has(address) && known.listens.is_some_and(listens)
    };
    // What a service sends answers a question, also where that one is not known any more: a client's socket is bound as well, but
    // not to a port that is documented, or none of a client's.
    if record.opening & MAY_ANSWER != 0 {
        let here = here(ports);
        let is_documented = |side: Client| (known.is_documented)(number, side.port(ports));
        let is_clients = known.ephemeral.contains(here.port(ports));
        if is_bound_here(here) && (is_documented(here) || !is_clients) {
            return decided(here.other(), Evidence::Listener);
        }
        if is_documented(here) && !is_documented(here.other()) {
            return decided(here.other(), Evidence::Documented);
        }
    }
    let is_stream = matches!(number, protocol::TCP | protocol::SCTP);
    // Whoever sent nothing, or resets alone, was not seen to ask. Of a connection that holds for this host alone, whose
    // packets would have been seen.
    let is_silent = |side: Client| {
        let is_own = own.has(side.address(key));
        side.sent(record) == 0
            && (!is_stream || is_own)
            // What it resets it would have answered here.
            && (!is_own || known.sees_all_sent || 0 < side.packets(record))
    };
    if let Some(client) = server(&is_silent) {
        return decided(client, Evidence::FirstSender);
    }
    // Where a service is bound, who began in sight says more than the matrix: a port of a service is as easily a prober's.
    let is_bound = is_bound_here(Client::First) || is_bound_here(Client::Second);
    if !is_stream && is_bound && IN_SIGHT <= record.first {
        return decided(Client::first_sender(record), Evidence::FirstSender);
    }
    if let Some(client) = server(&|side| (known.is_documented)(number, side.port(ports))) {
        return decided(client, Evidence::Documented);
    }
    if let Some(decided) = remembered(&known.remembered.guessed) {
        return decided;
    }
    // In active mode the FTP server opens the connection for data, from this port (RFC 959, section 3.2).
    if number == protocol::TCP
        && let Some(other) = server(&|side| side.port(ports) == FTP_DATA)
    {
        return decided(other.other(), Evidence::Expected);
    }
    let by_number = |side: Client| {
        let (address, port) = (side.address(key), side.port(ports));
        // A port that a service is bound to is no client's, whatever the range.
        let is_bound = known
            .listens
            .is_some_and(|listens| listens(number, address::from_bytes(address), port));
        class(port, own.has(address) && !is_bound, known)
    };
    match by_number(Client::First).cmp(&by_number(Client::Second)) {
        Ordering::Less => return decided(Client::Second, Evidence::Ephemeral),
        Ordering::Greater => return decided(Client::First, Evidence::Ephemeral),
        Ordering::Equal => {}
    }
    // A TCP or SCTP conversation whose opening was not seen began before the watch, so the sender of its first packet here
    // says nothing. For datagrams, the first sender is the best guess for the client.
    match ports.first().cmp(&ports.second()) {
        Ordering::Less if is_stream => decided(Client::Second, Evidence::LowerPort),
        Ordering::Greater if is_stream => decided(Client::First, Evidence::LowerPort),
        Ordering::Less | Ordering::Greater | Ordering::Equal => {
            decided(Client::first_sender(record), Evidence::FirstSender)
        }
    }
}

/// The client, if the other side passes a test of servers which this one does not pass.
fn server(is_server: &dyn Fn(Client) -> bool) -> Option<Client> {
    match (is_server(Client::First), is_server(Client::Second)) {
        (true, false) => Some(Client::Second),
        (false, true) => Some(Client::First),
        (true, true) | (false, false) => None,
    }
}

/// How likely a port is a client's, by its number alone. Systems begin to hand out ports at 1024, 32768 or 49152.
fn class(port: u16, is_own: bool, known: &Knowledge<'_>) -> u8 {
    if is_own && known.ephemeral.contains(port) || EPHEMERAL_FROM <= port {
        2
    } else {
        u8::from(PRIVILEGED_BELOW <= port)
    }
}

/// What this host's sockets say of a TCP connection: who listens is the server, and who has a connection without listening
/// on its port opened it.
fn by_sockets(
    key: &ConversationKey,
    record: &ConversationRecord,
    own: &Own,
    known: &Knowledge<'_>,
) -> Option<(Client, Evidence)> {
    let ports = PackedPorts(key.ports);
    let number = ports.protocol();
    if number != protocol::TCP {
        return None;
    }
    let listens = known.listens?;
    let listens = |side: Client| {
        let address = address::from_bytes(side.address(key));
        listens(number, address, side.port(ports))
    };
    let is_own = |side: Client| own.has(side.address(key));
    let here = match (is_own(Client::First), is_own(Client::Second)) {
        (true, false) => Client::First,
        (false, true) => Client::Second,
        (true, true) => return server(&listens).map(|client| (client, Evidence::Listener)),
        (false, false) => return None,
    };
    if listens(here) {
        return Some((here.other(), Evidence::Listener));
    }
    // A service that took a connection and listens no more has a port that no client takes.
    let port = here.port(ports);
    if PRIVILEGED_BELOW <= port && !known.ephemeral.contains(port) {
        return None;
    }
    // A host without the connection sends nothing but resets.
    (0 < here.sent(record)).then_some((here, Evidence::NoListener))
}
