//! HTML to blocks.

use scraper::{ElementRef, Html, Node};

use super::{
    block::{Block, Content, TableRow},
    span::Grid,
    text::fold,
};

/// Tags whose place in the source is wanted.
const PLACED: [&str; 13] = [
    "table", "tr", "p", "li", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "caption",
];
const LINE: &str = "data-source-line";

/// Reads a page or a part of one; `line` is the line of the source on which `text` begins.
pub(super) fn blocks(text: &str, line: usize) -> Vec<Block> {
    let page = Html::parse_document(&placed(text, line));
    let mut blocks = Vec::new();
    let mut loose = Loose {
        line,
        text: String::new(),
    };
    walk(page.root_element(), &mut blocks, &mut loose);
    loose.close(&mut blocks);
    blocks
}

/// The page with the line of each start tag written into it, since the parser does not keep places.
fn placed(text: &str, first_line: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 4);
    for (index, line) in text.split_inclusive('\n').enumerate() {
        let mut rest = line;
        while let Some(at) = rest.find('<') {
            let (before, tag) = rest.split_at(at);
            out.push_str(before);
            let name: String = tag
                .chars()
                .skip(1)
                .take_while(char::is_ascii_alphanumeric)
                .map(|c| c.to_ascii_lowercase())
                .collect();
            let (head, tail) = tag.split_at(
                1 + if PLACED.contains(&name.as_str()) {
                    name.len()
                } else {
                    0
                },
            );
            out.push_str(head);
            if 1 < head.len() && tail.starts_with(|next: char| next.is_whitespace() || next == '>')
            {
                out.extend([" ", LINE, "=", (first_line + index).to_string().as_str()]);
            }
            rest = tail;
        }
        out.push_str(rest);
    }
    out
}

/// Text that stands in no paragraph of its own.
struct Loose {
    line: usize,
    text: String,
}

impl Loose {
    fn close(&mut self, blocks: &mut Vec<Block>) {
        let text = fold(&self.text);
        self.text.clear();
        if !text.is_empty() {
            blocks.push(Block {
                line: self.line,
                content: Content::Text(text),
            });
        }
    }
}

/// Walks the tree without recursion: pages are foreign, and so is how deep they nest.
fn walk(root: ElementRef<'_>, blocks: &mut Vec<Block>, loose: &mut Loose) {
    let mut next = root.first_child();
    let mut open = Vec::new();
    loop {
        let Some(node) = next else {
            match open.pop() {
                Some(parent) => {
                    next = parent;
                    continue;
                }
                None => return,
            }
        };
        next = node.next_sibling();
        match node.value() {
            Node::Text(text) => loose.text.push_str(text),
            Node::Element(element) => {
                let Some(reference) = ElementRef::wrap(node) else {
                    continue;
                };
                let line = element
                    .attr(LINE)
                    .and_then(|line| line.parse().ok())
                    .unwrap_or(loose.line);
                match element.name() {
                    "script" | "style" | "template" | "head" | "noscript" => {}
                    "table" => {
                        loose.close(blocks);
                        let mut children = reference.child_elements();
                        let caption = children.find(|child| child.value().name() == "caption");
                        blocks.extend(caption.map(|caption| Block {
                            line,
                            content: Content::Caption(inner(caption)),
                        }));
                        blocks.push(Block {
                            line,
                            content: Content::Table(rows(reference, line)),
                        });
                    }
                    name @ ("h1" | "h2" | "h3" | "h4" | "h5" | "h6") => {
                        loose.close(blocks);
                        let level = name
                            .as_bytes()
                            .get(1)
                            .copied()
                            .map_or(1, |digit| digit - b'0');
                        blocks.push(Block {
                            line,
                            content: Content::Heading {
                                level,
                                text: inner(reference),
                            },
                        });
                    }
                    "p" | "li" | "dt" | "dd" | "div" | "section" | "article" | "main" | "ul"
                    | "ol" | "dl" | "body" | "blockquote" | "pre" | "nav" | "header" | "footer"
                    | "aside" | "br" | "hr" => {
                        loose.close(blocks);
                        loose.line = line;
                        open.push(next);
                        next = node.first_child();
                    }
                    _ => {
                        open.push(next);
                        next = node.first_child();
                    }
                }
            }
            Node::Document
            | Node::Fragment
            | Node::Doctype(_)
            | Node::Comment(_)
            | Node::ProcessingInstruction(_) => {}
        }
    }
}

/// The text inside an element; `<br>` counts as white space.
fn inner(element: ElementRef<'_>) -> String {
    let mut text = String::new();
    for node in element.descendants() {
        // A raised mark leads to a footnote; it stands right above its text, give or take a link.
        let is_raised = || {
            node.ancestors().take(3).any(|ancestor| {
                let element = ancestor.value().as_element();
                element.is_some_and(|element| element.name() == "sup")
            })
        };
        match node.value() {
            Node::Text(_) if is_raised() => {}
            Node::Text(part) => text.push_str(part),
            Node::Element(element) if element.name() == "li" => {
                // What ends a sentence needs no comma.
                let ends = text.trim_end().ends_with(['.', ';', ',', ':', '!']);
                text.push_str(if ends { " " } else { ", " });
            }
            Node::Element(element) if matches!(element.name(), "br" | "p" | "div") => {
                text.push(' ');
            }
            Node::Element(_)
            | Node::Document
            | Node::Fragment
            | Node::Doctype(_)
            | Node::Comment(_)
            | Node::ProcessingInstruction(_) => {}
        }
    }
    fold(fold(&text).trim_start_matches(", "))
}

fn rows(table: ElementRef<'_>, table_line: usize) -> Vec<TableRow> {
    let mut grid = Grid::new(usize::MAX);
    let mut line = table_line;
    for row in table.descendants().filter_map(ElementRef::wrap) {
        if row.value().name() != "tr" || !belongs(row, table) {
            continue;
        }
        line = row
            .attr(LINE)
            .and_then(|line| line.parse().ok())
            .unwrap_or(line);
        let cells = || {
            row.child_elements()
                .filter(|cell| matches!(cell.value().name(), "td" | "th"))
        };
        grid.start_row(line, cells().all(|cell| cell.value().name() == "th"));
        for cell in cells() {
            grid.push(
                line,
                &inner(cell),
                span(cell, "colspan"),
                span(cell, "rowspan"),
            );
        }
        grid.end_row();
    }
    grid.rows()
}

/// Whether the row's nearest table is `table`: a table may stand inside a cell of another.
fn belongs(row: ElementRef<'_>, table: ElementRef<'_>) -> bool {
    row.ancestors()
        .find(|ancestor| {
            ancestor
                .value()
                .as_element()
                .is_some_and(|element| element.name() == "table")
        })
        .is_some_and(|nearest| nearest.id() == table.id())
}

fn span(cell: ElementRef<'_>, name: &str) -> usize {
    cell.attr(name)
        .and_then(|span| span.trim().parse().ok())
        .unwrap_or(1)
}
