//! The machines that head columns of marks.

use super::Side;
use crate::document::{
    application_protocol, cell,
    column::{self, Column},
    loopback::is_own_machine,
    section,
};

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) index: usize,
    pub(super) name: String,
    /// What a heading above several machines says of them: `Source` above `Core | Store`.
    pub(super) side: Option<Side>,
}

impl Machine {
    /// `None` for a heading that is no noun or says what the row is like, such as `Encrypted`.
    pub(super) fn of(index: usize, heading: &str) -> Option<Self> {
        let (side, name) = without_side(heading);
        let words = column::words(&name);
        let is_attribute = words.split(' ').any(|word| {
            cell::stated(word).is_some()
                || application_protocol::is_only_spoken(word)
                || matches!(
                    word,
                    "external"
                        | "internal"
                        | "public"
                        | "private"
                        | "ipv4"
                        | "ipv6"
                        | "default"
                        | "optional"
                        | "tls"
                        | "ssl"
                        | "firewall"
                        | "nat"
                        | "if"
                        | "is"
                        | "when"
                )
                || word.ends_with("ed")
                || word.ends_with("able")
                || word.ends_with("ible")
                || word.ends_with("ly")
        });
        let is_name = name.contains(char::is_alphabetic)
            && words.split(' ').count() <= MOST_WORDS
            && !name.ends_with('?');
        (is_name && (!is_attribute || is_self(&name))).then_some(Self { index, name, side })
    }
}

/// More words are no name.
const MOST_WORDS: usize = 5;

/// `Source Core` is what becomes of `Source` above `Core`: the side, and the machine.
fn without_side(heading: &str) -> (Option<Side>, String) {
    // `Direction for Core` above what the core does.
    let lead = [
        "direction for ",
        "direction of ",
        "direction at ",
        "direction on ",
    ]
    .iter()
    .find(|lead| heading.to_lowercase().starts_with(*lead));
    if let Some(name) = lead.and_then(|lead| heading.get(lead.len()..)) {
        return (None, name.to_owned());
    }
    let words: Vec<&str> = heading.split(' ').collect();
    for n_words in (1..words.len().min(MOST_SIDE_WORDS + 1)).rev() {
        let (lead, rest) = words.split_at(n_words);
        let lead = lead.join(" ");
        let said = column::words(&lead);
        // `Client workstation` is a machine.
        let is_side = said.rsplit(' ').next().is_some_and(|word| {
            matches!(
                word,
                "from"
                    | "source"
                    | "sources"
                    | "to"
                    | "destination"
                    | "destinations"
                    | "target"
                    | "targets"
                    | "by"
                    | "on"
                    | "clients"
                    | "servers"
                    | "initiator"
                    | "initiators"
                    | "listener"
                    | "listeners"
            )
        });
        let side = match column::column(&lead) {
            Some(Column::Source) => Some(Side::Ask),
            Some(Column::Destination | Column::BindAddress) => Some(Side::Answer),
            _ if said.ends_with(" on") => Some(Side::Answer),
            _ => None,
        };
        if let Some(side) = side.filter(|_| is_side) {
            return (Some(side), rest.join(" "));
        }
    }
    (None, heading.to_owned())
}

/// A side takes no more words: `Required to be open on`.
const MOST_SIDE_WORDS: usize = 5;

/// Whether a heading is the machine of the other end itself: `Self`, `This host`.
pub(super) fn is_self(name: &str) -> bool {
    let words = column::words(name);
    let is_this = words
        .strip_prefix("this ")
        .is_some_and(|rest| section::is_machine(rest) || rest == "system" || rest == "computer");
    is_own_machine(name) || is_this
}
