use super::{Evidence, port_phrases};
use crate::document::prose::words::words;

#[test]
fn stated_ports() {
    for (sentence, expected) in [
        (
            "Open ports 8140, 8081, 61613, and 443.",
            "8140,8081,61613,443",
        ),
        (
            "Agents send requests on ports 8140 (for runs) and 61613 (for orders).",
            "8140,61613",
        ),
        (
            "It uses port 8150 for HTTP and 8151 for HTTPS.",
            "8150,8151",
        ),
        ("Run port 80 and 2 servers.", "80"),
        (
            "Allow UDP and TCP on port 53 to the resolver, and TCP ports 80 and 443 for the web.",
            "53 tcp udp; 80,443 tcp",
        ),
        ("The page needs that port 30080/TCP is open.", "30080 tcp"),
        (
            "Traffic on the balancer ports (30000-32767).",
            "30000-32767",
        ),
        ("Open port 22 for TCP connections.", "22 tcp"),
        ("Port 25 or 587 is enough.", "25|587"),
        (
            "The store listens on 9200/tcp and 9300/tcp.",
            "9200,9300 tcp",
        ),
        (
            "Permit TCP 6783 and UDP 6783/6784.",
            "6783 tcp; 6783,6784 udp",
        ),
        ("The gateway [TCP 80, 443]", "80,443 tcp"),
        ("The default listen port is 7777.", "7777"),
        ("Default port: 6362", "6362"),
        ("It ships 443 parts.", ""),
        ("TCP/5000 - registry", "5000 tcp"),
        ("8301 (TCP and UDP): gossip", "8301 tcp udp"),
        ("5140 UDP - events", "5140 udp"),
        ("Open TCP:443 and UDP-53.", "443 tcp; 53 udp"),
        ("Use ports between 8000 and 8010.", "8000-8010"),
        ("Use ports from 8000 to 8010.", "8000-8010"),
        ("ports in the range 30,000-32,767", "30000-32767"),
        ("ports 22,443 and 80", "22,443,80"),
        ("port 80 -> 8080", ""),
        ("port 443:8443", ""),
        ("Since version 3, 443/tcp is open.", "443 tcp"),
        ("tcp ports 1024 and above", "1024-65535 tcp"),
        ("8443 (HTTPS, TCP) on the web node", "8443 tcp"),
        ("port 70000", ""),
        ("SCTP port 38412", "38412 sctp"),
        ("80, 443 TCP", "80,443 tcp"),
        ("Open these TCP ports on the Core: 80, 443.", "80,443 tcp"),
        ("Open these ports within: 30 minutes.", ""),
        ("53 (UDP/TCP)", "53 tcp udp"),
        ("on 2024-01-02 tcp was", ""),
    ] {
        assert_eq!(read(sentence, Evidence::Stated), expected, "{sentence}");
    }
}

#[test]
fn ports_by_their_place() {
    for (item, expected) in [
        ("3306 is used for client connections.", "3306"),
        ("4446: state", "4446"),
        ("4448 backups", "4448"),
        ("SSH: 22", "22"),
        ("HTTP API (default 4646)", "4646"),
        ("Web (8443)", "8443"),
        ("Web - 8443", "8443"),
        ("7000, 7001 for gossip", "7000,7001"),
        ("3. Check the result", ""),
        ("2 From another machine", ""),
        ("12) Restart", ""),
        ("22. SSH", "22"),
        ("3 nodes at least", ""),
        ("16 GB of memory", ""),
        ("since 2019 it is used", ""),
    ] {
        assert_eq!(read(item, Evidence::Item), expected, "{item}");
        assert_eq!(read(item, Evidence::Stated), "", "{item}");
    }
}

fn read(sentence: &str, evidence: Evidence) -> String {
    let phrases = port_phrases(&words(sentence), evidence);
    let texts: Vec<String> = phrases
        .iter()
        .filter(|phrase| !phrase.ports.is_empty())
        .map(|phrase| {
            let ports: Vec<String> = phrase
                .ports
                .iter()
                .map(|group| {
                    let ranges: Vec<String> =
                        group.ranges.iter().map(ToString::to_string).collect();
                    ranges.join(if group.alternatives { "|" } else { "," })
                })
                .collect();
            let transports: Vec<&str> = phrase.transports.iter().map(|one| one.name()).collect();
            format!("{} {}", ports.join(","), transports.join(" "))
                .trim()
                .to_owned()
        })
        .collect();
    texts.join("; ")
}
