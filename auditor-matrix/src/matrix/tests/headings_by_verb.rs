//! Headings that say by a verb which end their cells are, and cells that say that there is nothing.

use super::{marked_ends::derived, tables::check};
use crate::{
    document::{self, Format},
    matrix::rule::Presence,
};

#[test]
fn columns_headed_by_verbs() {
    for (client, server) in [
        ("Calling side", "Listening side"),
        ("Opened by", "Machine"),
        ("Connects to it", "Listener"),
        ("Initiated by", "Answered by"),
        ("Requesting node", "Contacted node"),
        ("Who opens it", "Who accepts it"),
        ("Connecting host", "Listening host"),
        ("Allowed from", "Allowed to"),
        ("Dials in", "Answers"),
    ] {
        for (first, last) in [(client, server), (server, client)] {
            let order = |from: &str, to: &str| {
                if first == client {
                    format!("{from} | {to}")
                } else {
                    format!("{to} | {from}")
                }
            };
            let page = format!(
                "# Ports\n\n| {first} | Port | {last} | Transport |\n|--|--|--|--|\n| {} | TCP |\n| {} | UDP |\n",
                order("Till", "Ledger").replace(" | ", " | 7001 | "),
                order("Ledger", "Vault").replace(" | ", " | 7002 | "),
            );
            check(
                &derived(&page, Format::Markdown),
                &["Till -> Ledger tcp/7001", "Ledger -> Vault udp/7002"],
            );
        }
    }
}

#[test]
fn permissions_headed_by_verbs() {
    for (heading, yes, no) in [
        ("Permitted", "yes", "no"),
        ("Authorised?", "yes", "no"),
        ("Is it blocked?", "no", "yes"),
    ] {
        let page = format!(
            "# Ports\n\n| {heading} | From | To | Port |\n|--|--|--|--|\n| {yes} | Till | Ledger | 7001/tcp |\n| {no} | Till | Vault | 7002/tcp |\n"
        );
        let derived = derived(&page, Format::Markdown);
        let found: Vec<(String, Presence)> = derived
            .matrix
            .rules
            .iter()
            .map(|rule| (rule.ports.to_string(), rule.presence))
            .collect();
        let expected = [("7001", Presence::Expected), ("7002", Presence::Forbidden)]
            .map(|(ports, presence)| (ports.to_owned(), presence));
        assert_eq!(found, expected, "{heading}");
    }
}

#[test]
fn transports_without_ports() {
    for none in ["none", "n/a", "no", "not used", "\u{2014}"] {
        check(
            &derived(
                &format!(
                    "# Ports\n\n| From | To | TCP | UDP |\n|--|--|--|--|\n| Till | Ledger | 7001 | {none} |\n| Till | Vault | {none} | 7002 |\n"
                ),
                Format::Markdown,
            ),
            &["Till -> Ledger tcp/7001", "Till -> Vault udp/7002"],
        );
    }
}

#[test]
fn which_axis_asks() {
    let rows = "|--|--|--|\n| Till | 7001 | n/a |\n| Desk | 7002 | 7003 |\n";
    for (above, corner, rows_ask) in [
        ("", "From / To", true),
        ("", "Destination \u{2192} <br> Source \u{2193}", true),
        ("", "Source \u{2192} / Destination \u{2193}", false),
        ("Columns open the connection, rows accept it.", "", false),
        ("The rows are contacted by the columns.", "", false),
        (
            "Each cell lists what the machine on the left needs to reach on the machine named above.",
            "",
            true,
        ),
    ] {
        let page = format!("# Ports\n\n{above}\n\n| {corner} | Ledger | Ingress |\n{rows}");
        let expected = if rows_ask {
            [
                "Till -> Ledger tcp/7001",
                "Desk -> Ledger tcp/7002",
                "Desk -> Ingress tcp/7003",
            ]
        } else {
            [
                "Ledger -> Till tcp/7001",
                "Ledger -> Desk tcp/7002",
                "Ingress -> Desk tcp/7003",
            ]
        };
        check(&derived(&page, Format::Markdown), &expected);
    }
}

#[test]
fn who_is_reached_from_other_machines() {
    for heading in [
        "Reachable from other machines",
        "Accessible over the network",
        "Visible to another host",
    ] {
        check(
            &derived(
                &format!(
                    "# Ports\n\n| Server | Port | Protocol | {heading} |\n|--|--|--|--|\n| Ledger | 7001 | TCP | yes |\n| Ledger | 7002 | TCP | no |\n"
                ),
                Format::Markdown,
            ),
            &[
                "clients -> Ledger tcp/7001",
                "Ledger -> Ledger tcp/7002 loopback",
            ],
        );
    }
}

#[test]
fn who_listens_is_asked_by_the_peer() {
    check(
        &derived(
            "= Bindings\n\n[%header]\n|===\n|Daemon host |Bind address |Transport |Other party\n\n|Ledger\n|`*:7001`\n|TCP\n|Till\n\n|Vault\n|`[::]:7002`\n|UDP\n|Desk\n|===\n",
            Format::AsciiDoc,
        ),
        &["Till -> Ledger tcp/7001", "Desk -> Vault udp/7002"],
    );
}

#[test]
fn clients_and_servers_by_direction() {
    check(
        &derived(
            "<table><thead><tr><th rowspan=\"2\">Component</th><th colspan=\"3\">Incoming</th><th colspan=\"3\">Outgoing</th></tr><tr><th>Client</th><th>Port</th><th>Protocol</th><th>Server</th><th>Port</th><th>Protocol</th></tr></thead><tbody><tr><td>Ledger</td><td>Till</td><td>7001</td><td>TCP</td><td>Vault</td><td>7002</td><td>UDP</td></tr></tbody></table>",
            Format::Html,
        ),
        &["Till -> Ledger tcp/7001", "Ledger -> Vault udp/7002"],
    );
}

#[test]
fn tabs_of_kinds_of_machines_are_conditions_where_rows_name_the_ends() {
    check(
        &derived(
            "= Ledger\n\n[tabs]\n====\nAppliance::\n+\n--\n|===\n|Source |Destination |Port\n\n|Till |Ledger |7001/tcp\n|===\n--\n\nVirtual machine::\n+\n--\n|===\n|Source |Destination |Port\n\n|Till |Ledger |7002/tcp\n|===\n--\n====\n",
            Format::AsciiDoc,
        ),
        &[
            "Till -> Ledger tcp/7001 [appliance]",
            "Till -> Ledger tcp/7002 [virtual-machine]",
        ],
    );
}

#[test]
fn machines_whose_names_begin_as_directions_do() {
    check(
        &derived(
            "| Initiator | Responder | Port |\n|--|--|--|\n| Till | Ingress node | 7001/tcp |\n",
            Format::Markdown,
        ),
        &["Till -> Ingress node tcp/7001"],
    );
}

#[test]
fn numbers_in_elements_of_others_are_said() {
    let page =
        "<p>Ports</p><x-ports><x-port proto=\"udp\">7002</x-port> <x-port>7003</x-port></x-ports>";
    let document = document::read("page.html", page.as_bytes(), Format::Html);
    let said: Vec<String> = document.problems.iter().map(ToString::to_string).collect();
    for number in ["7002", "7003"] {
        assert!(
            said.iter().any(|problem| problem.contains(number)),
            "{said:?}"
        );
    }
}

#[test]
fn several_transports_in_a_cell_between_both_ends() {
    check(
        &derived(
            "Initiator,Acceptor,What to open,Reason\nTill,Ledger,\"TCP: 7001, 7002; UDP: 7003\",sales\nLedger,Vault,7004/tcp,backup\n",
            Format::Csv,
        ),
        &[
            "Till -> Ledger tcp/7001-7002",
            "Till -> Ledger udp/7003",
            "Ledger -> Vault tcp/7004",
        ],
    );
}
