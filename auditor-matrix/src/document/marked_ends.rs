//! Columns that are headed by machines and hold marks: `Self | Core | Store` above ticks. They say which machines a row's
//! ports are of, and not by themselves whether those ask or are asked: that is decided once for the table, by what is said
//! beside the ticks.

mod legend;
mod machine;
mod mark;
mod reach;
mod side;

use self::{
    legend::Legend,
    machine::{Machine, is_self},
    mark::{Mark, says_side},
    reach::{Reach, reach},
    side::{Evidence, side},
};
use super::{
    cell_kinds::SAMPLE,
    column::{self, Column},
    columns::{Body, Columns},
    context::Context,
    loopback::is_own_machine,
    names::Names,
    section,
    table_rows::TableRow,
    text::some,
};

/// What the machines of a row's ticks do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Side {
    Ask,
    Answer,
    /// The row's direction says which.
    Own,
}

/// The columns of a table that machines head and marks fill.
#[derive(Debug)]
pub(super) struct MarkedEnds {
    machines: Vec<Machine>,
    side: Side,
    evidence: Evidence,
    legend: Legend,
    /// The machines of the page, if the ticks are of the others.
    own: Option<String>,
}

/// What the marks of one row say.
#[derive(Debug, Default)]
pub(super) struct MarkedRow {
    pub(super) clients: Vec<MarkedEnd>,
    pub(super) servers: Vec<MarkedEnd>,
    /// The machines that the row is about, whose direction another column gives.
    pub(super) own: Vec<MarkedEnd>,
    /// Cells that are no marks.
    pub(super) unknown: Vec<String>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct MarkedEnd {
    pub(super) name: String,
    pub(super) is_optional: bool,
}

impl MarkedEnds {
    /// Finds such columns in a table of ports: at least two, of which one at least is a machine by its name, on the page, or by
    /// what a heading above says.
    pub(super) fn of(
        (head, body): (&TableRow, &Body<'_>),
        columns: &Columns,
        introduction: Option<&str>,
        context: &Context,
        names: &Names,
    ) -> Option<Self> {
        let legend = introduction.map(Legend::of).unwrap_or_default();
        if let Some(marks) = Self::of_reach((head, body), columns, context) {
            return Some(marks);
        }
        let marked: Vec<usize> = (0..head.cells.len())
            .filter(|index| {
                let heading = head.cells.get(*index).map_or("", String::as_str);
                holds_marks(body, *index, &legend)
                    && (columns.is_unknown(*index)
                        || is_self(heading) && !heading.to_lowercase().contains("only")
                        || may_be_machine(columns, *index, heading)
                            && (!section::is_machine(&column::words(heading))
                                || !holds_sides(body, *index, &legend)))
            })
            .collect();
        if marked.len() < LEAST_MACHINES {
            return None;
        }
        let machines: Vec<Machine> = marked
            .into_iter()
            .filter_map(|index| Machine::of(index, head.cells.get(index)?))
            .collect();
        let is_known = |machine: &Machine| {
            let name = &machine.name;
            machine.side.is_some()
                || is_self(name)
                || section::names_machines(name, names)
                || names.is_subject(name)
                || is_named_in(name, context)
        };
        // Who asks and who is asked is said of machines only.
        let all_say_sides = machines
            .iter()
            .all(|machine| holds_sides(body, machine.index, &legend));
        let is_relation = legend.has_sides() || machines.iter().any(is_known) || all_say_sides;
        if machines.len() < LEAST_MACHINES || !is_relation {
            return None;
        }
        let own = context
            .role
            .as_deref()
            .map(str::to_owned)
            .or_else(|| context.heading.as_deref().map(str::to_owned))
            .or_else(|| {
                let subject = context.subject.clone()?;
                let is_headed = machines
                    .iter()
                    .any(|machine| machine.name.eq_ignore_ascii_case(&subject));
                is_headed.then_some(subject)
            });
        let (side, evidence) = side(
            (&machines, &legend),
            body,
            columns,
            introduction,
            context,
            own.as_deref(),
        );
        Some(Self {
            machines,
            side,
            evidence,
            legend,
            own,
        })
    }

    /// Two columns that say of a port whether it is reached from inside and from outside: those who ask are there.
    fn of_reach(
        (head, body): (&TableRow, &Body<'_>),
        columns: &Columns,
        context: &Context,
    ) -> Option<Self> {
        let legend = Legend::default();
        let headed: Vec<(Reach, Machine)> = (0..head.cells.len())
            .filter(|index| {
                !columns.may_name_ports(*index) && says_yes_and_no(body, *index, &legend)
            })
            .filter_map(|index| {
                let (reach, name) = reach(head.cells.get(index)?)?;
                let side = Some(Side::Ask);
                Some((reach, Machine { index, name, side }))
            })
            .collect();
        let is_pair = matches!(headed.as_slice(), [(one, _), (other, _)] if one != other);
        is_pair.then(|| Self {
            machines: headed.into_iter().map(|(_, machine)| machine).collect(),
            side: Side::Ask,
            evidence: Evidence::Said,
            legend,
            own: context.role.as_deref().map(str::to_owned),
        })
    }

    /// Whether the marked machines are those that ask.
    pub(super) fn ask(&self) -> bool {
        self.machines
            .iter()
            .all(|machine| machine.side == Some(Side::Ask))
    }

    /// The positions of the columns.
    pub(super) fn positions(&self) -> impl Iterator<Item = usize> + '_ {
        self.machines.iter().map(|machine| machine.index)
    }

    /// The columns' names, and what was taken for granted of them, if it was.
    pub(super) fn doubt(&self) -> Option<(String, &'static str)> {
        let doubt = match (self.evidence, self.side) {
            (Evidence::Said, _) => return None,
            (Evidence::Concluded, Side::Ask) => {
                "the ticked machines were taken for those that connect, to the machines that the text above names; check it"
            }
            (Evidence::Concluded, Side::Answer) => {
                "the ticked machines were taken for those that listen; check it"
            }
            (Evidence::Concluded, Side::Own) => {
                "the ticked machines were taken for those that each row's direction is about; check it"
            }
            (Evidence::None, _) => UNKNOWN,
        };
        let names: Vec<&str> = self
            .machines
            .iter()
            .map(|machine| machine.name.as_str())
            .collect();
        Some((names.join(", "), doubt))
    }

    /// Whether nothing says what the ticked machines do, so that each row says so.
    pub(super) fn unknown_side(&self) -> Option<&'static str> {
        (self.evidence == Evidence::None).then_some(UNKNOWN)
    }

    /// The machines of the page, if the ticks are of the others.
    pub(super) fn own(&self) -> Option<&str> {
        self.own.as_deref()
    }

    /// What the marks of a row say.
    pub(super) fn row(&self, row: &TableRow) -> MarkedRow {
        let mut read = MarkedRow::default();
        for machine in &self.machines {
            let Some(text) = row.cells.get(machine.index).and_then(|cell| some(cell)) else {
                continue;
            };
            if matches!(text.as_str(), "-" | "\u{2013}" | "\u{2014}") {
                continue;
            }
            let Some(mark) = self.legend.mark(&text) else {
                read.unknown.push(format!("{}: {text}", machine.name));
                continue;
            };
            // `This host` is the other end's own.
            let name = if is_self(&machine.name) && !is_own_machine(&machine.name) {
                "localhost".to_owned()
            } else {
                machine.name.clone()
            };
            let end = MarkedEnd {
                name,
                is_optional: mark == Mark::Optional,
            };
            match (mark, machine.side.unwrap_or(self.side)) {
                (Mark::No, _) => {}
                (Mark::Both, _) => {
                    read.clients.push(end.clone());
                    read.servers.push(end);
                }
                (Mark::Asks, _) | (Mark::Yes | Mark::Optional, Side::Ask) => read.clients.push(end),
                (Mark::Answers, _) | (Mark::Yes | Mark::Optional, Side::Answer) => {
                    read.servers.push(end);
                }
                (Mark::Yes | Mark::Optional, Side::Own) => read.own.push(end),
            }
        }
        read
    }
}

const UNKNOWN: &str = "nothing says whether the ticked machines listen or connect, so they were taken for those that listen; check it";

/// One column of marks is an attribute of the rows.
const LEAST_MACHINES: usize = 2;

/// Whether nearly all cells with text are marks, and some are.
fn holds_marks(body: &Body<'_>, index: usize, legend: &Legend) -> bool {
    let (mut n_cells, mut n_marks) = (0_usize, 0_usize);
    for text in body.column(index).take(SAMPLE).filter_map(some) {
        n_cells += 1;
        n_marks += usize::from(legend.mark(&text).is_some());
    }
    0 < n_marks && n_cells * 4 <= n_marks * 5
}

/// Whether most cells with text say yes or no.
fn says_yes_and_no(body: &Body<'_>, index: usize, legend: &Legend) -> bool {
    let (mut n_cells, mut n_marks) = (0_usize, 0_usize);
    for text in body.column(index).take(SAMPLE).filter_map(some) {
        n_cells += 1;
        n_marks += usize::from(matches!(legend.mark(&text), Some(Mark::Yes | Mark::No)));
    }
    0 < n_marks && n_cells < 2 * n_marks
}

/// The headings of several columns of marks that name no machine: editions, modes, components. What they mark may be all
/// that a row holds for.
pub(super) fn unread_marks<'a>(
    head: &'a TableRow,
    body: &Body<'_>,
    columns: &Columns,
) -> Vec<&'a str> {
    let legend = Legend::default();
    let headings: Vec<&str> = (0..head.cells.len())
        .filter(|index| columns.is_unknown(*index) && holds_marks(body, *index, &legend))
        .filter_map(|index| head.cells.get(index).map(String::as_str))
        .collect();
    if headings.len() < LEAST_MACHINES {
        return Vec::new();
    }
    headings
}

/// Whether each cell with text says what a machine does: `client`, `in`.
fn holds_sides(body: &Body<'_>, index: usize, legend: &Legend) -> bool {
    body.column(index)
        .take(SAMPLE)
        .filter_map(some)
        .all(|text| legend.mark(&text).is_some_and(says_side))
}

/// Whether a heading that was taken for something else may be the name of a machine: `Gate server`, but not `Source`.
fn may_be_machine(columns: &Columns, index: usize, heading: &str) -> bool {
    let words = column::words(heading);
    let is_name = words.split(' ').any(|word| {
        !matches!(
            word,
            "source"
                | "destination"
                | "target"
                | "from"
                | "to"
                | "peer"
                | "role"
                | "type"
                | "direction"
                | "side"
                | "end"
                | "name"
                | "system"
                | "component"
                | "service"
        )
    });
    let is_end = [
        Column::Source,
        Column::Destination,
        Column::Peer,
        Column::Role,
        Column::Address,
        Column::Service,
        Column::Notes,
    ]
    .into_iter()
    .any(|column| columns.has_at(column, index));
    is_name && is_end
}

/// Whether the headings above name the machine: `Services on the core node` names `Core`.
fn is_named_in(name: &str, context: &Context) -> bool {
    let section = context.section.as_deref().unwrap_or_default();
    let words = column::words(section);
    let named = column::words(name);
    !named.is_empty() && format!(" {words} ").contains(&format!(" {named} "))
}
