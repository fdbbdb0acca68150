//! Statements of templates: shortcodes that contain text, conditions, includes.

use super::{
    super::super::{
        template::{Kind, Tag, argument, first_value, open_end, tags},
        vocabulary::{Meaning, meaning},
    },
    super::plain,
    Inside, Line, Scanner,
    container::{Container, Edge, folded},
};
use crate::document::{block::Content, text::fold};

/// Statements that show nothing themselves.
const STATEMENTS: &[&str] = &[
    "assign",
    "block",
    "break",
    "continue",
    "cycle",
    "decrement",
    "define",
    "do",
    "each",
    "extends",
    "filter",
    "for",
    "from",
    "increment",
    "layout",
    "liquid",
    "macro",
    "range",
    "set",
    "tablerow",
    "trans",
    "use",
    "with",
    "",
];

impl<'a> Scanner<'a> {
    /// Reads a line that is tags of templates, perhaps around a text.
    pub(super) fn template_line(
        &mut self,
        line: Line<'a>,
        trimmed: &'a str,
        indent: usize,
    ) -> bool {
        if trimmed.starts_with("{# ") && !trimmed.contains("#}") {
            self.inside = Inside::Comment("#}");
            return true;
        }
        let mut text = trimmed.to_owned();
        if open_end(trimmed).is_some() {
            match self.joined(trimmed, |text| open_end(text).is_none()) {
                Some(joined) => text = joined,
                None => return self.open_comment(trimmed),
            }
        }
        let found = tags(&text);
        let (Some(first), Some(last)) = (found.first(), found.last()) else {
            return false;
        };
        if first.start != 0 {
            return false;
        }
        let mut between = String::new();
        let mut at = 0;
        for tag in &found {
            between.push_str(text.get(at..tag.start).unwrap_or_default());
            at = tag.end;
        }
        between.push_str(text.get(at..).unwrap_or_default());
        let is_alone = !between.contains(char::is_alphanumeric);
        let wraps = first.kind == Kind::Open
            && last.kind == Kind::Close
            && folded(first.name) == folded(last.name)
            && last.end == text.trim_end().len()
            && between.contains(char::is_alphanumeric)
            && found.len() == 2;
        let opens = first.kind == Kind::Open
            && found.len() == 1
            && meaning(first.name) == Meaning::Alternative;
        if is_alone {
            if found.iter().all(|tag| tag.kind == Kind::Output) {
                return false;
            }
            self.indent_container(indent);
            for tag in &found {
                let source = text.get(tag.start..tag.end).unwrap_or_default();
                if tag.kind == Kind::Output {
                    self.push_between(line.number, Content::Text(source.to_owned()));
                } else {
                    self.template_tag(line.number, tag, source);
                }
            }
            true
        } else if wraps || opens {
            self.indent_container(indent);
            let source = text.get(first.start..first.end).unwrap_or_default();
            self.template_tag(line.number, first, source);
            self.take(line, between.trim());
            if wraps {
                let source = text.get(last.start..last.end).unwrap_or_default();
                self.template_tag(line.number, last, source);
            }
            true
        } else {
            false
        }
    }

    /// A comment that goes on over more lines than a tag does.
    fn open_comment(&mut self, trimmed: &str) -> bool {
        let end = open_end(trimmed).filter(|end| matches!(*end, "*/}" | "--}}" | "#}"));
        match end {
            Some(end) => {
                self.inside = Inside::Comment(end);
                true
            }
            None => false,
        }
    }

    fn template_tag(&mut self, line: usize, tag: &Tag<'_>, source: &str) {
        let name = folded(tag.name);
        match tag.kind {
            Kind::Comment | Kind::Output => {}
            Kind::Close => self.end_tag(line, &name),
            Kind::Open | Kind::SelfClosing => match name.as_str() {
                "if" | "unless" | "ifversion" | "case" | "ifeq" => {
                    let is_not = name == "unless";
                    self.condition(line, tag.arguments, is_not);
                }
                "elsif" | "elseif" | "elif" | "when" | "else" => self.other_case(line, &name, tag),
                "comment" => self.inside = Inside::Comment("endcomment"),
                _ => self.shortcode(line, tag, source, &name),
            },
        }
    }

    fn condition(&mut self, line: usize, condition: &str, is_not: bool) {
        let condition = fold(condition);
        let name = if is_not {
            format!("not {condition}")
        } else {
            condition.clone()
        };
        if is_simple(&condition) {
            self.alternative(line, &name, Edge::Condition(name.clone()));
        } else {
            self.flush();
            self.contain(Container::new(Edge::Condition(name)));
        }
    }

    /// `else` and its kind: the alternative ends, and another begins.
    fn other_case(&mut self, line: usize, name: &str, tag: &Tag<'_>) {
        let mut containers = self.containers.iter().enumerate().rev();
        let open = containers.find_map(|(index, container)| {
            let Edge::Condition(condition) = &container.edge else {
                return None;
            };
            Some((index, condition.clone()))
        });
        let Some((index, condition)) = open else {
            return;
        };
        self.close_to(index, line);
        let said = tag.arguments.trim_start_matches("if ").trim();
        if name == "else" && (said.is_empty() || said == tag.arguments && tag.arguments == "if") {
            self.condition(line, &condition, true);
        } else {
            self.condition(line, said, false);
        }
    }

    fn end_tag(&mut self, line: usize, name: &str) {
        let is_condition = matches!(name, "if" | "unless" | "ifversion" | "case" | "");
        let open = self
            .containers
            .iter()
            .rposition(|container| match &container.edge {
                Edge::Tag(open) => open == name,
                Edge::Condition(_) => is_condition,
                Edge::Fence(..) | Edge::Indented(_) | Edge::Mark | Edge::Link => false,
            });
        if let Some(open) = open {
            self.close_to(open, line);
        }
    }

    fn shortcode(&mut self, line: usize, tag: &Tag<'_>, source: &str, name: &str) {
        let arguments = tag.arguments;
        let label = argument(
            arguments,
            &[
                "title", "label", "header", "heading", "tabName", "tab", "summary", "name", "text",
                "value",
            ],
        );
        let is_paired = tag.kind == Kind::Open && self.closed.contains(name);
        let file = argument(
            arguments,
            &["file", "path", "src", "source", "include", "filename"],
        );
        match meaning(name) {
            Meaning::Alternative if is_paired => {
                let label = label
                    .or_else(|| first_value(arguments))
                    .unwrap_or(arguments);
                self.alternative(line, &plain(label), Edge::Tag(name.to_owned()));
            }
            Meaning::Alternative if file.is_some() => {
                let label = label.or_else(|| first_value(arguments)).unwrap_or(name);
                self.push_between(line, Content::Alternative(plain(label)));
                self.include(line, file.unwrap_or_default(), source);
                self.push_between(line, Content::EndAlternative);
            }
            Meaning::Code if is_paired => self.listing(line, name, arguments),
            Meaning::Include => {
                let path = file.or_else(|| first_value(arguments)).unwrap_or(name);
                self.include(line, path, source);
            }
            Meaning::Container if is_paired => {
                self.flush();
                if let Some(title) = title(arguments) {
                    self.push_between(line, Content::Text(plain(title)));
                }
                self.contain(Container::new(Edge::Tag(name.to_owned())));
            }
            Meaning::Silent | Meaning::Container | Meaning::Code if !has_digit(arguments) => {}
            _ if STATEMENTS.contains(&name) => {}
            Meaning::Alternative
            | Meaning::Container
            | Meaning::Code
            | Meaning::Silent
            | Meaning::Unknown => {
                if !is_paired || has_digit(arguments) {
                    self.push_between(
                        line,
                        Content::Unread {
                            what: format!("the shortcode `{}` is not understood", tag.name),
                            text: fold(source),
                        },
                    );
                }
                if is_paired {
                    self.flush();
                    self.contain(Container::new(Edge::Tag(name.to_owned())));
                }
            }
        }
    }

    /// A listing between two tags.
    fn listing(&mut self, line: usize, name: &str, arguments: &str) {
        self.flush();
        let body = self.body(0, |text| {
            tags(text)
                .iter()
                .any(|tag| tag.kind == Kind::Close && folded(tag.name) == name)
        });
        let first = body.first().map_or(line, |(number, _)| *number);
        let lines: Vec<&str> = body.into_iter().map(|(_, text)| text).collect();
        let text = lines.join("\n");
        if !text.trim().is_empty() {
            let language = argument(arguments, &["lang", "language"])
                .or_else(|| first_value(arguments))
                .unwrap_or_default()
                .to_owned();
            self.push_between(first, Content::Code { language, text });
        }
    }

    /// The text of a line without the statements in it. What a template would print stays.
    pub(super) fn without_statements(&mut self, line: Line<'a>) -> String {
        let text = line.text;
        let mut kept = String::with_capacity(text.len());
        let mut at = 0;
        for tag in tags(text) {
            kept.push_str(text.get(at..tag.start).unwrap_or_default());
            let source = text.get(tag.start..tag.end).unwrap_or_default();
            at = tag.end;
            // In a table, what stands for a name is told by its cell.
            if !text.contains('|')
                && let Some(name) = product_variable(&tag)
            {
                kept.push('{');
                kept.push_str(name);
                kept.push('}');
                continue;
            }
            match tag.kind {
                // What stands around a statement is not one word.
                Kind::Comment | Kind::Close => kept.push(' '),
                Kind::Output => kept.push_str(&source.replace('|', "\\|")),
                Kind::Open | Kind::SelfClosing => {
                    let name = folded(tag.name);
                    if let Some(text) = argument(tag.arguments, &["text"]) {
                        kept.push_str(text);
                    } else if is_control(&name)
                        || self.closed.contains(&name) && !has_digit(tag.arguments)
                    {
                        kept.push(' ');
                    } else {
                        // What it would print nobody knows.
                        kept.push_str(&source.replace('|', "\\|"));
                    }
                }
            }
        }
        kept.push_str(text.get(at..).unwrap_or_default());
        if kept.contains("[!") {
            kept = self.with_includes(line.number, &kept);
        }
        kept
    }
}

/// The name of the variable in whose place a template would print a product's name, which is the same on the whole page:
/// `{{ site.product }}`, `{% data variables.product.product_name %}`, `{{< param productName >}}`, `{{ en.DPS }}`.
fn product_variable<'a>(tag: &Tag<'a>) -> Option<&'a str> {
    let path = match (tag.kind, tag.name) {
        (Kind::Output, _) => tag.arguments,
        (Kind::Open | Kind::SelfClosing, "data" | "param" | "var" | "variable") => {
            tag.arguments.trim_matches(['"', '\''])
        }
        _ => return None,
    };
    let is_path = path
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-'));
    let name = path.trim_start_matches('.').rsplit('.').next()?;
    let lower = name.to_ascii_lowercase();
    let is_product = ["product", "prod", "brand"]
        .iter()
        .any(|word| lower.contains(word));
    let is_abbreviation = 1 < name.len() && name.chars().all(|c| c.is_ascii_uppercase());
    (is_path && name.starts_with(char::is_alphabetic) && (is_product || is_abbreviation))
        .then_some(name)
}

/// The title of what contains text: a named argument, or the last one in quotes.
fn title(arguments: &str) -> Option<&str> {
    let last_quoted = || {
        let rest = arguments.trim().strip_suffix('"')?;
        let (before, title) = rest.rsplit_once('"')?;
        (!before.trim_end().ends_with(['=', ':'])).then_some(title)
    };
    argument(
        arguments,
        &["title", "label", "heading", "header", "summary"],
    )
    .or_else(last_quoted)
}

fn is_control(name: &str) -> bool {
    matches!(
        name,
        "if" | "unless" | "ifversion" | "case" | "else" | "elsif" | "elseif" | "elif" | "when"
    ) || STATEMENTS.contains(&name)
}

fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

/// Whether a condition reads like one that a person has or has not.
fn is_simple(condition: &str) -> bool {
    !condition.is_empty() && condition.len() <= 80 && !condition.contains("forloop")
}
