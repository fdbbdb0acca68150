//! Nothing is let in that the matrix forbids, whatever nobody knows and whatever a form has no words for.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    path::Path,
};

use proptest::{prelude::*, sample::select};
use serde_json::Value;

use super::super::{Exported, Firewall, Form, Packet, Scope, export};
use crate::{deployment::Deployment, matrix::Matrix, role::Role};

/// A rule from a role to another one.
fn rule(id: &str, [client, server]: [&str; 2], ports: &str, presence: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nclient = [\"{client}\"]\nserver = [\"{server}\"]\ntransport = \"tcp\"\nports = \"{ports}\"\npresence = \"{presence}\"\n"
    )
}

/// Does something with what is exported of rules for these roles, for hosts of `srv`. Names of hosts have no address.
fn with_scope<T>(rules: &[String], roles: &str, act: impl FnOnce(&Scope<'_>) -> T) -> T {
    let text = format!("name = \"M\"\n{}", rules.concat());
    let matrix = Matrix::parse(Path::new("m.toml"), &text).unwrap();
    let text = format!("matrix = \"m.toml\"\n[roles]\n{roles}");
    let deployment = Deployment::parse(Path::new("a.toml"), &text).unwrap();
    let roles = deployment.resolve(&mut |_| Err("nobody knows".to_owned()));
    act(&Scope {
        matrices: &[matrix],
        roles: &roles,
        conditions: &BTreeMap::new(),
        own: &[Role::new("srv")],
    })
}

/// The export of rules for these roles.
fn of(rules: &[String], roles: &str, form: Form) -> Exported {
    with_scope(rules, roles, |scope| export(scope, form))
}

/// Why less is let in than the matrix allows.
fn closed(exported: &Exported) -> Vec<&str> {
    let closed = exported.left_out.iter().filter(|one| one.is_closed);
    closed.map(|one| one.reason.as_str()).collect()
}

/// What the pods of a role let in: peers and ports.
fn ingress(exported: &Exported, role: &str) -> Vec<String> {
    let list: Value = serde_json::from_str(&exported.text).unwrap();
    let items = list["items"].as_array().unwrap();
    let its = items.iter().find(|item| item["metadata"]["name"] == role);
    let all = its.unwrap()["spec"]["ingress"].as_array().unwrap().iter();
    all.map(ToString::to_string).collect()
}

const POLICIES: [Form; 2] = [Form::NetworkPolicy, Form::Cilium];

#[test]
fn policies_do_not_let_in_what_is_forbidden_to_some() {
    let rules = [
        rule("open", ["anybody", "srv"], "443,8443", "required"),
        rule("never", ["b", "srv"], "443", "forbidden"),
    ];
    for form in POLICIES {
        // One that is a pod: no policy tells it from all others.
        let exported = of(&rules, "anybody = [\"any\"]\n", form);
        let [only] = ingress(&exported, "srv").try_into().unwrap();
        assert!(only.contains("8443") && !only.contains(":443"), "{only}");
        let why = closed(&exported);
        assert!(
            why.len() == 1 && why[0].contains("all of that is closed"),
            "{why:?}"
        );
        // One whose name has no address: it may be anybody.
        let exported = of(
            &rules,
            "anybody = [\"any\"]\nb = [\"b.example.com\"]\n",
            form,
        );
        let all = ingress(&exported, "srv");
        assert!(
            !all.iter()
                .any(|one| one.contains(":443") || one.contains("\"443\"")),
            "{all:?}"
        );
        assert_eq!(closed(&exported).len(), 1);
        // One with addresses: all others have other addresses.
        let exported = of(&rules, "anybody = [\"any\"]\nb = [\"10.0.0.2\"]\n", form);
        let all = ingress(&exported, "srv");
        let [free, rest] = all.as_slice() else {
            panic!("{all:?}")
        };
        assert!(free.contains("8443") && !free.contains("443,"), "{free}");
        assert!(
            rest.contains("10.0.0.3/32")
                && rest.contains("10.0.0.0/31")
                && !rest.contains("10.0.0.2/"),
            "{rest}"
        );
        assert!(
            rest.contains("\"::/0\"") && !rest.contains("0.0.0.0/0") && !rest.contains("all"),
            "{rest}"
        );
        let why = closed(&exported);
        assert!(why[0].contains("by their numbers"), "{why:?}");
    }
}

/// A role whose host names have no address is none of pods, and lets nobody in.
#[test]
fn a_role_whose_names_have_no_address_is_none_of_pods() {
    let rules = [
        rule("one", ["lost", "srv"], "1", "required"),
        rule("two", ["part", "srv"], "2", "required"),
        rule("never", ["lost", "srv"], "2", "forbidden"),
    ];
    let roles = "lost = [\"lost.example.com\"]\npart = [\"10.0.0.2\", \"part.example.com\"]\n";
    for form in POLICIES {
        let exported = of(&rules, roles, form);
        assert!(!exported.text.contains("lost"), "{}", exported.text);
        // Who is lost may be 10.0.0.2.
        assert!(!exported.text.contains("10.0.0.2"), "{}", exported.text);
        let why = closed(&exported).join("; ");
        for said in [
            "a host name of `lost` has no address",
            "a host name of `part` has no address",
            "all of that is closed",
        ] {
            assert!(why.contains(said), "{why}");
        }
    }
}

/// All that a prohibition closes is named.
#[test]
fn every_rule_that_lets_in_less_is_named() {
    let rules = [
        rule("one", ["anybody", "srv"], "443", "required"),
        rule("two", ["anybody", "srv"], "80,443", "required"),
        rule("never", ["b", "srv"], "443", "forbidden"),
    ];
    for form in POLICIES {
        let exported = of(&rules, "anybody = [\"any\"]\n", form);
        let why = closed(&exported).join("\n");
        assert!(
            why.contains("what one allows") && why.contains("what two allows"),
            "{why}"
        );
    }
}

#[test]
fn a_firewall_lets_in_nothing_that_may_be_forbidden() {
    let rules = [
        rule("open", ["anybody", "srv"], "443,8443", "required"),
        rule("near", ["a", "srv"], "443", "required"),
        rule("never", ["b", "srv"], "443", "forbidden"),
    ];
    let known = "anybody = [\"any\"]\na = [\"10.0.0.3\"]\nsrv = [\"10.0.0.1\"]\n";
    for b in ["", "b = [\"b.example.com\"]\n", "b = []\n"] {
        let exported = of(&rules, &format!("{known}{b}"), Form::Nftables);
        assert!(
            exported.text.contains("{ 8443 } accept") && !exported.text.contains("{ 443"),
            "{}",
            exported.text
        );
        let why = closed(&exported);
        assert!(
            why.len() == 1 && why[0].contains("closed to everybody whom near, open may let in"),
            "{why:?}"
        );
    }
    assert_eq!(of(&rules, known, Form::Nftables).left_out.len(), 1);
    // Of one host the address is known, of the other not.
    let b = "b = [\"10.0.0.2\", \"b.example.com\"]\n";
    let exported = of(&rules, &format!("{known}{b}"), Form::Nftables);
    assert!(
        exported
            .text
            .contains("@role_b_4 ip daddr @role_srv_4 tcp dport { 443 } drop")
            && !exported.text.contains("{ 443 } accept")
            && !exported.text.contains("443, 8443"),
        "{}",
        exported.text
    );
    assert_eq!(closed(&exported).len(), 1);
    // All are known.
    let exported = of(
        &rules,
        &format!("{known}b = [\"10.0.0.2\"]\n"),
        Form::Nftables,
    );
    assert!(exported.text.contains("{ 443, 8443 } accept"));
    assert_eq!(closed(&exported), [""; 0]);
    // Nothing that another rule allows is forbidden to one of whom nobody has said who it is.
    let apart = rule("apart", ["nobody", "srv"], "9", "forbidden");
    let exported = of(&[apart], known, Form::Nftables);
    assert_eq!(closed(&exported), [""; 0]);
    assert!(exported.left_out[0].reason.contains("no other rule allows"));
}

/// A host's firewall is that of its roles' addresses: another address of the same host is none that the rule opens.
#[test]
fn a_firewall_opens_the_addresses_of_the_role_alone() {
    let rules = [
        rule("r1", ["a", "srv"], "5001", "required"),
        // Who has the address is meant, whatever role --role names.
        rule("not", ["a", "apart"], "5001", "forbidden"),
    ];
    let roles = "a = [\"10.99.0.11\"]\nsrv = [\"10.99.0.1-10.99.0.3\", \"fd00::1\"]\napart = [\"10.99.0.2\"]\n";
    with_scope(&rules, roles, |scope| {
        let firewall = Firewall::new(scope);
        let asked = |server: &str| {
            let packet = Packet {
                client: "10.99.0.11".parse().unwrap(),
                server: server.parse().unwrap(),
                protocol: 6,
                port: 5001,
                is_loopback: false,
            };
            firewall.accepts(&packet, &[packet.server])
        };
        assert!(asked("10.99.0.1"));
        assert!(!asked("10.88.0.1") && !asked("10.99.0.2"));
        let text = export(scope, Form::Nftables).text;
        assert!(
            text.contains("ip saddr @role_a_4 ip daddr @role_srv_4 tcp dport { 5001 } accept"),
            "{text}"
        );
    });
}

/// What a role's pods carry is said where it is not what its name says.
#[test]
fn a_label_that_another_role_has_is_said() {
    let rules = |others: &[&str]| {
        let others = others.iter().enumerate();
        let all = others.map(|(n, role)| rule(&format!("r{n}"), [role, "srv"], "1", "required"));
        all.collect::<Vec<String>>()
    };
    for form in POLICIES {
        let alone = of(&rules(&["base-data"]), "", form);
        assert_eq!(alone.notes, [""; 0]);
        let both = of(&rules(&["base data", "base-data"]), "", form);
        assert_eq!(
            both.notes,
            [
                "pods of `base data` carry the label auditor/role=base-data-2: `base-data` is another role's"
            ]
        );
        let list: Value = serde_json::from_str(&both.text).unwrap();
        let items = list["items"].as_array().unwrap();
        let of_other = items
            .iter()
            .find(|item| item["metadata"]["name"] == "base-data-2");
        let annotations = &of_other.unwrap()["metadata"]["annotations"];
        assert_eq!(annotations["auditor/role"], "base data");
    }
}

/// The last parts of the addresses of this world.
const HOSTS: std::ops::Range<u8> = 0..6;

/// A role: the hosts of which the deployment gives the address, and one of which it gives a name that nobody knows, or none where
/// nobody has said anything of the role.
#[derive(Clone, Debug)]
struct Hosts {
    known: BTreeSet<u8>,
    unknown: Option<u8>,
}

fn hosts() -> impl Strategy<Value = Hosts> {
    let known = prop::collection::btree_set(HOSTS, 0..4);
    (known, prop::option::weighted(0.3, HOSTS))
        .prop_map(|(known, unknown)| Hosts { known, unknown })
}

const ROLES: [&str; 4] = ["a", "b", "c", "srv"];

const fn address(host: u8) -> IpAddr {
    IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, host))
}

/// The roles of a deployment.
fn roles_of(hosts: &BTreeMap<&str, &Hosts>) -> String {
    let roles = hosts.iter().map(|(role, hosts)| {
        let known = hosts.known.iter();
        let known = known.map(|host| format!("\"{}\"", address(*host)));
        let unknown = hosts.unknown.iter();
        let unknown = unknown.map(|_| format!("\"{role}.example.com\""));
        let entries: Vec<String> = known.chain(unknown).collect();
        format!("{role} = [{}]\n", entries.join(", "))
    });
    let roles: String = roles.collect();
    format!("everybody = [\"any\"]\n{roles}")
}

/// Client, server, first port, how many more, and whether it forbids.
type AnyRule = (&'static str, &'static str, u16, u16, bool);

fn written((n, (client, server, first, more, forbids)): (usize, &AnyRule)) -> String {
    let presence = if *forbids { "forbidden" } else { "expected" };
    let ports = format!("{first}-{}", first + more);
    rule(&format!("r{n}"), [client, server], &ports, presence)
}

fn rules() -> impl Strategy<Value = Vec<AnyRule>> {
    let end = || select(&["a", "b", "c", "srv", "everybody"][..]);
    let one = (end(), end(), 1_u16..5, 0_u16..3, prop::bool::weighted(0.35));
    prop::collection::vec(one, 1..7)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    /// Whoever those are of whom nobody knows the address, nothing is let in that the matrix does not allow; and where all are
    /// known, all is let in that it does.
    #[test]
    fn a_firewall_lets_in_what_the_matrix_allows(all in prop::collection::vec(hosts(), 4), rules in rules()) {
        let hosts: BTreeMap<&str, &Hosts> = ROLES.into_iter().zip(&all).collect();
        let text = format!("matrix = \"m.toml\"\n[roles]\n{}", roles_of(&hosts));
        let deployment = Deployment::parse(Path::new("a.toml"), &text).unwrap();
        let roles = deployment.resolve(&mut |_| Err("nobody knows".to_owned()));
        let written: Vec<String> = (0..).zip(&rules).map(written).collect();
        let text = format!("name = \"M\"\n{}", written.concat());
        let matrix = Matrix::parse(Path::new("m.toml"), &text).unwrap();
        let scope = Scope {
            matrices: &[matrix],
            roles: &roles,
            conditions: &BTreeMap::new(),
            own: &[Role::new("srv")],
        };
        let firewall = Firewall::new(&scope);
        let has = |role: &str, host: u8| {
            hosts.get(role).is_none_or(|hosts| hosts.known.contains(&host) || hosts.unknown == Some(host))
        };
        let is_all_known = hosts.values().all(|hosts| hosts.unknown.is_none() && !hosts.known.is_empty());
        let own: BTreeSet<u8> = HOSTS.filter(|host| has("srv", *host)).collect();
        for (client, server, port) in HOSTS.flat_map(|client| {
            let own = own.clone();
            own.into_iter().flat_map(move |server| (0..8_u16).map(move |port| (client, server, port)))
        }) {
            // What stays on one host passes both chains.
            if own.contains(&client) {
                continue;
            }
            let matches = |forbids: bool, is_all: bool| rules.iter().any(|rule| {
                let is_port = (rule.2..=rule.2 + rule.3).contains(&port);
                // Everybody is no role that --role names.
                let is_server = has(rule.1, server) && (is_all || rule.1 != "everybody" && (rule.1 == "srv"));
                rule.4 == forbids && is_port && has(rule.0, client) && is_server
            });
            let packet = Packet {
                client: address(client),
                server: address(server),
                protocol: 6,
                port,
                is_loopback: false,
            };
            let own: Vec<IpAddr> = own.iter().map(|host| address(*host)).collect();
            let accepts = firewall.accepts(&packet, &own);
            let is_forbidden = matches(true, true);
            prop_assert!(!accepts || matches(false, true) && !is_forbidden, "{packet:?}\n{text}\n{hosts:?}");
            if is_all_known {
                prop_assert_eq!(accepts, matches(false, false) && !is_forbidden, "{:?}", packet);
            }
        }
    }

    /// The same of pods: whoever those are of whom nobody knows the address, they are let in by no policy where the matrix forbids it.
    #[test]
    fn policies_let_in_what_the_matrix_allows(all in prop::collection::vec(hosts(), 3), rules in rules()) {
        let hosts: BTreeMap<&str, &Hosts> = ROLES.into_iter().zip(&all).collect();
        let text = roles_of(&hosts);
        let written: Vec<String> = (0..).zip(&rules).map(written).collect();
        let exported = of(&written, &text, Form::NetworkPolicy);
        let list: Value = serde_json::from_str(&exported.text).unwrap();
        let items = list["items"].as_array().unwrap();
        let Some(policy) = items.iter().find(|item| item["metadata"]["name"] == "srv") else {
            return Ok(());
        };
        let let_in = policy["spec"]["ingress"].as_array().unwrap();
        for (client, port) in HOSTS.flat_map(|client| (0..8_u16).map(move |port| (client, port))) {
            let accepts = let_in.iter().any(|rule| {
                let mut ports = rule["ports"].as_array().unwrap().iter();
                let mut from = rule["from"].as_array().into_iter().flatten();
                let is_port = ports.any(|one| {
                    let first = one["port"].as_u64().unwrap();
                    let last = one["endPort"].as_u64().unwrap_or(first);
                    (first..=last).contains(&u64::from(port))
                });
                is_port && (rule.get("from").is_none() || from.any(|peer| {
                    let cidr = peer["ipBlock"]["cidr"].as_str();
                    cidr.is_some_and(|cidr| cidr.parse::<ipnet::IpNet>().unwrap().contains(&address(client)))
                }))
            });
            let matches = |forbids: bool| rules.iter().any(|rule| {
                let is_port = (rule.2..=rule.2 + rule.3).contains(&port);
                let is_client = hosts.get(rule.0).is_none_or(|hosts| {
                    rule.0 != "srv" && (hosts.known.contains(&client) || hosts.unknown == Some(client))
                });
                rule.4 == forbids && is_port && is_client && rule.0 != "srv" && matches!(rule.1, "srv" | "everybody")
            });
            prop_assert!(!accepts || matches(false) && !matches(true), "10.0.0.{client} {port}\n{}\n{written:?}\n{text}", exported.text);
        }
    }
}
