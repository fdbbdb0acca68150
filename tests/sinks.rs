//! Where alerts go: with the real programs, and with sinks that are away, slow or wrong.

use std::{
    collections::BTreeSet,
    io::Write as _,
    net::{TcpStream, UdpSocket},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use lab::conversation::{Outcome, Transport, request, serve};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use opentelemetry_proto::tonic::{
    logs::v1::{LogRecord, SeverityNumber},
    metrics::v1::{AggregationTemporality, Metric, metric::Data},
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, repository, watch},
        collector::{Collector, Say, attribute, body, points, value},
        history::events,
        pair::{DEPLOYMENT, MATRIX, pair},
        service::{alertmanager, started},
        wait::until,
        web::{connect, get, get_as, say, web},
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    prometheus_scrapes_it: [Kernel, Program("prometheus")],
    promtool_accepts_the_rules: [Program("promtool")],
    metrics_and_the_report_are_shown_here_alone: [Kernel, Program("promtool")],
    clients_that_say_nothing_take_no_descriptors: [Kernel],
    every_event_arrives_at_every_sink_whatever_the_others_do: [Kernel],
    collectors_are_told_by_both_protocols: [Kernel],
    collectors_are_told_in_fewer_bytes: [Kernel],
    alertmanager_is_told_and_told_again: [Kernel, Program("prometheus-alertmanager")],
    alertmanager_is_told_how_grave_it_becomes_and_by_which_watch: [Kernel, Program("prometheus-alertmanager")],
}

const WATCH: &str = "watch --config a.toml --state state --every 300ms --window 2s";
/// Where it shows what it sees, to everybody on its host.
const SHOWN: &str = "--listen 127.0.0.1:9719";

fn stop(pid: Pid) {
    kill(pid, Signal::SIGTERM).unwrap();
}

fn promtool(arguments: &[&str], input: &str) {
    let mut child = Command::new("promtool")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("`promtool`: {error}; `cargo xtask test` installs it"));
    child
        .stdin
        .take()
        .unwrap()
        .write_all(input.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn prometheus_scrapes_it() {
    let config = "scrape_configs:\n  - job_name: auditor\n    scrape_interval: 1s\n    static_configs:\n      - targets: ['127.0.0.1:9719']\n";
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", DEPLOYMENT),
        ("prometheus.yml", config),
    ]);
    let path = directory.path();
    let (one, _other) = pair();
    let rules = repository().join("docs/alerts.yml");
    let config = format!("rule_files: ['{}']\n{config}", rules.display());
    std::fs::write(path.join("prometheus.yml"), config).unwrap();
    watch(&one, path, &format!("{WATCH} {SHOWN}"), |pid| {
        let _prometheus = started(
            &one,
            path,
            "prometheus",
            &[
                "--config.file=prometheus.yml",
                "--storage.tsdb.path=tsdb",
                "--web.listen-address=127.0.0.1:9099",
            ],
        );
        let query = |query: &str| {
            get(
                &one,
                9099,
                &format!("/api/v1/query?query={query}"),
                "localhost",
            )
            .1
        };
        until("a scrape", || {
            query("auditor_judgements_total").contains("\"value\"")
        });
        let up: Value = serde_json::from_str(&query("up")).unwrap();
        assert_eq!(up["data"]["result"][0]["value"][1], "1", "{up}");
        until("a finding", || {
            query("auditor_findings").contains("violation")
        });
        stop(pid);
    });
}

fn promtool_accepts_the_rules() {
    let rules = repository().join("docs/alerts.yml");
    promtool(&["check", "rules", &rules.display().to_string()], "");
}

fn clients_that_say_nothing_take_no_descriptors() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (one, _other) = pair();
    watch(&one, directory.path(), &format!("{WATCH} {SHOWN}"), |pid| {
        let is_healthy = || {
            let (head, _) = get(&one, 9719, "/healthz", "localhost");
            head.starts_with("HTTP/1.1 200")
        };
        until("the first turn", is_healthy);
        let descriptors = || {
            let directory = format!("/proc/{pid}/fd");
            std::fs::read_dir(directory).unwrap().count()
        };
        let before = descriptors();
        let held: Vec<TcpStream> = (0..300).map(|_| connect(&one, 2, 9719)).collect();
        until("those beyond its share are closed", || {
            descriptors() <= before + 20
        });
        assert!(is_healthy(), "another client is served");
        let (head, _) = get(&one, 9719, "/", "localhost");
        assert!(
            head.to_lowercase().contains("x-frame-options: deny"),
            "{head}"
        );
        drop(held);
        stop(pid);
    });
}

fn metrics_and_the_report_are_shown_here_alone() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (one, other) = pair();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let window = format!(
        "{} {SHOWN} --metrics-file auditor.prom",
        WATCH.replace("2s", "60s")
    );
    watch(&one, directory.path(), &window, |pid| {
        let server = "10.78.0.1:9090".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
        until("what is shown", || {
            get(&one, 9719, "/metrics", "localhost")
                .1
                .contains("auditor_undocumented_flows{")
        });
        let (head, metrics) = get(&one, 9719, "/metrics", "127.0.0.1:9719");
        assert!(head.contains("text/plain; version=0.0.4"), "{head}");
        for line in [
            "auditor_findings{severity=\"violation\"} 1",
            "auditor_undocumented_flows{client_role=\"user\",server_role=\"web\",severity=\"violation\"} 1",
            "auditor_state_saved 1",
            "auditor_table_flows_limit 65536",
            "# TYPE auditor_drains_total counter",
        ] {
            assert!(metrics.lines().any(|one| one == line), "{line}\n{metrics}");
        }
        let value = |name: &str| -> u64 {
            let line = metrics.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().parse().unwrap()
        };
        assert!(0 < value("auditor_drains_total "), "{metrics}");
        // Neither an address nor a client's port.
        assert!(!metrics.contains("10.78.0"), "{metrics}");
        assert!(
            1 << 20 < value("process_resident_memory_bytes "),
            "{metrics}"
        );
        promtool(&["check", "metrics"], &metrics);
        let known = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5";
        let (head, open) = get_as(&one, 9719, "/metrics", "localhost", known);
        assert!(head.contains("application/openmetrics-text"), "{head}");
        assert!(open.ends_with("\n# EOF\n"), "{open}");
        // Whoever collects the file has processes of his own.
        let file = std::fs::read_to_string(directory.path().join("auditor.prom")).unwrap();
        assert!(file.contains("auditor_state_saved 1"), "{file}");
        assert!(!file.contains("process_"), "{file}");
        promtool(&["check", "metrics"], &file);
        let (head, report) = get(&one, 9719, "/report", "localhost");
        assert!(head.starts_with("HTTP/1.1 200"), "{head}");
        let report: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(report["summary"]["violations"], 1);
        assert!(
            get(&one, 9719, "/", "[::1]:9719")
                .1
                .contains("Port audit of")
        );
        assert_eq!(get(&one, 9719, "/healthz", "localhost").1, "ok\n");
        // A page from elsewhere that has its name resolved to this host.
        let (head, body) = get(&one, 9719, "/report", "evil.example");
        assert!(
            head.starts_with("HTTP/1.1 421") && !body.contains("violations"),
            "{head}"
        );
        stop(pid);
    });
    let refused = watch(
        &one,
        directory.path(),
        &format!("{WATCH} --listen 10.78.0.1:9719"),
        |_| {},
    );
    assert_eq!(refused.status.code(), Some(2));
    assert!(
        refused.stderr.contains("beyond the loopback"),
        "{}",
        refused.stderr
    );
}

/// The keys of the events in bodies.
fn keys(taken: &Mutex<Vec<(String, String)>>) -> Vec<String> {
    let taken = taken.lock().unwrap();
    let key = |(_, body): &(String, String)| {
        let body: Value = serde_json::from_str(body).unwrap();
        let event = &body["event"];
        format!(
            "{} {}",
            event["change"].as_str().unwrap(),
            event["key"].as_str().unwrap()
        )
    };
    taken.iter().map(key).collect()
}

fn every_event_arrives_at_every_sink_whatever_the_others_do() {
    let deployment = format!(
        "{DEPLOYMENT}\n[[sink]]\ntype = 'webhook'\nname = 'wrong at first'\nurl = 'http://127.0.0.1:7001/hook'\nkey_file = 'key'\n\
         [[sink]]\ntype = 'webhook'\nname = 'never answers'\nurl = 'http://127.0.0.1:7002'\n\
         [[sink]]\ntype = 'webhook'\nname = 'nonsense'\nurl = 'http://127.0.0.1:7003'\n\
         [[sink]]\ntype = 'webhook'\nname = 'of its own'\nurl = 'http://127.0.0.1:7006'\ntoken_file = 'token'\n\
         template = '{{\"say\": {{{{ host ~ \" \" ~ event.key }}}}, \"is\": {{{{ event.change }}}}}}'\n\
         [[sink]]\ntype = 'lines'\nname = 'ocsf'\npath = 'ocsf.ndjson'\nform = 'ocsf'\n\
         [[sink]]\ntype = 'webhook'\nname = 'away'\nurl = 'http://127.0.0.1:7004'\n\
         [[sink]]\ntype = 'syslog'\naddress = 'udp://127.0.0.1:7005'\n\
         [[sink]]\ntype = 'lines'\npath = 'events.ndjson'\nform = 'ecs'\n"
    );
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment),
        ("key", "secret\n"),
        ("token", "secret token\n"),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    // Says that it can't, twice, and then takes everything.
    let wrong = web(&one, 7001, |n, stream| {
        say(&stream, if n < 2 { "500 No" } else { "200 Yes" });
    });
    let open = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&open);
    let _never = web(&one, 7002, move |_, stream| {
        kept.lock().unwrap().push(stream);
    });
    let _nonsense = web(&one, 7003, |_, mut stream| {
        let _gone = stream.write_all(b"\x00\x01 what?\r\n\r\n");
    });
    let own = web(&one, 7006, |_, stream| say(&stream, "201 Yes"));
    let datagrams = one
        .enter(|| Ok(UdpSocket::bind("127.0.0.1:7005")?))
        .unwrap();
    datagrams
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let window = format!("{WATCH} --listen none");
    let mut away = None;
    let finished = watch(&one, path, &window, |pid| {
        until("something missing", || {
            events(path).contains(&"appeared web".to_owned())
        });
        let server = "10.78.0.1:8080".parse().unwrap();
        assert_eq!(
            request(&other, Transport::Tcp, server).unwrap(),
            Outcome::Answered
        );
        until("something resolved", || {
            events(path).contains(&"resolved web".to_owned())
        });
        let both = |taken: &Mutex<_>| {
            let keys = keys(taken);
            keys.iter().any(|key| key == "resolved web")
        };
        // It comes back in the middle, and gets all that it missed.
        away = Some(web(&one, 7004, |_, stream| say(&stream, "204 Yes")));
        until("the one that was wrong", || both(&wrong));
        until("the one that was away", || both(away.as_ref().unwrap()));
        stop(pid);
    });
    let away = keys(&away.unwrap());
    assert_eq!(away[..2], ["appeared web", "resolved web"]);
    let signed = wrong.lock().unwrap();
    assert!(
        signed
            .iter()
            .all(|(head, _)| head.contains("x-auditor-signature: sha256="))
    );
    // Those that were sent again are the first, and the order is that of what happened.
    let order: Vec<String> = {
        drop(signed);
        let mut keys = keys(&wrong);
        keys.dedup();
        keys
    };
    assert_eq!(order[..2], ["appeared web", "resolved web"]);
    let mut datagram = [0; 2000];
    let length = datagrams.recv(&mut datagram).unwrap();
    let message = String::from_utf8_lossy(&datagram[..length]).into_owned();
    assert!(
        message.starts_with("<131>1 ") && message.contains("key=\"web\""),
        "{message}"
    );
    let lines = std::fs::read_to_string(path.join("events.ndjson")).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["event"]["action"], "appeared");
    for sink in ["wrong at first", "away"] {
        assert!(
            finished
                .stderr
                .contains(&format!("sink {sink} works again")),
            "{}",
            finished.stderr
        );
    }
    let own = own.lock().unwrap();
    let (head, body) = &own[0];
    assert!(
        head.contains("authorization: bearer secret token"),
        "{head}"
    );
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["is"], "appeared");
    assert!(body["say"].as_str().unwrap().ends_with(" web"), "{body}");
    let lines = std::fs::read_to_string(path.join("ocsf.ndjson")).unwrap();
    let first: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(first["type_uid"], 200_401);
    // The secret is in no message.
    assert!(!finished.stderr.contains("secret"));
}

fn collectors_are_told_by_both_protocols() {
    collectors_are_told("");
}

fn collectors_are_told_in_fewer_bytes() {
    collectors_are_told("compression = 'gzip'\n");
}

/// A collector that is away at first, does not want the first event, has something against the second one and takes all others; one
/// by HTTP and one by gRPC.
fn collectors_are_told(compression: &str) {
    let deployment = format!(
        "{DEPLOYMENT}\n[[sink]]\ntype = 'otlp'\nname = 'http'\nurl = 'http://127.0.0.1:4318/'\ntoken_file = 'token'\n\
         headers = {{ X-Scope-OrgID = 'net' }}\nmetrics = '1s'\n{compression}\
         [[sink]]\ntype = 'otlp'\nname = 'grpc'\nurl = 'http://127.0.0.1:4317'\nprotocol = 'grpc'\ntoken_file = 'token'\n\
         token_header = 'api-key'\nmetrics = '1s'\n{compression}"
    );
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment),
        ("token", "secret token\n"),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let _unknown = serve(&one, Transport::Tcp, 9090).unwrap();
    let answers = [
        Say::Elsewhere,
        Say::Later("try later"),
        Say::Never("no such tenant"),
        Say::Without(1, "too old"),
    ];
    let http = Collector::by_http(&one, 4318, &answers, &[]);
    let of_metrics = [Say::Without(2, "too many")];
    let grpc = Collector::by_grpc(&one, 4317, &answers[1..], &of_metrics);
    // With how many of what it gets are answered otherwise than with yes.
    let both = [(&http, "http", 4), (&grpc, "grpc", 3)];
    let finished = watch(&one, path, &format!("{WATCH} {SHOWN}"), |pid| {
        until("the first event, and what came of it", || {
            both.iter().all(|(collector, _, n_answers)| {
                *n_answers - 1 <= collector.taken(|taken| taken.logs.len())
            })
        });
        let asked = |port: u16| {
            let server = format!("10.78.0.1:{port}").parse().unwrap();
            assert_eq!(
                request(&other, Transport::Tcp, server).unwrap(),
                Outcome::Answered
            );
        };
        asked(8080);
        until("the second event", || {
            both.iter().all(|(collector, _, n_answers)| {
                *n_answers <= collector.taken(|taken| taken.logs.len())
            })
        });
        asked(9090);
        for (collector, name, _) in both {
            until("the flow", || record_of(collector, FLOW).is_some());
            until("what failed is counted", || {
                let metrics = collector.metrics();
                // Four for each: gRPC's had something against metrics once.
                value(&metrics, "auditor_sink_errors_total", ("sink", name)) == Some(4)
            });
            until("metrics as they are shown", || {
                let (_, shown) = get(&one, 9719, "/metrics", "localhost");
                names(&collector.metrics()) == names_of_lines(&shown)
            });
        }
        let (_, shown) = get(&one, 9719, "/metrics", "localhost");
        assert!(!shown.contains("secret"), "{shown}");
        stop(pid);
    });
    assert_eq!(finished.status.code(), Some(0), "{}", finished.stderr);
    for line in [
        "sink http: the answer is 307; what waits for it is kept",
        "sink http works again",
        "sink http does not want 1 events, which are left out: the answer is 400: no such tenant",
        "sink http does not want 1 events, which are left out: 1 of 1 were rejected: too old",
        "sink grpc: the answer is UNAVAILABLE: try later; what waits for it is kept",
        "sink grpc works again",
        "sink grpc does not want 1 events, which are left out: the answer is INVALID_ARGUMENT: no such tenant",
        "sink grpc does not want 1 events, which are left out: 1 of 1 were rejected: too old",
        "sink grpc: metrics: 2 of ",
        "sink grpc takes metrics again",
    ] {
        assert!(
            finished.stderr.contains(line),
            "{line}\n{}",
            finished.stderr
        );
    }
    // All of this under what a watch gives up.
    for line in ["not forbidden", "not kept from files"] {
        assert!(!finished.stderr.contains(line), "{}", finished.stderr);
    }
    // The secret is nowhere but in its header.
    let report = std::fs::read_to_string(path.join("state/report.json")).unwrap();
    for text in [&finished.stderr, &finished.stdout, &report] {
        assert!(!text.contains("secret"), "{text}");
    }
    let encoded = |head: &str| head.contains("encoding: gzip");
    http.taken(|taken| {
        let heads = taken.logs.iter().map(|(head, _)| head);
        for head in heads.chain(taken.metrics.iter().map(|(head, _)| head)) {
            assert!(
                head.contains("authorization: bearer secret token"),
                "{head}"
            );
            assert!(head.contains("x-scope-orgid: net"), "{head}");
            assert_eq!(encoded(head), !compression.is_empty(), "{head}");
        }
    });
    grpc.taken(|taken| {
        let heads = taken.logs.iter().map(|(head, _)| head);
        for head in heads.chain(taken.metrics.iter().map(|(head, _)| head)) {
            assert!(head.contains("api-key: secret token"), "{head}");
            assert!(!head.contains("authorization"), "{head}");
            assert!(head.contains("user-agent: auditor/"), "{head}");
        }
    });
    for (collector, _, n_answers) in both {
        the_first_is_sent_again_until_it_is_turned_down(collector, n_answers);
        a_flow_is_a_record(&record_of(collector, FLOW).unwrap());
        metrics_count_since_the_watch_began(&collector.metrics());
        for resource in collector.resources() {
            let of = |name| attribute(&resource.attributes, name);
            assert_eq!(of("service.name"), "auditor");
            let state = path.join("state");
            let instance = format!("{}:{}", of("host.name"), state.display());
            assert_eq!(of("service.instance.id"), instance);
            assert!(!of("host.name").is_empty() && !of("service.version").is_empty());
        }
    }
}

/// The flow that no rule documents.
const FLOW: &str = "10.78.0.2 -> 10.78.0.1 tcp/9090";

fn record_of(collector: &Collector, key: &str) -> Option<LogRecord> {
    let records = collector.records().into_iter();
    let is_of = |record: &LogRecord| attribute(&record.attributes, "auditor.key") == key;
    records.into_iter().find(is_of)
}

/// What was answered with a no that may pass comes again as it was, and what was turned down does not.
fn the_first_is_sent_again_until_it_is_turned_down(collector: &Collector, n_answers: usize) {
    let records = collector.records();
    let said = |record: &LogRecord| {
        let of = |name| attribute(&record.attributes, name);
        format!(
            "{} {} {}",
            of("auditor.change"),
            of("auditor.kind"),
            of("auditor.key")
        )
    };
    let mut told: Vec<String> = records.iter().map(said).collect();
    told.truncate(n_answers);
    let mut expected = vec!["appeared rule web".to_owned(); n_answers - 1];
    expected.push("resolved rule web".to_owned());
    assert_eq!(told, expected);
    assert!(
        records[..n_answers - 1]
            .windows(2)
            .all(|two| two[0] == two[1])
    );
}

fn a_flow_is_a_record(record: &LogRecord) {
    assert_eq!(record.severity_number(), SeverityNumber::Error);
    assert_eq!(record.severity_text, "violation");
    assert_eq!(record.event_name, "auditor.finding");
    assert!(body(record).contains("9090"), "{record:?}");
    let year_2020 = 1_577_836_800_000_000_000;
    assert!(year_2020 < record.time_unix_nano);
    assert_eq!(record.observed_time_unix_nano, record.time_unix_nano);
    for (name, wanted) in [
        ("auditor.change", "appeared"),
        ("auditor.now", "unexpected"),
        ("auditor.before", ""),
        ("auditor.severity", "violation"),
        ("source.address", "10.78.0.2"),
        ("destination.address", "10.78.0.1"),
        ("destination.port", "9090"),
        ("network.transport", "tcp"),
        ("network.type", "ipv4"),
    ] {
        assert_eq!(attribute(&record.attributes, name), wanted, "{name}");
    }
}

fn names(metrics: &[Metric]) -> BTreeSet<String> {
    metrics.iter().map(|metric| metric.name.clone()).collect()
}

/// The names of metrics that there are lines of.
fn names_of_lines(shown: &str) -> BTreeSet<String> {
    let lines = shown.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| line.split(['{', ' ']).next().unwrap().to_owned())
        .collect()
}

fn metrics_count_since_the_watch_began(metrics: &[Metric]) {
    assert_eq!(
        value(metrics, "auditor_table_flows_limit", ("", "")),
        Some(65536)
    );
    let mut n_sums = 0;
    for metric in metrics {
        for point in points(metric) {
            assert!(point.start_time_unix_nano <= point.time_unix_nano);
        }
        match &metric.data {
            Some(Data::Sum(sum)) => {
                n_sums += 1;
                assert!(
                    sum.is_monotonic && metric.name.ends_with("_total"),
                    "{metric:?}"
                );
                let temporality = sum.aggregation_temporality();
                assert_eq!(temporality, AggregationTemporality::Cumulative);
                assert!(
                    points(metric)
                        .iter()
                        .all(|one| one.start_time_unix_nano != 0)
                );
            }
            _ => assert!(
                points(metric)
                    .iter()
                    .all(|one| one.start_time_unix_nano == 0)
            ),
        }
    }
    assert!(5 < n_sums, "{n_sums}");
}

fn alertmanager_is_told_and_told_again() {
    let deployment = format!(
        "{DEPLOYMENT}\n[[sink]]\ntype = 'alertmanager'\nurl = 'http://127.0.0.1:9093'\npage = 'https://one.example:9719/'\n"
    );
    let config = "route:\n  receiver: none\nreceivers:\n  - name: none\n";
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment),
        ("alertmanager.yml", config),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let _service = serve(&one, Transport::Tcp, 8080).unwrap();
    let _alertmanager = alertmanager(&one, path);
    let alerts = || -> Vec<Value> {
        let (_, body) = get(&one, 9093, "/api/v2/alerts?active=true", "localhost");
        serde_json::from_str(&body).unwrap_or_default()
    };
    watch(&one, path, &format!("{WATCH} --listen none"), |pid| {
        until("the alert", || !alerts().is_empty());
        let all = alerts();
        assert_eq!(all[0]["labels"]["rule"], "web", "{all:?}");
        assert_eq!(all[0]["labels"]["verdict"], "missing");
        assert_eq!(all[0]["labels"]["severity"], "violation");
        assert_eq!(all[0]["generatorURL"], "https://one.example:9719/");
        let state = path.join("state");
        assert_eq!(all[0]["labels"]["watch"], state.to_str().unwrap());
        let server = "10.78.0.1:8080".parse().unwrap();
        until("its end", || {
            assert_eq!(
                request(&other, Transport::Tcp, server).unwrap(),
                Outcome::Answered
            );
            alerts().is_empty()
        });
        stop(pid);
    });
}

/// An attempt that nobody answers is a warning, and a violation once somebody does: the one alert ends and another one begins. Two
/// watches of one host have each their own.
fn alertmanager_is_told_how_grave_it_becomes_and_by_which_watch() {
    let deployment =
        format!("{DEPLOYMENT}\n[[sink]]\ntype = 'alertmanager'\nurl = 'http://127.0.0.1:9093'\n");
    let config = "route:\n  receiver: none\nreceivers:\n  - name: none\n";
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment),
        ("alertmanager.yml", config),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let _alertmanager = alertmanager(&one, path);
    // What fires of the flow to the port: how grave it is, and by which watch, in order.
    let firing = || -> Vec<(String, String)> {
        let (_, body) = get(&one, 9093, "/api/v2/alerts?active=true", "localhost");
        let all: Vec<Value> = serde_json::from_str(&body).unwrap_or_default();
        let label =
            |alert: &Value, name: &str| alert["labels"][name].as_str().unwrap_or("").to_owned();
        let mut found: Vec<(String, String)> = all
            .iter()
            .filter(|alert| label(alert, "flow").ends_with("tcp/9090"))
            .map(|alert| (label(alert, "severity"), label(alert, "watch")))
            .collect();
        found.sort();
        found
    };
    let by = |severity: &str, states: &[&str]| -> Vec<(String, String)> {
        let state = |name: &&str| path.join(name).to_str().unwrap().to_owned();
        states
            .iter()
            .map(|name| (severity.to_owned(), state(name)))
            .collect()
    };
    let server = "10.78.0.1:9090".parse().unwrap();
    let first = WATCH.replace("--window 2s", "--window 1m");
    watch(&one, path, &format!("{first} --listen none"), |other_pid| {
        let second = first.replace("--state state", "--state twin");
        watch(&one, path, &format!("{second} --listen none"), |pid| {
            assert_eq!(
                request(&other, Transport::Tcp, server).unwrap(),
                Outcome::Refused
            );
            until("the warnings", || {
                firing() == by("warning", &["state", "twin"])
            });
            let _service = serve(&one, Transport::Tcp, 9090).unwrap();
            assert_eq!(
                request(&other, Transport::Tcp, server).unwrap(),
                Outcome::Answered
            );
            until("the violations alone", || {
                firing() == by("violation", &["state", "twin"])
            });
            stop(pid);
        });
        stop(other_pid);
    });
}
