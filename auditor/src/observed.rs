//! What was observed on this host in a window of time: flows, tallies, and what could not be seen.

mod command_line;
mod dates;
mod fleet;
mod flow;
mod invited;
mod ledger;
mod local;
mod process;
mod translation;
mod unproven;
mod way;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use auditor_common::{
    Direction, Reason, Tally, Totals, lost::Lost, packet::Tunnel, port::protocol,
};
use ipnet::IpNet;
use jiff::{SignedDuration, Timestamp};

pub use command_line::shown as shown_command_line;
pub use dates::Dates;
pub use fleet::{Fleet, Member, Sight};
pub use flow::{DirectionCounters, Endpoints, Flow, Outcome, Remembered, flag_names};
pub use invited::{Crowd, Invitation, Invited};
pub use ledger::{
    FlowKey, FlowRecord, Knowledge, Ledger, LedgerFlows, Passes, RememberedSides, Sides,
};
pub use local::{LocalNetworks, LocalRoute, Reached};
pub use process::{NetworkNamespace, Process, SocketOwner, SocketOwners};
pub use translation::{Tracked, Translations};
pub use unproven::{Askers, MOST_UNPROVEN, Unproven, sender as unproven_sender};
pub use way::{STRANGERS, Way, Ways, is_wide};

use crate::{address::AddressSet, port::PortRange, transport::Transport};

/// Everything that an audit needs to know of this host and its traffic.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Observed {
    pub host: Host,
    pub window: Window,
    pub interfaces: Vec<Interface>,
    /// Sorted by their endpoints.
    pub flows: Vec<Flow>,
    /// All packets by direction, whether or not they are in a flow.
    pub totals: Totals,
    /// Packets that are in no flow, by reason; reasons without packets are absent.
    pub without_flow: BTreeMap<Reason, Tally>,
    /// What was counted over time, in steps of equal length.
    pub traffic: Vec<Point>,
    pub gaps: Vec<Gap>,
    /// Packets whose flow got no bucket in the flow table: counted by port, since their addresses were not kept.
    pub lost: BTreeMap<Lost, Tally>,
    /// What is left of flows that proved nothing and made room for others.
    pub unproven: Unproven,
    /// Since when `lost` and `unproven` are counted: of packets of no flow before, only that there were some is known.
    pub tallied_since: Timestamp,
    /// The dates of its moments.
    pub dates: Dates,
}

/// How long a reply may take: TCP's first retransmission (RFC 6298, section 2.1).
pub const REPLY_TIMEOUT: SignedDuration = SignedDuration::from_secs(1);

impl Observed {
    /// Whether a packet of this moment that is the first one seen of its conversation, on that interface, opens it: had it
    /// been a reply, its request would have been seen, since all was watched for long enough before.
    pub fn opens(&self, interface: &str, moment: Timestamp) -> bool {
        // Since when each host of a fleet watched differs.
        if self.host.fleet.is_some() {
            return false;
        }
        let Ok(before) = moment.checked_sub(REPLY_TIMEOUT) else {
            return false;
        };
        let hides = |gap: &Gap| {
            gap.cause.is_absence_on(interface)
                && gap.from <= moment
                && gap.until.is_none_or(|until| before <= until)
        };
        self.window.since <= before && !self.gaps.iter().any(hides)
    }
}

/// What was counted in one step of time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Point {
    pub from: Timestamp,
    pub received: Tally,
    pub sent: Tally,
}

/// This host.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Host {
    pub name: String,
    /// The network namespace that was watched, if it is not the one that the audit was started in.
    pub network_namespace: Option<String>,
    /// Addresses of all interfaces, the loopback's included.
    pub addresses: BTreeSet<IpAddr>,
    /// Those of them that it has no more: an address that moved to another host.
    pub former: BTreeSet<IpAddr>,
    /// What it takes packets for beside those.
    pub local: LocalNetworks,
    /// TCP connections that were open when its sockets were last listed.
    pub connections: BTreeSet<Connection>,
    /// The range from which its clients take their ports; `None` where it is not known.
    pub ephemeral: Option<PortRange>,
    /// The networks that its interfaces are in: what is there is reached without a router.
    pub networks: BTreeSet<IpNet>,
    /// Its interfaces that are ends of tunnels, by their names.
    pub tunnels: BTreeMap<String, Tunnel>,
    pub listeners: BTreeSet<Listener>,
    /// The processes that own this host's sockets.
    pub owners: SocketOwners,
    /// The host is known only from a capture, so its sockets are unknown.
    pub is_captured: bool,
    /// By which interfaces it reaches the others that rules name.
    pub ways: Ways,
    /// Interfaces that are up and not watched, and by which packets to this host may come in.
    pub unwatched: BTreeSet<String>,
    /// The indices of interfaces that sockets are bound to and that nothing of what is watched comes in by.
    pub apart: BTreeSet<u32>,
    /// Set where this is not one host but all of a fleet: then `addresses`, `networks` and `listeners` are those of all, and
    /// no listener is at the unspecified address.
    pub fleet: Option<Fleet>,
}

/// A socket of this host that listens on a port.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Listener {
    pub transport: Transport,
    pub port: u16,
    /// The unspecified address means all addresses of its family; of what a fleet's host publishes, that of IPv6 means those of
    /// IPv4 too.
    pub address: IpAddr,
    /// The index of the interface that it is bound to, by which alone it is reached; 0 if it is to none.
    pub device: u32,
}

impl Listener {
    /// Whether it takes what is sent to an address of this host.
    pub fn takes(&self, address: IpAddr) -> bool {
        self.address == address
            || self.address.is_unspecified() && self.address.is_ipv4() == address.is_ipv4()
    }
}

/// Below this, on most systems a process needs a privilege to take a port.
pub(crate) const PRIVILEGED_BELOW: u16 = 1024;

/// An open TCP connection of this host.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Connection {
    pub local: (IpAddr, u16),
    pub remote: (IpAddr, u16),
}

impl Host {
    /// Whether every packet to this address is this host's.
    pub fn has(&self, address: IpAddr) -> bool {
        self.addresses.contains(&address) || self.local.has(address)
    }

    /// Whether a host with this address is another one than the one that looks: of a fleet, each is to the others.
    pub fn is_other(&self, address: IpAddr) -> bool {
        self.fleet.is_some() || !self.has(address)
    }

    /// All addresses that packets are this host's for.
    pub fn own(&self) -> AddressSet {
        let mut own: AddressSet = self.addresses.iter().copied().collect();
        own.extend(&self.local.always);
        own
    }

    /// The addresses by which all hosts of its networks are asked (RFC 922), which IPv6 does not have.
    pub fn broadcasts(&self) -> BTreeSet<IpAddr> {
        let of = |network: &IpNet| match network {
            IpNet::V4(network) if network.prefix_len() < 31 => Some(network.broadcast().into()),
            IpNet::V4(_) | IpNet::V6(_) => None,
        };
        self.networks.iter().filter_map(of).collect()
    }

    /// Whether a socket of this host listens at an address and port of a protocol.
    pub fn serves(&self, protocol: u8, address: IpAddr, port: u16) -> bool {
        let Some(transport) = Transport::from_protocol(protocol) else {
            return false;
        };
        self.reached().any(|listener| {
            listener.transport == transport && listener.port == port && listener.takes(address)
        })
    }

    /// Whether it opened a connection, as far as its sockets tell: none listens on the connection's own port, and that is one
    /// that clients take, of their range or by privilege, as clients of NFS do. Another one is that of a service which took a
    /// connection and listens no more.
    pub fn opened(&self, connection: &Connection) -> bool {
        let (address, port) = connection.local;
        let is_clients = self.ephemeral.is_none_or(|range| range.contains(port));
        (is_clients || port < PRIVILEGED_BELOW) && !self.serves(protocol::TCP, address, port)
    }

    /// Whether a socket of the host that has this address listens on the port, where other hosts can reach it.
    pub fn listens_at(&self, transport: Transport, address: IpAddr, port: u16) -> bool {
        let Some(fleet) = &self.fleet else {
            return self.reached().any(|listener| {
                listener.transport == transport && listener.port == port && listener.takes(address)
            });
        };
        let listener = Listener {
            transport,
            port,
            address,
            device: 0,
        };
        // Of a host that says nothing the sockets are not known.
        !fleet.watches(address) || self.listeners.contains(&listener)
    }

    /// The sockets that listen where what is watched may reach them.
    pub fn reached(&self) -> impl Iterator<Item = &Listener> {
        let listeners = self.listeners.iter();
        listeners.filter(|one| !self.apart.contains(&one.device))
    }
}

/// The time that was watched.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Window {
    pub start: Timestamp,
    pub end: Timestamp,
    /// How long the window was meant to be.
    pub planned: SignedDuration,
    /// Since when traffic was watched and is remembered; not after `start`. A rule whose `within` is longer than the window
    /// is judged on the traffic since then.
    pub since: Timestamp,
}

impl Window {
    /// A window before which nothing is remembered: `since` is `start`.
    pub const fn new(start: Timestamp, end: Timestamp, planned: SignedDuration) -> Self {
        Self {
            start,
            end,
            planned,
            since: start,
        }
    }

    pub fn length(&self) -> SignedDuration {
        self.end.duration_since(self.start)
    }
}

/// An interface that was watched, and how.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Interface {
    pub name: String,
    pub ingress: Hook,
    /// `None` on the loopback: every packet sent there is also received there, so ingress sees all.
    pub egress: Option<Hook>,
    pub is_loopback: bool,
}

/// The kernel hook that a program is attached to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hook {
    Xdp,
    Tc,
}

impl Hook {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Xdp => "xdp",
            Self::Tc => "tc",
        }
    }
}

/// A time in which traffic may have gone unseen, and why.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Gap {
    pub cause: Cause,
    pub from: Timestamp,
    /// `None` while the gap is open.
    pub until: Option<Timestamp>,
}

/// A reason why traffic may have gone unseen.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Cause {
    /// The window ended before its time.
    CutShort { watched: SignedDuration },
    /// No auditor was running: it was stopped, or the host was down.
    Unwatched,
    /// A watched interface disappeared, whether or not others were still watched.
    InterfaceLost { name: String },
    /// An interface was up before it was watched.
    InterfaceLate { name: String },
    /// An interface that appeared could not be watched.
    InterfaceRefused { name: String, problem: String },
    /// What counts on an interface was taken off it by somebody else.
    Detached { name: String },
    /// Programs or filters of others stand before what counts, and may keep packets of this direction from it.
    Behind {
        name: String,
        direction: Direction,
        others: String,
    },
    /// What leaves by an interface is counted before programs or filters of others, which may still drop it. It hides nothing.
    CountedBefore { name: String, others: String },
    /// The kernel's own counter of an interface went on, and nothing was counted.
    Blind { name: String, direction: Direction },
    /// An interface that is wanted is not watched, since its frames can't be read.
    NotWatched { name: String, problem: String },
    /// No interface that is wanted exists.
    NothingToWatch,
    /// The machine slept.
    Asleep { length: SignedDuration },
    /// The process stood still: what was counted meanwhile is dated by when it stopped, and no new interface was watched.
    Stalled,
    /// Something that is looked at from time to time could not be read.
    Unread { what: String, problem: String },
    /// What was remembered of earlier runs, or on disk, was damaged, and was set aside. It hides nothing of what is judged: time
    /// that nobody remembers is not in the window.
    HistoryDamaged { problem: String },
    /// Packets of a capture that could not be read, and why; `what` follows their number.
    PacketsUnread { what: String, packets: u64 },
    /// Packets that are in no flow, for a [reason that may hide traffic](Reason::may_hide_traffic).
    Uncounted { reason: Reason, packets: u64 },
}

impl Cause {
    /// Whether nothing at all was seen of an interface, rather than some of its packets.
    fn is_absence_on(&self, interface: &str) -> bool {
        match self {
            Self::Unwatched | Self::NothingToWatch | Self::Asleep { .. } | Self::Stalled => true,
            // Those of another interface may last as long as the watch, and hide nothing of this one.
            Self::InterfaceLost { name }
            | Self::InterfaceLate { name }
            | Self::InterfaceRefused { name, .. }
            | Self::Detached { name }
            | Self::Behind { name, .. }
            | Self::Blind { name, .. } => name == interface,
            // These leave unseen what an interface without a watch, or somebody's odd packets, would be; whoever is outside
            // can bring some of them about.
            Self::CutShort { .. }
            | Self::CountedBefore { .. }
            | Self::NotWatched { .. }
            | Self::Unread { .. }
            | Self::HistoryDamaged { .. }
            | Self::PacketsUnread { .. }
            | Self::Uncounted { .. } => false,
        }
    }
}

impl Gap {
    /// Closes the gap of a lost interface if that interface is among `watched`, those that are watched again.
    pub fn end(&mut self, watched: &[String], now: Timestamp) {
        if let Cause::InterfaceLost { name } = &self.cause
            && watched.contains(name)
        {
            self.until.get_or_insert(now);
        }
    }

    /// Whether some part of the gap is at or after `start`.
    pub fn reaches(&self, start: Timestamp) -> bool {
        self.until.is_none_or(|until| start <= until)
    }
}
