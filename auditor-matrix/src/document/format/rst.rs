//! Reads reStructuredText into blocks: headings, grid and simple tables, list-table and csv-table, paragraphs and lists.

mod drawn;
mod markup;

use self::{
    drawn::{edges, grid_line, inherit, is_grid_edge, is_simple_edge, runs, simple_line},
    markup::plain,
};
use super::csv;
use crate::document::{
    block::{Block, Content},
    table_rows::TableRow,
    text::fold,
};

pub(super) fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut reader = Reader {
        lines: &lines,
        at: 0,
        blocks: Vec::new(),
        marks: Vec::new(),
    };
    while reader.at < lines.len() {
        reader.block();
    }
    reader.blocks
}

struct Reader<'a> {
    lines: &'a [&'a str],
    /// The 0-based index of the line that is read next.
    at: usize,
    blocks: Vec<Block>,
    /// The underline characters of headings, in the order of their first use: the first is the highest level. The flag says
    /// whether the heading has an overline too.
    marks: Vec<(char, bool)>,
}

impl<'a> Reader<'a> {
    fn line(&self, at: usize) -> &'a str {
        self.lines.get(at).copied().unwrap_or_default()
    }

    fn push(&mut self, at: usize, content: Content) {
        self.blocks.push(Block {
            line: at + 1,
            content,
        });
    }

    fn block(&mut self) {
        let (start, line) = (self.at, self.line(self.at));
        let trimmed = line.trim_start();
        if trimmed.is_empty() {
            self.at += 1;
        } else if is_grid_edge(trimmed) {
            self.grid_table();
        } else if is_simple_edge(trimmed) && !self.is_overline() {
            self.simple_table();
        } else if let Some(directive) = trimmed.strip_prefix(".. ") {
            self.directive(directive, indent(line));
        } else if self.heading() {
        } else {
            let (body, is_item) = item(trimmed);
            let mut text = body.to_owned();
            self.at += 1;
            while !self.line(self.at).trim().is_empty() {
                let next = self.line(self.at);
                let starts_anew = item(next.trim_start()).1
                    || is_grid_edge(next.trim())
                    || next.trim_start().starts_with(".. ");
                if starts_anew || is_item && indent(next) <= indent(line) {
                    break;
                }
                text.push(' ');
                text.push_str(next.trim());
                self.at += 1;
            }
            // `::` announces a literal block, which is no prose.
            if text.ends_with("::") {
                self.skip_deeper(indent(line));
            }
            let text = plain(
                text.strip_suffix(':')
                    .filter(|text| text.ends_with(':'))
                    .unwrap_or(&text),
            );
            self.push(start, Content::Text(text));
        }
    }

    /// Whether the current line is the overline of a heading.
    fn is_overline(&self) -> bool {
        let (over, under) = (self.line(self.at).trim(), self.line(self.at + 2).trim());
        underline(over).is_some()
            && underline(under) == underline(over)
            && !self.line(self.at + 1).trim().is_empty()
            && !over.contains(' ')
            && self.line(self.at + 3).trim().is_empty()
    }

    /// Reads a heading with an underline and perhaps an overline, or a transition. False if the current line is neither.
    fn heading(&mut self) -> bool {
        let first = underline(self.line(self.at));
        let (title, mark, is_over) = match (first, underline(self.line(self.at + 1))) {
            (Some(mark), _) if self.is_overline() => (self.at + 1, mark, true),
            (None, Some(mark))
                if self.line(self.at + 1).len() + 2 >= self.line(self.at).trim().len() =>
            {
                (self.at, mark, false)
            }
            (Some(_), _) => {
                // A transition: a line of marks between paragraphs.
                self.at += 1;
                return true;
            }
            (None, Some(_) | None) => return false,
        };
        let level = self
            .marks
            .iter()
            .position(|known| *known == (mark, is_over))
            .unwrap_or_else(|| {
                self.marks.push((mark, is_over));
                self.marks.len() - 1
            });
        let text = plain(self.line(title));
        self.at = title + 2;
        self.push(
            title,
            Content::Heading {
                level: u8::try_from(level + 1).unwrap_or(u8::MAX),
                text,
            },
        );
        true
    }

    fn directive(&mut self, directive: &str, depth: usize) {
        let start = self.at;
        self.at += 1;
        let body = self.at;
        let (name, title) = directive
            .split_once("::")
            .map_or((directive, ""), |(name, title)| (name.trim(), title.trim()));
        match name {
            "list-table" | "csv-table" => {
                self.skip_deeper(depth);
                if !title.is_empty() {
                    self.push(start, Content::Caption(plain(title)));
                }
                let rows = if name == "list-table" {
                    self.list_table(body)
                } else {
                    self.csv_table(body)
                };
                self.push(start, Content::Table(Box::new(rows.into())));
            }
            // The body of an admonition is prose of the page.
            "note" | "warning" | "important" | "tip" | "caution" | "attention" | "admonition"
            | "hint" => {
                if !title.is_empty() {
                    self.push(start, Content::Text(plain(title)));
                }
            }
            "table" => {
                if !title.is_empty() {
                    self.push(start, Content::Caption(plain(title)));
                }
                while self.line(self.at).trim_start().starts_with(':') {
                    self.at += 1;
                }
            }
            _ => self.skip_deeper(depth),
        }
    }

    /// Skips the lines that are indented deeper than `depth`.
    fn skip_deeper(&mut self, depth: usize) {
        while self.at < self.lines.len()
            && (self.line(self.at).trim().is_empty() || depth < indent(self.line(self.at)))
        {
            self.at += 1;
        }
    }

    /// Reads a `list-table`: rows are list items, cells are items of the lists nested in them.
    fn list_table(&self, body: usize) -> Vec<TableRow> {
        let mut rows: Vec<TableRow> = Vec::new();
        let mut has_heading = false;
        for at in body..self.at {
            let line = self.line(at).trim();
            has_heading |= line.starts_with(":header-rows:") && !line.ends_with(" 0");
            let (line, starts_row) = match line.strip_prefix("* ") {
                Some(rest) => (rest.trim_start(), true),
                None => (line, false),
            };
            if starts_row {
                rows.push(TableRow {
                    line: at + 1,
                    is_heading: has_heading && rows.is_empty(),
                    cells: Vec::new(),
                });
            }
            let Some(row) = rows.last_mut() else { continue };
            match line
                .strip_prefix('-')
                .filter(|rest| rest.is_empty() || rest.starts_with(' '))
            {
                Some(cell) => row.cells.push(plain(cell)),
                None => {
                    if let Some(cell) = row.cells.last_mut() {
                        *cell = fold(&format!("{cell} {}", plain(line)));
                    }
                }
            }
        }
        rows
    }

    fn csv_table(&self, body: usize) -> Vec<TableRow> {
        let mut header = String::new();
        let mut first = body;
        while first < self.at
            && (self.line(first).trim().is_empty() || self.line(first).trim().starts_with(':'))
        {
            if let Some(names) = self.line(first).trim().strip_prefix(":header:") {
                names.trim().clone_into(&mut header);
            }
            first += 1;
        }
        let lines: Vec<&str> = (first..self.at).map(|at| self.line(at).trim()).collect();
        // White space in front of a quote is not part of the cell.
        let tight = |text: &str| text.replace(", \"", ",\"");
        let body = tight(&lines.join("\n"));
        let rows = csv::rows(&body, b',').map(|mut row| {
            row.line += first;
            row.is_heading &= header.is_empty();
            row.cells = row.cells.iter().map(|cell| plain(cell)).collect();
            row
        });
        csv::rows(&tight(&header), b',').chain(rows).collect()
    }

    /// A grid table, drawn with `+---+` and `|`. The text of a cell that spans columns is repeated in each.
    fn grid_table(&mut self) {
        let start = self.at;
        let mut rows: Vec<TableRow> = Vec::new();
        let mut open: Option<TableRow> = None;
        let edges = edges(self.line(start));
        let depth = indent(self.line(start));
        while matches!(
            self.line(self.at).trim_start().chars().next(),
            Some('+' | '|')
        ) {
            let line = self.line(self.at);
            if is_grid_edge(line.trim()) {
                if let Some(mut row) = open.take() {
                    row.cells = row.cells.iter().map(|cell| plain(cell)).collect();
                    rows.push(row);
                }
                if line.contains('=')
                    && let Some(last) = rows.last_mut()
                {
                    last.is_heading = true;
                }
            } else {
                let at = self.at;
                let row = open.get_or_insert_with(|| TableRow {
                    line: at + 1,
                    is_heading: false,
                    cells: vec![String::new(); edges.len().saturating_sub(1)],
                });
                grid_line(line, depth, &edges, &mut row.cells);
            }
            self.at += 1;
        }
        if rows.is_empty() {
            self.at = self.at.max(start + 1);
        } else {
            inherit(&mut rows);
            self.push(start, Content::Table(Box::new(rows.into())));
        }
    }

    /// A simple table, whose columns are drawn with `===`.
    fn simple_table(&mut self) {
        let start = self.at;
        let columns = runs(self.line(start));
        let mut rows: Vec<TableRow> = Vec::new();
        let mut n_edges = 1;
        self.at += 1;
        while self.at < self.lines.len() && n_edges < 3 {
            let line = self.line(self.at);
            if is_simple_edge(line.trim()) {
                n_edges += 1;
                // The second edge is below the heading row, unless the table ends with it.
                if n_edges == 2
                    && let Some(first) = rows.first_mut()
                {
                    first.is_heading = true;
                }
                let ends = n_edges == 2 && self.line(self.at + 1).trim().is_empty();
                self.at += 1;
                if ends {
                    break;
                }
                continue;
            }
            // A line of dashes only marks which columns the cells above it span.
            if !line.trim().is_empty() && !line.chars().all(|c| matches!(c, '-' | ' ')) {
                let cells = simple_line(line, &columns);
                let goes_on = cells.first().is_some_and(String::is_empty);
                match rows.last_mut() {
                    Some(row) if goes_on => {
                        for (cell, more) in row.cells.iter_mut().zip(&cells) {
                            *cell = fold(&format!("{cell} {more}"));
                        }
                    }
                    Some(_) | None => rows.push(TableRow {
                        line: self.at + 1,
                        is_heading: false,
                        cells,
                    }),
                }
            }
            self.at += 1;
        }
        self.push(start, Content::Table(Box::new(rows.into())));
    }
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The character of a line that consists of at least three times the same punctuation mark.
fn underline(line: &str) -> Option<char> {
    let line = line.trim_end();
    let mark = line.chars().next().filter(char::is_ascii_punctuation)?;
    (3 <= line.len() && line.chars().all(|character| character == mark)).then_some(mark)
}

/// A line without its list mark, and whether it had one.
fn item(line: &str) -> (&str, bool) {
    let rest = ["* ", "- ", "+ ", "\u{2022} ", "#. "]
        .iter()
        .find_map(|mark| line.strip_prefix(mark))
        .or_else(|| {
            let (number, rest) = line.split_once(". ")?;
            (!number.is_empty() && number.len() < 4 && number.chars().all(|c| c.is_ascii_digit()))
                .then_some(rest)
        });
    rest.map_or((line, false), |rest| (rest.trim_start(), true))
}

#[cfg(test)]
mod tests;
