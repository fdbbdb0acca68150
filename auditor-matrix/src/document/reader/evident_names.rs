//! Names of machines that a page's text gives away by their place: what `from` and `to`, arrows, labels and headings name again
//! and again are machines, whatever words they consist of.

use std::collections::{BTreeMap, BTreeSet};

use crate::document::{
    application_protocol,
    block::{Block, Content},
    cell, endpoints,
    names::Names,
    port_table::spoken_places,
    row::Direction,
    section,
    table_rows::TableRows,
    text::{fold, unbracket},
};

/// Adds to the names of the tables what recurs in the text at the place of an end.
pub(super) fn add(blocks: &[Block], names: &mut Names) {
    let mut found = Found::default();
    let mut headings: Vec<(u8, &str)> = Vec::new();
    for block in blocks {
        match &block.content {
            Content::Heading { level, text } => {
                headings.push((*level, text));
                found.of_pair(text);
            }
            Content::Text(text) | Content::Item { text, .. } => found.of_text(text),
            Content::Table(rows) if rows.too_many_columns().is_none() => {
                for row in rows.iter().take(MOST_ROWS) {
                    // `Edge to Core: requests`
                    let pairs = row.cells.iter().filter_map(|cell| cell.split_once(": "));
                    pairs.for_each(|(pair, _)| found.of_pair(pair));
                }
                found.of_purposes(rows);
            }
            Content::Table(_)
            | Content::Code { .. }
            | Content::Alternative(_)
            | Content::Condition(_)
            | Content::EndAlternative
            | Content::Unread { .. }
            | Content::Caption(_)
            | Content::Title(_) => {}
        }
    }
    // `Acme` beside `Acme server` is the product.
    let products: BTreeSet<String> = found
        .counts
        .keys()
        .filter_map(|key| key.split_once(' '))
        .map(|(first, _)| first.to_owned())
        .collect();
    let recurring = found
        .counts
        .into_iter()
        .filter(|(key, (name, n))| 1 < *n && !is_no_machine(name) && !products.contains(key))
        .map(|(_, (name, _))| name)
        .filter(|name| !names.is_prefix(name));
    let recurring: Vec<String> = recurring.collect();
    for name in recurring {
        names.add(&name);
    }
    add_siblings(&headings, blocks, names);
    add_both_ways(blocks, names);
}

/// What has ports that come in and ports that go out, each under a title of its own, is a machine, whatever it is called: `Acme inbound
/// ports` and `Acme outbound ports`.
fn add_both_ways(blocks: &[Block], names: &mut Names) {
    let mut found: BTreeMap<String, (String, bool, bool)> = BTreeMap::new();
    for block in blocks {
        let (Content::Heading { text, .. }
        | Content::Text(text)
        | Content::Caption(text)
        | Content::Title(text)) = &block.content
        else {
            continue;
        };
        let title = text.lines().next().unwrap_or_default();
        let direction =
            cell::direction(title).filter(|_| title.split(' ').count() <= MOST_WORDS_OF_TITLE);
        let Some(direction) = direction else { continue };
        let Some((name, form)) = section::form(title, names) else {
            continue;
        };
        // `Inbound from Edge` names the other end.
        if form.contains("from") || form.contains(" to") || form.starts_with("to") {
            continue;
        }
        let entry = found
            .entry(name.to_lowercase())
            .or_insert((name, false, false));
        entry.1 |= direction == Direction::Inbound;
        entry.2 |= direction == Direction::Outbound;
        // A variable of a template names a machine where its traffic goes one way.
        let is_variable =
            entry.0.starts_with('{') && entry.0.ends_with('}') && !entry.0.contains(' ');
        entry.1 |= is_variable;
        entry.2 |= is_variable;
    }
    for (name, is_asked, asks) in found.into_values() {
        if is_asked
            && asks
            && name.starts_with(|c: char| c.is_uppercase() || c == '{')
            && !is_no_machine(&name)
        {
            names.add(&name);
        }
    }
}

/// A title has no more words.
const MOST_WORDS_OF_TITLE: usize = 6;

/// Names that recur and are what machines run on or speak, and none of them.
fn is_no_machine(name: &str) -> bool {
    let lower = name.to_lowercase();
    let words: Vec<&str> = lower.split([' ', '-', '/']).collect();
    words.iter().all(|word| {
        application_protocol::transports(word).is_some()
            || application_protocol::is_only_spoken(word)
    }) || words.last().is_some_and(|last| {
        matches!(
            *last,
            "linux"
                | "windows"
                | "ubuntu"
                | "debian"
                | "rhel"
                | "centos"
                | "fedora"
                | "docker"
                | "kubernetes"
                | "aws"
                | "azure"
                | "port"
                | "ports"
                | "note"
                | "version"
                | "step"
                | "default"
                | "api"
                | "cli"
                | "ssl"
                | "tls"
                | "ip"
                | "dns"
                | "vpn"
                | "lan"
                | "wan"
        )
    })
}

/// Headings of one level and one form, such as `Broker (outbound)` and `Admin PC (outbound)`, name things of one kind: if
/// most of them are known for machines, all are.
fn add_siblings(headings: &[(u8, &str)], blocks: &[Block], names: &mut Names) {
    let mut families: BTreeMap<(usize, u8, String), Vec<String>> = BTreeMap::new();
    for (at, (level, text)) in headings.iter().enumerate() {
        let parent = headings
            .get(..at)
            .unwrap_or_default()
            .iter()
            .rposition(|(above, _)| above < level)
            .map_or(0, |parent| parent + 1);
        if let Some((name, form)) = section::form(text, names) {
            families
                .entry((parent, *level, form))
                .or_default()
                .push(name);
        }
    }
    let mut n_sought = 0;
    for ((_, _, form), members) in families {
        let n_known = members
            .iter()
            .filter(|name| section::names_machines(name, names))
            .count();
        // A heading that is a name and nothing else may be a topic, unless the text speaks of it as of a thing.
        let is_thing = |name: &String| {
            section::names_machines(name, names)
                || blocks.iter().any(|block| speaks_of(block, name))
        };
        let mut are_things = || {
            n_sought += members.len();
            n_sought <= MOST_SOUGHT && members.iter().all(is_thing)
        };
        let is_certain = !form.is_empty() || n_known == 1 && 1 < members.len() && are_things();
        let least = if is_certain { 1 } else { 2 };
        if 1 < members.len() && least <= n_known && members.len() <= 2 * n_known {
            for name in &members {
                names.add(name);
            }
        }
    }
}

/// So many names are sought in the text, which bounds the work for a page of nothing but headings.
const MOST_SOUGHT: usize = 64;

/// Whether a text has an article before a name, as names of things have and topics have not: `between tills and the Ledger`.
fn speaks_of(block: &Block, name: &str) -> bool {
    let has = |text: &str| {
        ["the ", "The ", "a ", "an "].iter().any(|article| {
            text.match_indices(&format!("{article}{name}"))
                .any(|(at, found)| {
                    let behind = text.get(at + found.len()..).unwrap_or_default();
                    !behind.starts_with(char::is_alphanumeric)
                })
        })
    };
    match &block.content {
        Content::Text(text) | Content::Item { text, .. } => has(text),
        Content::Table(rows) if rows.too_many_columns().is_none() => rows
            .iter()
            .take(MOST_ROWS)
            .any(|row| row.cells.iter().any(|cell| has(cell))),
        Content::Heading { .. }
        | Content::Table(_)
        | Content::Code { .. }
        | Content::Alternative(_)
        | Content::Condition(_)
        | Content::EndAlternative
        | Content::Unread { .. }
        | Content::Caption(_)
        | Content::Title(_) => false,
    }
}

/// The names at places of ends, by their words in lower case and in the singular, with how often they stand there.
#[derive(Default)]
struct Found {
    counts: BTreeMap<String, (String, usize)>,
}

impl Found {
    fn add(&mut self, name: &str) {
        let name = fold(name.trim_end_matches([',', '.', ';', ':', ')']));
        let (outside, _) = unbracket(&name);
        let key = outside.to_lowercase();
        let key = key.strip_suffix('s').unwrap_or(&key).to_owned();
        let none = Names::default();
        let is_name =
            section::is_noun_phrase(&outside, &none) || section::names_machines(&outside, &none);
        if MOST_FOUND <= self.counts.len() || !is_name {
            return;
        }
        let entry = self.counts.entry(key).or_insert((name, 0));
        entry.1 += 1;
    }

    /// `Edge to Core`, `Edge -> Core`, and nothing else.
    fn of_pair(&mut self, text: &str) {
        if let Some(ends) = endpoints::arrow(text).or_else(|| endpoints::pair(text)) {
            for end in [ends.source, ends.destination] {
                self.add(&end);
            }
        }
    }

    /// `Gate to Store`, `Orders to Gate from Till`, `Serving port of Gate` beside ports.
    fn of_purposes(&mut self, rows: &TableRows) {
        let mut places: Vec<(String, bool)> = Vec::new();
        for row in rows.iter().take(MOST_ROWS) {
            let starts = |cell: &String| cell.starts_with(|c: char| c.is_ascii_digit());
            if row.cells.iter().any(starts) {
                places.extend(row.cells.iter().flat_map(|cell| spoken_places(cell)));
            }
        }
        let certain: BTreeSet<String> = places
            .iter()
            .filter(|(_, may_be_sent)| !may_be_sent)
            .map(|(name, _)| name.to_lowercase())
            .collect();
        for (name, may_be_sent) in places {
            let is_name = name.starts_with(char::is_uppercase);
            if is_name && (!may_be_sent || certain.contains(&name.to_lowercase())) {
                self.add(&name);
            }
        }
    }

    fn of_text(&mut self, text: &str) {
        let speaks = text.contains(|c: char| c.is_ascii_digit())
            || text.ends_with(':') && text.to_lowercase().contains("port");
        if !speaks || MOST_LENGTH < text.len() {
            return;
        }
        let words: Vec<&str> = text.split_whitespace().collect();
        for (at, word) in words.iter().enumerate() {
            if matches!(
                *word,
                "from" | "to" | "by" | "on" | "between" | "and" | "with"
            ) {
                self.add_run(words.get(at + 1..).unwrap_or_default());
            }
            let is_start = at
                .checked_sub(1)
                .and_then(|before| words.get(before))
                .is_none_or(|before| before.ends_with(['.', ';', ':', ',']));
            if is_start {
                self.add_subject(words.get(at..).unwrap_or_default());
            }
        }
    }

    /// The capitalised name that stands here, up to a mark, a number or a word that belongs to no name.
    fn add_run(&mut self, words: &[&str]) {
        if let Some(run) = run(words) {
            self.add(&run.join(" "));
        }
    }

    /// The name before a verb of traffic or before the colon of a label: `Gateway listens on`, `Gateway: inbound`.
    fn add_subject(&mut self, words: &[&str]) {
        let Some(run) = run(words) else { return };
        let next = words
            .get(run.len() + usize::from(words.first().is_some_and(|word| is_article(word))))
            .map(|word| word.to_lowercase());
        let is_label = run.last().is_some_and(|last| last.ends_with(':'))
            && next.as_deref().is_some_and(|next| {
                matches!(
                    next,
                    "inbound" | "outbound" | "incoming" | "outgoing" | "listens" | "accepts"
                )
            });
        let is_doer = next.as_deref().is_some_and(|next| {
            matches!(
                next,
                "connects"
                    | "connect"
                    | "listens"
                    | "listen"
                    | "communicates"
                    | "communicate"
                    | "accepts"
                    | "accept"
                    | "sends"
                    | "send"
                    | "needs"
                    | "need"
                    | "must"
                    | "\u{2192}"
                    | "->"
                    | "=>"
                    | "-->"
            )
        }) && !run
            .last()
            .is_some_and(|last| last.ends_with([':', ',', '.']));
        if is_label || is_doer {
            self.add(&run.join(" "));
        }
    }
}

/// The words of the name that begins here, without an article; `None` where no name with a capital letter does.
fn run<'a>(words: &[&'a str]) -> Option<Vec<&'a str>> {
    let words = words
        .first()
        .filter(|first| is_article(first))
        .map_or(words, |_| words.get(1..).unwrap_or_default());
    let starts = words
        .first()
        .is_some_and(|first| first.starts_with(char::is_uppercase));
    if !starts {
        return None;
    }
    let mut run = Vec::new();
    for word in words.iter().take(MOST_WORDS) {
        let bare = word.trim_end_matches([',', '.', ';', ':', ')']);
        let is_word = bare
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '/'))
            && bare.starts_with(char::is_alphabetic);
        let is_part = is_word
            && (run.is_empty()
                || bare.starts_with(char::is_uppercase)
                || section::is_noun_phrase(bare, &Names::default()))
            && !matches!(bare, "TCP" | "UDP" | "SCTP" | "ICMP" | "HTTP" | "HTTPS")
            && !section::is_traffic_verb(bare);
        if !is_part {
            break;
        }
        run.push(*word);
        if bare.len() < word.len() {
            return Some(run);
        }
    }
    // `Acme One Publisher`: what goes on behind a word that is no noun is cut off.
    let goes_on = words
        .get(run.len()..)
        .and_then(|rest| rest.iter().take(2).find(|word| !is_article(word)))
        .is_some_and(|next| matches!(*next, "One" | "Two") || run.len() == MOST_WORDS);
    (!goes_on && !run.is_empty()).then_some(run)
}

fn is_article(word: &str) -> bool {
    matches!(word, "the" | "The" | "a" | "an" | "A" | "An")
}

/// A name of more words is a description.
const MOST_WORDS: usize = 5;

/// So many rows of a table show what its cells name.
const MOST_ROWS: usize = 512;

/// A longer text is none that lists ports.
const MOST_LENGTH: usize = 4000;

/// It bounds the memory for a page without end.
const MOST_FOUND: usize = 1 << 14;
