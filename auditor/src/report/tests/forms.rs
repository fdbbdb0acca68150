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

/// The schema of SARIF 2.1.0 with its errata 01 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/>), copyright
/// OASIS Open, which permits copies.
const SARIF: &str = include_str!("sarif.schema.json");

#[test]
fn sarif_is_taken_by_its_schema_and_by_github() {
    let schema = serde_json::from_str(SARIF).unwrap();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    for report in [report(), hostile()] {
        let log: serde_json::Value = serde_json::from_str(&sarif(&report).unwrap()).unwrap();
        let problems: Vec<String> = validator
            .iter_errors(&log)
            .map(|error| error.to_string())
            .collect();
        assert_eq!(problems, [""; 0], "{log:#}");
        let mut broken = log.clone();
        broken["runs"][0]["results"][0]["message"] = serde_json::Value::Null;
        assert!(!validator.is_valid(&broken));
        // What code scanning asks for beside the schema
        // (<https://docs.github.com/en/code-security/code-scanning/integrating-with-code-scanning/sarif-support-for-code-scanning>).
        let run = &log["runs"][0];
        assert!(
            run["automationDetails"]["id"]
                .as_str()
                .unwrap()
                .ends_with('/')
        );
        let kinds = run["tool"]["driver"]["rules"].as_array().unwrap();
        for kind in kinds {
            for field in ["shortDescription", "fullDescription", "help"] {
                let text = kind[field]["text"].as_str().unwrap();
                assert!(!text.is_empty() && text.chars().count() < 1024, "{kind}");
            }
        }
        for result in run["results"].as_array().unwrap() {
            assert!(kinds.iter().any(|kind| kind["id"] == result["ruleId"]));
            let location = &result["locations"][0]["physicalLocation"];
            assert!(location["artifactLocation"]["uri"].is_string(), "{result}");
            assert!(location["region"]["startLine"].is_u64(), "{result}");
            let fingerprints = result["partialFingerprints"].as_object().unwrap();
            assert!(!fingerprints.is_empty(), "{result}");
        }
    }
}

#[test]
fn sarif_points_at_the_nearest_rule() {
    let mut report = report();
    let flow = report
        .flows
        .iter()
        .position(|flow| flow.port == 22)
        .unwrap();
    let place = |report: &Report| {
        let log: serde_json::Value = serde_json::from_str(&sarif(report).unwrap()).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let mut of_flow = results.iter().filter(|one| {
            one["message"]["text"]
                .as_str()
                .is_some_and(|text| text.contains("tcp/22"))
        });
        let location = &of_flow.next().unwrap()["locations"][0]["physicalLocation"];
        location["region"]["startLine"].as_u64().unwrap()
    };
    // No rule comes near, but one has its server.
    report.flows[flow].rules.clear();
    report.flows[flow].server_roles = vec!["web".to_owned()];
    let web = report
        .rules
        .iter_mut()
        .find(|rule| rule.id == "web")
        .unwrap();
    web.server = vec!["web".to_owned()];
    web.matrix_line = Some(4);
    assert_eq!(place(&report), 4);
    // Nor that.
    report.flows[flow].server_roles.clear();
    report.flows[flow].client_roles.clear();
    assert_eq!(place(&report), 1);
}

#[test]
fn sarif_has_no_more_results_than_are_taken() {
    let mut report = report();
    let flow = report.flows.iter().find(|flow| flow.port == 22).unwrap();
    let note = Flow {
        severity: Severity::Note,
        ..flow.clone()
    };
    let n_before = report.flows.len();
    report.flows.splice(0..0, std::iter::repeat_n(note, 25_000));
    assert_eq!(report.flows.len(), n_before + 25_000);
    let log: serde_json::Value = serde_json::from_str(&sarif(&report).unwrap()).unwrap();
    let run = &log["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), 25_000);
    let n_errors = results.iter().filter(|one| one["level"] == "error").count();
    assert_eq!(n_errors, report.summary.violations);
    let said = run["invocations"][0]["toolExecutionNotifications"].to_string();
    assert!(
        said.contains("more findings, none of them graver"),
        "{said}"
    );
}

/// Each line says how many flows it stands for alone, so that flows that are alike are not counted twice.
#[test]
fn csv_can_be_counted() {
    let mut report = hostile();
    report.flows[1].pattern = Some(0);
    let text = csv(&report);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let column = |name: &str, reader: &mut csv::Reader<&[u8]>| {
        let headers = reader.headers().unwrap();
        headers.iter().position(|one| one == name).unwrap()
    };
    let (flows, alike) = (column("flows", &mut reader), column("alike", &mut reader));
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let sum: usize = records
        .iter()
        .filter_map(|one| one[flows].parse::<usize>().ok())
        .sum();
    let of_patterns = report
        .patterns
        .iter()
        .map(|one| one.flows - one.listed.len());
    assert_eq!(sum, report.flows.len() + of_patterns.sum::<usize>());
    let of_first: Vec<&str> = records
        .iter()
        .filter(|record| &record[alike] == "1")
        .map(|record| &record[0])
        .collect();
    assert_eq!(of_first, ["flows", "flow"]);
    let kinds: Vec<&str> = records.iter().map(|one| &one[0]).collect();
    for kind in ["control", "exception"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

/// What OCSF 1.3.0 says of the two classes and of the objects that are used: attributes, their types, their numbers, and
/// which are required. Attributes that it does not have are errors.
const OCSF: &str = include_str!("ocsf.schema.json");

/// The name of the host as an event has it, with what is hidden in it shown.
fn event_host(report: &Report) -> String {
    let name = serde_json::Value::from(report.host.name.as_str());
    let shown = crate::escape::json(&name.to_string()).into_owned();
    serde_json::from_str(&shown).unwrap()
}

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
            let device = &event["device"];
            assert_eq!(device["hostname"], event_host(&report), "{line}");
            assert_eq!(device["uid"], "0a".repeat(16));
            assert!(device["ip"].is_string(), "{line}");
            if event["class_uid"] == 2004 {
                let analytic = event["finding_info"]["analytic"]["uid"].as_str().unwrap();
                let (about, verdict) = analytic.split_once('/').unwrap();
                assert!(["flow", "rule", "policy"].contains(&about), "{line}");
                assert!(!verdict.is_empty(), "{line}");
            }
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

/// What would fill a phone, or a column with nothing, is not there.
#[test]
fn a_page_says_what_is_alike_once() {
    let mut report = report();
    for flow in &mut report.flows {
        flow.processes.clear();
    }
    report.policy_problems = ["one", "two", "three"]
        .map(|n| format!("problem {n}"))
        .to_vec();
    let page = html(&report).unwrap();
    assert_eq!(
        page.matches("auditor check --config auditor.toml").count(),
        1
    );
    for n in ["one", "two", "three"] {
        assert!(page.contains(&format!("<p>problem {n}</p>")), "{n}");
    }
    assert!(page.contains("problem one. And <a href=\"#findings\">2 more</a>."));
    assert!(!page.contains(">Process</button>") && page.contains(">Outcome</button>"));
    report.flows[0].processes = hostile().flows[1].processes.clone();
    assert!(html(&report).unwrap().contains(">Process</button>"));
}

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
