//! What a page says in pieces: tables that go on below another, sentences below a heading that is a port, words for `if`.

use super::marked_ends::derived;
use crate::{document::Format, matrix::Presence, role::Role};

/// Each rule with its condition and its presence.
#[track_caller]
fn markdown(page: &str, expected: &[&str]) {
    let names = |roles: &[Role]| roles.iter().map(Role::name).collect::<Vec<_>>().join("+");
    let mut found: Vec<String> = derived(page, Format::Markdown)
        .matrix
        .rules
        .iter()
        .map(|rule| {
            let presence = match rule.presence {
                Presence::Expected => "",
                Presence::Required => " required",
                Presence::Optional => " optional",
                Presence::Forbidden => " forbidden",
            };
            let when = rule.when.as_ref().map(|when| format!(" when {when}"));
            format!(
                "{} -> {} {}/{}{presence}{}",
                names(&rule.client),
                names(&rule.server),
                rule.transport,
                rule.ports,
                when.unwrap_or_default(),
            )
        })
        .collect();
    found.sort();
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected, "{page}");
}

#[test]
fn a_table_without_headings_goes_on_with_the_one_above() {
    markdown(
        "# Ports\n\n| Source | Destination | Protocol | Port |\n|---|---|---|---|\n| Till | Store | TCP | 7001 |\n\n\n\
         | Store | Ledger | TCP | 7002 |\n|---|---|---|---|\n| Ledger | Vault | UDP | 7003 |\n",
        &[
            "Till -> Store tcp/7001",
            "Store -> Ledger tcp/7002",
            "Ledger -> Vault udp/7003",
        ],
    );
    // In another section, and below headings of its own, it is another table.
    markdown(
        "# Ports\n\n## Tills\n\n| Source | Destination | Port |\n|---|---|---|\n| Till | Store | 7001 |\n\n## More\n\n\
         | Destination | Source | Port |\n|---|---|---|\n| Ledger | Store | 7002 |\n",
        &["Till -> Store tcp/7001", "Store -> Ledger tcp/7002"],
    );
}

#[test]
fn sentences_below_a_heading_that_is_a_port_speak_of_it() {
    markdown(
        "# Network ports\n\n## Ports on the Till server\n\n### TCP 7001\n\nThis port is used by the Till client to communicate with the \
         Till server. This port must be open for incoming connections on the Till server host.\n\n### UDP 7002\n\nUsed by the Till \
         server to send data to the Ledger.\n\n### TCP 7003 and 7004\n\nThese two ports are used by the Till server to reach the \
         Vault. They must be open if backups are enabled.\n",
        &[
            "Till client -> Till server tcp/7001",
            "Till server -> Ledger udp/7002",
            "Till server -> Vault tcp/7003-7004 when backups-enabled",
        ],
    );
    // What a further sentence adds is a condition of the same rule, and what it forbids is a rule of its own.
    let page = "# Network ports\n\n## Ports on the Till server\n\n### TCP 7001\n\nThis port is used by the Till server to reach the Vault. \
         This port must be open for outgoing connections on the Till server host when copying is enabled.\n\n### TCP 7002\n\nThis \
         port is used by agents to reach the Till server. This port must not be open to the internet.\n";
    markdown(
        page,
        &[
            "Till server -> Vault tcp/7001 when copying-enabled",
            "agents -> Till server tcp/7002",
            "internet -> Till server tcp/7002 forbidden",
        ],
    );
}

#[test]
fn a_sentence_speaks_of_the_port_of_the_one_before() {
    for says in [
        "It must be open if copying is enabled.",
        "This port must be open when copying is enabled.",
        "It is only open while copying is enabled.",
        "This port has to be reachable only if copying is enabled.",
    ] {
        markdown(
            &format!("# Ports\n\nThe Till uses TCP port 7001 to reach the Vault. {says}\n"),
            &["Till -> Vault tcp/7001 when copying-enabled"],
        );
    }
    // Who else uses it, and what is forbidden to some, are rules of their own; what holds for a time only is none.
    let of_heading = |says: &str| {
        format!("# Network ports\n\n## Ports on the Till server\n\n### TCP 7001\n\n{says}\n")
    };
    markdown(
        &of_heading(
            "This port is used by tills to reach the Till server. This port is also used by agents to reach the Till server.",
        ),
        &[
            "agents -> Till server tcp/7001",
            "tills -> Till server tcp/7001",
        ],
    );
    markdown(
        &of_heading(
            "This port must not be open to the Internet. Used by agents to reach the Till server. It must be open only if copying is enabled.",
        ),
        &[
            "Internet -> Till server tcp/7001 forbidden",
            "agents -> Till server tcp/7001 when copying-enabled",
        ],
    );
    markdown(
        "# Ports\n\nThe Till uses TCP port 7001 to reach the Vault. It must be closed after the installation.\n",
        &["Till -> Vault tcp/7001"],
    );
    let page = "# Ports\n\nThe Till listens on TCP port 7001. This port must only be reachable from localhost.\n";
    assert!(derived(page, Format::Markdown).matrix.rules[0].loopback);
    // What the machine does, and not its port.
    markdown(
        "# Ports\n\nThe Till uses TCP port 7001 to reach the Vault. It sends mail if copying is enabled.\n",
        &["Till -> Vault tcp/7001"],
    );
}

#[test]
fn other_words_for_if() {
    for condition in [
        "required for the core (in case copying is enabled)",
        "in case copying is enabled",
        "data (where copying is enabled)",
        "data, when copying is enabled",
        "data, where copying is enabled",
        "Provided that copying is enabled",
    ] {
        markdown(
            &format!(
                "# Ports\n\n| Source | Destination | Port | Comment |\n|---|---|---|---|\n| Till | Store | 7001 | {condition} |\n"
            ),
            &["Till -> Store tcp/7001 when copying-enabled"],
        );
    }
    // `In case of` what happens, and where something stands, are no states of the deployment.
    for remark in [
        "data in case of fire",
        "data, where it is kept",
        "where the copies are",
    ] {
        markdown(
            &format!(
                "# Ports\n\n| Source | Destination | Port | Comment |\n|---|---|---|---|\n| Till | Store | 7001 | {remark} |\n"
            ),
            &["Till -> Store tcp/7001"],
        );
    }
}

#[test]
fn what_is_spoken_stands_between_port_and_number() {
    for port in [
        "port HTTPS 7001",
        "port HTTPS (7001)",
        "port TLS/7001",
        "port TCP 7001",
    ] {
        markdown(
            &format!("# Firewall\n\nTills reach the Store on {port} inbound.\n"),
            &["Tills -> Store tcp/7001"],
        );
    }
}

#[test]
fn cells_say_how_much_is_needed() {
    markdown(
        "# Ports\n\n| Source | Destination | Port | Urgency |\n|---|---|---|---|\n| Till | Store | 7001 | mandatory |\n\
         | Till | Ledger | 7002 | optional |\n",
        &[
            "Till -> Store tcp/7001 required",
            "Till -> Ledger tcp/7002 optional",
        ],
    );
}

#[test]
fn rows_without_their_first_cells_take_those_of_the_row_above() {
    markdown(
        "# Ports\n\n| Source | Destination | Port | Protocol | Use |\n|---|---|---|---|---|\n| Till | Store | 7001 | TCP | sales |\n\
         | 7002 | UDP | names of all |\n| Ledger | 7003 | TCP | books |\n",
        &[
            "Till -> Store tcp/7001",
            "Till -> Store udp/7002",
            "Till -> Ledger tcp/7003",
        ],
    );
    // `All` may be an end, and a port that is not understood lacks nothing.
    markdown(
        "# Ports\n\n| Source | Destination | Port | Protocol |\n|---|---|---|---|\n| Till | Store | 7001 | TCP |\n\
         | Ledger | All | IP protocol 50 | |\n",
        &["Till -> Store tcp/7001"],
    );
    // Where nothing says how much is lacking, no rule is made.
    markdown(
        "# Ports\n\n| Source | Destination | Port | Protocol | Use |\n|---|---|---|---|---|\n| Till | Store | 7001 | TCP | sales |\n\
         | 7002 | 7003 | names |\n",
        &["Till -> Store tcp/7001"],
    );
}

#[test]
fn a_purpose_says_that_it_is_gone() {
    markdown(
        "# Ports\n\n| Source | Destination | Port | Use |\n|---|---|---|---|\n| Till | Store | 7001 | sales |\n\
         | Till | Store | 7002 | no longer used |\n| Till | Store | 7003 | old sales, not used any more |\n",
        &["Till -> Store tcp/7001"],
    );
}

#[test]
fn conditions_of_a_purpose() {
    for purpose in [
        "copies (required only for remote stores)",
        "copies (depending on remote stores)",
        "copies, needed only for remote stores",
        "copies (unless remote stores)",
    ] {
        let page = format!(
            "# Ports\n\n| Source | Destination | Port | Use |\n|---|---|---|---|\n| Till | Store | 7001 | {purpose} |\n"
        );
        let rules = derived(&page, Format::Markdown).matrix.rules;
        let when = rules[0].when.as_deref().unwrap_or("-");
        assert!(when.ends_with("remote-stores"), "{purpose}: {when}");
    }
    // What a port is for is no condition.
    for purpose in [
        "copies (used for remote stores)",
        "copies (required)",
        "copies (provided by customer)",
        "copies for remote stores",
        "needed by stores",
    ] {
        markdown(
            &format!(
                "# Ports\n\n| Source | Destination | Port | Use |\n|---|---|---|---|\n| Till | Store | 7001 | {purpose} |\n"
            ),
            &["Till -> Store tcp/7001"],
        );
    }
}

#[test]
fn cells_are_ports_below_any_heading_and_numbers_of_rows_are_none() {
    markdown(
        "# Ports\n\n| No. | Calling side | Answering side | Traffic allowed |\n|---|---|---|---|\n| 1 | Till | Store | tcp/7001, tcp/7002 |\n\
         | 2 | Store | Ledger | tcp+udp/7003 |\n",
        &[
            "Till -> Store tcp/7001",
            "Till -> Store tcp/7002",
            "Store -> Ledger tcp/7003",
            "Store -> Ledger udp/7003",
        ],
    );
    // Read as items, a row has its number before it all the same.
    markdown(
        "# Ports of the Till\n\n| No. | What | Needs |\n|---|---|---|\n| 1 | sales | port 7001 is used |\n| 2 | returns | port 7002 is used |\n",
        &["clients -> Till tcp/7001", "clients -> Till tcp/7002"],
    );
    markdown(
        "# Ports\n\n| Use | Source | Destination | Port |\n|---|---|---|---|\n| Sales | Till | Store | 7001 |\n| Offers - optional | Till | Store | 7002 |\n",
        &["Till -> Store tcp/7001", "Till -> Store tcp/7002 optional"],
    );
}

#[test]
fn what_cells_allow_counts_below_any_heading() {
    let head =
        |heading: &str| format!("# Ports\n\n| Port | Protocol | {heading} |\n|---|---|---|\n");
    for heading in ["Use", "Comment", "Policy", "Purpose"] {
        markdown(
            &format!(
                "{}| 7001 | TCP | Allow |\n| 7002 | TCP | Block |\n| 7003 | TCP | Allow from till server |\n| 7004 | TCP | Allow only from the till server |\n",
                head(heading)
            ),
            &[
                "clients -> hosts tcp/7001",
                "clients -> hosts tcp/7002 forbidden",
                "till server -> hosts tcp/7003",
                "till server -> hosts tcp/7004",
            ],
        );
    }
    // What can be nothing but a verb denies; a noun names what it is for.
    markdown(
        &format!(
            "{}| 7001 | TCP | Web pages |\n| 7002 | TCP | Denied |\n| 7003 | TCP | Block storage |\n| 7004 | TCP | Deny |\n",
            head("Purpose")
        ),
        &[
            "clients -> hosts tcp/7001",
            "clients -> hosts tcp/7002 forbidden",
            "clients -> hosts tcp/7003",
            "clients -> hosts tcp/7004 forbidden",
        ],
    );
}

#[test]
fn what_is_shut_to_others_stays_on_its_machine() {
    let page = "# Ports\n\n| Port | Service | Software | Public access? |\n|---|---|---|---|\n\
        | 7001 | smtp | Postern | YES |\n| 7002 | lmtp | Larder | NO (listen on `127.0.0.1` by default) |\n\
        | 7003 | http | Gate | YES (via localhost proxy) |\n";
    let found = derived(page, Format::Markdown).matrix.rules;
    let told: Vec<_> = found
        .iter()
        .map(|rule| {
            let server = rule.server.first().map(Role::name);
            (server, rule.loopback, rule.presence)
        })
        .collect();
    assert_eq!(
        told,
        [
            (Some("Postern"), false, Presence::Expected),
            (Some("Larder"), true, Presence::Expected),
            (Some("Gate"), false, Presence::Expected),
        ]
    );
}

#[test]
fn a_service_at_several_addresses_asks_for_nothing() {
    markdown(
        "# Outgoing ports of the Till\n\n| Service | Port | Target | Reason |\n|---|---|---|---|\n| Ledger Hub | 443 | hub.example.com | Updates |\n\
         | Ledger Hub | 443 | mirror.example.org | Updates |\n",
        &[
            "Till -> hub.example.com tcp/443",
            "Till -> mirror.example.org tcp/443",
        ],
    );
}

#[test]
fn items_that_explain_a_machine_before_they_say_where_it_listens() {
    markdown(
        "# Podium\n\n- `gated` - the Gate server, listens on TCP 7001 and UDP 7002\n- relayd: a relay (inner and outer) server, listening on TCP 7003\n",
        &[
            "clients -> Gate server tcp/7001",
            "clients -> Gate server udp/7002",
            "clients -> relayd tcp/7003",
        ],
    );
}

#[test]
fn what_earlier_releases_did_is_no_rule() {
    for sentence in [
        "In earlier releases the Till opened a second session to the Store on TCP port 7001.",
        "In previous versions, TCP port 7001 was used by the Till to reach the Store.",
    ] {
        markdown(&format!("# Ports\n\n{sentence}\n"), &[]);
    }
}

#[test]
fn how_many_there_are_is_no_part_of_a_name() {
    markdown(
        "# Ports\n\n| Source | Destination | Port |\n|---|---|---|\n| two Till sites | three Store servers | 7001 |\n| Six Parts servers | Store servers | 7002 |\n",
        &[
            "Till sites -> Store servers tcp/7001",
            "Six Parts servers -> Store servers tcp/7002",
        ],
    );
}

#[test]
fn what_is_added_to_a_number_makes_no_port_of_it() {
    for sum in [
        "7001 + slot number",
        "7001 + 2n",
        "7001 + n",
        "7001 plus the slot number",
    ] {
        for (format, page) in [
            (
                Format::Markdown,
                format!("# Ports\n\nThe Till listens on TCP port {sum}.\n"),
            ),
            (
                Format::AsciiDoc,
                format!(
                    "= Ports\n\n* The Till listens on TCP port {sum}.\n\nThe Store listens on TCP port {sum}.\n"
                ),
            ),
            (
                Format::AsciiDoc,
                format!(
                    "= Ports\n\n|===\n|Client |Server |Port |Transport\n\n|Till |Store |{sum} |TCP\n|===\n"
                ),
            ),
        ] {
            let found = derived(&page, format);
            assert_eq!(found.matrix.rules, [], "{page}");
        }
    }
    // A plus at the end of a line breaks it.
    let page = "= Ports\n\nThe Till listens on TCP port 7001 +\nfor the Store.\n\nThe Gate listens on TCP port 7002 plus UDP 7003.\n";
    let found = derived(page, Format::AsciiDoc).matrix.rules;
    let ports: Vec<String> = found.iter().map(|rule| rule.ports.to_string()).collect();
    assert_eq!(ports, ["7001", "7002", "7003"]);
}

#[test]
fn a_name_of_joined_words_in_the_title_is_whose_ports_these_are() {
    markdown(
        "---\ntitle: Firewall guide for Pay-N-Go\n---\n# Firewall and ports\n\nThis is needed for a successful Pay-N-Go installation.\n\n\
         You must allow incoming traffic:\n\n| Port | Protocol |\n|---|---|\n| 7001 | TCP |\n",
        &["clients -> Pay-N-Go tcp/7001"],
    );
}
