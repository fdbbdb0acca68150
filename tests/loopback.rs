//! What stays within a host: rules with `loopback = true`, on a loopback that is watched.

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch},
        pair::pair,
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    rules_of_one_host_are_judged_by_its_loopback: [Kernel],
    nobody_outside_speaks_on_the_loopback: [Kernel],
    watching_the_loopback_is_suggested: [Kernel],
}

/// Rules of what stays within a host, as id, role and port.
const RULES: [(&str, &str, u16); 5] = [
    ("cache", "host", 6379),
    ("cache-6", "host", 6380),
    ("own", "host", 6381),
    ("quiet", "host", 6390),
    ("other", "peer", 6400),
];

fn matrix() -> String {
    let rules = RULES.map(|(id, role, port)| {
        format!(
            "[[rule]]\nid = '{id}'\nclient = ['{role}']\nserver = ['{role}']\ntransport = 'tcp'\nports = '{port}'\n\
             presence = 'required'\nloopback = true\n"
        )
    });
    format!("name = 'Within'\n{}", rules.concat())
}

fn deployment(interfaces: &str) -> String {
    format!(
        "matrix = 'm.toml'\ninterfaces = [{interfaces}]\n[roles]\nhost = ['10.78.0.1']\npeer = ['10.78.0.2']\n"
    )
}

fn verdict<'a>(report: &'a Value, id: &str) -> &'a str {
    let rules = report["rules"].as_array().unwrap();
    let rule = rules.iter().find(|rule| rule["id"] == id).unwrap();
    rule["verdict"].as_str().unwrap()
}

#[track_caller]
fn ask(host: &Namespace, server: &str) {
    let server = server.parse().unwrap();
    let outcome = request(host, Transport::Tcp, server).unwrap();
    assert_eq!(outcome, Outcome::Answered, "{server}");
}

fn rules_of_one_host_are_judged_by_its_loopback() {
    let directory = files(&[
        ("m.toml", &matrix()),
        ("a.toml", &deployment("'eth0', 'lo'")),
    ]);
    let (host, peer) = pair();
    let _services =
        [6379, 6380, 6381, 6400].map(|port| serve(&host, Transport::Tcp, port).unwrap());
    let arguments = "audit --config a.toml --format json --for 3s";
    let finished = watch(&host, directory.path(), arguments, |_| {
        ask(&host, "127.0.0.1:6379");
        ask(&host, "[::1]:6380");
        ask(&host, "10.78.0.1:6381");
        // The rule of another host's loopback is not about this one's, and this one's rule not about what another host asks.
        ask(&host, "127.0.0.1:6400");
        ask(&peer, "10.78.0.1:6379");
    });
    let report = report(&finished.stdout);
    for (id, expected) in [
        ("cache", "observed"),
        ("cache-6", "observed"),
        ("own", "observed"),
        ("quiet", "missing"),
        ("other", "elsewhere"),
    ] {
        assert_eq!(verdict(&report, id), expected, "{id}: {report:#}");
    }
    let flows = report["flows"].as_array().unwrap();
    let told = |interface: &str, port: u16| {
        let mut flows = flows.iter();
        let flow = flows.find(|flow| flow["interface"] == interface && flow["port"] == port);
        flow.unwrap_or_else(|| panic!("no flow of {port} on {interface}: {report:#}"))["verdict"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    for (interface, port, expected) in [
        ("lo", 6379, "documented"),
        ("lo", 6380, "documented"),
        ("lo", 6381, "documented"),
        ("lo", 6400, "unexpected"),
        ("eth0", 6379, "unexpected"),
    ] {
        assert_eq!(told(interface, port), expected, "{interface} {port}");
    }
}

/// Sends the openings, the answers and the data of connections from the loopback's address, and of the host's own, to a host.
const FORGED: &str = r#"
import socket, struct, sys
one = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
one.bind(("eth0", 0))
target = bytes.fromhex(sys.argv[1].replace(":", ""))

def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total & 0xffff) + (total >> 16)
    return ~((total & 0xffff) + (total >> 16)) & 0xffff

def send(source, destination, ports, flags):
    source, destination = map(socket.inet_aton, (source, destination))
    tcp = struct.pack("!HHIIBBHHH", *ports, 7, 9, 0x50, flags, 1000, 0, 0)
    pseudo = source + destination + struct.pack("!BBH", 0, 6, 20)
    tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
    head = struct.pack("!BBHHHBBH", 0x45, 0, 40, 1, 0, 64, 6, 0) + source + destination
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    one.send(target + bytes.fromhex("020000000077") + b"\x08\x00" + head + tcp)

for source, destination in [
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1", "10.78.0.1"),
    ("10.78.0.1", "127.0.0.1"),
    ("10.78.0.1", "10.78.0.1"),
]:
    for flags in [2, 16, 24]:
        send(source, destination, (40000, 6390), flags)
    for flags in [18, 24]:
        send(source, destination, (6390, 40000), flags)
"#;

/// Even a host that takes such packets, which none does unless it is told to, has no conversation with anybody by them.
fn nobody_outside_speaks_on_the_loopback() {
    let directory = files(&[
        ("m.toml", &matrix()),
        ("a.toml", &deployment("'eth0', 'lo'")),
        ("forged.py", FORGED),
    ]);
    let script = directory.path().join("forged.py");
    let (host, peer) = pair();
    for scope in ["all", "eth0"] {
        for (parameter, value) in [
            ("route_localnet", "1"),
            ("accept_local", "1"),
            ("rp_filter", "0"),
        ] {
            host.set(&format!("net/ipv4/conf/{scope}/{parameter}"), value)
                .unwrap();
        }
    }
    let _quiet = serve(&host, Transport::Tcp, 6390).unwrap();
    let link = host.run("ip -o link show eth0").unwrap();
    let mut words = link.split_whitespace();
    words.find(|word| *word == "link/ether");
    let mac = words.next().unwrap();
    let arguments = "audit --config a.toml --format json --for 3s";
    let finished = watch(&host, directory.path(), arguments, |_| {
        peer.run(&format!("python3 {} {mac}", script.display()))
            .unwrap();
    });
    let report = report(&finished.stdout);
    assert_eq!(verdict(&report, "quiet"), "missing", "{report:#}");
    let aside = ["impossible-source", "unasked"]
        .map(|reason| report["counted"][reason]["packets"].as_u64().unwrap_or(0));
    assert_eq!(aside.iter().sum::<u64>(), 20, "{:#}", report["counted"]);
}

fn watching_the_loopback_is_suggested() {
    let directory = files(&[("m.toml", &matrix()), ("a.toml", &deployment("'eth0'"))]);
    let (host, _peer) = pair();
    let run = |arguments: &str| watch(&host, directory.path(), arguments, |_| {}).stdout;
    let said = run("check --config a.toml");
    assert!(
        said.contains("the loopback is not watched")
            && said.contains("cache, cache-6, own, quiet; add `lo`"),
        "{said}"
    );
    let said = run("audit --config a.toml --for 1s --json r.json");
    assert!(
        said.contains("stays on the loopback, which is not watched: add `lo` to the interfaces"),
        "{said}"
    );
    let said = run("explain cache-6 --report r.json");
    assert!(
        said.contains("what to do: watch the loopback as well: add `lo` to `interfaces`"),
        "{said}"
    );
}
