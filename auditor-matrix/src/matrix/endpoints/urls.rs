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

#[cfg(test)]
mod tests {
    use super::hosts_of_urls;

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
}
