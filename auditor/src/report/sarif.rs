//! A report as SARIF 2.1.0, as code scanners write it: each result points to the rule in its matrix and to the line of the
//! vendor's page.

use serde_json::{Value, json};

use super::{
    incomplete, pattern,
    schema::{Flow, Pattern, Report, Rule, Severity, UNPLACED},
    words,
};
use crate::escape;

/// Renders the report.
///
/// # Errors
///
/// Never in practice: it holds text and numbers only.
pub(super) fn render(report: &Report) -> Result<String, serde_json::Error> {
    let flows = report
        .flows
        .iter()
        .filter(|flow| flow.severity != Severity::Fine && flow.pattern.is_none())
        .map(|flow| of_flow(report, flow));
    let alike = report.patterns.iter().map(|one| of_pattern(report, one));
    let rules = report
        .rules
        .iter()
        .filter(|rule| rule.severity != Severity::Fine)
        .map(|rule| of_rule(report, rule));
    let sent = words::sent_without_place(report).map(|sent| {
        json!({
            "ruleId": format!("flow/{UNPLACED}"),
            "level": level(Severity::Warning),
            "message": { "text": sent },
            "locations": [first(report)],
            "partialFingerprints": { "flow/v1": UNPLACED },
        })
    });
    let wrong = report.policy_problems.iter().map(|problem| {
        json!({
            "ruleId": "policy/wrong",
            "level": level(Severity::Warning),
            "message": { "text": problem },
            "locations": [first(report)],
            "partialFingerprints": { "flow/v1": problem },
        })
    });
    let mut results: Vec<Value> = wrong
        .chain(sent)
        .chain(alike)
        .chain(flows)
        .chain(rules)
        .collect();
    let left_out = leave_out(&mut results);
    let mut kinds: Vec<&str> = results
        .iter()
        .filter_map(|result| result["ruleId"].as_str())
        .collect();
    kinds.sort_unstable();
    kinds.dedup();
    let kinds: Vec<Value> = kinds
        .into_iter()
        .map(|id| {
            json!({
                "id": id,
                "shortDescription": { "text": description(id) },
                "fullDescription": { "text": format!("{}. {}", description(id), advice(id)) },
                "help": { "text": advice(id) },
            })
        })
        .collect();
    let artifacts: Vec<Value> = report
        .matrices
        .iter()
        .map(|matrix| {
            json!({ "location": { "uri": uri(&matrix.path) }, "hashes": { "sha-256": matrix.sha256 } })
        })
        .collect();
    let reasons = incomplete::because(report);
    let is_answer = reasons.is_empty();
    let warnings = report
        .gaps
        .iter()
        .map(|gap| gap.text.clone())
        .filter(|text| !reasons.contains(text))
        .chain(words::shown(report))
        .chain(left_out);
    let notification =
        |level: &str, text: &String| json!({ "level": level, "message": { "text": text } });
    let notifications: Vec<Value> = reasons
        .iter()
        .map(|text| notification("error", text))
        .chain(warnings.map(|text| notification("warning", &text)))
        .collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            // Results of other hosts are of other runs, and replace none of this one's.
            "automationDetails": { "id": format!("auditor/{}/", report.host.name) },
            "tool": { "driver": { "name": report.tool.name, "version": report.tool.version, "rules": kinds } },
            "invocations": [{
                "executionSuccessful": is_answer,
                "startTimeUtc": format!("{:.3}", report.window.start),
                "endTimeUtc": format!("{:.3}", report.window.end),
                "toolExecutionNotifications": notifications,
            }],
            "artifacts": artifacts,
            "results": results,
            // What a scanner has no place for: how much of each control was found, and what was accepted by whom.
            "properties": {
                "controls": words::controls(report),
                "exceptions": report.basis.iter().flat_map(|basis| &basis.exceptions).map(words::exception).collect::<Vec<_>>(),
            },
        }],
    });
    let mut text = serde_json::to_string_pretty(&escape::shown(&log))?;
    text.push('\n');
    Ok(text)
}

/// GitHub refuses a file with more results in a run
/// (<https://docs.github.com/en/code-security/code-scanning/troubleshooting-sarif-uploads/results-exceed-limit>).
const MOST_RESULTS: usize = 25_000;

/// Keeps no more results than are taken, the gravest; says how many there are besides.
fn leave_out(results: &mut Vec<Value>) -> Option<String> {
    let more = results.len().checked_sub(MOST_RESULTS).filter(|n| 0 < *n)?;
    let rank = |result: &Value| match result["level"].as_str() {
        Some("error") => 0,
        Some("warning") => 1,
        Some(_) | None => 2,
    };
    results.sort_by_key(rank);
    results.truncate(MOST_RESULTS);
    let more = words::number(more as u64);
    Some(format!(
        "{more} more findings, none of them graver, are left out: the JSON form has them"
    ))
}

/// The rule that comes nearest to a flow: one that it names, else the first that has both of its ends, or its server, or its
/// client.
fn nearest<'a>(report: &'a Report, flow: &Flow) -> Option<&'a Rule> {
    let has = |roles: &[String], of_flow: &[String]| of_flow.iter().any(|one| roles.contains(one));
    let is_named = |rule: &&Rule| flow.rules.contains(&rule.id);
    let of_client = |rule: &&Rule| has(&rule.client, &flow.client_roles);
    let of_server = |rule: &&Rule| has(&rule.server, &flow.server_roles);
    let rules = || report.rules.iter();
    rules()
        .find(is_named)
        .or_else(|| rules().find(|rule| of_client(rule) && of_server(rule)))
        .or_else(|| rules().find(of_server))
        .or_else(|| rules().find(of_client))
}

fn of_flow(report: &Report, flow: &Flow) -> Value {
    let named = report
        .rules
        .iter()
        .find(|rule| flow.rules.contains(&rule.id));
    let place = nearest(report, flow);
    let name = format!("{} -> {} {}", flow.client, flow.server, flow.service());
    let result = json!({
        "ruleId": format!("flow/{}", flow.verdict.name()),
        "level": level(flow.severity),
        "message": { "text": format!("{name}, {}: {}", flow.outcome.name(), flow.explanation) },
        "locations": [place.map_or_else(|| first(report), |rule| rule_location(report, rule))],
        "relatedLocations": named.map(page).unwrap_or_default(),
        "partialFingerprints": { "flow/v1": name },
    });
    with_controls(result, &flow.controls)
}

/// A result with its controls as tags, if it has any.
fn with_controls(mut result: Value, controls: &[String]) -> Value {
    if let (Some(fields), [_, ..]) = (result.as_object_mut(), controls) {
        fields.insert("properties".to_owned(), json!({ "tags": controls }));
    }
    result
}

fn of_pattern(report: &Report, pattern: &Pattern) -> Value {
    let said = pattern::said(report, pattern);
    let listed = pattern.listed.first().and_then(|at| report.flows.get(*at));
    let place = listed.and_then(|flow| nearest(report, flow));
    json!({
        "ruleId": format!("flow/{}", pattern.verdict.name()),
        "level": level(pattern.severity),
        "message": { "text": format!("{said}: {}", words::pattern_facts(pattern)) },
        "locations": [place.map_or_else(|| first(report), |rule| rule_location(report, rule))],
        "occurrenceCount": pattern.flows,
        "partialFingerprints": { "flow/v1": pattern::identity(pattern) },
    })
}

fn of_rule(report: &Report, rule: &Rule) -> Value {
    let result = json!({
        "ruleId": format!("rule/{}", rule.verdict.name()),
        "level": level(rule.severity),
        "message": { "text": format!("{}: {}", rule.id, rule.explanation) },
        "locations": [rule_location(report, rule)],
        "relatedLocations": page(rule),
        "partialFingerprints": { "rule/v1": format!("{}/{}", rule.matrix, rule.id) },
    });
    with_controls(result, &rule.controls)
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Fine => "none",
        Severity::Note => "note",
        Severity::Warning => "warning",
        Severity::Violation => "error",
    }
}

/// The location of a rule in its matrix file.
fn rule_location(report: &Report, rule: &Rule) -> Value {
    let matrix = report
        .matrices
        .iter()
        .find(|matrix| matrix.name == rule.matrix);
    let path = matrix.map_or("", |matrix| matrix.path.as_str());
    location(path, rule.matrix_line.unwrap_or(1))
}

/// The location of the first matrix, for a flow that names no rule.
fn first(report: &Report) -> Value {
    let path = report
        .matrices
        .first()
        .map_or("", |matrix| matrix.path.as_str());
    location(path, 1)
}

/// The lines of the page that a rule comes from: `page.md:49, page.md:60`.
fn page(rule: &Rule) -> Vec<Value> {
    let origins = rule.origin.as_deref().unwrap_or_default().split(", ");
    let locations = origins.filter_map(|origin| {
        let (file, line) = origin.rsplit_once(':')?;
        Some((file, line.parse().ok()?))
    });
    locations
        .enumerate()
        .map(|(id, (file, line))| {
            let mut location = location(file, line);
            if let Some(fields) = location.as_object_mut() {
                fields.insert("id".to_owned(), json!(id));
                fields.insert("message".to_owned(), json!({ "text": "the document" }));
            }
            location
        })
        .collect()
}

fn location(path: &str, line: usize) -> Value {
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(path) },
            "region": { "startLine": line.max(1) },
        }
    })
}

/// A path as a URI reference (RFC 3986): what it does not allow is percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
        if is_plain {
            out.push(char::from(byte));
        } else {
            let digit = |half: u8| {
                char::from_digit(u32::from(half), 16)
                    .unwrap_or('0')
                    .to_ascii_uppercase()
            };
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

/// What somebody can do about a finding.
fn advice(id: &str) -> &'static str {
    match id {
        "policy/wrong" => {
            "`auditor check --config` says what is wrong; until it is mended, verdicts that rest on it say little."
        }
        "flow/unexpected" | "flow/forbidden" => {
            "Find out who opens it: `auditor explain` says so step by step. Stop it, have the vendor document it, or add an \
             [[exception]] with a reason and an end to the deployment."
        }
        "flow/unplaced" => {
            "Give the flow table more places with --flows, so that each flow is kept."
        }
        "rule/missing" | "rule/refused" | "rule/unanswered" => {
            "Look whether the service runs and listens, and whether a firewall between the two drops it: `auditor explain` says \
             what was seen of it."
        }
        "rule/violated" => "A flow that this rule forbids was seen: see the findings on flows.",
        "rule/unassessed" | "rule/unresolved" | "rule/unobservable" => {
            "Mend what hides it, so that the rule can be judged: `auditor explain` names it."
        }
        _ => "`auditor explain` says step by step how it came about.",
    }
}

fn description(id: &str) -> &'static str {
    match id {
        "policy/wrong" => "A deployment that makes verdicts wrong or empty",
        "flow/unexpected" => "Traffic that no rule allows",
        "flow/forbidden" => "Traffic that a rule forbids",
        "rule/missing" => "Documented traffic that never happened",
        "rule/refused" => "Documented traffic that was refused",
        "rule/unanswered" => "Documented traffic that nobody answered",
        "rule/unassessed" => "A rule that can't be judged, since part of its time was not seen",
        "rule/unresolved" => "A rule of which one side has no addresses",
        _ => "A finding of the auditor",
    }
}
