//! Reads Markdown into blocks; HTML inside it is read as HTML.
//!
//! `scanner.rs` goes over the lines: it reads what the dialects add (directives, admonitions, tabs, shortcodes, components,
//! includes) and hands the plain Markdown between to the parser, whose events `reader.rs` turns into blocks.

mod bare_table;
mod inline_tag;
mod one_line_table;
mod pieces;
mod reader;
mod scanner;
mod title_line;

use pulldown_cmark::{Options, Parser};

use self::{
    reader::{Lines, Reader},
    scanner::Scanner,
};
use super::{html, separator::joined};
use crate::document::{
    block::{Block, Content},
    includes::Origin,
};

pub(super) fn blocks(text: &str, origin: &Origin<'_>) -> Vec<Block> {
    Scanner::new(text, origin).blocks()
}

/// Reads plain Markdown; `page` is the HTML page that its HTML belongs to.
fn plain_blocks(text: &str, page: &mut html::Page) -> Vec<Block> {
    in_pieces(text, PIECE, page)
}

fn in_pieces(text: &str, least: usize, page: &mut html::Page) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for piece in pieces::pieces(text, least) {
        let mut reader = Reader::new(&piece.text, Lines::new(&piece.text), page);
        for (event, range) in Parser::new_ext(&piece.text, options()).into_offset_iter() {
            reader.event(&event, &range);
        }
        let mut more = reader.blocks().into_iter();
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

/// The text of one cell or title, without its markup.
fn plain(text: &str) -> String {
    let mut page = html::Page::new(1);
    let mut plain = String::new();
    for block in in_pieces(text, usize::MAX, &mut page) {
        let text = match block.content {
            Content::Heading { text, .. }
            | Content::Text(text)
            | Content::Item { text, .. }
            | Content::Code { text, .. }
            | Content::Alternative(text)
            | Content::Condition(text)
            | Content::Unread { text, .. }
            | Content::Caption(text)
            | Content::Title(text) => text,
            Content::Table(rows) => {
                let rows: Vec<String> = rows.iter().map(|row| row.cells.join(" ")).collect();
                rows.join(" ")
            }
            Content::EndAlternative => String::new(),
        };
        if !plain.is_empty() && !text.is_empty() {
            plain.push(super::separator::PART);
        }
        plain.push_str(&text);
    }
    joined(&plain, false)
}

fn options() -> Options {
    Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_HEADING_ATTRIBUTES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_GFM
        | Options::ENABLE_DEFINITION_LIST
}

/// The approximate number of bytes of a page that are parsed at once.
const PIECE: usize = 1 << 18;

#[cfg(test)]
mod tests;
