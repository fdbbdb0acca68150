//! Settings of a configuration that say where something listens: `http.port: 9200`, `listen 443 ssl;`, `bind = 0.0.0.0:53`.
//!
//! A setting is of the program whose configuration it is. One whose name, or whose neighbour, is of somebody else's address
//! says where to connect, and is left to the reader.

use std::sync::LazyLock;

use regex::Regex;

use super::statement::Statement;
use crate::{
    document::{
        row::PortGroup,
        text::{is_host, regex},
    },
    port::PortRange,
    transport::Transport,
};

/// A setting of a port on which something listens.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) n_lines_before: usize,
    pub(super) text: String,
    pub(super) statements: Vec<Statement>,
    /// It says by itself that others may ask: `EXPOSE 8080`.
    pub(super) exposes: bool,
}

static SETTING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^(?:-\s+|\$|export\s+)?["']?(?P<key>[A-Za-z_][\w.\-/\[\]]*)["']?(?:\s*(?:=>|:|=|\()\s*|\s+)(?P<value>[^=:].*?|:.*?)[,;)]*$"#,
    )
});
static EXPOSE: LazyLock<Regex> = LazyLock::new(|| regex(r"^EXPOSE\s+(?P<value>\d.*)$"));

static PUBLISH: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"(?:^|\s)(?:-p|--publish)[ =]["']?(?P<mapping>[0-9a-z.\[\]:/-]+)"#));

/// Whether a command starts a container.
fn is_container(text: &str) -> bool {
    let mut words = text.trim_start_matches(['$', '#', ' ']).split(' ');
    let first = words.find(|word| *word != "sudo");
    let is_tool = matches!(first, Some("docker" | "podman" | "nerdctl"));
    is_tool && words.any(|word| matches!(word, "run" | "create")) || text.starts_with("-p ")
}

/// Reads which port of the machine is published: `8080:80`, `127.0.0.1:9000:9000`, `5514:514/udp`.
fn mapping(text: &str) -> Option<Value> {
    let (ports, transport) = match text.split_once('/') {
        Some((ports, name)) => (ports, Some(name)),
        None => (text, None),
    };
    let (outside, _inside) = ports.rsplit_once(':')?;
    let outside = match transport {
        Some(transport) => format!("{outside}/{transport}"),
        None => outside.to_owned(),
    };
    value(&outside)
}

/// A configuration of more lines is a program.
const MOST_LINES: usize = 400;

/// The settings of a block of code.
pub(super) fn settings(code: &str) -> Vec<Setting> {
    let lines: Vec<&str> = code.lines().collect();
    if MOST_LINES < lines.len() {
        return Vec::new();
    }
    let mut found: Vec<Setting> = Vec::new();
    // How far a list of published ports is indented.
    let mut published: Option<usize> = None;
    // The first port of a range whose last port is the next line's.
    let mut least: Option<(String, u16, usize)> = None;
    for (n_lines_before, line) in lines.iter().enumerate() {
        let text = without_remark(line);
        let add = |n_lines_before: usize, value: Value, key: &str, exposes: bool| Setting {
            n_lines_before,
            text: text.to_owned(),
            statements: statements(&value, key),
            exposes,
        };
        if let Some(value) = EXPOSE
            .captures(text)
            .and_then(|found| value(found.name("value")?.as_str()))
        {
            found.push(add(n_lines_before, value, "", true));
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        if published.is_some_and(|of| indent < of || !text.starts_with('-') && !text.is_empty()) {
            published = None;
        }
        if text == "ports:" {
            published = Some(indent);
            continue;
        }
        let mappings: Vec<&str> = if published.is_some() {
            vec![
                text.trim_start_matches(['-', ' '])
                    .trim_matches(['"', '\'']),
            ]
        } else {
            PUBLISH
                .captures_iter(text)
                .filter(|_| is_container(text))
                .filter_map(|found| found.name("mapping"))
                .map(|mapping| mapping.as_str())
                .collect()
        };
        let mapped: Vec<Value> = mappings.into_iter().filter_map(mapping).collect();
        if !mapped.is_empty() {
            found.extend(
                mapped
                    .into_iter()
                    .map(|value| add(n_lines_before, value, "", true)),
            );
            continue;
        }
        let Some((key, value_text)) = SETTING
            .captures(text)
            .and_then(|found| Some((found.name("key")?.as_str(), found.name("value")?.as_str())))
        else {
            continue;
        };
        if let Some((end, stem)) = end_of_range(key)
            && let Ok(port) = value_text.trim_matches(['"', '\'']).parse::<u16>()
        {
            match (end, least.take()) {
                (RangeEnd::Least, _) => least = Some((stem, port, n_lines_before)),
                (RangeEnd::Most, Some((known, first, at))) if known == stem && first <= port => {
                    if let Ok(range) = PortRange::new(first, port) {
                        let value = Value {
                            ports: vec![(range, None)],
                            is_loopback: false,
                        };
                        // Both lines say it.
                        found.push(add(at, value.clone(), key, false));
                        found.push(add(n_lines_before, value, key, false));
                    }
                }
                (RangeEnd::Most, _) => {}
            }
            continue;
        }
        if !listens(key) || is_of_other(key) || is_beside_address(&lines, n_lines_before) {
            continue;
        }
        if let Some(value) = value(value_text) {
            found.push(add(n_lines_before, value, key, false));
        }
    }
    found
}

/// Whether a word above code says that it is an example, or that it is for those who change or ask something.
pub(super) fn is_of_example(lower: &str) -> bool {
    [
        "chang", "custom", "modif", "overrid", "overwrit", "alter", "connect", "replac", "differ",
    ]
    .iter()
    .any(|stem| lower.starts_with(stem))
        || matches!(
            lower,
            "example"
                | "e.g"
                | "instead"
                | "another"
                | "sample"
                | "output"
                | "client"
                | "test"
                | "check"
        )
}

#[derive(Clone, Debug)]
struct Value {
    /// Each with the transport that stands beside it.
    ports: Vec<(PortRange, Option<Transport>)>,
    is_loopback: bool,
}

/// A statement for each transport.
fn statements(value: &Value, key: &str) -> Vec<Statement> {
    let lower = key.to_lowercase();
    let named: Vec<Transport> = [("udp", Transport::Udp), ("tcp", Transport::Tcp)]
        .into_iter()
        .filter(|(name, _)| lower.contains(name))
        .map(|(_, transport)| transport)
        .collect();
    let mut all: Vec<Statement> = Vec::new();
    for (range, transport) in &value.ports {
        let transports = transport.map_or_else(|| named.clone(), |one| vec![one]);
        let same = all.iter_mut().find(|known| known.transports == transports);
        match same.and_then(|known| known.ports.first_mut()) {
            Some(group) => group.ranges.push(*range),
            None => all.push(Statement {
                ports: vec![PortGroup {
                    ranges: vec![*range],
                    alternatives: false,
                }],
                transports,
                service: (!key.is_empty()).then(|| key.to_owned()),
                loopback: value.is_loopback,
                is_asked: true,
                ..Statement::default()
            }),
        }
    }
    all
}

/// A line without what a configuration remarks.
fn without_remark(line: &str) -> &str {
    let line = line.trim();
    if line.starts_with(['#', ';']) || line.starts_with("//") {
        return "";
    }
    [" #", " //", " ;"]
        .iter()
        .filter_map(|mark| line.find(mark))
        .min()
        .and_then(|end| line.get(..end))
        .unwrap_or(line)
        .trim()
}

/// The parts of a setting's name, in lower case: `http.listenPort` has `http`, `listen` and `port`.
fn parts(key: &str) -> Vec<String> {
    let mut spaced = String::with_capacity(key.len() + 4);
    let mut before = ' ';
    for character in key.chars() {
        if character.is_uppercase() && before.is_lowercase() {
            spaced.push(' ');
        }
        spaced.push(if character.is_alphanumeric() {
            character
        } else {
            ' '
        });
        before = character;
    }
    spaced
        .to_lowercase()
        .split(' ')
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether a name is that of a port, or of where something listens.
fn listens(key: &str) -> bool {
    let parts = parts(key);
    let is = |part: &String, names: &[&str]| names.contains(&part.as_str());
    parts
        .last()
        .is_some_and(|last| is(last, &["port", "ports"]) || last.ends_with("port"))
        || parts
            .iter()
            .any(|part| part.starts_with("listen") || is(part, &["bind", "binding"]))
}

/// Whether a name is that of somebody else's port, or of no port.
fn is_of_other(key: &str) -> bool {
    parts(key).iter().any(|part| {
        matches!(
            part.as_str(),
            "remote"
                | "upstream"
                | "target"
                | "dest"
                | "destination"
                | "peer"
                | "db"
                | "database"
                | "proxy"
                | "smtp"
                | "ldap"
                | "mysql"
                | "postgres"
                | "postgresql"
                | "redis"
                | "mongo"
                | "client"
                | "source"
                | "export"
                | "import"
                | "support"
                | "report"
                | "transport"
                | "backend"
                | "forward"
                | "max"
                | "min"
                | "timeout"
                | "backlog"
                | "size"
                | "retries"
                | "number"
        )
    })
}

/// Whether the lines beside a setting give the address of another machine, to which the port belongs.
fn is_beside_address(lines: &[&str], at: usize) -> bool {
    // `- host:` is as far in as the line below it.
    let indent = |line: &str| line.len() - line.trim_start_matches([' ', '\t', '-']).len();
    let own = lines.get(at).map_or(0, |line| indent(line));
    let beside = [
        at.checked_sub(1),
        at.checked_sub(2),
        Some(at + 1),
        Some(at + 2),
    ];
    beside
        .into_iter()
        .flatten()
        .filter_map(|at| lines.get(at))
        .filter(|line| indent(line) == own)
        .any(|line| {
            SETTING.captures(without_remark(line)).is_some_and(|found| {
                let key = found.name("key").map_or("", |key| key.as_str());
                let value = found
                    .name("value")
                    .map_or("", |value| value.as_str())
                    .trim_matches(['"', '\'', ' ']);
                parts(key).last().is_some_and(|last| {
                    matches!(
                        last.as_str(),
                        "host" | "hostname" | "hosts" | "url" | "uri" | "server"
                    )
                }) && !is_own_address(value)
            })
        })
}

/// Whether an address is one of the machine itself.
fn is_own_address(address: &str) -> bool {
    matches!(
        address,
        "" | "*" | "0.0.0.0" | "::" | "[::]" | "localhost" | "127.0.0.1" | "::1" | "[::1]"
    )
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum RangeEnd {
    Least,
    Most,
}

/// Which end of a range of ports a name gives, and the name without that.
fn end_of_range(key: &str) -> Option<(RangeEnd, String)> {
    let parts = parts(key);
    let names_port = parts
        .iter()
        .any(|part| part.starts_with("port") || part.ends_with("port"));
    let end = parts.iter().find_map(|part| match part.as_str() {
        "min" | "minimum" | "start" | "first" | "low" | "lower" | "begin" => Some(RangeEnd::Least),
        "max" | "maximum" | "end" | "last" | "high" | "upper" => Some(RangeEnd::Most),
        _ => None,
    })?;
    let stem: Vec<String> = parts
        .into_iter()
        .filter(|part| {
            !matches!(
                part.as_str(),
                "min"
                    | "minimum"
                    | "start"
                    | "first"
                    | "low"
                    | "lower"
                    | "begin"
                    | "max"
                    | "maximum"
                    | "end"
                    | "last"
                    | "high"
                    | "upper"
            )
        })
        .collect();
    names_port.then(|| (end, stem.join(" ")))
}

/// Reads `8080`, `0.0.0.0:8080`, `[80, 443]`, `443 ssl`; `None` if it is anything else.
fn value(text: &str) -> Option<Value> {
    let text = text.trim().trim_matches(['"', '\'']);
    let list = text
        .trim_start_matches(['[', '('])
        .trim_end_matches([']', ')', ';']);
    let mut value = Value {
        ports: Vec::new(),
        is_loopback: false,
    };
    let mut n_local = 0_usize;
    let address = text
        .rsplit_once(':')
        .filter(|(_, port)| starts_with_digit(port));
    let parts: Vec<&str> = match address {
        Some(_) => text.split([',', ' ']).collect(),
        None => list.split([',', ' ']).collect(),
    };
    for part in parts {
        let part = part.trim().trim_matches(['"', '\'']);
        if part.is_empty()
            || matches!(
                part,
                "ssl" | "http2" | "default_server" | "reuseport" | "quic"
            )
        {
            continue;
        }
        let (address, port) = match part.rsplit_once(':') {
            Some((address, port)) => (address, port),
            None => ("", part),
        };
        let address = address.rsplit("//").next().unwrap_or(address);
        if !is_own_address(address) || is_host(part) {
            return None;
        }
        n_local += usize::from(matches!(
            address,
            "localhost" | "127.0.0.1" | "::1" | "[::1]"
        ));
        let (port, transport) = match port.split_once('/') {
            Some((port, name)) => (port, Some(name)),
            None => (port, None),
        };
        match transport.map(str::to_lowercase).as_deref() {
            Some("tcp") => value.ports.push((range(port)?, Some(Transport::Tcp))),
            Some("udp") => value.ports.push((range(port)?, Some(Transport::Udp))),
            Some(_) => return None,
            None => value.ports.push((range(port)?, None)),
        }
    }
    value.is_loopback = n_local == value.ports.len();
    (!value.ports.is_empty()).then_some(value)
}

fn starts_with_digit(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit())
}

/// The least number that is more likely a port than a count.
const LEAST_PORT: u16 = 20;

fn range(text: &str) -> Option<PortRange> {
    let port = |text: &str| text.parse::<u16>().ok().filter(|port| LEAST_PORT <= *port);
    match text.split_once('-') {
        Some((first, last)) => PortRange::new(port(first)?, port(last)?).ok(),
        None => Some(PortRange::single(port(text)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::settings;

    #[track_caller]
    fn check(code: &str, expected: &[&str]) {
        let found: Vec<String> = settings(code)
            .iter()
            .map(|setting| {
                let ranges: Vec<String> = setting
                    .statements
                    .iter()
                    .flat_map(|statement| &statement.ports)
                    .flat_map(|group| &group.ranges)
                    .map(ToString::to_string)
                    .collect();
                let own = if setting.statements.iter().all(|one| one.loopback) {
                    " own"
                } else {
                    ""
                };
                format!("{} {}{own}", setting.n_lines_before, ranges.join(","))
            })
            .collect();
        assert_eq!(found, expected, "{code}");
    }

    #[test]
    fn where_programs_listen() {
        check(
            "# http.port: 9999\nhttp.port: 9200\nlistener.tcp = 0.0.0.0:1883\nadmin-bind = 127.0.0.1:8001",
            &["1 9200", "2 1883", "3 8001 own"],
        );
        check(
            "server {\n  listen 80;\n  listen 443 ssl;\n}\n\"port\": 8443,\nEXPOSE 8080 9990/udp",
            &["1 80", "2 443", "4 8443", "5 8080,9990"],
        );
        check(
            "dist.port_range.minimum = 6000\ndist.port_range.maximum = 7999\nports=(9090 9300 443)",
            &["0 6000-7999", "1 6000-7999", "2 9090,9300,443"],
        );
        check("syslog {\n  port => 514\n}", &["1 514"]);
        check(
            "$ docker run -p 8080:80 -p 127.0.0.1:9000:9000 -p 5514:514/udp x\nports:\n  - \"8443:443\"\n  - 53:53/udp",
            &["0 8080", "0 9000 own", "0 5514", "2 8443", "3 53"],
        );
    }

    #[test]
    fn where_programs_connect() {
        check("database:\n  host: db.example.com\n  port: 5432", &[]);
        check("redis_port = 6379\nremote.port=7000\nport: web", &[]);
        check("bind = db.example.com:5432\nport_timeout: 3000", &[]);
    }
}
