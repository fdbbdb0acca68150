//! Texts that ask for access to hosts, which they list by their URLs: `The following URLs must be reachable`, `Allowlist`.

use std::sync::LazyLock;

use regex::Regex;

use super::text::regex;

static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:allow(?:ed|s|ing)?|(?:allow|white)-? ?list(?:s|ed|ing)?|permit(?:s|ted)?|unblock(?:s|ed|ing)?|firewalls?|outbound|outgoing|egress|reachable|accessible|connectivity|access to|connects? to|able to (?:reach|access|connect)|(?:must|can|should|needs? to) (?:reach|access|contact))\b",
    )
});

/// `The console is reachable at`, `can be accessed under`: that is where its own machine is asked.
static TELLS_WHERE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:accessible|reachable|reached|available|accessed) (?:at|under|via|through|by|on)\b|\bsee\b|\binbound\b|\bincoming\b|\bfrom (?:these|the following)\b",
    )
});

/// Whether a text asks for access to the hosts that follow it.
pub(super) fn asks_for_access(text: &str) -> bool {
    ASKS.is_match(text) && !TELLS_WHERE.is_match(text)
}

/// A URL of a host that is asked: its host, and the port that it names or its scheme has (RFC 9110, section 4.2).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct AskedUrl<'a> {
    pub(super) host: &'a str,
    pub(super) port: u16,
}

impl<'a> AskedUrl<'a> {
    /// Reads a text that is a URL and nothing else.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let usual = usual_port(scheme)?;
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse().ok().filter(|port| 0 < *port)?),
            None => (authority, usual),
        };
        let is_label = |label: &str| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*'))
        };
        let is_host = host.contains('.') && host.split('.').all(is_label);
        is_host.then_some(Self { host, port })
    }
}

/// The port of a scheme of HTTP.
pub(super) fn usual_port(scheme: &str) -> Option<u16> {
    match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" => Some(80),
        "https" | "wss" => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{AskedUrl, asks_for_access};

    #[test]
    fn what_asks_for_access() {
        for text in [
            "The following URLs must be reachable from the Gate:",
            "Allow outbound access to:",
            "Whitelist",
            "Hosts to allow-list",
            "The agent needs access to these:",
            "Firewall exceptions",
            "The server must be able to reach:",
        ] {
            assert!(asks_for_access(text), "{text}");
        }
        for text in [
            "See also",
            "The console is accessible at:",
            "Allow inbound traffic from the following:",
            "Further reading",
            "Documentation of the following releases:",
        ] {
            assert!(!asks_for_access(text), "{text}");
        }
    }

    #[test]
    fn urls_and_their_ports() {
        for (text, host, port) in [
            ("https://a.example.com", "a.example.com", 443),
            ("http://a.example.com/crl", "a.example.com", 80),
            ("https://a.example.com:8443/", "a.example.com", 8443),
            ("wss://*.example.com", "*.example.com", 443),
        ] {
            assert_eq!(AskedUrl::of(text), Some(AskedUrl { host, port }), "{text}");
        }
        for text in [
            "a.example.com",
            "ftp://a.example.com",
            "https://localhost",
            "https://<host>",
            "https://a.example.com:0",
            "https://a.example.com and more",
        ] {
            assert_eq!(AskedUrl::of(text), None, "{text}");
        }
    }
}
