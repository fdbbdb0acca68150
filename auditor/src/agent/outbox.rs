//! Delivers events from disk to sinks: a thread for each, so that a slow, misconfigured or unreachable sink delays no other.
//! Events are kept until they are delivered, in order, at least once.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError, Sender},
    },
    time::Duration,
};

use jiff::Timestamp;
use thiserror::Error;
use tokio::time::Instant;

use super::{
    backoff::Backoff,
    checker::{Damage, FileIdentity},
    clock,
    confinement::Files,
    http::Published,
    threads::ThreadSpawner,
};
use crate::{
    alert::{Event, EventError, EventJson},
    history::{Store, StoreError},
    output::{say, warn},
    sink::{Delivery, NamedSink, SinkError, Watcher, metrics::SinkHealth},
};

/// How long to wait for events before checking whether a sink is to be sent its open findings again.
const IDLE: Duration = Duration::from_mins(1);
/// How long to wait for the first metrics.
const SOON: Duration = Duration::from_secs(1);
/// Events that are read from the database at once.
const BATCH: u32 = 64;

/// The sinks of a watch; dropping it ends their threads.
pub(crate) struct Outbox {
    damage: Damage,
    health: Arc<Mutex<BTreeMap<String, SinkHealth>>>,
    wake: Vec<Sender<()>>,
    names: Vec<String>,
    /// What sinks of the same names had counted before.
    before: BTreeMap<String, SinkHealth>,
}

impl Outbox {
    /// Starts a thread for each sink that delivers its events from the database, and what is shown as metrics.
    pub(crate) fn begin(
        threads: &ThreadSpawner,
        sinks: &[NamedSink],
        database: &Path,
        host: &str,
        published: &Published,
    ) -> Self {
        let health = Arc::new(Mutex::new(BTreeMap::new()));
        let damage = Damage::default();
        let mut wake = Vec::new();
        for sink in sinks {
            lock(&health).insert(sink.name.clone(), SinkHealth::default());
            let (send, receive) = mpsc::channel();
            wake.push(send);
            let worker = Worker {
                sink: sink.clone(),
                database: database.to_owned(),
                host: host.to_owned(),
                watch: state_of(database),
                health: Arc::clone(&health),
                damage: damage.clone(),
                is_failing: false,
                pause: Backoff::new(),
                refreshed: None,
                published: published.clone(),
                measured: None,
                is_failing_metrics: false,
            };
            let mut files = Files::beside(database);
            files.and_beside(sink.sink.file());
            threads.spawn(files, move || worker.run(&receive));
        }
        Self {
            damage,
            health,
            wake,
            names: sinks.iter().map(|sink| sink.name.clone()).collect(),
            before: BTreeMap::new(),
        }
    }

    /// In the place of an earlier one: what is counted of a sink goes on.
    pub(crate) fn after(mut self, earlier: &Self) -> Self {
        self.before.clone_from(&earlier.before);
        for (name, health) in lock(&earlier.health).iter() {
            self.before.entry(name.clone()).or_default().count(*health);
        }
        self
    }

    /// What is to be put on disk for the sinks: for each event and sink, the sink's name and the event's JSON.
    pub(crate) fn addressed(&self, events: &[Event]) -> Vec<(String, String)> {
        let mut addressed = Vec::new();
        for event in events {
            // It does not fail, since an event holds text and times only.
            let Ok(text) = serde_json::to_string(&EventJson::from(event)) else {
                continue;
            };
            addressed.extend(self.names.iter().map(|name| (name.clone(), text.clone())));
        }
        addressed
    }

    /// Wakes the threads, because events were put on disk.
    pub(crate) fn wake(&self) {
        for wake in &self.wake {
            // A thread that has ended has already reported why.
            let _ended = wake.send(());
        }
    }

    /// What is wrong with the database, which is this file now, as a sink's thread found it; once.
    pub(crate) fn take_damage(&self, file: Option<FileIdentity>) -> Option<String> {
        self.damage.take(file)
    }

    pub(crate) fn health(&self) -> BTreeMap<String, SinkHealth> {
        let mut all = lock(&self.health).clone();
        for (name, health) in &mut all {
            health.count(self.before.get(name).copied().unwrap_or_default());
        }
        all
    }
}

/// The directory of a database, wherever this process was started.
fn state_of(database: &Path) -> String {
    let path = std::path::absolute(database).unwrap_or_else(|_| database.to_owned());
    path.parent().unwrap_or(&path).display().to_string()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Why delivery stopped.
#[derive(Debug, Error)]
enum DeliveryError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Sink(#[from] SinkError),
}

/// One sink, on its thread.
struct Worker {
    sink: NamedSink,
    database: PathBuf,
    host: String,
    /// Where the state is that the database is a part of.
    watch: String,
    health: Arc<Mutex<BTreeMap<String, SinkHealth>>>,
    damage: Damage,
    is_failing: bool,
    pause: Backoff,
    /// When the open findings were last sent; `None` at first, so that they are sent at once: they may be from an earlier run.
    refreshed: Option<Instant>,
    /// What is shown as metrics.
    published: Published,
    /// When metrics were last sent.
    measured: Option<Instant>,
    is_failing_metrics: bool,
}

impl Worker {
    fn run(mut self, wake: &mpsc::Receiver<()>) {
        loop {
            let next = self.step();
            // A failing sink is not tried again before its pause is over, even if new events arrive.
            let until = clock::monotonic() + next;
            loop {
                let left = until.saturating_duration_since(clock::monotonic());
                match wake.recv_timeout(left) {
                    Ok(()) if self.is_failing && !left.is_zero() => {}
                    Ok(()) | Err(RecvTimeoutError::Timeout) => break,
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
        }
    }

    fn watcher(&self) -> Watcher<'_> {
        Watcher {
            host: &self.host,
            watch: &self.watch,
        }
    }

    /// Delivers what waits, and returns how long to wait until the next time.
    fn step(&mut self) -> Duration {
        // The database may be another file than the last time: a damaged one is set aside.
        let file = FileIdentity::of(&self.database);
        let store = Store::join(&self.database).map_err(DeliveryError::from);
        let result = store.and_then(|store| self.turn(&store));
        if let Err(DeliveryError::Store(problem)) = &result {
            self.damage.note(file, problem);
        }
        let is_done = result.is_ok();
        self.report(result);
        if is_done {
            self.pause.reset();
            self.measure();
            return self.until_measured();
        }
        self.pause.after_failure()
    }

    /// Sends metrics if they are due. What fails of them delays no event, and is not tried again before the next time.
    fn measure(&mut self) {
        if self.measured.is_some() && !self.until_measured().is_zero() {
            return;
        }
        let sink = &self.sink.sink;
        let Some(interval) = sink.metrics_interval() else {
            return;
        };
        // Before the first turn there is nothing to show.
        let Some(measured) = self.published.measured() else {
            return;
        };
        self.measured = Some(clock::monotonic());
        let name = &self.sink.name;
        match sink.send_metrics(self.watcher(), &measured) {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing_metrics) {
                    say(&format!("auditor: sink {name} takes metrics again"));
                }
            }
            Err(problem) => {
                if !self.is_failing_metrics {
                    warn(&format!(
                        "auditor: sink {name}: metrics: {problem}; the next ones are sent in {interval:?}"
                    ));
                }
                self.is_failing_metrics = true;
                self.change(|health| health.errors += 1);
            }
        }
    }

    /// How long to wait until metrics are due, at most as long as for events.
    fn until_measured(&self) -> Duration {
        match (self.sink.sink.metrics_interval(), self.measured) {
            (None, _) => IDLE,
            (Some(_), None) => SOON,
            (Some(interval), Some(last)) => interval.saturating_sub(clock::since(last)).min(IDLE),
        }
    }

    /// Delivers all waiting events, then sends the open findings if they are due.
    fn turn(&mut self, store: &Store) -> Result<(), DeliveryError> {
        loop {
            let (waiting, count) = store.waiting(&self.sink.name, BATCH)?;
            self.change(|health| health.waiting = count);
            if waiting.is_empty() {
                break;
            }
            self.batch(store, &waiting)?;
        }
        let sink = &self.sink.sink;
        let is_due = sink.refresh_interval().is_some_and(|interval| {
            self.refreshed
                .is_none_or(|last| interval <= clock::since(last))
        });
        if !is_due {
            return Ok(());
        }
        let open = store.findings()?;
        let now = Timestamp::from_second(store.now()?).unwrap_or_default();
        sink.refresh(self.watcher(), &open, now)?;
        self.refreshed = Some(clock::monotonic());
        Ok(())
    }

    fn batch(&mut self, store: &Store, waiting: &[(i64, String)]) -> Result<(), DeliveryError> {
        let mut events: Vec<(i64, Event)> = Vec::new();
        for (id, text) in waiting {
            // An event that can't be read, as from another version, is skipped so that it does not hold up the others.
            match event(text) {
                Ok(event) => events.push((*id, event)),
                Err(error) => warn(&format!(
                    "auditor: sink {}: event {id} of the table outbox can't be read, and is left out: {error}",
                    self.sink.name
                )),
            }
        }
        let last_of_all = waiting.last().map_or(0, |(id, _)| *id);
        for part in events.chunks(self.sink.sink.most_at_once().max(1)) {
            let deliveries: Vec<Delivery<'_>> = part
                .iter()
                .map(|(_, event)| Delivery {
                    from: self.watcher(),
                    event,
                })
                .collect();
            let count = u64::try_from(part.len()).unwrap_or_default();
            let left_out = match self.sink.sink.deliver(&deliveries) {
                Ok(()) => 0,
                Err(error) if error.is_final() => {
                    let left_out = error.rejected().unwrap_or(count).min(count);
                    warn(&format!(
                        "auditor: sink {} does not want {left_out} events, which are left out: {error}",
                        self.sink.name
                    ));
                    self.change(|health| health.errors += 1);
                    left_out
                }
                Err(error) => return Err(error.into()),
            };
            // A sink that fails now and then is not one that is away.
            self.pause.reset();
            if let Some((last, _)) = part.last() {
                store.delivered(&self.sink.name, *last)?;
                self.change(|health| {
                    health.delivered += count - left_out;
                    health.waiting = health.waiting.saturating_sub(count);
                });
            }
        }
        store.delivered(&self.sink.name, last_of_all)?;
        Ok(())
    }

    fn change(&self, change: impl FnOnce(&mut SinkHealth)) {
        change(
            lock(&self.health)
                .entry(self.sink.name.clone())
                .or_default(),
        );
    }

    /// Reports once that a sink fails, and once that it works again.
    fn report(&mut self, result: Result<(), DeliveryError>) {
        match result {
            Ok(()) => {
                if std::mem::take(&mut self.is_failing) {
                    say(&format!("auditor: sink {} works again", self.sink.name));
                }
            }
            Err(problem) => {
                self.change(|health| health.errors += 1);
                if !std::mem::replace(&mut self.is_failing, true) {
                    warn(&format!(
                        "auditor: sink {}: {problem}; what waits for it is kept, and tried again",
                        self.sink.name
                    ));
                }
            }
        }
    }
}

/// Why a waiting event can't be read.
#[derive(Debug, Error)]
enum WaitingError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Event(#[from] EventError),
}

/// Parses a waiting event.
fn event(text: &str) -> Result<Event, WaitingError> {
    let json: EventJson = serde_json::from_str(text)?;
    Ok(json.try_into()?)
}

#[cfg(test)]
mod tests;
