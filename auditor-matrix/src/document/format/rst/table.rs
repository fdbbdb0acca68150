//! Simple tables, and tables of lists and of CSV.

use super::{
    super::{csv, include::included, list_table},
    Reader,
    drawn::{cell_text, is_simple_edge, runs, simple_line},
};
use crate::document::{
    block::Content,
    format::Format,
    table_rows::{TableRow, TableRows},
};

impl Reader<'_, '_> {
    /// A simple table, whose columns are drawn with `===`.
    pub(super) fn simple_table(&mut self) {
        let start = self.at;
        let columns = runs(self.line(start), '=');
        let mut rows: Vec<TableRow> = Vec::new();
        let mut n_edges = 1;
        self.at += 1;
        while self.at < self.lines.len() && n_edges < 3 {
            let line = self.line(self.at);
            if is_simple_edge(line.trim()) {
                n_edges += 1;
                // The second edge is below the heading rows, unless the table ends with it.
                let ends = n_edges == 2 && self.line(self.at + 1).trim().is_empty();
                if n_edges == 2 && !ends {
                    for row in &mut rows {
                        row.is_heading = true;
                    }
                }
                self.at += 1;
                if ends {
                    break;
                }
                continue;
            }
            if is_span_line(line) {
                if let Some(above) = rows.last_mut() {
                    span(&mut above.cells, &columns, &runs(line, '-'));
                }
            } else if !line.is_empty() {
                let cells = simple_line(line, &columns);
                let goes_on = cells.first().is_some_and(String::is_empty);
                match rows.last_mut() {
                    Some(row) if goes_on => {
                        for (cell, more) in row.cells.iter_mut().zip(&cells) {
                            if !more.is_empty() {
                                cell.push('\u{c}');
                                cell.push_str(more);
                            }
                        }
                    }
                    Some(_) | None => rows.push(TableRow {
                        line: self.number(self.at),
                        is_heading: false,
                        cells,
                    }),
                }
            }
            self.at += 1;
        }
        let mut packed = TableRows::default();
        for mut row in rows {
            for text in &mut row.cells {
                *text = match text.as_str() {
                    "\\" => String::new(),
                    text => cell_text(&self.substituted(text)),
                };
            }
            packed.push(&row);
        }
        self.push(start, Content::Table(Box::new(packed)));
    }

    /// A `list-table` or a `csv-table` with this body.
    pub(super) fn table_directive(
        &mut self,
        (start, name): (usize, &str),
        options: &[(String, String)],
        (first, end): (usize, usize),
    ) {
        let option = |name: &str| {
            options
                .iter()
                .find(|(other, _)| other == name)
                .map(|(_, value)| value.as_str())
        };
        let n_headings = option("header-rows").and_then(|n| n.parse::<usize>().ok());
        let body: Vec<(usize, &str)> = (first..end)
            .map(|at| (self.number(at), self.line(at)))
            .collect();
        let plain = |text: &str| cell_text(&self.substituted(&text.replace('\n', "\u{c}")));
        if name == "list-table" {
            let part = |text: &str| plain(text);
            let rows = list_table::rows(&body, n_headings.unwrap_or(0), &part);
            self.push(start, Content::Table(Box::new(rows.into())));
            return;
        }
        if let Some(path) = option("file").or_else(|| option("url")) {
            self.csv_file(start, path, option("header"));
            return;
        }
        let delimiter = match option("delim") {
            Some("tab") => b'\t',
            Some("space") => b' ',
            Some(mark) => mark.bytes().next().unwrap_or(b','),
            None => b',',
        };
        let line = self.number(start);
        let n_headings = n_headings.filter(|n| 0 < *n || option("header").is_some());
        let rows = csv::body_rows(
            &body,
            (line, option("header")),
            n_headings,
            delimiter,
            &plain,
        );
        self.push(start, Content::Table(Box::new(rows.into())));
    }

    fn csv_file(&mut self, start: usize, path: &str, header: Option<&str>) {
        let line = self.number(start);
        let mut blocks = included(self.origin, line, path, Format::Csv, path);
        for block in &mut blocks {
            if let (Content::Table(rows), Some(header)) = (&mut block.content, header) {
                let mut all: TableRows =
                    csv::body_rows(&[], (line, Some(header)), None, b',', &str::to_owned).into();
                rows.set_heading(false);
                for row in rows.iter() {
                    all.push(&row);
                }
                **rows = all;
            }
        }
        self.page.blocks.extend(blocks);
    }
}

/// A line of dashes marks which columns the cells above it span.
fn is_span_line(line: &str) -> bool {
    line.contains("--") && line.chars().all(|c| matches!(c, '-' | ' '))
}

/// Repeats the text of each cell that spans columns in all of them.
fn span(cells: &mut [String], columns: &[(usize, usize)], spans: &[(usize, usize)]) {
    for (start, end) in spans {
        let mut inside = columns
            .iter()
            .enumerate()
            .filter(|(_, (first, last))| start <= first && last <= end)
            .map(|(index, _)| index);
        let Some(first) = inside.next() else { continue };
        let covered: Vec<usize> = std::iter::once(first).chain(inside).collect();
        let mut texts: Vec<String> = Vec::new();
        for index in &covered {
            if let Some(text) = cells.get(*index)
                && !text.is_empty()
                && texts.last() != Some(text)
            {
                texts.push(text.clone());
            }
        }
        let text = texts.join(" ");
        for index in covered {
            if let Some(cell) = cells.get_mut(index) {
                cell.clone_from(&text);
            }
        }
    }
}
