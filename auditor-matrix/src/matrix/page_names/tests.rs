//! Lists of names, and what stands in brackets behind one.

use super::PageNames;

fn names(known: &[&str]) -> PageNames {
    let mut names = PageNames::default();
    for name in known {
        names.add(name);
    }
    names
}

#[track_caller]
fn check(known: &[&str], text: &str, parts: &[&str]) {
    let mut names = names(known);
    names.add(text);
    assert_eq!(names.split(text), parts, "{text}");
}

#[test]
fn lists_of_names() {
    check(&["agent", "master"], "agent/master", &["agent", "master"]);
    check(&["agent"], "agent/extra", &["agent", "extra"]);
    check(&[], "agent/extra", &["agent/extra"]);
    check(&[], "Admin/Operator Console", &["Admin/Operator Console"]);
    check(
        &["Admin"],
        "Admin/Operator Console",
        &["Admin/Operator Console"],
    );
    check(&[], "AD/LDAP server", &["AD/LDAP server"]);
    check(
        &[],
        "Shop Enterprise / shop.example.com",
        &["Shop Enterprise", "shop.example.com"],
    );
    check(
        &[],
        "Web nodes, database servers",
        &["Web nodes", "database servers"],
    );
    check(&["Core"], "Core and Store", &["Core", "Store"]);
    check(&[], "core-api, tillstore", &["core-api", "tillstore"]);
    check(&[], "Acme, Inc.", &["Acme, Inc."]);
    check(
        &[],
        "Shop Portal, tills and web clients",
        &["Shop Portal", "tills", "web clients"],
    );
    check(
        &[],
        "Agent for installing, updating, and removing programs",
        &["Agent for installing, updating, and removing programs"],
    );
    check(
        &["Core"],
        "Core, Edge, and Store nodes",
        &["Core", "Edge", "Store nodes"],
    );
    check(
        &[],
        "Research and Development",
        &["Research and Development"],
    );
    check(
        &["master or agent"],
        "master or agent",
        &["master or agent"],
    );
    check(&[], "Your users (outside)", &["users"]);
}

#[test]
fn what_stands_in_brackets() {
    check(
        &[],
        "NET/A (or sg-b); Store (if used)",
        &["NET/A (or sg-b)", "Store"],
    );
    check(
        &["Store (primary)"],
        "Store (standby)",
        &["Store (standby)"],
    );
    check(&["Store"], "Store (standby)", &["Store (standby)"]);
    check(&["Store"], "Store (if used)", &["Store"]);
    check(
        &[],
        "resolver.example.com (192.0.2.1)",
        &["resolver.example.com"],
    );
}

#[test]
fn names_that_go_on_behind_a_bracket() {
    for name in [
        "Backup (nightly) store",
        "till (customer survey end) point",
        "Relay (first tier of two) node pool",
    ] {
        check(&[], name, &[name]);
    }
    // A shortened name and a remark are no part of one.
    for name in ["Virtual network (VN) store", "Store (optional) node"] {
        assert!(!names(&[name]).split(name).concat().contains('('), "{name}");
    }
    check(&[], "Store (nightly)", &["Store"]);
    check(&["till"], "Store (nightly) / till", &["Store", "till"]);
}
