//! The names of machines on a page, and how a cell's text is split into them.

mod bracket;
mod kind;
mod unquantified;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    bracket::{is_inside, unbracketed},
    kind::{are_kinds, are_plurals, is_host, is_machine_name, labelled_hosts},
};
use crate::document::{Row, is_own_machine};

/// The names that stand as ends of conversations or as machines on a page: whether a text is one name or a list of several
/// depends on whether its parts stand there by themselves.
#[derive(Debug, Default)]
pub(super) struct PageNames {
    whole: BTreeSet<String>,
    /// What stands in brackets behind a name, the name alone included.
    variants: BTreeMap<String, BTreeSet<String>>,
}

/// More names than any page has for its machines; it bounds the memory for a page without end.
const MOST_NAMES: usize = 1 << 16;

impl PageNames {
    /// Collects the names of rows.
    pub(super) fn of(rows: &[Row]) -> Self {
        let mut names = Self::default();
        for row in rows {
            for text in [&row.source, &row.destination, &row.role]
                .into_iter()
                .flatten()
            {
                if MOST_NAMES <= names.whole.len() {
                    return names;
                }
                for text in listed(text) {
                    names.add(text);
                }
            }
        }
        names
    }

    fn add(&mut self, text: &str) {
        let whole = key(text);
        if self.whole.contains(&whole) {
            return;
        }
        let (outside, brackets) = unbracketed(text);
        // Remarks do not tell machines apart, but addresses in the web do: `Store (https://a.example.com)`.
        let inside = brackets
            .iter()
            .filter(|part| !is_remark(part) || part.contains("://"))
            .map(|part| key(part))
            .collect::<Vec<_>>()
            .join(" ");
        self.variants
            .entry(key(&outside))
            .or_default()
            .insert(inside);
        let name = key(&outside);
        // `Store IP` is the address of what may stand as `Store` elsewhere.
        if let Some(machine) = name.strip_suffix(" ip") {
            self.whole.insert(machine.to_owned());
        }
        self.whole
            .extend(unquantified::specific(&name).map(str::to_owned));
        // `Network devices` and `Network device` are the same machines.
        self.whole.insert(one_of(&name));
        self.whole.insert(name);
        self.whole.insert(whole);
    }

    fn contains(&self, name: &str) -> bool {
        let key = key(name);
        self.whole.contains(&key) || self.whole.contains(&one_of(&key))
    }

    /// The names in a text, each without remarks in brackets; what stands in brackets stays where it tells machines apart.
    pub(super) fn split(&self, text: &str) -> Vec<String> {
        listed(text)
            .into_iter()
            .flat_map(|text| self.split_one(text))
            .collect()
    }

    fn split_one(&self, text: &str) -> Vec<String> {
        // An article behind a joint begins another name: `the Core and the Edge`, `the Core, the Edge and the Store`. Behind a comma
        // alone it may explain the one before: `Core, the central server`.
        let joints = [", and the ", ", or the ", " and the ", " or the "];
        let is_list = joints.iter().any(|joint| text.contains(joint));
        let comma = is_list.then_some(", the ");
        if let Some((one, more)) = comma
            .iter()
            .chain(&joints)
            .find_map(|joint| text.split_once(joint))
            && !one.contains('(')
        {
            let mut parts = self.split_one(one);
            parts.extend(self.split_one(more));
            return parts;
        }
        if let Some(hosts) = labelled_hosts(text) {
            return hosts;
        }
        let (outside, brackets) = unbracketed(text);
        // `(or the jump host)` is another end, which no reader may lose.
        if let [only] = brackets.as_slice()
            && only.starts_with("or ")
        {
            return vec![plain(text).to_owned()];
        }
        // `Backup (nightly) store`: without the words between them these are no name of the page. `Virtual network (VN) store`
        // only shortens one.
        if let [only] = brackets.as_slice()
            && !is_remark(only)
            && only.contains(char::is_lowercase)
            && is_inside(text)
        {
            return vec![plain(text).to_owned()];
        }
        let variants = self.variants.get(&key(&outside));
        let tells_apart = variants.is_some_and(|variants| {
            1 < variants
                .iter()
                .filter(|inside| !inside.contains("://"))
                .count()
        });
        let have_addresses = variants.is_some_and(|variants| {
            1 < variants
                .iter()
                .filter(|inside| inside.contains("://"))
                .count()
        });
        let is_kept = |part: &String| {
            if part.contains("://") {
                have_addresses
            } else {
                tells_apart && !is_remark(part)
            }
        };
        if brackets.iter().any(is_kept) {
            let kept: Vec<String> = brackets
                .iter()
                .filter(|part| is_kept(part))
                .map(|part| format!(" ({part})"))
                .collect();
            return vec![format!("{}{}", plain(&outside), kept.concat())];
        }
        self.parts(&outside)
            .into_iter()
            .map(|part| plain(&part).to_owned())
            .filter(|part| part.contains(char::is_alphanumeric) && !goes_on(part))
            .collect()
    }

    /// Whether a name that is left whole may be several all the same: it is a list by its marks, or names that stand by
    /// themselves follow each other in it, as where the lines of a cell were lost.
    pub(super) fn may_be_several(&self, name: &str) -> bool {
        let is_list = [", ", "; ", " / ", " and ", " & "]
            .iter()
            .any(|mark| name.contains(mark));
        let shares_noun = name.contains(' ')
            && name
                .split(['/', '&'])
                .skip(1)
                .any(|part| self.contains(part.trim()));
        is_list
            || shares_noun
            || name.match_indices(' ').any(|(at, _)| {
                let (first, rest) = name.split_at(at);
                self.contains(first) && self.contains(rest)
            })
    }

    /// The names of a list whose parts share their last noun, `Admin/Storage Nodes`, if all of them stand by themselves elsewhere;
    /// where an `and` joins them, one is enough.
    fn with_last_noun(&self, parts: &[String], is_joined: bool) -> Option<Vec<String>> {
        let (last, others) = parts.split_last()?;
        let (_, noun) = last.rsplit_once(' ')?;
        let lacks_noun = |part: &&String| !part.contains(' ') && !self.contains(part);
        if !others.iter().all(|part| lacks_noun(&part)) {
            return None;
        }
        let mut names: Vec<String> = others.iter().map(|part| format!("{part} {noun}")).collect();
        names.push(last.clone());
        // `Store and edge nodes`: several kinds of machines, if one of them is known to be one.
        let are_kinds = is_joined && noun.ends_with('s') && is_machine_name(last);
        let is_known = |name: &String| self.contains(name);
        let is_list = names.iter().all(is_known) || are_kinds && names.iter().any(is_known);
        is_list.then_some(names)
    }

    /// Splits a list of names. `,` and `and` join names; `/` and `or` may be part of one. In either case the parts have to
    /// stand by themselves elsewhere.
    fn parts(&self, text: &str) -> Vec<String> {
        // The last comma of "a, b, and c" joins nothing more than the word behind it.
        let whole = text;
        let text = &text.replace(", and ", ", ").replace(", or ", " or ");
        let cut = |separators: &[&str]| -> Vec<String> {
            let mut parts = vec![text.to_owned()];
            for separator in separators {
                parts = parts
                    .iter()
                    .flat_map(|part| part.split(separator))
                    .map(|part| part.trim().to_owned())
                    .filter(|part| !part.is_empty())
                    .collect();
            }
            parts
        };
        let every: Vec<String> =
            cut(&[", and ", ", or ", ",", ";", " and ", " or ", "&", "/", "|"]);
        if every.len() < 2 {
            return vec![whole.to_owned()];
        }
        if let Some(names) = self.with_last_noun(&every, text.contains(" and ")) {
            return names;
        }
        // `agent/extra`: a single word beside a name that is known is one, too; `Admin/Operator Console` need not be two, and
        // in `Admin/Storage Nodes` the first may lack its noun.
        let is_of_words = every.iter().any(|part| part.contains(' '));
        let is_name = |part: &String| {
            self.contains(part) || is_anybody(part) || !part.contains(' ') && !is_of_words
        };
        if every.iter().all(is_name) && every.iter().any(|part| self.contains(part)) {
            return every;
        }
        let listed = cut(&[",", ";", " and ", "&", " / "]);
        let is_known_list = listed
            .iter()
            .any(|part| self.contains(part) || is_host(part) || is_anybody(part));
        let is_list = 1 < listed.len()
            && (is_known_list
                || !text.contains(" / ") && listed.iter().all(|part| is_machine_name(part)))
            && listed
                .iter()
                .all(|part| part.split(' ').count() <= MOST_WORDS)
            || 1 < listed.len() && are_words_with_commas(text, &listed)
            // Hardly a name has two commas.
            || 2 < listed.len()
                && text.matches(',').count() == listed.len() - 1
                && !listed.iter().any(|part| says_what_is_done(part))
            // `a, b and c` is the same list.
            || 2 < listed.len()
                && text.contains(',')
                && text.matches(',').count() + text.matches(" and ").count() == listed.len() - 1
                && listed.iter().all(|part| {
                    part.split(' ').count() <= MOST_WORDS && !says_what_is_done(part)
                });
        if is_list {
            // A part of the list may be one of several names by itself.
            return listed
                .into_iter()
                .flat_map(|part| {
                    let alternatives: Vec<String> = part
                        .split('/')
                        .flat_map(|part| part.split(" or "))
                        .map(|part| part.trim().to_owned())
                        .collect();
                    let either: Vec<String> = part.split(" or ").map(str::to_owned).collect();
                    if alternatives.iter().all(|name| self.contains(name)) {
                        alternatives
                    } else if are_kinds(&either) || are_plurals(&either) {
                        either
                    } else {
                        vec![part]
                    }
                })
                .collect();
        }
        // `HTTP/S proxy or browser`: each by itself is a machine or a client, so they are no two words for one.
        let either = cut(&[",", " or "]);
        if are_kinds(&either) || are_plurals(&either) {
            return either;
        }
        vec![whole.to_owned()]
    }
}

const MOST_WORDS: usize = 5;

/// The texts between semicolons, which are part of no name; one text if they are no names.
fn listed(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let parts: Vec<&str> = text
        .split(|c: char| {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            c == ';' && depth == 0
        })
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let is_name = |part: &&str| {
        let (outside, _) = unbracketed(part);
        let outside = outside.trim();
        outside.contains(char::is_alphabetic)
            && outside.split(' ').count() <= MOST_WORDS
            && !says_what_is_done(outside)
    };
    if 1 < parts.len() && parts.iter().all(is_name) {
        parts
    } else {
        vec![text]
    }
}

/// Whether a text is single words with commas between them, `core-api, tillstore`: the name of a company is the only one
/// written so.
fn are_words_with_commas(text: &str, parts: &[String]) -> bool {
    let is_company = |part: &String| {
        matches!(
            part.trim_end_matches('.').to_lowercase().as_str(),
            "inc" | "ltd" | "llc" | "gmbh" | "corp" | "co" | "ag" | "sa"
        )
    };
    text.matches(',').count() + 1 == parts.len()
        && parts
            .iter()
            .all(|part| part.contains(char::is_alphabetic) && !part.contains(' '))
        && !parts.iter().any(is_company)
}

/// Whether the last part of a list says that it goes on: `etc.`
fn goes_on(part: &str) -> bool {
    matches!(
        part.trim_end_matches('.').to_lowercase().as_str(),
        "etc" | "et cetera" | "and so on" | "so on" | "and more" | "more"
    )
}

/// Whether a part of a list is something that is done: `upgrading`, `removing agents`.
fn says_what_is_done(part: &str) -> bool {
    part.split(' ')
        .any(|word| word.len() > 5 && word.ends_with("ing"))
}

fn is_anybody(part: &str) -> bool {
    matches!(
        part.to_lowercase().as_str(),
        "any" | "anywhere" | "all" | "self" | "internet"
    ) || is_own_machine(part)
}

/// Whether a text in brackets is a remark and no part of a name: a condition, an address, a number.
fn is_remark(part: &str) -> bool {
    let lower = part.trim().to_lowercase();
    let starts = [
        "may ",
        "if ",
        "only",
        "when ",
        "optional",
        "required",
        "see ",
        "e.g",
        "for example",
        "i.e",
        "default",
        "note",
        "recommended",
        "not ",
        "whichever",
        "enterprise",
        "premium",
        "tcp",
        "udp",
        "port",
        "inbound",
        "outbound",
    ];
    starts.iter().any(|start| lower.starts_with(start))
        || lower.ends_with(" only")
        || !lower.contains(char::is_alphabetic)
        || lower.contains("://")
        || lower
            .split(['/', ' ', ','])
            .all(|word| word.parse::<std::net::IpAddr>().is_ok() || word.parse::<u8>().is_ok())
}

/// A role's name without the words that are no part of it: `the`, `your`, `IP address`.
fn plain(part: &str) -> &str {
    let part = part.trim();
    let part = ["Your ", "your ", "The ", "the "]
        .iter()
        .find_map(|lead| part.strip_prefix(lead))
        .unwrap_or(part);
    part.strip_suffix(" IP address")
        .unwrap_or(part)
        .trim_end_matches(['*', '\u{2020}', ':'])
}

/// A name, in lower case, of which there is one: `network device` of `network devices`.
fn one_of(key: &str) -> String {
    let is_plural = key.ends_with('s') && !key.ends_with("ss") && LEAST_LETTERS < key.len();
    key.strip_suffix('s')
        .filter(|_| is_plural)
        .unwrap_or(key)
        .to_owned()
}

/// A shorter word that ends in an s is no plural.
const LEAST_LETTERS: usize = 3;

fn key(name: &str) -> String {
    let words: Vec<&str> = plain(name).split_whitespace().collect();
    words.join(" ").to_lowercase()
}

#[cfg(test)]
mod tests;
