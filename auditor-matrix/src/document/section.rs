//! Reads what section headings say of the rows below them.

mod category;
mod counterpart;
mod kind;
mod owner;
mod pair;
mod set_up;
mod viewpoint;
mod vocabulary;

use std::sync::LazyLock;

use regex::Regex;

pub(super) use self::category::is_category;
pub(super) use self::counterpart::{counterpart, owner_of_ports};
use self::kind::{is_network_interface, is_role, machine_with};
pub(super) use self::owner::{needing, open_on, owner};
use self::pair::endpoints;
pub use self::pair::only_asks;
pub(super) use self::set_up::set_up;
pub(super) use self::viewpoint::says_whose;
use self::viewpoint::viewpoint;
use self::vocabulary::is_stop;
pub(super) use self::vocabulary::{is_machine, is_traffic_verb};
use super::{
    arrow::Endpoints,
    cell, loopback,
    names::Names,
    permission::{self, Permission},
    text::{fold, regex, unbracket},
};
use crate::transport::Transport;

/// What a section's heading says of the rows below it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Section {
    pub(super) transport: Option<Transport>,
    pub(super) role: Option<String>,
    /// The rows describe traffic among the machines of `role`: "Between cluster nodes".
    pub(super) is_within_role: bool,
    /// Source and destination: "Ports used for node to control plane communication".
    pub(super) endpoints: Option<Endpoints>,
    pub(super) permission: Option<Permission>,
    pub(super) is_loopback: bool,
}

/// `Ports by node`, `Ports per component`: how they are sorted, and whose they are not. `Ports used by nginx` are its own.
static GROUPING: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?P<before>[\w)]+),? (?:by|per) (?P<group>[a-z][a-z-]*[a-rt-z])(?: (?:type|role|name|group))?$",
    )
});

fn without_grouping(heading: &str) -> &str {
    GROUPING
        .captures(heading)
        .and_then(|found| found.name("before"))
        .filter(|before| {
            let lower = before.as_str().to_lowercase();
            !lower.ends_with("ed") && !matches!(lower.as_str(), "open" | "use" | "run")
        })
        .and_then(|before| heading.get(..before.end()))
        .unwrap_or(heading)
}

/// The number of a figure, a table or a section: `Table 3.`, `Figure 2-1:`, `A.1`; the `S3` of a gateway is none.
static NUMBERED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:(?:table|figure|listing|appendix)\s+[a-z]?\d+(?:[.-]\d+)*[.:)]?|\d+(?:[.-]\d+)*[.:)]?|[a-z]\d*(?:[.-]\d+)+[.:)]?|[a-z]\d+[.:)])\s+",
    )
});

/// Reads a section's heading; `names` are what the page's tables name as machines.
pub(super) fn section(heading: &str, names: &Names) -> Section {
    let heading = &*NUMBERED.replace(heading, "");
    let (outside, _) = unbracket(heading);
    // `Relay tunnels — inbound lives on the relay`: what stands behind the dash is a sentence on it.
    let outside = [" — ", " – "]
        .iter()
        .find_map(|dash| outside.split_once(dash))
        .filter(|(title, rest)| {
            !title.is_empty() && LEAST_WORDS_OF_SENTENCE <= rest.split(' ').count()
        })
        .map_or_else(|| outside.clone(), |(title, _)| title.to_owned());
    let outside = without_condition(&outside);
    let outside = without_grouping(&outside);
    let lower: Vec<String> = outside.split(' ').map(plain).collect();
    let mut stated = lower.iter().filter_map(|word| cell::stated(word));
    let transport = stated
        .next()
        .filter(|first| stated.all(|other| other == *first))
        .filter(|_| {
            lower
                .iter()
                .all(|word| cell::stated(word).is_some() || is_stop(word))
        });
    let is_within_role = lower
        .iter()
        .any(|word| matches!(word.as_str(), "between" | "among"));
    // "Store nodes access to each other".
    let is_mutual = lower.windows(2).any(|pair| {
        matches!(pair, [first, second] if matches!((first.as_str(), second.as_str()), ("each", "other") | ("one", "another")))
    });
    let mut runs = noun_phrases(outside, names)
        .into_iter()
        .filter(|run| names_machines(run, names));
    let first = runs.next();
    let role = first.filter(|_| runs.next().is_none()).map(|name| {
        // A heading capitalises every word; after "between" the machines are written as inside a sentence, in lower case.
        if is_within_role {
            name.to_lowercase()
        } else {
            name
        }
    });
    // "Between agents and the Core": one of the two is not among itself.
    let names_two = lower
        .iter()
        .position(|word| word == "between")
        .and_then(|at| lower.get(at + 1..))
        .is_some_and(|behind| behind.iter().any(|word| word == "and"));
    let role = role
        .filter(|role| !names_two || role.contains(" and "))
        .and_then(|role| with_participle(role, outside));
    let endpoints = endpoints(outside, names);
    // `Client Network`: the machine tells which network, and the ports are those of whoever is in it.
    let role = role.filter(|_| {
        !matches!(
            lower.as_slice(),
            [_, .., last] if matches!(last.as_str(), "network" | "networks" | "subnet" | "vlan")
        )
    });
    // `Rules for a Store node with its agent and exporter`: with what a machine is, is none of its name.
    let before_with = || {
        let (before, _) = outside.split_once(" with ")?;
        let mut runs = noun_phrases(before, names)
            .into_iter()
            .filter(|run| names_machines(run, names));
        let first = runs.next()?;
        runs.next().is_none().then_some(first)
    };
    let role = machine_with(outside)
        .or(role)
        .or_else(before_with)
        .or_else(|| viewpoint(heading, names))
        .or_else(|| owner(heading, names))
        .or_else(|| owner_of_ports(heading, names));
    Section {
        transport,
        is_within_role: (is_within_role || is_mutual) && role.is_some() && endpoints.is_none(),
        role: role.filter(|_| endpoints.is_none()),
        endpoints,
        permission: permission::of_heading(heading),
        is_loopback: loopback::is_meant(heading),
    }
}

/// A heading without the clause that says when: `Ports of the Store when it is set for the edge node`.
fn without_condition(heading: &str) -> String {
    let end = [" when ", " if ", " unless "]
        .iter()
        .filter_map(|word| heading.find(word))
        .min();
    end.and_then(|end| heading.get(..end))
        .unwrap_or(heading)
        .to_owned()
}

/// A role with what a participle says of it, which tells it from others: `Machines Running the Agent`.
fn with_participle(role: String, heading: &str) -> Option<String> {
    let Some((_, rest)) = heading.split_once(&role) else {
        return Some(role);
    };
    let is_participle = rest.split_whitespace().next().is_some_and(|next| {
        matches!(
            next.to_lowercase().as_str(),
            "running" | "hosting" | "using" | "serving"
        )
    });
    if !is_participle {
        return Some(role);
    }
    let whole = format!("{role} {}", rest.trim());
    (whole.split(' ').count() <= MOST_ROLE_WORDS).then_some(whole)
}

/// A longer role is a description.
const MOST_ROLE_WORDS: usize = 5;

/// The words of a heading, each with whether it is no part of a name. A word of a name that the page uses is a part of it,
/// whatever else it means: `Outbound from Access Gateway`.
fn marked_words<'a>(heading: &'a str, names: &Names) -> Vec<(&'a str, bool)> {
    let words: Vec<&str> = heading.split(' ').collect();
    // `Access Gateways`: before a kind of machine it begins a name.
    let begins_name = |at: usize| {
        words.get(at).is_some_and(|word| {
            matches!(
                *word,
                "Access"
                    | "Connection"
                    | "Communication"
                    | "Security"
                    | "Configuration"
                    | "Traffic"
                    | "Protocol"
                    | "Flow"
                    | "Rule"
            )
        }) && words
            .get(at + 1)
            .is_some_and(|next| next.starts_with(char::is_uppercase) && is_machine(&plain(next)))
    };
    let mut marked: Vec<(&str, bool)> = words
        .iter()
        .enumerate()
        .map(|(at, word)| (*word, is_stop(&plain(word)) && !begins_name(at)))
        .collect();
    for start in 0..words.len() {
        let known = (start + 2..=words.len().min(start + MOST_NAME_WORDS + 1))
            .rev()
            .find(|end| {
                let text = words.get(start..*end).unwrap_or_default().join(" ");
                let name = text.trim_end_matches([':', ',', '.']);
                names.contains(name) && !is_stop_before_name(words.get(start).unwrap_or(&""))
            });
        for (_, is_stop) in marked.iter_mut().take(known.unwrap_or(start)).skip(start) {
            *is_stop = false;
        }
    }
    marked
}

/// Whether a word, in lower case, is no part of a machine's name.
pub(super) fn is_stop_word(lower: &str) -> bool {
    is_stop(lower)
}

/// Whether a word before a name is none of it, though `Names` passes over it.
fn is_stop_before_name(word: &str) -> bool {
    matches!(word.to_lowercase().as_str(), "the" | "a" | "an")
}

/// The runs of words of a heading that can be nouns: those between words about ports, prepositions and verbs.
fn noun_phrases(heading: &str, names: &Names) -> Vec<String> {
    let mut runs: Vec<Vec<&str>> = vec![Vec::new()];
    for (word, is_stop) in marked_words(heading, names) {
        if is_stop {
            // "All server ports": all ports of the server.
            if let Some(run) = runs.last_mut()
                && matches!(plain(word).as_str(), "port" | "ports")
                && run
                    .first()
                    .is_some_and(|first| first.eq_ignore_ascii_case("all"))
            {
                run.remove(0);
            }
            runs.push(Vec::new());
        } else if let Some(run) = runs.last_mut() {
            run.push(word.trim_matches([':', '*', '.', ',', '"']));
        }
        // A comma or a colon ends a phrase.
        if word.ends_with([',', ':', ';']) {
            runs.push(Vec::new());
        }
    }
    // `Firewall and proxy settings`: what is joined to a word that names nobody names nobody, either.
    let is_half = |run: &Vec<&str>| matches!(run.as_slice(), ["and" | "or" | "&", word] if word.starts_with(char::is_lowercase));
    // Of `monitored desktop machines and file servers` each part is a name.
    let is_name = |run: &Vec<&str>| {
        run.split(|word| matches!(*word, "and" | "&"))
            .all(|part| part.len() <= MOST_NAME_WORDS)
    };
    runs.iter()
        .filter(|run| !run.is_empty() && is_name(run) && !is_half(run))
        .map(|run| fold(&run.join(" ")))
        .collect()
}

/// So many words behind the dash of a heading are a sentence on its subject.
const LEAST_WORDS_OF_SENTENCE: usize = 4;

/// A text of more words is no name of machines.
const MOST_NAME_WORDS: usize = 4;

/// Whether a noun phrase names machines: its last word is a kind of machine, or the page's tables name it as one, and none
/// of its words says what to do.
pub(super) fn names_machines(phrase: &str, names: &Names) -> bool {
    // `Core Master and UI`: what is joined to a machine is one, too.
    let mut parts = phrase.split(" and ").flat_map(|part| part.split(" & "));
    let is_kind = |part: &str| {
        let last = part.split(' ').next_back().unwrap_or_default();
        // `Ledger listeners` are its ports.
        let is_machine = is_machine(&plain(last)) && plain(last) != "listeners";
        is_machine || is_role(part) || is_network_interface(part)
    };
    names.contains(phrase)
        || is_security_group(phrase)
        || parts.any(is_kind)
            && !marked_words(phrase, names)
                .iter()
                .any(|(_, is_stop)| *is_stop)
}

/// Whether a phrase names the machines to which the rules of a cloud's firewall apply: `Store security group`.
pub(super) fn is_security_group(phrase: &str) -> bool {
    let words: Vec<String> = phrase.split(' ').map(plain).collect();
    matches!(words.as_slice(), [_, .., security, group]
        if security == "security" && matches!(group.as_str(), "group" | "groups"))
}

/// Whether a heading has a word that is not about ports in general: `Network ports` and `Inbound` have none.
pub(super) fn is_about_more_than_ports(heading: &str) -> bool {
    let (outside, _) = unbracket(&NUMBERED.replace(heading, ""));
    outside
        .split(' ')
        .map(plain)
        .any(|word| !word.is_empty() && !is_stop(&word))
}

/// Whether a heading speaks of a kind of machine or of what runs there: `Ledger server and its parts`, and not `External connectivity`.
pub fn speaks_of_machine(heading: &str) -> bool {
    heading
        .split(' ')
        .map(plain)
        .any(|word| is_machine(&word) || super::prose::is_software(&word))
}

/// Whether the words of a heading are of directions and ports and nothing else: `In- & outbound`.
pub(super) fn is_about_ports_alone(heading: &str) -> bool {
    heading
        .split(|c: char| !c.is_alphanumeric())
        .map(str::to_lowercase)
        .all(|word| {
            word.is_empty()
                || is_stop(&word)
                || matches!(
                    word.as_str(),
                    "out" | "and" | "both" | "bidirectional" | "all"
                )
        })
}

/// Whether a name is a word for any machine, which tells it from no other.
pub(super) fn is_general(name: &str) -> bool {
    let lower = name.to_lowercase();
    matches!(
        lower.strip_suffix('s').unwrap_or(&lower),
        "server"
            | "host"
            | "system"
            | "machine"
            | "node"
            | "appliance"
            | "device"
            | "instance"
            | "computer"
    )
}

/// Whether a text can be a noun: a name of the page, or a few words of which none is a verb, a preposition or a word about
/// ports.
pub(super) fn is_noun_phrase(text: &str, names: &Names) -> bool {
    names.contains(text)
        || text.split(' ').count() <= MOST_NAME_WORDS + 1
            && text.contains(char::is_alphabetic)
            && marked_words(text, names).iter().all(|(word, is_stop)| {
                !is_stop || matches!(plain(word).as_str(), "the" | "of" | "and")
            })
}

/// The machines that a heading names and nothing else, such as `Web nodes` or `Store`; `None` for a heading about something
/// else, such as `Network requirements` or `Before you begin`.
pub(super) fn machines(heading: &str, names: &Names) -> Option<String> {
    let (outside, _) = unbracket(&NUMBERED.replace(heading, ""));
    let runs = noun_phrases(&outside, names);
    if let [only] = runs.as_slice()
        && marked_words(&outside, names)
            .iter()
            .all(|(_, is_stop)| !is_stop)
    {
        return Some(only.clone());
    }
    let mut machines = runs.into_iter().filter(|run| names_machines(run, names));
    let first = machines.next()?;
    machines.next().is_none().then_some(first)
}

/// The program that a title names and nothing else, so that the ports below are its own: `Relay Component`, `Web Interface`. One
/// of many, such as `Services`, and a kind alone, such as `Console`, are none.
pub(super) fn software(title: &str, names: &Names) -> Option<String> {
    let name = machines(title.trim_end_matches(':'), names)?;
    let words: Vec<String> = name.split(' ').map(plain).collect();
    let (last, before) = words.split_last()?;
    let says_which = before.iter().any(|word| {
        !matches!(
            word.as_str(),
            "other" | "common" | "external" | "internal" | "additional" | "main" | "all" | "any"
        )
    });
    (says_which
        && super::prose::is_software(last)
        && !last.ends_with('s')
        && name.starts_with(char::is_uppercase)
        && name == title.trim_end_matches(':'))
    .then_some(name)
}

/// The one noun phrase of a heading, and the form of the words around it: `Broker` and `_ outbound` for `Broker (outbound)`.
pub(super) fn form(heading: &str, names: &Names) -> Option<(String, String)> {
    let (outside, inside) = unbracket(&NUMBERED.replace(heading, ""));
    let runs = noun_phrases(&outside, names);
    let [only] = runs.as_slice() else {
        return None;
    };
    let before = outside.starts_with(only.as_str());
    let around: Vec<String> = marked_words(&outside, names)
        .iter()
        .filter(|(_, is_stop)| *is_stop)
        .map(|(word, _)| plain(word))
        .chain(
            inside
                .iter()
                .filter(|part| cell::direction(part).is_some())
                .cloned(),
        )
        .collect();
    let around = around.join(" ");
    let form = if around.is_empty() {
        around
    } else {
        format!("{} {around}", if before { "_" } else { "" })
    };
    Some((only.clone(), form))
}

/// The machines whose ports the title of a group of rows announces: `Shop Mailbox Ports`.
pub(super) fn machines_of_ports(title: &str, names: &Names) -> Option<String> {
    if let Some(machines) = machines(title, names) {
        return Some(machines);
    }
    let (outside, _) = unbracket(&NUMBERED.replace(title, ""));
    let runs = noun_phrases(&outside, names);
    let [only] = runs.as_slice() else {
        return None;
    };
    let is_about_ports = outside
        .split(' ')
        .map(plain)
        .filter(|word| is_stop(word))
        .all(|word| matches!(word.as_str(), "port" | "ports"));
    (is_about_ports && only.contains(' ')).then(|| only.clone())
}

fn plain(word: &str) -> String {
    word.trim_matches([':', '*', '.', ',', '"', '\''])
        .to_lowercase()
}

#[cfg(test)]
mod tests;
