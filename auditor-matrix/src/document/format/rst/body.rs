//! Bodies: the lines that an item or a directive contains, without their indentation.

use super::{MOST_DEPTH, Reader, indent};

impl<'a> Reader<'_, 'a> {
    /// The end of the lines from `first` on that are indented deeper than `depth`, empty lines at the end left out.
    pub(super) fn body_end(&self, first: usize, depth: usize) -> usize {
        let mut end = first;
        let mut at = first;
        while at < self.lines.len() {
            let line = self.line(at);
            if !line.is_empty() {
                if indent(line) <= depth {
                    break;
                }
                end = at + 1;
            }
            at += 1;
        }
        end
    }

    /// Reads a body as a text of its own.
    pub(super) fn body(&mut self, first: usize, end: usize, depth: usize, level: u8) {
        self.item_body(first, end, depth, level, None);
    }

    /// Reads a body whose first paragraph is an item.
    pub(super) fn item_body(
        &mut self,
        first: usize,
        end: usize,
        depth: usize,
        level: u8,
        item: Option<u8>,
    ) {
        let is_deepest = MOST_DEPTH <= self.depth;
        let lines: Vec<&'a str> = (first..end)
            .map(|at| {
                let line = self.line(at);
                if is_deepest {
                    line.trim_start()
                } else {
                    dedent(line, depth)
                }
            })
            .collect();
        let mut reader = Reader {
            page: &mut *self.page,
            origin: self.origin,
            lines: &lines,
            numbers: self.numbers.after(first),
            at: 0,
            depth: self.depth + 1,
            level,
            item,
        };
        reader.read();
    }

    /// The lines as they stand, without the indentation that they share.
    pub(super) fn text(&self, first: usize, end: usize) -> String {
        let depth = (first..end)
            .map(|at| self.line(at))
            .filter(|line| !line.is_empty())
            .map(indent)
            .min()
            .unwrap_or(0);
        let lines: Vec<&str> = (first..end)
            .map(|at| dedent(self.line(at), depth))
            .collect();
        lines.join("\n")
    }

    /// The indentation of the first line with text.
    pub(super) fn body_indent(&self, first: usize, end: usize) -> usize {
        (first..end)
            .map(|at| self.line(at))
            .find(|line| !line.is_empty())
            .map_or(0, indent)
    }
}

/// The line without up to `depth` bytes of white space.
pub(super) fn dedent(line: &str, depth: usize) -> &str {
    let length = indent(line).min(depth);
    line.get(length..).unwrap_or_else(|| line.trim_start())
}
