//! Tells what a line of a page is.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    Container, Listing, ListingKind, Paragraph, Reader,
    attributes::Entry,
    item::{Item, item},
    language,
    table::{Table, is_delimiter},
};
use crate::document::{block::Content, includes::Origin, text::regex};

impl Reader {
    pub(super) fn line(&mut self, line: usize, text: &str, origin: &Origin<'_>) {
        self.line = line;
        let trimmed = text.trim();
        if let Some(listing) = &mut self.listing {
            if trimmed == listing.delimiter {
                self.end_listing();
            } else if listing.kind == ListingKind::Comment
                || !self.instruction(line, trimmed, origin)
            {
                self.verbatim(line, text);
            }
            return;
        }
        if trimmed.contains("::") && self.instruction(line, trimmed, origin) {
            return;
        }
        if trimmed.contains("footnote") {
            let notes = footnotes(trimmed);
            self.notes.extend(notes.map(|note| (line, note)));
        }
        if let Some(table) = &mut self.table {
            if table.line(line, trimmed, &self.attributes) {
                self.end_table();
            }
            return;
        }
        if let Some(name) = self.open_attribute.take() {
            let entry = self.attributes.go_on(name, trimmed);
            self.open_attribute(entry);
            return;
        }
        let is_joined = std::mem::take(&mut self.is_joined);
        if trimmed.is_empty() {
            self.end_paragraph();
            return;
        }
        let begins_line = !text.starts_with([' ', '\t']);
        if begins_line && self.underline(trimmed) {
            return;
        }
        if begins_line && self.delimited(line, trimmed) {
            return;
        }
        if begins_line && let Some((level, title)) = heading(text) {
            self.end_paragraph();
            self.end_title();
            self.lists.clear();
            self.block_attributes.clear();
            let text = self.plain(title);
            self.push(line, Content::Heading { level, text });
            return;
        }
        if self.paragraph.is_none() || !begins_line {
            if self.between_blocks(line, trimmed, is_joined) {
                return;
            }
        } else if trimmed.starts_with('[') && trimmed.ends_with(']') && is_attribute_list(trimmed) {
            self.end_paragraph();
            self.block_attributes.push_str(trimmed);
            return;
        }
        if trimmed == "+" {
            self.end_paragraph();
            self.is_joined = true;
            return;
        }
        if trimmed.starts_with("//") && !trimmed.starts_with("///") {
            return;
        }
        if let Some((mark, item)) = item(trimmed) {
            self.item(line, &mark, &item);
            return;
        }
        self.paragraph_line(line, text, is_joined);
    }

    /// Reads the line below a title of two lines, which is as long as the title: `-----` below `Ports`.
    fn underline(&mut self, trimmed: &str) -> bool {
        let Some(level) = underline_level(trimmed) else {
            return false;
        };
        let is_title = self.paragraph.as_ref().is_some_and(|title| {
            let length = title.text.chars().count();
            title.item.is_none()
                && !title.is_literal
                && !title.text.contains('\n')
                && !title.text.ends_with([':', '.'])
                && length.abs_diff(trimmed.len()) <= 1
        });
        if !is_title {
            return false;
        }
        let Some(title) = self.paragraph.take() else {
            return false;
        };
        self.end_title();
        self.lists.clear();
        self.block_attributes.clear();
        let text = self.plain(&title.text);
        self.push(title.line, Content::Heading { level, text });
        true
    }

    /// What stands only between blocks: attributes, titles, macros.
    fn between_blocks(&mut self, line: usize, trimmed: &str, is_joined: bool) -> bool {
        if let Some(entry) = self.attributes.entry(trimmed) {
            self.open_attribute(entry);
            return true;
        }
        if trimmed.starts_with('[') && trimmed.ends_with(']') && is_attribute_list(trimmed) {
            if !is_joined {
                // A list ends before a block with attributes, but not the one that is joined to its item.
                self.is_joined = false;
            }
            self.is_joined = is_joined;
            self.block_attributes.push_str(trimmed);
            return true;
        }
        if let Some(title) = block_title(trimmed) {
            self.end_paragraph();
            self.end_title();
            self.title = Some((line, title.to_owned()));
            return true;
        }
        trimmed.contains("::") && self.block_macro(line, trimmed)
    }

    fn open_attribute(&mut self, entry: Entry) {
        self.open_attribute = match entry {
            Entry::Whole => None,
            Entry::GoesOn(name) => Some(name),
        };
    }

    /// Reads a line that begins or ends a delimited block.
    fn delimited(&mut self, line: usize, trimmed: &str) -> bool {
        let is_all = |marks: &[char], least: usize| {
            let first = trimmed.chars().next().filter(|c| marks.contains(c));
            first.is_some_and(|first| least <= trimmed.len() && trimmed.chars().all(|c| c == first))
        };
        if is_delimiter(trimmed, "|,:!") {
            self.end_paragraph();
            if let Some((line, title)) = self.title.take() {
                let title = self.plain(&title);
                self.push(line, Content::Caption(title));
            }
            let attributes = std::mem::take(&mut self.block_attributes);
            self.table = Some(Table::new(line, attributes, trimmed));
            return true;
        }
        let fence =
            trimmed.starts_with("```") && !trimmed.get(3..).is_some_and(|rest| rest.contains('`'));
        if fence || is_all(&['-', '.', '/', '+'], 4) {
            self.end_paragraph();
            let attributes = std::mem::take(&mut self.block_attributes);
            let is_stem = attributes.contains("stem") || attributes.contains("math");
            let kind = match trimmed.chars().next() {
                Some('/') => ListingKind::Comment,
                Some('+') if !is_stem => ListingKind::Html,
                _ => ListingKind::Code,
            };
            if kind != ListingKind::Comment {
                self.end_title();
            }
            let language = if fence {
                trimmed
                    .get(3..)
                    .unwrap_or_default()
                    .split(',')
                    .next()
                    .unwrap_or_default()
                    .trim()
                    .to_owned()
            } else {
                language(&attributes)
            };
            self.listing = Some(Listing {
                delimiter: if fence {
                    "```".to_owned()
                } else {
                    trimmed.to_owned()
                },
                kind,
                language,
                line: line + 1,
                text: String::new(),
            });
            return true;
        }
        if is_all(&['=', '*', '_', '~'], 4) || trimmed == "--" {
            self.end_paragraph();
            let open = self
                .containers
                .iter()
                .rposition(|container| container.delimiter == trimmed);
            if let Some(open) = open {
                self.end_container(open);
                self.is_joined = false;
            } else {
                self.end_title();
                let attributes = std::mem::take(&mut self.block_attributes);
                self.containers.push(Container {
                    delimiter: trimmed.to_owned(),
                    is_tabs: attributes.contains("[tabs") || attributes.contains("[{tabs}"),
                    has_tab: false,
                    lists: std::mem::take(&mut self.lists),
                });
            }
            return true;
        }
        if matches!(trimmed, "'''" | "<<<" | "***" | "---" | "* * *" | "- - -") {
            self.end_paragraph();
            return true;
        }
        false
    }

    fn verbatim(&mut self, line: usize, text: &str) {
        if let Some(listing) = &mut self.listing
            && listing.kind != ListingKind::Comment
        {
            if listing.text.is_empty() {
                listing.line = line;
            }
            listing.text.push_str(&self.attributes.replaced(text));
            listing.text.push('\n');
        }
    }

    fn item(&mut self, line: usize, mark: &str, item: &Item<'_>) {
        self.end_paragraph();
        if let Some((at, title)) = self.title.take() {
            let title = self.plain(&title);
            self.push(at, Content::Text(title));
        }
        self.block_attributes.clear();
        if let (Item::Term(term, definition), Some(tabs)) = (item, self.containers.last_mut())
            && tabs.is_tabs
        {
            let was_open = std::mem::replace(&mut tabs.has_tab, true);
            self.lists.clear();
            if was_open {
                self.push(line, Content::EndAlternative);
            }
            let name = self.plain(term);
            self.push(line, Content::Alternative(name));
            if !definition.is_empty() {
                self.paragraph_line(line, definition, true);
            }
            return;
        }
        let level = self.lists.level(mark);
        let paragraph = |level: u8, text: &str| Paragraph {
            line,
            text: text.to_owned(),
            item: Some(level),
            is_literal: false,
            is_joined: false,
        };
        match item {
            Item::Text(text) => self.paragraph = Some(paragraph(level, text)),
            Item::Term(term, definition) => {
                self.paragraph = Some(paragraph(level, term));
                let definition = (!definition.is_empty())
                    .then(|| paragraph(level.saturating_add(1), definition));
                self.end_paragraph();
                self.paragraph = definition;
            }
        }
    }

    fn paragraph_line(&mut self, line: usize, text: &str, is_joined: bool) {
        if let Some(paragraph) = &mut self.paragraph {
            paragraph.text.push('\n');
            paragraph.text.push_str(if paragraph.is_literal {
                text
            } else {
                text.trim()
            });
            return;
        }
        let is_indented = text.starts_with([' ', '\t']);
        // Below a term stands its definition.
        let last_is_term = matches!(
            self.blocks.last().map(|block| &block.content),
            Some(Content::Item { .. })
        );
        let item = self
            .lists
            .definition()
            .filter(|_| last_is_term && (is_indented || !self.is_apart(line)));
        if !is_joined && !is_indented && item.is_none() {
            self.lists.clear();
        }
        let is_literal = is_indented && self.lists.is_empty() && self.block_attributes.is_empty();
        self.paragraph = Some(Paragraph {
            line,
            text: if is_literal {
                text.to_owned()
            } else {
                text.trim().to_owned()
            },
            item,
            is_literal,
            is_joined,
        });
    }

    /// Whether an empty line stands between the last block and this line.
    fn is_apart(&self, line: usize) -> bool {
        self.blocks.last().is_none_or(|block| block.line + 1 < line)
    }

    pub(super) fn end_table(&mut self) {
        if let Some(table) = self.table.take() {
            self.blocks.extend(table.blocks(&self.attributes));
            self.end_notes();
        }
    }
}

/// The texts of the footnotes in a line.
fn footnotes(text: &str) -> impl Iterator<Item = String> {
    static NOTE: LazyLock<Regex> =
        LazyLock::new(|| regex(r"footnote(?:ref)?:[^\[\s]*\[((?:[^\]\\]|\\.)*)\]"));
    NOTE.captures_iter(text)
        .filter_map(|found| Some(found.get(1)?.as_str().to_owned()))
        .filter(|note| !note.is_empty())
}

/// `== Title`: the number of equals signs is the level. Markdown's `#` is accepted too.
fn heading(text: &str) -> Option<(u8, &str)> {
    let mark = text.chars().next().filter(|c| matches!(c, '=' | '#'))?;
    let marks = text
        .chars()
        .take_while(|character| *character == mark)
        .count();
    let title = text.get(marks..)?.strip_prefix(' ')?;
    let level = u8::try_from(marks)
        .ok()
        .filter(|level| (1..=6).contains(level))?;
    Some((level, title.trim().trim_end_matches('=').trim()))
}

/// The level of the title above a line of marks; `++++` and shorter lines of dashes are delimiters more often.
fn underline_level(line: &str) -> Option<u8> {
    let mark = line.chars().next()?;
    let level = match mark {
        '=' => 1,
        '-' => 2,
        '~' => 3,
        '^' => 4,
        _ => return None,
    };
    (3 < line.len() && line.chars().all(|other| other == mark)).then_some(level)
}

/// `.Title` above a block.
fn block_title(text: &str) -> Option<&str> {
    let title = text.strip_prefix('.')?;
    (!title.starts_with(['.', ' ']) && !title.is_empty()).then_some(title)
}

/// Whether a line in brackets is about the block below, and no text such as a footnote.
fn is_attribute_list(text: &str) -> bool {
    let inner = text.trim_start_matches('[').trim_end_matches(']');
    let is_number = !inner.is_empty() && inner.chars().all(|c| c.is_ascii_digit());
    !inner.contains("](") && !is_number
}
