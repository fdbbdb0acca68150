//! Components of MDX and custom elements: their tags are borders, and what stands between is Markdown.

use super::{
    super::super::{
        component::{Component, component},
        html::is_html,
        template::argument,
        vocabulary::{Meaning, meaning},
    },
    super::plain,
    Inside, Line, Scanner,
    container::{Container, Edge, folded},
};
use crate::document::{block::Content, text::fold};

impl<'a> Scanner<'a> {
    /// Reads a line that starts with the tag of a component.
    pub(super) fn component_line(
        &mut self,
        line: Line<'a>,
        trimmed: &'a str,
        indent: usize,
    ) -> bool {
        let mut text = trimmed.to_owned();
        let name: String = trimmed
            .trim_start_matches(['<', '/'])
            .chars()
            .take_while(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .collect();
        if name == "summary" && trimmed.starts_with("<summary") {
            return self.summary(line, trimmed);
        }
        if !is_component(&name) {
            return false;
        }
        if component(&text).is_none() {
            let Some(joined) = self.joined(trimmed, |text| component(text).is_some()) else {
                return false;
            };
            text = joined;
        }
        self.indent_container(indent);
        let mut rest = text.as_str();
        while let Some(tag) = component(rest).filter(|tag| is_component(tag.name)) {
            let (source, tail) = rest.split_at(tag.length);
            self.component(line.number, &tag, source);
            rest = tail.trim();
        }
        let (inner, ends) = without_end_tags(rest);
        if !inner.is_empty() {
            let is_summary = inner.starts_with("<summary") && self.summary(line, inner);
            if !is_summary {
                self.take(line, inner);
            }
        }
        for name in ends.into_iter().rev() {
            self.end_component(line.number, name);
        }
        true
    }

    /// The title of what a reader may unfold.
    fn summary(&mut self, line: Line<'a>, trimmed: &str) -> bool {
        let whole = self.joined(trimmed, |text| text.contains("</summary>"));
        let Some((title, rest)) = whole
            .as_deref()
            .and_then(|text| text.split_once("</summary>"))
        else {
            return false;
        };
        let title = title.split_once('>').map_or("", |(_, title)| title);
        self.push_between(line.number, Content::Text(plain(title)));
        if !rest.trim().is_empty() {
            self.take(line, rest.trim());
        }
        true
    }

    fn component(&mut self, line: usize, tag: &Component<'_>, source: &str) {
        let name = folded(tag.name);
        if tag.is_closing {
            self.end_component(line, &name);
            return;
        }
        let attribute = |names: &[&str]| argument(tag.attributes, names).map(str::to_owned);
        let meaning = meaning(&name);
        if tag.is_self_closing || !self.closed.contains(&name) {
            match (self.imports.get(tag.name).copied(), meaning) {
                (Some(path), _) => self.include(line, path, source),
                (None, Meaning::Silent) => {}
                (None, Meaning::Include) => {
                    let path = attribute(&["src", "path", "file", "from", "name"]);
                    self.include(line, path.as_deref().unwrap_or(&name), source);
                }
                (None, _) => self.push_between(line, unknown(tag, source)),
            }
            return;
        }
        let label = attribute(&[
            "label", "title", "name", "header", "heading", "summary", "value", "tab",
        ]);
        let in_order = || {
            let tabs = self.containers.last_mut()?;
            tabs.labels.pop()
        };
        let is_tab = meaning == Meaning::Alternative
            || matches!(name.as_str(), "tabpane" | "codegroupitem" | "codetabsitem");
        if is_tab && let Some(label) = label.or_else(in_order) {
            self.alternative(line, &fold(&label), Edge::Tag(name));
            return;
        }
        self.flush();
        match meaning {
            Meaning::Unknown if source.contains(|c: char| c.is_ascii_digit()) => {
                self.push_between(line, unknown(tag, source));
            }
            Meaning::Container => {
                if let Some(title) = attribute(&["title", "heading", "header", "summary"]) {
                    self.push_between(line, Content::Text(plain(&title)));
                }
            }
            Meaning::Unknown
            | Meaning::Alternative
            | Meaning::Code
            | Meaning::Include
            | Meaning::Silent => {}
        }
        let mut container = Container::new(Edge::Tag(name));
        container.labels = listed(tag.attributes);
        self.contain(container);
    }

    fn end_component(&mut self, line: usize, name: &str) {
        let open = self.containers.iter().rposition(
            |container| matches!(&container.edge, Edge::Tag(open) if *open == folded(name)),
        );
        if let Some(open) = open {
            self.close_to(open, line);
        }
    }

    /// Reads what MDX imports and exports: imported pages stand where their component stands, and other code is code.
    pub(super) fn module(&mut self, line: Line<'a>, trimmed: &'a str) -> bool {
        if line.text.starts_with("import ") {
            let Some(path) = trimmed
                .trim_end_matches(';')
                .strip_suffix(['"', '\''])
                .and_then(|text| text.rsplit(['"', '\'']).next())
            else {
                return false;
            };
            let words: Vec<&str> = trimmed.split_whitespace().collect();
            match words.as_slice() {
                ["import", name, "from", ..] => {
                    if super::super::super::Format::of_name(path).is_some() {
                        self.imports.insert(name, path);
                    }
                    true
                }
                ["import", .., "from", _] => true,
                ["import", only] => only.starts_with(['"', '\'']),
                _ => false,
            }
        } else if [
            "export const ",
            "export let ",
            "export default ",
            "export function ",
            "export var ",
        ]
        .iter()
        .any(|start| line.text.starts_with(start))
        {
            self.flush();
            let mut code = vec![line.text];
            code.extend(
                self.body(0, str::is_empty)
                    .into_iter()
                    .map(|(_, text)| text),
            );
            self.inside = Inside::Nothing;
            self.push_between(
                line.number,
                Content::Code {
                    language: "js".to_owned(),
                    text: code.join("\n"),
                },
            );
            true
        } else {
            false
        }
    }
}

fn unknown(tag: &Component<'_>, source: &str) -> Content {
    Content::Unread {
        what: format!("the component `{}` is not understood", tag.name),
        text: fold(source),
    }
}

/// Whether a tag is no element of HTML, or one whose tags are borders in Markdown as well.
fn is_component(name: &str) -> bool {
    let lower = name.to_lowercase();
    name.starts_with(char::is_uppercase)
        || lower == "details"
        || !is_html(&lower)
            && !lower.is_empty()
            && lower.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The end tags of components at the end of a line, and what stands before them.
fn without_end_tags(mut text: &str) -> (&str, Vec<&str>) {
    let mut names = Vec::new();
    while let Some(at) = text.rfind("</")
        && text.ends_with('>')
        && let Some(tag) = text.get(at..).and_then(component)
        && is_component(tag.name)
    {
        names.push(tag.name);
        text = text.get(..at).unwrap_or_default().trim_end();
    }
    (text, names)
}

/// The names of tabs that a component lists, in reverse: `items={['A', 'B']}`, `values={[{label: 'A', value: 'a'}]}`.
fn listed(attributes: &str) -> Vec<String> {
    let Some(at) = attributes
        .find("items={")
        .or_else(|| attributes.find("values={"))
    else {
        return Vec::new();
    };
    let list = attributes.get(at..).unwrap_or_default();
    let list = list.split("]}").next().unwrap_or(list);
    let has_labels = list.contains("label");
    let mut labels: Vec<String> = if has_labels {
        list.split("label")
            .skip(1)
            .filter_map(|rest| quoted(rest).next())
            .collect()
    } else {
        quoted(list).collect()
    };
    labels.reverse();
    labels
}

fn quoted(text: &str) -> impl Iterator<Item = String> {
    text.split(['"', '\''])
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
}
