//! Which lines of a page are shown, where it has too many.

use std::collections::{BTreeMap, BTreeSet};

use super::line::Line;

/// Lines that are shown before and behind one that matters.
const AROUND: usize = 2;

/// The lines to show, in order: all of them, if they are no more than `most`; else those that need a look, then those of which
/// anything became, each with what stands around it.
pub(super) fn selection(
    most: usize,
    n_lines: usize,
    lines: &BTreeMap<usize, Line<'_>>,
) -> BTreeSet<usize> {
    if n_lines <= most {
        return (1..=n_lines).collect();
    }
    let mut shown = BTreeSet::new();
    for needs_look in [true, false] {
        let numbers = lines
            .iter()
            .filter(|(_, line)| line.needs_look == needs_look)
            .map(|(number, _)| *number);
        for number in numbers.filter(|number| *number <= n_lines) {
            let first = number.saturating_sub(AROUND).max(1);
            let last = number.saturating_add(AROUND).min(n_lines);
            // The line itself comes first: there may be no place left for all.
            for one in std::iter::once(number).chain(first..=last) {
                if most <= shown.len() {
                    return shown;
                }
                shown.insert(one);
            }
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{Line, selection};

    #[test]
    fn what_matters_is_shown_first() {
        let line = |needs_look| Line {
            needs_look,
            ..Line::default()
        };
        let lines = BTreeMap::from([
            (5, line(false)),
            (50, line(true)),
            (99, line(true)),
            (400, line(true)),
        ]);
        check(100, 100, &lines, &(1..=100).collect::<Vec<_>>());
        check(10, 100, &lines, &[48, 49, 50, 51, 52, 97, 98, 99, 100, 5]);
        check(3, 100, &lines, &[48, 49, 50]);
        check(0, 100, &lines, &[]);
    }

    #[track_caller]
    fn check(most: usize, n_lines: usize, lines: &BTreeMap<usize, Line<'_>>, expected: &[usize]) {
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        let shown: Vec<usize> = selection(most, n_lines, lines).into_iter().collect();
        assert_eq!(shown, expected);
    }
}
