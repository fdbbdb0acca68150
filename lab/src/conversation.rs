//! Services that listen, and requests to them.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::Context as _;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::Namespace;

const REQUEST: &[u8] = b"request of the lab";
const REPLY: &[u8] = b"reply of the lab, a little longer";
/// How long a client and a service wait for one another.
const TIMEOUT: Duration = Duration::from_millis(1500);

/// How a request ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    Answered,
    Refused,
    Unanswered,
}

/// What carries a conversation.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Transport {
    Tcp,
    Udp,
}

impl Transport {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// A service that answers every request, until dropped.
#[derive(Debug)]
pub struct Service {
    stop: Arc<AtomicBool>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// Listens on a port, over IPv4 and IPv6; the socket is open when this returns.
///
/// # Errors
///
/// The port is taken.
pub fn serve(host: &Namespace, transport: Transport, port: u16) -> anyhow::Result<Service> {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let address = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    let what = || {
        format!(
            "cannot listen on {} port {port} in {}",
            transport.name(),
            host.name()
        )
    };
    match transport {
        Transport::Tcp => {
            let socket = host.enter(|| TcpListener::bind(address).with_context(what))?;
            host.spawn(move || {
                while wait(&socket, &stopped) {
                    if let Ok((stream, _)) = socket.accept() {
                        // A client that went away needs no answer.
                        let _gone = answer(stream);
                    }
                }
            })?;
        }
        Transport::Udp => {
            let socket = host.enter(|| UdpSocket::bind(address).with_context(what))?;
            host.spawn(move || {
                let mut buffer = [0; 2048];
                while wait(&socket, &stopped) {
                    if let Ok((_, client)) = socket.recv_from(&mut buffer) {
                        // A client that is gone needs no reply.
                        let _gone = socket.send_to(REPLY, client);
                    }
                }
            })?;
        }
    }
    Ok(Service { stop })
}

/// Waits for a connection or a datagram at the socket; false once the service should stop.
fn wait(socket: &impl std::os::fd::AsFd, stop: &AtomicBool) -> bool {
    while !stop.load(Ordering::Relaxed) {
        let mut waiting = [PollFd::new(socket.as_fd(), PollFlags::POLLIN)];
        if poll(&mut waiting, PollTimeout::from(100_u8)) == Ok(1) {
            return true;
        }
    }
    false
}

fn answer(mut stream: TcpStream) -> std::io::Result<()> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    let mut buffer = [0; 2048];
    if 0 < stream.read(&mut buffer)? {
        stream.write_all(REPLY)?;
    }
    Ok(())
}

/// Sends a request to a service and waits for the end of its reply.
///
/// # Errors
///
/// The socket can't be made. A refusal or no reply is an outcome, no error.
pub fn request(
    client: &Namespace,
    transport: Transport,
    server: SocketAddr,
) -> anyhow::Result<Outcome> {
    client.enter(|| {
        let sent = match transport {
            Transport::Tcp => request_tcp(server),
            Transport::Udp => request_udp(server),
        };
        let Err(error) = sent else {
            return Ok(Outcome::Answered);
        };
        let kind = error.kind();
        if matches!(
            kind,
            ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset
        ) {
            return Ok(Outcome::Refused);
        }
        if matches!(kind, ErrorKind::TimedOut | ErrorKind::WouldBlock) {
            return Ok(Outcome::Unanswered);
        }
        Err(error).with_context(|| format!("cannot reach {server} from {}", client.name()))
    })
}

fn request_tcp(server: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&server, TIMEOUT)?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.write_all(REQUEST)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(())
}

fn request_udp(server: SocketAddr) -> std::io::Result<()> {
    let any: SocketAddr = if server.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = UdpSocket::bind(any)?;
    socket.connect(server)?;
    socket.set_read_timeout(Some(TIMEOUT))?;
    socket.send(REQUEST)?;
    let mut buffer = [0; 2048];
    socket.recv(&mut buffer)?;
    Ok(())
}
