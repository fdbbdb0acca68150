//! The names that a page uses for machines: what its tables have as ends of conversations.

use std::collections::BTreeSet;

use super::text::{fold, sentences, unbracket};

/// Names as the cells of sources, destinations and machines have them, whatever the letter case.
///
/// They are collected from all tables before anything is read, so that a word in a heading, a sentence or a cell can be
/// recognised as a machine because the page itself uses it as one.
#[derive(Debug, Default)]
pub(super) struct Names {
    machines: BTreeSet<String>,
    /// What headings name and sentences are about: `Gate is the door to all others.`
    subjects: BTreeSet<String>,
    /// A sentence opens ports to the world.
    opens_to_world: bool,
}

impl Names {
    /// Adds the text of a cell.
    pub(super) fn add(&mut self, cell: &str) {
        if MOST_NAMES <= self.machines.len() {
            return;
        }
        let name = key(cell);
        let is_name = name.contains(char::is_alphabetic)
            && !matches!(
                name.as_str(),
                "any" | "all" | "none" | "n/a" | "yes" | "no" | "tcp" | "udp" | "both"
            );
        if is_name {
            // `Gateway (on-premises)` is a gateway where nobody says which.
            let (outside, inside) = unbracket(&name);
            if !inside.is_empty() && outside.contains(char::is_alphabetic) {
                self.machines.insert(fold(&outside));
            }
            self.machines.insert(name);
        }
    }

    /// Adds what a heading names.
    pub(super) fn add_heading(&mut self, heading: &str) {
        let (outside, inside) = unbracket(heading);
        for name in std::iter::once(outside).chain(inside) {
            self.add_subject(&name);
        }
    }

    /// Adds what the sentences of a paragraph are about.
    pub(super) fn add_text(&mut self, text: &str) {
        self.opens_to_world = self.opens_to_world || opens_to_world(text);
        for sentence in sentences(text) {
            let words = || sentence.split(' ').take(MOST_SUBJECT_WORDS + 1);
            if let Some(n_words) = words().position(is_verb)
                && 0 < n_words
            {
                let name: Vec<&str> = words().take(n_words).collect();
                self.add_subject(&name.join(" "));
            }
        }
    }

    fn add_subject(&mut self, name: &str) {
        if self.subjects.len() < MOST_NAMES && name.contains(char::is_alphabetic) {
            self.subjects.insert(key(name));
        }
    }

    /// Whether a heading of the page names this, or a sentence is about it.
    pub(super) fn is_subject(&self, name: &str) -> bool {
        self.subjects.contains(&key(name))
    }

    /// Whether the page says of ports to whom they are open by naming who asks: to the world, in one sentence at least.
    pub(super) fn opens_to_askers(&self) -> bool {
        self.opens_to_world
    }

    /// Whether a cell of the page consists of this name; neither an article before it nor the plural makes a difference.
    pub(super) fn contains(&self, name: &str) -> bool {
        let key = key(name);
        self.machines.contains(&key)
            || MOST_EXACT < key.len()
                && match key.strip_suffix('s') {
                    Some(one) => self.machines.contains(one),
                    None => self.machines.contains(&format!("{key}s")),
                }
    }

    /// Whether a cell of the page consists of this name, in this number.
    pub(super) fn has(&self, name: &str) -> bool {
        self.machines.contains(&key(name))
    }

    /// Whether names of machines begin with this one, as those of a product do: `Acme` with `Acme server`.
    pub(super) fn is_prefix(&self, name: &str) -> bool {
        let start = format!("{} ", key(name));
        self.machines
            .range(start.clone()..)
            .next()
            .is_some_and(|next| next.starts_with(&start))
    }
}

/// Of a shorter name the last letter may be a part of it: `NAS`.
const MOST_EXACT: usize = 3;

/// Whether a text says that something is open to everybody, which nobody says of where connections go.
fn opens_to_world(text: &str) -> bool {
    let mut words = text.split(' ').map(|word| {
        word.trim_matches(|c: char| !c.is_alphanumeric())
            .to_lowercase()
    });
    let mut is_open = false;
    let mut is_to = false;
    words.any(|word| {
        let is_world = is_to && matches!(word.as_str(), "world" | "internet" | "public");
        is_to = is_open && word == "to" || is_to && word == "the";
        is_open = matches!(word.as_str(), "open" | "opened" | "exposed");
        is_world
    })
}

/// A subject of more words is none that is looked for; an article is one of them.
const MOST_SUBJECT_WORDS: usize = 5;

/// Verbs that say what a program is or does.
fn is_verb(word: &str) -> bool {
    matches!(
        word,
        "is" | "are"
            | "listens"
            | "listen"
            | "runs"
            | "uses"
            | "connects"
            | "communicates"
            | "sends"
            | "receives"
            | "provides"
            | "exposes"
            | "serves"
            | "accepts"
            | "requires"
            | "needs"
            | "handles"
            | "powers"
            | "stores"
            | "manages"
    )
}

/// More names than any page has for its machines; it bounds the memory for a page without end.
const MOST_NAMES: usize = 1 << 16;

fn key(name: &str) -> String {
    let name = fold(name).to_lowercase();
    ["the ", "a ", "an "]
        .iter()
        .find_map(|article| name.strip_prefix(article))
        .unwrap_or(&name)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn subjects() {
        let mut names = Names::default();
        names.add_heading("Shop Server (SHS)");
        names.add_text("The Gate is a door. Use it with care: all of it listens.");
        assert!(names.is_subject("shop server") && names.is_subject("SHS"));
        assert!(names.is_subject("Gate") && !names.is_subject("Use it"));
        assert!(!names.contains("Gate"));
    }
}
