//! What goes on beside the counting while a watch runs: judging, remembering, telling.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::{Arc, PoisonError},
    time::{Duration, SystemTime},
};

use auditor_common::Reason;
use jiff::{SignedDuration, Timestamp};

use super::{
    deliver::{Deliveries, Outside},
    judge::Plan,
    names::Names,
    output::{say, write},
    serve::{Board, Shown},
    session::{Interim, Session},
    state::State,
    watch::{Format, WatchCommand},
};
use crate::{
    alert::{Alerts, Complaint, Event, Kind},
    audit::{Severity, may_concern},
    history::{Bounds, Finding, FlowKey, History, Saved},
    matrix::Rule,
    observed::{Cause, Flow, Gap, Observed, Window},
    report::Report,
    sink::metrics::Health,
};

/// What goes on beside the counting.
pub(super) struct Daemon<'a> {
    pub(super) command: &'a WatchCommand,
    pub(super) plan: Plan,
    pub(super) names: Names,
    pub(super) state: State,
    history: History,
    alerts: Alerts,
    /// Counts of what was not seen, as of the last turn.
    counted: BTreeMap<Reason, u64>,
    /// Gaps of such counts that the last turn left open, by their slot.
    open: BTreeMap<Reason, Gap>,
    last_turn: Timestamp,
    last_report: Timestamp,
    pub(super) last: Option<Arc<Report>>,
    n_turns: u64,
    /// What could not be saved, and is tried again.
    unsaved: Vec<Saved>,
    /// What is to be put on disk for sinks.
    undelivered: Vec<(String, String)>,
    gone: BTreeSet<FlowKey>,
    /// Whether the last attempt to save failed; said once.
    is_save_failing: bool,
    /// Whether the last attempt to read the configuration again failed.
    pub(super) is_misconfigured: bool,
    /// What was read again, until its names were looked up.
    pub(super) next: Option<(Plan, Names)>,
    pub(super) outside: Outside,
    pub(super) deliveries: Deliveries,
    pub(super) board: Board,
    pub(super) files: Vec<(PathBuf, Option<SystemTime>)>,
}

/// How often what is over is taken out of the ledger and what is old is forgotten, in turns.
const RETIRE_TURNS: u64 = 30;

impl<'a> Daemon<'a> {
    pub(super) fn new(
        command: &'a WatchCommand,
        plan: Plan,
        names: Names,
        state: State,
        session: &Session,
        outside: Outside,
    ) -> anyhow::Result<Self> {
        let now = session.now();
        let mut history = state.store.load()?;
        history.begin(now);
        let mut alerts = Alerts::default();
        for finding in state.store.findings()? {
            let (Some(kind), Some(severity)) = (
                [Kind::Flow, Kind::Rule]
                    .into_iter()
                    .find(|kind| kind.name() == finding.kind),
                [Severity::Warning, Severity::Violation]
                    .into_iter()
                    .find(|severity| severity.name() == finding.severity),
            ) else {
                continue;
            };
            let complaint = Complaint {
                verdict: finding.verdict,
                severity,
                text: finding.text,
            };
            alerts.resume(kind, finding.key, complaint, finding.since);
        }
        let (sinks, host) = (plan.sinks(), &session.host.name);
        let deliveries = Deliveries::begin(&outside, sinks, &state.database(), host);
        let mut daemon = Self {
            outside,
            files: plan.files(),
            command,
            plan,
            names,
            state,
            history,
            alerts,
            counted: BTreeMap::new(),
            open: BTreeMap::new(),
            last_turn: now,
            last_report: Timestamp::MIN,
            last: None,
            n_turns: 0,
            unsaved: Vec::new(),
            undelivered: Vec::new(),
            gone: BTreeSet::new(),
            is_save_failing: false,
            is_misconfigured: false,
            next: None,
            deliveries,
            board: Board::default(),
        };
        daemon.save(None, &[]);
        Ok(daemon)
    }

    /// The longest time that any rule asks about.
    fn longest(&self) -> SignedDuration {
        let within = self
            .plan
            .matrices
            .iter()
            .flat_map(|matrix| &matrix.rules)
            .filter_map(|rule| rule.within)
            .max();
        let window = self.plan.window(self.command.window);
        within.map_or(window, |within| within.max(window))
    }

    /// Turns counts of what was not seen into gaps; one that goes on from turn to turn is one.
    fn uncounted(&mut self, session: &Session, now: Timestamp) -> anyhow::Result<()> {
        let without_flow = session.without_flow()?;
        for reason in Reason::ALL
            .into_iter()
            .filter(|reason| reason.may_hide_traffic())
        {
            let packets = without_flow.get(&reason).map_or(0, |tally| tally.packets);
            let before = self.counted.insert(reason, packets).unwrap_or_default();
            if packets == before {
                self.open.remove(&reason);
                continue;
            }
            let (from, known) = match self.open.remove(&reason) {
                Some(Gap {
                    cause: Cause::Uncounted { packets, .. },
                    from,
                    ..
                }) => (from, packets),
                Some(_) | None => (self.last_turn, 0),
            };
            let gap = Gap {
                cause: Cause::Uncounted {
                    reason,
                    packets: known + packets - before,
                },
                from,
                until: Some(now),
            };
            self.history.keep_gaps(std::slice::from_ref(&gap));
            self.open.insert(reason, gap);
        }
        Ok(())
    }

    /// The flows of the window, and those before it that rules with a longer time ask about.
    fn flows(&self, start: Timestamp, reach: Timestamp) -> Vec<Flow> {
        let mut flows = self.history.flows(reach.min(start));
        let asking: Vec<&Rule> = self
            .plan
            .matrices
            .iter()
            .flat_map(|matrix| &matrix.rules)
            .filter(|rule| rule.within.is_some())
            .collect();
        let is_asked_about = |flow: &Flow| asking.iter().any(|rule| may_concern(rule, flow));
        flows.retain(|flow| start <= flow.last || is_asked_about(flow));
        flows
    }

    fn judge(&mut self, session: &mut Session, now: Timestamp) -> anyhow::Result<Report> {
        let asked = self.plan.window(self.command.window);
        let since = self.history.since().unwrap_or(now);
        let start = now.checked_sub(asked).unwrap_or(now);
        let reach = now.checked_sub(self.longest()).unwrap_or(now);
        let (age, names) = (asked.unsigned_abs(), &self.names);
        let mut lookup = |name: &str| names.addresses(name, age);
        let policy = self.plan.policy(&session.host, &mut lookup)?;
        let without_flow = session.without_flow()?;
        let has_lost = without_flow.contains_key(&Reason::TableFull);
        session.host.owners = session.looking.seen().owners;
        let observed = Observed {
            host: session.host.clone(),
            window: Window {
                start,
                end: now,
                asked,
                since,
            },
            interfaces: session.watched().to_vec(),
            flows: self.flows(start, reach),
            totals: session.totals(),
            without_flow,
            traffic: session.timeline.points(),
            gaps: self.history.gaps(reach.min(start)),
            lost: if has_lost {
                session.lost()
            } else {
                BTreeMap::new()
            },
        };
        Ok(self.plan.report(policy, observed))
    }

    /// Saves what changed. A disk that is full is said once and tried again: nothing is forgotten meanwhile.
    fn save(&mut self, findings: Option<&[Finding]>, events: &[Event]) {
        self.unsaved.extend(events.iter().map(saved));
        self.undelivered.extend(self.deliveries.outbox(events));
        let excess = self.unsaved.len().saturating_sub(MOST_UNSAVED);
        self.unsaved.drain(..excess);
        let excess = self.undelivered.len().saturating_sub(MOST_UNSAVED);
        self.undelivered.drain(..excess);
        let result = self.state.store.save(
            &mut self.history,
            &self.gone,
            findings,
            &self.unsaved,
            &self.undelivered,
        );
        match result {
            Ok(()) => {
                if std::mem::take(&mut self.is_save_failing) {
                    say("auditor: the state can be saved again, and is");
                }
                self.unsaved.clear();
                self.gone.clear();
                if !self.undelivered.is_empty() {
                    self.undelivered.clear();
                    self.deliveries.wake();
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_save_failing, true) {
                    say(&format!(
                        "auditor: the state can't be saved: {error}; it is tried again every time, and nothing is lost while this goes on running"
                    ));
                }
            }
        }
    }

    pub(super) fn write_report(&self, report: &Report) -> anyhow::Result<()> {
        // That the disk is full was said by then.
        if let Err(error) = self.state.write_report(&report.to_json()?)
            && !self.is_save_failing
        {
            say(&format!("auditor: {error:#}"));
        }
        Ok(())
    }

    fn tell(&self, event: &Event) {
        let text = match self.command.format {
            Format::Text => {
                let mut text = String::new();
                crate::report::clean_line(&mut text, &event.to_string());
                text
            }
            Format::Jsonl => match serde_json::to_string(event) {
                Ok(line) => format!("{line}\n"),
                Err(error) => format!("{{\"error\": \"{error}\"}}\n"),
            },
        };
        if let Err(error) = write(None, &text) {
            say(&format!("auditor: {error:#}"));
        }
    }
}

/// The report on disk is no older, and as old as the last event at most.
const REPORT_AGE: SignedDuration = SignedDuration::from_mins(1);

/// Events that wait for a disk; the oldest go first.
const MOST_UNSAVED: usize = 10_000;

impl Interim for Daemon<'_> {
    fn every(&self) -> Duration {
        self.command.every.unsigned_abs()
    }

    fn turn(&mut self, session: &mut Session) -> anyhow::Result<()> {
        session.clock.adjust();
        let now = session.now();
        self.n_turns += 1;
        if self.plan.files() != self.files {
            self.read_again(session);
        }
        self.take_over(session);
        self.history.update(session.flows(), now);
        if self.n_turns.is_multiple_of(RETIRE_TURNS) {
            self.history.retire(session.retire());
            let bounds = Bounds {
                age: self.command.keep,
                flows: self.command.keep_flows,
            };
            self.gone.extend(self.history.forget(bounds, now));
        }
        self.history.keep_gaps(&session.gaps);
        // Those that are over are in the history for good.
        session.gaps.retain(|gap| gap.until.is_none());
        self.uncounted(session, now)?;
        let report = self.judge(session, now)?;
        let events = self.alerts.update(&report, now);
        for event in &events {
            self.tell(event);
        }
        let findings: Vec<Finding> = self
            .alerts
            .open()
            .map(|(kind, key, complaint, since)| Finding {
                kind: kind.name().to_owned(),
                key: key.to_owned(),
                verdict: complaint.verdict.clone(),
                severity: complaint.severity.name().to_owned(),
                since,
                text: complaint.text.clone(),
            })
            .collect();
        self.save(Some(&findings), &events);
        let is_due = REPORT_AGE <= now.duration_since(self.last_report);
        if is_due || !events.is_empty() {
            self.last_report = now;
            self.write_report(&report)?;
        }
        self.last_turn = now;
        let report = Arc::new(report);
        let drains = session.drains();
        let mut shown = self.board.lock().unwrap_or_else(PoisonError::into_inner);
        *shown = Shown {
            report: Some(Arc::clone(&report)),
            health: Health {
                judgements: self.n_turns,
                drains: drains.count,
                fullest: drains.most,
                limit: self.command.counting.flows,
                flows: self.history.len(),
                is_saved: !self.is_save_failing,
                is_configured: !self.is_misconfigured,
                sinks: self.deliveries.health(),
            },
        };
        drop(shown);
        self.last = Some(report);
        Ok(())
    }

    fn reload(&mut self, session: &mut Session) {
        self.read_again(session);
    }
}

fn saved(event: &Event) -> Saved {
    Saved {
        at: event.at,
        change: event.change.name().to_owned(),
        kind: event.kind.name().to_owned(),
        key: event.key.clone(),
        before: event.before.clone(),
        now: event.now.clone(),
        severity: event.severity.name().to_owned(),
        text: event.text.clone(),
    }
}
