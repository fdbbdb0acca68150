//! Reads HTML into blocks.
//!
//! A port table needs no document tree: the tokens of the page, in their order, are headings, cells and text. So a page
//! of any size and depth is read in one pass, and each token comes with its line.

mod page;

use std::cell::RefCell;

use html5ever::{
    tendril::StrTendril,
    tokenizer::{
        BufferQueue, CharacterTokens, CommentToken, DoctypeToken, EOFToken, NullCharacterToken,
        ParseError, TagKind, TagToken, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts,
        states::RawKind::{Rawtext, Rcdata, ScriptData},
    },
};

use self::page::Page;
use crate::document::block::Block;

/// Reads a page or a part of one; `line` is the line of the source on which `text` begins.
pub(super) fn blocks(text: &str, line: usize) -> Vec<Block> {
    let sink = Sink {
        first_line: line,
        page: RefCell::new(Page::new(line)),
    };
    let tokenizer = Tokenizer::new(sink, TokenizerOpts::default());
    let input = BufferQueue::default();
    // Fed in pieces, since the tokenizer buffers its input.
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, tail) = rest.split_at(rest.floor_char_boundary(PIECE));
        input.push_back(StrTendril::from_slice(piece));
        // The tokenizer pauses only for scripts, which are not run.
        let _done = tokenizer.feed(&input);
        rest = tail;
    }
    tokenizer.end();
    tokenizer.sink.page.into_inner().blocks()
}

const PIECE: usize = 64 * 1024;

/// Passes each token, with its line in the source, to the page.
struct Sink {
    first_line: usize,
    page: RefCell<Page>,
}

impl TokenSink for Sink {
    type Handle = ();

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<()> {
        let line = usize::try_from(line).unwrap_or(usize::MAX);
        let line = self.first_line.saturating_add(line.saturating_sub(1));
        let mut page = self.page.borrow_mut();
        match token {
            CharacterTokens(text) => page.text(line, &text),
            TagToken(tag) => {
                let attribute = |name: &str| {
                    tag.attrs
                        .iter()
                        .find(|attribute| &*attribute.name.local == name)
                        .and_then(|attribute| attribute.value.trim().parse().ok())
                        .unwrap_or(1_usize)
                };
                match tag.kind {
                    TagKind::StartTag => {
                        page.start(
                            line,
                            &tag.name,
                            (attribute("colspan"), attribute("rowspan")),
                        );
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
                }
            }
            DoctypeToken(_) | CommentToken(_) | NullCharacterToken | EOFToken | ParseError(_) => {}
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::blocks;
    use crate::document::block::block_lines;

    #[track_caller]
    fn check(page: &str, expected: &[&str]) {
        assert_eq!(block_lines(blocks(page, 1)), expected, "{page}");
    }

    #[test]
    fn text_and_headings() {
        check(
            "<!DOCTYPE html><html><head><title>T</title><script>if (a < b) { \"<p>\" }</script></head>\n<body>\n\
             <h2>Ports &amp;\n more</h2><p>One<p>Two <b>bold</b><br>three</p>four<ul><li>a<li>b</ul><!-- no -->\n<h9>x</h9>",
            &[
                "3 h2 Ports & more",
                "4 One",
                "4 Two bold",
                "4 three",
                "4 four",
                "4 a",
                "4 b",
                "5 x",
            ],
        );
    }

    #[test]
    fn tables() {
        check(
            "<table><caption>All <i>ports</i></caption>\n<thead><tr><th>Port<th>Use</thead>\n<tr><td>80<sup>1</sup></td><td><p>Web</p><p>API</td>\n\
             <tr><td rowspan=2>81<td>a<ul><li>x.</li><li>y</li><li>z</li></ul></tr><tr><td>b</table>\n<p>After",
            &[
                "1 c All ports",
                "2h Port|Use",
                "3 80|Web API",
                "4 81|a, x. y, z",
                "4 81|b",
                "5 After",
            ],
        );
        // A table that is only layout may contain the one that lists ports.
        check(
            "<table><tr><td>Menu</td><td>\n<h3>H</h3><table><tr><th>Port</th></tr><tr><td>80</td></tr></table>end</td></tr></table>",
            &["2h Port", "2 80", "1 Menu|H end"],
        );
        check("</table><td>80</td><tr>x", &["1 80", "1 x"]);
        check("<table><tr><td>open", &["1 open"]);
        check(
            "<table>loose<tr><td>1</td>2</tr></table>",
            &["1 1", "1 loose2"],
        );
    }
}
