//! What a page is about, where none of its sentences says whose the ports are: the name that its title has and its text uses, or the
//! one of which it speaks most by far.

use std::collections::{BTreeMap, BTreeSet};

use super::{Kind, MOST_TEXTS, bare, carries_others, is_no_product, is_part, text_of};
use crate::document::{
    block::{Block, Content},
    prose::is_software,
    text::sentences,
};

/// The name of what a page is about; `None` where it speaks of several as much, or of nothing by a name.
///
/// `named` are the names that its sentences have, as their capital letters tell.
pub(super) fn topic(
    blocks: &[Block],
    named: impl Iterator<Item = String>,
    address: &str,
) -> Option<String> {
    let sites = sites(blocks);
    let lower = lower_names(blocks);
    let rows = own_rows(blocks);
    let mut weights: BTreeMap<String, usize> = BTreeMap::new();
    for name in named.chain(sites.iter().cloned()).chain(lower) {
        // What has rows or sections of its own is one of the parts.
        let is_part_of_page = rows.contains(&name.to_lowercase());
        let is_none = carries_others(&name) || name.split(' ').all(is_no_product);
        if !is_part_of_page && !is_none {
            weights.entry(name).or_default();
        }
    }
    // What hosts and files are called is written without a capital letter, too.
    let labels = labels(blocks);
    let also = |name: &str| {
        let lower = name.to_lowercase();
        (lower != name && labels.contains(&lower)).then_some(lower)
    };
    let also: BTreeMap<String, String> = weights
        .keys()
        .filter_map(|name| Some((name.clone(), also(name)?)))
        .collect();
    let mut n_headings = 0;
    for (text, kind) in blocks.iter().filter_map(text_of).take(MOST_TEXTS) {
        let is_first = kind == Kind::Heading && n_headings == 0;
        n_headings += usize::from(kind == Kind::Heading);
        for sentence in sentences(text) {
            for (name, weight) in &mut weights {
                let lower = also.get(name).map_or(0, |lower| n_places(lower, sentence));
                let n = n_places(name, sentence) + lower;
                *weight += if is_first { n * IN_TITLE } else { n };
            }
        }
    }
    let mut in_cells: BTreeMap<&str, usize> = BTreeMap::new();
    for cell in cells(blocks).take(MOST_CELLS) {
        for name in weights.keys() {
            // What begins a cell has its capital letter from its place.
            let n = n_places(name, cell);
            let n = n.saturating_sub(usize::from(cell.starts_with(name.as_str())));
            *in_cells.entry(name.as_str()).or_default() += n;
        }
    }
    // Tables name much that a page is not about, such as whose services are used.
    let in_cells: BTreeMap<String, usize> = in_cells
        .into_iter()
        .map(|(name, n)| (name.to_owned(), n))
        .collect();
    for (name, weight) in &mut weights {
        let n = in_cells.get(name).copied().unwrap_or_default();
        *weight += n.min(*weight * MOST_IN_CELLS);
    }
    for (name, weight) in &mut weights {
        if 0 < *weight && is_in_address(name, address) {
            *weight += IN_TITLE;
        }
        // The site alone may be the vendor's, of whose products the page does not speak.
        if sites.contains(name) && 1 < *weight {
            *weight += IN_TITLE;
        }
    }
    let mut ranked: Vec<(String, usize)> = weights.into_iter().collect();
    ranked.sort_by_key(|(name, weight)| (std::cmp::Reverse(*weight), name.len()));
    let (best, weight) = ranked.first()?;
    let rival = ranked
        .iter()
        .skip(1)
        .find(|(other, _)| !is_part(best, other) && !is_part(other, best));
    let is_clear = rival.is_none_or(|(_, other)| BY_FAR * other <= *weight);
    (LEAST <= *weight && is_clear).then(|| best.clone())
}

/// Whether a page speaks of one name so much more often than of another that it is about the former.
pub(super) fn is_rather(blocks: &[Block], one: &str, other: &str) -> bool {
    let n = |name: &str| -> usize {
        let texts = blocks.iter().filter_map(text_of).take(MOST_TEXTS);
        texts.map(|(text, _)| n_places(name, text)).sum()
    };
    !is_part(one, other) && !is_part(other, one) && MUCH_MORE * n(other) <= n(one)
}

const MUCH_MORE: usize = 4;

/// A page speaks of what it is about at least so often.
const LEAST: usize = 4;

/// The title says it as clearly as so many other places.
const IN_TITLE: usize = 3;

/// A name counts in cells at most so many times as often as in the text.
const MOST_IN_CELLS: usize = 2;

/// It speaks of it so many times as often as of anything else.
const BY_FAR: usize = 2;

/// How often a text has a name as words of their own; `Ledger.web` speaks of `Ledger`.
fn n_places(name: &str, text: &str) -> usize {
    let is_place = |at: usize| {
        let before = text.get(..at).unwrap_or_default();
        let behind = text.get(at + name.len()..).unwrap_or_default();
        !before.ends_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '/' | '@'))
            && !behind.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '/'))
    };
    text.match_indices(name)
        .filter(|(at, _)| is_place(*at))
        .count()
}

/// What names the site in the titles of a page: `Acme Ledger` of `Ports | Acme Ledger documentation 3.2`.
fn sites(blocks: &[Block]) -> BTreeSet<String> {
    let titles = blocks.iter().filter_map(|block| {
        let Content::Title(text) = &block.content else {
            return None;
        };
        Some(text)
    });
    titles
        .take(MOST_TITLES)
        .flat_map(|title| {
            let words: Vec<&str> = title.split(' ').filter(|word| !word.is_empty()).collect();
            let parts: Vec<&[&str]> = words.split(|word| is_separator(word)).collect();
            let is_split = 1 < parts.len();
            parts
                .into_iter()
                .filter(|_| is_split)
                .filter_map(site)
                .collect::<Vec<_>>()
        })
        .collect()
}

fn is_separator(word: &str) -> bool {
    matches!(word, "|" | "-" | "—" | "–" | "·" | "::" | "»" | "•" | "<")
}

/// A page has one title, and what it includes others.
const MOST_TITLES: usize = 16;

/// The name of a site, without the words for what it holds.
fn site(words: &[&str]) -> Option<String> {
    let is_filling = |word: &&str| {
        let lower = word.to_lowercase();
        !word.contains(char::is_alphabetic)
            || lower.strip_prefix('v').is_some_and(|rest| {
                rest.chars()
                    .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'x'))
            })
            || matches!(
                lower.as_str(),
                "docs"
                    | "doc"
                    | "documentation"
                    | "manual"
                    | "handbook"
                    | "guide"
                    | "help"
                    | "center"
                    | "centre"
                    | "support"
                    | "portal"
                    | "knowledge"
                    | "base"
                    | "wiki"
                    | "user"
                    | "admin"
                    | "administration"
                    | "administrator"
                    | "developer"
                    | "official"
                    | "online"
                    | "the"
            )
    };
    let first = words.iter().position(|word| !is_filling(word))?;
    let last = words.iter().rposition(|word| !is_filling(word))?;
    let words = words.get(first..=last)?;
    let is_name = words.len() <= super::MOST_NAME_WORDS
        && words
            .iter()
            .all(|word| word.starts_with(char::is_uppercase))
        || words.len() == 1;
    is_name.then(|| words.join(" "))
}

/// What has a row or a section of its own, in lower case.
fn own_rows(blocks: &[Block]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut n_headings = 0;
    for block in blocks {
        if MOST_CELLS < found.len() {
            break;
        }
        if let Content::Table(rows) = &block.content {
            for row in 0..rows.len().min(MOST_CELLS) {
                found.extend(rows.cells(row).map(str::to_lowercase));
            }
        } else if let Content::Heading { text, .. } = &block.content {
            if 0 < n_headings {
                found.insert(text.to_lowercase());
            }
            n_headings += 1;
        }
    }
    found
}

/// The cells of all tables that are more than a name.
fn cells(blocks: &[Block]) -> impl Iterator<Item = &str> {
    let tables = blocks.iter().filter_map(|block| {
        let Content::Table(rows) = &block.content else {
            return None;
        };
        Some(rows)
    });
    tables
        .flat_map(|rows| (0..rows.len()).flat_map(|row| rows.cells(row)))
        .filter(|cell| cell.contains(' '))
}

/// A page about one thing has fewer cells; it bounds the memory.
const MOST_CELLS: usize = 20_000;

/// Names without a capital letter: a word that acts without an article, as only names do, and that labels hosts, files or variables of
/// the page too: `ledger is ...`, `ledger's`, `ledger.conf`.
fn lower_names(blocks: &[Block]) -> Vec<String> {
    let mut acts: BTreeMap<&str, usize> = BTreeMap::new();
    for (text, _) in blocks.iter().filter_map(text_of).take(MOST_TEXTS) {
        for sentence in sentences(text) {
            let words: Vec<&str> = sentence.split(' ').collect();
            for (at, raw) in words.iter().enumerate() {
                let word = bare(raw);
                let is_word = LEAST_LETTERS <= word.len()
                    && word.starts_with(char::is_lowercase)
                    && word.chars().all(|c| c.is_alphanumeric() || c == '-');
                if !is_word || is_software(word) {
                    continue;
                }
                let is_owner = raw.contains("'s") || raw.contains("’s");
                let before = at
                    .checked_sub(1)
                    .and_then(|at| words.get(at))
                    .filter(|word| !word.ends_with(['.', ':', ';', ',', '!']))
                    .map(|word| bare(word).to_lowercase());
                let is_bare = before.is_none_or(|word| leaves_bare(&word));
                let does = words.get(at + 1).is_some_and(|next| is_act(bare(next)));
                if is_owner || is_bare && does && !raw.ends_with([',', '.', ':', ';']) {
                    *acts.entry(word).or_default() += 1;
                }
            }
        }
    }
    acts.retain(|_, n| 1 < *n);
    if acts.is_empty() {
        return Vec::new();
    }
    let labels = labels(blocks);
    acts.into_keys()
        .filter(|word| labels.contains(*word))
        .map(str::to_owned)
        .collect()
}

/// A shorter word without a capital letter is anything.
const LEAST_LETTERS: usize = 4;

/// Whether a word stands before names and nouns with an article alone.
fn leaves_bare(lower: &str) -> bool {
    matches!(
        lower,
        "that"
            | "if"
            | "when"
            | "where"
            | "before"
            | "after"
            | "while"
            | "because"
            | "since"
            | "and"
            | "but"
            | "ensure"
            | "whether"
            | "default"
    )
}

/// Whether a word is what a named thing does.
fn is_act(word: &str) -> bool {
    matches!(
        word,
        "is" | "has"
            | "can"
            | "needs"
            | "requires"
            | "uses"
            | "comes"
            | "runs"
            | "listens"
            | "supports"
            | "provides"
            | "will"
            | "does"
            | "opens"
            | "exposes"
            | "communicates"
            | "connects"
            | "accepts"
            | "also"
            | "itself"
    )
}

/// The parts of hosts, files and variables that a page names.
pub(super) fn labels(blocks: &[Block]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut add = |text: &str| {
        for token in text.split_whitespace() {
            let is_joined = token
                .trim_matches(|c: char| !c.is_alphanumeric())
                .contains(['.', '_', '/', '-', ':', '@']);
            if is_joined && found.len() < MOST_CELLS {
                let parts = token.split(|c: char| !c.is_alphanumeric() && c != '-');
                let parts = parts.flat_map(|part| part.split('-').chain([part]));
                found.extend(
                    parts
                        .filter(|part| LEAST_LETTERS <= part.len())
                        .map(str::to_lowercase),
                );
            }
        }
    };
    for block in blocks.iter().take(MOST_TEXTS) {
        match &block.content {
            Content::Table(rows) => {
                for row in 0..rows.len().min(MOST_CELLS) {
                    rows.cells(row).for_each(&mut add);
                }
            }
            Content::Heading { text, .. }
            | Content::Text(text)
            | Content::Item { text, .. }
            | Content::Caption(text)
            | Content::Title(text)
            | Content::Code { text, .. }
            | Content::Unread { text, .. } => add(text),
            Content::Alternative(_) | Content::Condition(_) | Content::EndAlternative => {}
        }
    }
    found
}

/// Whether the page's file or address has a name among its words: `ledger` in `https://docs.ledger.example.com/ports`.
fn is_in_address(name: &str, address: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect()
    };
    let name = plain(name);
    let words: Vec<String> = address
        .split(['/', '.', '_', '-', ':', '?', '#'])
        .map(plain)
        .collect();
    let joined = |n: usize| words.windows(n).any(|words| words.concat() == name);
    LEAST_LETTERS <= name.len() && (1..=super::MOST_NAME_WORDS).any(joined)
}
