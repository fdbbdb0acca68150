//! Every verdict on a flow and on a rule, with real sockets.

use std::{collections::BTreeMap, fmt::Write as _};

use lab::conversation::{Outcome, Transport, request, serve};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch, watch_during},
        pair::pair,
        report::report,
    },
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    every_verdict: [Kernel, Program("nft")],
}

/// A rule of the matrix: its id, client, server, transport, ports, and what else it says.
const RULES: [(&str, &str, &str, &str, &str, &str); 14] = [
    ("observed", "user", "web", "tcp", "8080", ""),
    ("partly", "user", "web", "tcp", "8081,8082", ""),
    (
        "refused",
        "user",
        "web",
        "tcp",
        "8083",
        "presence = 'required'",
    ),
    ("unanswered", "user", "web", "tcp", "8084", ""),
    (
        "missing",
        "user",
        "web",
        "tcp",
        "8085",
        "presence = 'required'",
    ),
    (
        "violated",
        "user",
        "web",
        "tcp",
        "8086",
        "presence = 'forbidden'",
    ),
    (
        "respected",
        "user",
        "web",
        "tcp",
        "8087",
        "presence = 'forbidden'",
    ),
    ("off", "user", "web", "tcp", "8088", "when = 'enterprise'"),
    ("elsewhere", "user", "backup", "tcp", "8089", ""),
    ("unresolved", "nobody", "web", "tcp", "8090", ""),
    ("unobservable", "web", "web", "tcp", "8091", ""),
    ("unassessed", "user", "web", "tcp", "8092", "within = '24h'"),
    ("transport", "user", "web", "udp", "8093", ""),
    ("direction", "web", "user", "tcp", "8094", ""),
];

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
[roles]
web = ["10.78.0.1"]
user = ["10.78.0.2"]
backup = ["10.78.0.9"]
nobody = []
[[exception]]
match = { client = "10.78.0.2", ports = "9100" }
reason = "exporter"
[[exception]]
match = { client = "10.78.0.2", ports = "9101" }
reason = "over since long"
owner = "ops@example.com"
until = 2020-01-01
"#;

fn every_verdict() {
    let mut matrix = "name = \"Every verdict\"\n".to_owned();
    for (id, client, server, transport, ports, more) in RULES {
        writeln!(
            matrix,
            "[[rule]]\nid = '{id}'\nclient = ['{client}']\nserver = ['{server}']\ntransport = '{transport}'\nports = '{ports}'\n{more}"
        )
        .unwrap();
    }
    let directory = files(&[("m.toml", &matrix), ("a.toml", DEPLOYMENT)]);
    let (one, other) = pair();
    // A stranger on the same cable.
    other.run("ip address add 10.78.0.3/24 dev eth0").unwrap();
    other
        .run("ip route add 10.78.0.1/32 dev eth0 src 10.78.0.2")
        .unwrap();
    one.run("nft add table inet lab").unwrap();
    one.run("nft add chain inet lab input { type filter hook input priority 0 ; }")
        .unwrap();
    one.run("nft add rule inet lab input tcp dport 8084 drop")
        .unwrap();
    let served = [8080, 8081, 8086, 8088, 8093, 8094, 9100, 9101, 9999];
    let _services: Vec<_> = served
        .iter()
        .map(|port| serve(&one, Transport::Tcp, *port).unwrap())
        .collect();
    let arguments = "audit --config a.toml -i eth0 --format json";
    let finished = watch_during(&one, directory.path(), arguments, || {
        let to = |port: u16| {
            let server = format!("10.78.0.1:{port}").parse().unwrap();
            request(&other, Transport::Tcp, server).unwrap()
        };
        for port in served {
            assert_eq!(to(port), Outcome::Answered, "{port}");
        }
        assert_eq!(to(8083), Outcome::Refused);
        assert_eq!(to(8084), Outcome::Unanswered);
        other
            .run("ip route replace 10.78.0.1/32 dev eth0 src 10.78.0.3")
            .unwrap();
        assert_eq!(to(8080), Outcome::Answered);
    });
    let report = report(&finished.stdout);
    // The window ended when the work was done: that alone is a gap, and nothing is missing across it.
    assert_eq!(report["gaps"][0]["reason"], "cut-short");

    let mut flows = BTreeMap::new();
    for flow in report["flows"].as_array().unwrap() {
        let text = |field: &str| flow[field].as_str().unwrap_or_default().to_owned();
        if text("verdict") != "housekeeping" {
            let shown = [
                text("verdict"),
                text("reason"),
                text("outcome"),
                text("severity"),
            ];
            flows.insert(
                (text("client"), flow["port"].as_u64().unwrap()),
                shown.join(" "),
            );
        }
    }
    let user = |port| ("10.78.0.2".to_owned(), port);
    let expected = [
        (user(8080), "documented  established fine"),
        (user(8081), "documented  established fine"),
        (user(8083), "documented  refused fine"),
        (user(8084), "documented  attempted fine"),
        (user(8086), "forbidden  established violation"),
        (user(8088), "unexpected condition established violation"),
        (user(8093), "unexpected transport established violation"),
        (user(8094), "unexpected direction established violation"),
        (user(9100), "excepted  established fine"),
        (user(9101), "unexpected port established violation"),
        (user(9999), "unexpected port established violation"),
        (
            ("10.78.0.3".to_owned(), 8080),
            "unexpected peer established violation",
        ),
    ];
    let expected: BTreeMap<_, _> = expected
        .into_iter()
        .map(|(key, shown)| (key, shown.to_owned()))
        .collect();
    assert_eq!(flows, expected);

    let flow = |port: u16| {
        let mut flows = report["flows"].as_array().unwrap().iter();
        flows.find(|flow| flow["port"] == port).unwrap()
    };
    let ended = "accepted until 2020-01-01, which is over: over since long, by ops@example.com";
    let said = flow(9101)["explanation"].as_str().unwrap();
    assert!(said.ends_with(ended), "{said}");
    assert_eq!(flow(9101)["ended_exception"]["owner"], "ops@example.com");
    assert_eq!(flow(9999)["ended_exception"], Value::Null);

    let shown = |rule: &Value| {
        let text = |field: &str| rule[field].as_str().unwrap().to_owned();
        format!("{} {} {}", text("id"), text("verdict"), text("severity"))
    };
    let rules: Vec<String> = report["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(shown)
        .collect();
    assert_eq!(
        rules,
        [
            "observed observed fine",
            "partly observed fine",
            "refused refused violation",
            "unanswered unanswered warning",
            "missing unassessed warning",
            "violated violated fine",
            "respected unassessed note",
            "off off fine",
            "elsewhere elsewhere fine",
            "unresolved unresolved note",
            "unobservable unobservable fine",
            "unassessed unassessed note",
            "transport unassessed note",
            "direction unassessed note",
        ]
    );
    assert_eq!(report["rules"][1]["ports_seen"]["unseen"], "8082");

    // A window that ends by itself, in which nothing happens.
    let finished = watch(
        &one,
        directory.path(),
        "audit --config a.toml -i eth0 --for 1s --format json",
        |_| {},
    );
    let report: Value = serde_json::from_str(&finished.stdout).unwrap();
    let verdicts = |id: &str| {
        let rules = report["rules"].as_array().unwrap();
        shown(rules.iter().find(|rule| rule["id"] == id).unwrap())
    };
    assert_eq!(verdicts("missing"), "missing missing violation");
    assert_eq!(verdicts("respected"), "respected respected fine");
    assert_eq!(verdicts("unassessed"), "unassessed unassessed note");
    assert_eq!(
        report["rules"][4]["certainty"]["level"], "medium",
        "nothing listens there, and a second is short"
    );
    assert_eq!(
        report["rules"][0]["certainty"]["level"], "low",
        "a second is short"
    );
}
