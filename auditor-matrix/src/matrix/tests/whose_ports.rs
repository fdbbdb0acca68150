//! Tables that say whose their ports are in a title, in a remark, or in words within a cell.

use super::{derived, tables::check};

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
