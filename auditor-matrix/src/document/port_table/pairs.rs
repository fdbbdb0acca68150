//! Pairs a list of ports with a list of protocols of the same length: `443, 53` beside `TCP, UDP`.

use std::sync::LazyLock;

use regex::Regex;

use crate::{
    document::{
        cell,
        text::{regex, unbracket},
    },
    transport::Transport,
};

/// Each port with its protocol, if both cells are lists with the same separators and as many parts, and the protocols are
/// not all the same. `TCP/UDP` is no list: it says that both are meant.
pub(super) fn paired(ports: &str, protocols: &str) -> Option<Vec<(String, Option<String>)>> {
    [',', ';'].into_iter().find_map(|separator| {
        let parts = |text: &str| -> Vec<String> {
            text.split(separator)
                .map(|part| part.trim().to_owned())
                .collect()
        };
        let (ports, protocols) = (parts(ports), parts(protocols));
        let are_lists = 1 < ports.len()
            && ports.len() == protocols.len()
            && ports
                .iter()
                .all(|part| part.contains(|c: char| c.is_ascii_digit()))
            && protocols.iter().all(|part| {
                cell::transports(part).is_some_and(|named| named.transports.len() == 1)
            });
        are_lists.then(|| {
            ports
                .into_iter()
                .zip(protocols.into_iter().map(Some))
                .collect()
        })
    })
}

/// A list of ports whose last are in brackets: `389 (636)`, `80 (FTP 20)`.
static BRACKETED_PORTS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?P<before>[^()]*\d)\s*\((?:(?P<protocol>[A-Za-z]+) )?(?P<inside>\d{2,5}(?: ?, ?\d{2,5})*)\)$",
    )
});
/// A protocol with another in brackets, or with the letter of its encrypted form: `HTTP (FTP)`, `LDAP(S)`.
static BRACKETED_PROTOCOL: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^[A-Za-z]+ ?\((?P<inside>[A-Za-z]+)\)$"));

/// The ports with those in brackets, where the protocol beside them has another in brackets as well: `389 (636)` beside
/// `LDAP(S)`. By themselves, brackets may say anything of the port before them. That one of them is enough is not said.
pub(super) fn with_bracketed(ports: &str, protocol: &str) -> Option<String> {
    let ports = BRACKETED_PORTS.captures(ports.trim())?;
    let protocol = BRACKETED_PROTOCOL.captures(protocol.trim())?;
    let other = protocol.name("inside")?.as_str();
    let is_same = match ports.name("protocol") {
        Some(named) => named.as_str().eq_ignore_ascii_case(other),
        None => other.eq_ignore_ascii_case("s") || other.to_lowercase().ends_with('s'),
    };
    let inside = ports.name("inside")?.as_str();
    let before = ports.name("before")?.as_str();
    is_same.then(|| format!("{before}, {inside}"))
}

/// A list of ports among which ICMP stands, as two: `22 (SSH), ICMP (echo), 3306`. The numbers of the others are no types of ICMP.
pub(super) fn apart_from_icmp(text: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let is_joint = |c: char| {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | ';')
    };
    let elements: Vec<&str> = text.split(is_joint).map(str::trim).collect();
    let is_icmp = |element: &&str| {
        let (outside, _) = unbracket(element);
        let is_named = cell::transports(&outside)
            .is_some_and(|named| !named.inferred && named.transports == [Transport::Icmp]);
        is_named && !outside.contains(|c: char| c.is_ascii_digit())
    };
    let (icmp, others): (Vec<&str>, Vec<&str>) = elements
        .into_iter()
        .filter(|element| !element.is_empty())
        .partition(is_icmp);
    let have_numbers = others
        .iter()
        .any(|element| element.contains(|c: char| c.is_ascii_digit()));
    if icmp.is_empty() || !have_numbers {
        return vec![text.to_owned()];
    }
    vec![icmp.join(", "), others.join(", ")]
}

#[cfg(test)]
mod tests {
    use super::paired;

    #[test]
    fn lists_of_equal_length() {
        let pair = |port: &str, protocol: &str| (port.to_owned(), Some(protocol.to_owned()));
        assert_eq!(
            paired("443, 53", "TCP, UDP"),
            Some(vec![pair("443", "TCP"), pair("53", "UDP")])
        );
        assert_eq!(
            paired("1; 2", "udp; udp"),
            Some(vec![pair("1", "udp"), pair("2", "udp")])
        );
        assert_eq!(paired("443", "TCP, UDP"), None);
        assert_eq!(paired("80/443", "TCP/UDP"), None);
        assert_eq!(paired("80, 443, 22", "TCP, UDP"), None);
    }

    #[test]
    fn icmp_among_ports() {
        assert_eq!(
            super::apart_from_icmp("22 (SSH, SFTP), ICMP (echo), 3306"),
            ["ICMP (echo)", "22 (SSH, SFTP), 3306"]
        );
        assert_eq!(super::apart_from_icmp("ICMP 8, 0"), ["ICMP 8, 0"]);
        assert_eq!(super::apart_from_icmp("ICMP, ping"), ["ICMP, ping"]);
    }
}
