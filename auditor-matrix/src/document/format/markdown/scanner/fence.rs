//! Fences: listings, directives of `MyST`, and admonitions and tabs between colons.

use super::{
    super::{
        super::{
            csv, html, list_table, rst,
            template::{argument, first_value},
            vocabulary::{Meaning, has_title, is_diagram, meaning},
        },
        plain,
    },
    Inside, Line, Scanner,
    container::{Container, Edge},
};
use crate::document::{block::Content, table_rows::TableRow};

/// What a fence says of its body.
struct Directive<'a> {
    name: &'a str,
    argument: &'a str,
    /// `{name}`, as `MyST` writes it: options may follow.
    has_options: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn fence(&mut self, line: Line<'a>, trimmed: &'a str, indent: usize) -> bool {
        let Some(mark) = trimmed.chars().next() else {
            return false;
        };
        let length = trimmed.chars().take_while(|c| *c == mark).count();
        let info = trimmed.get(length..).unwrap_or_default().trim();
        if length < 3 || mark == '`' && info.contains('`') {
            return false;
        }
        if info.is_empty() {
            return self.bare_fence(line, mark, length);
        }
        let Some(directive) = directive(mark, info) else {
            self.inside = Inside::Fence(mark, length);
            self.take(line, line.text);
            return true;
        };
        self.indent_container(indent);
        if mark == ':' && info.ends_with(":::") {
            self.one_line(line.number, &directive, trimmed);
        } else if directive.name.ends_with("-end") {
            self.end_fence(line.number, mark, length);
        } else {
            self.directive(line, &directive, (mark, length));
        }
        true
    }

    fn bare_fence(&mut self, line: Line<'a>, mark: char, length: usize) -> bool {
        if self.end_fence(line.number, mark, length) || mark == ':' {
            return true;
        }
        self.inside = Inside::Fence(mark, length);
        self.take(line, line.text);
        true
    }

    /// Ends the innermost container with such a fence; among nested colons the one with as many.
    fn end_fence(&mut self, line: usize, mark: char, length: usize) -> bool {
        let fences = || {
            self.containers
                .iter()
                .enumerate()
                .rev()
                .filter_map(|(index, container)| {
                    let Edge::Fence(open, n_marks) = container.edge else {
                        return None;
                    };
                    (open == mark).then_some((index, n_marks))
                })
        };
        let same = fences().find(|(_, n_marks)| *n_marks == length);
        let open = same.or_else(|| {
            fences()
                .next()
                .filter(|(_, open)| mark == ':' || *open <= length)
        });
        if let Some((open, _)) = open {
            self.close_to(open, line);
        }
        open.is_some()
    }

    /// `:::image source="x":::`, a directive without a body.
    fn one_line(&mut self, line: usize, directive: &Directive<'_>, source: &str) {
        let path = argument(directive.argument, &["source", "src", "file"]);
        match (meaning(directive.name), path) {
            (Meaning::Silent | Meaning::Container, _) => {}
            (Meaning::Code | Meaning::Include, Some(path)) => self.include(line, path, source),
            _ if directive.name.ends_with("end") => {}
            _ => self.push_between(line, unknown(directive, source)),
        }
    }

    fn directive(&mut self, line: Line<'a>, directive: &Directive<'a>, fence: (char, usize)) {
        let options = if directive.has_options {
            self.options()
        } else {
            Vec::new()
        };
        let option = |name: &str| {
            options
                .iter()
                .find_map(|(_, option)| option.strip_prefix(name)?.strip_prefix(':'))
                .map(str::trim)
        };
        let title = title(directive.argument);
        self.flush();
        match directive.name {
            "list-table" | "csv-table" => {
                if !title.is_empty() {
                    self.push_between(line.number, Content::Caption(plain(title)));
                }
                let body = self.fenced(fence);
                let n_headings = option("header-rows").and_then(|n| n.parse().ok());
                if let Some(path) = option("file").or_else(|| option("url")) {
                    self.include(line.number, path, path);
                    return;
                }
                let rows: Vec<TableRow> = if directive.name == "list-table" {
                    list_table::rows(&body, n_headings.unwrap_or(0), &plain)
                } else {
                    csv::body_rows(
                        &body,
                        (line.number, option("header")),
                        n_headings,
                        b',',
                        &plain,
                    )
                };
                self.push_between(line.number, Content::Table(Box::new(rows.into())));
            }
            "table" => {
                if !title.is_empty() {
                    self.push_between(line.number, Content::Caption(plain(title)));
                }
                self.contain(Container::new(Edge::Fence(fence.0, fence.1)));
            }
            "eval-rst" => {
                let body = self.fenced(fence);
                let first = body.first().map_or(line.number, |(number, _)| *number);
                let lines: Vec<&str> = body.into_iter().map(|(_, text)| text).collect();
                for mut block in rst::blocks(&lines.join("\n"), self.origin) {
                    block.line += first - 1;
                    if let Content::Table(rows) = &mut block.content {
                        rows.move_down(|line| line + first - 1);
                    }
                    self.push_between(block.line, block.content);
                }
            }
            "=html" | "raw" if directive.name == "=html" || title == "html" => {
                let body = self.fenced(fence);
                let first = body.first().map_or(line.number, |(number, _)| *number);
                let lines: Vec<&str> = body.into_iter().map(|(_, text)| text).collect();
                html::read(&lines.join("\n"), first, &mut self.html);
                let blocks = self.html.take();
                self.blocks.extend(blocks);
            }
            name => self.other(line, directive, name, title, &options, fence),
        }
    }

    fn other(
        &mut self,
        line: Line<'a>,
        directive: &Directive<'a>,
        name: &str,
        title: &str,
        options: &[(usize, &str)],
        fence: (char, usize),
    ) {
        let edge = Edge::Fence(fence.0, fence.1);
        match meaning(name) {
            Meaning::Alternative => {
                let named = argument(
                    directive.argument,
                    &[
                        "label",
                        "title",
                        "name",
                        "pivot",
                        "range",
                        "target",
                        "monikerRange",
                    ],
                );
                let label = named.unwrap_or(title);
                if label.is_empty() {
                    self.contain(Container::new(edge));
                } else {
                    self.alternative(line.number, &plain(label), edge);
                }
            }
            Meaning::Code => {
                let body = self.fenced(fence);
                let first = body.first().map_or(line.number + 1, |(number, _)| *number);
                let lines: Vec<&str> = body.into_iter().map(|(_, text)| text).collect();
                let content = Content::Code {
                    language: if is_diagram(name) {
                        name.to_owned()
                    } else {
                        first_value(directive.argument)
                            .unwrap_or_default()
                            .to_owned()
                    },
                    text: lines.join("\n").trim_end().to_owned(),
                };
                self.push_between(first, content);
            }
            Meaning::Include => {
                let path = argument(directive.argument, &["src", "file", "path"])
                    .or_else(|| first_value(directive.argument))
                    .unwrap_or(name);
                self.include(line.number, path, line.text.trim());
                // What stands in the body is no text: it says which part is included.
                self.fenced(fence);
            }
            Meaning::Silent => {
                let body = self.fenced(fence);
                let lines: Vec<&str> = body.into_iter().map(|(_, text)| text.trim()).collect();
                let text = lines.join(" ");
                if text.contains(|c: char| c.is_ascii_digit()) {
                    self.push_between(line.number, unknown(directive, &text));
                }
            }
            Meaning::Container => {
                if !title.is_empty() && has_title(name) {
                    self.push_between(line.number, Content::Text(plain(title)));
                }
                self.contain(Container::new(edge));
            }
            Meaning::Unknown => {
                let mut text = directive.argument.to_owned();
                for (_, option) in options {
                    text.push_str(" :");
                    text.push_str(option);
                }
                if directive.has_options || text.contains(|c: char| c.is_ascii_digit()) {
                    self.push_between(line.number, unknown(directive, text.trim()));
                } else if !title.is_empty() {
                    self.push_between(line.number, Content::Text(plain(title)));
                }
                self.contain(Container::new(edge));
            }
        }
    }

    /// The body of a fence, up to its end or the page's.
    fn fenced(&mut self, (mark, length): (char, usize)) -> Vec<(usize, &'a str)> {
        self.body(0, |text| {
            length <= text.len() && text.chars().all(|c| c == mark)
        })
    }

    /// The options of a directive, `:name: value` each, or as YAML between dashes.
    fn options(&mut self) -> Vec<(usize, &'a str)> {
        let mut options = Vec::new();
        if self.ahead().next().is_some_and(|line| line.trim() == "---") {
            self.line();
            return self.body(0, |text| text == "---");
        }
        while let Some(option) = self.ahead().next().and_then(|line| {
            let option = line.trim().strip_prefix(':')?;
            let (name, _) = option.split_once(':')?;
            let is_name = !name.is_empty()
                && name
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
            is_name.then_some(option)
        }) {
            options.push((self.next, option));
            self.line();
        }
        options
    }
}

/// What the text behind a fence names, if the body is no plain listing.
fn directive(mark: char, info: &str) -> Option<Directive<'_>> {
    if let Some(rest) = info.strip_prefix('{') {
        let (name, argument) = rest.split_once('}')?;
        let name = name.trim();
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '=')
            && !name.contains(|c: char| c.is_whitespace() || c == ',')
            && !name.trim_start_matches('=').contains('=');
        let is_language = matches!(
            name,
            "r" | "python"
                | "julia"
                | "bash"
                | "sh"
                | "sql"
                | "ojs"
                | "dot"
                | "mermaid"
                | "js"
                | "yaml"
                | "json"
        );
        if mark == ':' && !is_name {
            // Only attributes, as pandoc writes them.
            return Some(Directive {
                name: "div",
                argument: "",
                has_options: false,
            });
        }
        return (is_name && !is_language).then_some(Directive {
            name,
            argument: argument.trim(),
            has_options: true,
        });
    }
    if mark != ':' {
        // Admonitions that are written as listings.
        let (name, argument) = info.split_once(char::is_whitespace).unwrap_or((info, ""));
        let is_admonition = name.starts_with("admonish") || name.starts_with("ad-");
        return is_admonition.then_some(Directive {
            name: "admonition",
            argument,
            has_options: false,
        });
    }
    let info = info.trim_end_matches(':').trim();
    let length = info
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_')))
        .unwrap_or(info.len());
    let (name, argument) = info.split_at_checked(length)?;
    (!name.is_empty()).then_some(Directive {
        name,
        argument: argument.trim(),
        has_options: false,
    })
}

/// The title that a directive's argument gives: `[Title]{attributes}`, `title="x"`, `Title {attributes}`.
fn title(argument_: &str) -> &str {
    if let Some(inner) = argument_.strip_prefix('[') {
        return inner.rsplit_once(']').map_or(inner, |(title, _)| title);
    }
    if let Some(title) = argument(argument_, &["title", "label"]) {
        return title;
    }
    match argument_.find('{') {
        Some(0) => "",
        Some(at) if argument_.ends_with('}') => argument_.get(..at).unwrap_or_default().trim(),
        _ => argument_.trim_matches('"'),
    }
}

fn unknown(directive: &Directive<'_>, text: &str) -> Content {
    Content::Unread {
        what: format!("the directive `{}` is not understood", directive.name),
        text: text.to_owned(),
    }
}
