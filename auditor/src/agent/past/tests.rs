use jiff::SignedDuration;

use super::{Past, Span};
use crate::{
    history::{
        History,
        sample::{at, flow},
    },
    observed::{Cause, Observed},
    report::{schema, tests::report},
};

/// Watched from 0 to 100 s and from 200 to 1000 s; flows by their port: when they were seen first and last.
const FLOWS: [(u16, i64, i64); 4] = [(1, 0, 50), (2, 0, 900), (3, 300, 400), (4, 850, 950)];

fn past() -> Past {
    let mut history = History::default();
    history.begin(at(0));
    history.update(Vec::new(), at(100));
    history.begin(at(200));
    let flows = FLOWS.map(|(port, first, last)| {
        let mut flow = flow(port, [3, 3], last);
        flow.first = at(first);
        flow
    });
    history.update(flows.into(), at(1000));
    Past {
        history,
        latest: report(),
    }
}

fn ports(observed: &Observed) -> Vec<u16> {
    let mut ports: Vec<u16> = observed.flows.iter().map(|flow| flow.port).collect();
    ports.sort_unstable();
    ports
}

#[test]
fn all_that_is_remembered() {
    let observed = past().observed(Span::default()).unwrap();
    assert_eq!(ports(&observed), [1, 2, 3, 4]);
    assert_eq!(
        (observed.window.start, observed.window.end),
        (at(-1), at(1000))
    );
    // Nobody watched meanwhile.
    let [gap] = observed.gaps.as_slice() else {
        panic!("{:?}", observed.gaps)
    };
    assert_eq!(
        (&gap.cause, gap.from, gap.until),
        (&Cause::Unwatched, at(100), Some(at(200)))
    );
    assert_eq!(observed.host.addresses.len(), report().host.addresses.len());
}

#[test]
fn the_last_of_it() {
    let span = Span {
        last: Some(SignedDuration::from_secs(700)),
        ..Span::default()
    };
    let observed = past().observed(span).unwrap();
    assert_eq!(ports(&observed), [2, 3, 4]);
    assert!(observed.gaps.is_empty());
}

/// What came in the time of a flow that went on after it is not known, and nothing is made of it.
#[test]
fn a_time_that_is_over() {
    let span = Span {
        from: Some(at(250)),
        until: Some(at(500)),
        ..Span::default()
    };
    let observed = past().observed(span).unwrap();
    assert_eq!(ports(&observed), [3]);
    let [gap] = observed.gaps.as_slice() else {
        panic!("{:?}", observed.gaps)
    };
    let said = crate::report::gap_words(gap);
    assert!(said.contains("what came of 1 flows"), "{said}");
}

#[test]
fn a_time_in_which_nobody_watched() {
    for (from, until) in [(110, 190), (2000, 3000), (500, 400)] {
        let span = Span {
            from: Some(at(from)),
            until: Some(at(until)),
            ..Span::default()
        };
        let error = past().observed(span).unwrap_err().to_string();
        assert!(error.contains("nobody watched from"), "{error}");
    }
}

/// What leaves an interface may be unseen without its being the loopback, whose rules would then look missing.
#[test]
fn the_loopback_is_known_by_its_name() {
    for (name, egress, is_loopback) in [
        ("lo", None, true),
        ("eth0", Some(schema::Hook::Tc), false),
        ("eth0", None, false),
    ] {
        let interface = super::interface(&schema::Interface {
            name: name.to_owned(),
            ingress: schema::Hook::Tc,
            egress,
        });
        assert_eq!(interface.is_loopback, is_loopback, "{name} {egress:?}");
    }
}
