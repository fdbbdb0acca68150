//! Tables between other lines, and lines that are none.

use super::blocks;
use crate::document::block::block_lines;

#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let found = blocks(1, text, &str::to_owned).unwrap_or_default();
    assert_eq!(block_lines(found), expected, "{text}");
}

#[test]
fn tables_between_other_lines() {
    check(
        "All of it.\nStore:\nType\tPort\tSource\nInbound\t80\tWeb\nOutbound\t53\n\nTill:\nType\tPort\tSource\nInbound\t81\tWeb\nSee below.",
        &[
            "1 All of it.",
            "2 Store:",
            "3h Type|Port|Source",
            "4 Inbound|80|Web",
            "5 Outbound|53|",
            "7 Till:",
            "8h Type|Port|Source",
            "9 Inbound|81|Web",
            "10 See below.",
        ],
    );
    check(
        "Port | Source | Purpose\n---- | ------ | -------\n80 | Web | requests",
        &["1h Port|Source|Purpose", "3 80|Web|requests"],
    );
    check(
        "Port;Source;Purpose\n80;Web;\"a; b\"",
        &["1h Port|Source|Purpose", "2 80|Web|a; b"],
    );
    check(
        "Port, Source, Purpose\n80, Web, reads\n81, 82, Web, writes",
        &[
            "1h Port|Source|Purpose",
            "2 80|Web|reads",
            "3 unread this line does not fit the headings above it \"81, 82, Web, writes\"",
        ],
    );
}

#[test]
fn rows_with_empty_lines_between_them() {
    let text = "Port    Component  Use\n\n80      Store      all\n81      Till       some\n\n82      Store      few\n\nSee below.";
    assert_eq!(text.get(super::extent(text)..), Some("\n\nSee below."));
    check(
        text.get(..super::extent(text)).unwrap(),
        &[
            "1h Port|Component|Use",
            "3 80|Store|all",
            "4 81|Till|some",
            "6 82|Store|few",
        ],
    );
    let sentence = "Port    Component  Use\n\n80 is the port of the Store.";
    assert_eq!(super::extent(sentence), 22);
}

#[test]
fn a_cell_that_reaches_into_the_next_column() {
    check(
        "Port    Component  Use\n80      Store      all\n81      LongestOfTills some",
        &[
            "1h Port|Component|Use",
            "2 80|Store|all",
            "3 unread this line does not fit the headings above it \"81 LongestOfTills some\"",
        ],
    );
}

#[test]
fn aligned_columns() {
    check(
        "Port      Source        Purpose\n80/tcp    Web node      requests\n                        of guests\n443/tcp                 all\n444/tcp      all\n",
        &[
            "1h Port|Source|Purpose",
            "2 80/tcp|Web node|requests of guests",
            "4 443/tcp||all",
            "5 unread this line does not fit the headings above it \"444/tcp all\"",
        ],
    );
}

#[test]
fn titles_of_groups() {
    check(
        "Port\tSource\tPurpose\nInbound\n80\tWeb\tall\n",
        &["1h Port|Source|Purpose", "2 Inbound||", "3 80|Web|all"],
    );
}

#[test]
fn sentences_are_none() {
    check("Ports, sources and more.\n80, 81 and others.", &[]);
    check(
        "Open the port, the source, and the purpose\n80, 81, 82",
        &[],
    );
    check("| Port | Source |\n|---|---|\n| 80 | Web |", &[]);
    check("Port\tSource", &[]);
}
