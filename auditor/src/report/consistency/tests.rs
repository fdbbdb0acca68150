use super::{
    super::{
        Report,
        judged::ListingBounds,
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
    let mut alike = judged(Vec::new(), usize::MAX);
    let flow = alike.observed.flows[1].clone();
    alike.observed.flows = (1..50).map(|port| observed(&flow, port)).collect();
    alike.bounds = ListingBounds {
        most_alike: 3,
        ..ListingBounds::NONE
    };
    let alike = reported(&mut alike);
    assert_eq!(alike.patterns.len(), 1);
    assert_eq!(check(&alike), Ok(()));
    assert_eq!(check(&alike.one_by_one()), Ok(()));
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

fn observed(flow: &crate::observed::Flow, port: u16) -> crate::observed::Flow {
    let mut flow = flow.clone();
    flow.port = port;
    flow
}
