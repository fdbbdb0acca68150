//! Tables whose titles tell whose ports they list, and rows whose words grant access.

use super::{derived, rules, tables::check};

fn tables(titles: &[&str], mark: &dyn Fn(&str) -> String) -> String {
    let table = |(index, title): (usize, &&str)| {
        let title = mark(title);
        format!(
            "{title}\n\n| Port | Protocol | Service |\n|--|--|--|\n| 700{index} | TCP | Orders |\n\n"
        )
    };
    let tables: Vec<String> = titles.iter().enumerate().map(table).collect();
    format!("# Ports\n\n{}", tables.concat())
}

#[test]
fn titles_beside_those_of_machines() {
    let marks: [&dyn Fn(&str) -> String; 3] = [
        &|title| format!("### {title}"),
        &|title| format!("**{title}**"),
        &|title| format!("{title}:"),
    ];
    for mark in marks {
        check(
            &derived(&tables(&["Till nodes", "Ledger", "Orders Catalog"], mark)),
            &[
                "clients -> Ledger tcp/7001",
                "clients -> Orders Catalog tcp/7002",
                "clients -> Till nodes tcp/7000",
            ],
        );
    }
    // Nothing is concluded where a title says of what kind the ports are, or none names a machine.
    for titles in [
        ["Till nodes", "Optional", "Ledger"],
        ["Till nodes", "Inbound", "Ledger"],
        ["Till nodes", "Monitoring", "Ledger"],
        ["Basics", "Extras", "Ledger"],
    ] {
        let rules = rules(&derived(&tables(&titles, &|title| format!("### {title}"))));
        assert!(
            rules.iter().all(|rule| !rule.contains("-> Ledger")),
            "{rules:?}"
        );
    }
}

#[test]
fn grants_beside_each_other() {
    let page = |purpose: &str| {
        format!(
            "# Ports\n\n## Store servers\n\n| Port | Protocol | Service | Direction | Required for |\n|--|--|--|--|--|\n\
             | 7001 | TCP | Orders | Inbound and outbound | {purpose} |\n"
        )
    };
    let both = derived(&page(
        "Mesh, ALLOW connections from till server(s) to Orders port, ALLOW connections from relay node(s) to Orders port (if relayed)",
    ));
    check(
        &both,
        &[
            "relay nodes -> Store servers tcp/7001 [relayed]",
            "till servers -> Store servers tcp/7001",
        ],
    );
    check(
        &derived(&page("Allow the orders port across all store servers")),
        &["Store servers -> Store servers tcp/7001"],
    );
}

#[test]
fn open_only_under_a_condition() {
    for purpose in [
        "Open only if the internal ledger is used. Otherwise, this port should not be open",
        "Open only when the internal ledger is used",
    ] {
        let derived = derived(&format!(
            "# Ports\n\n## Store servers\n\n| Port | Protocol | Service | Required for |\n|--|--|--|--|\n\
             | 7001 | TCP | Orders | {purpose} |\n"
        ));
        let rules = derived.matrix.rules;
        assert!(
            !rules.is_empty() && rules.iter().all(|rule| rule.when.is_some()),
            "{rules:?}"
        );
    }
}
