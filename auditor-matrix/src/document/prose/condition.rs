//! Cuts off under which condition a sentence holds: `if the proxy is used`, `only when ...`, `In version 4 and later, ...`.

mod reference;

use std::{ops::Range, sync::LazyLock};

use regex::Regex;

use super::words::{Kind, Word};
use crate::document::{cell, text::regex};

/// The condition of a sentence, as written, and the words that are left.
#[derive(Debug, Default)]
pub(super) struct Condition {
    pub(super) text: Option<String>,
    /// The same, one by one.
    pub(super) parts: Vec<ConditionPart>,
    /// The words of the conditions; they are in order and do not overlap.
    cut: Vec<Range<usize>>,
}

/// A condition, and where it begins if it stands in brackets.
#[derive(Debug)]
pub(super) struct ConditionPart {
    pub(super) text: String,
    /// The byte offset in the sentence.
    pub(super) bracketed_at: Option<usize>,
    /// The clause behind the condition's begins here: "if you change it, ..., but most use 8080".
    pub(super) ends_at: Option<usize>,
}

impl Condition {
    pub(super) fn of(sentence: &str, words: &[Word<'_>]) -> Self {
        let mut condition = Self::default();
        let mut at = 0;
        while at < words.len() {
            let Some(start) = start(words, at) else {
                at += 1;
                continue;
            };
            let end = end(words, start);
            let text = words
                .get(start)
                .zip(end.checked_sub(1).and_then(|last| words.get(last)))
                .and_then(|(first, last)| sentence.get(first.start..last.end));
            let bracketed_at = words
                .get(start)
                .filter(|_| is_in_brackets(words, start))
                .map(|first| first.start);
            let ends_at = words
                .iter()
                .skip(end)
                .find(|word| word.is("but"))
                .map(|but| but.start);
            // "If this port is not open, users see nothing" says what comes of it.
            if !is_about_port(words, start) {
                condition.parts.extend(text.map(|text| ConditionPart {
                    text: text.to_owned(),
                    ends_at,
                    bracketed_at,
                }));
            }
            condition.cut.push(start..end);
            at = end.max(at + 1);
        }
        condition.parts.retain(|part| {
            !FIREWALL.is_match(&part.text) && !reference::is_to_the_page(&part.text)
        });
        let texts: Vec<&str> = condition
            .parts
            .iter()
            .map(|part| part.text.as_str())
            .collect();
        condition.text = (!texts.is_empty()).then(|| texts.join("; "));
        condition
    }

    /// The words outside of the conditions.
    pub(super) fn rest<'w>(&self, words: &[Word<'w>]) -> Vec<Word<'w>> {
        words
            .iter()
            .enumerate()
            .filter(|(index, _)| !self.cut.iter().any(|cut| cut.contains(index)))
            .map(|(_, word)| word.clone())
            .collect()
    }
}

/// Whether a condition's subject is the port that the words before it are about, and that it is shut.
fn is_about_port(words: &[Word<'_>], start: usize) -> bool {
    let at =
        |at: usize, lower: &[&str]| words.get(start + at).is_some_and(|word| word.is_any(lower));
    at(1, &["this", "these", "that", "those", "the"])
        && at(2, &["port", "ports"])
        && at(3, &["is", "are"])
        && at(
            4,
            &[
                "not",
                "blocked",
                "closed",
                "unavailable",
                "unreachable",
                "filtered",
            ],
        )
        && !at(5, &["used", "needed", "required"])
}

/// That there is a firewall, or that somebody configures it: whoever reads the page for ports has one. What is called a firewall
/// among other things ("the web application firewall module"), and that there is none, are conditions.
static FIREWALL: LazyLock<Regex> = LazyLock::new(|| {
    let firewall =
        r"(?:(?:a|an|the|your|any|network|host|local|external|software|hardware) )*firewalls?";
    let rest = r"(?: (?:for|between|on|in|at|around) .*)?";
    regex(&format!(
        r"(?ix)^(?:if|when|whenever|while|where)\ (?:
            (?:you\ (?:are\ )?)?(?:configur(?:e|ing)|set(?:ting)?\ up)\ {firewall}(?:\ rules)?{rest}
            |(?:you\ (?:have|use|run|are\ using)|there\ is|using)\ {firewall}(?:\ (?:in\ place|enabled))?{rest}
            |{firewall}\ (?:is|are)\ (?:enabled|used|in\ use|active|configured|present){rest}
        )$",
        firewall = firewall.replace(' ', r"\ "),
        rest = rest.replace(' ', r"\ "),
    ))
});

fn is_lone_dash(words: &[Word<'_>], at: usize) -> bool {
    words
        .get(at)
        .is_some_and(|word| word.kind == Kind::Dash && !word.is_glued)
        && words.get(at + 1).is_some_and(|next| !next.is_glued)
}

fn is_in_brackets(words: &[Word<'_>], at: usize) -> bool {
    let before = words.get(..at).unwrap_or_default();
    let count = |kind: Kind| before.iter().filter(|word| word.kind == kind).count();
    count(Kind::Close) < count(Kind::Open)
}

/// Where the condition that begins at a word starts.
fn start(words: &[Word<'_>], at: usize) -> Option<usize> {
    let word = words.get(at)?;
    let next = |names: &[&str]| words.get(at + 1).is_some_and(|next| next.is_any(names));
    // "The ports are provided below."
    let is_participle = word.is("provided")
        && at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(|before| before.is_any(&["is", "are", "be", "been", "as"]));
    // "Check if the port is open."
    let is_question = word.is("if")
        && at
            .checked_sub(1)
            .and_then(|before| words.get(before))
            .is_some_and(|before| {
                before.is_any(&[
                    "check",
                    "see",
                    "verify",
                    "test",
                    "determine",
                    "confirm",
                    "ensure",
                ])
            });
    if is_question {
        return None;
    }
    if word.is_any(&["if", "when", "unless", "whenever", "provided"]) && !is_participle {
        return Some(at);
    }
    if word.is_any(&["only", "even", "required", "needed"])
        && next(&["if", "when", "for", "in"])
        && (next(&["if", "when"]) || word.is("only") && is_phrase_end(words, at))
    {
        return Some(at);
    }
    // "Only required for clustering."
    let is_limit = word.is("only")
        && next(&["required", "needed", "used", "necessary"])
        && words
            .get(at + 2)
            .is_some_and(|third| third.is_any(&["for", "with", "if", "when", "in", "on"]))
        && is_phrase_end(words, at);
    if is_limit {
        return Some(at);
    }
    if word.is("as") && next(&["long"]) || word.is("in") && next(&["case"]) {
        return Some(at);
    }
    // "This port is open while copying is enabled."
    if word.is_any(&["while", "where"]) && 0 < at {
        let clause = words.get(at..end(words, at)).unwrap_or_default();
        let clause: Vec<&str> = clause.iter().map(|word| word.lower.as_str()).collect();
        // "the machines where the mirror is installed": which ones.
        let is_of_noun = word.is("where")
            && at
                .checked_sub(1)
                .and_then(|before| words.get(before))
                .is_some_and(|before| {
                    !before.is_mark()
                        && !before.is_any(&["open", "opened", "used", "required", "needed", "only"])
                });
        let is_simple = !clause
            .iter()
            .any(|word| matches!(*word, "if" | "when" | "unless"));
        return (is_simple && !is_of_noun && cell::ends_in_state(&clause.join(" "))).then_some(at);
    }
    // "In releases 4.5.1 and later, ...", "As of version 3, ...", "For high availability, ..."
    if at == 0
        && word.is_any(&[
            "in", "from", "since", "for", "with", "as", "starting", "on", "where", "once", "while",
        ])
    {
        let comma = comma(words, at)?;
        let says = words.get(at..comma)?.iter().any(|word| {
            word.is_any(&[
                "version",
                "versions",
                "release",
                "releases",
                "mode",
                "deployment",
                "deployments",
                "edition",
                "installation",
                "installations",
                "environment",
                "environments",
                "setup",
                "setups",
                "enabled",
                "availability",
                "ha",
                "later",
                "onwards",
                "on-premises",
            ]) || word.kind == Kind::Mixed
        });
        return says.then_some(at);
    }
    None
}

/// `only for` is a condition only as a phrase of its own: "443 (only for upgrades)".
fn is_phrase_end(words: &[Word<'_>], at: usize) -> bool {
    at.checked_sub(1)
        .and_then(|before| words.get(before))
        .is_none_or(Word::is_mark)
}

fn comma(words: &[Word<'_>], at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    words
        .iter()
        .enumerate()
        .skip(at)
        .find(|(index, word)| {
            if word.kind == Kind::Open {
                depth += 1;
            } else if word.kind == Kind::Close {
                depth = depth.saturating_sub(1);
            }
            word.kind == Kind::Comma
                // Nor does one in a bracket.
                && depth == 0
                // The comma of a list of numbers ends nothing.
                && !words.get(index + 1).is_some_and(|next| next.kind == Kind::Number)
        })
        .map(|(index, _)| index)
}

/// Where the condition ends: at a comma if it began the sentence, else at the next mark or the sentence's end.
fn end(words: &[Word<'_>], start: usize) -> usize {
    let is_first = start
        .checked_sub(1)
        .and_then(|before| words.get(before))
        .is_none_or(|before| before.is_mark() && before.kind != Kind::Open);
    if is_first {
        // "If you use NFS - port 2049": a dash by itself ends it as a comma does.
        let comma = comma(words, start);
        let dash = (start..comma.unwrap_or(words.len())).find(|at| is_lone_dash(words, *at));
        if let Some(end) = dash.or(comma) {
            return end;
        }
    }
    words
        .iter()
        .enumerate()
        .skip(start)
        .find(|(at, word)| {
            matches!(word.kind, Kind::Stop | Kind::Semicolon | Kind::Close)
                || word.kind == Kind::Comma
                    && words
                        .get(at + 1)
                        .is_some_and(|next| next.is_any(&["but", "while", "whereas"]))
        })
        .map_or(words.len(), |(index, _)| index)
}

#[cfg(test)]
mod tests {
    use super::FIREWALL;

    #[test]
    fn firewalls_that_everybody_has() {
        for condition in [
            "When configuring network firewalls for connected deployments",
            "If you have a firewall",
            "if there is a firewall between them",
            "If a firewall is enabled",
        ] {
            assert!(FIREWALL.is_match(condition), "{condition}");
        }
        for condition in [
            "When using the web application firewall module",
            "If no firewall is used between Edge and Core",
            "if you do not use a firewall appliance",
            "If your users inside your firewall need to reach the Core",
            "if the proxy is used",
        ] {
            assert!(!FIREWALL.is_match(condition), "{condition}");
        }
    }
}
