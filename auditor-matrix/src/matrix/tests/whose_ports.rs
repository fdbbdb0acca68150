//! Tables that say whose their ports are in a title, in a remark, or in words within a cell.

use super::{derived, marked_ends, tables::check};
use crate::{document::Format, matrix::Presence};

#[track_caller]
fn rules_of(page: &str, expected: &[&str]) {
    check(&derived(page), expected);
}

const BODY: &str = "| Port | Protocol | Service |\n|--|--|--|\n| 7001 | TCP | Orders |\n";

#[test]
fn titles_that_name_a_program() {
    for title in [
        "### Till Component",
        "**Till Component**",
        "Till Component:",
    ] {
        check(
            &derived(&format!("# Ports\n\n## External\n\n{title}\n\n{BODY}")),
            &["clients -> Till Component tcp/7001"],
        );
    }
    // Below a machine's heading a program is a part of that machine.
    check(
        &derived(&format!(
            "# Ports\n\n## Core server\n\n### Web Interface\n\n{BODY}"
        )),
        &["clients -> Core server tcp/7001"],
    );
    for title in ["Other services", "Optional services", "Network interface"] {
        check(
            &derived(&format!("# Ports\n\n### {title}\n\n{BODY}")),
            &["clients -> hosts tcp/7001"],
        );
    }
}

#[test]
fn networks_are_no_machines() {
    check(
        &derived(&format!(
            "# Ports\n\n## Relay VM\n\n### Client Network\n\n{BODY}"
        )),
        &["clients -> Relay VM tcp/7001"],
    );
}

#[test]
fn two_that_talk_to_each_other() {
    let both = ["Gate -> Log server tcp/7001", "Log server -> Gate tcp/7001"];
    check(
        &derived(&format!(
            "# Ports\n\n## Between Gate and Log server\n\n{BODY}"
        )),
        &both,
    );
    check(
        &derived(&format!(
            "# Ports\n\n## Between Log server and clients\n\n{BODY}"
        )),
        &["clients -> Log server tcp/7001"],
    );
    check(
        &derived(&format!(
            "# Ports\n\nThese ports are required for communication between the Gate and the Log server.\n\n{BODY}"
        )),
        &both,
    );
    check(
        &derived(&format!(
            "# Ports\n\nThese ports are required for communication between the Gate and users.\n\n{BODY}"
        )),
        &["users -> Gate tcp/7001"],
    );
}

#[test]
fn directions_with_ends() {
    check(
        &derived(
            "# Ports\n\n| Port | Component |\n|--|--|\n| 7001 | Inbound for Gate |\n\
             | 7002 | Outbound for Gate and tills; inbound for the Log server. |\n",
        ),
        &[
            "Gate+tills -> Log server tcp/7002",
            "clients -> Gate tcp/7001",
        ],
    );
}

#[test]
fn whom_rows_ask_that_go_out() {
    check(
        &derived(
            "# Ports\n\n| Port | Direction | Description |\n|--|--|--|\n| 7001 | Outbound | Till server |\n\
             | 7002 | Outbound | Stock DB |\n",
        ),
        &[
            "hosts -> Till server tcp/7001",
            "hosts -> Stock DB tcp/7002",
        ],
    );
    check(
        &derived(
            "# Ports\n\n## Outbound from the Core server\n\n| Port | Notes |\n|--|--|\n\
             | 7001 | Used to reach the stock server. |\n| 7002 | Sends events to the log server. |\n",
        ),
        &[
            "Core server -> stock server tcp/7001",
            "Core server -> log server tcp/7002",
        ],
    );
}

#[test]
fn questions_as_headings() {
    check(
        &derived(
            "# Ports\n\n| Port | What | Where | Visibility |\n|--|--|--|--|\n\
             | 7001 | Web page | Till node | Public |\n\
             | 7002 | Orders | Till node | Reachable from stock node(s) |\n\
             | 7003 | Copies | Stock node | Between stock nodes |\n",
        ),
        &[
            "clients -> Till node tcp/7001",
            "stock nodes -> Till node tcp/7002",
            "stock nodes -> stock nodes tcp/7003",
        ],
    );
}

#[test]
fn a_column_of_pairs() {
    check(
        &derived(
            "# Ports\n\n| Connect | Port | Details |\n|--|--|--|\n\
             | Shop server to till agent on counter hosts | 7001 | Orders |\n\
             | Shop server to balancer | 7002 | Health |\n",
        ),
        &[
            "Shop server -> till agent on counter hosts tcp/7001",
            "Shop server -> balancer tcp/7002",
        ],
    );
    // What is done is no end.
    check(
        &derived(
            "# Ports\n\n| Purpose | Port |\n|--|--|\n| Used to send orders | 7001 |\n| Access to stock | 7002 |\n",
        ),
        &["clients -> hosts tcp/7001", "clients -> hosts tcp/7002"],
    );
}

#[test]
fn directions_of_the_machine_in_the_heading() {
    let page = "# Ports\n\n## Network Ports\n\n### Till Platform\n\n| Port | Direction | Purpose |\n|--|--|--|\n\
                | TCP/7001 | INBOUND | Browser/API access to Till platform. |\n\
                | TCP/7002 | OUTBOUND | Catalogs, updates |\n\
                | TCP/7003 | OUTBOUND | License server |\n\n\
                ### Store Cluster\n\n#### Requirements\n\n| Port | Direction | Purpose |\n|--|--|--|\n\
                | TCP/7004 | OUTBOUND | API access to till platform and HTTPS |\n";
    check(
        &derived(page),
        &[
            "Browser/API -> Till Platform tcp/7001",
            "Till Platform -> servers tcp/7002",
            "Till Platform -> License server tcp/7003",
            "Store Cluster -> till platform tcp/7004",
        ],
    );
    let page = "# Ports\n\n## Edge Device\n\n### Outbound\n\n| Port | Protocol | Purpose |\n|--|--|--|\n| 7001 | TCP | Telemetry |\n\n\
                ## Till Hub\n\n### Inbound\n\n| Port | Protocol | Purpose |\n|--|--|--|\n| 7001 | TCP | Connections from Edge Device |\n";
    check(
        &derived(page),
        &[
            "Edge Device -> servers tcp/7001",
            "Edge Device -> Till Hub tcp/7001",
        ],
    );
    // What all rows go out to, and what it is called.
    let page = "# Ports\n\n## Acme Shop\n\n| Port | Direction | Description |\n|--|--|--|\n\
                | 7001 | Outbound | Shop Web Server |\n| 7002 | Outbound | Shop Database Server |\n";
    check(
        &derived(page),
        &[
            "hosts -> Shop Web Server tcp/7001",
            "hosts -> Shop Database Server tcp/7002",
        ],
    );
}

#[test]
fn addresses_say_more_of_a_name() {
    let page = "# Ports\n\n| Source | Destination | Port |\n|--|--|--|\n\
                | Core | Event server (https://events.example.com) | 443/tcp |\n\
                | Core | Store (https://a.example.com) | 7001 |\n\
                | Core | Store (https://b.example.com) | 7002 |\n";
    check(
        &derived(page),
        &[
            "Core -> Event server tcp/443",
            "Core -> Store (https://a.example.com) tcp/7001",
            "Core -> Store (https://b.example.com) tcp/7002",
        ],
    );
}

#[test]
fn lines_of_a_cell_that_ran_together() {
    let page = "Ports\n=====\n\n+----------+-----------+-------------------+\n| Source   | Target    | Service           |\n\
                +==========+===========+===================+\n| Till IP  | Gate IP   | UDP/7001, 7002    |\n\
                |          |           | TCP/7003, 7004    |\n+----------+-----------+-------------------+\n\
                | Admin PC | Gate,Till | TCP/22            |\n+----------+-----------+-------------------+\n";
    check(
        &marked_ends::derived(page, Format::ReStructuredText),
        &[
            "Till IP -> Gate IP udp/7001-7002",
            "Till IP -> Gate IP tcp/7003-7004",
            "Admin PC -> Gate+Till tcp/22",
        ],
    );
}

#[test]
fn few_words_that_name_ends() {
    let page = "# Ports\n\n| Port | Function |\n|--|--|\n| 7001 | Relay to MTX from internal scanner service |\n\
                | 7002 | MTX to Stock Directory |\n| 7003 | IMAP Proxy to Store Servers (TLS) |\n\
                | 7004 | Proxy to Store Server if using TLS at Proxy |\n| 7005 | POP to Proxy server (if offloaded) |\n\
                | 7006 | Updates to MTX |\n";
    check(
        &derived(page),
        &[
            "internal scanner service -> MTX tcp/7001",
            "MTX -> Stock Directory tcp/7002",
            "IMAP Proxy -> Store Servers tcp/7003",
            "Proxy -> Store Server tcp/7004 [tls-at-proxy]",
            "clients -> Proxy server tcp/7005 [offloaded]",
            "clients -> hosts tcp/7006",
        ],
    );
    let page = "# Ports\n\n| Port | Description |\n|--|--|\n| 7001 | Port of ABC to accept DEF response |\n\
                | 7002 | Serving port of DEF |\n| 7003 | ABC port for receiving ids from DEF |\n\
                | 7004 | ABC ports to accept HTTP requests |\n";
    check(
        &derived(page),
        &[
            "DEF -> ABC tcp/7001",
            "clients -> DEF tcp/7002",
            "DEF -> ABC tcp/7003",
            "clients -> hosts tcp/7004",
        ],
    );
    let page = "# Ports\n\n| Service | Port | Direction | Source/Destination | Purpose |\n|--|--|--|--|--|\n\
                | Web | 7001 | Inbound | User networks | Web access |\n\
                | Database (Acme) | 7002 | Internal | Application servers | Queries |\n\
                | Replication | 7003 | Internal | Application servers | Copies |\n";
    let found = derived(page);
    check(
        &found,
        &[
            "User networks -> hosts tcp/7001",
            "Application servers -> Database tcp/7002",
            "clients -> hosts tcp/7003",
        ],
    );
    let page = "# Ports\n\n| Port | Description |\n|--|--|\n| 7001 | Web access. All requests are redirected when TLS is enabled. |\n\
                | 7002 | Web access when TLS is enabled. |\n";
    let found = derived(page);
    let when: Vec<Option<&str>> = found
        .matrix
        .rules
        .iter()
        .map(|rule| rule.when.as_deref())
        .collect();
    assert_eq!(when, [None, Some("tls-enabled")]);
}

#[test]
fn whose_ports_a_sentence_far_above_tells() {
    rules_of(
        "# Requirements\n\nBefore it is set up, certain ports on your tills must be open to allow sales.\n\nSwitch the alarm off.\n\n\
         | Service | Port |\n|---|---|\n| sales | 7001 |\n| returns | 7002 |\n",
        &["clients -> tills tcp/7001", "clients -> tills tcp/7002"],
    );
    for line in [
        "Other ports used by the Till server are:",
        "The ports of the Till server are as follows:",
    ] {
        rules_of(
            &format!("# Setup\n\n{line}\n\n- 7001 - plain\n- 7002 - over TLS\n"),
            &[
                "clients -> Till server tcp/7001",
                "clients -> Till server tcp/7002",
            ],
        );
    }
    rules_of(
        "# Setup\n\nThe following table lists the ports that you must open for the Till (of the shop) to access what it needs.\n\n\
         | Destination server | Port |\n|---|---|\n| Ledger | 7001 |\n| Store | 7002 |\n",
        &["Till -> Ledger tcp/7001", "Till -> Store tcp/7002"],
    );
}

#[test]
fn whoever_does_something_beside_the_other_end() {
    for (asks, is_asked) in [
        ("Reporter", "Recipient"),
        ("Requesting system", "Offering system"),
    ] {
        rules_of(
            &format!(
                "# Ports\n\n| {asks} | {is_asked} | Port |\n|---|---|---|\n| Till | Ledger | 7001 |\n| Clock | Store | 7002 |\n"
            ),
            &["Clock -> Store tcp/7002", "Till -> Ledger tcp/7001"],
        );
    }
    // Whose it is is no end.
    rules_of(
        "# Ports\n\n| Destination | Owner | Port |\n|---|---|---|\n| Ledger | Accounting | 7001 |\n",
        &["hosts -> Ledger tcp/7001"],
    );
}

/// Nodes ask nodes where the page says what their port is for and not who asks it.
#[test]
fn machines_that_ask_their_own_kind() {
    let page = "# Acme Store ports\n\nOpen these on each Acme Store node.\n\n| Port | Protocol | Description |\n|--|--|--|\n\
                | 7001 | TCP | Queries |\n| 7002 | TCP | Inter-node communication (RPC) |\n| 7003 | TCP | Cluster gossip and metrics |\n\
                | 7004 | TCP | Node-to-node replication traffic |\n| 7005 | TCP | Node discovery by tools |\n";
    check(
        &derived(page),
        &[
            "clients -> Acme Store node tcp/7001",
            "Acme Store node -> Acme Store node tcp/7002",
            "Acme Store node+clients -> Acme Store node tcp/7003",
            "Node -> Node tcp/7004",
            "clients -> Acme Store node tcp/7005",
        ],
    );
}

/// No heading and no sentence takes the place of a host that a row names in full.
#[test]
fn hosts_named_in_full_are_ends() {
    let items = "* depot01.example.com TCP/7001\n* gate.example.com [192.0.2.7] TCP 7002\n";
    let between = format!("# Ports between the agent and the Acme Gate\n\n{items}");
    check(
        &derived(&between),
        &[
            "agent -> depot01.example.com tcp/7001",
            "agent -> gate.example.com tcp/7002",
        ],
    );
    let needed = format!("# Ports\n\nThe agent needs these hosts:\n\n{items}");
    check(
        &derived(&needed),
        &[
            "agent -> depot01.example.com tcp/7001",
            "agent -> gate.example.com tcp/7002",
        ],
    );
    let inbound = format!("# Ports\n\n## Inbound\n\n{items}");
    check(
        &derived(&inbound),
        &[
            "depot01.example.com -> hosts tcp/7001",
            "gate.example.com -> hosts tcp/7002",
        ],
    );
    let table = "# Ports between agent and gate\n\n| Host | Port |\n|--|--|\n| a.example.com | TCP 7001 |\n";
    check(&derived(table), &["hosts -> a.example.com tcp/7001"]);
}

/// Access to URLs is access to the ports of their schemes; links elsewhere on a page are none.
#[test]
fn lists_of_urls_below_a_line_that_asks_for_access() {
    let page = "# Acme Gate\n\n## Firewall\n\nThe following URLs must be reachable from the Gate:\n\n\
                * https://api.example.com/v2\n* http://crl.example.com (revocation)\n* https://b.example.com:8443/\n\n\
                ## Allowlist\n\n| URL | Purpose |\n|--|--|\n| https://x.example.com | Updates |\n| http://y.example.com | Lists |\n\n\
                ## See also\n\n- https://docs.example.com/ports\n";
    let found = derived(page);
    check(
        &found,
        &[
            "Gate -> api.example.com tcp/443",
            "Gate -> crl.example.com tcp/80",
            "Gate -> b.example.com tcp/8443",
            "Gate -> x.example.com tcp/443",
            "Gate -> y.example.com tcp/80",
        ],
    );
}

/// What ports are for asks nobody, however its heading ends, and a host called like the product may be the vendor's.
#[test]
fn purposes_are_no_clients() {
    let page = "# Gate\n\nThe phones must be able to communicate outbound via these ports:\n\n\
                | Protocol | Target port | Purposes | Targets |\n|--|--|--|--|\n\
                | TCP | 7001 | Provisioning | all networks |\n| UDP | 123 | NTP | time server |\n";
    check(
        &derived(page),
        &[
            "phones -> all networks tcp/7001",
            "phones -> time server udp/123",
        ],
    );
    let page = "# Ports of Ledger\n\nLedger uses these.\n\n| Region | Name | Port |\n|--|--|--|\n\
                | EU | depot.example.com | 7001 |\n| EU | ledger-manager.example.com | 7002 |\n";
    check(
        &derived(page),
        &[
            "Ledger -> depot.example.com tcp/7001",
            "Ledger -> ledger-manager.example.com tcp/7002",
        ],
    );
}

/// Whatever its heading, a column of `In` and `Out` says the way.
#[test]
fn a_column_of_ways_below_another_heading() {
    let page = "# Gate ports\n\nOpen these at the Gate.\n\n| Connection | Peer | Ports |\n|--|--|--|\n\
                | Out | Bus | tcp 7001 |\n| In | Till | tcp 7002 |\n";
    check(
        &derived(page),
        &["Gate -> Bus tcp/7001", "Till -> Gate tcp/7002"],
    );
}

/// Whatever its heading, a column of hosts names who is asked.
#[test]
fn a_column_of_hosts_below_another_heading() {
    for heading in ["FQDNs", "Ziele", "What we use"] {
        let page = format!(
            "# Gate\n\nAllow these:\n\n| {heading} | Ports | Remarks |\n|--|--|--|\n| a.example.com | TCP 7001 | Updates |\n\
             | *.example.com | TCP 7002 | Lists |\n| IP: 192.0.2.7 | UDP 7003 | Time |\n"
        );
        check(
            &derived(&page),
            &[
                "hosts -> a.example.com tcp/7001",
                "hosts -> *.example.com tcp/7002",
                "hosts -> 192.0.2.7 udp/7003",
            ],
        );
    }
    // Names of settings have dots as well.
    let page = "# Gate ports\n\n| Einstellung | Ports |\n|--|--|\n| gate.http.port | TCP 7001 |\n| gate.rest.port | TCP 7002 |\n";
    check(
        &derived(page),
        &["clients -> hosts tcp/7001", "clients -> hosts tcp/7002"],
    );
}

/// What a page says of both ways holds both ways, and what it forbids to others its own kind may do.
#[test]
fn hosts_and_own_kinds_widen_and_narrow_nothing() {
    let page = "# Gate ports\n\nOpen these at the Gate.\n\n| Remote host | Direction | Port |\n|--|--|--|\n\
                | sip.example.com | Bidirectional | 7001/tcp |\n| bus.example.com | Outbound | 7002/tcp |\n";
    check(
        &derived(page),
        &[
            "sip.example.com -> Gate tcp/7001",
            "Gate -> sip.example.com tcp/7001",
            "Gate -> bus.example.com tcp/7002",
        ],
    );
    let page = "# Gate ports\n\n## Inbound and outbound\n\n- sip.example.com TCP/7001\n- rtp.example.com UDP/7002\n";
    check(
        &derived(page),
        &[
            "hosts -> sip.example.com tcp/7001",
            "sip.example.com -> hosts tcp/7001",
            "hosts -> rtp.example.com udp/7002",
            "rtp.example.com -> hosts udp/7002",
        ],
    );
    let page = "# Ports that must not be open\n\n| Port | Protocol | Description |\n|--|--|--|\n\
                | 7001 | TCP | Cluster gossip |\n";
    let found = derived(page);
    let rule = found.matrix.rules.first().unwrap();
    assert_eq!(rule.presence, Presence::Forbidden);
    assert_ne!(rule.client, rule.server);
    let page =
        "# Gate ports\n\n| Role | Port |\n|--|--|\n| Both | 7001/tcp |\n| Both | 7002/tcp |\n";
    check(
        &derived(page),
        &["clients -> Both tcp/7001", "clients -> Both tcp/7002"],
    );
}
