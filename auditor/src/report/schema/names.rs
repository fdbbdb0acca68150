//! The enums of a report: the published words are defined here, and nowhere in the audit or its inputs.
//!
//! The types of the same name in the audit and its inputs are separate, so that a variant can be renamed there without
//! changing any report.

use auditor_common::Evidence;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{audit, matrix, observed, transport};

/// An enum with the word that each variant is published as; `of` names the inner one that has the same variants.
macro_rules! published {
    (
        $(#[doc = $about:literal])*
        $name:ident of $inner:ty {
            $($(#[doc = $what:literal])* $variant:ident = $word:literal,)+
        }
    ) => {
        published! {
            $(#[doc = $about])*
            $name {
                $($(#[doc = $what])* $variant = $word,)+
            }
        }

        impl From<$inner> for $name {
            fn from(inner: $inner) -> Self {
                match inner {
                    $(<$inner>::$variant => Self::$variant,)+
                }
            }
        }
    };
    (
        $(#[doc = $about:literal])*
        $name:ident {
            $($(#[doc = $what:literal])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[doc = $about])*
        #[derive(
            Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
        )]
        pub enum $name {
            $($(#[doc = $what])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The variant of a published word.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

published! {
    /// How much a finding matters.
    Severity of audit::Severity {
        /// As documented.
        Fine = "fine",
        /// Good to know.
        Note = "note",
        /// Somebody should look.
        Warning = "warning",
        /// The traffic is not what the documentation says.
        Violation = "violation",
    }
}

published! {
    /// The verdict on a flow.
    FlowVerdict {
        /// Rules allow it.
        Documented = "documented",
        /// An exception covers it.
        Excepted = "excepted",
        /// What every network does.
        Housekeeping = "housekeeping",
        /// Nothing allows it.
        Unexpected = "unexpected",
        /// A rule forbids it.
        Forbidden = "forbidden",
    }
}

impl From<&audit::FlowVerdict> for FlowVerdict {
    fn from(verdict: &audit::FlowVerdict) -> Self {
        match verdict {
            audit::FlowVerdict::Documented { .. } => Self::Documented,
            audit::FlowVerdict::Excepted { .. } => Self::Excepted,
            audit::FlowVerdict::Housekeeping => Self::Housekeeping,
            audit::FlowVerdict::Unexpected { .. } => Self::Unexpected,
            audit::FlowVerdict::Forbidden { .. } => Self::Forbidden,
        }
    }
}

published! {
    /// What flows of a pattern have in common.
    PatternKind {
        /// One client and one server: many ports.
        Ports = "ports",
        /// One client and one port: many servers.
        Servers = "servers",
        /// One server and one port: many clients.
        Clients = "clients",
        /// A process of this host.
        Process = "process",
        /// A network of clients and one port.
        Network = "network",
        /// One client: many servers and ports.
        Client = "client",
        /// One server: many clients and ports.
        Server = "server",
        /// One port: many clients and servers.
        Port = "port",
    }
}

published! {
    /// The one thing in which an unexpected flow differs from the nearest rules.
    Reason of audit::Mismatch {
        /// A rule allows the port, and a role of it has no address: it may be these two.
        Unresolved = "unresolved",
        /// A rule allows it under a condition that does not hold here.
        Condition = "condition",
        /// A rule has client and server the other way round.
        Direction = "direction",
        /// A rule allows the port between these two, on another transport.
        Transport = "transport",
        /// A rule allows the port, but not to this peer.
        Peer = "peer",
        /// A rule names the port, but neither of these two is in its role.
        Roles = "roles",
        /// No rule names the port, or none between these two.
        Port = "port",
    }
}

published! {
    /// The verdict on a rule, from where this host stands.
    RuleVerdict of audit::RuleVerdict {
        /// A flow matched it and was answered.
        Observed = "observed",
        /// The client tried; nobody answered.
        Unanswered = "unanswered",
        /// The client tried; the answer was no.
        Refused = "refused",
        /// Nothing matched it, but a connection that it allows is open: no packet passed.
        Idle = "idle",
        /// It applies here, and nothing matched it.
        Missing = "missing",
        /// It forbids traffic, and there was none.
        Respected = "respected",
        /// It forbids traffic, and there was some.
        Violated = "violated",
        /// Its condition does not hold.
        Off = "off",
        /// No role of this host takes part.
        Elsewhere = "elsewhere",
        /// One of its sides has no address in the deployment.
        Unresolved = "unresolved",
        /// Its traffic can't pass where we listen.
        Unobservable = "unobservable",
        /// It looks missing, but we were blind for a part of the window.
        Unassessed = "unassessed",
    }
}

published! {
    /// How sure a verdict is.
    Level of audit::Level {
        Low = "low",
        Medium = "medium",
        High = "high",
    }
}

published! {
    /// How peers are told apart.
    RoleCheck of audit::RoleCheck {
        /// By the addresses of a deployment.
        Addresses = "addresses",
        /// This host by `--role`; every peer may play any role.
        OwnRoles = "own-roles",
        /// Not at all: every address may play any role.
        Nothing = "nothing",
    }
}

published! {
    /// What came of a flow.
    Outcome of observed::Outcome {
        /// Both ends talked.
        Established = "established",
        /// The server, or whoever stands before it, only said no.
        Refused = "refused",
        /// Nobody answered.
        Attempted = "attempted",
        /// Only the client's packets are seen, and they tell of answers.
        OneWay = "one-way",
        /// The server accepted the opening, so its port is open, and nothing went on.
        Accepted = "accepted",
        /// The packets do not tell.
        Unknown = "unknown",
    }
}

published! {
    /// Where a program sits.
    Hook of observed::Hook {
        Xdp = "xdp",
        Tc = "tc",
    }
}

published! {
    /// Whether the documentation expects the traffic.
    Presence of matrix::Presence {
        /// The page says that it must be there.
        Required = "required",
        /// The page says nothing.
        Expected = "expected",
        /// The page says that it need not be there.
        Optional = "optional",
        /// The page says that it must not be there.
        Forbidden = "forbidden",
    }
}

published! {
    /// A transport, as documents and matrices name it.
    Transport of transport::Transport {
        Tcp = "tcp",
        Udp = "udp",
        Sctp = "sctp",
        /// ICMP and `ICMPv6`; a rule for it names no ports.
        Icmp = "icmp",
    }
}

impl From<Transport> for transport::Transport {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Tcp => Self::Tcp,
            Transport::Udp => Self::Udp,
            Transport::Sctp => Self::Sctp,
            Transport::Icmp => Self::Icmp,
        }
    }
}

published! {
    /// How the server side of a flow was decided, strongest first.
    EvidenceName {
        Handshake = "handshake",
        Listener = "listener",
        NoListener = "no-listener",
        Group = "group",
        Remembered = "history",
        OpenedPort = "opened-port",
        DocumentedPort = "documented-port",
        Expected = "expectation",
        EphemeralRange = "ephemeral-range",
        FirstSender = "first-sender",
        LowerPort = "lower-port",
    }
}

impl From<Evidence> for EvidenceName {
    fn from(evidence: Evidence) -> Self {
        match evidence {
            Evidence::Handshake => Self::Handshake,
            Evidence::Listener => Self::Listener,
            Evidence::NoListener => Self::NoListener,
            Evidence::Group => Self::Group,
            Evidence::Remembered => Self::Remembered,
            Evidence::Expected => Self::Expected,
            Evidence::Opened => Self::OpenedPort,
            Evidence::Documented => Self::DocumentedPort,
            Evidence::Ephemeral => Self::EphemeralRange,
            Evidence::LowerPort => Self::LowerPort,
            Evidence::FirstSender => Self::FirstSender,
        }
    }
}

published! {
    /// Why traffic may have gone unseen.
    GapReason {
        CutShort = "cut-short",
        Unwatched = "unwatched",
        InterfaceLost = "interface-lost",
        InterfaceLate = "interface-late",
        InterfaceRefused = "interface-refused",
        /// What counts was taken off an interface by somebody else.
        Detached = "detached",
        /// Programs or filters of others stand before what counts, and may keep packets from it.
        BehindOthers = "behind-others",
        /// Programs or filters of others may drop what was counted as sent. Nothing goes unseen by that.
        CountedBeforeOthers = "counted-before-others",
        /// The kernel's own counter of an interface went on, and nothing was counted.
        Blind = "blind",
        /// The frames of an interface that is wanted can't be read.
        NotWatched = "not-watched",
        /// No interface that is wanted exists.
        NothingToWatch = "nothing-to-watch",
        /// The machine slept.
        Asleep = "asleep",
        /// The process stood still.
        Stalled = "stalled",
        /// Something that is looked at from time to time could not be read.
        Unread = "unread",
        /// The history on disk was damaged, and was set aside. Nothing of what is judged goes unseen by that.
        HistoryDamaged = "history-damaged",
        /// Packets of a capture could not be read.
        PacketsUnread = "packets-unread",
        TableFull = "table-full",
        InsideUnread = "inside-unread",
        TooDeep = "too-deep",
        /// Frames had more tags of no VLAN than are followed, all of which a host takes off.
        PriorityTags = "priority-tags",
        Unproven = "unproven",
    }
}

published! {
    /// A side of a rule.
    Part {
        Client = "client",
        Server = "server",
    }
}

published! {
    /// Which way packets went, seen from the host.
    Direction {
        Received = "received",
        Sent = "sent",
    }
}
