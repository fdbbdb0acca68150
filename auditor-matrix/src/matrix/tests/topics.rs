//! What a page is about, where it names no machine for an end of its ports.

use super::{marked_ends::derived, tables::check};
use crate::document::Format;

#[test]
fn what_the_window_is_called() {
    for title in [
        "Firewall guide for Till-N-Desk",
        "Required ports | Till-N-Desk Docs",
        "Till-N-Desk 3.2 documentation - Ports",
    ] {
        let page = format!(
            "<html><head><title>{title}</title></head><body><h1>Ports</h1><p>A firewall is the most critical step for a Till-N-Desk installation.</p>\
             <p>You must allow incoming traffic on the following ports:</p><table><tr><th>Port</th><th>Protocol</th></tr><tr><td>7001</td><td>TCP</td></tr></table></body></html>"
        );
        check(
            &derived(&page, Format::Html),
            &["clients -> Till-N-Desk tcp/7001"],
        );
    }
    // The site of a vendor of whose product the page does not speak is none.
    check(
        &derived(
            "<html><head><title>Ports | Acme Docs</title></head><body><h1>Ports</h1><p>Allow incoming traffic on these ports.</p>\
             <table><tr><th>Port</th><th>Protocol</th></tr><tr><td>7001</td><td>TCP</td></tr></table></body></html>",
            Format::Html,
        ),
        &["clients -> hosts tcp/7001"],
    );
}

#[test]
fn names_without_a_capital_letter() {
    check(
        &derived(
            "Before you run tillcow, check this. tillcow requires some ports. A single host is enough, and tillcow's settings are in `tillcow.conf`. You may stop tillcow.\n\n\
             ## Outgoing\n\n| Service | Protocol | Port | Target |\n|--|--|--|--|\n| Updates | TCP | 7001 | code.example.com |\n| Lists | TCP | 7002 | lists.tillcow.example.com |\n",
            Format::Markdown,
        ),
        &[
            "tillcow -> code.example.com tcp/7001",
            "tillcow -> lists.tillcow.example.com tcp/7002",
        ],
    );
    // A word of the language is none, however often it stands there.
    check(
        &derived(
            "The service's traffic is encrypted. The traffic is allowed if traffic is expected. Files are in `traffic.conf`.\n\n\
             ## Incoming\n\n| Protocol | Port |\n|--|--|\n| TCP | 7001 |\n",
            Format::Markdown,
        ),
        &["clients -> hosts tcp/7001"],
    );
}

#[test]
fn of_what_a_page_speaks_most() {
    let page = |rival: &str| {
        format!(
            "# Security\n\nLEDGER has been built with care. The LEDGER team listens. Ask about LEDGER on its list. You may script LEDGER. {rival}\n\n## Ports\n\n- TCP/7001\n"
        )
    };
    check(
        &derived(&page(""), Format::Markdown),
        &["clients -> LEDGER tcp/7001"],
    );
    // Of two that are named as often neither is.
    check(
        &derived(
            &page(
                "You may script KONTOR. Ask about KONTOR. The KONTOR team listens too, as KONTOR does.",
            ),
            Format::Markdown,
        ),
        &["clients -> hosts tcp/7001"],
    );
}

#[test]
fn what_the_section_around_sets_up() {
    check(
        &derived(
            "# Desk\n\n## Configuration of the Ledger\n\n### Firewall\n\nOpen the following ports:\n\n- 7001 TCP\n\n## Installing till servers\n\n### Ports\n\n- 7002/tcp\n\n## Vault setup\n\n### Network\n\n- 7003/udp\n\n## Docker installation\n\n### Ports\n\n- 7004/tcp\n",
            Format::Markdown,
        ),
        &[
            "clients -> Ledger tcp/7001",
            "clients -> Vault udp/7003",
            "clients -> hosts tcp/7004",
            "clients -> till servers tcp/7002",
        ],
    );
}

#[test]
fn what_stands_before_a_bracket_of_ports() {
    check(
        &derived(
            "# Ports\n\nThe Till formats the data and optionally enriches it with map information before sending it to Ledger (port 7001/TCP). Once it is there, Board (port 7002/TCP) is used to look at it.\n\nThe Till server uses HTTPS (port 7003/TCP).\n",
            Format::Markdown,
        ),
        &[
            "Till -> Ledger tcp/7001",
            "clients -> Board tcp/7002",
            "clients -> hosts tcp/7003",
        ],
    );
}

#[test]
fn whoever_stands_between_from_and_a_port() {
    check(
        &derived(
            "# Ports\n\n## Till boot\n\nOpen the following ports:\n\n- from tills to storage on port 7001/udp (session control)\n- from tills to ledgerd on ports 7002-7003/udp\n",
            Format::Markdown,
        ),
        &[
            "tills -> ledgerd udp/7002-7003",
            "tills -> storage udp/7001",
        ],
    );
}

#[test]
fn ends_that_are_called_like_directions() {
    check(
        &derived(
            "| Client | Server | Port | Protocol |\n|--|--|--|--|\n| Browsers | Ingress | 7001 | TCP |\n| Till | Ingress | 7002 | TCP |\n",
            Format::Markdown,
        ),
        &["Browsers -> Ingress tcp/7001", "Till -> Ingress tcp/7002"],
    );
}

#[test]
fn a_name_that_hosts_and_files_have() {
    check(
        &derived(
            "# Requirements\n\nTillscale should just work. Tillscale is served via HTTPS. You may run tillscale as a service.\n\nThe settings of tillscale are in `/etc/tillscale/config.yaml`, and make Tillscale available.\n\n## Ports in use\n\n- tcp/7001\n",
            Format::Markdown,
        ),
        &["clients -> Tillscale tcp/7001"],
    );
}

#[test]
fn what_is_named_in_brackets_by_the_way() {
    check(
        &derived(
            "# Ports\n\nUnless a relay is configured (eg: SendTill), outgoing mail leaves by another (eg: SendTill), outgoing too. Those who came here may ask us about MTS again. The many scripts of MTS run there. Whoever has read about MTS may leave MTS at any time.\n\n- tcp/7001\n",
            Format::Markdown,
        ),
        &["clients -> MTS tcp/7001"],
    );
}

#[test]
fn what_closes_a_port_to_some_forbids_it_to_nobody() {
    check(
        &derived(
            "# Till\n\n## Ports\n\nOn ports 7001 and 7002, the till server will reject a connection that cannot be secured.\n\nThe till server listens on TCP port 7003.\n",
            Format::Markdown,
        ),
        &["clients -> till server tcp/7003"],
    );
}

#[test]
fn what_the_address_of_a_page_says() {
    let page = "# Forwarding\n\nThe ports below are to be forwarded. Somebody helps you to reach TillHost from outside.\n\n- tcp/7001\n";
    for (file, expected) in [
        (
            "https://doc.tillhost.example.com/ports",
            "clients -> TillHost tcp/7001",
        ),
        ("till-host.md", "clients -> TillHost tcp/7001"),
        ("ports.md", "clients -> hosts tcp/7001"),
    ] {
        let documents = [crate::document::read(
            file,
            page.as_bytes(),
            Format::Markdown,
        )];
        check(&crate::matrix::derive(&documents, "Page"), &[expected]);
    }
}

#[test]
fn a_variable_that_is_called_the_product() {
    check(
        &derived(
            "= Firewall\n\nIf a firewall runs on your system, rules have to allow access to {productname}. Open these:\n\n* tcp/7001\n",
            Format::AsciiDoc,
        ),
        &["clients -> productname tcp/7001"],
    );
}
