//! Reads CSV and TSV into blocks: one table, whose first record is the heading row.

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::document::{
    block::{Block, Content},
    table_rows::{TableRow, TableRows},
    text::fold,
};

pub(super) fn blocks(text: &str) -> Vec<Block> {
    let mut packed = TableRows::default();
    for row in rows(text, delimiter(text)) {
        packed.push(&row);
    }
    let line = packed.get(0).map_or(1, |row| row.line);
    vec![Block {
        line,
        content: Content::Table(Box::new(packed)),
    }]
}

/// The records of a text; the first is the heading row.
pub(super) fn rows(text: &str, delimiter: u8) -> impl Iterator<Item = TableRow> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(Trim::All)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let mut is_heading = true;
    std::iter::from_fn(move || {
        // Every record of UTF-8 text can be read. An error would end the table and keep the rows before it.
        reader
            .read_record(&mut record)
            .unwrap_or(false)
            .then(|| TableRow {
                line: record.position().map_or(1, |start| line(text, start)),
                is_heading: std::mem::take(&mut is_heading),
                cells: record.iter().map(fold).collect(),
            })
    })
}

/// The 1-based line on which a record starts. The reader's position is that of the empty lines before the record, so they
/// are added.
fn line(text: &str, start: &csv::Position) -> usize {
    let number = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let rest = text
        .as_bytes()
        .get(number(start.byte())..)
        .unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
    number(start.line()) + empty.filter(|byte| **byte == b'\n').count()
}

/// The separator that occurs most often in the first line with text.
fn delimiter(text: &str) -> u8 {
    let first = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let count = |wanted: u8| first.bytes().filter(|byte| *byte == wanted).count();
    [b',', b';', b'\t', b'|']
        .into_iter()
        .rev()
        .max_by_key(|separator| count(*separator))
        .unwrap_or(b',')
}

#[cfg(test)]
mod tests {
    use super::{Content, blocks};

    #[test]
    fn separators_quotes_and_lines() {
        check(
            "Port,From\n80,\"a, b\"\n\n443,\"c\nd\"\n7,e",
            &["1 Port|From", "2 80|a, b", "4 443|c d", "6 7|e"],
        );
        check("\u{feff}Port;From\n80;a,b", &["1 Port|From", "2 80|a,b"]);
        check("Port\tFrom\n80\ta", &["1 Port|From", "2 80|a"]);
        check("", &[]);
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        let blocks = blocks(text);
        let Content::Table(rows) = &blocks[0].content else {
            panic!("no table")
        };
        let rows: Vec<String> = rows
            .iter()
            .map(|row| format!("{} {}", row.line, row.cells.join("|")))
            .collect();
        assert_eq!(rows, expected);
    }
}
