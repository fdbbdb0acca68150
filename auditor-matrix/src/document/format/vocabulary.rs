//! What the names of directives, shortcodes and components mean, whatever the syntax they are written in.
//!
//! The names only tell what is no text of the page. A name that is not here is read through all the same, and what it stands
//! for is said to be unread.

/// What an element does to its body.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Meaning {
    /// The body is one of several texts of which a reader has one.
    Alternative,
    /// The body is text of the page: an admonition, a card, a set of tabs.
    Container,
    /// The body is preformatted.
    Code,
    /// The text of another file stands here.
    Include,
    /// It shows no text of the page: a picture, a list of contents.
    Silent,
    Unknown,
}

/// The meaning of a name, in any letter case and with any separators.
pub(super) fn meaning(name: &str) -> Meaning {
    let name: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    let is_in = |names: &[&str]| names.binary_search(&name.as_str()).is_ok();
    if is_in(ALTERNATIVES) {
        Meaning::Alternative
    } else if is_in(CONTAINERS) {
        Meaning::Container
    } else if is_in(CODES) {
        Meaning::Code
    } else if is_in(INCLUDES) {
        Meaning::Include
    } else if is_in(SILENT) {
        Meaning::Silent
    } else {
        Meaning::Unknown
    }
}

/// Whether an element's body is a diagram, whose name says in which language.
pub(super) fn is_diagram(name: &str) -> bool {
    matches!(
        name,
        "mermaid"
            | "graphviz"
            | "dot"
            | "plantuml"
            | "puml"
            | "uml"
            | "blockdiag"
            | "nwdiag"
            | "seqdiag"
            | "digraph"
            | "graph"
    )
}

/// Whether what stands behind the name of a container is a title, and no class or size.
pub(super) fn has_title(name: &str) -> bool {
    let name: String = name
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect();
    !matches!(
        name.as_str(),
        "container"
            | "class"
            | "rstclass"
            | "cssclass"
            | "grid"
            | "griditem"
            | "div"
            | "tabs"
            | "tabset"
            | "row"
            | "column"
            | "columns"
            | "wrap"
            | "wrapper"
            | "raw"
            | "figure"
            | "frame"
            | "fieldset"
    )
}

// All sorted.

const ALTERNATIVES: &[&str] = &[
    "codetab",
    "contenttab",
    "grouptab",
    "ifconfig",
    "ifversion",
    "moniker",
    "only",
    "pivot",
    "platform",
    "tab",
    "tabbed",
    "tabitem",
    "tabpanel",
    "version",
    "zone",
];

const CONTAINERS: &[&str] = &[
    "accordion",
    "accordiongroup",
    "accordionitem",
    "admonition",
    "alert",
    "aside",
    "attention",
    "blockquote",
    "box",
    "bug",
    "callout",
    "capture",
    "card",
    "cardgroup",
    "cards",
    "caution",
    "centered",
    "class",
    "codegroup",
    "collapse",
    "collapsible",
    "column",
    "columns",
    "compound",
    "container",
    "content",
    "contentref",
    "cssclass",
    "danger",
    "deprecated",
    "details",
    "div",
    "dropdown",
    "epigraph",
    "error",
    "example",
    "expand",
    "expander",
    "expansion",
    "expansionpanel",
    "failure",
    "fieldset",
    "figure",
    "frame",
    "grid",
    "griditem",
    "griditemcard",
    "highlights",
    "hint",
    "important",
    "info",
    "markdown",
    "markdownify",
    "note",
    "notice",
    "panel",
    "pullquote",
    "question",
    "quote",
    "raw",
    "row",
    "rstclass",
    "rubric",
    "section",
    "seealso",
    "sidebar",
    "spoiler",
    "step",
    "stepper",
    "steps",
    "success",
    "summary",
    "table",
    "tabpane",
    "tabs",
    "tabset",
    "tabsgroup",
    "tip",
    "todo",
    "toggle",
    "topic",
    "versionadded",
    "versionchanged",
    "warn",
    "warning",
    "wrap",
    "wrapper",
];

const CODES: &[&str] = &[
    "blockdiag",
    "code",
    "codeblock",
    "codecell",
    "codeinclude",
    "console",
    "digraph",
    "ditaa",
    "dot",
    "graph",
    "graphviz",
    "highlight",
    "kroki",
    "listing",
    "literal",
    "mermaid",
    "nwdiag",
    "parsedliteral",
    "plantuml",
    "program",
    "prompt",
    "puml",
    "seqdiag",
    "sourcecode",
    "terminal",
    "uml",
];

const INCLUDES: &[&str] = &[
    "embed",
    "embedcode",
    "import",
    "include",
    "includecached",
    "includecode",
    "includefile",
    "includemarkdown",
    "includerelative",
    "literalinclude",
    "readfile",
    "remoteinclude",
    "render",
    "rstinclude",
    "snippet",
    "transclude",
];

const SILENT: &[&str] = &[
    "anchor",
    "audio",
    "bibliography",
    "br",
    "break",
    "button",
    "clear",
    "codeauthor",
    "comment",
    "contents",
    "currentmodule",
    "date",
    "defaultrole",
    "endcomment",
    "endif",
    "feedback",
    "figureimg",
    "footer",
    "gallery",
    "header",
    "headless",
    "highlightlanguage",
    "hr",
    "icon",
    "image",
    "img",
    "index",
    "jumplinks",
    "keywords",
    "link",
    "meta",
    "module",
    "moduleauthor",
    "nospell",
    "pagebreak",
    "role",
    "sectionauthor",
    "sectionnumbering",
    "sectnum",
    "seo",
    "space",
    "spacer",
    "tabularcolumns",
    "targetnotes",
    "title",
    "toc",
    "toctree",
    "video",
    "vimeo",
    "youtube",
];

#[cfg(test)]
mod tests {
    use super::{ALTERNATIVES, CODES, CONTAINERS, INCLUDES, Meaning, SILENT, meaning};

    #[test]
    fn names() {
        for names in [ALTERNATIVES, CODES, CONTAINERS, INCLUDES, SILENT] {
            assert!(names.is_sorted());
        }
        assert_eq!(meaning("TabItem"), Meaning::Alternative);
        assert_eq!(meaning("tab-set"), Meaning::Container);
        assert_eq!(meaning("code-block"), Meaning::Code);
        assert_eq!(meaning("acme-ports"), Meaning::Unknown);
    }
}
