//! Drafts a deployment from a matrix: every role with the addresses that the page gives, and every condition.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;

use super::{endpoints::UNNAMED_ROLES, rule::Matrix};
use crate::{document::Row, role::Role};

/// Writes a deployment for people to fill in. `matrix_path` is the path of the matrix file, relative to the deployment's
/// file.
pub fn starter(matrix: &Matrix, rows: &[&Row], matrix_path: &str) -> String {
    let addresses = addresses(rows);
    let mut roles: BTreeSet<&Role> = BTreeSet::new();
    let mut conditions: BTreeMap<&str, Option<&str>> = BTreeMap::new();
    for rule in &matrix.rules {
        roles.extend(rule.client.iter().chain(&rule.server));
        if let Some(when) = &rule.when {
            conditions.entry(when).or_insert(rule.note.as_deref());
        }
    }
    let mut text = format!(
        "# Who is who here. Fill in the addresses of each role: 10.0.0.1, 10.0.0.0/24, 10.0.0.1-10.0.0.9, host names,\n\
         # \"any\", or other roles. A role that is left empty leaves its rules unresolved.\n\
         matrix = [{}]\n\n[roles]\n",
        quoted(matrix_path)
    );
    for role in roles {
        let mut entries: Vec<String> = addresses
            .get(role)
            .into_iter()
            .flatten()
            .map(|entry| quoted(entry))
            .collect();
        if entries.is_empty() && is_everybody(role.name()) {
            entries.push(quoted("any"));
        }
        let comment = if UNNAMED_ROLES.contains(&role.name()) {
            "  # the page does not name them"
        } else if entries.is_empty() {
            ""
        } else {
            "  # from the page"
        };
        text.extend([
            toml_key(role.name()).as_str(),
            " = [",
            &entries.join(", "),
            "]",
            comment,
            "
",
        ]);
    }
    if !conditions.is_empty() {
        text.push_str("\n# Which of these hold here?\n[conditions]\n");
        for (name, sentence) in conditions {
            let sentence = sentence.map_or_else(String::new, |sentence| {
                format!("  # {}", one_line(sentence))
            });
            text.extend([toml_key(name).as_str(), " = false", &sentence, "\n"]);
        }
    }
    text
}

/// Addresses and host names that the cells name, by role.
fn addresses(rows: &[&Row]) -> BTreeMap<Role, BTreeSet<String>> {
    let mut addresses: BTreeMap<Role, BTreeSet<String>> = BTreeMap::new();
    for cell in rows
        .iter()
        .flat_map(|row| [&row.source, &row.destination])
        .flatten()
    {
        let host = cell.split_once("://").map_or(&**cell, |(_, rest)| {
            rest.split('/').next().unwrap_or_default()
        });
        let name = host.split('(').next().unwrap_or_default().trim();
        let mut entries: BTreeSet<String> = host
            .split(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | ','))
            .filter(|word| word.parse::<IpAddr>().is_ok() || word.parse::<IpNet>().is_ok())
            .map(str::to_owned)
            .collect();
        if is_host(name) {
            entries.insert(name.to_owned());
        }
        if !entries.is_empty() {
            addresses
                .entry(Role::new(name))
                .or_default()
                .extend(entries);
        }
    }
    addresses
}

/// Whether a page means every address by this name.
fn is_everybody(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "any" | "anywhere" | "anyone" | "everyone" | "any host" | "internet" | "0.0.0.0/0" | "*"
    )
}

fn is_host(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    name.contains('.')
        && name.split('.').all(is_label)
        && name.contains(|c: char| c.is_ascii_alphabetic())
}

/// A key of TOML. Keys have one line: a string with quotes of both kinds is written in several as a value, and can't be here.
pub fn toml_key(text: &str) -> String {
    // JSON's strings are TOML's basic ones but for this character, which TOML wants by its number.
    serde_json::Value::from(text)
        .to_string()
        .replace('\u{7f}', "\\u007f")
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn one_line(text: &str) -> String {
    text.chars()
        .filter(|character| !character.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::toml_key;

    proptest! {
        #[test]
        fn any_text_is_a_key(text in prop_oneof![any::<String>(), "[\"'\\\\\n\u{7f} a]{0,8}"]) {
            let table: toml::Table = toml::from_str(&format!("{} = 1\n", toml_key(&text))).unwrap();
            prop_assert_eq!(table.keys().collect::<Vec<_>>(), [&text]);
        }
    }
}
