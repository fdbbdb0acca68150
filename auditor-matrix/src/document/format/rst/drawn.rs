//! Splits the lines of tables that are drawn with characters into cells.

use super::markup::plain;
use crate::document::{table_rows::TableRow, text::fold};

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

/// The positions, in characters, of the column borders of a grid.
pub(super) fn edges(line: &str) -> Vec<usize> {
    line.chars()
        .enumerate()
        .filter(|(_, character)| *character == '+')
        .map(|(at, _)| at)
        .collect()
}

/// Adds a line of a grid to its row. Where a column border has no pipe the cell spans both columns, and both get its text.
pub(super) fn grid_line(line: &str, depth: usize, edges: &[usize], cells: &mut [String]) {
    let characters: Vec<char> = line.chars().collect();
    let mut first = 0;
    for column in 0..cells.len() {
        let Some(end) = edges.get(column + 1) else {
            return;
        };
        let is_closed = matches!(characters.get(*end), Some('|' | '+') | None);
        if !is_closed && column + 1 < cells.len() {
            continue;
        }
        let start = edges.get(first).map_or(depth, |edge| edge + 1);
        let text: String = characters
            .get(start..(*end).min(characters.len()))
            .unwrap_or_default()
            .iter()
            .collect();
        for cell in cells.iter_mut().take(column + 1).skip(first) {
            cell.push(' ');
            cell.push_str(&text);
        }
        first = column + 1;
    }
}

/// Strips border characters from the ends of cells. A cell that spans rows leaves no text in the rows below; the edge beside
/// it is no whole edge line and ends no row, so nothing is lost.
pub(super) fn inherit(rows: &mut [TableRow]) {
    for row in rows {
        for cell in &mut row.cells {
            let folded = fold(cell.trim_matches(['+', '-', '|']));
            *cell = folded;
        }
    }
}

/// The positions, in characters, at which the columns of a simple table start and end.
pub(super) fn runs(line: &str) -> Vec<(usize, usize)> {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, character) in line.chars().enumerate() {
        if character != '=' {
            continue;
        }
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            Some(_) | None => runs.push((at, at + 1)),
        }
    }
    runs
}

/// The cells of a line; the last column extends to the end of the line.
pub(super) fn simple_line(line: &str, columns: &[(usize, usize)]) -> Vec<String> {
    let characters: Vec<char> = line.chars().collect();
    let last = columns.len().saturating_sub(1);
    columns
        .iter()
        .enumerate()
        .map(|(index, (start, _))| {
            let end = if index == last {
                characters.len()
            } else {
                columns.get(index + 1).map_or(0, |(next, _)| *next)
            };
            let text: String = characters
                .get(*start..end.min(characters.len()).max(*start))
                .unwrap_or_default()
                .iter()
                .collect();
            plain(&text)
        })
        .collect()
}
