//! Arrows stand between ends, wherever they are.

use super::{
    derived as whole,
    marked_ends::{check, derived},
    tables,
};
use crate::document::Format;

#[test]
fn arrows_in_headings() {
    let page = "## Till `-->` Mirror, both old and new\n\n| Description | UDP | TCP |\n|--|--|--|\n\
                | RPC mapper | -- | 8100 |\n| RPC | -- | DYNAMIC <sup>Note 6</sup> |\n| Sync | -- | 8101 <sup>Note 2 may differ</sup> |\n\n\
                ## Desk ⇄ Ledger (old)\n\n- Orders: TCP 8102\n";
    let found = derived(page, Format::Markdown);
    check(
        &found,
        &[
            "till -> mirror tcp/8100",
            "till -> mirror tcp/ephemeral",
            "till -> mirror tcp/8101",
            "desk -> ledger tcp/8102",
            "ledger -> desk tcp/8102",
        ],
    );
}

const BODY: &str = "| Port | Protocol | Service |\n|--|--|--|\n| 7001 | TCP | Orders |\n";

#[test]
fn lines_of_arrows_above_tables() {
    // Each pair is a rule.
    tables::check(
        &whole(&format!(
            "# Ports\n\n## Tills\n\nAll tills ask.\n\n```\nTill => Gate Server\nAdmin PC => Gate Server\n```\n\n{BODY}"
        )),
        &[
            "Till -> Gate Server tcp/7001",
            "Admin PC -> Gate Server tcp/7001",
        ],
    );
    tables::check(
        &whole(&format!(
            "# Ports\n\n## Tills\n\n- Till --> Gate Server\n- Gate Server \u{2194} Store\n\n{BODY}"
        )),
        &[
            "Till -> Gate Server tcp/7001",
            "Gate Server -> Store tcp/7001",
            "Store -> Gate Server tcp/7001",
        ],
    );
    for ends in [
        "- Source: Till\n- Destination: Gate Server\n",
        "**Source:** Till\n**Destination:** Gate Server\n",
        "Source: Till  \nDestination: Gate Server\n",
    ] {
        tables::check(
            &whole(&format!("# Ports\n\n## Tills\n\n{ends}\n{BODY}")),
            &["Till -> Gate Server tcp/7001"],
        );
    }
    // Words between the arrow and the table, and a section within its own.
    let page = format!(
        "# Ports\n\n## Stores\n\n```\nStore nodes <=> Store nodes\n```\n\nSome may differ.\n\nExamples are:\n\n{BODY}\n### More\n\n{}",
        BODY.replace("7001", "7002")
    );
    let found = derived(&page, Format::Markdown);
    tables::check(
        &found,
        &[
            "Store nodes -> Store nodes tcp/7001",
            "Store nodes -> Store nodes tcp/7002",
        ],
    );
    assert!(
        found
            .problems
            .iter()
            .any(|problem| problem.message.contains("arrows above its heading")),
        "{:?}",
        found.problems
    );
    // A list takes them as a table does.
    tables::check(
        &whole("# Ports\n\n## Tills\n\n```\nTill -> Gate\nPC -> Gate\n```\n\n- TCP 7001\n"),
        &["Till -> Gate tcp/7001", "PC -> Gate tcp/7001"],
    );
}

#[test]
fn arrows_that_are_of_something_else() {
    // Those of the first table are not those of the next one.
    let page = format!(
        "# Ports\n\n## Stores\n\n```\nTill => Gate\n```\n\n{BODY}\nOthers:\n\n{}",
        BODY.replace("7001", "7002")
    );
    tables::check(
        &whole(&page),
        &["Till -> Gate tcp/7001", "clients -> hosts tcp/7002"],
    );
    // Another section has none.
    let page = format!("# Ports\n\n## Stores\n\n```\nTill => Gate\n```\n\n## Ports\n\n{BODY}");
    tables::check(&whole(&page), &["clients -> hosts tcp/7001"]);
    // Columns of ends say more.
    let page = "# Ports\n\n```\nTill => Gate\n```\n\n| Port | Source | Destination |\n|--|--|--|\n| 7001 | Store | Mirror |\n";
    tables::check(&whole(page), &["Store -> Mirror tcp/7001"]);
    let page = format!("# Ports\n\n```\n(x) => answer()\n```\n\n{BODY}");
    tables::check(&whole(&page), &["clients -> hosts tcp/7001"]);
}

#[test]
fn many_that_talk_to_each_other() {
    tables::check(
        &whole(&format!(
            "# Ports\n\nThe following ports must be opened between all Linux nodes in the till cluster, used or not.\n\n{BODY}"
        )),
        &["Linux nodes in the till cluster -> Linux nodes in the till cluster tcp/7001"],
    );
    tables::check(
        &whole(
            "# Ports\n\n## Cluster\n\nThe following ports have to be open among all members of the cluster:\n\n- 7002/tcp: sync\n",
        ),
        &["members of the cluster -> members of the cluster tcp/7002"],
    );
}
