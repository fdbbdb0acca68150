//! What a watch does besides counting: judges the traffic, remembers it, and reports what changed.

mod journal;
mod reload;

use std::{collections::BTreeMap, sync::Arc};

use auditor_common::Reason;
use jiff::{SignedDuration, Timestamp};

use self::{
    journal::Journal,
    reload::{Next, Reload},
};
use super::{
    configuration::Configuration,
    http::{Published, Snapshot},
    names::HostNames,
    outbox::Outbox,
    schedule::Schedule,
    session::{Pause, Session},
    settings::{EventFormat, WatchSettings},
    state::{Found, State},
    threads::ThreadSpawner,
    uncounted::UncountedGaps,
};
use crate::{
    alert::{Alerts, Event, EventJson, OpenFinding, Subject},
    audit::may_concern,
    escape,
    history::{Bounds, FlowIdentity, History},
    matrix::Rule,
    observed::{Flow, Observed, Window},
    output::{print, say},
    report::{Report, clean_line},
    sink::metrics::Health,
};

/// How often, in turns, flows that are over move from the ledger to the history, and old ones are forgotten.
const RETIRE_TURNS: u64 = 30;
/// Flows that are remembered although anybody could have made them up.
const MOST_UNPROVEN: usize = 8_192;
/// The longest time between two writes of the report to disk; what changed is written at once.
const REPORT_AGE: SignedDuration = SignedDuration::from_mins(1);

/// The state of a watch besides its session.
pub(crate) struct Daemon {
    settings: WatchSettings,
    configuration: Configuration,
    names: HostNames,
    reload: Reload,
    history: History,
    alerts: Alerts,
    /// The findings that were not told yet in the last turn.
    held_back: usize,
    uncounted: UncountedGaps,
    journal: Journal,
    threads: ThreadSpawner,
    outbox: Outbox,
    published: Published,
    n_turns: u64,
    last_turn: Timestamp,
    /// The report that was written last, and when.
    written: Option<(Timestamp, Arc<Report>)>,
}

impl Daemon {
    /// Continues from the state on disk.
    pub(crate) fn resume(
        settings: WatchSettings,
        configuration: Configuration,
        names: HostNames,
        mut state: State,
        session: &mut Session,
        threads: ThreadSpawner,
        published: Published,
    ) -> Self {
        let now = session.clock.now();
        let Found {
            mut history,
            findings,
            damage,
            salvaged,
        } = std::mem::take(&mut state.found);
        history.begin(now);
        if let Some(problem) = damage {
            history.note_damage(&problem);
        }
        session.remember(history.sides());
        let mut alerts = Alerts::default();
        for finding in findings {
            alerts.resume(finding);
        }
        let (sinks, host) = (&configuration.sinks, &session.facts.host.name);
        let outbox = Outbox::begin(&threads, sinks, &state.database(), host);
        let mut daemon = Self {
            settings,
            reload: Reload::new(&configuration),
            configuration,
            names,
            history,
            alerts,
            held_back: 0,
            uncounted: UncountedGaps::default(),
            journal: Journal::new(&threads, state, salvaged),
            threads,
            outbox,
            published,
            n_turns: 0,
            last_turn: now,
            written: None,
        };
        daemon
            .journal
            .save(&mut daemon.history, None, &[], &daemon.outbox);
        daemon
    }

    /// Runs until a signal stops it. A turn that fails is said, and the next one is tried.
    ///
    /// # Errors
    ///
    /// The last turn fails.
    pub(crate) async fn run(mut self, mut session: Session) -> anyhow::Result<()> {
        let mut schedule = Schedule::for_turns(self.settings.every.unsigned_abs());
        loop {
            match session.run(&mut schedule).await {
                Pause::Turn => {
                    if let Err(error) = self.turn(&mut session) {
                        say(&format!(
                            "auditor: nothing can be judged now: {error:#}; it is tried again"
                        ));
                    }
                }
                Pause::Reload => {
                    self.read_again(&session);
                    self.take_over(&mut session);
                }
                Pause::End => break,
            }
        }
        // What was counted since the last turn is judged and saved as well.
        session.drain();
        session.attribution.poll();
        let report = self.turn(&mut session)?;
        self.journal.write_report(&report)
    }

    fn turn(&mut self, session: &mut Session) -> anyhow::Result<Arc<Report>> {
        let now = session.clock.now();
        self.history.date_by(&session.clock.dates);
        self.n_turns += 1;
        if self.reload.is_due(&self.configuration) {
            self.read_again(session);
        }
        self.take_over(session);
        session.remember_for(self.configuration.window(self.settings.window));
        let corrections = self.remember(session, now);
        let report = self.judge(session, now)?;
        let dates = &session.clock.dates;
        let mut events = self.alerts.update(&report, now, &corrections);
        for event in &mut events {
            event.at = dates.of(event.at);
        }
        for event in &events {
            self.print(event);
        }
        self.say_held_back();
        let dated = |open: OpenFinding| OpenFinding {
            since: dates.of(open.since),
            ..open
        };
        let findings: Vec<OpenFinding> = self.alerts.open().map(dated).collect();
        self.journal
            .save(&mut self.history, Some(&findings), &events, &self.outbox);
        let report = Arc::new(report);
        let is_due = self.written.as_ref().is_none_or(|(at, written)| {
            REPORT_AGE <= now.duration_since(*at) || report.is_news_to(written)
        });
        if is_due {
            self.journal.write_report(&report)?;
            self.written = Some((now, Arc::clone(&report)));
        }
        self.last_turn = now;
        self.publish(&report, session);
        Ok(report)
    }

    fn read_again(&mut self, session: &Session) {
        self.reload.read(
            &self.settings,
            &self.configuration,
            &self.names,
            &session.facts.host,
        );
    }

    /// Switches to the configuration that was read again, once its host names are looked up.
    fn take_over(&mut self, session: &mut Session) {
        let Some(Next {
            configuration,
            names,
            selection,
        }) = self.reload.take()
        else {
            return;
        };
        session.document(&configuration.matrices);
        session.select(selection);
        session.attribution.want(configuration.processes());
        if !configuration.has_same_sinks_as(&self.configuration) {
            let database = self.journal.state().database();
            let host = &session.facts.host.name;
            self.outbox = Outbox::begin(&self.threads, &configuration.sinks, &database, host);
        }
        self.names = names;
        self.configuration = configuration;
        // The report on disk may say more than is wanted now.
        self.written = None;
        say("auditor: the configuration was read again, and is in use");
    }

    /// Takes what the session counted into the history. Returns the flows that were taken for others until now, each with what
    /// it is.
    fn remember(&mut self, session: &mut Session, now: Timestamp) -> Vec<(Subject, Subject)> {
        let corrections = self.history.update(session.flows(), now);
        if self.n_turns.is_multiple_of(RETIRE_TURNS) {
            self.history.retire(session.retire());
            let bounds = Bounds {
                age: self.settings.keep,
                flows: self.settings.keep_flows,
                unproven: MOST_UNPROVEN,
            };
            let forgotten = self.history.forget(bounds);
            self.journal.forget(forgotten.keys);
            session.count_unproven(&forgotten.unproven);
        }
        self.history.keep_gaps(&session.gaps);
        // Gaps that have ended are kept by the history from now on.
        session.gaps.retain(|gap| gap.until.is_none());
        let uncounted = self
            .uncounted
            .update(&session.without_flow(), self.last_turn, now);
        self.history.keep_gaps(&uncounted);
        let subject = |flow: &FlowIdentity| {
            let ends = (flow.client, flow.server);
            Subject::of_flow(ends, flow.protocol, flow.port, flow.tunnel)
        };
        corrections
            .iter()
            .map(|one| (subject(&one.before), subject(&one.now)))
            .collect()
    }

    fn judge(&self, session: &mut Session, now: Timestamp) -> anyhow::Result<Report> {
        let window = self.configuration.window(self.settings.window);
        let since = self.history.since().unwrap_or(now);
        let start = now.checked_sub(window).unwrap_or(now);
        let reach = now
            .checked_sub(self.configuration.reach(window))
            .unwrap_or(now);
        let policy = self.configuration.policy(
            &session.facts.host,
            &mut self.names.of_age(window.unsigned_abs()),
        )?;
        session.facts.host.owners = session.attribution.known().owners;
        session.facts.list_connections();
        session.find_ways(&policy);
        let without_flow = session.without_flow();
        let lost = if without_flow.contains_key(&Reason::TableFull) {
            session.lost()
        } else {
            BTreeMap::new()
        };
        let observed = Observed {
            host: session.facts.host.clone(),
            window: Window {
                start,
                end: now,
                planned: window,
                since,
            },
            interfaces: session.watched().to_vec(),
            flows: self.flows(start, reach),
            totals: session.totals(),
            without_flow,
            traffic: session.timeline.points(),
            gaps: self.history.gaps(reach.min(start)),
            lost,
            unproven: session.unproven().clone(),
            dates: session.clock.dates.clone(),
        };
        Ok(self.configuration.report(policy, observed))
    }

    /// The flows of the window, and earlier ones that rules with a time of their own (`within`) may match.
    fn flows(&self, start: Timestamp, reach: Timestamp) -> Vec<Flow> {
        let mut flows = self.history.flows(reach.min(start));
        let with_own_time: Vec<&Rule> = self
            .configuration
            .matrices
            .iter()
            .flat_map(|matrix| &matrix.rules)
            .filter(|rule| rule.within.is_some())
            .collect();
        let concerns_one = |flow: &Flow| with_own_time.iter().any(|rule| may_concern(rule, flow));
        flows.retain(|flow| start <= flow.last || concerns_one(flow));
        flows
    }

    /// Says how many findings are told later, each time there are more of them.
    fn say_held_back(&mut self) {
        let held_back = self.alerts.held_back();
        if self.held_back < held_back {
            say(&format!(
                "auditor: {held_back} more findings changed in this turn; they are told in the next ones, and are in the report"
            ));
        }
        self.held_back = held_back;
    }

    fn print(&self, event: &Event) {
        let text = match self.settings.event_format {
            EventFormat::Text => {
                let mut text = String::new();
                clean_line(&mut text, &event.to_string());
                text
            }
            EventFormat::Jsonl => match serde_json::to_string(&EventJson::from(event)) {
                Ok(line) => format!("{}\n", escape::json(&line)),
                Err(error) => format!("{{\"error\": \"{error}\"}}\n"),
            },
        };
        if let Err(error) = print(&text) {
            say(&format!("auditor: {error:#}"));
        }
    }

    /// Shows over HTTP what this turn found.
    fn publish(&self, report: &Arc<Report>, session: &mut Session) {
        let drains = session.take_drains();
        let health = Health {
            judgements: self.n_turns,
            drains: drains.count,
            fullest: drains.fullest,
            limit: self.settings.capture.flows,
            flows: self.history.len(),
            held_back: self.held_back,
            is_saved: !self.journal.is_failing,
            is_configured: !self.reload.is_failing,
            sinks: self.outbox.health(),
        };
        let report = Arc::clone(report);
        self.published.replace(Snapshot::new(report, health));
    }
}
