//! What must hold of any bytes that are read: as a page, a packet, a request, or a file of the auditor's own.

pub mod http;
pub mod packet;
pub mod state;

use std::{collections::BTreeSet, sync::LazyLock};

use auditor_matrix::{
    document::{self, Format},
    matrix,
};

/// The format that pages are read as: one run, one format.
static FORMAT: LazyLock<Format> = LazyLock::new(|| {
    let name = std::env::var("FORMAT").expect("FORMAT names the format of the pages");
    name.parse().expect("a format that can be read")
});

/// Reads bytes as a page: they become rows, rules and problems, without a panic.
pub fn page(bytes: &[u8]) {
    let document = document::read("page", bytes, *FORMAT);
    for row in &document.rows {
        let line = document::row_json(row).expect("a row is text and numbers");
        assert!(!line.contains('\n'), "a row is one line");
    }
    let derived = matrix::derive(&[document], "page");
    let rules = &derived.matrix.rules;
    let ids: BTreeSet<&str> = rules.iter().map(|rule| rule.id.as_str()).collect();
    assert_eq!(ids.len(), rules.len(), "ids are unique");
}
