//! What a fleet's report says in forms of a host's report, and when it is explained.

use super::{ASKED, GAVE, GOT, NOW, Scene, Seen};
use crate::{
    fleet::{
        explain, judged_as_one,
        schema::{CourseKind, FleetReport},
        text::side,
    },
    report::{FORMS, Look, Report, schema::Severity},
};

/// The user asks the web server, which never hears it, and has a service that nobody documents; the store is silent.
fn reports() -> (FleetReport, Report) {
    let unknown = |seen: Seen| Seen {
        text: "10.0.0.1 10.0.0.2 tcp 22",
        ..seen
    };
    let scene = Scene::new()
        .sees("user", &ASKED)
        .sees("user", &unknown(GOT))
        .sees("web", &unknown(GAVE))
        .spoke("store", NOW - 100);
    let policy = scene.policy();
    let verdict = scene.overview().judge(&policy);
    let (report, judged) = FleetReport::new(&scene.0, verdict, policy, Vec::new());
    let as_one = judged_as_one(&judged, &report);
    (report, as_one)
}

#[test]
fn forms_that_others_read_say_what_the_fleet_says() {
    let (_, as_one) = reports();
    for (name, expected) in [
        (
            "csv",
            vec!["user asked, and web never received it", "tcp,22"],
        ),
        (
            "markdown",
            vec![
                "user asked, and web never received it",
                "host store: silent since",
            ],
        ),
        (
            "junit",
            vec![
                "host store: silent since",
                "user asked, and web never received it",
            ],
        ),
        (
            "sarif",
            vec!["user asked, and web never received it", "10.0.0.1"],
        ),
        ("ocsf", vec!["user asked, and web never received it"]),
    ] {
        let form = FORMS.iter().find(|form| form.name == name).unwrap();
        let text = form.render(&as_one, Look::default()).unwrap();
        for expected in expected {
            assert!(text.contains(expected), "{name}: {expected}: {text}");
        }
    }
}

#[track_caller]
fn check(what: &str, expected: &[&str]) {
    let (report, _) = reports();
    let parts = explain(&report, what);
    assert_eq!(parts.len(), 1, "{parts:#?}");
    let text = parts[0].join("\n");
    for expected in expected {
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[test]
fn what_is_meant_is_explained() {
    check(
        "web",
        &["the host: web (10.0.0.2), no role", "heard: speaking"],
    );
    check(
        "10.0.0.1 -> 10.0.0.2 tcp/22",
        &[
            "seen: 10.0.0.1 user (user) -> 10.0.0.2 web (web) tcp/22, 1 conversation",
            "what came of it: asked and answered",
            "verdict: unexpected flow, violation",
        ],
    );
    check(
        "name",
        &["the rule: user -> web udp/53 (name)", "verdict: missing"],
    );
    check(
        "5432",
        &[
            "the rule: web -> store tcp/5432 (store)",
            "may have missed it: 1 host: store",
            "verdict: unassessed",
        ],
    );
    check(
        "tcp/80",
        &[
            "not answered: 1 conversation, as 10.0.0.1 -> 10.0.0.2",
            "user asked, and web never received it",
            "what to do: see what is between the two hosts on the way there",
        ],
    );
    check(
        "store",
        &[
            "the host: store",
            "remark: silent since",
            "what it may have missed: 1 rule: store",
        ],
    );
    assert!(explain(&reports().0, "nothing").is_empty());
}

#[test]
fn what_the_fuzzer_begins_with_is_understood() {
    let seed = include_bytes!("../../../../fuzz/seeds/message/pair.jsonl");
    let (report, _) = crate::fuzz::messages(seed).unwrap();
    assert_eq!(report.summary.hosts, 2);
    assert_eq!(report.findings.len(), 1, "{report:#?}");
    assert_eq!(report.findings[0].course.kind, CourseKind::Answered);
}

/// A host that is silent published before, so that nobody has its address would be wrong.
#[test]
fn an_address_of_a_silent_host_is_watched_by_nobody_now() {
    let (report, _) = reports();
    let text = report.text(Look::default());
    let expected = "unwatched  10.0.0.3 of store: no host that has it says now what it sees";
    assert!(text.contains(expected), "{text}");
}

/// On a phone a row is a card, whose cells say what they are.
#[test]
fn tables_of_the_page_become_cards() {
    let (report, _) = reports();
    let page = report.html().unwrap();
    for (id, names) in [
        (
            "hosts",
            ["Addresses", "Roles", "Flows", "Last heard", "Remarks"].as_slice(),
        ),
        (
            "rules",
            &["Rule", "Why", "Seen by", "Not on", "Not known of"],
        ),
    ] {
        let section = format!("<section id=\"{id}\" class=\"table\">");
        let (_, rest) = page.split_once(&section).unwrap();
        let (section, _) = rest.split_once("</section>").unwrap();
        let n_rows = section.matches("<tr>").count() - 1;
        assert!(0 < n_rows, "{section}");
        for name in names {
            let n_cells = section.matches(&format!("data-name=\"{name}\"")).count();
            assert_eq!(n_cells, n_rows, "{name}: {section}");
        }
    }
}

/// However many addresses and findings there are, a phone can show the page.
#[test]
fn a_page_of_many_findings_is_no_longer_than_people_read() {
    let (mut report, _) = reports();
    let finding = report.findings[0].clone();
    report.findings = vec![finding; 150];
    let address = |n: u8| std::net::IpAddr::from([10, 0, 9, n]);
    report.hosts[0].addresses = (1..=50).map(address).collect();
    let page = report.html().unwrap();
    assert_eq!(page.matches("<article").count(), 100);
    assert!(page.contains(" more: <code>auditor fleet report</code>"));
    assert!(page.contains("<summary>and 44 more</summary>"));
    // Moments and addresses are whole.
    let moment = format!("{:.0}", report.window.end);
    let shown = moment.replace('T', " ").replace('Z', " UTC");
    assert!(page.contains(&format!("<time datetime=\"{moment}\">{shown}</time>")));
    assert!(page.contains("<span class=\"whole\">10.0.9.50</span>"));
}

/// A role's hosts that publish may be fewer than its addresses that were seen.
#[test]
fn addresses_are_counted_by_what_they_are_part_of() {
    let (report, _) = reports();
    let mut one = report.findings[0].client.clone();
    one.n_addresses = 3;
    one.of_hosts = Some(5);
    one.roles = vec!["web".to_owned()];
    assert_eq!(side(&one), "3 of 5 web");
    one.of_hosts = Some(1);
    let first = one.addresses[0];
    assert_eq!(side(&one), format!("3 addresses such as {first} (web)"));
}

/// Rules of which the same is said are one finding.
#[test]
fn rules_that_are_alike_are_one() {
    let (mut report, _) = reports();
    let mut rule = report.rules[0].clone();
    rule.severity = Severity::Warning;
    rule.courses.clear();
    report.rules = (0..5)
        .map(|n| {
            let mut one = rule.clone();
            one.ports = (9000 + n).to_string();
            one
        })
        .collect();
    let between = format!("{} rules: 5 of ", rule.verdict.name());
    let text = report.text(Look::default());
    assert!(
        text.contains(&between) && text.contains("tcp/9004"),
        "{text}"
    );
    let page = report.html().unwrap();
    assert!(page.contains("<summary>5 rules</summary>"));
}
