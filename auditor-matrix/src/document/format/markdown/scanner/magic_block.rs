//! Blocks that hold JSON between `[block:parameters]` and `[/block]`, as one platform for documentation writes tables and remarks:
//! the cells of a table are named by row and column, in any order.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::{
    super::{plain, plain_blocks},
    Line, Scanner,
};
use crate::document::{block::Content, table_rows::TableRow};

impl<'a> Scanner<'a> {
    /// Reads the block that begins on this line; `false` if none does.
    pub(super) fn magic_block(&mut self, line: Line<'a>, trimmed: &str) -> bool {
        let Some(kind) = trimmed
            .strip_prefix("[block:")
            .and_then(|rest| rest.strip_suffix(']'))
        else {
            return false;
        };
        let body = self.body(0, |text| text == "[/block]");
        let lines: Vec<&str> = body.iter().map(|(_, text)| *text).collect();
        let Ok(Value::Object(fields)) = serde_json::from_str(&lines.join("\n")) else {
            let content = Content::Unread {
                what: format!("this block `{kind}` is no JSON"),
                text: lines.join(" "),
            };
            self.push_between(line.number, content);
            return true;
        };
        match fields.get("data") {
            Some(Value::Object(cells)) if kind == "parameters" => {
                let rows = table(cells, &body, line.number);
                self.push_between(line.number, Content::Table(Box::new(rows.into())));
            }
            _ => self.texts(line.number, &Value::Object(fields)),
        }
        true
    }

    /// The texts of a block that is no table, each of which is Markdown.
    fn texts(&mut self, line: usize, value: &Value) {
        match value {
            Value::Object(fields) => {
                // What a block is called stands above what it says.
                let (titles, others): (Vec<_>, Vec<_>) =
                    fields.iter().partition(|(name, _)| *name == "title");
                for (name, field) in titles.into_iter().chain(others) {
                    if !matches!(
                        name.as_str(),
                        "type" | "language" | "url" | "image" | "sizing"
                    ) {
                        self.texts(line, field);
                    }
                }
            }
            Value::Array(all) => all.iter().for_each(|one| self.texts(line, one)),
            Value::String(text) => {
                self.flush();
                for mut block in plain_blocks(text, &mut self.html) {
                    block.line = line;
                    if let Content::Table(rows) = &mut block.content {
                        rows.move_down(|_| line);
                    }
                    self.push_between(line, block.content);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// The rows of a table whose cells are named `h-0` (a heading) or `3-0` (row 3, column 0).
fn table(cells: &Map<String, Value>, body: &[(usize, &str)], line: usize) -> Vec<TableRow> {
    // The headings come before all rows.
    let mut rows: BTreeMap<Option<usize>, BTreeMap<usize, String>> = BTreeMap::new();
    for (name, cell) in cells {
        let place = name
            .split_once('-')
            .and_then(|(row, column)| Some((row, column.parse::<usize>().ok()?)));
        let (Some((row, column)), Some(text)) = (place, cell.as_str()) else {
            continue;
        };
        let row = match row {
            "h" => None,
            number => match number.parse() {
                Ok(number) => Some(number),
                Err(_) => continue,
            },
        };
        if column < MOST_COLUMNS {
            rows.entry(row).or_default().insert(column, plain(text));
        }
    }
    let n_columns = rows
        .values()
        .filter_map(|row| row.last_key_value())
        .map(|(last, _)| last + 1)
        .max()
        .unwrap_or(0);
    let line_of = |row: Option<usize>| {
        let start = row.map_or_else(|| "\"h-".to_owned(), |row| format!("\"{row}-"));
        body.iter()
            .find(|(_, text)| text.trim_start().starts_with(&start))
            .map_or(line, |(number, _)| *number)
    };
    rows.into_iter()
        .map(|(row, mut cells)| TableRow {
            line: line_of(row),
            is_heading: row.is_none(),
            cells: (0..n_columns)
                .map(|column| cells.remove(&column).unwrap_or_default())
                .collect(),
        })
        .collect()
}

/// A table of more columns is none that somebody reads, and each row would have as many cells.
const MOST_COLUMNS: usize = 64;
