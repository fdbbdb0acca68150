//! Full names and addresses of hosts, which are told from other words with dots by what they end in.

use std::net::IpAddr;

/// Whether a text is the full name of a host, its address, or several of them.
pub fn are_hosts(text: &str) -> bool {
    let mut parts = text
        .split(',')
        .flat_map(|part| part.split(" and "))
        .map(str::trim)
        .peekable();
    parts.peek().is_some_and(|first| !first.is_empty())
        && parts.all(|part| is_full_name(part) || is_address(part))
}

/// The hosts behind a word for what their names are: `IP: 192.0.2.1`.
pub fn labelled_host(text: &str) -> Option<&str> {
    let (label, hosts) = text.split_once(": ")?;
    let is_label = matches!(
        label.to_lowercase().as_str(),
        "ip" | "ips" | "ip address" | "ip addresses" | "host" | "hostname" | "fqdn" | "domain"
    );
    (is_label && are_hosts(hosts)).then_some(hosts)
}

fn is_address(text: &str) -> bool {
    let address = text.split_once('/').map_or(text, |(address, _)| address);
    address
        .parse::<IpAddr>()
        .is_ok_and(|address| !address.is_loopback() && !address.is_unspecified())
}

/// What full names of hosts end in, but for countries: names of settings have dots as well.
const DOMAINS: [&str; 21] = [
    "com", "net", "org", "io", "cloud", "dev", "app", "gov", "edu", "mil", "int", "info", "biz",
    "tech", "local", "internal", "lan", "corp", "example", "test", "arpa",
];

/// `store.example.com`, `*.example.com`; neither `node.js` nor `com.example.Store`.
fn is_full_name(text: &str) -> bool {
    let labels: Vec<&str> = text.split('.').collect();
    let is_label = |label: &&str| {
        !label.is_empty()
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'*'))
    };
    let is_package = matches!(labels.first(), Some(&("com" | "org" | "net" | "io")));
    let top = labels.last().copied().unwrap_or_default();
    let is_country = top.len() == 2
        && top.bytes().all(|byte| byte.is_ascii_lowercase())
        && !matches!(top, "js" | "gz" | "py" | "sh" | "md" | "so");
    let has_domain = DOMAINS.contains(&top) || 2 < labels.len() && is_country;
    labels.len() > 1 && labels.iter().all(is_label) && has_domain && !is_package
}

#[cfg(test)]
mod tests {
    use super::are_hosts;

    #[test]
    fn names_with_dots() {
        for text in [
            "store.example.com",
            "*.example.com",
            "192.0.2.0/24",
            "2001:db8::1",
            "a.example.com, b.example.com and c.example.com",
            "store.example.co.uk",
        ] {
            assert!(are_hosts(text), "{text}");
        }
        for text in [
            "store.http.port",
            "com.example.Store",
            "node.js",
            "0.0.0.0",
            "1.2",
            "Store",
            "see example.com",
            "",
        ] {
            assert!(!are_hosts(text), "{text}");
        }
    }
}
