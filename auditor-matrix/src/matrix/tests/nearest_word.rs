//! What stands nearest to a port decides who its ends are: the row before the sentence above it, the section before the page.

use super::{marked_ends::derived, tables::check};
use crate::document::Format;

#[track_caller]
fn markdown(page: &str, expected: &[&str]) {
    check(&derived(page, Format::Markdown), expected);
}

#[test]
fn a_row_outranks_what_is_said_of_all() {
    // A column of machines, whatever its heading, outranks whose page it is.
    markdown(
        "# Ports used by the Ledger\n\n| Device | Port |\n|--|--|\n| Ledger server | 7001/tcp |\n| Till client device | 7002/tcp |\n",
        &[
            "clients -> Ledger server tcp/7001",
            "clients -> Till client device tcp/7002",
        ],
    );
    // A sentence about all rows says less than the words of one.
    markdown(
        "# Ports\n\nThe following ports are used for communication between the Ledger server and other servers.\n\n| Port | Used for |\n|--|--|\n| 7001/tcp | Tills connect to the Ledger server |\n",
        &["Tills -> Ledger server tcp/7001"],
    );
    // So it is beside a direction, which then is somebody's viewpoint.
    markdown(
        "# Ports\n\n| Name | Port | Direction | Description |\n|--|--|--|--|\n| Web | 7001/tcp | Inbound | Clients and desks connect to the gateway |\n",
        &["Clients+desks -> gateway tcp/7001"],
    );
}

#[test]
fn what_one_section_says_is_not_said_of_another() {
    markdown(
        "# Ports\n\n## Ledger service and its parts\n\n| Port | Connections from |\n|--|--|\n| 7001/tcp | Tills |\n\n## Desk server\n\n| Port | Connections from |\n|--|--|\n| 7002/tcp | Ledger |\n",
        &["Tills -> hosts tcp/7001", "Ledger -> Desk server tcp/7002"],
    );
}

#[test]
fn a_process_is_what_has_a_port() {
    markdown(
        "# Ports\n\n| Port | Process | Connections from |\n|--|--|--|\n| 7001/tcp | Ledger daemon | Tills |\n| 7002/tcp | Desk daemon | Tray icon, local connections only. |\n",
        &[
            "Tills -> Ledger daemon tcp/7001",
            "Desk daemon -> Desk daemon tcp/7002 loopback",
        ],
    );
}

#[test]
fn columns_that_the_words_above_name() {
    markdown(
        "# Ports\n\n### Store ports\n\nThe following lists the ports that are used by components to connect to the Store.\n\n| Component | Port |\n|--|--|\n| Till | 7001/tcp |\n| Desk | 7001/tcp |\n\n### Till ports to target devices\n\n| Device | Port |\n|--|--|\n| Acme scales | 7002/tcp |\n| Acme drawers | 7003/tcp |\n",
        &[
            "Till -> Store tcp/7001",
            "Desk -> Store tcp/7001",
            "Till -> Acme scales tcp/7002",
            "Till -> Acme drawers tcp/7003",
        ],
    );
    markdown(
        "# Ports\n\n| Till to Ledger | Port |\n|--|--|\n| Booking | 7001/tcp |\n",
        &["Till -> Ledger tcp/7001"],
    );
    markdown(
        "# Ports\n\n| Port | Required for communication between |\n|--|--|\n| 7001/tcp | Till servers to Ledger server |\n| 7002/tcp | Till servers and Ledger server |\n",
        &[
            "Till servers -> Ledger server tcp/7001",
            "Till servers -> Ledger server tcp/7002",
            "Ledger server -> Till servers tcp/7002",
        ],
    );
}

#[test]
fn whose_ports_a_heading_announces() {
    markdown(
        "# Port tables for Acme Anywhere Till Filer\n\n## Inbound ports\n\n| Port | Notes |\n|--|--|\n| 7001/tcp | Web |\n\n## Firewall ports opened to the Acme Ledger:\n\n| Port | Direction |\n|--|--|\n| 7002/tcp | Outbound |\n\n## Firewall ports opened for antivirus updates:\n\n| Port | Direction |\n|--|--|\n| 7003/tcp | Outbound |\n",
        &[
            "clients -> Acme Anywhere Till Filer tcp/7001",
            "Acme Anywhere Till Filer -> Acme Ledger tcp/7002",
            "Acme Anywhere Till Filer -> servers tcp/7003",
        ],
    );
    // What is joined to a word for no machine is none.
    markdown(
        "# Firewall and proxy settings\n\nOpen these ports:\n\n- 7001/tcp\n",
        &["clients -> hosts tcp/7001"],
    );
}

#[test]
fn what_has_ports_of_both_ways_is_a_machine() {
    markdown(
        "# Ports\n\n**Ledger inbound ports**\n\n- 7001/tcp: SSH for administrators\n- 7002/tcp from tills\n\n**Ledger outbound ports**\n\n- 7003/tcp to the mail relay\n",
        &[
            "administrators -> Ledger tcp/7001",
            "tills -> Ledger tcp/7002",
            "Ledger -> mail relay tcp/7003",
        ],
    );
}

#[test]
fn labels_beside_those_of_machines() {
    markdown(
        "# Ports\n\nAcme uses the following ports:\n\n- **Ledger server**\n  - 7001 TCP\n- **Mobile Till**\n  - 7002 TCP, incoming from phones\n",
        &[
            "clients -> Ledger server tcp/7001",
            "phones -> Mobile Till tcp/7002",
        ],
    );
}

#[test]
fn a_list_that_goes_both_ways() {
    markdown(
        "# Ports\n\nOpen these ports to allow the Ledger to communicate with your Desk:\n\n- 7001 (inbound, UDP and TCP) and 7002 (inbound, TCP) for bookings\n- 7003 (outbound, TCP) for reports\n",
        &[
            "Desk -> Ledger tcp/7001",
            "Desk -> Ledger udp/7001",
            "Desk -> Ledger tcp/7002",
            "Ledger -> Desk tcp/7003",
        ],
    );
}

#[test]
fn lists_of_whom_somebody_asks() {
    markdown(
        "# Till ports\n\nThe Ledger itself must be able to reach:\n\n- the mail relay on TCP port 7001\n- the Desk on UDP port 7002\n",
        &["Ledger -> mail relay tcp/7001", "Ledger -> Desk udp/7002"],
    );
}

#[test]
fn one_clause_says_nothing_of_the_port_of_another() {
    markdown(
        "# Ports\n\nThe Ledger contacts the tills on TCP port 7001 and the desks on TCP port 7002.\n",
        &["Ledger -> tills tcp/7001", "Ledger -> desks tcp/7002"],
    );
    let found = derived(
        "# Ports\n\nThe Ledger looks up users by LDAP on port 7001, and fetches pages from the Desk server.\n",
        Format::Markdown,
    );
    check(&found, &[]);
}

#[test]
fn the_ends_of_a_rows_two_ports() {
    check(
        &derived(
            "<table><tr><th rowspan=2>Component</th><th colspan=2>Inbound</th><th colspan=2>Outbound</th></tr><tr><th>Port</th><th>From</th><th>Port</th><th>To</th></tr><tr><td>Ledger</td><td>7001/tcp</td><td>Tills</td><td>7002/tcp</td><td>Desks</td></tr><tr><td>Desks</td><td>7002/tcp</td><td>Ledger</td><td></td><td></td></tr></table>",
            Format::Html,
        ),
        &["Tills -> Ledger tcp/7001", "Ledger -> Desks tcp/7002"],
    );
}

#[test]
fn hosts_in_braces() {
    markdown(
        "| Source | Destination | Port |\n|--|--|--|\n| till | {api,log}.example.com | 7001/tcp |\n",
        &["till -> api.example.com+log.example.com tcp/7001"],
    );
}

#[test]
fn other_ends_beside_directions() {
    markdown(
        "| Direction | Host | Port |\n|--|--|--|\n| Inbound | Desk | 7001/tcp |\n| Outbound | Mail server | 7002/tcp |\n| Outbound | NTP server | 7003/udp |\n",
        &[
            "Desk -> hosts tcp/7001",
            "hosts -> Mail server tcp/7002",
            "hosts -> NTP server udp/7003",
        ],
    );
}

#[test]
fn ports_as_urls_of_transports() {
    markdown(
        "# Ports\n\nThe ports used by Ledger:\n\n* `tcp://7001`, for bookings.\n* `udp://7002`, Media server.\n",
        &["clients -> Ledger tcp/7001", "clients -> Ledger udp/7002"],
    );
}

#[test]
fn each_of_several_has_its_own() {
    check(
        &derived(
            "Default ports of various Acme projects.\n\n7001: acme-ledger\n7002: acme-till\n7003: acme-desk\n",
            Format::Markdown,
        ),
        &[
            "clients -> acme-ledger tcp/7001",
            "clients -> acme-till tcp/7002",
            "clients -> acme-desk tcp/7003",
        ],
    );
}

#[test]
fn a_sentence_behind_a_dash_is_no_name() {
    markdown(
        "| Source | Destination | Port |\n|--|--|--|\n| Till | Ledger \u{2014} depends on where the queue is installed. | 7001/tcp |\n",
        &["Till -> Ledger tcp/7001"],
    );
}

#[test]
fn lines_that_state_transports_need_no_word_for_ports_above() {
    markdown(
        "# Ports\n\nThe Ledger listens on port 7001/tcp for tills.\n\nFurther on:\n\n    7002/tcp    the desk\n    7003/udp    the clock\n",
        &[
            "tills -> Ledger tcp/7001",
            "clients -> hosts tcp/7002",
            "clients -> hosts udp/7003",
        ],
    );
}

#[test]
fn what_is_said_to_be_optional_of_a_list() {
    let found = derived(
        "# Ports\n\nFor optional report services:\n\n- 7001/tcp\n\nFurther ones:\n\n- 7002/tcp\n",
        Format::Markdown,
    );
    let presences: Vec<&str> = found
        .matrix
        .rules
        .iter()
        .map(|rule| rule.presence.name())
        .collect();
    assert_eq!(presences, ["optional", "expected"]);
}

#[test]
fn in_and_out_beside_both_ends() {
    // The two ways of one conversation, and one that either opens.
    markdown(
        "# Ports\n\n| Transport | In/Out | Port | Source | Destination |\n|--|--|--|--|--|\n| TCP | IN/OUT | 443 | Till | Gate |\n| TCP | Bidirectional | 444 | Till | Gate |\n",
        &[
            "Till -> Gate tcp/443",
            "Gate -> Till tcp/444",
            "Till -> Gate tcp/444",
        ],
    );
}

#[test]
fn properties_of_a_service() {
    markdown(
        "# Ports\n\n## Ledger server\n\n| Property | Value |\n|--|--|\n| Port | 7001 |\n| Kind | Web UI |\n| Protocol | TCP |\n",
        &["clients -> Ledger server tcp/7001"],
    );
}

#[test]
fn programs_whose_ports_these_are() {
    // One program that fills the column, and several that are called as on a command line.
    markdown(
        "# Ports\n\n| Service | Port | Protocol | Notes |\n|--|--|--|--|\n| till-gate | 7001 | TCP | If you have another gate running, such as an old one, you will need to turn it off. |\n| till-gate | 7002 | UDP | Clock. |\n",
        &[
            "clients -> till-gate tcp/7001",
            "clients -> till-gate udp/7002",
        ],
    );
    markdown(
        "# Ports\n\n| Service | Port |\n|--|--|\n| till-gate | 7001/tcp |\n| ledgerd | 7002/tcp |\n| SSH | 22/tcp |\n",
        &[
            "clients -> hosts tcp/22",
            "clients -> till-gate tcp/7001",
            "clients -> ledgerd tcp/7002",
        ],
    );
    markdown(
        "# Ports\n\n| Service | Port | Container |\n|--|--|--|\n| Mail | 7001/tcp | till-mail |\n| Web | 7002/tcp | till-web |\n",
        &[
            "clients -> till-mail tcp/7001",
            "clients -> till-web tcp/7002",
        ],
    );
    markdown(
        "# Ports\n\nThe ledger and related services use these TCP ports:\n\n- gate (7001)\n- clock (7002)\n",
        &["clients -> gate tcp/7001", "clients -> clock tcp/7002"],
    );
}
