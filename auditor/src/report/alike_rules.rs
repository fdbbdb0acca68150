//! Findings on rules that a reader would say one thing of, told as one: what `pattern.rs` does with those on flows.

use super::schema::{Report, Rule, Severity};

/// Fewer rules than this are told one by one.
const FEWEST: usize = 4;

/// The findings of a severity on rules, in order. Those that are alike are one, in the place of the first: they are between the
/// same roles, without any traffic, and the same is said of each.
pub(super) fn findings(report: &Report, severity: Severity) -> Vec<Vec<&Rule>> {
    let rules = report.rules.iter().filter(|rule| rule.severity == severity);
    alike(rules, are_alike)
}

/// Rules, in order; several that are alike are together in the place of the first.
pub fn alike<'a, T>(
    rules: impl Iterator<Item = &'a T>,
    are_alike: fn(&T, &T) -> bool,
) -> Vec<Vec<&'a T>> {
    let mut groups: Vec<Vec<&T>> = Vec::new();
    for rule in rules {
        let is_its = |group: &&mut Vec<&T>| group.first().is_some_and(|one| are_alike(one, rule));
        match groups.iter_mut().find(is_its) {
            Some(group) => group.push(rule),
            None => groups.push(vec![rule]),
        }
    }
    let mut told = Vec::new();
    for group in groups {
        if FEWEST <= group.len() {
            told.push(group);
        } else {
            told.extend(group.into_iter().map(|rule| vec![rule]));
        }
    }
    told
}

/// Whether nothing but what they are for tells two rules apart.
fn are_alike(one: &Rule, other: &Rule) -> bool {
    let is_bare = |rule: &Rule| rule.flows.is_empty() && rule.listeners.is_empty();
    is_bare(one)
        && is_bare(other)
        && one.verdict == other.verdict
        && one.client == other.client
        && one.server == other.server
        && one.controls == other.controls
        && one.explanation == other.explanation
}

#[cfg(test)]
mod tests {
    use super::{FEWEST, findings};
    use crate::report::{
        schema::{Report, Rule, RuleVerdict, Severity},
        tests::report,
        words,
    };

    /// A report with so many rules that are missing alike, and one more.
    fn missing(n: usize) -> Report {
        let mut report = report();
        let mut rule = report.rules.remove(0);
        rule.verdict = RuleVerdict::Missing;
        rule.severity = Severity::Note;
        rule.flows.clear();
        rule.listeners.clear();
        report.rules = (0..n)
            .map(|at| {
                let mut one = rule.clone();
                one.ports = (8000 + at).to_string();
                one
            })
            .collect();
        rule.server = vec!["elsewhere".to_owned()];
        report.rules.insert(1, rule);
        report
    }

    #[test]
    fn rules_of_which_the_same_is_said_are_one_finding() {
        let told = |n| -> Vec<Vec<String>> {
            let report = missing(n);
            let services = |rules: &Vec<&Rule>| -> Vec<String> {
                rules.iter().map(|rule| words::service(rule)).collect()
            };
            let findings = findings(&report, Severity::Note);
            findings.iter().map(services).collect()
        };
        let sizes = |n| -> Vec<usize> { told(n).iter().map(Vec::len).collect() };
        assert_eq!(sizes(FEWEST), [FEWEST, 1]);
        assert_eq!(sizes(FEWEST - 1), [1; FEWEST]);
        assert!(told(FEWEST)[0][3].starts_with("tcp/8003"));
        // What was asked, or has somebody who listens, is told by itself.
        let mut report = missing(FEWEST);
        report.rules[0].flows = vec![0];
        assert_eq!(findings(&report, Severity::Note).len(), FEWEST + 1);
        let text = crate::report::tests::text_of(&missing(FEWEST));
        assert!(
            text.contains("missing rules: 4 of user -> store\n      each: "),
            "{text}"
        );
        assert!(
            text.contains("\n      tcp/8003 (Web): rule web, from page.md:7\n"),
            "{text}"
        );
    }
}
