//! Lists: bullets, numbers, terms, fields, lines.

use super::{Reader, body::dedent, indent};
use crate::document::block::Content;

impl Reader<'_, '_> {
    /// Reads an item of a list, or a term with its definition. False if the current line is none.
    pub(super) fn list(&mut self) -> bool {
        let start = self.at;
        let line = self.line(start);
        if let Some(length) = mark(line) {
            let end = self.body_end(start + 1, 0).max(start + 1);
            self.at = end;
            self.marked_item(start, end, length);
            return true;
        }
        if let Some((name, value)) = field(line) {
            let end = self.body_end(start + 1, 0);
            self.at = end;
            let mut text = format!("{name}: {value}");
            for at in start + 1..end {
                text.push(' ');
                text.push_str(self.line(at).trim());
            }
            let text = self.plain(&text);
            // Fields above all else are about the page (docutils, "Bibliographic Fields"), unless their names speak of ports or
            // their text is more than a word and has a number.
            let is_value = !value.contains(' ') && end == start + 1 && !speaks_of_ports(name);
            let is_about_page = self.page.blocks.is_empty()
                && self.depth == 0
                && (is_bibliographic(name)
                    || is_value
                    || !text.contains(|c: char| c.is_ascii_digit()));
            if !is_about_page {
                let level = self.level;
                self.push(start, Content::Item { level, text });
            }
            return true;
        }
        if line.starts_with("| ") {
            self.at += 1;
            while 0 < indent(self.line(self.at)) {
                self.at += 1;
            }
            let lines: Vec<&str> = (start..self.at).map(|at| self.line(at).trim()).collect();
            let text = lines.join(" ");
            let text = self.plain(text.trim_start_matches("| "));
            if !text.is_empty() {
                self.push(start, Content::Text(text));
            }
            return true;
        }
        if line.starts_with(">>> ") {
            while !self.line(self.at).is_empty() {
                self.at += 1;
            }
            self.code(start, self.at, "python".to_owned());
            return true;
        }
        self.term()
    }

    /// A line directly above a deeper one is a term, and that its definition.
    fn term(&mut self) -> bool {
        let (start, line) = (self.at, self.line(self.at));
        let below = self.line(start + 1);
        if below.is_empty() || indent(below) == 0 || line.ends_with("::") {
            return false;
        }
        let depth = indent(below);
        let end = self.body_end(start + 1, 0);
        self.at = end;
        // A classifier behind the term is a remark: `term : classifier`.
        let text = self.plain(line);
        self.item = None;
        self.push(
            start,
            Content::Item {
                level: self.level,
                text,
            },
        );
        let level = self.level.saturating_add(1);
        self.item_body(start + 1, end, depth, level.saturating_add(1), Some(level));
        true
    }

    /// An item: what stands behind its mark is the first line of its body.
    fn marked_item(&mut self, start: usize, end: usize, length: usize) {
        let first = self.line(start).get(length..).unwrap_or_default();
        let inner = first.trim_start();
        let column = length + first.len() - inner.len();
        // Bodies that are indented less than the text behind the mark are the item's all the same.
        let depth = (start + 1..end)
            .map(|at| self.line(at))
            .filter(|line| !line.is_empty())
            .map(indent)
            .min()
            .unwrap_or(column)
            .min(column);
        let mut lines = vec![inner];
        lines.extend((start + 1..end).map(|at| dedent(self.line(at), depth)));
        let level = self.level;
        let mut reader = Reader {
            page: &mut *self.page,
            origin: self.origin,
            lines: &lines,
            numbers: self.numbers.after(start),
            at: 0,
            depth: self.depth + 1,
            level: level.saturating_add(1),
            item: Some(level),
        };
        if super::MOST_DEPTH <= self.depth {
            // Too deep to be a page that a person wrote: the text is kept.
            let text = lines.join(" ");
            let text = reader.plain(&text);
            reader.push(0, Content::Item { level, text });
        } else {
            reader.read();
        }
    }
}

pub(super) fn is_item(line: &str) -> bool {
    mark(line).is_some()
}

/// The bytes of the mark with which an item starts: `*`, `1.`, `(a)`, `#.`, `iv)`.
fn mark(line: &str) -> Option<usize> {
    let end = line.find(' ').unwrap_or(line.len());
    let mark = line.get(..end)?;
    if matches!(mark, "*" | "-" | "+" | "\u{2022}" | "\u{2023}" | "\u{2043}") {
        return Some(end);
    }
    let inner = mark.strip_prefix('(').unwrap_or(mark);
    let number = inner.strip_suffix(['.', ')'])?;
    let is_number = number == "#"
        || !number.is_empty() && number.len() < 4 && number.chars().all(|c| c.is_ascii_digit())
        || number.len() == 1 && number.chars().all(|c| c.is_ascii_alphabetic())
        || !number.is_empty()
            && number.len() < 5
            && number.chars().all(|c| matches!(c, 'i' | 'v' | 'x'));
    (is_number && end < line.len()).then_some(end)
}

/// `:name: value`.
fn field(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix(':')?;
    let (name, value) = rest.split_once(':')?;
    let is_field = !name.is_empty()
        && !name.starts_with(char::is_whitespace)
        && (value.is_empty() || value.starts_with(' '))
        && !value.starts_with('`');
    is_field.then_some((name, value.trim()))
}

/// Whether the name of a field is a port, or speaks of one: `:8443:`, `:HTTP port:`.
fn speaks_of_ports(name: &str) -> bool {
    name.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| {
            matches!(word, "port" | "ports" | "tcp" | "udp" | "http" | "https")
                || word.starts_with(|c: char| c.is_ascii_digit())
        })
}

/// Names of fields that say when and by whom a page was written.
fn is_bibliographic(name: &str) -> bool {
    [
        "date",
        "version",
        "revision",
        "tocdepth",
        "copyright",
        "author",
        "status",
        "contact",
    ]
    .iter()
    .any(|known| name.eq_ignore_ascii_case(known))
}
