//! The shape of a report: what is written as JSON, read back, and shown in every other form.

mod basis;
mod instant;
mod names;

use std::{borrow::Cow, collections::BTreeMap, net::IpAddr};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{digest, service};
use crate::escape;
pub use basis::{Basis, Digested, EndedException, Exception, Page, Pushed, PushedFrom};
pub use names::{
    Direction, EvidenceName, FlowVerdict, GapReason, Hook, Level, Outcome, Part, PatternKind,
    Presence, Reason, RoleCheck, RuleVerdict, Severity, Transport,
};

use instant::Instant;
pub(crate) use instant::micros;

/// The verdict on packets that were sent and found no place among the flows.
pub const UNPLACED: &str = "unplaced";
/// The shape's version: it grows when a field changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// What an audit of a host says.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Report {
    pub schema_version: u32,
    pub tool: Tool,
    pub summary: Summary,
    pub host: Host,
    pub window: Window,
    pub interfaces: Vec<Interface>,
    pub matrices: Vec<Matrix>,
    /// What verdicts rest on beside that; left out by earlier auditors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// How peers were told apart.
    pub peers_checked_by: RoleCheck,
    /// Conditions of rules that the deployment does not set; they count as not holding.
    pub conditions_not_set: Vec<String>,
    /// Host names of the deployment that have no address, and why.
    pub names_without_address: BTreeMap<String, String>,
    /// What makes verdicts wrong or empty before any traffic is seen, such as a role that has no address, a sentence each; left
    /// out where nothing does.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy_problems: Vec<String>,
    /// The controls of a standard that the deployment names; left out where it names none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<Control>,
    /// That only a part of flows and rules is listed, since somebody asked for it; left out where all are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    /// When traffic may have gone unseen; empty if none did.
    pub gaps: Vec<Gap>,
    /// In order of server, client, protocol and port.
    pub flows: Vec<Flow>,
    /// Findings on flows that are alike, each of which is one finding, the gravest and largest first; left out where none are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<Pattern>,
    /// Flows beyond those and beyond those of `patterns`, where there are more than are listed; `summary` counts them, and rules are judged by them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flows_left_out: Option<FlowsLeftOut>,
    /// In the order of the matrices.
    pub rules: Vec<Rule>,
    /// What was counted over time, in steps of equal length; left out where that was not kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traffic: Vec<Point>,
    /// Every packet, and those that are in no flow, by slot.
    pub counted: BTreeMap<String, Count>,
    /// What this host sent in the window of which only the port is known, since no flow is left of it: to whom is not known, so
    /// any is a warning. Left out where nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unplaced: Vec<Lost>,
    /// Entries of `unplaced` that are left out: those with the fewest packets.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub unplaced_left_out: usize,
    /// Packets of no flow by what is left of it; left out where every flow found a place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lost: Vec<Lost>,
    /// Entries of `lost` that are left out: those with the fewest packets.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lost_left_out: usize,
    /// Flows that anybody can make up, and that made room for newer ones; left out where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unproven: Option<Unproven>,
    /// Whether it tells of a fleet as of one host; no such report is kept.
    #[serde(skip)]
    pub is_of_fleet: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
const fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// Which part of a report is listed. Everything that it sums up is of the whole.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Shown {
    /// In words: `only client 10.0.0.0/8, port tcp/443`.
    pub asked_for: String,
    pub flows: usize,
    /// Of how many flows that were listed.
    pub of_flows: usize,
    pub rules: usize,
    pub of_rules: usize,
}

/// How many findings a control of a standard has.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Control {
    pub id: String,
    pub violations: usize,
    pub warnings: usize,
    pub notes: usize,
    /// Flows that rules allow, and rules whose traffic was seen or that were respected.
    pub documented: usize,
    /// Flows that an exception covers, and rules that only such flows violate.
    pub accepted: usize,
    /// Rules and flows that say nothing of whether it is met, such as a rule that is about other hosts or is off.
    pub silent: usize,
}

impl Control {
    /// A control without any evidence.
    pub(super) fn none(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            violations: 0,
            warnings: 0,
            notes: 0,
            documented: 0,
            accepted: 0,
            silent: 0,
        }
    }
}

/// What wrote the report.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Tool {
    pub name: String,
    pub version: String,
}

/// How many findings there are of each kind.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Summary {
    pub violations: usize,
    pub warnings: usize,
    pub notes: usize,
    /// By verdict.
    pub flows: BTreeMap<String, usize>,
    /// By verdict.
    pub rules: BTreeMap<String, usize>,
}

/// The host that was audited.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Host {
    pub name: String,
    /// Left out unless `--netns` named one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_namespace: Option<String>,
    /// The roles that it plays.
    pub roles: Vec<String>,
    pub addresses: Vec<IpAddr>,
}

/// The time that was watched.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Window {
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub start: Timestamp,
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub end: Timestamp,
    pub seconds: f64,
    pub asked_seconds: f64,
    /// Since when traffic is remembered; not after `start`.
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub since: Timestamp,
}

impl Window {
    /// How long was watched: less than lies between its dates where the machine slept or the clock was set meanwhile.
    pub fn length(&self) -> SignedDuration {
        SignedDuration::try_from_secs_f64(self.seconds).unwrap_or_default()
    }
}

/// An interface that was watched.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Interface {
    pub name: String,
    pub ingress: Hook,
    /// `null` on the loopback, where every packet comes in again.
    pub egress: Option<Hook>,
}

/// A matrix and where it comes from.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Matrix {
    pub name: String,
    pub version: Option<String>,
    pub path: String,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// How many rules it has.
    pub rules: usize,
}

/// A time in which traffic may have gone unseen.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Gap {
    pub reason: GapReason,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packets: Option<u64>,
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub from: Timestamp,
    /// `null` if it lasted to the end of the window.
    #[serde(with = "micros::option")]
    #[schemars(with = "Option<Instant>")]
    pub until: Option<Timestamp>,
    pub text: String,
}

impl Gap {
    /// Whether traffic may have gone unseen by it; else it is only good to know.
    pub fn hides(&self) -> bool {
        self.reason != GapReason::CountedBeforeOthers
    }
}

/// A flow and its verdict.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Flow {
    pub verdict: FlowVerdict,
    pub severity: Severity,
    /// The one thing that differs from the nearest rules, where the flow is unexpected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    pub outcome: Outcome,
    pub client: IpAddr,
    pub client_roles: Vec<String>,
    pub server: IpAddr,
    pub server_roles: Vec<String>,
    /// IP protocol number.
    pub protocol: u8,
    pub transport: Option<Transport>,
    /// The server's port; for ICMP the type of the request.
    pub port: u16,
    pub interface: String,
    /// The tunnel that carried it; left out where none did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<String>,
    /// The rules that allow or forbid it, or, where it is unexpected, those that come nearest.
    pub rules: Vec<String>,
    /// Other flows of this report, by their place in it, that are the same conversation at another place on its way through
    /// this host: all of them are one finding. Left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same_conversation: Vec<usize>,
    /// Which of them has the finding's severity; left out where this one has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted_at: Option<usize>,
    /// The flow of which it is the second conversation, by whose rules it is allowed; left out elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub related_to: Option<usize>,
    /// The controls of a standard that it belongs to; left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// The reason of the exception that covers it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception: Option<String>,
    /// Who answers for that exception, where the deployment says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exception_owner: Option<String>,
    /// An exception that covered it until its last day was over; left out where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_exception: Option<EndedException>,
    /// Which of the report's patterns it is one of, by its place there; left out where it is a finding of its own, or none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<usize>,
    pub explanation: String,
    /// How the server side was decided.
    pub evidence: EvidenceName,
    /// Whether the rules allow the flow rests on a guess.
    pub benefit_of_doubt: bool,
    pub to_server: DirectionCounters,
    pub to_client: DirectionCounters,
    /// Conversations asked for and accepted, where the transport tells.
    pub requests: u64,
    pub replies: u64,
    /// ICMP errors about packets to the server.
    pub refusals: u64,
    /// Who sent ICMP errors to the client, where the outcome rests on one; left out elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors_from: Vec<IpAddr>,
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub first_seen: Timestamp,
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub last_seen: Timestamp,
    /// Who really talks, where the addresses or the port were translated on the way; left out where they were not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub translated: Vec<Endpoints>,
    /// Who of this host has a part in it, as far as that was seen; left out where nobody was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
}

/// The ends of a conversation behind a translation.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(rename = "Pair")]
pub struct Endpoints {
    pub client: IpAddr,
    pub client_roles: Vec<String>,
    pub server: IpAddr,
    pub server_roles: Vec<String>,
    pub port: u16,
}

/// A process of this host.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Process {
    /// Whether it asks or is asked.
    pub part: Part,
    pub pid: u32,
    /// The kernel's name for it.
    pub name: String,
    /// Those of its arguments that cannot be secrets, joined with spaces; empty unless the deployment says
    /// `processes = "command"`.
    pub command: String,
    /// The service or scope that its control group belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The first digits of its container's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub container: Option<String>,
    /// It is in another network namespace of this host than the one that was watched.
    #[serde(default, skip_serializing_if = "is_false")]
    pub elsewhere: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde asks with a reference"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Flow {
    /// `tcp/443`, `icmp type 8`, `gre`.
    pub fn service(&self) -> String {
        service::text(self.protocol, self.port, self.inside.as_deref())
    }
}

/// Packets of one way of a flow.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[schemars(rename = "Way")]
pub struct DirectionCounters {
    pub packets: u64,
    pub bytes: u64,
    /// TCP flags seen.
    pub flags: Vec<String>,
}

/// A rule and its verdict.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Rule {
    /// The rule's id; with the matrix's name before it where several matrices have one of that id.
    pub id: String,
    pub matrix: String,
    /// The line of the matrix's file on which it begins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub matrix_line: Option<usize>,
    pub verdict: RuleVerdict,
    pub severity: Severity,
    pub client: Vec<String>,
    pub server: Vec<String>,
    pub transport: Transport,
    pub ports: String,
    pub alternatives: bool,
    pub loopback: bool,
    pub service: Option<String>,
    pub presence: Presence,
    /// The time in which it must be seen, in seconds; left out where that is the window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within_seconds: Option<i64>,
    pub when: Option<String>,
    pub origin: Option<String>,
    /// The controls of a standard that it belongs to; left out where there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub controls: Vec<String>,
    /// What this host is in the rule: client, server, both or neither.
    pub host_is: Vec<Part>,
    /// Whether a socket of this host waits on one of its ports.
    pub listening: Option<bool>,
    /// Who waits on one of its ports, where this host is the server; left out where nobody was seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<Process>,
    /// Roles without an address.
    pub unresolved: Vec<String>,
    pub explanation: String,
    /// Its flows, by their place in the report.
    pub flows: Vec<usize>,
    /// Which of its ports were seen and which not, where it names several and any was seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports_seen: Option<PortsSeen>,
    /// Which hosts of its other side were seen and which not, where any was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peers_seen: Option<PeersSeen>,
    /// Its services that answered nobody while others answered, where it is observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_in_vain: Vec<AskedInVain>,
    /// How sure it is that it is missing, where it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certainty: Option<Certainty>,
    pub packets: u64,
    pub bytes: u64,
    pub requests: u64,
    #[serde(with = "micros::option")]
    #[schemars(with = "Option<Instant>")]
    pub first_seen: Option<Timestamp>,
    #[serde(with = "micros::option")]
    #[schemars(with = "Option<Instant>")]
    pub last_seen: Option<Timestamp>,
}

/// Which ports of a rule were seen.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PortsSeen {
    pub seen: String,
    /// Empty where one of several is enough.
    pub unseen: String,
}

/// A service of an observed rule that answered nobody, while others answered.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct AskedInVain {
    pub server: IpAddr,
    pub port: u16,
    /// `refused` or `attempted`.
    pub outcome: Outcome,
}

/// Which others of a rule were seen.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PeersSeen {
    pub seen: Vec<IpAddr>,
    /// How many more were seen than are listed.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub seen_left_out: usize,
    /// `null` where the role is a network too wide to be a list of hosts.
    pub unseen: Option<Vec<IpAddr>>,
}

/// What speaks for a rule's traffic being missing indeed.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Certainty {
    pub level: Level,
    pub watched_seconds: f64,
    /// Hosts of the other side that had any traffic with this host.
    pub peers_heard: usize,
    /// How many hosts the other side has; `null` where it is a network.
    pub peers: Option<usize>,
    /// Other rules between the same hosts, and how many of them were observed.
    pub comparable: usize,
    pub comparable_observed: usize,
}

/// Findings on flows that are alike: of one verdict, one severity and one outcome.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Pattern {
    pub kind: PatternKind,
    pub verdict: FlowVerdict,
    pub severity: Severity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    pub outcome: Outcome,
    /// Who asks, where that is one host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<PatternEnd>,
    pub clients: usize,
    /// The network in which all clients are, where they have that in common.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Who is asked, where that is one host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<PatternEnd>,
    pub servers: usize,
    /// What is asked for, one for each protocol: `tcp/1-1024`; the first ranges.
    pub services: Vec<String>,
    /// How many ports of all protocols.
    pub ports: usize,
    /// Names of processes of this host that have a part in them: the first ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<String>,
    /// How many flows these are.
    pub flows: usize,
    /// Those that the report lists, by their place in it, those with the most bytes first.
    pub listed: Vec<usize>,
    #[serde(flatten)]
    pub counted: Count,
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub first_seen: Timestamp,
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub last_seen: Timestamp,
}

/// One end of a pattern.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct PatternEnd {
    pub address: IpAddr,
    pub roles: Vec<String>,
}

/// Flows that a report does not list one by one: the least grave, of which those that prove nothing first, and of them those that
/// were seen longest ago.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct FlowsLeftOut {
    pub flows: usize,
    /// How many of them have a finding.
    pub findings: usize,
    /// What is alike of them, the gravest and most frequent first.
    pub groups: Vec<FlowGroup>,
    /// Flows of no group of these.
    pub others: usize,
}

/// Flows with one verdict to one port.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct FlowGroup {
    pub verdict: FlowVerdict,
    pub severity: Severity,
    /// IP protocol number.
    pub protocol: u8,
    /// The server's port; for ICMP the type of the request.
    pub port: u16,
    pub flows: usize,
    /// How many addresses asked, and how many were asked (`servers`).
    pub clients: usize,
    pub servers: usize,
    #[serde(flatten)]
    pub counted: Count,
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub first_seen: Timestamp,
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub last_seen: Timestamp,
}

impl FlowGroup {
    /// `tcp/443`, `icmp type 8`, `gre`.
    pub fn service(&self) -> String {
        service::text(self.protocol, self.port, None)
    }
}

/// Packets without a peer.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Lost {
    pub direction: Direction,
    pub protocol: u8,
    pub port: u16,
    pub packets: u64,
    pub bytes: u64,
}

/// Flows of which nothing left this host but what a kernel sends to anybody, and that made room for newer ones.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Unproven {
    /// How many conversations they were.
    pub conversations: u64,
    /// All of their packets.
    pub counted: Count,
    /// Who sent them, or says so: those with the most packets.
    pub senders: Vec<Sender>,
    /// Of all other senders.
    pub others: Count,
    /// The ports that were asked: those with the most packets.
    pub ports: Vec<Lost>,
}

/// Packets of one sender.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Sender {
    pub address: IpAddr,
    #[serde(flatten)]
    pub counted: Count,
}

/// What was counted in one step of time.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Point {
    #[serde(with = "micros")]
    #[schemars(with = "Instant")]
    pub from: Timestamp,
    pub received: Count,
    pub sent: Count,
}

/// Packets and their bytes on the wire.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Count {
    pub packets: u64,
    pub bytes: u64,
}

impl Report {
    /// The report as JSON, with its [digest] at the end.
    ///
    /// # Errors
    ///
    /// Never in practice: the shape holds text, numbers and flags only.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        // Megabytes, which are copied only where something in them is escaped.
        let escaped = match escape::json(&text) {
            Cow::Borrowed(_) => None,
            Cow::Owned(escaped) => Some(escaped),
        };
        Ok(digest::sealed(escaped.unwrap_or(text)))
    }

    /// The flows of a severity that are a finding of their own, and not of a pattern.
    pub fn findings_of(&self, severity: Severity) -> impl Iterator<Item = &Flow> {
        let is_one = move |flow: &&Flow| flow.severity == severity && flow.pattern.is_none();
        self.flows.iter().filter(is_one)
    }

    /// Whether some flow has a pressing finding and is not listed.
    pub fn leaves_out_findings(&self) -> bool {
        let left_out = self.flows_left_out.as_ref();
        let is_cut = |pattern: &Pattern| {
            Severity::Warning <= pattern.severity && pattern.listed.len() < pattern.flows
        };
        left_out.is_some_and(|left_out| 0 < left_out.findings) || self.patterns.iter().any(is_cut)
    }

    /// The same report with each flow as a finding of its own. What is alike of which not all is listed stays as it is.
    #[must_use]
    pub fn one_by_one(mut self) -> Self {
        let mut places = Vec::new();
        let mut n_kept = 0;
        self.patterns.retain(|pattern| {
            let is_cut = pattern.listed.len() < pattern.flows;
            places.push(is_cut.then_some(n_kept));
            n_kept += usize::from(is_cut);
            is_cut
        });
        for flow in &mut self.flows {
            flow.pattern = flow
                .pattern
                .and_then(|at| places.get(at).copied().flatten());
        }
        self
    }

    /// How many flows are alike and not listed.
    pub fn alike_left_out(&self) -> usize {
        let cut = |pattern: &Pattern| pattern.flows.saturating_sub(pattern.listed.len());
        self.patterns.iter().map(cut).sum()
    }

    /// Whether it says more than that time went by since an earlier report.
    pub fn is_news_to(&self, earlier: &Self) -> bool {
        let Self {
            schema_version,
            tool,
            summary,
            host,
            window: _,
            interfaces,
            matrices,
            basis,
            peers_checked_by,
            conditions_not_set,
            names_without_address,
            policy_problems,
            controls,
            shown,
            gaps,
            flows,
            patterns,
            flows_left_out,
            rules,
            traffic,
            counted,
            unplaced,
            unplaced_left_out,
            lost,
            lost_left_out,
            unproven,
            is_of_fleet: _,
        } = self;
        *schema_version != earlier.schema_version
            || *tool != earlier.tool
            || *summary != earlier.summary
            || *host != earlier.host
            || *interfaces != earlier.interfaces
            || *matrices != earlier.matrices
            || *basis != earlier.basis
            || *peers_checked_by != earlier.peers_checked_by
            || *conditions_not_set != earlier.conditions_not_set
            || *names_without_address != earlier.names_without_address
            || *policy_problems != earlier.policy_problems
            || *controls != earlier.controls
            || *shown != earlier.shown
            || *gaps != earlier.gaps
            || *flows != earlier.flows
            || *patterns != earlier.patterns
            || *flows_left_out != earlier.flows_left_out
            || *rules != earlier.rules
            || *traffic != earlier.traffic
            || *counted != earlier.counted
            || *unplaced != earlier.unplaced
            || *unplaced_left_out != earlier.unplaced_left_out
            || *lost != earlier.lost
            || *lost_left_out != earlier.lost_left_out
            || *unproven != earlier.unproven
    }

    /// Every packet of a direction.
    pub fn total(&self, direction: auditor_common::Direction) -> Count {
        self.count(total_name(direction))
    }

    /// Packets that are in no flow for a reason.
    pub fn without_flow(&self, reason: auditor_common::Reason) -> Count {
        self.count(reason.name())
    }

    fn count(&self, name: &str) -> Count {
        self.counted.get(name).copied().unwrap_or_default()
    }
}

/// The name under which all packets of a direction are counted.
pub const fn total_name(direction: auditor_common::Direction) -> &'static str {
    match direction {
        auditor_common::Direction::Ingress => "received",
        auditor_common::Direction::Egress => "sent",
    }
}

/// The JSON Schema of reports.
///
/// # Errors
///
/// Never in practice: it holds text and numbers only.
pub fn json_schema() -> Result<String, serde_json::Error> {
    let mut schema = schemars::schema_for!(Report);
    // No field of the type, since it is that of the text.
    if let Some(properties) = schema.get_mut("properties") {
        properties["digest"] = serde_json::json!({
            "description": "SHA-256 of all of the text that stands before this field, from its first byte to that before the \
                comma; `auditor report --verify` checks it.",
            "type": "string",
            "pattern": "^sha256:[0-9a-f]{64}$",
        });
    }
    let mut text = serde_json::to_string_pretty(&schema)?;
    text.push('\n');
    Ok(text)
}
