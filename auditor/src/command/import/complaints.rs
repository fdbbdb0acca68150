//! Says what was not understood, and counts it.

use std::collections::BTreeMap;

use crate::{
    document::{Problem, ProblemKind, Severity},
    output::say,
};

/// Problems of one kind that are printed; more of them would hide all others.
const MOST_OF_A_KIND: usize = 40;

/// What tells one kind of problem from another. Those of no particular kind are alike only if they say the same.
type Key = (Severity, ProblemKind, Option<String>);

/// Prints problems as they come, and remembers how many there were of each kind.
#[derive(Debug)]
pub(super) struct Complaints {
    is_verbose: bool,
    counts: BTreeMap<Key, usize>,
}

impl Complaints {
    pub(super) const fn new(is_verbose: bool) -> Self {
        Self {
            is_verbose,
            counts: BTreeMap::new(),
        }
    }

    /// Prints a problem behind `lost`, if something was lost by it, unless many of its kind were printed before.
    pub(super) fn add(&mut self, lost: &str, problem: &Problem) {
        let message = (problem.kind == ProblemKind::Other).then(|| problem.message.clone());
        let count = self
            .counts
            .entry((problem.severity, problem.kind, message))
            .or_default();
        *count += 1;
        if self.is_verbose || *count <= MOST_OF_A_KIND {
            let word = match problem.severity {
                Severity::Lost => lost,
                Severity::Remark => "note",
            };
            say(&format!("{word}: {problem}"));
        }
    }

    /// Says how many of each kind were not printed.
    pub(super) fn finish(&self) {
        for line in self.hidden() {
            say(&line);
        }
    }

    fn hidden(&self) -> Vec<String> {
        let line = |((severity, kind, message), count): (&Key, &usize)| {
            let n_hidden = count
                .checked_sub(MOST_OF_A_KIND)
                .filter(|hidden| 0 < *hidden);
            let word = match severity {
                Severity::Lost => "not understood",
                Severity::Remark => "note",
            };
            let what = message.as_ref().map_or_else(
                || format!("about {}", kind.noun(2)),
                |message| format!("that say: {message}"),
            );
            n_hidden.map(|hidden| {
                format!("{word}: and {hidden} more like this, {what}; --verbose shows them")
            })
        };
        if self.is_verbose {
            return Vec::new();
        }
        self.counts.iter().filter_map(line).collect()
    }

    /// What needs a look, grouped, the commonest first: `12 cells not understood, 3 notes on sentences`. `None` if nothing.
    pub(super) fn summary(&self) -> Option<String> {
        let mut groups: BTreeMap<(Severity, ProblemKind), usize> = BTreeMap::new();
        for ((severity, kind, _), count) in &self.counts {
            *groups.entry((*severity, *kind)).or_default() += count;
        }
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let words: Vec<String> = groups
            .into_iter()
            .map(|((severity, kind), count)| match severity {
                Severity::Lost if kind == ProblemKind::Page => {
                    format!("{count} {} not read in full", kind.noun(count))
                }
                Severity::Lost => format!("{count} {} not understood", kind.noun(count)),
                Severity::Remark if count == 1 => format!("1 note on a {}", kind.noun(1)),
                Severity::Remark => format!("{count} notes on {}", kind.noun(count)),
            })
            .collect();
        (!words.is_empty()).then(|| words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::{Complaints, MOST_OF_A_KIND};
    use crate::document::{Problem, ProblemKind, Severity};

    #[test]
    fn what_is_counted() {
        let file = "a.md".into();
        let mut complaints = Complaints::new(false);
        assert_eq!(complaints.summary(), None);
        let mut add = |severity, kind, count, message: &str| {
            for line in 1..=count {
                let problem = Problem::new(&file, line, severity, "", message).of(kind);
                complaints.add("not understood", &problem);
            }
        };
        add(Severity::Lost, ProblemKind::Cell, 2, "a");
        add(Severity::Lost, ProblemKind::Page, 1, "long");
        add(Severity::Remark, ProblemKind::Column, 1, "b");
        add(
            Severity::Remark,
            ProblemKind::Sentence,
            MOST_OF_A_KIND + 7,
            "c",
        );
        add(Severity::Lost, ProblemKind::Other, MOST_OF_A_KIND, "one");
        add(
            Severity::Lost,
            ProblemKind::Other,
            MOST_OF_A_KIND + 1,
            "two",
        );
        assert_eq!(
            complaints.hidden(),
            [
                "not understood: and 1 more like this, that say: two; --verbose shows them",
                "note: and 7 more like this, about sentences; --verbose shows them",
            ]
        );
        assert_eq!(
            complaints.summary().unwrap(),
            "81 other things not understood, 47 notes on sentences, 2 cells not understood, 1 page not read in full, 1 note on a column"
        );
        complaints.is_verbose = true;
        assert_eq!(complaints.hidden(), Vec::<String>::new());
    }
}
