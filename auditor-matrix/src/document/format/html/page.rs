//! Builds the blocks of a page from its tags and text, in document order.

use super::{
    super::{
        footnote,
        invisible::visible,
        separator::{LINE, PART},
        vocabulary::{Meaning, meaning},
    },
    element::{is_block, is_html, is_inline, language},
    hidden::{Hidden, is_hidden, is_never_text, is_struck, may_be_unseen},
    table::Table,
    tabs::{Tabs, is_panel},
    tag::Tag,
};
use crate::document::{
    block::{Block, Content, explains_item},
    text::fold,
};

/// The finished blocks of a page, and the elements that are still open.
pub(in crate::document::format) struct Page {
    blocks: Vec<Block>,
    /// Text outside of headings and cells.
    paragraph: Paragraph,
    heading: Option<(u8, usize, String)>,
    code: Option<Code>,
    /// The language that an element around the next listing names.
    language: String,
    /// Innermost last.
    tables: Vec<Table>,
    hidden: Option<Hidden>,
    /// The text inside `<sup>` or `<sub>`, which may be the mark of a footnote.
    raised: Option<String>,
    /// The open lists, innermost last: true for lists of terms.
    lists: Vec<bool>,
    /// The level of the item whose first paragraph is being read.
    item: Option<u8>,
    tabs: Tabs,
}

struct Paragraph {
    line: usize,
    text: String,
    /// The last element of another format since there was a text with letters: numbers alone inside of it are read by nobody.
    element: Option<String>,
}

struct Code {
    line: usize,
    language: String,
    text: String,
}

impl Page {
    pub(in crate::document::format) fn new(line: usize) -> Self {
        Self {
            blocks: Vec::new(),
            paragraph: Paragraph {
                line,
                text: String::new(),
                element: None,
            },
            heading: None,
            code: None,
            language: String::new(),
            tables: Vec::new(),
            hidden: None,
            raised: None,
            lists: Vec::new(),
            item: None,
            tabs: Tabs::default(),
        }
    }

    /// The blocks of the page. Elements that were never closed end with the page.
    pub(in crate::document::format) fn blocks(mut self) -> Vec<Block> {
        self.end_part();
        if let Some(mut hidden) = self.hidden.take() {
            hidden.may_show = !is_never_text(hidden.name());
            self.say_hidden(&hidden);
        }
        for _ in 0..self.tabs.end_all() {
            self.push(self.paragraph.line, Content::EndAlternative);
        }
        // The page's own heading says better what it is called than the title of its window.
        let is_titled = self
            .blocks
            .iter()
            .any(|block| matches!(block.content, Content::Heading { level: 1, .. }));
        let first = self.blocks.first();
        if is_titled && first.is_some_and(|block| matches!(block.content, Content::Title(_))) {
            self.blocks.rotate_left(1);
        }
        self.blocks
    }

    /// The blocks of a part of a page, such as the HTML between two paragraphs of Markdown. Panels of tabs and what is
    /// hidden go on in the next part.
    pub(in crate::document::format) fn take(&mut self) -> Vec<Block> {
        self.end_part();
        std::mem::take(&mut self.blocks)
    }

    /// Whether what follows is in an element that is not shown.
    pub(in crate::document::format) const fn is_hidden(&self) -> bool {
        self.hidden.is_some()
    }

    /// Takes text that another format reads and that a hidden element contains.
    pub(in crate::document::format) fn hide(&mut self, text: &str) {
        if let Some(hidden) = &mut self.hidden {
            hidden.push(text);
        }
    }

    fn end_part(&mut self) {
        while !self.tables.is_empty() {
            self.end_table();
        }
        self.end_raised();
        self.end_code();
        self.end_heading();
        self.end_paragraph();
        self.lists.clear();
    }

    fn push(&mut self, line: usize, content: Content) {
        self.blocks.push(Block { line, content });
    }

    pub(super) fn text(&mut self, line: usize, text: &str) {
        if let Some(hidden) = &mut self.hidden {
            hidden.push(text);
            return;
        }
        if self.tabs.text(text) {
            return;
        }
        let text = visible(text.into());
        if let Some(code) = &mut self.code {
            code.text.push_str(&text);
        } else if let Some(raised) = &mut self.raised {
            raised.push_str(&text);
        } else {
            self.push_text(line, &text);
        }
    }

    fn push_text(&mut self, line: usize, text: &str) {
        let text = footnote::without_raised_digits(text.into());
        let text: &str = &text;
        if let Some(open) = self.open_text() {
            open.push_str(text);
            return;
        }
        // White space before a paragraph, such as that between the rows of a table, is no part of it.
        if self.paragraph.text.is_empty() {
            if text.trim_start().is_empty() {
                return;
            }
            self.paragraph.line = line;
        }
        self.paragraph.text.push_str(text);
    }

    fn is_in_cell(&self) -> bool {
        self.tables
            .last()
            .is_some_and(|table| table.is_caption || table.cell.is_some())
    }

    /// The text of the cell, caption or heading that is being read.
    fn open_text(&mut self) -> Option<&mut String> {
        match self.tables.last_mut() {
            Some(table) if table.is_caption => Some(&mut table.caption),
            Some(table) => table.cell.as_mut().map(|cell| &mut cell.text),
            None => self.heading.as_mut().map(|(_, _, text)| text),
        }
    }

    pub(super) fn start(&mut self, line: usize, tag: &Tag<'_>) {
        let name = tag.name;
        if let Some(hidden) = &mut self.hidden {
            if !hidden.start(name) {
                return;
            }
            self.end_hidden();
        }
        // Most tags are elements of HTML without attributes, which nothing hides and which are no tabs.
        let is_bare = tag.attributes.is_empty()
            && (matches!(name, "td" | "tr" | "th" | "p" | "li" | "b" | "code") || is_html(name));
        if let Some(label) = self.tabs.start(tag, is_bare) {
            self.end_code();
            self.break_paragraph(line);
            if self.tables.is_empty() {
                self.end_heading();
            }
            self.push(line, Content::Alternative(label));
            return;
        }
        let may_be = if is_bare {
            may_be_unseen(name)
        } else {
            !is_panel(tag)
        };
        if may_be && (is_never_text(name) || is_struck(tag) || is_hidden(tag)) {
            if !tag.is_self_closing || is_never_text(name) {
                // What is struck out separates what stands around it.
                self.separate();
                self.hidden = Some(Hidden::new(tag, line, self.is_in_cell()));
            }
            return;
        }
        if let Some(code) = &mut self.code {
            if name == "br" {
                code.text.push('\n');
            } else if code.language.is_empty() {
                code.language = language(tag).unwrap_or_default();
            }
            return;
        }
        // A variable of an authoring tool, such as `<MadCap:variable name="General.Product" />`: its value stands elsewhere.
        if let Some((_, "variable")) = name.rsplit_once(':')
            && let Some(variable) = tag.attribute("name")
        {
            let last = variable.rsplit('.').next().unwrap_or(variable);
            self.push_text(line, &format!("{{{last}}}"));
            return;
        }
        match name {
            "sup" | "sub" => {
                self.end_raised();
                self.raised = Some(String::new());
            }
            "table" => {
                let subject = self.tables.last().and_then(Table::subject);
                if self.tables.is_empty() {
                    self.end_heading();
                    self.end_paragraph();
                }
                if let Some(subject) = subject {
                    self.push(line, Content::Caption(subject));
                }
                self.end_raised();
                self.tables.push(Table::new(line));
            }
            "caption" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th" => {
                self.end_raised();
                match self.tables.last_mut() {
                    Some(table) => table.start(line, tag),
                    // A row without a table, as in a piece of a page.
                    None if matches!(name, "thead" | "tbody") => {
                        self.end_heading();
                        self.end_paragraph();
                        let mut table = Table::new(line);
                        table.start(line, tag);
                        self.tables.push(table);
                    }
                    None => self.end_paragraph(),
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if self.tables.is_empty() => {
                self.end_heading();
                self.end_paragraph();
                let digit = name.as_bytes().get(1).copied().unwrap_or(b'1');
                self.heading = Some((digit - b'0', line, String::new()));
            }
            "pre" if self.tables.is_empty() => {
                self.end_heading();
                self.end_paragraph();
                let around = std::mem::take(&mut self.language);
                self.code = Some(Code {
                    line,
                    language: language(tag).unwrap_or(around),
                    text: String::new(),
                });
            }
            "ul" | "ol" | "dl" | "menu" => {
                self.break_paragraph(line);
                if self.lists.len() < MOST_LISTS {
                    self.lists.push(name == "dl");
                }
            }
            "li" | "dt" | "dd" => {
                self.break_paragraph(line);
                if !self.is_in_cell() {
                    self.item = Some(self.level(name));
                }
            }
            "br" => self.line_break(line),
            _ if is_block(name) => self.break_paragraph(line),
            _ => {}
        }
        if !is_bare {
            if let Some(language) = language(tag).filter(|_| self.code.is_none()) {
                self.language = language;
            }
            self.component(line, tag);
        }
    }

    /// A component of another format: what its attributes say is text of the page that nobody reads.
    fn component(&mut self, line: usize, tag: &Tag<'_>) {
        let is_known = is_inline(tag.name)
            || is_block(tag.name)
            || matches!(meaning(tag.name), Meaning::Silent);
        if is_known {
            return;
        }
        self.paragraph.element = Some(tag.name.to_owned());
        if let Some(numbers) = tag.numbers() {
            self.push(
                line,
                Content::Unread {
                    what: format!("the element `{}` is not understood", tag.name),
                    text: fold(&numbers),
                },
            );
        }
    }

    fn level(&self, name: &str) -> u8 {
        let around: usize = self
            .lists
            .iter()
            .map(|is_terms| 1 + usize::from(*is_terms))
            .sum();
        let own = if name == "dt" && self.lists.last() == Some(&true) {
            2
        } else {
            1
        };
        u8::try_from(around.saturating_sub(own)).unwrap_or(u8::MAX)
    }

    pub(super) fn end(&mut self, line: usize, name: &str) {
        if let Some(hidden) = &mut self.hidden {
            let (ends, is_other) = hidden.end(name);
            if ends {
                self.end_hidden();
            }
            if !is_other {
                return;
            }
        }
        let n_ended = self.tabs.end(name);
        if 0 < n_ended {
            self.end_code();
            self.break_paragraph(line);
            for _ in 0..n_ended {
                self.push(line, Content::EndAlternative);
            }
            return;
        }
        if name == "pre" {
            self.end_code();
            if self.is_in_cell() {
                self.break_paragraph(line);
            }
            return;
        }
        if self.code.is_some() {
            return;
        }
        match name {
            "sup" | "sub" => self.end_raised(),
            "table" => self.end_table(),
            "caption" => {
                if let Some(table) = self.tables.last_mut() {
                    table.is_caption = false;
                }
            }
            "td" | "th" => {
                self.end_raised();
                if let Some(table) = self.tables.last_mut() {
                    table.end_cell();
                }
            }
            "tr" => {
                if let Some(table) = self.tables.last_mut() {
                    table.end_row();
                }
            }
            "thead" | "tbody" | "tfoot" => {
                if let Some(table) = self.tables.last_mut() {
                    table.end_head();
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if self.tables.is_empty() => {
                self.end_heading();
            }
            "ul" | "ol" | "dl" | "menu" => {
                self.break_paragraph(line);
                self.item = None;
                self.lists.pop();
            }
            _ if is_block(name) => {
                self.break_paragraph(line);
                if matches!(name, "li" | "dt" | "dd") {
                    self.item = None;
                }
            }
            _ => {}
        }
    }

    /// Ends a paragraph. Inside a cell or a heading the break is a mark between two parts.
    fn break_paragraph(&mut self, line: usize) {
        self.end_raised();
        if let Some(text) = self.open_text() {
            text.push(PART);
        } else {
            self.end_paragraph();
            self.paragraph.line = line;
        }
    }

    fn line_break(&mut self, line: usize) {
        self.end_raised();
        if let Some(text) = self.open_text() {
            text.push(LINE);
        } else {
            let item = self.item;
            self.end_paragraph();
            self.paragraph.line = line;
            // The lines of an item are items each.
            self.item = item;
        }
    }

    fn separate(&mut self) {
        self.end_raised();
        if self.code.is_some() {
            return;
        }
        if let Some(text) = self.open_text() {
            text.push(' ');
        } else if !self.paragraph.text.is_empty() {
            self.paragraph.text.push(' ');
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
                self.push_text(self.paragraph.line, &raised);
            } else {
                self.separate();
                self.push_text(self.paragraph.line, &footnote::remark(&raised));
            }
        }
    }

    fn end_hidden(&mut self) {
        if let Some(hidden) = self.hidden.take() {
            // Components of other formats have elements called `title`, which stand behind something.
            if let Some(title) = hidden.window_title().filter(|_| self.blocks.is_empty()) {
                self.push(hidden.line, Content::Title(fold(title)));
            }
            self.say_hidden(&hidden);
        }
    }

    /// Says what is not shown, if it may be shown by other means, as the panel behind a button is.
    fn say_hidden(&mut self, hidden: &Hidden) {
        let text = fold(&hidden.text);
        if hidden.may_show && text.contains(|c: char| c.is_ascii_digit()) {
            self.push(
                hidden.line,
                Content::Unread {
                    what: "a browser does not show this text at first".to_owned(),
                    text,
                },
            );
        }
    }

    fn end_code(&mut self) {
        let Some(code) = self.code.take() else { return };
        let (line, text) = match code.text.strip_prefix('\n') {
            Some(rest) => (code.line + 1, rest),
            None => (code.line, code.text.as_str()),
        };
        let text = text.trim_end();
        if !text.trim().is_empty() {
            self.push(
                line,
                Content::Code {
                    language: code.language,
                    text: text.to_owned(),
                },
            );
        }
    }

    fn end_paragraph(&mut self) {
        let text = fold(&self.paragraph.text);
        self.paragraph.text.clear();
        if !text.is_empty() {
            let depth = if self.lists.is_empty() {
                0
            } else {
                self.level("li").saturating_add(1)
            };
            let is_number =
                text.contains(|c: char| c.is_ascii_digit()) && !text.contains(char::is_alphabetic);
            if !is_number {
                self.paragraph.element = None;
            }
            let unread = self
                .paragraph
                .element
                .as_ref()
                .map(|element| Content::Unread {
                    what: format!("the element `{element}` is not understood"),
                    text: text.clone(),
                });
            let content = match self.item.take() {
                None if let Some(unread) = unread => unread,
                Some(level) => Content::Item { level, text },
                None if explains_item(&self.blocks, depth, &text) => {
                    Content::Item { level: depth, text }
                }
                None => Content::Text(text),
            };
            self.push(self.paragraph.line, content);
        }
    }

    fn end_heading(&mut self) {
        self.end_raised();
        if let Some((level, line, text)) = self.heading.take() {
            let text = fold(&text.replace([LINE, PART], " "));
            self.push(line, Content::Heading { level, text });
        }
    }

    fn end_table(&mut self) {
        self.end_raised();
        let Some(mut table) = self.tables.pop() else {
            return;
        };
        // The texts of a cell before and after a nested table are separate words.
        if let Some(text) = self.open_text() {
            text.push(' ');
        }
        table.end_row();
        let caption = fold(&table.caption.replace([LINE, PART], " "));
        if !caption.is_empty() {
            self.push(table.line, Content::Caption(caption));
        }
        self.push(table.line, Content::Table(Box::new(table.grid.rows())));
    }
}

/// Lists deeper than this are read as one.
const MOST_LISTS: usize = 100;
