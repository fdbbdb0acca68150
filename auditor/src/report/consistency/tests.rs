use super::{
    super::{
        Report,
        judged::ListingBounds,
        schema::{Control, Exception, FlowVerdict},
        tests::{judged, report, report_of, reported},
    },
    check,
};

#[test]
fn a_summary_is_that_of_what_is_listed() {
    let clients: Vec<String> = (1..=9).map(|host| format!("10.0.9.{host}")).collect();
    let clients: Vec<&str> = clients.iter().map(String::as_str).collect();
    for most in [0, 1, 3, usize::MAX] {
        assert_eq!(check(&report_of(&clients, most)), Ok(()));
    }
    let alike = reported(&mut many());
    assert_eq!(alike.patterns.len(), 1);
    assert_eq!(check(&alike), Ok(()));
    assert_eq!(check(&alike.one_by_one()), Ok(()));
    // What was turned within its pattern, taken out of it or put into it.
    let altered = |alter: fn(&mut Report)| {
        let mut report = reported(&mut many());
        assert_eq!(check(&report), Ok(()));
        alter(&mut report);
        check(&report).unwrap_err().to_string()
    };
    let said = altered(|report| report.flows[1].verdict = FlowVerdict::Documented);
    assert!(said.contains("flow 1 is none of pattern 0"), "{said}");
    let said = altered(|report| {
        report.patterns[0].listed.pop();
    });
    assert!(said.contains("is none of pattern 0"), "{said}");
    let said = altered(|report| report.flows[0].pattern = Some(7));
    assert!(said.contains("flow 0 is none of pattern 7"), "{said}");
    let wrong = |alter: fn(&mut Report)| {
        let mut report = report();
        alter(&mut report);
        check(&report).unwrap_err().to_string()
    };
    let said = wrong(|report| report.summary.violations = 40);
    assert!(said.contains("says 40 violations, and it lists "), "{said}");
    let said = wrong(|report| {
        report.flows.pop();
    });
    assert!(said.contains("it contradicts itself"), "{said}");
    let said = wrong(|report| {
        report.summary.rules.insert("observed".to_owned(), 40);
    });
    assert!(said.contains("says 40 rules observed"), "{said}");
}

#[test]
fn exceptions_and_controls_have_what_is_listed_of_them() {
    let basis = |report: &mut Report, flows| {
        let exception = Exception {
            traffic: "any -> any tcp/1".to_owned(),
            reason: "known".to_owned(),
            owner: None,
            until: None,
            flows,
        };
        let basis = report.basis.get_or_insert_default();
        basis.exceptions.push(exception);
    };
    let mut fine = report();
    basis(&mut fine, 0);
    fine.controls.push(Control::none("PCI"));
    assert_eq!(check(&fine), Ok(()));
    let mut more = report();
    basis(&mut more, 99);
    let said = check(&more).unwrap_err().to_string();
    assert!(
        said.contains("exception `known` says 99 flows, and it lists 0"),
        "{said}"
    );
    let mut more = fine.clone();
    more.controls[0].documented = 3;
    let said = check(&more).unwrap_err().to_string();
    assert!(
        said.contains("control `PCI` says 3 as documented"),
        "{said}"
    );
    let mut less = fine;
    less.rules[0].controls.push("PCI".to_owned());
    assert!(check(&less).is_err());
}

/// What is alike, and listed in part.
fn many() -> super::super::judged::Judged {
    let mut alike = judged(Vec::new(), usize::MAX);
    let flow = alike.observed.flows[1].clone();
    alike.observed.flows = (1..50).map(|port| observed(&flow, port)).collect();
    alike.bounds = ListingBounds {
        most_alike: 3,
        ..ListingBounds::NONE
    };
    alike
}

fn observed(flow: &crate::observed::Flow, port: u16) -> crate::observed::Flow {
    let mut flow = flow.clone();
    flow.port = port;
    flow
}
