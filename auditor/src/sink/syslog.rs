//! Events as syslog messages (RFC 5424).

use std::{
    error::Error,
    fmt::Write as _,
    io::{self, Write as _},
    net::{TcpStream, ToSocketAddrs as _, UdpSocket},
    os::unix::net::UnixDatagram,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use thiserror::Error;

use super::delivery::{Configured, Delivery, Sink, SinkError, fields};
use crate::{alert::Verdict, escape, report::schema::Severity};

/// How long connecting may take, and each write.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    #[serde(default)]
    name: Option<String>,
    address: String,
}

pub(super) fn read(
    section: toml::Table,
    _directory: &Path,
) -> Result<Configured, Box<dyn Error + Send + Sync>> {
    let file: Fields = fields(section)?;
    let target = Target::parse(&file.address)?;
    Ok(Configured::new(file.name, Syslog { target }))
}

/// Sends messages by UDP, TCP, or a Unix socket of this host.
#[derive(Debug)]
struct Syslog {
    target: Target,
}

/// Where a syslog daemon listens.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Target {
    /// RFC 5426: a datagram for each message, without confirmation that it arrived.
    Udp(String),
    /// RFC 6587, octet counting: messages one after the other, each preceded by its length.
    Tcp(String),
    /// A socket of this host, as `/dev/log`.
    Unix(PathBuf),
}

impl Target {
    /// Reads `udp://host:514`, `tcp://host:601` or `unix:///dev/log`.
    fn parse(text: &str) -> Result<Self, NoTarget> {
        let has_port = |rest: &str| {
            rest.rsplit_once(':')
                .is_some_and(|(_, port)| port.parse::<u16>().is_ok())
        };
        match text.split_once("://") {
            Some(("udp", rest)) if has_port(rest) => Ok(Self::Udp(rest.to_owned())),
            Some(("tcp", rest)) if has_port(rest) => Ok(Self::Tcp(rest.to_owned())),
            Some(("unix", path)) if path.starts_with('/') => Ok(Self::Unix(path.into())),
            Some(_) | None => Err(NoTarget {
                text: text.to_owned(),
            }),
        }
    }
}

/// An invalid address of a syslog daemon.
#[derive(Debug, Error)]
#[error(
    "`{text}` is no syslog daemon's address: expected udp://host:514, tcp://host:601 or unix:///dev/log"
)]
struct NoTarget {
    text: String,
}

impl Sink for Syslog {
    fn deliver(&self, deliveries: &[Delivery<'_>]) -> Result<(), SinkError> {
        let messages = deliveries.iter().map(message);
        match &self.target {
            Target::Udp(address) => {
                let to = resolved(address)?;
                let from = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
                let socket = UdpSocket::bind(from)?;
                for message in messages {
                    socket.send_to(message.as_bytes(), to)?;
                }
            }
            Target::Tcp(address) => {
                let mut stream = TcpStream::connect_timeout(&resolved(address)?, TIMEOUT)?;
                stream.set_write_timeout(Some(TIMEOUT))?;
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
pub(super) fn message(delivery: &Delivery<'_>) -> String {
    let event = delivery.event;
    let (kind, key) = (event.subject.kind().name(), event.subject.key());
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
        name(delivery.from.host),
        std::process::id(),
        name(event.change.name()),
    );
    let fields = [
        ("kind", kind),
        ("key", key),
        ("before", event.before.map_or("", Verdict::name)),
        ("now", event.now.map_or("", Verdict::name)),
        ("severity", event.severity.name()),
    ];
    for (field, value) in fields {
        // Writing to a string does not fail.
        let _written = write!(out, " {field}=\"{}\"", parameter(value));
    }
    let text = format!("{kind} {key}: {}", event.text);
    let _written = write!(out, "] {}", escape::line(&text));
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
    for c in escape::line(text).chars() {
        if matches!(c, '"' | '\\' | ']') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::{Target, message};
    use crate::{
        alert::{Change, Event, Subject, Verdict},
        report::schema::{RuleVerdict, Severity},
        sink::{Delivery, Watcher},
    };

    #[test]
    fn messages() {
        let event = Event {
            corrects: None,
            severity_before: None,
            at: "2026-11-20T12:00:00Z".parse().unwrap(),
            change: Change::Appeared,
            subject: Subject::Rule("a\"b]c\\".to_owned()),
            before: None,
            now: Some(Verdict::Rule(RuleVerdict::Missing)),
            severity: Severity::Violation,
            text: "two\nlines \u{1b}[31m".to_owned(),
        };
        let delivery = Delivery {
            from: Watcher {
                host: "a host",
                watch: "/var/lib/auditor",
            },
            event: &event,
        };
        let said = message(&delivery).replace(&format!(" {} ", std::process::id()), " PID ");
        insta::assert_snapshot!(said, @r#"<131>1 2026-11-20T12:00:00.000000Z ahost auditor PID appeared [auditor@32473 kind="rule" key="a\"b\]c\\" before="" now="missing" severity="violation"] rule a"b]c\: two\nlines \u{1b}[31m"#);
    }

    #[test]
    fn targets() {
        assert_eq!(
            Target::parse("udp://[::1]:514").unwrap(),
            Target::Udp("[::1]:514".to_owned())
        );
        assert_eq!(
            Target::parse("unix:///dev/log").unwrap(),
            Target::Unix("/dev/log".into())
        );
        for text in [
            "",
            "udp://host",
            "tcp://host:x",
            "unix://dev/log",
            "http://host:514",
        ] {
            assert!(Target::parse(text).is_err(), "{text}");
        }
    }
}
