use super::{ListItem, read};
use crate::document::{
    names::Names,
    prose::{introduction::Introduction, sentence::tests::shown},
};

/// Reads a list written as `introduction`, then items with two blanks for each level.
fn lines(text: &str) -> String {
    let mut lines = text.lines();
    let introduction = Introduction::of(lines.next().unwrap_or_default(), &Names::default());
    let items = lines
        .enumerate()
        .map(|(line, text)| ListItem {
            line,
            level: u8::try_from((text.len() - text.trim_start().len()) / 2).unwrap(),
            text: text.trim().to_owned(),
            is_code: false,
        })
        .collect();
    let mut shown_items = Vec::new();
    for item in read(
        items,
        &introduction,
        false,
        Some("Engine"),
        &Names::default(),
    ) {
        for statement in &item.statements {
            let machine = item
                .machine
                .as_deref()
                .map(|machine| format!("{machine}: "));
            shown_items.push(format!(
                "{}{} ({})",
                machine.unwrap_or_default(),
                shown(statement),
                statement.service.as_deref().unwrap_or("-")
            ));
        }
        if item.leaves_number {
            shown_items.push(format!("left: {}", item.text));
        }
    }
    shown_items.join("\n")
}

#[track_caller]
fn check_all(cases: &[(&str, &str)]) {
    let differing: Vec<String> = cases
        .iter()
        .map(|(text, expected)| (text, *expected, lines(text)))
        .filter(|(_, expected, shown)| expected != shown)
        .map(|(text, expected, shown)| format!("{text}\n  is\n{shown}\n  not\n{expected}\n"))
        .collect();
    assert!(differing.is_empty(), "\n{}", differing.join("\n"));
}

/// One item below a line that says nothing of ends.
#[track_caller]
fn items(cases: &[(&str, &str)]) {
    let cases: Vec<(String, &str)> = cases
        .iter()
        .map(|(item, expected)| (format!("These ports must be open:\n{item}"), *expected))
        .collect();
    let cases: Vec<(&str, &str)> = cases
        .iter()
        .map(|(text, expected)| (text.as_str(), *expected))
        .collect();
    check_all(&cases);
}

#[test]
fn ways_to_write_an_item() {
    items(&[
        ("4446: state", "? -> ?  4446 (state)"),
        ("4448 backups", "? -> ?  4448 (backups)"),
        ("80 TCP => redirect", "? -> ? tcp 80 (redirect)"),
        ("5140 UDP - events", "? -> ? udp 5140 (events)"),
        (
            "3306 is used for client connections.",
            "? -> ?  3306 (client connections)",
        ),
        ("4444 for state transfers", "? -> ?  4444 (state transfers)"),
        ("TCP/5000 - registry", "? -> ? tcp 5000 (registry)"),
        ("TCP 80 (redirect)", "? -> ? tcp 80 (redirect)"),
        ("22/TCP from the jump host", "jump host -> ? tcp 22 in (-)"),
        ("443/tcp: web interface", "? -> ? tcp 443 (web interface)"),
        (
            "HTTP API (default 4646). TCP only.",
            "? -> ? tcp 4646 (HTTP API)",
        ),
        (
            "Port 8080 (HTTP) used by the dashboard",
            "? -> ?  8080 (HTTP)",
        ),
        ("SSH: 22", "? -> ?  22 (SSH)"),
        ("SSH (22/tcp)", "? -> ? tcp 22 (SSH)"),
        ("Web UI \u{2013} 8443", "? -> ?  8443 (Web UI)"),
        ("80, 443: web", "? -> ?  80,443 (web)"),
        ("8301 (TCP and UDP): gossip", "? -> ? tcp+udp 8301 (gossip)"),
        (
            "DNS: UDP 53, TCP 53",
            "? -> ? udp 53 (DNS)\n? -> ? tcp 53 (DNS)",
        ),
        (
            "30000-32767/tcp \u{2014} node ports",
            "? -> ? tcp 30000-32767 (node ports)",
        ),
        ("443/tcp from Agents to Core", "Agents -> Core tcp 443 (-)"),
        ("Agents -> Core: 443/tcp", "Agents -> Core tcp 443 (-)"),
        ("Agents to Core on 443/tcp", "Agents -> Core tcp 443 (-)"),
        (
            "The Core connects to the Store on TCP port 5432.",
            "Core -> Store tcp 5432 (-)",
        ),
        (
            "9092/tcp, used by producers to reach the brokers",
            "producers -> brokers tcp 9092 (-)",
        ),
        (
            "8086: metrics (only if monitoring is enabled)",
            "? -> ?  8086 [only if monitoring is enabled] (metrics)",
        ),
        (
            "8125/udp: statsd, from localhost only",
            "? -> ? udp 8125 loopback (statsd)",
        ),
        ("23/tcp: must be blocked", "? -> ? tcp 23 forbidden (-)"),
        ("5000/tcp (no longer used)", "? -> ? tcp 5000 unneeded (-)"),
        ("16 GB of memory", ""),
        (
            "10.0.0.1:8080 is the proxy",
            "? -> 10.0.0.1  8080 out (proxy)",
        ),
        (
            "updates.example.com:443 - updates",
            "? -> updates.example.com  443 out (updates)",
        ),
        (
            "127.0.0.1:9000 (metrics)",
            "? -> ?  9000 loopback (metrics)",
        ),
        ("ports 80xx", "left: ports 80xx"),
        (
            "22: administration from the jump host",
            "jump host -> ?  22 in (administration)",
        ),
        (
            "8472/udp (VXLAN) between all nodes",
            "all nodes -> all nodes udp 8472 both (VXLAN)",
        ),
        (
            "Connect (REST API): 8083/tcp",
            "? -> ? tcp 8083 (Connect (REST API))",
        ),
        ("ICMP echo", "? -> ? icmp  (-)"),
        ("1 GbE network", ""),
    ]);
}

#[test]
fn introductions() {
    check_all(&[
        (
            "All nodes to Core:\nTCP/5000 - registry\nUDP/514 - events",
            "All nodes -> Core tcp 5000 (registry)\nAll nodes -> Core udp 514 (events)",
        ),
        (
            "Probe to Core:\nTCP 9200 - search",
            "Probe -> Core tcp 9200 (search)",
        ),
        (
            "The cluster nodes listen on these TCP ports:\n4567 is used for replication",
            "? -> cluster nodes tcp 4567 (replication)",
        ),
        (
            "The following ports must be open on the Core server:\n443/TCP: web interface",
            "? -> Core server tcp 443 (web interface)",
        ),
        (
            "These ports must be open on the Core server, too:\n22/TCP from the jump host\n8443/TCP from agents",
            "jump host -> Core server tcp 22 (-)\nagents -> Core server tcp 8443 (-)",
        ),
        (
            "Agents must be able to reach the Core on:\n443\n8443",
            "Agents -> Core  443 (-)\nAgents -> Core  8443 (-)",
        ),
        (
            "Inbound from Edge to Core\nTCP 80 (redirect)",
            "Edge -> Core tcp 80 (redirect)",
        ),
        (
            "Inbound UDP ports\n514: syslog",
            "? -> ? udp 514 in (syslog)",
        ),
        (
            "Core server:\n443/tcp\n80/tcp",
            "Core server: ? -> ? tcp 443 (-)\nCore server: ? -> ? tcp 80 (-)",
        ),
        (
            "The Edge needs these outbound ports:\n443/tcp to the Core",
            "Edge -> Core tcp 443 (-)",
        ),
        (
            "If clustering is used, open these ports between the Core nodes:\n7000/tcp",
            "Core nodes -> Core nodes tcp 7000 both [If clustering is used] (-)",
        ),
        (
            "The following ports must not be exposed to the Internet:\n2379/tcp",
            "Internet -> ? tcp 2379 forbidden (-)",
        ),
        (
            "Each Worker:\naccepts SSH on 22/tcp from the bastion\nsends metrics to the Core on 8125/udp\nmust not accept connections on 10255/tcp",
            "Worker: bastion -> ? tcp 22 in (-)\nWorker: ? -> Core udp 8125 out (-)\nWorker: ? -> ? tcp 10255 forbidden (-)",
        ),
        (
            "Ports:\nAgents to Core\n4505/tcp: publish\n4506/tcp: return\nCore to Internet\n443/tcp: updates",
            "Agents -> Core tcp 4505 (publish)\nAgents -> Core tcp 4506 (return)\nCore -> Internet tcp 443 (updates)",
        ),
        (
            "Do not open the following ports to the Internet:\n2375/tcp",
            "Internet -> ? tcp 2375 forbidden (-)",
        ),
        ("Here is what changed:\nsupport for 443 hosts\n3 fixes", ""),
    ]);
}

#[test]
fn nested_items() {
    check_all(&[
        (
            "Basic ports used\nCalls TCP/UDP\n  5060, 5061\nVoice UDP\n  16384-32768\nSSH\n  22",
            "? -> ? tcp+udp 5060,5061 (Calls TCP/UDP)\n? -> ? udp 16384-32768 (Voice UDP)\n? -> ?  22 (SSH)",
        ),
        (
            "Ports:\nCore server\n  443/tcp: web\nStore server\n  5432/tcp: queries",
            "Core server: ? -> ? tcp 443 (web)\nStore server: ? -> ? tcp 5432 (queries)",
        ),
        (
            "Ports:\nEdge to Core\n  443/tcp\nCore to Store\n  5432/tcp",
            "Edge -> Core tcp 443 (-)\nCore -> Store tcp 5432 (-)",
        ),
        (
            "Ports:\n8443/tcp\n  From Agents to Core\n514/udp\n  syslog",
            "Agents -> Core tcp 8443 (-)\n? -> ? udp 514 (syslog)",
        ),
        (
            "Ports:\nWeb UI\n  Port: 443\n  Protocol: TCP\n  Source: browsers\nEvents\n  Protocol: UDP\n  Port: 514\n  Destination: Core",
            "browsers -> ? tcp 443 (Web UI)\n? -> Core udp 514 (Events)",
        ),
    ]);
}

#[test]
fn labels_and_records() {
    check_all(&[
        (
            "\nPorts\n  8773 - API\n  8775 - metadata port",
            "Engine: ? -> ?  8773 (API)\nEngine: ? -> ?  8775 (metadata port)",
        ),
        (
            "Outgoing ports:\nEndpoint: api.example.com\n  Port: TCP/443",
            "? -> api.example.com tcp 443 out (-)",
        ),
        (
            "On the Core server the following ports must be open:\n443/tcp",
            "Core server: ? -> ? tcp 443 (-)",
        ),
        (
            "Ports:\n7900: For clusters running on Xen.",
            "? -> ?  7900 [For clusters running on Xen] (-)",
        ),
        (
            "Open to the relays only:\n5222 TCP",
            "relays -> ? tcp 5222 in (-)",
        ),
        (
            "Ports:\nThe Core servers communicate with each other. This communication uses TCP on ports 8250 and 9090.",
            "Core servers -> Core servers tcp 8250,9090 both (-)",
        ),
    ]);
}

#[test]
fn ports_that_are_open_to_somebody() {
    check_all(&[
        (
            "The Edge nodes need the following ports opened to the world:\n443/tcp",
            "world -> Edge nodes tcp 443 (-)",
        ),
        (
            "Store servers require these ports open to all other Store servers and to the internet:\n443/tcp",
            "all other Store servers and internet -> Store servers tcp 443 (-)",
        ),
        // Where connections go, or who comes?
        (
            "Agents need the following ports open to the Core:\n443/tcp",
            "Agents: ? -> ? tcp 443 (-)",
        ),
        // What a label says is done has nobody who does it.
        (
            "The Edge nodes need the following ports opened to the world:\nMedia forwarding:\n  7000/udp",
            "world -> Edge nodes udp 7000 (-)",
        ),
        (
            "The Core and Edge nodes can reach the following ports of the head node:\n443/tcp",
            "Core nodes and Edge nodes -> head node tcp 443 (-)",
        ),
        (
            "The Core nodes can reach the head node (and the Spare nodes, if installed) on:\n443/tcp",
            "Core nodes -> head node tcp 443 (-)\nCore nodes -> Spare nodes tcp 443 [installed] (-)",
        ),
    ]);
}

#[test]
fn names_and_ports_without_a_mark() {
    check_all(&[
        (
            "Ports of the machines\nMain host\n  SSH   22\n  Http/Https  80/443\n  Shop tool 7000 (by default)\n  RPC 135 & 445, 5000 - 6000",
            "Main host: ? -> ?  22 (SSH)\nMain host: ? -> ?  80,443 (Http/Https)\n\
             Main host: ? -> ?  7000 (Shop tool)\nMain host: ? -> ?  135,445,5000-6000 (RPC)",
        ),
        // Releases, counts and versions are no ports.
        (
            "Ports must be open on these:\nUbuntu 2204\nWindows Server 2019\nRHEL 90",
            "left: Ubuntu 2204\nleft: RHEL 90",
        ),
        (
            "The ports need these protocols:\nSSH 2\nTLS 12\nHTTP 11",
            "",
        ),
    ]);
}

#[test]
fn ports_below_an_item_that_announces_them() {
    check_all(&[
        (
            "What is needed:\nSome ports open. In most cases, you need not do anything. But you have to open these ports:\n  80/tcp: the shop\n  8448/tcp: the till. Some parts need this port even with payment disabled.",
            "? -> ? tcp 80 (shop)\n? -> ? tcp 8448 (till)",
        ),
        (
            "What is needed:\nThe following ports must be open:\n  80 for agents to read\n  5671 for agents to report",
            "? -> ?  80 (agents to read)\n? -> ?  5671 (agents to report)",
        ),
    ]);
}

#[test]
fn components_with_their_ports() {
    check_all(&[
        (
            "The ports of the shop's components and services are provided below:\nStore: 5432\nShop gate: 8000 (8001 for packaged installs)",
            "? -> Store  5432 (Store)\n? -> Shop gate  8000 (Shop gate)\n? -> Shop gate  8001 [for packaged installs] (Shop gate)",
        ),
        // What a port is for is no component.
        (
            "These ports must be open:\nStore: 5432\nWeb: 80 (with 81 for tests)",
            "? -> ?  5432 (Store)\n? -> ?  80 (Web)\nleft: Web: 80 (with 81 for tests)",
        ),
    ]);
}
