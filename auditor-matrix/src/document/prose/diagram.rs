//! Reads diagrams that are written as text: Mermaid, Graphviz, `PlantUML`, and arrows between names.
//!
//! An arrow whose label holds ports says who opens the conversation and who is asked. Ports in the label of a node are those
//! on which it listens, for each arrow to it that has none of its own.

mod edge;
mod graph;
mod label;

use std::sync::Arc;

use self::{
    edge::Direction as Way,
    graph::{Graph, Line},
    label::{Label, label},
};
use super::{Prose, statement::Statement, statement_row::Place};
use crate::document::{
    accounting,
    context::Context,
    end::Basis,
    interner::Interner,
    problem::{Problem, Severity},
    row::Direction,
};

impl Prose {
    /// Reads a block of code if it is a diagram. Returns whether it is one.
    pub(in crate::document) fn add_diagram(
        &mut self,
        (file, line): (&Arc<str>, usize),
        (language, code): (&str, &str),
        context: &Arc<Context>,
        interner: &mut Interner,
    ) -> bool {
        if !code.contains(|c: char| c.is_ascii_digit()) {
            return false;
        }
        let Some(graph) = Graph::of(language, code) else {
            return false;
        };
        self.end_block(interner);
        let first = (self.rows.len(), self.problems.len());
        let place = |n_lines_before: usize| Place {
            file,
            line: line + n_lines_before,
            context,
            machine: None,
        };
        for found in connections(&graph, self) {
            let place = place(found.n_lines_before);
            match found.outcome {
                Ok(statement) => {
                    let mut row = place.row(&found.text, statement);
                    interner.intern(&mut row);
                    self.rows.push(row);
                }
                Err(message) => {
                    self.problems
                        .push(place.problem(Severity::Lost, &found.text, message));
                }
            }
        }
        // Whatever the lines are, no number of them is passed over.
        let rows = self.rows.get(first.0..).unwrap_or_default();
        let problems = self.problems.get(first.1..).unwrap_or_default();
        let left: Vec<Problem> = graph
            .lines
            .iter()
            .filter(|line| line.may_name_ports)
            .filter_map(|line| {
                let mut numbers = accounting::unaccounted(&line.text, rows, problems);
                numbers.retain(|number| label::may_be_port(number));
                (!numbers.is_empty()).then(|| {
                    let message = format!(
                        "this line of a diagram was not understood; its numbers are {}; add rules by hand if they are ports",
                        numbers.join(", ")
                    );
                    place(line.n_lines_before).problem(Severity::Lost, &line.text, &message)
                })
            })
            .collect();
        self.problems.extend(left);
        true
    }
}

/// What was read of a connection of a diagram.
struct Found {
    n_lines_before: usize,
    text: String,
    outcome: Result<Statement, &'static str>,
}

/// The connections that a diagram draws, and the ports of nodes to which nobody connects.
fn connections(graph: &Graph, prose: &Prose) -> Vec<Found> {
    let mut found = Vec::new();
    let read = |text: &str| label(text, graph.is_sequence, &prose.names);
    let mut is_reached = vec![false; graph.nodes.len()];
    let nodes: Vec<Label> = graph.nodes.iter().map(|node| read(&node.label)).collect();
    let name = |at: usize| {
        let node = graph.nodes.get(at);
        let read = nodes.get(at).and_then(|node| node.name.clone());
        // What breaks its lines is no part of a name.
        read.or_else(|| node.map(|node| node.label.replace(": ", " ")))
            .unwrap_or_default()
    };
    let ports_of = |at: usize| {
        nodes
            .get(at)
            .map_or(&[][..], |node| node.statements.as_slice())
    };
    for edge in &graph.edges {
        let Some(line) = graph.lines.get(edge.line) else {
            continue;
        };
        let mut add = |outcome| {
            found.push(Found {
                n_lines_before: line.n_lines_before,
                text: line.text.clone(),
                outcome,
            });
        };
        let own = read(&edge.label).statements;
        let (mut client, mut server) = (edge.left, edge.right);
        if edge.way == Way::Left {
            std::mem::swap(&mut client, &mut server);
        }
        // A line without an arrow leads to the end that has the port.
        if edge.way == Way::None && own.is_empty() && ports_of(server).is_empty() {
            std::mem::swap(&mut client, &mut server);
        }
        let is_open = own.is_empty();
        let statements = if is_open {
            ports_of(server).to_vec()
        } else {
            own
        };
        if is_open && !statements.is_empty() {
            let both_listen = edge.way == Way::None && !ports_of(client).is_empty();
            if both_listen {
                continue;
            }
            if let Some(reached) = is_reached.get_mut(server) {
                *reached = true;
            }
        }
        for mut statement in statements {
            if edge.way == Way::None && !is_open {
                add(Err(
                    "this diagram does not say which end of the line is asked, so no rule was made; add one by hand",
                ));
                continue;
            }
            if statement.doubt.is_some() {
                add(Err(
                    "this label negates something, so no rule was made of it",
                ));
                continue;
            }
            statement.source = Some(name(client));
            statement.destination = Some(name(server));
            statement.basis = Basis::Given;
            statement.direction = (edge.way == Way::Both && !is_open).then_some(Direction::Both);
            add(Ok(statement));
        }
    }
    for (at, node) in graph.nodes.iter().enumerate() {
        if is_reached.get(at) == Some(&true) {
            continue;
        }
        let line: Option<&Line> = graph.lines.get(node.line);
        let Some(line) = line else { continue };
        for statement in ports_of(at) {
            let mut statement = statement.clone();
            statement.destination = Some(name(at));
            statement.source = None;
            statement.direction = Some(Direction::Inbound);
            found.push(Found {
                n_lines_before: line.n_lines_before,
                text: line.text.clone(),
                outcome: Ok(statement),
            });
        }
    }
    found
}

#[cfg(test)]
mod tests;
