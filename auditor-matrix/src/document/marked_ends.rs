//! Columns that are headed by machines and hold marks: `Self | Core | Store` above ticks. They say which machines a row's
//! ports are of, and not by themselves whether those ask or are asked: that is decided once for the table, by what is said
//! beside the ticks.

mod mark;

use self::mark::{Mark, mark};
use super::{
    application_protocol, cell,
    cell_kinds::SAMPLE,
    column::{self, Column},
    columns::{Body, Columns},
    context::Context,
    loopback::is_own_machine,
    names::Names,
    row::Direction,
    section,
    table_rows::TableRow,
    text::{sentences, some},
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
    /// The machines of the page, if the ticks are of the others.
    own: Option<String>,
}

#[derive(Debug)]
struct Machine {
    index: usize,
    name: String,
    /// What a heading above several machines says of them: `Source` above `Core | Store`.
    side: Option<Side>,
}

/// How well it is known what the machines do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Evidence {
    Said,
    Concluded,
    None,
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
        let marked: Vec<usize> = (0..head.cells.len())
            .filter(|index| {
                let heading = head.cells.get(*index).map_or("", String::as_str);
                holds_marks(body, *index)
                    && (columns.is_unknown(*index)
                        || is_self(heading) && !heading.to_lowercase().contains("only")
                        || may_be_machine(columns, *index, heading)
                            && (!section::is_machine(&column::words(heading))
                                || !holds_sides(body, *index)))
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
        if machines.len() < LEAST_MACHINES || !machines.iter().any(is_known) {
            return None;
        }
        let own = context
            .role
            .as_deref()
            .map(str::to_owned)
            .or_else(|| context.heading.clone())
            .or_else(|| {
                let subject = context.subject.clone()?;
                let is_headed = machines
                    .iter()
                    .any(|machine| machine.name.eq_ignore_ascii_case(&subject));
                is_headed.then_some(subject)
            });
        let (side, evidence) = side(
            &machines,
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
            own,
        })
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
            let Some(mark) = mark(&text) else {
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

impl Machine {
    /// `None` for a heading that is no noun or says what the row is like, such as `Encrypted`.
    fn of(index: usize, heading: &str) -> Option<Self> {
        let (side, name) = without_side(heading);
        let words = column::words(&name);
        let is_attribute = words.split(' ').any(|word| {
            cell::stated(word).is_some()
                || application_protocol::is_only_spoken(word)
                || matches!(
                    word,
                    "external"
                        | "internal"
                        | "public"
                        | "private"
                        | "ipv4"
                        | "ipv6"
                        | "default"
                        | "optional"
                        | "tls"
                        | "ssl"
                        | "firewall"
                        | "nat"
                        | "if"
                        | "is"
                        | "when"
                )
                || word.ends_with("ed")
                || word.ends_with("able")
                || word.ends_with("ible")
                || word.ends_with("ly")
        });
        let is_name = name.contains(char::is_alphabetic)
            && words.split(' ').count() <= MOST_WORDS
            && !name.ends_with('?');
        (is_name && (!is_attribute || is_self(&name))).then_some(Self { index, name, side })
    }
}

/// More words are no name.
const MOST_WORDS: usize = 5;

/// `Source Core` is what becomes of `Source` above `Core`: the side, and the machine.
fn without_side(heading: &str) -> (Option<Side>, String) {
    let words: Vec<&str> = heading.split(' ').collect();
    for n_words in (1..words.len().min(MOST_SIDE_WORDS + 1)).rev() {
        let (lead, rest) = words.split_at(n_words);
        let lead = lead.join(" ");
        let said = column::words(&lead);
        // `Client workstation` is a machine.
        let is_side = said.rsplit(' ').next().is_some_and(|word| {
            matches!(
                word,
                "from"
                    | "source"
                    | "sources"
                    | "to"
                    | "destination"
                    | "destinations"
                    | "target"
                    | "targets"
                    | "by"
                    | "on"
                    | "clients"
                    | "servers"
                    | "initiator"
                    | "initiators"
                    | "listener"
                    | "listeners"
            )
        });
        let side = match column::column(&lead) {
            Some(Column::Source) => Some(Side::Ask),
            Some(Column::Destination | Column::BindAddress) => Some(Side::Answer),
            _ if said.ends_with(" on") => Some(Side::Answer),
            _ => None,
        };
        if let Some(side) = side.filter(|_| is_side) {
            return (Some(side), rest.join(" "));
        }
    }
    (None, heading.to_owned())
}

/// A side takes no more words: `Required to be open on`.
const MOST_SIDE_WORDS: usize = 5;

/// Whether a heading is the machine of the other end itself: `Self`, `This host`.
fn is_self(name: &str) -> bool {
    let words = column::words(name);
    let is_this = words
        .strip_prefix("this ")
        .is_some_and(|rest| section::is_machine(rest) || rest == "system" || rest == "computer");
    is_own_machine(name) || is_this
}

/// Whether nearly all cells with text are marks, and some are.
fn holds_marks(body: &Body<'_>, index: usize) -> bool {
    let (mut n_cells, mut n_marks) = (0_usize, 0_usize);
    for text in body.column(index).take(SAMPLE).filter_map(some) {
        n_cells += 1;
        n_marks += usize::from(mark(&text).is_some());
    }
    0 < n_marks && n_cells * 4 <= n_marks * 5
}

/// The headings of several columns of marks that name no machine: editions, modes, components. What they mark may be all
/// that a row holds for.
pub(super) fn unread_marks<'a>(
    head: &'a TableRow,
    body: &Body<'_>,
    columns: &Columns,
) -> Vec<&'a str> {
    let headings: Vec<&str> = (0..head.cells.len())
        .filter(|index| columns.is_unknown(*index) && holds_marks(body, *index))
        .filter_map(|index| head.cells.get(index).map(String::as_str))
        .collect();
    if headings.len() < LEAST_MACHINES {
        return Vec::new();
    }
    headings
}

/// Whether each cell with text says what a machine does: `client`, `in`.
fn holds_sides(body: &Body<'_>, index: usize) -> bool {
    body.column(index)
        .take(SAMPLE)
        .filter_map(some)
        .all(|text| mark(&text).is_some_and(says_side))
}

const fn says_side(mark: Mark) -> bool {
    matches!(mark, Mark::Asks | Mark::Answers | Mark::Both)
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

/// Which side the ticked machines are on: what a heading above them says, or the sentence above the table; then what the
/// other columns leave for them; then what the headings of the page say.
fn side(
    machines: &[Machine],
    body: &Body<'_>,
    columns: &Columns,
    introduction: Option<&str>,
    context: &Context,
    own: Option<&str>,
) -> (Side, Evidence) {
    let says_more = |index: usize| {
        body.column(index)
            .take(SAMPLE)
            .filter_map(some)
            .filter_map(|cell| mark(&cell))
            .all(|mark| says_side(mark) || mark == Mark::No)
    };
    let said = |side| (side, Evidence::Said);
    if machines
        .iter()
        .all(|machine| machine.side.is_some() || says_more(machine.index))
    {
        return said(Side::Answer);
    }
    if let Some(side) = introduction.and_then(by_sentence) {
        return said(side);
    }
    if columns.has(Column::Direction)
        || columns.has(Column::InboundMark)
        || columns.has(Column::OutboundMark)
    {
        return (Side::Own, Evidence::Concluded);
    }
    match (
        columns.has(Column::Source),
        columns.has(Column::Destination),
    ) {
        (true, false) => return said(Side::Answer),
        (false, true) => return said(Side::Ask),
        (true, true) | (false, false) => {}
    }
    // No port is open on "self": it is one of those that connect.
    if machines.iter().any(|machine| is_self(&machine.name)) {
        return (Side::Ask, Evidence::Concluded);
    }
    if columns.has(Column::Role) {
        return (Side::Ask, Evidence::Concluded);
    }
    if context.direction == Some(Direction::Outbound) && own.is_some() {
        return (Side::Answer, Evidence::Concluded);
    }
    // Below a heading of one machine, the ticks are of the others; below one of all of them, of the kinds that there are.
    match own {
        Some(own) if !context.is_within_role && is_one_of(own, machines) => {
            (Side::Ask, Evidence::Concluded)
        }
        Some(_) | None => (Side::Answer, Evidence::None),
    }
}

/// Whether the machine of a heading is one of those in the columns: `Core nodes` is, beside `Core | Store`.
fn is_one_of(own: &str, machines: &[Machine]) -> bool {
    let own = column::words(own);
    machines.iter().any(|machine| {
        column::words(&machine.name)
            .split(' ')
            .filter(|word| !section::is_machine(word))
            .any(|word| own.split(' ').any(|other| other == word))
    })
}

/// "An x marks the machines that connect to the port." `None` for a sentence that speaks of no marks, or of both sides.
fn by_sentence(paragraph: &str) -> Option<Side> {
    let mut found: Option<Side> = None;
    for sentence in sentences(paragraph) {
        let lower = sentence.to_lowercase();
        let words: Vec<&str> = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let speaks_of_marks = words.iter().any(|word| {
            matches!(
                *word,
                "x" | "mark"
                    | "marks"
                    | "marked"
                    | "tick"
                    | "ticks"
                    | "ticked"
                    | "check"
                    | "checks"
                    | "checked"
                    | "checkmark"
                    | "cross"
                    | "crosses"
                    | "dot"
                    | "dots"
                    | "bullet"
                    | "column"
                    | "columns"
                    | "y"
                    | "indicates"
                    | "indicate"
            )
        });
        if !speaks_of_marks {
            continue;
        }
        let has = |set: &[&str]| words.iter().any(|word| set.contains(word));
        let opens_connections = words.windows(3).any(|run| {
            run.first().is_some_and(|word| word.starts_with("open"))
                && run.iter().any(|word| word.starts_with("connection"))
        });
        let asks = opens_connections
            || has(&[
                "connect",
                "connects",
                "connecting",
                "reach",
                "reaches",
                "access",
                "accesses",
                "initiate",
                "initiates",
                "initiating",
                "client",
                "clients",
                "source",
                "sources",
                "call",
                "calls",
                "talk",
                "talks",
                "contact",
                "contacts",
                "need",
                "needs",
                "from",
                "consumers",
                "consume",
            ]);
        let opens = !opens_connections && has(&["open", "opened"]);
        let answers = opens
            || has(&[
                "listen",
                "listens",
                "listening",
                "exposes",
                "expose",
                "exposed",
                "serve",
                "serves",
                "accept",
                "accepts",
                "destination",
                "destinations",
                "target",
                "targets",
                "run",
                "runs",
                "bound",
                "inbound",
                "incoming",
            ]);
        let side = match (asks, answers) {
            (true, false) => Side::Ask,
            (false, true) => Side::Answer,
            (true, true) | (false, false) => continue,
        };
        if found.is_some_and(|other| other != side) {
            return None;
        }
        found = Some(side);
    }
    found
}
