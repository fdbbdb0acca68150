//! Pages whose tables leave something out, or hold more than one thing in a cell.

use super::derived;
use crate::{
    document::{self, Format},
    matrix::{Derived, derive},
    role::Role,
};

/// Rules as `clients -> servers transport/ports`.
#[track_caller]
pub(super) fn check(derived: &Derived, expected: &[&str]) {
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

#[test]
fn titles_above_tables_name_both_ends() {
    let table = "| Port | Description |\n|--|--|\n| 7001 | Orders |\n";
    let page = |title: &str| format!("The till is split.\n\n**{title}:**\n\n{table}");
    check(
        &derived(&page("Stock nodes access to each other")),
        &["Stock nodes -> Stock nodes tcp/7001"],
    );
    check(
        &derived(&page("Till server access to stock servers")),
        &["Till server -> stock servers tcp/7001"],
    );
    check(
        &derived(&page("Remote access to stock servers")),
        &["clients -> stock servers tcp/7001"],
    );
}

#[test]
fn ports_that_are_shut_to_the_world_and_listen_on_the_loopback() {
    let table = "| Port | Application |\n|--|--|\n| 7001 | Till |\n";
    let sentence =
        "These are inner ports, not open to the world, that listen at the loopback (127.0.0.x).";
    check(
        &derived(&format!("{sentence}\n\n{table}")),
        &["hosts -> hosts tcp/7001 loopback"],
    );
    check(
        &derived(&format!("These do not listen on 127.0.0.1:\n\n{table}")),
        &["clients -> hosts tcp/7001"],
    );
}

#[test]
fn a_heading_that_stands_alone_is_the_title_of_a_table() {
    // The row of dashes has a cell too many.
    let page = |title: &str| {
        format!("| {title} | | |\n|--|--|--|--|\n| TCP | 7001 | Till |\n| UDP | 7002 | Stock |\n")
    };
    check(
        &derived(&page("Inbound:")),
        &["clients -> hosts tcp/7001", "clients -> hosts udp/7002"],
    );
    check(
        &derived(&page("Outbound")),
        &["hosts -> servers tcp/7001", "hosts -> servers udp/7002"],
    );
    check(
        &derived(&page("Inbound and Outbound")),
        &[
            "clients -> hosts tcp/7001",
            "clients -> hosts udp/7002",
            "hosts -> servers tcp/7001",
            "hosts -> servers udp/7002",
        ],
    );
}

#[test]
fn lists_of_arrows_in_a_cell() {
    let page = "| Instance Name | Port | Direction |\n|--|--|--|\n| Store | 7001 | Till <--> Store, Store <--> Store |\n\
                | Till | 7002 | Till --> Desk, Store --> Desk |\n";
    check(
        &derived(page),
        &[
            "Till -> Store tcp/7001",
            "Store -> Store tcp/7001",
            "Till -> Desk tcp/7002",
            "Store -> Desk tcp/7002",
        ],
    );
}

#[test]
fn defaults_that_are_named_as_ports() {
    let page = "| Item | Default |\n|--|--|\n| User | admin |\n| Shop Port | 7001 |\n| Desk TLS port | 7002 |\n| Timeout | 3000 |\n";
    let documents = [document::read("page.md", page.as_bytes(), Format::Markdown)];
    let said = |text: &str| {
        documents[0]
            .problems
            .iter()
            .any(|problem| problem.to_string().contains(text))
    };
    assert!(said("named as ports") && said("3000 may be a port"));
    check(
        &derive(&documents, "Page"),
        &["clients -> hosts tcp/7001", "clients -> hosts tcp/7002"],
    );
}

#[test]
fn headings_above_other_columns_than_they_mean() {
    let page = "| Port | Source | Target | Description |\n|--|--|--|--|\n| Till | Store | 7001 | Orders |\n| Desk | Store | 7002 | Stock |\n";
    let documents = [document::read("page.md", page.as_bytes(), Format::Markdown)];
    assert!(
        documents[0]
            .problems
            .iter()
            .any(|problem| problem.to_string().contains("other columns than they mean"))
    );
    check(
        &derive(&documents, "Page"),
        &["Till -> Store tcp/7001", "Desk -> Store tcp/7002"],
    );
}

#[test]
fn services_with_several_ports_are_servers() {
    let page = |third: &str| {
        format!(
            "| Service | Port | Required |\n|--|--|--|\n| Tillbase | 7001 | yes |\n| Tillbase | 7002 | no |\n\
             | Stockd Core | 7003 | yes |\n| Stockd Core | 7004 | yes |\n| {third} | 7005 | yes |\n| {third} | 7006 | yes |\n"
        )
    };
    check(
        &derived(&page("Desk")),
        &[
            "clients -> Tillbase tcp/7001",
            "clients -> Tillbase tcp/7002",
            "clients -> Stockd Core tcp/7003",
            "clients -> Stockd Core tcp/7004",
            "clients -> Desk tcp/7005",
            "clients -> Desk tcp/7006",
        ],
    );
    // What is done may take several ports as well.
    assert!(
        derived(&page("Till access"))
            .matrix
            .rules
            .iter()
            .all(|rule| rule.server[0].name() == "hosts")
    );
}

#[test]
fn ports_in_brackets_beside_a_protocol_in_brackets() {
    let page = "| From | To | Protocol | Port |\n|--|--|--|--|\n| Till | Folk | LDAP(S) | TCP 389 (636) |\n\
                | Till | Depot | HTTP (FTP) | TCP 80 (FTP 20,21) |\n| Till | Desk | HTTP | TCP 7001 (7002) |\n";
    let documents = [document::read("page.md", page.as_bytes(), Format::Markdown)];
    assert!(documents[0].problems.iter().any(|problem| {
        problem
            .to_string()
            .contains("those of the protocol in brackets")
    }));
    check(
        &derive(&documents, "Page"),
        &[
            "Till -> Folk tcp/389,636",
            "Till -> Depot tcp/20-21,80",
            "Till -> Desk tcp/7001",
        ],
    );
    assert!(documents[0].problems.iter().any(|problem| {
        let problem = problem.to_string();
        problem.contains("7001 (7002)") && problem.contains("not wholly understood")
    }));
}

#[test]
fn a_role_above_a_table_and_a_column_without_a_heading() {
    let page = "Ports\n=====\n\n.. card:: Mail Role\n\n   .. csv-table::\n      :header: \"Port\", \"Service\"\n\n      \"7001\", \"TCP\", \"incoming mail\"\n      \"7002\", \"TCP and UDP\", \"gossip\"\n\n\
                .. card:: Desk Role\n\n   .. csv-table::\n      :header: \"Port\", \"Protocol\"\n\n      \"7003\", \"TCP\"\n";
    let documents = [document::read(
        "page.rst",
        page.as_bytes(),
        Format::ReStructuredText,
    )];
    check(
        &derive(&documents, "Page"),
        &[
            "clients -> Mail Role tcp/7001",
            "Mail Role -> Mail Role tcp/7002",
            "Mail Role -> Mail Role udp/7002",
            "clients -> Desk Role tcp/7003",
        ],
    );
}

#[test]
fn an_asterisk_is_anybody_and_a_list_may_go_on() {
    let page = "| Port | Source | Target |\n|--|--|--|\n| 7001 | * | Store |\n| 7002 | Store | Scales, printers, etc. |\n";
    check(
        &derived(page),
        &["any -> Store tcp/7001", "Store -> Scales+printers tcp/7002"],
    );
}

#[test]
fn conditions_in_brackets_and_in_place_of_a_service() {
    let page = "| From | To | Port | Required | Application |\n|--|--|--|--|--|\n| Till | Store | 7001 | no (unless mail is sent) | Mail |\n\
                | Till | Relay | 7002 | yes | If the till needs a relay |\n";
    check(
        &derived(page),
        &[
            "Till -> Store tcp/7001 [unless-mail-sent]",
            "Till -> Relay tcp/7002 [till-needs-relay]",
        ],
    );
}

#[test]
fn who_communicates_below_a_heading_of_what_goes_out() {
    let page = "# Outbound Server Ports\n\nOpening these ports allows traffic from the Shop Server to communicate with external services.\n\n\
                | Port | Protocol | Used by | Notes |\n|--|--|--|--|\n| 7001 | TCP | HTTP | The port is not used to serve pages. |\n\
                | 7002 | TCP | Watcher | |\n";
    check(
        &derived(page),
        &[
            "Shop Server -> servers tcp/7001",
            "Shop Server -> servers tcp/7002",
        ],
    );
}
