//! Columns that say from where a port is reached, and columns that allow it here and not there.

use super::{derived, rules, tables::check};
use crate::matrix::rule::Presence;

#[test]
fn from_inside_and_from_outside() {
    for (inside, outside) in [
        ("Internal Access", "External Access"),
        ("Internal", "External"),
        ("Internally accessible?", "Externally accessible?"),
    ] {
        let page = format!(
            "# Ports\n\n| Process | Port | {inside} | {outside} |\n|--|--|--|--|\n\
             | Ledger | 7001 | yes | no |\n| Orders Gate | 7002 | no | yes |\n| Till Cache | 7003 | yes | yes |\n"
        );
        let found = rules(&derived(&page)).join("\n");
        assert!(!found.contains("forbidden"), "{found}");
        check(
            &derived(&page),
            &[
                "External -> Orders Gate tcp/7002",
                "External -> Till Cache tcp/7003",
                "Internal -> Ledger tcp/7001",
                "Internal -> Till Cache tcp/7003",
            ],
        );
    }
}

#[test]
fn allowed_here_and_not_there() {
    let forbidden = |cells: &str| {
        let page = format!(
            "# Ports\n\n| Service | Port | Allow on one host? | Allow on many hosts? |\n|--|--|--|--|\n{cells}\n"
        );
        let found = rules(&derived(&page)).join("\n");
        found.contains("forbidden")
    };
    assert!(!forbidden("| Ledger | 7001 | no | yes |"));
    assert!(!forbidden("| Ledger | 7001 | no | depends |"));
    assert!(forbidden("| Ledger | 7001 | no | no |"));
}

#[test]
fn columns_that_allow_and_deny() {
    let page = "# Ports\n\n| From | To | Port | Allowed | Denied |\n|--|--|--|--|--|\n| Tills | Store | 7001/tcp | no | yes |\n| Tills | Store | 7002/tcp | yes | no |\n";
    let derived = derived(page);
    let found: Vec<(&str, Presence)> = derived
        .matrix
        .rules
        .iter()
        .map(|rule| (rule.id.as_str(), rule.presence))
        .collect();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(
        found[0].0.contains("7001") && found[0].1 == Presence::Forbidden,
        "{found:?}"
    );
    assert!(found[1].1 != Presence::Forbidden, "{found:?}");
    assert!(
        !derived
            .problems
            .iter()
            .any(|problem| problem.message.contains("allowed everywhere")),
        "{:?}",
        derived.problems
    );
}
