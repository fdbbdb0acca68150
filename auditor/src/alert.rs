//! Previous and current verdicts to events: what appeared, what was resolved, what changed, and what can't make up its mind.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::report::{
    Report,
    ocsf::Ends,
    schema::{Flow, Rule, RuleVerdict, Severity, micros},
};

/// What an event is about.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Flow,
    Rule,
}

impl Kind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Rule => "rule",
        }
    }
}

/// How a finding changed.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// There was nothing to complain about, and now there is.
    Appeared,
    /// There is nothing to complain about any more.
    Resolved,
    /// The complaint is another one.
    Changed,
    /// It changes again and again: nothing more is said of it until it keeps still.
    Flapping,
}

impl Change {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Appeared => "appeared",
            Self::Resolved => "resolved",
            Self::Changed => "changed",
            Self::Flapping => "flapping",
        }
    }
}

/// A finding that changed.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Event {
    #[serde(with = "micros")]
    pub at: Timestamp,
    pub change: Change,
    pub kind: Kind,
    /// The rule's id, or the ends and the service of the flow.
    pub key: String,
    pub before: Option<String>,
    pub now: Option<String>,
    pub severity: Severity,
    pub text: String,
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (change, severity) = (self.change.name(), self.severity.name());
        let (kind, key, text) = (self.kind.name(), &self.key, &self.text);
        write!(
            f,
            "{:.0} {change:<9} {severity:<9} {kind} {key}: {text}",
            self.at
        )
    }
}

/// A finding that somebody should look at.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Complaint {
    pub verdict: String,
    pub severity: Severity,
    pub text: String,
}

/// The state of a finding.
#[derive(Clone, Debug)]
pub struct State {
    /// What was last told of it; `None` if that was that it is resolved.
    pub told: Option<Complaint>,
    /// Since when that holds.
    pub since: Timestamp,
    /// What it is now, told or not.
    current: Option<Complaint>,
    /// When it changed, as far as that matters.
    changes: VecDeque<Timestamp>,
    is_flapping: bool,
}

/// Events that are told in one turn: a port scan makes thousands of findings, and they are told by and by.
const MOST_AT_ONCE: usize = 100;
/// So many changes in [`MEMORY`] are too many.
const MOST_CHANGES: usize = 4;
const MEMORY: SignedDuration = SignedDuration::from_hours(1);
/// What has not changed for so long keeps still.
const STILL: SignedDuration = SignedDuration::from_mins(15);

/// Every finding that somebody was told of.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    states: BTreeMap<(Kind, String), State>,
}

impl Alerts {
    /// Takes up what an earlier run had told.
    pub fn resume(&mut self, kind: Kind, key: String, complaint: Complaint, since: Timestamp) {
        let state = State {
            told: Some(complaint.clone()),
            since,
            current: Some(complaint),
            changes: VecDeque::new(),
            is_flapping: false,
        };
        self.states.insert((kind, key), state);
    }

    /// The findings that hold, as they were told.
    pub fn open(&self) -> impl Iterator<Item = (Kind, &str, &Complaint, Timestamp)> {
        self.states.iter().filter_map(|((kind, key), state)| {
            let told = state.told.as_ref()?;
            Some((*kind, key.as_str(), told, state.since))
        })
    }

    /// Compares a report with what was told, and says what is new.
    pub fn update(&mut self, report: &Report, now: Timestamp) -> Vec<Event> {
        let mut complaints = complaints(report);
        // Of a rule that can't be judged now, nothing is known: it stays what it was.
        let unknown = |kind: Kind, key: &str| {
            kind == Kind::Rule
                && report
                    .rules
                    .iter()
                    .any(|rule| rule.id == key && rule.verdict == RuleVerdict::Unassessed)
        };
        for (kind, key) in complaints.keys() {
            let state = || State {
                told: None,
                since: now,
                current: None,
                changes: VecDeque::new(),
                is_flapping: false,
            };
            self.states
                .entry((*kind, key.clone()))
                .or_insert_with(state);
        }
        // The worst first, since only so many are told at once.
        let mut order: Vec<(Severity, (Kind, String))> = self
            .states
            .iter()
            .map(|(key, state)| {
                let severity = complaints.get(key).or(state.told.as_ref());
                (
                    severity.map_or(Severity::Fine, |one| one.severity),
                    key.clone(),
                )
            })
            .collect();
        order.sort_by(|(a, one), (b, other)| b.cmp(a).then_with(|| one.cmp(other)));
        let mut events = Vec::new();
        for (_, (kind, key)) in order {
            let complaint = complaints.remove(&(kind, key.clone()));
            if complaint.is_none() && unknown(kind, &key) {
                continue;
            }
            let may_tell = events.len() < MOST_AT_ONCE;
            if let Some(state) = self.states.get_mut(&(kind, key.clone())) {
                events.extend(state.turn((kind, &key), complaint, now, may_tell));
            }
        }
        self.states.retain(|_, state| {
            state.told.is_some() || state.current.is_some() || !state.changes.is_empty()
        });
        events
    }
}

impl State {
    /// Takes in what the finding is now; an event if that is worth one.
    fn turn(
        &mut self,
        (kind, key): (Kind, &str),
        complaint: Option<Complaint>,
        now: Timestamp,
        may_tell: bool,
    ) -> Option<Event> {
        let verdict =
            |one: &Option<Complaint>| one.as_ref().map(|one| (one.verdict.clone(), one.severity));
        while self
            .changes
            .front()
            .is_some_and(|at| MEMORY < now.duration_since(*at))
        {
            self.changes.pop_front();
        }
        if verdict(&self.current) != verdict(&complaint) {
            self.changes.push_back(now);
        }
        self.current = complaint;
        let is_still = self
            .changes
            .back()
            .is_none_or(|at| STILL <= now.duration_since(*at));
        if self.is_flapping {
            if !is_still {
                return None;
            }
            self.is_flapping = false;
        }
        if verdict(&self.told) == verdict(&self.current) {
            // Words may change while the verdict does not: counters do.
            self.told.clone_from(&self.current);
            return None;
        }
        // It is told later, if it still is so then.
        if !may_tell {
            return None;
        }
        let before = self.told.as_ref().map(|told| told.verdict.clone());
        let severity = self.current.as_ref().or(self.told.as_ref())?.severity;
        let event = |change, text| Event {
            at: now,
            change,
            kind,
            key: key.to_owned(),
            before: before.clone(),
            now: self.current.as_ref().map(|current| current.verdict.clone()),
            severity,
            text,
        };
        if MOST_CHANGES < self.changes.len() && !is_still {
            let text = format!(
                "changed {} times within an hour; nothing more is said of it until it keeps still for a quarter of one",
                self.changes.len()
            );
            let event = event(Change::Flapping, text);
            self.is_flapping = true;
            return Some(event);
        }
        let event = match (&self.told, &self.current) {
            (None, Some(now)) => event(Change::Appeared, now.text.clone()),
            (Some(_), Some(now)) => event(Change::Changed, now.text.clone()),
            (Some(was), None) => event(Change::Resolved, format!("was {}", was.verdict)),
            (None, None) => return None,
        };
        self.told.clone_from(&self.current);
        self.since = now;
        Some(event)
    }
}

/// What a report complains of: warnings and violations.
fn complaints(report: &Report) -> BTreeMap<(Kind, String), Complaint> {
    let mut complaints: BTreeMap<(Kind, String), Complaint> = BTreeMap::new();
    let is_pressing = |severity| Severity::Warning <= severity;
    for flow in report
        .flows
        .iter()
        .filter(|flow| is_pressing(flow.severity))
    {
        let complaint = Complaint {
            verdict: flow.verdict.name().to_owned(),
            severity: flow.severity,
            text: format!("{}, {}", flow.outcome.name(), flow.explanation),
        };
        // The same flow on two interfaces is one complaint.
        let known = complaints.entry((Kind::Flow, flow_key(flow)));
        known
            .and_modify(|known| {
                if known.severity < complaint.severity {
                    known.clone_from(&complaint);
                }
            })
            .or_insert(complaint);
    }
    let pressing =
        |rule: &&Rule| is_pressing(rule.severity) && rule.verdict != RuleVerdict::Unassessed;
    for rule in report.rules.iter().filter(pressing) {
        let complaint = Complaint {
            verdict: rule.verdict.name().to_owned(),
            severity: rule.severity,
            text: rule.explanation.clone(),
        };
        complaints.insert((Kind::Rule, rule.id.clone()), complaint);
    }
    complaints
}

impl Event {
    /// Who talks to whom, if the event is about a flow.
    pub fn ends(&self) -> Option<Ends> {
        if self.kind != Kind::Flow {
            return None;
        }
        let (client, rest) = self.key.split_once(" -> ")?;
        let (server, service) = rest.split_once(' ')?;
        let port = service
            .rsplit_once('/')
            .and_then(|(_, port)| port.parse().ok());
        Some(Ends {
            client: client.parse().ok()?,
            server: server.parse().ok()?,
            port: port.unwrap_or_default(),
        })
    }
}

/// The ends and the service of a flow, as [`Event::ends`] reads them.
fn flow_key(flow: &Flow) -> String {
    format!("{} -> {} {}", flow.client, flow.server, flow.service())
}

#[cfg(test)]
mod tests;
