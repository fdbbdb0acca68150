//! Drafts a deployment from a matrix: every role with the addresses that the page gives, and every condition.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use ipnet::IpNet;

use super::{
    endpoints::UNNAMED_ROLES,
    rule::{Matrix, Rule},
};
use crate::{document::Row, nearest::is_same, role::Role};

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
    let rules: Vec<&Rule> = matrix.rules.iter().collect();
    let mut text = format!(
        "# Who is who here. Fill in the addresses of each role: 10.0.0.1, 10.0.0.0/24, 10.0.0.1-10.0.0.9, host names,\n\
         # \"any\", or other roles. A role that is left empty leaves its rules unresolved.\n\
         matrix = [{}]\n\n[roles]\n",
        quoted(matrix_path)
    );
    for role in &roles {
        let mut entries: Vec<String> = addresses
            .get(*role)
            .into_iter()
            .flatten()
            .map(|entry| quoted(entry))
            .collect();
        if entries.is_empty() && is_everybody(role.name()) {
            entries.push(quoted("any"));
        }
        let others = consists_of(role, &roles, &rules);
        let comment = if UNNAMED_ROLES.contains(&role.name()) {
            "  # the page does not name them".to_owned()
        } else if !entries.is_empty() {
            "  # from the page".to_owned()
        } else if others.is_empty() {
            String::new()
        } else {
            let others: Vec<String> = others.iter().map(|one| quoted(one.name())).collect();
            format!("  # perhaps [{}]", others.join(", "))
        };
        text.extend([
            toml_key(role.name()).as_str(),
            " = [",
            &entries.join(", "),
            "]",
            &comment,
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
            .filter(|word| word.parse::<IpAddr>().is_ok() || word.parse().is_ok_and(is_network))
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

/// The other roles of which a role may consist: those that its name lists, or all machines of these rules where it is called so.
pub fn consists_of<'a>(role: &Role, roles: &BTreeSet<&'a Role>, rules: &[&Rule]) -> Vec<&'a Role> {
    let is_other = |other: &&&Role| **other != role;
    let name = role.name();
    let lower = name.to_lowercase();
    if let Some(kind) = quantified(&lower) {
        if !ALL_OF.contains(&kind.as_str()) {
            return of_kind(&kind, role, roles);
        }
        // Who has to do with all machines and with none of them by itself stands outside: a relay, the vendor's support.
        let has_to_do = |rule: &&&Rule, one: &Role| {
            let mut ends = rule.client.iter().chain(&rule.server);
            ends.any(|end| end == one)
        };
        let is_inside = |other: &Role| {
            let mut its = rules.iter().filter(|rule| has_to_do(rule, other));
            its.any(|rule| !has_to_do(&rule, role))
        };
        let is_machine = |other: &&&Role| {
            is_inside(other)
                && !is_everybody(other.name())
                && !UNNAMED_ROLES.contains(&other.name())
                && other.name().parse::<IpAddr>().is_err()
                && !is_host(other.name())
                // What is called all of something consists of others as well.
                && quantified(other.name()).is_none()
        };
        return roles
            .iter()
            .filter(is_other)
            .filter(is_machine)
            .copied()
            .collect();
    }
    let listed: Vec<&str> = lower
        .split(['/', ',', '&', '+'])
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" or "))
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    if listed.len() < 2 {
        // One of two that are spelt almost alike may be the other; not both, or neither would be filled in.
        let is_first = |other: &&&Role| **other < role && is_same(name, other.name());
        return roles.iter().find(is_first).copied().into_iter().collect();
    }
    let of_part = |part: &&str| {
        let mut alike = roles
            .iter()
            .filter(is_other)
            .filter(|other| is_same(part, other.name()));
        alike.next().copied()
    };
    // A name of which one part is no role is no list of roles.
    let parts: Option<Vec<&Role>> = listed.iter().map(of_part).collect();
    parts.unwrap_or_default()
}

/// Of `All agents`: `agents`, in lower case.
fn quantified(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    ["all ", "any ", "every ", "each "].iter().find_map(|word| {
        let kind = lower.strip_prefix(word)?.trim();
        let kind = kind.strip_prefix("of the ").unwrap_or(kind);
        let kind = kind.strip_prefix("the ").unwrap_or(kind).trim();
        (!kind.is_empty()).then(|| kind.to_owned())
    })
}

/// The roles of which `All agents` may consist: those that are called so, or else those that are a kind of it, as `Private
/// agents` are.
fn of_kind<'a>(kind: &str, role: &Role, roles: &BTreeSet<&'a Role>) -> Vec<&'a Role> {
    let others = || {
        let is_other = |other: &&&Role| **other != role && quantified(other.name()).is_none();
        roles.iter().filter(is_other).copied()
    };
    let called: Vec<&Role> = others()
        .filter(|other| is_same(kind, other.name()))
        .collect();
    if !called.is_empty() {
        return called;
    }
    let is_kind = |name: &str| {
        name.match_indices(|c: char| !c.is_alphanumeric())
            .filter_map(|(at, _)| name.get(at..))
            .any(|end| is_same(kind, end))
    };
    others().filter(|other| is_kind(other.name())).collect()
}

/// What pages call all machines of a system.
const ALL_OF: [&str; 10] = [
    "node",
    "nodes",
    "host",
    "hosts",
    "server",
    "servers",
    "machine",
    "machines",
    "systems",
    "instances",
];

/// Whether a page means every address by this name.
fn is_everybody(name: &str) -> bool {
    matches!(
        name.to_lowercase().as_str(),
        "any" | "anywhere" | "anyone" | "everyone" | "any host" | "internet" | "0.0.0.0/0" | "*"
    )
}

/// Whether a prefix is a network's. The address of a host with its network's mask may mean either, so it fills no role.
fn is_network(prefix: IpNet) -> bool {
    prefix.trunc() == prefix
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
