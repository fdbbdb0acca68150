//! Merges a reviewed matrix with a new import of its page into one matrix and a list of changes.
//!
//! A matrix records what the import wrote: the id of every rule and a digest of its content. So an edit made by hand is not
//! taken for a change of the page, nor a rule that was removed by hand for one that the page has added.

mod change;
mod predecessor;

use std::collections::{BTreeMap, BTreeSet};

pub use self::change::{Change, Field};
use self::{change::fields, predecessor::predecessors};
use super::{
    rule::{Matrix, Rule},
    source::sources,
};

/// What a page's update does to a matrix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Comparison {
    /// The page's rules with the edits that people made by hand, and the rules that they added.
    pub matrix: Matrix,
    pub changes: Vec<Change>,
}

/// Compares a reviewed matrix with a new import of its page.
pub fn compare(reviewed: &Matrix, page: &Matrix) -> Comparison {
    let mut comparison = Comparison {
        matrix: Matrix {
            name: reviewed.name.clone(),
            version: page.version.clone().or_else(|| reviewed.version.clone()),
            sources: sources(&reviewed.sources, &page.sources),
            rules: Vec::new(),
            imported: BTreeMap::new(),
        },
        changes: Vec::new(),
    };
    let mut predecessors = predecessors(reviewed, page);
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let by_id: BTreeMap<&str, &Rule> = reviewed
        .rules
        .iter()
        .map(|rule| (rule.id.as_str(), rule))
        .collect();
    let reserved: BTreeSet<String> = predecessors.values().cloned().collect();
    for rule in &page.rules {
        let predecessor = predecessors.remove(&rule.id);
        let mut id = predecessor.clone().unwrap_or_else(|| rule.id.clone());
        // The id of a new rule may belong to an older rule already.
        while !taken.insert(id.clone()) || predecessor.is_none() && reserved.contains(&id) {
            id.push_str("-2");
        }
        comparison.matrix.imported.insert(id.clone(), rule.digest());
        let rule = Rule {
            id: id.clone(),
            ..rule.clone()
        };
        match (by_id.get(id.as_str()), reviewed.imported.get(&id)) {
            (Some(old), imported) => {
                let (rule, change) = merge(old, rule, imported);
                comparison.matrix.rules.push(rule);
                comparison.changes.extend(change);
            }
            (None, Some(_)) => comparison.changes.push(Change::LeftOut { id }),
            (None, None) => {
                comparison.matrix.rules.push(rule.clone());
                comparison.changes.push(Change::Added(rule));
            }
        }
    }
    for rule in &reviewed.rules {
        if taken.contains(&rule.id) {
            continue;
        }
        // A rule that the import never wrote was added by hand. Without a record of the import, every rule counts as the
        // page's.
        let is_own = !reviewed.imported.is_empty() && !reviewed.imported.contains_key(&rule.id);
        if is_own {
            comparison.matrix.rules.push(rule.clone());
            comparison.changes.push(Change::Kept {
                id: rule.id.clone(),
            });
        } else {
            comparison.changes.push(Change::Removed(rule.clone()));
        }
    }
    comparison
}

/// The merged rule, and the change to report.
fn merge(old: &Rule, page: Rule, imported: Option<&String>) -> (Rule, Option<Change>) {
    let id = old.id.clone();
    let page = Rule {
        within: old.within,
        ..page
    };
    let is_edited = imported.is_some_and(|imported| *imported != old.digest());
    let has_changed = imported.map_or_else(
        || page.digest() != old.digest(),
        |was| *was != page.digest(),
    );
    match (is_edited, has_changed) {
        (false, false) => (page, None),
        (true, false) => {
            let rule = Rule {
                origin: page.origin,
                ..old.clone()
            };
            (rule, Some(Change::Kept { id }))
        }
        (false, true) => {
            let fields = fields(old, &page);
            (page, Some(Change::Changed { id, fields }))
        }
        (true, true) => {
            let fields = fields(old, &page);
            let rule = Rule {
                origin: page.origin,
                ..old.clone()
            };
            (rule, Some(Change::Conflict { id, fields }))
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        document::{self, Format},
        matrix::{Comparison, Matrix, Presence, compare, derive},
    };

    fn imported(rows: &[&str]) -> Matrix {
        let page = format!(
            "| Port | Use | Source | Destination | Required? |\n|--|--|--|--|--|\n{}",
            rows.join("\n")
        );
        let document = document::read("page.md", page.as_bytes(), Format::Markdown);
        derive(&[document], "Page").matrix
    }

    fn changes(comparison: &Comparison) -> Vec<String> {
        comparison.changes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_same_page_changes_nothing() {
        let matrix = imported(&["| 80 | Web | a | b | |", "| 81 | Web | c | b | |"]);
        let comparison = compare(&matrix, &matrix);
        assert_eq!(changes(&comparison), Vec::<String>::new());
        assert_eq!(comparison.matrix, matrix);
    }

    #[test]
    fn what_the_page_changes() {
        let before = imported(&[
            "| 80 | Web | a | b | |",
            "| 22 | Ssh | a | b | |",
            "| 9 | Old | a | b | |",
        ]);
        let now = imported(&[
            "| 80 | Web | a | b | Yes | ",
            "| 2222 | Ssh | a | b | |",
            "| 53 | Dns | a | b | |",
        ]);
        let comparison = compare(&before, &now);
        assert_eq!(
            changes(&comparison),
            [
                "changed   b-web-80-tcp: presence `expected` -> `required`",
                "changed   b-ssh-22-tcp: ports `22` -> `2222`",
                "added     b-dns-53-tcp: a -> b tcp 53",
                "added     b-dns-53-udp: a -> b udp 53",
                "removed   b-old-9-tcp: a -> b tcp 9",
            ]
        );
    }

    #[test]
    fn edits_stay() {
        let page = imported(&[
            "| 80 | Web | a | b | |",
            "| 22 | Ssh | a | b | |",
            "| 9 | Old | a | b | |",
        ]);
        let mut reviewed = page.clone();
        reviewed.rules[0].presence = Presence::Optional;
        reviewed.rules[1].presence = Presence::Optional;
        reviewed.rules.remove(2);
        let mut own = reviewed.rules[0].clone();
        own.id = "mine".to_owned();
        own.presence = Presence::Forbidden;
        reviewed.rules.push(own);
        let now = imported(&[
            "| 80 | Web | a | b | |",
            "| 22 | Ssh | a | b | Yes |",
            "| 9 | Old | a | b | |",
        ]);
        let comparison = compare(&reviewed, &now);
        assert_eq!(
            changes(&comparison),
            [
                "kept      b-web-80-tcp: edited or added by hand",
                "conflict  b-ssh-22-tcp: edited by hand, and the page has changed; kept as edited; the page differs in presence `optional` -> `required`",
                "left out  b-old-9-tcp: taken out by hand before",
                "kept      mine: edited or added by hand",
            ]
        );
        assert_eq!(comparison.matrix.rules, reviewed.rules);
        // The next import reports the same edits, and no change of the page any more.
        let again = compare(&comparison.matrix, &now);
        assert!(
            changes(&again)
                .iter()
                .all(|change| !change.starts_with("conflict"))
        );
        assert_eq!(again.matrix, comparison.matrix);
    }

    #[test]
    fn a_new_neighbour_renames_nothing() {
        let before = imported(&["| 80 | Web | a | b | |"]);
        let now = imported(&["| 80 | Web | a | b | |", "| 80 | Web | c | b | |"]);
        let comparison = compare(&before, &now);
        assert_eq!(comparison.matrix.rules[0].id, before.rules[0].id);
        assert_eq!(
            changes(&comparison),
            ["added     c-to-b-web-80-tcp: c -> b tcp 80"]
        );
    }
}
