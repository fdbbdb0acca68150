use proptest::prelude::*;

use super::{Form, Inventory, hosts_of};

fn told(text: &str) -> String {
    let inventory = Inventory::read(text, Form::of(text));
    let (roles, unknown) = inventory.roles();
    let mut lines: Vec<String> = roles
        .iter()
        .map(|(name, entries)| format!("{name}: {}", entries.join(" ")))
        .collect();
    lines.extend(unknown.iter().map(|name| format!("unknown {name}")));
    lines.extend(
        inventory
            .problems
            .iter()
            .map(|problem| format!("problem {problem}")),
    );
    lines.join("\n")
}

#[test]
fn hosts_file() {
    let text = "\
127.0.0.1 localhost
::1 localhost ip6-localhost
ff02::1 ip6-allnodes
10.0.0.10 master-01.example.com master-01 # the first
10.0.0.11\tmaster-02
fd00::11 master-02
10.0.1.5 gateway

nonsense
10.0.0.12
";
    insta::assert_snapshot!(told(text), @r#"
    gateway: 10.0.1.5
    master: 10.0.0.10 10.0.0.11 fd00::11
    problem 9: "nonsense": expected an address and the names of a host
    problem 10: "10.0.0.12": no name stands beside the address
    "#);
}

#[test]
fn ini() {
    let text = "\
; who is who
bastion.example.com
[masters]
m1 ansible_host=10.0.0.10 ansible_user=root
m[2:3] # two more
10.0.0.13
[agents]
agent[08:10].example.com ansible_port=22
old.example.com:2222
[agents:vars]
ansible_user = core
[cluster:children]
masters
agents
[odd:things]
[open
";
    insta::assert_snapshot!(told(text), @r#"
    agents: agent08.example.com agent09.example.com agent10.example.com old.example.com
    cluster: agents masters
    masters: 10.0.0.10 10.0.0.13
    ungrouped: bastion.example.com
    unknown m2
    unknown m3
    problem 15: "[odd:things]": `things` is neither children nor vars
    problem 16: "[open": a bracket is not closed
    "#);
}

#[test]
fn yaml() {
    let text = "\
---
all:
  vars:
    ansible_user: root
  children:
    masters:
      hosts:
        m1:
          ansible_host: 10.0.0.10
        'm[2:3].example.com': {}
    cluster:
      children:
        masters:
        agents:
          hosts: {10.0.1.5: , a2.example.com: null}
      things: 1
";
    insta::assert_snapshot!(told(text), @r#"
    agents: 10.0.1.5 a2.example.com
    cluster: agents masters
    masters: 10.0.0.10 m2.example.com m3.example.com
    problem 0: "cluster": `things` is neither hosts, children nor vars
    "#);
    let broken = told("all:\n  hosts:\n  - [\n");
    assert!(broken.starts_with("problem "), "{broken}");
}

#[test]
fn a_mask_beside_the_address_of_a_host() {
    let mut inventory = Inventory::read(
        "[masters]\nm1 ansible_host=10.0.0.10/24\n10.0.0.13/24\nfd00::13/64\n[nets]\n10.1.0.0/16\n",
        Form::Ini,
    );
    inventory.extend(Inventory::read("10.0.0.11/24 m1\n", Form::Hosts));
    let (roles, unknown) = inventory.roles();
    assert_eq!(
        roles["masters"],
        ["10.0.0.10", "10.0.0.11", "10.0.0.13", "fd00::13"]
    );
    // What has no bits of a host is no host's address.
    assert_eq!(roles["nets"], ["10.1.0.0/16"]);
    assert!(unknown.is_empty());
    assert_eq!(Form::of("10.0.0.5/24 web\n"), Form::Hosts);
}

#[test]
fn addresses_in_brackets_and_ports_are_of_hosts() {
    let text = "\
[web]
w1 ansible_host=[2001:db8::5]
w2 ansible_host=[2001:db8::6]:22
w3 ansible_host=10.0.0.2:2222
[2001:db8::a]:2200
[2001:db8::b]
[2001:db8::c] ansible_port=22
10.0.0.9:22
fe80::1:22
db[1:2].example.com:2222
[a:b].example.com
[a:b]-x.example.com:22
10.0.0.50
[db] # the last
10.0.0.60
";
    insta::assert_snapshot!(told(text), @r#"
    db: 10.0.0.60
    web: 10.0.0.2 10.0.0.9 10.0.0.50 2001:db8::5 2001:db8::6 2001:db8::a 2001:db8::b 2001:db8::c fe80::1:22 a-x.example.com a.example.com b-x.example.com b.example.com db1.example.com db2.example.com
    "#);
    let yaml = "all:\n  children:\n    web:\n      hosts:\n        '10.0.0.9:22':\n        '[2001:db8::a]:22':\n        'h[1:2].example.com:22':\n        w1: {ansible_host: '[2001:db8::5]'}\n";
    insta::assert_snapshot!(told(yaml), @"web: 10.0.0.9 2001:db8::5 2001:db8::a h1.example.com h2.example.com");
}

/// Hosts of a section whose heading is not understood are in no group, and each is told.
#[test]
fn no_host_is_lost_with_its_heading() {
    for heading in ["[web", "[web:things]", "[]", "[web] x", "[web]x"] {
        let text = format!("[db]\n10.0.0.1\n{heading}\n10.0.0.50\n10.0.0.51\n");
        let said = told(&text);
        assert!(said.starts_with("db: 10.0.0.1\n"), "{said}");
        let problems = said.lines().filter(|line| line.starts_with("problem "));
        assert_eq!(problems.count(), 3, "{said}");
    }
}

/// What a deployment would refuse, or take for something else, is no entry of a role.
#[test]
fn entries_are_what_a_deployment_reads_as_such() {
    let text = "\
[web]
10.0.0.300
x.example.com:y
10.0.0.1
[any]
10.0.0.2
[eu.web]
10.0.0.3
[all_of_us:children]
any
eu.web
web
";
    insta::assert_snapshot!(told(text), @r#"
    all_of_us: web 10.0.0.2 10.0.0.3
    any: 10.0.0.2
    eu.web: 10.0.0.3
    web: 10.0.0.1
    unknown 10.0.0.300
    unknown x.example.com:y
    "#);
}

#[test]
fn a_hosts_file_says_where_hosts_of_an_inventory_are() {
    let mut inventory = Inventory::read("[masters]\nm1\n", Form::Ini);
    inventory.extend(Inventory::read("10.0.0.10 m1\n", Form::Hosts));
    let (roles, unknown) = inventory.roles();
    assert_eq!(roles["masters"], ["10.0.0.10"]);
    assert!(unknown.is_empty());
}

#[test]
fn patterns() {
    for (pattern, hosts) in [
        ("web", "web"),
        ("web[1:3]", "web1 web2 web3"),
        ("web[01:05:2].x", "web01.x web03.x web05.x"),
        ("db-[a:c]", "db-a db-b db-c"),
        ("[a:b][1:2]", "a1 a2 b1 b2"),
    ] {
        assert_eq!(hosts_of(pattern).unwrap().join(" "), hosts);
    }
    for pattern in [
        "web[1:",
        "web[1]",
        "web[b:1]",
        "web[3:1]",
        "web[0:99999999]",
        "web[1:2:0]",
        "[0:9999][0:9999]",
    ] {
        assert!(hosts_of(pattern).is_err(), "{pattern}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read(text in "([\\[\\]:a-z0-9 .={}\"'#-]|\n| ){0,120}") {
        for form in [Form::Hosts, Form::Ini, Form::Yaml] {
            let _read = Inventory::read(&text, form).roles();
        }
    }
}

#[test]
fn nodes_without_end() {
    let blocks: String = (0..20_000)
        .map(|depth| " ".repeat(depth) + "a:\n")
        .collect();
    let lists = "all:\n  ".to_owned() + &"- ".repeat(20_000) + "a\n";
    for text in [blocks, lists] {
        let problems = super::yaml::read(&text).problems;
        assert_eq!(problems.len(), 1);
        assert!(
            problems[0].to_string().contains("128 deep"),
            "{}",
            problems[0]
        );
    }
}
