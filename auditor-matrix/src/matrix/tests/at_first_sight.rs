//! What a reader knows of English and of layouts without the page: counted names, lines that are items, headings that are rows.

use super::{marked_ends::derived, tables::check};
use crate::document::Format;

#[test]
fn names_that_are_counted() {
    // In a list below sentences.
    check(
        &derived(
            "Till\n====\n\nThe Till nodes need the following ports open to all other Till nodes and to all the Ledger nodes:\n\n- Sales\n\n  ::\n\n      TCP/7001\n\nThey also need the following ports open to just the Desk node:\n\n- Reports\n\n  ::\n\n      TCP/7002\n\nThe world\n---------\n\nThe Till nodes need the following ports opened to the world:\n\n- Web\n\n  ::\n\n      TCP/443\n",
            Format::ReStructuredText,
        ),
        &[
            "Till nodes+Ledger nodes -> Till nodes tcp/7001",
            "Desk node -> Till nodes tcp/7002",
            "world -> Till nodes tcp/443",
        ],
    );
    // In cells.
    check(
        &derived(
            "| From | To | Port |\n|--|--|--|\n| All the Till nodes | each Ledger node | 7001/tcp |\n| every other Ledger node | Ledger nodes | 7002/tcp |\n| Desk | any Till node | 7003/tcp |\n| Till nodes and all Ledger nodes | Desk | 7004/tcp |\n",
            Format::Markdown,
        ),
        &[
            "Till nodes -> Ledger nodes tcp/7001",
            "Ledger nodes -> Ledger nodes tcp/7002",
            "Desk -> Till nodes tcp/7003",
            "Till nodes+Ledger nodes -> Desk tcp/7004",
        ],
    );
    // In sentences.
    check(
        &derived(
            "<h1>Ports</h1><p>All of the Till nodes connect to your Ledger server on TCP port 7001.</p><p>All Till nodes must be able to reach both Desk servers on TCP port 7002.</p><p>Each Ledger node connects to all other Ledger nodes on TCP port 7003.</p>",
            Format::Html,
        ),
        &[
            "Till nodes -> Ledger server tcp/7001",
            "Till nodes -> Desk servers tcp/7002",
            "Ledger node -> Ledger node tcp/7003",
        ],
    );
}

#[test]
fn transports_stated_otherwise() {
    for sentence in [
        "All ports are TCP unless stated otherwise.",
        "Unless otherwise noted, all ports are TCP.",
        "All of these use TCP except where noted.",
        "If not specified otherwise, these are TCP ports.",
    ] {
        check(
            &derived(
                &format!("# Ports\n\n## Inbound\n\n{sentence}\n\n- 7001\n- 7002 (UDP)\n"),
                Format::Markdown,
            ),
            &["clients -> hosts tcp/7001", "clients -> hosts udp/7002"],
        );
    }
}

#[test]
fn bullets_that_were_typed() {
    check(
        &derived(
            "The Tills are guarded by a filter of their own, which looks into each packet that comes to them and can't be changed. Its rules are these:\nX0 interface\n• HTTPS (443/TCP) is permitted inbound\n• Release 7 and later:\nTunnel (655/UDP only) is open for traffic between tills\n• Other traffic to the till is dropped\nX1 interface when sessions are recorded\n• SSH (22/TCP) is permitted inbound\n• ICMP ping is permitted\n• Other traffic to the till is dropped\n",
            Format::Markdown,
        ),
        &[
            "clients -> X0 interface tcp/443",
            "tills -> tills udp/655",
            "clients -> X1 interface tcp/22 [sessions-recorded]",
            "clients -> X1 interface icmp/ [sessions-recorded]",
        ],
    );
    check(
        &derived(
            "# Ports of the Till server\n\n\u{25aa} 80/tcp - sells\n\u{25aa} 53/udp - names\n",
            Format::Markdown,
        ),
        &[
            "clients -> Till server tcp/80",
            "clients -> Till server udp/53",
        ],
    );
}

#[test]
fn headings_that_are_rows() {
    let rules = [
        "clients -> hosts tcp/7001",
        "clients -> hosts tcp/7002",
        "clients -> hosts udp/7003",
    ];
    for (page, format) in [
        (
            "# tilld functions\n\n## Main Port #7001 (or any other)\n\n- sells\n\n## Main Port-NH #7002\n\n- buys\n\n## UDP Port #7003 or defined by the operator\n\n- counts\n",
            Format::Markdown,
        ),
        (
            "<h1>tilld</h1><h2>TCP port 7001: sales</h2><p>Sells.</p><h2>TCP port 7002: goods</h2><p>Buys.</p><h2>UDP port 7003: counts</h2><p>Counts.</p>",
            Format::Html,
        ),
        (
            "= tilld\n\n== Sales port 7001\n\nSells.\n\n== Goods port 7002 [New]\n\nBuys.\n\n== Counts UDP port 7003\n\nCounts.\n",
            Format::AsciiDoc,
        ),
        (
            "tilld\n=====\n\n7001/tcp - sales\n----------------\n\nSells.\n\n7002/tcp - goods\n----------------\n\nBuys.\n\n7003/udp - counts\n-----------------\n\nCounts.\n",
            Format::ReStructuredText,
        ),
    ] {
        check(&derived(page, format), &rules);
    }
}

#[test]
fn titles_above_what_they_name() {
    check(
        &derived(
            "**Network ports**\nThe Till server listens on the following ports:\n\n| Port | Description |\n|--|--|\n| 7001 | Sales |\n| 7002 | Goods. This port must be accessible from desk nodes. |\n\n**Desk to Ledger:**\n\n| Port | Description |\n|--|--|\n| 7003 | Books |\n",
            Format::Markdown,
        ),
        &[
            "clients -> Till server tcp/7001",
            "desk nodes -> Till server tcp/7002",
            "Desk -> Ledger tcp/7003",
        ],
    );
    check(
        &derived(
            "Ports\nRules for a Till Server that is Behind a Wall\nProtocol |\nDirection |\nLocal Port |\nRemote Host |\nRemote Port |\ntcp |\nincoming |\n7001 |\nany |\nany |\nudp |\noutgoing |\nany |\nLedger |\n7002 |\n",
            Format::Markdown,
        ),
        &[
            "any -> Till Server tcp/7001",
            "Till Server -> Ledger udp/7002",
        ],
    );
}

#[test]
fn pairs_with_hyphens() {
    check(
        &derived(
            "## Ports\n\n* Till-to-Ledger hosts: port 7001\n* Desk-to-Till: TCP 7002\n",
            Format::Markdown,
        ),
        &["Till -> Ledger hosts tcp/7001", "Desk -> Till tcp/7002"],
    );
}

#[test]
fn either_way() {
    for (heading, format) in [
        (
            "## In- & outbound\n\n- 7001\n\n## Inbound\n\n- 7002\n\n## Outbound\n\n- 7003\n",
            Format::Markdown,
        ),
        (
            "# Ports\n\n## In / Out\n\n- 7001\n\n## In\n\n- 7002\n\n## Out\n\n- 7003\n",
            Format::Markdown,
        ),
        (
            "== Incoming and outgoing ports\n\n* 7001\n\n== Incoming ports\n\n* 7002\n\n== Outgoing ports\n\n* 7003\n",
            Format::AsciiDoc,
        ),
        (
            "<h1>Ports</h1><h2>Both directions</h2><ul><li>7001</ul><h2>Ingress</h2><ul><li>7002</ul><h2>Egress</h2><ul><li>7003</ul>",
            Format::Html,
        ),
        (
            "Out- and inbound\n----------------\n\n- 7001\n\nInbound\n-------\n\n- 7002\n\nOutbound\n--------\n\n- 7003\n",
            Format::ReStructuredText,
        ),
    ] {
        check(
            &derived(heading, format),
            &[
                "clients -> hosts tcp/7001",
                "hosts -> servers tcp/7001",
                "clients -> hosts tcp/7002",
                "hosts -> servers tcp/7003",
            ],
        );
    }
    // A title above other headings, and a heading above rows that name their ends, say less than that.
    check(
        &derived(
            "# Inbound and outbound ports\n\n## Sales ports\n\n- 7001\n\n## Inbound and outbound\n\n| From | To | Port |\n|--|--|--|\n| Till | Desk | 7002/tcp |\n",
            Format::Markdown,
        ),
        &["clients -> hosts tcp/7001", "Till -> Desk tcp/7002"],
    );
}

#[test]
fn transports_by_default() {
    check(
        &derived(
            "# Till\n\n## Sales\n\n| Port | Use |\n|--|--|\n| 7001 | sales |\n| 7002 (TCP) | goods |\n\nAll ports are UDP unless noted otherwise.\n\n## Goods\n\n- Port 7003: goods\n",
            Format::Markdown,
        ),
        &[
            "clients -> hosts udp/7001",
            "clients -> hosts tcp/7002",
            "clients -> Goods tcp/7003",
        ],
    );
    check(
        &derived(
            "<h2>Ports</h2><p>The default transport is UDP unless otherwise specified.</p><ul><li>7001: sales<li>7002/tcp: goods</ul>",
            Format::Html,
        ),
        &["clients -> hosts udp/7001", "clients -> hosts tcp/7002"],
    );
}

#[test]
fn other_traffic_is_none_that_was_named() {
    check(
        &derived(
            "# Firewall\n\nTCP port 7001 must be open on the Desk server. Everything else is blocked.\n\nAllow TCP port 7002 from the Till to the Desk server; no other ports need to be open.\n\nPort 7003/tcp is open on the Desk server, any other traffic is dropped.\n\nOpen these ports on the Till server:\n\n- 7004/tcp\n\nAll other ports must be closed.\n",
            Format::Markdown,
        ),
        &[
            "clients -> Desk server tcp/7001",
            "Till -> Desk server tcp/7002",
            "clients -> Desk server tcp/7003",
            "clients -> Till server tcp/7004",
        ],
    );
}

#[test]
fn icmp_that_sentences_ask_for() {
    check(
        &derived(
            "<h2>Till node</h2><p>Ping must be permitted from the Desk to the Till node.</p><ul><li>TCP 7001<li>ICMP ping is permitted</ul>",
            Format::Html,
        ),
        &[
            "Desk -> Till node icmp/",
            "clients -> Till node icmp/",
            "clients -> Till node tcp/7001",
        ],
    );
}

#[test]
fn programs_above_their_ports() {
    check(
        &derived(
            "## Install your own server\n\nBe sure to open these ports in the firewall:\n- `tilld`:\n  - `7001` (TCP): used for sales.\n  - `7002` (TCP): used to support web desks.\n- `ledgerd`:\n  - `7003` (TCP): used for books.\n",
            Format::Markdown,
        ),
        &[
            "clients -> tilld tcp/7001",
            "clients -> tilld tcp/7002",
            "clients -> ledgerd tcp/7003",
        ],
    );
    // Where a sentence says whose ports they are, the label says what they are for.
    check(
        &derived(
            "<h2>Ports</h2><p>The Till nodes need the following ports open:</p><ul><li>Ledger:<ul><li>7001/tcp</ul><li>Inbound:<ul><li>7002/tcp</ul></ul>",
            Format::Html,
        ),
        &[
            "clients -> Till nodes tcp/7001",
            "clients -> Till nodes tcp/7002",
        ],
    );
}

/// Only what is said of another port is not of the row: a condition that is taken for none makes a rule wider than the page.
#[test]
fn conditions_of_something_else() {
    check(
        &derived(
            "## Till server\n\n| Port | Protocol | Service | Notes |\n|--|--|--|--|\n| 7001 | TCP | Sales | If several tills run, additional ports may be needed. |\n| 7002 | TCP | Goods | If clustering is on, the nodes talk to each other. |\n| 7003 | TCP | Books | If books are kept, open this port. |\n",
            Format::Markdown,
        ),
        &[
            "clients -> Till server tcp/7001",
            "clients -> Till server tcp/7002 [clustering-nodes-talk-each]",
            "clients -> Till server tcp/7003 [books-kept-open]",
        ],
    );
    check(
        &derived(
            "## Till ports\n\n| Port | Protocol | Direction | Service |\n|--|--|--|--|\n| 7001 | TCP | Outbound | Acme Ledger |\n| 443 | TCP | Outbound | HTTPS |\n",
            Format::Markdown,
        ),
        &["hosts -> Acme Ledger tcp/7001", "hosts -> servers tcp/443"],
    );
}

#[test]
fn transports_that_protocols_and_numbers_imply() {
    check(
        &derived(
            "# Ports\n\nThe Till node uses these ports:\n\n- SNMP 161\n- NTP: 7123\n- 514 for syslog\n- DNS 53\n- 1812\n- 7001 for sales\n- SSH 2\n",
            Format::Markdown,
        ),
        &[
            "clients -> Till node tcp/53",
            "clients -> Till node tcp/7001",
            "clients -> Till node udp/161",
            "clients -> Till node udp/1812",
            "clients -> Till node udp/514",
            "clients -> Till node udp/53",
            "clients -> Till node udp/7123",
        ],
    );
    check(
        &derived(
            "# Ports\n\n| Port | Usage |\n|--|--|\n| 7001 | Discovery over UDP |\n| 7002 | UDP search, TCP answers |\n| 7003 | Till (no UDP) |\n| 123 | Time |\n",
            Format::Markdown,
        ),
        &[
            "clients -> hosts tcp/7002",
            "clients -> hosts tcp/7003",
            "clients -> hosts udp/123",
            "clients -> hosts udp/7001",
            "clients -> hosts udp/7002",
        ],
    );
}

/// Numbers at the start of lines are ports where something above says so, and codes or lines elsewhere.
#[test]
fn pairs_that_nothing_says_are_ports() {
    check(
        &derived(
            "# Till\n\nOpen TCP port 7001 on the Till server.\n\n## Codes\n\n    200: OK\n    404: Not Found\n\n## Ports\n\n    7002: sales\n    7003: books\n",
            Format::Markdown,
        ),
        &[
            "clients -> Till server tcp/7001",
            "clients -> Till tcp/7002",
            "clients -> Till tcp/7003",
        ],
    );
}

#[test]
fn transports_side_by_side() {
    check(
        &derived(
            "# Ports\n\nOpen these ports on the Till node:\n\n- 7001 tcp udp\n- TCP UDP 7002\n- 7003 TCP UDP 7004\n",
            Format::Markdown,
        ),
        &[
            "clients -> Till node tcp/7001",
            "clients -> Till node tcp/7002",
            "clients -> Till node tcp/7003",
            "clients -> Till node udp/7001",
            "clients -> Till node udp/7002",
            "clients -> Till node udp/7004",
        ],
    );
}

#[test]
fn directions_below_two_that_talk_to_each_other() {
    check(
        &derived(
            "# Ports\n\nThe following ports are required for communication between the Till server and the Bank server:\n\n| Direction | Protocol | Port |\n|--|--|--|\n| Inbound | TCP | 7001 |\n| Outbound | TCP | 7002 |\n| Bidirectional | TCP | 7003 |\n",
            Format::Markdown,
        ),
        &[
            "Bank server -> Till server tcp/7001",
            "Bank server -> Till server tcp/7003",
            "Till server -> Bank server tcp/7002",
            "Till server -> Bank server tcp/7003",
        ],
    );
}

#[test]
fn ports_behind_a_label_with_what_is_spoken() {
    check(
        &derived(
            "# Ports\n\nThe Till node connects to the Store:\n\n- Protocol and ports: HTTPS 7001\n- Ports: HTTPS 7002, NTP 7003\n- Ports: HTTP/HTTPS 7004/7014\n- Port numbers: https 7006 and 7016\n- Version: HTTPS 2\n",
            Format::Markdown,
        ),
        &[
            "Till node -> Store tcp/7001",
            "Till node -> Store tcp/7002",
            "Till node -> Store tcp/7004,7014",
            "Till node -> Store tcp/7006,7016",
            "Till node -> Store udp/7003",
        ],
    );
}

#[test]
fn labels_that_name_the_other_end() {
    check(
        &derived(
            "# Ports\n\nThese ports must be open:\n\n- Gate: TCP 7001 from tills\n- Till nodes (outbound): TCP 7002 to the Gate\n- Bank server: TCP 7003 (inbound from desks)\n- HTTPS: TCP 7004 from browsers\n- Replication: TCP 7005 from Store nodes\n- Updates: TCP 7006 to acme.example.com\n",
            Format::Markdown,
        ),
        &[
            "Store nodes -> hosts tcp/7005",
            "Till nodes -> Gate tcp/7002",
            "browsers -> hosts tcp/7004",
            "desks -> Bank server tcp/7003",
            "hosts -> acme.example.com tcp/7006",
            "tills -> Gate tcp/7001",
        ],
    );
}

#[test]
fn relations_under_any_heading() {
    check(
        &derived(
            "# Ports\n\n| Port | Relation |\n|--|--|\n| 7001 | Gate to tillSrv |\n| 7002 | Between Store nodes |\n| 7003 | Desk to Bank |\n",
            Format::Markdown,
        ),
        &[
            "Desk -> Bank tcp/7003",
            "Gate -> tillSrv tcp/7001",
            "Store nodes -> Store nodes tcp/7002",
        ],
    );
    check(
        &derived(
            "# Ports\n\n| Application | Endpoint | Port |\n|--|--|--|\n| Till Server | opc.tcp://<server>:7001/till | 7001 |\n| Bank | https://{host}:7002 | 7002 |\n",
            Format::Markdown,
        ),
        &[
            "clients -> Bank tcp/7002",
            "clients -> Till Server tcp/7001",
        ],
    );
}

#[test]
fn tables_right_below_text() {
    check(
        &derived(
            "### Ports of the Till\n| Source          | Destination        | Port     | Description                      |\n|-----------------|--------------------|----------|----------------------------------|\n| Desk            | Till Server        | 7001/tcp | For the sales https of the Till  |\n| Till Server     | Bank               | 7002/tcp | Money                            |\n",
            Format::Markdown,
        ),
        &[
            "Desk -> Till Server tcp/7001",
            "Till Server -> Bank tcp/7002",
        ],
    );
}

#[test]
fn the_product_that_has_the_ports() {
    check(
        &derived(
            "# Ledgerline network notes\n\nThe table lists the ports used by Ledgerline. Backups of Ledgerline need none.\n\n| Port | Transport |\n|--|--|\n| 7001 | TCP |\n",
            Format::Markdown,
        ),
        &["clients -> Ledgerline tcp/7001"],
    );
    // A system that many products run on is none, nor is a protocol, nor one that the page only mentions.
    for page in [
        "# Ports\n\nOpen these ports on Linux. The ports used by Linux hosts are those of Linux:\n\n- 7001/tcp\n",
        "# Ports\n\nPorts used by HTTPS are open. Traffic over HTTPS is encrypted:\n\n- 7001/tcp\n",
        "# Before you begin\n\nAsk Mary or the Helpdesk. Open these ports:\n\n- 7001/tcp\n",
    ] {
        check(
            &derived(page, Format::Markdown),
            &["clients -> hosts tcp/7001"],
        );
    }
}

#[test]
fn headings_that_say_what_their_machines_do() {
    for (asks, is_asked) in [
        ("Dials", "Picks up"),
        ("Calls", "Gets called"),
        ("Opens the session", "Takes the session"),
        ("Sings", "Obeys"),
    ] {
        let page = format!(
            "| {is_asked} | {asks} | Port | Transport |\n|--|--|--|--|\n| Ledger | Till | 7001 | TCP |\n| Desk | Kiosk | 7002 | TCP |\n"
        );
        check(
            &derived(&page, Format::Markdown),
            &["Till -> Ledger tcp/7001", "Kiosk -> Desk tcp/7002"],
        );
    }
    check(
        &derived(
            "| Port bound on | Opened from | Port | Transport |\n|--|--|--|--|\n| Ledger | Till | 7001 | TCP |\n",
            Format::Markdown,
        ),
        &["Till -> Ledger tcp/7001"],
    );
}

#[test]
fn marks_of_any_form() {
    for mark in ["•", "●", "+", ":heavy_check_mark:", "■", "✓"] {
        let page = format!(
            "| From | To | UDP | TCP | Port |\n|--|--|--|--|--|\n| Till | Ledger | | {mark} | 7001 |\n| Till | Desk | {mark} | | 7002 |\n"
        );
        check(
            &derived(&page, Format::Markdown),
            &["Till -> Ledger tcp/7001", "Till -> Desk udp/7002"],
        );
    }
}
