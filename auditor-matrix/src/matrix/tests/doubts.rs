//! A rule says so where its ends rest on more than a cell that is for them.

use super::marked_ends::{check, derived, says};
use crate::{document::Format, matrix::Presence};

#[test]
fn cells_for_ends_are_certain() {
    let page = "| Source | Destination | Port | Protocol |\n|--|--|--|--|\n\
                | till | store | 8100 | TCP |\n| store | ledger | 8101 | TCP |\n";
    assert_eq!(derived(page, Format::Markdown).problems, []);
    let page = "| Direction | Port | Protocol |\n|--|--|--|\n\
                | till -> store | 8100 | TCP |\n| store -> ledger | 8101 | TCP |\n";
    assert_eq!(derived(page, Format::Markdown).problems, []);
}

#[test]
fn an_end_of_the_cell_above() {
    let page = "| Source | Destination | Port | Protocol |\n|--|--|--|--|\n\
                | till | store | 8100 | TCP |\n| | ledger | 8101 | TCP |\n";
    let found = derived(page, Format::Markdown);
    assert!(says(&found, "8101") && says(&found, "the one above it"));
    assert!(!says(&found, "8100"));
}

#[test]
fn an_end_of_the_purpose() {
    let page = "| Port | Protocol | Description |\n|--|--|--|\n\
                | 8100 | TCP | The till server connects to the store server. |\n";
    let found = derived(page, Format::Markdown);
    assert!(says(&found, "8100") && says(&found, "what its port is for"));
}

#[test]
fn ends_of_sentences_are_said_once_for_rows_that_follow_each_other() {
    let page = "The till server connects to the store server on TCP port 8100. \
                The store server connects to the ledger server on TCP port 8101.";
    let found = derived(page, Format::Markdown);
    assert!(says(&found, "8100, 8101") || says(&found, "8100") && says(&found, "8101"));
    assert!(says(&found, "grammar"));
}

#[test]
fn what_a_bracket_says_of_one_name_of_a_list() {
    let page = "| Source | Destination | Port | Protocol |\n|--|--|--|--|\n\
                | till | store, mirror (opt.) | 8100 | TCP |\n| till | store | 8101 | TCP |\n| till | mirror | 8102 | TCP |\n";
    let found = derived(page, Format::Markdown);
    check(
        &found,
        &[
            "till -> store tcp/8100",
            "till -> mirror tcp/8100",
            "till -> store tcp/8101",
            "till -> mirror tcp/8102",
        ],
    );
    let optional: Vec<&str> = found
        .matrix
        .rules
        .iter()
        .filter(|rule| rule.presence == Presence::Optional)
        .map(|rule| rule.server[0].name())
        .collect();
    assert_eq!(optional, ["mirror"]);
}

#[test]
fn a_machine_of_which_a_heading_speaks_in_passing() {
    let of = |heading: &str| {
        let page = format!(
            "# Till\n\n## {heading}\n\n| Port | Protocol | Source |\n|--|--|--|\n| 8100 | TCP | 192.0.2.0/24 |\n"
        );
        derived(&page, Format::Markdown)
    };
    assert!(says(&of("Create and Launch Till Servers"), "heading"));
    for heading in [
        "Till servers",
        "Ports for the till servers",
        "Till server ports",
    ] {
        assert!(!says(&of(heading), "heading"), "{heading}");
    }
}

#[test]
fn brackets_in_a_list_before_an_arrow() {
    let page = "Open these ports:\n\n* Till server (main) and Ledger server -> Store: TCP 8100\n";
    let found = derived(page, Format::Markdown);
    check(&found, &["till server+ledger server -> store tcp/8100"]);
}

#[test]
fn names_that_may_be_several() {
    let page = "| Source | Destination | Port | Protocol |\n|--|--|--|--|\n\
                | Till Ledger | Store | 8100 | TCP |\n| Till | Ledger | 8101 | TCP |\n";
    let found = derived(page, Format::Markdown);
    assert!(says(&found, "8100") && says(&found, "may be several"));
    assert!(!says(&found, "8101"));
}

#[test]
fn names_that_are_several() {
    let page = "| Source | Destination | Port | Protocol |\n|--|--|--|--|\n\
                | HTTP/S proxy or browser | Store | 8100 | TCP |\n\
                | Till | East plane: a.example.com, West plane: b.example.com | 8101 | TCP |\n";
    let found = derived(page, Format::Markdown);
    check(
        &found,
        &[
            "http/s proxy+browser -> store tcp/8100",
            "till -> a.example.com+b.example.com tcp/8101",
        ],
    );
}

#[test]
fn a_variable_that_says_where_machines_are() {
    let page = |end: &str| {
        let page = format!(
            "| Source | Destination | Port | Protocol |\n|--|--|--|--|\n| Till | {end} | 8100 | TCP |\n"
        );
        derived(&page, Format::Markdown)
    };
    let found = page("Store in {{ site.name }}");
    check(&found, &["till -> store in {{ site.name }} tcp/8100"]);
    assert!(says(&found, "variable"));
    for end in [
        "{{ site.name }}",
        "Store in {{ site.name | upcase }}",
        "in {{ name }}",
    ] {
        check(&page(end), &[]);
    }
}
