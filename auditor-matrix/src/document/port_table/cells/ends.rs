//! Who the ends of a table row are: its cells, the words in them, and what stands above.

use std::sync::LazyLock;

use regex::Regex;

use super::super::{purpose, relations, spoken_ends};
use super::{Cells, PortTable};
use crate::document::{
    application_protocol, cell,
    column::{self, Column},
    context::EndPair,
    directed_ends::directed_ends,
    end::{Basis, End},
    endpoints::{self, Endpoints},
    loopback,
    names::Names,
    problem::Severity,
    prose,
    row::{Direction, Document},
    section, services,
    table_rows::TableRow,
    text::regex,
};

static REACHABLE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:only )?(?:reachable|accessible|open|opened|available|visible|exposed|allowed) (?:only )?(?:from|to|by|for) (?:the )?(\S.*)$",
    )
});
static AMONG: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(?:only )?(?:between|among) (?:the )?([\w-]+(?: [\w-]+){0,3})$"));

impl Cells {
    /// Reads direction and ends from phrases: `Outbound to the store`, `worker -> controller`, `from A to B`.
    pub(super) fn read_phrases(
        &mut self,
        table: &PortTable<'_>,
        row: &TableRow,
        document: &mut Document,
    ) {
        if let Some(text) = &self.direction_text {
            if self.direction == Some(Direction::Both)
                && self.source.is_some()
                && self.destination.is_some()
                && cell::is_in_and_out(text)
            {
                let message = "beside both ends, in and out were taken for the two ways of one conversation, which its source opens; add the other rule by hand if either end does";
                table.problem(document, row, Severity::Remark, text, message);
                self.direction = None;
            } else if loopback::is_own_machine(text) {
                self.loopback = true;
            } else if let Some((ends, more)) = listed_arrows(text, self.role.as_deref()) {
                self.direction = ends.is_mutual.then_some(Direction::Both);
                let named = |name: String| Some(End::new(name, ends.basis));
                self.source = self.source.take().or_else(|| named(ends.source));
                self.destination = self.destination.take().or_else(|| named(ends.destination));
                self.more_ends = more;
            } else if self.direction.is_none() && cell::is_one_way(text) {
                // Beside both ends it says no more than they do.
                if self.source.is_none() || self.destination.is_none() {
                    let message = "this says that one end asks, and not which; check the rule";
                    table.problem(document, row, Severity::Remark, text, message);
                }
            } else if self.direction.is_none() {
                let message = "this is no direction: expected inbound, outbound or both";
                table.problem(document, row, Severity::Lost, text, message);
            } else if let Some(ends) =
                endpoints::directed(text).filter(|_| !table.columns.has_an_end())
            {
                self.take_ends(ends);
            } else if let Some(peer) = endpoints::peer(text) {
                match self.direction {
                    Some(Direction::Inbound) if is_nobody(self.source.as_ref()) => {
                        self.source = Some(End::given(peer));
                    }
                    Some(Direction::Outbound) if is_nobody(self.destination.as_ref()) => {
                        self.destination = Some(End::given(peer));
                    }
                    Some(Direction::Inbound | Direction::Outbound | Direction::Both) | None => {}
                }
            }
        }
        self.take_directed_ends(table);
        // Beside a direction, an arrow between two machines says more than the direction does.
        let is_open = self.source.is_none() && self.destination.is_none();
        let is_lone = table.columns.has(Column::Direction) && !table.columns.has_an_end();
        let arrow = table
            .columns
            .positions(Column::Service)
            .filter(|_| is_open && is_lone)
            .filter_map(|index| row.cells.get(index))
            .find_map(|text| endpoints::arrow(text))
            .filter(|ends| {
                ![&ends.source, &ends.destination]
                    .into_iter()
                    .any(|end| is_protocol(end))
            });
        if let Some(ends) = arrow {
            self.take_ends(ends);
        }
        // What the row says of its own ends outranks what a sentence says of all rows.
        let is_said_above = (table.context.endpoints.as_ref())
            .is_some_and(|ends| ends.source.basis != Basis::Sentence);
        // Both ends in words leave nothing to the viewpoint of a lone column of directions.
        let is_open = self.source.is_none() && self.destination.is_none();
        if !table.columns.has_an_end()
            && is_open
            && !is_said_above
            && !table.context.is_within_role
            && !self.take_grants(table)
        {
            let texts = || [&self.service, &self.notes].into_iter().flatten();
            let phrase = texts().find_map(|text| {
                endpoints::arrow(text)
                    .or_else(|| labelled_pair(text, table.names))
                    .or_else(|| spoken_ends::ends(text, table.names))
                    .or_else(|| {
                        relations::ends(text, table.names)
                            .filter(|ends| !lists_own(table, &ends.source))
                    })
                    .or_else(|| endpoints::from_to(text))
            });
            let mut pairs: Vec<Endpoints> = match phrase {
                Some(phrase) => vec![phrase],
                None => texts()
                    .flat_map(|text| {
                        prose::ends_in_note(text, table.names)
                            .into_iter()
                            .filter_map(|ends| purpose::fitted(ends, text, table))
                    })
                    .collect(),
            };
            // Where a column names the machines, "server to server" in a description is no machine.
            if table.columns.has(Column::Role) {
                pairs.retain(|ends| {
                    table.names.has(&ends.source) || table.names.has(&ends.destination)
                });
            }
            // `any client could connect to any instance` says how they work, and not whose the port is.
            let is_any = |name: &str| name.to_lowercase().starts_with("any ");
            pairs.retain(|ends| !is_any(&ends.source) || !is_any(&ends.destination));
            if !pairs.is_empty() {
                let ends = pairs.remove(0);
                self.take_ends(ends);
                self.more_ends = pairs;
            } else if let Some(asker) =
                texts().find_map(|text| prose::asker_in_note(text, table.names))
                && self.direction != Some(Direction::Outbound)
                && table.context.direction != Some(Direction::Outbound)
            {
                self.source = Some(End::new(asker, Basis::Purpose));
                self.direction = Some(Direction::Inbound);
            } else if self.role.is_none() && table.context.direction.is_none() {
                // Who is asked is the machine of the row where nothing else is.
                let asked = || spoken_ends::asked(self.service.as_deref()?, table.names);
                let owner = || texts().find_map(|text| relations::owner(text, table.names));
                let named = asked().or_else(owner);
                self.destination = self.destination.take().or(named);
            }
        }
    }

    /// From where the row's machine is reached, as a cell says it in words: `Reachable from the gate`, `Between store nodes`.
    pub(super) fn read_reach(&mut self, table: &PortTable<'_>, row: &TableRow) {
        if self.source.is_some() || table.columns.has_an_end() {
            return;
        }
        let heading = |index: usize| table.head.cells.get(index).map_or("", String::as_str);
        let reach = row
            .cells
            .iter()
            .enumerate()
            .find(|(index, _)| {
                table.columns.is_unknown(*index) && loopback::tells_reach(heading(*index))
            })
            .map(|(_, cell)| cell);
        let Some(reach) = reach else { return };
        let name = |found: &regex::Captures<'_>| {
            let name = found.get(1).map_or("", |name| name.as_str());
            // `node(s)` is one or more of them, and the bracket no remark.
            Some(End::given(match name.strip_suffix("(s)") {
                Some(one) => format!("{one}s"),
                None => name.to_owned(),
            }))
        };
        if let Some(found) = REACHABLE.captures(reach) {
            self.source = name(&found);
            self.destination = self.role.clone();
        } else if let Some(found) = AMONG.captures(reach) {
            self.source = name(&found);
            self.destination = name(&found);
        }
    }

    /// Ends that a cell gives by direction: `Inbound for the gate`.
    fn take_directed_ends(&mut self, table: &PortTable<'_>) {
        let is_open = self.source.is_none() && self.destination.is_none();
        if !is_open || table.columns.has_an_end() || table.context.endpoints.is_some() {
            return;
        }
        let role = self.role.as_ref().map(|role| role.to_string());
        let found = [&self.direction_text, &role, &self.service, &self.notes]
            .into_iter()
            .flatten()
            .find_map(|text| directed_ends(text, table.names));
        let Some(ends) = found else { return };
        if role.is_some_and(|role| directed_ends(&role, table.names).is_some()) {
            self.role = None;
        }
        let is_one_way = ends.client.is_some() && ends.server.is_some();
        self.direction = match (&ends.client, &ends.server) {
            (Some(_), None) if self.role.is_none() => Some(Direction::Outbound),
            (None, Some(_)) if self.role.is_none() => Some(Direction::Inbound),
            _ if is_one_way => None,
            _ => self.direction,
        };
        self.source = ends.client.map(End::given);
        self.destination = ends.server.map(End::given);
    }

    /// The program that is asked by a row that says that its traffic stays inside.
    fn asked_inside<'r>(&self, table: &PortTable<'_>, row: &'r TableRow) -> Option<&'r str> {
        let direction = self.direction_text.as_deref()?.to_lowercase();
        let stays_inside = ["internal", "intra", "inside", "east", "within", "cluster"]
            .iter()
            .any(|start| direction.starts_with(start));
        let index = table.columns.positions(Column::Service).next()?;
        let service = row.cells.get(index)?;
        (stays_inside && table.context.role.is_none() && services::is_program(service))
            .then_some(service)
    }

    fn take_ends(&mut self, ends: Endpoints) {
        self.direction = ends.is_mutual.then_some(Direction::Both);
        self.source = Some(End::new(ends.source, ends.basis));
        self.destination = Some(End::new(ends.destination, ends.basis));
    }

    /// Below `Used by`, a protocol says what is spoken, and not who speaks it.
    pub(super) fn leave_out_protocol(&mut self, table: &PortTable<'_>) {
        let heading = column::words(table.columns.heading(table.head, Column::Source));
        let is_spoken = |source: &End| {
            source
                .split(['/', ',', ' '])
                .filter(|word| !word.is_empty())
                .all(application_protocol::is_only_spoken)
        };
        // What uses the ports by which a named machine goes out is a program on it.
        let is_on_machine =
            table.context.direction == Some(Direction::Outbound) && table.context.role.is_some();
        if heading.ends_with(" by")
            && let Some(protocol) = self
                .source
                .take_if(|source| is_on_machine || is_spoken(source))
        {
            self.application = self.application.take().or(Some(protocol.to_string()));
            self.service = self.service.take().or_else(|| self.application.clone());
        }
    }

    /// Beside a column of one end, one of peers holds the other.
    fn take_peer_for_other_end(&mut self) {
        match (&self.source, &self.destination) {
            (None, Some(_)) => self.source = self.peer.take(),
            (Some(_), None) => self.destination = self.peer.take(),
            _ => {}
        }
    }

    /// Where columns for both ends are filled in by turns, what is left out is the machine of the heading: `From | To` below `Workers`.
    fn fill_with_heading(&mut self, table: &PortTable<'_>) {
        let context = table.context;
        let has_both = table.columns.has(Column::Source) && table.columns.has(Column::Destination);
        let Some(own) = context
            .role
            .as_ref()
            .filter(|_| has_both && !table.columns.has(Column::Role))
        else {
            return;
        };
        let one = |name: &str| name.to_lowercase().trim_end_matches('s').to_owned();
        let is_other = |end: &End| one(&end.name) != one(&own.name);
        match (&self.source, &self.destination) {
            (Some(source), None)
                if is_other(source) && context.direction != Some(Direction::Outbound) =>
            {
                self.destination = Some(own.clone());
            }
            (None, Some(destination))
                if is_other(destination) && context.direction != Some(Direction::Inbound) =>
            {
                self.source = Some(own.clone());
            }
            _ => {}
        }
    }

    /// Fills in the direction and the ends that the row leaves out, from the table's columns and the headings above.
    pub(super) fn complete_ends(
        &mut self,
        table: &PortTable<'_>,
        row: &TableRow,
        document: &mut Document,
    ) {
        let context = table.context;
        self.take_peer_for_other_end();
        self.fill_with_heading(table);
        let gives_ends = self.source.is_some() || self.destination.is_some();
        let one_sided = table.columns.one_sided();
        if one_sided == Some(Direction::Outbound)
            && let Some(asker) = &context.asker
        {
            self.role = Some(asker.clone());
        }
        let given = if gives_ends && one_sided.is_none() {
            None
        } else {
            context.direction.or(one_sided)
        };
        if self.role.is_none() && one_sided.is_some() {
            self.role.clone_from(&context.heading);
        }
        // A table of the other ends leaves its own machine to the heading, whatever that is called.
        if self.role.is_none() && table.columns.has(Column::Peer) {
            self.role = prose::named_by_heading(context).map(|name| End::new(name, Basis::Heading));
        }
        self.direction = self.direction.or(given);
        if context.is_within_role && !gives_ends && self.direction.is_none() && self.peer.is_none()
        {
            self.direction = Some(Direction::Both);
            self.source.clone_from(&self.role);
            self.destination.clone_from(&self.role);
            return;
        }
        let peer = self.peer.take();
        if let (Some(other), false, None, None) =
            (&context.counterpart, gives_ends, &peer, &context.endpoints)
        {
            match self.direction {
                Some(Direction::Inbound) => self.source = Some(other.clone()),
                Some(Direction::Outbound) => self.destination = Some(other.clone()),
                Some(Direction::Both) | None => {}
            }
        }
        // A row that names its own machine says more than a sentence above all of them.
        let is_of_others = table.columns.has(Column::Role)
            && self.role.as_ref().is_some_and(|own| {
                own.basis == Basis::Given
                    && context.endpoints.as_ref().is_some_and(|ends| {
                        ends.source.basis == Basis::Sentence
                            && !own.eq_ignore_ascii_case(&ends.source)
                            && !own.eq_ignore_ascii_case(&ends.destination)
                    })
            });
        if let (Some(ends), false, None) = (&context.endpoints, gives_ends || is_of_others, &peer) {
            let (one, other) = (ends.source.clone(), ends.destination.clone());
            // Of two that talk to each other, the one that is named first sees what comes in and goes out, unless the section is
            // about the second.
            let is_about_other = context
                .role
                .as_deref()
                .is_some_and(|own| own.eq_ignore_ascii_case(&other));
            let (own, peer) = if is_about_other {
                (other, one)
            } else {
                (one, other)
            };
            let (source, destination, direction) = match self.direction {
                Some(Direction::Inbound) if ends.is_mutual => (peer, own, None),
                Some(Direction::Outbound) if ends.is_mutual => (own, peer, None),
                Some(_) | None => (
                    ends.source.clone(),
                    ends.destination.clone(),
                    ends.is_mutual.then_some(Direction::Both),
                ),
            };
            self.source = Some(source);
            self.destination = Some(destination);
            self.direction = direction;
            let more = context.more_endpoints.iter();
            self.more_ends.extend(more.map(EndPair::to_endpoints));
        }
        let Some(peer) = peer else { return };
        if self.direction.is_none() && table.says_listening() {
            self.direction = Some(Direction::Inbound);
        }
        match self.direction {
            Some(Direction::Inbound) => self.source = self.source.take().or(Some(peer)),
            Some(Direction::Outbound) => {
                self.destination = self.destination.take().or(Some(peer));
            }
            Some(Direction::Both) => {
                self.source = self.source.take().or_else(|| Some(peer.clone()));
                self.destination = self.destination.take().or(Some(peer));
            }
            // What serves others at its port inside of a system is asked by whom the row names.
            None if let Some(service) = self.asked_inside(table, row) => {
                let message = "the direction does not say which end asks, so this one was taken for it and the service for who is asked; check it";
                table.problem(document, row, Severity::Remark, &peer, message);
                self.source = Some(End::new(peer.name, Basis::Purpose));
                self.destination = Some(End::new(service, Basis::Purpose));
            }
            None => {
                let message = "without a direction this end may be either";
                table.problem(document, row, Severity::Lost, &peer, message);
            }
        }
    }
}

/// Both ends before a colon, or as a sentence of their own: `Web server to store: queries`.
fn labelled_pair(text: &str, names: &Names) -> Option<Endpoints> {
    let pair = text.split([':', '.']).next().unwrap_or_default();
    let found = endpoints::pair(pair)
        .or_else(|| endpoints::arrow(pair).filter(|_| pair.len() < text.len()))?;
    let are_machines = [&found.source, &found.destination]
        .into_iter()
        .all(|end| section::names_machines(end, names));
    are_machines.then_some(found)
}

/// The ends of one or more arrows. Where several are listed, the row's own machine is what listens: of an arrow that points both
/// ways only the way to it is of this row.
fn listed_arrows(text: &str, own: Option<&str>) -> Option<(Endpoints, Vec<Endpoints>)> {
    let mut all = endpoints::arrows(text);
    if all.is_empty() {
        all.extend(
            endpoints::pair(text)
                .or_else(|| endpoints::loose_pair(text))
                .or_else(|| endpoints::among(text)),
        );
    }
    if 1 < all.len()
        && let Some(own) = own
    {
        let is_own = |end: &str| end.eq_ignore_ascii_case(own);
        for ends in &mut all {
            if ends.is_mutual && is_own(&ends.source) && !is_own(&ends.destination) {
                std::mem::swap(&mut ends.source, &mut ends.destination);
            }
            ends.is_mutual &= !is_own(&ends.destination);
        }
    }
    let mut all = all.into_iter();
    Some((all.next()?, all.collect()))
}

fn is_nobody(end: Option<&End>) -> bool {
    end.is_none_or(|text| matches!(text.to_lowercase().as_str(), "none" | "n/a" | "any"))
}

/// Whether a table lists the ports of this very machine, which are not those that it asks for: `for Core to collect metrics from tills`
/// below `Core`.
fn lists_own(table: &PortTable<'_>, source: &str) -> bool {
    let context = table.context;
    let one = |name: &str| name.to_lowercase().trim_end_matches('s').to_owned();
    let is_own = |own: &str| one(own) == one(source);
    context.direction.is_none()
        && !table.columns.has(Column::Direction)
        && (context.role.as_deref().is_some_and(is_own)
            || context.subject.as_deref().is_some_and(is_own))
}

/// Whether an end begins with the name of a protocol: `HTTP -> HTTPS redirect` names no machines.
fn is_protocol(end: &str) -> bool {
    let first = end.split([' ', '/', '(']).next().unwrap_or_default();
    cell::stated(&first.to_lowercase()).is_some()
        || application_protocol::transports(first).is_some()
}
