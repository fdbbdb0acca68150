//! Adds roles to a deployment that people have written, and leaves everything else in it as it stands.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;
use toml_edit::{Array, Decor, DocumentMut, Item, RawString, Table, TomlError, Value};

use crate::{escape, role::Role};

/// A deployment's text with more roles in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Merged {
    pub text: String,
    /// Roles that were not there, with their entries.
    pub added: BTreeMap<String, Vec<String>>,
    /// Roles that were there, with the entries that they got.
    pub extended: BTreeMap<String, Vec<String>>,
    /// Entries of roles that are not among those to add: they stay.
    pub kept: BTreeMap<String, Vec<String>>,
}

/// Why roles can't be added to a deployment.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum MergeError {
    #[error(transparent)]
    Syntax(#[from] TomlError),
    #[error("`roles` is no table: expected [roles] and a list of addresses for each role")]
    NoTable,
    #[error("role `{role}` is no list: expected a list of addresses, such as [\"10.0.0.1\"]")]
    NoList { role: String },
}

/// Adds `roles` and their entries to the `[roles]` of a deployment's text.
///
/// # Errors
///
/// The text is no TOML, or what stands where the roles should is none.
pub fn merge(text: &str, roles: &BTreeMap<&str, Vec<String>>) -> Result<Merged, MergeError> {
    let mut document: DocumentMut = text.parse()?;
    let mut merged = Merged {
        text: String::new(),
        added: BTreeMap::new(),
        extended: BTreeMap::new(),
        kept: BTreeMap::new(),
    };
    let section = document
        .entry("roles")
        .or_insert_with(|| Item::Table(Table::new()));
    let section = section.as_table_like_mut().ok_or(MergeError::NoTable)?;
    for (name, entries) in roles {
        let role = Role::new(name);
        let key = section
            .iter()
            .map(|(key, _)| key.to_owned())
            .find(|key| Role::new(key) == role);
        let Some(key) = key else {
            section.insert(name, Item::Value(Value::Array(array(entries))));
            merged.added.insert((*name).to_owned(), entries.clone());
            continue;
        };
        let list = section.get_mut(&key).and_then(Item::as_array_mut);
        let list = list.ok_or_else(|| MergeError::NoList { role: key.clone() })?;
        let there: BTreeSet<String> = list
            .iter()
            .filter_map(|value| value.as_str().map(str::to_owned))
            .collect();
        let new: Vec<String> = entries
            .iter()
            .filter(|entry| !there.contains(*entry))
            .cloned()
            .collect();
        for entry in &new {
            push(list, entry);
        }
        let kept: Vec<String> = there
            .into_iter()
            .filter(|entry| !entries.contains(entry))
            .collect();
        if !new.is_empty() {
            merged.extended.insert(key.clone(), new);
        }
        if !kept.is_empty() {
            merged.kept.insert(key, kept);
        }
    }
    merged.text = document.to_string();
    // Names of an inventory may hold what nobody sees. Where the deployment's own text has none of it, only those are spelt out.
    if escape::toml(text) == text {
        merged.text = escape::toml(&merged.text).into_owned();
    }
    Ok(merged)
}

/// Adds an entry to a list: on a line of its own where the others are, below what is remarked of the last one.
fn push(list: &mut Array, entry: &str) {
    let text = |raw: Option<&RawString>| {
        raw.and_then(RawString::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let first = list.get(0).map(Value::decor);
    let indent = text(first.and_then(Decor::prefix));
    let remark = text(Some(list.trailing()));
    if !indent.starts_with('\n') || !remark.ends_with('\n') {
        list.push(entry);
        return;
    }
    let mut value = Value::from(entry);
    let prefix = format!("{}{indent}", remark.trim_end_matches('\n'));
    *value.decor_mut() = Decor::new(prefix, "");
    list.push_formatted(value);
    list.set_trailing("\n");
    list.set_trailing_comma(true);
}

fn array(entries: &[String]) -> Array {
    entries.iter().map(String::as_str).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{MergeError, merge};

    const OWN: &str = "# ours\nmatrix = \"m.toml\"\n\n[roles]\nWeb = [\n  \"10.0.0.1\", # the old one\n]\nspare = [\"10.0.0.9\"]\n\n[conditions]\nha = true\n";

    fn roles(of: &[(&'static str, &[&str])]) -> BTreeMap<&'static str, Vec<String>> {
        let strings = |entries: &[&str]| entries.iter().map(|one| (*one).to_owned()).collect();
        of.iter().map(|(name, all)| (*name, strings(all))).collect()
    }

    #[test]
    fn everything_else_stays() {
        let new = roles(&[("web", &["10.0.0.1", "10.0.0.2"]), ("db", &["10.0.0.3"])]);
        let merged = merge(OWN, &new).unwrap();
        for line in OWN.lines().filter(|line| *line != "]") {
            assert!(
                merged.text.contains(line),
                "{line} is not in {}",
                merged.text
            );
        }
        let read: toml::Table = merged.text.parse().unwrap();
        assert_eq!(read["roles"]["Web"].as_array().unwrap().len(), 2);
        assert_eq!(read["roles"]["db"][0].as_str(), Some("10.0.0.3"));
        assert_eq!(read["roles"]["spare"].as_array().unwrap().len(), 1);
        assert_eq!(read["conditions"]["ha"].as_bool(), Some(true));
        assert_eq!(merged.added.keys().collect::<Vec<_>>(), ["db"]);
        assert_eq!(merged.extended["Web"], ["10.0.0.2"]);
        assert!(merged.kept.is_empty());
    }

    #[test]
    fn nothing_is_taken_away() {
        let merged = merge(OWN, &roles(&[("web", &["10.0.0.2"])])).unwrap();
        assert_eq!(merged.kept["Web"], ["10.0.0.1"]);
        let again = merge(&merged.text, &roles(&[("web", &["10.0.0.2"])])).unwrap();
        assert_eq!(again.text, merged.text);
        assert!(again.added.is_empty() && again.extended.is_empty());
    }

    #[test]
    fn a_deployment_without_roles_gets_them() {
        let merged = merge("matrix = \"m.toml\"\n", &roles(&[("web", &["10.0.0.2"])])).unwrap();
        let read: toml::Table = merged.text.parse().unwrap();
        assert_eq!(read["roles"]["web"][0].as_str(), Some("10.0.0.2"));
        assert!(merge("roles = ", &roles(&[])).is_err());
        let new = roles(&[("web", &["10.0.0.2"])]);
        assert_eq!(merge("roles = 1\n", &new), Err(MergeError::NoTable));
        let role = "web".to_owned();
        assert_eq!(
            merge("[roles]\nweb = \"10.0.0.1\"\n", &new),
            Err(MergeError::NoList { role })
        );
    }
}
