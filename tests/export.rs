//! Exports, as those who enforce them take them.

use std::{collections::BTreeSet, fmt::Write as _, net::SocketAddr};

use lab::{
    Namespace,
    cluster::{Cluster, Version},
    conversation::{Outcome, Transport, request, serve},
};

use crate::{
    fixture::auditor::{command, files, repository, run},
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    the_kernel_takes_every_firewall: [Kernel, Program("nft")],
    what_a_firewall_lets_pass_is_what_rules_allow: [Kernel, Program("nft")],
    what_a_firewall_lets_out_is_what_rules_allow: [Kernel, Program("nft")],
    what_is_missing_is_said: [],
}

/// The kernel takes the firewall of every role of every matrix that ships.
fn the_kernel_takes_every_firewall() {
    let host = Namespace::new("firewall").unwrap();
    let mut n_checked = 0;
    for entry in std::fs::read_dir(repository().join("matrices")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let matrix = auditor::matrix::Matrix::parse(&path, &text).unwrap();
        let roles: BTreeSet<_> = matrix
            .rules
            .iter()
            .flat_map(|rule| rule.client.iter().chain(&rule.server))
            .collect();
        let mut deployment = format!("matrix = {:?}\n[roles]\n", path.display().to_string());
        for (n, role) in roles.iter().enumerate() {
            writeln!(
                deployment,
                "{:?} = [\"10.{n}.0.0/24\", \"10.{n}.1.1-10.{n}.1.7\", \"fd00:{n}::/64\"]",
                role.name()
            )
            .unwrap();
        }
        let directory = files(&[("a.toml", &deployment)]);
        for role in &roles {
            let output = command("export --as nftables --config a.toml --role")
                .arg(role.name())
                .args(["-o", "f.nft"])
                .current_dir(directory.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            let file = directory.path().join("f.nft");
            host.run(&format!("nft --check --file {}", file.display()))
                .unwrap_or_else(|error| panic!("{} as {role}: {error:#}", path.display()));
            // And so do the commands that bring it into use, as they stand in it.
            if n_checked == 0 {
                host.run(&format!("nft --file {}", file.display())).unwrap();
                let text = std::fs::read_to_string(&file).unwrap();
                let commands: Vec<String> = text
                    .lines()
                    .filter_map(|line| line.strip_prefix("#   "))
                    .map(|line| line.replace('\'', ""))
                    .collect();
                assert_eq!(commands.len(), 3);
                for command in commands {
                    host.run(&command).unwrap();
                }
            }
            n_checked += 1;
        }
    }
    assert!(10 < n_checked, "{n_checked}");
}

fn what_is_missing_is_said() {
    let directory = files(&[]);
    let matrix = repository().join("matrices/dcos-1.13.toml");
    let check = |arguments: &str, expected: &str| {
        let arguments = format!("export --matrix {} {arguments}", matrix.display());
        let output = run(directory.path(), &arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected), "{stderr}");
        assert_eq!(output.status.code(), Some(2));
    };
    check(
        "--as nftables",
        "auditor: a firewall is that of a host: name the roles that it plays with --role",
    );
    check(
        "--as nftables --role nobody",
        "auditor: no matrix and no deployment names the role `nobody`",
    );
    check(
        "--as iptables",
        "`iptables` is no form: expected csv, nftables, networkpolicy or cilium",
    );
}

/// Hosts, and the role that each has. Names that differ in what identifiers can't have are other roles, and so are those of
/// which an identifier can have nothing.
const HOSTS: [(&str, &str); 6] = [
    ("h1", "app"),
    ("h2", "db primary"),
    ("h3", "db (primary)"),
    ("h4", "\u{431}\u{430}\u{437}\u{430}"),
    ("h5", "\u{434}\u{430}\u{442}\u{430}"),
    ("h6", "stranger"),
];
/// What may be opened to the store: by whom, which ports, and whether it may: what a matrix forbids it forbids though anybody
/// may have it.
const ALLOWED: [(&str, &str, &str, bool); 7] = [
    ("app", "tcp", "5000", true),
    ("db primary", "tcp", "5001", true),
    ("db (primary)", "tcp", "5002-5003", true),
    ("db (primary)", "udp", "5002", true),
    ("\u{431}\u{430}\u{437}\u{430}", "tcp", "5003", true),
    ("anybody", "udp", "5000", true),
    ("app", "udp", "5000", false),
];

/// What the rules above say of a packet: one word against it is the last.
fn is_allowed(role: &str, transport: Transport, port: u16) -> bool {
    let mut allowed = false;
    for (client, named, ports, allows) in ALLOWED {
        let (first, last) = ports.split_once('-').unwrap_or((ports, ports));
        let is_port = (first.parse().unwrap()..=last.parse().unwrap()).contains(&port);
        if (client == role || client == "anybody") && named == transport.name() && is_port {
            if !allows {
                return false;
            }
            allowed = true;
        }
    }
    allowed
}

/// Every host asks every port over both versions of IP, through the firewall and with a last rule that refuses.
fn what_a_firewall_lets_pass_is_what_rules_allow() {
    let mut matrix = "name = \"Store\"\n".to_owned();
    for (n, (client, transport, ports, allows)) in ALLOWED.into_iter().enumerate() {
        let presence = if allows { "expected" } else { "forbidden" };
        writeln!(
            matrix,
            "[[rule]]\nid = \"r{n}\"\nclient = [\"{client}\"]\nserver = [\"store\"]\ntransport = \"{transport}\"\nports = \"{ports}\"\npresence = \"{presence}\""
        )
        .unwrap();
    }
    // A rule whose condition does not hold opens nothing.
    matrix.push_str("[[rule]]\nid = \"off\"\nclient = [\"anybody\"]\nserver = [\"store\"]\ntransport = \"tcp\"\nports = \"5004\"\nwhen = \"edition\"\n");
    let names: Vec<&str> = HOSTS
        .iter()
        .map(|(host, _)| *host)
        .chain(["store"])
        .collect();
    let cluster = Cluster::build(&names).unwrap();
    let mut deployment = "matrix = \"m.toml\"\n[roles]\nanybody = [\"any\"]\n".to_owned();
    for (host, role) in HOSTS.into_iter().chain([("store", "store")]) {
        let [four, six] =
            [Version::V4, Version::V6].map(|version| cluster.address(host, version).unwrap());
        writeln!(deployment, "\"{role}\" = [\"{four}\", \"{six}\"]").unwrap();
    }
    let directory = files(&[("m.toml", &matrix), ("a.toml", &deployment)]);
    let output = command("export --as nftables --config a.toml --role store -o f.nft")
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let store = cluster.host("store").unwrap();
    let file = directory.path().join("f.nft");
    store
        .run(&format!("nft --file {}", file.display()))
        .unwrap();
    // Refusals of both transports, as many as there are questions.
    for limit in ["net/ipv4/icmp_ratelimit", "net/ipv6/icmp/ratelimit"] {
        store.set(limit, "0").unwrap();
    }
    for line in [
        "nft add chain inet auditor input { type filter hook input priority filter; policy accept; }",
        "nft add rule inet auditor input ct state established,related accept",
        "nft add rule inet auditor input meta l4proto { icmp, icmpv6 } accept",
        "nft add rule inet auditor input jump documented_in",
        "nft add rule inet auditor input reject",
    ] {
        store.run(line).unwrap();
    }
    let ports = 4999..=5005;
    let transports = [Transport::Tcp, Transport::Udp];
    let _services: Vec<_> = transports
        .into_iter()
        .flat_map(|transport| ports.clone().map(move |port| (transport, port)))
        .map(|(transport, port)| serve(store, transport, port).unwrap())
        .collect();
    let mut n_passed = 0;
    for (host, role) in HOSTS {
        let host = cluster.host(host).unwrap();
        for version in [Version::V4, Version::V6] {
            let address = cluster.address("store", version).unwrap();
            for transport in transports {
                for port in ports.clone() {
                    let outcome = request(host, transport, SocketAddr::new(address, port)).unwrap();
                    let passed = outcome == Outcome::Answered;
                    assert_eq!(
                        passed,
                        is_allowed(role, transport, port),
                        "{role} to {address} {} {port}: {outcome:?}",
                        transport.name()
                    );
                    n_passed += usize::from(passed);
                }
            }
        }
    }
    // Six of what is allowed to one host each, and one to five of them, over both versions.
    assert_eq!(n_passed, 2 * 11);
}

/// The same of what a host opens itself: to whom a rule lets it, and to nobody else.
fn what_a_firewall_lets_out_is_what_rules_allow() {
    let rule = |id: &str, client: &str, server: &str, ports: &str, more: &str| {
        format!(
            "[[rule]]\nid = '{id}'\nclient = ['{client}']\nserver = ['{server}']\ntransport = 'tcp'\nports = '{ports}'\n{more}\n"
        )
    };
    let matrix = [
        "name = 'Out'\n".to_owned(),
        rule("one", "app", "store", "5000-5002", ""),
        rule("not", "app", "store", "5001", "presence = 'forbidden'"),
        rule("other", "app (old)", "store", "5003", ""),
        rule("in", "store", "app", "5004", ""),
    ];
    let cluster = Cluster::build(&["app", "store", "bystander"]).unwrap();
    let mut deployment = "matrix = 'm.toml'\n[roles]\n'app (old)' = ['192.0.2.1']\n".to_owned();
    for role in ["app", "store"] {
        let [four, six] =
            [Version::V4, Version::V6].map(|version| cluster.address(role, version).unwrap());
        writeln!(deployment, "{role} = ['{four}', '{six}']").unwrap();
    }
    let directory = files(&[("m.toml", &matrix.concat()), ("a.toml", &deployment)]);
    let output = run(
        directory.path(),
        "export --as nftables --config a.toml --role app -o f.nft",
    );
    assert!(output.status.success(), "{output:?}");
    let app = cluster.host("app").unwrap();
    let file = directory.path().join("f.nft");
    app.run(&format!("nft --file {}", file.display())).unwrap();
    for limit in ["net/ipv4/icmp_ratelimit", "net/ipv6/icmp/ratelimit"] {
        app.set(limit, "0").unwrap();
    }
    for line in [
        "nft add chain inet auditor output { type filter hook output priority filter; policy accept; }",
        "nft add rule inet auditor output ct state established,related accept",
        "nft add rule inet auditor output meta l4proto { icmp, icmpv6 } accept",
        "nft add rule inet auditor output jump documented_out",
        "nft add rule inet auditor output meta l4proto tcp reject with tcp reset",
    ] {
        app.run(line).unwrap();
    }
    let ports = 4999..=5004;
    let servers = ["store", "bystander"];
    let _services: Vec<_> = servers
        .iter()
        .flat_map(|server| ports.clone().map(move |port| (*server, port)))
        .map(|(server, port)| serve(cluster.host(server).unwrap(), Transport::Tcp, port).unwrap())
        .collect();
    for server in servers {
        for version in [Version::V4, Version::V6] {
            let address = cluster.address(server, version).unwrap();
            for port in ports.clone() {
                let to = SocketAddr::new(address, port);
                let outcome = request(app, Transport::Tcp, to).unwrap();
                let expected = server == "store" && [5000, 5002].contains(&port);
                assert_eq!(
                    outcome == Outcome::Answered,
                    expected,
                    "{server} {to}: {outcome:?}"
                );
            }
        }
    }
}
