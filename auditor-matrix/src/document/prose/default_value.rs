//! The value that an item gives last to the port which it explains: `listen-port: Port of the Core. Default: 6379.`

use std::{borrow::Cow, sync::LazyLock};

use regex::Regex;

use super::{
    condition::Condition,
    either_value,
    port_phrase::{Evidence, names_port, port_phrases},
    stance::{Stance, stance},
    statement::Statement,
    words::{Kind, words},
};
use crate::document::text::{regex, sentences};

/// The statement of an item, if `part` is its last sentence and no more than a default value.
pub(super) fn statement(item: &str, part: &str) -> Option<Statement> {
    if MOST_LENGTH < item.len() {
        return None;
    }
    let before = item.trim_end().strip_suffix(part)?;
    let value = words(part);
    let first = value.first()?;
    let lead = value
        .iter()
        .take_while(|word| {
            word.kind == Kind::Colon
                || word.is_any(&["default", "defaults", "value", "is", "to", "port"])
        })
        .count();
    let explained = words(before);
    if !first.is_any(&["default", "defaults"])
        || !names_port(&explained)
        || stance(&explained) != Stance::Wanted
    {
        return None;
    }
    let number = value.get(lead..)?;
    let is_whole = number.iter().all(|word| {
        matches!(
            word.kind,
            Kind::Number | Kind::Dash | Kind::Stop | Kind::Comma
        )
    });
    let mut phrases = port_phrases(number, Evidence::Item);
    let phrase = phrases.pop().filter(|_| is_whole && phrases.is_empty())?;
    (!phrase.ports.is_empty()).then(|| Statement {
        ports: phrase.ports,
        condition: Condition::of(before, &explained).text,
        is_asked: true,
        ..Statement::default()
    })
}

/// `(default is 22)`, `(3306 by default)`, `(if it is installed - default is 9600)`
static IN_BRACKETS: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)\((?:(?P<before>[^()]{1,120}?)(?: [-–—]|[,;]) )?(?:(?:the )?(?:default|standard|usual)(?:ly)? (?:(?:port|value|number) )?(?:is|=) (?P<after>\d{1,5})|(?P<first>\d{1,5}) (?:by default|is the default))\)",
    )
});

/// An item with the value that it gives in brackets for its port as a plain default: `SSH (default 22)`.
pub(super) fn in_brackets(item: &str) -> Cow<'_, str> {
    IN_BRACKETS.replace(item, |found: &regex::Captures<'_>| {
        let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
        let value = format!("(default {}{})", part("after"), part("first"));
        match part("before") {
            "" => value,
            before => format!("{before} {value}"),
        }
    })
}

/// `The default port is 8443 if TLS is enabled.`
static USUAL: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"(?i)^(?:the |its |this |by )?defaults?(?: port| value| number)?(?:,? it)?(?: is|:| to)? (?:port )?(?P<port>\d{2,5})(?P<when>(?: (?:if|when|where|unless|with|without) [^.]+)?)\.?$",
    )
});

/// Sentences that say with its number what an item says of a port and in its next sentence gives a default for, one for each case:
/// `Inbound to the Gate's network port from tills. The default port is 8443.`
pub(super) fn filled(item: &str) -> Option<Vec<String>> {
    if MOST_LENGTH < item.len() {
        return None;
    }
    let parts = sentences(item);
    let [head, value] = parts.as_slice() else {
        return None;
    };
    if head.contains(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let named = words(head);
    let mut ports = named.iter().filter(|word| word.is("port"));
    let (Some(port), None) = (ports.next(), ports.next()) else {
        return None;
    };
    if stance(&named) != Stance::Wanted {
        return None;
    }
    let (before, behind) = head.split_at_checked(port.end)?;
    let behind = behind.trim_end_matches(['.', ':']);
    let values = match either_value::apart(value) {
        Some(cases) => cases.to_vec(),
        None => vec![(*value).to_owned()],
    };
    values
        .iter()
        .map(|value| {
            let found = USUAL.captures(value)?;
            let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
            let comma = if part("when").is_empty() { "" } else { "," };
            Some(format!(
                "{before} {}{behind}{comma}{}.",
                part("port"),
                part("when")
            ))
        })
        .collect()
}

/// A longer item is prose.
const MOST_LENGTH: usize = 1000;

#[cfg(test)]
mod tests {
    use super::{filled, in_brackets, statement};
    use crate::document::prose::sentence::tests::shown;

    #[test]
    fn values_in_brackets() {
        for (item, expected) in [
            ("SSH (default is 22)", "SSH (default 22)"),
            ("Store (3306 by default)", "Store (default 3306)"),
            (
                "Stats (if it is there - default is 9600)",
                "Stats if it is there (default 9600)",
            ),
            (
                "Store (3306 is closed by default)",
                "Store (3306 is closed by default)",
            ),
        ] {
            assert_eq!(in_brackets(item), expected);
        }
    }

    #[test]
    fn sentences_with_their_defaults() {
        assert_eq!(
            filled(
                "Inbound to the Gate's port from tills. The default port is 8443 if TLS is on and 8080 if not."
            ),
            Some(vec![
                "Inbound to the Gate's port 8443 from tills, if TLS is on.".to_owned(),
                "Inbound to the Gate's port 8080 from tills, unless TLS is on.".to_owned(),
            ])
        );
        assert_eq!(
            filled("Tills connect to the port of the Gate. Defaults to 7000."),
            Some(vec![
                "Tills connect to the port 7000 of the Gate.".to_owned()
            ])
        );
        for item in [
            "Tills connect to port 6000. The default port is 7000.",
            "The cache of the Gate. The default is 7000.",
            "This port is not used. The default is 7000.",
        ] {
            assert_eq!(filled(item), None, "{item}");
        }
    }

    #[test]
    fn values_of_items() {
        let read = |before: &str, part: &str| {
            statement(&format!("{before} {part}"), part).map(|found| shown(&found))
        };
        let some = |text: &str| Some(text.to_owned());
        let item = "listen-port: TCP port of the Core.";
        assert_eq!(read(item, "Default: 6379."), some("? -> ?  6379"));
        assert_eq!(
            read(item, "Defaults to 7000-7010"),
            some("? -> ?  7000-7010")
        );
        // No port is explained, its value is no default, or there is more than the value.
        assert_eq!(
            read("cache-size: Memory of the Core.", "Default: 6379."),
            None
        );
        assert_eq!(read(item, "Example: 6379."), None);
        assert_eq!(read(item, "Default: 6379 seconds."), None);
        assert_eq!(
            read("admin: This port is not used.", "Default: 6379."),
            None
        );
    }
}
