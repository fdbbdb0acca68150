//! Names of roles that look like something else than what they are.
//!
//! Roles are told apart by their characters, and people tell them apart by what these look like: a rule for `mаster` with a
//! Cyrillic letter would be about nobody, and nobody would see why.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use unicode_security::{confusable_detection::skeleton, mixed_script::AugmentedScriptSet};

use super::rule::Rule;
use crate::{hidden::is_hidden, role::Role};

/// A name that looks like something else.
pub(super) struct Homoglyph {
    /// Position of the first matrix that has it.
    pub(super) matrix: usize,
    /// The ids of rules that have it.
    pub(super) rules: Vec<String>,
    pub(super) message: String,
}

/// What is wrong with the names of roles, once a name.
pub(super) fn homoglyphs(rules: &[(usize, &Rule)]) -> Vec<Homoglyph> {
    let mut homoglyphs = Vec::new();
    let mut of: BTreeMap<&Role, Vec<(usize, &str)>> = BTreeMap::new();
    for (matrix, rule) in rules {
        let roles: BTreeSet<&Role> = rule.client.iter().chain(&rule.server).collect();
        for role in roles {
            of.entry(role).or_default().push((*matrix, &rule.id));
        }
    }
    let mut found = |places: &[(usize, &str)], message: String| {
        homoglyphs.push(Homoglyph {
            matrix: places.first().map_or(0, |(matrix, _)| *matrix),
            rules: places.iter().map(|(_, id)| (*id).to_owned()).collect(),
            message,
        });
    };
    let mut alike: BTreeMap<String, Vec<&Role>> = BTreeMap::new();
    for (role, places) in &of {
        let name = role.name();
        if name.chars().any(is_hidden) {
            found(
                places,
                format!(
                    "the role `{name}` has a character that no reader sees: write its name without it"
                ),
            );
        }
        for word in name
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| is_mixed(word))
        {
            found(
                places,
                format!(
                    "the word {} in the role `{name}` mixes scripts ({}), so it looks like another word: write it in one",
                    shown(word),
                    scripts(word)
                ),
            );
        }
        alike.entry(looks(name)).or_default().push(role);
    }
    for roles in alike.values().filter(|roles| 1 < roles.len()) {
        let places: Vec<(usize, &str)> = roles
            .iter()
            .filter_map(|role| of.get(role)?.first().copied())
            .collect();
        let names: Vec<String> = roles.iter().map(|role| shown(role.name())).collect();
        found(
            &places,
            format!(
                "{} are different roles whose names look the same: write them alike, or tell them apart",
                names.join(" and ")
            ),
        );
    }
    homoglyphs
}

/// What a name looks like (UTS 39, section 4), whatever its capital letters.
fn looks(name: &str) -> String {
    let seen: String = name
        .to_lowercase()
        .chars()
        .filter(|c| !is_hidden(*c))
        .collect();
    skeleton(&seen).collect()
}

/// Whether a word is written in more scripts than any language mixes in one (UTS 39, section 5.2, "highly restrictive"): Latin
/// letters stand in words of Chinese, Japanese and Korean.
fn is_mixed(word: &str) -> bool {
    let is_in_one = |word: &str| !AugmentedScriptSet::for_str(word).is_empty();
    let rest: String = word.chars().filter(|c| !c.is_ascii()).collect();
    let of_asia = AugmentedScriptSet::for_str(&rest);
    !(is_in_one(word) || of_asia.jpan || of_asia.hanb || of_asia.kore)
}

/// The scripts of a word, by their names.
fn scripts(word: &str) -> String {
    let mut names: BTreeSet<&str> = BTreeSet::new();
    for c in word.chars().filter(|c| c.is_alphabetic()) {
        let scripts = AugmentedScriptSet::for_char(c).base;
        for script in scripts.iter() {
            names.insert(script.full_name());
        }
    }
    names.into_iter().collect::<Vec<_>>().join(", ")
}

/// A name with the numbers of what is not ASCII in it, since without them two of them look the same.
fn shown(name: &str) -> String {
    let mut text = String::from("`");
    for c in name.chars() {
        text.push(c);
        if !c.is_ascii() {
            // Writing to a string does not fail.
            let _written = write!(text, " (U+{:04X})", u32::from(c));
        }
    }
    text.push('`');
    text
}

#[cfg(test)]
mod tests {
    use super::{is_mixed, looks, scripts};

    #[test]
    fn words_of_one_script_and_of_several() {
        for fine in [
            "master",
            "Büro",
            "агент",
            "ἀγορά",
            "東京",
            "DBサーバ",
            "WebサーバーX1",
            "서버A",
            "µs",
            "naïve",
            "node1",
            "",
        ] {
            assert!(!is_mixed(fine), "{fine}");
        }
        // Cyrillic а, Greek ο, Cyrillic о among umlauts.
        for mixed in [
            "m\u{430}ster",
            "c\u{3bf}ntroller",
            "b\u{fc}r\u{43e}",
            "\u{430}\u{3bf}",
        ] {
            assert!(is_mixed(mixed), "{mixed}");
        }
        assert_eq!(scripts("m\u{430}ster1"), "Cyrillic, Latin");
    }

    #[test]
    fn what_looks_the_same() {
        for (one, other) in [
            ("master", "m\u{430}ster"),
            ("master", "\u{ff2d}\u{ff41}ster"),
            ("master", "mas\u{200b}ter"),
            ("web1", "webl"),
            ("\u{430}\u{440}\u{440}", "app"),
            ("B\u{fc}ro", "Bu\u{308}ro"),
        ] {
            assert_eq!(looks(one), looks(other), "{one} {other}");
        }
        for (one, other) in [
            ("master", "mister"),
            ("node1", "node2"),
            ("b\u{fc}ro", "buro"),
        ] {
            assert_ne!(looks(one), looks(other), "{one} {other}");
        }
    }
}
