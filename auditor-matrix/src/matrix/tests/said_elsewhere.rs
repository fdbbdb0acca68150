//! What a sentence says of other ports than those of the rows below it, of columns, and of whole sections.

use super::{derived as derived_markdown, marked_ends::derived, tables::check};
use crate::document::Format;

#[test]
fn a_sentence_about_its_own_ports_says_nothing_of_the_rows() {
    let rows = "| Host role | Inbound ports | Purpose |\n|--|--|--|\n| Director | 7001 | Discovery |\n| Allocator | 7002 | Orders |\n";
    check(
        &derived(
            &format!(
                "# Ports\n\nIn addition to the following list, you should open 7101-7103 on the till server for Desk leader elections.\n\n{rows}"
            ),
            Format::Markdown,
        ),
        &[
            "clients -> till server tcp/7101-7103",
            "clients -> Allocator tcp/7002",
            "clients -> Director tcp/7001",
        ],
    );
}

#[test]
fn protocols_without_ports_are_no_titles() {
    check(
        &derived(
            "# Ports\n\nThe Ledger server uses the following protocols:\n\n| Protocol | Ports |\n|--|--|\n| ARP | |\n| UDP | 7001 |\n| TCP | 7002 |\n",
            Format::Markdown,
        ),
        &[
            "clients -> Ledger server tcp/7002",
            "clients -> Ledger server udp/7001",
        ],
    );
}

#[test]
fn ends_for_all_sections_below() {
    check(
        &derived(
            "# Ports\n\nYou should allow inbound traffic to Knfsd from your tills on the below ports.\n\nAsk us for more.\n\n## General\n\n* 7001 - HTTP (agent)\n\n## NFS v3\n\n* 7002 - mountd\n",
            Format::Markdown,
        ),
        &["tills -> Knfsd tcp/7001", "tills -> Knfsd tcp/7002"],
    );
}

#[test]
fn columns_that_traffic_goes_to() {
    check(
        &derived(
            "# Default ports\n\nTo allow UForge to register images, make sure that there is connectivity to the cloud platforms. The table below lists their ports.\n\nYours may be others.\n\n\
             | Cloud Platform | Protocol | Port |\n|--|--|--|\n| Acme | TCP | 7001 |\n| Nimbus | TCP | 7002 |\n",
            Format::Markdown,
        ),
        &["UForge -> Acme tcp/7001", "UForge -> Nimbus tcp/7002"],
    );
}

#[test]
fn items_that_begin_with_the_other_end() {
    check(
        &derived(
            "# Ports\n\n**Inbound to the Ledger server**\n\n- From desktop browser – port 7001\n\n**Outbound from the Ledger server**\n\n- To managed tills (WinRM) – ports 7002 and 7003\n",
            Format::Markdown,
        ),
        &[
            "Ledger server -> managed tills tcp/7002-7003",
            "desktop browser -> Ledger server tcp/7001",
        ],
    );
}

#[test]
fn services_of_networks_are_offered_by_somebody() {
    check(
        &derived(
            "# Outbound ports of the Ledger server\n\n| Service | Protocol | Port |\n|--|--|--|\n| NTP | UDP | 123 |\n| DNS queries | UDP | 53 |\n| Updates | TCP | 7001 |\n",
            Format::Markdown,
        ),
        &[
            "Ledger server -> DNS server udp/53",
            "Ledger server -> NTP server udp/123",
            "Ledger server -> servers tcp/7001",
        ],
    );
}

#[test]
fn a_note_that_numbers_the_port_of_its_row() {
    check(
        &derived(
            "# Ports used by Ledger\n\n| Service | Port | Description |\n|--|--|--|\n| Extensions | TCP 7001 | The extension service runs on port 7001 on each Ledger segment host. |\n| Search | TCP 7002 | Keep 20 of them. |\n",
            Format::Markdown,
        ),
        &[
            "clients -> Ledger segment host tcp/7001",
            "clients -> Ledger tcp/7002",
        ],
    );
}

#[test]
fn urls_without_a_port_have_that_of_their_scheme() {
    check(
        &derived(
            "# Firewall\n\n| URL | Required for |\n|--|--|\n| https://a.example.com:8443 | Updates |\n| https://b.example.com, http://c.example.com/x | Lists |\n",
            Format::Markdown,
        ),
        &[
            "hosts -> a.example.com tcp/8443",
            "hosts -> b.example.com tcp/443",
            "hosts -> c.example.com tcp/80",
        ],
    );
}

#[test]
fn a_colon_before_the_headings_of_a_table() {
    check(
        &derived(
            "Ports of the system\nThese are supported\n:Protocol | Port Number | Purpose |\n---|---|---|\nTCP | 7001 | Orders |\nUDP | 7002 | Lists |\n",
            Format::Markdown,
        ),
        &["clients -> hosts tcp/7001", "clients -> hosts udp/7002"],
    );
}

#[test]
fn yes_and_optional_of_something_else() {
    let derived = derived_markdown(
        "# Ports\n\n| From | To | Port | Protocol | Encrypted |\n|--|--|--|--|--|\n| Till | Desk | 7001 | TCP | Yes (optional) |\n",
    );
    assert_eq!(
        derived.matrix.rules[0].presence,
        crate::matrix::Presence::Expected
    );
}

#[test]
fn listeners_are_ports_of_what_has_them() {
    for title in ["Listeners of a Ledger installation", "Ledger listeners"] {
        check(
            &derived(
                &format!(
                    "## {title}\n\n| Component | Bind address | Transport | Connections from |\n|--|--|--|--|\n| Portal | *:7001 | TCP | Browsers |\n| Time store | [::]:7002 | TCP | Portal |\n"
                ),
                Format::Markdown,
            ),
            &[
                "Browsers -> Portal tcp/7001",
                "Portal -> Time store tcp/7002",
            ],
        );
    }
}

#[test]
fn containers_beside_who_asks_them() {
    check(
        &derived(
            "# Till on containers\n\nThe file publishes these ports on the host.\n\n| Container | Published | Protocol | Reached from |\n|--|--|--|--|\n| till-web | 7001 | TCP | Browsers |\n| till-metrics | 7002 | TCP | Monitoring server |\n",
            Format::Markdown,
        ),
        &[
            "Browsers -> till-web tcp/7001",
            "Monitoring server -> till-metrics tcp/7002",
        ],
    );
}

#[test]
fn a_port_of_all_that_goes_out() {
    check(
        &derived(
            "# Network of Ledgerline\n\nThe ports used by Ledgerline are these. All outbound entries are TCP 443 unless noted.\n\n## Outbound: registries\n\n| Endpoint | What | Status |\n|--|--|--|\n\
             | `a.example.com` | Images | Required |\n| `b.example.com`, `c.example.com` | Lists | Required |\n| `d.example.com` (plus its mirrors) | Keys | Required |\n| *.e.example.com | Sums | Required |\n| Your relay | Mail | Yours |\n",
            Format::Markdown,
        ),
        &[
            "Ledgerline -> *.e.example.com tcp/443",
            "Ledgerline -> a.example.com tcp/443",
            "Ledgerline -> b.example.com+c.example.com tcp/443",
            "Ledgerline -> d.example.com tcp/443",
        ],
    );
}

#[test]
fn labels_with_a_direction_and_headings_that_go_on() {
    check(
        &derived(
            "# Till firewalls\n\n## 3. Relay tunnels — inbound lives on the relay, not the till\n\n- **Till inbound:** none.\n- **Till outbound:** 7001 UDP to the relay.\n",
            Format::Markdown,
        ),
        &["Till -> relay udp/7001"],
    );
}

#[test]
fn between_one_and_the_destinations_below() {
    check(
        &derived(
            "# Ports of Unit\n\nBy default, Unit uses the following ports in your firewall for connections between the Unit appliance and each of the destinations listed below.\n\n\
             | Destination | Activity | Protocol | Ports |\n|--|--|--|--|\n| Unit agent | Logs | TCP | 7001 |\n| Directory | Users | TCP | 7002 |\n",
            Format::Markdown,
        ),
        &[
            "Unit appliance -> Directory tcp/7002",
            "Unit appliance -> Unit agent tcp/7001",
        ],
    );
}

#[test]
fn the_first_of_two_names_asks_the_row() {
    check(
        &derived(
            "# Ports\n\n| Host role | Inbound ports | Purpose |\n|--|--|--|\n| Allocator | 7001 | Constructor to Search cluster (HTTPS) |\n| Proxy | 7002 | API to Proxy for orders |\n| Store | 7003 | Connections to Desks |\n",
            Format::Markdown,
        ),
        &[
            "API -> Proxy tcp/7002",
            "Constructor -> Allocator tcp/7001",
            "clients -> Store tcp/7003",
        ],
    );
}

#[test]
fn settings_of_something_else_are_no_ports() {
    check(
        &derived(
            "# Ports used by Ledgerline\n\n| Property | Description | Default value |\n|--|--|--|\n| ledger.http.port | Web | 7001 |\n| ledger.adminPort | Console | 7002 |\n\
             | ledger.retries | Tries | Default is 20. |\n| ledger.rest.port | REST | 7003 |\n",
            Format::Markdown,
        ),
        &[
            "clients -> Ledgerline tcp/7001",
            "clients -> Ledgerline tcp/7002",
            "clients -> Ledgerline tcp/7003",
        ],
    );
}

#[test]
fn answers_below_other_headings_permit_nothing() {
    check(
        &derived(
            "# Ports used by Ledgerline\n\n| Protocol | Port | Configurable | Connection source |\n|--|--|--|--|\n| TCP | 7001 | \u{274c} No | Internal |\n| TCP | 7002 | \u{2705} Yes | External |\n",
            Format::Markdown,
        ),
        &[
            "External -> Ledgerline tcp/7002",
            "Internal -> Ledgerline tcp/7001",
        ],
    );
    let secured = derived_markdown(
        "# Ports used by Ledgerline\n\n| Protocol | Port | Secured |\n|--|--|--|\n| TCP | 7001 | No. |\n| TCP | 7002 | Yes. |\n",
    );
    assert!(
        secured
            .matrix
            .rules
            .iter()
            .all(|rule| rule.presence == crate::matrix::Presence::Expected)
    );
}

#[test]
fn nobody_asks_who_only_does_something() {
    check(
        &derived(
            "# Till\n\n## Network ports\n\n- **7001**: Receives orders from Desk \u{2192} forwards to Ledger\n- **7002**: Receives reports from Ledger \u{2192} forwards to Desk\n",
            Format::Markdown,
        ),
        &["Desk -> hosts tcp/7001", "Ledger -> hosts tcp/7002"],
    );
}

#[test]
fn whose_data_comes_in_and_for_whom() {
    check(
        &derived(
            "# Ports\n\n| Component | Port | Direction | Purpose |\n|--|--|--|--|\n\
             | Ledger server | 7001 | Inbound | Receives metrics pushed from the Till agents. |\n\
             | Ledger server | 7002 | Inbound | Allows users to open the console. |\n\
             | Desk daemon | 7003 | Inbound | Debug console for administrators to watch it. |\n",
            Format::Markdown,
        ),
        &[
            "Till agents -> Ledger server tcp/7001",
            "administrators -> Desk daemon tcp/7003",
            "users -> Ledger server tcp/7002",
        ],
    );
}

#[test]
fn a_variable_whose_traffic_comes_in() {
    check(
        &derived(
            "= Ports\n\n.{LedgerServer} incoming traffic\n|===\n|Port |Protocol |Source\n\n|7001 |TCP |Tills\n|===\n",
            Format::AsciiDoc,
        ),
        &["Tills -> LedgerServer tcp/7001"],
    );
}

#[test]
fn a_page_that_describes_on_what_something_listens() {
    check(
        &derived(
            "# Ports overview\n\nThis document describes the ports the DeskSuite middleware listens on.\n\n| Default port | Purpose |\n|--|--|\n| 7001 | Orders |\n",
            Format::Markdown,
        ),
        &["clients -> DeskSuite tcp/7001"],
    );
}

#[test]
fn which_of_a_machines_ports_an_arrow_ends_at() {
    check(
        &derived(
            "# Ports\n\n* Metrics scraper -> vtgate web port\n  * port 7001 (HTTP)\n* vtctl -> vtgate\n  * port 7002 (gRPC)\n",
            Format::Markdown,
        ),
        &[
            "Metrics scraper -> vtgate tcp/7001",
            "vtctl -> vtgate tcp/7002",
        ],
    );
}

#[test]
fn urls_beside_ports_are_none_of_the_rows() {
    let derived = derived_markdown(
        "# Ports used by Ledgerline\n\n| Service | Port | Protocol | Documentation |\n|--|--|--|--|\n| Web | 7001 | TCP | https://docs.example.com:8443/web |\n| Books | 7002 | TCP | https://docs.example.com/books |\n",
    );
    check(
        &derived,
        &[
            "clients -> Ledgerline tcp/7001",
            "clients -> Ledgerline tcp/7002",
        ],
    );
    let said = |problem: &crate::document::Problem| problem.message.contains("scheme");
    assert!(!derived.problems.iter().any(said));
}

#[test]
fn who_has_access_to_the_components_may_be_anybody() {
    check(
        &derived(
            "# Ports of Acme\n\nThe ports used by Acme are these. Users need access to the components below.\n\n| Component | Port | Protocol |\n|--|--|--|\n| Desk console | 7001 | TCP |\n| Ledger console | 7002 | TCP |\n",
            Format::Markdown,
        ),
        &[
            "Users -> Desk console tcp/7001",
            "Users -> Ledger console tcp/7002",
        ],
    );
}
