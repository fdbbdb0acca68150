//! Matches each rule of the page with the rule of the reviewed matrix that it continues.

use std::collections::{BTreeMap, BTreeSet};

use crate::matrix::rule::{Matrix, Rule};

/// Maps the ids of the page's rules to the ids of the reviewed rules that they continue.
pub(super) fn predecessors(reviewed: &Matrix, page: &Matrix) -> BTreeMap<String, String> {
    let known: BTreeSet<&String> = reviewed
        .imported
        .keys()
        .chain(reviewed.rules.iter().map(|rule| &rule.id))
        .collect();
    let mut predecessors: BTreeMap<String, String> = BTreeMap::new();
    let mut used: BTreeSet<String> = BTreeSet::new();
    // A rule with the same content is the same rule, even if a similar new rule has made its generated id longer.
    let mut by_digest: BTreeMap<String, String> = BTreeMap::new();
    for (id, digest) in &reviewed.imported {
        by_digest.insert(digest.clone(), id.clone());
    }
    for rule in &reviewed.rules {
        if !reviewed.imported.contains_key(&rule.id) {
            by_digest.insert(rule.digest(), rule.id.clone());
        }
    }
    for rule in &page.rules {
        if let Some(id) = by_digest.get(&rule.digest())
            && used.insert(id.clone())
        {
            predecessors.insert(rule.id.clone(), id.clone());
        }
    }
    for rule in &page.rules {
        if !predecessors.contains_key(&rule.id)
            && known.contains(&rule.id)
            && used.insert(rule.id.clone())
        {
            predecessors.insert(rule.id.clone(), rule.id.clone());
        }
    }
    // A rule of which only ports or transport changed, if exactly one unmatched rule on either side fits.
    let kin = |rule: &Rule| {
        (
            rule.client.clone(),
            rule.server.clone(),
            rule.service.clone(),
        )
    };
    let mut left: BTreeMap<_, Vec<&Rule>> = BTreeMap::new();
    for rule in reviewed
        .rules
        .iter()
        .filter(|rule| !used.contains(&rule.id))
    {
        left.entry(kin(rule)).or_default().push(rule);
    }
    let mut new: BTreeMap<_, Vec<&Rule>> = BTreeMap::new();
    for rule in page
        .rules
        .iter()
        .filter(|rule| !predecessors.contains_key(&rule.id))
    {
        new.entry(kin(rule)).or_default().push(rule);
    }
    for (kin, new) in new {
        if let ([new], Some([old])) = (new.as_slice(), left.get(&kin).map(Vec::as_slice)) {
            predecessors.insert(new.id.clone(), old.id.clone());
        }
    }
    predecessors
}
