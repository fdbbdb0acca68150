//! Servers of one role of which some are dead, and servers that start late.

use std::{net::TcpStream, thread::sleep, time::Duration};

use lab::{
    Namespace,
    conversation::{Outcome, Transport, request, serve},
    namespace::connect,
};
use serde_json::{Value, json};

use crate::{
    fixture::{
        auditor::{files, watch, watch_during},
        pair::pair,
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    a_dead_member_is_not_hidden: [Kernel],
    refused_until_it_starts: [Kernel],
    bound_to_another_interface_is_not_listening: [Kernel],
}

const MATRIX: &str = r#"
name = "Members"
[[rule]]
id = "db"
client = ["app"]
server = ["db"]
transport = "tcp"
ports = "5432"
presence = "required"
"#;

const AUDIT: &str = "audit --config a.toml --format json";

fn deployment(app: &str, db: &str) -> String {
    format!(
        "matrix = \"m.toml\"\ninterfaces = [\"eth0\"]\n[roles]\napp = [\"{app}\"]\ndb = [\"{db}\"]\n"
    )
}

/// Connects, and waits for no answer longer than a moment.
fn try_to_connect(client: &Namespace, server: &str) -> bool {
    let connect = || {
        let address = server.parse()?;
        Ok(TcpStream::connect_timeout(&address, Duration::from_millis(300)).is_ok())
    };
    client.enter(connect).unwrap()
}

fn a_dead_member_is_not_hidden() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment("10.78.0.1", "10.78.0.2-10.78.0.4")),
    ]);
    let (host, peer) = pair();
    peer.run("ip address add 10.78.0.3/24 dev eth0").unwrap();
    // What is sent to it goes on the cable, where nobody takes it.
    host.run("ip neigh replace 10.78.0.4 lladdr 02:00:00:00:00:98 dev eth0")
        .unwrap();
    let listen = || Ok(std::net::TcpListener::bind("10.78.0.2:5432")?);
    let alive = peer.enter(listen).unwrap();
    let finished = watch_during(&host, directory.path(), AUDIT, || {
        assert!(try_to_connect(&host, "10.78.0.2:5432"));
        assert!(!try_to_connect(&host, "10.78.0.3:5432"));
        assert!(!try_to_connect(&host, "10.78.0.4:5432"));
        sleep(Duration::from_millis(1200));
    });
    drop(alive);
    let report = report(&finished.stdout);
    let rule = &report["rules"][0];
    assert_eq!(rule["verdict"], "observed", "{rule:#}");
    assert_eq!(rule["severity"], "warning", "{rule:#}");
    let in_vain = json!([
        {"server": "10.78.0.3", "port": 5432, "outcome": "refused"},
        {"server": "10.78.0.4", "port": 5432, "outcome": "attempted"},
    ]);
    assert_eq!(rule["asked_in_vain"], in_vain);
    let said = rule["explanation"].as_str().unwrap();
    let expected =
        "others answered, but 10.78.0.3 refused on 5432, 10.78.0.4 did not answer on 5432";
    assert!(said.contains(expected), "{said}");
}

fn refused_until_it_starts() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment("10.78.0.1", "10.78.0.2")),
    ]);
    let (host, peer) = pair();
    let finished = watch_during(&host, directory.path(), AUDIT, || {
        for _ in 0..3 {
            assert!(!try_to_connect(&host, "10.78.0.2:5432"));
        }
        let listen = || Ok(std::net::TcpListener::bind("10.78.0.2:5432")?);
        let _service = peer.enter(listen).unwrap();
        // It is accepted, and says nothing for the rest of the window.
        let open = || Ok(TcpStream::connect("10.78.0.2:5432")?);
        let _open = host.enter(open).unwrap();
        sleep(Duration::from_millis(1500));
    });
    let report = report(&finished.stdout);
    let rule = &report["rules"][0];
    assert_eq!(rule["verdict"], "observed", "{rule:#}");
    assert_eq!(rule["asked_in_vain"], Value::Null);
    assert_eq!(report["summary"]["violations"], 0);
    assert_eq!(report["summary"]["warnings"], 0);
}

fn bound_to_another_interface_is_not_listening() {
    let directory = files(&[
        ("m.toml", MATRIX),
        ("a.toml", &deployment("10.78.0.2", "10.78.0.1")),
    ]);
    let (host, peer) = pair();
    connect(&host, "other", &peer, "other").unwrap();
    for (device, expected) in [("other", false), ("eth0", true)] {
        let service = host.enter(|| bound_to(device)).unwrap();
        let arguments = format!("{AUDIT} --for 2s");
        let finished = watch(&host, directory.path(), &arguments, |_| {});
        drop(service);
        let report = report(&finished.stdout);
        let rule = &report["rules"][0];
        assert_eq!(rule["verdict"], "missing", "{rule:#} {}", report["gaps"]);
        assert_eq!(rule["listening"], expected, "{rule:#}");
    }
    // It is what the kernel does.
    let _service = serve(&host, Transport::Tcp, 5433).unwrap();
    let address = "10.78.0.1:5433".parse().unwrap();
    let outcome = request(&peer, Transport::Tcp, address).unwrap();
    assert_eq!(outcome, Outcome::Answered);
    let _bound = host.enter(|| bound_to("other")).unwrap();
    assert!(!try_to_connect(&peer, "10.78.0.1:5432"));
}

/// A socket that listens on port 5432 of one interface.
fn bound_to(device: &str) -> anyhow::Result<std::os::fd::OwnedFd> {
    use std::os::fd::AsRawFd as _;

    use nix::sys::socket::{
        AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, listen, setsockopt, socket,
        sockopt,
    };
    let flags = SockFlag::SOCK_CLOEXEC;
    let service = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    setsockopt(&service, sockopt::ReuseAddr, &true)?;
    setsockopt(&service, sockopt::BindToDevice, &device.into())?;
    bind(service.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, 5432))?;
    listen(&service, Backlog::new(8)?)?;
    Ok(service)
}
