//! Flows that prove nothing, gathered into one finding: whoever makes up thousands of them gets one event, and no more.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    event::{Finding, FlowSubject, Subject},
    rank::{Rank, Ranked},
};

/// With more findings than this on flows that prove nothing, those that were not told yet are one finding together: also where
/// they come a few in each turn.
const MOST_UNPROVEN: usize = 20;

/// Makes one finding of all those on flows that prove nothing and were not told one by one, if they are many.
pub(super) fn gather(findings: &mut BTreeMap<Subject, Ranked>, is_told: impl Fn(&Subject) -> bool) {
    let is_new =
        |subject: &Subject, found: &Ranked| found.rank == Rank::Unproven && !is_told(subject);
    let is_unproven = |found: &&Ranked| found.rank == Rank::Unproven;
    if findings.values().filter(is_unproven).count() <= MOST_UNPROVEN {
        return;
    }
    let gathered: BTreeMap<Subject, Ranked> = findings
        .extract_if(.., |subject, found| is_new(subject, found))
        .collect();
    let Some((first, gravest)) = gathered
        .iter()
        .max_by_key(|(_, found)| found.finding.severity)
    else {
        return;
    };
    let flows = || gathered.keys().filter_map(Subject::flow);
    let clients: BTreeSet<_> = flows().map(FlowSubject::client).collect();
    let services: BTreeSet<_> = flows()
        .map(|flow| (flow.server(), flow.service()))
        .collect();
    let finding = Finding {
        verdict: gravest.finding.verdict,
        severity: gravest.finding.severity,
        text: format!(
            "{} flows, such as {}, from {} addresses to {} ports: anybody can send all that was seen of them, from any address; the report has each",
            gathered.len(),
            first.key(),
            clients.len(),
            services.len()
        ),
    };
    let rank = Rank::Unproven;
    findings.insert(Subject::Unproven, Ranked { rank, finding });
}
