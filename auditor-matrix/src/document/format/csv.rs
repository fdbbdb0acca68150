//! Reads CSV and TSV into blocks: a table, the titles above it, and comments.

use std::collections::BTreeSet;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::document::{
    block::{Block, Content},
    separated,
    table_rows::{TableRow, TableRows},
    text::fold,
};

pub(super) fn blocks(text: &str) -> Vec<Block> {
    // Several tables, each with its own headings.
    if separated::has_tables(text)
        && let Some(blocks) = separated::blocks(1, text.trim_start_matches('\u{feff}'), &fold)
    {
        return blocks;
    }
    let mut blocks = Vec::new();
    let (text, first, delimiter) = after_separator_line(text);
    let mut packed = TableRows::default();
    let mut rows = rows(text, delimiter).map(|mut row| {
        row.line += first;
        row
    });
    // The records above the table are buffered, to be told from its heading row.
    let mut start: Vec<TableRow> = Vec::new();
    let mut comments = Vec::new();
    for row in rows.by_ref() {
        if is_comment(&row) {
            comments.push(row);
        } else {
            start.push(row);
        }
        if SAMPLE <= start.len() {
            break;
        }
    }
    let n_titles = titles(&start);
    for title in start.drain(..n_titles) {
        let cells: Vec<String> = title
            .cells
            .into_iter()
            .filter(|cell| !cell.is_empty())
            .collect();
        if !cells.is_empty() {
            blocks.push(Block {
                line: title.line,
                content: Content::Caption(cells.join(", ")),
            });
        }
    }
    if let Some(heading) = start.first_mut() {
        heading.is_heading = true;
    }
    for row in start.into_iter().chain(rows) {
        if is_comment(&row) {
            comments.push(row);
        } else {
            packed.push(&row);
        }
    }
    for comment in comments {
        let text = fold(comment.cells.join(", ").trim_start_matches('#'));
        if !text.is_empty() {
            blocks.push(Block {
                line: comment.line,
                content: Content::Text(text),
            });
        }
    }
    let line = packed.get(0).map_or(1, |row| row.line);
    let is_before = |block: &Block| matches!(block.content, Content::Text(_)) && block.line < line;
    // A comment above the title is no title.
    blocks.sort_by_key(|block| (!is_before(block), block.line));
    let at = blocks.partition_point(|block| block.line <= line);
    blocks.insert(
        at,
        Block {
            line,
            content: Content::Table(Box::new(packed)),
        },
    );
    blocks
}

/// The records at the start of a file among which its heading row is.
const SAMPLE: usize = 12;

/// `sep=;` on the first line, as spreadsheets write it: what follows, the lines before it, and the separator.
fn after_separator_line(text: &str) -> (&str, usize, u8) {
    let text = text.trim_start_matches('\u{feff}');
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let named = first
        .trim_matches(['"', '\r', ' '])
        .strip_prefix("sep=")
        .and_then(|separator| separator.bytes().next());
    match named.filter(u8::is_ascii) {
        Some(separator) => (rest, 1, separator),
        None => (text, 0, delimiter(text)),
    }
}

/// The number of records above the heading row: a title is one cell where the table has more, or fewer cells than the
/// headings below it.
pub(super) fn titles(start: &[TableRow]) -> usize {
    // A title that spans all columns is one text.
    let n_filled = |row: &TableRow| {
        let filled = row.cells.iter().filter(|cell| !cell.is_empty());
        filled.collect::<BTreeSet<_>>().len()
    };
    let has_digit = |row: &TableRow| {
        let mut cells = row.cells.iter();
        cells.any(|cell| cell.contains(|c: char| c.is_ascii_digit()))
    };
    let start = start.get(..start.len().min(SAMPLE)).unwrap_or_default();
    let width = start.iter().map(n_filled).max().unwrap_or(0);
    let mut n_titles = 0;
    for (index, row) in start.iter().enumerate() {
        let n = n_filled(row);
        let next = start.get(index + 1);
        let is_short =
            next.is_some_and(|next| n < n_filled(next) && !has_digit(next) && 2 <= n_filled(next));
        if width < 2 || 2 <= n && !is_short {
            break;
        }
        n_titles = index + 1;
    }
    // Without a heading row there are no titles.
    if n_titles < start.len() { n_titles } else { 0 }
}

/// A line that starts with `#` and is no heading such as `#`, `# of ports`.
fn is_comment(row: &TableRow) -> bool {
    row.cells.first().is_some_and(|first| {
        first.starts_with('#')
            && first.len() > 1
            && row
                .cells
                .iter()
                .skip(1)
                .all(|cell| cell.is_empty() || first.starts_with("# "))
    })
}

/// The rows of a table whose body is CSV inside another page: its lines, and the headings that stand apart; `cell` makes the text of a cell.
pub(super) fn body_rows(
    body: &[(usize, &str)],
    (line, header): (usize, Option<&str>),
    n_headings: Option<usize>,
    delimiter: u8,
    cell: &dyn Fn(&str) -> String,
) -> Vec<TableRow> {
    let n_headings = n_headings.unwrap_or_else(|| usize::from(header.is_none()));
    let first = body.first().map_or(1, |(line, _)| *line);
    // White space in front of a quote is not part of the cell.
    let mark = char::from(delimiter);
    let tight = |text: &str| without_white_space_before_quotes(text, mark);
    let lines: Vec<&str> = body.iter().map(|(_, text)| text.trim()).collect();
    let header = header.map(tight).unwrap_or_default();
    let text = tight(&lines.join("\n"));
    let head = rows(&header, b',').map(|mut row| {
        row.line = line;
        row.is_heading = true;
        row
    });
    let below = rows(&text, delimiter).enumerate().map(|(index, mut row)| {
        row.line += first - 1;
        row.is_heading = index < n_headings;
        row
    });
    head.chain(below)
        .map(|mut row| {
            row.cells = row.cells.iter().map(|text| cell(text)).collect();
            row
        })
        .collect()
}

/// The text without the blanks and tabs between a delimiter and the quote behind it.
fn without_white_space_before_quotes(text: &str, delimiter: char) -> String {
    let mut tight = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find([delimiter, ',']) {
        let (before, behind) = rest.split_at(at + 1);
        let start = behind.trim_start_matches([' ', '\t']);
        tight.push_str(before);
        rest = if start.starts_with('"') {
            start
        } else {
            behind
        };
    }
    tight.push_str(rest);
    tight
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
    std::iter::from_fn(move || {
        // Every record of UTF-8 text can be read. An error would end the table and keep the rows before it.
        reader
            .read_record(&mut record)
            .unwrap_or(false)
            .then(|| TableRow {
                line: record.position().map_or(1, |start| line(text, start)),
                is_heading: false,
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

/// The separator that most of the first lines have equally often.
fn delimiter(text: &str) -> u8 {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with("# "))
        .take(SAMPLE)
        .collect();
    let score = |wanted: u8| {
        let counts: Vec<usize> = lines
            .iter()
            .map(|line| outside_quotes(line, wanted))
            .collect();
        counts
            .iter()
            .filter(|count| 0 < **count)
            .map(|count| {
                (
                    counts.iter().filter(|other| *other == count).count(),
                    *count,
                )
            })
            .max()
            .unwrap_or_default()
    };
    [b',', b';', b'\t', b'|']
        .into_iter()
        .rev()
        .max_by_key(|separator| score(*separator))
        .unwrap_or(b',')
}

fn outside_quotes(line: &str, wanted: u8) -> usize {
    let mut is_quoted = false;
    let mut n = 0;
    for byte in line.bytes() {
        if byte == b'"' {
            is_quoted = !is_quoted;
        } else if byte == wanted && !is_quoted {
            n += 1;
        }
    }
    n
}

#[cfg(test)]
mod tests {
    use super::blocks;
    use crate::document::block::block_lines;

    #[test]
    fn separators_quotes_and_lines() {
        check(
            "Port,From\n80,\"a, b\"\n\n443,\"c\nd\"\n7,e",
            &["1h Port|From", "2 80|a, b", "4 443|c d", "6 7|e"],
        );
        check("\u{feff}Port;From\n80;a,b", &["1h Port|From", "2 80|a,b"]);
        check("Port\tFrom\n80\ta", &["1h Port|From", "2 80|a"]);
        check("sep=;\nPort;From\n80;a,b", &["2h Port|From", "3 80|a,b"]);
        check("", &[]);
    }

    #[test]
    fn several_tables() {
        check(
            "Store:\nPort\tFrom\n80\ta\n\nTill:\nPort\tFrom\n81\tb\n",
            &[
                "1 Store:",
                "2h Port|From",
                "3 80|a",
                "5 Till:",
                "6h Port|From",
                "7 81|b",
            ],
        );
    }

    #[test]
    fn titles_and_comments() {
        check(
            "Required ports,,\n,,\nPort,From,To\n80,a,b\n",
            &["1 c Required ports", "3h Port|From|To", "4 80|a|b"],
        );
        check(
            "Required ports\n# 8443 is new, too\nPort,From,To\n# 81 is old\n80,a,b\n",
            &[
                "2 8443 is new, too",
                "1 c Required ports",
                "3h Port|From|To",
                "5 80|a|b",
                "4 81 is old",
            ],
        );
        check("Port,From\n80,a,Extra\n", &["1h Port|From", "2 80|a|Extra"]);
        check("#,Port\n1,80\n", &["1h #|Port", "2 1|80"]);
        check("Port\n80\n", &["1h Port", "2 80"]);
    }

    #[track_caller]
    fn check(text: &str, expected: &[&str]) {
        assert_eq!(block_lines(blocks(text)), expected);
    }
}
