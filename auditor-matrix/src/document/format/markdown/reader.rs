//! Turns the events of the Markdown parser into blocks.

mod foreign_block;
mod text;

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, HeadingLevel, Tag, TagEnd};

use super::{
    super::{
        footnote, html,
        separator::{LINE, PART, joined},
    },
    inline_tag::{InlineTag, inline_tag},
    title_line::TitleLine,
};
use crate::document::{
    block::{Block, Content},
    table_rows::{TableRow, TableRows},
    text::fold,
};

/// The byte offsets at which lines begin.
pub(super) struct Lines(Vec<usize>);

impl Lines {
    pub(super) fn new(text: &str) -> Self {
        let breaks = text
            .bytes()
            .enumerate()
            .filter(|(_, byte)| *byte == b'\n')
            .map(|(index, _)| index + 1);
        Self(std::iter::once(0).chain(breaks).collect())
    }

    /// The 1-based line of a byte offset.
    fn of(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

pub(super) struct Reader<'a> {
    source: &'a str,
    lines: Lines,
    page: &'a mut html::Page,
    blocks: Vec<Block>,
    /// The open blocks, innermost last: a paragraph inside a list item is a block of its own.
    open: Vec<Open>,
    /// How deep the innermost open list is, and the number of levels that each open list takes.
    depth: u8,
    table: Option<(usize, TableRows)>,
    /// The row of `table` that is being read.
    row: Option<TableRow>,
    /// The byte offset at which the last HTML block ends; events before it are skipped. The parser would cut an HTML table
    /// at its first empty line.
    html_end: usize,
    /// No table ends behind the last HTML block.
    is_without_table_end: bool,
    /// The text inside `<sup>`, which may be the mark of a footnote.
    raised: Option<String>,
    /// How many elements are open whose text is struck out.
    n_struck: usize,
    /// The inline element whose text is not shown, and how many of its name are open.
    hidden: Option<(String, usize)>,
}

/// A text that is being read.
struct Open {
    line: usize,
    text: String,
    kind: Kind,
    title: TitleLine,
}

#[derive(Clone, Eq, PartialEq)]
enum Kind {
    Text,
    /// An item whose first paragraph was not read yet.
    Item(u8),
    Code(String),
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a str, lines: Lines, page: &'a mut html::Page) -> Self {
        Self {
            source,
            lines,
            page,
            blocks: Vec::new(),
            open: Vec::new(),
            depth: 0,
            table: None,
            row: None,
            html_end: 0,
            is_without_table_end: false,
            raised: None,
            n_struck: 0,
            hidden: None,
        }
    }

    pub(super) fn blocks(mut self) -> Vec<Block> {
        while !self.open.is_empty() {
            self.close();
            self.open.pop();
        }
        self.blocks
    }

    pub(super) fn event(&mut self, event: &Event<'_>, range: &Range<usize>) {
        if range.start < self.html_end {
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(*tag),
            Event::Text(text)
            | Event::Code(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text) => self.push(text),
            Event::SoftBreak | Event::HardBreak => {
                self.push(" ");
                self.end_row();
                if let Some(open) = self.open.last_mut() {
                    open.title.end_line(&open.text);
                }
            }
            Event::Html(_) => self.html(range),
            Event::InlineHtml(tag) => self.inline_html(tag),
            Event::FootnoteReference(_) | Event::Rule | Event::TaskListMarker(_) => {}
        }
    }

    fn inline_html(&mut self, tag: &str) {
        match inline_tag(tag) {
            InlineTag::Break if self.row.is_some() => self.push(&LINE.to_string()),
            InlineTag::Part if self.row.is_some() => self.push(&PART.to_string()),
            InlineTag::Break | InlineTag::Part => self.push(" "),
            InlineTag::Raised { is_end } => {
                self.end_raised();
                if !is_end {
                    self.raised = Some(String::new());
                }
            }
            InlineTag::Hidden(name) => match &mut self.hidden {
                Some((hidden, depth)) if hidden == name => *depth += 1,
                Some(_) => {}
                None => {
                    self.push(" ");
                    self.hidden = Some((name.to_owned(), 1));
                }
            },
            InlineTag::End(name) => {
                if let Some((hidden, depth)) = &mut self.hidden
                    && hidden == name
                {
                    *depth -= 1;
                    if *depth == 0 {
                        self.hidden = None;
                    }
                }
            }
            InlineTag::Unknown => self.push(tag),
            InlineTag::Other => {}
        }
    }

    /// Ends raised text. The mark of a footnote is left out; other raised text is a word.
    fn end_raised(&mut self) {
        if let Some(raised) = self
            .raised
            .take()
            .filter(|raised| !footnote::is_mark(raised))
        {
            if footnote::is_ending(&raised) {
                self.push(&raised);
            } else {
                self.push(" ");
                self.push(&footnote::remark(&raised));
            }
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        let line = self.lines.of(range.start);
        if matches!(
            tag,
            Tag::TableCell | Tag::Paragraph | Tag::Item | Tag::Heading { .. }
        ) {
            self.end_inline();
        }
        match tag {
            Tag::Table(_) => {
                self.close();
                self.table = Some((line, TableRows::default()));
            }
            Tag::TableHead | Tag::TableRow => {
                self.row = Some(TableRow {
                    line,
                    is_heading: matches!(tag, Tag::TableHead),
                    cells: Vec::new(),
                });
            }
            Tag::Item => self.open(line, Kind::Item(self.depth.saturating_sub(1))),
            Tag::DefinitionListTitle => self.open(line, Kind::Item(self.depth.saturating_sub(2))),
            Tag::DefinitionListDefinition => {
                self.open(line, Kind::Item(self.depth.saturating_sub(1)));
            }
            // Dashes below a line of headings rule them off, and make no heading of the page.
            Tag::Paragraph | Tag::Heading { .. } if self.separated(line, range.start) => {}
            Tag::Paragraph => {
                // The first paragraph of an item is the item's.
                let kind = self
                    .open
                    .last_mut()
                    .filter(|open| open.text.trim().is_empty())
                    .map_or(Kind::Text, |open| {
                        std::mem::replace(&mut open.kind, Kind::Text)
                    });
                self.open.push(Open {
                    title: TitleLine::default(),
                    line,
                    text: String::new(),
                    kind,
                });
            }
            Tag::Heading { .. } | Tag::TableCell | Tag::MetadataBlock(_) => {
                self.open.push(Open {
                    title: TitleLine::default(),
                    line,
                    text: String::new(),
                    kind: Kind::Text,
                });
            }
            Tag::CodeBlock(kind) => {
                let (language, first) = match kind {
                    CodeBlockKind::Indented => (String::new(), line),
                    CodeBlockKind::Fenced(info) => (language(info), line + 1),
                };
                self.open(first, Kind::Code(language));
            }
            Tag::List(_) => {
                self.close();
                self.depth = self.depth.saturating_add(1);
            }
            Tag::DefinitionList => {
                self.close();
                self.depth = self.depth.saturating_add(2);
            }
            Tag::HtmlBlock => self.html(range),
            Tag::Strikethrough => {
                self.push(" ");
                self.n_struck += 1;
            }
            Tag::Superscript | Tag::Subscript => self.raised = Some(String::new()),
            Tag::BlockQuote(_) => self.close(),
            Tag::Strong => {
                if let Some(open) = self.open.last_mut().filter(|open| open.kind == Kind::Text) {
                    open.title.begin(&open.text);
                }
            }
            Tag::FootnoteDefinition(_) | Tag::Emphasis | Tag::Link { .. } | Tag::Image { .. } => {}
        }
    }

    /// Opens a block inside the innermost open one, whose text so far is a block.
    fn open(&mut self, line: usize, kind: Kind) {
        self.close();
        self.open.push(Open {
            line,
            text: String::new(),
            kind,
            title: TitleLine::default(),
        });
    }

    fn end_inline(&mut self) {
        // Raised and hidden text without an end tag ends with its cell or paragraph.
        self.end_raised();
        self.hidden = None;
        self.n_struck = 0;
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Table => {
                if let Some((line, rows)) = self.table.take().filter(|_| !self.page.is_hidden()) {
                    self.blocks.push(Block {
                        line,
                        content: Content::Table(Box::new(rows)),
                    });
                }
            }
            TagEnd::TableCell => {
                self.end_inline();
                if let (Some(open), Some(row)) = (self.open.pop(), &mut self.row) {
                    let text = footnote::without_marks(&open.text);
                    row.cells.push(joined(&text, row.is_heading));
                }
            }
            TagEnd::Heading(level) => {
                self.end_inline();
                if let Some(open) = self.open.pop().filter(|_| !self.page.is_hidden()) {
                    self.blocks.push(Block {
                        line: open.line,
                        content: Content::Heading {
                            level: depth(level),
                            text: fold(&footnote::without_marks(&open.text)),
                        },
                    });
                }
            }
            TagEnd::Paragraph
            | TagEnd::Item
            | TagEnd::CodeBlock
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition => {
                self.end_inline();
                self.close();
                self.open.pop();
            }
            TagEnd::List(_) => self.depth = self.depth.saturating_sub(1),
            TagEnd::DefinitionList => self.depth = self.depth.saturating_sub(2),
            TagEnd::MetadataBlock(_) => {
                self.open.pop();
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let (Some((_, rows)), Some(row)) = (&mut self.table, self.row.take()) {
                    rows.push(&row);
                }
            }
            TagEnd::Strikethrough => self.n_struck = self.n_struck.saturating_sub(1),
            TagEnd::Superscript | TagEnd::Subscript => self.end_raised(),
            TagEnd::Strong => {
                if let Some(open) = self.open.last_mut() {
                    open.title.end(&open.text);
                }
            }
            TagEnd::BlockQuote(_)
            | TagEnd::HtmlBlock
            | TagEnd::FootnoteDefinition
            | TagEnd::Emphasis
            | TagEnd::Link
            | TagEnd::Image => {}
        }
    }
}

/// The language of a fenced listing: `yaml`, `yaml {1,3}`, `{ .yaml }`, `{code-block} yaml`.
fn language(info: &str) -> String {
    let mut words = info
        .split(|c: char| c.is_whitespace() || matches!(c, '{' | '}' | ','))
        .filter(|word| !word.is_empty());
    words
        .next()
        .unwrap_or_default()
        .trim_start_matches('.')
        .to_owned()
}

const fn depth(level: HeadingLevel) -> u8 {
    level as u8
}
