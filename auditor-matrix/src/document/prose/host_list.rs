//! A list of hosts below a line that names their port, or of URLs below one that asks for access to them: "must be able to connect
//! outbound (TCP/443) to the following:".

use std::net::IpAddr;

use super::{
    condition::Condition,
    introduction::Introduction,
    port_phrase::Evidence,
    sentence,
    stance::{Stance, stance},
    statement::Statement,
    verb::verb,
    words::{Word, words},
};
use crate::{
    document::{
        access::{AskedUrl, asks_for_access},
        names::Names,
        row::{Direction, PortGroup},
        text::{fold, is_host},
    },
    port::PortRange,
    transport::Transport,
};

/// What the line above a list says of the hosts in it.
#[derive(Clone, Debug)]
pub(super) struct HostList {
    /// What holds for each of them, without the end that it is.
    statements: Vec<Statement>,
    side: Side,
    /// The line names no port and asks for access, so each has that of its URL.
    pub(super) is_of_urls: bool,
    /// The line names no port, so those of the list before it hold.
    pub(super) takes_up: bool,
}

/// Which end the hosts are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Side {
    Source,
    Destination,
}

/// A host that is an item of a list by itself, and what is said of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Host<'a> {
    name: &'a str,
    /// The port of its URL, where it is one.
    port: Option<u16>,
    remark: Option<&'a str>,
}

impl HostList {
    /// Reads the line or the heading above a list of URLs.
    pub(super) fn of_urls(text: &str, names: &Names) -> Option<Self> {
        if !asks_for_access(text) || text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let all = words(text);
        let condition = Condition::of(text, &all);
        if stance(&condition.rest(&all)) != Stance::Wanted {
            return None;
        }
        let ends = Introduction::of(text, names).ends;
        let statement = Statement {
            direction: ends.client.is_none().then_some(Direction::Outbound),
            source: ends.client,
            basis: ends.basis,
            condition: condition.text,
            transports: vec![Transport::Tcp],
            is_asked: true,
            ..Statement::default()
        };
        Some(Self {
            statements: vec![statement],
            side: Side::Destination,
            is_of_urls: true,
            takes_up: false,
        })
    }

    /// Reads the line above a list of hosts; `before` is the list of hosts before it in the section. `None` if the line leads to
    /// nothing, does not say which end they are, or names that end itself.
    pub(super) fn below(text: &str, names: &Names, before: Option<&Self>) -> Option<Self> {
        if !text.trim_end().ends_with(':') {
            return None;
        }
        let all = words(text);
        let side = side(&all)?;
        let reading = sentence::read(text, Evidence::Stated, names);
        let has_ports = |statement: &Statement| !statement.ports.is_empty();
        let names_port = reading.statements.iter().any(has_ports);
        if reading.leaves_number || !names_port && text.contains(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let mut list = if names_port {
            Self {
                statements: reading.statements.into_iter().filter(has_ports).collect(),
                side,
                is_of_urls: false,
                takes_up: false,
            }
        } else {
            // "You also need access to the following:"
            let goes_on = all
                .iter()
                .any(|word| word.is_any(&["also", "additionally", "furthermore"]));
            let before = before.filter(|before| goes_on && before.side == side)?;
            let mut statements = before.statements.clone();
            // What one of the lines forbids, or does not need, is not said of the other.
            let is_wanted = |one: &Statement| !one.forbidden && one.doubt.is_none();
            let condition = Condition::of(text, &all);
            let is_said = stance(&condition.rest(&all)) == Stance::Wanted;
            if !is_said || !statements.iter().all(is_wanted) {
                return None;
            }
            let ends = Introduction::of(text, names).ends;
            for statement in &mut statements {
                statement.condition.clone_from(&condition.text);
                // The line may name another than the one before it.
                let (end, named) = match side {
                    Side::Source => (&mut statement.destination, &ends.server),
                    Side::Destination => (&mut statement.source, &ends.client),
                };
                if named.is_some() {
                    end.clone_from(named);
                }
            }
            Self {
                statements,
                side,
                is_of_urls: false,
                takes_up: true,
            }
        };
        for statement in &mut list.statements {
            let (is_taken, direction) = match side {
                Side::Source => (statement.source.is_some(), Direction::Inbound),
                Side::Destination => (statement.destination.is_some(), Direction::Outbound),
            };
            if is_taken || statement.loopback {
                return None;
            }
            let lacks_end = statement.source.is_none() && statement.destination.is_none();
            if lacks_end {
                statement.direction = statement.direction.or(Some(direction));
            }
            statement.is_asked = true;
        }
        Some(list)
    }

    /// The ports that the line names.
    pub(super) fn ports(&self) -> impl Iterator<Item = PortRange> {
        let groups = self
            .statements
            .iter()
            .flat_map(|statement| &statement.ports);
        groups.flat_map(|group| group.ranges.iter().copied())
    }

    /// What is said of one of the hosts.
    pub(super) fn statements(&self, host: Host<'_>) -> Vec<Statement> {
        let mut statements = self.statements.clone();
        for statement in &mut statements {
            let end = match self.side {
                Side::Source => &mut statement.source,
                Side::Destination => &mut statement.destination,
            };
            *end = Some(host.name.to_owned());
            if let Some(port) = host.port.filter(|_| self.is_of_urls) {
                statement.ports = vec![PortGroup {
                    ranges: vec![PortRange::single(port)],
                    alternatives: false,
                }];
            }
            if let Some(remark) = host.remark {
                statement.service = Some(fold(remark));
            }
        }
        statements
    }
}

/// Whether what follows are those asked, or those that ask: by the last word that says so. The "to" of an infinitive does not.
fn side(words: &[Word<'_>]) -> Option<Side> {
    let said = words.iter().enumerate().rev().find_map(|(at, word)| {
        let before_verb = words
            .get(at + 1)
            .is_some_and(|next| verb(&next.lower).is_some() || next.is("be"));
        if word.is("from") {
            Some(Side::Source)
        } else if word.is_any(&["to", "towards"]) && !before_verb || word.is("reach") {
            Some(Side::Destination)
        } else {
            None
        }
    });
    said.or_else(|| {
        words.iter().find_map(|word| {
            if word.is_any(&["outbound", "outgoing", "egress"]) {
                Some(Side::Destination)
            } else if word.is_any(&["inbound", "incoming", "ingress"]) {
                Some(Side::Source)
            } else {
                None
            }
        })
    })
}

impl<'a> Host<'a> {
    /// Reads an item of a list, which is a URL in a list of these.
    pub(super) fn below(list: &HostList, text: &'a str) -> Option<Self> {
        if !list.is_of_urls {
            return Self::of(text);
        }
        let forms = [first_and_remark(text), name_and_url(text)];
        let (AskedUrl { host, port }, remark) = forms
            .into_iter()
            .flatten()
            .find_map(|(url, remark)| Some((AskedUrl::of(url)?, remark)))?;
        Some(Self {
            name: host,
            port: Some(port),
            remark,
        })
    }

    /// Reads an item that begins with a host's name, address or network, or a URL of it without a port, and says no more than what
    /// it is for: `api.example.com (updates)`.
    pub(super) fn of(text: &'a str) -> Option<Self> {
        let (first, remark) = first_and_remark(text)?;
        let name = match first.split_once("://") {
            Some((_, authority)) => authority.split(['/', '?', '#']).next()?,
            None => first,
        };
        let is_name = is_host(name.strip_prefix("*.").unwrap_or(name)) || is_network(name);
        is_name.then_some(Self {
            name,
            port: None,
            remark,
        })
    }
}

/// The URL at the end of an item, and whose it is: `Updates (https://updates.example.com)`.
fn name_and_url(text: &str) -> Option<(&str, Option<&str>)> {
    let text = text.trim();
    let (name, url) = text.rsplit_once(char::is_whitespace)?;
    let url = url.trim_matches(['(', ')', '[', ']', '<', '>', '`', '.', ',', ';']);
    let name = name
        .trim_end()
        .trim_end_matches(['-', '–', '—', ':', '(', ' ']);
    let is_name = name.split_whitespace().count() <= MOST_NAME_WORDS
        && name.contains(char::is_alphabetic)
        && !name.contains("://");
    (is_name && url.contains("://")).then_some((url, Some(name)))
}

/// More words before a URL are a sentence.
const MOST_NAME_WORDS: usize = 6;

/// The first word of an item, and what is said of it; `None` if it goes on with it.
fn first_and_remark(text: &str) -> Option<(&str, Option<&str>)> {
    let text = text.trim().trim_matches('`');
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (first, rest) = text.split_at(end);
    let is_labelled = first.ends_with([':', ',', ';']);
    let first = first.trim_end_matches([':', ',', ';', '`']);
    let rest = rest.trim();
    let is_end = rest.is_empty()
        || is_labelled
        || rest.starts_with(['(', '-', '–', '—', ':'])
        || rest.starts_with("for ");
    let remark = rest
        .trim_start_matches(['-', '–', '—', ':', ' '])
        .trim_start_matches("for ");
    let remark = remark
        .strip_prefix('(')
        .and_then(|inside| inside.strip_suffix(')'))
        .unwrap_or(remark);
    is_end.then_some((
        first,
        Some(remark).filter(|remark| remark.contains(char::is_alphabetic)),
    ))
}

/// Whether a text is an IP address or a network in CIDR notation (RFC 4632).
fn is_network(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    address.parse::<IpAddr>().is_ok()
        && length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= 128))
}

#[cfg(test)]
mod tests {
    use super::Host;
    use crate::document::{Format, read};

    /// The rows of a page as `line: ports client -> server`, without what their headings add, and the lines that something is said of.
    fn rows(page: &str) -> (Vec<String>, Vec<usize>) {
        let document = read("a.md", page, Format::Markdown);
        let end = |end: &Option<crate::document::End>| {
            end.as_ref()
                .map_or_else(|| "-".to_owned(), |end| end.to_string())
        };
        let row = |row: &crate::document::Row| {
            let ports: Vec<String> = row.ranges().map(|range| range.to_string()).collect();
            let (source, destination) = (end(&row.source), end(&row.destination));
            format!(
                "{}: {} {source} -> {destination}",
                row.line,
                ports.join(",")
            )
        };
        (
            document.rows.iter().map(row).collect(),
            document
                .problems
                .iter()
                .map(|problem| problem.line)
                .collect(),
        )
    }

    #[test]
    fn what_a_list_before_forbids_is_not_taken_up() {
        let page = "# Acme\n\n## Store\n\nThe Store must not connect outbound (TCP/25) to the following:\n\n\
            - junk.acme.example\n\nYou also need access to:\n\n- maps.acme.example\n\n\
            Allow TCP/443 to:\n\n- api.acme.example\n\nThe Agents also need to connect to:\n\n- log.acme.example\n";
        assert_eq!(
            rows(page).0,
            [
                "7: 25 Store -> junk.acme.example",
                "15: 443 - -> api.acme.example",
                "19: 443 Agents -> log.acme.example",
            ]
        );
    }

    #[test]
    fn lists_below_a_line_with_a_port() {
        let page = "# Acme\n\n## Store\n\nThe Store must be able to connect outbound (TCP/443) to the following:\n\n\
            - updates.acme.example (software)\n- 203.0.113.0/24\n- whatever your system takes its packages from\n\n\
            If you use maps, you also need access to:\n\n- maps.acme.example\n\n\
            Allow TCP/22 from:\n\n- 198.51.100.7 - administrators\n";
        assert_eq!(
            rows(page),
            (
                [
                    "7: 443 Store -> updates.acme.example",
                    "8: 443 Store -> 203.0.113.0/24",
                    "13: 443 Store -> maps.acme.example",
                    "17: 22 198.51.100.7 -> -",
                ]
                .map(str::to_owned)
                .to_vec(),
                vec![9, 13]
            )
        );
    }

    #[test]
    fn urls_behind_names() {
        let page = "# Gate\n\nThe Gate may connect to remote depots, e.g.:\n\n- Acme depot (`https://depot.acme.example/`)\n\
            - Lists: http://lists.acme.example\n";
        assert_eq!(
            rows(page).0,
            [
                "5: 443 Gate -> depot.acme.example",
                "6: 80 Gate -> lists.acme.example",
            ]
        );
    }

    #[test]
    fn hosts() {
        for (text, name, remark) in [
            ("updates.acme.example", "updates.acme.example", None),
            (
                "api.acme.example (updates)",
                "api.acme.example",
                Some("updates"),
            ),
            (
                "api.acme.example - for updates",
                "api.acme.example",
                Some("updates"),
            ),
            (
                "*.cdn.acme.example: images",
                "*.cdn.acme.example",
                Some("images"),
            ),
            ("https://api.acme.example/v2", "api.acme.example", None),
            (
                "203.0.113.0/24 – offices",
                "203.0.113.0/24",
                Some("offices"),
            ),
            ("2001:db8::1", "2001:db8::1", None),
        ] {
            assert_eq!(
                Host::of(text),
                Some(Host {
                    name,
                    port: None,
                    remark
                }),
                "{text}"
            );
        }
        for text in [
            "api.acme.example:8443",
            "the repository of your system",
            "api.acme.example is asked for updates",
            "1.2",
            "443",
            "e.g. the store",
            "",
        ] {
            assert_eq!(Host::of(text), None, "{text}");
        }
    }
}
