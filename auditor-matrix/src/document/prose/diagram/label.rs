//! Reads the label of an arrow or of a node: its ports, and the name beside them.

use crate::document::{
    accounting,
    names::Names,
    ports,
    prose::{item, port_phrase::Evidence, statement::Statement},
    text::fold,
};

/// What a label says.
#[derive(Clone, Debug, Default)]
pub(super) struct Label {
    pub(super) statements: Vec<Statement>,
    /// What stands beside the ports.
    pub(super) name: Option<String>,
}

/// Smaller numbers count the steps of a diagram.
const LEAST_PORT: u16 = 20;

/// A longer label is a description.
const MOST_WORDS: usize = 16;

/// Whether a number of a diagram is no number of a step.
pub(super) fn may_be_port(number: &str) -> bool {
    number.parse::<u16>().is_ok_and(|port| LEAST_PORT <= port)
}

/// Reads a label. Its statements have no ends.
pub(super) fn label(text: &str, is_sequence: bool, names: &Names) -> Label {
    let mut numbers = accounting::unaccounted(text, &[], &[]);
    numbers.retain(|number| may_be_port(number));
    if numbers.is_empty() || MOST_WORDS < text.split(' ').count() {
        return Label::default();
    }
    let text = without_example(text);
    let evidence = if is_sequence {
        Evidence::Stated
    } else {
        Evidence::Item
    };
    let mut reading = item::read(text, evidence, names);
    let reads_all = |statements: &[Statement]| {
        numbers.iter().all(|number| {
            number.parse::<u16>().is_ok_and(|port| {
                statements
                    .iter()
                    .flat_map(|statement| &statement.ports)
                    .flat_map(|group| &group.ranges)
                    .any(|range| range.contains(port))
            })
        })
    };
    if !reads_all(&reading.statements) {
        // `HTTPS 443`, `443 API`
        let cell = ports::ports(text);
        let is_read = !is_sequence
            && cell.problem.is_none()
            && !cell.groups.is_empty()
            && cell.remarks.len() <= 1;
        reading.statements.clear();
        if is_read {
            reading.statements.push(Statement {
                ports: cell.groups,
                transports: cell.transports,
                service: cell
                    .protocols
                    .into_iter()
                    .chain(cell.remarks)
                    .reduce(|all, one| format!("{all} {one}")),
                ..Statement::default()
            });
        }
    }
    if !reads_all(&reading.statements) {
        return Label::default();
    }
    let name = reading
        .statements
        .first()
        .and_then(|statement| statement.service.as_deref())
        .map(fold);
    for statement in &mut reading.statements {
        statement.is_asked = true;
        statement.source = None;
        statement.destination = None;
        statement.direction = None;
    }
    Label {
        statements: reading.statements,
        name,
    }
}

/// A label without what says that its port is the usual one: `e.g. 3306`.
fn without_example(text: &str) -> &str {
    [
        "e.g.",
        "eg.",
        "i.e.",
        "typically",
        "usually",
        "default",
        "by default",
    ]
    .iter()
    .find_map(|mark| {
        let start = text.get(..mark.len())?;
        start
            .eq_ignore_ascii_case(mark)
            .then(|| text.get(mark.len()..))
            .flatten()
    })
    .map_or(text, |rest| rest.trim_start_matches([' ', ',', ':']))
}
