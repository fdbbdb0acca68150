//! What stays on one machine, in whatever form the page says so.

use super::tables::check;
use crate::{
    document::{self, Format},
    matrix::{Rule, derive},
};

#[track_caller]
fn rules(page: &str, expected: &[&str]) {
    let documents = [document::read("page.md", page.as_bytes(), Format::Markdown)];
    check(&derive(&documents, "Page"), expected);
}

#[test]
fn columns_that_tell_the_reach() {
    for (heading, open, own) in [
        ("Binding", "Public (0.0.0.0)", "Loopback (127.0.0.1)"),
        ("Interface", "all", "localhost only"),
        ("Exposure", "cluster", "local"),
        ("Scope", "external", "loopback"),
        ("Listens on", "*:7000", "127.0.0.1:7001"),
        ("Bound to", "0.0.0.0", "localhost"),
    ] {
        let page = format!(
            "| Port | Protocol | {heading} | Service |\n|--|--|--|--|\n| 7000 | tcp | {open} | api |\n| 7001 | tcp | {own} | admin |\n"
        );
        rules(
            &page,
            &[
                "clients -> hosts tcp/7000",
                "hosts -> hosts tcp/7001 loopback",
            ],
        );
    }
}

#[test]
fn headings_of_what_stays_on_its_machine() {
    for heading in [
        "Services binding to the localhost interface",
        "Only reachable from the host itself",
        "Local-only services",
        "Listening on 127.0.0.1",
    ] {
        rules(
            &format!("## {heading}\n\n| Port | Service |\n|--|--|\n| 2380 | etcd |\n"),
            &["hosts -> hosts tcp/2380 loopback"],
        );
    }
}

#[test]
fn what_is_shut_to_others_is_not_forbidden() {
    rules(
        "# Ports\n\nThese listen locally and are not reachable over the network:\n\n- 7001/tcp: admin\n",
        &["hosts -> hosts tcp/7001 loopback"],
    );
    rules(
        "# Ports\n\nThe admin API listens locally on TCP port 7001.\n",
        &["hosts -> hosts tcp/7001 loopback"],
    );
}

#[test]
fn who_is_both_ends_is_missing_at_none() {
    let page = "# Ports\n\n| Source | Target | Ports | Protocol |\n|--|--|--|--|\n\
        | Admin | Central Server | 4000 | tcp |\n\n\
        The table below lists the ports of the Central Server that are open on the loopback interface only.\n\n\
        | Component | Ports | Protocol |\n|--|--|--|\n| Signer | 5560 | tcp |\n";
    let documents = [document::read("page.md", page.as_bytes(), Format::Markdown)];
    let derived = derive(&documents, "Page");
    let is_own = |rule: &&Rule| rule.loopback && rule.client == rule.server;
    assert!(derived.matrix.rules.iter().any(|rule| is_own(&rule)));
    let said: Vec<String> = derived.problems.iter().map(ToString::to_string).collect();
    assert!(
        !said.iter().any(|one| one.contains("names no client")),
        "{said:?}"
    );
}
