//! Reads what sentences outside of tables say of ports and connections.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    connection, dynamic_ports, ports_in_sentence::ports_in, prohibition, statement::Statement,
};
use crate::document::{
    row::Direction,
    text::{fold, regex},
};

static PURPOSE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)\bfor (?:communication with |use by )?([^,;(]+?)\.?(?:\s*\(.*)?$")
});
static NOT_REQUIRED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:(?P<condition>(?:in|from|since|for|with|if|when) [^,]+), )?.*\b(?:is|are) (?:not|no longer) (?:required|needed|used)\b",
    )
});
static TRANSFER: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(.+?) (?:is|are) (?:uploaded|sent|transferred|forwarded) to "));
static TRANSFERRED_TO: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(?:transferring|sending|uploading|forwarding) .+ to (\S+)$"));

/// The data that a sentence says is sent elsewhere: "Statistics are uploaded to the vendor."
pub(super) fn transferred(sentence: &str) -> Option<String> {
    TRANSFER
        .captures(sentence)?
        .get(1)
        .map(|what| fold(what.as_str()))
}

/// Reads a sentence; empty if it says nothing of ports or connections.
pub(super) fn statements(sentence: &str) -> Vec<Statement> {
    let found = ports_in(sentence);
    if found.is_empty() {
        if dynamic_ports::have_a_start(sentence) {
            return dynamic_ports::range(sentence).into_iter().collect();
        }
        return prohibition::prohibition(sentence)
            .or_else(|| connection::connection(sentence))
            .into_iter()
            .collect();
    }
    let names_one = found.len() == 1
        && found
            .iter()
            .flat_map(|same| &same.ports)
            .map(|group| group.ranges.len())
            .sum::<usize>()
            == 1;
    let purpose = PURPOSE
        .captures(sentence)
        .and_then(|purpose| purpose.get(1));
    let service = purpose
        .map(|purpose| fold(purpose.as_str()))
        .filter(|service| {
            let names_ports = !ports_in(service).is_empty();
            !is_pronoun(service)
                && !names_ports
                && service.split(' ').count() <= SERVICE_WORDS
                && (names_one || !service.contains(|c: char| c.is_ascii_digit()))
        })
        .filter(|_| found.len() == 1);
    let destination = service
        .as_deref()
        .and_then(|service| TRANSFERRED_TO.captures(service)?.get(1));
    let destination = destination.map(|destination| fold(destination.as_str()));
    let not_required = NOT_REQUIRED.captures(sentence);
    let condition = not_required
        .as_ref()
        .and_then(|found| found.name("condition"))
        .map(|condition| fold(condition.as_str()));
    found
        .into_iter()
        .map(|same| Statement {
            ports: same.ports,
            transports: same.transports,
            direction: destination.is_some().then_some(Direction::Outbound),
            destination: destination.clone(),
            service: service.clone(),
            required: not_required.is_some().then_some(false),
            condition: condition.clone(),
            ..Statement::default()
        })
        .collect()
}

/// A text of more words is a description, no name of a service.
const SERVICE_WORDS: usize = 8;

/// Whether a text is a pronoun, which names no service.
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
        let mut statement = statements(sentence);
        assert!(statement.len() < 2, "{statement:?}");
        statement.pop()
    }

    #[test]
    fn what_is_forbidden() {
        let statement = one("Store clients do not need to communicate with each other.").unwrap();
        assert!(statement.forbidden && statement.direction == Some(Direction::Both));
        assert_eq!(statement.source.as_deref(), Some("Store clients"));
        assert_eq!(statement.destination, statement.source);
        let statement =
            one("As above, there is no need for web nodes to talk to the store.").unwrap();
        assert!(statement.forbidden && statement.direction.is_none());
        assert_eq!(statement.destination.as_deref(), Some("the store"));
        assert_eq!(
            one("The second waits and therefore does not try to connect to it again."),
            None
        );
        let statement =
            one("All worker nodes need to be able to reach each other via IP.").unwrap();
        assert_eq!(statement.destination.as_deref(), Some("All worker nodes"));
        assert_eq!(one("You do not need to connect to the store."), None);
        assert_eq!(one("Web nodes need to talk to the store."), None);
    }

    #[test]
    fn a_port_and_its_purpose() {
        let statement =
            one("UDP port 123 stays open for communication with time servers.").unwrap();
        assert_eq!(statement.transports, [Transport::Udp]);
        assert_eq!(statement.ports[0].ranges[0].first(), 123);
        assert_eq!(statement.service.as_deref(), Some("time servers"));
    }

    #[test]
    fn connections_without_a_port() {
        let statement =
            one("If you are using a mirror, the nodes must be able to reach mirror.example.com.")
                .unwrap();
        assert_eq!(
            statement,
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
        let statement =
            one("You do not need to allow access to cdn.example.com for versions after 7.")
                .unwrap();
        assert_eq!(statement.required, Some(false));
        assert_eq!(statement.condition.as_deref(), Some("for versions after 7"));
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
