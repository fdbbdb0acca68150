//! Cells to values: ports, transports, directions, conditions.

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::{
    row::{Direction, PortGroup},
    text::{fold, regex, sentences, unbracket},
};
use crate::{port::PortRange, transport::Transport};

/// What a cell in a column of ports says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Ports {
    pub(super) groups: Vec<PortGroup>,
    /// Transports written beside the ports: `443/tcp`.
    pub(super) transports: Vec<Transport>,
    /// `Ephemeral`, `Dynamic`.
    pub(super) ephemeral: bool,
    /// Application protocols written beside the ports: `443 (HTTPS)`.
    pub(super) protocols: Vec<String>,
    /// One sentence for each part that is no port.
    pub(super) problems: Vec<String>,
    /// Words that mean nothing here.
    pub(super) unknown: Vec<String>,
}

enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
    Dash,
    Separator,
    Open,
    Close,
}

/// Cuts a cell into numbers, words and marks.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let run =
            |matches: fn(char) -> bool| rest.find(|c: char| !matches(c)).unwrap_or(rest.len());
        let length = if first.is_ascii_digit() {
            let (number, _) = rest.split_at(run(|c| c.is_ascii_digit()));
            tokens.push(Token::Number(number));
            number.len()
        } else if first.is_alphabetic() {
            let (word, _) = rest.split_at(run(|c| c.is_alphanumeric() || c == '_' || c == '.'));
            tokens.push(Token::Word(word));
            word.len()
        } else {
            match first {
                '-' | '\u{2010}'..='\u{2015}' => tokens.push(Token::Dash),
                '(' => tokens.push(Token::Open),
                ')' => tokens.push(Token::Close),
                ',' | ';' | '/' | '&' | '+' | '|' => tokens.push(Token::Separator),
                _ => {}
            }
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default().trim_start();
    }
    tokens
}

/// Reads a cell such as `80/443`, `9200, 9300-9400`, `80/(443 or 4443)`, `25 or 587`, `443/tcp`, `ICMP`, `Ephemeral`.
pub(super) fn ports(text: &str) -> Ports {
    let mut ports = Ports::default();
    // Groups still apart: `a or b` binds its two neighbours only.
    let mut groups: Vec<PortGroup> = Vec::new();
    let (mut is_or, mut depth) = (false, 0_usize);
    let mut tokens = tokens(text).into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            Token::Number(first) => {
                let is_range = tokens.next_if(|next| is_dash(next)).is_some();
                let last = match tokens.peek() {
                    Some(Token::Number(last)) if is_range => {
                        let last = *last;
                        tokens.next();
                        last
                    }
                    Some(_) | None if is_range => {
                        ports.problems.push(format!(
                            "the range that starts at {first} has no end: write {first}-65535"
                        ));
                        continue;
                    }
                    Some(_) | None => first,
                };
                match PortRange::parse(&format!("{first}-{last}")) {
                    Ok(range) => match groups.last_mut() {
                        Some(group) if is_or => {
                            group.ranges.push(range);
                            group.alternatives = true;
                        }
                        Some(_) | None => groups.push(PortGroup {
                            ranges: vec![range],
                            alternatives: false,
                        }),
                    },
                    Err(problem) => ports.problems.push(problem.to_string()),
                }
                is_or = false;
            }
            Token::Word(word) => match word.to_lowercase().as_str() {
                "or" => is_or = true,
                "and" | "port" | "ports" | "number" | "range" => is_or = false,
                "tcp" => ports.transports.push(Transport::Tcp),
                "udp" => ports.transports.push(Transport::Udp),
                "sctp" => ports.transports.push(Transport::Sctp),
                "icmp" | "icmpv6" | "ping" => ports.transports.push(Transport::Icmp),
                "ephemeral" | "dynamic" | "random" => ports.ephemeral = true,
                "any" | "all" => groups.push(PortGroup {
                    ranges: vec![PortRange::ALL],
                    alternatives: false,
                }),
                "none" | "n" | "a" | "na" => {}
                _ if 0 < depth || application(word).is_some() => {
                    ports.protocols.push(word.to_owned());
                }
                _ => ports.unknown.push(word.to_owned()),
            },
            Token::Open => depth += 1,
            Token::Close => depth = depth.saturating_sub(1),
            Token::Separator | Token::Dash => {
                if matches!(token, Token::Separator) {
                    is_or = false;
                }
            }
        }
    }
    for group in groups {
        match ports
            .groups
            .iter_mut()
            .find(|together| !together.alternatives)
        {
            Some(together) if !group.alternatives => together.ranges.extend(group.ranges),
            Some(_) | None => ports.groups.push(group),
        }
    }
    ports
}

fn is_dash(token: &Token<'_>) -> bool {
    match token {
        Token::Dash => true,
        Token::Word(word) => matches!(word.to_lowercase().as_str(), "to" | "through" | "thru"),
        Token::Number(_) | Token::Separator | Token::Open | Token::Close => false,
    }
}

/// Cuts a cell that names ports of several transports, such as `TCP 80, 443, UDP 53` or `80/tcp, 53/udp`, into parts
/// that name those of one.
pub(super) fn segments(text: &str) -> Vec<&str> {
    let marks: Vec<Range<usize>> = TRANSPORT
        .find_iter(text)
        .map(|found| found.range())
        .collect();
    let has_number = |part: Range<usize>| {
        text.get(part)
            .is_some_and(|part| part.contains(|c: char| c.is_ascii_digit()))
    };
    let Some(first) = marks.first() else {
        return vec![text];
    };
    let leads = !has_number(0..first.start);
    let mut cuts = Vec::new();
    for (this, next) in marks.iter().zip(marks.iter().skip(1)) {
        let is_last = marks.last() == Some(next);
        if has_number(this.end..next.start)
            && (!leads || !is_last || has_number(next.end..text.len()))
        {
            cuts.push(if leads { next.start } else { this.end });
        }
    }
    let mut parts = Vec::new();
    let mut start = 0;
    for cut in cuts {
        parts.extend(text.get(start..cut));
        start = cut;
    }
    parts.extend(text.get(start..));
    parts
}

static TRANSPORT: LazyLock<Regex> = LazyLock::new(|| regex(r"(?i)\b(?:tcp|udp|sctp)\b"));

/// Protocols above IP that have no ports, so a number beside them is none.
pub(super) fn is_portless(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    [
        "esp", "ah", "gre", "ipip", "ipencap", "igmp", "vrrp", "ospf", "pim", "eigrp",
    ]
    .iter()
    .any(|name| words.contains(name))
        || lower.contains("ip protocol")
        || lower.contains("ip-in-ip")
}

/// What a text says about the transport.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Named {
    pub(super) transports: Vec<Transport>,
    /// The text names application protocols, from which the transports follow.
    pub(super) inferred: bool,
}

/// Reads a cell of protocols. `None` if it names none that is known.
pub(super) fn transports(text: &str) -> Option<Named> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    // "All traffic": what has ports is all that a matrix can say of it.
    if words
        .first()
        .is_some_and(|word| matches!(word.as_str(), "all" | "any"))
    {
        return Some(Named {
            transports: vec![Transport::Tcp, Transport::Udp],
            inferred: true,
        });
    }
    let stated: Vec<Transport> = words.iter().filter_map(|word| stated(word)).collect();
    let (mut transports, inferred) = if stated.is_empty() {
        (
            words
                .iter()
                .filter_map(|word| application(word))
                .flatten()
                .copied()
                .collect(),
            true,
        )
    } else {
        (stated, false)
    };
    transports.sort_unstable();
    transports.dedup();
    (!transports.is_empty()).then_some(Named {
        transports,
        inferred,
    })
}

fn stated(word: &str) -> Option<Transport> {
    Some(match word {
        "tcp" | "tcp4" | "tcp6" => Transport::Tcp,
        "udp" | "udp4" | "udp6" => Transport::Udp,
        "sctp" => Transport::Sctp,
        "icmp" | "icmpv4" | "icmpv6" | "ping" => Transport::Icmp,
        _ => return None,
    })
}

/// Over what an application protocol runs.
pub(super) fn application(word: &str) -> Option<&'static [Transport]> {
    Some(match word.to_lowercase().as_str() {
        "http" | "https" | "http2" | "grpc" | "rpc" | "ssh" | "scp" | "sftp" | "ftp" | "ftps"
        | "smtp" | "smtps" | "imap" | "pop3" | "ldap" | "ldaps" | "odbc" | "jdbc" | "rdp"
        | "vnc" | "telnet" | "tls" | "ssl" | "amqp" | "amqps" | "mqtt" | "nfs" | "smb" | "cifs"
        | "iscsi" | "jmx" | "rest" | "websocket" | "websockets" | "postgres" | "postgresql"
        | "mysql" | "redis" | "memcached" | "winrm" | "git" | "thrift" => &[Transport::Tcp],
        "snmp" | "ntp" | "syslog" | "dhcp" | "tftp" | "statsd" | "vxlan" | "geneve" | "sip"
        | "radius" | "ipmi" => &[Transport::Udp],
        "dns" => &[Transport::Tcp, Transport::Udp],
        _ => return None,
    })
}

/// Reads a direction. `None` if the text gives none.
pub(super) fn direction(text: &str) -> Option<Direction> {
    let text = text.to_lowercase().replace(['-', ' '], "");
    let inward = ["inbound", "ingress", "incoming"]
        .iter()
        .any(|word| text.contains(word));
    let outward = ["outbound", "egress", "outgoing"]
        .iter()
        .any(|word| text.contains(word));
    let both = ["bidirectional", "both", "twoway", "\u{2194}", "<>"]
        .iter()
        .any(|word| text.contains(word));
    match (inward, outward) {
        _ if both => Some(Direction::Both),
        (true, true) => Some(Direction::Both),
        (true, false) => Some(Direction::Inbound),
        (false, true) => Some(Direction::Outbound),
        (false, false) => match text.as_str() {
            "in" => Some(Direction::Inbound),
            "out" => Some(Direction::Outbound),
            "in/out" | "inout" => Some(Direction::Both),
            _ => None,
        },
    }
}

/// Reads whether something is required. `None` if the text does not say.
pub(super) fn required(text: &str) -> Option<bool> {
    let (outside, _) = unbracket(text);
    match fold(&outside).to_lowercase().trim_end_matches('.') {
        "yes" | "y" | "required" | "true" | "mandatory" | "always" | "x" | "\u{2713}"
        | "\u{2714}" | "\u{2705}" => Some(true),
        "no" | "n" | "optional" | "false" | "not required" | "\u{2717}" | "\u{2718}"
        | "\u{274c}" => Some(false),
        _ => None,
    }
}

/// Notes cut into the sentence under which the row applies, and the rest.
pub(super) fn condition(notes: &str) -> (Option<String>, Option<String>) {
    let (mut conditions, mut rest) = (Vec::new(), Vec::new());
    for sentence in sentences(notes) {
        if is_condition(sentence) {
            conditions.push(sentence);
        } else {
            rest.push(sentence);
        }
    }
    let join = |parts: Vec<&str>| (!parts.is_empty()).then(|| parts.join(" "));
    (join(conditions), join(rest))
}

fn is_condition(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    [
        "required if ",
        "required when ",
        "required only ",
        "only if ",
        "only when ",
        "only for ",
        "only required ",
        "needed if ",
        "if ",
    ]
    .iter()
    .any(|start| lower.starts_with(start))
}

/// The words in brackets under which the row applies: "(may change with the configuration)".
pub(super) fn bracketed_condition(text: &str) -> Option<String> {
    let (_, brackets) = unbracket(text);
    brackets.into_iter().find(|part| {
        let lower = part.to_lowercase();
        ["may change", "if ", "only ", "when ", "required if"]
            .iter()
            .any(|start| lower.starts_with(start))
    })
}

/// A cell without its edition markers, such as `[enterprise type="inline" /]`, and the editions.
pub(super) fn editions(text: &str) -> (String, Option<String>) {
    let (mut kept, mut edition) = (String::new(), None);
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, tail) = rest.split_at(open);
        kept.push_str(before);
        let inside = tail.find(']').and_then(|close| tail.get(1..close));
        let word = inside
            .unwrap_or_default()
            .trim()
            .split([' ', '='])
            .next()
            .unwrap_or_default();
        match inside {
            Some(inside) if word.eq_ignore_ascii_case("enterprise") => {
                edition = Some(word.to_lowercase());
                rest = tail.get(inside.len() + 2..).unwrap_or_default();
            }
            Some(_) | None => {
                kept.push('[');
                rest = tail.get(1..).unwrap_or_default();
            }
        }
    }
    kept.push_str(rest);
    (fold(&kept), edition)
}

#[cfg(test)]
mod tests;
