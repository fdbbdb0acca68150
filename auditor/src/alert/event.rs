//! Findings and how they change: the subject of a finding, its content, and its events.

use std::{fmt, net::IpAddr};

use auditor_common::packet::Tunnel;
use jiff::Timestamp;
use thiserror::Error;

use crate::report::{
    schema::{Flow, FlowVerdict, Rule, RuleVerdict, Severity, UNPLACED},
    service::Service,
};

/// The kind of subject that an event is about.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    Flow,
    Rule,
    /// Flows that prove nothing, all together.
    Unproven,
    /// What was sent and found no place among the flows, all together.
    Unplaced,
    /// A host of a fleet.
    Host,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Rule => "rule",
            Self::Unproven => "unproven",
            Self::Unplaced => UNPLACED,
            Self::Host => "host",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Flow,
            Self::Rule,
            Self::Unproven,
            Self::Unplaced,
            Self::Host,
        ];
        all.into_iter().find(|kind| kind.name() == name)
    }
}

/// How a finding changed.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Change {
    /// There was no finding on the subject, and now there is one.
    Appeared,
    /// There is no finding on the subject any more.
    Resolved,
    /// The finding has another verdict or severity.
    Changed,
    /// It changes too often: no more events until it is stable.
    Flapping,
    /// What was found of another flow is of this one: the same conversation, taken for another at first.
    Corrected,
}

impl Change {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Resolved => "resolved",
            Self::Changed => "changed",
            Self::Flapping => "flapping",
            Self::Corrected => "corrected",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        let all = [
            Self::Appeared,
            Self::Resolved,
            Self::Changed,
            Self::Flapping,
            Self::Corrected,
        ];
        all.into_iter().find(|change| change.name() == name)
    }
}

/// What a finding is about; sorted by kind, then by key.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Subject {
    Flow(FlowSubject),
    /// The rule's id.
    Rule(String),
    /// Flows that whoever sends them can make up, where they are too many to be told one by one.
    Unproven,
    /// Packets that this host sent, and that found no place among the flows.
    Unplaced,
    /// A host of a fleet, by its name.
    Host(String),
}

/// The key of [`Subject::Unproven`].
const UNPROVEN: &str = "flows that prove nothing";
/// The key of [`Subject::Unplaced`].
const SENT: &str = "sent without a place";

/// A flow, on whichever interface.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FlowSubject {
    /// `client -> server service`, from which the other fields can be parsed. It is the first field, so that subjects sort
    /// by it.
    key: String,
    client: IpAddr,
    server: IpAddr,
    service: Service,
}

/// A key that does not name what its kind says.
#[derive(Clone, Copy, Debug, Error)]
#[error("no flow: expected one such as 10.0.0.1 -> 10.0.0.2 tcp/443")]
pub struct NoFlow;

impl FlowSubject {
    fn new(client: IpAddr, server: IpAddr, service: Service) -> Self {
        Self {
            key: format!("{client} -> {server} {service}"),
            client,
            server,
            service,
        }
    }

    fn read(key: &str) -> Option<Self> {
        let (client, rest) = key.split_once(" -> ")?;
        let (server, service) = rest.split_once(' ')?;
        let flow = Self::new(
            client.parse().ok()?,
            server.parse().ok()?,
            service.parse().ok()?,
        );
        (flow.key == key).then_some(flow)
    }

    pub const fn client(&self) -> IpAddr {
        self.client
    }

    pub const fn server(&self) -> IpAddr {
        self.server
    }

    pub const fn service(&self) -> &Service {
        &self.service
    }
}

impl Subject {
    /// Parses a subject from its published kind and key.
    ///
    /// # Errors
    ///
    /// The key is not valid for that kind.
    pub fn read(kind: Kind, key: &str) -> Result<Self, NoFlow> {
        match kind {
            Kind::Flow => FlowSubject::read(key).map(Self::Flow).ok_or(NoFlow),
            Kind::Rule => Ok(Self::Rule(key.to_owned())),
            Kind::Unproven => Ok(Self::Unproven),
            Kind::Unplaced => Ok(Self::Unplaced),
            Kind::Host => Ok(Self::Host(key.to_owned())),
        }
    }

    pub const fn kind(&self) -> Kind {
        match self {
            Self::Flow(_) => Kind::Flow,
            Self::Rule(_) => Kind::Rule,
            Self::Unproven => Kind::Unproven,
            Self::Unplaced => Kind::Unplaced,
            Self::Host(_) => Kind::Host,
        }
    }

    /// The rule's id, or the addresses and the service of the flow.
    pub fn key(&self) -> &str {
        match self {
            Self::Flow(flow) => &flow.key,
            Self::Rule(id) => id,
            Self::Host(name) => name,
            Self::Unproven => UNPROVEN,
            Self::Unplaced => SENT,
        }
    }

    /// The flow, if it is about one.
    pub const fn flow(&self) -> Option<&FlowSubject> {
        match self {
            Self::Flow(flow) => Some(flow),
            Self::Rule(_) | Self::Unproven | Self::Unplaced | Self::Host(_) => None,
        }
    }
}

impl Subject {
    /// A flow by its client, its server, the IP protocol's number and the server's port.
    pub fn of_flow(
        (client, server): (IpAddr, IpAddr),
        protocol: u8,
        port: u16,
        tunnel: Option<Tunnel>,
    ) -> Self {
        let service = Service {
            protocol,
            port,
            tunnel: tunnel.map(|tunnel| Tunnel::name(tunnel).to_owned()),
        };
        Self::Flow(FlowSubject::new(client, server, service))
    }
}

impl From<&Flow> for Subject {
    fn from(flow: &Flow) -> Self {
        let service = Service {
            protocol: flow.protocol,
            port: flow.port,
            tunnel: flow.inside.clone(),
        };
        Self::Flow(FlowSubject::new(flow.client, flow.server, service))
    }
}

impl From<&Rule> for Subject {
    fn from(rule: &Rule) -> Self {
        Self::Rule(rule.id.clone())
    }
}

/// The verdict on the subject of a finding.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Verdict {
    Flow(FlowVerdict),
    Rule(RuleVerdict),
    /// Nobody knows whether a rule allows it.
    Unplaced,
    Host(HostTrouble),
}

/// What is wrong with a host of a fleet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HostTrouble {
    /// It has not spoken when it should have.
    Silent,
    /// Another machine has its name.
    Twofold,
    /// It says less than it should, or compares with something else.
    Odd,
}

impl HostTrouble {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Silent => "silent",
            Self::Twofold => "twofold",
            Self::Odd => "odd",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Silent, Self::Twofold, Self::Odd];
        all.into_iter().find(|one| one.name() == name)
    }
}

impl Verdict {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow(verdict) => verdict.name(),
            Self::Rule(verdict) => verdict.name(),
            Self::Unplaced => UNPLACED,
            Self::Host(trouble) => trouble.name(),
        }
    }

    /// The verdict that has this name among those of a kind.
    pub fn from_name(kind: Kind, name: &str) -> Option<Self> {
        match kind {
            Kind::Flow | Kind::Unproven => FlowVerdict::from_name(name).map(Self::Flow),
            Kind::Rule => RuleVerdict::from_name(name).map(Self::Rule),
            Kind::Unplaced => (name == UNPLACED).then_some(Self::Unplaced),
            Kind::Host => HostTrouble::from_name(name).map(Self::Host),
        }
    }
}

/// The verdict on a subject that a person should look at, with its severity and explanation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    pub verdict: Verdict,
    pub severity: Severity,
    pub text: String,
}

/// A finding that is open, as it was last reported.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OpenFinding {
    pub subject: Subject,
    pub finding: Finding,
    pub since: Timestamp,
}

/// A finding that changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Event {
    pub at: Timestamp,
    pub change: Change,
    pub subject: Subject,
    pub before: Option<Verdict>,
    pub now: Option<Verdict>,
    pub severity: Severity,
    /// What was reported before of it, where that was less or more severe.
    pub severity_before: Option<Severity>,
    pub text: String,
    /// The subject whose finding this was, if it was corrected.
    pub corrects: Option<Subject>,
}

impl Event {
    /// What there is to show of it where somebody else notes when it was.
    pub(crate) fn without_time(&self) -> impl fmt::Display + '_ {
        fmt::from_fn(|f| {
            let (change, severity) = (self.change.name(), self.severity.name());
            let (kind, key) = (self.subject.kind().name(), self.subject.key());
            write!(f, "{change:<9} {severity:<9} {kind} {key}: {}", self.text)
        })
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0} {}", self.at, self.without_time())
    }
}
