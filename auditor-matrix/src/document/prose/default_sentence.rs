//! The value of a port of which the sentence before speaks: `Set the API port with --api-port. The default is 8545.`

use super::{
    introduction::transports,
    port_phrase::{Evidence, names_port, port_phrases},
    stance::{Stance, stance},
    statement::Statement,
    words::{Kind, Word, words},
};
use crate::transport::Transport;

/// The statement of a sentence that is no more than the usual value of what the one before it names without a number.
/// `around` are the transports that the paragraph names before.
pub(super) fn statement(before: &str, text: &str, around: &[Transport]) -> Option<Statement> {
    let value = words(text);
    let named = words(before);
    if MOST_WORDS < value.len() || MOST_BEFORE < named.len() {
        return None;
    }
    let lead = value
        .iter()
        .take_while(|word| word.kind != Kind::Number)
        .count();
    let (said, number) = value.split_at_checked(lead)?;
    let is_value = said
        .iter()
        .any(|word| word.is_any(&["default", "defaults"]))
        && said.iter().all(is_of_default);
    if !is_value
        || !names_port(&named)
        || named.iter().any(|word| word.kind == Kind::Number)
        || stance(&named) != Stance::Wanted
    {
        return None;
    }
    let is_whole = number.iter().all(|word| {
        matches!(
            word.kind,
            Kind::Number | Kind::Dash | Kind::Stop | Kind::Comma
        ) || word.is_any(&["and", "respectively", "to"])
    });
    let first = number.first()?.start;
    let last = number.last()?.end;
    let numbers = words(text.get(first..last)?);
    let mut phrases = port_phrases(&numbers, Evidence::Item);
    let phrase = phrases.pop().filter(|_| is_whole && phrases.is_empty())?;
    let own = transports(&named);
    (!phrase.ports.is_empty()).then(|| Statement {
        ports: phrase.ports,
        transports: if own.is_empty() { around.to_vec() } else { own },
        is_asked: true,
        ..Statement::default()
    })
}

/// Words that say no more than that a usual value follows.
fn is_of_default(word: &Word<'_>) -> bool {
    matches!(word.kind, Kind::Colon | Kind::Comma)
        || word.is_any(&[
            "the", "its", "default", "defaults", "value", "values", "is", "are", "to", "it",
            "this", "they", "by", "port", "ports", "number", "numbers",
        ])
}

/// A longer sentence says more.
const MOST_WORDS: usize = 20;

/// A longer one before it speaks of other things, too.
const MOST_BEFORE: usize = 60;

#[cfg(test)]
mod tests {
    use super::statement;
    use crate::{document::prose::sentence::tests::shown, transport::Transport};

    #[test]
    fn values_of_the_sentence_before() {
        let read = |before: &str, text: &str| {
            statement(before, text, &[Transport::Udp]).map(|found| shown(&found))
        };
        let some = |text: &str| Some(text.to_owned());
        let before = "Set the API ports with --api-port and --ws-port.";
        assert_eq!(
            read(before, "The defaults are 8545 and 8546."),
            some("? -> ? udp 8545,8546")
        );
        assert_eq!(
            read("The TCP port is an option.", "By default it is 7000."),
            some("? -> ? tcp 7000")
        );
        // No port, another thing's value, a port that is denied.
        assert_eq!(read("Set the timeout.", "The default is 8545."), None);
        assert_eq!(read(before, "The default of the cache is 8545."), None);
        assert_eq!(read(before, "The default is 8545 seconds."), None);
        assert_eq!(read("This port is not used.", "The default is 8545."), None);
    }
}
