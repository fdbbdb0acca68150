use std::path::Path;

use proptest::prelude::*;

use super::{
    Delivery, Watcher,
    alertmanager::Alert,
    lines::{self, Form},
    metrics::{self, Health, SinkHealth},
    otlp, read, syslog, webhook,
};
use crate::{
    alert::{Change, Event, Subject, Verdict},
    deployment::Deployment,
    escape::tests::{assert_shown, foreign},
    report::schema::{RuleVerdict, Severity},
};

const HEAD: &str = "matrix = \"m.toml\"\n\n";

/// The sinks of a deployment by name, or what is wrong with them.
fn sinks(text: &str) -> String {
    let deployment = Deployment::parse(Path::new("/d/d.toml"), &format!("{HEAD}{text}"));
    let sections = match deployment {
        Ok(deployment) => deployment.sinks,
        Err(error) => return error.to_string(),
    };
    match read(&sections) {
        Ok(sinks) => {
            let names: Vec<&str> = sinks.iter().map(|sink| sink.name.as_str()).collect();
            names.join(" ")
        }
        Err(error) => format!("{:#}", anyhow::Error::new(error)),
    }
}

#[test]
fn every_kind_is_read() {
    let text = "
        sink = [
            { type = \"alertmanager\", url = \"http://a:9093\", token_file = \"token\" },
            { type = \"webhook\", url = \"https://b\", key_env = \"KEY\", template = \"{}\" },
            { type = \"syslog\", address = \"udp://c:514\" },
            { type = \"lines\", path = \"l\", form = \"ecs\" },
            { type = \"lines\", path = \"l\", name = \"more\" },
            { type = \"otlp\", url = \"http://d:4318\", token_env = \"TOKEN\" },
            { type = \"otlp\", url = \"https://[fd00::1]:4317\", protocol = \"grpc\", metrics = \"off\", name = \"rest\" },
        ]";
    assert_eq!(
        sinks(text),
        "alertmanager webhook syslog lines more otlp rest"
    );
}

#[test]
fn problems() {
    let webhook = "[[sink]]\ntype = \"webhook\"\nurl = \"http://a\"\n";
    for (text, said) in [
        (
            format!("{webhook}foo = 1"),
            "3: unknown field `foo`, expected one of `name`, `url`, `key_file`, `key_env`, `token_file`, `token_env`, `template`",
        ),
        (
            "[[sink]]\ntype = \"webhook\"".to_owned(),
            "3: missing field `url`",
        ),
        (
            "[[sink]]\nurl = \"x\"".to_owned(),
            "3: missing field `type`",
        ),
        (
            "[[sink]]\ntype = \"nope\"".to_owned(),
            "4: unknown variant `nope`, expected one of `alertmanager`, `webhook`, `syslog`, `lines`, `otlp`",
        ),
        (
            format!("{webhook}name = 3"),
            "3: invalid type: integer `3`, expected a string",
        ),
        (
            "[[sink]]\ntype = \"lines\"\npath = \"p\"\nform = \"zzz\"".to_owned(),
            "3: unknown variant `zzz`, expected one of `plain`, `ecs`, `ocsf`",
        ),
        (
            "[[sink]]\ntype = \"syslog\"\naddress = \"x\"".to_owned(),
            "3: `x` is no syslog daemon's address: expected udp://host:514, tcp://host:601 or unix:///dev/log",
        ),
        (
            "[[sink]]\ntype = \"alertmanager\"\nurl = \"x\"".to_owned(),
            "3: `x` is no address of a web server: expected http://host:port",
        ),
        (
            format!("{webhook}token_file = \"a\"\ntoken_env = \"b\""),
            "3: both `token_file` and `token_env` say where the token stands: leave one out",
        ),
        (
            "[[sink]]\ntype = \"otlp\"\nurl = \"http://a:4317\"\nprotocol = \"udp\"".to_owned(),
            "3: `protocol` is `udp`: expected `http/protobuf`, which is the default, or `grpc`",
        ),
        (
            format!("{webhook}{webhook}"),
            "6: two sinks are called `webhook`: give each a name of its own",
        ),
    ] {
        assert_eq!(sinks(&text), format!("/d/d.toml:{said}"), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever the names of hosts, rules, roles and interfaces are.
    #[test]
    fn nothing_hidden_is_sent(name in foreign()) {
        let missing = Verdict::Rule(RuleVerdict::Missing);
        let event = Event {
            corrects: None,
            severity_before: None,
            at: "2026-11-20T12:00:00Z".parse().unwrap(),
            change: Change::Appeared,
            subject: Subject::Rule(name.clone()),
            before: None,
            now: Some(missing),
            severity: Severity::Violation,
            text: name.clone(),
        };
        let from = Watcher { host: &name, watch: "/var/lib/auditor" };
        let delivery = Delivery { from, event: &event };
        for form in [Form::Plain, Form::Ecs, Form::Ocsf] {
            let line = lines::line(form, &delivery);
            assert_shown("lines", &line);
            prop_assert_eq!(line.lines().count(), 1);
            serde_json::from_str::<serde_json::Value>(&line).unwrap();
        }
        let message = syslog::message(&delivery);
        assert_shown("syslog", &message);
        prop_assert_eq!(message.lines().count(), 1);
        assert_shown("webhook", &webhook::body(None, &delivery).unwrap());
        let template = "{\"text\": {{ host ~ event.text }}, \"key\": {{ event.key }}}";
        let body = webhook::body(Some(template), &delivery).unwrap();
        assert_shown("template", &body);
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        prop_assert_eq!(body["key"].as_str().unwrap(), name.as_str());
        let alert = Alert {
            from,
            page: None,
            subject: &event.subject,
            verdict: missing,
            severity: event.severity,
            text: &name,
            start: event.at,
            end: None,
        };
        for text in otlp::tests::texts(&delivery) {
            assert_shown("otlp", &text);
        }
        assert_shown("alertmanager", &alert.to_value().to_string());
        // A page of alerts shows what JSON stands for.
        let label = &alert.to_value()["labels"]["rule"];
        assert_shown("label", label.as_str().unwrap());
        let mut report = crate::report::tests::report();
        report.rules[0].id.clone_from(&name);
        report.interfaces[0].name.clone_from(&name);
        report.flows[1].client_roles = vec![name.clone()];
        let health = Health {
            sinks: [(name.clone(), SinkHealth::default())].into(),
            ..Health::default()
        };
        let text = metrics::render(Some(&report), &health).unwrap();
        assert_shown("metrics", &text);
        for text in otlp::tests::texts_of_metrics(from, &text) {
            assert_shown("otlp", &text);
        }
        // In quotes a backslash stands before a backslash, a quote or an `n`.
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut rest = line.chars();
            while let Some(c) = rest.next() {
                if c == '\\' {
                    prop_assert!(matches!(rest.next(), Some('\\' | '"' | 'n')), "{line}");
                }
            }
        }
    }
}
