//! A scan is one finding, and somebody who asks for a part gets it.

use std::{fs, net::SocketAddr, time::Duration};

use lab::conversation::{Outcome, Transport, request, serve};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, run, watch_during},
        pair::{DEPLOYMENT, MATRIX, pair},
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    a_scan_beside_an_intrusion: [Kernel],
}

/// As many ports as are asked.
const SCANNED: std::ops::Range<u16> = 1000..1300;

fn a_scan_beside_an_intrusion() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (one, other) = pair();
    let _web = serve(&one, Transport::Tcp, 8080).unwrap();
    let _intruded = serve(&one, Transport::Tcp, 9999).unwrap();
    let audit = "audit --config a.toml --json r.json";
    let finished = watch_during(&one, directory.path(), audit, || {
        for port in [8080, 9999] {
            let server = format!("10.78.0.1:{port}").parse().unwrap();
            let outcome = request(&other, Transport::Tcp, server).unwrap();
            assert_eq!(outcome, Outcome::Answered);
        }
        other
            .enter(|| {
                for port in SCANNED {
                    let server = SocketAddr::from(([10, 78, 0, 1], port));
                    let refused =
                        std::net::TcpStream::connect_timeout(&server, Duration::from_secs(1));
                    assert!(refused.is_err(), "port {port} answers");
                }
                Ok(())
            })
            .unwrap();
    });
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stdout);
    let findings = || {
        let lines = finished.stdout.lines();
        lines.filter(|line| line.trim_start().starts_with("unexpected flow"))
    };
    let [intrusion, scan] = findings().collect::<Vec<_>>()[..] else {
        panic!("{}", finished.stdout)
    };
    assert!(intrusion.contains("10.78.0.1 (this host, web) tcp/9999"));
    assert!(
        scan.contains("for 300 ports: tcp/1000-1299"),
        "{}",
        finished.stdout
    );

    let json = fs::read_to_string(directory.path().join("r.json")).unwrap();
    let report = report(&json);
    let [pattern] = report["patterns"].as_array().unwrap().as_slice() else {
        panic!("{}", report["patterns"])
    };
    assert_eq!(pattern["flows"], 300);
    assert_eq!(pattern["outcome"], "refused");
    // Of each attempt its request and its refusal.
    assert_eq!(pattern["packets"], 600);
    assert_eq!(report["summary"]["flows"]["unexpected"], 301);
    let n_listed = pattern["listed"].as_array().unwrap().len();
    // What every network does comes or does not.
    let flows = report["flows"].as_array().unwrap().iter();
    let judged = flows.filter(|flow| flow["verdict"] != "housekeeping");
    assert_eq!(judged.count(), n_listed + 2);
    assert!(n_listed < 300);

    let whole = run(directory.path(), "report r.json --verify");
    assert_eq!(whole.status.code(), Some(0));
    let altered = json.replacen("\"flows\": 300", "\"flows\": 301", 1);
    assert_ne!(altered, json);
    fs::write(directory.path().join("altered.json"), altered).unwrap();
    let altered = run(directory.path(), "report altered.json --verify");
    assert_eq!(altered.status.code(), Some(2));
    let said = String::from_utf8(altered.stderr).unwrap();
    assert!(said.contains("altered.json can't be relied on"), "{said}");

    let shown = |arguments: &str| -> Value {
        let output = run(
            directory.path(),
            &format!("report r.json --format json {arguments}"),
        );
        assert_eq!(output.status.code(), Some(0), "{arguments}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let ports = |report: &Value| -> Vec<u64> {
        let flows = report["flows"].as_array().unwrap().iter();
        flows.map(|flow| flow["port"].as_u64().unwrap()).collect()
    };
    assert_eq!(ports(&shown("--port tcp/8080,9999")), [8080, 9999]);
    assert_eq!(ports(&shown("--verdict documented")), [8080]);
    assert_eq!(ports(&shown("--verdict violation")), [9999]);
    assert_eq!(ports(&shown("--client 10.78.0.9")), [0_u64; 0]);
    assert_eq!(
        ports(&shown("--role web --sort port --top 2")),
        [1000, 1001]
    );
    // What is not listed cannot be told one by one.
    assert_eq!(shown("--all")["patterns"][0]["flows"], 300);
    let unknown = run(directory.path(), "report r.json --client webb");
    assert_eq!(unknown.status.code(), Some(2));
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(said.contains("no role `webb` (is `web` meant?)"), "{said}");
    let text = run(directory.path(), "report r.json --server web --port 9999");
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(
        text.contains("shown      only server web, port 9999: 1 of "),
        "{text}"
    );
    let wrong = run(directory.path(), "report r.json --port quic/443");
    assert_eq!(wrong.status.code(), Some(2));
    let said = String::from_utf8(wrong.stderr).unwrap();
    assert!(said.contains("`quic` is no transport"), "{said}");
}
