//! Tables that were not read: whether they seem to list ports, and what is said of them.

use std::{fmt::Write as _, sync::LazyLock};

use regex::Regex;

use super::{MOST_NUMBERS, Reader};
use crate::document::{
    accounting,
    columns::Body,
    host_port::HostPort,
    problem::{Problem, ProblemKind, Severity},
    table_rows::TableRow,
    text::regex,
    turned_table,
};

impl Reader<'_> {
    /// Says of a table that was not read, with the numbers in it that may be ports.
    pub(super) fn unread_table(
        &mut self,
        line: usize,
        head: &TableRow,
        body: &Body<'_>,
        message: &str,
    ) {
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
}

/// Whether a table without a port column seems to list ports; a table of memory sizes, for example, deserves no remark.
pub(super) fn may_list_ports(head: &TableRow, body: &Body<'_>) -> bool {
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
