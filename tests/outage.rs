//! What goes wrong for longer than a moment: Alertmanager is away for a minute, and the disk is full.

use std::{
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use lab::conversation::{Outcome, Transport, request, serve};
use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, run, watch},
        history::events,
        pair::{DEPLOYMENT, MATRIX, pair},
        service::alertmanager,
        wait::until,
        web::{get, say, web},
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    alertmanager_groups_and_may_be_away_for_a_minute: [Kernel, Program("prometheus-alertmanager")],
    a_full_disk_is_said_and_survived: [Kernel],
}

const WATCH: &str = "watch --config a.toml --state state --every 300ms --window 2s";

/// Two rules of which nothing is seen.
const TWO: &str = "name = \"Two\"\n\
    [[rule]]\nid = \"web\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"8080\"\npresence = \"required\"\n\
    [[rule]]\nid = \"store\"\nclient = [\"user\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"5432\"\npresence = \"required\"\n";

fn alertmanager_groups_and_may_be_away_for_a_minute() {
    let deployment =
        format!("{DEPLOYMENT}\n[[sink]]\ntype = 'alertmanager'\nurl = 'http://127.0.0.1:9093'\n");
    let config = "route:\n  receiver: hook\n  group_by: [alertname, host]\n  group_wait: 1s\n  group_interval: 1s\n\
        receivers:\n  - name: hook\n    webhook_configs:\n      - url: http://127.0.0.1:7006/\n";
    let directory = files(&[
        ("m.toml", TWO),
        ("a.toml", &deployment),
        ("alertmanager.yml", config),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let _web = serve(&one, Transport::Tcp, 8080).unwrap();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let request = |port: u16| {
        let server = format!("10.78.0.1:{port}").parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
    };
    let notified = web(&one, 7006, |_, stream| say(&stream, "200 Yes"));
    let first = alertmanager(&one, path);
    let alerts = || -> Vec<String> {
        let (_, body) = get(&one, 9093, "/api/v2/alerts?active=true", "localhost");
        let alerts: Vec<Value> = serde_json::from_str(&body).unwrap_or_default();
        let name = |alert: &Value| {
            let labels = &alert["labels"];
            let what = labels["rule"].as_str().or(labels["flow"].as_str());
            what.unwrap().to_owned()
        };
        let mut names: Vec<String> = alerts.iter().map(name).collect();
        names.sort();
        names
    };
    watch(&one, path, &format!("{WATCH} --listen none"), |pid| {
        until("both alerts", || alerts() == ["store", "web"]);
        // One message for both.
        until("one message", || {
            notified.lock().unwrap().iter().any(|(_, body)| {
                let message: Value = serde_json::from_str(body).unwrap();
                message["groupLabels"]["alertname"] == "AuditorRule"
                    && message["alerts"].as_array().unwrap().len() == 2
            })
        });
        drop(first);
        request(9090);
        until("what happens meanwhile", || {
            events(path)
                .iter()
                .any(|event| event == "appeared 10.78.0.2 -> 10.78.0.1 tcp/9090")
        });
        // Traffic goes on, so that what is found holds.
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                // It ends by itself too, should what waits for it fail.
                for _ in 0..1_000 {
                    if is_over.load(Ordering::Relaxed) {
                        break;
                    }
                    request(8080);
                    request(9090);
                    std::thread::sleep(Duration::from_millis(250));
                }
            });
            // The minute that it is away.
            std::thread::sleep(Duration::from_mins(1));
            let _second = alertmanager(&one, path);
            // It is tried again a minute and a bit after the first failure; how soon that is depends on when that was.
            let expected = ["10.78.0.2 -> 10.78.0.1 tcp/9090", "store"];
            let mut found = alerts();
            for _ in 0..180 {
                if found == expected {
                    break;
                }
                std::thread::sleep(Duration::from_millis(500));
                found = alerts();
            }
            is_over.store(true, Ordering::Relaxed);
            assert_eq!(found, expected);
        });
        kill(pid, Signal::SIGTERM).unwrap();
    });
}

/// A disk that is soon full, until the end of the test.
struct Disk<'a>(&'a Path);

impl<'a> Disk<'a> {
    fn new(at: &'a Path) -> Self {
        std::fs::create_dir(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=2m", "tmpfs"])
            .arg(at)
            .status();
        assert!(mounted.unwrap().success());
        Self(at)
    }
}

impl Drop for Disk<'_> {
    fn drop(&mut self) {
        let _status = Command::new("umount").arg("-l").arg(self.0).status();
    }
}

fn a_full_disk_is_said_and_survived() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let path = directory.path();
    let state = path.join("state");
    let _disk = Disk::new(&state);
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let health = || get(&one, 9719, "/healthz", "localhost").1;
    let shown = format!("{WATCH} --listen 127.0.0.1:9719");
    let finished = watch(&one, path, &shown, |pid| {
        until("all is well", || health() == "ok\n");
        let filler = state.join("filler");
        // Until nothing more goes in.
        let full = std::fs::write(&filler, vec![0; 4 << 20]);
        assert!(full.is_err(), "the disk is small");
        until("that it is said", || {
            health() == "the state can't be saved\n"
        });
        let server = "10.78.0.1:8080".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
        // Several turns on the full disk, so that it would be said more than once if it were.
        std::thread::sleep(Duration::from_secs(4));
        std::fs::remove_file(&filler).unwrap();
        until("all is well again", || health() == "ok\n");
        // What happened meanwhile is there.
        until("what was seen", || {
            events(path).contains(&"appeared web".to_owned())
        });
        kill(pid, Signal::SIGTERM).unwrap();
    });
    let said = |what: &str| finished.stderr.matches(what).count();
    assert_eq!(said("the state can't be saved:"), 1, "{}", finished.stderr);
    assert_eq!(
        said("the state can be saved again"),
        1,
        "{}",
        finished.stderr
    );
    let remembered = run(path, "history --state state --format jsonl");
    let remembered = String::from_utf8(remembered.stdout).unwrap();
    assert!(remembered.contains("10.78.0.2"), "{remembered}");
}
