//! Pages whose tables leave something out, or hold more than one thing in a cell.

use super::derived;
use crate::{
    document::{self, Format},
    matrix::{Derived, derive},
    role::Role,
};

/// Rules as `clients -> servers transport/ports`.
#[track_caller]
fn check(derived: &Derived, expected: &[&str]) {
    let names = |roles: &[Role]| roles.iter().map(Role::name).collect::<Vec<_>>().join("+");
    let mut found: Vec<String> = derived
        .matrix
        .rules
        .iter()
        .map(|rule| {
            format!(
                "{} -> {} {}/{}{}{}",
                names(&rule.client),
                names(&rule.server),
                rule.transport,
                rule.ports,
                if rule.loopback { " loopback" } else { "" },
                rule.when
                    .as_ref()
                    .map(|when| format!(" [{when}]"))
                    .unwrap_or_default(),
            )
        })
        .collect();
    // In which order rules stand is no matter of tables.
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

fn says(derived: &Derived, text: &str) -> bool {
    derived
        .problems
        .iter()
        .any(|problem| problem.to_string().contains(text))
}

#[test]
fn services_that_recur_as_sources_are_servers() {
    let page = "| Service | Port | Protocol | Source |\n|--|--|--|--|\n\
                | Shop Central | 7001 | TCP | Tills, Kiosks |\n| Stock | 7002 | TCP | Shop Central |\n\
                | SSH | 22 | TCP | Admin |\n";
    let documents = [document::read("page.md", page.as_bytes(), Format::Markdown)];
    assert!(
        documents[0]
            .problems
            .iter()
            .any(|problem| problem.to_string().contains("the table names no server"))
    );
    check(
        &derive(&documents, "Page"),
        &[
            "Admin -> hosts tcp/22",
            "Tills+Kiosks -> Shop Central tcp/7001",
            "Shop Central -> Stock tcp/7002",
        ],
    );
}

#[test]
fn services_of_an_introduction_are_servers() {
    let table = "| Service | Port | Source |\n|--|--|--|\n| Till | 7001 | Admins |\n| Kiosk | 7002 | Admins |\n";
    let page = format!("The table lists all services and their ports.\n\n{table}");
    check(
        &derived(&page),
        &["Admins -> Kiosk tcp/7002", "Admins -> Till tcp/7001"],
    );
    // Nothing says that they are machines.
    check(
        &derived(table),
        &["Admins -> hosts tcp/7001", "Admins -> hosts tcp/7002"],
    );
}

#[test]
fn services_that_the_page_is_about_are_servers() {
    let about = "- Gate is the door to all others.\n- Clerk handles orders.\n\n";
    let table = "| Service | Port |\n|--|--|\n| Gate | 7001 |\n| Clerk | 7002 |\n";
    check(
        &derived(&format!("{about}{table}")),
        &["clients -> Clerk tcp/7002", "clients -> Gate tcp/7001"],
    );
    check(
        &derived(table),
        &["clients -> hosts tcp/7001", "clients -> hosts tcp/7002"],
    );
    // A table with a direction says by itself whose ports these are.
    let table = "| Service | Port | Direction |\n|--|--|--|\n| Gate | 7001 | Out |\n| Clerk | 7002 | Out |\n";
    check(
        &derived(&format!("{about}{table}")),
        &["hosts -> servers tcp/7001", "hosts -> servers tcp/7002"],
    );
}

#[test]
fn a_protocol_uses_no_port() {
    let page = "## Core server\n\n| Port | Used by |\n|--|--|\n| 443 | HTTPS |\n| 69 | TFTP |\n| 9100 | Watcher |\n";
    let derived = derived(page);
    check(
        &derived,
        &[
            "clients -> Core server udp/69",
            "clients -> Core server tcp/443",
            "Watcher -> Core server tcp/9100",
        ],
    );
    assert!(says(&derived, "names no client"));
}

#[test]
fn lists_of_ports_in_cells() {
    let page = "| From | To | Requirements |\n|--|--|--|\n\
                | Store nodes | Store nodes | Open these ports. They stay inside.<ul><li>7000 - Store HTTP(S)</li><li>7100/7200 - Index</li></ul> |\n\
                | Tills<br>Kiosks | Store nodes | Open this one.<ul><li>53/udp - names</li></ul> |\n";
    check(
        &derived(page),
        &[
            "Tills+Kiosks -> Store nodes udp/53",
            "Store nodes -> Store nodes tcp/7000",
            "Store nodes -> Store nodes tcp/7100,7200",
        ],
    );
}

#[test]
fn what_a_section_says_of_all_its_ports() {
    let page = "## Internal Core server ports\n\nInternal ports are only accessible from localhost.\n\n\
                You need not change them.\n\n| Port | Notes |\n|--|--|\n| 7001 | Cache |\n\n\
                ## External Core server ports\n\n| Port | Notes |\n|--|--|\n| 7002 | Till |\n";
    check(
        &derived(page),
        &[
            "Internal Core server -> Internal Core server tcp/7001 loopback",
            "clients -> External Core server tcp/7002",
        ],
    );
    let page = "## Core server\n\n| Application | Direction | Port |\n|--|--|--|\n| Cache | Localhost | 7001 |\n| Till | In | 7002 |\n";
    check(
        &derived(page),
        &[
            "Core server -> Core server tcp/7001 loopback",
            "clients -> Core server tcp/7002",
        ],
    );
}

#[test]
fn a_purpose_is_weighed_against_its_section() {
    let table = "| Port | Purpose |\n|--|--|\n| 7001 | Administrative requests to the ring server |\n\
                 | 7002 | Binding address between master and workers. |\n";
    check(
        &derived(&format!("## Shop Master\n\n{table}")),
        &[
            "clients -> Shop Master tcp/7001",
            "workers -> Shop Master tcp/7002",
        ],
    );
}

#[test]
fn a_state_at_the_end_of_a_purpose_is_a_condition() {
    let page = "| From | To | Port | Notes |\n|--|--|--|--|\n\
                | Till | Core | 7001 | Web interface when external TLS is used |\n\
                | Till | Core | 7002 | Sends a mail when a job is started |\n";
    check(
        &derived(page),
        &[
            "Till -> Core tcp/7001 [external-tls]",
            "Till -> Core tcp/7002",
        ],
    );
}
