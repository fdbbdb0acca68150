use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpListener,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    time::Duration,
};

use jiff::Timestamp;

use super::{IDLE, Outbox, Worker};
use crate::{
    agent::{
        backoff::Backoff,
        checker::Damage,
        http::{Published, Snapshot},
    },
    alert::{Change, Event, EventJson, Subject, Verdict},
    deployment::SinkSection,
    history::{History, Store},
    random::Random,
    report::schema::{RuleVerdict, Severity},
    sink::{
        self, Delivery, Measured, NamedSink, Sink, SinkError, Watcher,
        metrics::{Health, SinkHealth},
    },
};

/// A web server that turns requests down at random; it sends the bodies of those that it takes, and `None` for others.
fn server(failing: f64) -> (u16, mpsc::Receiver<Option<String>>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut random = Random::new(7);
        for stream in listener.incoming().flatten() {
            let mut reader = BufReader::new(stream);
            let (mut length, mut line) = (0, String::new());
            while reader.read_line(&mut line).is_ok_and(|read| 2 < read) {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let fails = random.chance(failing);
            let status = if fails { "503 Busy" } else { "200 Yes" };
            let answer =
                format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _gone = reader.into_inner().write_all(answer.as_bytes());
            let body = (!fails).then(|| String::from_utf8(body).unwrap());
            if send.send(body).is_err() {
                return;
            }
        }
    });
    (port, receive)
}

fn worker(port: u16, database: &Path) -> Worker {
    let fields = format!("url = 'http://127.0.0.1:{port}/'");
    let section = SinkSection {
        kind: "webhook".to_owned(),
        fields: fields.parse().unwrap(),
        directory: "/".into(),
        file: "a.toml".into(),
        line: 1,
        kind_line: 1,
    };
    Worker {
        sink: sink::read(&[section]).unwrap().remove(0),
        database: database.to_owned(),
        host: "host".to_owned(),
        watch: "/var/lib/auditor".to_owned(),
        health: Arc::new(Mutex::new(BTreeMap::new())),
        damage: Damage::default(),
        is_failing: false,
        pause: Backoff::new(),
        refreshed: None,
        published: Published::default(),
        measured: None,
        is_failing_metrics: false,
    }
}

/// What waits for the webhook: an event for each of these numbers.
fn waiting(numbers: std::ops::Range<usize>) -> Vec<(String, String)> {
    let event = |number: usize| Event {
        corrects: None,
        severity_before: None,
        at: Timestamp::UNIX_EPOCH,
        change: Change::Appeared,
        subject: Subject::Rule(number.to_string()),
        before: None,
        now: Some(Verdict::Rule(RuleVerdict::Missing)),
        severity: Severity::Violation,
        text: String::new(),
    };
    let text = |number| serde_json::to_string(&EventJson::from(&event(number))).unwrap();
    numbers
        .map(|number| ("webhook".to_owned(), text(number)))
        .collect()
}

#[test]
fn a_webhook_that_fails_now_and_then_gets_everything_soon_and_is_not_hammered() {
    const EVENTS: usize = 600;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let mut store = Store::open(&path).unwrap();
    let (mut history, none) = (History::default(), BTreeSet::new());
    store
        .save(&mut history, &none, None, &[], &waiting(0..EVENTS))
        .unwrap();
    let (port, receive) = server(0.3);
    let mut worker = worker(port, &path);
    let mut waited = Duration::ZERO;
    loop {
        let pause = worker.step();
        if pause == IDLE {
            break;
        }
        waited += pause;
    }
    let answers: Vec<Option<String>> = receive.try_iter().collect();
    let told: Vec<usize> = answers
        .iter()
        .flatten()
        .map(|body| {
            let body: serde_json::Value = serde_json::from_str(body).unwrap();
            body["event"]["key"].as_str().unwrap().parse().unwrap()
        })
        .collect();
    // All of them, in order, once: none was sent again because another one failed.
    assert_eq!(told, (0..EVENTS).collect::<Vec<_>>());
    let n_failed = u32::try_from(answers.len() - told.len()).unwrap();
    assert!(150 < n_failed, "{n_failed}");
    // Three minutes for what took for ever while only a queue that was empty ended the pause; five failures a second at most.
    assert!(waited < Duration::from_mins(3), "{waited:?}");
    assert!(
        n_failed * Duration::from_millis(200) <= waited,
        "{waited:?}"
    );
}

#[test]
fn a_webhook_that_is_away_is_asked_ever_more_seldom() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let mut store = Store::open(&path).unwrap();
    let (mut history, none) = (History::default(), BTreeSet::new());
    store
        .save(&mut history, &none, None, &[], &waiting(0..3))
        .unwrap();
    let (port, receive) = server(1.0);
    let mut worker = worker(port, &path);
    let waited: Duration = (0..20).map(|_| worker.step()).sum();
    assert_eq!(receive.try_iter().flatten().count(), 0);
    assert!(Duration::from_mins(20) < waited, "{waited:?}");
}

/// Rejects two events of each delivery, and all metrics.
#[derive(Debug, Default)]
struct Picky {
    n_measured: AtomicUsize,
}

impl Sink for Picky {
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError> {
        Err(SinkError::Rejected {
            rejected: 2,
            total: deliveries.len(),
            reason: "too old".to_owned(),
        })
    }

    fn metrics_interval(&self) -> Option<Duration> {
        Some(Duration::from_secs(30))
    }

    fn send_metrics(&self, _from: Watcher<'_>, measured: &Measured) -> Result<(), SinkError> {
        assert!(measured.text.contains("auditor_findings"));
        self.n_measured.fetch_add(1, Ordering::Relaxed);
        Err(SinkError::Status { status: 503 })
    }
}

#[test]
fn what_is_rejected_is_counted_and_metrics_that_fail_delay_no_event() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history.db");
    let mut store = Store::open(&path).unwrap();
    let (mut history, none) = (History::default(), BTreeSet::new());
    store
        .save(&mut history, &none, None, &[], &waiting(0..5))
        .unwrap();
    let picky = Arc::new(Picky::default());
    let mut worker = Worker {
        sink: NamedSink {
            name: "webhook".to_owned(),
            sink: Arc::<Picky>::clone(&picky),
        },
        ..worker(1, &path)
    };
    // Before the first turn there is nothing to measure.
    assert!(worker.step() < IDLE);
    let counted = |worker: &Worker| worker.health.lock().unwrap()["webhook"];
    let health = counted(&worker);
    assert_eq!((health.errors, health.delivered, health.waiting), (1, 3, 0));
    assert_eq!(picky.n_measured.load(Ordering::Relaxed), 0);
    let report = Arc::new(crate::report::tests::report());
    worker
        .published
        .replace(Snapshot::new(report, Health::default()));
    for _ in 0..2 {
        let pause = worker.step();
        assert!(Duration::from_secs(20) < pause && pause <= Duration::from_secs(30));
        assert_eq!(picky.n_measured.load(Ordering::Relaxed), 1);
        assert_eq!(counted(&worker).errors, 2);
        assert!(!worker.is_failing);
    }
}

#[test]
fn what_is_counted_of_a_sink_goes_on() {
    let outbox = |counted: &[(&str, u64)]| {
        let one = |(name, errors): &(&str, u64)| {
            let health = SinkHealth {
                errors: *errors,
                delivered: 2 * errors,
                waiting: 7,
            };
            ((*name).to_owned(), health)
        };
        Outbox {
            damage: Damage::default(),
            health: Arc::new(Mutex::new(counted.iter().map(one).collect())),
            wake: Vec::new(),
            names: Vec::new(),
            before: BTreeMap::new(),
        }
    };
    let first = outbox(&[("a", 3), ("b", 1)]);
    let second = outbox(&[("a", 1)]).after(&first);
    let third = outbox(&[("a", 0), ("b", 2)]).after(&second);
    let counted = |outbox: &Outbox| -> Vec<(u64, u64, u64)> {
        let health = outbox.health().into_values();
        health
            .map(|one| (one.errors, one.delivered, one.waiting))
            .collect()
    };
    assert_eq!(counted(&second), [(4, 8, 7)]);
    assert_eq!(counted(&third), [(4, 8, 7), (3, 6, 7)]);
}
