//! Explicit markup: directives, footnotes, comments.

use super::{
    super::{
        html,
        include::{Included, included, not_at_hand},
        vocabulary::{Meaning, has_title, is_diagram, meaning},
    },
    Numbers, Reader,
};
use crate::document::{block::Content, format::Format, text::fold};

/// A directive: its name, its argument, its options, and where its body stands.
struct Directive<'a> {
    start: usize,
    name: &'a str,
    argument: String,
    options: Vec<(String, String)>,
    body: (usize, usize),
}

impl Reader<'_, '_> {
    /// Reads a line that starts with `..`, and what belongs to it.
    pub(super) fn explicit(&mut self) {
        let start = self.at;
        let text = self.line(start).get(2..).unwrap_or_default().trim();
        // A target ends at an empty line, and an empty comment has no body: what is indented below is a quotation.
        let is_short = text.starts_with('_') || text.is_empty() && self.line(start + 1).is_empty();
        let end = if is_short {
            let mut end = start + 1;
            while !self.line(end).is_empty() && self.line(end).starts_with(' ') {
                end += 1;
            }
            end
        } else {
            self.body_end(start + 1, 0)
        };
        self.at = end.max(start + 1);
        if let Some(rest) = text.strip_prefix('[')
            && let Some((_, note)) = rest.split_once(']')
        {
            // A footnote or a citation: its text is the page's.
            self.footnote(start, note.trim(), end);
            return;
        }
        if text.starts_with(['_', '|']) {
            return;
        }
        // A blank before the colons is allowed, and names may be in capitals.
        let halves = text.split_once("::");
        let halves = halves.map(|(name, rest)| (name.strip_suffix(' ').unwrap_or(name), rest));
        let Some((name, argument)) = halves.filter(|(name, rest)| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | ':' | '.' | '+'))
                && (rest.is_empty() || rest.starts_with(' '))
        }) else {
            // A comment.
            return;
        };
        let name = name.to_ascii_lowercase();
        let directive = self.parts(start, &name, argument.trim(), end);
        self.directive(&directive);
    }

    fn footnote(&mut self, start: usize, note: &str, end: usize) {
        let mut text = note.to_owned();
        let mut at = start + 1;
        while at < end && !self.line(at).is_empty() {
            text.push(' ');
            text.push_str(self.line(at).trim());
            at += 1;
        }
        let text = self.plain(&text);
        if !text.is_empty() {
            self.push(start, Content::Text(text));
        }
        let depth = self.body_indent(at, end);
        self.body(at, end, depth, self.level);
    }

    /// Splits the block of a directive into its argument, its options and its body.
    fn parts<'n>(&self, start: usize, name: &'n str, argument: &str, end: usize) -> Directive<'n> {
        let mut argument = argument.to_owned();
        let mut options: Vec<(String, String)> = Vec::new();
        let mut at = start + 1;
        while at < end {
            let line = self.line(at).trim();
            let option = line
                .strip_prefix(':')
                .and_then(|rest| rest.split_once(':'))
                .filter(|(name, value)| {
                    !name.contains('`') && (value.is_empty() || value.starts_with(' '))
                });
            if let Some((name, value)) = option {
                options.push((name.to_owned(), value.trim().to_owned()));
            } else if line.is_empty() {
                break;
            } else if let Some((_, value)) = options.last_mut() {
                value.push(' ');
                value.push_str(line);
            } else if argument.is_empty() {
                // The body begins right below the name.
                break;
            } else {
                argument.push(' ');
                argument.push_str(line);
            }
            at += 1;
        }
        Directive {
            start,
            name,
            argument,
            options,
            body: (at, end),
        }
    }

    fn directive(&mut self, directive: &Directive<'_>) {
        let (start, argument) = (directive.start, directive.argument.as_str());
        let (first, end) = directive.body;
        let short = directive.name.rsplit(':').next().unwrap_or(directive.name);
        match short {
            "list-table" | "csv-table" => {
                self.caption(start, argument);
                self.table_directive((start, short), &directive.options, directive.body);
            }
            "table" => {
                self.caption(start, argument);
                self.inner(directive);
            }
            "raw" if argument == "html" => {
                let text = self.text(first, end);
                let line = self.number(first);
                self.page.blocks.extend(html::blocks(&text, line));
            }
            "include" => self.include(directive),
            "rubric" | "centered" => {
                let text = self.plain(argument);
                self.push(start, Content::Text(text));
                self.inner(directive);
            }
            "figure" => self.inner(directive),
            "replace" | "unicode" | "math" => {}
            _ => self.by_meaning(directive),
        }
    }

    fn by_meaning(&mut self, directive: &Directive<'_>) {
        let (start, argument) = (directive.start, directive.argument.as_str());
        let (first, end) = directive.body;
        match meaning(directive.name.rsplit(':').next().unwrap_or(directive.name)) {
            Meaning::Alternative => {
                let label = match directive.name {
                    // The first word is the language.
                    "code-tab" => argument
                        .split_once(' ')
                        .map_or(argument, |(_, label)| label),
                    _ => argument,
                };
                if label.is_empty() {
                    self.inner(directive);
                    return;
                }
                let label = self.plain(label);
                let begin = if matches!(directive.name, "only" | "ifconfig") {
                    Content::Condition(label)
                } else {
                    Content::Alternative(label)
                };
                self.push(start, begin);
                if directive.name == "code-tab" {
                    let language = argument.split(' ').next().unwrap_or_default().to_owned();
                    self.code(first, end, language);
                } else {
                    self.inner(directive);
                }
                let last = end.saturating_sub(1).max(start);
                self.push(last, Content::EndAlternative);
            }
            Meaning::Code if is_diagram(directive.name) => {
                self.code(first, end, directive.name.to_owned());
            }
            Meaning::Code => self.code(first, end, argument.to_owned()),
            Meaning::Include => {
                let line = self.number(start);
                let source = Self::source(directive);
                match Included::find(self.origin, argument) {
                    Some(file) => {
                        let language = directive
                            .options
                            .iter()
                            .find(|(name, _)| name == "language")
                            .map_or_else(
                                || argument.rsplit('.').next().unwrap_or_default().to_owned(),
                                |(_, language)| language.clone(),
                            );
                        let text = file.text.trim_end().to_owned();
                        self.push(start, Content::Code { language, text });
                    }
                    None => self.page.blocks.push(crate::document::block::Block {
                        line,
                        content: Content::Unread {
                            what: not_at_hand(argument),
                            text: source,
                        },
                    }),
                }
            }
            Meaning::Silent => {
                let text = fold(&self.text(first, end));
                let shows_number = text.contains(|c: char| c.is_ascii_digit())
                    && !matches!(
                        directive.name,
                        "toctree" | "meta" | "index" | "comment" | "tabularcolumns"
                    );
                if shows_number {
                    self.unread(directive, &format!("{argument} {text}"));
                }
            }
            Meaning::Container => {
                if has_title(directive.name) {
                    self.title(start, argument);
                }
                self.inner(directive);
            }
            Meaning::Unknown => {
                let source = Self::source(directive);
                self.unread(directive, &source);
                self.inner(directive);
            }
        }
    }

    fn caption(&mut self, start: usize, title: &str) {
        if !title.is_empty() {
            let title = self.plain(title);
            self.push(start, Content::Caption(title));
        }
    }

    fn title(&mut self, start: usize, title: &str) {
        let title = self.plain(title);
        if !title.is_empty() {
            self.push(start, Content::Text(title));
        }
    }

    /// Reads the body of a directive as a text of its own.
    fn inner(&mut self, directive: &Directive<'_>) {
        let (first, end) = directive.body;
        let depth = self.body_indent(first, end);
        self.body(first, end, depth, self.level);
    }

    fn unread(&mut self, directive: &Directive<'_>, text: &str) {
        self.push(
            directive.start,
            Content::Unread {
                what: format!("the directive `{}` is not understood", directive.name),
                text: text.trim().to_owned(),
            },
        );
    }

    /// The argument and the options as they are written.
    fn source(directive: &Directive<'_>) -> String {
        let mut source = directive.argument.clone();
        for (name, value) in &directive.options {
            source.extend([" :", name, ": ", value]);
        }
        source.trim().to_owned()
    }

    fn include(&mut self, directive: &Directive<'_>) {
        let path = directive.argument.as_str();
        let line = self.number(directive.start);
        let is_literal = directive
            .options
            .iter()
            .any(|(name, _)| matches!(name.as_str(), "literal" | "code"));
        let format = Format::of_name(path);
        if let Some(file) = Included::find(self.origin, path)
            && matches!(format, None | Some(Format::ReStructuredText))
        {
            let lines: Vec<&str> = file.text.lines().map(str::trim_end).collect();
            if is_literal {
                let text = file.text.trim_end().to_owned();
                self.push(
                    directive.start,
                    Content::Code {
                        language: String::new(),
                        text,
                    },
                );
                return;
            }
            self.page.substitutions.extend(super::substitutions(&lines));
            let mut reader = Reader {
                page: &mut *self.page,
                origin: &file.origin,
                lines: &lines,
                numbers: Numbers::All(line),
                at: 0,
                depth: self.depth + 1,
                level: self.level,
                item: None,
            };
            reader.read();
            return;
        }
        let source = Self::source(directive);
        let blocks = included(self.origin, line, path, Format::ReStructuredText, &source);
        self.page.blocks.extend(blocks);
    }
}
