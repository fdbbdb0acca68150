use proptest::prelude::*;

use super::{is_portless, ports, segments, without_ip_protocols};

#[test]
fn port_cells() {
    check("80", "80");
    check("80/443", "80 443");
    check("9200, 9300-9400", "9200 9300-9400");
    check("80/(443 or 4443)", "80 | one of 443 4443");
    check("25 or 587", "one of 25 587");
    check("64535 \u{2013} 65535", "64535-65535");
    check("1 to 5", "1-5");
    check("443 (HTTPS)", "443");
    check("7,946", "7946");
    check("80,443", "80 443");
    check("5,22,443", "5 22 443");
    check("60,000", "60000");
    check("30,000 - 32,767", "30000-32767");
    check("20K+", "20000-65535");
    check("1024 and above, 80", "1024-65535 80");
    check("tcp+udp/88", "88 Tcp Udp");
    check("88/TCP + UDP", "88 Tcp Udp");
    check("at least 49152", "49152-65535");
    check("no lower than 32768", "32768-65535");
    check("starting at 20000 or higher", "20000-65535");
    check("> 9100", "9101-65535");
    check("443 [2]", "443");
    check("8080-8090/tcp", "8080-8090 Tcp");
    check("TCP/443", "443 Tcp");
    check("53 (TCP/UDP)", "53 Tcp Udp");
    check("ICMP", " Icmp");
    check("Ephemeral", " ephemeral");
    check(
        "70000",
        " ! port 70000 is out of range: ports are numbers from 1 to 65535",
    );
    check(
        "80, 70000",
        " ! port 70000 is out of range: ports are numbers from 1 to 65535",
    );
    check(
        "80-",
        " ! the range that starts at 80 has no end: write 80-65535",
    );
    check("see below", " ? see below");
    check("over 61000", "61001-65535");
    check("TCP over 443", "443 Tcp");
    check("5053 up to 5056", "5053-5056");
    check("5053 up to and including 5056", "5053-5056");
    check("60001:63000", "60001-63000");
    check("2525 [v2]", "2525");
    check("udp://192.0.2.40:7333", "7333 Udp");
}

#[test]
fn what_takes_back_or_leaves_open_is_no_port() {
    for cell in [
        "!25",
        "! 25",
        "!= 25",
        "1-1023 (but not 23)",
        "8000-8010 (all except 8005 and 8007, of course)",
        "80[00-99]",
        "8080 [+n]",
        "8080:8081",
    ] {
        let read = ports(cell);
        assert!(read.problem.is_some(), "{cell}: {read:?}");
        assert!(read.groups.is_empty(), "{cell}: {read:?}");
    }
    // What is left out is none of them.
    check(
        "8443 (not needed before version 5)",
        "8443 ? (not needed before version 5)",
    );
}

#[track_caller]
fn check(cell: &str, expected: &str) {
    let ports = ports(cell);
    let groups: Vec<String> = ports
        .groups
        .iter()
        .map(|group| {
            let ranges: Vec<String> = group.ranges.iter().map(ToString::to_string).collect();
            format!(
                "{}{}",
                if group.alternatives { "one of " } else { "" },
                ranges.join(" ")
            )
        })
        .collect();
    let mut text = groups.join(" | ");
    for transport in ports.transports {
        text.extend([" ".to_owned(), format!("{transport:?}")]);
    }
    if ports.ephemeral {
        text.push_str(" ephemeral");
    }
    for word in ports.remarks {
        text.extend([" ? ", word.as_str()]);
    }
    if let Some(problem) = ports.problem {
        text.extend([" ! ", &problem.to_string()]);
    }
    assert_eq!(text, expected, "{cell}");
}

#[test]
fn deep_brackets_end() {
    let deep = format!("{}80{}", "(".repeat(5_000), ")".repeat(5_000));
    assert!(ports(&deep).problem.is_some());
    assert!(ports("(((80)))").problem.is_none());
    for open in ["(", "443 (", "443 ()", ")(", "()"] {
        let _ports = ports(open);
    }
}

#[test]
fn several_transports_in_a_cell() {
    for (cell, parts) in [
        (
            "TCP 10349, 10350, UDP 10351",
            &["TCP 10349, 10350", ", UDP 10351"][..],
        ),
        ("80/tcp, 53/udp", &["80/tcp", ", 53/udp"]),
        ("53 (TCP/UDP), 80 (TCP)", &["53 (TCP/UDP)", ", 80 (TCP)"]),
        ("53 (TCP/UDP)", &["53 (TCP/UDP)"]),
        ("TCP and UDP 53", &["TCP and UDP 53"]),
        ("TCP 53 and UDP", &["TCP 53 and UDP"]),
        ("5432, UDP 9638", &["5432", ", UDP 9638"]),
        ("80 (TCP) 53 (UDP)", &["80 (TCP)", " 53 (UDP)"]),
        ("80, 443 TCP", &["80, 443 TCP"]),
        (
            "8300, 8301(UDP), 8500, 8600",
            &["8300", ", 8301(UDP)", ", 8500, 8600"],
        ),
        ("53/udp, 123", &["53/udp", ", 123"]),
        ("443", &["443"]),
        // Lines of one cell that ran together.
        (
            "UDP/3870, 3871 TCP/80, 443 UDP/514, TCP/6514",
            &["UDP/3870, 3871 ", "TCP/80, 443 ", "UDP/514", ", TCP/6514"],
        ),
        ("UDP 3870, 3871 TCP 80", &["UDP 3870, 3871 ", "TCP 80"]),
        ("udp: 53, 54 tcp: 55", &["udp: 53, 54 ", "tcp: 55"]),
        (
            "3870, 3871 UDP 80, 443 TCP",
            &["3870, 3871 UDP", " 80, 443 TCP"],
        ),
        ("TCP/80, 443 53/UDP", &["TCP/80, 443 ", "53/UDP"]),
        ("80/tcp 443 53/udp", &["80/tcp", " 443 ", "53/udp"]),
        ("TCP 8000 - 8010/tcp", &["TCP 8000 - 8010/tcp"]),
        ("443 (TCP, TLS 1.2)", &["443 (TCP, TLS 1.2)"]),
        (
            "7008 TCP/7009 UDP/7010, 7011",
            &["7008 ", "TCP/7009 ", "UDP/7010, 7011"],
        ),
        ("8300 TCP, 8301", &["8300 TCP", ", 8301"]),
    ] {
        assert_eq!(segments(cell), parts, "{cell}");
    }
    assert!(
        is_portless("IPENCAP / IPIP") && is_portless("IP Protocol ID 47") && !is_portless("TCP")
    );
}

proptest! {
    #[test]
    fn any_cell_is_read(text in ".*") {
        let _ports = ports(&text);
        let _rest = without_ip_protocols(&text);
        prop_assert_eq!(segments(&text).concat(), text);
    }
}
