//! Lines that are instructions: includes, conditions, macros.

use super::{
    super::include::{Included, not_at_hand},
    Reader,
    table::Table,
};
use crate::document::{block::Content, includes::Origin};

impl Reader {
    /// Reads a line that is an instruction wherever it stands, in tables and listings too; false if it is none.
    pub(super) fn instruction(&mut self, line: usize, text: &str, origin: &Origin<'_>) -> bool {
        let Some((name, target, attributes)) = block_macro(text) else {
            return false;
        };
        match name {
            "include" => self.include(line, target, attributes, text, origin),
            "ifdef" | "ifndef" | "ifeval" => self.condition(line, name, target, attributes, origin),
            "endif" => {
                if self.conditions.pop() == Some(true) {
                    self.border(line, Content::EndAlternative);
                }
            }
            _ => return false,
        }
        true
    }

    fn include(
        &mut self,
        line: usize,
        target: &str,
        attributes: &str,
        source: &str,
        origin: &Origin<'_>,
    ) {
        let path = self.attributes.replaced(target).into_owned();
        let Some(file) = Included::find(origin, &path) else {
            self.border(
                line,
                Content::Unread {
                    what: not_at_hand(&path),
                    text: source.trim().to_owned(),
                },
            );
            return;
        };
        let offset = self
            .attributes
            .replaced(named(attributes, "leveloffset").unwrap_or_default());
        let offset: i8 = offset.trim_start_matches('+').parse().unwrap_or(0);
        let first = self.blocks.len();
        for text in selected(&file.text, attributes) {
            self.line(line, text, &file.origin);
        }
        if self.listing.is_none() && self.table.is_none() {
            self.end_paragraph();
        }
        for block in self.blocks.iter_mut().skip(first) {
            if let Content::Heading { level, .. } = &mut block.content {
                *level = level.saturating_add_signed(offset).clamp(1, 9);
            }
        }
    }

    fn condition(
        &mut self,
        line: usize,
        name: &str,
        target: &str,
        attributes: &str,
        origin: &Origin<'_>,
    ) {
        let is_defined = target
            .split([',', '+'])
            .any(|attribute| self.attributes.is_defined(attribute));
        let label = match name {
            "ifdef" => target.to_owned(),
            "ifndef" => format!("not {target}"),
            _ => attributes.trim().to_owned(),
        };
        // What the page itself defines is no choice of the reader's.
        let is_alternative = !(name == "ifdef" && is_defined);
        let has_text = name != "ifeval" && !attributes.trim().is_empty();
        if is_alternative {
            self.border(line, Content::Condition(label));
        }
        if has_text {
            self.line(line, attributes, origin);
            if is_alternative {
                self.border(line, Content::EndAlternative);
            }
        } else {
            self.conditions.push(is_alternative);
        }
    }

    /// A block in the middle of whatever is being read. A table is cut there, and goes on below with the same headings.
    fn border(&mut self, line: usize, content: Content) {
        if self.listing.is_some() {
            return;
        }
        self.end_paragraph();
        let cut = self.table.as_mut().map(Table::cut);
        if let Some(block) = cut.flatten() {
            self.blocks.push(block);
        }
        self.push(line, content);
    }

    /// Reads a macro that is a block; false if the line is none.
    pub(super) fn block_macro(&mut self, line: usize, text: &str) -> bool {
        let Some((name, target, attributes)) = block_macro(text) else {
            return false;
        };
        self.end_paragraph();
        let is_silent = matches!(
            name,
            "image"
                | "video"
                | "audio"
                | "toc"
                | "icon"
                | "anchor"
                | "thematic-break"
                | "link"
                | "xref"
                | "btn"
                | "kbd"
        );
        if !is_silent {
            self.push(
                line,
                Content::Unread {
                    what: format!("the macro `{name}` is not understood"),
                    text: format!("{target} {attributes}").trim().to_owned(),
                },
            );
        }
        true
    }
}

/// `name::target[attributes]`.
fn block_macro(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.split_once("::")?;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let rest = rest.trim_end().strip_suffix(']')?;
    let (target, attributes) = rest.split_once('[')?;
    (is_name && !target.starts_with([' ', ':'])).then_some((name, target.trim(), attributes))
}

fn named<'a>(attributes: &'a str, name: &str) -> Option<&'a str> {
    let at = attributes.find(name)?;
    let value = attributes.get(at + name.len()..)?.strip_prefix('=')?;
    match value.strip_prefix('"') {
        Some(quoted) => quoted.split('"').next(),
        None => value.split(',').next(),
    }
}

/// The lines of a file that an include asks for, without the marks of its regions.
fn selected<'a>(text: &'a str, attributes: &str) -> Vec<&'a str> {
    let tags: Vec<&str> = named(attributes, "tags")
        .or_else(|| named(attributes, "tag"))
        .map(|tags| tags.split([',', ';']).map(str::trim).collect())
        .unwrap_or_default();
    let ranges: Vec<(usize, usize)> = named(attributes, "lines")
        .map(|lines| lines.split([',', ';']).filter_map(range).collect())
        .unwrap_or_default();
    let mut open: Vec<&str> = Vec::new();
    let mut selected = Vec::new();
    for (number, line) in (1_usize..).zip(text.lines()) {
        if let Some(name) = mark(line, "tag::") {
            open.push(name);
            continue;
        }
        if let Some(name) = mark(line, "end::") {
            open.retain(|other| *other != name);
            continue;
        }
        let is_tagged = tags.is_empty()
            || tags.iter().any(|tag| match *tag {
                "*" => !open.is_empty(),
                "**" => true,
                tag => open.contains(&tag),
            });
        let is_in_range = ranges.is_empty()
            || ranges
                .iter()
                .any(|(first, last)| (*first..=*last).contains(&number));
        if is_tagged && is_in_range {
            selected.push(line);
        }
    }
    selected
}

fn mark<'a>(line: &'a str, mark: &str) -> Option<&'a str> {
    let at = line.find(mark)?;
    let (name, _) = line.get(at + mark.len()..)?.split_once("[]")?;
    (!name.contains(' ')).then_some(name)
}

fn range(text: &str) -> Option<(usize, usize)> {
    let text = text.trim();
    match text.split_once("..") {
        Some((first, last)) => {
            let last = if last.is_empty() || last.starts_with('-') {
                usize::MAX
            } else {
                last.parse().ok()?
            };
            Some((first.parse().ok()?, last))
        }
        None => text.parse().ok().map(|line| (line, line)),
    }
}
