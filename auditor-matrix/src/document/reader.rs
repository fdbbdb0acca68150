//! Reads blocks into rows: headings and columns give each cell its meaning.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    sync::{Arc, LazyLock},
};

use regex::Regex;

use super::{
    accounting::{self, OpenNumbers},
    alternatives::Alternatives,
    block::{Block, Content},
    cell,
    cell_kinds::SAMPLE,
    column::Column,
    columns::{self, Body, Columns},
    context::{Context, Headings},
    cross_table, endpoints,
    guess::Guess,
    host_port::HostPort,
    host_table,
    interner::Interner,
    loopback,
    marked_ends::{self, MarkedEnds},
    names::Names,
    port_table::PortTable,
    ports,
    problem::{Problem, ProblemKind, Severity},
    profile::Profile,
    prose::{AboveTable, Prose},
    publishing::{self, Published},
    row::{Direction, Document},
    section, services,
    table_rows::{TableRow, TableRows},
    text::{fold, regex, sentences, some},
    turned_table,
};

/// Reads all rows of a page.
pub(super) fn read(file: &str, mut blocks: Vec<Block>, profile: &Profile) -> Document {
    let published = publishing::without_conditions(&mut blocks);
    let names = Arc::new(names(&blocks, profile));
    let alternatives = Alternatives::of(&blocks, &names);
    let mut reader = Reader {
        file: file.into(),
        headings: Headings::default(),
        context: Arc::default(),
        document: Document::default(),
        prose: Prose::new(&names),
        names,
        alternatives,
        caption: None,
        introduction: None,
        open_numbers: OpenNumbers::default(),
        is_about_ports: false,
        is_below_heading: false,
        interner: Interner::default(),
        profile,
        is_left_out: false,
    };
    for Published { line, condition } in published {
        let message = "this was taken for when the page is published, and for no condition of its ports; check it";
        reader.problem(line, Severity::Remark, &condition, message.to_owned());
    }
    for block in blocks {
        let is_heading = matches!(block.content, Content::Heading { .. } | Content::Title(_));
        let is_border = matches!(
            block.content,
            Content::Alternative(_) | Content::Condition(_) | Content::EndAlternative
        );
        if is_heading || is_border || !reader.is_left_out {
            reader.block(block);
        }
    }
    reader.finish()
}

/// What the tables of a page name as ends of conversations or as machines.
fn names(blocks: &[Block], profile: &Profile) -> Names {
    let mut names = Names::default();
    let mut arrows: BTreeMap<String, usize> = BTreeMap::new();
    for block in blocks {
        let rows = match &block.content {
            Content::Table(rows) => rows,
            Content::Heading { text, .. } => {
                names.add_heading(text);
                if let Some(ends) = endpoints::arrow(text) {
                    for end in [ends.source, ends.destination] {
                        *arrows.entry(end).or_default() += 1;
                    }
                }
                continue;
            }
            Content::Text(text) | Content::Item { text, .. } => {
                names.add_text(text);
                continue;
            }
            Content::Code { .. }
            | Content::Alternative(_)
            | Content::Condition(_)
            | Content::EndAlternative
            | Content::Unread { .. }
            | Content::Caption(_)
            | Content::Title(_) => continue,
        };
        let Some((head, n_headings)) = heading(rows) else {
            continue;
        };
        let body = Body::new(rows, n_headings);
        let columns = Columns::new(&head, &body, profile);
        if !columns.has_ports() {
            continue;
        }
        for end in [
            Column::Source,
            Column::Destination,
            Column::Peer,
            Column::Role,
        ] {
            for index in columns.positions(end) {
                body.column(index).for_each(|cell| names.add(cell));
            }
        }
    }
    // `Edge -> Core`, `Core -> Store`: what several headings connect are machines.
    for (end, _) in arrows.into_iter().filter(|(_, n_headings)| 1 < *n_headings) {
        names.add(&end);
    }
    names
}

/// Whether a paragraph reads like the title of what follows: a few words and no sentence.
fn is_caption(text: &str) -> bool {
    text.split_whitespace().count() <= CAPTION_WORDS && !text.ends_with(['.', '!', '?', ';'])
}

const CAPTION_WORDS: usize = 9;

struct Reader<'a> {
    file: Arc<str>,
    /// What the page's tables name as machines.
    names: Arc<Names>,
    headings: Headings,
    /// The context that all headings together give.
    context: Arc<Context>,
    /// The alternatives that the page is inside of, such as tabs.
    alternatives: Alternatives,
    document: Document,
    prose: Prose,
    /// The title of the next table.
    caption: Option<String>,
    /// The paragraph right before the next block.
    introduction: Option<String>,
    /// The numbers of prose and code that may be ports.
    open_numbers: OpenNumbers,
    /// The innermost heading or the paragraph above the list that is being read speaks of ports.
    is_about_ports: bool,
    /// Nothing has been read since the last heading.
    is_below_heading: bool,
    interner: Interner,
    profile: &'a Profile,
    /// The profile leaves out the section that is being read.
    is_left_out: bool,
}

impl Reader<'_> {
    fn block(&mut self, block: Block) {
        let introduction = self.introduction.take();
        let is_below_heading = std::mem::replace(&mut self.is_below_heading, false);
        if !matches!(
            block.content,
            Content::Text(_) | Content::Item { .. } | Content::Code { .. }
        ) {
            self.prose.end_block(&mut self.interner);
        }
        match block.content {
            Content::Heading { level, text } => {
                self.caption = None;
                self.heading(block.line, level, &text);
            }
            Content::Table(rows) => self.table(block.line, &rows, introduction.as_deref()),
            Content::Item { level, text } => {
                self.note_numbers(block.line, &text);
                // A table inside an item has the item for its title.
                if is_caption(&text) {
                    self.caption = Some(text.trim_end_matches(':').to_owned());
                }
                let position = (&self.file, block.line);
                self.prose
                    .add_item(position, level, &text, &self.context, &mut self.interner);
            }
            Content::Text(text) => {
                self.note_numbers(block.line, &text);
                self.note_loopback(&text, is_below_heading);
                if let Some(ports) = self.line_of_ports(&text) {
                    let position = (&self.file, block.line);
                    self.prose
                        .add_ports(position, &text, ports, &self.context, &mut self.interner);
                    return;
                }
                self.caption = is_caption(&text).then(|| text.trim_end_matches(':').to_owned());
                let position = (&self.file, block.line);
                self.prose
                    .add(position, &text, &self.context, &mut self.interner);
                self.introduction = Some(text);
            }
            Content::Caption(text) => {
                self.caption = Some(text);
                self.introduction = introduction;
            }
            Content::Title(text) => self.document.title = some(&text),
            Content::Unread { what, text } => self.unread(block.line, &what, &text),
            Content::Code { language, text } => {
                let position = (&self.file, block.line);
                let diagram = (language.as_str(), text.as_str());
                if self
                    .prose
                    .add_diagram(position, diagram, &self.context, &mut self.interner)
                {
                    return;
                }
                self.prose
                    .add_code(position, &text, &self.context, &mut self.interner);
                if self.is_about_ports
                    || accounting::speaks_of_ports(&text)
                    || introduction
                        .as_deref()
                        .is_some_and(accounting::speaks_of_ports)
                {
                    for (index, line) in text.lines().enumerate() {
                        self.open_numbers.add(block.line + index, line);
                    }
                }
            }
            Content::Alternative(name) | Content::Condition(name) => {
                self.alternatives.begin(name);
                self.update_context();
            }
            Content::EndAlternative => {
                self.alternatives.end();
                self.update_context();
            }
        }
    }

    fn finish(mut self) -> Document {
        let (rows, problems) = self
            .prose
            .rows(&self.file, &self.document.rows, &mut self.interner);
        self.document.rows.extend(rows);
        self.document.problems.extend(problems);
        // Sorting takes memory, and most pages are in order.
        if !self.document.rows.is_sorted_by_key(|row| row.line) {
            self.document.rows.sort_by_key(|row| row.line);
        }
        self.document.problems.sort_by_key(|problem| problem.line);
        let left = self
            .open_numbers
            .left(&self.document.rows, &self.document.problems);
        for (line, text, numbers) in left {
            let message =
                format!("{numbers} may be a port, and is in no row; add a rule by hand if it is");
            self.document.problems.push(
                Problem::new(&self.file, line, Severity::Remark, text, message)
                    .of(ProblemKind::Number),
            );
        }
        self.document.problems.sort_by_key(|problem| problem.line);
        self.document
    }

    /// The ports of a paragraph that is no more than a name and ports, below a heading about ports: `HTTP 8080`,
    /// `server.port=8080`.
    fn line_of_ports(&self, text: &str) -> Option<ports::Ports> {
        if !self.is_about_ports
            || FEW_WORDS < text.split(' ').count()
            || !text.contains(|c: char| c.is_ascii_digit())
            || text.ends_with(['.', '!', '?', ':'])
            || accounting::unaccounted(text, &[], &[]).is_empty()
        {
            return None;
        }
        let read = ports::ports(text);
        let is_understood = read.problem.is_none() && read.remarks.len() <= 1;
        (is_understood && !read.groups.is_empty()).then_some(read)
    }

    /// Keeps the numbers that are no ports, and what they are.
    fn note_no_ports(&mut self, line: usize, text: &str) {
        let room = MOST_NO_PORTS.saturating_sub(self.document.no_ports.len());
        if 0 < room {
            self.document
                .no_ports
                .extend(accounting::no_ports(line, text).take(room));
        }
    }

    /// Notes the numbers of a paragraph or an item if it, its heading or what introduces its list speaks of ports.
    fn note_numbers(&mut self, line: usize, text: &str) {
        let speaks = accounting::speaks_of_ports(text);
        let is_short = || text.split(' ').count() <= SHORT_WORDS;
        if speaks || self.is_about_ports && is_short() {
            self.note_no_ports(line, text);
            self.open_numbers.add(line, text);
        }
        self.is_about_ports |= speaks && text.trim_end().ends_with(':');
    }

    /// Keeps for the rest of the section what a paragraph says of all its ports.
    fn note_loopback(&mut self, text: &str, is_below_heading: bool) {
        let is_meant = self.headings.innermost().is_some_and(|heading| {
            let said = sentences(text);
            is_below_heading
                && said
                    .first()
                    .is_some_and(|first| loopback::is_meant_of_heading(first))
                || said
                    .into_iter()
                    .any(|sentence| loopback::is_meant_of_section(sentence, heading))
        });
        if is_meant && !self.context.is_loopback {
            Arc::make_mut(&mut self.context).is_loopback = true;
        }
    }

    fn heading(&mut self, line: usize, level: u8, text: &str) {
        self.is_about_ports = accounting::speaks_of_ports(text);
        self.is_below_heading = true;
        if level == 1 && self.document.title.is_none() {
            self.document.title = some(text);
        }
        self.headings.push(level, text);
        self.update_context();
        let section = self.context.section.as_deref().unwrap_or_default();
        self.is_left_out = self.profile.leaves_out(section);
        if self.is_left_out {
            let message = "the import profile leaves out this section";
            self.problem(line, Severity::Remark, text, message.to_owned());
        }
    }

    fn update_context(&mut self) {
        let mut context = self.headings.context(&self.names);
        for title in self.alternatives.headings() {
            context.enter(title, &self.names);
        }
        context.condition = some(&self.alternatives.condition()).map(Into::into);
        self.context = Arc::new(context);
    }

    fn problem(&mut self, line: usize, severity: Severity, text: &str, message: String) {
        self.document
            .problems
            .push(Problem::new(&self.file, line, severity, text, message).of(ProblemKind::Table));
    }

    fn table(&mut self, line: usize, rows: &TableRows, introduction: Option<&str>) {
        let turned = turned_table::turned(rows);
        let rows = turned.as_ref().unwrap_or(rows);
        let Some((head, n_headings)) = heading(rows) else {
            return;
        };
        let body = Body::new(rows, n_headings);
        if n_headings == 0 {
            let message = "this table has no headings, so what its columns are was told by their cells; check it";
            let cells = body.rows().next().unwrap_or_else(|| head.clone()).cells;
            self.problem(
                line,
                Severity::Remark,
                &cells.join(" | "),
                message.to_owned(),
            );
        }
        let as_written = head;
        let mut columns = Columns::new(&as_written, &body, self.profile);
        let head = columns.headings(&as_written);
        let is_about_ports =
            self.is_about_ports || introduction.is_some_and(accounting::speaks_of_ports);
        if is_about_ports {
            columns.find_ports_by_text(&head, &body);
            columns.obey(&as_written, self.profile);
        }
        if !columns.has_ports()
            && let Some(introduction) = introduction
            && let Some(ports) = AboveTable::of(introduction, &self.names).ports
            && let Some(table) = host_table::with_ports(&head, rows, n_headings, &ports)
        {
            let message = "these ports of the sentence above were taken for those of all hosts that the table lists; check it";
            self.problem(line, Severity::Remark, &ports, message.to_owned());
            self.table(line, &table, Some(introduction));
            return;
        }
        let mut context = Context::clone(&self.context);
        if let Some(introduction) = introduction {
            context.introduce(introduction, self.document.title.as_deref(), &self.names);
        }
        if let Some(caption) = self.caption.take() {
            context.narrow(&caption, &self.names);
        }
        if let Some(title) = columns::title(&head) {
            context.narrow(title, &self.names);
            context.direction = cell::direction(title).or(context.direction);
        }
        if context.role.is_none() && context.endpoints.is_none() {
            columns.take_components_for_machines(&head, &body);
            columns.obey(&as_written, self.profile);
        }
        if columns.one_sided() == Some(Direction::Outbound) {
            context.leave_listed(columns.heading(&head, Column::Destination));
        }
        match cross_table::layout(&head, &body, &columns, introduction, &self.names) {
            Some(Ok(layout)) => {
                self.prose.has_table(context.section.clone());
                let first = (self.document.rows.len(), self.document.problems.len());
                cross_table::read(
                    &self.file,
                    (&head, &body),
                    layout,
                    &context,
                    &mut self.document,
                );
                for row in body.rows() {
                    self.account(&row, first, &columns);
                }
                return;
            }
            Some(Err(message)) => {
                self.unread_table(line, &head, &body, message);
                return;
            }
            None => {}
        }
        if !columns.has_ports() {
            if may_list_ports(&head, &body) {
                let n_rows = body.len();
                let message = format!(
                    "no column of this table is headed as ports, so its {n_rows} rows were not read; if it lists ports, head their column `Port`"
                );
                self.unread_table(line, &head, &body, &message);
            }
            return;
        }
        let last = rows.iter().last().map_or(line, |last| last.line);
        let marks = MarkedEnds::of(
            (&head, &body),
            &columns,
            introduction,
            &context,
            &self.names,
        );
        if let Some(marks) = &marks {
            columns.leave_marks(marks.positions(), marks.doubt());
        }
        let unread_marks = marked_ends::unread_marks(&head, &body, &columns);
        if !unread_marks.is_empty() {
            let message = format!(
                "what is marked below {} is not understood, so the rules of these ports do not say it; check them",
                unread_marks.join(", ")
            );
            let ports = shown_ports(&columns, &body);
            let problem = Problem::new(&self.file, line, Severity::Remark, ports, message);
            let problem = problem.of(ProblemKind::Column).until(last);
            self.document.problems.push(problem);
        }
        for heading in columns.unknown(&head) {
            let message = "this column is not understood and was left out";
            let problem = Problem::new(&self.file, line, Severity::Remark, heading, message);
            let problem = problem.of(ProblemKind::Column).until(last);
            self.document.problems.push(problem);
        }
        // What stands below words that are not understood may be an end of every row.
        if Columns::has_foreign_heading(&head) {
            let message = "headings of this table are in no language that is known, so what these ports are was told by the cells; check it";
            let problem = Problem::new(
                &self.file,
                line,
                Severity::Remark,
                shown_ports(&columns, &body),
                message,
            );
            let problem = problem.of(ProblemKind::Column).until(last);
            self.document.problems.push(problem);
        }
        let headed_servers = services::heading_of_servers(
            &columns,
            (&head, &body),
            introduction,
            &context,
            &self.names,
        );
        if let Some(heading) = headed_servers {
            columns.take_services_for_servers(heading, services::DOUBT);
        }
        for (heading, doubt) in columns.doubts() {
            let problem = Problem::new(&self.file, line, Severity::Remark, heading, *doubt);
            let problem = problem.of(ProblemKind::Column).until(last);
            self.document.problems.push(problem);
            self.document.guesses.push(Guess {
                lines: line..=last,
                text: format!("`{heading}`: {doubt}"),
            });
        }
        self.prose.has_table(context.section.clone());
        let outer = context.clone();
        if let Some(heading) = columns.heading_of_services(&head)
            && let Some(machines) = section::machines(heading, &self.names)
        {
            context.role = Some(machines.into());
        }
        let mut role: Option<String> = None;
        for row in body.rows() {
            if row.cells.iter().all(String::is_empty) || row.cells == as_written.cells {
                continue;
            }
            let repeated = columns.is_heading_row(&row).then(|| {
                row.cells
                    .iter()
                    .find(|cell| !cell.is_empty())
                    .map(String::as_str)
                    .unwrap_or_default()
            });
            if let Some(title) = group_title(&row).or(repeated) {
                // The title of a group applies to the rows below it, up to the next title.
                context = outer.clone();
                context.narrow(title, &self.names);
                if let Some(machines) = section::machines_of_ports(title, &self.names) {
                    role = None;
                    context.role = Some(machines.into());
                }
                let message = "was taken for the heading of the rows below";
                self.problem(row.line, Severity::Remark, title, message.to_owned());
                continue;
            }
            if columns.is_no_port(&row) {
                let first = (self.document.rows.len(), self.document.problems.len());
                self.account(&row, first, &columns);
                continue;
            }
            let table = PortTable {
                file: &self.file,
                head: &head,
                columns: &columns,
                context: &context,
                names: &self.names,
                marks: marks.as_ref(),
            };
            role = columns.cell(&row, Column::Role).or(role);
            let first = (self.document.rows.len(), self.document.problems.len());
            table.read(&row, role.as_deref(), &mut self.document);
            self.account(&row, first, &columns);
            for row in self.document.rows.iter_mut().skip(first.0) {
                self.interner.intern(row);
            }
        }
    }

    /// Says what was not read, and the numbers in it that may be ports.
    fn unread(&mut self, line: usize, what: &str, text: &str) {
        let mut message = format!("{what}, so this was not read");
        let mut numbers = accounting::unaccounted(text, &[], &[]);
        numbers.truncate(MOST_NUMBERS);
        if !numbers.is_empty() {
            message.push_str("; its numbers are ");
            message.push_str(&numbers.join(", "));
        }
        let quoted: String = fold(text).chars().take(MOST_QUOTED).collect();
        self.problem(line, Severity::Lost, &quoted, message);
    }

    /// Says of a table that was not read, with the numbers in it that may be ports.
    fn unread_table(&mut self, line: usize, head: &TableRow, body: &Body<'_>, message: &str) {
        let mut numbers: Vec<String> = Vec::new();
        let mut n_more = 0_usize;
        for cell in body.cells().flatten() {
            for number in accounting::unaccounted(cell, &[], &[]) {
                if numbers.iter().any(|known| known == number) {
                    continue;
                }
                if numbers.len() < MOST_NUMBERS {
                    numbers.push(number.to_owned());
                } else {
                    n_more += 1;
                }
            }
        }
        let mut message = message.to_owned();
        if !numbers.is_empty() {
            message.push_str("; its numbers are ");
            message.push_str(&numbers.join(", "));
        }
        if 0 < n_more {
            let _written = write!(message, " and {n_more} more");
        }
        let heading = head.cells.join(" | ");
        let last = body.rows().last().map_or(line, |row| row.line);
        let problem = Problem::new(&self.file, line, Severity::Remark, heading, message);
        self.document
            .problems
            .push(problem.of(ProblemKind::Table).until(last));
    }

    /// Says which numbers of a row are in no row and no problem that was made of it; `first` are the positions of the first of
    /// each.
    fn account(&mut self, row: &TableRow, first: (usize, usize), columns: &Columns) {
        let rows = self.document.rows.get(first.0..).unwrap_or_default();
        let problems = self.document.problems.get(first.1..).unwrap_or_default();
        let is_whole_row =
            |problem: &Problem| problem.line == row.line && problem.text == row.cells.join(" | ");
        if problems.iter().any(is_whole_row) {
            return;
        }
        let mut left = Vec::new();
        for (index, cell) in row.cells.iter().enumerate() {
            let may_name_ports = columns.may_name_ports(index) || accounting::speaks_of_ports(cell);
            if !may_name_ports {
                continue;
            }
            if self.document.no_ports.len() < MOST_NO_PORTS {
                self.document
                    .no_ports
                    .extend(accounting::no_ports(row.line, cell));
            }
            for number in accounting::unaccounted(cell, rows, problems) {
                left.push((number.to_owned(), cell.clone()));
            }
        }
        let Some((_, cell)) = left.first() else {
            return;
        };
        let numbers: Vec<&str> = left.iter().map(|(number, _)| number.as_str()).collect();
        let message = format!(
            "{} may be a port, and is in no row; add a rule by hand if it is",
            numbers.join(", ")
        );
        let cell = cell.clone();
        self.problem(row.line, Severity::Remark, &cell, message);
    }
}

/// A text of more words in a section about ports speaks of something else, unless it names them.
const SHORT_WORDS: usize = 12;

/// A line of more words is a sentence.
const FEW_WORDS: usize = 4;

/// So many numbers that are no ports are kept; they are for a person to look at.
const MOST_NO_PORTS: usize = 10_000;

/// So much of a text that was not read is quoted, in characters.
const MOST_QUOTED: usize = 160;

/// So many numbers of a table that was not read are named; more are counted.
const MOST_NUMBERS: usize = 40;

/// The cells of a table's ports, for a problem that is about all of them.
fn shown_ports(columns: &Columns, body: &Body<'_>) -> String {
    let ports: Vec<&str> = columns
        .positions(Column::Port)
        .flat_map(|index| body.column(index).take(MOST_NUMBERS))
        .filter(|cell| !cell.is_empty())
        .collect();
    ports.join(", ")
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
    if columns::is_without_headings(&head, rows) {
        head.cells.iter_mut().for_each(String::clear);
        return Some((head, 0));
    }
    let mut n_headings = 1;
    while n_headings < MOST_HEADING_ROWS
        && head.is_heading
        && let Some(mut below) = rows
            .get(n_headings)
            .filter(|below| below.is_heading && !names_numbers(below))
    {
        for (index, cell) in head.cells.into_iter().enumerate() {
            match below.cells.get_mut(index) {
                Some(under) if under.is_empty() || *under == cell => *under = cell,
                // A heading above several columns says something of each of them.
                Some(under) if !cell.is_empty() => *under = format!("{cell} {under}"),
                Some(_) => {}
                None => below.cells.push(cell),
            }
        }
        head = below;
        n_headings += 1;
    }
    if has_column_without_heading(rows, n_headings, head.cells.len()) {
        head.cells.push(String::new());
    }
    Some((head, n_headings))
}

/// Whether nearly all rows have one cell more than there are headings.
fn has_column_without_heading(rows: &TableRows, n_rows_of_head: usize, n_headings: usize) -> bool {
    let body = || n_rows_of_head..rows.len().min(n_rows_of_head + SAMPLE);
    let n_longer = body()
        .filter(|row| rows.cells(*row).filter(|cell| !cell.is_empty()).count() == n_headings + 1)
        .count();
    2 <= n_longer && body().len() * 4 <= n_longer * 5
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
        || turned_table::has_ports_above(head)
        || body.cells().flatten().any(|cell| {
            PORTS.is_match(cell) || HostPort::of(cell).is_some_and(|read| read.name().is_some())
        })
        || 0 < n_numbers && body.len() <= 2 * n_numbers
}

/// Numbers below this are more often sizes or counts than ports.
const LEAST_LIKELY_PORT: u16 = 1000;
