//! Ends that the few words on what a port is for name, though they are no sentence: `IMAP Proxy to Mailbox Servers (SSL)`,
//! `Relayed mail to Gate from the scanner`, `Port of Gate to accept Till responses`.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::{
    application_protocol,
    end::{Basis, End},
    endpoints::Endpoints,
    names::Names,
    prose, section, services,
    text::{fold, regex, unbracket},
};

/// The ends of a phrase, if the page knows one of them for a machine and the other reads like a name.
pub(super) fn ends(text: &str, names: &Names) -> Option<Endpoints> {
    let is_known = |name: &str| {
        names.contains(name) || section::names_machines(name, names) || section::only_asks(name)
    };
    if let Some((source, destination)) = of_port(text) {
        return (is_known(&source) && is_name(&destination, names)).then_some(Endpoints {
            source,
            destination,
            is_mutual: false,
            basis: Basis::Purpose,
        });
    }
    let (phrase, inside) = bare(text)?;
    let (source, destination) = named(&phrase)?;
    let destination = without_activity(&destination, names);
    // "Agents upload reports to the Core", "allows operators to join the console"
    let are_clauses = [&source, &destination].into_iter().any(|name| {
        let mut behind = name.split(' ').skip(1);
        prose::has_verb(name) || behind.any(|word| matches!(word, "the" | "a" | "an" | "your"))
    });
    let are_names = is_name(&source, names) && is_name(&destination, names) && !are_clauses;
    // What comes before a machine may be what is sent to it; behind `from` it is who sends it.
    let is_certain = is_known(&source) || is_known(&destination) && phrase.contains(" from ");
    (are_names && is_certain && source != destination).then(|| Endpoints {
        source,
        destination,
        is_mutual: inside.iter().any(|part| says_both(part)),
        basis: Basis::Purpose,
    })
}

/// Who is asked, where the words before say what is spoken or done: `POP to Mail Proxy`, `Connect to Acme Mail`.
pub(super) fn asked(text: &str, names: &Names) -> Option<End> {
    let (phrase, _) = bare(text)?;
    let (lead, server) = phrase.split_once(" to ")?;
    let lead = lead.to_lowercase();
    let is_spoken = application_protocol::is_only_spoken(&lead)
        || matches!(
            lead.as_str(),
            "pop" | "connect" | "connects" | "connection" | "connections"
        );
    (is_spoken && is_name(server, names)).then(|| End::new(server, Basis::Purpose))
}

/// The names in a phrase that stand at the place of an end, each with whether nothing but the other end says so: what is sent
/// may stand there, too.
pub(in crate::document) fn places(text: &str) -> Vec<(String, bool)> {
    if let Some((asker, own)) = of_port(text) {
        let is_named = text.contains(" from ");
        let asker = is_named.then_some((asker, false));
        return asker.into_iter().chain([(own, false)]).collect();
    }
    if let Some(own) = OWNER.captures(text).and_then(|found| found.get(1)) {
        return vec![(own.as_str().to_owned(), false)];
    }
    let Some((phrase, _)) = bare(text) else {
        return Vec::new();
    };
    let is_pair = !phrase.contains(" from ");
    named(&phrase).map_or_else(Vec::new, |(source, destination)| {
        vec![(source, is_pair), (destination, false)]
    })
}

/// A phrase without what it says in brackets and of when and how.
fn bare(text: &str) -> Option<(String, Vec<String>)> {
    if MOST_LENGTH < text.len() || !text.contains(" to ") && !text.contains(" from ") {
        return None;
    }
    let (outside, inside) = unbracket(text);
    let end = CLAUSE
        .find(&outside)
        .map_or(outside.len(), |clause| clause.start());
    let phrase = fold(outside.get(..end)?.trim_end_matches(['.', ',', ':', ';']));
    Some((phrase, inside))
}

static CLAUSE: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i),? (?:if|when|where|over|using|via|through|for|on|in order|unless|only)\b.*$")
});
static TO_FROM: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"^(?:\S+(?: \S+){0,3} )?to (?:the )?(?P<to>.+?) from (?:the )?(?P<from>.+)$")
});
static FROM_TO: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"^(?:\S+(?: \S+){0,3} )?from (?:the )?(?P<from>.+?) to (?:the )?(?P<to>.+)$")
});
static PAIR: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?:the |The )?(?P<from>.+?) to (?:the )?(?P<to>.+)$"));

/// Who asks and who is asked, by the prepositions.
fn named(phrase: &str) -> Option<(String, String)> {
    let found = TO_FROM
        .captures(phrase)
        .or_else(|| FROM_TO.captures(phrase))
        .or_else(|| PAIR.captures(phrase))?;
    Some((
        found.name("from")?.as_str().to_owned(),
        found.name("to")?.as_str().to_owned(),
    ))
}

/// Whose port it is, and whose words it takes: `Gate port for receiving orders from Till`.
static RECEIVING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:Ports? of (?P<of>[\w./-]+(?: [\w./-]+){0,2}?)|(?P<own>[\w./-]+(?: [\w./-]+){0,2}?) ports?) (?:to|for) (?:accept|accepting|receive|receiving|get|getting) (?:(?:[\w-]+ )*from (?:the |other )?(?P<from>[\w./-]+(?: [\w./-]+){0,2})|(?P<whose>[\w./-]+(?: [\w./-]+){0,2}?) (?:responses?|requests?|messages?|events?|quer(?:y|ies)|updates?|connections?|traffic))$",
    )
});

/// `Serving port of Gate`
static OWNER: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?:[\w-]+ ){0,4}[Pp]orts? (?:of|for) ([A-Z][\w./-]*)$"));

fn of_port(phrase: &str) -> Option<(String, String)> {
    let found = RECEIVING.captures(phrase)?;
    let own = found.name("of").or_else(|| found.name("own"))?;
    let asker = found.name("from").or_else(|| found.name("whose"))?;
    Some((asker.as_str().to_owned(), own.as_str().to_owned()))
}

/// A name without what is done there: `Directory Authentication`, `Store Replication`.
fn without_activity(name: &str, names: &Names) -> String {
    match name.rsplit_once(' ') {
        Some((before, _)) if prose::is_topic(name) && !names.contains(name) => before.to_owned(),
        Some(_) | None => name.to_owned(),
    }
}

/// Whether words read like a name: few, none a verb or a word about ports, and not only what is spoken.
pub(super) fn is_name(name: &str, names: &Names) -> bool {
    if is_host_name(name) {
        return true;
    }
    let is_spoken = name
        .split([' ', '/'])
        .all(|word| application_protocol::is_only_spoken(word) && !services::names_server(word));
    let last = name.rsplit(' ').next().unwrap_or_default();
    // `HTTPS redirect`
    let begins_spoken = name.split_once(' ').is_some_and(|(first, _)| {
        application_protocol::is_only_spoken(first) && !section::names_machines(name, names)
    });
    let is_capitalised = name.chars().any(char::is_uppercase);
    !is_spoken
        && !begins_spoken
        && !name.contains(['.', ',', ':', ';', '<', '>'])
        && name.split(' ').count() <= MOST_WORDS
        && section::is_noun_phrase(name, names)
        && (is_capitalised || section::names_machines(name, names) || prose::is_software(last))
}

/// `updates.example.com`, `*.example.com`
fn is_host_name(name: &str) -> bool {
    let mut labels = name.split('.');
    let is_label = |label: &str| {
        !label.is_empty()
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '*'))
    };
    2 < name.split('.').count()
        && labels.all(is_label)
        && name.ends_with(|c: char| c.is_ascii_alphabetic())
}

/// Whether a remark says that either end asks the other.
fn says_both(remark: &str) -> bool {
    let lower = remark.to_lowercase();
    [
        "both ways",
        "both directions",
        "either way",
        "bidirectional",
        "bi-directional",
    ]
    .iter()
    .any(|both| lower.starts_with(both))
}

/// More words are a description.
const MOST_WORDS: usize = 4;

/// A longer text is none of a few words.
const MOST_LENGTH: usize = 200;

#[cfg(test)]
mod tests {
    use super::{asked, ends};
    use crate::document::names::Names;

    fn names() -> Names {
        let mut names = Names::default();
        for name in ["Till", "Gate", "Mail Proxy"] {
            names.add(name);
        }
        names
    }

    #[test]
    fn two_ends() {
        let check = |text: &str, expected: &str| {
            let found = ends(text, &names()).map(|ends| {
                let mark = if ends.is_mutual { "<>" } else { ">" };
                format!("{} {mark} {}", ends.source, ends.destination)
            });
            assert_eq!(found.as_deref().unwrap_or("-"), expected, "{text}");
        };
        check("Till to Gate", "Till > Gate");
        check("Gate to Stock Directory", "Gate > Stock Directory");
        check(
            "Mail Proxy to Store servers (SSL)",
            "Mail Proxy > Store servers",
        );
        check("Gate to LDAP Authentication", "Gate > LDAP");
        check("Gate to Gate Replication", "-");
        check("Till to Gate if using TLS at Gate", "Till > Gate");
        check("Till to Gate (both ways for the backend)", "Till <> Gate");
        check(
            "Relay to Gate from internal scanner service",
            "internal scanner service > Gate",
        );
        check(
            "SMTP to Gate from external store servers",
            "external store servers > Gate",
        );
        check("Port of Gate to accept Till response", "Till > Gate");
        check(
            "Gate port for receiving id response from Till",
            "Till > Gate",
        );
        check(
            "Gate port for receiving response back from other Tills",
            "Tills > Gate",
        );
        // What is sent or spoken is nobody.
        check("POP to Mail Proxy", "-");
        check("Updates to Gate", "-");
        check("Connect to Gate", "-");
        check("Gate port for receiving requests", "-");
        check("Used to reach Gate", "-");
        check("Red to Blue", "-");
    }

    #[test]
    fn one_that_is_asked() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                asked(text, &names()).as_deref().unwrap_or("-"),
                expected,
                "{text}"
            );
        };
        check("POP to Mail Proxy (if offloaded)", "Mail Proxy");
        check("Connect to Acme Mail over HTTPS", "Acme Mail");
        check("Connect to the internet", "-");
        check("HTTP to HTTPS redirect", "-");
        check("Updates to Gate", "-");
    }
}
