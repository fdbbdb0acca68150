use std::{net::IpAddr, path::Path};

use super::{Deployment, ProcessDetail};
use crate::{
    document::{self, Format, Row},
    matrix,
    role::Role,
};

const TEXT: &str = r#"
matrix = ["a.toml", "/etc/b.toml"]
interfaces = ["eth0"]
window = "1h30m"

[roles]
master = ["10.0.0.10-10.0.0.12", "fd00::/64"]
agent = ["10.0.1.0/24", "agents.example.com"]
nodes = ["Master", "agent"]
loop = ["nodes", "loop"]
everybody = ["any"]
nobody = []

[conditions]
enterprise = true

[[exception]]
match = { server = "master", transport = "tcp", ports = "9100" }
reason = "exporter"
until = 2027-01-31
"#;

fn deployment(text: &str) -> Deployment {
    Deployment::parse(Path::new("/etc/auditor/auditor.toml"), text).unwrap()
}

#[test]
fn everything() {
    let deployment = deployment(TEXT);
    assert_eq!(
        deployment.matrices,
        [Path::new("/etc/auditor/a.toml"), Path::new("/etc/b.toml")]
    );
    assert_eq!(deployment.window.unwrap().as_secs(), 5400);
    assert!(deployment.conditions["enterprise"]);
    assert_eq!(
        deployment.exceptions[0].until.unwrap().to_string(),
        "2027-01-31"
    );

    let mut asked = Vec::new();
    let roles = deployment.resolve(&mut |name| {
        asked.push(name.to_owned());
        Err("nobody knows".to_owned())
    });
    assert!(asked.iter().all(|name| name == "agents.example.com"));
    assert_eq!(roles.failures["agents.example.com"], "nobody knows");
    let holds = |role, address: &str| {
        roles
            .addresses(&Role::new(role))
            .unwrap()
            .contains(address.parse().unwrap())
    };
    assert!(
        holds("master", "10.0.0.11") && !holds("master", "10.0.0.13") && holds("MASTER", "fd00::7")
    );
    assert!(
        holds("nodes", "10.0.0.11") && holds("nodes", "10.0.1.200") && !holds("nodes", "10.0.2.1")
    );
    assert!(
        holds("loop", "10.0.1.200"),
        "roles may name one another in a circle"
    );
    assert!(holds("everybody", "192.0.2.1") && !holds("nobody", "192.0.2.1"));
    let names: Vec<&str> = roles
        .of("10.0.1.1".parse().unwrap())
        .iter()
        .map(|role| role.name())
        .collect();
    assert_eq!(names, ["agent", "loop", "nodes"]);
    assert!(roles.covers(&Role::new("nodes"), &[Role::new("agent")]));
    assert!(!roles.covers(&Role::new("agent"), &[Role::new("nodes")]));
}

#[test]
fn host_names_become_addresses() {
    let deployment = deployment(TEXT);
    let found: IpAddr = "192.0.2.9".parse().unwrap();
    let roles = deployment.resolve(&mut |_| Ok(vec![found]));
    assert!(
        roles
            .addresses(&Role::new("agent"))
            .unwrap()
            .contains(found)
    );
    assert!(roles.failures.is_empty());
}

#[test]
fn problems() {
    check("", "missing field `matrix`");
    check(
        "matrix = []",
        "names no matrix: expected matrix = [\"matrix.toml\"]",
    );
    check(
        "matrix = 7",
        "expected the path of a matrix, or a list of paths",
    );
    check(
        "matrix = \"m\"\n[roles]\na = [\"10.0.0.9-10.0.0.1\"]",
        "`10.0.0.9-10.0.0.1` runs backwards or mixes IPv4 and IPv6: write the lower address first",
    );
    check(
        "matrix = \"m\"\n[roles]\na = [\"10.0.0.5/24\"]",
        "`10.0.0.5/24` is the address of a host with its network's mask: write `10.0.0.5` for the host, `10.0.0.0/24` for all of its network",
    );
    check(
        "matrix = \"m\"\n[[exception]]\nmatch = { client = \"fd00::5/64\" }\nreason = \"x\"",
        "`fd00::5/64` is the address of a host with its network's mask: write `fd00::5` for the host, `fd00::/64` for all of its network",
    );
    check(
        "matrix = \"m\"\n[roles]\na = []\nA = []",
        "role `a` stands twice under [roles]: letter case makes no difference",
    );
    check(
        "matrix = \"m\"\n[[exception]]\nmatch = {}\nreason = \"x\"",
        "this exception would accept everything: name a client, a server, a transport, a protocol or ports",
    );
    let of_exception = |traffic: &str, said: &str| {
        check(
            &format!("matrix = \"m\"\n[[exception]]\nmatch = {{ {traffic} }}\nreason = \"x\""),
            said,
        );
    };
    of_exception(
        "transport = \"icmp\", ports = \"13\"",
        "icmp has no ports: write the type of the requests as type = 8",
    );
    of_exception(
        "transport = \"tcp\", type = 13",
        "only icmp has types: expected transport = \"icmp\" beside it",
    );
    of_exception(
        "type = 13",
        "only icmp has types: expected transport = \"icmp\" beside it",
    );
    of_exception(
        "protocol = 47, type = 13",
        "only icmp has types: expected transport = \"icmp\" beside it",
    );
    of_exception(
        "protocol = 6",
        "protocol 6 is tcp: write transport = \"tcp\"",
    );
    of_exception(
        "protocol = 47, transport = \"tcp\"",
        "an exception is about a transport or another protocol: write one of both, and an exception for each",
    );
    of_exception(
        "protocol = 47, transport = \"icmp\", type = 8",
        "an exception is about a transport or another protocol: write one of both, and an exception for each",
    );
    of_exception(
        "protocol = 47, ports = \"1\"",
        "protocol 47 has no ports that are read: leave them out",
    );
    of_exception(
        "protocol = 256",
        "invalid value: integer `256`, expected u8",
    );
    check(
        "matrix = \"m\"\n[[exception]]\nmatch = { ports = \"80\" }\nreason = \"x\"\nuntil = 10:00:00",
        "`10:00:00` is no day: expected a date such as 2027-01-31",
    );
    check(
        "matrix = \"m\"\n[[exception]]\nmatch = { ports = \"80\" }\nreason = \" \"",
        "the reason of this exception is empty: expected who accepts this, and why",
    );
    check(
        "matrix = \"m\"\n[[exception]]\nmatch = { ports = \"80\" }\nreason = \"x\"\nowner = \"\"",
        "the owner of this exception is empty: expected who answers for it",
    );
    check(
        "matrix = \"m\"\nintefaces = []",
        "unknown field `intefaces`, expected one of `matrix`, `interfaces`, `window`, `housekeeping`, `processes`, `roles`, `conditions`, `exception`, `controls`, `sink`, `fleet`",
    );
}

#[track_caller]
fn check(text: &str, said: &str) {
    let problem = Deployment::parse(Path::new("a.toml"), text)
        .unwrap_err()
        .to_string();
    let problem = problem.splitn(3, ':').nth(2).unwrap().trim().to_owned();
    assert_eq!(problem, said);
}

#[test]
fn the_first_draft_for_a_matrix_is_a_deployment() {
    let page = "## Store nodes\n\n| Port | Direction | Peer | Notes |\n|--|--|--|--|\n\
                | 443 | Outbound | mirror.example.com (192.0.2.1) | |\n\
                | 80 | Outbound | https://api.example.com/v1 | Only if using the \"cloud\" |\n\
                | 22 | Inbound | Jump \"host\" | |\n| 9 | Inbound | Anywhere | |\n| 11 | Inbound | Console (10.0.0.5/24) | |\n| 10 | Inbound | | |\n";
    let document = document::read("page.md", page, Format::Markdown);
    let derived = matrix::derive(std::slice::from_ref(&document), "Page");
    let rows: Vec<&Row> = document.rows.iter().collect();
    deployment(&matrix::starter(&derived.matrix, &rows, "m.toml"));
}

#[test]
fn names_of_processes_unless_it_says_otherwise() {
    let detail = |line: &str| {
        let text = format!("matrix = \"m.toml\"\n{line}");
        Deployment::parse(Path::new("a.toml"), &text).map(|deployment| deployment.processes)
    };
    for (line, expected) in [
        ("", ProcessDetail::Name),
        ("processes = \"name\"", ProcessDetail::Name),
        ("processes = \"command\"", ProcessDetail::Command),
        ("processes = \"off\"", ProcessDetail::Off),
        // As it was called before.
        ("processes = \"none\"", ProcessDetail::Off),
    ] {
        assert_eq!(detail(line).unwrap(), expected, "{line}");
    }
    assert!(detail("processes = \"all\"").is_err());
}

#[test]
fn a_control_knows_its_lines() {
    let text =
        "matrix = \"m.toml\"\n[controls]\n\"SC-7\" = [\n    \"unexpected\",\n    \"web\",\n]\n";
    let deployment = Deployment::parse(Path::new("a.toml"), text).unwrap();
    let [control] = deployment.controls.as_slice() else {
        panic!("{:?}", deployment.controls);
    };
    assert_eq!((control.id.as_str(), control.line), ("SC-7", 3));
    let names = [("unexpected".to_owned(), 4), ("web".to_owned(), 5)];
    assert_eq!(control.names, names);
}

/// Of what does not hold here nobody asks who it is.
#[test]
fn only_roles_of_rules_that_hold_want_an_address() {
    let rule = |id: &str, server: &str, when: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\nclient = [\"web\"]\nserver = [\"{server}\"]\ntransport = \"tcp\"\nports = \"1\"\n{when}\n"
        )
    };
    let rules = [
        rule("a", "store", ""),
        rule("b", "ldap", "when = \"ldap\""),
        rule("c", "mail", "when = \"mail\""),
    ];
    let text = format!("name = \"m\"\n{}", rules.concat());
    let matrix = matrix::Matrix::parse(Path::new("m.toml"), &text).unwrap();
    let deployment = deployment(
        "matrix = \"m.toml\"\n[roles]\nweb = [\"10.0.0.1\"]\n[conditions]\nmail = true\n",
    );
    let rules: Vec<_> = matrix.rules.iter().collect();
    let unfilled = deployment.unfilled(&rules);
    let names: Vec<&str> = unfilled.iter().map(Role::name).collect();
    assert_eq!(names, ["mail", "store"]);
}
