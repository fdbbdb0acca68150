//! Whether traffic must be there, where a row does not say it itself.

use super::{derived, rules};
use crate::{
    document::{self, Format, Profile},
    matrix::{Presence, derive_as, starter},
};

const PAGE: &str = "# Network\n\n## Required ports\n\n\
    | Source | Destination | Port | Protocol | Required | Description |\n|--|--|--|--|--|--|\n\
    | gate | store | 5432 | TCP | | SQL |\n\
    | gate | cache | 6379 | TCP | no | Keys |\n\
    | gate | worker | 1025-2180 | TCP | | Default range for tasks |\n\
    | gate | worker | 9000-9001 | TCP | | Default ports |\n\
    | gate | worker | ephemeral | TCP | | Advertised ports |\n\
    | gate | relay | 25 | TCP | | Mail, recommended but not required |\n\
    | gate | directory | 389 | TCP | | Only where accounts are elsewhere |\n\n\
    ### Optional ports\n\n\
    | Source | Destination | Port | Protocol |\n|--|--|--|--|\n| gate | mail | 25 | TCP |\n\n\
    ## Ports required for the mirror\n\n\
    | Source | Destination | Port | Protocol |\n|--|--|--|--|\n| gate | mirror | 873 | TCP |\n";

fn presences(unsaid: Option<Presence>) -> Vec<(String, &'static str)> {
    let page = document::read("page.md", PAGE.as_bytes(), Format::Markdown);
    let derived = derive_as(&[page], "Page", &Profile::default(), unsaid);
    let rules = derived.matrix.rules.iter();
    rules
        .map(|rule| (rule.ports.to_string(), rule.presence.name()))
        .collect()
}

#[test]
fn headings_say_what_rows_do_not() {
    let said = |ports: &str, presence| (ports.to_owned(), presence);
    assert_eq!(
        presences(None),
        [
            said("5432", "required"),
            said("6379", "optional"),
            said("1025-2180", "optional"),
            said("9000-9001", "required"),
            said("ephemeral", "optional"),
            said("25", "expected"),
            said("389", "expected"),
            said("25", "optional"),
            said("873", "expected"),
        ]
    );
}

#[test]
fn a_person_says_more_than_headings_and_less_than_rows() {
    let of = |unsaid| -> Vec<&str> {
        let all = presences(Some(unsaid));
        all.into_iter().map(|(_, presence)| presence).collect()
    };
    assert_eq!(
        of(Presence::Expected),
        [
            "expected", "optional", "optional", "expected", "optional", "expected", "expected",
            "expected", "expected"
        ]
    );
    assert_eq!(
        of(Presence::Required),
        [
            "required", "optional", "optional", "required", "optional", "required", "required",
            "required", "required"
        ]
    );
}

#[test]
fn a_title_is_the_last_heading() {
    let page = "# Required firewall ports\n\n## Store\n\n| Source | Destination | Port | Protocol |\n|--|--|--|--|\n| gate | store | 5432 | TCP |\n";
    assert_eq!(
        rules(&derived(page)),
        ["store-5432-tcp: gate -> store tcp/5432 required [-]"]
    );
}

#[test]
fn a_draft_says_which_roles_others_may_be() {
    let page = "| Source | Destination | Port | Protocol |\n|--|--|--|--|\n\
        | All nodes | time server | 123 | UDP |\n\
        | Internet | gate | 443 | TCP |\n\
        | Gates | worker & store | 5000 | TCP |\n\
        | worker | stores | 5001 | TCP |\n\
        | All workers | every agent | 5002 | TCP |\n\
        | Private agents | Public agents | 5003 | TCP |\n\
        | any cook | agent store | 5004 | TCP |\n";
    let derived = derived(page);
    let draft = starter(&derived.matrix, &[], "m.toml");
    let line = |role: &str| {
        let start = format!("\"{role}\" = ");
        let line = draft.lines().find(|line| line.starts_with(&start));
        line.unwrap_or_else(|| panic!("{role} is not in {draft}"))
            .to_owned()
    };
    let all = line("All nodes");
    assert!(
        all.contains("# perhaps [") && all.contains("\"worker\"") && !all.contains("Internet"),
        "{all}"
    );
    // Who has to do with nobody but all of them is none of them.
    assert!(!all.contains("time server"), "{all}");
    assert!(
        line("Gates").ends_with("[]  # perhaps [\"gate\"]"),
        "{draft}"
    );
    assert!(!line("gate").contains("perhaps"), "{draft}");
    assert!(!all.contains("every") && !all.contains("All w"), "{all}");
    assert!(
        line("All workers").ends_with("[]  # perhaps [\"worker\"]"),
        "{draft}"
    );
    assert!(
        line("every agent").ends_with("[]  # perhaps [\"Private agents\", \"Public agents\"]"),
        "{draft}"
    );
    assert!(!line("any cook").contains("perhaps"), "{draft}");
    draft.parse::<toml::Table>().unwrap();
}

#[test]
fn one_port_of_several_that_is_optional_leaves_the_others() {
    let of = |ports: &str| {
        let page =
            format!("| Source | Destination | Ports |\n|--|--|--|\n| gate | store | {ports} |\n");
        let page = document::read("page.md", page.as_bytes(), Format::Markdown);
        let derived = derive_as(
            std::slice::from_ref(&page),
            "Page",
            &Profile::default(),
            None,
        );
        let rules = derived.matrix.rules.iter();
        let presences: Vec<String> = rules
            .map(|rule| format!("{} {}", rule.ports, rule.presence.name()))
            .collect();
        let is_told = page
            .problems
            .iter()
            .any(|problem| problem.to_string().contains("optional"));
        (presences.join(", "), is_told)
    };
    assert_eq!(
        of("TCP 22 (SSH)<br>TCP 80 (HTTP) (optional)<br>UDP 161").0,
        "22 expected, 161 expected, 80 optional"
    );
    assert_eq!(
        of("TCP 80 (optional), TCP 443").0,
        "443 expected, 80 optional"
    );
    // Whether the last bracket is of the others, too, is said to be a guess.
    let last = of("80, 443 (optional)");
    assert_eq!(last.0, "80 expected, 443 optional");
    // All of them.
    assert_eq!(of("TCP 80 (optional)"), ("80 optional".to_owned(), false));
    assert_eq!(
        of("TCP 135-139 (optional)"),
        ("135-139 optional".to_owned(), false)
    );
}

#[test]
fn any_beside_a_port_allows_not_all_of_them() {
    let page = "Host,Traffic,Port at host,Port at peer,Transport,Peer\nKiosk,outgoing,any,8530,TCP,Hub\nKiosk,incoming,5986,5986,TCP,Hub\n";
    let page = document::read("page.csv", page.as_bytes(), Format::Csv);
    let derived = derive_as(
        std::slice::from_ref(&page),
        "Page",
        &Profile::default(),
        None,
    );
    let rules = &derived.matrix.rules;
    assert!(
        rules.iter().all(|rule| !rule.ports.contains(1)),
        "{rules:?}"
    );
    assert!(
        page.problems
            .iter()
            .any(|problem| problem.to_string().contains("8530"))
    );
}

#[test]
fn what_is_said_of_one_port_is_not_said_of_the_other() {
    let rules = |head: &str, row: &str| {
        let page = format!("| Source | Destination | Ports | {head} |\n|--|--|--|--|\n{row}\n");
        let page = document::read("page.md", page.as_bytes(), Format::Markdown);
        let derived = derive_as(
            std::slice::from_ref(&page),
            "Page",
            &Profile::default(),
            None,
        );
        let rules = derived.matrix.rules.iter();
        rules
            .map(|rule| format!("{} {}", rule.ports, rule.presence.name()))
            .collect::<Vec<_>>()
            .join(", ")
    };
    assert_eq!(
        rules(
            "Note",
            "| gate | store | 5671, 5672 | 5671 (TLS), 5672 (plain, optional) |"
        ),
        "5671 expected, 5672 optional"
    );
    assert_eq!(
        rules("Note", "| gate | store | 22 | Port 22 is optional. |"),
        "22 optional"
    );
    assert_eq!(
        rules(
            "Note",
            "| gate | store | 8105 | Only on localhost. Must not be open. |"
        ),
        "8105 forbidden"
    );
}
