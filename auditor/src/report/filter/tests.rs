use super::{
    super::{
        Report,
        schema::FlowVerdict,
        tests::{report, report_of},
    },
    Filter, Sort,
};

fn ports(report: &Report) -> Vec<u16> {
    report.flows.iter().map(|flow| flow.port).collect()
}

fn by(set: impl Fn(&mut Filter)) -> Report {
    let mut filter = Filter::default();
    set(&mut filter);
    report_of(&["10.0.9.1", "10.0.9.2"], usize::MAX).part(&filter)
}

#[test]
fn a_part_says_that_it_is_one() {
    assert_eq!(report().part(&Filter::default()), report());
    let part = by(|filter| filter.client = Some("192.0.2.1".parse().unwrap()));
    assert_eq!(ports(&part), [22]);
    let shown = part.shown.as_ref().unwrap();
    assert_eq!(shown.asked_for, "only client 192.0.2.1");
    assert_eq!((shown.flows, shown.of_flows), (1, 4));
    // What it sums up is of the whole.
    assert_eq!(
        part.summary,
        report_of(&["10.0.9.1", "10.0.9.2"], 99).summary
    );
}

#[test]
fn each_kind_of_what_is_asked_for() {
    assert_eq!(
        by(|filter| filter.client = Some("10.0.9.0/24".parse().unwrap()))
            .flows
            .len(),
        3
    );
    assert_eq!(
        by(|filter| filter.client = Some("USER".parse().unwrap()))
            .flows
            .len(),
        3
    );
    assert_eq!(
        ports(&by(|filter| filter.ports = Some("20-30".parse().unwrap()))),
        [22]
    );
    let web = by(|filter| filter.ports = Some("tcp/443".parse().unwrap()));
    assert_eq!(ports(&web), [443; 3]);
    assert_eq!(web.rules.len(), 1);
    assert_eq!(
        ports(&by(|filter| filter.ports = Some("udp/443".parse().unwrap()))),
        [0_u16; 0]
    );
    let unexpected = by(|filter| filter.verdict = Some("unexpected".parse().unwrap()));
    assert_eq!(ports(&unexpected), [22]);
    assert_eq!(unexpected.flows[0].verdict, FlowVerdict::Unexpected);
    let role = by(|filter| filter.role = Some("relay".to_owned()));
    assert_eq!((role.flows.len(), role.rules.len()), (0, 1));
    assert_eq!(role.rules[0].id, "mail");
    // Whose flows these are that somebody asks for by an address.
    let rules = by(|filter| filter.client = Some("10.0.9.2".parse().unwrap())).rules;
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].flows.len(), 1);
}

#[test]
fn the_first_in_an_order() {
    let part = by(|filter| {
        filter.sort = Some(Sort::Port);
        filter.top = Some(2);
    });
    assert_eq!(ports(&part), [22, 443]);
    assert_eq!(part.rules.len(), 2);
    // Places point to what is listed.
    for rule in &part.rules {
        assert!(rule.flows.iter().all(|at| *at < part.flows.len()));
    }
}

#[test]
fn what_is_wrong_says_what_was_expected() {
    for (text, said) in [
        ("quic/443", "`quic` is no transport"),
        ("web", "`web` is not a port"),
    ] {
        let error = text.parse::<super::PortFilter>().unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
    assert!("bad".parse::<super::VerdictFilter>().is_err());
}
