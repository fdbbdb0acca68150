//! Why a report can't say that all is well, where it found no violation.

use super::schema::{GapReason, Outcome, Reason, Report};

/// What keeps a report from being an answer, a sentence each; none where nothing does. A fleet's report says of each host what it
/// may have missed.
pub fn because(report: &Report) -> Vec<String> {
    if report.is_of_fleet {
        return Vec::new();
    }
    let mut reasons = report.policy_problems.clone();
    let unjudged = report.flows.iter().filter(|flow| {
        flow.reason == Some(Reason::Unresolved) && flow.outcome == Outcome::Established
    });
    match unjudged.count() {
        0 => {}
        n => reasons.push(format!(
            "whether a rule allows it is not known of {n} of the flows that were answered: a role has no address"
        )),
    }
    let is_blind = |reason: GapReason| {
        matches!(
            reason,
            GapReason::InterfaceLost
                | GapReason::InterfaceRefused
                | GapReason::Detached
                | GapReason::Blind
                | GapReason::NothingToWatch
        )
    };
    let gaps = report.gaps.iter().filter(|gap| is_blind(gap.reason));
    reasons.extend(gaps.map(|gap| gap.text.clone()));
    if report.window.seconds <= 0.0 {
        reasons.push("nothing was watched for any time".to_owned());
    }
    reasons
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Look, Report, form::FORMS, tests::report},
        because,
    };

    fn rendered(report: &Report, form: &str) -> String {
        let form = FORMS.iter().find(|one| one.name == form).unwrap();
        form.render(report, Look::default()).unwrap()
    }

    #[test]
    fn forms_say_that_a_report_is_no_answer() {
        let mut whole = report();
        whole.policy_problems.clear();
        assert_eq!(because(&whole), Vec::<String>::new());
        let sarif = rendered(&whole, "sarif");
        assert!(sarif.contains("\"executionSuccessful\": true"), "{sarif}");
        assert!(!rendered(&whole, "junit").contains("<error"));
        let mut wrong = whole.clone();
        wrong.policy_problems = vec!["role `web` is not under [roles]".to_owned()];
        let mut instant = whole.clone();
        instant.window.seconds = 0.0;
        for (report, said) in [(wrong, "role `web`"), (instant, "nothing was watched")] {
            let sarif = rendered(&report, "sarif");
            assert!(sarif.contains("\"executionSuccessful\": false"), "{sarif}");
            assert!(sarif.contains(said), "{sarif}");
            let junit = rendered(&report, "junit");
            assert!(junit.contains("errors=\"1\""), "{junit}");
            let error = junit.lines().find(|line| line.contains("<error "));
            assert!(error.is_some_and(|line| line.contains(said)), "{junit}");
        }
    }
}
