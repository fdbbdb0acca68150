use super::{
    super::{
        schema::{self, Flow, FlowVerdict, Outcome, Reason, Report},
        tests::report,
    },
    Change, Difference, Effect, Meaning, effect, effects, of_rule, summed_up,
};

#[test]
fn what_becomes_of_verdicts() {
    for (before, now, expected) in [
        (
            FlowVerdict::Documented,
            FlowVerdict::Unexpected,
            Effect::Undocumented,
        ),
        (
            FlowVerdict::Excepted,
            FlowVerdict::Forbidden,
            Effect::Undocumented,
        ),
        (
            FlowVerdict::Unexpected,
            FlowVerdict::Documented,
            Effect::Settled,
        ),
        (
            FlowVerdict::Unexpected,
            FlowVerdict::Forbidden,
            Effect::Other,
        ),
    ] {
        let [before, now] = [before, now].map(Meaning::from);
        assert_eq!(effect(before, now), expected);
    }
    let what = || "rule".to_owned();
    for (before, now, expected) in [
        ("observed", "missing", Effect::Missing),
        ("missing", "unanswered", Effect::Other),
        ("refused", "observed", Effect::Settled),
        ("observed", "off", Effect::Other),
    ] {
        let changed = Difference::Changed {
            what: what(),
            before: before.to_owned(),
            now: now.to_owned(),
        };
        assert_eq!(of_rule(&changed), expected, "{before} -> {now}");
    }
    let appeared = |now: &str| {
        of_rule(&Difference::Appeared {
            what: what(),
            now: now.to_owned(),
        })
    };
    assert_eq!(appeared("missing"), Effect::Missing);
    assert_eq!(appeared("observed"), Effect::Other);
    let gone = Difference::Gone {
        what: what(),
        before: "missing".to_owned(),
    };
    assert_eq!(of_rule(&gone), Effect::Settled);
}

/// A report on 600 who asked for one port; the verdict is by the number of who asks.
fn asked(verdict: impl Fn(u16) -> (FlowVerdict, Option<Reason>)) -> Report {
    let mut report = report();
    let template = report.flows[1].clone();
    report.flows = (0..600_u16)
        .map(|n| {
            let (verdict, reason) = verdict(n);
            Flow {
                client: std::net::Ipv4Addr::from_bits(0x0a63_0000 + u32::from(n)).into(),
                port: 5800,
                outcome: Outcome::Established,
                verdict,
                reason,
                // As each report has its own patterns.
                pattern: (verdict == FlowVerdict::Unexpected).then_some(0),
                ..template.clone()
            }
        })
        .collect();
    report.patterns = vec![schema::Pattern {
        flows: report
            .flows
            .iter()
            .filter(|flow| flow.pattern.is_some())
            .count(),
        ..super::super::tests::alike(&report, 0)
    }];
    report
}

fn told(changes: &[Change]) -> Vec<(Effect, usize)> {
    changes.iter().map(|one| (one.effect, one.n)).collect()
}

/// What is alike today and then does not tell what becomes of each flow: of 600 that are one finding, 400 may be allowed.
#[test]
fn flows_that_are_alike_are_counted_one_by_one_and_told_as_one() {
    let unexpected = |reason| (FlowVerdict::Unexpected, Some(reason));
    let today = asked(|_| unexpected(Reason::Peer));
    let then = asked(|n| {
        if n < 400 {
            (FlowVerdict::Documented, None)
        } else {
            unexpected(Reason::Peer)
        }
    });
    let changes = effects(&today, &then);
    assert_eq!(told(&changes), [(Effect::Settled, 400)], "{changes:?}");
    assert!(
        changes[0].text.contains("400 flows: 400 hosts asked")
            && changes[0]
                .text
                .contains("unexpected (peer), established -> documented"),
        "{changes:?}"
    );
    assert!(summed_up(&changes).contains(
        "0 flows become undocumented, 0 rules become missing, 400 findings are settled, 0 change"
    ));
    // And back: none of them is lost among the others.
    let back = effects(&then, &today);
    assert_eq!(told(&back), [(Effect::Undocumented, 400)], "{back:?}");
    // For another reason all are as unexpected as before.
    let otherwise = asked(|_| unexpected(Reason::Port));
    let changes = effects(&today, &otherwise);
    assert_eq!(told(&changes), [(Effect::Other, 600)], "{changes:?}");
    assert_eq!(effects(&today, &today), []);
}

/// A conversation that two interfaces saw is one.
#[test]
fn what_is_counted_elsewhere_is_no_change_of_its_own() {
    let [mut today, mut then] = [FlowVerdict::Unexpected, FlowVerdict::Documented]
        .map(|verdict| asked(|_| (verdict, None)));
    for report in [&mut today, &mut then] {
        report.flows.truncate(2);
        report.flows[1].client = report.flows[0].client;
        report.flows[1].interface = "bond0".to_owned();
        report.flows[1].counted_at = Some(0);
    }
    assert_eq!(told(&effects(&today, &then)), [(Effect::Settled, 1)]);
}
