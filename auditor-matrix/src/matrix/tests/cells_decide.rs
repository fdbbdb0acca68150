//! Tables whose headings say little or mislead: what the cells hold decides.

use super::marked_ends::{check, derived, says};
use crate::document::Format;

#[test]
fn headings_in_an_unknown_language() {
    let page = "<table><tr><th>送信元</th><th>宛先</th><th>ポート</th><th>プロトコル</th></tr>\
                <tr><td>店</td><td>倉庫</td><td>5432</td><td>TCP</td></tr>\
                <tr><td>端末</td><td>店</td><td>443</td><td>TCP</td></tr></table>";
    let ends = derived(page, Format::Html);
    check(&ends, &["店 -> 倉庫 tcp/5432", "端末 -> 店 tcp/443"]);
    // Of a language that nobody has told of, the names that recur are the ends.
    let page = "<table><tr><th>წყარო</th><th>მიზანი</th><th>პორტი</th><th>ოქმი</th></tr>\
                <tr><td>店</td><td>倉庫</td><td>5432</td><td>TCP</td></tr>\
                <tr><td>端末</td><td>店</td><td>443</td><td>TCP</td></tr></table>";
    let ends = derived(page, Format::Html);
    check(&ends, &["店 -> 倉庫 tcp/5432", "端末 -> 店 tcp/443"]);
    assert!(says(&ends, "5432, 443") && says(&ends, "the one that connects first"));
    let page = "포트,서비스,설명\n80,HTTP,웹 페이지\n443,HTTPS,보안 웹 페이지\n9100,Exporter,메트릭 수집\n";
    let services = derived(page, Format::Csv);
    check(
        &services,
        &[
            "clients -> hosts tcp/80",
            "clients -> hosts tcp/443",
            "clients -> hosts tcp/9100",
        ],
    );
    // Sizes of memory are no ports of what they are for.
    let page =
        "| 名称 | 内存 | 说明 |\n|--|--|--|\n| 数据库 | 4096 | MySQL |\n| 前端 | 2048 | HTTPS |\n";
    check(&derived(page, Format::Markdown), &[]);
}

#[test]
fn paths_are_no_machines() {
    let page = "| Port | Protocol | Endpoint | Function |\n|--|--|--|--|\n| 4100 | HTTP | `/v1/grain` and `/v2/grain` | Grain |\n\
                | 4101 | HTTP | n/a | Spare |\n";
    check(
        &derived(page, Format::Markdown),
        &["clients -> hosts tcp/4100", "clients -> hosts tcp/4101"],
    );
}

#[test]
fn below_a_heading_all_may_stay_on_one_machine() {
    let page = "## Inner\n\nUsed by the parts of Granary, within the host only.\n\n| Port |\n|--|\n| 4100 |\n\n\
                ## Outer\n\nThe cache listens within the host only.\n\n| Port |\n|--|\n| 4200 |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "hosts -> hosts tcp/4100 loopback",
            "clients -> hosts tcp/4200",
        ],
    );
}

#[test]
fn several_requirements() {
    let page = "| Port | Required for the shop | Required for its checks |\n|--|--|--|\n| 80 | yes (stock plugin only) | no |\n\
                | 81 | no | yes |\n| 82 | no | no |\n";
    let derived = derived(page, Format::Markdown);
    let rules: Vec<String> = derived
        .matrix
        .rules
        .iter()
        .map(|rule| format!("{} {:?} {:?}", rule.ports, rule.presence, rule.when))
        .collect();
    assert!(
        rules
            .iter()
            .any(|rule| rule.starts_with("80 Required Some"))
            && rules.contains(&"81 Required None".to_owned())
            && rules.contains(&"82 Optional None".to_owned()),
        "{rules:?}"
    );
}

#[test]
fn rows_that_name_their_ports_in_words_are_items() {
    let page = "| Property | Description |\n|--|--|\n| `till.http.port` | Till HTTP port. Default value is 8100 |\n\
                | `till.stop.port` | Till shutdown port. Default value is 8101 |\n| `till.user` | The user that runs it |\n";
    let found = derived(page, Format::Markdown);
    check(
        &found,
        &["clients -> hosts tcp/8100", "clients -> hosts tcp/8101"],
    );
    assert!(says(&found, "8100") && says(&found, "read as an item"));
}

#[test]
fn variables_in_names_of_hosts_stay() {
    let page = "| Source | Destination | Port | Protocol |\n|--|--|--|--|\n\
                | {till} server | store.{domain} | 8100 | TCP |\n";
    check(
        &derived(page, Format::Markdown),
        &["till server -> store.{domain} tcp/8100"],
    );
}

#[test]
fn ports_below_directions() {
    for (inbound, outbound) in [
        ("Inbound", "Outbound"),
        ("In", "Out"),
        ("Ingress", "Egress"),
    ] {
        let page = format!(
            "# Ports\n\n## Core server\n\nThese ports must be open:\n\n| Description | {inbound} | {outbound} |\n|--|--|--|\n\
             | Orders | 7001 | |\n| Web | 7002 / 7003 | |\n| Updates | | 7004 - 7006 |\n| Mirror | 7007 | 7008 |\n"
        );
        check(
            &derived(&page, Format::Markdown),
            &[
                "clients -> core server tcp/7001",
                "clients -> core server tcp/7002-7003",
                "core server -> servers tcp/7004-7006",
                "clients -> core server tcp/7007",
                "core server -> servers tcp/7008",
            ],
        );
    }
    // Ticks say which way the port of the row is asked.
    let page = "# Ports\n\n## Core server\n\n| Port | Inbound | Outbound |\n|--|--|--|\n| 7001 | yes | |\n| 7002 | | yes |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "clients -> core server tcp/7001",
            "core server -> servers tcp/7002",
        ],
    );
    // `From` and `To` name the other end, too.
    let page = "# Ports\n\n## Core server\n\nThe following ports must be open.\n\n| Service | From tills | To the store |\n|--|--|--|\n| Web | 7001 | 7002 |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "core server -> store tcp/7002",
            "tills -> core server tcp/7001",
        ],
    );
    // Counts are no ports.
    let page = "# Limits\n\n## Core server\n\n| Description | Inbound | Outbound |\n|--|--|--|\n| Messages a second | 7001 | 7002 |\n";
    check(&derived(page, Format::Markdown), &[]);
}
