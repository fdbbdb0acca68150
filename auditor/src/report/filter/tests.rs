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
    let role = by(|filter| filter.role = Some("relay".parse().unwrap()));
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
        let error = text
            .parse::<super::Choice<super::PortFilter>>()
            .unwrap_err()
            .to_string();
        assert!(error.contains(said), "{error}");
    }
    assert!(
        "bad"
            .parse::<super::Choice<super::VerdictFilter>>()
            .is_err()
    );
}

#[test]
fn lists_and_what_is_not_wanted() {
    let flows = |set: &dyn Fn(&mut Filter)| ports(&by(set));
    let of_ports = |text: &str| flows(&|filter| filter.ports = Some(text.parse().unwrap()));
    for (text, expected) in [
        ("20-30,443", vec![22, 443, 443, 443]),
        ("!443", vec![22]),
        ("!20-30,tcp/443", vec![]),
        // The transport holds until the next one.
        ("udp/22,443,tcp/443", vec![443, 443, 443]),
        ("udp/22,443", vec![]),
        ("!udp/1", vec![22, 443, 443, 443]),
    ] {
        let mut found = of_ports(text);
        found.sort_unstable();
        assert_eq!(found, expected, "{text}");
    }
    let of_client = |text: &str| flows(&|filter| filter.client = Some(text.parse().unwrap()));
    assert_eq!(of_client("!10.0.9.0/24"), [22]);
    assert_eq!(of_client("!user"), [22]);
    assert_eq!(of_client("no-role"), [22]);
    assert_eq!(of_client("!no-role"), [443; 3]);
    assert_eq!(of_client("192.0.2.1,10.0.9.1").len(), 2);
    let of_role = |text: &str| flows(&|filter| filter.role = Some(text.parse().unwrap()));
    assert_eq!(of_role("no-role"), [22]);
    assert_eq!(of_role("!user"), [22]);
    let of_verdict = |text: &str| flows(&|filter| filter.verdict = Some(text.parse().unwrap()));
    assert_eq!(of_verdict("!documented"), [22]);
    assert_eq!(of_verdict("unexpected,documented").len(), 4);
    assert_eq!(of_verdict("!fine"), [22]);
}

#[test]
fn what_is_not_wanted_of_rules() {
    let ids = |set: &dyn Fn(&mut Filter)| -> Vec<String> {
        by(set).rules.into_iter().map(|rule| rule.id).collect()
    };
    let all = ids(&|_| {});
    let without =
        |gone: &str| -> Vec<String> { all.iter().filter(|id| *id != gone).cloned().collect() };
    assert!(all.iter().any(|id| id == "mail"), "{all:?}");
    assert_eq!(
        ids(&|filter| filter.role = Some("!relay".parse().unwrap())),
        without("mail")
    );
    assert_eq!(
        ids(&|filter| filter.ports = Some("!443".parse().unwrap())),
        without("web")
    );
    // That a client has no role says nothing of rules without flows.
    assert_eq!(
        ids(&|filter| filter.client = Some("no-role".parse().unwrap())),
        [""; 0]
    );
    let said = by(|filter| filter.client = Some("!user,no-role".parse().unwrap()));
    let said = said.shown.unwrap().asked_for;
    assert_eq!(said, "only client not user or in no role");
}
