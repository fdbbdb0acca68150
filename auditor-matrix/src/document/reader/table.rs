//! Reads a table: what its columns are, and its rows one by one.

use std::sync::Arc;

use super::{
    MOST_NO_PORTS, MOST_NUMBERS, Reader, continuation::TableAbove, first_end::FirstEnd, short_row,
    table_heading::heading, unread_table::may_list_ports,
};
use crate::document::{
    access::asks_for_access,
    accounting, cell,
    cell_kinds::{CellKinds, SAMPLE},
    column::Column,
    columns::{self, Body, Columns},
    context::Context,
    cross_table,
    end::{Basis, End},
    guess::Guess,
    host_table,
    marked_ends::{self, MarkedEnds},
    port_table::PortTable,
    ports,
    problem::{Problem, ProblemKind, Severity},
    prose::{self, AboveTable},
    row::Direction,
    section, services,
    table_rows::{TableRow, TableRows},
    text::sentences,
    turned_table, url_table,
};

impl Reader<'_> {
    pub(super) fn table(&mut self, line: usize, rows: &TableRows, introduction: Option<&str>) {
        if let Some(n_columns) = rows.too_many_columns() {
            let message = format!(
                "this table has {n_columns} columns, which nobody reads, so it was not read"
            );
            let body = Body::new(rows, 1);
            if let Some(head) = rows.get(0) {
                self.unread_table(line, &head, &body, &message);
            }
            return;
        }
        let turned = turned_table::turned(rows);
        let continued = match (&turned, &self.table_above) {
            (None, Some(above)) => above.goes_on(rows, self.context.section.as_ref()),
            _ => None,
        };
        if let (Some(_), Some(first)) = (&continued, rows.get(0)) {
            let message = "this table has no headings of its own, so it was taken to go on with the one above; check it";
            let text = first.cells.join(" | ");
            self.problem(line, Severity::Remark, &text, message.to_owned());
        }
        let rows = continued.as_ref().or(turned.as_ref()).unwrap_or(rows);
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
        // Where another column has the ports, its URLs are no addresses of the rows.
        let has_other_ports = |column: usize| {
            (0..head.cells.len()).any(|index| index != column && columns.may_name_ports(index))
        };
        let heading = self
            .context
            .section
            .as_deref()
            .and_then(|section| section.rsplit(" / ").next());
        let is_access_asked = introduction.or(heading).is_some_and(asks_for_access);
        if let Some((column, filled)) = url_table::filled(rows, n_headings, is_access_asked)
            && !has_other_ports(column)
        {
            let message = "the URLs of this table that have no port were taken to have that of their scheme; check it";
            self.problem(
                line,
                Severity::Remark,
                &head.cells.join(" | "),
                message.to_owned(),
            );
            let context = Arc::clone(&self.context);
            // Access to hosts is asked for whoever the page is about.
            if is_access_asked && context.direction.is_none() && context.endpoints.is_none() {
                self.context = Arc::new(Context {
                    direction: Some(Direction::Outbound),
                    ..Context::clone(&context)
                });
            }
            self.table(line, &filled, introduction);
            self.context = context;
            return;
        }
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
        if !columns.has_ports()
            && let Some(ports) = self.ports_of_all.clone()
            && self.context.direction == Some(Direction::Outbound)
            && let Some(table) = host_table::with_ports(&head, rows, n_headings, &ports)
        {
            let message = "the port that a sentence gives to all that goes out was taken for that of all hosts that the table lists; check it";
            self.problem(line, Severity::Remark, &ports, message.to_owned());
            self.table(line, &table, introduction);
            return;
        }
        // What a sentence says of ports that it numbers itself is said of these, and not of the rows below.
        let about_rows = introduction.map(|text| without_own_ports(text, &columns, &body));
        let introduction = about_rows.as_deref();
        let mut context = Context::clone(&self.context);
        if let Some(introduction) = introduction {
            context.introduce(introduction, self.document.title.as_deref(), &self.names);
        }
        let caption = self.caption.take();
        self.doubt_arrows(line, &context, &columns);
        if let Some(caption) = &caption {
            context.narrow(caption, &self.names);
            if columns.has(Column::Peer) {
                context.take_title_for_machines(caption, &self.names);
            }
        }
        if let Some(title) = columns::title(&head) {
            context.narrow(title, &self.names);
            context.direction = cell::direction(title).or(context.direction);
        }
        columns.take_pair_of_heading((&head, &body), &mut context, &self.names);
        columns.take_named_above(&head, &mut context);
        columns.take_reached(&head, introduction, &mut context);
        if context.role.is_none() && context.endpoints.is_none() {
            let title = introduction.or(caption.as_deref());
            let program = title
                .into_iter()
                .chain(self.headings.innermost().filter(|_| title.is_none()))
                .find_map(|title| section::software(title, &self.names));
            context.role = program.map(|name| End::new(name, Basis::Title));
        }
        if context.role.is_none() && context.endpoints.is_none() {
            columns.take_components_for_machines(&head, &body);
        }
        for index in services::columns_of_spoken(&columns, &body) {
            columns.take_for_services(index);
        }
        columns.obey(&as_written, self.profile);
        if context.direction == Some(Direction::Outbound) && context.role.is_some() {
            columns.take_servers_for_destinations();
            columns.take_addresses_for_destinations(&body);
        } else if context.asker.is_some() && context.role.is_none() {
            columns.take_addresses_for_destinations(&body);
        }
        if let Some(index) = services::column_of_asked(&columns, &body, &context, &self.names) {
            columns.take_for_destinations(index, &head, services::DOUBT_OF_ASKED);
            columns.obey(&as_written, self.profile);
        }
        let listeners =
            services::column_of_listeners(&columns, (&head, &body), &context, &self.names);
        if let Some(index) = listeners {
            columns.take_for_destinations(index, &head, services::DOUBT_OF_LISTENERS);
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
            if self.rows_as_items(&head, &body, context) {
                let message = "no column of this table is headed as ports, so each row was read as an item of a list would be; check it";
                self.unread_table(line, &head, &body, message);
            } else if may_list_ports(&head, &body) {
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
            marks.as_ref().is_some_and(MarkedEnds::ask),
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
        self.table_above = TableAbove::of(context.section.clone(), &as_written, &columns);
        let outer = context.clone();
        if let Some(heading) = columns.heading_of_services(&head)
            && let Some(machines) = section::machines(heading, &self.names)
        {
            context.role = Some(End::new(machines, Basis::Heading));
        }
        let mut role: Option<End> = None;
        let mut first_end = FirstEnd::of(&columns);
        let mut above: Option<TableRow> = None;
        let settings = column_of_settings(&body, head.cells.len());
        for mut row in body.rows() {
            if let Some(whole) = above
                .as_ref()
                .and_then(|above| short_row::whole(&row, above, &columns))
            {
                let message = "this row lacks its first cells, so those of the row above were taken; check it";
                let text = row.cells.join(" | ");
                self.problem(row.line, Severity::Remark, &text, message.to_owned());
                row = whole;
            }
            above = Some(row.clone());
            let (row, first_basis) = first_end.fill(row, &columns);
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
            let is_protocol =
                columns.has_at(Column::Protocol, 0) || columns.has_at(Column::Application, 0);
            let title = group_title(&row).filter(|title| {
                // `ARP` in a column of protocols is one without ports, and no title of the others.
                !(is_protocol
                    && !title.contains(' ')
                    && row.cells.iter().skip(1).all(String::is_empty))
            });
            if let Some(title) = title.or(repeated) {
                // The title of a group applies to the rows below it, up to the next title.
                context = outer.clone();
                context.narrow(title, &self.names);
                if columns.has(Column::Peer) {
                    context.take_title_for_machines(title, &self.names);
                }
                if let Some(machines) = section::machines_of_ports(title, &self.names) {
                    role = None;
                    context.role = Some(End::new(machines, Basis::Heading));
                }
                let message = "was taken for the heading of the rows below";
                self.problem(row.line, Severity::Remark, title, message.to_owned());
                continue;
            }
            let is_other = settings.is_some_and(|index| is_other_setting(&row, index));
            if columns.is_no_port(&row) || is_other {
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
                first_end: first_basis,
            };
            role = match columns.cell(&row, Column::Role) {
                Some(named) => Some(End::given(named)),
                None => role.map(|above| End::new(above.name, Basis::CellAbove)),
            };
            let first = (self.document.rows.len(), self.document.problems.len());
            table.read(&row, role.as_ref(), &mut self.document);
            self.account(&row, first, &columns);
            for row in self.document.rows.iter_mut().skip(first.0) {
                self.interner.intern(row);
            }
        }
    }

    /// Reads the rows of a table whose cells name ports in words as the items of a list: whether a page says that a port is 80 in
    /// a cell or in an item makes no difference. `false` if that gave no row.
    fn rows_as_items(&mut self, head: &TableRow, body: &Body<'_>, context: Context) -> bool {
        let names_ports = |row: &TableRow| {
            let has_number = |cell: &String| !accounting::unaccounted(cell, &[], &[]).is_empty();
            row.cells
                .iter()
                .any(|cell| accounting::speaks_of_ports(cell) && has_number(cell))
        };
        let n_named = body.rows().take(SAMPLE).filter(names_ports).count();
        if head.cells.len() < 2 || n_named < 2 || 2 * n_named < body.len().min(SAMPLE) {
            return false;
        }
        self.prose.end_block(&mut self.interner);
        let n_before = self.prose.n_rows();
        let context = Arc::new(context);
        // What counts the rows is in none of them.
        let counts = CellKinds::of(body.column(0)).count_rows();
        for row in body.rows() {
            let cells: Vec<&str> = row
                .cells
                .iter()
                .skip(usize::from(counts))
                .map(String::as_str)
                .filter(|cell| !cell.is_empty())
                .collect();
            let position = (&self.file, row.line);
            self.prose
                .add_item(position, 0, &cells.join(": "), &context, &mut self.interner);
        }
        self.prose.end_block(&mut self.interner);
        n_before < self.prose.n_rows()
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

/// The cells of a table's ports, for a problem that is about all of them.
fn shown_ports(columns: &Columns, body: &Body<'_>) -> String {
    let ports: Vec<&str> = columns
        .positions(Column::Port)
        .flat_map(|index| body.column(index).take(MOST_NUMBERS))
        .filter(|cell| !cell.is_empty())
        .collect();
    ports.join(", ")
}

/// The column of settings, most of which are ports: `ledger.httpPort`, `ledger.admin.port`, `ledger.retries`.
fn column_of_settings(body: &Body<'_>, n_columns: usize) -> Option<usize> {
    let names_port = |cell: &str| cell.to_lowercase().contains("port");
    let is_setting = |cell: &str| !cell.contains(' ') && cell.contains(['.', '_']);
    (0..n_columns).find(|index| {
        let cells = || {
            body.column(*index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
        };
        let n = cells().count();
        let n_settings = cells().filter(|cell| is_setting(cell)).count();
        let n_ports = cells().filter(|cell| names_port(cell)).count();
        LEAST_SETTINGS <= n && n < 2 * n_settings && 2 * n <= 3 * n_ports
    })
}

/// What a program of its own listens on is above the ports that are assigned by name; below are counts, too.
const LEAST_UNASSIGNED: u32 = 1024;

/// Fewer rows tell of no kind.
const LEAST_SETTINGS: usize = 3;

/// Whether a row among settings of ports is one of something else: no cell of it speaks of a port.
fn is_other_setting(row: &TableRow, settings: usize) -> bool {
    let is_small = |number: &str| {
        number
            .parse::<u32>()
            .is_ok_and(|number| number < LEAST_UNASSIGNED)
    };
    let are_small = row
        .cells
        .iter()
        .flat_map(|cell| cell.split(|c: char| !c.is_ascii_digit()))
        .filter(|part| !part.is_empty())
        .all(is_small);
    are_small
        && row.cells.get(settings).is_some_and(|cell| !cell.is_empty())
        && !row
            .cells
            .iter()
            .any(|cell| cell.to_lowercase().contains("port"))
}

/// A paragraph above a table without the sentences that number ports themselves; one that ends in a colon leads to the rows all the same.
fn without_own_ports(paragraph: &str, columns: &Columns, body: &Body<'_>) -> String {
    let said = sentences(paragraph);
    let lists = |number: &str| {
        columns.positions(Column::Port).any(|index| {
            body.column(index).any(|cell| {
                cell.split(|c: char| !c.is_ascii_digit())
                    .any(|part| part == number)
            })
        })
    };
    let is_own = |sentence: &&str| {
        columns.has_ports()
            && !sentence.trim_end().ends_with(':')
            && prose::numbered_ports(sentence)
                .iter()
                .any(|number| !lists(number))
    };
    if !said.iter().any(is_own) {
        return paragraph.to_owned();
    }
    let kept: Vec<&str> = said
        .iter()
        .copied()
        .filter(|sentence| !is_own(sentence))
        .collect();
    kept.join(" ")
}

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
