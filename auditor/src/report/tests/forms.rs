//! The other forms of a report, and the schema.

use super::*;
use crate::report::{
    csv::render as csv,
    html::render as html,
    junit,
    look::FailsOn,
    markdown::render as markdown,
    ocsf,
    sarif::render as sarif,
    schema::{
        Control, Count, Exception, FlowVerdict, Part, Pattern, PatternEnd, PatternKind, Process,
        Severity, Shown, json_schema,
    },
};

/// A report whose every text is an attack.
pub(super) fn hostile() -> Report {
    let attack = "</script><img src=x onerror=alert(1)>\u{1b}[31m|`=cmd()\"'&";
    let mut report = report();
    report.host.name = attack.to_owned();
    report.flows[1].explanation = attack.to_owned();
    report.flows[1].client_roles = vec![attack.to_owned()];
    report.flows[1].processes = vec![Process {
        part: Part::Server,
        pid: 7,
        name: attack.to_owned(),
        command: attack.to_owned(),
        unit: None,
        container: None,
        elsewhere: false,
    }];
    report.rules[0].explanation = attack.to_owned();
    report.rules[0].controls = vec![attack.to_owned()];
    report.flows[1].controls = vec![attack.to_owned()];
    report.controls.push(Control {
        id: attack.to_owned(),
        violations: 1,
        warnings: 0,
        notes: 0,
        documented: 0,
        accepted: 0,
        silent: 0,
    });
    report.rules[0].service = Some(attack.to_owned());
    report.rules[0].origin = Some(format!("{attack}:7"));
    report.matrices[0].path = attack.to_owned();
    let own = report.flows[0].server;
    let names = || vec![attack.to_owned()];
    report.patterns.push(Pattern {
        kind: PatternKind::Process,
        verdict: FlowVerdict::Unexpected,
        severity: Severity::Violation,
        reason: None,
        outcome: Outcome::Refused,
        client: Some(PatternEnd {
            address: own,
            roles: names(),
        }),
        clients: 1,
        network: None,
        server: None,
        servers: 9,
        services: names(),
        ports: 9,
        processes: names(),
        flows: 9,
        listed: vec![1],
        counted: Count::default(),
        first_seen: report.window.start,
        last_seen: report.window.end,
    });
    report.shown = Some(Shown {
        asked_for: attack.to_owned(),
        flows: 1,
        of_flows: 2,
        rules: 1,
        of_rules: 3,
    });
    if let Some(basis) = &mut report.basis {
        basis.exceptions.push(Exception {
            traffic: attack.to_owned(),
            reason: attack.to_owned(),
            owner: Some(attack.to_owned()),
            until: None,
            flows: 0,
        });
    }
    report
}

#[test]
fn as_csv() {
    insta::assert_snapshot!(csv(&report()));
}

#[test]
fn as_junit() {
    let report = report();
    insta::assert_snapshot!(junit::render(&report, FailsOn::Warning));
    // A file of which a pipeline makes a failure is one with an exit code that says so.
    let n_failures = |fails_on| {
        let text = junit::render(&report, fails_on);
        text.matches("<failure").count()
    };
    let summary = &report.summary;
    assert_eq!(n_failures(FailsOn::Violation), summary.violations);
    assert_eq!(
        n_failures(FailsOn::Warning),
        summary.violations + summary.warnings
    );
    assert_eq!(n_failures(FailsOn::Nothing), 0);
}

#[test]
fn as_sarif() {
    insta::assert_snapshot!(sarif(&report()).unwrap());
}

/// What OCSF 1.3.0 says of the two classes and of the objects that are used: attributes, their types, their numbers, and
/// which are required. Attributes that it does not have are errors.
const OCSF: &str = include_str!("ocsf.schema.json");

#[test]
fn as_ocsf() {
    let schema = serde_json::from_str(OCSF).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in [report(), hostile()] {
        let text = ocsf::render(&report);
        for line in text.lines() {
            let event: serde_json::Value = serde_json::from_str(line).unwrap();
            let problems: Vec<String> = validator
                .iter_errors(&event)
                .map(|error| error.to_string())
                .collect();
            assert_eq!(problems, [""; 0], "{line}");
            let mut other = event.clone();
            other["finding_info"]["uid"] = serde_json::Value::Null;
            assert!(!validator.is_valid(&other), "{line}");
        }
        let n_findings = report.summary.violations + report.summary.warnings;
        // What is alike is told beside its flows, of which none is one of it here.
        let n_findings = n_findings + report.patterns.len();
        assert_eq!(text.lines().count(), report.flows.len() + n_findings);
    }
    insta::assert_snapshot!(ocsf::render(&report()));
}

#[test]
fn as_markdown() {
    insta::assert_snapshot!(markdown(&report()));
}

#[test]
fn foreign_text_is_nothing_but_text() {
    let report = hostile();
    let page = html(&report).unwrap();
    assert!(!page.contains("<img") && !page.contains('\u{1b}'));
    assert_eq!(
        page.matches("</script>").count(),
        page.matches("<script").count()
    );
    for form in [junit::render(&report, FailsOn::Warning), markdown(&report)] {
        assert!(!form.contains("<img") && !form.contains('\u{1b}'), "{form}");
    }
    assert!(!text(&report, Look::default()).contains('\u{1b}'));
    let sheet = csv(&report);
    assert!(
        !sheet
            .lines()
            .any(|line| line.split(',').any(|cell| cell.starts_with('='))),
        "{sheet}"
    );
}

#[test]
fn a_page_is_one_file_that_asks_for_nothing() {
    let page = html(&report()).unwrap();
    for outside in ["src=", "href=\"http", "url(http", "@import"] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("default-src 'none'"));
}

/// The schema as it is shipped, beside the documentation.
const SHIPPED: &str = include_str!("../../../../docs/report.schema.json");

#[test]
fn the_schema_is_the_one_that_is_shipped() {
    assert!(
        SHIPPED == json_schema().unwrap(),
        "the shape of reports has changed: write it with `auditor report --schema -o docs/report.schema.json`, and raise \
         SCHEMA_VERSION if a field changed its meaning or went away"
    );
}

#[test]
fn every_report_fits_the_schema() {
    let schema = serde_json::from_str(SHIPPED).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for report in [report(), hostile()] {
        let value = serde_json::to_value(&report).unwrap();
        let problems: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(problems, [""; 0]);
    }
    let broken = serde_json::json!({ "schema_version": 1 });
    assert!(!validator.is_valid(&broken));
}
