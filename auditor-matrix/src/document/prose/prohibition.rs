//! Sentences that forbid traffic: `clients do not need to talk to each other`.

use std::sync::LazyLock;

use regex::Regex;

use super::{
    machine_name::{MOST_NAME_WORDS, addresses_reader},
    statement::Statement,
};
use crate::document::{
    row::Direction,
    text::{fold, regex},
};

static FORBIDDEN: LazyLock<[Regex; 2]> = LazyLock::new(|| {
    [
        regex(
            r"(?i)^(?P<client>[^,.:;]+?) (?:(?:do|does) not (?:need|have) to|must not|must never|should not|should never|are not allowed to|is not allowed to|may not) (?:be able to )?(?:directly )?(?:communicate|talk|connect|speak)(?: directly)? (?:with|to) (?P<server>[^.;:]+?)\.?$",
        ),
        regex(
            r"(?i)\bno need for (?P<client>[^,.:;]+?) to (?:be able to )?(?:directly )?(?:communicate|talk|connect|speak)(?: directly)? (?:with|to) (?P<server>[^.;:]+?)\.?$",
        ),
    ]
});

/// Reads "clients do not need to talk to each other".
pub(super) fn prohibition(sentence: &str) -> Option<Statement> {
    let found = FORBIDDEN
        .iter()
        .find_map(|expression| expression.captures(sentence))?;
    let client = fold(found.name("client")?.as_str());
    let server = fold(found.name("server")?.as_str());
    let is_long = |end: &str| MOST_NAME_WORDS < end.split(' ').count();
    if addresses_reader(&client) || is_long(&client) || is_long(&server) {
        return None;
    }
    let is_mutual = matches!(server.to_lowercase().as_str(), "each other" | "one another");
    Some(Statement {
        direction: is_mutual.then_some(Direction::Both),
        destination: Some(if is_mutual { client.clone() } else { server }),
        source: Some(client),
        required: Some(false),
        forbidden: true,
        ..Statement::default()
    })
}
