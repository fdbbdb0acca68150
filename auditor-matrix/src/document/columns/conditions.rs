//! Columns whose cells say in which state of the deployment their rows hold, whatever heads them: `Mesh with TLS enabled`,
//! `Single node only`.

use super::{Columns, body::Body};
use crate::document::{
    column::{self, Column},
    loopback,
    table_rows::TableRow,
};

impl Columns {
    /// Takes a column that nothing else is known of for the conditions of its rows, if its cells are.
    pub(super) fn find_conditions(&mut self, head: &TableRow, body: &Body<'_>) {
        if self.has(Column::Condition) {
            return;
        }
        let found = (0..self.meanings.len()).find(|index| {
            let heading = column::words(head.cells.get(*index).map_or("", String::as_str));
            let may_be = match self.meanings.get(*index) {
                Some(None) => true,
                Some(Some(Column::Ignored)) => heading
                    .split(' ')
                    .any(|word| matches!(word, "option" | "options" | "setting" | "settings")),
                _ => false,
            };
            may_be && !loopback::tells_reach(&heading) && are_conditions(body.column(*index))
        });
        if let Some(index) = found
            && let Some(meaning) = self.meanings.get_mut(index)
        {
            *meaning = Some(Column::Condition);
            let heading = head.cells.get(index).cloned().unwrap_or_default();
            self.doubts.push((
                heading,
                "was taken for when the rows hold, since its cells name states of the deployment; check it",
            ));
        }
    }
}

/// Whether at least half of the cells name a state, and the others may.
fn are_conditions(cells: impl Iterator<Item: AsRef<str>>) -> bool {
    let (mut n_states, mut n_others) = (0_usize, 0_usize);
    for cell in cells {
        let lower = cell.as_ref().to_lowercase();
        let words: Vec<&str> = lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .collect();
        let has = |list: &[&str]| words.iter().any(|word| list.contains(word));
        if words.is_empty() || matches!(words.as_slice(), ["all" | "any" | "always" | "default"]) {
            continue;
        }
        // From where something is reached is no state of the deployment.
        if MOST_WORDS < words.len() || loopback::is_only_own(cell.as_ref()) {
            return false;
        }
        let names_state = words.last().is_some_and(|last| {
            matches!(
                *last,
                "enabled" | "disabled" | "activated" | "deactivated" | "mode" | "only"
            )
        }) || has(&["enabled", "disabled", "if", "when", "unless"]);
        if names_state {
            n_states += 1;
        } else if has(&["with", "without", "using", "on", "in", "for"]) {
            n_others += 1;
        } else {
            return false;
        }
    }
    0 < n_states && n_others <= n_states
}

/// A longer text tells more than a state.
const MOST_WORDS: usize = 12;

#[cfg(test)]
mod tests {
    use super::are_conditions;

    #[test]
    fn cells_that_are_conditions() {
        let check = |cells: &[&str], expected: bool| {
            assert_eq!(are_conditions(cells.iter().copied()), expected, "{cells:?}");
        };
        check(
            &[
                "Mesh with VXLAN enabled",
                "Mesh with BGP enabled",
                "Mesh with encryption",
                "All",
            ],
            true,
        );
        check(&["Single node mode", "Cluster mode"], true);
        check(&["LDAP with TLS", "HTTP with TLS"], false);
        check(&["Core", "Mesh with VXLAN enabled"], false);
        check(&["All", "Any"], false);
    }
}
