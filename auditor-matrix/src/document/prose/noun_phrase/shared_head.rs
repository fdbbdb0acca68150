//! A noun that several names share: `all the Core and Edge nodes` are Core nodes and Edge nodes.

use crate::document::{names::Names, section::is_machine};

/// The text of a list whose last part has a noun for all of them, with the noun behind each. Each part has the joint before
/// it.
pub(super) fn distributed(parts: &[(String, &str)], names: &Names) -> Option<String> {
    let ((last, _), before) = parts.split_last()?;
    let (qualifier, head) = last.rsplit_once(' ')?;
    let is_shared = head.ends_with('s') && is_machine(&head.to_lowercase());
    let is_name = |text: &str| {
        text.rsplit(' ').next().is_some_and(|word| {
            word.starts_with(char::is_uppercase) && !is_machine(&word.to_lowercase())
        })
    };
    let lacks_head = |(text, _): &(String, &str)| is_name(text) && !names.contains(text);
    if before.is_empty()
        || !is_shared
        || !is_name(qualifier)
        || qualifier.contains(' ')
        || !before.iter().all(lacks_head)
    {
        return None;
    }
    let mut text = String::new();
    for (part, joint) in before {
        text.push_str(joint);
        text.push_str(part);
        text.push(' ');
        text.push_str(head);
    }
    let (_, joint) = parts.last()?;
    text.push_str(joint);
    text.push_str(last);
    Some(text)
}
