//! Tables that plain text writes without the syntax of one.

use super::marked_ends::{check, derived};
use crate::document::Format;

const STORE: &str = "Store:\nRule Type\tPort\tProtocol\tSource/Destination\nInbound\t80\tTCP\tWEB_NET (or sg-web); TILL_NET/SG\n\
     Outbound\t53\tTCP\tsg-names (Cloud names)\n\nTill:\nRule Type\tPort\tProtocol\tSource/Destination\nInbound\t81\tTCP\tWEB_NET\n";

const RULES: [&str; 3] = [
    "store -> sg-names tcp/53",
    "web_net -> till tcp/81",
    "web_net (or sg-web)+till_net/sg -> store tcp/80",
];

#[test]
fn sections_of_separated_lines() {
    for format in [
        Format::Markdown,
        Format::AsciiDoc,
        Format::ReStructuredText,
        Format::Csv,
    ] {
        check(&derived(STORE, format), &RULES);
    }
    let listing = format!("<pre>\n{STORE}</pre>");
    check(&derived(&listing, Format::Html), &RULES);
}

#[test]
fn aligned_lines_below_dashes() {
    let page = "Core servers\nPort     Direction  Remote\n----     ---------  ------\n443/tcp  Inbound    Edge nodes\n\n\
                Port    Source  Destination\n---------------------------\n80      Web     Store\n";
    check(
        &derived(page, Format::Markdown),
        &["edge nodes -> core servers tcp/443", "web -> store tcp/80"],
    );
}

#[test]
fn lines_that_do_not_fit() {
    let page = "Port, Source, Destination\n80, Web, Store\n81, 82, Web, Store\n";
    let derived = derived(page, Format::Markdown);
    check(&derived, &["web -> store tcp/80"]);
    assert!(
        derived
            .problems
            .iter()
            .any(|problem| problem.to_string().contains("81, 82")),
        "{:?}",
        derived.problems
    );
}

#[test]
fn a_heading_that_names_a_port_is_accounted_for() {
    for heading in [
        "Relay Port #8402 (or as configured)",
        "Main port: 8402",
        "Raw port 8402 **",
        "Port number 8402",
        "8402/tcp, used by all",
    ] {
        let page = format!("# Acme\n\n### {heading}\n\nFunction: all users.\n");
        let document = crate::document::read("page.md", page.as_bytes(), Format::Markdown);
        let is_in_row = document
            .rows
            .iter()
            .any(|row| row.ranges().any(|range| range.contains(8402)));
        let is_told = document
            .problems
            .iter()
            .any(|problem| problem.to_string().contains("8402"));
        assert!(is_in_row || is_told, "{heading}: {:?}", document.problems);
    }
    // A year is none.
    let page = "# Ports of 2024\n\n| Port | Protocol | Source | Destination |\n|--|--|--|--|\n| 443 | TCP | gate | store |\n";
    let document = crate::document::read("page.md", page.as_bytes(), Format::Markdown);
    assert_eq!(document.problems, []);
}
