//! Files that a page includes, in the syntax of every dialect.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::{
    super::super::include::{Included, included},
    Line, Scanner,
};
use crate::document::{block::Content, format::Format, text::regex};

/// The forms of an include that takes a line; the group is the path.
static FORMS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"^\[!(?i:include)\s*\[[^\]]*\]\(<?([^)>]+)>?\)\s*\]$",
        r"^\[!(?i:code)[\w-]*\s*\[[^\]]*\]\(([^)]+)\)\s*\]$",
        r#"^-+8<-+\s*["']([^"']+)["']\s*$"#,
        r"^\{!\s*(\S+?)\s*!\}$",
        r#"^<!--\s*@?(?i:include):?\s*["']?([^"'\s]+?)["']?\s*-->$"#,
        r"^<<<\s+(\S+).*$",
        r#"^@import\s+["']([^"']+)["'].*$"#,
        r"^!\[\[([^\]|]+)[^\]]*\]\]$",
        r"^:\[[^\]]*\]\(([^)]+)\)$",
    ]
    .iter()
    .map(|form| regex(form))
    .collect()
});

static IN_TEXT: LazyLock<Regex> =
    LazyLock::new(|| regex(r"\[!(?i:include)\s*\[[^\]]*\]\(<?([^)>]+)>?\)\s*\]"));

impl<'a> Scanner<'a> {
    /// Reads a line that includes a file.
    pub(super) fn include_line(&mut self, line: Line<'a>, trimmed: &'a str) -> bool {
        if trimmed.trim_matches('-') == "8<" {
            self.flush();
            for (_, path) in self.body(0, |text| text.trim_matches('-') == "8<") {
                let path = path.trim();
                if !path.is_empty() && !path.starts_with(';') {
                    self.include(line.number, path, path);
                }
            }
            return true;
        }
        let path = FORMS.iter().find_map(|form| form.captures(trimmed)?.get(1));
        match path {
            Some(path) => {
                self.include(line.number, path.as_str(), trimmed);
                true
            }
            None => false,
        }
    }

    /// Reads a file in the place of a line, or says that it is not at hand.
    pub(super) fn include(&mut self, line: usize, path: &str, source: &str) {
        self.flush();
        let path = path.trim_start_matches("@/").trim();
        for block in included(self.origin, line, path, Format::Markdown, source) {
            self.push_between(block.line, block.content);
        }
    }

    /// The text with the short files that it includes.
    pub(super) fn with_includes(&mut self, line: usize, text: &str) -> String {
        let replaced = IN_TEXT.replace_all(text, |found: &Captures<'_>| {
            let path = found.get(1).map_or("", |path| path.as_str());
            match Included::find(self.origin, path) {
                Some(file) if file.text.lines().count() <= 3 => file.text.trim().replace('\n', " "),
                Some(_) | None => {
                    let whole = found.get(0).map_or("", |whole| whole.as_str());
                    self.blocks.push(super::Block {
                        line,
                        content: Content::Unread {
                            what: super::super::super::include::not_at_hand(path),
                            text: whole.to_owned(),
                        },
                    });
                    String::new()
                }
            }
        });
        replaced.into_owned()
    }
}
