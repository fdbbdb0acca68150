//! Reads items of lists of ports: `8301 (TCP and UDP): gossip`, `API (default 4646)`, `22`.

use std::sync::LazyLock;

use regex::Regex;

use super::statement::Statement;
use crate::document::{
    cell, ports,
    text::{fold, regex},
};

static PORTS_WITH_SERVICE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?P<ports>(?:(?:tcp|udp|sctp)(?:\s*(?:/|,|and|&)\s*(?:tcp|udp|sctp))*\s+(?:ports?\s+)?)?\d+(?:\s*[-–]\s*\d+)?(?:\s*(?:,|and|or)\s*\d+(?:\s*[-–]\s*\d+)?)*(?:\s*/\s*(?:tcp|udp|sctp)|\s*\((?:tcp|udp|sctp)[^)]*\)|\s+(?:tcp|udp|sctp))*)(?:\s*:\s+|\s+[-–—]+\s+|\s+for\s+|\s+\()(?P<service>.+?)\)?\.?$",
    )
});

/// `HTTP API (default 4646). TCP only.`: the service, then its port in brackets.
static SERVICE_WITH_PORTS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?P<service>[^().:;]{2,60}?)\s*\(\s*(?:(?:by|the|defaults?|ports?|is|to|tcp|udp)[\s:]+)+(?P<ports>\d{2,5}(?:\s*[-\u{2010}-\u{2015},/]\s*\d{2,5})*)\s*(?:/?\s*(?:tcp|udp)\s*)*\)",
    )
});
/// Ports and nothing else: the text above says what they are for.
static PORTS_ONLY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:(?:tcp|udp)\s+)*(?:ports?\s+)?\d{2,5}(?:\s*(?:[-\u{2010}-\u{2015},/]|to|and)\s*\d{2,5})*(?:\s*[/(]?\s*(?:tcp|udp)\s*\)?)*$",
    )
});

/// Reads an item that names the service before its port, such as `HTTP API (default 4646). TCP only.`
pub(super) fn service_with_ports(text: &str) -> Option<Statement> {
    let found = SERVICE_WITH_PORTS.captures(text)?;
    let stated = cell::transports(text).filter(|named| !named.inferred);
    Some(Statement {
        ports: ports::ports(found.name("ports")?.as_str()).groups,
        transports: stated.map(|named| named.transports).unwrap_or_default(),
        service: found.name("service").map(|service| fold(service.as_str())),
        ..Statement::default()
    })
    .filter(|statement| !statement.ports.is_empty())
}

/// Reads an item of ports alone; `label` is the short text above it, which says what they are for.
pub(super) fn ports_only(text: &str, label: Option<&str>) -> Option<Statement> {
    if !PORTS_ONLY.is_match(text) {
        return None;
    }
    let stated = [Some(text), label]
        .into_iter()
        .flatten()
        .filter_map(cell::transports)
        .find(|named| !named.inferred);
    let ports = ports::ports(text).groups;
    (!ports.is_empty()).then(|| Statement {
        ports,
        transports: stated.map(|named| named.transports).unwrap_or_default(),
        service: label.map(str::to_owned),
        ..Statement::default()
    })
}

/// Reads an item that names ports before their service, such as `8301 (TCP and UDP): gossip`. It must name the transport,
/// unless the text above has introduced a list of ports (`is_port_list`).
pub(super) fn ports_with_service(text: &str, is_port_list: bool) -> Option<Statement> {
    let found = PORTS_WITH_SERVICE.captures(text)?;
    let written = found.name("ports")?.as_str();
    let ports = ports::ports(written);
    if ports.groups.is_empty()
        || ports.problem.is_some()
        || ports.transports.is_empty() && !is_port_list
    {
        return None;
    }
    Some(Statement {
        ports: ports.groups,
        transports: cell::transports(written)
            .map(|named| named.transports)
            .unwrap_or_default(),
        service: found.name("service").map(|service| fold(service.as_str())),
        ..Statement::default()
    })
}

/// Whether a sentence introduces a list of ports.
pub(super) fn introduces_ports(sentence: &str) -> bool {
    let is_title = !sentence.ends_with(['.', '!', '?']) && sentence.split(' ').count() <= 6;
    let is_about = sentence
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| matches!(word.to_lowercase().as_str(), "port" | "ports"));
    (is_title || sentence.ends_with(':')) && is_about
}

#[cfg(test)]
mod tests {
    #[test]
    fn items_of_lists() {
        let check = |text: &str, is_port_list, expected: &str| {
            let statement = super::ports_with_service(text, is_port_list).map_or_else(
                || "nothing".to_owned(),
                |statement| {
                    let ranges = statement.ports.iter().flat_map(|group| &group.ranges);
                    let ports: Vec<String> = ranges.map(ToString::to_string).collect();
                    format!(
                        "{} {:?} {}",
                        ports.join(","),
                        statement.transports,
                        statement.service.unwrap_or_default()
                    )
                },
            );
            assert_eq!(statement, expected, "{text}");
        };
        check("80/tcp: web", false, "80 [Tcp] web");
        check("443 (TCP) - secure web.", false, "443 [Tcp] secure web");
        check("UDP 53: DNS", false, "53 [Udp] DNS");
        check(
            "8301 (TCP and UDP): gossip",
            false,
            "8301 [Tcp, Udp] gossip",
        );
        check(
            "TCP port 9300-9400 for transport",
            false,
            "9300-9400 [Tcp] transport",
        );
        check("8500: HTTP API", true, "8500 [] HTTP API");
        check("8500: HTTP API", false, "nothing");
        check("3 - install it", false, "nothing");
        check("10.0.0.1: a host", true, "nothing");
    }
}
