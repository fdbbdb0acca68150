//! Elements whose text a reader does not see, or sees struck out.

use super::tag::Tag;

/// An element whose content is skipped, up to its end.
pub(super) struct Hidden {
    name: String,
    /// How many elements of its name are open.
    depth: usize,
    /// How many tables inside it are open.
    tables: usize,
    /// It stands in a cell, with which it ends.
    in_cell: bool,
    /// Whether it holds text of the page that other means could show.
    pub(super) may_show: bool,
    pub(super) line: usize,
    /// The beginning of its text.
    pub(super) text: String,
    /// What it holds for the title of the window, and whether that is being read.
    title: (String, bool),
}

/// The bytes of skipped text that are kept, to say what was skipped.
const KEPT: usize = 300;

impl Hidden {
    pub(super) fn new(tag: &Tag<'_>, line: usize, in_cell: bool) -> Self {
        Self {
            name: tag.name.to_owned(),
            depth: 1,
            tables: 0,
            in_cell,
            may_show: !is_never_text(tag.name)
                && !in_cell
                && matches!(
                    tag.name,
                    "div" | "section" | "article" | "main" | "ul" | "ol" | "dl" | "table" | "pre"
                ),
            line,
            text: String::new(),
            title: (String::new(), tag.name == "title"),
        }
    }

    /// The title of the page's window that ends with it, if it has one.
    pub(super) fn window_title(&self) -> Option<&str> {
        let title = self.title.0.trim();
        (!title.is_empty()).then_some(title)
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn push(&mut self, text: &str) {
        if self.text.len() < KEPT {
            self.text.push_str(text);
        }
        if self.title.1 && self.title.0.len() < KEPT {
            self.title.0.push_str(text);
        }
    }

    /// Takes a start tag; true if the element ended before it.
    pub(super) fn start(&mut self, name: &str) -> bool {
        let row = matches!(name, "tr" | "tbody" | "thead" | "tfoot");
        let ends = self.tables == 0
            && match self.name.as_str() {
                // A `head` without an end tag ends at the first element that has no place in it.
                "head" => !matches!(
                    name,
                    "head"
                        | "base"
                        | "basefont"
                        | "bgsound"
                        | "link"
                        | "meta"
                        | "title"
                        | "style"
                        | "script"
                        | "noscript"
                        | "noframes"
                        | "template"
                ),
                "td" | "th" => matches!(name, "td" | "th") || row,
                "tr" | "tbody" | "thead" | "tfoot" => row && (self.name != "tbody" || name != "tr"),
                "li" => name == "li" && self.depth == 1,
                "p" => matches!(
                    name,
                    "p" | "div"
                        | "ul"
                        | "ol"
                        | "dl"
                        | "table"
                        | "pre"
                        | "section"
                        | "article"
                        | "blockquote"
                        | "h1"
                        | "h2"
                        | "h3"
                        | "h4"
                        | "h5"
                        | "h6"
                ),
                _ => self.in_cell && (matches!(name, "td" | "th") || row),
            };
        if ends {
            return true;
        }
        if name == "table" {
            self.tables += 1;
        }
        // Pictures have titles too, but no head.
        if name == "title" && self.name == "head" && self.title.0.is_empty() {
            self.title.1 = true;
        }
        if name == self.name {
            self.depth += 1;
        }
        false
    }

    /// Takes an end tag: whether the element ended, and whether the tag is another element's.
    pub(super) fn end(&mut self, name: &str) -> (bool, bool) {
        if name == "title" {
            self.title.1 = false;
        }
        if name == self.name {
            self.depth -= 1;
            return (self.depth == 0, false);
        }
        if name == "table" && 0 < self.tables {
            self.tables -= 1;
            return (false, false);
        }
        let of_table = matches!(
            name,
            "td" | "th" | "tr" | "tbody" | "thead" | "tfoot" | "table"
        );
        let is_row = matches!(
            self.name.as_str(),
            "td" | "th" | "tr" | "tbody" | "thead" | "tfoot"
        );
        let is_inside = match self.name.as_str() {
            "tr" => matches!(name, "td" | "th"),
            "tbody" | "thead" | "tfoot" => matches!(name, "td" | "th" | "tr"),
            _ => false,
        };
        let ends = self.tables == 0 && of_table && !is_inside && (is_row || self.in_cell);
        (ends, ends)
    }
}

/// Elements whose content is never text of a page.
pub(super) fn is_never_text(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "nav"
            | "footer"
            | "style"
            | "template"
            | "head"
            | "noscript"
            | "title"
            | "textarea"
            | "iframe"
            | "noframes"
            | "xmp"
            | "svg"
    )
}

/// Whether the name alone may be a reason not to read the element.
pub(super) fn may_be_unseen(name: &str) -> bool {
    is_never_text(name) || matches!(name, "del" | "s" | "strike")
}

/// Whether a browser shows the text struck out.
pub(super) fn is_struck(tag: &Tag<'_>) -> bool {
    matches!(tag.name, "del" | "s" | "strike")
        || style(tag).contains("line-through")
        || tag
            .classes()
            .any(|class| matches!(class, "line-through" | "strikethrough" | "strike"))
}

/// Whether a browser does not show the element.
pub(super) fn is_hidden(tag: &Tag<'_>) -> bool {
    let is_void = matches!(
        tag.name,
        "br" | "hr" | "img" | "input" | "wbr" | "col" | "link" | "meta" | "area" | "source"
    );
    let style = style(tag);
    !is_void
        && (tag
            .attribute("hidden")
            .is_some_and(|value| value != "until-found")
            || ["display:none", "visibility:hidden", "visibility:collapse"]
                .iter()
                .any(|hides| style.contains(hides))
            // Numbers of lines beside a listing.
            || tag
                .classes()
                .any(|class| matches!(class, "linenos" | "lineno" | "line-numbers-rows")))
}

fn style(tag: &Tag<'_>) -> String {
    tag.attribute("style")
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect()
}
