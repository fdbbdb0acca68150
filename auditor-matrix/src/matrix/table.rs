//! Renders a matrix as a table for people.

use std::collections::{BTreeMap, BTreeSet};

use super::rule::{Matrix, Presence, Rule};
use crate::role::Role;

const HEADINGS: [&str; 6] = ["FROM", "PORTS", "SERVICE", "PRESENCE", "WHEN", "RULE"];

/// Renders the rules, by server. Text from documents is shown with its control characters escaped.
pub fn table(matrix: &Matrix) -> String {
    let roles: BTreeSet<&Role> = matrix
        .rules
        .iter()
        .flat_map(|rule| rule.client.iter().chain(&rule.server))
        .collect();
    let conditions: BTreeSet<&String> = matrix
        .rules
        .iter()
        .filter_map(|rule| rule.when.as_ref())
        .collect();
    let mut text = clean(&matrix.name);
    if let Some(version) = &matrix.version {
        text.extend([" ", &clean(version)]);
    }
    let counted = |count: usize, word: &str| {
        let plural = if count == 1 { "" } else { "s" };
        format!("{count} {word}{plural}")
    };
    let counts = [
        counted(matrix.rules.len(), "rule"),
        counted(roles.len(), "role"),
        counted(conditions.len(), "condition"),
    ];
    text.extend([": ", &counts.join(", "), "\n"]);
    let mut servers: BTreeMap<&[Role], Vec<[String; 6]>> = BTreeMap::new();
    for rule in &matrix.rules {
        servers.entry(&rule.server).or_default().push(cells(rule));
    }
    let mut widths = HEADINGS.map(str::len);
    for row in servers.values().flatten() {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    for (server, rows) in &servers {
        text.extend(["\nto ", &names(server), "\n"]);
        line(&mut text, &HEADINGS.map(str::to_owned), widths);
        for row in rows {
            line(&mut text, row, widths);
        }
    }
    text
}

fn line(text: &mut String, cells: &[String; 6], widths: [usize; 6]) {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line.extend(["  ", cell]);
        line.extend(std::iter::repeat_n(
            ' ',
            width - cell.chars().count().min(width),
        ));
    }
    text.extend([line.trim_end(), "\n"]);
}

fn cells(rule: &Rule) -> [String; 6] {
    let mut ports = format!("{} {}", rule.transport, rule.ports);
    if rule.alternatives {
        ports.push_str(" (one of)");
    }
    if rule.loopback {
        ports.push_str(" (loopback)");
    }
    let presence = match rule.presence {
        Presence::Expected => "",
        presence @ (Presence::Required | Presence::Optional | Presence::Forbidden) => {
            presence.name()
        }
    };
    [
        names(&rule.client),
        short(ports.trim()),
        short(rule.service.as_deref().unwrap_or_default()),
        presence.to_owned(),
        clean(rule.when.as_deref().unwrap_or_default()),
        clean(&rule.id),
    ]
}

fn names(roles: &[Role]) -> String {
    clean(&roles.iter().map(Role::name).collect::<Vec<_>>().join(", "))
}

/// Cuts a cell that would make the table wider than a screen; the matrix file has the whole text.
fn short(text: &str) -> String {
    let text = clean(text);
    if text.chars().count() <= MOST_CHARACTERS {
        return text;
    }
    let mut cut: String = text.chars().take(MOST_CHARACTERS - 1).collect();
    cut.push('\u{2026}');
    cut
}

const MOST_CHARACTERS: usize = 36;

fn clean(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() {
            clean.extend(character.escape_default());
        } else {
            clean.push(character);
        }
    }
    clean
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::matrix::{Matrix, table};

    #[test]
    fn rules_by_server() {
        let text = "name = \"Shop\"\nversion = \"2\"\n\
            [[rule]]\nid = \"a\"\nclient = [\"web\", \"till\"]\nserver = [\"store\"]\ntransport = \"tcp\"\nports = \"80,443\"\n\
            service = \"A service with a name that goes on and on\\u001b[31m\"\npresence = \"required\"\nalternatives = true\n\
            [[rule]]\nid = \"b\"\nclient = [\"web\"]\nserver = [\"mail\"]\ntransport = \"icmp\"\nwhen = \"cloud\"\n\
            [[rule]]\nid = \"c\"\nclient = [\"web\"]\nserver = [\"store\"]\ntransport = \"udp\"\nports = \"53\"\n";
        let matrix = Matrix::parse(Path::new("m.toml"), text).unwrap();
        insta::assert_snapshot!(table(&matrix));
    }
}
