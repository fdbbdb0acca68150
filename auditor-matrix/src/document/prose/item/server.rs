//! The servers that an item names: by a label as a heading would, or as what its ports are for.

use crate::document::{
    application_protocol, cell,
    names::Names,
    prose::{is_topic, statement::Statement, verb::verb, vocabulary::is_platform},
    row::Direction,
    section::{is_noun_phrase, names_machines},
    text::unbracket,
};

/// The machine whose ports an item lists behind its name: `Core node: listens on TCP 6000`. Without a verb that says so it has to be
/// known for a machine, since services are named like that as well: `Web console: 8006`.
pub(super) fn labelled_machine<'a>(head: &'a str, names: &Names) -> Option<&'a str> {
    if let Some(place) = place(head, names) {
        return Some(place);
    }
    if let Some(listener) = listener(head, names) {
        return Some(listener);
    }
    let (label, ports) = head.split_once(": ")?;
    let label = label.trim_matches(['*', '_', '`', ' ']);
    // `Portal outbound: 443/tcp to the store`
    let one_way = [
        "inbound", "outbound", "incoming", "outgoing", "ingress", "egress",
    ]
    .iter()
    .find_map(|way| label.to_lowercase().ends_with(way).then_some(way.len()))
    .and_then(|length| label.get(..label.len() - length))
    .map(str::trim_end)
    .filter(|name| name.starts_with(char::is_uppercase) && is_noun_phrase(name, names));
    if let Some(name) = one_way.filter(|_| ports.contains(|c: char| c.is_ascii_digit())) {
        return Some(name);
    }
    let is_client = label.to_lowercase().contains("client");
    let has_number = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let first = ports.split(' ').next().unwrap_or_default();
    let says_direction = cell::direction(first).is_some();
    let is_said = says_direction || verb(&first.to_lowercase()).is_some() || names.contains(label);
    // Nothing but a machine has traffic that comes in: `Portal: inbound TCP 443 from browsers`.
    let is_machine = names_machines(label, names)
        || says_direction && label.starts_with(char::is_uppercase) && is_noun_phrase(label, names);
    (is_said && is_machine && !is_client && !has_number(label))
        .then_some(label)
        .filter(|_| has_number(ports))
}

/// The machine that an item explains before it says where that listens: `gated - the Gate server, listens on TCP 6000`. Where the
/// explanation is longer than a name, it is called by its label.
fn listener<'a>(head: &'a str, names: &Names) -> Option<&'a str> {
    let (label, rest) = [" - ", " \u{2013} ", " \u{2014} ", ": "]
        .into_iter()
        .filter_map(|mark| head.split_once(mark))
        .min_by_key(|(label, _)| label.len())?;
    let label = label.trim_matches(['*', '_', '`', ' ']);
    let (said, behind) = rest.split_once(", ")?;
    let behind = ["which ", "that ", "it "]
        .into_iter()
        .find_map(|word| behind.strip_prefix(word))
        .unwrap_or(behind);
    let verb = behind.split(' ').next().unwrap_or_default();
    let said = ["the ", "The ", "a ", "an ", "A ", "An "]
        .into_iter()
        .find_map(|article| said.strip_prefix(article))
        .unwrap_or(said);
    let explains = names_machines(&unbracket(said).0, names);
    let is_label = !label.is_empty()
        && label.split(' ').count() <= MOST_WORDS_OF_END
        && !label.contains(|c: char| c.is_ascii_digit());
    if !is_label || !explains || !matches!(verb, "listen" | "listens" | "listening") {
        return None;
    }
    let is_name = is_noun_phrase(said, names) && said.split(' ').count() <= MOST_WORDS_OF_END;
    Some(if is_name { said } else { label })
}

/// The other end of a row of which an item names one: `Gate: TCP 443 from tills`, `Tills (outbound): 443/tcp to the gate`. Nothing
/// but a machine is asked by somebody; what is asked may be named by what it is for, `Updates: 443 to the store`, so that who asks
/// has to be known for a machine.
pub(super) fn other_end<'a>(
    head: &'a str,
    statement: &Statement,
    names: &Names,
) -> Option<OtherEnd<'a>> {
    let (label, _) = head.split_once(": ")?;
    let label = label.trim_matches(['*', '_', '`', ' ']);
    let (label, bracket) = match label.split_once(" (") {
        Some((label, bracket)) => (label, bracket.strip_suffix(')')?),
        None => (label, ""),
    };
    let is_open = bracket.is_empty() || cell::direction(bracket).is_some();
    let is_name = is_noun_phrase(label, names)
        && label.split(' ').count() <= MOST_WORDS_OF_END
        && !label.contains(|c: char| c.is_ascii_digit())
        && cell::direction(label).is_none();
    if !is_open || !is_name {
        return None;
    }
    let is_machine = names_machines(label, names) || names.contains(label);
    let is_spoken = label
        .split([' ', '/'])
        .any(|word| application_protocol::transports(word).is_some());
    let names_what_is_asked = label.starts_with(char::is_uppercase)
        && !is_topic(label)
        && !is_spoken
        && !label.to_lowercase().contains("client");
    match (&statement.source, &statement.destination) {
        (Some(_), None) if is_machine || names_what_is_asked => Some(OtherEnd::Server(label)),
        (None, Some(_)) if is_machine => Some(OtherEnd::Client(label)),
        _ => None,
    }
}

/// An end that the label of an item names.
pub(super) enum OtherEnd<'a> {
    Client(&'a str),
    Server(&'a str),
}

const MOST_WORDS_OF_END: usize = 4;

/// The machines on which an item says its ports are, and nothing else: `On your store machines - port 3306`, `On the Core: 80`.
fn place<'a>(head: &'a str, names: &Names) -> Option<&'a str> {
    let rest = head
        .strip_prefix("On ")
        .or_else(|| head.strip_prefix("on "))?;
    let (label, ports) = [": ", " - ", " \u{2013} ", " \u{2014} "]
        .into_iter()
        .filter_map(|mark| rest.split_once(mark))
        .min_by_key(|(label, _)| label.len())?;
    let named = ["the ", "your ", "each ", "every ", "a ", "an "]
        .into_iter()
        .find_map(|article| label.strip_prefix(article));
    // `On the Core` is a machine; `On Linux` is none.
    let is_determined = named.is_some();
    let label = named.unwrap_or(label);
    let has_number = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    let is_named = names_machines(label, names)
        || is_determined
            && label.starts_with(char::is_uppercase)
            && is_noun_phrase(label, names)
            && !is_platform(&label.to_lowercase());
    (is_named && has_number(ports) && !has_number(label) && label.split(' ').count() <= MOST_WORDS)
        .then_some(label)
}

/// A longer text describes something.
const MOST_WORDS: usize = 8;

/// Whether what an item names are servers, of which there are several: `123/udp: NTP servers`.
pub(super) fn are_servers(service: &str) -> bool {
    let mut words = service.split(' ').rev();
    words.next() == Some("servers") && words.next().is_some() && words.count() <= 1
}

/// Takes the servers that an item names for those who are asked.
pub(super) fn name_servers(statement: &mut Statement) {
    let is_open = statement.source.is_none()
        && statement.destination.is_none()
        && statement
            .direction
            .is_none_or(|direction| direction == Direction::Outbound);
    if is_open {
        statement.destination.clone_from(&statement.service);
        statement.direction = Some(Direction::Outbound);
    }
}
