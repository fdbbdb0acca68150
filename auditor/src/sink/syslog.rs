//! Events as syslog messages (RFC 5424).

use std::{
    fmt::Write as _,
    io::{self, Write as _},
    net::{TcpStream, ToSocketAddrs as _, UdpSocket},
    os::unix::net::UnixDatagram,
    time::Duration,
};

use super::{Delivery, SinkError};
use crate::{deployment::SyslogTarget as Target, report::schema::Severity};

/// How long a connection may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Sends messages in order.
///
/// # Errors
///
/// Nobody takes them.
pub fn deliver(target: &Target, deliveries: &[Delivery<'_>]) -> Result<(), SinkError> {
    let messages = deliveries.iter().map(message);
    match target {
        Target::Udp(address) => {
            let to = resolved(address)?;
            let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
            let socket = UdpSocket::bind(from)?;
            for message in messages {
                socket.send_to(message.as_bytes(), to)?;
            }
        }
        Target::Tcp(address) => {
            let mut stream = TcpStream::connect_timeout(&resolved(address)?, PATIENCE)?;
            stream.set_write_timeout(Some(PATIENCE))?;
            let mut all = Vec::new();
            for message in messages {
                write!(all, "{} {message}", message.len())?;
            }
            stream.write_all(&all)?;
            stream.flush()?;
        }
        Target::Unix(path) => {
            let socket = UnixDatagram::unbound()?;
            for message in messages {
                socket.send_to(message.as_bytes(), path)?;
            }
        }
    }
    Ok(())
}

fn resolved(address: &str) -> io::Result<std::net::SocketAddr> {
    let mut found = address.to_socket_addrs()?;
    found
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the name has no address"))
}

/// Facility 16, `local0`.
const FACILITY: u8 = 16;

/// One message: header, structured data, and the text.
fn message(delivery: &Delivery<'_>) -> String {
    let event = delivery.event;
    let level = match event.severity {
        Severity::Violation => 3,
        Severity::Warning => 4,
        Severity::Note => 5,
        Severity::Fine => 6,
    };
    let mut out = format!(
        "<{}>1 {:.6} {} auditor {} {} [auditor@32473",
        FACILITY * 8 + level,
        event.at,
        name(delivery.host),
        std::process::id(),
        name(event.change.name()),
    );
    let fields = [
        ("kind", event.kind.name()),
        ("key", &event.key),
        ("before", event.before.as_deref().unwrap_or_default()),
        ("now", event.now.as_deref().unwrap_or_default()),
        ("severity", event.severity.name()),
    ];
    for (field, value) in fields {
        // Writing to a string does not fail.
        let _written = write!(out, " {field}=\"{}\"", parameter(value));
    }
    let text: String = event
        .text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let _written = write!(out, "] {} {}: {text}", event.kind.name(), event.key);
    out
}

/// A field of the header: printable ASCII without spaces, `-` if nothing is left.
fn name(text: &str) -> String {
    let kept: String = text
        .chars()
        .filter(char::is_ascii_graphic)
        .take(255)
        .collect();
    if kept.is_empty() {
        "-".to_owned()
    } else {
        kept
    }
}

/// A value in structured data: quotes, backslashes and closing brackets are escaped (RFC 5424, 6.3.3).
fn parameter(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(if c.is_control() { ' ' } else { c });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::message;
    use crate::{
        alert::{Change, Event, Kind},
        report::schema::Severity,
        sink::Delivery,
    };

    #[test]
    fn messages() {
        let event = Event {
            at: "2026-11-20T12:00:00Z".parse().unwrap(),
            change: Change::Appeared,
            kind: Kind::Rule,
            key: "a\"b]c\\".to_owned(),
            before: None,
            now: Some("missing".to_owned()),
            severity: Severity::Violation,
            text: "two\nlines \u{1b}[31m".to_owned(),
        };
        let delivery = Delivery {
            host: "a host",
            event: &event,
        };
        let said = message(&delivery).replace(&format!(" {} ", std::process::id()), " PID ");
        insta::assert_snapshot!(said, @r#"<131>1 2026-11-20T12:00:00.000000Z ahost auditor PID appeared [auditor@32473 kind="rule" key="a\"b\]c\\" before="" now="missing" severity="violation"] rule a"b]c\: two lines  [31m"#);
    }
}
