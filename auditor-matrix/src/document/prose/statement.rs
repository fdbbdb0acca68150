//! What a sentence or an item of a list says.

use super::{clause::Ends, stance::Stance};
use crate::{
    document::{
        end::Basis,
        row::{Direction, PortGroup},
    },
    transport::Transport,
};

/// What a sentence says.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a thing of its own that a sentence may say"
)]
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Statement {
    /// Who the sentence says needs the ports, if it names no end.
    pub(super) needed_by: Option<String>,
    pub(super) ports: Vec<PortGroup>,
    pub(super) transports: Vec<Transport>,
    pub(super) direction: Option<Direction>,
    pub(super) source: Option<String>,
    pub(super) destination: Option<String>,
    /// What it rests on that these are the ends.
    pub(super) basis: Basis,
    pub(super) service: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) condition: Option<String>,
    /// The ports are assigned dynamically.
    pub(super) ephemeral: bool,
    /// The traffic does not take place.
    pub(super) forbidden: bool,
    /// It asks for its ports, so ends that it leaves out are left out as in a row of a table.
    pub(super) is_asked: bool,
    /// The service is the other end: "open for communication with NTP".
    pub(super) serves_peer: bool,
    /// Both ends are the same machine.
    pub(super) loopback: bool,
    /// The traffic need not take place, or whether it may is not understood: no row allows it.
    pub(super) doubt: Option<Doubt>,
}

/// Why no row is made of what a sentence says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Doubt {
    Unneeded,
    Unclear,
}

impl Statement {
    /// Adds who opens the conversation and who is asked, where the statement does not say so yet.
    pub(super) fn add_ends(&mut self, ends: &Ends) {
        if self.source.is_some() && self.destination.is_some() {
            return;
        }
        let is_new = self.source.is_none() && self.destination.is_none();
        self.basis = if is_new {
            ends.basis
        } else {
            self.basis.max(ends.basis)
        };
        self.source = self.source.take().or_else(|| ends.client.clone());
        self.destination = self.destination.take().or_else(|| ends.server.clone());
        if ends.is_mutual && is_new {
            self.direction = Some(Direction::Both);
        } else if self.source.is_some() && self.destination.is_some() {
            self.direction = None;
        } else {
            self.direction = self.direction.or(ends.direction);
        }
    }

    /// Takes what its ports are for as the one that listens there, in a list of components with their ports.
    pub(super) fn add_component(&mut self) {
        let is_open = self.source.is_none() && self.destination.is_none() && !self.loopback;
        if is_open && let Some(component) = self.service.as_ref() {
            self.destination = Some(component.clone());
        }
    }

    pub(super) fn add_stance(&mut self, stance: Stance) {
        match stance {
            Stance::Wanted => {}
            Stance::Forbidden => {
                self.forbidden = true;
                // "must not reach 80 or 443" forbids both.
                for group in &mut self.ports {
                    group.alternatives = false;
                }
            }
            Stance::Unneeded => self.doubt = Some(Doubt::Unneeded),
            Stance::Unclear => self.doubt = Some(Doubt::Unclear),
        }
    }
}

/// Adds a statement to one that differs in its ports alone: "ports 80 and, for the API, port 443".
pub(super) fn push(statements: &mut Vec<Statement>, statement: Statement) {
    let same = statements.iter_mut().find(|known| {
        known.transports == statement.transports
            && known.source == statement.source
            && known.destination == statement.destination
            && known.direction == statement.direction
            && known.required == statement.required
            && known.condition == statement.condition
            && known.forbidden == statement.forbidden
            && known.loopback == statement.loopback
            && known.doubt == statement.doubt
    });
    match same {
        Some(known) => {
            for group in statement.ports {
                match known.ports.last_mut() {
                    Some(last) if !last.alternatives && !group.alternatives => {
                        for range in group.ranges {
                            if !last.ranges.contains(&range) {
                                last.ranges.push(range);
                            }
                        }
                    }
                    Some(_) | None => known.ports.push(group),
                }
            }
        }
        None => statements.push(statement),
    }
}
