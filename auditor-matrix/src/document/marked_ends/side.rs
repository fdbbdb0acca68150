//! Decides whether the machines of ticks ask or are asked.

use super::{
    Side,
    legend::Legend,
    machine::{Machine, is_self},
    mark::{Mark, says_side},
};
use crate::document::{
    cell_kinds::SAMPLE,
    column::{self, Column},
    columns::{Body, Columns},
    context::Context,
    row::Direction,
    section,
    text::{sentences, some},
};

/// How well it is known what the machines do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Evidence {
    Said,
    Concluded,
    None,
}

/// Which side the ticked machines are on: what a heading above them says, or the sentence above the table; then what the
/// other columns leave for them; then what the headings of the page say.
pub(super) fn side(
    (machines, legend): (&[Machine], &Legend),
    body: &Body<'_>,
    columns: &Columns,
    introduction: Option<&str>,
    context: &Context,
    own: Option<&str>,
) -> (Side, Evidence) {
    let says_more = |index: usize| {
        body.column(index)
            .take(SAMPLE)
            .filter_map(some)
            .filter_map(|cell| legend.mark(&cell))
            .all(|mark| says_side(mark) || mark == Mark::No)
    };
    let said = |side| (side, Evidence::Said);
    if machines
        .iter()
        .all(|machine| machine.side.is_some() || says_more(machine.index))
    {
        return said(Side::Answer);
    }
    if let Some(side) = introduction.and_then(by_sentence) {
        return said(side);
    }
    if columns.has(Column::Direction)
        || columns.has(Column::InboundMark)
        || columns.has(Column::OutboundMark)
    {
        return (Side::Own, Evidence::Concluded);
    }
    match (
        columns.has(Column::Source),
        columns.has(Column::Destination),
    ) {
        (true, false) => return said(Side::Answer),
        (false, true) => return said(Side::Ask),
        (true, true) | (false, false) => {}
    }
    // No port is open on "self": it is one of those that connect.
    if machines.iter().any(|machine| is_self(&machine.name)) {
        return (Side::Ask, Evidence::Concluded);
    }
    if columns.has(Column::Role) {
        return (Side::Ask, Evidence::Concluded);
    }
    if context.direction == Some(Direction::Outbound) && own.is_some() {
        return (Side::Answer, Evidence::Concluded);
    }
    // Below a heading of one machine, the ticks are of the others; below one of all of them, of the kinds that there are.
    match own {
        Some(own) if !context.is_within_role && is_one_of(own, machines) => {
            (Side::Ask, Evidence::Concluded)
        }
        Some(_) | None => (Side::Answer, Evidence::None),
    }
}

/// Whether the machine of a heading is one of those in the columns: `Core nodes` is, beside `Core | Store`.
fn is_one_of(own: &str, machines: &[Machine]) -> bool {
    let own = column::words(own);
    machines.iter().any(|machine| {
        column::words(&machine.name)
            .split(' ')
            .filter(|word| !section::is_machine(word))
            .any(|word| own.split(' ').any(|other| other == word))
    })
}

/// "An x marks the machines that connect to the port." `None` for a sentence that speaks of no marks, or of both sides.
fn by_sentence(paragraph: &str) -> Option<Side> {
    let mut found: Option<Side> = None;
    for sentence in sentences(paragraph) {
        let lower = sentence.to_lowercase();
        let words: Vec<&str> = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let speaks_of_marks = words.iter().any(|word| {
            matches!(
                *word,
                "x" | "mark"
                    | "marks"
                    | "marked"
                    | "tick"
                    | "ticks"
                    | "ticked"
                    | "check"
                    | "checks"
                    | "checked"
                    | "checkmark"
                    | "cross"
                    | "crosses"
                    | "dot"
                    | "dots"
                    | "bullet"
                    | "column"
                    | "columns"
                    | "y"
                    | "indicates"
                    | "indicate"
            )
        });
        // "The table shows the components which need access to each port."
        let speaks_of_table = words.iter().any(|word| {
            matches!(
                *word,
                "table" | "shows" | "show" | "lists" | "list" | "matrix"
            )
        });
        if !speaks_of_marks && !speaks_of_table {
            continue;
        }
        let has = |set: &[&str]| words.iter().any(|word| set.contains(word));
        let opens_connections = words.windows(3).any(|run| {
            run.first().is_some_and(|word| word.starts_with("open"))
                && run.iter().any(|word| word.starts_with("connection"))
        });
        let asks = opens_connections
            || has(&[
                "connect",
                "connects",
                "connecting",
                "reach",
                "reaches",
                "access",
                "accesses",
                "initiate",
                "initiates",
                "initiating",
                "client",
                "clients",
                "source",
                "sources",
                "call",
                "calls",
                "talk",
                "talks",
                "contact",
                "contacts",
                "need",
                "needs",
                "from",
                "consumers",
                "consume",
            ]);
        let opens = !opens_connections && has(&["open", "opened"]);
        let answers = opens
            || has(&[
                "listen",
                "listens",
                "listening",
                "exposes",
                "expose",
                "exposed",
                "serve",
                "serves",
                "accept",
                "accepts",
                "destination",
                "destinations",
                "target",
                "targets",
                "run",
                "runs",
                "bound",
                "inbound",
                "incoming",
            ]);
        let side = match (asks, answers) {
            (true, false) if speaks_of_marks || says_who_asks(&words) => Side::Ask,
            (false, true) if speaks_of_marks => Side::Answer,
            (true | false, true | false) => continue,
        };
        if found.is_some_and(|other| other != side) {
            return None;
        }
        found = Some(side);
    }
    found
}

/// Whether words are about those who ask: `which need access`, `that connect`.
fn says_who_asks(words: &[&str]) -> bool {
    words.windows(2).any(|pair| {
        matches!(pair, [who, verb] if matches!(*who, "which" | "that" | "who")
            && matches!(*verb, "connect" | "need" | "access" | "reach" | "use" | "contact" | "call" | "require"))
    })
}

#[cfg(test)]
mod tests {
    use super::by_sentence;
    use crate::document::marked_ends::Side;

    #[test]
    fn what_ticks_mean() {
        for (sentence, side) in [
            (
                "An x marks the hosts that open connections to the port.",
                Some(Side::Ask),
            ),
            (
                "The columns show which machines listen.",
                Some(Side::Answer),
            ),
            (
                "The table shows the components which need access to each port.",
                Some(Side::Ask),
            ),
            ("The table lists the ports that need to be open.", None),
            ("The following ports have to be open:", None),
        ] {
            assert_eq!(by_sentence(sentence), side, "{sentence}");
        }
    }
}
