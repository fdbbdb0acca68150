//! What the elements of HTML are.

use super::{
    super::vocabulary::{Meaning, meaning},
    hidden::is_never_text,
    tag::Tag,
};

/// The language of a listing, as highlighters write it.
pub(super) fn language(tag: &Tag<'_>) -> Option<String> {
    let in_class = tag.classes().find_map(|class| {
        ["language-", "lang-", "highlight-", "highlight-source-"]
            .iter()
            .find_map(|start| class.strip_prefix(start))
    });
    in_class
        .or_else(|| tag.first_of(&["data-lang", "data-language"]))
        .map(str::to_owned)
}

/// Whether a name is that of an element of HTML.
pub(in crate::document::format) fn is_html(name: &str) -> bool {
    is_html_block(name) || is_inline(name) || is_never_text(name)
}

/// Elements within a line, whose attributes are no text.
pub(super) fn is_inline(name: &str) -> bool {
    matches!(
        name,
        "a" | "abbr"
            | "acronym"
            | "area"
            | "b"
            | "base"
            | "bdi"
            | "bdo"
            | "big"
            | "br"
            | "button"
            | "canvas"
            | "cite"
            | "code"
            | "col"
            | "colgroup"
            | "data"
            | "dfn"
            | "em"
            | "embed"
            | "font"
            | "hr"
            | "html"
            | "i"
            | "img"
            | "input"
            | "ins"
            | "kbd"
            | "label"
            | "link"
            | "map"
            | "mark"
            | "meta"
            | "meter"
            | "object"
            | "option"
            | "output"
            | "param"
            | "path"
            | "picture"
            | "progress"
            | "q"
            | "rp"
            | "rt"
            | "ruby"
            | "samp"
            | "select"
            | "slot"
            | "small"
            | "source"
            | "span"
            | "strong"
            | "sub"
            | "sup"
            | "svg"
            | "table"
            | "tbody"
            | "td"
            | "tfoot"
            | "th"
            | "thead"
            | "time"
            | "tr"
            | "tt"
            | "u"
            | "use"
            | "var"
            | "video"
            | "audio"
            | "track"
            | "wbr"
            | "caption"
    )
}

/// Whether an element breaks the line, so that the texts before and after it are separate.
pub(super) fn is_block(name: &str) -> bool {
    is_html_block(name) || !is_inline(name) && meaning(name) == Meaning::Container
}

fn is_html_block(name: &str) -> bool {
    matches!(
        name,
        "p" | "li"
            | "dt"
            | "dd"
            | "div"
            | "section"
            | "article"
            | "main"
            | "ul"
            | "ol"
            | "dl"
            | "menu"
            | "body"
            | "blockquote"
            | "pre"
            | "nav"
            | "header"
            | "footer"
            | "aside"
            | "figure"
            | "figcaption"
            | "hr"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "details"
            | "summary"
            | "form"
            | "fieldset"
            | "legend"
            | "address"
            | "option"
            | "optgroup"
            | "center"
            | "dialog"
            | "hgroup"
            | "search"
    )
}
