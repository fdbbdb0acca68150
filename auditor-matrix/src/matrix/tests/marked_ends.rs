//! Tables whose columns are headed by machines and hold marks.

use crate::{
    document::{self, Format},
    matrix::{Derived, derive},
    role::Role,
};

pub(super) fn derived(page: &str, format: Format) -> Derived {
    let documents = [document::read("page", page.as_bytes(), format)];
    let mut derived = derive(&documents, "Page");
    derived.problems.extend(documents[0].problems.clone());
    derived
}

/// Each rule as `client -> server transport/ports`.
#[track_caller]
pub(super) fn check(derived: &Derived, expected: &[&str]) {
    let names = |roles: &[Role]| roles.iter().map(Role::name).collect::<Vec<_>>().join("+");
    let mut found: Vec<String> = derived
        .matrix
        .rules
        .iter()
        .map(|rule| {
            format!(
                "{} -> {} {}/{}{}",
                names(&rule.client),
                names(&rule.server),
                rule.transport,
                rule.ports,
                if rule.loopback { " loopback" } else { "" },
            )
            .to_lowercase()
        })
        .collect();
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

pub(super) fn says(derived: &Derived, text: &str) -> bool {
    derived
        .problems
        .iter()
        .any(|problem| problem.to_string().contains(text))
}

#[test]
fn ticks_beside_self_are_of_those_that_connect() {
    let page = "= Lighthouse\n\n== Ports of the Beacon node\n\n[options=\"header\"]\n|===\n\
                |Port |Protocol |Localhost |Beacon |Keeper |Harbour console\n\
                |4400 |TCP |\u{25cf} | |\u{25cf} |\n|4401 |UDP | |\u{25cf} | |\u{25cf}\n|===\n";
    check(
        &derived(page, Format::AsciiDoc),
        &[
            "beacon node -> beacon node tcp/4400 loopback",
            "keeper -> beacon node tcp/4400",
            "beacon -> beacon node udp/4401",
            "harbour console -> beacon node udp/4401",
        ],
    );
}

#[test]
fn headings_above_several_machines_say_their_side() {
    let page = "<table><thead><tr><th rowspan=2>Port</th><th colspan=2>Accessed from</th>\
                <th colspan=2>Open on</th></tr><tr><th>Mill</th><th>Clerk desk</th><th>Silo</th><th>Mill</th></tr>\
                </thead><tbody><tr><td>8200</td><td>&#10004;</td><td></td><td>x</td><td></td></tr>\
                <tr><td>8201</td><td></td><td>yes</td><td>yes</td><td>yes</td></tr></tbody></table>";
    check(
        &derived(page, Format::Html),
        &[
            "mill -> silo tcp/8200",
            "clerk desk -> silo tcp/8201",
            "clerk desk -> mill tcp/8201",
        ],
    );
}

#[test]
fn a_sentence_says_what_ticks_mean() {
    let table = "\n\n| Port | Field server | Barn server |\n|--|--|--|\n| 5100 | x | x |\n| 5101 | optional | |\n";
    let asks = derived(
        &format!("An x marks the hosts that open connections to the port.{table}"),
        Format::Markdown,
    );
    check(
        &asks,
        &[
            "barn server -> hosts tcp/5100",
            "field server -> hosts tcp/5100",
            "field server -> hosts tcp/5101",
        ],
    );
    let answers = derived(
        &format!("A tick shows where the port has to be open.{table}"),
        Format::Markdown,
    );
    check(
        &answers,
        &[
            "clients -> barn server tcp/5100",
            "clients -> field server tcp/5100",
            "clients -> field server tcp/5101",
        ],
    );
    // Where nothing says it, each rule has a remark.
    let nothing = derived(&format!("Ports:{table}"), Format::Markdown);
    assert!(says(
        &nothing,
        "nothing says whether the ticked machines listen"
    ));
    assert!(says(&nothing, "5101 | optional"));
}

#[test]
fn cells_may_say_what_each_machine_does() {
    let page = "Port,Transport,Service,Gate server,Vault server,Kiosk\n9300,TCP,Vault API,client,server,\n\
                9301,TCP,Kiosk feed,server,,client\n9302,UDP,Gossip,in/out,in/out,\n9303,TCP,Spare,,,\n";
    let derived = derived(page, Format::Csv);
    check(
        &derived,
        &[
            "gate server -> vault server tcp/9300",
            "kiosk -> gate server tcp/9301",
            "gate server -> vault server udp/9302",
            "vault server -> gate server udp/9302",
        ],
    );
}

#[test]
fn self_is_the_machine_of_the_row_where_the_other_end_is_another() {
    let page = "# Pilot\n\n## Pilot server\n\n| Source | Destination | Port |\n|--|--|--|\n| Self | Chart store | 8300 |\n\
                | Crane | Self | 8301 |\n| Self | Self | 8302 |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "pilot server -> chart store tcp/8300",
            "crane -> pilot server tcp/8301",
            "pilot server -> pilot server tcp/8302 loopback",
        ],
    );
}

#[test]
fn ticks_that_say_no_machine() {
    // Editions and modes are no machines.
    let page = "| Port | Encrypted | Enterprise |\n|--|--|--|\n| 5100 | x | x |\n";
    let derived = derived(page, Format::Markdown);
    check(&derived, &["clients -> hosts tcp/5100"]);
    assert!(says(&derived, "what is marked below Encrypted, Enterprise"));
}

#[test]
fn the_machine_itself_beside_others() {
    let page = "# Tannery\n\n## Vat nodes\n\n| Ports | Allowed clients |\n|--|--|\n| 3300 | Self, Foreman |\n\
                | 3301 | Self |\n| 3302 | drum-agent, ledger |\n| 3303 | localhost, Foreman and Ledger |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "foreman -> vat nodes tcp/3300",
            "vat nodes -> vat nodes tcp/3300 loopback",
            "vat nodes -> vat nodes tcp/3301 loopback",
            "vat nodes -> vat nodes tcp/3303 loopback",
            "drum-agent+ledger -> vat nodes tcp/3302",
            "foreman+ledger -> vat nodes tcp/3303",
        ],
    );
}

#[test]
fn ports_may_stand_above_the_ticks() {
    let page = "# Open ports per node\n\n| Node | 22 | 443 | 6443 |\n|--|--|--|--|\n| Master | x | x | x |\n| Worker | x | | |\n";
    let derived = derived(page, Format::Markdown);
    check(
        &derived,
        &[
            "clients -> master tcp/22",
            "clients -> worker tcp/22",
            "clients -> master tcp/443",
            "clients -> master tcp/6443",
        ],
    );
}

#[test]
fn a_legend_says_what_marks_mean() {
    let page = "C: connects, S: listens.\n\n| Port | Abbot | Cellarer | Scribe |\n|--|--|--|--|\n| 7400 | S | C | C |\n\
                | 7401 | C/S | C/S | |\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "cellarer -> abbot tcp/7400",
            "scribe -> abbot tcp/7400",
            "abbot -> cellarer tcp/7401",
            "cellarer -> abbot tcp/7401",
        ],
    );
}
