//! What contains other Markdown, and how its end is told.

pub(super) struct Container {
    pub(super) edge: Edge,
    /// Its body is one of several alternatives.
    pub(super) is_alternative: bool,
    /// The names of the tabs inside it, if it lists them, in reverse.
    pub(super) labels: Vec<String>,
}

#[derive(Debug, Eq, PartialEq)]
pub(super) enum Edge {
    /// A fence of this character and length.
    Fence(char, usize),
    /// The body begins at this column.
    Indented(usize),
    /// A tag with this name, folded.
    Tag(String),
    /// The condition of a template, as it is written.
    Condition(String),
    /// A tab among others in a fence, up to the next.
    Mark,
    /// A tab below a heading that links to it, up to the next or a rule.
    Link,
}

impl Container {
    pub(super) const fn new(edge: Edge) -> Self {
        Self {
            edge,
            is_alternative: false,
            labels: Vec::new(),
        }
    }
}

/// A tag's name as it is compared.
pub(super) fn folded(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).to_lowercase()
}
