//! Weighs the headings of columns against what their cells hold.

use super::{Body, Columns};
use crate::document::{
    cell,
    cell_kinds::CellKinds,
    column::{self, Column},
    row::Direction,
    table_rows::TableRow,
};

impl Columns {
    /// `TCP` above numbers is a column of ports, above marks it says which ports are of TCP.
    pub(super) fn weigh_transports(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let has_protocol = self.has(Column::Protocol);
        for ((_, meaning), kinds) in self.each().zip(kinds) {
            match *meaning {
                Some(Column::Transport(transport)) if kinds.are_marks() => {
                    *meaning = Some(Column::TransportMark(transport));
                }
                Some(Column::Transport(_)) if kinds.are_transports() => {
                    *meaning = Some(Column::Protocol);
                }
                Some(Column::Transport(_))
                    if !kinds.are_ports_or_none() && !kinds.are_mostly_ports() =>
                {
                    *meaning = Some(Column::Ignored);
                }
                // `TCP/UDP` above numbers, and `Protocol` above `TCP 443`.
                Some(Column::Protocol) if kinds.are_ports() => *meaning = Some(Column::Port),
                Some(Column::Application) if !has_protocol => *meaning = Some(Column::Protocol),
                Some(_) | None => {}
            }
        }
        // Of several columns for protocols, the one whose cells are transports is meant; "Type" holds it only if no other does.
        // Those under headings of different directions belong to the ports of their own direction.
        let heading = |index: usize| head.cells.get(index).map_or("", String::as_str);
        for direction in [None, Some(Direction::Inbound), Some(Direction::Outbound)] {
            let protocols: Vec<usize> = self
                .positions(Column::Protocol)
                .filter(|index| cell::direction(heading(*index)) == direction)
                .collect();
            self.choose_protocol(protocols, kinds);
        }
    }

    pub(super) fn choose_protocol(&mut self, protocols: Vec<usize>, kinds: &[CellKinds]) {
        if protocols.len() < 2 {
            return;
        }
        let is_transport = |index: &usize| kinds.get(*index).is_some_and(CellKinds::are_transports);
        let best = protocols
            .iter()
            .find(|index| is_transport(index))
            .or_else(|| {
                protocols
                    .iter()
                    .find(|index| kinds.get(**index).is_some_and(CellKinds::are_protocols))
            });
        if let Some(best) = best.copied() {
            for other in protocols.into_iter().filter(|index| *index != best) {
                if let Some(meaning) = self.meanings.get_mut(other) {
                    *meaning = Some(Column::Application);
                }
            }
        }
    }

    /// `Port bound on`, `Port opened from` above names: the rest of the heading says which end they are.
    pub(super) fn weigh_ports_of_ends(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let n_ports = self.positions(Column::Port).count();
        for ((index, meaning), kinds) in self.each().zip(kinds) {
            let words = column::words(head.cells.get(index).map_or("", String::as_str));
            let rest = words
                .strip_prefix("port ")
                .or_else(|| words.strip_prefix("ports "));
            let is_end = |rest: &&str| {
                matches!(
                    column::column(rest),
                    Some(Column::Source | Column::Destination | Column::Peer)
                )
            };
            if *meaning == Some(Column::Port)
                && 1 < n_ports
                && kinds.are_plain_names()
                && kinds.have_no_ports()
                && let Some(rest) = rest.filter(is_end)
            {
                *meaning = column::column(rest);
            }
        }
    }

    /// A column that is headed as an end but holds something else is what it holds.
    pub(super) fn weigh_ends(&mut self, head: &TableRow, body: &Body<'_>, kinds: &[CellKinds]) {
        // `Allowed from | Allowed to`: beside who is let out, `to` says whither and not to whom.
        let last_word = |index: usize| {
            let words = column::words(head.cells.get(index).map_or("", String::as_str));
            words.rsplit(' ').next().unwrap_or_default().to_owned()
        };
        let sources: Vec<usize> = self.positions(Column::Source).collect();
        if sources.iter().any(|index| last_word(*index) == "from") {
            for index in sources
                .into_iter()
                .filter(|index| last_word(*index) == "to")
            {
                if let Some(meaning) = self.meanings.get_mut(index) {
                    *meaning = Some(Column::Destination);
                }
            }
        }
        // A port is opened by what listens, and a connection by who asks: without another end `Opened by` may say either.
        let has_other = [
            Column::Destination,
            Column::Role,
            Column::Peer,
            Column::Address,
        ]
        .into_iter()
        .any(|end| self.has(end));
        let opener = self.positions(Column::Source).find(|index| {
            let words = column::words(head.cells.get(*index).map_or("", String::as_str));
            matches!(words.as_str(), "opened by" | "open by")
        });
        if let Some(index) = opener {
            if has_other {
                self.doubts.push((
                    head.cells.get(index).cloned().unwrap_or_default(),
                    "this column was taken for those who open the connection, and not for what listens; check it",
                ));
            } else if let Some(meaning) = self.meanings.get_mut(index) {
                *meaning = None;
            }
        }
        let has_protocol = self.has(Column::Protocol);
        let has_direction = self.has(Column::Direction);
        // Beside the other end, what lets traffic in or out has the name of what it does: `Browsers | Ingress`.
        let has_both = self.has(Column::Source) && self.has(Column::Destination);
        for ((index, meaning), kinds) in self.each().zip(kinds) {
            let heading = head
                .cells
                .get(index)
                .map(String::as_str)
                .unwrap_or_default();
            let is_end = matches!(
                meaning,
                Some(
                    Column::Source
                        | Column::Destination
                        | Column::Peer
                        | Column::Role
                        | Column::Address
                        | Column::Service
                )
            );
            if is_end && kinds.are_paths() {
                // `Endpoint` above `/metrics`: where on the server, and not which one.
                *meaning = Some(Column::Notes);
            } else if matches!(
                meaning,
                Some(
                    Column::Service
                        | Column::Notes
                        | Column::Role
                        | Column::Status
                        | Column::Ignored
                )
            ) && kinds.are_transports()
                && !has_protocol
            {
                *meaning = Some(Column::Protocol);
            } else if matches!(
                meaning,
                Some(
                    Column::Service | Column::Notes | Column::Role | Column::Peer | Column::Ignored
                )
            ) && kinds.are_permissions()
                && kinds.have_denial()
                && !kinds.are_answers()
            {
                // `Use`, `Policy` or `Comment` above `Allow` and `Deny`: whatever the heading, the cells say what may be.
                *meaning = Some(Column::Permission);
            } else if matches!(
                meaning,
                Some(Column::Service | Column::Notes | Column::Ignored)
            ) && kinds.are_directions()
                && !has_direction
            {
                // `Connection` or `Use` above `In` and `Out`.
                *meaning = Some(Column::Direction);
            } else if is_end && kinds.are_marks() {
                // `Required for the shop` above yes and no.
                let words = column::words(heading);
                let is_requirement = !words.contains("firewall")
                    && words
                        .split(' ')
                        .any(|word| matches!(word, "required" | "needed" | "mandatory"));
                *meaning = is_requirement.then_some(Column::Required);
            } else if is_end && kinds.are_phrases() {
                *meaning = Some(Column::Direction);
            } else if *meaning == Some(Column::Destination) && kinds.are_bind_addresses() {
                // `Listens on` above `*:7000` and `127.0.0.1:7001`: where on its own machine.
                *meaning = Some(Column::BindAddress);
            } else if matches!(
                meaning,
                Some(Column::Source | Column::Destination | Column::Peer)
            ) && (kinds.are_protocols()
                || kinds.are_like_protocols() && column::words(heading).ends_with(" by"))
            {
                // `Used by` above `HTTPS`, `TFTP`: protocols use the ports.
                *meaning = Some(Column::Application);
            } else if matches!(
                meaning,
                Some(
                    Column::Peer
                        | Column::Source
                        | Column::Destination
                        | Column::Protocol
                        | Column::Application
                )
            ) && kinds.are_directions()
                && !(has_both && body.column(index).all(is_named_for_direction))
            {
                *meaning = Some(Column::Direction);
            } else if *meaning == Some(Column::Direction)
                && !kinds.are_directions()
                && !kinds.are_phrases()
                && kinds.has_text()
            {
                let words = column::words(heading);
                let says_direction = words.contains("direction")
                    || words.ends_with("between")
                    || words.ends_with("among");
                *meaning = if says_direction {
                    Some(Column::Direction)
                } else {
                    Some(Column::Service)
                };
            }
        }
    }

    /// Columns that their headings do not explain, by their cells.
    pub(super) fn weigh_unknown(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        let has_protocol = self.has(Column::Protocol)
            || self.meanings.iter().any(|meaning| {
                matches!(
                    meaning,
                    Some(Column::Transport(_) | Column::TransportMark(_))
                )
            });
        // Several columns of directions are each of the machine that heads them.
        let n_directions = (0..kinds.len())
            .filter(|index| {
                (self.is_unknown(*index) || self.has_at(Column::Direction, *index))
                    && kinds.get(*index).is_some_and(CellKinds::are_directions)
            })
            .count();
        if 1 < n_directions {
            for ((_, meaning), _) in self
                .each()
                .zip(kinds)
                .filter(|(_, kinds)| kinds.are_directions())
            {
                if *meaning == Some(Column::Direction) {
                    *meaning = None;
                }
            }
        }
        let has_direction = self.has(Column::Direction) || 1 < n_directions;
        let has_needs = self.has(Column::Required);
        let has_end = self.has_other_end();
        for ((index, meaning), kinds) in self.each().zip(kinds) {
            let heading = head
                .cells
                .get(index)
                .map(String::as_str)
                .unwrap_or_default();
            if meaning.is_some() || !kinds.has_text() {
                continue;
            }
            let direction = cell::direction(heading).filter(|_| kinds.are_marks());
            *meaning = match direction {
                Some(Direction::Inbound) => Some(Column::InboundMark),
                Some(Direction::Outbound) => Some(Column::OutboundMark),
                None if kinds.are_phrases()
                    || kinds.are_pairs()
                    || kinds.are_mostly_both_ends() =>
                {
                    Some(Column::Direction)
                }
                None if kinds.are_directions() && !has_direction => Some(Column::Direction),
                None if kinds.are_transports() && !has_protocol => Some(Column::Protocol),
                None if kinds.are_needs() && !has_needs => Some(Column::Required),
                None if kinds.are_permissions() && !kinds.are_answers() => Some(Column::Permission),
                None if kinds.are_bind_addresses() => Some(Column::BindAddress),
                None if kinds.are_hosts() && !has_end => Some(Column::Address),
                None if kinds.are_protocols() && !has_protocol => Some(Column::Protocol),
                Some(Direction::Both) | None => None,
            };
        }
    }

    /// Beside ports, a lone column of names without a heading says what they are for.
    pub(super) fn name_unheaded(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        if !self.has_ports() || self.has(Column::Service) || self.has(Column::Notes) {
            return;
        }
        let unheaded: Vec<usize> = (0..kinds.len())
            .filter(|index| {
                head.cells.get(*index).is_some_and(String::is_empty)
                    && self.meanings.get(*index).is_some_and(Option::is_none)
                    && kinds.get(*index).is_some_and(CellKinds::are_names)
            })
            .collect();
        if let [only] = unheaded.as_slice()
            && let Some(meaning) = self.meanings.get_mut(*only)
        {
            *meaning = Some(Column::Service);
        }
    }

    /// Settles what depends on the other columns.
    pub(super) fn settle(&mut self, head: &TableRow, kinds: &[CellKinds]) {
        // Names of hosts are where conversations go to, if nothing says otherwise.
        let gives_direction = self.has(Column::Direction)
            || self.has(Column::InboundMark)
            || self.has(Column::OutboundMark);
        let has_destination = self.has(Column::Destination);
        let has_source = self.has(Column::Source);
        let has_peer = self.has(Column::Peer);
        // A lone column of servers names the machines that the rows are about, and is no viewpoint.
        let heading_words =
            |index: usize| column::words(head.cells.get(index).map_or("", String::as_str));
        let lone_server = self.positions(Column::Destination).find(|index| {
            !has_source
                && !has_peer
                && !gives_direction
                && column::is_server(&heading_words(*index))
        });
        if let Some(index) = lone_server
            && !self.has(Column::Role)
            && let Some(meaning) = self.meanings.get_mut(index)
        {
            *meaning = Some(Column::Role);
            self.lone_servers = Some(index);
        }
        let has_only_one_port_column = self
            .meanings
            .iter()
            .filter(|meaning| {
                matches!(
                    meaning,
                    Some(Column::LocalPort | Column::RemotePort | Column::Port)
                )
            })
            .count()
            == 1;
        for (_, meaning) in self.each() {
            match meaning {
                Some(Column::Address) if has_destination || has_peer => {
                    *meaning = Some(Column::Notes);
                }
                Some(Column::Address) if gives_direction && !has_source => {
                    *meaning = Some(Column::Peer);
                }
                Some(Column::Address) => *meaning = Some(Column::Destination),
                Some(Column::LocalPort | Column::RemotePort) if has_only_one_port_column => {
                    *meaning = Some(Column::Port);
                }
                Some(_) | None => {}
            }
        }
        // Of several columns for one end, the one with names is its role; the others give its addresses.
        for end in [
            Column::Source,
            Column::Destination,
            Column::Peer,
            Column::Role,
        ] {
            let positions: Vec<usize> = self.positions(end).collect();
            if positions.len() < 2 {
                continue;
            }
            let is_name = |index: &usize| {
                kinds.get(*index).is_some_and(CellKinds::are_names)
                    && !column::words(head.cells.get(*index).map_or("", String::as_str))
                        .split(' ')
                        .any(|word| {
                            matches!(
                                word,
                                "ip" | "ips"
                                    | "address"
                                    | "addresses"
                                    | "subnet"
                                    | "cidr"
                                    | "zone"
                                    | "interface"
                                    | "vlan"
                            )
                        })
            };
            let best = positions
                .iter()
                .find(|index| is_name(index))
                .or(positions.first())
                .copied();
            for other in positions.into_iter().filter(|index| Some(*index) != best) {
                if let Some(meaning) = self.meanings.get_mut(other) {
                    *meaning = Some(Column::Notes);
                }
            }
        }
    }
}

/// Whether a cell is the word for a direction that machines are named by, too.
fn is_named_for_direction(cell: &str) -> bool {
    matches!(
        cell.to_lowercase().as_str(),
        "ingress" | "egress" | "the ingress" | "the egress"
    )
}
