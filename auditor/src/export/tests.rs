mod closed;

use std::{collections::BTreeMap, path::Path};

use proptest::prelude::*;
use serde_json::Value;

use super::{Exported, Form, Scope, export, name};
use crate::{
    deployment::Deployment,
    escape::tests::{assert_shown, foreign},
    matrix::Matrix,
    role::Role,
};

const MATRIX: &str = r#"
name = "Shop"

[[rule]]
id = "api"
client = ["web", "any"]
server = ["store"]
transport = "tcp"
ports = "80,8000-8010"

[[rule]]
id = "gossip"
client = ["store"]
server = ["store"]
transport = "udp"
ports = "ephemeral"

[[rule]]
id = "tls"
client = ["web"]
server = ["store"]
transport = "tcp"
ports = "443"
when = "tls"

[[rule]]
id = "ping"
client = ["web"]
server = ["store"]
transport = "icmp"

[[rule]]
id = "never\u001b[31m\" }"
client = ["guest"]
server = ["store"]
transport = "tcp"
ports = "1-65535"
presence = "forbidden"

[[rule]]
id = "lost"
client = ["nobody"]
server = ["store"]
transport = "tcp"
ports = "9"

[[rule]]
id = "own"
client = ["store"]
server = ["store"]
transport = "tcp"
ports = "7"
loopback = true
"#;

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
[roles]
any = ["any"]
web = ["10.0.0.5", "10.0.1.0-10.0.1.6", "fd00::/64"]
guest = ["192.0.2.0/24"]
store = ["10.0.2.0/24"]
"#;

fn exported(form: Form, deployment: Option<&str>) -> Exported {
    let matrix = Matrix::parse(Path::new("m.toml"), MATRIX).unwrap();
    let deployment =
        deployment.map(|text| Deployment::parse(Path::new("auditor.toml"), text).unwrap());
    let roles = deployment
        .as_ref()
        .map(|deployment| deployment.resolve(&mut |_| Err("no name is looked up".to_owned())))
        .unwrap_or_default();
    export(
        &Scope {
            matrices: &[matrix],
            roles: &roles,
            conditions: &BTreeMap::new(),
            own: &[Role::new("store")],
        },
        form,
    )
}

fn left_out(exported: &Exported) -> Vec<(&str, &str)> {
    exported
        .left_out
        .iter()
        .map(|left_out| (left_out.rule.as_str(), left_out.reason.as_str()))
        .collect()
}

#[test]
fn a_firewall() {
    let exported = exported(Form::Nftables, Some(DEPLOYMENT));
    let chain = |name: &str| -> Vec<&str> {
        exported
            .text
            .lines()
            .skip_while(|line| !line.contains(name) || !line.contains('{'))
            .skip(1)
            .take_while(|line| line.trim() != "}")
            .map(str::trim)
            .collect()
    };
    assert_eq!(
        chain("chain documented_in"),
        [
            "ip saddr @role_guest_4 ip daddr @role_store_4 tcp dport { 1-65535 } drop comment \"never<U+001B>[31m }\"",
            "ip saddr @role_web_4 ip daddr @role_store_4 tcp dport { 80, 8000-8010 } accept comment \"api\"",
            "ip daddr @role_store_4 tcp dport { 80, 8000-8010 } accept comment \"api\"",
            "ip saddr @role_store_4 ip daddr @role_store_4 udp dport { 32768-65535 } accept comment \"gossip\"",
            "ip saddr @role_web_4 ip daddr @role_store_4 icmp type echo-request accept comment \"ping\"",
            "iif lo tcp dport { 7 } accept comment \"own\"",
        ]
    );
    assert_eq!(
        chain("chain documented_out"),
        [
            "ip saddr @role_store_4 ip daddr @role_store_4 udp dport { 32768-65535 } accept comment \"gossip\"",
            "oif lo tcp dport { 7 } accept comment \"own\"",
        ]
    );
    assert_eq!(
        left_out(&exported),
        [
            ("tls", "its condition `tls` does not hold"),
            ("lost", "the deployment gives `nobody` no address"),
        ]
    );
    assert!(
        exported
            .text
            .contains("elements = { 10.0.0.5, 10.0.1.0-10.0.1.6 }"),
        "{}",
        exported.text
    );
}

#[test]
fn policies_for_pods() {
    for (form, from, selector) in [
        (Form::NetworkPolicy, "from", "podSelector"),
        (Form::Cilium, "fromEndpoints", "endpointSelector"),
    ] {
        let exported = exported(form, Some(&DEPLOYMENT.replace("store =", "others =")));
        let list: Value = serde_json::from_str(&exported.text).unwrap();
        let items = list["items"].as_array().unwrap();
        let names: Vec<&Value> = items.iter().map(|item| &item["metadata"]["name"]).collect();
        assert_eq!(names, ["nobody", "store"]);
        let store = &items[1]["spec"];
        assert_eq!(store[selector]["matchLabels"]["auditor/role"], "store");
        let ingress = store["ingress"].as_array().unwrap();
        assert_eq!(ingress.len(), 4, "{ingress:#?}");
        let text = exported.text.replace(char::is_whitespace, "");
        for part in [
            "10.0.0.5/32",
            "10.0.1.0/30",
            "10.0.1.4/31",
            "10.0.1.6/32",
            "fd00::/64",
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert!(text.contains(from));
        assert!(text.contains("\"endPort\":8010"));
        let reasons: Vec<&str> = left_out(&exported)
            .into_iter()
            .map(|(rule, _)| rule)
            .collect();
        assert_eq!(reasons.len(), 4, "{reasons:?}");
        assert_eq!(reasons[..2], ["tls", "ping"]);
    }
    // Every role has addresses in the deployment, so none is one of pods.
    let nothing = exported(
        Form::Cilium,
        Some(&format!("{DEPLOYMENT}nobody = [\"10.9.9.9\"]\n")),
    );
    assert_eq!(left_out(&nothing).last().unwrap().0, "every rule");
}

#[test]
fn a_table() {
    let exported = exported(Form::Csv, None);
    let mut reader = csv::Reader::from_reader(exported.text.as_bytes());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 7);
    assert_eq!(
        rows[0].iter().take(6).collect::<Vec<_>>(),
        ["Shop", "api", "web; any", "store", "tcp", "80,8000-8010"]
    );
    let formula = MATRIX.replace("\"gossip\"", "\"=1+1\"");
    let matrix = Matrix::parse(Path::new("m.toml"), &formula).unwrap();
    let scope = Scope {
        matrices: &[matrix],
        roles: &crate::deployment::Roles::default(),
        conditions: &BTreeMap::new(),
        own: &[],
    };
    assert!(export(&scope, Form::Csv).text.contains(",'=1+1,"));
}

#[test]
fn roles_do_not_share_a_name() {
    let roles = ["базы", "сети", "a b", "a-b", "A_B", "a b 2"].map(Role::new);
    let names = super::distinct(&roles);
    assert_eq!(names[&roles[3]], "a-b");
    let all: std::collections::BTreeSet<&String> = names.values().collect();
    assert_eq!(all.len(), roles.len(), "{names:?}");
    let long = [
        format!("{}x", "a".repeat(63)),
        format!("{}y", "a".repeat(63)),
    ];
    let long = long.map(|name| Role::new(&name));
    let names: Vec<String> = super::distinct(&long).into_values().collect();
    assert!(names[0] != names[1] && names.iter().all(|name| name.len() <= 63));
}

#[test]
fn policies_leave_out_what_is_forbidden() {
    let rule = |id: &str, client: &str, ports: &str, presence: &str| {
        format!(
            "[[rule]]\nid = \"{id}\"\nclient = [\"{client}\"]\nserver = [\"store\"]\ntransport = \"tcp\"\nports = \"{ports}\"\npresence = \"{presence}\"\n"
        )
    };
    let of = |rules: &[String], form: Form| {
        let text = format!("name = \"M\"\n{}", rules.concat());
        let matrix = Matrix::parse(Path::new("m.toml"), &text).unwrap();
        let deployment = "matrix = \"m.toml\"\n[roles]\nall = [\"any\"]\nnet = [\"10.0.0.0/8\"]\npart = [\"10.1.0.0/16\"]\n";
        let deployment = Deployment::parse(Path::new("a.toml"), deployment).unwrap();
        let roles = deployment.resolve(&mut |_| Err(String::new()));
        export(
            &Scope {
                matrices: &[matrix],
                roles: &roles,
                conditions: &BTreeMap::new(),
                own: &[Role::new("store")],
            },
            form,
        )
    };
    let wide = rule("wide", "net", "1-1024", "optional");
    for form in [Form::NetworkPolicy, Form::Cilium] {
        // Forbidden to them, and to everybody.
        for client in ["net", "all"] {
            let never = rule("never", client, "23", "forbidden");
            let exported = of(&[wide.clone(), never], form);
            let text = exported.text.replace([' ', '\n', '"'], "");
            assert!(
                text.contains("endPort:22") && text.contains("port:24"),
                "{text}"
            );
            assert!(!text.contains("endPort:1024,port:1,"), "{text}");
        }
        let all = rule("never", "net", "1-65535", "forbidden");
        assert!(!of(&[wide.clone(), all], form).text.contains("10.0.0.0"));
        // Forbidden to some of them: the addresses of the others are left.
        let some = rule("never", "part", "23", "forbidden");
        let exported = of(&[wide.clone(), some], form);
        let text = exported.text.replace([' ', '\n', '"'], "");
        assert!(
            text.contains("10.0.0.0/16") && text.contains("10.128.0.0/9"),
            "{text}"
        );
        assert!(!text.contains("10.1.0.0/16"), "{text}");
        assert!(exported.left_out.iter().all(|one| !one.is_closed));
    }
    // In a firewall the first match decides.
    let exported = of(
        &[wide, rule("never", "part", "23", "forbidden")],
        Form::Nftables,
    );
    let drop = exported.text.find("drop").unwrap();
    assert!(drop < exported.text.find("accept comment").unwrap());
}

#[test]
fn names() {
    assert_eq!(name("Nomad Clients (DC/OS)"), "nomad-clients-dc-os");
    assert_eq!(name("--Ünï--"), "n");
    assert_eq!(name(&"a ".repeat(100)).len(), 63);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_hidden_is_exported(name in foreign()) {
        let quoted = toml::Value::from(format!("r{name}")).to_string();
        let text = format!(
            "name = {quoted}\n[[rule]]\nid = {quoted}\nclient = [{quoted}]\nserver = [\"store\"]\ntransport = \"tcp\"\nports = \"80\"\nservice = {quoted}\nnote = {quoted}\norigin = {quoted}\n"
        );
        let matrix = Matrix::parse(Path::new("m.toml"), &text).unwrap();
        let deployment = Deployment::parse(Path::new("a.toml"), DEPLOYMENT).unwrap();
        let roles = deployment.resolve(&mut |_| Err("no name is looked up".to_owned()));
        let conditions = BTreeMap::new();
        let own = [Role::new("store"), Role::new(&format!("r{name}"))];
        let scope = Scope { matrices: &[matrix], roles: &roles, conditions: &conditions, own: &own };
        for form in [Form::Csv, Form::Nftables, Form::NetworkPolicy, Form::Cilium] {
            assert_shown("export", &export(&scope, form).text);
        }
    }
}
