//! Lists whose items stand below a name, or are explained below.

use super::{marked_ends::derived, tables::check};
use crate::document::Format;

#[test]
fn groups_of_machines() {
    let page = "## Groups\n\n\
                * **Door SG**: applied to the door, controls requests from guests\n\
                \x20 * **Port 443** must be accessible to guests, must also be accessible from the yard, as guests reach over it\n\
                \x20 * **Port 80** is recommended to leave open - it redirects to the HTTPS URL. If this port is not open, guests wait\n\
                * Hall security group\n\
                \x20 * Port 8080 must be reachable from the Door SG\n\
                * Cellar SG: allow 5432 from Hall security group\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "Door SG -> Hall security group tcp/8080",
            "Hall security group -> Cellar SG tcp/5432",
            "clients -> Door SG tcp/80",
            "guests -> Door SG tcp/443",
            "yard -> Door SG tcp/443",
        ],
    );
}

#[test]
fn settings_with_paragraphs_below() {
    let page = "Ports\n=====\n\n\
                Keeper has 2 ports:\n\n\
                - ``message_port`` (default: 1386)\n\n  All messages go there.\n\
                - ``ui_port`` (default: 1385)\n\n  The viewer connects to the keeper over this port\n\n\
                Relays (the ``small`` ones included) use this port:\n\n\
                - ``relay_port`` (default: 22182)\n\n\
                The keeper sends news over a **UDP** port to all machines. They come every minute.\n\n\
                - ``news_port`` (default: 3430)\n\n\
                Machine with Keeper\n-------------------\n\nOpen ports: ``1390``\n";
    let rules = [
        "clients -> Keeper tcp/1386",
        "clients -> Machine with Keeper tcp/1390",
        "clients -> Relays tcp/22182",
        "keeper -> all machines udp/3430",
        "viewer -> keeper tcp/1385",
    ];
    check(&derived(page, Format::ReStructuredText), &rules);
    let markdown = page.replace("``", "`");
    check(&derived(&markdown, Format::Markdown), &rules);
}

#[test]
fn paragraphs_that_plus_joins() {
    let page = "= Ports\n\n== Relay\n\n* `relay_port`: 9000\n+\nClients connect to the relay on this port.\n\
                * `admin_port` (9001 by default)\n";
    check(
        &derived(page, Format::AsciiDoc),
        &["Clients -> relay tcp/9000", "clients -> Relay tcp/9001"],
    );
}

#[test]
fn groups_with_hyphens() {
    let page =
        "### `door-sg`\nInbound:\n- 443 from `yard-sg`\n\nOutbound:\n- 5432 to `cellar-sg`\n";
    check(
        &derived(page, Format::Markdown),
        &[
            "door-sg -> cellar-sg tcp/5432",
            "yard-sg -> door-sg tcp/443",
        ],
    );
}
