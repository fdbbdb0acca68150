//! Reads AsciiDoc into blocks: headings, tables, paragraphs, items of lists and listings.
//!
//! A page is read line by line. What contains other blocks is only a border, and a file is included where its line stands,
//! even in the middle of a table.

mod attributes;
mod cell;
mod item;
mod line;
mod macros;
mod markup;
mod table;

use self::{attributes::Attributes, item::Lists, table::Table};
use super::front_matter::front_matter;
use crate::document::{
    block::{Block, Content, explains_item},
    includes::Origin,
    separated,
};

pub(super) fn blocks(text: &str, origin: &Origin<'_>) -> Vec<Block> {
    let mut reader = Reader::default();
    let matter = front_matter(text);
    let mut n_lines = 0;
    let mut rest = text;
    if let Some(matter) = matter {
        n_lines = matter.n_lines;
        rest = text.get(matter.n_bytes..).unwrap_or_default();
        if let Some((line, title)) = matter.title {
            reader.push(line, Content::Title(title));
        }
    }
    for (line, text) in (n_lines + 1..).zip(rest.lines()) {
        reader.line(line, text, origin);
    }
    reader.finish();
    reader.blocks
}

#[derive(Default)]
struct Reader {
    blocks: Vec<Block>,
    paragraph: Option<Paragraph>,
    table: Option<Table>,
    /// The attribute list that stands above the next block.
    block_attributes: String,
    /// The title that stands above the next block.
    title: Option<(usize, String)>,
    /// What the page defines.
    attributes: Attributes,
    /// An attribute whose value goes on in the next line.
    open_attribute: Option<String>,
    listing: Option<Listing>,
    lists: Lists,
    /// Innermost last.
    containers: Vec<Container>,
    /// The last line was `+`, which joins the next block to an item.
    is_joined: bool,
    line: usize,
    /// The texts of footnotes, which follow the block that they are about.
    notes: Vec<(usize, String)>,
    /// The conditions that are open: whether each is an alternative.
    conditions: Vec<bool>,
}

struct Paragraph {
    line: usize,
    text: String,
    /// The level of the item whose text it is.
    item: Option<u8>,
    /// Its lines are indented, so it is preformatted.
    is_literal: bool,
    /// A `+` joins it to the item above.
    is_joined: bool,
}

/// A block whose lines are taken as they stand.
struct Listing {
    delimiter: String,
    kind: ListingKind,
    language: String,
    /// The line of its first line of text.
    line: usize,
    text: String,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum ListingKind {
    Code,
    Comment,
    Html,
}

/// A block that contains others, between two equal lines.
struct Container {
    delimiter: String,
    /// Its terms are the names of tabs.
    is_tabs: bool,
    /// A tab is open.
    has_tab: bool,
    /// The lists that it stands in.
    lists: Lists,
}

impl Reader {
    fn push(&mut self, line: usize, content: Content) {
        self.blocks.push(Block { line, content });
    }

    fn finish(&mut self) {
        self.end_listing();
        self.end_table();
        self.end_paragraph();
        while !self.containers.is_empty() {
            self.end_container(0);
        }
        self.end_title();
        self.end_notes();
        for is_alternative in std::mem::take(&mut self.conditions) {
            if is_alternative {
                self.push(self.line.max(1), Content::EndAlternative);
            }
        }
    }

    /// The text without markup, with what the page defines in the place of attributes.
    fn plain(&self, text: &str) -> String {
        markup::plain(&self.attributes.replaced(text))
    }

    fn end_paragraph(&mut self) {
        let Some(paragraph) = self.paragraph.take() else {
            return;
        };
        self.end_title();
        let style = std::mem::take(&mut self.block_attributes);
        if paragraph.is_literal || is_listing_style(&style) {
            let content = Content::Code {
                language: language(&style),
                text: paragraph.text.trim_end().to_owned(),
            };
            self.push(paragraph.line, content);
            return;
        }
        let plain = |text: &str| self.plain(text);
        if let Some(blocks) = separated::blocks(paragraph.line, &paragraph.text, &plain) {
            let mut item = paragraph.item;
            for block in blocks {
                let content = match (block.content, item.take()) {
                    (Content::Text(text), Some(level)) => Content::Item { level, text },
                    (content, _) => content,
                };
                self.push(block.line, content);
            }
            self.end_notes();
            return;
        }
        let text = self.plain(&paragraph.text.replace(" +\n", " ").replace('\n', " "));
        if !text.is_empty() {
            let depth = self.lists.depth();
            let content = match paragraph.item {
                Some(level) => Content::Item { level, text },
                None if paragraph.is_joined && explains_item(&self.blocks, depth, &text) => {
                    Content::Item { level: depth, text }
                }
                None => Content::Text(text),
            };
            self.push(paragraph.line, content);
        }
        self.end_notes();
    }

    /// The texts of the footnotes of what was read.
    fn end_notes(&mut self) {
        for (line, note) in std::mem::take(&mut self.notes) {
            let text = self.plain(&note);
            if !text.is_empty() {
                self.push(line, Content::Text(text));
            }
        }
    }

    /// The title of what is no table is a text before it.
    fn end_title(&mut self) {
        if let Some((line, title)) = self.title.take() {
            let title = self.plain(&title);
            self.push(line, Content::Text(title));
        }
    }

    fn end_listing(&mut self) {
        let Some(listing) = self.listing.take() else {
            return;
        };
        let text = listing.text.trim_end();
        if text.trim().is_empty() {
            return;
        }
        match listing.kind {
            ListingKind::Comment => {}
            ListingKind::Html => {
                let blocks = super::html::blocks(text, listing.line);
                self.blocks.extend(blocks);
            }
            ListingKind::Code => self.push(
                listing.line,
                Content::Code {
                    language: listing.language,
                    text: text.to_owned(),
                },
            ),
        }
    }

    /// Ends the containers from this one on.
    fn end_container(&mut self, index: usize) {
        while index < self.containers.len()
            && let Some(container) = self.containers.pop()
        {
            if container.has_tab {
                self.push(self.line, Content::EndAlternative);
            }
            self.lists = container.lists;
        }
    }
}

/// Whether an attribute list makes a paragraph a listing.
fn is_listing_style(attributes: &str) -> bool {
    let style = attributes
        .trim_start_matches('[')
        .split([',', ']', '%', '.', '#'])
        .next()
        .unwrap_or_default()
        .trim();
    matches!(style, "source" | "listing" | "literal")
}

/// The language of a listing: `[source,yaml]`, `[,yaml]`; of an unknown block, its style.
fn language(attributes: &str) -> String {
    let mut parts = attributes
        .trim_start_matches('[')
        .split([',', ']'])
        .map(str::trim);
    let style = parts.next().unwrap_or_default();
    let style = style.split(['%', '.', '#']).next().unwrap_or_default();
    match (style, parts.next()) {
        ("source" | "listing" | "literal" | "", Some(language)) if !language.contains('=') => {
            language.trim_matches('"').to_owned()
        }
        ("source" | "listing" | "literal", _) => String::new(),
        (style, _) => style.to_owned(),
    }
}

#[cfg(test)]
mod tests;
