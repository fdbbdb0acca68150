//! Judges a fleet for ever: says what changes, sends it to sinks, and shows it.

use std::{path::PathBuf, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::time::MissedTickBehavior;

use super::{
    super::{
        beginning::{self, Beginning, Watcher},
        clock,
        configuration::{Configuration, PolicySources},
        configuration_source::ConfigurationSource,
        confinement::{self, Programs},
        daemon::journal::Journal,
        event_line,
        http::{Published, Snapshot},
        names::HostNames,
        nats::{Nats, Seen},
        outbox::Outbox,
        process_use,
        pushed::Keeper,
        service_manager::ServiceManager,
        settings::{EventFormat, Lifetime},
        signals::{Control, Signals},
        state::{Found, State},
        threads::ThreadSpawner,
    },
    Heard,
    membership::{Membership, Turn},
    renewal::Renewal,
    runtime, section,
    trouble::finding,
};
use crate::{
    alert::{Alerts, Event, OpenFinding},
    fleet::{schema::FleetReport, told},
    history::History,
    output::{say, warn},
    report::Judged,
    sink::{NamedSink, metrics::Health},
};

/// What `auditor fleet watch` does.
#[derive(Clone, Debug)]
pub(crate) struct FleetWatchSettings {
    pub(crate) sources: PolicySources,
    pub(crate) window: Option<SignedDuration>,
    /// How often the fleet is judged.
    pub(crate) every: SignedDuration,
    pub(crate) state: PathBuf,
    pub(crate) event_format: EventFormat,
    /// The group of watches of which one tells what is found.
    pub(crate) group: Option<String>,
}

/// Judges the fleet until a signal ends that. Servers that are away, and a turn that fails, are said and tried again.
///
/// # Errors
///
/// The configuration has no `[fleet]`, or the state directory can't be used.
pub(crate) fn run(
    settings: FleetWatchSettings,
    own: Configuration,
    published: Published,
) -> anyhow::Result<()> {
    section(&own)?;
    let threads = ThreadSpawner::begin();
    runtime()?.block_on(async {
        let watcher = Watcher {
            files: &settings.sources,
            state: &settings.state,
            threads: &threads,
            host: None,
            check: &check,
        };
        let Some(beginning) = beginning::begin(own, &watcher).await? else {
            return Ok(());
        };
        let state = State::open(&settings.state, clock::wall())?;
        let deployment = beginning.configuration.deployment.as_ref();
        let names = HostNames::look_up(deployment).await;
        let mut signals = Signals::listen(Lifetime::Daemon)?;
        let mut turns = tokio::time::interval(settings.every.unsigned_abs());
        turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut watch = Watch::resume(settings, beginning, names, state, threads, published);
        say("auditor: watching the fleet");
        let mut service_manager = ServiceManager::of_environment();
        confinement::begin(Programs::None);
        service_manager.ready("watching the fleet");
        loop {
            service_manager.goes_on(clock::monotonic());
            tokio::select! {
                () = pause(service_manager.every()) => {}
                _ = turns.tick() => {
                    watch.turn().await;
                    service_manager.does(&watch.in_words());
                }
                control = signals.wait() => match control {
                    Control::Stop => {
                        service_manager.stops();
                        watch.hand_over().await;
                        return Ok(());
                    }
                    Control::Reload => {
                        service_manager.reloads();
                        watch.reload().await;
                        service_manager.ready(&watch.in_words());
                    }
                },
            }
        }
    })
}

/// Waits for so long, or for ever.
async fn pause(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}

/// All that such a watch knows.
struct Watch {
    settings: FleetWatchSettings,
    configuration: Configuration,
    source: ConfigurationSource,
    /// What was seen of what is pushed.
    seen: Seen,
    keeper: Keeper,
    names: HostNames,
    nats: Option<Nats>,
    heard: Heard,
    alerts: Alerts,
    history: History,
    journal: Journal,
    outbox: Outbox,
    threads: ThreadSpawner,
    membership: Option<Membership>,
    published: Published,
    /// Since when the servers can be heard.
    heard_since: Option<Timestamp>,
    renewal: Renewal,
    is_failing: bool,
    n_turns: u64,
    /// What the last report says, in a few words.
    found: String,
}

/// The name under which sinks know the fleet.
const NAME: &str = "fleet";
/// Servers that do not answer for so long are tried in the next turn.
const TIMEOUT: Duration = Duration::from_mins(1);

impl Watch {
    fn resume(
        settings: FleetWatchSettings,
        beginning: Beginning,
        names: HostNames,
        mut state: State,
        threads: ThreadSpawner,
        published: Published,
    ) -> Self {
        let Found {
            mut history,
            findings,
            damage,
            salvaged,
        } = std::mem::take(&mut state.found);
        let Beginning {
            configuration,
            source,
            // It asks the servers itself, with what hosts say.
            follower: _,
        } = beginning;
        history.begin(clock::wall());
        if let Some(problem) = damage {
            history.note_damage(&problem);
        }
        let mut alerts = Alerts::default();
        for finding in findings {
            alerts.resume(finding);
        }
        let membership = settings
            .group
            .clone()
            .map(|group| Membership::new(group, &settings.state, settings.every));
        // In a group, what waits on disk may have been delivered by another one.
        let sinks = if membership.is_none() {
            configuration.sinks.as_slice()
        } else {
            &[]
        };
        let outbox = Outbox::begin(&threads, sinks, &state.database(), NAME, &published);
        Self {
            keeper: Keeper::new(state.directory().to_owned()),
            settings,
            configuration,
            source,
            seen: Seen::default(),
            names,
            nats: None,
            heard: Heard::default(),
            alerts,
            history,
            journal: Journal::new(&threads, state, salvaged),
            outbox,
            threads,
            membership,
            published,
            heard_since: None,
            renewal: Renewal::default(),
            is_failing: false,
            n_turns: 0,
            found: String::new(),
        }
    }

    /// What it does, in a few words.
    fn in_words(&self) -> String {
        let mut words = "watching the fleet".to_owned();
        if self.is_failing {
            words.push_str(", which can't be read now");
        }
        words.push_str(&self.found);
        if let Some(trouble) = self.source.trouble() {
            words = format!("{words}; {trouble}");
        }
        words
    }

    /// Reads and judges the fleet once.
    async fn turn(&mut self) {
        let judged = match tokio::time::timeout(TIMEOUT, self.listen()).await {
            Ok(Ok(())) => {
                let (heard, now) = (&self.heard, clock::monotonic());
                if !self.renewal.is_whole(&heard.state, heard.made(), now) {
                    // Whoever spoke to the stream before is not silent yet.
                    self.heard_since = None;
                    return;
                }
                let since = *self.heard_since.get_or_insert_with(clock::wall);
                let window = self.configuration.window(self.settings.window);
                heard.judge(&self.configuration, &self.names, window, Some(since))
            }
            Ok(Err(error)) => Err(error),
            Err(_elapsed) => Err(anyhow::anyhow!("the servers do not answer")),
        };
        let told = match judged {
            Ok((report, judged)) => self.tell(report, &judged).await,
            Err(error) => Err(error),
        };
        match told {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    say("auditor: the fleet can be read again");
                }
            }
            Err(error) => {
                // Whoever was not heard meanwhile is not silent.
                self.heard_since = None;
                self.nats = None;
                self.published
                    .replace_health(|health| health.is_readable = Some(false));
                if let Some(membership) = &mut self.membership {
                    membership.forget_connection();
                }
                if !std::mem::replace(&mut self.is_failing, true) {
                    warn(&format!(
                        "auditor: the fleet can't be read: {error:#}; it is tried again, and what was found stays as it is"
                    ));
                }
            }
        }
    }

    /// Reads what hosts said since it was read last.
    async fn listen(&mut self) -> anyhow::Result<()> {
        let nats = match self.nats.take() {
            Some(nats) => nats,
            None => Nats::connect(section(&self.configuration)?, None).await?,
        };
        let heard = self.heard.listen(&nats).await;
        // After that: what hosts say they compare with is no later than this.
        let followed = match heard {
            Ok(()) => self.follow_pushed(&nats).await,
            Err(error) => Err(error.into()),
        };
        self.nats = Some(nats);
        followed
    }

    /// Goes over to what is pushed now, where that is taken.
    async fn follow_pushed(&mut self, nats: &Nats) -> anyhow::Result<()> {
        if self.source.followed(&self.configuration).is_none() {
            return Ok(());
        }
        if let Some(last) = nats.configuration(&mut self.seen).await?
            && let Some((next, ())) = self.source.read_pushed(&Arc::new(last), &check)
        {
            self.take_over(next).await;
        }
        self.keeper.keep(self.configuration.pushed());
        Ok(())
    }

    /// Tells what changed, if that is this watch's part, saves it, and shows the report.
    async fn tell(&mut self, fleet: FleetReport, judged: &Judged) -> anyhow::Result<()> {
        self.n_turns += 1;
        let report = told(judged, &fleet);
        if self.may_tell().await? {
            let hosts = fleet.hosts.iter().filter_map(finding).collect();
            let before = self.membership.is_some().then(|| self.alerts.clone());
            let events = self.alerts.update_with(&report, hosts, clock::wall(), &[]);
            let kept = self.keep(&events).await;
            match (kept, before) {
                (Ok(true), _) | (Ok(false), None) => self.told(&events).await?,
                // Nothing of it was told, so it is as it was.
                (Ok(false), Some(before)) => {
                    self.alerts = before;
                    self.stand_by();
                }
                (Err(error), before) => {
                    self.alerts = before.unwrap_or_default();
                    return Err(error);
                }
            }
        }
        let health = Health {
            judgements: self.n_turns,
            held_back: self.alerts.held_back(),
            is_saved: !self.journal.is_failing,
            is_configured: self.source.trouble().is_none(),
            sinks: self.outbox.health(),
            process: process_use::look(),
            tells: self.membership.as_ref().map(Membership::is_telling),
            is_readable: Some(true),
            ..Health::default()
        };
        self.found = format!(
            "; hosts: {}, violations: {}, warnings: {}",
            fleet.hosts.len(),
            report.summary.violations,
            report.summary.warnings
        );
        let snapshot = Snapshot::of_fleet(Arc::new(report), Arc::new(fleet), health);
        self.published.replace(snapshot);
        Ok(())
    }

    /// Whether it is this watch's part to tell what is found; where it begins to be, it goes on from what others told.
    async fn may_tell(&mut self) -> anyhow::Result<bool> {
        let (Some(membership), Some(nats)) = (&mut self.membership, &self.nats) else {
            return Ok(true);
        };
        match membership.turn(nats).await? {
            Turn::Tell => Ok(true),
            Turn::StandBy => {
                self.stand_by();
                Ok(false)
            }
            Turn::Begin(handover) => {
                if let Some(handover) = handover {
                    let mut alerts = Alerts::default();
                    for finding in handover.open()? {
                        alerts.resume(finding);
                    }
                    self.alerts = alerts;
                    let sinks = self.configuration.sinks.iter();
                    let sinks: Vec<&str> = sinks.map(|sink| sink.name.as_str()).collect();
                    self.journal.forget_waiting(&sinks)?;
                    self.journal.redeliver(handover.undelivered());
                }
                self.begin_outbox();
                Ok(true)
            }
        }
    }

    /// Keeps what is told for the others of the group, before it is told.
    async fn keep(&mut self, events: &[Event]) -> anyhow::Result<bool> {
        let (Some(membership), Some(nats)) = (&mut self.membership, &self.nats) else {
            return Ok(true);
        };
        let journal = &self.journal;
        let waiting = |sink: &str| journal.waiting(sink);
        let sinks = &self.configuration.sinks;
        let kept = membership
            .keep(nats, &self.alerts, events, &waiting, sinks)
            .await?;
        Ok(kept)
    }

    /// Tells events, and saves what is so.
    async fn told(&mut self, events: &[Event]) -> anyhow::Result<()> {
        for event in events {
            event_line::say_event(event, self.settings.event_format);
        }
        let findings: Vec<OpenFinding> = self.alerts.open().collect();
        self.journal
            .save(&mut self.history, Some(&findings), events, &self.outbox);
        if self.membership.is_some() && !events.is_empty() {
            Membership::delivered(&self.journal, &self.configuration.sinks).await;
            // Where another one has taken over meanwhile, the next turn notices.
            self.keep(&[]).await?;
        }
        Ok(())
    }

    fn begin_outbox(&mut self) {
        self.deliver_to(&self.configuration.sinks.clone());
    }

    /// Another one delivers what waits.
    fn stand_by(&mut self) {
        self.deliver_to(&[]);
    }

    fn deliver_to(&mut self, sinks: &[NamedSink]) {
        let database = self.journal.state().database();
        self.outbox = Outbox::begin(&self.threads, sinks, &database, NAME, &self.published)
            .after(&self.outbox);
    }

    /// Lets another one of the group take over at once.
    async fn hand_over(&mut self) {
        let (Some(membership), Some(nats)) = (&mut self.membership, &self.nats) else {
            return;
        };
        if !membership.is_telling() {
            return;
        }
        let sinks = &self.configuration.sinks;
        Membership::delivered(&self.journal, sinks).await;
        let (threads, database) = (&self.threads, self.journal.state().database());
        self.outbox =
            Outbox::begin(threads, &[], &database, NAME, &self.published).after(&self.outbox);
        let journal = &self.journal;
        let waiting = |sink: &str| journal.waiting(sink);
        // Where that fails, another one takes over a little later.
        let _later = membership
            .hand_over(nats, &self.alerts, &waiting, sinks)
            .await;
    }

    /// Reads the configuration again: all of it takes effect, or none.
    async fn reload(&mut self) {
        if let Some((next, ())) = self.source.read_files(&check) {
            // They may be those of another fleet.
            self.nats = None;
            self.heard = Heard::default();
            self.take_over(next).await;
        }
    }

    async fn take_over(&mut self, next: Configuration) {
        let has_other_sinks = !next.has_same_sinks_as(&self.configuration);
        self.names = HostNames::look_up(next.deployment.as_ref()).await;
        let of = next
            .pushed()
            .map_or_else(String::new, |pushed| format!(": {}", pushed.text()));
        self.configuration = next;
        let membership = &mut self.membership;
        let tells = membership.as_ref().is_none_or(Membership::is_telling);
        if let Some(membership) = membership {
            membership.forget_connection();
        }
        if has_other_sinks && tells {
            self.begin_outbox();
        }
        say(&format!(
            "auditor: the configuration was read again, and is in use{of}"
        ));
    }
}

/// Whether a configuration is one of a fleet, and its rules can be judged.
fn check(configuration: &Configuration) -> anyhow::Result<()> {
    section(configuration)?;
    configuration.check_roles()
}
