//! Sentences outside tables to what they say of ports and connections.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    mention,
    row::{Direction, PortGroup},
    text::{fold, regex},
};
use crate::{port::PortRange, transport::Transport};

/// What a sentence says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Statement {
    pub(super) ports: Vec<PortGroup>,
    pub(super) transports: Vec<Transport>,
    pub(super) direction: Option<Direction>,
    pub(super) source: Option<String>,
    pub(super) destination: Option<String>,
    pub(super) service: Option<String>,
    pub(super) required: Option<bool>,
    pub(super) condition: Option<String>,
    /// The ports are handed out dynamically.
    pub(super) ephemeral: bool,
    /// There is no such traffic.
    pub(super) forbidden: bool,
}

static PURPOSE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)\bfor (?:communication with |use by )?([^,;(]+?)\.?(?:\s*\(.*)?$")
});
static MUST_CONNECT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:(?P<condition>(?:if|when) [^,]+), )?(?P<source>[^,.:;]+?) (?:must|needs to|need to|has to|have to) (?:be able to )?(?:connect to|reach|communicate with|access) (?P<destination>[^;]+?)\.?$",
    )
});
static NEED_NOT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^you (?:do not|don't|need not) (?:need to )?allow access to (?P<destination>\S+)(?: (?P<condition>(?:for|if|when|in) .+?))?\.?$",
    )
});
static FORBIDDEN: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        regex(
            r"(?i)^(?P<client>[^,.:;]+?) (?:(?:do|does) not (?:need|have) to|must not|must never|should not|should never|are not allowed to|is not allowed to|may not) (?:be able to )?(?:directly )?(?:communicate|talk|connect|speak)(?: directly)? (?:with|to) (?P<server>[^.;:]+?)\.?$",
        ),
        regex(
            r"(?i)\bno need for (?P<client>[^,.:;]+?) to (?:be able to )?(?:directly )?(?:communicate|talk|connect|speak)(?: directly)? (?:with|to) (?P<server>[^.;:]+?)\.?$",
        ),
    ]
});
static USING: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(?:if|when) (?:you are |you're )?using (.+)$"));

static DYNAMIC: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:dynamic|dynamically|ephemeral)\b.*\bports?\b|\bports?\b.*\b(?:dynamic|dynamically|ephemeral)\b",
    )
});
static FROM_ON: LazyLock<Regex> = LazyLock::new(|| regex(r"\b(\d+)([kK]?)\+"));
static NOT_REQUIRED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:(?P<condition>(?:in|from|since|for|with|if|when) [^,]+), )?.*\b(?:is|are) (?:not|no longer) (?:required|needed|used)\b",
    )
});
static TRANSFER: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(.+?) (?:is|are) (?:uploaded|sent|transferred|forwarded) to "));
static TRANSFERRED_TO: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(?:transferring|sending|uploading|forwarding) .+ to (\S+)$"));

/// Whether a sentence says that ports are handed out dynamically.
pub(super) fn speaks_of_dynamic_ports(sentence: &str) -> bool {
    DYNAMIC.is_match(sentence)
}

/// What a sentence says is sent somewhere else: "Statistics are uploaded to the vendor."
pub(super) fn transfer(sentence: &str) -> Option<String> {
    TRANSFER
        .captures(sentence)?
        .get(1)
        .map(|what| fold(what.as_str()))
}

/// Reads a sentence; nothing if it says nothing of ports or connections.
pub(super) fn statements(sentence: &str) -> Vec<Statement> {
    let mentions = mention::mentions(sentence);
    if mentions.is_empty() {
        return without_ports(sentence).into_iter().collect();
    }
    let names_one = mentions.len() == 1
        && mentions
            .iter()
            .flat_map(|mention| &mention.ports)
            .map(|group| group.ranges.len())
            .sum::<usize>()
            == 1;
    let purpose = PURPOSE
        .captures(sentence)
        .and_then(|purpose| purpose.get(1));
    let service = purpose
        .map(|purpose| fold(purpose.as_str()))
        .filter(|service| {
            let names_ports = !mention::mentions(service).is_empty();
            !is_pronoun(service)
                && !names_ports
                && service.split(' ').count() <= SERVICE_WORDS
                && (names_one || !service.contains(|c: char| c.is_ascii_digit()))
        })
        .filter(|_| mentions.len() == 1);
    let destination = service
        .as_deref()
        .and_then(|service| TRANSFERRED_TO.captures(service)?.get(1));
    let destination = destination.map(|destination| fold(destination.as_str()));
    let refused = NOT_REQUIRED.captures(sentence);
    let condition = refused
        .as_ref()
        .and_then(|found| found.name("condition"))
        .map(|condition| fold(condition.as_str()));
    mentions
        .into_iter()
        .map(|mention| Statement {
            ports: mention.ports,
            transports: mention.transports,
            direction: destination.is_some().then_some(Direction::Outbound),
            destination: destination.clone(),
            service: service.clone(),
            required: refused.is_some().then_some(false),
            condition: condition.clone(),
            ..Statement::default()
        })
        .collect()
}

/// More words than this describe, and name nothing.
const SERVICE_WORDS: usize = 8;

/// Reads a sentence that names no port by its number.
fn without_ports(sentence: &str) -> Option<Statement> {
    if let Some(found) = FROM_ON
        .captures(sentence)
        .filter(|_| speaks_of_dynamic_ports(sentence))
    {
        let number: u32 = found
            .get(1)
            .and_then(|number| number.as_str().parse().ok())?;
        let thousands = if found.get(2).is_some_and(|unit| !unit.as_str().is_empty()) {
            1000
        } else {
            1
        };
        let first = number
            .checked_mul(thousands)
            .and_then(|first| u16::try_from(first).ok())?;
        let range = PortRange::new(first, u16::MAX).ok()?;
        return Some(Statement {
            ports: vec![PortGroup {
                ranges: vec![range],
                alternatives: false,
            }],
            ephemeral: true,
            ..Statement::default()
        });
    }
    if let Some(forbidden) = forbidden(sentence) {
        return Some(forbidden);
    }
    if let Some(found) = MUST_CONNECT.captures(sentence) {
        let words = |name| {
            found
                .name(name)
                .map_or(0, |text| text.as_str().split(' ').count())
        };
        let source = found.name("source").map_or("", |source| source.as_str());
        // "You will need to connect to a server over SSH and edit files" is about people, not about machines.
        if is_person(source) || MOST_WORDS < words("destination") {
            return None;
        }
        let condition = found
            .name("condition")
            .map(|condition| fold(condition.as_str()));
        let service = condition
            .as_deref()
            .and_then(|condition| USING.captures(condition)?.get(1))
            .map(|what| fold(what.as_str()));
        let source = fold(source);
        let destination = fold(found.name("destination")?.as_str());
        let is_mutual = ["each other", "one another"]
            .iter()
            .any(|words| destination.to_lowercase().starts_with(words));
        return Some(Statement {
            direction: Some(if is_mutual {
                Direction::Both
            } else {
                Direction::Outbound
            }),
            destination: Some(if is_mutual {
                source.clone()
            } else {
                destination
            }),
            source: Some(source),
            service,
            required: Some(true),
            condition,
            ..Statement::default()
        });
    }
    let found = NEED_NOT.captures(sentence)?;
    Some(Statement {
        direction: Some(Direction::Outbound),
        destination: found
            .name("destination")
            .map(|destination| fold(destination.as_str())),
        required: Some(false),
        condition: found
            .name("condition")
            .map(|condition| fold(condition.as_str())),
        ..Statement::default()
    })
}

/// Reads "clients do not need to talk to each other".
fn forbidden(sentence: &str) -> Option<Statement> {
    let found = FORBIDDEN
        .iter()
        .find_map(|expression| expression.captures(sentence))?;
    let client = fold(found.name("client")?.as_str());
    let server = fold(found.name("server")?.as_str());
    let is_long = |end: &str| MOST_WORDS < end.split(' ').count();
    if is_person(&client) || is_long(&client) || is_long(&server) {
        return None;
    }
    let is_mutual = matches!(server.to_lowercase().as_str(), "each other" | "one another");
    Some(Statement {
        direction: is_mutual.then_some(Direction::Both),
        destination: Some(if is_mutual { client.clone() } else { server }),
        source: Some(client),
        required: Some(false),
        forbidden: true,
        ..Statement::default()
    })
}

/// More words than this are no name of machines.
const MOST_WORDS: usize = 6;

/// Whether a sentence speaks to its reader.
fn is_person(text: &str) -> bool {
    let first = text.split(' ').next().unwrap_or_default().to_lowercase();
    matches!(
        first.as_str(),
        "you" | "we" | "they" | "it" | "this" | "that" | "these" | "those" | "i" | "users" | "if"
    )
}

/// Words that stand for a service without naming it.
fn is_pronoun(text: &str) -> bool {
    matches!(
        text.to_lowercase().as_str(),
        "that" | "this" | "it" | "them" | "these" | "those"
    )
}

#[cfg(test)]
mod tests {
    use super::{Statement, statements};
    use crate::{document::Direction, transport::Transport};

    fn one(sentence: &str) -> Option<Statement> {
        let mut said = statements(sentence);
        assert!(said.len() < 2, "{said:?}");
        said.pop()
    }

    #[test]
    fn what_is_forbidden() {
        let said = one("Store clients do not need to communicate with each other.").unwrap();
        assert!(said.forbidden && said.direction == Some(Direction::Both));
        assert_eq!(said.source.as_deref(), Some("Store clients"));
        assert_eq!(said.destination, said.source);
        let said = one("As above, there is no need for web nodes to talk to the store.").unwrap();
        assert!(said.forbidden && said.direction.is_none());
        assert_eq!(said.destination.as_deref(), Some("the store"));
        assert_eq!(
            one("The second waits and therefore does not try to connect to it again."),
            None
        );
        let said = one("All worker nodes need to be able to reach each other via IP.").unwrap();
        assert_eq!(said.destination.as_deref(), Some("All worker nodes"));
        assert_eq!(one("You do not need to connect to the store."), None);
        assert_eq!(one("Web nodes need to talk to the store."), None);
    }

    #[test]
    fn a_port_and_its_purpose() {
        let said = one("UDP port 123 stays open for communication with time servers.").unwrap();
        assert_eq!(said.transports, [Transport::Udp]);
        assert_eq!(said.ports[0].ranges[0].first(), 123);
        assert_eq!(said.service.as_deref(), Some("time servers"));
    }

    #[test]
    fn connections_without_a_port() {
        let said =
            one("If you are using a mirror, the nodes must be able to reach mirror.example.com.")
                .unwrap();
        assert_eq!(
            said,
            Statement {
                direction: Some(Direction::Outbound),
                source: Some("the nodes".to_owned()),
                destination: Some("mirror.example.com".to_owned()),
                service: Some("a mirror".to_owned()),
                required: Some(true),
                condition: Some("If you are using a mirror".to_owned()),
                ..Statement::default()
            }
        );
        let said = one("You do not need to allow access to cdn.example.com for versions after 7.")
            .unwrap();
        assert_eq!(said.required, Some(false));
        assert_eq!(said.condition.as_deref(), Some("for versions after 7"));
    }

    #[test]
    fn other_sentences() {
        for sentence in [
            "Ports must be open.",
            "You must use a firewall.",
            "Allow your nodes to connect to these addresses.",
        ] {
            assert_eq!(statements(sentence), Vec::new(), "{sentence}");
        }
    }
}
