//! The cells of a line of a table, and their texts.

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use super::{
    super::separator::{LINE, PART, joined},
    attributes::Attributes,
    markup::plain,
};
use crate::document::{span::Grid, text::regex};

/// What stands before the bar that starts a cell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct CellStart {
    pub(super) columns: usize,
    pub(super) rows: usize,
    pub(super) times: usize,
    /// Its style is that of headings: `h|`.
    pub(super) is_heading: bool,
}

/// The specifier of a cell: span or repetition, alignment, style.
static SPECIFIER: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?:^|[ \t]+)(?:(?P<columns>\d+)?(?:\.(?P<rows>\d+))?(?P<kind>[+*]))?[<^>]?(?:\.[<^>])?(?P<style>[adehlmsv])?$",
    )
});

/// The texts of a line, each with the start of the cell that follows it. Blanks around a bar make no difference.
pub(super) fn parts(text: &str, separator: char) -> Vec<(Cow<'_, str>, Option<CellStart>)> {
    let mut parts = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest.get(from..).and_then(|tail| tail.find(separator)) {
        let at = from + at;
        if rest.get(..at).is_some_and(|before| before.ends_with('\\')) {
            // A bar with a backslash before it is text.
            from = at + separator.len_utf8();
            continue;
        }
        let before = rest.get(..at).unwrap_or_default();
        let (text, start) = start(before, parts.is_empty());
        parts.push((unescaped(text, separator), Some(start)));
        rest = rest.get(at + separator.len_utf8()..).unwrap_or_default();
        from = 0;
    }
    parts.push((unescaped(rest, separator), None));
    parts
}

fn unescaped(text: &str, separator: char) -> Cow<'_, str> {
    if text.contains('\\') {
        Cow::Owned(text.replace(&format!("\\{separator}"), &separator.to_string()))
    } else {
        Cow::Borrowed(text)
    }
}

/// Splits the specifier of the next cell from the text before it.
fn start(before: &str, is_first: bool) -> (&str, CellStart) {
    let single = CellStart {
        columns: 1,
        rows: 1,
        times: 1,
        is_heading: false,
    };
    let Some(found) = SPECIFIER.captures(before) else {
        return (before, single);
    };
    let at = found.get(0).map_or(0, |whole| whole.start());
    if at == 0 && !is_first && !before.starts_with([' ', '\t']) {
        return (before, single);
    }
    let number = |name| {
        found
            .name(name)
            .and_then(|number| number.as_str().parse().ok())
            .unwrap_or(1_usize)
    };
    let is_repeated = found.name("kind").is_some_and(|kind| kind.as_str() == "*");
    let start = CellStart {
        columns: if is_repeated { 1 } else { number("columns") },
        rows: number("rows"),
        times: if is_repeated { number("columns") } else { 1 },
        is_heading: found
            .name("style")
            .is_some_and(|style| style.as_str() == "h"),
    };
    (before.get(..at).unwrap_or_default(), start)
}

/// The text of a cell: its paragraphs and items are separate, and so are lines that the author broke.
pub(super) fn text(raw: &str, attributes: &Attributes) -> String {
    let raw = raw.trim();
    if !raw.contains('\n') && !raw.ends_with(" +") {
        return joined(&plain(&attributes.replaced(raw)), false);
    }
    let mut text = String::with_capacity(raw.len());
    for line in raw.lines() {
        let line = line.trim();
        if line.is_empty() {
            text.push(PART);
            continue;
        }
        let item = ["* ", "- ", ". ", "** "]
            .iter()
            .find_map(|mark| line.strip_prefix(mark));
        if item.is_some() {
            text.push(PART);
        } else {
            text.push(' ');
        }
        let line = item.unwrap_or(line);
        match line.strip_suffix(" +") {
            Some(line) => {
                text.push_str(line);
                text.push(LINE);
            }
            // A line that only joins what follows to an item.
            None if line == "+" => text.push(PART),
            None => text.push_str(line),
        }
    }
    joined(&plain(&attributes.replaced(&text)), false)
}

/// The number of columns that `cols` gives: `cols="1,2"`, `cols=3*`, `cols="2*,3"`.
pub(super) fn columns(attributes: &str) -> Option<usize> {
    let value = named(attributes, "cols")?;
    let count = value
        .split([',', ';'])
        .map(|column| match column.trim().split_once('*') {
            Some((times, _)) => times.parse().unwrap_or(1_usize).min(Grid::MOST_SPAN),
            None => 1,
        })
        .sum();
    Some(count)
}

/// The value of a named attribute.
pub(super) fn named<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let at = attributes.find(name)?;
    let value = attributes
        .get(at + name.len()..)?
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next(),
        None => value.split([',', ']']).next().map(str::trim),
    }
}
