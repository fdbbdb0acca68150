//! URLs in the text of an end: whose hosts they are.

use crate::role::Role;

/// The hosts of the URLs of a text, each once; `None` if it has none outside of brackets, where a URL only says more of the name
/// before it: `Store (https://store.example.com)`.
pub(super) fn hosts_of_urls(text: &str) -> Option<Vec<Role>> {
    let mut urls = text.split("://");
    let scheme = urls.next()?;
    let is_bracketed = scheme.matches('(').count() > scheme.matches(')').count();
    let names_machine = scheme
        .split('(')
        .next()
        .is_some_and(|name| name.contains(char::is_alphabetic));
    if is_bracketed && names_machine {
        return None;
    }
    let is_only = text.matches("://").count() == 1;
    let mut hosts: Vec<Role> = Vec::new();
    for url in urls {
        // Of a host's name that a line break went through, the rest has a dot as well: it is not known where it goes on.
        let next = url.split_whitespace().nth(1);
        let is_torn = is_only && next.is_some_and(|word| word.contains('.'));
        let end = |c: char| {
            c.is_whitespace() && !is_torn
                || matches!(
                    c,
                    '/' | ',' | ':' | '?' | '#' | ';' | '(' | ')' | '[' | ']' | '"' | '\'' | '`'
                )
        };
        let host = match url.strip_prefix('[').and_then(|url| url.split_once(']')) {
            Some((address, _)) => address,
            None => url.split(end).next().unwrap_or_default(),
        };
        // `<https://store.example.com>`
        let host = match host.strip_suffix('>') {
            Some(inside) if !inside.contains('<') => inside,
            Some(_) | None => host,
        };
        let host = Role::new(host.trim_end_matches('.'));
        if !host.name().is_empty() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    (!hosts.is_empty()).then_some(hosts)
}

/// Whether a text is a URL, with nothing around it, whose host stands for whatever machine answers there:
/// `opc.tcp://<server>:4840/path`, `https://{host}`.
pub(super) fn is_of_any_host(text: &str) -> bool {
    host_of_url(text).is_some_and(is_stand_in)
}

/// Whether a text is a URL, with nothing around it, of the own machine: `http://localhost:8080`.
pub(super) fn is_of_own_host(text: &str) -> bool {
    host_of_url(text).is_some_and(|host| host.eq_ignore_ascii_case("localhost"))
}

/// The host of a text that is one URL.
fn host_of_url(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_once("://")?;
    let is_scheme = scheme
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'));
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        Some(_) | None => authority,
    };
    (is_scheme && !rest.contains(char::is_whitespace)).then_some(host)
}

/// Whether the name of a host is one in brackets, that stands for another.
fn is_stand_in(host: &str) -> bool {
    [('<', '>'), ('{', '}'), ('[', ']'), ('%', '%')]
        .iter()
        .any(|(open, close)| {
            host.strip_prefix(*open)
                .and_then(|rest| rest.strip_suffix(*close))
                .is_some_and(|name| {
                    name.contains(char::is_alphabetic) && !name.contains([*open, *close, ':', '.'])
                })
        })
}

#[cfg(test)]
mod tests {
    use super::{hosts_of_urls, is_of_any_host};

    #[test]
    fn hosts() {
        let check = |text: &str, expected: &str| {
            let found = hosts_of_urls(text).map(|hosts| {
                let names: Vec<&str> = hosts.iter().map(crate::role::Role::name).collect();
                names.join(" ")
            });
            assert_eq!(found.as_deref().unwrap_or("-"), expected, "{text}");
        };
        check("https://api.example.com/v1/x", "api.example.com");
        check(
            "https://a.example.com:8443, https://b.example.com.",
            "a.example.com b.example.com",
        );
        check("Store (https://store.example.com)", "-");
        check("(https://store.example.com)", "store.example.com");
        check("<https://store.example.com>", "store.example.com");
        check("https://<region>.example.com", "<region>.example.com");
        check("https://[2001:db8::1]:443/", "2001:db8::1");
        check("https://api.exa  mple.com/x", "api.exa mple.com");
        check("https://api.example.com for updates", "api.example.com");
        check("Store", "-");
    }
    #[test]
    fn hosts_that_stand_for_any() {
        for url in [
            "opc.tcp://<server>:4840/path",
            "https://{host}",
            "http://[hostname]:80/",
            "http://%HOST%",
        ] {
            assert!(is_of_any_host(url), "{url}");
        }
        for other in [
            "https://store.example.com",
            "https://<region>.example.com",
            "https://[2001:db8::1]:443/",
            "localhost",
            "http://localhost:8080",
            "see http://localhost:80",
            "http://localhost:80 or https://store",
        ] {
            assert!(!is_of_any_host(other), "{other}");
        }
    }
}
