//! Records of keys and values in a block of code, such as firewall rules in YAML, read as the rows of a table: the keys are its
//! headings.

use super::{
    column::{self, Column},
    table_rows::{TableRow, TableRows},
};

/// The table that a block of code writes as records; `None` if it holds none that names ports and an end of each.
pub(super) fn table(line: usize, code: &str) -> Option<TableRows> {
    let records = records(line, code);
    if records.is_empty() {
        return None;
    }
    let mut keys: Vec<String> = Vec::new();
    for (key, _) in records.iter().flat_map(|(_, fields)| fields) {
        if !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    let meanings: Vec<Option<Column>> = keys.iter().map(|key| column::column(key)).collect();
    let has = |wanted: &[Column]| {
        meanings
            .iter()
            .flatten()
            .any(|meaning| wanted.contains(meaning))
    };
    let are_rules = has(&[Column::Port, Column::LocalPort])
        && has(&[Column::Source, Column::Destination, Column::Peer]);
    if !are_rules || MOST_KEYS < keys.len() {
        return None;
    }
    let mut rows = TableRows::default();
    rows.push(&TableRow {
        line,
        is_heading: true,
        cells: keys.clone(),
    });
    for (line, fields) in records {
        let cell = |key: &String| {
            fields
                .iter()
                .find(|(name, _)| name == key)
                .map_or_else(String::new, |(_, value)| value.clone())
        };
        rows.push(&TableRow {
            line,
            is_heading: false,
            cells: keys.iter().map(cell).collect(),
        });
    }
    Some(rows)
}

/// More keys are those of something else than rules.
const MOST_KEYS: usize = 16;

type Record = (usize, Vec<(String, String)>);

/// The records of a block, each with the line where it names its port or begins.
fn records(line: usize, code: &str) -> Vec<Record> {
    let mut records: Vec<Record> = Vec::new();
    for (index, text) in code.lines().enumerate() {
        let trimmed = text.trim().trim_end_matches(',');
        let item = trimmed.strip_prefix("- ").map(str::trim);
        let begins = item.is_some_and(|item| field(item).is_some())
            || trimmed.starts_with('{')
            || trimmed.starts_with("[[");
        if begins {
            records.push((line + index, Vec::new()));
        }
        let body = item
            .unwrap_or(trimmed)
            .trim_start_matches('{')
            .trim_end_matches('}');
        let Some((at, fields)) = records.last_mut() else {
            continue;
        };
        // `{from: Edge, to: Core, port: 443}`
        let inline = trimmed.starts_with('{') || item.is_some_and(|item| item.starts_with('{'));
        let parts: Vec<&str> = if inline {
            body.split(", ").collect()
        } else {
            vec![body]
        };
        for part in parts {
            match field(part) {
                Some((key, value)) if !value.is_empty() => {
                    if column::column(&key) == Some(Column::Port) {
                        *at = line + index;
                    }
                    fields.push((key, value));
                }
                Some((key, _)) => fields.push((key, String::new())),
                // An item of the list below a key.
                None => {
                    if let (Some(item), Some((_, value))) = (item, fields.last_mut()) {
                        if !value.is_empty() {
                            value.push_str(", ");
                        }
                        value.push_str(unquoted(item));
                    }
                }
            }
        }
    }
    records.retain(|(_, fields)| 1 < fields.len());
    records
}

/// A key and its value: `port: 443`, `"port": "443"`, `port = 443`.
fn field(text: &str) -> Option<(String, String)> {
    let at = text.find([':', '='])?;
    let (key, value) = (text.get(..at)?, text.get(at + 1..)?);
    let key = unquoted(key.trim());
    let is_key = !key.is_empty()
        && key.split(' ').count() <= MOST_KEY_WORDS
        && key
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' '));
    // `tcp:443` and `http://` are values.
    let is_apart = value.is_empty() || value.starts_with([' ', '"']) || text.contains('=');
    (is_key && is_apart).then(|| (key.to_owned(), plain(value)))
}

const MOST_KEY_WORDS: usize = 3;

/// A value without quotes, brackets of lists and comments.
fn plain(value: &str) -> String {
    let value = value.split(" #").next().unwrap_or_default().trim();
    let list = value
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    match list {
        Some(list) => {
            let parts: Vec<&str> = list.split(',').map(|part| unquoted(part.trim())).collect();
            parts.join(", ")
        }
        None => unquoted(value).to_owned(),
    }
}

fn unquoted(text: &str) -> &str {
    text.trim_matches(['"', '\''])
}

#[cfg(test)]
mod tests {
    use super::table;

    #[track_caller]
    fn check(code: &str, expected: &[&[&str]]) {
        let rows = table(1, code);
        let rows: Vec<Vec<String>> = rows
            .iter()
            .flat_map(super::TableRows::iter)
            .map(|row| row.cells)
            .collect();
        assert_eq!(rows, expected, "{code}");
    }

    #[test]
    fn records_of_rules() {
        check(
            "rules:\n  - from: Edge\n    to: Core\n    port: 443\n  - from: Web\n    to: Core\n    port: [80, 81]\n",
            &[
                &["from", "to", "port"],
                &["Edge", "Core", "443"],
                &["Web", "Core", "80, 81"],
            ],
        );
        check(
            "[[rule]]\nsource = \"Edge\"\nport = 443\n",
            &[&["source", "port"], &["Edge", "443"]],
        );
        check(
            "{\"source\": \"Edge\", \"port\": 443},\n",
            &[&["source", "port"], &["Edge", "443"]],
        );
    }

    #[test]
    fn settings_are_none() {
        check("server:\n  port: 443\n  host: core\n", &[]);
        check("- name: web\n  port: 80\n- name: api\n  port: 81\n", &[]);
    }
}
