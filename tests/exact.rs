//! Counts are those of the wire, whatever offloads make of packets on the way.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
};

use lab::Namespace;
use serde_json::Value;

use crate::{
    auditor::{files, kernel_tests, watch},
    life::{MATRIX, assert_totals, pair},
};

/// Little enough for every queue on the way: a packet that is sent again would be counted again, and rightly.
const PAYLOAD: usize = 2_000_000;

/// Sends `PAYLOAD` bytes, in pieces large enough for segmentation offload, and waits until they have arrived.
fn send(from: &Namespace, to: &Namespace) {
    let listener = to
        .enter(|| Ok(TcpListener::bind("10.78.0.1:8080")?))
        .unwrap();
    std::thread::scope(|scope| {
        let received = scope.spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).unwrap()
        });
        from.enter(|| {
            let mut stream = TcpStream::connect("10.78.0.1:8080")?;
            stream.write_all(&vec![7; PAYLOAD])?;
            Ok(())
        })
        .unwrap();
        assert_eq!(received.join().unwrap(), PAYLOAD);
    });
}

/// The only flow of the rule, from one end's report.
fn counts(report: &str) -> (Value, Value) {
    let report: Value = serde_json::from_str(report).unwrap();
    assert_totals(&report);
    let flows = report["flows"].as_array().unwrap();
    let mut documented = flows.iter().filter(|flow| flow["verdict"] == "documented");
    let flow = documented.next().unwrap();
    assert!(documented.next().is_none());
    (flow["to_server"].clone(), flow["to_client"].clone())
}

#[test]
fn super_packets_count_their_segments() {
    if !kernel_tests() {
        return;
    }
    let directory = files(&[("m.toml", MATRIX)]);
    let directory = directory.path();
    let (one, other) = pair();
    let arguments =
        |role| format!("audit --matrix m.toml --role {role} -i eth0 --for 3s --format json");
    let mut client = None;
    let server = watch(&one, directory, &arguments("web"), |_| {
        client = Some(watch(&other, directory, &arguments("user"), |_| {
            send(&other, &one);
        }));
    });
    let (server, client) = (counts(&server.stdout), counts(&client.unwrap().stdout));
    assert_eq!(server, client, "both ends of the cable see the same");
    let (to_server, to_client) = server;
    let count = |way: &Value, what: &str| way[what].as_u64().unwrap();
    // Ethernet, IPv4, TCP with time stamps: 66 bytes; the SYN has 8 bytes of options more.
    let packets = count(&to_server, "packets");
    assert_eq!(
        count(&to_server, "bytes"),
        PAYLOAD as u64 + packets * 66 + 8
    );
    assert!(PAYLOAD as u64 / 1448 <= packets, "{packets} packets");
    assert_eq!(
        count(&to_client, "bytes"),
        count(&to_client, "packets") * 66 + 8
    );
}
