//! Reads HTML into blocks.
//!
//! A port table needs no document tree: the tokens of the page, in their order, are headings, cells and text. So a page
//! of any size and depth is read in one pass, and each token comes with its line.

mod element;
mod hidden;
mod page;
mod table;
mod tabs;
mod tag;

use std::cell::RefCell;

use html5ever::{
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, CharacterTokens, CommentToken, DoctypeToken, EOFToken, NullCharacterToken,
        ParseError, TagKind, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
        states::RawKind::{Rawtext, Rcdata, ScriptData},
    },
};

use self::tag::Tag;
pub(super) use self::{element::is_html, page::Page};
use super::template;
use crate::document::block::Block;

/// Reads a page; `line` is the line of the source on which `text` begins.
pub(super) fn blocks(text: &str, line: usize) -> Vec<Block> {
    let mut page = Page::new(line);
    read(text, line, &mut page);
    page.blocks()
}

/// Reads a part of a page into it.
pub(super) fn read(text: &str, line: usize, page: &mut Page) {
    let sink = Sink {
        first_line: line,
        page: RefCell::new(page),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    let without_marks = without_translation_marks(text);
    let text = without_marks.as_deref().unwrap_or(text);
    // A tag that never ends would take the rest of the text with it.
    let (text, open) = text.split_at(unended_tag(text).unwrap_or(text.len()));
    let escaped = open.strip_prefix('<').map(|rest| ["&lt;", rest].concat());
    for mut rest in [Some(text), escaped.as_deref()].into_iter().flatten() {
        // Fed in pieces, since the tokenizer buffers its input.
        while !rest.is_empty() {
            let (piece, tail) = rest.split_at(rest.floor_char_boundary(PIECE));
            input.push_back(StrTendril::from_slice(piece));
            // The tokenizer pauses only for scripts, which are not run.
            let _done = tokenizer.feed(&input);
            rest = tail;
        }
    }
    tokenizer.end();
}

/// The text with blanks where the tags of a template stand that hand its text to translators, `{% trans %}`: what they hold is the
/// page's. `None` if it has none.
fn without_translation_marks(text: &str) -> Option<String> {
    if !text.contains("trans") || !text.contains("{%") {
        return None;
    }
    let mut without = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let mut kept = 0;
        for tag in template::tags(line) {
            let name = tag.name.strip_prefix("end").unwrap_or(tag.name);
            if !matches!(
                name,
                "trans" | "blocktrans" | "translate" | "blocktranslate"
            ) {
                continue;
            }
            without.push_str(line.get(kept..tag.start).unwrap_or_default());
            without.push(' ');
            kept = tag.end;
        }
        without.push_str(line.get(kept..).unwrap_or_default());
    }
    Some(without)
}

/// Where a tag begins that has no end in the text.
fn unended_tag(text: &str) -> Option<usize> {
    let start = text.rfind('<')?;
    let tag = text.get(start..)?;
    let is_tag = tag
        .get(1..)
        .is_some_and(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/'));
    (is_tag && !tag.contains('>')).then_some(start)
}

const PIECE: usize = 64 * 1024;

/// Passes each token, with its line in the source, to the page.
struct Sink<'a> {
    first_line: usize,
    page: RefCell<&'a mut Page>,
}

impl TokenSink for Sink<'_> {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let line = self.first_line.saturating_add(line.saturating_sub(1));
        let mut page = self.page.borrow_mut();
        match token {
            CharacterTokens(text) => page.text(line, &text),
            TagToken(tag) => match tag.kind {
                TagKind::StartTag => {
                    let start = Tag {
                        name: &tag.name,
                        attributes: &tag.attrs,
                        is_self_closing: tag.self_closing,
                    };
                    page.start(line, &start);
                    return match &*tag.name {
                        "script" => TokenSinkResult::RawData(ScriptData),
                        "style" | "noframes" | "iframe" | "xmp" => {
                            TokenSinkResult::RawData(Rawtext)
                        }
                        "title" | "textarea" => TokenSinkResult::RawData(Rcdata),
                        _ => TokenSinkResult::Continue,
                    };
                }
                TagKind::EndTag => page.end(line, &tag.name),
            },
            DoctypeToken(_) | CommentToken(_) | NullCharacterToken | EOFToken | ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests;
