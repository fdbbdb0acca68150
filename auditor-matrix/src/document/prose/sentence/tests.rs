use super::read;
use crate::document::{
    Direction,
    names::Names,
    prose::{port_phrase::Evidence, statement::Statement},
};

/// `client -> server transport ports`, with what else the sentence says.
pub(in crate::document::prose) fn shown(statement: &Statement) -> String {
    let ports: Vec<String> = statement
        .ports
        .iter()
        .map(|group| {
            let ranges: Vec<String> = group.ranges.iter().map(ToString::to_string).collect();
            ranges.join(if group.alternatives { "|" } else { "," })
        })
        .collect();
    let transports: Vec<&str> = statement.transports.iter().map(|one| one.name()).collect();
    let mut text = format!(
        "{} -> {} {} {}",
        statement.source.as_deref().unwrap_or("?"),
        statement.destination.as_deref().unwrap_or("?"),
        transports.join("+"),
        ports.join(","),
    );
    match statement.direction {
        Some(Direction::Both) => text.push_str(" both"),
        Some(Direction::Inbound) => text.push_str(" in"),
        Some(Direction::Outbound) => text.push_str(" out"),
        None => {}
    }
    if statement.forbidden {
        text.push_str(" forbidden");
    }
    if statement.loopback {
        text.push_str(" loopback");
    }
    if let Some(doubt) = statement.doubt {
        let doubt = format!("{doubt:?}").to_lowercase();
        text.extend([" ", &doubt]);
    }
    if let Some(condition) = &statement.condition {
        text.extend([" [", condition, "]"]);
    }
    text
}

/// Compares all cases before it fails, so that one run shows whatever differs.
#[track_caller]
fn check_all(cases: &[(&str, &str)]) {
    let differing: Vec<String> = cases
        .iter()
        .map(|(sentence, expected)| (sentence, *expected, read_with(&[], sentence)))
        .filter(|(_, expected, shown)| expected != shown)
        .map(|(sentence, expected, shown)| format!("{sentence}\n  is {shown}\n not {expected}"))
        .collect();
    assert!(differing.is_empty(), "\n{}", differing.join("\n"));
}

fn read_with(names: &[&str], sentence: &str) -> String {
    let mut known = Names::default();
    for name in names {
        known.add(name);
    }
    let reading = read(sentence, Evidence::Stated, &known);
    let statements: Vec<String> = reading.statements.iter().map(shown).collect();
    statements.join("; ")
}

#[track_caller]
fn check(names: &[&str], sentence: &str, expected: &str) {
    assert_eq!(read_with(names, sentence), expected, "{sentence}");
}

#[test]
fn who_asks_whom() {
    check_all(&[
        (
            "Agents communicate with the Core on port 4505/TCP.",
            "Agents -> Core tcp 4505",
        ),
        (
            "The Core connects to the Store on TCP port 5432.",
            "Core -> Store tcp 5432",
        ),
        (
            "The Edge sends events to the Log server over UDP port 514.",
            "Edge -> Log server udp 514",
        ),
        (
            "Probes talk to the Store on port 8089 (TCP).",
            "Probes -> Store tcp 8089",
        ),
        (
            "Worker nodes pull images from the registry host via TCP 5000.",
            "Worker nodes -> registry host tcp 5000",
        ),
        (
            "All nodes must be able to reach the Core on port 443.",
            "All nodes -> Core  443",
        ),
        (
            "The agents need to connect to each broker over TCP/6650.",
            "agents -> broker tcp 6650",
        ),
        (
            "Port 5432/tcp must be open from the Core to the Store.",
            "Core -> Store tcp 5432",
        ),
        (
            "TCP port 22 must be open on the Store for administration.",
            "? -> Store tcp 22",
        ),
        (
            "Allow the jump host to reach the Store on 22/tcp.",
            "jump host -> Store tcp 22",
        ),
        (
            "Allow TCP traffic from the Edge to the Core on ports 80 and 443.",
            "Edge -> Core tcp 80,443",
        ),
        (
            "9092/tcp is used by producers to reach the brokers.",
            "producers -> brokers tcp 9092",
        ),
        (
            "The Core uses port 6379 to talk to the Cache nodes.",
            "Core -> Cache nodes  6379",
        ),
        (
            "The Store listens on port 5432 for connections from the Core.",
            "Core -> Store  5432",
        ),
        (
            "The collector server receives traces from Agents on UDP port 6831.",
            "Agents -> collector server udp 6831",
        ),
        (
            "Metrics are sent from the agents to the Core over UDP port 8125.",
            "agents -> Core udp 8125",
        ),
        (
            "The Core is accessed by Browsers on port 8443.",
            "Browsers -> Core  8443",
        ),
        (
            "The Core must be reachable from the Edge nodes on TCP 9443.",
            "Edge nodes -> Core tcp 9443",
        ),
        (
            "Ensure that the scheduler can reach the workers on port 10250.",
            "scheduler -> workers  10250",
        ),
        (
            "Make sure your firewall allows connections from the Agents to the Core on port 4506.",
            "Agents -> Core  4506",
        ),
        (
            "Connections from Clients to the Gateway use TCP port 8883.",
            "Clients -> Gateway tcp 8883",
        ),
        (
            "The Core connects to the Store on port 5432 and to the Cache on port 6379.",
            "Core -> Store  5432; Core -> Cache  6379",
        ),
        (
            "Agents connect to the Core on port 443, and the Core connects to the Store on port 5432.",
            "Agents -> Core  443; Core -> Store  5432",
        ),
        (
            "Store nodes communicate with each other on TCP port 7000.",
            "Store nodes -> Store nodes tcp 7000 both",
        ),
        (
            "Traffic between the Core and the Store uses port 5432.",
            "Core -> Store  5432 both",
        ),
        (
            "Open port 8443 on the Core for Agents to connect to it.",
            "Agents -> Core  8443",
        ),
        (
            "Open TCP 1433 from the Core to the database server.",
            "Core -> database server tcp 1433",
        ),
        (
            "If you use a proxy, the Edge connects to the Proxy on port 3128.",
            "Edge -> Proxy  3128 [If you use a proxy]",
        ),
        (
            "The Core connects to the Mail relay on port 25 only if alerts are enabled.",
            "Core -> Mail relay  25 [only if alerts are enabled]",
        ),
        (
            "Clients (browsers) connect to the Core on port 443.",
            "Clients (browsers) -> Core  443",
        ),
        (
            "Agents in the DMZ connect to the Core on port 443.",
            "Agents in the DMZ -> Core  443",
        ),
    ]);
    check(
        &["log", "store"],
        "The log talks to store on port 9000.",
        "log -> store  9000",
    );
}

#[test]
fn ends_that_nobody_named() {
    check_all(&[
        (
            "You may give the addresses of the nodes for ports 4444 and 4567, or leave the default for each of those rules.",
            "? -> ?  4444,4567",
        ),
        ("It listens on port 7070.", "? -> ?  7070"),
        (
            "With Acme Manager, you need port 8080/tcp.",
            "? -> ? tcp 8080",
        ),
        ("To install Acme Server, open port 9000.", "? -> ?  9000"),
        ("The web console is available on port 8443.", "? -> ?  8443"),
        (
            "Agents connect through the Relay to the Core on port 443.",
            "? -> ?  443",
        ),
        (
            "Agents connect to the Core to send events to the Log server on port 514.",
            "? -> ?  514",
        ),
        ("Open port 22 to the jump host.", "? -> ?  22"),
        (
            "We recommend TCP port 8443 for each of these rules.",
            "? -> ? tcp 8443",
        ),
        ("Allow outbound traffic on port 443.", "? -> ?  443 out"),
        ("The default port is 7777.", "? -> ?  7777"),
    ]);
}

#[test]
fn negations() {
    check_all(&[
        (
            "As of version 3, agents no longer connect to the Gateway on port 5000.",
            "agents -> Gateway  5000 unneeded [As of version 3]",
        ),
        (
            "Clients do not need to reach the Broker on port 7171.",
            "Clients -> Broker  7171 unneeded",
        ),
        (
            "Connections from the Internet to the Core on port 4508/TCP must be blocked.",
            "Internet -> Core tcp 4508 forbidden",
        ),
        (
            "Never allow guests to reach the Store on port 5432/TCP.",
            "guests -> Store tcp 5432 forbidden",
        ),
        (
            "Guests must not connect to the Store on port 5432.",
            "Guests -> Store  5432 forbidden",
        ),
        (
            "Port 6379 must not be exposed to the Internet.",
            "Internet -> ?  6379 forbidden",
        ),
        (
            "Do not open port 23 on the Core server.",
            "? -> Core server  23 forbidden",
        ),
        (
            "Block UDP port 161 from the Internet.",
            "Internet -> ? udp 161 in forbidden",
        ),
        (
            "Port 2380 is only reachable from localhost.",
            "? -> ?  2380 loopback",
        ),
        ("Open all ports except port 22.", "? -> ?  22 unclear"),
        (
            "Make sure that port 443 is not blocked on the Core server.",
            "? -> Core server  443",
        ),
    ]);
}

#[test]
fn what_is_forbidden_without_a_port() {
    let one = |sentence: &str| {
        read(sentence, Evidence::Stated, &Names::default())
            .statements
            .pop()
    };
    let statement = one("Store clients do not need to communicate with each other.").unwrap();
    assert!(statement.forbidden && statement.direction == Some(Direction::Both));
    assert_eq!(statement.source.as_deref(), Some("Store clients"));
    assert_eq!(statement.destination, statement.source);
    let statement = one("As above, there is no need for web nodes to talk to the store.").unwrap();
    assert!(statement.forbidden && statement.direction.is_none());
    assert_eq!(statement.destination.as_deref(), Some("the store"));
    assert_eq!(
        one("The second waits and therefore does not try to connect to it again."),
        None
    );
    let statement = one("All worker nodes need to be able to reach each other via IP.").unwrap();
    assert_eq!(statement.destination.as_deref(), Some("All worker nodes"));
    assert_eq!(one("You do not need to connect to the store."), None);
    assert_eq!(one("Web nodes need to talk to the store."), None);
}

#[test]
fn a_port_and_its_purpose() {
    let reading = read(
        "UDP port 123 stays open for communication with time servers.",
        Evidence::Stated,
        &Names::default(),
    );
    let statement = &reading.statements[0];
    assert_eq!(shown(statement), "? -> ? udp 123");
    assert_eq!(statement.service.as_deref(), Some("time servers"));
    assert!(statement.serves_peer);
}

#[test]
fn connections_without_a_port() {
    check(
        &[],
        "If you are using a mirror, the nodes must be able to reach mirror.example.com.",
        "the nodes -> mirror.example.com   out [If you are using a mirror]",
    );
    let reading = read(
        "You do not need to allow access to cdn.example.com for versions after 7.",
        Evidence::Stated,
        &Names::default(),
    );
    assert_eq!(reading.statements[0].required, Some(false));
    assert_eq!(
        reading.statements[0].condition.as_deref(),
        Some("for versions after 7")
    );
}

#[test]
fn other_sentences() {
    for sentence in [
        "Ports must be open.",
        "You must use a firewall.",
        "Allow your nodes to connect to these addresses.",
    ] {
        check(&[], sentence, "");
    }
}

#[test]
fn numbers_that_are_left() {
    let leaves = |sentence: &str| read(sentence, Evidence::Stated, &Names::default()).leaves_number;
    assert!(leaves("Open port 80 as well as 443 on it."));
    assert!(leaves("Open port 80 and 80xx on it."));
    assert!(leaves("Map port 443 -> 8443."));
    assert!(!leaves(
        "Open ports 80 and 443 since 4.5.1 on 10.0.0.1, from 2024 on."
    ));
    assert!(!leaves("It has 443 parts."));
}

#[test]
fn sentences_of_vendors() {
    check_all(&[
        (
            "The Acme agent initiates an outbound TCP connection to the management server on port 8140.",
            "Acme agent -> management server tcp 8140",
        ),
        (
            "TCP port 9090 is used by Prometheus to scrape metrics from the nodes.",
            "Prometheus -> nodes tcp 9090",
        ),
        (
            "The API server communicates with etcd on ports 2379 and 2380.",
            "API server -> etcd  2379,2380",
        ),
        (
            "Make sure that inbound traffic on TCP port 22 is allowed from your bastion host.",
            "bastion host -> ? tcp 22 in",
        ),
        (
            "For the web UI to work, the users' browsers need access to the Core on TCP port 443.",
            "users' browsers -> Core tcp 443",
        ),
        (
            "Port 8080 is reserved for internal use and should not be exposed publicly.",
            "? -> ?  8080 unclear",
        ),
        (
            "Guest networks must never have access to the database on port 3306.",
            "Guest networks -> database  3306 forbidden",
        ),
        (
            "Starting with version 5.2, port 7070 has been replaced by port 7443.",
            "? -> ?  7070,7443 unclear [Starting with version 5.2]",
        ),
        (
            "We recommend that you restrict access to port 8161 to administrators.",
            "? -> ?  8161",
        ),
        (
            "Telemetry is sent to telemetry.example.com:443 once a day.",
            "? -> telemetry.example.com  443 out",
        ),
        (
            "The primary and the secondary exchange heartbeats on UDP port 694.",
            "primary -> secondary udp 694 both",
        ),
        (
            "The Core and its database talk over port 5432.",
            "Core -> database  5432 both",
        ),
        (
            "Clients outside the cluster reach the brokers through the load balancer on port 9092.",
            "? -> ?  9092",
        ),
        (
            "Relay servers accept connections from remote agents on TCP port 52311.",
            "remote agents -> Relay servers tcp 52311",
        ),
        (
            "Unless TLS is disabled, syslog forwarders send logs to the collector on TCP 6514.",
            "syslog forwarders -> collector tcp 6514 [Unless TLS is disabled]",
        ),
        (
            "Communication from Web to Database happens over TCP 3306.",
            "Web -> Database tcp 3306",
        ),
        (
            "Open the following ports on the Core server to the agents: 4505, 4506.",
            "? -> Core server  4505,4506",
        ),
        (
            "Agents connect to port 7070 on the Core.",
            "Agents -> Core  7070",
        ),
        (
            "The master listens on TCP ports 6443 (API) and 2379-2380 (etcd).",
            "? -> master tcp 6443,2379-2380",
        ),
        (
            "The replica replicates from the primary on port 5433.",
            "replica -> primary  5433",
        ),
        (
            "HTTP (port 80) access from the Internet to the load balancer is required.",
            "Internet -> load balancer  80",
        ),
        (
            "Mobile clients register with the SIP proxy on UDP port 5060 and TCP port 5061.",
            "Mobile clients -> SIP proxy udp 5060; Mobile clients -> SIP proxy tcp 5061",
        ),
    ]);
}

proptest::proptest! {
    #[test]
    fn any_sentence_is_read(text in "((Agents|the Core|to|from|on|port|ports|tcp/|80|443-|/udp|must|not|connects?|open|allow|between|and|if|\\(|\\)|,|:|->|each other|via|used by|to reach|20K\\+|10.0.0.1:|\u{e9}|\\.|-) ?){0,24}") {
        let _reading = read(&text, Evidence::Item, &Names::default());
        let _reading = read(&text, Evidence::Stated, &Names::default());
        let _introduction = crate::document::prose::introduction::Introduction::of(&text, &Names::default());
        let _item = crate::document::prose::item::read(&text, Evidence::Item, &Names::default());
    }
}

#[test]
fn what_is_no_end() {
    check_all(&[
        (
            "A firewall that disables access to port 8472 helps.",
            "? -> ?  8472",
        ),
        (
            "The search node receives queries from the container and returns results on port 19100.",
            "container -> search node  19100",
        ),
        ("The Core reaches its services on port 88.", "Core -> ?  88"),
        ("On Linux, open port 3478.", "? -> ?  3478"),
        (
            "External access to the replication port 6000 should be blocked.",
            "? -> ?  6000 unclear",
        ),
        (
            "The client uses port 8143 to communicate with the log services running on the Core.",
            "client -> log services  8143",
        ),
    ]);
}

#[test]
fn what_is_optional_or_has_no_port() {
    check_all(&[
        ("ICMP also needs to be open.", "? -> ? icmp "),
        ("ICMP must be blocked.", ""),
        (
            "External access to the Core on port 4106 must be denied.",
            "? -> Core  4106 out unclear",
        ),
        ("Agents must not use port 80.", "? -> ?  80 unclear"),
        ("Port 80 must not be used.", "? -> ?  80 forbidden"),
        (
            "The public Internet must not be able to access port 8096 or port 8250 on the Core.",
            "public Internet -> Core  8096,8250 forbidden",
        ),
        (
            "Open TCP port 9443 (or 30779 for the cluster) on the Core.",
            "? -> Core tcp 9443|30779",
        ),
    ]);
    let optional = read(
        "The Core may use SSH (22/tcp) to connect to the agents.",
        Evidence::Stated,
        &Names::default(),
    );
    assert_eq!(optional.statements[0].required, Some(false));
}

#[test]
fn numbers_apart_from_the_word_port() {
    check_all(&[
        (
            "The relay uses a single port for its clients (3478 by default).",
            "? -> ?  3478",
        ),
        (
            "listening-port (default: 3478) UDP & TCP.",
            "? -> ? tcp+udp 3478",
        ),
        ("The default port used by probes is 6817.", "? -> ?  6817"),
        (
            "You can set a port when you configure the Core, but most use the default, which is 7625.",
            "? -> ?  7625",
        ),
        (
            "If you use the share - port 2049/TCP.",
            "? -> ? tcp 2049 [If you use the share]",
        ),
        (
            "From any {probe} host to {core} at port TCP/80.",
            "any {probe} host -> {core} tcp 80",
        ),
    ]);
}

#[test]
fn numbers_that_somebody_requires() {
    let read = |sentence: &str| {
        let reading = read(sentence, Evidence::Section, &Names::default());
        let shown = reading.statements.iter().map(|one| {
            assert!(one.is_asked, "{sentence}");
            format!(
                "{}{}",
                shown(one),
                if one.required == Some(false) {
                    " optional"
                } else {
                    ""
                }
            )
        });
        shown.collect::<Vec<_>>().join("; ")
    };
    for (sentence, expected) in [
        (
            "The Core requires 8300, 8301 and optionally 8443.",
            "? -> ?  8300,8301; ? -> ?  8443 optional",
        ),
        (
            "The Store uses 7000 for gossip (7001 if TLS is enabled), and 7199 for the console.",
            "? -> ?  7000,7199; ? -> ?  7001 [if TLS is enabled]",
        ),
        ("The Core requires 16 GB.", ""),
        ("The Core requires 3 nodes.", ""),
    ] {
        assert_eq!(read(sentence), expected, "{sentence}");
    }
}

/// No list has these verbs: their places tell what they are.
#[test]
fn verbs_by_their_place() {
    check_all(&[
        (
            "The scheduler provisions the workers on TCP port 4001.",
            "scheduler -> workers tcp 4001",
        ),
        (
            "Agents browse the core server on TCP port 4001.",
            "Agents -> core server tcp 4001",
        ),
        (
            "Worker nodes dispatch jobs to the ledger on TCP port 4001.",
            "Worker nodes -> ledger tcp 4001",
        ),
        (
            "The collector gathers facts from the gateway on TCP port 4001.",
            "collector -> gateway tcp 4001",
        ),
        (
            "TCP port 4001 is used by the Acme Gate to mount volumes from the Ledger.",
            "Acme Gate -> Ledger tcp 4001",
        ),
        (
            "TCP port 4001 is used for reaching the Ledger from the Acme Gate.",
            "Acme Gate -> Ledger tcp 4001",
        ),
        (
            "The Acme Gate uses TCP port 4001 to archive orders on the Ledger.",
            "Acme Gate -> Ledger tcp 4001",
        ),
        (
            "Worker nodes must be able to probe the license server on TCP port 4001.",
            "Worker nodes -> license server tcp 4001",
        ),
        // What is an adjective or a noun there is no verb.
        (
            "The gate connects to external brokers on TCP port 4001.",
            "gate -> external brokers tcp 4001",
        ),
        (
            "The gate connects to license servers on TCP port 4001.",
            "gate -> license servers tcp 4001",
        ),
        (
            "Billing servers connect to the ledger on TCP port 4001.",
            "Billing servers -> ledger tcp 4001",
        ),
        (
            "The users' browsers need access to the Core on TCP port 4001.",
            "users' browsers -> Core tcp 4001",
        ),
        (
            "The machine running ledgerd connects to the vault on TCP port 4001.",
            "machine running ledgerd -> vault tcp 4001",
        ),
    ]);
}
