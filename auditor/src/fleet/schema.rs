//! The shape of a fleet's report: what is written as JSON and shown in every other form.

use std::{collections::BTreeMap, net::IpAddr};

use jiff::Timestamp;
use schemars::{JsonSchema, schema_for};
use serde::{Deserialize, Serialize};

use crate::report::schema::{
    FlowVerdict, Matrix, Part, Presence, Process, Reason, RuleVerdict, Severity, Tool, Transport,
    Window, micros,
};

/// The shape's version: it grows when a field changes its meaning or goes away.
pub const SCHEMA_VERSION: u32 = 1;

/// What an audit of a fleet says.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct FleetReport {
    pub schema_version: u32,
    pub tool: Tool,
    pub summary: Summary,
    pub window: Window,
    pub matrices: Vec<Matrix>,
    /// By name.
    pub hosts: Vec<Host>,
    /// Roles of rules with addresses that no host has which publishes.
    pub unwatched: Vec<Unwatched>,
    /// What makes verdicts wrong or empty: of the deployment, and messages that are not understood.
    pub problems: Vec<String>,
    /// What a person should look at among flows, the gravest first.
    pub findings: Vec<Finding>,
    /// Findings beyond those.
    pub findings_left_out: usize,
    /// In the order of the matrices.
    pub rules: Vec<Rule>,
}

/// How many of each there are.
#[derive(Clone, Debug, Default, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Summary {
    pub violations: usize,
    pub warnings: usize,
    pub notes: usize,
    pub hosts: usize,
    pub silent: usize,
    /// Conversations, by verdict: what both ends saw is one.
    pub flows: BTreeMap<String, usize>,
    /// By verdict.
    pub rules: BTreeMap<String, usize>,
}

/// Whether a host speaks.
#[derive(Clone, Copy, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Voice {
    Speaking,
    /// It has not spoken when it should have.
    Silent,
    /// Another machine publishes under its name, or wants to.
    Twofold,
}

impl Voice {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Speaking => "speaking",
            Self::Silent => "silent",
            Self::Twofold => "twofold",
        }
    }
}

/// A host that publishes, or did.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Host {
    pub name: String,
    pub voice: Voice,
    pub severity: Severity,
    /// What a person should know of it, a sentence each.
    pub remarks: Vec<String>,
    pub addresses: Vec<IpAddr>,
    pub roles: Vec<String>,
    pub interfaces: Vec<String>,
    pub version: String,
    pub kernel: String,
    /// When the servers heard it last.
    #[serde(with = "micros")]
    #[schemars(with = "String")]
    pub spoke: Timestamp,
    #[serde(with = "micros")]
    #[schemars(with = "String")]
    pub since: Timestamp,
    /// By how much the servers' clock is ahead of its own, where that is more than a moment.
    pub clock_behind_seconds: i64,
    pub flows: usize,
}

/// A role with addresses that nobody watches.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Unwatched {
    pub role: String,
    pub addresses: Vec<IpAddr>,
}

/// Who is on one side of a finding.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Side {
    /// The first of them.
    pub addresses: Vec<IpAddr>,
    pub n_addresses: usize,
    pub roles: Vec<String>,
    /// The hosts that publish and have one of the addresses, the first of them.
    pub hosts: Vec<String>,
    /// How many hosts that publish have a role of these; left out where there is no role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_hosts: Option<usize>,
}

/// Conversations that are one finding.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Finding {
    pub severity: Severity,
    /// A verdict on flows, or `contradiction`, or `loss`.
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<FlowVerdict>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// `tcp/443`.
    pub service: String,
    pub client: Side,
    pub server: Side,
    pub conversations: usize,
    pub explanation: String,
    /// What became of it on its way.
    pub course: Course,
    /// Who has a part in it, with the host that says so; the first of them.
    pub processes: Vec<HostProcess>,
    #[serde(with = "micros")]
    #[schemars(with = "String")]
    pub first_seen: Timestamp,
    #[serde(with = "micros")]
    #[schemars(with = "String")]
    pub last_seen: Timestamp,
    pub packets: u64,
}

/// What became of conversations on their way.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct Course {
    pub kind: CourseKind,
    pub text: String,
}

/// The place where conversations are lost.
#[derive(
    Clone, Copy, Debug, Deserialize, Eq, JsonSchema, Ord, PartialEq, PartialOrd, Serialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum CourseKind {
    Answered,
    NeverArrived,
    Unanswered,
    AnswerLost,
    RefusedByServer,
    RefusedOnTheWay,
    ArrivesOtherwise,
    Contradiction,
    AskedByOther,
    Unknown,
}

/// A process of a host.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct HostProcess {
    pub host: String,
    pub process: Process,
}

/// A rule and its verdict, from the viewpoint of all hosts.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Serialize)]
pub struct Rule {
    pub id: String,
    pub matrix: String,
    pub verdict: RuleVerdict,
    /// The gravest of the rule itself and of what some of its hosts lack.
    pub severity: Severity,
    pub client: Vec<String>,
    pub server: Vec<String>,
    pub transport: Transport,
    pub ports: String,
    pub service: Option<String>,
    pub presence: Presence,
    pub origin: Option<String>,
    pub explanation: String,
    /// Conversations of the rule, and how many of them were answered.
    pub conversations: usize,
    pub answered: usize,
    /// What became of those that were not answered, and of how many.
    pub courses: Vec<RuleCourse>,
    /// Hosts that took part.
    pub seen_by: Vec<String>,
    /// Hosts of the rule that saw all of their traffic and nothing of it.
    pub missing_on: Vec<MissingOn>,
    /// Hosts of the rule that may have missed it.
    pub unassessed_on: Vec<String>,
}

/// What became of some conversations of a rule.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct RuleCourse {
    pub course: Course,
    pub conversations: usize,
    /// The first of them.
    pub client: IpAddr,
    pub server: IpAddr,
    #[serde(with = "micros")]
    #[schemars(with = "String")]
    pub first_seen: Timestamp,
    #[serde(with = "micros")]
    #[schemars(with = "String")]
    pub last_seen: Timestamp,
}

/// A host on which a rule is missing.
#[derive(Clone, Debug, Deserialize, Eq, JsonSchema, PartialEq, Serialize)]
pub struct MissingOn {
    pub host: String,
    pub part: Part,
}

impl FleetReport {
    /// How many hosts there are of each voice.
    pub fn voices(&self) -> BTreeMap<&'static str, usize> {
        let all = [Voice::Speaking, Voice::Silent, Voice::Twofold];
        let of = |voice: Voice| self.hosts.iter().filter(|host| host.voice == voice).count();
        all.into_iter()
            .map(|voice| (voice.name(), of(voice)))
            .collect()
    }

    /// The report as JSON.
    ///
    /// # Errors
    ///
    /// Never in practice.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(crate::escape::json(&text).into_owned())
    }
}

/// The JSON Schema of fleets' reports.
///
/// # Errors
///
/// Never in practice.
pub fn json_schema() -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(&schema_for!(FleetReport))?;
    text.push('\n');
    Ok(text)
}
