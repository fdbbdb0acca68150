//! Finds the columns that hold the ends of conversations where their headings do not say so.

use std::collections::BTreeSet;

use super::{Body, Columns, is_foreign};
use crate::document::{
    application_protocol, cell,
    cell_kinds::{CellKinds, SAMPLE},
    column::{self, Column},
    row::Direction,
    separated::names_machine,
    services::is_program,
    table_rows::TableRow,
    translation,
};

impl Columns {
    /// Ports with arrows between two columns of names: the names are the ends.
    pub(super) fn find_arrows(&mut self, kinds: &[CellKinds]) {
        let are_names = |index: usize| kinds.get(index).is_some_and(CellKinds::are_names);
        let with_arrows = (1..kinds.len()).find(|index| {
            kinds.get(*index).is_some_and(CellKinds::are_arrow_ports)
                && are_names(index - 1)
                && are_names(index + 1)
        });
        if let Some(index) = with_arrows
            && let Some([left, ports, right]) = self.meanings.get_mut(index - 1..=index + 1)
        {
            *left = Some(Column::Source);
            *ports = Some(Column::ArrowPort);
            *right = Some(Column::Destination);
        }
    }

    /// A column whose heading is not understood holds the other end if its cells are names that the column of the one end
    /// has as well.
    pub(super) fn find_ends(&mut self, head: &TableRow, body: &Body<'_>, kinds: &[CellKinds]) {
        let has = |columns: &Self, column| columns.positions(column).next();
        let (known, other) = match (
            has(self, Column::Source),
            has(self, Column::Destination),
            has(self, Column::Peer),
        ) {
            (Some(source), None, None) => (source, Column::Destination),
            (None, Some(destination), None) => (destination, Column::Source),
            _ => return,
        };
        // Beside a source, a word for both destination and purpose above names means the former.
        let ambiguous = (0..self.meanings.len()).find(|index| {
            self.is_unknown(*index)
                && other == Column::Destination
                && kinds.get(*index).is_some_and(CellKinds::are_plain_names)
                && head
                    .cells
                    .get(*index)
                    .is_some_and(|heading| translation::may_be_destination(heading))
        });
        if let Some(index) = ambiguous
            && let Some(meaning) = self.meanings.get_mut(index)
        {
            *meaning = Some(other);
            return;
        }
        let names: BTreeSet<&str> = body.column(known).take(SAMPLE).collect();
        let shares_names = |index: &usize| {
            let cells: BTreeSet<&str> = body
                .column(*index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
                .collect();
            let n_shared = cells.iter().filter(|cell| names.contains(*cell)).count();
            0 < n_shared && cells.len() <= 3 * n_shared
        };
        let unknown: Vec<usize> = (0..self.meanings.len())
            .filter(|index| self.meanings.get(*index).is_some_and(Option::is_none))
            .filter(|index| kinds.get(*index).is_some_and(CellKinds::are_names))
            .filter(shares_names)
            .collect();
        // `Reporter | Recipient`, `Requesting system | Offering system`: whoever does something, beside the other end.
        let does_something = |index: &usize| {
            let is_of_names = |kinds: &CellKinds| {
                kinds.are_plain_names() && kinds.have_no_ports() && !kinds.have_marks()
            };
            self.is_unknown(*index)
                && kinds.get(*index).is_some_and(is_of_names)
                && head
                    .cells
                    .get(*index)
                    .is_some_and(|heading| column::names_doer(heading))
        };
        let unknown = if unknown.is_empty() {
            (0..self.meanings.len()).filter(does_something).collect()
        } else {
            unknown
        };
        if let [only] = unknown.as_slice()
            && let Some(meaning) = self.meanings.get_mut(*only)
        {
            *meaning = Some(other);
            let heading = head.cells.get(*only).cloned().unwrap_or_default();
            self.doubts.push((
                heading,
                "this column was taken for the other end because of its names; check it",
            ));
        }
    }

    /// Where nothing names an end, a column of networks says from where its rows are reached, or what they reach: `Internet`, `LAN`.
    pub(super) fn find_networks(&mut self, head: &TableRow, body: &Body<'_>) {
        if self.has_an_end() || !self.has_ports() {
            return;
        }
        let are_networks = |index: &usize| {
            // Below `Network`, `Zone` it may be where the machine itself is.
            let words = column::words(head.cells.get(*index).map_or("", String::as_str));
            let is_own = words.split(' ').any(|word| {
                matches!(
                    word,
                    "network"
                        | "networks"
                        | "subnet"
                        | "subnets"
                        | "vlan"
                        | "interface"
                        | "zone"
                        | "segment"
                )
            });
            if is_own {
                return false;
            }
            let mut cells = body
                .column(*index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
                .peekable();
            cells.peek().is_some() && cells.all(is_network)
        };
        let mut unknown = (0..self.meanings.len())
            .filter(|index| self.is_unknown(*index))
            .filter(are_networks);
        let (Some(index), None) = (unknown.next(), unknown.next()) else {
            return;
        };
        let end = if self.has(Column::Direction) {
            Column::Peer
        } else {
            Column::Source
        };
        if let Some(meaning) = self.meanings.get_mut(index) {
            *meaning = Some(end);
            self.doubts.push((
                head.cells.get(index).cloned().unwrap_or_default(),
                "this column names networks, so they were taken for the other ends; check it",
            ));
        }
    }

    /// Two columns of names below headings that are not understood, in whatever language, are the ends if names recur from
    /// one to the other: the one that asks is written first.
    pub(super) fn find_recurring_ends(
        &mut self,
        head: &TableRow,
        body: &Body<'_>,
        kinds: &[CellKinds],
    ) {
        if self.has_an_end() || self.has(Column::Role) {
            return;
        }
        let unknown: Vec<usize> = (0..kinds.len())
            .filter(|index| self.is_unknown(*index))
            .filter(|index| {
                let has_names = |kinds: &CellKinds| {
                    kinds.are_plain_names() && kinds.have_no_ports() && !kinds.have_marks()
                };
                kinds.get(*index).is_some_and(has_names)
            })
            .collect();
        // Names of one thing in two columns, such as its pod and its container, stand side by side; ends stand across.
        let names = |index: usize, beside: usize| -> BTreeSet<&str> {
            let pairs = body.column(index).zip(body.column(beside)).take(SAMPLE);
            pairs
                .filter(|(name, other)| !name.is_empty() && name != other)
                .map(|(name, _)| name)
                .collect()
        };
        let are_ends = |first: usize, second: usize| {
            let (left, right) = (names(first, second), names(second, first));
            let n_shared = left.intersection(&right).count();
            let is_foreign = is_foreign(head, first) && is_foreign(head, second);
            let least = if is_foreign {
                1
            } else {
                left.len().min(right.len())
            };
            0 < n_shared && least <= 2 * n_shared
        };
        let pairs = || unknown.iter().zip(unknown.iter().skip(1));
        let recurring = pairs().find(|(first, second)| are_ends(**first, **second));
        // Without headings, names that all end in a kind of machine are ends as well.
        let are_machines = |index: usize| {
            head.cells.get(index).is_some_and(String::is_empty)
                && body.column(index).take(SAMPLE).all(names_machine)
        };
        let machines =
            || pairs().find(|(first, second)| are_machines(**first) && are_machines(**second));
        let doubt = if recurring.is_some() {
            "this column and the next hold the same names, so they were taken for the ends, the one that connects first; check it"
        } else {
            "this column and the next name machines, so they were taken for the ends, the one that connects first; check it"
        };
        let Some((first, second)) = recurring.or_else(machines) else {
            return;
        };
        for (index, end) in [(*first, Column::Source), (*second, Column::Destination)] {
            if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = Some(end);
            }
        }
        self.doubts
            .push((head.cells.get(*first).cloned().unwrap_or_default(), doubt));
    }

    /// Beside directions and below a word for any machine, names of which each has rows of one direction alone, and of which those that are
    /// asked are servers of others, are the other ends: `Outbound | Mail server`.
    pub(super) fn find_peers(&mut self, head: &TableRow, body: &Body<'_>) {
        let (Some(role), Some(direction)) = (
            self.positions(Column::Role).next(),
            self.positions(Column::Direction).next(),
        ) else {
            return;
        };
        let words = column::words(head.cells.get(role).map_or("", String::as_str));
        let is_general = matches!(
            words.as_str(),
            "host"
                | "hosts"
                | "system"
                | "systems"
                | "machine"
                | "device"
                | "server"
                | "servers"
                | "computer"
        );
        if !is_general || self.has_an_end() {
            return;
        }
        let (mut asking, mut asked): (BTreeSet<&str>, BTreeSet<&str>) = Default::default();
        for (name, way) in body.column(role).zip(body.column(direction)).take(SAMPLE) {
            match cell::direction(way) {
                Some(Direction::Inbound) => asking.insert(name),
                Some(Direction::Outbound) => asked.insert(name),
                Some(Direction::Both) | None => continue,
            };
        }
        let serves = |name: &&str| {
            name.split(' ')
                .next()
                .is_some_and(|first| application_protocol::transports(first).is_some())
                || name.to_lowercase().starts_with("mail")
        };
        let n_servers = asked.iter().copied().filter(|name| serves(name)).count();
        let are_apart = !asking.is_empty() && 1 < asked.len() && asking.is_disjoint(&asked);
        if are_apart
            && asked.len() <= 2 * n_servers
            && let Some(meaning) = self.meanings.get_mut(role)
        {
            *meaning = Some(Column::Peer);
            self.doubts.push((
                head.cells.get(role).cloned().unwrap_or_default(),
                "each of these machines has one direction alone, so they were taken for the other ends; check it",
            ));
        }
    }

    /// Takes a column of components for the machines that the rows are about, where nothing else names them.
    pub(in crate::document) fn take_components_for_machines(
        &mut self,
        head: &TableRow,
        body: &Body<'_>,
    ) {
        let way = |end| cell::direction(self.heading(head, end));
        let are_of_two_ways = way(Column::Source) == Some(Direction::Inbound)
            && way(Column::Destination) == Some(Direction::Outbound);
        let has_both_ends =
            self.has(Column::Source) && self.has(Column::Destination) && !are_of_two_ways;
        if self.has(Column::Role) || has_both_ends || !self.has_ports() {
            return;
        }
        let is_component = |index: &usize| {
            let words = column::words(head.cells.get(*index).map_or("", String::as_str));
            words.split(' ').any(|word| {
                matches!(
                    word,
                    "daemon"
                        | "daemons"
                        | "component"
                        | "components"
                        | "product"
                        | "products"
                        | "subsystem"
                        | "element"
                        | "software"
                        | "program"
                )
            })
        };
        // Beside directions, a program with several rows is whose viewpoint they are of.
        let recurs = |index: &usize| {
            let cells: Vec<&str> = body
                .column(*index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
                .collect();
            let names: BTreeSet<&str> = cells.iter().copied().collect();
            *index == 0
                && self.has(Column::Direction)
                && !self.has_an_end()
                && names.len() < cells.len()
                && names
                    .iter()
                    .all(|name| is_program(name) && name.contains(' '))
        };
        let component = self
            .positions(Column::Service)
            .find(|index| is_component(index) || recurs(index));
        if let Some(index) = component {
            if CellKinds::of(body.column(index)).are_plain_names()
                && let Some(meaning) = self.meanings.get_mut(index)
            {
                *meaning = Some(Column::Role);
            }
            return;
        }
        // Whatever its heading says, a column that names machines in most of its cells says whose ports they are.
        let are_machines = |index: usize| {
            let cells: BTreeSet<&str> = body
                .column(index)
                .take(SAMPLE)
                .filter(|cell| !cell.is_empty())
                .collect();
            let n_machines = cells.iter().filter(|cell| names_machine(cell)).count();
            1 < n_machines && cells.len() < 2 * n_machines
        };
        let mut named = (0..self.meanings.len())
            .filter(|index| self.is_unknown(*index))
            .filter(|index| CellKinds::of(body.column(*index)).are_plain_names());
        let is_alone = named.next().is_some() && named.next().is_none();
        // The containers in which services run, or that alone are named beside who asks, are whose ports these are.
        let are_containers = |index: usize| {
            let words = column::words(head.cells.get(index).map_or("", String::as_str));
            (self.has(Column::Service) || is_alone && self.has(Column::Source))
                && matches!(
                    words.as_str(),
                    "container" | "containers" | "pod" | "pods" | "container name" | "pod name"
                )
        };
        // Beside ports of both directions, the first column names whose directions these are.
        let has_port_of = |way: Direction| {
            self.positions(Column::Port).any(|index| {
                let heading = head.cells.get(index).map_or("", String::as_str);
                cell::direction(heading) == Some(way)
            })
        };
        let has_both_ways = has_port_of(Direction::Inbound) && has_port_of(Direction::Outbound);
        let unknown: Vec<usize> = (0..self.meanings.len())
            .filter(|index| self.is_unknown(*index))
            .filter(|index| CellKinds::of(body.column(*index)).are_plain_names())
            .filter(|index| {
                are_containers(*index) || are_machines(*index) || *index == 0 && has_both_ways
            })
            .collect();
        if let [only] = unknown.as_slice()
            && let Some(meaning) = self.meanings.get_mut(*only)
        {
            *meaning = Some(Column::Role);
            self.doubts.push((
                head.cells.get(*only).cloned().unwrap_or_default(),
                "this column names machines, so it was taken for those whose ports these are; check it",
            ));
        }
    }
}

/// Whether a cell names one network or several, as everybody calls them: `Public/Internet`, `LAN or VPN`.
fn is_network(cell: &str) -> bool {
    let lower = cell
        .to_lowercase()
        .replace(" or ", "/")
        .replace(" and ", "/");
    let is_name = |part: &str| {
        matches!(
            part,
            "internet"
                | "the internet"
                | "public internet"
                | "intranet"
                | "lan"
                | "wan"
                | "vpn"
                | "dmz"
                | "vlan"
        ) || part.ends_with(" network") && part.split(' ').count() <= MOST_NETWORK_WORDS
    };
    let is_adjective = |part: &str| matches!(part, "public" | "private" | "internal" | "external");
    let parts: Vec<&str> = lower.split(['/', ',']).map(str::trim).collect();
    parts.iter().any(|part| is_name(part))
        && parts.iter().all(|part| is_name(part) || is_adjective(part))
}

/// More words before `network` tell more than which one.
const MOST_NETWORK_WORDS: usize = 3;

#[cfg(test)]
mod tests {
    use super::is_network;

    #[test]
    fn networks_by_their_names() {
        for cell in [
            "Internet",
            "Public/Internet",
            "LAN",
            "LAN or VPN",
            "Management network",
        ] {
            assert!(is_network(cell), "{cell}");
        }
        for cell in ["Internal", "Public", "Internet gateway", "Landing page", ""] {
            assert!(!is_network(cell), "{cell}");
        }
    }
}
