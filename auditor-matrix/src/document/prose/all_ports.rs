//! Sentences that ask for every port of a transport: `outbound TCP to all ports on the agents`, `all UDP ports between the nodes`.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    clause::{self, Ends},
    condition::Condition,
    piece::Pieces,
    stance::{Stance, stance},
    statement::Statement,
    verb::{Verb, verb},
    words::words,
};
use crate::{
    document::{
        cell, default_transport,
        names::Names,
        row::{Direction, PortGroup},
        text::regex,
    },
    port::PortRange,
    transport::Transport,
};

/// The ports, and what stands before and behind them: `to all TCP ports on`.
static PHRASE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?ix)
        (?:\b(?P<preposition>from|to|on|over|via|using|at|through)\ )?
        \b(?:all|any|every)\ (?:of\ )?(?:the\ |its\ |their\ )?
        (?:
            (?:(?:tcp|udp|sctp)(?:\ ?(?:/|and|or|,|\+|&)\ ?(?:tcp|udp|sctp))*\ )?(?:network\ )?ports?
            |(?P<traffic>(?:tcp|udp|sctp)(?:\ ?(?:/|and|or|,|\+|&)\ ?(?:tcp|udp|sctp))*\ (?:traffic|connections?|communications?))
        )\b
        (?P<place>\ (?:on|of|at|in)\b)?",
    )
});

/// What a sentence says of all ports.
#[derive(Debug)]
pub(super) enum AllPorts {
    Statement(Box<Statement>),
    /// It speaks of them, and whose they are is not certain.
    Unclear,
}

/// Reads a sentence that names no number; `None` if it asks for no port, or for those that stand elsewhere.
pub(super) fn read(sentence: &str, names: &Names) -> Option<AllPorts> {
    // Most sentences speak of none.
    let speaks_of_all = sentence.as_bytes().windows(4).any(|four| {
        ["all ", "any ", "ery "]
            .iter()
            .any(|word| four.eq_ignore_ascii_case(word.as_bytes()))
    });
    if !speaks_of_all {
        return None;
    }
    let found: Vec<_> = PHRASE.captures_iter(sentence).collect();
    let first = found.first()?;
    // "All ports listed below", "all ports that the table names": a part of all.
    let is_part = found.iter().any(|phrase| {
        phrase.name("place").is_none()
            && phrase
                .get(0)
                .and_then(|whole| sentence.get(whole.end()..))
                .is_some_and(is_narrowed)
    });
    if is_part || sentence.ends_with('?') || default_transport::is_meant(sentence) {
        return None;
    }
    let is_from = |phrase: &regex::Captures<'_>| {
        phrase
            .name("preposition")
            .is_some_and(|word| word.as_str().eq_ignore_ascii_case("from"))
    };
    // The ports that a client asks from are its own, and no part of a rule.
    if found.iter().all(is_from) {
        return None;
    }
    let transports = transports(sentence);
    let rest = without(sentence, &found);
    let all = words(&rest);
    let condition = Condition::of(&rest, &all);
    let words = condition.rest(&all);
    let opens = words
        .iter()
        .any(|word| verb(&word.lower) == Some(Verb::Open));
    // "All TCP traffic is encrypted" asks for nothing.
    let is_of_traffic = found.iter().any(|phrase| phrase.name("traffic").is_some());
    let must = words.iter().any(|word| {
        word.is_any(&["must", "should", "need", "needs", "required"])
            || cell::direction(&word.lower).is_some()
    });
    let asks = opens || !is_of_traffic && (must || !transports.is_empty());
    if !asks {
        return None;
    }
    let pieces = Pieces::new(&rest, &words, &[]);
    let ends = clause::clauses(&pieces, names)
        .into_iter()
        .map(|clause| clause.ends)
        .max_by_key(Ends::n_known)
        .filter(|ends| 0 < ends.n_known())
        .or_else(|| clause::loose_ends(&pieces, names));
    let directed = first
        .get(0)
        .and_then(|whole| rest.get(..whole.start()))
        .and_then(direction);
    let is_wanted = stance(&words) == Stance::Wanted;
    let Some(ends) = ends.filter(|_| is_wanted) else {
        return Some(AllPorts::Unclear);
    };
    let mut statement = Statement {
        ports: vec![PortGroup {
            ranges: PortRange::new(1, u16::MAX).into_iter().collect(),
            alternatives: false,
        }],
        transports,
        condition: condition.text.clone(),
        direction: directed,
        is_asked: true,
        ..Statement::default()
    };
    statement.add_ends(&ends);
    Some(AllPorts::Statement(Box::new(statement)))
}

/// Whether what stands behind `all ports` says which: `listed below`, `that are used`, `needed by the Core`.
fn is_narrowed(behind: &str) -> bool {
    let Some(next) = behind.strip_prefix(' ') else {
        return false;
    };
    let word = next
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default()
        .to_lowercase();
    matches!(
        word.as_str(),
        "that" | "which" | "above" | "below" | "except" | "but" | "other"
    ) || word.len() > 4 && (word.ends_with("ed") || word.ends_with("ing"))
}

/// The sentence without the ports: `to all ports on the Core` says `to the Core`.
fn without(sentence: &str, found: &[regex::Captures<'_>]) -> String {
    let mut rest = String::with_capacity(sentence.len());
    let mut at = 0;
    for phrase in found {
        let Some(whole) = phrase.get(0) else { continue };
        rest.push_str(sentence.get(at..whole.start()).unwrap_or_default());
        at = whole.end();
        let preposition = phrase.name("preposition").map(|word| word.as_str());
        match (preposition, phrase.name("place")) {
            (Some(preposition), Some(_)) => rest.push_str(preposition),
            (None, Some(_)) => rest.push_str("traffic to"),
            // "on all ports" alone says nothing of whose they are.
            (Some(_), None) => {}
            (None, None) => rest.push_str("traffic"),
        }
    }
    rest.push_str(sentence.get(at..).unwrap_or_default());
    crate::document::text::fold(&rest)
}

fn transports(sentence: &str) -> Vec<Transport> {
    let mut named: Vec<Transport> = Vec::new();
    for word in sentence.split(|c: char| !c.is_alphanumeric()) {
        if let Some(transport) = cell::stated(&word.to_lowercase())
            && transport.has_ports()
            && !named.contains(&transport)
        {
            named.push(transport);
        }
    }
    named
}

/// The direction that words before the ports name.
fn direction(before: &str) -> Option<Direction> {
    let lower = before.to_lowercase();
    let has = |names: [&str; 3]| names.iter().any(|name| lower.contains(name));
    match (
        has(["inbound", "incoming", "ingress"]),
        has(["outbound", "outgoing", "egress"]),
    ) {
        (true, false) => Some(Direction::Inbound),
        (false, true) => Some(Direction::Outbound),
        (true, true) | (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{AllPorts, read};
    use crate::document::names::Names;

    #[track_caller]
    fn check(sentence: &str, expected: &str) {
        let found = match read(sentence, &Names::default()) {
            None => "-".to_owned(),
            Some(AllPorts::Unclear) => "unclear".to_owned(),
            Some(AllPorts::Statement(statement)) => format!(
                "{} -> {} {:?}",
                statement.source.as_deref().unwrap_or("?"),
                statement.destination.as_deref().unwrap_or("?"),
                statement.transports,
            ),
        };
        assert_eq!(found, expected, "{sentence}");
    }

    #[test]
    fn whose_they_are() {
        check(
            "Outbound TCP to all ports on the agents.",
            "? -> agents [Tcp]",
        );
        check(
            "Inbound TCP from all ports on the Core server to all ports on the agents.",
            "Core server -> agents [Tcp]",
        );
        check(
            "All UDP ports must be open between the Core server and the agents.",
            "Core server -> agents [Udp]",
        );
        check(
            "Allow all TCP and UDP traffic from the Core server to the agents on all ports.",
            "Core server -> agents [Tcp, Udp]",
        );
        check("Open all TCP ports on the agents.", "? -> agents [Tcp]");
        check(
            "Allow all TCP traffic between worker nodes.",
            "worker nodes -> worker nodes [Tcp]",
        );
        check(
            "Nodes must accept connections on all ports from other nodes.",
            "other nodes -> Nodes []",
        );
    }

    #[test]
    fn where_that_is_not_certain() {
        check("Inbound and outbound TCP on all ports.", "unclear");
        check("Egress: all ports, all protocols.", "unclear");
        check("Never open all TCP ports on the agents.", "unclear");
    }

    #[test]
    fn what_asks_for_none() {
        check("All ports are configurable.", "-");
        check("All TCP traffic is encrypted.", "-");
        check("Open all ports listed below.", "-");
        check(
            "Outbound TCP from all ports on the agents to the Core server.",
            "-",
        );
        check("This page lists all ports of the Core server.", "-");
    }
}
