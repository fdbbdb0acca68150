//! Goes over the lines of a page: reads what dialects add to Markdown, and hands the plain Markdown between to the parser.
//!
//! What contains other text (an admonition, a tab, a component, a condition of a template) is only a border: its body is
//! Markdown of the page, indented or not. So a syntax that nobody knows loses no text.

mod admonition;
mod bullet;
mod chunk;
mod component;
mod container;
mod fence;
mod include;
mod indentation;
mod line_kind;
mod magic_block;
mod shortcode;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::chunk::{is_delimiter_row, n_cells};
use self::{
    chunk::{Chunk, TableHead},
    container::{Container, Edge},
    indentation::{columns, dedent},
    line_kind::{closed_names, is_item, is_row},
};
use super::super::{front_matter::front_matter, html, template};
use crate::document::{
    block::{Block, Content},
    includes::Origin,
};

pub(super) struct Scanner<'a> {
    page: &'a str,
    /// The byte offset of the next line, and its number.
    at: usize,
    next: usize,
    origin: &'a Origin<'a>,
    /// The page that the HTML between belongs to.
    html: html::Page,
    blocks: Vec<Block>,
    /// Innermost last.
    containers: Vec<Container>,
    chunk: Chunk<'a>,
    inside: Inside,
    /// The table that the last line belongs to, and the one that goes on after a border.
    table: Option<TableHead<'a>>,
    continued: Option<TableHead<'a>>,
    /// The last line of the chunk.
    previous: Option<Line<'a>>,
    /// A list began in this chunk, so indented lines are no code.
    has_list: bool,
    /// Its lines are its paragraphs.
    is_unwrapped: bool,
    /// The names that tags on this page close.
    closed: BTreeSet<String>,
    /// The files that the page imports as components.
    imports: BTreeMap<&'a str, &'a str>,
}

/// A line of the page, without the indentation of what contains it and without its end.
#[derive(Clone, Copy)]
struct Line<'a> {
    number: usize,
    text: &'a str,
    /// The line as it stands in the page, with its end, and the byte offset at which it starts.
    whole: &'a str,
    start: usize,
}

/// What the next line is inside of.
#[derive(Clone, Debug, Eq, PartialEq)]
enum Inside {
    Nothing,
    /// A listing with a fence of this character and length.
    Fence(char, usize),
    /// HTML that goes on to this text, empty lines included.
    Html(&'static str),
    /// A comment of a template that goes on to this text.
    Comment(&'static str),
}

impl<'a> Scanner<'a> {
    pub(super) fn new(page: &'a str, origin: &'a Origin<'a>) -> Self {
        Self {
            page,
            at: 0,
            next: 1,
            origin,
            html: html::Page::new(1),
            blocks: Vec::new(),
            containers: Vec::new(),
            chunk: Chunk::default(),
            inside: Inside::Nothing,
            table: None,
            continued: None,
            previous: None,
            has_list: false,
            is_unwrapped: bullet::is_unwrapped(page),
            closed: closed_names(page),
            imports: BTreeMap::new(),
        }
    }

    pub(super) fn blocks(mut self) -> Vec<Block> {
        if let Some(matter) = front_matter(self.page) {
            self.at = matter.n_bytes;
            self.next += matter.n_lines;
            if let Some((line, title)) = matter.title {
                self.push(line, Content::Title(title));
            }
        }
        while let Some(line) = self.line() {
            self.read(line);
        }
        self.close_to(0, self.next.saturating_sub(1).max(1));
        self.flush();
        let html = self.html.blocks();
        self.blocks.extend(html);
        self.blocks
    }

    fn push(&mut self, line: usize, content: Content) {
        self.blocks.push(Block { line, content });
    }

    /// A block that stands between two pieces of Markdown.
    fn push_between(&mut self, line: usize, content: Content) {
        self.flush();
        if self.html.is_hidden() {
            if let Content::Text(text) = &content {
                self.html.hide(text);
            }
            return;
        }
        self.push(line, content);
    }

    /// The next line as it stands in the page.
    fn line(&mut self) -> Option<Line<'a>> {
        let whole = self.ahead().next()?;
        let line = Line {
            number: self.next,
            text: whole.trim_end_matches(['\n', '\r']),
            whole,
            start: self.at,
        };
        self.at += whole.len();
        self.next += 1;
        Some(line)
    }

    /// The lines that follow, which are not taken.
    fn ahead(&self) -> std::str::SplitInclusive<'a, char> {
        self.page
            .get(self.at..)
            .unwrap_or_default()
            .split_inclusive('\n')
    }

    fn read(&mut self, line: Line<'a>) {
        let line = self.without_indentation(line);
        let trimmed = line.text.trim();
        match &self.inside {
            Inside::Fence(mark, length) => {
                let n_marks = trimmed.chars().take_while(|c| c == mark).count();
                if *length <= n_marks && trimmed.chars().all(|c| c == *mark) {
                    self.inside = Inside::Nothing;
                }
                self.take(line, line.text);
            }
            Inside::Html(end) => {
                if line.text.to_ascii_lowercase().contains(end) {
                    self.inside = Inside::Nothing;
                }
                self.take(line, line.text);
            }
            Inside::Comment(end) => {
                if line.text.contains(end) {
                    self.inside = Inside::Nothing;
                }
            }
            Inside::Nothing if trimmed.is_empty() => self.empty_line(line),
            Inside::Nothing => {
                let indent = columns(line.text);
                let is_code = 4 <= indent && !self.has_list;
                if is_code || !self.construct(line, trimmed, indent) {
                    self.text_line(line);
                }
            }
        }
    }

    /// Reads a line that is no plain Markdown; false if it is.
    fn construct(&mut self, line: Line<'a>, trimmed: &'a str, indent: usize) -> bool {
        let Some(first) = trimmed.chars().next() else {
            return false;
        };
        match first {
            '`' | '~' | ':' if self.fence(line, trimmed, indent) => true,
            '!' | '?' | '=' if self.admonition(line, trimmed, indent) => true,
            '@' if self.tab_mark(line, trimmed) => true,
            '#' | '*' | '-' | '_' if self.linked_tab(line, trimmed) => true,
            'i' | 'e' if self.module(line, trimmed) => true,
            '<' if self.component_line(line, trimmed, indent) => true,
            '{' | '<' if self.template_line(line, trimmed, indent) => true,
            '[' if self.magic_block(line, trimmed) => true,
            // Attributes of the block above, as kramdown writes them.
            '{' if trimmed.starts_with("{:") && trimmed.ends_with('}') => true,
            '-' | '[' | '{' | '<' | '@' | '!' | ':' | ';' => self.include_line(line, trimmed),
            _ => false,
        }
    }

    fn text_line(&mut self, line: Line<'a>) {
        if self.bullet_line(line) {
            return;
        }
        let trimmed = line.text.trim_start();
        let lower = || {
            trimmed
                .get(..9.min(trimmed.len()))
                .map(str::to_ascii_lowercase)
        };
        if trimmed.starts_with('<')
            && let Some(start) = lower()
        {
            let ends = [
                ("<!--", "-->"),
                ("<pre", "</pre"),
                ("<script", "</script"),
                ("<style", "</style"),
            ];
            let found = ends.iter().find(|(begin, _)| start.starts_with(begin));
            if let Some((_, end)) = found
                && !line.text.to_ascii_lowercase().contains(end)
            {
                self.inside = Inside::Html(end);
            }
        }
        // The mark of a definition before the headings of a table is what is left of the text above them.
        if let Some(heading) = trimmed.strip_prefix(':')
            && heading.starts_with(char::is_alphanumeric)
            && heading.contains('|')
            && self.ahead().next().is_some_and(is_delimiter_row)
        {
            self.take(line, heading);
            return;
        }
        self.has_list |= is_item(trimmed);
        if trimmed.starts_with('#') {
            self.has_list = false;
        }
        if template::may_have_tag(line.text) || line.text.contains("[!") {
            let text = self.without_statements(line);
            self.take(line, &text);
        } else {
            self.take(line, line.text);
        }
    }

    /// Adds a line to the chunk.
    fn take(&mut self, line: Line<'a>, text: &str) {
        if let Some(head) = self.continued.take()
            && text.contains('|')
            && head.is_like(text)
            && !self.ahead().next().is_some_and(is_delimiter_row)
        {
            self.chunk.push(self.page, head.head, head.head.text);
            let mended = head.mended_delimiters(Some(text));
            let delimiters = mended.as_deref().unwrap_or(head.delimiters.text);
            self.chunk.push(self.page, head.delimiters, delimiters);
            self.table = Some(head);
        }
        if self.inside == Inside::Nothing {
            self.table = match self.table.take() {
                Some(head) if text.contains('|') => Some(head),
                _ => TableHead::new(self.previous, line),
            };
        }
        let mended = self
            .table
            .filter(|head| head.delimiters.number == line.number)
            .and_then(|head| head.mended_delimiters(self.ahead().next()));
        self.chunk
            .push(self.page, line, mended.as_deref().unwrap_or(text));
        self.previous = Some(line);
    }

    /// An empty line ends a table, unless one row follows that can only be its next one.
    fn empty_line(&mut self, line: Line<'a>) {
        if let Some(head) = &self.table {
            let mut ahead = self.ahead();
            let goes_on = ahead
                .next()
                .is_some_and(|row| head.is_like(row) && is_row(row, head.head.text))
                && !ahead.next().is_some_and(is_delimiter_row);
            if goes_on {
                return;
            }
        }
        self.table = None;
        self.chunk.push(self.page, line, "");
        self.previous = None;
    }

    /// Reads the chunk.
    fn flush(&mut self) {
        let chunk = std::mem::take(&mut self.chunk);
        self.continued = self.table.take().or(self.continued.take());
        self.previous = None;
        let Some((text, lines)) = chunk.finish(self.page) else {
            return;
        };
        if text.trim().is_empty() {
            return;
        }
        for mut block in super::plain_blocks(&text, &mut self.html) {
            if let Content::Table(rows) = &mut block.content {
                rows.move_down(|line| lines.of(line));
            }
            block.line = lines.of(block.line);
            self.blocks.push(block);
        }
    }

    /// Ends the containers from this one on.
    fn close_to(&mut self, index: usize, line: usize) {
        if self.containers.len() <= index {
            return;
        }
        self.flush();
        while index < self.containers.len() {
            if self
                .containers
                .pop()
                .is_some_and(|ended| ended.is_alternative)
            {
                self.push_between(line, Content::EndAlternative);
            }
        }
    }

    /// Begins a text of which there are alternatives.
    fn alternative(&mut self, line: usize, name: &str, edge: Edge) {
        if MOST_CONTAINERS <= self.containers.len() {
            self.push_between(line, Content::Text(name.to_owned()));
            return;
        }
        let name = name.to_owned();
        let begin = if matches!(edge, Edge::Condition(_)) {
            Content::Condition(name)
        } else {
            Content::Alternative(name)
        };
        self.push_between(line, begin);
        self.contain(Container {
            is_alternative: true,
            ..Container::new(edge)
        });
    }

    /// Begins a container. What is nested deeper than anybody writes is read as if it were not nested further.
    fn contain(&mut self, container: Container) {
        if self.containers.len() < MOST_CONTAINERS {
            self.containers.push(container);
        }
    }

    /// The lines up to `is_end`, without their indentation. The last is taken and not returned.
    fn body(&mut self, indent: usize, is_end: impl Fn(&str) -> bool) -> Vec<(usize, &'a str)> {
        let column = self.indentation().map_or(0, |(_, column)| column) + indent;
        let mut body = Vec::new();
        while let Some(line) = self.line() {
            if is_end(line.text.trim()) {
                break;
            }
            body.push((line.number, dedent(line.text, column)));
        }
        body
    }

    /// Joins lines to this one up to the end of a tag; `None` if there is no end.
    fn joined(&mut self, text: &str, is_whole: impl Fn(&str) -> bool) -> Option<String> {
        let mut joined = text.to_owned();
        let mut n_lines = 0;
        for line in self.ahead().take(MOST_LINES_OF_TAG) {
            if is_whole(&joined) {
                break;
            }
            joined.push(' ');
            joined.push_str(line.trim());
            n_lines += 1;
        }
        is_whole(&joined).then(|| {
            for _ in 0..n_lines {
                self.line();
            }
            joined
        })
    }
}

const MOST_CONTAINERS: usize = 60;

/// A tag of more lines is none.
const MOST_LINES_OF_TAG: usize = 40;
