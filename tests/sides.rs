//! Who is the client and who the server, where no packet alone says.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::AsRawFd as _,
    time::Duration,
};

use etherparse::PacketBuilder;
use lab::{Namespace, raw::Sender};
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrStorage, bind, connect, setsockopt, socket, sockopt,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch_during},
        pair::{MATRIX, pair},
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    sockets_tell_who_asked: [Kernel],
    ports_that_change_their_sides: [Kernel],
    fragments_count_with_their_first: [Kernel],
    half_open_scans_in_fragments: [Kernel],
}

/// Connects from a port of our choice, which may have been used just before.
fn connect_from(host: &Namespace, own: &str, far: &str) -> TcpStream {
    host.enter(|| {
        let socket = socket(
            AddressFamily::Inet,
            SockType::Stream,
            SockFlag::empty(),
            None,
        )?;
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
        let address = |text: &str| -> anyhow::Result<SockaddrStorage> {
            Ok(text.parse::<SocketAddr>()?.into())
        };
        bind(socket.as_raw_fd(), &address(own)?)?;
        connect(socket.as_raw_fd(), &address(far)?)?;
        Ok(TcpStream::from(socket))
    })
    .unwrap()
}

/// A byte there and back.
fn exchange(client: &mut TcpStream, server: &mut TcpStream) {
    for (from, to) in [(0, 1), (1, 0)] {
        let sides = [&mut *client, &mut *server];
        sides[from].write_all(&[7]).unwrap();
        sides[to].read_exact(&mut [0]).unwrap();
    }
}

/// Client, server's port, requests, and packets both ways of every TCP flow.
fn tcp_flows(report: &Value) -> Vec<(&str, u64, u64, u64)> {
    let number = |value: &Value| value.as_u64().unwrap();
    let flows = report["flows"].as_array().unwrap().iter();
    flows
        .filter(|flow| flow["transport"] == "tcp")
        .map(|flow| {
            (
                flow["client"].as_str().unwrap(),
                number(&flow["port"]),
                number(&flow["requests"]),
                number(&flow["to_server"]["packets"]) + number(&flow["to_client"]["packets"]),
            )
        })
        .collect()
}

/// Before the window a connection began whose lower port is the client's. On the client's host its sockets tell who asked;
/// on a third host nothing but another connection with the same service, later, would.
fn sockets_tell_who_asked() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let listener = one
        .enter(|| Ok(TcpListener::bind("10.78.0.1:50001")?))
        .unwrap();
    let mut client = connect_from(&other, "10.78.0.2:40000", "10.78.0.1:50001");
    let (mut server, _) = listener.accept().unwrap();
    let arguments = "audit --matrix m.toml --role user -i eth0 --format json";
    let guessed = watch_during(&other, directory.path(), arguments, || {
        exchange(&mut client, &mut server);
    });
    let guessed = report(&guessed.stdout);
    let [("10.78.0.2", 50_001, 0, _)] = tcp_flows(&guessed)[..] else {
        panic!("{guessed:#}")
    };
    let corrected = watch_during(&other, directory.path(), arguments, || {
        exchange(&mut client, &mut server);
        // The table was emptied in between.
        std::thread::sleep(Duration::from_millis(1500));
        let mut second = connect_from(&other, "10.78.0.2:40002", "10.78.0.1:50001");
        let (mut served, _) = listener.accept().unwrap();
        exchange(&mut second, &mut served);
    });
    let corrected = report(&corrected.stdout);
    let [("10.78.0.2", 50_001, 1, packets)] = tcp_flows(&corrected)[..] else {
        panic!("{corrected:#}")
    };
    // Of the first a byte each way and two acknowledgements at most; of the second the same, three packets to open it and
    // two to four to close it.
    assert!((2 + 7..=4 + 11).contains(&packets), "{packets}");
}

/// The same two ports, used again the other way round.
fn ports_that_change_their_sides() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let arguments = "audit --matrix m.toml --role web -i eth0 --format json";
    let finished = watch_during(&one, directory.path(), arguments, || {
        for (server, client, own, far) in [
            (&one, &other, "10.78.0.2:40000", "10.78.0.1:8080"),
            (&other, &one, "10.78.0.1:8080", "10.78.0.2:40000"),
        ] {
            let listener = server.enter(|| Ok(TcpListener::bind(far)?)).unwrap();
            let mut stream = connect_from(client, own, far);
            let (mut served, _) = listener.accept().unwrap();
            exchange(&mut stream, &mut served);
            // A reset instead of a state that would keep the ports busy.
            setsockopt(
                &stream,
                sockopt::Linger,
                &nix::libc::linger {
                    l_onoff: 1,
                    l_linger: 0,
                },
            )
            .unwrap();
            drop(stream);
            assert!(served.read(&mut [0]).is_err());
        }
    });
    let report = report(&finished.stdout);
    let found: Vec<(&str, u64, u64)> = tcp_flows(&report)
        .into_iter()
        .map(|(client, port, requests, _)| (client, port, requests))
        .collect();
    assert_eq!(
        found,
        [("10.78.0.2", 8080, 1), ("10.78.0.1", 40_000, 1)],
        "{report:#}"
    );
}

/// Only the first fragment of a datagram has its ports.
fn fragments_count_with_their_first() {
    const PAYLOAD: u64 = 4000;
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    one.run("ip address add fd00::1/64 dev eth0").unwrap();
    other.run("ip address add fd00::2/64 dev eth0").unwrap();
    let _sinks = one
        .enter(|| {
            Ok((
                UdpSocket::bind("10.78.0.1:7000")?,
                UdpSocket::bind("[fd00::1]:7000")?,
            ))
        })
        .unwrap();
    for ingress in ["tc", "xdp"] {
        let arguments =
            format!("audit --matrix m.toml --role web -i eth0 --ingress {ingress} --format json");
        let finished = watch_during(&one, directory.path(), &arguments, || {
            other
                .enter(|| {
                    let payload = vec![7; usize::try_from(PAYLOAD)?];
                    UdpSocket::bind("0.0.0.0:0")?.send_to(&payload, "10.78.0.1:7000")?;
                    UdpSocket::bind("[::]:0")?.send_to(&payload, "[fd00::1]:7000")?;
                    Ok(())
                })
                .unwrap();
        });
        let report = report(&finished.stdout);
        let flows: Vec<(u64, u64)> = report["flows"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|flow| flow["port"] == 7000)
            .map(|flow| {
                let count = |what: &str| flow["to_server"][what].as_u64().unwrap();
                (count("packets"), count("bytes"))
            })
            .collect();
        // Three fragments each: Ethernet and IPv4 take 34 bytes of a frame, IPv6 with its fragment header 62.
        assert_eq!(
            flows,
            [(3, PAYLOAD + 8 + 3 * 34), (3, PAYLOAD + 8 + 3 * 62)],
            "{ingress}"
        );
        assert!(report["counted"].get("fragment").is_none(), "{ingress}");
    }
}

/// The fragments of a TCP packet that opens a connection to the host, of at most `size` bytes each.
fn opening_in_fragments(port: u16, size: usize) -> Vec<Vec<u8>> {
    let mut whole = Vec::new();
    PacketBuilder::ipv4([10, 78, 0, 2], [10, 78, 0, 1], 64)
        .tcp(20_000 + port, port, 7, 1000)
        .syn()
        .write(&mut whole, &[])
        .unwrap();
    let (header, payload) = whole.split_at(20);
    let last = (payload.len() - 1) / size;
    let parts = payload.chunks(size).enumerate().map(|(index, part)| {
        let mut packet = [header, part].concat();
        packet[4..6].copy_from_slice(&port.to_be_bytes());
        packet[6] = if index < last { 0x20 } else { 0 };
        packet[7] = u8::try_from(index * size / 8).unwrap();
        packet
    });
    parts.collect()
}

/// Who opens is told by flags, in whichever fragment they are, and the other fragments prove nothing.
fn half_open_scans_in_fragments() {
    let directory = files(&[("m.toml", MATRIX)]);
    let (one, other) = pair();
    let ports = [9001, 9002, 9003];
    let _services = ports.map(|port| {
        let listen = || Ok(TcpListener::bind(("10.78.0.1", port))?);
        one.enter(listen).unwrap()
    });
    for ingress in ["tc", "xdp"] {
        let arguments =
            format!("audit --matrix m.toml --role web -i eth0 --ingress {ingress} --format json");
        let finished = watch_during(&one, directory.path(), &arguments, || {
            other
                .enter(|| {
                    let sender = Sender::new([10, 78, 0, 1].into())?;
                    let backwards = opening_in_fragments(9003, 8).into_iter().rev();
                    let all = opening_in_fragments(9001, 8)
                        .into_iter()
                        .chain(opening_in_fragments(9002, 16))
                        .chain(backwards);
                    for packet in all {
                        sender.send(&packet)?;
                    }
                    Ok(())
                })
                .unwrap();
        });
        let report = report(&finished.stdout);
        let flows = report["flows"].as_array().unwrap();
        let found = ports.map(|port| {
            let flow = flows.iter().find(|flow| flow["port"] == port).unwrap();
            assert_eq!(flow["client"], "10.78.0.2", "{ingress}");
            let outcome = flow["outcome"].as_str().unwrap().to_owned();
            (outcome, flow["requests"].as_u64().unwrap())
        });
        // Of the last one the flags came before the ports, so nobody knows what they were of.
        let expected = [("accepted", 1), ("accepted", 1), ("unknown", 0)];
        assert_eq!(found, expected.map(|(outcome, n)| (outcome.to_owned(), n)));
        assert_eq!(report["counted"]["fragment"]["packets"], 2, "{ingress}");
    }
}
