//! Tables whose headings are over the wrong columns, in words that nobody knows, or missing.

use super::tables::check;
use crate::{
    document::{self, Format},
    matrix::derive,
};

/// A table as Markdown, its cells separated by ` | `.
#[track_caller]
fn rules(title: &str, head: &str, rows: &[&str], expected: &[&str]) {
    let n_columns = head.split('|').count();
    let rule = vec!["--"; n_columns].join("|");
    let page = format!("# {title}\n\n|{head}|\n|{rule}|\n|{}|\n", rows.join("|\n|"));
    page_rules(&page, Format::Markdown, expected);
}

#[track_caller]
fn page_rules(page: &str, format: Format, expected: &[&str]) {
    let documents = [document::read("page", page.as_bytes(), format)];
    check(&derive(&documents, "Page"), expected);
}

#[test]
fn the_cells_outvote_the_headings_of_ports() {
    rules(
        "Ports",
        "Port purpose | Port | Remarks",
        &[
            "5400 | Port of the loader to accept answers | within the cluster",
            "5500-5510 | Serving port of the planner | ",
        ],
        &[
            "clients -> hosts tcp/5400",
            "clients -> hosts tcp/5500-5510",
        ],
    );
    rules(
        "Ports",
        "Component | Description | Port",
        &[
            "7000 | Scheduler | Takes the jobs that its users send",
            "7001 | Executor | Runs the jobs that the scheduler hands out",
        ],
        &[
            "clients -> Executor tcp/7001",
            "clients -> Scheduler tcp/7000",
        ],
    );
}

#[test]
fn all_headings_are_shared_out_together() {
    rules(
        "Flows",
        "From | To | Port | Protocol",
        &["tcp | 5432 | till | store", "udp | 514 | till | log"],
        &["till -> log udp/514", "till -> store tcp/5432"],
    );
    // What stands where it belongs stays there.
    rules(
        "Flows",
        "From | To | Port | Protocol",
        &["till | store | 5432 | tcp", "till | log | 514 | udp"],
        &["till -> log udp/514", "till -> store tcp/5432"],
    );
}

#[test]
fn numbers_that_measure_are_no_ports() {
    let page = "# Ports\n\n| Port | Speed |\n|--|--|\n| LAN1 | 1000 |\n| LAN2 | 2500 |\n";
    let documents = [document::read("page.md", page.as_bytes(), Format::Markdown)];
    assert!(derive(&documents, "Page").matrix.rules.is_empty());
}

#[test]
fn ends_recur_below_words_that_nobody_knows() {
    rules(
        "Puertos",
        "Origen | Destino | Puerto | Protocolo",
        &[
            "nodo | maestro | 6443 | TCP",
            "maestro | nodo | 10250 | TCP",
        ],
        &["maestro -> nodo tcp/10250", "nodo -> maestro tcp/6443"],
    );
    // A pod and its container have the same names, and are one machine.
    rules(
        "Ports",
        "Pod | Container | Port | Protocol",
        &[
            "till | till | 6443 | TCP",
            "store | store | 5432 | TCP",
            "log | till | 514 | UDP",
        ],
        &[
            "clients -> hosts tcp/5432",
            "clients -> hosts tcp/6443",
            "clients -> hosts udp/514",
        ],
    );
}

#[test]
fn a_first_row_that_is_a_row() {
    page_rules(
        "<table><tr><td>till</td><td>store</td><td>TCP</td><td>5432</td></tr>\
         <tr><td>store</td><td>vault</td><td>TCP</td><td>8200</td></tr>\
         <tr><td>till</td><td>vault</td><td>UDP</td><td>8201</td></tr></table>",
        Format::Html,
        &[
            "store -> vault tcp/8200",
            "till -> store tcp/5432",
            "till -> vault udp/8201",
        ],
    );
}

#[test]
fn numbers_below_a_sign_are_ports_unless_they_count() {
    rules(
        "Services",
        "L4 | # | Process",
        &["TCP | 9092 | broker", "UDP | 8125 | stats"],
        &["clients -> hosts tcp/9092", "clients -> hosts udp/8125"],
    );
    rules(
        "Services",
        "# | Process | Number | Transport",
        &["1 | broker | 9092 | TCP", "2 | stats | 8125 | UDP"],
        &["clients -> hosts tcp/9092", "clients -> hosts udp/8125"],
    );
}

#[test]
fn protocols_head_their_ports() {
    rules(
        "Access",
        "Server | HTTP | HTTPS",
        &[
            "keys.example.com | 80/tcp | -",
            "apt.example.com | 80/tcp | 8443/tcp",
        ],
        &[
            "clients -> apt.example.com tcp/80",
            "clients -> apt.example.com tcp/8443",
            "clients -> keys.example.com tcp/80",
        ],
    );
}

#[test]
fn directions_below_machines() {
    rules(
        "Ports",
        "Port | Protocol | Edge | Store",
        &["5432 | TCP | out | in", "8125 | UDP | in | out"],
        &["Edge -> Store tcp/5432", "Store -> Edge udp/8125"],
    );
}

#[test]
fn addresses_name_machines() {
    rules(
        "Endpoints",
        "Name | Endpoint | Used by",
        &["Keys | vault:8200 | store", "Queries | store:5432 | edge"],
        &["edge -> store tcp/5432", "store -> vault tcp/8200"],
    );
}

#[test]
fn a_sentence_gives_the_port_of_all_hosts_below() {
    page_rules(
        "The console needs access to these hosts over HTTPS (port 443/tcp):\n\n\
         | Host | Purpose |\n|--|--|\n| keys.example.com | licences |\n| images.example.com | images |\n",
        Format::Markdown,
        &[
            "console -> images.example.com tcp/443",
            "console -> keys.example.com tcp/443",
        ],
    );
}

#[test]
fn ports_inside_of_containers() {
    rules(
        "Ports",
        "Host port | Container port | Container",
        &["8080 | 80 | web", "5433 | 5432 | store"],
        &["clients -> hosts tcp/5433", "clients -> hosts tcp/8080"],
    );
}
