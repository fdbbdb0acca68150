mod any_shape;
mod arrows;
mod at_first_sight;
mod broken_off;
mod cells_decide;
mod conditions_in_prose;
mod doubts;
mod headings_by_verb;
mod labels;
mod left_out_ends;
mod lines_above;
mod loopback;
mod marked_ends;
mod misplaced_headings;
mod nearest_word;
mod nested_lists;
mod no_silence;
mod permitting;
mod plain_text;
mod presences;
mod reach_columns;
mod said_elsewhere;
mod tables;
mod titles_and_grants;
mod topics;
mod whose_ports;

use std::path::Path;

use proptest::prelude::*;

use super::{Derived, Matrix, Presence, Rule, RulePorts, derive, derive::derive_up_to};
use crate::{
    document::{self, Format, Profile, Severity},
    port::{PortRange, PortSet},
    role::Role,
    transport::Transport,
};

fn derived(text: &str) -> Derived {
    derive(
        &[document::read("page.md", text.as_bytes(), Format::Markdown)],
        "Page",
    )
}

/// Rules as `id: clients -> servers transport/ports presence [when]`.
fn rules(derived: &Derived) -> Vec<String> {
    let names = |roles: &[Role]| roles.iter().map(Role::name).collect::<Vec<_>>().join("+");
    derived
        .matrix
        .rules
        .iter()
        .map(|rule| {
            format!(
                "{}: {} -> {} {}/{}{}{} {} [{}]",
                rule.id,
                names(&rule.client),
                names(&rule.server),
                rule.transport,
                rule.ports,
                if rule.alternatives { " any" } else { "" },
                if rule.loopback { " loopback" } else { "" },
                rule.presence.name(),
                rule.when.as_deref().unwrap_or("-")
            )
        })
        .collect()
}

#[test]
fn source_and_destination() {
    let page = "## Master\n\n### TCP\n\n| Port | Component | Source | Destination |\n|--|--|--|--|\n\
                | 2181 | ZooKeeper | agent/master | master |\n\
                | 7070 | Packages | localhost | localhost(master) |\n\
                | 8123 | Names | localhost | localhost |\n\
                | 15101 | Callback | master | agent/master (may change) |\n\
                | 8200 | Vault | master | master [enterprise type=\"inline\" /] |\n\
                | Ephemeral | Packages | None | None |\n";
    let derived = derived(page);
    assert_eq!(
        rules(&derived),
        [
            "master-zookeeper-2181-tcp: agent+master -> master tcp/2181 expected [-]",
            "master-packages-7070-tcp: master -> master tcp/7070 loopback expected [-]",
            "master-names-8123-tcp: Master -> Master tcp/8123 loopback expected [-]",
            "agent-master-callback-15101-tcp: master -> agent+master tcp/15101 expected [-]",
            "master-vault-8200-tcp: master -> master tcp/8200 expected [enterprise]",
        ]
    );
    let problems: Vec<String> = derived.problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        problems,
        ["page.md:12: \"Packages\": names nobody at one end, so no rule was made of it"]
    );
    assert_eq!(derived.matrix.rules[3].note.as_deref(), Some("may change"));
    assert_eq!(derived.matrix.rules[0].origin.as_deref(), Some("page.md:7"));
}

#[test]
fn viewpoints() {
    let page = "| Machine | Port | Use | Protocol | Direction | Source / destination | Required? | Notes |\n|--|--|--|--|--|--|--|--|\n\
                | Store | 1 | A | TCP | Inbound | Your users (outside) | Yes | |\n\
                | | 2 | B | UDP | Outbound | Relay | No | |\n\
                | | 3 | C | TCP | Bi-directional | Web | | |\n\
                | | 4 | D | TCP | Bi-directional | Store | | |\n\
                | | 53 | E | DNS | Outbound | resolver.example.com (192.0.2.1) | | |\n\
                | | 80/(443 or 4443) | F | | Outbound | https://api.example.com/v1/x | No | Required if you are using the cloud |\n\
                | | ICMP | G | | Inbound | Users | | |\n";
    assert_eq!(
        rules(&derived(page)),
        [
            "store-a-1-tcp: users -> Store tcp/1 required [-]",
            "relay-b-2-udp: Store -> Relay udp/2 optional [-]",
            "store-c-3-tcp: Web -> Store tcp/3 expected [-]",
            "web-c-3-tcp: Store -> Web tcp/3 expected [-]",
            "store-d-4-tcp: Store -> Store tcp/4 expected [-]",
            "resolver-example-com-e-53-tcp: Store -> resolver.example.com tcp/53 expected [-]",
            "resolver-example-com-e-53-udp: Store -> resolver.example.com udp/53 expected [-]",
            "api-example-com-f-80-tcp: Store -> api.example.com tcp/80 required [cloud]",
            "api-example-com-f-443-4443-tcp: Store -> api.example.com tcp/443,4443 any required [cloud]",
            "store-g-icmp: Users -> Store icmp/ expected [-]",
        ]
    );
}

#[test]
fn a_first_deployment() {
    let page = "## Store nodes\n\n| Port | Direction | Peer | Notes |\n|--|--|--|--|\n\
                | 443 | Outbound | mirror.example.com (192.0.2.1) | |\n\
                | 80 | Outbound | https://api.example.com/v1 | Only if using the \"cloud\" |\n\
                | 22 | Inbound | Jump \"host\" | |\n| 9 | Inbound | Anywhere | |\n| 10 | Inbound | | |\n";
    let document = document::read("page.md", page.as_bytes(), Format::Markdown);
    let derived = derive(std::slice::from_ref(&document), "Page");
    let rows: Vec<&document::Row> = document.rows.iter().collect();
    let text = super::starter(&derived.matrix, &rows, "m.toml");
    let lines: Vec<&str> = text.lines().skip(2).collect();
    assert_eq!(
        lines,
        [
            "matrix = [\"m.toml\"]",
            "",
            "[roles]",
            "\"Anywhere\" = [\"any\"]  # from the page",
            "\"api.example.com\" = [\"api.example.com\"]  # from the page",
            "\"clients\" = []  # the page does not name them",
            r#""Jump \"host\"" = []"#,
            "\"mirror.example.com\" = [\"192.0.2.1\", \"mirror.example.com\"]  # from the page",
            "\"Store nodes\" = []",
            "",
            "# Which of these hold here?",
            "[conditions]",
            "\"cloud\" = false  # Only if using the \"cloud\"",
        ]
    );
}

#[test]
fn names_do_not_depend_on_the_order_of_rows() {
    let row = |port: u16, source: &str| format!("| {port} | Web | {source} | web |\n");
    let head = "| Port | Service | Source | Destination |\n|--|--|--|--|\n";
    let lines = [row(80, "a"), row(80, "b"), row(443, "a"), row(80, "a")];
    let mut forward = rules(&derived(&format!("{head}{}", lines.concat())));
    let backward: Vec<String> = lines.iter().rev().cloned().collect();
    let mut backward = rules(&derived(&format!("{head}{}", backward.concat())));
    assert_eq!(forward.len(), 3, "the same row twice is one rule");
    forward.sort();
    backward.sort();
    assert_eq!(forward, backward);
}

#[test]
fn prose_that_names_a_service() {
    let page = "## All nodes\n\nUDP port 123 is open for communication with NTP.\n";
    assert_eq!(
        rules(&derived(page)),
        ["ntp-ntp-123-udp: All nodes -> NTP udp/123 expected [-]"]
    );
    let page = "| Port | Use |\n|--|--|\n| 80 | Web |\n";
    let derived = derived(page);
    assert_eq!(
        rules(&derived),
        ["hosts-web-80-tcp: clients -> hosts tcp/80 expected [-]"]
    );
    assert_eq!(
        derived.problems[0].to_string(),
        "page.md:3: \"80 Web\": names neither client nor server: its rule has the roles `clients`, `hosts` or `servers` for them; say in the deployment who they are"
    );
}

#[test]
fn ends_the_wrong_way_round() {
    let page = "| Port | Direction | Source | Destination |\n|--|--|--|--|\n\
                | 25 | outbound | All nodes and mail relay | All nodes |\n| 80 | bidirectional | All nodes | All nodes |\n";
    let derived = derived(page);
    assert_eq!(
        rules(&derived),
        [
            "mail-relay-25-tcp: All nodes -> mail relay tcp/25 expected [-]",
            "all-nodes-80-tcp: All nodes -> All nodes tcp/80 expected [-]",
        ]
    );
    assert!(derived.problems[0].message.contains("check it"));
}

#[test]
fn what_a_page_forbids() {
    let page = "## Store clients\n\nStore clients do not need to communicate with each other.\n";
    assert_eq!(
        rules(&derived(page)),
        [
            "store-clients-1-65535-tcp: Store clients -> Store clients tcp/1-65535 forbidden [-]",
            "store-clients-1-65535-udp: Store clients -> Store clients udp/1-65535 forbidden [-]",
        ]
    );
}

fn roles() -> impl Strategy<Value = Vec<Role>> {
    prop::collection::vec(
        "[a-zA-Z\"\\\\ \u{e9}]{0,8}x".prop_map(|name| Role::new(&name)),
        1..3,
    )
}

prop_compose! {
    fn rule()(
        id in "[a-z]{1,8}",
        client in roles(),
        server in roles(),
        first in 1_u16..60_000,
        more in 0_u16..500,
        kind in 0..3,
        text in prop::option::of(".{1,20}"),
        flags in any::<(bool, bool)>(),
        presence in prop_oneof![
            Just(Presence::Required), Just(Presence::Expected), Just(Presence::Optional), Just(Presence::Forbidden)
        ],
    ) -> Rule {
        let ports: PortSet = PortRange::new(first, first + more).into_iter().collect();
        let (transport, ports) = match kind {
            0 => (Transport::Icmp, RulePorts::None),
            1 => (Transport::Udp, RulePorts::Ephemeral),
            _ => (Transport::Tcp, RulePorts::Set(ports)),
        };
        Rule {
            id, client, server, transport, ports, alternatives: flags.0, loopback: flags.1, service: text.clone(),
            presence, within: flags.0.then_some(jiff::SignedDuration::from_secs(i64::from(first) * 60)), when: text.clone(), note: text.clone(), origin: text,
        }
    }
}

proptest! {
    #[test]
    fn a_file_is_read_back(rules in prop::collection::btree_map("[a-z]{1,8}", rule(), 1..5)) {
        let rules = rules.into_iter().map(|(id, rule)| Rule { id, ..rule }).collect();
        let matrix = Matrix { name: "M \"x\"".to_owned(), version: None, sources: vec![crate::matrix::Source { address: crate::matrix::Address::Url("https://vendor.example/ports".to_owned()), fetched: Some(jiff::Timestamp::UNIX_EPOCH), sha256: None }, crate::matrix::Source { address: crate::matrix::Address::File("a.md".to_owned()), fetched: None, sha256: Some("00".to_owned()) }], rules, imported: std::collections::BTreeMap::new() };
        let text = matrix.to_toml().unwrap();
        prop_assert_eq!(Matrix::parse(Path::new("m.toml"), &text).unwrap(), matrix);
    }

    #[test]
    fn any_text_is_a_matrix_or_a_problem(text in ".{0,200}") {
        let _either = Matrix::parse(Path::new("m.toml"), &text);
    }
}

#[test]
fn a_page_without_end() {
    let page = "| Port | Service |\n|--|--|\n| 1/tcp | a |\n| 1/tcp | a |\n| 2/tcp | b |\n| 3/tcp | c |\n| 4/tcp | d |\n";
    let document = document::read("page.md", page.as_bytes(), Format::Markdown);
    let derived = derive_up_to(2, &[document], "Page", (&Profile::default(), None));
    let origins: Vec<_> = derived
        .matrix
        .rules
        .iter()
        .map(|rule| rule.origin.as_deref())
        .collect();
    assert_eq!(
        origins,
        [Some("page.md:3, page.md:4"), Some("page.md:5")],
        "what says the same is one rule"
    );
    let lost: Vec<String> = derived
        .problems
        .iter()
        .filter(|problem| problem.severity == Severity::Lost)
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        lost,
        [
            "page.md:6: \"3 c\": rules are made up to 2, so the 2 rows from here on are in none; import the page in parts"
        ]
    );
}
