//! Titles above rows say the same wherever they stand: in a heading, a tab, a caption, a bold line or an item.

use super::tables::check;
use crate::{
    document::{self, Format},
    matrix::derive,
};

const GATE: &str =
    "| Protocol | Ports | Source |\n|--|--|--|\n| TCP | 8443 | any |\n| TCP | 7000 | Vault |\n";
const VAULT: &str =
    "| Protocol | Ports | Source |\n|--|--|--|\n| TCP | 9100 | Gate |\n| UDP | 9101 | Vault |\n";
const RULES: &[&str] = &[
    "any -> Gate tcp/8443",
    "Vault -> Gate tcp/7000",
    "Gate -> Vault tcp/9100",
    "Vault -> Vault udp/9101",
];

fn indented(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| format!("    {line}\n")).collect();
    lines.concat()
}

#[track_caller]
fn rules(page: &str, expected: &[&str]) {
    let documents = [document::read("page.md", page.as_bytes(), Format::Markdown)];
    check(&derive(&documents, "Page"), expected);
}

fn tabs(titles: [&str; 2], bodies: [&str; 2]) -> String {
    let [first, second] = titles;
    let [one, two] = bodies.map(indented);
    format!("=== \"{first}\"\n\n{one}\n=== \"{second}\"\n\n{two}")
}

#[test]
fn a_machine_is_one_wherever_its_name_stands() {
    rules(&tabs(["Gate", "Vault"], [GATE, VAULT]), RULES);
    rules(&format!("## Gate\n\n{GATE}\n## Vault\n\n{VAULT}"), RULES);
    rules(&format!("**Gate**\n\n{GATE}\n**Vault**\n\n{VAULT}"), RULES);
    let items = format!(
        "1. Gate\n\n{}\n2. Vault\n\n{}",
        indented(GATE),
        indented(VAULT)
    );
    rules(&items, RULES);
}

#[test]
fn other_alternatives_are_conditions() {
    let with = |first: &str, second: &str| {
        let (first, second) = (
            first.to_lowercase().replace(' ', "-"),
            second.to_lowercase().replace(' ', "-"),
        );
        [
            format!("any -> hosts tcp/8443 [{first}]"),
            format!("Vault -> hosts tcp/7000 [{first}]"),
            format!("Gate -> hosts tcp/9100 [{second}]"),
            format!("Vault -> hosts udp/9101 [{second}]"),
        ]
    };
    for titles in [
        ["Linux", "Windows"],
        ["Version 1", "Version 2"],
        ["Ubuntu Server", "Windows Server"],
    ] {
        let expected = with(titles[0], titles[1]);
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        rules(&tabs(titles, [GATE, VAULT]), &expected);
    }
}

#[test]
fn a_setting_of_machines_is_no_condition() {
    let inner = tabs(["Gate", "Vault"], [GATE, VAULT]);
    let lone = "| Protocol | Ports |\n|--|--|\n| TCP | 443 |\n";
    let mut expected = vec!["clients -> Single node tcp/443"];
    expected.extend(RULES);
    rules(&tabs(["Single node", "Cluster"], [lone, &inner]), &expected);
}

#[test]
fn transports_and_directions_of_tabs() {
    let table = "| Ports | Purpose |\n|--|--|\n| 8443 | Console |\n";
    rules(
        &tabs(["TCP", "UDP"], [table, table]),
        &["clients -> hosts tcp/8443", "clients -> hosts udp/8443"],
    );
    let peers = "| Protocol | Ports | Peer |\n|--|--|--|\n| TCP | 8443 | Agents |\n";
    rules(
        &format!(
            "## Master nodes\n\n{}",
            tabs(["Inbound", "Outbound"], [peers, peers])
        ),
        &[
            "Agents -> Master nodes tcp/8443",
            "Master nodes -> Agents tcp/8443",
        ],
    );
}

#[test]
fn arrows_of_headings_connect_machines() {
    let table = |port: &str| format!("| Port | Protocol |\n|--|--|\n| {port} | TCP |\n");
    rules(
        &format!(
            "## Vault → Store\n\n{}\n## Edge → Vault\n\n{}",
            table("5432"),
            table("8200")
        ),
        &["Vault -> Store tcp/5432", "Edge -> Vault tcp/8200"],
    );
}

#[test]
fn a_heading_may_name_what_the_table_lists() {
    rules(
        "## Update hosts\n\n| Hostname | Port |\n|--|--|\n| keys.example.com | 443 |\n| apt.example.com | 443 |\n",
        &[
            "hosts -> apt.example.com tcp/443",
            "hosts -> keys.example.com tcp/443",
        ],
    );
}

#[test]
fn an_item_names_the_machine_of_its_ports() {
    rules(
        "# Networking\n\n- **Controller**: listens on TCP 6000 and UDP 6001.\n- Web console: TCP 5000.\n",
        &[
            "clients -> Controller tcp/6000",
            "clients -> Controller udp/6001",
            "clients -> hosts tcp/5000",
        ],
    );
}
