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

use super::{clock, threads::ThreadSpawner};
use crate::{
    alert::{Event, EventError, EventJson},
    history::{Store, StoreError},
    output::say,
    sink::{Delivery, NamedSink, SinkError, metrics::SinkHealth},
};

/// How long to wait after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// How long to wait for events before checking whether a sink is to be sent its open findings again.
const IDLE: Duration = Duration::from_mins(1);
/// Events that are read from the database at once.
const BATCH: u32 = 64;

/// The sinks of a watch; dropping it ends their threads.
pub(crate) struct Outbox {
    health: Arc<Mutex<BTreeMap<String, SinkHealth>>>,
    wake: Vec<Sender<()>>,
    names: Vec<String>,
}

impl Outbox {
    /// Starts a thread for each sink that delivers its events from the database.
    pub(crate) fn begin(
        threads: &ThreadSpawner,
        sinks: &[NamedSink],
        database: &Path,
        host: &str,
    ) -> Self {
        let health = Arc::new(Mutex::new(BTreeMap::new()));
        let mut wake = Vec::new();
        for sink in sinks {
            lock(&health).insert(sink.name.clone(), SinkHealth::default());
            let (send, receive) = mpsc::channel();
            wake.push(send);
            let worker = Worker {
                sink: sink.clone(),
                database: database.to_owned(),
                host: host.to_owned(),
                health: Arc::clone(&health),
                is_failing: false,
            };
            threads.spawn(move || worker.run(&receive));
        }
        Self {
            health,
            wake,
            names: sinks.iter().map(|sink| sink.name.clone()).collect(),
        }
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

    pub(crate) fn health(&self) -> BTreeMap<String, SinkHealth> {
        lock(&self.health).clone()
    }
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
    health: Arc<Mutex<BTreeMap<String, SinkHealth>>>,
    is_failing: bool,
}

impl Worker {
    fn run(mut self, wake: &mpsc::Receiver<()>) {
        let store = match Store::open(&self.database) {
            Ok(store) => store,
            Err(error) => {
                say(&format!("auditor: sink {}: {error}", self.sink.name));
                return;
            }
        };
        let mut pause = FIRST_PAUSE;
        // `None`, so that open findings are sent at once: they may be from an earlier run.
        let mut refreshed: Option<Instant> = None;
        loop {
            let result = self.turn(&store, refreshed);
            if let Ok(Some(now)) = result {
                refreshed = Some(now);
            }
            let result = result.map(|_refreshed| ());
            let next = if result.is_ok() {
                pause = FIRST_PAUSE;
                IDLE
            } else {
                let now = pause;
                pause = (2 * pause).min(LONGEST_PAUSE);
                now
            };
            self.report(result);
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

    /// Delivers all waiting events, then sends the open findings if they are due; returns when it did so.
    fn turn(
        &self,
        store: &Store,
        refreshed: Option<Instant>,
    ) -> Result<Option<Instant>, DeliveryError> {
        loop {
            let (waiting, count) = store.waiting(&self.sink.name, BATCH)?;
            self.change(|health| health.waiting = count);
            if waiting.is_empty() {
                break;
            }
            self.batch(store, &waiting)?;
        }
        let sink = &self.sink.sink;
        let is_due = sink
            .refresh_interval()
            .is_some_and(|interval| refreshed.is_none_or(|last| interval <= clock::since(last)));
        if !is_due {
            return Ok(None);
        }
        let open = store.findings()?;
        let now = Timestamp::from_second(store.now()?).unwrap_or_default();
        sink.refresh(&self.host, &open, now)?;
        Ok(Some(clock::monotonic()))
    }

    fn batch(&self, store: &Store, waiting: &[(i64, String)]) -> Result<(), DeliveryError> {
        let mut events: Vec<(i64, Event)> = Vec::new();
        for (id, text) in waiting {
            // An event that can't be read, as from another version, is skipped so that it does not hold up the others.
            match event(text) {
                Ok(event) => events.push((*id, event)),
                Err(error) => say(&format!(
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
                    host: &self.host,
                    event,
                })
                .collect();
            match self.sink.sink.deliver(&deliveries) {
                Ok(()) => {}
                Err(error) if error.is_final() => {
                    say(&format!(
                        "auditor: sink {} does not want {} events, which are left out: {error}",
                        self.sink.name,
                        part.len()
                    ));
                    self.change(|health| health.errors += 1);
                }
                Err(error) => return Err(error.into()),
            }
            if let Some((last, _)) = part.last() {
                store.delivered(&self.sink.name, *last)?;
                let count = u64::try_from(part.len()).unwrap_or_default();
                self.change(|health| {
                    health.delivered += count;
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
                    say(&format!(
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
