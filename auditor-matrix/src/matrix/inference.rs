//! What of a rule its page does not say in so many words.

use super::{
    endpoints::UNNAMED_ROLES,
    origin::origin_lines,
    rule::{Matrix, Rule},
};
use crate::document::{Document, Guess, Row};

/// What a rule rests on beside the page's words.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Inference {
    /// The page names no transport: it was taken from an application protocol, or TCP was assumed.
    Transport,
    /// The page names no client or no server: a placeholder stands for it.
    Endpoint,
    /// The meaning of a column, or of another part of the page, was weighed.
    Guess,
}

impl Inference {
    /// What was inferred, as a sentence's part: `inferred transport`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Transport => "inferred transport",
            Self::Endpoint => "placeholder end",
            Self::Guess => "guessed column",
        }
    }
}

/// What each rule of a matrix rests on, in the order of the rules; nothing for a rule that the pages say in full.
pub fn inferences(matrix: &Matrix, documents: &[&Document]) -> Vec<Vec<Inference>> {
    matrix
        .rules
        .iter()
        .map(|rule| {
            let mut found = Vec::new();
            if documents
                .iter()
                .any(|document| has_inferred_transport(rule, document))
            {
                found.push(Inference::Transport);
            }
            let mut roles = rule.client.iter().chain(&rule.server);
            if roles.any(|role| UNNAMED_ROLES.contains(&role.name())) {
                found.push(Inference::Endpoint);
            }
            if documents.iter().any(|document| is_guessed(rule, document)) {
                found.push(Inference::Guess);
            }
            found
        })
        .collect()
}

/// The lines of a document from which a rule was made.
fn lines<'a>(rule: &'a Rule, document: &'a Document) -> impl Iterator<Item = usize> + 'a {
    let origin = rule.origin.as_deref().unwrap_or_default();
    let file = document.rows.first().map(|row| &*row.file);
    file.into_iter()
        .flat_map(move |file| origin_lines(origin, file))
}

/// Whether every line that gives the rule leaves its transport open. One that names it is enough to know it.
fn has_inferred_transport(rule: &Rule, document: &Document) -> bool {
    let mut is_inferred = false;
    for line in lines(rule, document) {
        let rows = rows_at(&document.rows, line);
        for row in rows
            .iter()
            .filter(|row| row.transport.contains(&rule.transport))
        {
            if !row.transport_inferred {
                return false;
            }
            is_inferred = true;
        }
    }
    is_inferred
}

/// The rows of a line; a document's rows are in the order of its lines.
fn rows_at(rows: &[Row], line: usize) -> &[Row] {
    let first = rows.partition_point(|row| row.line < line);
    let rest = rows.get(first..).unwrap_or_default();
    let n_rows = rest.partition_point(|row| row.line == line);
    rest.get(..n_rows).unwrap_or_default()
}

fn is_guessed(rule: &Rule, document: &Document) -> bool {
    let holds = |line: usize| {
        let mut guesses = document.guesses.iter();
        guesses.any(|guess: &Guess| guess.lines.contains(&line))
    };
    !document.guesses.is_empty() && lines(rule, document).any(holds)
}

#[cfg(test)]
mod tests {
    use super::{Inference, inferences};
    use crate::{
        document::{self, Format, Guess},
        matrix::derive,
    };

    #[test]
    fn what_rules_rest_on() {
        let page = "| Port | Protocol | Source | Destination | Purpose |\n|--|--|--|--|--|\n\
                    | 80 | TCP | a | b | Web |\n\
                    | 81 | | a | b | Web |\n\
                    | 82 | TCP | | b | Web |\n\
                    | 83 | UDP | a | b | Web |\n";
        let mut document = document::read("page.md", page, Format::Markdown);
        document.guesses.push(Guess {
            lines: 6..=6,
            text: "`Source` was taken for the client".to_owned(),
        });
        let matrix = derive(std::slice::from_ref(&document), "Page").matrix;
        assert_eq!(
            inferences(&matrix, &[&document]),
            [
                vec![],
                vec![Inference::Transport],
                vec![Inference::Endpoint],
                vec![Inference::Guess],
            ]
        );
    }

    #[test]
    fn one_line_that_names_the_transport_is_enough() {
        let page = "| Port | Protocol | Source | Destination |\n|--|--|--|--|\n\
                    | 80 | | a | b |\n\
                    | 80 | TCP | a | b |\n";
        let document = document::read("page.md", page, Format::Markdown);
        let matrix = derive(std::slice::from_ref(&document), "Page").matrix;
        assert_eq!(inferences(&matrix, &[&document]), [vec![]]);
    }
}
