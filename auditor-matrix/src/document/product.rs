//! The product that a page is about: whose ports it tells, where it says so by the product's name and not by a machine's.
//!
//! `Ports used by Ledger`, `Ledger listens on ...`, `Ledger default ports`: the page's own sentences and headings say who has the
//! ports. A name counts where the page uses it as one, with a capital letter inside of a sentence or inside of the word.

mod place;
mod topic;

use std::collections::{BTreeMap, BTreeSet};

use self::place::Place;
use super::{
    application_protocol,
    block::{Block, Content},
    cell,
    names::Names,
    prose::{is_platform, is_software},
    section::{self, is_machine, is_stop_word},
    text::{fold, sentences, unbracket},
};

/// The product whose ports a page tells; `None` where it names none, or several that are as likely.
///
/// `address` is where the page was found, whose words support a name that the page has, too.
pub(super) fn product(blocks: &[Block], address: &str) -> Option<String> {
    let mut candidates: BTreeMap<String, Candidate> = BTreeMap::new();
    let texts = || blocks.iter().filter_map(text_of).take(MOST_TEXTS);
    let mut common = BTreeSet::new();
    for (text, _) in texts() {
        for sentence in sentences(text) {
            add_names(sentence, &mut candidates);
        }
        let words = text.split(' ').filter(|word| !word.contains('`')).map(bare);
        common.extend(words.filter(|word| word.starts_with(char::is_lowercase)));
    }
    // A name is never written without its capital letter: what is, is a word of the language, unless hosts and files are called so.
    let labels = topic::labels(blocks);
    candidates.retain(|name, _| {
        let is_abbreviation = !name.contains(char::is_lowercase);
        // `Ledger2` is no word of the language, however it is written.
        let lower = name.to_lowercase();
        is_spelled_as_name(name)
            || name.contains(|c: char| c.is_ascii_digit())
            || is_abbreviation
            || !common.contains(&*lower)
            || labels.contains(&lower)
    });
    let mut n_headings = 0;
    for (text, kind) in texts() {
        // What comes first on a page tells what it is about, as does the title of its window.
        let is_title = kind == Kind::Title || kind == Kind::Heading && n_headings == 0;
        let is_heading = kind != Kind::Prose;
        n_headings += usize::from(kind == Kind::Heading);
        for sentence in sentences(text) {
            for (name, candidate) in &mut candidates {
                for place in Place::all(sentence, name) {
                    candidate.said += place.weight(is_heading);
                    candidate.is_told |= matches!(place, Place::IsTold);
                    candidate.in_title += usize::from(is_title);
                }
                candidate.has_section |= is_heading && !is_title && sentence == name;
            }
        }
    }
    // A variable that is called so stands for the product, however seldom.
    let mut variables = candidates
        .keys()
        .filter(|name| name.starts_with('{') && name.to_lowercase().contains("product"));
    if let (Some(only), None) = (variables.next(), variables.next()) {
        return Some(only.clone());
    }
    // `${ledger}` is named by its variable, as `{ledger}` is.
    let chosen = chosen(&candidates).map(|name| name.trim_start_matches('$').to_owned());
    let is_told = chosen.as_ref().is_some_and(|name| {
        let said = candidates.get(name);
        said.is_none_or(|said| said.is_told || 0 < said.in_title)
    });
    if is_told {
        return chosen;
    }
    let topic = topic::topic(blocks, candidates.into_keys(), address);
    // What is named by the way is no product of a page that speaks of another all the time: `I2PTunnel` and `I2P`.
    match (chosen, topic) {
        (Some(chosen), Some(topic)) if topic::is_rather(blocks, &topic, &chosen) => Some(topic),
        (Some(chosen), _) => Some(chosen),
        (None, topic) => topic,
    }
}

/// The machines whose ports a page tells, as one of its sentences says it: `Certain ports on your tills must be open`. `None` where it
/// says so of several.
pub(super) fn machines_told(blocks: &[Block], names: &Names) -> Option<String> {
    let told: BTreeSet<String> = blocks
        .iter()
        .filter_map(text_of)
        .filter(|(_, kind)| *kind == Kind::Prose)
        .map(|(text, _)| text)
        .take(MOST_TEXTS)
        .flat_map(|text| sentences(text))
        .filter_map(|sentence| section::open_on(sentence, names))
        .collect();
    let mut told = told.into_iter();
    told.next().filter(|_| told.next().is_none())
}

/// What a page says of a name.
#[derive(Debug, Default)]
struct Candidate {
    /// How often it stands where only names have a capital letter.
    n_named: usize,
    /// How strongly the page says that it has ports.
    said: usize,
    /// How often the title has it.
    in_title: usize,
    /// Whether a sentence says that the page tells its ports.
    is_told: bool,
    /// Whether a section is about it alone, so that the page is about more.
    has_section: bool,
}

impl Candidate {
    /// A capital letter inside of a word is one of a name; that of a single sentence may be an accident.
    fn is_named(&self, name: &str) -> bool {
        1 < self.n_named
            || 0 < self.n_named
                && (is_spelled_as_name(name)
                    || is_joined_name(name) && 0 < self.in_title
                    || self.is_told && name.contains(' '))
    }

    const fn weight(&self) -> usize {
        let n_named = if self.n_named < MOST_NAMED {
            self.n_named
        } else {
            MOST_NAMED
        };
        let is_told = if self.is_told { IN_TITLE } else { 0 };
        self.said + self.in_title * IN_TITLE + is_told + n_named
    }
}

/// More mentions say nothing more.
const MOST_NAMED: usize = 4;

/// What the title names is most often the product.
const IN_TITLE: usize = 3;

/// The name of which the page says most clearly that it has ports.
fn chosen(candidates: &BTreeMap<String, Candidate>) -> Option<String> {
    let mut eligible: Vec<(&String, &Candidate)> = candidates
        .iter()
        .filter(|(name, candidate)| {
            // What much else runs on, and abbreviations, are products where the title says so.
            let is_evident = 0 < candidate.in_title
                || name.contains('{')
                || candidate.is_told && !carries_others(name)
                || !is_of_many(name)
                    && !candidate.has_section
                    && (LEAST_NAMED <= candidate.n_named
                        || 2 * LEAST_SAID <= candidate.said
                        || is_spelled_as_name(name));
            LEAST_SAID <= candidate.said && candidate.is_named(name) && is_evident
        })
        .collect();
    // A variable that stands for a name again and again stands for the product's.
    let is_variable =
        |name: &str, candidate: &Candidate| name.contains('{') && LEAST_NAMED <= candidate.n_named;
    eligible.sort_by_key(|(name, candidate)| {
        (
            !is_variable(name, candidate),
            std::cmp::Reverse(candidate.weight()),
            name.len(),
        )
    });
    let (mut name, best) = *eligible.first()?;
    // `Ledger` and `Ledger Server` are one product.
    let rival = eligible
        .iter()
        .skip(1)
        .find(|(other, _)| !is_part(name, other) && !is_part(other, name));
    // The whole name tells it better, where the page says as clearly that it has ports.
    let is_as_clear =
        |whole: &Candidate| best.said <= 2 * whole.said && best.n_named <= 2 * whole.n_named;
    let whole = eligible
        .iter()
        .filter(|(other, whole)| is_part(name, other) && is_as_clear(whole))
        .map(|(other, _)| *other)
        .next();
    name = whole.unwrap_or(name);
    rival
        .is_none_or(|(other, rival)| {
            rival.weight() + CLEARLY <= best.weight()
                || is_variable(name, best) && !is_variable(other, rival)
        })
        .then(|| name.clone())
}

/// A name that is in no clearer place is no product.
const LEAST_SAID: usize = 3;

/// A name that the title does not have is used so often.
const LEAST_NAMED: usize = 3;

/// A rival that is nearer is as likely.
const CLEARLY: usize = 2;

/// Whether a name is a part of another at its beginning or end: `Ledger` of `Ledger Server`.
fn is_part(part: &str, whole: &str) -> bool {
    whole
        .strip_prefix(part)
        .is_some_and(|rest| rest.starts_with(' '))
        || whole
            .strip_suffix(part)
            .is_some_and(|rest| rest.ends_with(' '))
}

/// Enough of a page to tell what it is about.
const MOST_TEXTS: usize = 2_000;

/// More names than a page about one product has; it bounds the time.
const MOST_CANDIDATES: usize = 64;

/// Where a text stands.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Kind {
    /// It is the page's own title, be it that of its window.
    Title,
    Heading,
    Prose,
}

/// The text of a block that is prose or a heading.
fn text_of(block: &Block) -> Option<(&str, Kind)> {
    match &block.content {
        Content::Title(text) => Some((text, Kind::Title)),
        Content::Heading { text, .. } => Some((text, Kind::Heading)),
        Content::Caption(text) | Content::Text(text) | Content::Item { text, .. } => {
            Some((text, Kind::Prose))
        }
        Content::Table(_)
        | Content::Code { .. }
        | Content::Alternative(_)
        | Content::Condition(_)
        | Content::EndAlternative
        | Content::Unread { .. } => None,
    }
}

/// Adds the names of a sentence: runs of words with capital letters that do not begin it, and words that are spelled as names.
fn add_names(sentence: &str, candidates: &mut BTreeMap<String, Candidate>) {
    let (outside, _) = unbracket(sentence);
    let words: Vec<&str> = outside.split(' ').collect();
    let n_capital = words.iter().filter(|word| is_capital(word)).count();
    // `Ports And Protocols`: where each word has a capital letter, it tells no names.
    let is_title_case = words.len() < 2 * n_capital + 1;
    let mut run: Vec<&str> = Vec::new();
    let mut runs: Vec<Vec<&str>> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let bare = bare(word);
        let is_evident = is_spelled_as_name(bare);
        // `Acme Ledger uses ...`: two words at the beginning are a name, of which the first alone is none.
        let begins_name = at == 0
            && words.get(1).is_some_and(|next| is_capital(next))
            && !word.ends_with([',', ':', ';', '.'])
            && !is_no_product(bare);
        let is_name = is_evident
            || is_capital(word) && (!run.is_empty() || (0 < at || begins_name) && !is_title_case);
        if is_name && !is_stop_word(&bare.to_lowercase()) {
            run.push(bare);
        } else {
            runs.push(std::mem::take(&mut run));
        }
        if word.ends_with([',', ':', ';', '.', ')']) {
            runs.push(std::mem::take(&mut run));
        }
    }
    runs.push(run);
    for run in runs {
        if run.is_empty()
            || MOST_NAME_WORDS < run.len()
            || run.iter().all(|word| is_no_product(word))
        {
            continue;
        }
        // `Ledger service`, `Web UI` are what a product offers.
        let is_offer = run
            .last()
            .is_some_and(|last| is_software(&last.to_lowercase()));
        if is_offer {
            continue;
        }
        let name = fold(&run.join(" "));
        if candidates.len() < MOST_CANDIDATES || candidates.contains_key(&name) {
            candidates.entry(name).or_default().n_named += 1;
        }
    }
}

/// More words are no name.
const MOST_NAME_WORDS: usize = 3;

/// A word without the marks around it; those of a possessive are none of it.
fn bare(word: &str) -> &str {
    let word = word.trim_matches(['`', '"', '\'', '*', ',', ':', ';', '.', '(', ')', '“', '”']);
    ["'s", "’s", "-specific", "-related", "-aware"]
        .iter()
        .find_map(|suffix| word.strip_suffix(suffix))
        .unwrap_or(word)
}

fn is_capital(word: &str) -> bool {
    word.trim_start_matches(['`', '"', '\'', '*', '(', '“'])
        .starts_with(char::is_uppercase)
}

/// Whether a word is spelled as only names are: with a capital letter inside, or as a variable of a template.
fn is_spelled_as_name(word: &str) -> bool {
    if word.trim_start_matches('$').starts_with('{') && word.ends_with('}') {
        return true;
    }
    if word.contains(' ') {
        return word.split(' ').any(is_spelled_as_name);
    }
    // `APIs` is several of what `API` shortens.
    let one = word.strip_suffix('s').unwrap_or(word);
    let mut letters = word.chars().filter(|c| c.is_alphabetic());
    letters.next().is_some()
        && one.contains(char::is_lowercase)
        && !word.contains(['/', '_', '.', '=', '-'])
        && one.chars().skip(1).any(char::is_uppercase)
}

/// Whether a word joins words with capital letters, as names do and words of the language only where each word has one: `Plug-N-Play`.
fn is_joined_name(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    1 < parts.len()
        && parts
            .iter()
            .all(|part| part.starts_with(char::is_uppercase))
}

/// Whether a word is the name of something that has no ports of its own: a protocol, a system that programs run on, a machine.
fn is_no_product(word: &str) -> bool {
    let lower = word.to_lowercase();
    let is_number = !word.contains(char::is_alphabetic);
    is_number
        || is_platform(&lower)
        || is_machine(&lower)
        || is_stop_word(&lower)
        || cell::stated(&lower).is_some()
        || application_protocol::is_only_spoken(word)
        || word.len() < LEAST_LETTERS
        || lower.starts_with("non-")
        // `SpawnPortRange` is a setting.
        || word.contains("Port")
        || matches!(
            lower.as_str(),
            "always" | "never" | "sometimes" | "usually" | "optional" | "required" | "mandatory"
                | "enabled" | "disabled" | "default" | "ipv4" | "ipv6" | "nodeport" | "vpn" | "lan" | "wan" | "vlan" | "dmz" | "nat"
        )
        || ["-based", "-only", "-side", "-like"]
            .iter()
            .any(|suffix| lower.ends_with(suffix))
}

/// Whether a name is one that pages of many products have: what these run on, and abbreviations.
fn is_of_many(name: &str) -> bool {
    let is_abbreviation = !name.contains(char::is_lowercase);
    is_abbreviation || carries_others(name)
}

/// Whether a name is that of what many products run on.
fn carries_others(name: &str) -> bool {
    name.split(' ').all(|word| {
        matches!(
            word.to_lowercase().as_str(),
            "docker" | "kubernetes" | "openshift" | "podman" | "helm" | "java" | "internet"
        )
    })
}

/// A shorter word is an abbreviation of anything.
const LEAST_LETTERS: usize = 3;
