//! Comments that people have written into a matrix, carried over into what an import writes in its place.

use std::collections::BTreeMap;

use toml_edit::{Array, Decor, DocumentMut, Item, RawString, Table, Value};

/// A matrix's text with the comments of the one before.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Carried {
    pub(super) text: String,
    /// Comments on what is not in it any more.
    pub(super) lost: Vec<String>,
}

/// The comments of a matrix, one a line, in no order that means anything; none of a text that is no TOML.
pub(super) fn comments(text: &str) -> Vec<String> {
    let Ok(document) = text.parse::<DocumentMut>() else {
        return Vec::new();
    };
    let mut found = Vec::new();
    of_table(document.as_table(), &mut found);
    of_raw(Some(document.trailing()), &mut found);
    found
}

/// Puts the comments of the text before where they stood: beside the same rule, the same page, the same field.
pub(super) fn carry(before: &str, now: &str) -> Carried {
    let (Ok(old), Ok(mut new)) = (before.parse::<DocumentMut>(), now.parse::<DocumentMut>()) else {
        return Carried {
            text: now.to_owned(),
            lost: comments(before),
        };
    };
    new.set_trailing(old.trailing().clone());
    carry_table(old.as_table(), new.as_table_mut());
    let text = new.to_string();
    let mut kept: BTreeMap<String, usize> = BTreeMap::new();
    for comment in comments(&text) {
        *kept.entry(comment).or_default() += 1;
    }
    let mut lost = comments(before);
    lost.retain(|comment| match kept.get_mut(comment) {
        Some(n @ 1..) => {
            *n -= 1;
            false
        }
        Some(_) | None => true,
    });
    Carried { text, lost }
}

fn carry_table(old: &Table, new: &mut Table) {
    let names: Vec<String> = new.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let (Some(key), Some(item)) = (old.key(&name), old.get(&name)) else {
            continue;
        };
        if let Some(mut own) = new.key_mut(&name) {
            *own.leaf_decor_mut() = key.leaf_decor().clone();
        }
        match (item, new.get_mut(&name)) {
            (Item::Value(old), Some(Item::Value(new))) => carry_value(old, new),
            (Item::Table(old), Some(Item::Table(new))) => {
                *new.decor_mut() = old.decor().clone();
                carry_table(old, new);
            }
            (Item::ArrayOfTables(old), Some(Item::ArrayOfTables(new))) => {
                for new in new.iter_mut() {
                    let id = identity(new);
                    if let Some(old) = old.iter().find(|old| identity(old) == id) {
                        *new.decor_mut() = old.decor().clone();
                        carry_table(old, new);
                    }
                }
            }
            _ => {}
        }
    }
}

/// A value that is the same stays as somebody has written it.
fn carry_value(old: &Value, new: &mut Value) {
    if plain(old) == plain(new) {
        *new = old.clone();
    } else {
        *new.decor_mut() = old.decor().clone();
    }
}

/// Which rule or which page a table is.
fn identity(table: &Table) -> Option<(&str, &str)> {
    ["id", "url", "file"]
        .into_iter()
        .find_map(|name| Some((name, table.get(name)?.as_str()?)))
}

/// What a value says, however it is written.
fn plain(value: &Value) -> String {
    match value {
        Value::Array(array) => {
            let parts: Vec<String> = array.iter().map(plain).collect();
            format!("{parts:?}")
        }
        Value::String(text) => format!("{:?}", text.value()),
        other @ (Value::Integer(_)
        | Value::Float(_)
        | Value::Boolean(_)
        | Value::Datetime(_)
        | Value::InlineTable(_)) => other.to_string().trim().to_owned(),
    }
}

fn of_table(table: &Table, found: &mut Vec<String>) {
    of_decor(table.decor(), found);
    for (name, item) in table {
        if let Some(key) = table.key(name) {
            of_decor(key.leaf_decor(), found);
            of_decor(key.dotted_decor(), found);
        }
        match item {
            Item::None => {}
            Item::Value(value) => of_value(value, found),
            Item::Table(table) => of_table(table, found),
            Item::ArrayOfTables(tables) => {
                for table in tables {
                    of_table(table, found);
                }
            }
        }
    }
}

fn of_value(value: &Value, found: &mut Vec<String>) {
    of_decor(value.decor(), found);
    if let Value::Array(array) = value {
        of_array(array, found);
    }
}

fn of_array(array: &Array, found: &mut Vec<String>) {
    for value in array {
        of_value(value, found);
    }
    of_raw(Some(array.trailing()), found);
}

fn of_decor(decor: &Decor, found: &mut Vec<String>) {
    of_raw(decor.prefix(), found);
    of_raw(decor.suffix(), found);
}

/// White space is all that stands there beside comments.
fn of_raw(raw: Option<&RawString>, found: &mut Vec<String>) {
    let text = raw.and_then(RawString::as_str).unwrap_or_default();
    let lines = text.lines().map(str::trim);
    found.extend(
        lines
            .filter(|line| line.starts_with('#'))
            .map(str::to_owned),
    );
}

#[cfg(test)]
mod tests {
    use super::{carry, comments};

    const OWN: &str = "# ours\nname = \"x\" # by hand\n\n# the web\n[[rule]]\nid = \"web\"\nclient = [\n  \"a\", # all of them\n]\n# why\nports = \"443\" # TLS\nnote = \"no # comment\"\n\n# gone\n[[rule]]\nid = \"old\"\nports = \"80\"\n# the end\n";

    #[test]
    fn comments_stay_where_they_stood() {
        assert_eq!(comments(OWN).len(), 8);
        let same = carry(OWN, &OWN.replace("[\n  \"a\", # all of them\n]", "[\"a\"]"));
        assert_eq!((same.text.as_str(), same.lost.len()), (OWN, 0));
        let now = "name = \"x\"\n\n[[rule]]\nid = \"new\"\nports = \"1\"\n\n[[rule]]\nid = \"web\"\nclient = [\"a\"]\nports = \"8443\"\n";
        let carried = carry(OWN, now);
        assert_eq!(carried.lost, ["# gone"]);
        for line in [
            "# ours",
            "# the web\n[[rule]]\nid = \"web\"",
            "\"a\", # all of them",
            "# why\nports = \"8443\" # TLS",
            "# the end",
        ] {
            assert!(
                carried.text.contains(line),
                "{line} is not in {}",
                carried.text
            );
        }
    }

    #[test]
    fn a_text_without_comments_is_written_as_it_is() {
        let now =
            "name = \"x\"\n\n[[rule]]\nid = \"web\"\nports = \"1\"\n\n[imported]\nweb = \"0\"\n";
        assert_eq!(carry(now, now).text, now);
        assert_eq!(carry("", now).text, now);
        assert_eq!(carry("name =", now).text, now);
    }
}
