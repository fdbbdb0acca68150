//! The tags of components, as MDX writes them: `<TabItem value="x">`, `<Ports />`, with values in quotes or braces.

/// A tag at the start of a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Component<'a> {
    pub(super) name: &'a str,
    pub(super) attributes: &'a str,
    pub(super) is_closing: bool,
    pub(super) is_self_closing: bool,
    /// The bytes that the tag takes.
    pub(super) length: usize,
}

/// Reads the tag at the start of `text`, if it is whole.
pub(super) fn component(text: &str) -> Option<Component<'_>> {
    let rest = text.strip_prefix('<')?;
    let (rest, is_closing) = match rest.strip_prefix('/') {
        Some(rest) => (rest, true),
        None => (rest, false),
    };
    let length = rest
        .find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')))
        .unwrap_or(rest.len());
    let (name, tail) = rest.split_at_checked(length)?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let end = end(tail)?;
    let inner = tail.get(..end)?;
    let is_self_closing = inner.ends_with('/');
    Some(Component {
        name,
        attributes: inner.trim_end_matches('/').trim(),
        is_closing,
        is_self_closing,
        length: text.len() - tail.len() + end + 1,
    })
}

/// The position of the `>` that ends a tag: outside of quotes and braces.
fn end(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut depth = 0_usize;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (None, '"' | '\'' | '`') => quote = Some(character),
            (None, '{') => depth += 1,
            (None, '}') => depth = depth.saturating_sub(1),
            (None, '>') if depth == 0 => return Some(at),
            (Some(_) | None, _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::component;

    #[test]
    fn tags() {
        let tag = component("<Tabs values={[{a: () => 'x>'}]} b=\"c>\">x").unwrap();
        assert_eq!((tag.name, tag.length), ("Tabs", 40));
        let tag = component("<Edge />").unwrap();
        assert!(tag.is_self_closing && tag.attributes.is_empty());
        assert!(component("</Tabs>").unwrap().is_closing);
        assert_eq!(component("<Tabs"), None);
        assert_eq!(component("< 80>"), None);
    }
}
