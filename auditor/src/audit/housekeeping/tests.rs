use std::path::Path;

use auditor_common::Evidence;
use jiff::{SignedDuration, Timestamp};

use super::{Excess, Housekeeping};
use crate::{
    audit::Policy,
    deployment::Deployment,
    matrix::Matrix,
    observed::{DirectionCounters, Flow, Host, Observed},
};

const MATRIX: &str = "name = \"M\"\n[[rule]]\nid = \"r\"\nclient = [\"a\"]\nserver = [\"relay\"]\ntransport = \"tcp\"\nports = \"80\"\n";
const DEPLOYMENT: &str =
    "matrix = \"m.toml\"\n[roles]\na = [\"10.0.0.1\"]\nrelay = [\"10.9.0.1\"]\nall = [\"any\"]\n";

/// A flow as `client server protocol port packets/bytes-of-each seconds`; as many packets of as many bytes come back.
fn flow(text: &str) -> Flow {
    let parts: Vec<&str> = text.split(' ').collect();
    let (packets, bytes) = parts[4].split_once('/').unwrap();
    let packets: u64 = packets.parse().unwrap();
    let counters = DirectionCounters {
        packets,
        bytes: packets * bytes.parse::<u64>().unwrap(),
        ..DirectionCounters::default()
    };
    Flow {
        client: parts[0].parse().unwrap(),
        server: parts[1].parse().unwrap(),
        protocol: parts[2].parse().unwrap(),
        port: parts[3].parse().unwrap(),
        interface: "eth0".to_owned(),
        tunnel: None,
        to_server: counters,
        to_client: DirectionCounters::default(),
        requests: 0,
        replies: 0,
        refusals: 0,
        first: Timestamp::UNIX_EPOCH,
        last: Timestamp::UNIX_EPOCH + SignedDuration::from_secs(parts[5].parse().unwrap()),
        evidence: Evidence::FirstSender,
        translated: std::collections::BTreeSet::new(),
        remembered: None,
        client_direction: None,
        client_port: None,
        is_unreachable: false,
    }
}

fn host(networks: &[&str]) -> Host {
    Host {
        addresses: ["10.0.0.1".parse().unwrap(), "fd00::1".parse().unwrap()].into(),
        networks: networks.iter().map(|one| one.parse().unwrap()).collect(),
        is_captured: networks.is_empty(),
        ..Host::default()
    }
}

/// What the last of the flows exceeds.
#[track_caller]
fn check_on(host: Host, flows: &[&str], expected: Option<Result<(), Excess>>) {
    let matrix = Matrix::parse(Path::new("m.toml"), MATRIX).unwrap();
    let deployment = Deployment::parse(Path::new("a.toml"), DEPLOYMENT).unwrap();
    let lookup = &mut |_: &str| Ok(Vec::new());
    let policy = Policy::new(&[matrix], Some(&deployment), &[], &host, lookup).unwrap();
    let observed = Observed {
        host,
        flows: flows.iter().map(|text| flow(text)).collect(),
        ..Observed::default()
    };
    let found = Housekeeping::new(&policy, &observed).excess(observed.flows.last().unwrap());
    assert_eq!(found, expected, "{flows:?}");
}

#[track_caller]
fn check(flow: &str, expected: Result<(), Excess>) {
    check_on(host(&["10.0.0.0/24", "fd00::/64"]), &[flow], Some(expected));
}

#[test]
fn dhcp_belongs_to_own_networks_and_roles() {
    for text in [
        "0.0.0.0 255.255.255.255 17 67 2/342 4",
        // A server of another network answers by broadcast, through a relay that is on the link.
        "192.0.2.1 255.255.255.255 17 68 1/342 0",
        "10.0.0.1 10.0.0.254 17 67 2/342 900",
        "10.0.0.1 10.9.0.1 17 67 2/342 900",
        "10.0.0.254 10.0.0.1 17 68 1/342 0",
        "fe80::1 ff02::1:2 17 547 1/120 0",
        "fd00::1 ff05::1:3 17 547 1/120 0",
        "fd00::1 fd00::9 17 547 1/120 0",
    ] {
        check(text, Ok(()));
    }
    for text in [
        "10.0.0.1 203.0.113.9 17 67 20/1242 10",
        "10.0.0.1 203.0.113.9 17 67 1/342 0",
        "203.0.113.9 10.0.0.1 17 68 1/342 0",
        // In a role that is everybody, nobody is named.
        "10.0.0.1 10.8.0.1 17 67 1/342 0",
        "fd00::1 2001:db8::9 17 547 1/120 0",
    ] {
        check(text, Err(Excess::Place));
    }
    // Of another version of IP, the ports mean nothing.
    let host = || host(&["10.0.0.0/24"]);
    check_on(host(), &["fe80::1 fe80::2 17 67 1/100 0"], None);
    check_on(host(), &["10.0.0.1 10.0.0.2 17 547 1/100 0"], None);
}

#[test]
fn bulk_is_none() {
    check("10.0.0.254 10.0.0.1 17 68 20/1242 10", Err(Excess::Size));
    check(
        "0.0.0.0 255.255.255.255 17 67 20/1242 10",
        Err(Excess::Size),
    );
    check("10.0.0.254 10.0.0.1 17 68 16/342 0", Ok(()));
    check("10.0.0.254 10.0.0.1 17 68 17/342 0", Err(Excess::Number));
    check("10.0.0.254 10.0.0.1 17 68 200/342 100", Ok(()));
    // All clients of a network together.
    check("0.0.0.0 255.255.255.255 17 67 1000/342 60", Ok(()));
    check(
        "0.0.0.0 255.255.255.255 17 67 9000/342 60",
        Err(Excess::Number),
    );
    check("10.0.0.1 224.0.0.22 2 0 9000/60 60", Err(Excess::Number));
}

#[test]
fn a_capture_s_networks_may_be_unknown() {
    for (text, expected) in [
        ("10.0.0.1 10.0.7.254 17 67 1/342 0", Ok(())),
        ("10.0.0.1 203.0.113.9 17 67 1/342 0", Err(Excess::Place)),
    ] {
        check_on(host(&[]), &[text], Some(expected));
    }
}

#[test]
fn neighbours_are_on_the_link() {
    for text in [
        "fe80::1 ff02::1 58 136 1/78 0",
        "fd00::1 fd00::2 58 135 1/86 0",
        "fe80::2 fe80::1 58 134 1/150 0",
        "fe80::1 ff1e::7 58 131 1/90 0",
        "10.0.0.254 224.0.0.1 1 9 1/60 0",
        "10.0.0.254 10.0.0.1 1 5 1/70 0",
        "10.0.0.1 224.0.0.22 2 0 1/60 0",
        "10.0.0.9 239.1.2.3 2 0 1/60 0",
    ] {
        check(text, Ok(()));
    }
    for text in [
        "2001:db8::9 fd00::1 58 135 1/86 0",
        "203.0.113.9 10.0.0.1 1 5 1/70 0",
        "203.0.113.9 10.0.0.1 2 0 1/70 0",
        "203.0.113.9 239.1.2.3 2 0 1/60 0",
    ] {
        check(text, Err(Excess::Place));
    }
}

#[test]
fn errors_are_about_packets_that_were_sent() {
    let errors = "203.0.113.9 10.0.0.1 1 3 30/70 9";
    check(errors, Err(Excess::Errors));
    check("203.0.113.9 10.0.0.1 1 11 3/70 9", Ok(()));
    check("203.0.113.9 10.0.0.1 1 3 3/1242 9", Err(Excess::Size));
    check("2001:db8::9 fd00::1 58 2 3/1242 9", Ok(()));
    let host = || host(&["10.0.0.0/24"]);
    for (sent, expected) in [
        ("10.0.0.1 192.0.2.1 17 53 22/70 9", Ok(())),
        ("10.0.0.1 192.0.2.1 17 53 21/70 9", Err(Excess::Errors)),
        // Errors are not about errors (RFC 1122, section 3.2.2).
        ("10.0.0.1 192.0.2.1 1 3 40/70 9", Err(Excess::Errors)),
        // Somebody else sent those.
        ("10.0.0.2 192.0.2.1 17 53 40/70 9", Err(Excess::Errors)),
    ] {
        check_on(host(), &[sent, errors], Some(expected));
    }
}

#[test]
fn all_else_is_of_no_such_kind() {
    for text in [
        "10.0.0.1 10.0.0.2 1 8 1/98 0",
        "fe80::1 fe80::2 58 128 1/98 0",
        "10.0.0.1 10.0.0.2 17 53 1/98 0",
        "10.0.0.1 10.0.0.2 6 67 1/98 0",
        "10.0.0.1 10.0.0.2 1 13 1/98 0",
    ] {
        check_on(host(&["10.0.0.0/24"]), &[text], None);
    }
}
