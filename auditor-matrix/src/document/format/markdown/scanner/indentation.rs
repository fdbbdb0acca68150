//! The indentation of what contains other Markdown.

use super::{
    Inside, Line, Scanner,
    container::{Container, Edge},
};

impl<'a> Scanner<'a> {
    /// The line without the indentation of what contains it. Containers that end before it are ended.
    pub(super) fn without_indentation(&mut self, mut line: Line<'a>) -> Line<'a> {
        if line.text.trim().is_empty() {
            line.text = "";
            return line;
        }
        let indent = columns(line.text);
        while let Some((index, column)) = self.indentation() {
            if column <= indent {
                line.text = dedent(line.text, column);
                break;
            }
            self.inside = Inside::Nothing;
            self.close_to(index, line.number);
        }
        line
    }

    /// The innermost container whose body is indented, and the column at which its lines begin.
    pub(super) fn indentation(&self) -> Option<(usize, usize)> {
        let mut containers = self.containers.iter().enumerate().rev();
        containers.find_map(|(index, container)| {
            let Edge::Indented(column) = container.edge else {
                return None;
            };
            Some((index, column))
        })
    }

    /// Makes lines that are indented like this one, a part of a list item, a container of their own.
    pub(super) fn indent_container(&mut self, indent: usize) {
        if 0 < indent {
            let column = self.indentation().map_or(0, |(_, column)| column);
            self.flush();
            self.contain(Container::new(Edge::Indented(column + indent)));
        }
    }
}

/// The column at which a line's text begins; a tab moves to the next fourth column.
pub(super) fn columns(text: &str) -> usize {
    let mut column = 0;
    for byte in text.bytes() {
        match byte {
            b' ' => column += 1,
            b'\t' => column += 4 - column % 4,
            _ => break,
        }
    }
    column
}

/// The line without `column` columns of white space.
pub(super) fn dedent(text: &str, column: usize) -> &str {
    let mut at = 0;
    for (index, byte) in text.bytes().enumerate() {
        if column <= at || !matches!(byte, b' ' | b'\t') {
            return text.get(index..).unwrap_or_default();
        }
        at += if byte == b'\t' { 4 - at % 4 } else { 1 };
    }
    ""
}
