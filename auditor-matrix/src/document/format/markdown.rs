//! Reads Markdown into blocks; HTML inside it is read as HTML.

mod one_line_table;
mod pieces;

use std::ops::Range;

use pulldown_cmark::{Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use super::html;
use crate::document::{
    block::{Block, Content},
    table_rows::{TableRow, TableRows},
    text::{find_tag, fold},
};

pub(super) fn blocks(text: &str) -> Vec<Block> {
    in_pieces(text, PIECE)
}

fn in_pieces(text: &str, least: usize) -> Vec<Block> {
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_YAML_STYLE_METADATA_BLOCKS
        | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut blocks: Vec<Block> = Vec::new();
    for piece in pieces::pieces(text, least) {
        let mut reader = Reader {
            source: &piece.text,
            lines: Lines::new(&piece.text),
            blocks: Vec::new(),
            open: Vec::new(),
            table: None,
            row: None,
            html_end: 0,
            is_raised: false,
        };
        for (event, range) in Parser::new_ext(&piece.text, options).into_offset_iter() {
            reader.event(&event, &range);
        }
        let mut more = reader.blocks.into_iter();
        let in_page = |line: usize| (line + piece.n_lines_before).saturating_sub(piece.n_repeated);
        if 0 < piece.n_repeated
            && let (Some(Content::Table(rows)), Some(Content::Table(below))) = (
                blocks.last_mut().map(|block| &mut block.content),
                more.as_slice().first().map(|block| &block.content),
            )
        {
            for mut row in below.iter().skip(1) {
                row.line = in_page(row.line);
                rows.push(&row);
            }
            more.next();
        }
        for mut block in more {
            if let Content::Table(rows) = &mut block.content {
                rows.move_down(in_page);
            }
            block.line = in_page(block.line);
            blocks.push(block);
        }
    }
    blocks
}

/// The approximate number of bytes of a page that are parsed at once.
const PIECE: usize = 1 << 18;

/// The byte offsets at which lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn new(text: &str) -> Self {
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

struct Reader<'a> {
    source: &'a str,
    lines: Lines,
    blocks: Vec<Block>,
    /// Line and text of the open blocks, innermost last: a paragraph inside a list item is a block of its own.
    open: Vec<(usize, String)>,
    table: Option<(usize, TableRows)>,
    /// The row of `table` that is being read.
    row: Option<TableRow>,
    /// The byte offset at which the last HTML block ends; events before it are skipped. The parser would cut an HTML table
    /// at its first empty line.
    html_end: usize,
    /// Inside `<sup>`.
    is_raised: bool,
}

impl Reader<'_> {
    fn event(&mut self, event: &Event<'_>, range: &Range<usize>) {
        if range.start < self.html_end {
            return;
        }
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(*tag),
            Event::Text(text) | Event::Code(text) => self.push(text),
            Event::SoftBreak | Event::HardBreak => self.push(" "),
            Event::Html(_) => self.html(range),
            Event::InlineHtml(tag) => {
                let name = tag.trim_start_matches(['<', '/']).to_ascii_lowercase();
                // `<sup>` holds the mark of a footnote, which is left out.
                self.is_raised = match name.as_str() {
                    "sup>" => !tag.starts_with("</"),
                    _ => self.is_raised,
                };
                if name.starts_with("br") || name.starts_with("p>") {
                    self.push(" ");
                }
                if tag.to_ascii_lowercase().starts_with("<li") {
                    let is_first = self
                        .open
                        .last()
                        .is_none_or(|(_, text)| text.trim().is_empty());
                    self.push(if is_first { " " } else { ", " });
                }
            }
            Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::Rule
            | Event::TaskListMarker(_) => {}
        }
    }

    fn start(&mut self, tag: &Tag<'_>, range: &Range<usize>) {
        // A `<sup>` without an end tag ends with its cell or paragraph.
        self.is_raised &= !matches!(tag, Tag::TableCell | Tag::Paragraph | Tag::Item);
        let line = self.lines.of(range.start);
        match tag {
            Tag::Table(_) => self.table = Some((line, TableRows::default())),
            Tag::TableHead | Tag::TableRow => {
                self.row = Some(TableRow {
                    line,
                    is_heading: matches!(tag, Tag::TableHead),
                    cells: Vec::new(),
                });
            }
            Tag::Item => {
                self.close();
                self.open.push((line, String::new()));
            }
            Tag::Heading { .. }
            | Tag::Paragraph
            | Tag::TableCell
            | Tag::CodeBlock(_)
            | Tag::MetadataBlock(_) => {
                self.open.push((line, String::new()));
            }
            Tag::BlockQuote(_)
            | Tag::HtmlBlock
            | Tag::List(_)
            | Tag::FootnoteDefinition(_)
            | Tag::DefinitionList
            | Tag::DefinitionListTitle
            | Tag::DefinitionListDefinition
            | Tag::Emphasis
            | Tag::Strong
            | Tag::Strikethrough
            | Tag::Superscript
            | Tag::Subscript
            | Tag::Link { .. }
            | Tag::Image { .. } => {}
        }
    }

    fn end(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Table => {
                if let Some((line, rows)) = self.table.take() {
                    self.blocks.push(Block {
                        line,
                        content: Content::Table(Box::new(rows)),
                    });
                }
            }
            TagEnd::TableCell => {
                if let (Some((_, text)), Some(row)) = (self.open.pop(), &mut self.row) {
                    row.cells.push(fold(&text));
                }
            }
            TagEnd::Heading(level) => {
                if let Some((line, text)) = self.open.pop() {
                    let text = fold(&text);
                    self.blocks.push(Block {
                        line,
                        content: Content::Heading {
                            level: depth(level),
                            text,
                        },
                    });
                }
            }
            TagEnd::Paragraph | TagEnd::Item => {
                self.close();
                self.open.pop();
            }
            // Code is no prose, so its text is dropped.
            TagEnd::CodeBlock => {
                self.open.pop();
            }
            TagEnd::MetadataBlock(_) => {
                let Some((line, matter)) = self.open.pop() else {
                    return;
                };
                let title = matter.lines().find_map(|line| line.strip_prefix("title:"));
                let title = title.map(|title| fold(title.trim().trim_matches(['"', '\''])));
                self.blocks.extend(title.map(|title| Block {
                    line,
                    content: Content::Title(title),
                }));
            }
            TagEnd::TableHead | TagEnd::TableRow => {
                if let (Some((_, rows)), Some(row)) = (&mut self.table, self.row.take()) {
                    rows.push(&row);
                }
            }
            TagEnd::BlockQuote(_)
            | TagEnd::HtmlBlock
            | TagEnd::List(_)
            | TagEnd::FootnoteDefinition
            | TagEnd::DefinitionList
            | TagEnd::DefinitionListTitle
            | TagEnd::DefinitionListDefinition
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough
            | TagEnd::Superscript
            | TagEnd::Subscript
            | TagEnd::Link
            | TagEnd::Image => {}
        }
    }

    fn push(&mut self, text: &str) {
        if let Some((_, open)) = self.open.last_mut().filter(|_| !self.is_raised) {
            open.push_str(text);
        }
    }

    /// Makes a block of the innermost open text.
    fn close(&mut self) {
        if let Some((line, text)) = self.open.last_mut() {
            let (line, folded) = (*line, fold(text));
            text.clear();
            if folded.is_empty() || self.table.is_some() {
                return;
            }
            let text = match one_line_table::table(&folded, line) {
                Some((rows, rest)) => {
                    self.blocks.push(Block {
                        line,
                        content: Content::Table(Box::new(rows.into())),
                    });
                    rest
                }
                None => folded,
            };
            self.blocks.push(Block {
                line,
                content: Content::Text(text),
            });
        }
    }

    /// Reads the HTML block that starts at `range`; a table is read up to its end tag.
    fn html(&mut self, range: &Range<usize>) {
        let rest = self.source.get(range.start..).unwrap_or_default();
        let part = self.source.get(range.clone()).unwrap_or_default();
        let opens_table = find_tag(part, "<table").is_some();
        let end = match find_tag(rest, "</table") {
            Some(at) if opens_table => {
                range.start
                    + rest
                        .get(at..)
                        .and_then(|tail| tail.find('>'))
                        .map_or(rest.len(), |close| at + close + 1)
            }
            Some(_) | None => self.block_end(range),
        };
        let text = self.source.get(range.start..end).unwrap_or_default();
        self.html_end = end;
        self.blocks
            .extend(html::blocks(text, self.lines.of(range.start)));
    }

    /// The byte offset at which an HTML block ends: its first empty line. The parser emits HTML line by line.
    fn block_end(&self, range: &Range<usize>) -> usize {
        let mut end = range.start;
        for line in self
            .source
            .get(range.start..)
            .unwrap_or_default()
            .split_inclusive('\n')
        {
            if line.trim().is_empty() {
                break;
            }
            end += line.len();
        }
        end.max(range.end)
    }
}

const fn depth(level: HeadingLevel) -> u8 {
    level as u8
}

#[cfg(test)]
mod tests {
    use super::in_pieces;

    #[test]
    fn a_page_in_pieces_is_the_same_page() {
        let page = include_str!("../../../../demo/ports.md");
        let more = "\n~~~\n\n| a | b |\n~~~\n\n<table>\n<tr><td>Port\n\n<td>1</table>\n\n> quoted\n\n| A | B |\n|---|---|\n| 1 | 2 |\n";
        let page = [page, more].concat();
        let whole = in_pieces(&page, usize::MAX);
        for least in [1, 50, 300] {
            assert_eq!(in_pieces(&page, least), whole, "{least}");
        }
    }
}
