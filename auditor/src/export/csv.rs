//! Every rule as a line of a table.

use super::Scope;
use crate::spreadsheet::harmless;

const COLUMNS: [&str; 12] = [
    "matrix",
    "rule",
    "client",
    "server",
    "transport",
    "ports",
    "alternatives",
    "presence",
    "condition",
    "service",
    "note",
    "origin",
];

pub(super) fn text(scope: &Scope<'_>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    for matrix in scope.matrices {
        for rule in &matrix.rules {
            let names = |roles: &[crate::role::Role]| {
                let names: Vec<&str> = roles.iter().map(crate::role::Role::name).collect();
                names.join("; ")
            };
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            rows.push(
                [
                    matrix.name.clone(),
                    rule.id.clone(),
                    names(&rule.client),
                    names(&rule.server),
                    rule.transport.name().to_owned(),
                    rule.ports.to_string(),
                    if rule.alternatives {
                        "one is enough"
                    } else {
                        ""
                    }
                    .to_owned(),
                    rule.presence.name().to_owned(),
                    text(&rule.when),
                    text(&rule.service),
                    text(&rule.note),
                    text(&rule.origin),
                ]
                .map(|cell| harmless(&cell)),
            );
        }
    }
    for row in rows {
        // Writing to memory does not fail.
        if writer.write_record(row).is_err() {
            break;
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}
