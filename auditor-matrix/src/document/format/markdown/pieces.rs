//! Cuts a large page into pieces, since the Markdown parser keeps a tree many times larger than its input.
//!
//! A piece ends where a block certainly ends, or between two rows of a table, whose headings are then repeated at the start
//! of the next piece. Only link definitions do not apply across pieces, which loses no port: none stands in a link's
//! address.

use std::borrow::Cow;

use crate::document::text::find_tag;

/// A part of a page that can be read by itself.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Piece<'a> {
    pub(super) text: Cow<'a, str>,
    /// The number of lines of the page before this piece.
    pub(super) n_lines_before: usize,
    /// The number of lines at its start that repeat the headings of a table that continues here.
    pub(super) n_repeated: usize,
}

/// Cuts a page into pieces of at least `least` bytes, except the last.
pub(super) fn pieces(page: &str, least: usize) -> impl Iterator<Item = Piece<'_>> {
    let mut cutter = Cutter {
        rest: page,
        n_lines: 0,
        headings: None,
        least,
    };
    std::iter::from_fn(move || cutter.next())
}

struct Cutter<'a> {
    rest: &'a str,
    n_lines: usize,
    /// The headings of the table that continues in the next piece.
    headings: Option<&'a str>,
    least: usize,
}

/// The construct that a line is inside of.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Inside<'a> {
    Nothing,
    /// A code block with a fence of this character and length; the closing fence is at least as long (`CommonMark` 0.31,
    /// 4.5).
    Code(char, usize),
    Html,
    /// A pipe table below these headings.
    Table(&'a str),
}

impl<'a> Cutter<'a> {
    fn next(&mut self) -> Option<Piece<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let headings = self.headings.take();
        let mut inside = headings.map_or(Inside::Nothing, Inside::Table);
        let mut end = 0;
        let mut n_lines = 0;
        let mut previous: Option<(usize, &str)> = None;
        for line in self.rest.split_inclusive('\n') {
            let is_cut = self.least <= end
                && match inside {
                    Inside::Nothing => {
                        previous.is_some_and(|(_, before)| before.trim().is_empty())
                            && line.starts_with(|c: char| c.is_alphanumeric() || c == '#')
                    }
                    Inside::Table(_) => line.contains('|'),
                    Inside::Code(..) | Inside::Html => false,
                };
            if is_cut {
                if let Inside::Table(above) = inside {
                    self.headings = Some(above);
                }
                break;
            }
            inside = self.after(inside, previous, line, end);
            previous = Some((end, line));
            end += line.len();
            n_lines += 1;
        }
        let (text, rest) = self.rest.split_at_checked(end)?;
        let piece = Piece {
            text: match headings {
                Some(above) => Cow::Owned([above, text].concat()),
                None => Cow::Borrowed(text),
            },
            n_lines_before: self.n_lines,
            n_repeated: if headings.is_some() { 2 } else { 0 },
        };
        self.rest = rest;
        self.n_lines += n_lines;
        Some(piece)
    }

    /// The construct that the line after `line` is inside of.
    fn after(
        &self,
        inside: Inside<'a>,
        previous: Option<(usize, &'a str)>,
        line: &'a str,
        start: usize,
    ) -> Inside<'a> {
        let trimmed = line.trim_start();
        let fence = |mark: char| trimmed.chars().take_while(|c| *c == mark).count();
        let tag = |name: &str| find_tag(line, name).is_some();
        match inside {
            Inside::Code(mark, length) => {
                let closes = length <= fence(mark) && trimmed.trim_end().chars().all(|c| c == mark);
                if closes { Inside::Nothing } else { inside }
            }
            Inside::Html if tag("</table") => Inside::Nothing,
            Inside::Html => inside,
            Inside::Table(_) if line.contains('|') => inside,
            Inside::Nothing | Inside::Table(_) => {
                if let Some(mark) = ['`', '~'].into_iter().find(|mark| 3 <= fence(*mark)) {
                    return Inside::Code(mark, fence(mark));
                }
                if tag("<table") && !tag("</table") {
                    return Inside::Html;
                }
                let is_rule = line.contains('|')
                    && line.contains('-')
                    && line
                        .trim()
                        .chars()
                        .all(|c| matches!(c, '|' | '-' | ':' | ' ' | '\t'));
                let above = previous
                    .filter(|(_, above)| is_rule && above.contains('|'))
                    .and_then(|(above, _)| self.rest.get(above..start + line.len()));
                above.map_or(Inside::Nothing, Inside::Table)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Piece, pieces};

    #[test]
    fn ends_between_blocks_and_rows() {
        let page = "# A\n\nb\n\n| P | Q |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nlast\n";
        let cut = |least: usize| -> Vec<(String, usize, usize)> {
            pieces(page, least)
                .map(
                    |Piece {
                         text,
                         n_lines_before,
                         n_repeated,
                     }| { (text.into_owned(), n_lines_before, n_repeated) },
                )
                .collect()
        };
        let one = |text: &str, before: usize, repeated: usize| (text.to_owned(), before, repeated);
        assert_eq!(cut(1000), [one(page, 0, 0)]);
        assert_eq!(
            cut(28),
            [
                one("# A\n\nb\n\n| P | Q |\n|---|---|\n", 0, 0),
                one("| P | Q |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\nlast\n", 6, 2),
            ]
            .map(|(text, before, repeated)| (text, before, repeated))
        );
        assert_eq!(
            cut(1)
                .iter()
                .map(|(text, ..)| text.as_str())
                .collect::<Vec<_>>(),
            [
                "# A\n\n",
                "b\n\n| P | Q |\n|---|---|\n",
                "| P | Q |\n|---|---|\n| 1 | 2 |\n",
                "| P | Q |\n|---|---|\n| 3 | 4 |\n\n",
                "last\n",
            ]
        );
    }

    #[test]
    fn keeps_code_and_html_tables_whole() {
        for whole in [
            "```\na\n\nb\n```\n",
            "~~~~\na\n\nb\n~~~\n\nc\n~~~~\n",
            "<TABLE>\n\nb\n\n</TABLE>\n",
            "- a\n\n  b\n\n- c\n",
        ] {
            assert_eq!(pieces(whole, 1).count(), 1, "{whole}");
        }
    }
}
