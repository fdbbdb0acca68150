//! Sentences above a table and above a list say the same of both.

use super::{derived, tables::check};
use crate::matrix::Presence;

const TABLE: &str = "| Port | Protocol | Service |\n|--|--|--|\n| 7301 | TCP | Orders |\n";
const LIST: &str = "- 7301/TCP - orders\n";

/// What a line says of its table and of its list, as `client -> server`.
#[track_caller]
fn says(line: &str, expected: &str) {
    for body in [TABLE, LIST] {
        let page = format!("# Installing\n\nAbout it.\n\n## Network\n\n{line}\n\n{body}\nMore.\n");
        let (ends, is_loopback) = match expected.strip_suffix(" loopback") {
            Some(ends) => (ends, " loopback"),
            None => (expected, ""),
        };
        let found = derived(&page);
        let expected: Vec<String> = ends
            .split(" | ")
            .map(|ends| format!("{ends} tcp/7301{is_loopback}"))
            .collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&found, &expected);
    }
}

#[test]
fn purposes_with_a_subject() {
    for line in [
        "These ports must be open on the Pier server so that the buoys can connect:",
        "Ensure that the following ports on the Pier server are open so the buoys can communicate with it:",
        "Open these ports on the Pier server in order for the buoys to reach it:",
        "For the buoys to be able to query the Pier server, open these ports:",
        "In order for the buoys to talk to the Pier server, the following ports are required.",
    ] {
        says(line, "buoys -> Pier server");
    }
    // What must work is nobody who asks.
    for line in [
        "The following ports must be open on the Pier server for updates to work:",
        "Open these ports on the Pier server for monitoring:",
    ] {
        says(line, "clients -> Pier server");
    }
}

#[test]
fn relative_clauses_of_ports() {
    for line in [
        "Below are the ports on the Pier server which the buoys connect to.",
        "These are the ports over which the buoys synchronize with the Pier server:",
        "The ports to which the buoys connect on the Pier server are the following.",
        "Ports that the buoys need open on the Pier server:",
        "These ports on the Pier server are contacted by the buoys:",
    ] {
        says(line, "buoys -> Pier server");
    }
}

#[test]
fn what_is_sent_and_by_whom() {
    for line in [
        "Readings are pushed by the buoys to the Pier server over these ports:",
        "Connections are always opened by the buoys to the Pier server on these ports:",
        "Sessions established by the buoys towards the Pier server use these ports:",
        "Incoming sessions on the Pier server from the buoys use these ports:",
    ] {
        says(line, "buoys -> Pier server");
    }
    says(
        "Archives are pulled by the Pier server from the buoys on these ports:",
        "Pier server -> buoys",
    );
}

#[test]
fn firewalls_in_between() {
    for line in [
        "If a firewall separates the buoys from the Pier server, open these ports on the Pier server:",
        "If the buoys are separated from the Pier server by a firewall, open these ports on the Pier server:",
        "If there is a firewall between the Pier server and the buoys, open these ports on the Pier server:",
        "Set the firewall on the Pier server to permit the buoys on these ports:",
        "Make sure that no firewall keeps the buoys from reaching the Pier server on these ports:",
        "On the Pier server, open these ports for the buoys:",
        "On the Pier server, the following ports must be opened for the buoys:",
    ] {
        says(line, "buoys -> Pier server");
    }
    // Permitted protocols are nobody.
    says("Please permit HTTPS on these ports:", "clients -> hosts");
}

#[test]
fn what_goes_out_of_a_machine() {
    for line in [
        "The Pier server needs outbound access on these ports:",
        "You may want some more outgoing ports from the Pier server:",
        "The following outbound ports must be open on the Pier server:",
        "The Pier server must allow outgoing connections on these ports:",
        "Outgoing traffic of the Pier server must be let through on these ports:",
    ] {
        says(line, "Pier server -> servers");
    }
    says(
        "Allow outgoing connections from the Pier server to the mail relay on these ports:",
        "Pier server -> mail relay",
    );
    says(
        "Allow incoming connections to the Pier server from the buoys on these ports:",
        "buoys -> Pier server",
    );
}

#[test]
fn what_stays_on_its_machine() {
    for line in [
        "These ports are used by the Pier server over its own loopback interface.",
        "The Pier server uses these ports on the IP address 127.0.0.1:",
        "These ports are used only locally on the Pier server:",
        "The following ports of the Pier server never leave the machine.",
    ] {
        says(line, "Pier server -> Pier server loopback");
    }
}

#[test]
fn those_who_talk_among_themselves() {
    for line in [
        "Buoys use these ports to talk to one another.",
        "Every one of the buoys must be able to reach every other one on these ports:",
        "All buoys have to reach all other buoys on these ports:",
        "The buoys exchange readings among themselves on these ports:",
        "These ports must be open in both directions between all buoys:",
    ] {
        let page = format!("# Installing\n\n## Network\n\n{line}\n\n{TABLE}");
        let found = derived(&page).matrix.rules;
        let [only] = found.as_slice() else {
            panic!("{line}: {found:?}");
        };
        assert_eq!(only.client, only.server, "{line}");
        assert_eq!(only.client[0].name().to_lowercase(), "buoys", "{line}");
    }
    // Others of a wider kind are not the same.
    says(
        "Pier nodes connect to all other nodes on these ports:",
        "Pier nodes -> all other nodes",
    );
}

#[test]
fn denied_between_two() {
    for (verb, body) in [
        ("Block", TABLE),
        ("Block", LIST),
        ("Prevent", TABLE),
        ("Prevent", LIST),
    ] {
        let page = format!(
            "# Installing\n\n## Network\n\n{verb} the buoys from reaching the Pier server on these ports:\n\n{body}"
        );
        let found = derived(&page).matrix.rules;
        assert!(
            found
                .iter()
                .all(|rule| rule.presence == Presence::Forbidden),
            "{found:?}"
        );
    }
}

#[test]
fn sentences_that_go_on() {
    // Both let in what the other sends.
    says(
        "The following ports must be opened for inbound and outbound traffic on both nodes:",
        "nodes -> nodes",
    );
    // What the phones need is denied of the phones.
    says(
        "The Pier server listens on the ports below. Phones need no open ports of their own.",
        "clients -> Pier server",
    );
    says(
        "The ports on the Pier server acting as a hub must be accessible by the remote sites:",
        "remote sites -> Pier server",
    );
    says(
        "From the front end to the Pier server:",
        "front end -> Pier server",
    );
    let page = format!(
        "# Installing\n\n## Network\n\nThe programs use the ports in this table. They are bound to the loopback interface and cannot be \
         reached over the network.\n\n{}",
        "| Machine | Port | Protocol |\n|--|--|--|\n| Pier server | 7301 | TCP |\n"
    );
    check(
        &derived(&page),
        &["Pier server -> Pier server tcp/7301 loopback"],
    );
}

#[test]
fn remarks_between_a_line_and_its_table() {
    let page = format!(
        "# Installing\n\n## Network\n\nThe following ports must be open on the Pier server.\n\nMind the tide.\n\n{TABLE}"
    );
    check(&derived(&page), &["clients -> Pier server tcp/7301"]);
}

#[test]
fn programs_named_by_what_they_do() {
    let page =
        "# Installing\n\nOpen these ports on the Pier server:\n\n`7301/TCP`\n:   query API\n";
    check(&derived(page), &["clients -> Pier server tcp/7301"]);
}

#[test]
fn who_reaches_what_a_table_lists() {
    for line in [
        "The following table lists the outbound connections that the Till makes.",
        "These are the addresses which the Till needs to reach.",
        "If your firewall is strict, allow the Till to reach these addresses:",
    ] {
        let page = format!(
            "# Ports\n\n{line}\n\n| Port | Host | Use |\n|---|---|---|\n| 7001 | mail.example.com | mail |\n| 7002 | api.example.org | reports |\n"
        );
        check(
            &derived(&page),
            &[
                "Till -> api.example.org tcp/7002",
                "Till -> mail.example.com tcp/7001",
            ],
        );
    }
}
