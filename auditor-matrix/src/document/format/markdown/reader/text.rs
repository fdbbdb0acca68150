//! The text of open blocks: what is added to it, and the block that it becomes.

use super::{Kind, Open, Reader};
use crate::document::{
    block::{Block, Content, explains_item},
    format::{
        footnote,
        invisible::visible,
        markdown::{
            bare_table::{self, ROW},
            one_line_table,
        },
        separator::{LINE, PART},
    },
    text::fold,
};

impl Reader<'_> {
    pub(super) fn push(&mut self, text: &str) {
        if self.page.is_hidden() {
            self.page.hide(text);
            return;
        }
        if 0 < self.n_struck || self.hidden.is_some() {
            return;
        }
        if let Some(raised) = &mut self.raised {
            raised.push_str(text);
            return;
        }
        let begins_text = |open: &mut Open| open.title.is_above(text);
        if self.table.is_none() && self.open.last_mut().is_some_and(begins_text) {
            self.close();
            if let Some(open) = self.open.last_mut() {
                open.line += 1;
            }
        }
        if let Some(open) = self.open.last_mut() {
            if text.len() == 1 && text.starts_with([LINE, PART]) {
                open.text.push_str(text);
            } else {
                open.text.push_str(&visible(text.into()));
            }
        }
    }

    /// Marks the end of a line that may be the row of a table.
    pub(super) fn end_row(&mut self) {
        if self.table.is_none()
            && let Some(open) = self.open.last_mut()
            && matches!(open.kind, Kind::Text)
            && open.text.trim_end().ends_with('|')
        {
            open.text.push(ROW);
        }
    }

    /// Makes a block of the innermost open text.
    pub(super) fn close(&mut self) {
        let Some(open) = self.open.last_mut() else {
            return;
        };
        let line = open.line;
        let text = std::mem::take(&mut open.text);
        if self.table.is_some() {
            return;
        }
        if let Kind::Code(language) = &open.kind {
            let text = text.trim_end();
            if !text.trim().is_empty() {
                let content = Content::Code {
                    language: language.clone(),
                    text: text.to_owned(),
                };
                self.blocks.push(Block { line, content });
            }
            return;
        }
        let folded = fold(&footnote::without_marks(&text));
        let folded = without_callout(&folded);
        if folded.is_empty() {
            return;
        }
        let kind = std::mem::replace(&mut open.kind, Kind::Text);
        if folded.contains(ROW)
            && let Some(rows) = bare_table::table(folded, line)
        {
            self.blocks.push(Block {
                line,
                content: Content::Table(Box::new(rows.into())),
            });
            return;
        }
        let without_rows = fold(&folded.replace(ROW, " "));
        let folded = without_rows.as_str();
        let text = match one_line_table::table(folded, line) {
            Some((rows, rest)) => {
                self.blocks.push(Block {
                    line,
                    content: Content::Table(Box::new(rows.into())),
                });
                rest
            }
            None => folded.to_owned(),
        };
        if !text.is_empty() {
            let content = match kind {
                Kind::Item(level) => Content::Item { level, text },
                Kind::Text if explains_item(&self.blocks, self.depth, &text) => Content::Item {
                    level: self.depth,
                    text,
                },
                Kind::Text | Kind::Code(_) => Content::Text(text),
            };
            self.blocks.push(Block { line, content });
        }
    }
}

/// A paragraph without the mark of a callout: `[!NOTE] text`.
fn without_callout(text: &str) -> &str {
    let rest = text.strip_prefix("[!").and_then(|rest| {
        let (name, rest) = rest.split_once(']')?;
        let is_name = name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        is_name.then(|| rest.trim_start_matches(['-', '+']).trim_start())
    });
    rest.unwrap_or(text)
}
