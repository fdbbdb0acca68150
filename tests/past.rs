//! Reports on what a watch remembers, by what it compared with and by what is not in force yet.

use std::path::Path;

use lab::conversation::{Outcome, Transport, request, serve};
use nix::sys::signal::{Signal, kill};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, run, watch},
        pair::{DEPLOYMENT, MATRIX, pair},
        wait::until,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    what_would_it_have_said: [Kernel],
}

/// With a rule for what nobody documented before, and without the one that was.
const CANDIDATE: &str = r#"
name = "Next"
[[rule]]
id = "metrics"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "9999"
[[rule]]
id = "logs"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "5514"
"#;

fn what_would_it_have_said() {
    // Rules of the matrix in force are evidence for a control; those of the next one have other ids.
    let deployment = format!("{DEPLOYMENT}\n[controls]\n\"PCI DSS 1.2.5\" = [\"web\"]\n");
    let accepted = format!(
        "{deployment}\n[[exception]]\nmatch = {{ transport = \"tcp\", ports = \"9999\" }}\nreason = \"ticket 7\"\n"
    );
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment),
        ("accepted.toml", &accepted),
        ("next.toml", CANDIDATE),
    ]);
    let path = directory.path();
    let (one, other) = pair();
    let _web = serve(&one, Transport::Tcp, 8080).unwrap();
    let _metrics = serve(&one, Transport::Tcp, 9999).unwrap();
    let watch_it = "watch --config a.toml --state state --every 300ms --window 2s";
    let finished = watch(&one, path, watch_it, |pid| {
        for port in [8080, 9999] {
            let server = format!("10.78.0.1:{port}").parse().unwrap();
            let outcome = request(&other, Transport::Tcp, server).unwrap();
            assert_eq!(outcome, Outcome::Answered);
        }
        until("the intrusion in the report", || {
            let report = std::fs::read_to_string(path.join("state/report.json"));
            report.is_ok_and(|report| report.contains("9999"))
        });
        kill(pid, Signal::SIGTERM).unwrap();
    });
    assert!(finished.status.success(), "{}", finished.stderr);

    let json = |arguments: &str| -> Value {
        let output = run(
            path,
            &format!("report --state state --format json {arguments}"),
        );
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(0), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let verdicts = |report: &Value| -> Vec<(u64, String)> {
        let flows = report["flows"].as_array().unwrap().iter();
        flows
            .map(|flow| {
                (
                    flow["port"].as_u64().unwrap(),
                    flow["verdict"].as_str().unwrap().to_owned(),
                )
            })
            .filter(|(port, _)| [8080, 9999].contains(port))
            .collect()
    };
    let is = |port, verdict: &str| (port, verdict.to_owned());
    // By what the watch compared with, which its report names.
    let today = json("--last 1d");
    assert_eq!(
        verdicts(&today),
        [is(8080, "documented"), is(9999, "unexpected")]
    );
    // No socket of the past is known.
    assert_eq!(today["rules"][0]["verdict"], "observed");
    assert_eq!(today["rules"][0]["listening"], Value::Null);
    // By what is not in force.
    let then = json("--last 1d --matrix next.toml");
    assert_eq!(
        verdicts(&then),
        [is(8080, "unexpected"), is(9999, "documented")]
    );
    let rule = |id: &str| {
        let rules = then["rules"].as_array().unwrap();
        rules.iter().find(|rule| rule["id"] == id).unwrap()["verdict"].clone()
    };
    assert_eq!(rule("metrics"), "observed");
    assert_ne!(rule("logs"), "observed");

    let text = run(path, "report --state state --last 1d --matrix next.toml");
    let said = String::from_utf8(text.stderr).unwrap();
    assert_eq!(text.status.code(), Some(0), "{said}");
    assert_eq!(
        said.matches("control `PCI DSS 1.2.5` names `web`").count(),
        1,
        "{said}"
    );
    let text = String::from_utf8(text.stdout).unwrap();
    for said in [
        "What would change: 1 flow becomes undocumented, 1 rule becomes missing, 1 finding is settled",
        "becomes undocumented: flow 10.78.0.2 -> 10.78.0.1 tcp/8080",
        "is settled: flow 10.78.0.2 -> 10.78.0.1 tcp/9999",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
    let text = run(path, "report --state state --last 1d --config a.toml");
    let text = String::from_utf8(text.stdout).unwrap();
    assert!(text.starts_with("Nothing would change"), "{text}");
    // What is proposed of it is what nobody documented, and a firewall of what is documented would have dropped that.
    let learned = run(path, "learn --last 1d --state state");
    let learned = String::from_utf8(learned.stdout).unwrap();
    assert!(
        learned.contains("ports = \"9999\"") && !learned.contains("8080"),
        "{learned}"
    );
    let exported = run(
        path,
        "export --as nftables --role web --config a.toml -o f.nft --last 1d --state state",
    );
    let said = String::from_utf8(exported.stderr).unwrap();
    assert!(
        said.contains("would be dropped: 10.78.0.2 -> 10.78.0.1 tcp/9999")
            && !said.contains("8080:"),
        "{said}"
    );
    // What an exception accepts no firewall lets in.
    let exported = run(
        path,
        "export --as nftables --role web --config accepted.toml -o f.nft --last 1d --state state",
    );
    let said = String::from_utf8(exported.stderr).unwrap();
    assert!(
        said.contains("10.78.0.1 tcp/9999: an exception accepts it, and no rule: ticket 7"),
        "{said}"
    );
    refused(path);
}

/// What can't be answered is said.
fn refused(path: &Path) {
    for (arguments, said) in [
        ("--last 1d --state nowhere", "there is no history"),
        ("--state state --until 2020-01-01", "nobody watched from"),
        ("--state state --from yesterday", "`yesterday` is no date"),
        (
            "--state state --last 1d --matrix absent.toml",
            "absent.toml",
        ),
    ] {
        let output = run(path, &format!("report {arguments}"));
        let error = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments}");
        assert!(error.contains(said), "{error}");
    }
    // As it is in the first seconds of a watch.
    std::fs::remove_file(path.join("state/report.json")).unwrap();
    let output = run(path, "report --last 1d --state state");
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.contains("nothing was judged yet"), "{error}");
}
