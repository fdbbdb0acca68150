//! Reads phrases into the endpoints of a conversation: `worker -> controller`, `from A to B`, `Outbound to the store`.

use std::sync::LazyLock;

use regex::Regex;

pub(super) use super::arrow::Endpoints;
use super::{
    arrow::{between, endpoint},
    cell,
    end::Basis,
    names::Names,
    section::{is_machine, is_noun_phrase, is_traffic_verb},
    text::regex,
};

static FROM_TO: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\bfrom (?:an? |the )?([\w][\w /-]{1,40}?) to (?P<article>an? |the )?([\w][\w /-]{1,40}?)(?:\s*(?:[.,;:(]|$)| for | on | via | over | when | if )",
    )
});
/// `From A to B` and nothing else.
static WHOLE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^from (?:an? |the )?([\w][\w./-]*(?: [\w./-]+){0,3}) to (?:an? |the )?([\w][\w./-]*(?: [\w./-]+){0,3})$",
    )
});
static PEER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:inbound|ingress|incoming|outbound|egress|outgoing)(?: \w+)? (?:to|from) (?:an? |the )?(.+)$",
    )
});

/// `Outbound from A to B`: both ends, whose direction the words behind say again.
static DIRECTED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:inbound|ingress|incoming|outbound|egress|outgoing) from (?:an? |the )?(?P<from>[^,;.]{1,60}?) to (?:an? |the )?(?P<to>[^,;.]{1,60})$",
    )
});

/// `node-to-node`, `Client-to-Server communication`.
static HYPHENATED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:[^()]{0,40}\()?(?P<from>[a-z][\w ]{0,30}?)-to-(?P<to>[a-z][\w ]{0,30}?)(?: communications?| traffic| connections?)?\)?$",
    )
});

static AMONG: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:only )?(?:between|among) (?:all )?(?:the )?(?P<first>[\w./-]+(?: [\w./-]+){0,3}?)(?: and (?:the )?(?P<second>[\w./-]+(?: [\w./-]+){0,3}))?$",
    )
});

/// Reads `A -> B`, `A <- B`, `A <-> B`, the arrows of Unicode, `A-to-B`, and `From A to B`.
pub(super) fn arrow(text: &str) -> Option<Endpoints> {
    if let Some(found) = HYPHENATED.captures(text) {
        let (source, destination) = (
            endpoint(found.name("from")?.as_str())?,
            endpoint(found.name("to")?.as_str())?,
        );
        // Behind a machine of the same kind stands what the two do: `node-to-node replication`.
        let one = |name: &str| name.to_lowercase().trim_end_matches('s').to_owned();
        let first = destination.split(' ').next().unwrap_or_default();
        let destination = if one(first) == one(&source) {
            source.clone()
        } else {
            destination
        };
        // "point-to-point" and "end-to-end" say what a conversation is like, not whose it is.
        let is_figure = [
            "point", "end", "peer", "one", "many", "site", "host", "step", "back", "face",
        ]
        .iter()
        .any(|word| source.eq_ignore_ascii_case(word));
        return (!is_figure).then_some(Endpoints {
            source,
            destination,
            is_mutual: false,
            basis: Basis::Purpose,
        });
    }
    if let Some(found) = WHOLE.captures(text) {
        // `From A to B to C` has a hop that is asked and asks, and which of the two has the port it does not say.
        if text.matches(" to ").count() != 1 {
            return None;
        }
        return Some(Endpoints {
            source: endpoint(found.get(1)?.as_str())?,
            destination: endpoint(found.get(2)?.as_str())?,
            is_mutual: false,
            basis: Basis::Purpose,
        });
    }
    between(text)
}

/// Reads `A to B`, where both are a few words that begin like a name: `Web browsers to Web server`.
pub(super) fn pair(text: &str) -> Option<Endpoints> {
    let (first, last) = text.split_once(" to ")?;
    let first = first.strip_prefix("From ").unwrap_or(first);
    let article = |text: &'_ str| -> Option<usize> {
        ["the ", "The ", "a ", "an "]
            .iter()
            .find(|article| text.starts_with(**article))
            .map(|article| article.len())
    };
    let bare = |text: &'_ str| {
        text.get(article(text).unwrap_or_default()..)
            .map(str::to_owned)
    };
    let (source, destination) = (endpoint(&bare(first)?)?, endpoint(&bare(last)?)?);
    let is_name = |name: &str| {
        name.split(' ').count() <= MOST_END_WORDS
            && !name.contains([',', ';', ':', '.', '<', '>'])
            && !name.contains(" to ")
            && name.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
            && !name.split(' ').any(is_traffic_verb)
            && !says_what_is_done(name)
            && is_noun_phrase(name, &Names::default())
            && !name
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'-')
    };
    let says_no_end = |name: &str| {
        let lower = name.to_lowercase();
        let first = lower.split(' ').next().unwrap_or_default();
        let last = lower.rsplit(' ').next().unwrap_or_default();
        matches!(
            first,
            "inbound"
                | "outbound"
                | "ingress"
                | "egress"
                | "incoming"
                | "outgoing"
                | "how"
                | "connect"
                | "connecting"
                | "access"
                | "used"
                | "introduction"
                | "guide"
                | "migrate"
                | "upgrade"
                | "needed"
                | "required"
                | "allow"
                | "open"
                | "sending"
                | "add"
                | "adding"
                | "moving"
        ) && !lower.contains(' ')
            || matches!(
                last,
                "access"
                    | "connection"
                    | "connections"
                    | "communication"
                    | "traffic"
                    | "used"
                    | "introduction"
                    | "guide"
                    | "need"
                    | "needed"
                    | "required"
                    | "changes"
                    | "port"
                    | "ports"
                    | "back"
                    | "how"
            )
    };
    let are_names = is_name(&source) && is_name(&destination);
    (are_names && !says_no_end(&source) && !says_no_end(&destination)).then_some(Endpoints {
        source,
        destination,
        is_mutual: false,
        basis: Basis::Purpose,
    })
}

/// Whether words begin with a verb and name no machine: `Sends reports`, but not `Reports server`.
fn says_what_is_done(name: &str) -> bool {
    let lower = name.to_lowercase();
    let last = lower.rsplit(' ').next().unwrap_or_default();
    lower.split(' ').next().is_some_and(is_traffic_verb) && !is_machine(last)
}

/// Reads `A to B` where the whole column has nothing else, which makes names of two that alone could be anything: `Shop server
/// to agent on counter hosts`.
pub(super) fn loose_pair(text: &str) -> Option<Endpoints> {
    let (source, destination) = text.split_once(" to ")?;
    let words = |name: &str| name.split(' ').count();
    let first = source.split(' ').next().unwrap_or_default().to_lowercase();
    let is_done = ["ed", "ing"].iter().any(|ending| first.ends_with(ending))
        || is_traffic_verb(&first)
        || cell::direction(source).is_some();
    let is_name = |name: &str| {
        let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
        words(name) <= MOST_LOOSE_WORDS
            && name.contains(char::is_alphabetic)
            && !name.contains([';', '.', ':', '<', '>'])
            && !name.contains(" to ")
            && !matches!(
                last.as_str(),
                "access" | "used" | "able" | "required" | "needed"
            )
    };
    let is_capitalised = source.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit());
    (!is_done && is_capitalised && is_name(source) && is_name(destination)).then(|| {
        let bare = |name: &str| endpoint(name.strip_prefix("the ").unwrap_or(name));
        Some(Endpoints {
            source: bare(source)?,
            destination: bare(destination)?,
            is_mutual: false,
            basis: Basis::Purpose,
        })
    })?
}

/// Reads `Between A and B` and `Among A`, where either may ask, and nothing else.
pub(super) fn among(text: &str) -> Option<Endpoints> {
    let found = AMONG.captures(text)?;
    let name = |of: &str| endpoint(found.name(of)?.as_str());
    let first = name("first")?;
    Some(Endpoints {
        destination: name("second").unwrap_or_else(|| first.clone()),
        source: first,
        is_mutual: true,
        basis: Basis::Purpose,
    })
}

/// The same for a name that nothing but its column makes one.
const MOST_LOOSE_WORDS: usize = 8;

/// More words are a description.
const MOST_END_WORDS: usize = 6;

/// Reads one phrase with an arrow, or a list of them: `A -> B, C <-> B`. A comma in the name of an end makes no list.
pub(super) fn arrows(text: &str) -> Vec<Endpoints> {
    let parts: Vec<&str> = text.split([',', ';', '\n']).map(str::trim).collect();
    let each: Option<Vec<Endpoints>> = parts.iter().map(|part| arrow(part)).collect();
    each.unwrap_or_else(|| arrow(text).into_iter().collect())
}

/// Finds `from A to B` in a sentence.
pub(super) fn from_to(text: &str) -> Option<Endpoints> {
    let found = FROM_TO.captures(text)?;
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let (source, destination) = (
        endpoint(found.get(1)?.as_str())?,
        endpoint(found.get(3)?.as_str())?,
    );
    // "from clients to relay messages" names no second endpoint.
    let is_endpoint = found.name("article").is_some()
        || destination
            .split(' ')
            .next_back()
            .is_some_and(|last| is_machine(&last.to_lowercase()));
    (is_endpoint && !is_number(&source) && !is_number(&destination)).then_some(Endpoints {
        source,
        destination,
        is_mutual: false,
        basis: Basis::Purpose,
    })
}

/// The other endpoint in the cell of a direction: `Outbound to the store`, `Inbound from clients`.
pub(super) fn peer(text: &str) -> Option<String> {
    endpoint(PEER.captures(text)?.get(1)?.as_str())
}

/// Both ends in the cell of a direction: `Outbound from the web to the store`.
pub(super) fn directed(text: &str) -> Option<Endpoints> {
    let found = DIRECTED.captures(text)?;
    Some(Endpoints {
        source: endpoint(found.name("from")?.as_str())?,
        destination: endpoint(found.name("to")?.as_str())?,
        is_mutual: false,
        basis: Basis::Given,
    })
}

#[cfg(test)]
mod tests {
    use super::{Basis, Endpoints, arrow, arrows, from_to, pair, peer};

    #[test]
    fn lists_of_arrows() {
        let ends = |text: &str| {
            arrows(text)
                .into_iter()
                .map(|ends| (ends.source, ends.destination, ends.is_mutual))
                .collect::<Vec<_>>()
        };
        let of = |from: &str, to: &str, is_mutual| (from.to_owned(), to.to_owned(), is_mutual);
        assert_eq!(
            ends("web <--> store, store --> till"),
            [of("web", "store", true), of("store", "till", false)]
        );
        assert_eq!(
            ends("worker, CLI -> core"),
            [of("worker, CLI", "core", false)]
        );
        assert!(ends("inbound, outbound").is_empty());
        // What is spoken is no part of a name, and which of them it is is.
        assert_eq!(
            ends("edge -> manager (HTTPS)"),
            [of("edge", "manager", false)]
        );
        assert_eq!(
            ends("edge -> manager (standby)"),
            [of("edge", "manager (standby)", false)]
        );
    }

    #[test]
    fn phrases_with_arrows() {
        let endpoints = |from: &str, to: &str, is_mutual, basis| {
            Some(Endpoints {
                source: from.to_owned(),
                destination: to.to_owned(),
                is_mutual,
                basis,
            })
        };
        assert_eq!(
            arrow("worker, CLI \u{27f6} controller"),
            endpoints("worker, CLI", "controller", false, Basis::Given)
        );
        assert_eq!(arrow("a <-> b *"), endpoints("a", "b", true, Basis::Given));
        assert_eq!(
            arrow("a \u{2190} b"),
            endpoints("b", "a", false, Basis::Given)
        );
        assert_eq!(arrow("read-only"), None);
        assert_eq!(arrow("Agent (core -> agent calls)"), None);
        assert_eq!(
            from_to("Sends logs from the web node to store nodes."),
            endpoints("web node", "store nodes", false, Basis::Purpose)
        );
        assert_eq!(from_to("from 1 to 5"), None);
        assert_eq!(from_to("from clients to relay messages"), None);
        assert_eq!(peer("Outbound to the store").as_deref(), Some("store"));
        assert_eq!(peer("Outbound"), None);
        assert_eq!(pair("Sends reports to Store"), None);
        assert!(pair("Reports server to Store").is_some());
        assert_eq!(
            super::directed("Outbound from the web node to the {store} node"),
            endpoints("web node", "{store} node", false, Basis::Given)
        );
        assert_eq!(super::directed("Outbound to the store"), None);
    }
}
