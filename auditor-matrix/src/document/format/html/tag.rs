//! A start tag and its attributes.

use html5ever::Attribute;

pub(super) struct Tag<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: &'a [Attribute],
    /// `<x />`: in HTML this means nothing, in components of other formats it does.
    pub(super) is_self_closing: bool,
}

impl Tag<'_> {
    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|attribute| &*attribute.name.local == name)
            .map(|attribute| &*attribute.value)
    }

    /// A span of rows or columns.
    pub(super) fn span(&self, name: &str) -> usize {
        self.attribute(name)
            .and_then(|value| value.trim().parse().ok())
            .unwrap_or(1)
    }

    pub(super) fn classes(&self) -> impl Iterator<Item = &str> {
        self.attribute("class")
            .unwrap_or_default()
            .split_ascii_whitespace()
    }

    /// The first attribute of these that says something.
    pub(super) fn first_of(&self, names: &[&str]) -> Option<&str> {
        names
            .iter()
            .filter_map(|name| self.attribute(name))
            .map(str::trim)
            .find(|value| !value.is_empty())
    }

    /// The tag's attributes as text, if they name a number.
    pub(super) fn numbers(&self) -> Option<String> {
        let values: Vec<&str> = self
            .attributes
            .iter()
            .filter(|attribute| {
                !matches!(
                    &*attribute.name.local,
                    "class" | "id" | "style" | "href" | "src" | "key" | "width" | "height" | "icon"
                )
            })
            .map(|attribute| &*attribute.value)
            .filter(|value| value.contains(|c: char| c.is_ascii_digit()))
            .collect();
        (!values.is_empty()).then(|| values.join(" "))
    }
}
