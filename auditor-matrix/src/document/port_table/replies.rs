//! Rows of answers: a page for packet filters that keep no state lists what comes back as well, from the port that was asked to
//! whichever port the asker has.

use super::{Named, PortTable};
use crate::{
    document::{
        column::{self, Column},
        ports,
        table_rows::TableRow,
    },
    port::PortRange,
};

impl PortTable<'_> {
    /// Whether a row is of answers: its source has one port, and its destination any of those that an asker may have.
    pub(super) fn is_of_replies(&self, row: &TableRow, found: &[Named]) -> bool {
        let is_source_port = |index: &usize| {
            let words = column::words(self.head.cells.get(*index).map_or("", String::as_str));
            words
                .split(' ')
                .any(|word| matches!(word, "port" | "ports"))
                && words
                    .split(' ')
                    .any(|word| matches!(word, "source" | "src" | "from" | "origin"))
        };
        let is_of_asker =
            |range: &PortRange| LEAST_OF_ASKER <= range.first() && range.last() == u16::MAX;
        let are_of_asker = |named: &Named| {
            let mut ranges = named
                .found
                .ports
                .groups
                .iter()
                .flat_map(|group| &group.ranges);
            let is_left = named.found.ports.groups.is_empty() && named.found.ports.ephemeral;
            is_left || !named.found.ports.groups.is_empty() && ranges.all(is_of_asker)
        };
        let asked = self
            .columns
            .positions(Column::Ignored)
            .filter(is_source_port)
            .filter_map(|index| ports::certain_ports(row.cells.get(index)?))
            .flat_map(|read| read.groups)
            .flat_map(|group| group.ranges)
            .collect::<Vec<_>>();
        !asked.is_empty()
            && asked.iter().all(|range| range.first() == range.last())
            && !found.is_empty()
            && found.iter().all(are_of_asker)
    }
}

/// The first port that is no well-known one: RFC 6335, section 6.
const LEAST_OF_ASKER: u16 = 1024;
