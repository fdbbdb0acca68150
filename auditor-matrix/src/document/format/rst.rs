//! Reads reStructuredText into blocks: headings, tables, paragraphs, lists, literal blocks, and what directives contain.
//!
//! The structure is that of indentation: the body of an item or a directive is a text of its own, which is read without its
//! indentation. So the body of a directive that nobody knows is read as well.

mod body;
mod directive;
mod drawn;
mod grid;
mod list;
mod markup;
mod table;

use std::collections::BTreeMap;

use self::{
    drawn::{is_grid_edge, is_simple_edge},
    markup::plain,
};
use crate::document::{
    block::{Block, Content, explains_item},
    includes::Origin,
    separated,
};

pub(super) fn blocks(text: &str, origin: &Origin<'_>) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut page = Page {
        substitutions: substitutions(&lines),
        ..Page::default()
    };
    let mut reader = Reader {
        page: &mut page,
        origin,
        lines: &lines,
        numbers: Numbers::From(1),
        at: 0,
        depth: 0,
        level: 0,
        item: None,
    };
    reader.read();
    page.blocks
}

/// What is known of the whole page.
#[derive(Default)]
struct Page {
    blocks: Vec<Block>,
    /// The underline characters of headings, in the order of their first use: the first is the highest level. The flag says
    /// whether the heading has an overline too.
    marks: Vec<(char, bool)>,
    /// The texts that stand for `|name|`.
    substitutions: BTreeMap<String, String>,
}

/// Reads lines that are indented alike: a page, or the body of an item or a directive.
struct Reader<'r, 'a> {
    page: &'r mut Page,
    origin: &'r Origin<'r>,
    lines: &'r [&'a str],
    numbers: Numbers,
    /// The 0-based index of the line that is read next.
    at: usize,
    /// How many bodies this one stands in.
    depth: usize,
    /// The level of lists in this body.
    level: u8,
    /// The level of the item whose first paragraph is read next.
    item: Option<u8>,
}

/// The numbers of the lines of a body in the page.
#[derive(Clone, Copy)]
enum Numbers {
    From(usize),
    /// All lines come from a file that this line includes.
    All(usize),
}

impl Numbers {
    const fn of(self, at: usize) -> usize {
        match self {
            Self::From(first) => first + at,
            Self::All(line) => line,
        }
    }

    const fn after(self, n_lines: usize) -> Self {
        match self {
            Self::From(first) => Self::From(first + n_lines),
            Self::All(line) => Self::All(line),
        }
    }
}

/// Bodies deeper than this are read as if they were not indented further.
const MOST_DEPTH: usize = 40;

impl<'a> Reader<'_, 'a> {
    fn read(&mut self) {
        while self.at < self.lines.len() {
            let before = self.at;
            self.block();
            // Whatever a line is, it is read.
            self.at = self.at.max(before + 1);
        }
    }

    fn line(&self, at: usize) -> &'a str {
        self.lines.get(at).copied().unwrap_or_default()
    }

    fn number(&self, at: usize) -> usize {
        self.numbers.of(at)
    }

    fn push(&mut self, at: usize, content: Content) {
        let line = self.number(at);
        self.page.blocks.push(Block { line, content });
    }

    fn plain(&self, text: &str) -> String {
        plain(&self.substituted(text))
    }

    fn block(&mut self) {
        let line = self.line(self.at);
        let trimmed = line.trim_start();
        let indent = indent(line);
        if trimmed.is_empty() {
            self.at += 1;
        } else if 0 < indent {
            self.quote(indent);
        } else if is_grid_edge(trimmed) {
            self.grid_table();
        } else if is_simple_edge(trimmed) && !self.is_overline() {
            self.simple_table();
        } else if trimmed == ".." || trimmed.starts_with(".. ") {
            self.explicit();
        } else if self.heading() || self.list() {
        } else {
            self.paragraph();
        }
    }

    /// Text that is indented without more: a quotation.
    fn quote(&mut self, indent: usize) {
        let start = self.at;
        while self.at < self.lines.len()
            && (self.line(self.at).is_empty() || indent <= self::indent(self.line(self.at)))
        {
            self.at += 1;
        }
        self.body(start, self.at, indent, self.level);
    }

    fn paragraph(&mut self) {
        let start = self.at;
        let mut text = self.line(start).to_owned();
        self.at += 1;
        while !self.line(self.at).trim().is_empty() {
            let next = self.line(self.at);
            let trimmed = next.trim_start();
            let starts_anew = is_grid_edge(trimmed)
                || trimmed.starts_with(".. ") && trimmed.contains("::")
                || list::is_item(trimmed) && indent(next) == 0;
            if starts_anew {
                break;
            }
            text.push(' ');
            text.push_str(trimmed);
            self.at += 1;
        }
        let lines = self.lines.get(start..self.at).unwrap_or_default();
        let plain = |text: &str| self.plain(text);
        if let Some(blocks) = separated::blocks(0, &lines.join("\n"), &plain) {
            for block in blocks {
                self.push_separated(start, block);
            }
            return;
        }
        // `::` announces a literal block.
        let is_literal = text.ends_with("::");
        let text = match text.strip_suffix("::") {
            Some(before) if before.trim().is_empty() || before.ends_with(' ') => before.to_owned(),
            Some(before) => format!("{before}:"),
            None => text,
        };
        let text = self.plain(&text);
        if !text.is_empty() {
            let content = match self.item.take() {
                Some(level) => Content::Item { level, text },
                None if !is_literal && explains_item(&self.page.blocks, self.level, &text) => {
                    Content::Item {
                        level: self.level,
                        text,
                    }
                }
                None => Content::Text(text),
            };
            self.push(start, content);
        }
        if is_literal {
            self.literal();
        }
    }

    /// Adds a block of the paragraph that starts here, whose lines are counted from its first one.
    fn push_separated(&mut self, start: usize, mut block: Block) {
        let numbers = self.numbers;
        if let Content::Table(rows) = &mut block.content {
            rows.move_down(|line| numbers.of(start + line));
        }
        let content = match (block.content, self.item.take()) {
            (Content::Text(text), Some(level)) => Content::Item { level, text },
            (content, _) => content,
        };
        self.push(start + block.line, content);
    }

    /// The literal block below a paragraph that announces one: indented, or with a mark at the start of each line.
    fn literal(&mut self) {
        let mut first = self.at;
        while first < self.lines.len() && self.line(first).is_empty() {
            first += 1;
        }
        let line = self.line(first);
        let mark = line.chars().next().filter(char::is_ascii_punctuation);
        let mut end = first;
        if 0 < indent(line) {
            while end < self.lines.len()
                && (self.line(end).is_empty() || 0 < indent(self.line(end)))
            {
                end += 1;
            }
        } else if let Some(mark) = mark {
            while self.line(end).starts_with(mark) {
                end += 1;
            }
        }
        if first < end {
            self.at = end;
            self.code(first, end, String::new());
        }
    }

    /// The lines as a listing.
    fn code(&mut self, mut first: usize, end: usize, language: String) {
        while first < end && self.line(first).is_empty() {
            first += 1;
        }
        let text = self.text(first, end).trim_end().to_owned();
        if !text.is_empty() {
            self.push(first, Content::Code { language, text });
        }
    }

    /// Whether the current line is the overline of a heading.
    fn is_overline(&self) -> bool {
        let (over, under) = (self.line(self.at).trim(), self.line(self.at + 2).trim());
        underline(over).is_some()
            && underline(under) == underline(over)
            && !self.line(self.at + 1).trim().is_empty()
            && !over.contains(' ')
            && self.line(self.at + 3).trim().is_empty()
    }

    /// Reads a heading with an underline and perhaps an overline, or a transition. False if the current line is neither.
    fn heading(&mut self) -> bool {
        let first = underline(self.line(self.at));
        let (title, mark, is_over) = match (first, underline(self.line(self.at + 1))) {
            (Some(mark), _) if self.is_overline() => (self.at + 1, mark, true),
            (None, Some(mark))
                if self.line(self.at + 1).len() + 2 >= self.line(self.at).trim().len() =>
            {
                (self.at, mark, false)
            }
            (Some(mark), _) if mark != ':' => {
                // A transition: a line of marks between paragraphs.
                self.at += 1;
                return true;
            }
            (Some(_) | None, Some(_) | None) => return false,
        };
        let known = self
            .page
            .marks
            .iter()
            .position(|known| *known == (mark, is_over));
        let level = known.unwrap_or_else(|| {
            self.page.marks.push((mark, is_over));
            self.page.marks.len() - 1
        });
        let text = self.plain(self.line(title));
        self.at = title + 2;
        self.push(
            title,
            Content::Heading {
                level: u8::try_from(level + 1).unwrap_or(u8::MAX),
                text,
            },
        );
        true
    }

    /// The text with the substitutions that the page defines. Others stay as they are written.
    fn substituted(&self, text: &str) -> String {
        if !text.contains('|') || self.page.substitutions.is_empty() {
            return text.to_owned();
        }
        let mut parts = text.split('|');
        let mut replaced = parts.next().unwrap_or_default().to_owned();
        let mut is_after_bar = true;
        for part in parts {
            if let Some(value) = self.page.substitutions.get(part).filter(|_| is_after_bar) {
                replaced.push_str(value);
                is_after_bar = false;
            } else {
                if is_after_bar {
                    replaced.push('|');
                }
                replaced.push_str(part);
                is_after_bar = true;
            }
        }
        replaced
    }
}

/// `.. |name| replace:: text`, wherever it stands.
fn substitutions(lines: &[&str]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for line in lines {
        let definition = line
            .trim_start()
            .strip_prefix(".. |")
            .and_then(|rest| rest.split_once("| "));
        if let Some((name, rest)) = definition
            && let Some((kind, text)) = rest.split_once("::")
            && matches!(kind.trim(), "replace" | "unicode")
        {
            let text = text.trim();
            let text = if kind.trim() == "unicode" { "" } else { text };
            found.insert(name.to_owned(), text.to_owned());
        }
    }
    found
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The character of a line that consists of at least three times the same punctuation mark.
fn underline(line: &str) -> Option<char> {
    let line = line.trim_end();
    let mark = line.chars().next().filter(char::is_ascii_punctuation)?;
    (3 <= line.len() && line.chars().all(|character| character == mark)).then_some(mark)
}

#[cfg(test)]
mod tests;
