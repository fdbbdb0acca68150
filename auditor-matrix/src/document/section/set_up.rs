//! What a heading says is set up: `Configuration of the Ledger`, `Installing till servers`, `Ledger setup`.

use std::sync::LazyLock;

use regex::Regex;

use super::{is_noun_phrase, is_stop};
use crate::document::{
    application_protocol, cell,
    names::Names,
    prose::is_platform,
    text::{regex, unbracket},
};

static SET_UP: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?xi)^(?:\d+(?:\.\d+)*\.?\ )?
        (?:(?:(?:configuration|installation|deployment|set-?up|preparation)\ (?:of|for)
            |configur(?:e|ing)|install(?:ing)?|deploy(?:ing)?|set(?:ting)?\ up|prepar(?:e|ing))
            \ (?:the\ |a\ |an\ |your\ |each\ )?(?P<behind>[\w.-]+(?:\ [\w.-]+){0,2})
        |(?P<before>[\w.-]+(?:\ [\w.-]+){0,2})\ (?:configuration|installation|deployment|set-?up))$",
    )
});

/// The machine or program whose setting up a heading announces.
pub(in crate::document) fn set_up(heading: &str, names: &Names) -> Option<String> {
    let (outside, _) = unbracket(heading);
    let found = SET_UP.captures(outside.trim_end_matches(':'))?;
    let name = found
        .name("behind")
        .or_else(|| found.name("before"))?
        .as_str();
    let says_what = |word: &str| {
        let lower = word.to_lowercase();
        is_stop(&lower)
            || is_platform(&lower)
            || cell::stated(&lower).is_some()
            || application_protocol::is_only_spoken(word)
            || matches!(
                lower.as_str(),
                "initial"
                    | "basic"
                    | "manual"
                    | "advanced"
                    | "additional"
                    | "quick"
                    | "docker"
                    | "kubernetes"
                    | "helm"
                    | "network"
                    | "networking"
                    | "security"
                    | "system"
                    | "cluster"
                    | "package"
                    | "packages"
                    | "software"
                    | "certificate"
                    | "certificates"
            )
    };
    let is_about_else = name.split(' ').all(says_what);
    (!is_about_else && is_noun_phrase(name, names)).then(|| name.to_owned())
}
