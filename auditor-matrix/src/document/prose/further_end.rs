//! An end that a bracket adds to another: `open to the Core (and to all Edges, if there are any):`.

use super::clause::Ends;

/// The parts of a text with such a bracket.
pub(super) struct FurtherEnd<'a> {
    before: &'a str,
    /// What is added, without the word that joins it.
    pub(super) name: &'a str,
    pub(super) condition: Option<&'a str>,
    behind: &'a str,
}

impl<'a> FurtherEnd<'a> {
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let (before, rest) = text.split_once(" (and ")?;
        let (inside, behind) = rest.split_once(')')?;
        let (name, condition) = match inside.split_once(", if ") {
            Some((name, condition)) => (name, Some(condition.trim())),
            None => (inside, None),
        };
        let name = name.trim().trim_start_matches("to ");
        Some(Self {
            before,
            name,
            condition,
            behind,
        })
        .filter(|found| !found.behind.contains('('))
    }

    /// The text without the bracket.
    pub(super) fn without(&self) -> String {
        format!("{}{}", self.before, self.behind)
    }

    /// The ends with the one right before the bracket replaced; `None` where the bracket holds no name, or stands elsewhere.
    pub(super) fn ends(&self, ends: &Ends) -> Option<Ends> {
        if MOST_WORDS < self.name.split(' ').count() {
            return None;
        }
        let name = self.name.strip_prefix("the ").unwrap_or(self.name);
        let stands_before = |end: &Option<String>| {
            end.as_deref().is_some_and(|end| {
                let mut start = end.len();
                for _ in 0..2 {
                    start = end
                        .get(..start)
                        .and_then(|text| text.rfind(' '))
                        .unwrap_or_default();
                }
                self.before
                    .ends_with(end.get(start..).unwrap_or(end).trim_start())
            })
        };
        let mut ends = ends.clone();
        match (stands_before(&ends.client), stands_before(&ends.server)) {
            (true, false) => ends.client = Some(name.to_owned()),
            (false, true) => ends.server = Some(name.to_owned()),
            (true, true) | (false, false) => return None,
        }
        Some(ends)
    }
}

/// A longer text in brackets is no name.
const MOST_WORDS: usize = 5;
