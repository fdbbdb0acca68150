//! Items that are a name and its ports with no mark between them: `SSH   22`, `Http/Https 80/443`, `Plugin server 5050`.

use super::{
    verb::verb,
    vocabulary::{is_auxiliary, is_preposition, is_pronoun},
};
use crate::document::application_protocol;

/// The items of a list with a colon between name and ports, where the list is one of those: most of its items with numbers
/// have this form, and two of them name a protocol. A list of releases, such as `Ubuntu 2204`, names none.
pub(super) fn separated(items: &[&str]) -> Vec<Option<String>> {
    let read: Vec<Option<(&str, &str)>> = items.iter().map(|item| named(item)).collect();
    let n_named = read.iter().flatten().count();
    let n_numbers = items
        .iter()
        .filter(|item| item.contains(|c: char| c.is_ascii_digit()))
        .count();
    let n_protocols = read
        .iter()
        .flatten()
        .filter(|(name, _)| {
            name.split('/')
                .any(|part| application_protocol::transports(part).is_some())
        })
        .count();
    let is_certain = LEAST_PROTOCOLS <= n_protocols && n_numbers <= 2 * n_named;
    read.into_iter()
        .map(|named| {
            named
                .filter(|_| is_certain)
                .map(|(name, ports)| format!("{name}: {ports}"))
        })
        .collect()
}

const LEAST_PROTOCOLS: usize = 2;

/// A name of more words is a sentence.
const MOST_NAME_WORDS: usize = 4;

/// Smaller numbers are versions more often than ports.
const LEAST_PORT: u16 = 20;

/// The name and the ports of an item that has nothing else but a bracket behind them.
fn named(text: &str) -> Option<(&str, &str)> {
    let start = text
        .char_indices()
        .zip(text.chars().skip(1))
        .find(|((_, blank), digit)| *blank == ' ' && digit.is_ascii_digit())
        .map(|((at, _), _)| at)?;
    let (name, ports) = (text.get(..start)?.trim(), text.get(start..)?.trim());
    let is_name = name.split(' ').count() <= MOST_NAME_WORDS
        && name.starts_with(char::is_alphabetic)
        && name.ends_with(char::is_alphanumeric)
        && name.split(' ').map(str::to_lowercase).all(|word| {
            verb(&word).is_none()
                && !is_preposition(&word)
                && !is_auxiliary(&word)
                && !is_pronoun(&word)
                && !matches!(word.as_str(), "port" | "ports" | "tcp" | "udp" | "version")
        });
    let numbers = ports.split('(').next().unwrap_or(ports).trim_end();
    let are_numbers = numbers
        .chars()
        .all(|c| c.is_ascii_digit() || " /&,-\u{2013}".contains(c))
        && numbers
            .split(|c: char| !c.is_ascii_digit())
            .filter(|number| !number.is_empty())
            .all(|number| number.parse::<u16>().is_ok_and(|port| LEAST_PORT <= port));
    (is_name && are_numbers).then_some((name, ports))
}
