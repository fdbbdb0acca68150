//! Any bytes, read as this format, become rows, rules and problems: no panic, no hang.
#![no_main]

use auditor::{
    document::{self, Format},
    matrix,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|page: &[u8]| {
    let document = document::read("page", page, Format::Csv);
    for row in &document.rows {
        let line = document::row_json(row).expect("a row is text and numbers");
        assert!(!line.contains('\n'), "a row is one line");
    }
    let derived = matrix::derive(&[document], "page");
    let ids: std::collections::BTreeSet<&str> = derived
        .matrix
        .rules
        .iter()
        .map(|rule| rule.id.as_str())
        .collect();
    assert_eq!(ids.len(), derived.matrix.rules.len(), "ids are unique");
});
