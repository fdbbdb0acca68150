//! Admonitions and tabs of mkdocs, whose bodies are indented, and tabs below headings that link to them.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    super::plain,
    Line, Scanner,
    container::{Container, Edge},
    indentation::columns,
};
use crate::document::{block::Content, text::regex};

impl<'a> Scanner<'a> {
    /// `!!! note "Title"`, `??? note`, `=== "Tab"`.
    pub(super) fn admonition(&mut self, line: Line<'a>, trimmed: &'a str, indent: usize) -> bool {
        static TAB: LazyLock<Regex> = LazyLock::new(|| regex(r#"^===[!+]*\s*["'](.+)["']\s*$"#));
        static NOTE: LazyLock<Regex> =
            LazyLock::new(|| regex(r#"^(?:!!!|\?\?\?)\+?\s*([^"]*?)\s*(?:"(.*)")?\s*$"#));
        if trimmed.starts_with("==") && self.tab_mark(line, trimmed) {
            return true;
        }
        let (title, is_tab) = if let Some(tab) = TAB.captures(trimmed) {
            (tab.get(1).map_or("", |name| name.as_str()), true)
        } else if let Some(note) = NOTE.captures(trimmed) {
            (note.get(2).map_or("", |title| title.as_str()), false)
        } else {
            return false;
        };
        let base = self.indentation().map_or(0, |(_, column)| column);
        // The body is indented; how deep, its first line tells.
        let body = self.ahead().find(|line| !line.trim().is_empty());
        let column = body.map_or(0, columns).min(base + indent + 4);
        let edge = Edge::Indented(column.max(base + indent + 1));
        if is_tab {
            self.alternative(line.number, &plain(title), edge);
        } else {
            self.flush();
            if !title.is_empty() {
                self.push_between(line.number, Content::Text(plain(title)));
            }
            self.contain(Container::new(edge));
        }
        true
    }

    /// `== Tab` and `@tab Tab` inside a fence of tabs.
    pub(super) fn tab_mark(&mut self, line: Line<'a>, trimmed: &'a str) -> bool {
        let name = trimmed.strip_prefix("== ").or_else(|| {
            let rest = trimmed.strip_prefix("@tab")?;
            let rest = rest.strip_prefix(":active").unwrap_or(rest);
            rest.strip_prefix(' ')
        });
        let Some(name) = name else { return false };
        let last = self.containers.len().saturating_sub(1);
        match self.containers.last().map(|container| &container.edge) {
            Some(Edge::Mark) => self.close_to(last, line.number),
            Some(Edge::Fence(':', _)) => {}
            _ => return false,
        }
        self.alternative(line.number, &plain(name), Edge::Mark);
        true
    }

    /// `# [Name](#tab/id)`, up to the next such heading or a rule.
    pub(super) fn linked_tab(&mut self, line: Line<'a>, trimmed: &'a str) -> bool {
        static TAB: LazyLock<Regex> =
            LazyLock::new(|| regex(r"^#{1,6}\s+\[(.+?)\]\(#tab/[^)]*\)\s*$"));
        let open = self
            .containers
            .iter()
            .rposition(|container| container.edge == Edge::Link);
        if let Some(tab) = TAB.captures(trimmed) {
            if let Some(open) = open {
                self.close_to(open, line.number);
            }
            let name = tab.get(1).map_or("", |name| name.as_str());
            self.alternative(line.number, &plain(name), Edge::Link);
            return true;
        }
        let is_rule = trimmed.len() >= 3
            && ['*', '-', '_']
                .iter()
                .any(|mark| trimmed.chars().all(|c| c == *mark || c == ' '));
        match open {
            Some(open) if is_rule && self.table.is_none() => {
                self.close_to(open, line.number);
                true
            }
            _ => false,
        }
    }
}
