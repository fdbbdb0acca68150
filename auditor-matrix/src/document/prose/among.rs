//! Many that talk to each other, by one plural name: `between all nodes of the cluster`.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::{names::Names, section, text::regex};

static AMONG: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\b(?:between|among|amongst) (?:(?:all|the|each|every|any|your|of) )*(?P<head>[\w./-]+(?: [\w./-]+){0,3}?)(?P<where> (?:in|of|on|at|within|inside) (?:the |a |an |your |each )?[\w./-]+(?: [\w./-]+){0,3})?(?:[,.;:]|$| (?:for|so|to|when|if|over|via|using|must|should|have|need|are|is|as|by|with)\b)",
    )
});

/// The machines that talk to each other: one plural name behind `between`.
pub(super) fn among(sentence: &str, names: &Names) -> Option<String> {
    let found = AMONG.captures(sentence)?;
    let head = found.name("head")?.as_str();
    let is_plural = head.ends_with('s') && !head.ends_with("ss");
    let is_one = !format!(" {head} ").to_lowercase().contains(" and ");
    let place = found.name("where").map_or("", |place| place.as_str());
    (is_plural && is_one && !place.contains(" and ") && section::names_machines(head, names))
        .then(|| format!("{head}{place}"))
}
