//! Relations that the words on what a port is for put two ends in: `Required for all agents connecting to a backend`, `Access to
//! the store by web servers`; and whose port it is: `Database port on the controller`.

use std::sync::LazyLock;

use regex::Regex;

use super::spoken_ends::is_name;
use crate::document::{
    end::{Basis, End},
    endpoints::Endpoints,
    names::Names,
    section,
    text::regex,
};

/// The ends of the first relation of a text.
pub(super) fn ends(text: &str, names: &Names) -> Option<Endpoints> {
    if MOST_LENGTH < text.len() {
        return None;
    }
    RELATIONS.iter().find_map(|relation| {
        relation.captures_iter(text).find_map(|found| {
            let source = behind_preposition(found.name("from")?.as_str());
            let destination = found.name("to")?.as_str().trim_end_matches('.');
            let are_names = is_end(source, names) && is_end(destination, names);
            (are_names && source != destination).then(|| Endpoints {
                source: source.to_owned(),
                destination: destination.to_owned(),
                is_mutual: false,
                basis: Basis::Purpose,
            })
        })
    })
}

/// The words behind the last preposition or verb: those of `Used by agents` and `Allows agents` that name who connects.
fn behind_preposition(words: &str) -> &str {
    let at = [" by ", " for ", " from ", " of "]
        .iter()
        .filter_map(|preposition| Some(words.rfind(preposition)? + preposition.len()))
        .max();
    let mut name = at.and_then(|at| words.get(at..)).unwrap_or(words);
    while let Some(rest) = [
        "Allows ", "Allow ", "Lets ", "Enables ", "Permits ", "all ", "any ", "each ", "every ",
        "the ", "a ", "an ", "other ",
    ]
    .iter()
    .find_map(|lead| name.strip_prefix(lead))
    {
        name = rest;
    }
    name
}

/// Whether words name an end, be it by nothing but a kind of machine: `agents`.
fn is_end(name: &str, names: &Names) -> bool {
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    is_name(name, names)
        || section::only_asks(name)
        || section::is_machine(&last) && section::is_noun_phrase(name, names)
}

/// Whose port it is that a text is about.
pub(super) fn owner(text: &str, names: &Names) -> Option<End> {
    let found = PORT_ON.captures(text)?;
    let who = found.name("who")?.as_str().trim_end_matches('.');
    let are_names = who
        .split(", ")
        .flat_map(|part| part.split(" and "))
        .flat_map(|part| part.split(" or "))
        .all(|name| {
            let name = ["and ", "or ", "the "]
                .iter()
                .find_map(|lead| name.strip_prefix(lead))
                .unwrap_or(name);
            is_name(name, names)
        });
    are_names.then(|| End::new(who, Basis::Purpose))
}

/// Who uses the port of a row that goes out: `Port used by the Collector to fetch prices`.
pub(super) fn user(text: &str, names: &Names) -> Option<End> {
    let who = USED_BY.captures(text)?.name("who")?.as_str();
    is_end(who, names).then(|| End::new(who, Basis::Purpose))
}

static USED_BY: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)^(?:Optional:\ |Required:\ )?(?:(?:The\ |This\ )?[Pp]orts?\ (?:is\ |are\ |that\ is\ )?)?(?:[Uu]sed|[Nn]eeded|[Rr]equired)\ by\ (?:the\ |all\ |each\ |every\ |an?\ )?
        (?P<who>[\w./-]+(?:\ [\w./-]+){0,3}?)(?:$|[.,;(]|\ (?:to|for|when|if|in|on|as)\b)",
    )
});

/// Who connects to whom, with a verb or without.
static RELATIONS: LazyLock<[Regex; 6]> = LazyLock::new(|| {
    let from = r"(?:(?:all|any|each|every|the|an?|other)\ )*(?P<from>[\w./-]+(?:\ [\w./-]+){0,3}?)";
    let to = r"(?:(?:all|any|each|every|the|an?|other)\ )*(?P<to>[\w./-]+(?:\ [\w./-]+){0,3}?)";
    let start = r"(?:^|\b(?:for|by|from|of|allows?|lets?|enables?|permits?)\ )";
    let end = r"(?:$|[.,;:()]|\ (?:on|via|over|using|when|if|in|for|through|at|and|to|with)\b)";
    [
        regex(&format!(
            r"(?x){start}{from}\ (?:(?:that|which|to)\ )?(?:connect|connects|connecting|talk|talks|talking|communicate|communicates|communicating|report|reports|reporting|register|registers|registering)\ (?:back\ )?(?:to|with)\ {to}{end}"
        )),
        regex(&format!(
            r"(?x)\b[Aa]ccess\ to\ {to}\ (?:by|from)\ {from}{end}"
        )),
        regex(&format!(
            r"(?x)\b[Cc]ommunications?\ (?:of|from)\ {from}\ (?:with|to)\ {to}{end}"
        )),
        regex(&format!(
            r"(?x){start}{from}\ to\ (?:reach|access|contact|query|poll|scrape|call|ping|manage|monitor)\ {to}{end}"
        )),
        regex(&format!(
            r"(?x){start}{from}\ to\ (?:retrieve|download|fetch|pull|get|obtain|read|collect)\ (?:[\w-]+\ ){{0,4}}?from\ {to}{end}"
        )),
        regex(&format!(
            r"(?x){start}{from}\ to\ (?:send|upload|push|forward|report|write|stream|ship|deliver)\ (?:[\w-]+\ ){{0,4}}?to\ {to}{end}"
        )),
    ]
});

static PORT_ON: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?x)^(?:[\w./-]+\ ){0,6}?[Pp]orts?\ (?:on|of|at)\ (?:(?:all|each|every|the|an?)\ )*
        (?P<who>[\w./-]+(?:\ [\w./-]+){0,3}?(?:,\ (?:and\ |or\ )?[\w./-]+(?:\ [\w./-]+){0,2}?)*?(?:\ (?:and|or)\ (?:the\ )?[\w./-]+(?:\ [\w./-]+){0,2}?)?)
        (?:$|[.;(]|,?\ (?:required|used|needed|which|that|for|to|when|if|configured|is|are)\b)",
    )
});

/// A longer text is none of a few words.
const MOST_LENGTH: usize = 400;

#[cfg(test)]
mod tests {
    use super::{ends, owner};
    use crate::document::names::Names;

    #[test]
    fn relations() {
        let check = |text: &str, expected: &str| {
            let found = ends(text, &Names::default())
                .map(|ends| format!("{} > {}", ends.source, ends.destination));
            assert_eq!(found.as_deref().unwrap_or("-"), expected, "{text}");
        };
        check(
            "Agent API: Required for all Acme agents connecting to an Acme backend",
            "Acme agents > Acme backend",
        );
        check(
            "Used by agents that connect to the Store over TLS",
            "agents > Store",
        );
        check(
            "Allows web servers to talk to the Bank",
            "web servers > Bank",
        );
        check("Access to the Store by web servers", "web servers > Store");
        check("Communication of the Till with the Bank.", "Till > Bank");
        check("Used by the browser to reach the Bank.", "browser > Bank");
        check(
            "Used for managed devices to retrieve software updates from Acme Bank.",
            "managed devices > Acme Bank",
        );
        check(
            "Allows agents to send their logs to the Store.",
            "agents > Store",
        );
        check("Used to send logs to the Store", "-");
        check("Used for reports that nobody reads", "-");
        check("For data reporting to the Store", "-");
        check("Used to connect to the Store", "-");
    }

    #[test]
    fn owners() {
        let check = |text: &str, expected: &str| {
            let found = owner(text, &Names::default());
            assert_eq!(found.as_deref().unwrap_or("-"), expected, "{text}");
        };
        check("Database port on the CLC", "CLC");
        check(
            "TLS port on Node Controller, required for migrations",
            "Node Controller",
        );
        check(
            "Detection port on CLC, UFS and Walrus SC.",
            "CLC, UFS and Walrus SC",
        );
        check("Web port of the store server", "store server");
        check("Port on which it listens", "-");
        check("The port of choice", "-");
        check("Port for NTP", "-");
    }
}
