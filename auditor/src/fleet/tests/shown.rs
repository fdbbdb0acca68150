//! What a fleet's report says in forms of a host's report, and when it is explained.

use super::{ASKED, GAVE, GOT, NOW, Scene, Seen};
use crate::{
    fleet::{
        explain, judged_as_one,
        schema::{CourseKind, FleetReport},
    },
    report::{FORMS, Look, Report},
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
