//! Sentences whose ends stand in a condition, or before their ports.

use super::{marked_ends::derived, tables::check};
use crate::document::Format;

#[test]
fn ends_in_conditions() {
    let page = "If you need remote guests to change it, they must be able to get to your Gate on the gate port (which defaults to 464).\n\n\
                If your local guests inside your firewall will need to get to Gates in other realms, you will also need to configure your firewall to allow outgoing UDP requests to port 88.\n\n\
                This requires that you let UDP requests into at least one of your Lodges. (The default is port 89; other ports may be set.) Anything else is closed.\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "hosts -> Lodges udp/89",
            "local guests inside your firewall -> Gates in other realms udp/88 [local-guests-inside-firewall]",
            "remote guests -> Gate tcp/464 [need-remote-guests-change]",
        ],
    );
}

#[test]
fn askers_that_and_joins() {
    let page = "Port 25 of the Gate must be reachable from the Core and from the Edge.\n";
    check(
        &derived(page, Format::Markdown),
        &["Core -> Gate tcp/25", "Edge -> Gate tcp/25"],
    );
}

#[test]
fn machines_before_ports() {
    let page = "* On your index machine - port 9312/TCP.\n\
                * On the Store: 5432/tcp\n\
                * On Linux - port 22/TCP\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "clients -> Store tcp/5432",
            "clients -> hosts tcp/22",
            "clients -> index machine tcp/9312",
        ],
    );
}

#[test]
fn one_port_is_opened_and_another_denied() {
    let page = "# Ports\n\nTo close port 7001, allow port 7002 on the Core.\n";
    let found: Vec<String> = derived(page, Format::Markdown)
        .matrix
        .rules
        .iter()
        .map(|rule| format!("{} {:?}", rule.ports, rule.presence))
        .collect();
    assert_eq!(found, ["7001 Forbidden", "7002 Expected"]);
}

#[test]
fn whom_the_reader_reaches() {
    let page = "# Ports\n\nYou can expose inbound port 22 for SSH if you would like to access your store nodes remotely. \
                This is entirely optional and not required for the till to work.\n\n\
                After a relay is enrolled, an outbound TLS tunnel over TCP port 7001 is established to the Acme cloud hub.\n\n\
                Acme has registered with IANA to use reserved port 388.\n";
    let derived = derived(page, Format::Markdown);
    let found: Vec<String> = derived
        .matrix
        .rules
        .iter()
        .map(|rule| {
            let names = |roles: &[crate::role::Role]| {
                roles
                    .iter()
                    .map(|role| role.name().to_owned())
                    .collect::<Vec<_>>()
                    .join("+")
            };
            format!(
                "{} -> {} {} {:?}",
                names(&rule.client),
                names(&rule.server),
                rule.ports,
                rule.presence
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            "clients -> store nodes 22 Optional",
            "hosts -> Acme cloud hub 7001 Expected",
            "clients -> hosts 388 Expected",
        ]
    );
}
