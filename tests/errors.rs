//! What a user is told when something is wrong, and the exit code.

use std::process::Command;

use lab::Namespace;

use crate::{
    fixture::auditor::{command, files, run, watch},
    harness::{Need::Kernel, tests},
};

tests! {
    documents: [],
    the_good_part_of_a_document_is_kept: [],
    a_page_that_changes: [],
    matrices: [],
    deployments: [],
    roles_and_interfaces: [],
    without_privileges: [],
    an_interface_without_ethernet_is_refused_by_name: [Kernel],
    reports: [],
    differences_of_matrices: [],
}

const MATRIX: &str = r#"
name = "Example"

[[rule]]
id = "web"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "443"
"#;

/// Runs the command in a directory with these files; checks that it fails with 2, and what it says first.
#[track_caller]
fn check(given: &[(&str, &str)], arguments: &str, said: &str) {
    let directory = files(given);
    let output = run(directory.path(), arguments);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(
        stderr.lines().any(|line| line == said),
        "said:\n{stderr}\nexpected:\n{said}"
    );
    assert!(output.stdout.is_empty());
}

fn documents() {
    check(
        &[("empty.md", "")],
        "import empty.md",
        "auditor: empty.md is empty: expected a page with a table that has a column headed `Port`",
    );
    check(
        &[("prose.md", "# Ports\n\nThere are some.\n")],
        "import prose.md",
        "auditor: prose.md holds no row of ports: expected a page with a table that has a column headed `Port`",
    );
    check(
        &[(
            "high.md",
            "| Port | Source | Destination |\n|---|---|---|\n| 70000 | a | b |\n",
        )],
        "import high.md",
        "not understood: high.md:3: \"70000\": port 70000 is out of range: ports are numbers from 1 to 65535",
    );
    check(
        &[],
        "import absent.md",
        "auditor: cannot read absent.md: No such file or directory (os error 2)",
    );
}

fn the_good_part_of_a_document_is_kept() {
    let page = "| Port | Source | Destination |\n|---|---|---|\n| 70000 | a | b |\n| 80, 70001 | a | b |\n| 443 | a | b |\n";
    let directory = files(&[("page.md", page)]);
    let output = run(directory.path(), "import page.md --rows");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert_eq!(stderr.lines().count(), 2, "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    // What is certain of a cell is kept too, and the cell is said.
    assert!(stderr.contains("page.md:4: \"80, 70001\""), "{stderr}");
    assert_eq!(stdout.lines().count(), 2);
    for (line, port) in [(4, 80), (5, 443)] {
        let (line, ports) = (
            format!("\"line\":{line},"),
            format!("\"ports\":[[{port},{port}]]"),
        );
        let is_there = |row: &str| row.contains(&line) && row.contains(&ports);
        assert!(stdout.lines().any(is_there), "{stdout}");
    }
}

/// Runs the command, which succeeds with `code`, and returns what it prints.
#[track_caller]
fn printed(directory: &std::path::Path, arguments: &str, code: i32) -> String {
    let output = run(directory, arguments);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

fn a_page_that_changes() {
    let page = |ports: &[&str]| {
        let rows: Vec<String> = ports
            .iter()
            .map(|port| format!("| {port} | Service {port} | web | store |\n"))
            .collect();
        format!(
            "| Port | Use | Source | Destination |\n|---|---|---|---|\n{}",
            rows.concat()
        )
    };
    let directory = files(&[
        ("old.md", &page(&["80", "81"])),
        ("new.md", &page(&["80", "82"])),
    ]);
    let work_dir = directory.path();
    printed(work_dir, "import old.md -o m.toml", 0);
    let first = std::fs::read_to_string(work_dir.join("m.toml")).unwrap();
    // The same page changes nothing, not even the file.
    assert_eq!(
        printed(work_dir, "import old.md --against m.toml -o m.toml", 0),
        ""
    );
    assert_eq!(
        std::fs::read_to_string(work_dir.join("m.toml")).unwrap(),
        first
    );
    let edited = first.replacen("presence = \"expected\"", "presence = \"optional\"", 1);
    assert_ne!(edited, first);
    std::fs::write(work_dir.join("m.toml"), edited).unwrap();
    assert_eq!(
        printed(work_dir, "import new.md --against m.toml -o m.toml", 0),
        "added     store-service-82-82-tcp: web -> store tcp 82\nremoved   store-service-81-81-tcp: web -> store tcp 81\n"
    );
    let table = printed(work_dir, "show m.toml", 0);
    assert!(
        table.contains("tcp 82") && !table.contains("tcp 81") && table.contains("optional"),
        "{table}"
    );
    assert_eq!(printed(work_dir, "check m.toml", 0), "");
    let contradicted = format!(
        "{}[[rule]]\nid = \"again\"\nclient = [\"web\"]\nserver = [\"store\"]\ntransport = \"tcp\"\nports = \"80\"\npresence = \"forbidden\"\n",
        first.split("[imported]").next().unwrap()
    );
    std::fs::write(work_dir.join("m.toml"), contradicted).unwrap();
    assert_eq!(
        printed(work_dir, "check m.toml", 1),
        "m.toml: wrong: store-service-80-80-tcp, again: one forbids traffic that the other allows: the flow would be a violation; narrow one of them\n"
    );
}

fn matrices() {
    check(
        &[("m.toml", "name = \"x\"\n[[rule]\n")],
        "audit --matrix m.toml",
        "auditor: m.toml:2: unclosed array table, expected `]`",
    );
    check(
        &[("m.toml", &MATRIX.replace("443", "70000"))],
        "audit --matrix m.toml",
        "auditor: m.toml:9: port 70000 is out of range: ports are numbers from 1 to 65535",
    );
    check(
        &[("m.toml", &MATRIX.replace("\"tcp\"", "\"tpc\""))],
        "audit --matrix m.toml",
        "auditor: m.toml:8: unknown variant `tpc`, expected one of `tcp`, `udp`, `sctp`, `icmp`",
    );
    check(
        &[("m.toml", &MATRIX.replace("ports = \"443\"", ""))],
        "audit --matrix m.toml",
        "auditor: m.toml:4: rule `web` names no ports: expected ports = \"80\", a list, a range or \"ephemeral\"",
    );
    check(
        &[("m.toml", "name = \"x\"\n")],
        "audit --matrix m.toml",
        "auditor: m.toml:1: holds no rule: expected one [[rule]] or more",
    );
}

fn deployments() {
    check(
        &[
            ("m.toml", MATRIX),
            ("a.toml", "matrix = \"m.toml\"\n[roles]\nweb = [\"wbe\"]\n"),
        ],
        "audit --config a.toml",
        "auditor: a.toml:3: nobody defines the role `wbe`: expected an address, a host name with a dot in it, any, or a role of [roles]",
    );
    check(
        &[
            ("m.toml", MATRIX),
            (
                "a.toml",
                "matrix = \"m.toml\"\n[roles]\nweb = [\"10.0.0.300\"]\n",
            ),
        ],
        "audit --config a.toml",
        "auditor: a.toml:3: `10.0.0.300` is no address: expected 10.0.0.1, 10.0.0.0/24, 10.0.0.1-10.0.0.9, a host name, any, or a role",
    );
    check(
        &[
            ("m.toml", MATRIX),
            ("a.toml", "matrix = \"m.toml\"\nwindow = \"soon\"\n"),
        ],
        "audit --config a.toml",
        "auditor: a.toml:2: `soon` is no length of time: expected something like 30s, 10m, 1h30m or 7d",
    );
    check(
        &[("a.toml", "matrix = \"m.toml\"\n")],
        "audit --config a.toml",
        "auditor: cannot read m.toml: No such file or directory (os error 2)",
    );
}

fn roles_and_interfaces() {
    check(
        &[("m.toml", MATRIX)],
        "audit --matrix m.toml --role wbe",
        "auditor: nobody defines the role `wbe`: the matrix and the deployment know `user`, `web`",
    );
    let directory = files(&[("m.toml", MATRIX)]);
    let output = run(directory.path(), "audit --matrix m.toml -i nowhere0");
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr.starts_with("auditor: no interface is named `nowhere0`: this host has lo"),
        "{stderr}"
    );
}

fn without_privileges() {
    let directory = files(&[("m.toml", MATRIX)]);
    let mut command = command("audit --matrix m.toml -i lo --for 1s");
    if nix::unistd::geteuid().is_root() {
        let mut dropped = Command::new("setpriv");
        dropped
            .args(["--bounding-set=-all", "--inh-caps=-all"])
            .arg(command.get_program())
            .args(command.get_args());
        command = dropped;
    }
    let output = command.current_dir(directory.path()).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert_eq!(
        stderr.trim(),
        "auditor: this takes root, or CAP_NET_ADMIN, CAP_PERFMON, CAP_BPF: run it with sudo"
    );
}

fn an_interface_without_ethernet_is_refused_by_name() {
    let host = Namespace::new("tunnel").unwrap();
    host.run("ip tuntap add tun0 mode tun").unwrap();
    let directory = files(&[("m.toml", MATRIX)]);
    let finished = watch(
        &host,
        directory.path(),
        "audit --matrix m.toml -i tun0 --for 1s",
        |_| {},
    );
    assert_eq!(finished.status.code(), Some(2));
    assert_eq!(
        finished.stderr.trim(),
        "auditor: interface tun0 has no Ethernet header: choose one that has, this host has lo, tun0"
    );
    let finished = watch(
        &host,
        directory.path(),
        "audit --matrix m.toml --for 1s",
        |_| {},
    );
    assert_eq!(finished.status.code(), Some(2));
    assert_eq!(
        finished.stderr.trim(),
        "auditor: no physical interface is up: name one with -i, this host has lo, tun0"
    );
}

fn reports() {
    check(
        &[],
        "explain web --report absent.json",
        "auditor: cannot read absent.json: No such file or directory (os error 2)",
    );
    check(
        &[("r.json", "name = 1")],
        "learn r.json",
        "auditor: r.json is no report: expected the JSON that `auditor audit --json` writes: expected ident at line 1 column 2",
    );
    check(
        &[("r.json", "{}")],
        "explain web --report r.json",
        "auditor: r.json is no report: it has no schema_version",
    );
    check(
        &[("r.json", "{\"schema_version\": 99}"), ("m.toml", MATRIX)],
        "diff r.json r.json",
        "auditor: r.json is a report of version 99, and this auditor reads version 1: use the auditor that wrote it",
    );
    check(
        &[("r.json", "{\"schema_version\": 1}"), ("m.toml", MATRIX)],
        "diff m.toml r.json",
        "auditor: m.toml is no report: expected the JSON that `auditor audit --json` writes: expected ident at line 2 column 2",
    );
}

fn differences_of_matrices() {
    let other = MATRIX.replace("443", "8443");
    let directory = files(&[("a.toml", MATRIX), ("b.toml", &other)]);
    let same = run(directory.path(), "diff a.toml a.toml");
    assert_eq!(same.status.code(), Some(0));
    assert!(same.stdout.is_empty());
    let different = run(directory.path(), "diff a.toml b.toml");
    assert_eq!(different.status.code(), Some(1));
    assert_eq!(
        String::from_utf8(different.stdout).unwrap(),
        "changed   web: ports `443` -> `8443`\n"
    );
}
