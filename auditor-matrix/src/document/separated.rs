//! Tables that plain text writes without any syntax of a table: a line of headings, and below it lines whose cells are separated
//! by tabs, bars, semicolons, commas, colons or more than one blank. Without the headings, the cells have to tell.

mod cell_lines;
mod separator;
mod unheaded;

use self::separator::{Cell, Separator};
pub(super) use self::unheaded::names_machine;
use super::{
    block::{Block, Content},
    column::{self, Column},
    port_lines,
    table_rows::{TableRow, TableRows},
    text::fold,
};

/// The blocks of a text whose first line is `line`; `None` if no line of it heads a table. `plain` takes the markup from a text.
pub(super) fn blocks(
    line: usize,
    text: &str,
    plain: &dyn Fn(&str) -> String,
) -> Option<Vec<Block>> {
    // Most texts are one line, or have no port in them.
    if !text.contains('\n')
        || !text.lines().any(may_head)
            && !unheaded::may_have_run(text)
            && !text.lines().any(port_lines::may_pair)
    {
        return None;
    }
    let lines: Vec<&str> = text.lines().collect();
    let mut blocks: Vec<Block> = Vec::new();
    let mut has_table = false;
    let mut before: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let rest = lines.get(at..).unwrap_or_default();
        let run = |n_lines, table| unheaded::Run { n_lines, table };
        let broken = cell_lines::of_lines(rest);
        let found = match broken.or_else(|| table(rest)) {
            Some(table) => run(table.n_lines, Some(table)),
            None => match unheaded::run(rest) {
                Some(found) if found.table.is_some() => found,
                found => {
                    let n_items = port_lines::run(rest);
                    if 0 < n_items {
                        blocks.extend(text_block(line + at - before.len(), &before, plain));
                        before.clear();
                        has_table = true;
                        let items = (line + at..).zip(rest.iter().take(n_items));
                        blocks.extend(items.map(|(line, text)| item(line, text, plain)));
                        at += n_items;
                        continue;
                    }
                    found.unwrap_or_else(|| run(1, None))
                }
            },
        };
        let Some(table) = found.table else {
            before.extend(rest.iter().take(found.n_lines));
            at += found.n_lines;
            continue;
        };
        // The line right above a table is its title.
        if let Some((title, above)) = before.split_last() {
            blocks.extend(text_block(line + at - before.len(), above, plain));
            blocks.extend(title_block(line + at - 1, title, plain));
        }
        before.clear();
        has_table = true;
        let mut rows = TableRows::default();
        for mut row in table.rows {
            row.line += line + at;
            row.cells = row.cells.iter().map(|cell| plain(cell)).collect();
            rows.push(&row);
        }
        blocks.push(Block {
            line: line + at,
            content: Content::Table(Box::new(rows)),
        });
        for (index, text) in table.unread {
            blocks.push(Block {
                line: line + at + index,
                content: Content::Unread {
                    what: "this line does not fit the headings above it".to_owned(),
                    text,
                },
            });
        }
        at += table.n_lines;
    }
    blocks.extend(text_block(line + at - before.len(), &before, plain));
    has_table.then_some(blocks)
}

/// How far a table reaches that a line of this text heads: to the first empty line, and beyond it where rows of the same columns
/// go on, each with its number first.
pub(super) fn extent(text: &str) -> usize {
    let mut end = text.find(EMPTY_LINE).unwrap_or(text.len());
    let head = text
        .get(..end)
        .and_then(|first| first.lines().rev().find_map(headings));
    let Some((separator, _)) = head else {
        return end;
    };
    while let Some(behind) = text.get(end..) {
        let next = behind.trim_start_matches(['\n', '\r']);
        let cells = separator.cells(next.lines().next().unwrap_or_default());
        let is_numbered = cells
            .first()
            .is_some_and(|first| first.text.starts_with(|c: char| c.is_ascii_digit()));
        if cells.len() < 2 || !is_numbered {
            break;
        }
        let start = text.len() - next.len();
        end = start + next.find(EMPTY_LINE).unwrap_or(next.len());
    }
    end
}

const EMPTY_LINE: &str = "\n\n";

/// Whether a text holds more than one table.
pub(super) fn has_tables(text: &str) -> bool {
    text.lines()
        .filter(|line| headings(line).is_some())
        .take(2)
        .count()
        == 2
}

/// The line right above a table: its title, or a sentence that leads to it.
fn title_block(line: usize, title: &str, plain: &dyn Fn(&str) -> String) -> Option<Block> {
    let is_title = !title.trim_end().ends_with(['.', ':', ';', '!', '?'])
        && !title.contains(|c: char| c.is_ascii_digit())
        && title.split_whitespace().count() <= MOST_TITLE_WORDS;
    let mut block = text_block(line, &[title], plain)?;
    if is_title && let Content::Text(text) = block.content {
        block.content = Content::Caption(text);
    }
    Some(block)
}

/// A longer line is a sentence.
const MOST_TITLE_WORDS: usize = 14;

fn item(line: usize, text: &str, plain: &dyn Fn(&str) -> String) -> Block {
    Block {
        line,
        content: Content::Item {
            level: 0,
            text: plain(&fold(&port_lines::as_item(text))),
        },
    }
}

fn text_block(line: usize, lines: &[&str], plain: &dyn Fn(&str) -> String) -> Option<Block> {
    let text = plain(&fold(&lines.join(" ")));
    (!text.is_empty()).then_some(Block {
        line,
        content: Content::Text(text),
    })
}

/// What was read of lines, which are counted from the first of them.
struct Table {
    rows: Vec<TableRow>,
    /// Lines whose cells do not fit the headings.
    unread: Vec<(usize, String)>,
    n_lines: usize,
}

/// The table whose headings are the first of these lines.
fn table(lines: &[&str]) -> Option<Table> {
    let (head, below) = lines.split_first()?;
    let (separator, headings) = headings(head)?;
    if separator == Separator::Bar
        && let Some(table) = cell_lines::of_bars(lines)
    {
        return Some(table);
    }
    let mut table = Table {
        rows: vec![TableRow {
            line: 0,
            is_heading: true,
            cells: texts(&headings),
        }],
        unread: Vec::new(),
        n_lines: 1,
    };
    // Lines of one cell since the last row, which head the rows below them.
    let mut titles: Vec<TableRow> = Vec::new();
    for (line, text) in (1..).zip(below) {
        if is_ruler(text) || text.trim().is_empty() {
            continue;
        }
        if self::headings(text).is_some() {
            break;
        }
        let cells = separator.cells(text);
        let goes_on = titles.is_empty()
            && 1 < table.rows.len()
            && separator == Separator::Blanks
            && is_below_second(&headings, &cells);
        if !goes_on && cells.len() < 2 {
            titles.push(title(line, text, headings.len()));
            continue;
        }
        match separator.placed(&headings, &cells) {
            Some(cells) if goes_on => {
                if let Some(last) = table.rows.last_mut() {
                    go_on(last, &cells);
                }
            }
            Some(cells) => {
                table.rows.append(&mut titles);
                table.rows.push(TableRow {
                    line,
                    is_heading: false,
                    cells,
                });
            }
            None => table.unread.push((line, fold(text))),
        }
        table.n_lines = line + 1;
    }
    let has_number = |row: &TableRow| {
        let mut cells = row.cells.iter();
        cells.any(|cell| cell.contains(|c: char| c.is_ascii_digit()))
    };
    table.rows.iter().skip(1).any(has_number).then_some(table)
}

/// Whether the first cell of a line stands below the second heading or one behind it, as what is wrapped does.
fn is_below_second(headings: &[Cell<'_>], cells: &[Cell<'_>]) -> bool {
    headings
        .get(1)
        .zip(cells.first())
        .is_some_and(|(second, first)| second.start <= first.start)
}

/// A line of one cell, which heads the rows below it.
fn title(line: usize, text: &str, n_columns: usize) -> TableRow {
    let mut cells = vec![String::new(); n_columns];
    if let Some(first) = cells.first_mut() {
        *first = fold(text);
    }
    TableRow {
        line,
        is_heading: false,
        cells,
    }
}

/// Adds the cells of a line that goes on with the row above.
fn go_on(row: &mut TableRow, further: &[String]) {
    for (cell, more) in row.cells.iter_mut().zip(further) {
        if !more.is_empty() {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(more);
        }
    }
}

fn texts(cells: &[Cell<'_>]) -> Vec<String> {
    cells.iter().map(|cell| fold(cell.text)).collect()
}

/// Whether a line has the word without which it heads no ports, and no number.
fn may_head(line: &str) -> bool {
    let is_short = line.len() <= MOST_LENGTH;
    is_short
        && !line.contains(|c: char| c.is_ascii_digit())
        && line
            .as_bytes()
            .windows(4)
            .any(|four| four.eq_ignore_ascii_case(b"port"))
}

/// The headings that a line is, and what separates them.
fn headings(line: &str) -> Option<(Separator, Vec<Cell<'_>>)> {
    if !may_head(line) {
        return None;
    }
    Separator::ALL
        .into_iter()
        .map(|separator| (separator, separator.cells(line)))
        .find(|(separator, cells)| heads(*separator, cells))
}

/// Whether cells are the headings of a table of ports: one is of ports, and nearly all of the others are known. A sentence has
/// commas and semicolons too, so with them all have to be.
fn heads(separator: Separator, cells: &[Cell<'_>]) -> bool {
    if cells.len() < separator.least() || MOST_COLUMNS < cells.len() {
        return false;
    }
    let meanings: Vec<Option<Column>> = cells
        .iter()
        .filter(|cell| cell.text.split_whitespace().count() <= separator.most_words())
        .map(|cell| column::column(cell.text))
        .collect();
    let n_known = meanings.iter().flatten().count();
    let has_ports = meanings.iter().flatten().any(|meaning| {
        matches!(
            meaning,
            Column::Port | Column::LocalPort | Column::RemotePort
        )
    });
    let n_unknown = cells.len() - n_known;
    has_ports
        && match separator {
            Separator::Tab => n_unknown <= n_known,
            Separator::Bar | Separator::Blanks => n_unknown <= 1,
            Separator::Semicolon | Separator::Comma | Separator::Colon => n_unknown == 0,
        }
}

/// A line of dashes that rules off what is above it.
fn is_ruler(line: &str) -> bool {
    line.contains(['-', '=', '_', '\u{2500}'])
        && line.chars().all(|c| {
            matches!(
                c,
                '-' | '=' | '_' | '+' | '|' | ':' | ' ' | '\t' | '\u{2500}'
            )
        })
}

const MOST_LENGTH: usize = 400;
const MOST_COLUMNS: usize = 16;

#[cfg(test)]
mod tests;
