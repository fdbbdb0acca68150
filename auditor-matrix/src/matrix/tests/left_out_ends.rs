//! Rows that leave an end out, which the heading, the other rows or the words beside them give.

use super::{
    marked_ends::{derived, says},
    tables::check,
};
use crate::document::Format;

#[test]
fn columns_for_both_ends_that_are_filled_by_turns() {
    let table = "| Service | Port | From | To |\n|--|--|--|--|\n";
    for heading in ["## Worker nodes", "**Worker nodes**"] {
        let page = format!(
            "# Ports\n\n{heading}\n\n{table}| Web | 8001 | Browsers | |\n| Log | 8002 | | Collector |\n| Cache | 8003 | | |\n\
             | Sync | 8004 | Internal traffic, if there is a cluster | |\n| UI | 8005 | Portal, if it is enabled | |\n"
        );
        let found = derived(&page, Format::Markdown);
        check(
            &found,
            &[
                "Browsers -> Worker nodes tcp/8001",
                "Worker nodes -> Collector tcp/8002",
                "clients -> Worker nodes tcp/8003",
                "clients -> Worker nodes tcp/8004 [there-cluster]",
                "Portal -> Worker nodes tcp/8005 [it-enabled]",
            ],
        );
    }
    // What goes out of the machine of a heading is not asked there.
    let page = format!("## Outbound from the Core\n\n{table}| Web | 8001 | Edge | |\n");
    let found = derived(&page, Format::Markdown);
    check(&found, &["Edge -> hosts tcp/8001"]);
}

#[test]
fn services_that_come_in_and_go_out() {
    let page = "# Ports\n\nTo install Ledger Hub, you must open these ports:\n\n| Service | Port | Protocol | Direction |\n|--|--|--|--|\n\
                | Sync server | 8001 | TCP | Inbound |\n| Mail relay | 25 | TCP | Outbound |\n| Archive server | 8003 | TCP | Outbound |\n";
    let found = derived(page, Format::Markdown);
    check(
        &found,
        &[
            "clients -> Sync server tcp/8001",
            "Ledger Hub -> Mail relay tcp/25",
            "Ledger Hub -> Archive server tcp/8003",
        ],
    );
    assert!(says(&found, "who listens in both"));
    // Names that do both may be who asks.
    let both = page.replace("Archive server", "Sync server");
    assert!(!says(
        &derived(&both, Format::Markdown),
        "who listens in both"
    ));
}

#[test]
fn directions_beside_machines() {
    let page = "# Ports\n\n| Machines | Ledger Core | Sync Server | Archive |\n|--|--|--|--|\n\
                | Incoming | TCP 22, 443 | TCP 22, 9631<br/>UDP 9638 | |\n| Outgoing | TCP 443 | | TCP 22 |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "clients -> Ledger Core tcp/22,443",
            "clients -> Sync Server tcp/22,9631",
            "clients -> Sync Server udp/9638",
            "Ledger Core -> servers tcp/443",
            "Archive -> servers tcp/22",
        ],
    );
}

#[test]
fn columns_of_networks_name_the_other_end() {
    let page = "# Ports\n\n| Protocol | Port | Access | Purpose |\n|--|--|--|--|\n| TCP | 22 | Public/Internet | SSH |\n\
                | TCP | 5432 | Intranet | Ledger |\n";
    let found = derived(page, Format::Markdown);
    check(
        &found,
        &[
            "Public/Internet -> hosts tcp/22",
            "Intranet -> hosts tcp/5432",
        ],
    );
    assert!(says(&found, "this column names networks"));
    // A word for where something is says of no network who that is.
    let inside = page
        .replace("Public/Internet", "External")
        .replace("Intranet", "Internal");
    assert!(!says(
        &derived(&inside, Format::Markdown),
        "this column names networks"
    ));
}

#[test]
fn peers_beside_who_listens() {
    let page = "# Ledger broker\n\n| Listener | Port | Protocol | Peer |\n|--|--|--|--|\n| Broker | 5671 | TCP | Publishers |\n\
                | Broker | 15671 | both | Operators |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "Publishers -> Broker tcp/5671",
            "Operators -> Broker tcp/15671",
            "Operators -> Broker udp/15671",
        ],
    );
}

#[test]
fn what_stands_beside_the_name_of_an_end() {
    let page = "# Ports\n\n| Source | Destination | Port | Protocol | Notes |\n|--|--|--|--|--|\n\
                | Core and HTTP proxy or browser | Dashboard | 3000 | TCP | |\n\
                | Core | Multi-server setup: Store node | 9042 | TCP | |\n\
                | Core | Archive: primary | 9043 | TCP | |\n\
                | Core | Console, when clustered | 9044 | TCP | |\n\
                | SQL host | Agent running on the SQL host | 1433 | TCP | |\n\
                | Local host (Linux server) | Local host (Linux server) | 5999 | TCP | |\n\
                | Core | Dashboard | 7077 | TCP | Set to 0 for a random port. Standalone mode only. |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "Core+HTTP proxy+browser -> Dashboard tcp/3000",
            "Core -> Store node tcp/9042 [multi-server-setup]",
            "Core -> Archive: primary tcp/9043",
            "Core -> Console tcp/9044 [clustered]",
            "SQL host -> SQL host tcp/1433 loopback",
            "Linux server -> Linux server tcp/5999 loopback",
            "Core -> Dashboard tcp/7077 [standalone-mode]",
        ],
    );
}

#[test]
fn ports_that_nobody_has_make_no_rule() {
    let page = "# Ports of Ledger\n\n| Port | Component |\n|--|--|\n| 8001 | Sync server |\n| 8002 | reserved |\n\
                | 8003 | Reserved for the archive |\n";
    let found = derived(page, Format::Markdown);
    let ports: Vec<String> = (found.matrix.rules.iter())
        .map(|rule| rule.ports.to_string())
        .collect();
    assert_eq!(ports, ["8001", "8003"]);
    assert!(says(&found, "nobody has this port"));
}

#[test]
fn sections_for_ways_to_deploy() {
    let table = "| Port | Protocol |\n|--|--|\n| 443 | TCP |\n";
    let page = format!(
        "# Ports of Ledger\n\n## Standalone deployment\n\n{table}\n## High availability deployment\n\n{table}\n## Further ports\n\n\
         | Port | Protocol |\n|--|--|\n| 444 | TCP |\n"
    );
    let found = derived(&page, Format::Markdown);
    let mut when: Vec<_> = (found.matrix.rules.iter())
        .map(|rule| (rule.ports.to_string(), rule.when.clone()))
        .collect();
    when.sort();
    let whens: Vec<bool> = when.iter().map(|(_, when)| when.is_some()).collect();
    assert_eq!(whens, [true, true, false], "{when:?}");
}

#[test]
fn one_port_or_another() {
    let page = "# Ports\n\n- Inbound TCP to the Gate's network port from the till nodes. The default port is 8443 if TLS is enabled and \
                8080 if not.\n";
    let found = derived(page, Format::Markdown);
    check(
        &found,
        &[
            "till nodes -> Gate tcp/8443 [tls-enabled]",
            "till nodes -> Gate tcp/8080 [unless-tls-enabled]",
        ],
    );
}
