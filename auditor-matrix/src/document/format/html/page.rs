//! Builds the blocks of a page from its tags and text, in document order.

use crate::document::{
    block::{Block, Content},
    span::Grid,
    text::fold,
};

/// The finished blocks of a page, and the elements that are still open.
pub(super) struct Page {
    blocks: Vec<Block>,
    /// Text outside of headings and cells.
    paragraph: Paragraph,
    heading: Option<(u8, usize, String)>,
    /// Innermost last.
    tables: Vec<Table>,
    /// The element whose content is skipped, such as `script`, and how many elements of its name are open.
    hidden: Option<(String, usize)>,
    /// Inside `<sup>`, which holds the mark of a footnote.
    is_raised: bool,
}

struct Paragraph {
    line: usize,
    text: String,
}

struct Table {
    line: usize,
    grid: Grid,
    /// The row that is being read: its line and its cells so far.
    row: Option<(usize, Vec<Cell>)>,
    cell: Option<Cell>,
    caption: String,
    is_caption: bool,
}

struct Cell {
    text: String,
    is_heading: bool,
    columns: usize,
    rows: usize,
}

impl Page {
    pub(super) fn new(line: usize) -> Self {
        Self {
            blocks: Vec::new(),
            paragraph: Paragraph {
                line,
                text: String::new(),
            },
            heading: None,
            tables: Vec::new(),
            hidden: None,
            is_raised: false,
        }
    }

    /// The blocks of the page. Elements that were never closed end with the page.
    pub(super) fn blocks(mut self) -> Vec<Block> {
        while !self.tables.is_empty() {
            self.end_table();
        }
        self.end_heading();
        self.end_paragraph();
        self.blocks
    }

    pub(super) fn text(&mut self, line: usize, text: &str) {
        if self.hidden.is_some() {
            return;
        }
        if let Some(open) = self.open_text() {
            open.push_str(text);
            return;
        }
        if self.is_raised && (self.heading.is_some() || self.is_in_cell()) {
            return;
        }
        if self.paragraph.text.is_empty() {
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
        if self.is_raised {
            return None;
        }
        match self.tables.last_mut() {
            Some(table) if table.is_caption => Some(&mut table.caption),
            Some(table) => table.cell.as_mut().map(|cell| &mut cell.text),
            None => self.heading.as_mut().map(|(_, _, text)| text),
        }
    }

    pub(super) fn start(&mut self, line: usize, name: &str, (columns, rows): (usize, usize)) {
        if let Some((hidden, depth)) = &mut self.hidden {
            if hidden == name {
                *depth += 1;
            }
            // A `head` without an end tag ends at `body`.
            if hidden == "head" && name == "body" {
                self.hidden = None;
            }
            return;
        }
        match name {
            "script" | "style" | "template" | "head" | "noscript" | "title" | "textarea"
            | "iframe" | "noframes" | "xmp" => self.hidden = Some((name.to_owned(), 1)),
            "sup" => self.is_raised = true,
            "table" => {
                if self.tables.is_empty() {
                    self.end_heading();
                    self.end_paragraph();
                }
                self.is_raised = false;
                self.tables.push(Table::new(line));
            }
            "caption" | "thead" | "tbody" | "tfoot" | "tr" | "td" | "th" => {
                self.is_raised = false;
                match self.tables.last_mut() {
                    Some(table) => table.start(line, name, (columns, rows)),
                    None => self.end_paragraph(),
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" if self.tables.is_empty() => {
                self.end_heading();
                self.end_paragraph();
                let digit = name.as_bytes().get(1).copied().unwrap_or(b'1');
                self.heading = Some((digit - b'0', line, String::new()));
            }
            "li" if self.is_in_cell() => {
                if let Some(text) = self.open_text() {
                    // List items in a cell are separated by commas, except after punctuation.
                    let ends = text.trim_end().ends_with(['.', ';', ',', ':', '!']);
                    let is_first = text.trim().is_empty();
                    text.truncate(text.trim_end().len());
                    text.push_str(if ends || is_first { " " } else { ", " });
                }
            }
            _ if is_block(name) => self.break_paragraph(line),
            _ => {}
        }
    }

    pub(super) fn end(&mut self, line: usize, name: &str) {
        if let Some((hidden, depth)) = &mut self.hidden {
            if hidden == name {
                *depth -= 1;
                if *depth == 0 {
                    self.hidden = None;
                }
            }
            return;
        }
        match name {
            "sup" => self.is_raised = false,
            "table" => self.end_table(),
            "caption" => {
                if let Some(table) = self.tables.last_mut() {
                    table.is_caption = false;
                }
            }
            "td" | "th" => {
                if let Some(table) = self.tables.last_mut() {
                    table.end_cell();
                }
            }
            "tr" | "thead" | "tbody" | "tfoot" => {
                if let Some(table) = self.tables.last_mut() {
                    table.end_row();
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => self.end_heading(),
            _ if is_block(name) => self.break_paragraph(line),
            _ => {}
        }
    }

    /// Ends a paragraph. Inside a cell or a heading the break is only white space.
    fn break_paragraph(&mut self, line: usize) {
        if let Some(text) = self.open_text() {
            text.push(' ');
        } else {
            self.end_paragraph();
            self.paragraph.line = line;
        }
    }

    fn end_paragraph(&mut self) {
        let text = fold(&self.paragraph.text);
        self.paragraph.text.clear();
        if !text.is_empty() {
            self.blocks.push(Block {
                line: self.paragraph.line,
                content: Content::Text(text),
            });
        }
    }

    fn end_heading(&mut self) {
        if let Some((level, line, text)) = self.heading.take() {
            self.is_raised = false;
            self.blocks.push(Block {
                line,
                content: Content::Heading {
                    level,
                    text: fold(&text),
                },
            });
        }
    }

    fn end_table(&mut self) {
        let Some(mut table) = self.tables.pop() else {
            return;
        };
        self.is_raised = false;
        // The texts of a cell before and after a nested table are separate words.
        if let Some(text) = self.open_text() {
            text.push(' ');
        }
        table.end_row();
        let caption = fold(&table.caption);
        if !caption.is_empty() {
            self.blocks.push(Block {
                line: table.line,
                content: Content::Caption(caption),
            });
        }
        self.blocks.push(Block {
            line: table.line,
            content: Content::Table(Box::new(table.grid.rows())),
        });
    }
}

impl Table {
    fn new(line: usize) -> Self {
        Self {
            line,
            grid: Grid::new(usize::MAX),
            row: None,
            cell: None,
            caption: String::new(),
            is_caption: false,
        }
    }

    fn start(&mut self, line: usize, name: &str, (columns, rows): (usize, usize)) {
        self.is_caption = name == "caption";
        match name {
            "td" | "th" => {
                self.end_cell();
                self.row.get_or_insert_with(|| (line, Vec::new()));
                self.cell = Some(Cell {
                    text: String::new(),
                    is_heading: name == "th",
                    columns,
                    rows,
                });
            }
            "tr" => {
                self.end_row();
                self.row = Some((line, Vec::new()));
            }
            _ => self.end_row(),
        }
    }

    fn end_cell(&mut self) {
        if let (Some(cell), Some((_, cells))) = (self.cell.take(), &mut self.row) {
            cells.push(cell);
        }
    }

    fn end_row(&mut self) {
        self.end_cell();
        let Some((line, cells)) = self.row.take() else {
            return;
        };
        self.grid
            .start_row(line, cells.iter().all(|cell| cell.is_heading));
        for cell in cells {
            self.grid
                .push(line, &fold(&cell.text), cell.columns, cell.rows);
        }
        self.grid.end_row();
    }
}

/// Whether an element breaks the line, so that the texts before and after it are separate.
fn is_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "li"
            | "dt"
            | "dd"
            | "div"
            | "section"
            | "article"
            | "main"
            | "ul"
            | "ol"
            | "dl"
            | "body"
            | "blockquote"
            | "pre"
            | "nav"
            | "header"
            | "footer"
            | "aside"
            | "figure"
            | "figcaption"
            | "br"
            | "hr"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}
