//! Reads blocks into rows: headings and columns give each cell its meaning.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::{
    block::{Block, Content},
    column::Column,
    columns::{Body, Columns},
    context::{Context, Headings},
    cross_table,
    interner::Interner,
    port_table::PortTable,
    ports,
    problem::{Problem, ProblemKind, Severity},
    profile::Profile,
    prose::Prose,
    row::Document,
    section,
    table_rows::{TableRow, TableRows},
    text::{regex, some},
};

/// Reads all rows of a page.
pub(super) fn read(file: &str, blocks: Vec<Block>, profile: &Profile) -> Document {
    let mut reader = Reader {
        file: file.into(),
        headings: Headings::default(),
        context: Arc::default(),
        document: Document::default(),
        prose: Prose::default(),
        caption: None,
        interner: Interner::default(),
        profile,
        is_left_out: false,
    };
    for block in blocks {
        let is_heading = matches!(block.content, Content::Heading { .. } | Content::Title(_));
        if reader.is_left_out && !is_heading {
            continue;
        }
        match block.content {
            Content::Heading { level, text } => {
                reader.caption = None;
                reader.heading(block.line, level, &text);
            }
            Content::Table(rows) => reader.table(block.line, &rows),
            Content::Text(text) => {
                reader.caption = is_caption(&text).then(|| text.trim_end_matches(':').to_owned());
                let position = (&reader.file, block.line);
                reader
                    .prose
                    .add(position, &text, &reader.context, &mut reader.interner);
            }
            Content::Caption(text) => reader.caption = Some(text),
            Content::Title(text) => reader.document.title = some(&text),
        }
    }
    let (rows, problems) =
        reader
            .prose
            .rows(&reader.file, &reader.document.rows, &mut reader.interner);
    reader.document.rows.extend(rows);
    reader.document.problems.extend(problems);
    // Sorting takes memory, and most pages are in order.
    if !reader.document.rows.is_sorted_by_key(|row| row.line) {
        reader.document.rows.sort_by_key(|row| row.line);
    }
    reader.document.problems.sort_by_key(|problem| problem.line);
    reader.document
}

/// Whether a paragraph reads like the title of what follows: a few words and no sentence.
fn is_caption(text: &str) -> bool {
    text.split_whitespace().count() <= CAPTION_WORDS && !text.ends_with(['.', '!', '?', ';'])
}

const CAPTION_WORDS: usize = 9;

struct Reader<'a> {
    file: Arc<str>,
    headings: Headings,
    /// The context that all headings together give.
    context: Arc<Context>,
    document: Document,
    prose: Prose,
    /// The title of the next table.
    caption: Option<String>,
    interner: Interner,
    profile: &'a Profile,
    /// The profile leaves out the section that is being read.
    is_left_out: bool,
}

impl Reader<'_> {
    fn heading(&mut self, line: usize, level: u8, text: &str) {
        if level == 1 && self.document.title.is_none() {
            self.document.title = some(text);
        }
        self.headings.push(level, text);
        self.context = Arc::new(self.headings.context());
        let section = self.context.section.as_deref().unwrap_or_default();
        self.is_left_out = self.profile.leaves_out(section);
        if self.is_left_out {
            let message = "the import profile leaves out this section";
            self.problem(line, Severity::Remark, text, message.to_owned());
        }
    }

    fn problem(&mut self, line: usize, severity: Severity, text: &str, message: String) {
        self.document.problems.push(Problem {
            file: Arc::clone(&self.file),
            line,
            severity,
            kind: ProblemKind::Table,
            text: text.to_owned(),
            message,
        });
    }

    fn table(&mut self, line: usize, rows: &TableRows) {
        let Some((head, n_headings)) = heading(rows) else {
            return;
        };
        let body = Body::new(rows, n_headings);
        let columns = Columns::new(&head, &body).chosen(&head, self.profile);
        let mut context = Context::clone(&self.context);
        if let Some(caption) = self.caption.take() {
            context.narrow(&caption);
        }
        if !columns.has(Column::Port) {
            if let Some(column_headings) = cross_table::column_headings(&head) {
                self.prose.has_table(context.section.clone());
                cross_table::read(
                    &self.file,
                    (&head, &body),
                    column_headings,
                    &context,
                    &mut self.document,
                );
            } else if may_list_ports(&head, &body) {
                let n_rows = body.len();
                self.problem(line, Severity::Remark, &head.cells.join(" | "), format!(
                    "no column of this table is headed as ports, so its {n_rows} rows were not read; if it lists ports, head their column `Port`"
                ));
            }
            return;
        }
        for heading in columns.unknown(&head) {
            let message = "this column is not understood and was left out";
            let problem = Problem::new(&self.file, line, Severity::Remark, heading, message);
            self.document.problems.push(problem.of(ProblemKind::Column));
        }
        self.prose.has_table(context.section.clone());
        let outer = context.clone();
        let mut role: Option<String> = None;
        for row in body.rows() {
            if row.cells.iter().all(String::is_empty) || row.cells == head.cells {
                continue;
            }
            if let Some(title) = group_title(&row) {
                // The title of a group applies to the rows below it, up to the next title.
                context = outer.clone();
                context.narrow(title);
                if section::may_name_machines(title) {
                    role = None;
                    context.role = Some(title.into());
                }
                let message = "was taken for the heading of the rows below";
                self.problem(row.line, Severity::Remark, title, message.to_owned());
                continue;
            }
            let table = PortTable {
                file: &self.file,
                head: &head,
                columns: &columns,
                context: &context,
            };
            role = columns.cell(&row, Column::Role).or(role);
            let first = self.document.rows.len();
            table.read(&row, role.as_deref(), &mut self.document);
            for row in self.document.rows.iter_mut().skip(first) {
                self.interner.intern(row);
            }
        }
    }
}

/// The column headings of a table, and the number of rows that they take. Below a heading that spans several columns, the
/// next row has a heading for each of them.
fn heading(rows: &TableRows) -> Option<(TableRow, usize)> {
    // Some pages mark every cell as a heading; a row with numbers is no heading row.
    let names_numbers = |row: &TableRow| {
        row.cells
            .iter()
            .any(|cell| cell.contains(|c: char| c.is_ascii_digit()))
    };
    let mut head = rows.get(0)?;
    let mut n_headings = 1;
    while n_headings < MOST_HEADING_ROWS
        && head.is_heading
        && let Some(mut below) = rows
            .get(n_headings)
            .filter(|below| below.is_heading && !names_numbers(below))
    {
        for (index, cell) in head.cells.into_iter().enumerate() {
            match below.cells.get_mut(index) {
                Some(under) if under.is_empty() => *under = cell,
                Some(_) => {}
                None => below.cells.push(cell),
            }
        }
        head = below;
        n_headings += 1;
    }
    Some((head, n_headings))
}

const MOST_HEADING_ROWS: usize = 3;

/// The title of a group of rows: a text that spans all columns, or is the only one of its row and in the first column, and
/// is no port.
fn group_title(row: &TableRow) -> Option<&str> {
    let (first, rest) = row.cells.split_first()?;
    let spans = rest.iter().all(|cell| cell == first);
    let is_alone = rest.iter().all(String::is_empty);
    let names_number = first.contains(|c: char| c.is_ascii_digit());
    let is_title = 1 < row.cells.len()
        && (spans || is_alone)
        && first.contains(char::is_alphabetic)
        && !names_number
        && ports::ports(first).groups.is_empty()
        && ports::ports(first).transports.iter().all(|t| t.has_ports())
        && !ports::ports(first).ephemeral;
    is_title.then_some(first.as_str())
}

/// Whether a table without a port column seems to list ports; a table of memory sizes, for example, deserves no remark.
fn may_list_ports(head: &TableRow, body: &Body<'_>) -> bool {
    static PORTS: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(?:ports?|tcp|udp|sctp)\b"));
    let is_number = |cell: &str| {
        cell.parse::<u16>()
            .is_ok_and(|number| LEAST_LIKELY_PORT <= number)
    };
    let n_numbers = body
        .cells()
        .map(|mut cells| usize::from(cells.any(is_number)))
        .sum::<usize>();
    head.cells.iter().any(|cell| PORTS.is_match(cell))
        || body.cells().flatten().any(|cell| PORTS.is_match(cell))
        || 0 < n_numbers && body.len() <= 2 * n_numbers
}

/// Numbers below this are more often sizes or counts than ports.
const LEAST_LIKELY_PORT: u16 = 1000;
