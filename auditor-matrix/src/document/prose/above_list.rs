//! What a paragraph or a heading says of the list below it.

use std::sync::Arc;

use super::{
    ITEM_WORDS,
    introduction::Introduction,
    list::ListItem,
    named_by_heading,
    port_phrase::{Evidence, port_phrases},
    statement_row::is_about_ports,
    words::words,
};
use crate::document::{
    context::Context,
    end::{Basis, End},
    names::Names,
    section,
};

/// Whether a sentence names ports of a transport without their numbers: "... sends events over a UDP port."
pub(super) fn announces_port(text: &str) -> bool {
    if !text.contains(" port") {
        return false;
    }
    let phrases = port_phrases(&words(text), Evidence::Stated);
    phrases.iter().any(|phrase| !phrase.transports.is_empty())
        && phrases.iter().all(|phrase| phrase.ports.is_empty())
}

/// Whether a paragraph is about the ports of the item above it: it names both ends and nothing else.
pub(super) fn explains_ports(above: Option<&ListItem>, text: &str, names: &Names) -> bool {
    !text.contains(|c: char| c.is_ascii_digit())
        && text.split(' ').count() <= ITEM_WORDS
        && !text.ends_with(':')
        && above.is_some_and(|above| above.text.contains(|c: char| c.is_ascii_digit()))
        && Introduction::of(text, names).ends.n_known() == 2
}

/// Takes the name that a list stands below for the machines whose ports it lists, where nothing else says whose they are: a page has
/// the ports of `Ledger` below that heading.
pub(super) fn take_title(context: &mut Arc<Context>, introduction: &Introduction) {
    let is_open = context.role.is_none()
        && context.endpoints.is_none()
        && context.direction.is_none()
        && introduction.ends.n_known() == 0
        && introduction.machine.is_none()
        && introduction.direction.is_none();
    let name = context
        .subject
        .as_deref()
        .filter(|name| is_open && named_by_heading(context) == Some(*name))
        .filter(|name| name.starts_with(char::is_uppercase) && !is_about_ports(name))
        .filter(|name| !section::is_category(name));
    if let Some(name) = name {
        let role = End::new(name, Basis::Title);
        Arc::make_mut(context).role = Some(role);
    }
}
