//! HTML tags within a line of Markdown.

use super::super::{
    component::{Component, component},
    html::is_html,
};

/// What a tag within a line does to the text around it.
#[derive(Debug, Eq, PartialEq)]
pub(super) enum InlineTag<'a> {
    Break,
    Part,
    Raised {
        is_end: bool,
    },
    /// The text up to the end of this element is not shown, or struck out.
    Hidden(&'a str),
    End(&'a str),
    /// A component or a placeholder that stands for text which is not on the page.
    Unknown,
    Other,
}

pub(super) fn inline_tag(tag: &str) -> InlineTag<'_> {
    let Some(Component {
        name,
        attributes,
        is_closing,
        is_self_closing,
        ..
    }) = component(tag)
    else {
        return InlineTag::Other;
    };
    let is_any = |names: &[&str]| names.iter().any(|other| name.eq_ignore_ascii_case(other));
    if is_any(&["br"]) {
        InlineTag::Break
    } else if is_any(&["p", "li", "div", "ul", "ol", "dt", "dd"]) && !is_hidden(attributes) {
        InlineTag::Part
    } else if is_any(&["sup", "sub"]) {
        InlineTag::Raised { is_end: is_closing }
    } else if is_closing {
        InlineTag::End(name)
    } else if is_self_closing {
        if name.starts_with(char::is_uppercase) && !attributes.is_empty() {
            InlineTag::Unknown
        } else {
            InlineTag::Other
        }
    } else if is_any(&["del", "s", "strike"])
        || is_hidden(attributes) && !is_any(&["img", "input", "wbr"])
    {
        InlineTag::Hidden(name)
    } else if attributes.is_empty() && is_placeholder(name) {
        InlineTag::Unknown
    } else {
        InlineTag::Other
    }
}

/// Whether a name in angle brackets is neither an element of HTML nor a component: `<port>`, `<NN>`.
fn is_placeholder(name: &str) -> bool {
    let is_one_case = !name.contains(char::is_lowercase) || !name.contains(char::is_uppercase);
    is_one_case && !is_html(&name.to_ascii_lowercase())
}

fn is_hidden(attributes: &str) -> bool {
    let tight: String = attributes
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    [
        "display:none",
        "visibility:hidden",
        "line-through",
        "display:\"none\"",
        "display:'none'",
    ]
    .iter()
    .any(|hides| tight.contains(hides))
        || attributes
            .split_ascii_whitespace()
            .any(|word| word == "hidden" || word.starts_with("hidden="))
}

#[cfg(test)]
mod tests {
    use super::{InlineTag, inline_tag};

    #[test]
    fn tags() {
        assert_eq!(inline_tag("<BR/>"), InlineTag::Break);
        assert_eq!(
            inline_tag("<span style=\"display: none\">"),
            InlineTag::Hidden("span")
        );
        assert_eq!(inline_tag("<s>"), InlineTag::Hidden("s"));
        assert_eq!(inline_tag("</s>"), InlineTag::End("s"));
        assert_eq!(inline_tag("<Port n=\"1\"/>"), InlineTag::Unknown);
        assert_eq!(inline_tag("</sup>"), InlineTag::Raised { is_end: true });
    }
}
