//! Single ports and ranges in a sentence: `443`, `8000-8010`, `30,000`, `1024 and above`.

use crate::{
    document::prose::words::{Kind, Word},
    port::PortRange,
};

/// Reads a port or a range at a word.
pub(super) fn port_or_range(words: &[Word<'_>], at: usize) -> Option<(PortRange, usize)> {
    if let Some(upward) = words.get(at).filter(|word| word.kind == Kind::Mixed) {
        let first = number(upward.text.strip_suffix('+')?)?;
        return Some((PortRange::new(first, u16::MAX).ok()?, at + 1));
    }
    let (first, mut end) = port(words, at)?;
    let dash = words.get(end);
    let is_dotted = dash.is_some_and(|dash| dash.kind == Kind::Stop && dash.is_glued)
        && words.get(end + 1).is_some_and(|dot| dot.kind == Kind::Stop);
    let joins = dash.is_some_and(|dash| {
        dash.kind == Kind::Dash || dash.is_any(&["to", "through", "thru", "until"])
    });
    if joins || is_dotted {
        let next = end + 1 + usize::from(is_dotted);
        if let Some((last, behind)) = port(words, next) {
            // A third number makes it a date or the like.
            if words
                .get(behind)
                .is_some_and(|more| more.kind == Kind::Dash && more.is_glued)
                && words
                    .get(behind + 1)
                    .is_some_and(|more| more.kind == Kind::Number)
            {
                return None;
            }
            return Some((PortRange::new(first, last).ok()?, behind));
        }
        if words
            .get(next)
            .is_some_and(|word| matches!(word.kind, Kind::Number | Kind::Mixed))
        {
            return None;
        }
    }
    // "1024 and above" has no upper end; "80 -> 8080" and "443:8443" are mappings, "80%" is none.
    let above = words
        .get(end)
        .is_some_and(|word| word.is_any(&["and", "or"]))
        && words.get(end + 1).is_some_and(|word| {
            word.is_any(&["above", "higher", "up", "upward", "upwards", "greater"])
        });
    if above {
        end += 2;
        return Some((PortRange::new(first, u16::MAX).ok()?, end));
    }
    let is_mapping = words.get(end).is_some_and(|word| {
        matches!(word.kind, Kind::Arrow(_)) || word.kind == Kind::Colon && word.is_glued
    }) && words
        .get(end + 1)
        .is_some_and(|word| word.kind == Kind::Number);
    let is_more = words
        .get(end)
        .is_some_and(|word| word.is_glued && matches!(word.text, "%" | "+" | "*" | "#" | "x"));
    (!is_mapping && !is_more && !is_summand(words, end)).then_some((PortRange::single(first), end))
}

/// Whether what stands behind a number is added to it: `1414 + n`, `1414 plus the slot number`. `443 + 80` and `443 plus UDP 53` are
/// ports beside each other.
fn is_summand(words: &[Word<'_>], end: usize) -> bool {
    let adds = |word: &Word<'_>| word.text == "+" || word.is_any(&["plus", "minus"]);
    if !words.get(end).is_some_and(adds) {
        return false;
    }
    let added = words.get(end + 1..).unwrap_or_default();
    let is_variable = |word: &Word<'_>| {
        word.kind == Kind::Mixed || word.kind == Kind::Word && word.text.len() == 1
    };
    let counts = |word: &Word<'_>| {
        word.is_any(&[
            "number",
            "index",
            "offset",
            "id",
            "ordinal",
            "count",
            "increment",
            "slot",
            "instance",
        ])
    };
    added.first().is_some_and(is_variable)
        || added
            .iter()
            .take(MOST_WORDS_OF_SUMMAND)
            .take_while(|word| word.kind == Kind::Word)
            .any(counts)
}

/// `the number of the slot`
const MOST_WORDS_OF_SUMMAND: usize = 4;

/// Reads one port; `30,000` is one where no list of ports is written so.
pub(super) fn port(words: &[Word<'_>], at: usize) -> Option<(u16, usize)> {
    let first = words.get(at).filter(|word| word.kind == Kind::Number)?;
    let thousands = words
        .get(at + 1)
        .filter(|comma| comma.kind == Kind::Comma && comma.is_glued)
        .and_then(|_| words.get(at + 2))
        .filter(|more| more.is_glued && more.kind == Kind::Number && more.text.len() == 3);
    if let Some(more) = thousands
        && first.text.len() <= 2
    {
        let is_range = |at: usize| words.get(at).is_some_and(|word| word.kind == Kind::Dash);
        if more.text.starts_with('0') || is_range(at + 3) || at.checked_sub(1).is_some_and(is_range)
        {
            return Some((number(&format!("{}{}", first.text, more.text))?, at + 3));
        }
    }
    Some((number(first.text)?, at + 1))
}

fn number(text: &str) -> Option<u16> {
    let is_plain = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| is_plain)
}
