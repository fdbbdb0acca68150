//! Names for rules and conditions that stay the same when a page is reordered.

use std::{
    collections::BTreeMap,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use super::rule::Rule;
use crate::role::Role;

/// Words that are left out of names.
const FILLER: [&str; 28] = [
    "a",
    "an",
    "the",
    "if",
    "is",
    "are",
    "be",
    "you",
    "your",
    "using",
    "used",
    "use",
    "only",
    "required",
    "mandatory",
    "when",
    "for",
    "to",
    "of",
    "in",
    "on",
    "needed",
    "with",
    "this",
    "these",
    "port",
    "ports",
    "must",
];

/// Lower-case words joined with dashes; at most `most` of them.
pub(super) fn slug(text: &str, most: usize) -> String {
    let mut words = Vec::new();
    for word in text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
    {
        words.push(word.to_lowercase());
        if words.len() == most {
            break;
        }
    }
    words.join("-")
}

/// A short stable name of a condition: what remains of its sentence without filler words.
pub(super) fn condition(sentence: &str) -> String {
    let sentence = without_conjunction(behind_if(sentence));
    // `With relay`, `On premises`: so short a name is none without its first word.
    let starts = sentence
        .split(' ')
        .next()
        .unwrap_or_default()
        .to_lowercase();
    if sentence.split(' ').count() <= 3
        && matches!(starts.as_str(), "with" | "without" | "on" | "in")
    {
        return slug(sentence, 4);
    }
    // `sign-on` is one word, whose second half fills nothing.
    let is_pronoun = |word: &&str| word.contains(['\'', '\u{2019}']);
    let words: Vec<String> = sentence
        .split(' ')
        // `you're`, `it's`
        .filter(|word| !is_pronoun(word) || word.ends_with("s'"))
        .flat_map(|word| word.split(|c: char| !c.is_alphanumeric() && c != '-'))
        .map(|word| word.trim_matches('-').to_lowercase())
        .filter(|word| !word.is_empty() && !FILLER.contains(&word.as_str()))
        .take(4)
        .collect();
    if words.is_empty() {
        slug(sentence, 4)
    } else {
        words.join("-")
    }
}

/// A clause without the words for `if` that it begins with: `in case mail is sent`, `where mail is sent`.
fn without_conjunction(clause: &str) -> &str {
    let starts = [
        "in case that ",
        "in case ",
        "provided that ",
        "where ",
        "while ",
        "as long as ",
    ];
    let start = starts.iter().find(|start| {
        let first = clause.get(..start.len());
        first.is_some_and(|first| first.eq_ignore_ascii_case(start))
    });
    start
        .and_then(|start| clause.get(start.len()..))
        .unwrap_or(clause)
}

/// What follows the `if` of a sentence that says before it no more than that something is needed: `This port is required only if`.
fn behind_if(sentence: &str) -> &str {
    let lower = sentence.to_ascii_lowercase();
    let Some((at, joint)) = [" if ", " when "]
        .iter()
        .filter_map(|joint| lower.find(joint).map(|at| (at, joint)))
        .min()
    else {
        return sentence;
    };
    let says_nothing = lower
        .get(..at)
        .unwrap_or_default()
        .split(|c: char| !c.is_alphanumeric())
        .all(|word| {
            word.is_empty()
                || FILLER.contains(&word)
                || matches!(
                    word,
                    "this"
                        | "these"
                        | "it"
                        | "port"
                        | "ports"
                        | "rule"
                        | "must"
                        | "open"
                        | "opened"
                        | "note"
                        | "necessary"
                        | "applies"
                )
        });
    let behind = sentence.get(at + joint.len()..).unwrap_or_default();
    let is_filler = |word: &str| FILLER.contains(&word.to_lowercase().as_str());
    if says_nothing && !behind.split(' ').all(is_filler) {
        behind
    } else {
        sentence
    }
}

/// Rules of which no two have the same content, without names yet.
#[derive(Default)]
pub(super) struct UniqueRules {
    rules: Vec<Rule>,
    /// The hash of a rule's content to the positions of the rules that have it.
    positions: BTreeMap<u64, Vec<usize>>,
}

impl UniqueRules {
    pub(super) const fn len(&self) -> usize {
        self.rules.len()
    }

    /// Adds a rule; if one with the same content is known, only the origin is added to that one.
    pub(super) fn push(&mut self, rule: Rule) {
        let mut hasher = DefaultHasher::new();
        content(&rule).hash(&mut hasher);
        let positions = self.positions.entry(hasher.finish()).or_default();
        let known = positions.iter().copied().find(|position| {
            self.rules
                .get(*position)
                .is_some_and(|known| content(known) == content(&rule))
        });
        let Some(known) = known.and_then(|position| self.rules.get_mut(position)) else {
            positions.push(self.rules.len());
            self.rules.push(rule);
            return;
        };
        if let (Some(all), Some(one)) = (&mut known.origin, rule.origin) {
            all.push_str(", ");
            all.push_str(&one);
        }
    }
}

/// A rule's content: all but its id, `within` and origin. Letter case counts here, unlike where roles are compared.
fn content(rule: &Rule) -> String {
    let Rule {
        id: _,
        client,
        server,
        transport,
        ports,
        alternatives,
        loopback,
        service,
        presence,
        within: _,
        when,
        note,
        origin: _,
    } = rule;
    format!(
        "{client:?}{server:?}{transport:?}{ports:?}{alternatives}{loopback}{service:?}{presence:?}{when:?}{note:?}"
    )
}

/// Names rules that have no name yet; of those with the same content, one is kept.
pub fn named(rules: Vec<Rule>) -> Vec<Rule> {
    let mut unique = UniqueRules::default();
    for rule in rules {
        unique.push(rule);
    }
    name_rules(unique)
}

/// Names every rule; rules whose short names are equal get longer ones.
pub(super) fn name_rules(rules: UniqueRules) -> Vec<Rule> {
    let mut unique = rules.rules;
    for length in [
        NameLength::Short,
        NameLength::Client,
        NameLength::Everything,
    ] {
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for rule in unique.iter_mut().filter(|rule| rule.id.is_empty()) {
            *names.entry(name(rule, length)).or_default() += 1;
        }
        for rule in unique.iter_mut().filter(|rule| rule.id.is_empty()) {
            let name = name(rule, length);
            if names.get(&name) == Some(&1) {
                rule.id = name;
            }
        }
    }
    // The remaining rules differ only in what no name contains, such as letter case or a note, so they are numbered.
    let mut n_used: BTreeMap<String, usize> = BTreeMap::new();
    for rule in unique.iter_mut().filter(|rule| rule.id.is_empty()) {
        let name = name(rule, NameLength::Everything);
        let n_same = n_used.entry(name.clone()).or_default();
        *n_same += 1;
        rule.id = format!("{name}-{n_same}");
    }
    unique
}

#[derive(Clone, Copy)]
enum NameLength {
    Short,
    Client,
    Everything,
}

fn name(rule: &Rule, length: NameLength) -> String {
    let join = |roles: &[Role]| {
        slug(
            &roles.iter().map(Role::name).collect::<Vec<_>>().join(" "),
            6,
        )
    };
    let service = rule.service.as_deref().unwrap_or_default();
    let service = slug(service.split(['(', ',']).next().unwrap_or_default(), 4);
    let mut parts = match length {
        NameLength::Short => vec![join(&rule.server), service],
        NameLength::Client => vec![
            join(&rule.client),
            "to".to_owned(),
            join(&rule.server),
            service,
        ],
        NameLength::Everything => vec![
            join(&rule.client),
            "to".to_owned(),
            join(&rule.server),
            service,
            rule.when.clone().unwrap_or_default(),
            rule.presence.name().to_owned(),
        ],
    };
    parts.push(slug(&rule.ports.to_string(), usize::MAX));
    parts.push(rule.transport.name().to_owned());
    parts.retain(|part| !part.is_empty());
    parts.join("-")
}

#[cfg(test)]
mod tests {
    use super::{condition, slug};

    #[test]
    fn names() {
        assert_eq!(
            condition("Required if rate limiting is used"),
            "rate-limiting"
        );
        assert_eq!(
            condition("Only if using externalised Nomad Servers"),
            "externalised-nomad-servers"
        );
        assert_eq!(condition("enterprise"), "enterprise");
        assert_eq!(condition("Only if required"), "only-if-required");
        assert_eq!(
            condition("This port is required only if mail export is enabled"),
            "mail-export-enabled"
        );
        assert_eq!(condition("Mail if it is sent"), "mail-it-sent");
        assert_eq!(slug("DC/OS Net (TCP)", 4), "dc-os-net-tcp");
    }
}
