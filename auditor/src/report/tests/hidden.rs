//! No form shows what is hidden in the names that others gave.

use std::sync::LazyLock;

use proptest::prelude::*;
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};
use serde_json::Value;

use super::forms::hostile;
use crate::{
    escape::tests::{assert_shown, foreign},
    report::{FORMS, Look, Report, clean_line, diff, explain, learn, live_html, screen::Screen},
};

/// A report with text in as many places as there are, and where in it there is text that may be anything.
static TEXTS: LazyLock<(Value, Vec<String>)> = LazyLock::new(|| {
    let value = serde_json::to_value(hostile()).unwrap();
    let mut found = Vec::new();
    strings(&value, "", &mut found);
    found.retain(|pointer| {
        let mut tried = value.clone();
        *tried.pointer_mut(pointer).unwrap() = Value::from("anything");
        serde_json::from_value::<Report>(tried).is_ok()
    });
    (value, found)
});

fn strings(value: &Value, pointer: &str, found: &mut Vec<String>) {
    match value {
        Value::String(_) => found.push(pointer.to_owned()),
        Value::Array(values) => {
            for (n, value) in values.iter().enumerate() {
                strings(value, &format!("{pointer}/{n}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                strings(value, &format!("{pointer}/{name}"), found);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A report in which every text that may be anything is this.
fn with(name: &str) -> Report {
    let (mut value, texts) = TEXTS.clone();
    for pointer in texts {
        *value.pointer_mut(&pointer).unwrap() = Value::from(name);
    }
    serde_json::from_value(value).unwrap()
}

#[test]
fn names_of_all_kinds_are_tried() {
    let (_, texts) = &*TEXTS;
    for place in [
        "/host/name",
        "/interfaces/0/name",
        "/matrices/0/path",
        "/flows/1/client_roles/0",
        "/flows/1/processes/0/name",
        "/flows/1/processes/0/command",
        "/rules/0/id",
        "/rules/0/service",
        "/rules/0/client/0",
        "/rules/0/origin",
        "/gaps/0/text",
        "/basis/user",
        "/basis/command/0",
        "/basis/deployment/path",
        "/basis/exceptions/0/reason",
        "/patterns/0/processes/0",
        "/patterns/0/client/roles/0",
        "/shown/asked_for",
        "/controls/0/id",
        "/flows/1/controls/0",
    ] {
        assert!(texts.contains(&place.to_owned()), "{place}: {texts:?}");
    }
}

fn lines(lines: impl IntoIterator<Item = String>) -> String {
    let mut text = String::new();
    for line in lines {
        clean_line(&mut text, &line);
    }
    text
}

/// What `auditor top` draws, without the line breaks of the drawing.
fn drawn(report: &Report) -> String {
    let mut screen = Screen::default();
    let mut terminal = Terminal::new(TestBackend::new(400, 60)).unwrap();
    let mut text = String::new();
    for code in [KeyCode::Enter, KeyCode::Tab] {
        screen.key(KeyEvent::new(code, KeyModifiers::NONE));
        terminal
            .draw(|frame| screen.draw(frame, Some(report), &report.host.name))
            .unwrap();
        text.push_str(&terminal.backend().to_string());
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_form_shows_what_is_hidden(name in foreign()) {
        let report = with(&name);
        for form in FORMS {
            assert_shown(form.name, &form.render(&report, Look::default()).unwrap());
        }
        let narrow = Look { width: Some(60), ..Look::default() };
        assert_shown("narrow text", &FORMS[0].render(&report, narrow).unwrap());
        assert_shown("live page", &live_html(&report, 1).unwrap());
        assert_shown("screen", &drawn(&report));
        let explained = report.flows.iter().flat_map(|flow| explain::flow(&report, flow));
        let rules = report.rules.iter().flat_map(|rule| explain::rule(&report, rule));
        assert_shown("explain", &lines(explained.chain(rules)));
        let differences = diff(&super::report(), &report);
        assert_shown("diff", &lines(differences.iter().map(ToString::to_string)));
        let toml = learn(std::slice::from_ref(&report)).matrix.to_toml().unwrap();
        assert_shown("learn", &crate::escape::toml(&toml));
        // JSON is read back as it was, TOML too.
        let json = report.to_json().unwrap();
        prop_assert!(serde_json::from_str::<Report>(&json).unwrap() == report);
    }

    #[test]
    fn no_cell_is_a_formula(name in foreign()) {
        let sheet = FORMS.iter().find(|form| form.name == "csv").unwrap().render(&with(&name), Look::default()).unwrap();
        let mut reader = csv::Reader::from_reader(sheet.as_bytes());
        for record in reader.records() {
            for cell in &record.unwrap() {
                prop_assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']), "{cell}");
            }
        }
    }
}
