//! Rows: what a page states in one row of a port table or in a sentence, as written, with its place in the page.

use std::{ops::Deref, sync::Arc};

use super::{end::End, guess::Guess, no_port::NoPort, problem::Problem};
use crate::{port::PortRange, transport::Transport};

/// What was read from one document.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Document {
    /// The document's own title, if it has one.
    pub title: Option<String>,
    /// The product whose ports the page tells, if it names one.
    pub product: Option<String>,
    pub rows: Vec<Row>,
    /// What a person must look at, in document order.
    pub problems: Vec<Problem>,
    /// The numbers that could be ports and are none, in document order.
    pub no_ports: Vec<NoPort>,
    /// What was decided by weighing, in document order.
    pub guesses: Vec<Guess>,
}

/// Where a row was read.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum RowOrigin {
    Table,
    /// An item of a list of ports, a command, or a sentence that asks for a port: an end that it leaves out is left out as in
    /// the row of a table.
    Item,
    /// A sentence outside every table that only speaks of a port or of a connection.
    Note,
}

/// The direction that a document gives, from the viewpoint of the machines that it describes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Direction {
    Inbound,
    Outbound,
    Both,
}

/// Ports that belong together in a cell.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct PortGroup {
    /// In the order in which they were written.
    pub ranges: Vec<PortRange>,
    /// Any one of them is enough: "25 or 587".
    pub alternatives: bool,
}

/// One row of a port table, or what one sentence says of a port.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Row {
    /// 1-based; for an HTML table the line of the row's start tag.
    pub line: usize,
    pub text: RowText,
    /// All other fields. Many rows of a page have equal ones, which are in memory once.
    pub fields: Arc<RowFields>,
}

/// The service and the notes of a row. A large page has millions of rows, so both are in one string.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RowText(pub(super) Arc<str>);

/// Separates service and notes; neither contains it, since white space is folded.
const BETWEEN: char = '\n';

impl RowText {
    /// An empty text counts as none.
    pub fn new(service: Option<&str>, notes: Option<&str>) -> Self {
        let text = match (service.unwrap_or_default(), notes.unwrap_or_default()) {
            ("", "") => String::new(),
            (service, notes) => format!("{}{BETWEEN}{notes}", service.replace(BETWEEN, " ")),
        };
        Self(text.into())
    }

    pub fn service(&self) -> Option<&str> {
        self.parts().0
    }

    pub fn notes(&self) -> Option<&str> {
        self.parts().1
    }

    fn parts(&self) -> (Option<&str>, Option<&str>) {
        let (service, notes) = self.0.split_once(BETWEEN).unwrap_or_default();
        let some = |text: &'_ str| !text.is_empty();
        (
            Some(service).filter(|text| some(text)),
            Some(notes).filter(|text| some(text)),
        )
    }
}

/// The fields of a row except its line and its text.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a field of its own of what a row says"
)]
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct RowFields {
    /// The file's name without its directory.
    pub file: Arc<str>,
    pub origin: RowOrigin,
    /// The headings above, joined with ` / `.
    pub section: Option<Arc<str>>,
    /// The machines that the row is about.
    pub role: Option<End>,
    pub ports: Arc<[PortGroup]>,
    /// The protocol cell as written.
    pub protocol: Option<Arc<str>>,
    pub transport: Arc<[Transport]>,
    /// The page does not name the transport: it was inferred from an application protocol, or TCP was assumed.
    pub transport_inferred: bool,
    /// `None` where the page gives source and destination instead.
    pub direction: Option<Direction>,
    pub source: Option<End>,
    pub destination: Option<End>,
    /// The table has one column for the peer. In a row of both directions the peer is both `source` and `destination`.
    pub is_peer: bool,
    pub required: Option<bool>,
    /// The condition under which the row applies, in the page's words.
    pub condition: Option<Box<str>>,
    /// The row says ephemeral or dynamic.
    pub ephemeral: bool,
    /// The page says that this traffic does not take place: "clients do not need to talk to each other".
    pub forbidden: bool,
    /// The page says that both ends are the same machine: "only reachable from localhost".
    pub loopback: bool,
}

impl Deref for Row {
    type Target = RowFields;

    fn deref(&self) -> &RowFields {
        &self.fields
    }
}

impl RowFields {
    /// All ranges of the row, in the order in which they were written.
    pub fn ranges(&self) -> impl Iterator<Item = PortRange> + '_ {
        self.ports
            .iter()
            .flat_map(|group| group.ranges.iter().copied())
    }
}
