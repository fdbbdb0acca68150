//! Previous and current verdicts to events: findings that appeared, were resolved, changed, or are flapping.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};

use super::{
    event::{Change, Event, Finding, OpenFinding, Subject},
    rank::{Rank, Ranked, findings},
    unproven,
};
use crate::report::{
    Report,
    schema::{RuleVerdict, Severity},
};

/// The state of a subject.
#[derive(Clone, Debug)]
struct State {
    /// The finding as last reported; `None` if none was reported, or if the last report was that it is resolved.
    reported: Option<Finding>,
    /// Since when it is reported like this.
    since: Timestamp,
    /// The finding as of the last turn, reported or not.
    current: Option<Finding>,
    /// When it changed, within the last [`MEMORY`].
    changes: VecDeque<Timestamp>,
    is_flapping: bool,
}

/// The most events of each rank that are reported in one turn, and of those that are resolved: the rest follow in later turns.
const MOST_AT_ONCE: usize = 100;
/// With more changes than this within [`MEMORY`], a finding is flapping.
const MOST_CHANGES: usize = 4;
const MEMORY: SignedDuration = SignedDuration::from_hours(1);
/// A finding that has not changed for this long is stable.
const STILL: SignedDuration = SignedDuration::from_mins(15);

/// A finding changed, and is told in a later turn.
struct HeldBack;

/// The state of every finding, as reported and as it is now.
#[derive(Clone, Debug, Default)]
pub struct Alerts {
    states: BTreeMap<Subject, State>,
    held_back: usize,
}

impl Alerts {
    /// Restores a finding that an earlier run had reported.
    pub fn resume(&mut self, open: OpenFinding) {
        let state = State {
            reported: Some(open.finding.clone()),
            since: open.since,
            current: Some(open.finding),
            changes: VecDeque::new(),
            is_flapping: false,
        };
        self.states.insert(open.subject, state);
    }

    /// The findings that changed and are not told yet, since others came first in the last turn.
    pub const fn held_back(&self) -> usize {
        self.held_back
    }

    /// The open findings, as they were last reported.
    pub fn open(&self) -> impl Iterator<Item = OpenFinding> {
        self.states.iter().filter_map(|(subject, state)| {
            Some(OpenFinding {
                subject: subject.clone(),
                finding: state.reported.clone()?,
                since: state.since,
            })
        })
    }

    /// Compares a report with what was reported before, and returns what is new as events.
    ///
    /// `corrections` are subjects that were taken for others: what was reported of the first of each pair is of the second, which
    /// is one event.
    pub fn update(
        &mut self,
        report: &Report,
        now: Timestamp,
        corrections: &[(Subject, Subject)],
    ) -> Vec<Event> {
        self.update_with(report, Vec::new(), now, corrections)
    }

    /// As [`Self::update`], with findings that are not in a report: those on the hosts of a fleet.
    pub fn update_with(
        &mut self,
        report: &Report,
        more: Vec<(Subject, Finding)>,
        now: Timestamp,
        corrections: &[(Subject, Subject)],
    ) -> Vec<Event> {
        let mut findings = findings(report);
        let more = more.into_iter().map(|(subject, finding)| {
            let rank = Rank::Rule;
            (subject, Ranked { rank, finding })
        });
        findings.extend(more);
        let is_told = |subject: &Subject| {
            let state = self.states.get(subject);
            state.is_some_and(|state| state.reported.is_some())
        };
        unproven::gather(&mut findings, is_told);
        // Nothing is known of a rule that can't be assessed now, nor of a flow that may be among those that are not listed: the
        // finding stays as it was.
        let has_more = report.leaves_out_findings();
        let is_unknown = |subject: &Subject| match subject {
            Subject::Flow(_) | Subject::Unproven => has_more,
            Subject::Unplaced | Subject::Host(_) => false,
            Subject::Rule(id) => report
                .rules
                .iter()
                .any(|rule| rule.id == *id && rule.verdict == RuleVerdict::Unassessed),
        };
        for subject in findings.keys() {
            let state = || State {
                reported: None,
                since: now,
                current: None,
                changes: VecDeque::new(),
                is_flapping: false,
            };
            self.states.entry(subject.clone()).or_insert_with(state);
        }
        // By rank, then the most severe first, since the number of events per turn is limited.
        let mut order: Vec<(Rank, Severity, Subject)> = self
            .states
            .iter()
            .map(|(subject, state)| {
                let found = findings.get(subject);
                let finding = found
                    .map(|found| &found.finding)
                    .or(state.reported.as_ref());
                (
                    found.map_or(Rank::Unproven, |found| found.rank),
                    finding.map_or(Severity::Fine, |one| one.severity),
                    subject.clone(),
                )
            })
            .collect();
        // What was taken for another comes last, so that it is known whether that one took its place.
        let mistaken: BTreeMap<&Subject, &Subject> = corrections
            .iter()
            .map(|(before, now)| (now, before))
            .collect();
        let was_mistaken: BTreeSet<&Subject> = mistaken.values().copied().collect();
        order.sort_by(|(rank, a, one), (other_rank, b, other)| {
            let is_last = |subject| was_mistaken.contains(subject);
            is_last(one)
                .cmp(&is_last(other))
                .then_with(|| rank.cmp(other_rank))
                .then_with(|| b.cmp(a))
                .then_with(|| one.cmp(other))
        });
        let mut events = Vec::new();
        self.held_back = 0;
        let mut n_of_rank = [0; Rank::COUNT];
        let mut n_resolved = 0;
        for (rank, _, subject) in order {
            let finding = findings.remove(&subject).map(|found| found.finding);
            if finding.is_none() && is_unknown(&subject) {
                continue;
            }
            let n_told = match (&finding, n_of_rank.get_mut(rank as usize)) {
                (Some(_), Some(n_told)) => n_told,
                (_, _) => &mut n_resolved,
            };
            let Some(state) = self.states.get_mut(&subject) else {
                continue;
            };
            let mut event = match state.turn(&subject, finding, now, *n_told < MOST_AT_ONCE) {
                Ok(None) => continue,
                Ok(Some(event)) => event,
                Err(HeldBack) => {
                    self.held_back += 1;
                    continue;
                }
            };
            *n_told += 1;
            if event.change == Change::Appeared
                && let Some(before) = mistaken.get(&subject)
                && !findings.contains_key(before)
                && let Some(was) = self.states.get_mut(before)
                && let Some(finding) = was.reported.take()
            {
                was.current = None;
                event.correct(before, &finding);
            }
            events.push(event);
        }
        self.states.retain(|_, state| {
            state.reported.is_some() || state.current.is_some() || !state.changes.is_empty()
        });
        events
    }
}

impl Event {
    /// Makes of an event that something appeared one that it had been taken for another subject.
    fn correct(&mut self, before: &Subject, was: &Finding) {
        self.change = Change::Corrected;
        self.before = Some(was.verdict);
        self.severity_before = Some(was.severity).filter(|before| *before != self.severity);
        self.text = format!("was taken for {}; {}", before.key(), self.text);
        self.corrects = Some(before.clone());
    }
}

impl State {
    /// A finding on many flows that prove nothing is as grave as the gravest of them was while it is open: which of them are there is up
    /// to whoever makes them up, and says nothing new.
    fn kept_gravest(&self, subject: &Subject, finding: Option<Finding>) -> Option<Finding> {
        let mut finding = finding?;
        let before = [&self.current, &self.reported].into_iter().flatten();
        if *subject == Subject::Unproven
            && let Some(gravest) = before.max_by_key(|one| one.severity)
            && finding.severity <= gravest.severity
        {
            finding.severity = gravest.severity;
            finding.verdict = gravest.verdict;
        }
        Some(finding)
    }

    /// Updates the state with the current finding; returns an event if one is to be reported.
    fn turn(
        &mut self,
        subject: &Subject,
        finding: Option<Finding>,
        now: Timestamp,
        may_report: bool,
    ) -> Result<Option<Event>, HeldBack> {
        let verdict = |one: &Option<Finding>| one.as_ref().map(|one| (one.verdict, one.severity));
        while self
            .changes
            .front()
            .is_some_and(|at| MEMORY < now.duration_since(*at))
        {
            self.changes.pop_front();
        }
        let finding = self.kept_gravest(subject, finding);
        if verdict(&self.current) != verdict(&finding) {
            self.changes.push_back(now);
        }
        self.current = finding;
        let is_still = self
            .changes
            .back()
            .is_none_or(|at| STILL <= now.duration_since(*at));
        if self.is_flapping {
            if !is_still {
                return Ok(None);
            }
            self.is_flapping = false;
        }
        if verdict(&self.reported) == verdict(&self.current) {
            // The text may change while the verdict does not, because it contains counters.
            self.reported.clone_from(&self.current);
            return Ok(None);
        }
        // It is reported in a later turn, if it still differs then.
        if !may_report {
            return Err(HeldBack);
        }
        let verdict = |finding: &Option<Finding>| finding.as_ref().map(|one| one.verdict);
        let (before, current) = (verdict(&self.reported), verdict(&self.current));
        let Some(Finding { severity, .. }) = self.current.as_ref().or(self.reported.as_ref())
        else {
            return Ok(None);
        };
        let severity = *severity;
        let reported = self.reported.as_ref().map(|one| one.severity);
        let severity_before = reported.filter(|before| *before != severity);
        let event = |change, text| Event {
            at: now,
            change,
            subject: subject.clone(),
            before,
            now: current,
            severity,
            severity_before,
            text,
            corrects: None,
        };
        if MOST_CHANGES < self.changes.len() && !is_still {
            let text = format!(
                "changed {} times within an hour; nothing more is said of it until it keeps still for a quarter of one",
                self.changes.len()
            );
            let event = event(Change::Flapping, text);
            self.is_flapping = true;
            return Ok(Some(event));
        }
        let event = match (&self.reported, &self.current) {
            (None, Some(now)) => event(Change::Appeared, now.text.clone()),
            (Some(_), Some(now)) => event(Change::Changed, now.text.clone()),
            (Some(was), None) => event(Change::Resolved, format!("was {}", was.verdict.name())),
            (None, None) => return Ok(None),
        };
        self.reported.clone_from(&self.current);
        self.since = now;
        Ok(Some(event))
    }
}
