//! The cells of a table row apart from its ports: ends, service, notes, requirement, condition.

mod apart;
mod asked;
mod ends;
mod grants;

pub(super) use self::apart::Apart;
use super::{PortTable, granted::Grant, spoken_ends};
use crate::document::{
    bracketed_condition::bracketed_condition,
    cell,
    column::{self, Column},
    end::{Basis, End},
    endpoints::{self, Endpoints},
    loopback, permission,
    problem::Severity,
    row::{Direction, Document},
    table_rows::TableRow,
    text::{sentences, some, unbracket},
};

/// The values of a table row that are the same in every row made of it.
#[derive(Default)]
pub(super) struct Cells {
    pub(super) role: Option<End>,
    pub(super) source: Option<End>,
    pub(super) destination: Option<End>,
    peer: Option<End>,
    direction_text: Option<String>,
    pub(super) direction: Option<Direction>,
    pub(super) service: Option<String>,
    /// The application protocol, if a column beside that of the transports names it.
    pub(super) application: Option<String>,
    /// Notes without the sentences that state a condition.
    pub(super) notes: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) condition: Option<String>,
    /// More pairs of ends that the row's text names, for which it says the same.
    pub(super) more_ends: Vec<Endpoints>,
    /// Who may ask whom, each under a condition of its own.
    pub(super) granted: Vec<Grant>,
    /// Ends of which the row says more than of those beside them.
    pub(super) apart: Vec<Apart>,
    /// The notes say that both ends are one machine.
    pub(super) loopback: bool,
}

impl Cells {
    pub(super) fn read(
        table: &PortTable<'_>,
        (row, remark): (&TableRow, Option<&str>),
        role: Option<&End>,
        document: &mut Document,
    ) -> Self {
        let mut edition = None;
        let mut cell = |column| {
            let (text, marker) = cell::without_editions(&table.columns.cell(row, column)?);
            edition = marker.or(edition.take());
            some(&text)
        };
        let mut end = |column| {
            let is_first = table.columns.has_at(column, 0);
            let basis = if is_first {
                table.first_end
            } else {
                Basis::Given
            };
            cell(column).map(|name| End::new(without_sentence(&name), basis))
        };
        let (source, destination, peer) = (
            end(Column::Source),
            end(Column::Destination),
            end(Column::Peer),
        );
        let mut cells = Self {
            role: role.or(table.context.role.as_ref()).cloned(),
            source,
            destination,
            peer,
            service: cell(Column::Service),
            application: cell(Column::Application),
            notes: with_remark(cell(Column::Notes), remark),
            direction_text: cell(Column::Direction),
            ..Self::default()
        };
        cells.take_grantee(table, row);
        cells.part_ends();
        cells.leave_out_own_machine();
        cells.find_own_machine();
        cells.join_ends(table);
        if !table.columns.has(Column::Destination) && cells.peer.is_none() {
            cells.destination = table.columns.addressed(row).map(End::given);
        }
        cells.service = cells.service.take().or_else(|| cells.application.clone());
        cells.part_service();
        let required_text = match table.required_for_any(row) {
            Some(text) => Some(text),
            None => cell(Column::Required),
        };
        cells.leave_out_protocol(table);
        cells.read_reach(table, row);
        cells.direction = cells
            .direction_text
            .as_deref()
            .and_then(cell::direction)
            .or_else(|| table.columns.marked(row));
        cells.read_phrases(table, row, document);
        cells.complete_ends(table, row, document);
        cells.take_service_for_server(table, row);
        cells.loopback |= [&cells.notes, &cells.service]
            .into_iter()
            .flatten()
            .any(|text| loopback::is_meant(text));
        cells.take_said_of_port(table, row);
        cells.take_asker_of_notes(table, row);
        cells.take_first_of_pair(table);
        cells.take_user_of_notes(table);
        cells.take_asked_of_notes(table);
        cells.take_service_for_asked(table);
        cells.take_apart();
        let condition = conditional_cell(table.columns.cell(row, Column::Condition));
        cells.read_condition(table, row, edition, condition);
        cells.doubt_condition(table, row, document);
        cells.read_requirement(table, row, required_text, document);
        cells
    }

    /// Who is allowed, where the cell that allows it says so: `Allow from monitoring server`. Whatever else it says is a note.
    fn take_grantee(&mut self, table: &PortTable<'_>, row: &TableRow) {
        let cell = table.columns.cell(row, Column::Permission);
        let Some(rest) = cell.as_deref().and_then(permission::beyond_allowed) else {
            return;
        };
        let is_open = self.source.is_none() && self.peer.is_none();
        let who = permission::grantee(rest)
            .filter(|who| is_open && spoken_ends::is_name(who, table.names));
        if let Some(who) = who {
            self.source = Some(End::given(who));
        } else {
            self.notes = with_remark(self.notes.take(), Some(rest));
        }
    }

    /// Below `Needed between` the heading says what joins the ends of a cell: `Edge and Core`.
    fn join_ends(&mut self, table: &PortTable<'_>) {
        let heading = column::words(table.columns.heading(table.head, Column::Direction));
        let says_between = heading.ends_with("between") || heading.ends_with("among");
        if let Some(text) = self.direction_text.as_mut().filter(|_| says_between)
            && text.contains(" and ")
            && endpoints::arrows(text).is_empty()
            && endpoints::pair(text).is_none()
        {
            text.insert_str(0, "between ");
        }
    }

    /// `Tray icon, local connection only`: who asks, and that it asks from the same machine.
    fn leave_out_own_machine(&mut self) {
        let Some(source) = self.source.as_mut() else {
            return;
        };
        let Some((name, remark)) = source.name.rsplit_once([',', ';']) else {
            return;
        };
        if loopback::is_own_machine(remark.trim_end_matches('.')) {
            *source = End::new(name.trim_end(), source.basis);
            self.loopback = true;
        }
    }

    /// Takes what a cell of an end says beside a name for notes: `Console, if it is enabled`, `Store. Note: ...`. What is left may be
    /// no machine: `Internode connection, if there is a cluster` says nothing of who that is.
    fn part_ends(&mut self) {
        let mut more: Vec<String> = Vec::new();
        for end in [&mut self.source, &mut self.destination, &mut self.peer] {
            let Some(given) = end.take() else { continue };
            let (whole, note) = end_and_note(&given.name);
            let (deployment, whole) = without_deployment(whole);
            more.extend(deployment.map(|deployment| format!("Only for {deployment}")));
            let (name, clause) = end_and_clause(whole);
            let is_machine = clause.is_none() || !is_traffic(name);
            // Beside a name `when` is a condition, as it need not be in a sentence.
            let stated = clause.map(|clause| match clause.get(..5) {
                Some(when) if when.eq_ignore_ascii_case("when ") => format!("Only {clause}"),
                Some(_) | None => clause.to_owned(),
            });
            more.extend(stated.into_iter().chain(note.map(str::to_owned)));
            if !is_machine {
                more.push(name.to_owned());
            } else if clause.is_some() || note.is_some() || deployment.is_some() {
                *end = Some(End::new(name, given.basis));
            } else {
                *end = Some(given);
            }
        }
        if !more.is_empty() {
            more.extend(self.notes.take());
            self.notes = Some(more.join(". "));
        }
    }

    /// Notes and conditions, as the page has them.
    pub(super) fn all_notes(&self) -> String {
        [&self.notes, &self.condition]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// `SQL host` and `agent on the SQL host`: one machine at both ends.
    fn find_own_machine(&mut self) {
        let (Some(source), Some(destination)) = (&self.source, &self.destination) else {
            return;
        };
        let on = |one: &str, other: &str| {
            let (one, other) = (one.to_lowercase(), other.to_lowercase());
            [" on the ", " on "]
                .iter()
                .filter_map(|joint| one.split_once(joint))
                .any(|(program, machine)| !program.is_empty() && machine == other)
        };
        if on(&destination.name, &source.name) {
            self.destination.clone_from(&self.source);
            self.loopback = true;
        } else if on(&source.name, &destination.name) {
            self.source.clone_from(&self.destination);
            self.loopback = true;
        }
    }

    /// Takes what stands behind the first sentence of a service for notes: `Public API. Optional.` reads as two columns would.
    fn part_service(&mut self) {
        let Some(service) = self.service.as_deref() else {
            return;
        };
        let mut parts = sentences(service).into_iter();
        let first = parts.next().unwrap_or_default();
        // `Sending e-mail, required when mail is enabled`
        let (first, clause) = cell::with_clause(first);
        let further: Vec<&str> = clause.into_iter().chain(parts).collect();
        // Longer ones tell of the service itself.
        let are_short = further
            .iter()
            .all(|sentence| sentence.split(' ').count() <= MOST_STATEMENT_WORDS);
        if further.is_empty() || !are_short {
            return;
        }
        let further = further.join(" ");
        self.notes = Some(match self.notes.take() {
            Some(notes) => format!("{further} {notes}"),
            None => further,
        });
        self.service = some(first.trim_end_matches(['.', ';', ',']));
    }

    fn read_condition(
        &mut self,
        table: &PortTable<'_>,
        row: &TableRow,
        edition: Option<String>,
        column: Option<String>,
    ) {
        if !self.granted.is_empty() {
            // What a grant says of itself is none of the others.
            self.condition = join(table.context.condition.as_deref(), column.or(edition));
            return;
        }
        let (stated, notes) = self.notes.as_deref().map_or((None, None), cell::condition);
        self.notes = notes;
        let bracketed = [
            self.source.as_deref(),
            self.destination.as_deref(),
            self.service.as_deref(),
            self.notes.as_deref(),
        ]
        .into_iter()
        .flatten()
        .find_map(bracketed_condition);
        let own = column
            .or(stated)
            .or(bracketed)
            .or(edition)
            // `If mail is sent, ...` may stand where the service is named.
            .or_else(|| cell::condition(self.service.as_deref()?).0)
            .or_else(|| purpose_condition(table, row));
        self.condition = join(table.context.condition.as_deref(), own);
    }

    /// A rule that holds under a condition which was not read is wider than the page, so it is said.
    fn doubt_condition(&self, table: &PortTable<'_>, row: &TableRow, document: &mut Document) {
        if self.condition.is_some() {
            return;
        }
        let unread = [&self.notes, &self.service]
            .into_iter()
            .flatten()
            .find(|text| cell::may_be_conditional(text));
        if let Some(text) = unread {
            let message = "may say under which condition its traffic takes place, and its rule holds always; check it, and add `when`";
            table.problem(document, row, Severity::Remark, text, message);
        }
    }

    fn read_requirement(
        &mut self,
        table: &PortTable<'_>,
        row: &TableRow,
        text: Option<String>,
        document: &mut Document,
    ) {
        let is_optional_column = table
            .columns
            .heading(table.head, Column::Required)
            .trim_matches(|c: char| !c.is_alphabetic())
            .eq_ignore_ascii_case("optional");
        // `required on Linux`: the words behind say when.
        let (text, when) = match text.as_deref().and_then(conditional) {
            Some((word, when)) => (Some(word), Some(when)),
            None => (text, None),
        };
        if let Some(when) = when {
            self.condition = Some(match self.condition.take() {
                Some(other) => format!("{other}: {when}"),
                None => when,
            });
        }
        self.required = text.as_deref().and_then(cell::required).map(|required| {
            let says_word = text.as_deref().is_some_and(|text| {
                text.to_lowercase().contains("optional") || text.to_lowercase().contains("required")
            });
            required != (is_optional_column && !says_word)
        });
        if let (Some(text), None) = (&text, self.required) {
            let message = "does not say yes or no, so the row counts as neither";
            table.problem(document, row, Severity::Remark, text, message);
        }
        // `Event log (optional)`, wherever it stands in the row.
        let ports: Vec<usize> = table.columns.positions(Column::Port).collect();
        let says_optional = || {
            let in_brackets = row.cells.iter().enumerate().any(|(index, cell)| {
                let is_list = ports.contains(&index) && cell.contains([',', ';']);
                // `Yes (optional)` below `Encrypted` says of that alone.
                let is_answer =
                    table.columns.is_unknown(index) && cell::required(&unbracket(cell).0).is_some();
                !table.columns.is_prose(index)
                    && !is_answer
                    && !is_list
                    && (self.apart.is_empty() || !table.columns.is_end(index))
                    && unbracket(&cell.replace('[', "(").replace(']', ")"))
                        .1
                        .iter()
                        .any(|part| is_optional(part))
            });
            let notes_in_brackets = self
                .notes
                .as_deref()
                .is_some_and(|notes| unbracket(notes).1.iter().any(|part| is_optional(part)));
            in_brackets
                || notes_in_brackets
                || self.notes.as_deref().is_some_and(|notes| {
                    cell::statements(notes).into_iter().any(cell::says_optional)
                })
                || [&self.notes, &self.service]
                    .into_iter()
                    .flatten()
                    .any(|notes| {
                        let first = notes.split(['.', ',', ';', ' ']).next();
                        // `Mail - optional`
                        let last = [" - ", " \u{2013} ", " \u{2014} "]
                            .iter()
                            .find_map(|dash| notes.rsplit_once(dash))
                            .map(|(_, last)| last);
                        first.is_some_and(|first| {
                            is_optional(first.trim_matches(['[', ']', '(', ')', ':']))
                        }) || last.is_some_and(cell::says_optional)
                    })
        };
        if self.required.is_none() && (table.context.is_optional || says_optional()) {
            self.required = Some(false);
        }
        // `Mandatory for most installations.` says it of the row, whatever for.
        let says_mandatory = |notes: &String| {
            sentences(notes).into_iter().any(|sentence| {
                let lower = sentence.to_lowercase();
                lower.starts_with("mandatory")
                    && ![" not ", " if ", " when ", " only", " unless "]
                        .iter()
                        .any(|word| lower.contains(word))
            })
        };
        if self.required.is_none() && self.notes.as_ref().is_some_and(says_mandatory) {
            self.required = Some(true);
        }
    }
}

/// Notes with what stands in brackets behind the ports, which is said of the same.
fn with_remark(notes: Option<String>, remark: Option<&str>) -> Option<String> {
    let Some(remark) = remark else {
        return notes;
    };
    // What a bracket says of where it is reached from reads as a sentence.
    let remark = if loopback::is_only_own(remark) {
        "Only from localhost"
    } else if is_optional(remark) {
        "Optional"
    } else {
        remark
    };
    Some(match notes {
        Some(notes) => format!("{remark}. {notes}"),
        None => remark.to_owned(),
    })
}

/// An alternative of the page, such as a tab, is a condition of all its rows, beside what a row says itself.
fn join(alternative: Option<&str>, own: Option<String>) -> Option<String> {
    match (alternative, own) {
        (Some(alternative), Some(own)) => Some(format!("{alternative}: {own}")),
        (Some(alternative), None) => Some(alternative.to_owned()),
        (None, own) => own,
    }
}

/// The name in a cell without a sentence that a dash sets off: `Core (by default) — depends on where the queue is installed.`
fn without_sentence(name: &str) -> &str {
    [" \u{2014} ", " \u{2013} "]
        .iter()
        .find_map(|dash| name.split_once(dash))
        .filter(|(_, behind)| MOST_WORDS_OF_NAME < behind.split(' ').count())
        .map_or(name, |(before, _)| before)
}

/// A name without the way of deploying before it that has it: `Multi-server setup: Store`.
fn without_deployment(text: &str) -> (Option<&str>, &str) {
    let is_deployment = |label: &str| {
        let last = label.rsplit(' ').next().unwrap_or_default().to_lowercase();
        label.contains(' ')
            && matches!(
                last.as_str(),
                "mode"
                    | "setup"
                    | "deployment"
                    | "installation"
                    | "edition"
                    | "configuration"
                    | "environment"
            )
    };
    match text.split_once(": ") {
        Some((label, name)) if is_deployment(label) && !name.is_empty() => (Some(label), name),
        Some(_) | None => (None, text),
    }
}

/// A name, and the clause behind it that says when: `Console, if it is enabled`.
fn end_and_clause(text: &str) -> (&str, Option<&str>) {
    [", if ", ", when ", "; if ", "; when "]
        .iter()
        .find_map(|joint| text.find(joint))
        .and_then(|at| Some((text.get(..at)?, text.get(at + 2..)?)))
        .map_or_else(
            || cell::with_clause(text),
            |(name, clause)| (name, Some(clause)),
        )
}

/// Whether words say what flows, and not who sends or takes it: `Internode connection`.
fn is_traffic(name: &str) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    matches!(
        last.strip_suffix('s').unwrap_or(&last),
        "connection" | "communication" | "traffic" | "port" | "acces" | "session" | "replication"
    )
}

/// A name, and the note behind it: `Store Note: only where it is remote`.
fn end_and_note(text: &str) -> (&str, Option<&str>) {
    ["Note:", "Note*:", "NOTE:", "Notes:", "Please note"]
        .iter()
        .find_map(|mark| text.find(mark))
        .filter(|at| 0 < *at)
        .and_then(|at| Some((text.get(..at)?, text.get(at..)?)))
        .map_or((text, None), |(name, note)| {
            let is_mark = |c: char| !c.is_alphanumeric() && c != ')';
            (name.trim_end_matches(is_mark), Some(note))
        })
}

/// More words behind a dash are a sentence.
const MOST_WORDS_OF_NAME: usize = 4;

/// The condition that a cell of a column of conditions states; `always` states none.
fn conditional_cell(cell: Option<String>) -> Option<String> {
    cell.filter(|text| {
        !matches!(
            text.to_lowercase().as_str(),
            "always" | "none" | "n/a" | "na" | "any" | "all" | "yes" | "no" | "default" | "never"
        )
    })
}

/// The sentence of a cell on what a port is for that says when it is open, where another names the service or none does: `Open only
/// if the store is local. Otherwise, it should be closed`.
fn purpose_condition(table: &PortTable<'_>, row: &TableRow) -> Option<String> {
    let cells = table.columns.positions(Column::Service);
    cells
        .filter_map(|index| row.cells.get(index))
        .filter(|cell| {
            let lower = cell.to_lowercase();
            let mut words = lower.split(' ');
            let first = words.next().unwrap_or_default();
            matches!(
                first,
                "open" | "opened" | "needed" | "required" | "used" | "only" | "if"
            ) && words
                .take(3)
                .any(|word| matches!(word, "only" | "if" | "when"))
        })
        .find_map(|cell| {
            let first = sentences(cell).into_iter().next()?;
            cell::condition(first).0
        })
}

/// Whether a few words say that something is optional: `optional`, `can be optionally enabled`.
pub(super) fn is_optional(words: &str) -> bool {
    let lower = words.to_lowercase();
    let mut all = lower.split(|c: char| !c.is_alphanumeric());
    if cell::says_optional(words) {
        return true;
    }
    lower.split(' ').count() <= MOST_OPTIONAL_WORDS
        && all.any(|word| {
            matches!(
                word,
                "opt"
                    | "optional"
                    | "optionally"
                    | "opcional"
                    | "optionnel"
                    | "facultatif"
                    | "可选"
                    | "任意"
            )
        })
        && !lower.split(' ').any(|word| word == "not")
}

const MOST_OPTIONAL_WORDS: usize = 8;

/// A longer sentence behind a service says more than whether and when.
const MOST_STATEMENT_WORDS: usize = 8;

/// Splits `required on Linux` into the word that a column of requirements has, and the condition. `None` where the text says
/// both that it is required and that it is not.
fn conditional(text: &str) -> Option<(String, String)> {
    let (word, when) = text.split_once(' ')?;
    // `no (unless mail is sent)`: brackets around all that follows make no difference.
    let when = when
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .filter(|inside| !inside.contains(['(', ')']))
        .unwrap_or(when);
    let lower = text.to_lowercase();
    let says_both = lower.contains("optional") && lower.contains("required");
    let starts = [
        "on ", "if ", "for ", "when ", "only ", "in ", "with ", "unless ", "by ",
    ];
    let is_condition = starts
        .iter()
        .any(|start| when.to_lowercase().starts_with(start));
    // `yes (plugin only)`
    let limit = when.strip_suffix(" only").filter(|limit| {
        limit.split(' ').count() <= MOST_LIMIT_WORDS && limit.len() + 2 < text.len()
    });
    let when = if is_condition { Some(when) } else { limit };
    when.filter(|_| cell::required(word).is_some() && !says_both)
        .map(|when| (word.to_owned(), when.to_owned()))
}

/// More words before `only` are a sentence.
const MOST_LIMIT_WORDS: usize = 4;
