//! What the lines of drawn tables have in common.

use super::{
    super::separator::{PART, joined},
    list,
    markup::plain_parts,
};

pub(super) fn is_grid_edge(line: &str) -> bool {
    line.starts_with('+')
        && line.ends_with('+')
        && 3 < line.len()
        && line.chars().all(|c| matches!(c, '+' | '-' | '=' | ' '))
        && line.contains(['-', '='])
}

pub(super) fn is_simple_edge(line: &str) -> bool {
    line.starts_with("==") && line.contains(' ') && line.chars().all(|c| matches!(c, '=' | ' '))
}

/// The characters of a line, each at the column where it is shown: those of double width take two.
pub(super) fn shown(line: &str) -> Vec<char> {
    let filler = |character| is_wide(character).then_some(FILLER);
    line.chars()
        .flat_map(|character| std::iter::once(character).chain(filler(character)))
        .collect()
}

/// Stands behind a character of double width, and is no text.
const FILLER: char = '\u{2060}';

/// The text without what stands behind characters of double width.
pub(super) fn without_filler(text: &str) -> String {
    text.replace(FILLER, "")
}

/// Whether a character is as wide as two others, as those of East Asian scripts are.
const fn is_wide(character: char) -> bool {
    matches!(
        character,
        '\u{1100}'..='\u{115f}'
            | '\u{2e80}'..='\u{303e}'
            | '\u{3041}'..='\u{33ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}'
            | '\u{ff00}'..='\u{ff60}'
            | '\u{ffe0}'..='\u{ffe6}'
            | '\u{1f300}'..='\u{1f64f}'
            | '\u{1f900}'..='\u{1f9ff}'
    )
}

/// The positions, in characters, of the column borders of a grid.
pub(super) fn edges(line: &str) -> Vec<usize> {
    let characters: Vec<char> = line.chars().collect();
    let is_rule = |at: Option<usize>| {
        at.and_then(|at| characters.get(at))
            .is_some_and(|c| matches!(c, '-' | '='))
    };
    let is_edge = |at: usize| {
        at == 0 || at + 1 == characters.len() || is_rule(at.checked_sub(1)) || is_rule(Some(at + 1))
    };
    characters
        .iter()
        .enumerate()
        .filter(|(at, character)| **character == '+' && is_edge(*at))
        .map(|(at, _)| at)
        .collect()
}

/// The text of a cell of several lines, which form feeds end: its paragraphs and items are separate.
pub(super) fn cell_text(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    for line in raw.split('\u{c}') {
        let line = line.trim();
        let rest = line
            .split_once(' ')
            .filter(|_| list::is_item(line))
            .map(|(_, rest)| rest);
        match rest {
            _ if line.is_empty() => text.push(PART),
            Some(rest) => {
                text.push(PART);
                text.push_str(rest);
            }
            None => {
                text.push(if line.starts_with("| ") { PART } else { ' ' });
                text.push_str(line.strip_prefix("| ").unwrap_or(line));
            }
        }
    }
    joined(&plain_parts(&text), false)
}

/// The positions, in characters, at which the columns of a simple table start and end.
pub(super) fn runs(line: &str, mark: char) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, character) in line.chars().enumerate() {
        if character != mark {
            continue;
        }
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            Some(_) | None => runs.push((at, at + 1)),
        }
    }
    runs
}

/// The cells of a line; the last column extends to the end of the line. A text that goes over the gap between columns
/// stands in each of them.
pub(super) fn simple_line(line: &str, columns: &[(usize, usize)]) -> Vec<String> {
    let characters = shown(line);
    let mut cells = Vec::with_capacity(columns.len());
    let mut index = 0;
    while let Some((start, _)) = columns.get(index) {
        let mut last = index;
        // The gap behind a column is empty, unless the text spans it.
        while let (Some((_, end)), Some((next, _))) = (columns.get(last), columns.get(last + 1)) {
            let gap = characters
                .get(*end..(*next).min(characters.len()))
                .unwrap_or_default();
            if gap.is_empty() || gap.iter().any(|c| c.is_whitespace()) {
                break;
            }
            last += 1;
        }
        let end = columns
            .get(last + 1)
            .map_or(characters.len(), |(next, _)| *next);
        let text: String = characters
            .get(*start..end.min(characters.len()).max(*start))
            .unwrap_or_default()
            .iter()
            .collect();
        for _ in index..=last {
            cells.push(without_filler(text.trim()));
        }
        index = last + 1;
    }
    cells
}
