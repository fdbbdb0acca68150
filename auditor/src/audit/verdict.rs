//! What an audit says of one flow and of one rule.

use std::{collections::BTreeSet, net::IpAddr};

use jiff::SignedDuration;

use crate::{observed::Outcome, port::PortSet, role::Role};

/// The result of an audit. Findings stand in the order of the flows and of the rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Audit {
    pub flows: Vec<FlowFinding>,
    pub rules: Vec<RuleFinding>,
}

impl Audit {
    /// Whether anything is a violation.
    pub fn has_violations(&self) -> bool {
        let flows = self.flows.iter().map(|finding| finding.severity);
        let rules = self.rules.iter().map(|finding| finding.severity);
        flows
            .chain(rules)
            .any(|severity| severity == Severity::Violation)
    }
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// As documented.
    Fine,
    /// Good to know.
    Note,
    /// Somebody should look.
    Warning,
    /// The traffic is not what the documentation says.
    Violation,
}

impl Severity {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Violation => "violation",
        }
    }
}

/// What is said of a flow.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlowFinding {
    pub verdict: FlowVerdict,
    pub severity: Severity,
    pub outcome: Outcome,
    /// The server side was decided on weak evidence, and only the other way round do the rules allow the flow.
    pub benefit_of_doubt: bool,
}

/// The verdict on a flow. Rules are named by their index in the policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FlowVerdict {
    /// These rules allow it.
    Documented { rules: Vec<usize> },
    /// This exception covers it, named by its index in the policy.
    Excepted { exception: usize },
    /// What every network does.
    Housekeeping,
    /// Nothing allows it.
    Unexpected {
        reason: Mismatch,
        /// The rules that come nearest, all different from the flow in the reason alone; may be empty.
        nearest: Vec<usize>,
    },
    /// A rule forbids it.
    Forbidden { rules: Vec<usize> },
}

impl FlowVerdict {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Documented { .. } => "documented",
            Self::Excepted { .. } => "excepted",
            Self::Housekeeping => "housekeeping",
            Self::Unexpected { .. } => "unexpected",
            Self::Forbidden { .. } => "forbidden",
        }
    }
}

/// The one thing in which an unexpected flow differs from the nearest rules.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Mismatch {
    /// A rule allows it under a condition that does not hold here.
    Condition,
    /// A rule has client and server the other way round.
    Direction,
    /// A rule allows the port between these two, on another transport.
    Transport,
    /// A rule allows the port, but not to this peer.
    Peer,
    /// No rule names the port.
    Port,
}

impl Mismatch {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Direction => "direction",
            Self::Transport => "transport",
            Self::Peer => "peer",
            Self::Port => "port",
        }
    }
}

/// What is said of a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleFinding {
    pub verdict: RuleVerdict,
    pub severity: Severity,
    /// The flows that match, by their index.
    pub flows: Vec<usize>,
    /// Whether this host is the server, the client, or both.
    pub is_server: bool,
    pub is_client: bool,
    /// Whether a socket of this host waits on one of the rule's ports; `None` where this host is not the server.
    pub listening: Option<bool>,
    /// Roles of the rule without an address here.
    pub unresolved: Vec<Role>,
    /// The ports that were seen, where the rule names several and any of them was.
    pub ports: Option<PortsSeen>,
    /// The others of the rule that took part, where any did.
    pub peers: Option<PeersSeen>,
    /// How sure it is that the rule's traffic is missing, where it is.
    pub certainty: Option<Certainty>,
}

/// Which of a rule's ports were seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PortsSeen {
    pub seen: PortSet,
    /// Empty where one of several ports is enough.
    pub unseen: PortSet,
}

/// Which of a rule's other hosts were seen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PeersSeen {
    pub seen: BTreeSet<IpAddr>,
    /// `None` where the role is too wide to be a list of hosts.
    pub unseen: Option<BTreeSet<IpAddr>>,
}

/// What speaks for a rule's traffic being missing indeed, rather than not having been due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Certainty {
    pub level: Level,
    /// How long the rule was watched for.
    pub watched: SignedDuration,
    /// Hosts of the rule's other side that had any traffic with this host: these are up.
    pub peers_heard: usize,
    /// How many hosts the other side has; `None` where the role is too wide to be a list of hosts.
    pub peers: Option<usize>,
    /// Rules between this host and the same others, and how many of them were observed.
    pub comparable: usize,
    pub comparable_observed: usize,
    /// Whether a socket of this host waits for it; `None` where this host is not the server.
    pub listening: Option<bool>,
}

/// How sure a verdict is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Level {
    Low,
    Medium,
    High,
}

impl Level {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// The verdict on a rule, from where this host stands.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RuleVerdict {
    /// A flow matched it and was answered.
    Observed,
    /// The client tried; nobody answered.
    Unanswered,
    /// The client tried; the answer was no.
    Refused,
    /// It applies here, and nothing matched it.
    Missing,
    /// It forbids traffic, and there was none.
    Respected,
    /// It forbids traffic, and there was some.
    Violated,
    /// Its condition does not hold.
    Off,
    /// No role of this host takes part.
    Elsewhere,
    /// One of its sides has no address in the deployment.
    Unresolved,
    /// Its traffic can't pass where we listen.
    Unobservable,
    /// It looks missing, but we were blind for a part of the window.
    Unassessed,
}

impl RuleVerdict {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Unanswered => "unanswered",
            Self::Refused => "refused",
            Self::Missing => "missing",
            Self::Respected => "respected",
            Self::Violated => "violated",
            Self::Off => "off",
            Self::Elsewhere => "elsewhere",
            Self::Unresolved => "unresolved",
            Self::Unobservable => "unobservable",
            Self::Unassessed => "unassessed",
        }
    }
}
