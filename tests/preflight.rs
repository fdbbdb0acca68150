//! A question that is wrong is said before it is answered.

use lab::conversation::{Outcome, Transport, request, serve};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch, watch_during},
        pair::{DEPLOYMENT, MATRIX, pair},
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    a_mistyped_role_accuses_nobody: [Kernel],
    a_host_in_no_role_is_not_well: [Kernel],
    a_deployment_is_checked_on_its_host: [Kernel],
}

fn mistyped() -> String {
    DEPLOYMENT.replace("web =", "wbe =")
}

fn a_mistyped_role_accuses_nobody() {
    let among_users = "[[rule]]\nid = \"gossip\"\nclient = [\"user\"]\nserver = [\"user\"]\ntransport = \"tcp\"\nports = \"7946\"\n";
    let matrix = format!("{MATRIX}{among_users}");
    let directory = files(&[("m.toml", &matrix), ("a.toml", &mistyped())]);
    let (one, other) = pair();
    let _web = serve(&one, Transport::Tcp, 8080).unwrap();
    let _intruded = serve(&one, Transport::Tcp, 9999).unwrap();
    let finished = watch_during(
        &one,
        directory.path(),
        "audit --config a.toml --json r.json",
        || {
            for port in [8080, 9999] {
                let server = format!("10.78.0.1:{port}").parse().unwrap();
                let outcome = request(&other, Transport::Tcp, server).unwrap();
                assert_eq!(outcome, Outcome::Answered);
            }
        },
    );
    // Port 9999 is in no rule, resolved or not.
    assert_eq!(finished.status.code(), Some(1));
    let mut lines = finished.stdout.lines();
    assert!(lines.next().unwrap().starts_with("1 violation, "));
    let second = lines.next().unwrap();
    assert!(
        second.starts_with("WRONG") && second.contains("`web`") && second.contains("`wbe`"),
        "{second}"
    );
    let report = report(&std::fs::read_to_string(directory.path().join("r.json")).unwrap());
    let flow = |port: u16| -> &Value {
        let flows = report["flows"].as_array().unwrap();
        flows.iter().find(|flow| flow["port"] == port).unwrap()
    };
    assert_eq!(flow(8080)["reason"], "unresolved");
    assert_eq!(flow(8080)["severity"], "warning");
    assert_eq!(flow(9999)["reason"], "port");
    assert_eq!(flow(9999)["severity"], "violation");

    // Where that is all there is, nobody is accused, and nobody is told that all is well.
    let finished = watch_during(&one, directory.path(), "audit --config a.toml", || {
        let server = "10.78.0.1:8080".parse().unwrap();
        let outcome = request(&other, Transport::Tcp, server).unwrap();
        assert_eq!(outcome, Outcome::Answered);
    });
    assert!(
        finished.stdout.starts_with("0 violations, "),
        "{}",
        finished.stdout
    );
    assert_eq!(finished.status.code(), Some(2));
}

fn a_host_in_no_role_is_not_well() {
    let elsewhere = DEPLOYMENT.replace("10.78.0.1", "10.78.0.7");
    let directory = files(&[("m.toml", MATRIX), ("a.toml", &elsewhere)]);
    let (one, _other) = pair();
    let audit = |arguments: &str| watch(&one, directory.path(), arguments, |_| {});
    let finished = audit("audit --config a.toml --for 1s");
    assert_eq!(finished.status.code(), Some(2), "{}", finished.stdout);
    assert!(
        finished
            .stdout
            .contains("WRONG      this host plays no role"),
        "{}",
        finished.stdout
    );
    // Somebody who says which role it plays has answered that.
    let finished = audit("audit --config a.toml --for 1s --role user");
    assert_eq!(finished.status.code(), Some(1), "{}", finished.stdout);
    assert!(!finished.stdout.contains("WRONG"), "{}", finished.stdout);
}

fn a_deployment_is_checked_on_its_host() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("good.toml", DEPLOYMENT),
        ("bad.toml", &mistyped()),
        ("lost.toml", &DEPLOYMENT.replace("eth0", "eth7")),
    ]);
    let (one, _other) = pair();
    let check = |arguments: &str| {
        let finished = watch(&one, directory.path(), arguments, |_| {});
        (finished.status.code(), finished.stdout)
    };
    let (code, said) = check("check --config good.toml");
    assert_eq!(code, Some(0), "{said}");
    for fact in ["10.78.0.1", "ok: roles: web", "ok: interface: eth0, in: "] {
        assert!(said.contains(fact), "{fact} is not in {said}");
    }
    assert!(said.lines().all(|line| line.starts_with("ok: ")), "{said}");
    let (code, said) = check("check --config bad.toml");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("wrong: deployment: role `web` is not under [roles] (is `wbe` meant"),
        "{said}"
    );
    let (code, said) = check("check --config lost.toml");
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("eth7"), "{said}");
    let (code, said) = check("doctor --config bad.toml");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("BAD   deployment: role `web`"), "{said}");
}
