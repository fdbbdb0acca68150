//! A rule says so where its ends rest on more than a cell that is for them.

use super::marked_ends::{derived, says};
use crate::document::Format;

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
