//! The results of an audit, for each flow and each rule.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use auditor_common::{Tally, lost::Lost};
use jiff::SignedDuration;

use super::{housekeeping::Excess, in_vain::InVain, preconditions::PolicyProblem};
use crate::{
    observed::{Endpoints, Outcome},
    port::PortSet,
    role::Role,
};

/// The result of an audit. Findings are in the order of the flows and of the rules.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Audit {
    pub flows: Vec<FlowFinding>,
    pub rules: Vec<RuleFinding>,
    /// What this host sent of which only the port is known; not empty is a warning.
    pub unplaced: BTreeMap<Lost, Tally>,
    /// What is wrong with the policy itself, the gravest first.
    pub problems: Vec<PolicyProblem>,
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
    /// A person should look at it.
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

/// The finding on a flow.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FlowFinding {
    pub verdict: FlowVerdict,
    pub severity: Severity,
    pub outcome: Outcome,
    /// Whether rules allow it rests on a guess: they do only with client and server swapped, whose sides were decided on weak
    /// evidence; or only for the sake of another flow; or it is of answers to nothing, or this host may have been asked instead.
    pub benefit_of_doubt: bool,
    /// Why the flow is no housekeeping, though it is of such a kind.
    pub excess: Option<Excess>,
    /// An exception that covered it until its last day was over, by its index in the policy.
    pub ended_exception: Option<usize>,
    /// The flow of which it is the second conversation, and by whose rules it is allowed.
    pub related_to: Option<usize>,
    /// Rules that allow some of its conversations, whose addresses are translated, where nothing allows others.
    pub partly: Box<[usize]>,
    /// The other places at which the same conversation was seen, if it is a finding.
    pub elsewhere: Option<Box<Elsewhere>>,
}

/// The other places at which a conversation was seen on its way through this host. Flows are named by their index.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Elsewhere {
    /// The flow that has the conversation's severity, if this one has not.
    pub counted_at: Option<usize>,
    pub places: BTreeSet<usize>,
}

/// The verdict on a flow. Rules are named by their index in the policy.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FlowVerdict {
    /// These rules allow it.
    Documented { rules: Vec<usize> },
    /// This exception covers it, named by its index in the policy. It is a person's word, so it also covers what rules
    /// forbid, which are then named, with those that allow it.
    Excepted {
        exception: usize,
        forbidding: Box<[usize]>,
        allowing: Box<[usize]>,
    },
    /// Traffic that every network has, such as neighbour discovery and DHCP.
    Housekeeping,
    /// Nothing allows it.
    Unexpected {
        reason: Mismatch,
        /// The rules that come nearest: they differ from the flow in `reason` alone. May be empty.
        nearest: Vec<usize>,
        /// The real endpoints that no rule allows, where addresses were translated; `reason` is about them.
        real: Option<Box<Endpoints>>,
    },
    /// These rules forbid it, whatever others allow; those are named too, since their traffic was seen.
    Forbidden {
        rules: Vec<usize>,
        allowing: Box<[usize]>,
    },
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
    /// A rule allows the port, and the deployment does not say which hosts a role of it is: it may be these.
    Unresolved,
    /// A rule allows it under a condition that does not hold here.
    Condition,
    /// A rule allows it with client and server swapped.
    Direction,
    /// A rule allows the port between these two hosts, on another transport.
    Transport,
    /// A rule allows the port for one of the two hosts, but not with this peer.
    Peer,
    /// A rule names the port, but neither of the two hosts is on its side of it.
    Roles,
    /// None of the above: no rule names the port, or none between these hosts.
    Port,
}

impl Mismatch {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unresolved => "unresolved",
            Self::Condition => "condition",
            Self::Direction => "direction",
            Self::Transport => "transport",
            Self::Peer => "peer",
            Self::Roles => "roles",
            Self::Port => "port",
        }
    }
}

/// The finding on a rule.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RuleFinding {
    pub verdict: RuleVerdict,
    pub severity: Severity,
    /// The flows that match, by their index.
    pub flows: Vec<usize>,
    /// Whether this host is the server, the client, or both.
    pub is_server: bool,
    pub is_client: bool,
    /// Whether a socket of this host listens on one of the rule's ports; `None` where this host is not the server, or where
    /// that is not known.
    pub listening: Option<bool>,
    /// Roles of the rule that have no address in the deployment.
    pub unresolved: Vec<Role>,
    /// Interfaces that are not watched, and by which its traffic may go, where that is why it was not seen.
    pub unwatched: BTreeSet<String>,
    /// Which ports were seen; `None` unless the rule names several and at least one was seen.
    pub ports: Option<PortsSeen>,
    /// Which other hosts of the rule took part; `None` if none did.
    pub peers: Option<PeersSeen>,
    /// Of a rule that is observed, the services that were asked in vain while others answered.
    pub in_vain: InVain,
    /// How certain it is that the rule's traffic is missing; `None` for other verdicts.
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
    /// `None` where the role has too many addresses to be a list of hosts.
    pub unseen: Option<BTreeSet<IpAddr>>,
}

/// The evidence that a rule's traffic is really missing, and not merely not yet due.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Certainty {
    pub level: Level,
    /// How long the rule's traffic was watched for.
    pub watched: SignedDuration,
    /// Hosts of the rule's other side that had any traffic, so they are up.
    pub peers_heard: usize,
    /// How many hosts the other side has; `None` where the role has too many addresses to be a list of hosts.
    pub peers: Option<usize>,
    /// Other rules between this host and the same other side, and how many of them were observed.
    pub comparable: usize,
    pub comparable_observed: usize,
    /// Whether a socket of this host listens on one of its ports; `None` as in [`RuleFinding::listening`].
    pub listening: Option<bool>,
}

/// How certain a verdict is.
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

/// The verdict on a rule, as seen from this host.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum RuleVerdict {
    /// A flow matched it and was answered.
    Observed,
    /// A flow matched it and got no answer.
    Unanswered,
    /// A flow matched it and was refused.
    Refused,
    /// Nothing matched it, but a connection that it allows is open: no packet passed.
    Idle,
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
    /// Its traffic can't pass a watched interface: it stays within this host, and the loopback is not watched, or it leaves
    /// by an interface that is not.
    Unobservable,
    /// It looks missing or unanswered, but traffic may have gone unseen for a part of the rule's time.
    Unassessed,
}

impl RuleVerdict {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Observed => "observed",
            Self::Unanswered => "unanswered",
            Self::Refused => "refused",
            Self::Idle => "idle",
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
