//! Headings that say by a verb which end their cells are, and cells that say that there is nothing.

use super::{marked_ends::derived, tables::check};
use crate::{document::Format, matrix::rule::Presence};

#[test]
fn columns_headed_by_verbs() {
    for (client, server) in [
        ("Calling side", "Listening side"),
        ("Opened by", "Machine"),
        ("Connects to it", "Listener"),
        ("Initiated by", "Answered by"),
        ("Requesting node", "Contacted node"),
        ("Who opens it", "Who accepts it"),
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
