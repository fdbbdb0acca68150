//! Attributes that a page defines (`:name: value`) and uses (`{name}`).

use std::{borrow::Cow, collections::BTreeMap};

/// The attributes that are defined so far, by name in lower case.
#[derive(Default)]
pub(super) struct Attributes(BTreeMap<String, String>);

/// An attribute entry that was read.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum Entry {
    Whole,
    /// The value of this attribute goes on in the next line.
    GoesOn(String),
}

impl Attributes {
    /// Reads an attribute entry. `None` if the line is none.
    pub(super) fn entry(&mut self, text: &str) -> Option<Entry> {
        let rest = text.strip_prefix(':')?;
        let (name, value) = rest.split_once(':')?;
        let is_unset = name.starts_with('!') || name.ends_with('!');
        let name = name.trim_matches('!').to_lowercase();
        let is_name = name.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-'));
        if !is_name || !(value.is_empty() || value.starts_with([' ', '\t'])) {
            return None;
        }
        if is_unset {
            self.0.remove(&name);
            return Some(Entry::Whole);
        }
        Some(self.define(name, value))
    }

    /// Adds the next line of a value that goes on.
    pub(super) fn go_on(&mut self, name: String, text: &str) -> Entry {
        let before = self.0.remove(&name).unwrap_or_default();
        self.define(name, &format!("{before} {}", text.trim()))
    }

    fn define(&mut self, name: String, value: &str) -> Entry {
        let value = value.trim();
        let open = value
            .strip_suffix('\\')
            .map(|value| value.trim_end_matches('+').trim());
        let value = self.replaced(open.unwrap_or(value)).into_owned();
        self.0.insert(
            name.clone(),
            value
                .get(..value.floor_char_boundary(MOST))
                .unwrap_or_default()
                .to_owned(),
        );
        if open.is_some() {
            Entry::GoesOn(name)
        } else {
            Entry::Whole
        }
    }

    pub(super) fn is_defined(&self, name: &str) -> bool {
        self.0.contains_key(&name.to_lowercase())
    }

    /// The text with the values of attributes. What the page does not define stays as it is written.
    pub(super) fn replaced<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !text.contains('{') || self.0.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut replaced = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            let (before, tail) = rest.split_at(at);
            replaced.push_str(before);
            let name = tail
                .get(1..tail.floor_char_boundary(LONGEST_NAME))
                .and_then(|tail| tail.split_once('}'));
            let value = name
                .map(|(name, _)| name)
                .filter(|_| !before.ends_with('\\'))
                .and_then(|name| Some((name, self.0.get(&name.to_lowercase())?)));
            let (text, length) = match value {
                Some((name, value)) => (value.as_str(), name.len() + 2),
                None => ("{", 1),
            };
            replaced.push_str(text);
            rest = tail.get(length..).unwrap_or_default();
        }
        replaced.push_str(rest);
        Cow::Owned(replaced)
    }
}

/// A longer text in braces is no name.
const LONGEST_NAME: usize = 80;

/// A longer value is cut, so that attributes that double each other end.
const MOST: usize = 2000;

#[cfg(test)]
mod tests {
    use super::{Attributes, Entry};

    #[test]
    fn entries() {
        let mut attributes = Attributes::default();
        assert_eq!(attributes.entry(":core: Core server"), Some(Entry::Whole));
        assert_eq!(
            attributes.entry(":long: a \\"),
            Some(Entry::GoesOn("long".to_owned()))
        );
        assert_eq!(attributes.go_on("long".to_owned(), "b"), Entry::Whole);
        assert_eq!(attributes.entry(":all: {core} {x}"), Some(Entry::Whole));
        assert_eq!(attributes.entry(":8443:80"), None);
        assert_eq!(attributes.entry("text"), None);
        assert_eq!(
            attributes.replaced("{all}/{LONG}/{y}/\\{core}"),
            "Core server {x}/a b/{y}/\\{core}"
        );
        attributes.entry(":!core:");
        assert_eq!(attributes.replaced("{core}"), "{core}");
    }
}
