//! Sentences on connections without a port: `the nodes must be able to reach mirror.example.com`.

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

static MUST_CONNECT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:(?P<condition>(?:if|when) [^,]+), )?(?P<source>[^,.:;]+?) (?:must|needs to|need to|has to|have to) (?:be able to )?(?:connect to|reach|communicate with|access) (?P<destination>[^;]+?)\.?$",
    )
});
static NEED_NOT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^you (?:do not|don't|need not) (?:need to )?allow access to (?P<destination>\S+)(?: (?P<condition>(?:for|if|when|in) .+?))?\.?$",
    )
});
static USING: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(?i)^(?:if|when) (?:you are |you're )?using (.+)$"));

/// Reads which machines must reach which, or to which host access need not be allowed.
pub(super) fn connection(sentence: &str) -> Option<Statement> {
    if let Some(found) = MUST_CONNECT.captures(sentence) {
        let words = |name| {
            found
                .name(name)
                .map_or(0, |text| text.as_str().split(' ').count())
        };
        let source = found.name("source").map_or("", |source| source.as_str());
        // "You will need to connect to a server over SSH and edit files" is about people, not about machines.
        let is_long = MOST_NAME_WORDS < words("destination") || MOST_NAME_WORDS < words("source");
        if addresses_reader(source) || is_long {
            return None;
        }
        let condition = found
            .name("condition")
            .map(|condition| fold(condition.as_str()));
        let service = condition
            .as_deref()
            .and_then(|condition| USING.captures(condition)?.get(1))
            .map(|what| fold(what.as_str()));
        let source = fold(source);
        let destination = fold(found.name("destination")?.as_str());
        let is_mutual = ["each other", "one another"]
            .iter()
            .any(|words| destination.to_lowercase().starts_with(words));
        return Some(Statement {
            direction: Some(if is_mutual {
                Direction::Both
            } else {
                Direction::Outbound
            }),
            destination: Some(if is_mutual {
                source.clone()
            } else {
                destination
            }),
            source: Some(source),
            service,
            required: Some(true),
            condition,
            ..Statement::default()
        });
    }
    let found = NEED_NOT.captures(sentence)?;
    Some(Statement {
        direction: Some(Direction::Outbound),
        destination: found
            .name("destination")
            .map(|destination| fold(destination.as_str())),
        required: Some(false),
        condition: found
            .name("condition")
            .map(|condition| fold(condition.as_str())),
        ..Statement::default()
    })
}
