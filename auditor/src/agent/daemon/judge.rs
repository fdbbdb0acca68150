//! What a watch makes of what was counted: it remembers it, judges it, and tells what changed.

use std::{fmt, sync::Arc};

use auditor_common::{Reason, Tally};
use jiff::{SignedDuration, Timestamp};

use super::{
    super::{
        configuration::Configuration,
        confinement::Files,
        counted::Drains,
        event_line,
        http::{Published, Snapshot},
        metrics_file::MetricsFile,
        outbox::Outbox,
        process_use,
        publisher::{Publisher, Seen},
        pushed::Keeper,
        settings::WatchSettings,
        state::{Found, State},
        threads::ThreadSpawner,
        uncounted::UncountedGaps,
    },
    journal::Journal,
};
use crate::{
    alert::{Alerts, OpenFinding, Subject},
    audit::{Policy, may_concern},
    history::{Bounds, FlowIdentity, History},
    matrix::Rule,
    observed::{Flow, MOST_UNPROVEN, Observed, RememberedSides, Unproven},
    output::{detail, say},
    report::{ListingBounds, Report},
    sink::metrics::{self, Health},
};

/// The longest time between two writes of the report to disk; what changed is written at once.
const REPORT_AGE: SignedDuration = SignedDuration::from_mins(1);

/// What a session counted until a turn, and what it is to be compared with.
pub(super) struct Turn {
    pub(super) configuration: Arc<Configuration>,
    pub(super) policy: Policy,
    /// With the flows and the gaps that the session knows, which are those of this run.
    pub(super) observed: Observed,
    /// Flows that the session has just let go of, if it has looked for those.
    pub(super) retired: Option<Vec<Flow>>,
    pub(super) drains: Drains,
    /// Whether the configuration that was read last is the one in use.
    pub(super) is_configured: bool,
    /// Nothing comes after it.
    pub(super) is_last: bool,
}

/// How much there is to complain about after a turn.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Findings {
    violations: usize,
    warnings: usize,
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            violations,
            warnings,
        } = self;
        write!(f, "violations: {violations}, warnings: {warnings}")
    }
}

/// All that a watch knows beside its session.
pub(super) struct Judge {
    settings: WatchSettings,
    /// The one of the last turn.
    configuration: Arc<Configuration>,
    history: History,
    /// Flows that the history forgot because anybody could have made them up.
    forgotten: Unproven,
    alerts: Alerts,
    /// The findings that were not told yet in the last turn.
    held_back: usize,
    uncounted: UncountedGaps,
    journal: Journal,
    threads: ThreadSpawner,
    outbox: Outbox,
    /// Where this host publishes to its fleet, if it is in one.
    publisher: Option<Publisher>,
    /// Keeps what was pushed and is in use.
    keeper: Keeper,
    published: Published,
    metrics_file: Option<MetricsFile>,
    n_turns: u64,
    last_turn: Timestamp,
    /// The report that was written last, and when.
    written: Option<(Timestamp, Arc<Report>)>,
}

impl Judge {
    /// The files that it changes: its state, and metrics.
    pub(super) fn files(&self) -> Files {
        let mut files = Files::beside(&self.journal.state().database());
        files.and_beside(self.settings.metrics_file.as_deref());
        files
    }

    /// Continues from the state on disk; the run begins at `now`, on a host of this name.
    pub(super) fn resume(
        settings: WatchSettings,
        configuration: Arc<Configuration>,
        mut state: State,
        (now, host): (Timestamp, &str),
        threads: ThreadSpawner,
        published: Published,
    ) -> Self {
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
        let mut alerts = Alerts::default();
        for finding in findings {
            alerts.resume(finding);
        }
        let outbox = Outbox::begin(
            &threads,
            &configuration.sinks,
            &state.database(),
            host,
            &published,
        );
        let publisher = configuration.fleet();
        let publisher = publisher.map(|section| Publisher::begin(&threads, section));
        let metrics_file = settings.metrics_file.clone().map(MetricsFile::new);
        let keeper = Keeper::new(state.directory().to_owned());
        let mut judge = Self {
            metrics_file,
            settings,
            configuration,
            history,
            forgotten: Unproven::default(),
            alerts,
            held_back: 0,
            uncounted: UncountedGaps::default(),
            journal: Journal::new(&threads, state, salvaged),
            threads,
            outbox,
            publisher,
            keeper,
            published,
            n_turns: 0,
            last_turn: now,
            written: None,
        };
        judge
            .journal
            .save(&mut judge.history, None, &[], &judge.outbox);
        judge
    }

    /// Who asked whom, as earlier runs had it.
    pub(super) fn sides(&self) -> RememberedSides {
        self.history.sides()
    }

    /// Judges a turn.
    ///
    /// # Errors
    ///
    /// The report can't be written.
    pub(super) fn turn(&mut self, mut turn: Turn) -> anyhow::Result<Findings> {
        let now = turn.observed.window.end;
        self.n_turns += 1;
        self.follow(&turn);
        self.keeper.keep(self.configuration.pushed());
        let dates = turn.observed.dates.clone();
        self.history.date_by(&dates);
        let corrections = self.remember(&mut turn, now);
        self.recall(&mut turn.observed, now);
        // Events are told by flows that are listed, so what is alike is not left out here.
        let bounds = ListingBounds {
            most_flows: self.settings.report_flows,
            ..ListingBounds::NONE
        };
        let seen = self.seen(&turn.observed);
        let report = self
            .configuration
            .report_within(turn.policy, turn.observed, bounds);
        let mut events = self.alerts.update(&report, now, &corrections);
        for event in &mut events {
            event.at = dates.of(event.at);
        }
        for event in &events {
            event_line::say_event(event, self.settings.event_format);
        }
        self.say_held_back();
        let dated = |open: OpenFinding| OpenFinding {
            since: dates.of(open.since),
            ..open
        };
        let findings: Vec<OpenFinding> = self.alerts.open().map(dated).collect();
        self.journal
            .save(&mut self.history, Some(&findings), &events, &self.outbox);
        if let (Some(publisher), Some(seen)) = (&self.publisher, seen) {
            publisher.publish(seen.judged(&report, self.configuration.digests()));
        }
        let report = Arc::new(report);
        let is_due = self.written.as_ref().is_none_or(|(at, written)| {
            REPORT_AGE <= now.duration_since(*at) || report.is_news_to(written)
        });
        if is_due || turn.is_last {
            self.journal.write_report(&report)?;
            self.written = Some((now, Arc::clone(&report)));
        }
        self.last_turn = now;
        let health = Health {
            judgements: self.n_turns,
            drains: turn.drains.count,
            fullest: turn.drains.fullest,
            limit: self.settings.capture.flows,
            flows: self.history.len(),
            held_back: self.held_back,
            is_saved: !self.journal.is_failing,
            is_configured: turn.is_configured,
            tells: None,
            is_readable: None,
            process: process_use::look(),
            sinks: self.outbox.health(),
        };
        if let Some(file) = &mut self.metrics_file {
            // Whoever collects it has processes of his own under their names.
            let text = metrics::render_own(Some(&report), None, &health)?;
            file.write(&metrics::as_text(&text));
        }
        let found = Findings {
            violations: report.summary.violations,
            warnings: report.summary.warnings,
        };
        detail(|| {
            format!(
                "auditor: turn {}: {} flows in the window, {} remembered, {} drains; {found}",
                self.n_turns,
                report.flows.len(),
                health.flows,
                health.drains
            )
        });
        self.published.replace(Snapshot::new(report, health));
        Ok(found)
    }

    /// Goes over to the configuration of this turn.
    fn follow(&mut self, turn: &Turn) {
        let next = &turn.configuration;
        if Arc::ptr_eq(next, &self.configuration) {
            return;
        }
        if !next.has_same_sinks_as(&self.configuration) {
            let database = self.journal.state().database();
            let host = &turn.observed.host.name;
            let (threads, published) = (&self.threads, &self.published);
            self.outbox =
                Outbox::begin(threads, &next.sinks, &database, host, published).after(&self.outbox);
        }
        let section = next.fleet();
        let is_same = self
            .publisher
            .as_ref()
            .is_some_and(|one| one.is_of(section));
        if !is_same {
            self.publisher = section.map(|section| Publisher::begin(&self.threads, section));
        }
        self.configuration = Arc::clone(next);
        // The report on disk may say more than is wanted now.
        self.written = None;
    }

    /// What is published of a turn.
    fn seen(&self, observed: &Observed) -> Option<Seen> {
        let section = self.configuration.fleet()?;
        let directory = self.journal.state().directory();
        Some(Seen::of(observed, section, directory))
    }

    /// Takes what the session counted into the history. Returns the flows that were taken for others until now, each with what
    /// it is.
    fn remember(&mut self, turn: &mut Turn, now: Timestamp) -> Vec<(Subject, Subject)> {
        let observed = &mut turn.observed;
        let corrections = self
            .history
            .update(std::mem::take(&mut observed.flows), now);
        if let Some(retired) = turn.retired.take() {
            self.history.retire(retired);
            let bounds = Bounds {
                age: self.settings.keep,
                flows: self.settings.keep_flows,
                unproven: MOST_UNPROVEN,
            };
            let invited = turn.policy.invited();
            let forgotten = self.history.forget(bounds, &invited);
            self.journal.forget(forgotten.keys);
            for flow in &forgotten.unproven {
                self.forgotten.add_flow(flow, Some(&invited));
            }
        }
        let of_history = self.forgotten.total();
        if of_history != Tally::default() {
            *observed.without_flow.entry(Reason::Unproven).or_default() += of_history;
            observed.unproven.add_all(&self.forgotten);
        }
        self.history.keep_gaps(&observed.gaps);
        let uncounted = self
            .uncounted
            .update(&observed.without_flow, self.last_turn, now);
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

    /// Adds what is remembered to what the session observed.
    fn recall(&self, observed: &mut Observed, now: Timestamp) {
        let (start, window) = (observed.window.start, observed.window.planned);
        let reach = now
            .checked_sub(self.configuration.reach(window))
            .unwrap_or(now);
        observed.window.since = self.history.since().unwrap_or(now);
        observed.flows = self.flows(start, reach);
        observed.gaps = self.history.gaps(reach.min(start));
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
}
