//! FTP's second conversations: data belongs to the control connection that asked for it, and to nothing else.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, SocketAddrV4, TcpListener, TcpStream},
    os::fd::AsRawFd as _,
};

use lab::Namespace;
use nix::sys::socket::{
    AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, setsockopt, socket, sockopt,
};
use serde_json::Value;

use crate::{
    fixture::{
        auditor::{files, watch_during},
        pair::pair,
        report::report,
    },
    harness::{Need::Kernel, tests},
};

tests! {
    data_belongs_to_its_control_connection: [Kernel],
    what_nobody_asked_for_is_no_data: [Kernel],
}

const MATRIX: &str = r#"
name = "FTP"
[[rule]]
id = "ftp"
client = ["client"]
server = ["server"]
transport = "tcp"
ports = "21"
presence = "required"
[[rule]]
id = "store"
client = ["server"]
server = ["client"]
transport = "tcp"
ports = "5432"
"#;

const DEPLOYMENT: &str = r#"
matrix = "m.toml"
interfaces = ["eth0"]
[roles]
client = ["10.78.0.1", "fd78::1"]
server = ["10.78.0.2", "fd78::2"]
"#;

const AUDIT: &str = "audit --config a.toml --format json";

const LINE: &[u8] = b"200 PASV\r\n";

/// A control connection, by both its ends.
struct Control {
    client: TcpStream,
    server: TcpStream,
}

impl Control {
    fn open(client: &Namespace, server: &Namespace, address: &str) -> Self {
        let listener = listen(server, "[::]:21");
        let client = to(client, &format!("{address}:21"));
        let (server, _) = listener.accept().unwrap();
        Self { client, server }
    }

    /// A command and its reply, twice: where the data goes, and which.
    fn ask(&mut self) {
        for _ in 0..2 {
            self.client.write_all(LINE).unwrap();
            self.server.read_exact(&mut [0; LINE.len()]).unwrap();
            self.server.write_all(LINE).unwrap();
            self.client.read_exact(&mut [0; LINE.len()]).unwrap();
        }
    }
}

fn listen(host: &Namespace, address: &str) -> TcpListener {
    host.enter(|| Ok(TcpListener::bind(address)?)).unwrap()
}

fn to(host: &Namespace, address: &str) -> TcpStream {
    host.enter(|| Ok(TcpStream::connect(address)?)).unwrap()
}

/// Opens a connection from a port.
fn from_port(host: &Namespace, port: u16, to: SocketAddrV4) -> TcpStream {
    let open = || {
        let socket = socket(
            AddressFamily::Inet,
            SockType::Stream,
            SockFlag::empty(),
            None,
        )?;
        setsockopt(&socket, sockopt::ReuseAddr, &true)?;
        bind(socket.as_raw_fd(), &SockaddrIn::new(0, 0, 0, 0, port))?;
        connect(socket.as_raw_fd(), &SockaddrIn::from(to))?;
        Ok(TcpStream::from(socket))
    };
    host.enter(open).unwrap()
}

/// Sends data to whoever opened a connection, or from whom it was opened.
fn send(listener: &TcpListener, mut opened: TcpStream) {
    let (mut other, _) = listener.accept().unwrap();
    opened.write_all(&[7; 2000]).unwrap();
    other.read_exact(&mut [0; 2000]).unwrap();
}

fn port_of(listener: &TcpListener) -> u16 {
    listener.local_addr().unwrap().port()
}

fn at(address: [u8; 4], port: u16) -> SocketAddrV4 {
    SocketAddrV4::new(address.into(), port)
}

fn hosts() -> (Namespace, Namespace) {
    let (client, server) = pair();
    for (host, address) in [(&client, "fd78::1"), (&server, "fd78::2")] {
        host.run(&format!("ip -6 address add {address}/64 dev eth0 nodad"))
            .unwrap();
    }
    (client, server)
}

fn flow(report: &Value, port: u16) -> &Value {
    let flows = report["flows"].as_array().unwrap();
    flows.iter().find(|flow| flow["port"] == port).unwrap()
}

fn data_belongs_to_its_control_connection() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (client, server) = hosts();
    let transfer = || {
        let mut control = Control::open(&client, &server, "10.78.0.2");
        control.ask();
        let listener = listen(&client, "0.0.0.0:0");
        let active = port_of(&listener);
        send(
            &listener,
            from_port(&server, 20, at([10, 78, 0, 1], active)),
        );
        control.ask();
        let listener = listen(&server, "0.0.0.0:0");
        let passive = port_of(&listener);
        send(&listener, to(&client, &format!("10.78.0.2:{passive}")));
        let mut control = Control::open(&client, &server, "[fd78::2]");
        control.ask();
        let listener = listen(&server, "[::]:0");
        let passive_6 = port_of(&listener);
        let server: SocketAddr = format!("[fd78::2]:{passive_6}").parse().unwrap();
        send(&listener, to(&client, &server.to_string()));
        [active, passive, passive_6]
    };
    for host in [&client, &server] {
        for hook in ["tc", "xdp"] {
            let arguments = format!("{AUDIT} --ingress {hook}");
            let mut ports = [0; 3];
            let finished = watch_during(host, directory.path(), &arguments, || ports = transfer());
            let report = report(&finished.stdout);
            assert_eq!(report["summary"]["violations"], 0, "{hook}: {report:#}");
            for port in ports {
                let data = flow(&report, port);
                let first = data["related_to"].as_u64().unwrap();
                let first = &report["flows"][usize::try_from(first).unwrap()];
                assert_eq!(first["port"], 21);
                let why = data["explanation"].as_str().unwrap();
                assert!(why.contains("related to"), "{why}");
            }
            // The rule's traffic is the control connection's alone.
            assert_eq!(report["rules"][0]["flows"].as_array().unwrap().len(), 2);
        }
    }
}

fn what_nobody_asked_for_is_no_data() {
    let directory = files(&[("m.toml", MATRIX), ("a.toml", DEPLOYMENT)]);
    let (client, server) = hosts();
    let mut ports = Vec::new();
    let finished = watch_during(&client, directory.path(), AUDIT, || {
        let mut control = Control::open(&client, &server, "10.78.0.2");
        control.ask();
        control.ask();
        let listener = listen(&client, "0.0.0.0:0");
        let other = port_of(&listener);
        // Opened by the server, but not from its port for data.
        send(
            &listener,
            from_port(&server, 2020, at([10, 78, 0, 1], other)),
        );
        // To a port of the client that a rule names for others, and the other way round.
        let listener = listen(&server, "0.0.0.0:5432");
        send(&listener, to(&client, "10.78.0.2:5432"));
        ports = vec![other, 5432];
    });
    let report = report(&finished.stdout);
    for port in ports {
        let flow = flow(&report, port);
        assert_eq!(flow["verdict"], "unexpected", "{flow:#}");
        assert_eq!(flow["related_to"], Value::Null);
    }
}
