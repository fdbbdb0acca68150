use std::{collections::BTreeSet, net::IpAddr, path::Path};

use jiff::civil::date;

use super::{PolicyProblem, problems};
use crate::{
    audit::Policy,
    deployment::Deployment,
    matrix::{Matrix, Weight},
    observed::{Host, LocalNetworks, SocketOwners, Ways},
    role::Role,
};

const MATRIX: &str = r#"
name = "Store"
[[rule]]
id = "store"
client = ["web servers"]
server = ["database"]
transport = "tcp"
ports = "5432"
[[rule]]
id = "copy"
client = ["database"]
server = ["backup"]
transport = "tcp"
ports = "873"
when = "replication"
[[rule]]
id = "ask"
client = ["clients"]
server = ["web servers"]
transport = "tcp"
ports = "443"
"#;

const GOOD: &str = r#"
matrix = "m.toml"
[roles]
"web servers" = ["10.0.0.1"]
database = ["10.0.0.2"]
backup = ["10.0.0.3"]
clients = ["any"]
[conditions]
replication = true
"#;

fn host(addresses: &[&str]) -> Host {
    Host {
        network_namespace: None,
        is_captured: false,
        owners: SocketOwners::default(),
        connections: BTreeSet::new(),
        name: "h".to_owned(),
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        local: LocalNetworks::default(),
        networks: BTreeSet::new(),
        tunnels: std::collections::BTreeMap::new(),
        listeners: BTreeSet::new(),
        ways: Ways::default(),
        unwatched: BTreeSet::new(),
        apart: BTreeSet::new(),
        former: BTreeSet::new(),
        fleet: None,
        ephemeral: None,
    }
}

fn found_on(own: &[&str], deployment: &str, played: &[&str]) -> Vec<(bool, String)> {
    found_in(MATRIX, own, deployment, played)
}

fn found_in(matrix: &str, own: &[&str], deployment: &str, played: &[&str]) -> Vec<(bool, String)> {
    let host = host(own);
    let matrix = Matrix::parse(Path::new("m.toml"), matrix).unwrap();
    let deployment = Deployment::parse(Path::new("a.toml"), deployment).unwrap();
    let played: Vec<Role> = played.iter().map(|name| Role::new(name)).collect();
    let lookup = &mut |name: &str| match name {
        "known.example" => Ok(vec!["10.0.0.9".parse::<IpAddr>().unwrap()]),
        _ => Err("nobody knows it".to_owned()),
    };
    let policy = Policy::new(&[matrix], Some(&deployment), &played, &host, lookup).unwrap();
    problems(&policy, &host, date(2026, 11, 27))
        .iter()
        .map(|problem: &PolicyProblem| (problem.weight() == Weight::Wrong, problem.to_string()))
        .collect()
}

fn found(deployment: &str) -> Vec<(bool, String)> {
    found_on(&["127.0.0.1", "10.0.0.1"], deployment, &[])
}

#[track_caller]
fn only(found: &[(bool, String)], is_wrong: bool, words: &[&str]) {
    let [(wrong, text)] = found else {
        panic!("one problem is expected: {found:?}");
    };
    assert_eq!(*wrong, is_wrong, "{text}");
    for word in words {
        assert!(text.contains(word), "`{word}` is not in: {text}");
    }
}

#[test]
fn a_whole_deployment_has_no_problem() {
    assert_eq!(found(GOOD), []);
}

#[test]
fn a_host_in_no_role() {
    let found = found_on(&["127.0.0.1", "192.0.2.7", "fe80::1"], GOOD, &[]);
    only(&found, true, &["plays no role", "192.0.2.7"]);
    assert!(!found[0].1.contains("127.0.0.1") && !found[0].1.contains("fe80"));
    assert_eq!(found_on(&["192.0.2.7"], GOOD, &["backup"]), []);
}

#[test]
fn a_host_that_no_rule_in_force_is_about() {
    let off = GOOD.replace("replication = true", "replication = false");
    only(&found_on(&["10.0.0.3"], &off, &[]), false, &["backup"]);
}

#[test]
fn a_role_that_nobody_filled() {
    let unfilled = GOOD.replace("[\"10.0.0.2\"]", "[]");
    let [first, ..] = &found(&unfilled)[..] else {
        panic!("nothing is found");
    };
    assert!(first.0 && first.1.contains("`database`") && first.1.contains("store"));
    // A rule between others says nothing of this host.
    let unfilled = GOOD.replace("[\"10.0.0.3\"]", "[]");
    only(&found(&unfilled), false, &["`backup`", "copy"]);
}

/// Who gave it a host name is not told that it has nothing.
#[test]
fn a_role_whose_names_have_no_address() {
    let named = GOOD.replace("[\"10.0.0.2\"]", "[\"store.example\"]");
    let found = found(&named);
    assert!(
        found[0].0
            && found[0]
                .1
                .contains("`database` has only host names under [roles]"),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|(_, said)| said.contains("nobody knows it")),
        "{found:?}"
    );
}

#[test]
fn a_rule_of_one_role_is_named_once() {
    let rule = |id: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\nclient = [\"database\"]\nserver = [\"database\"]\ntransport = \"tcp\"\nports = \"7000\"\n"
        )
    };
    let rules = ["one", "two", "three", "four"].map(rule).concat();
    let unfilled = GOOD.replace("[\"10.0.0.2\"]", "[]");
    let found = found_in(&format!("{MATRIX}{rules}"), &["10.0.0.1"], &unfilled, &[]);
    let (_, said) = found
        .iter()
        .find(|(_, text)| text.contains("`database`"))
        .unwrap();
    // The two of the matrix, and four more.
    assert!(said.contains("store, copy, one and 3 more"), "{said}");
}

#[test]
fn mistyped_roles() {
    for typed in ["databse", "databases", "database server", "Data-base"] {
        let mistyped = GOOD.replace("database =", &format!("\"{typed}\" ="));
        let found = found(&mistyped);
        only(
            &found,
            true,
            &["`database`", &format!("`{typed}`"), "meant"],
        );
    }
    // Nothing like it: two things to look at.
    let other = GOOD.replace("database =", "printers =");
    let found = found(&other);
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(!found[0].1.contains("meant") && found[1].1.contains("printers"));
}

#[test]
fn a_role_of_roles_or_of_an_exception_is_used() {
    let used = GOOD.replace(
        "[conditions]",
        "monitors = [\"10.9.0.1\"]\nspare = [\"10.0.0.8\"]\n[conditions]",
    );
    let used = used.replace("[\"10.0.0.2\"]", "[\"10.0.0.2\", \"spare\"]")
        + "[[exception]]\nmatch = { client = \"monitors\" }\nreason = \"OPS-1\"\n";
    assert_eq!(found(&used), []);
    let unused = GOOD.replace("[conditions]", "monitors = [\"10.9.0.1\"]\n[conditions]");
    only(&found(&unused), false, &["`monitors`", "no rule"]);
}

#[test]
fn conditions() {
    let mistyped = found(&GOOD.replace("replication =", "replicaton ="));
    assert!(
        mistyped[0].0 && mistyped[0].1.contains("`replication` meant"),
        "{mistyped:?}"
    );
    let unset = GOOD.replace("replication = true", "");
    only(&found(&unset), false, &["`replication`", "copy"]);
    let more = GOOD.replace(
        "replication = true",
        "replication = true\nenterprise = true",
    );
    only(&found(&more), false, &["`enterprise`", "no rule"]);
}

#[test]
fn exceptions() {
    let with = |until: &str, client: &str| {
        format!(
            "{GOOD}[[exception]]\nmatch = {{ client = \"{client}\" }}\nreason = \"OPS-1\"\n{until}"
        )
    };
    only(
        &found(&with("until = 2026-11-26", "10.0.0.7")),
        false,
        &["ended", "OPS-1"],
    );
    only(
        &found(&with("until = 2026-11-27", "10.0.0.7")),
        false,
        &["ends on 2026-11-27"],
    );
    only(
        &found(&with("until = 2026-12-11", "10.0.0.7")),
        false,
        &["ends"],
    );
    assert_eq!(found(&with("until = 2026-12-12", "10.0.0.7")), []);
    let nobody = found(&with("", "unknown.example"));
    assert!(
        nobody[0].0 && nobody[0].1.contains("covers nothing"),
        "{nobody:?}"
    );
    assert!(nobody[1].1.contains("unknown.example"), "{nobody:?}");
}

#[test]
fn rules_that_nothing_can_match() {
    let one = GOOD.replace("10.0.0.2", "10.0.0.1");
    only(&found(&one), false, &["same host", "10.0.0.1", "store"]);
    let families = GOOD
        .replace("10.0.0.2", "2001:db8::2")
        .replace("10.0.0.3", "2001:db8::3");
    only(&found(&families), true, &["family", "store"]);
}

/// A rule of which other rules forbid all, whatever its roles are called.
#[test]
fn rules_of_which_all_is_forbidden() {
    let forbid = |client: &str, ports: &str| {
        format!(
            "[[rule]]\nid = \"no-{ports}\"\nclient = [\"{client}\"]\nserver = [\"database\"]\ntransport = \"tcp\"\nports = \"{ports}\"\npresence = \"forbidden\"\n"
        )
    };
    let found = |rules: &str| found_in(&format!("{MATRIX}{rules}"), &["10.0.0.1"], GOOD, &[]);
    let all = found(&forbid("clients", "5000-6000"));
    only(&all, true, &["no-5000-6000", "forbids all", "rule store"]);
    // Two of them together do as well.
    let two = [
        forbid("clients", "5432-5435"),
        forbid("clients", "5436-5440"),
    ]
    .concat();
    let wider = MATRIX.replace("\"5432\"", "\"5432-5440\"");
    let together = found_in(&format!("{wider}{two}"), &["10.0.0.1"], GOOD, &[]);
    only(&together, true, &["no-5432-5435", "rule store"]);
    let half = forbid("clients", "5432-5435");
    assert_eq!(
        found_in(&format!("{wider}{half}"), &["10.0.0.1"], GOOD, &[]),
        []
    );
    // Of another port, or of others than the clients, nothing is forbidden.
    assert_eq!(found(&forbid("clients", "5433-6000")), []);
    assert_eq!(found(&forbid("backup", "5432")), []);
}

#[test]
fn rules_whose_clients_never_ask() {
    for (client, is_wrong, said) in [
        ("239.1.1.1", true, "never ask"),
        ("ff02::/16", true, "never ask"),
        ("127.0.0.0/8", false, "loopback"),
    ] {
        let deployment = GOOD.replace("clients = [\"any\"]", &format!("clients = [\"{client}\"]"));
        let found = found(&deployment);
        let of_it: Vec<_> = found
            .iter()
            .filter(|(_, text)| text.contains(said))
            .collect();
        let [(wrong, text)] = of_it.as_slice() else {
            panic!("{client}: {found:?}")
        };
        assert!(*wrong == is_wrong && text.contains("rule ask"), "{found:?}");
    }
}

#[test]
fn exceptions_that_cover_nothing_more() {
    let exception = |what: &str, reason: &str, until: &str| {
        format!("[[exception]]\nmatch = {{ {what} }}\nreason = \"{reason}\"\n{until}\n")
    };
    let found_with = |exceptions: &[String]| found(&format!("{GOOD}{}", exceptions.concat()));
    let store =
        "client = \"10.0.0.1\", server = \"database\", transport = \"tcp\", ports = \"5432\"";
    only(
        &found_with(&[exception(store, "OPS-1", "")]),
        false,
        &["OPS-1", "rule store allows all of it"],
    );
    // All ports are more than the rule's.
    let all = store.replace(", ports = \"5432\"", "");
    assert_eq!(found_with(&[exception(&all, "OPS-1", "")]), []);
    let families = "client = \"10.0.0.1\", server = \"2001:db8::1\"";
    only(
        &found_with(&[exception(families, "OPS-2", "")]),
        true,
        &["OPS-2", "one family only"],
    );
    let (wide, narrow) = (
        "server = \"database\", transport = \"tcp\"",
        "client = \"10.0.0.7\", server = \"10.0.0.2\", transport = \"tcp\", ports = \"22\"",
    );
    let [wide, narrow] = [(wide, "wide"), (narrow, "narrow")]
        .map(|(what, reason)| exception(what, reason, "until = 2027-06-01"));
    for both in [
        [wide.clone(), narrow.clone()],
        [narrow.clone(), wide.clone()],
    ] {
        only(
            &found_with(&both),
            false,
            &["`narrow` covers nothing that exception `wide`"],
        );
    }
    let twice = [narrow.clone(), narrow.replace("narrow", "again")];
    only(&found_with(&twice), false, &["`again` covers nothing"]);
    // It is good for longer than the wide one.
    let longer = narrow.replace("2027-06-01", "2027-12-01");
    assert_eq!(found_with(&[wide, longer]), []);
}
