//! The data goes one way: a module uses only what stands before it.

use std::collections::BTreeSet;

use crate::{assert_known, crates, source::Sources};

/// What has no position in the data's path: everybody may use these, and they use nobody but each other.
const BELOW: [&str; 17] = [
    "address",
    "digits",
    "escape",
    "exit",
    "file",
    "fleet_name",
    "hidden",
    "length",
    "nearest",
    "output",
    "port",
    "private_file",
    "random",
    "role",
    "spreadsheet",
    "transport",
    "",
];

/// The data's path, in the order in which it goes. `capture` writes what it sees in the words of `observed`, so these stand
/// before it.
const PATH: [&str; 16] = [
    "document",
    "matrix",
    "review",
    "deployment",
    "export",
    "observed",
    "capture",
    "audit",
    "report",
    "fleet",
    "alert",
    "history",
    "sink",
    "agent",
    "command",
    "fuzz",
];

/// The crates that hold it; all others are below.
const CRATES: [&str; 2] = ["auditor-matrix", "auditor"];

/// Where a module stands: 0 below the path.
fn position(module: &str) -> Option<usize> {
    if BELOW.contains(&module) {
        return Some(0);
    }
    PATH.iter()
        .position(|name| *name == module)
        .map(|position| position + 1)
}

#[test]
fn a_module_uses_only_what_stands_before_it() {
    let mut found = BTreeSet::new();
    for (name, directory) in crates() {
        if CRATES.contains(&name.as_str()) {
            let wrong = against_the_order(&Sources::read(&directory));
            found.extend(wrong.into_iter().map(|wrong| format!("{name}: {wrong}")));
        }
    }
    assert_known(&found, &[]);
}

/// Each use against the order, as `file uses module`.
fn against_the_order(sources: &Sources) -> Vec<String> {
    let mut wrong = Vec::new();
    for (module, source) in &sources.0 {
        let Some(own) = module.first() else {
            // The root names all of them.
            continue;
        };
        let Some(own_position) = position(own) else {
            wrong.push(format!(
                "{}: say where in the data's path `{own}` stands",
                source.file
            ));
            continue;
        };
        let mut used: Vec<String> = sources
            .used(module)
            .into_iter()
            .filter_map(|used| used.first().cloned())
            .collect();
        // Names of the other crate, whichever module passes them on.
        for path in &source.paths {
            if let [krate, module, ..] = path.as_slice()
                && CRATES.iter().any(|name| name.replace('-', "_") == *krate)
            {
                used.push(module.clone());
            }
        }
        used.dedup();
        for used in used {
            let is_before =
                position(&used).is_none_or(|position| position == 0 || position < own_position);
            if used != *own && !is_before {
                wrong.push(format!("{} uses {used}", source.file));
            }
        }
    }
    wrong
}

#[test]
fn what_stands_later_is_found() {
    let found = |file: &str, text: &str| {
        let all = ["document", "audit", "report", "port"]
            .map(|name| (format!("{name}.rs"), String::new()));
        let mut all: Vec<_> = all.into_iter().filter(|(name, _)| name != file).collect();
        all.push((file.to_owned(), text.to_owned()));
        against_the_order(&Sources::new(
            all.iter()
                .map(|(file, text)| (file.as_str(), text.as_str())),
        ))
    };
    assert_eq!(
        found("audit.rs", "use crate::{document::Row, port::Port};"),
        Vec::<String>::new()
    );
    assert_eq!(
        found("audit.rs", "use crate::report::Text;"),
        ["audit.rs uses report"]
    );
    assert_eq!(
        found("audit/flow.rs", "fn f() { crate::report::print() }"),
        ["audit/flow.rs uses report"]
    );
    assert_eq!(
        found("port.rs", "use crate::document::Row;"),
        ["port.rs uses document"]
    );
    assert_eq!(
        found("audit.rs", "use auditor_matrix::command::X;"),
        ["audit.rs uses command"]
    );
    assert_eq!(
        found("extra.rs", ""),
        ["extra.rs: say where in the data's path `extra` stands"]
    );
}
