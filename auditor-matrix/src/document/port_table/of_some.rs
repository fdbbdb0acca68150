//! Parts a row whose cells say something of some of its ports, and not of the others, into rows of which each says one thing.

use std::borrow::Cow;

use super::{Found, PortTable, cells::is_optional, transports::spoken_transports};
use crate::{
    document::{
        bracketed_condition::bracketed_condition,
        cell,
        column::Column,
        loopback, permission, ports,
        problem::Severity,
        prose::{parted, within},
        row::Document,
        table_rows::TableRow,
        text::unbracket,
    },
    port::PortSet,
};

/// A row as it holds for some of its ports.
#[derive(Clone)]
pub(super) struct Part<'a> {
    pub(super) row: Cow<'a, TableRow>,
    /// All ports of the row, if it says the same of them.
    ports: Option<PortSet>,
    /// What stands in brackets behind the part's ports.
    pub(super) remark: Option<String>,
}

impl Part<'_> {
    /// What the row has in its cells of ports, as far as it is of this part.
    pub(super) fn of(&self, found: &Found) -> Option<Found> {
        let Some(ports) = &self.ports else {
            return Some(found.clone());
        };
        if found.ports.groups.is_empty() {
            return Some(found.clone());
        }
        let mut of_part = found.clone();
        of_part.ports.groups = within(&found.ports.groups, ports);
        (!of_part.ports.groups.is_empty()).then_some(of_part)
    }
}

impl PortTable<'_> {
    /// The parts of a row; one, if it says the same of all its ports.
    pub(super) fn parts<'a>(
        &self,
        row: &'a TableRow,
        ports: &PortSet,
        document: &mut Document,
    ) -> Vec<Part<'a>> {
        let mut parts = self.bracketed(row, ports, document);
        if ports.is_empty() {
            return parts;
        }
        for (column, says) in [
            (Column::Notes, says_more as fn(&str) -> bool),
            (Column::Service, says_more),
            (Column::Required, says_whether),
            (Column::Condition, |_: &str| true),
        ] {
            for index in self.columns.positions(column) {
                parts = parts
                    .into_iter()
                    .flat_map(|part| self.split(part, index, ports, says, document))
                    .collect();
            }
        }
        parts
    }

    fn split<'a>(
        &self,
        part: Part<'a>,
        index: usize,
        all: &PortSet,
        says: fn(&str) -> bool,
        document: &mut Document,
    ) -> Vec<Part<'a>> {
        let own = part.ports.as_ref().unwrap_or(all);
        let text = part.row.cells.get(index).map_or("", String::as_str);
        let Some(of_ports) = parted(text, own, says) else {
            return vec![part];
        };
        for sentence in &of_ports.unclear {
            let message = "says something of some of these ports, and not clearly of which, so their rules do not say it; check them";
            self.problem(document, &part.row, Severity::Remark, sentence, message);
        }
        of_ports
            .parts
            .into_iter()
            .map(|of_ports| {
                let mut row = part.row.clone();
                if let Some(cell) = row.to_mut().cells.get_mut(index) {
                    *cell = of_ports.remark;
                }
                Part {
                    row,
                    ports: Some(of_ports.ports),
                    remark: part.remark.clone(),
                }
            })
            .collect()
    }

    /// A row by what stands in brackets behind its ports: `80, 443 (only if TLS is used)`.
    fn bracketed<'a>(
        &self,
        row: &'a TableRow,
        ports: &PortSet,
        document: &mut Document,
    ) -> Vec<Part<'a>> {
        let whole = |remark| Part {
            row: Cow::Borrowed(row),
            ports: None,
            remark,
        };
        let mut remarks: Vec<(PortSet, String)> = Vec::new();
        for cell in self
            .columns
            .positions(Column::Port)
            .filter_map(|index| row.cells.get(index))
        {
            let found = elements(cell);
            let n_remarks = found.iter().filter(|(_, remark)| remark.is_some()).count();
            let is_of_last = 1 < found.len()
                && n_remarks == 1
                && found.last().is_some_and(|(_, remark)| remark.is_some());
            if is_of_last {
                let message = "what stands in brackets behind the last of these ports was taken to be said of that one alone; check it";
                self.problem(document, row, Severity::Remark, cell, message);
            }
            remarks.extend(
                found
                    .into_iter()
                    .filter_map(|(ports, remark)| Some((ports, remark?))),
            );
        }
        let Some((_, first)) = remarks.first() else {
            return vec![whole(None)];
        };
        let is_same = remarks.iter().all(|(_, remark)| remark == first);
        let of_all: PortSet = remarks
            .iter()
            .flat_map(|(ports, _)| ports.ranges())
            .copied()
            .collect();
        if is_same && ports.minus(&of_all).is_empty() {
            return vec![whole(Some(first.clone()))];
        }
        let others = Some(ports.minus(&of_all)).filter(|others| !others.is_empty());
        let others = others.map(|ports| (ports, None));
        let remarks = remarks
            .into_iter()
            .map(|(ports, remark)| (ports, Some(remark)));
        others
            .into_iter()
            .chain(remarks)
            .map(|(ports, remark)| Part {
                ports: Some(ports),
                ..whole(remark)
            })
            .collect()
    }
}

/// The ports of a cell as its commas part them, each with what stands in brackets behind it, if that says more than what it is for.
/// None where a part is not understood.
fn elements(cell: &str) -> Vec<(PortSet, Option<String>)> {
    let mut depth = 0_usize;
    let parts = cell.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | ';')
    });
    let element = |part: &str| {
        let (outside, brackets) = unbracket(part);
        let read = ports::ports(&outside);
        let ports: PortSet = read
            .groups
            .iter()
            .flat_map(|group| &group.ranges)
            .copied()
            .collect();
        let is_understood = read.problem.is_none() && !ports.is_empty();
        let remark = brackets
            .into_iter()
            .find(|part| says_more_in_brackets(part));
        is_understood.then_some((ports, remark))
    };
    parts
        .map(element)
        .collect::<Option<Vec<_>>>()
        .unwrap_or_default()
}

/// Whether brackets behind a port say more than what it is for. Which transport it is says the port's cell.
fn says_more_in_brackets(text: &str) -> bool {
    cell::condition(text).0.is_some()
        || bracketed_condition(&format!("({text})")).is_some()
        || is_optional(text)
        || permission::of_sentence(text).is_some()
        || loopback::is_only_own(text)
}

/// Whether a sentence says more of ports than what they are for.
fn says_more(text: &str) -> bool {
    cell::condition(text).0.is_some()
        || cell::may_be_conditional(text)
        || cell::says_optional(text)
        || unbracket(text).1.iter().any(|part| is_optional(part))
        || permission::of_sentence(text).is_some()
        || loopback::is_meant(text)
        || spoken_transports(text).is_some()
}

/// Whether it says that ports are required, or that they are not.
fn says_whether(text: &str) -> bool {
    let word = text.split([' ', '(']).next().unwrap_or_default();
    cell::required(word).is_some() || says_more(text)
}
