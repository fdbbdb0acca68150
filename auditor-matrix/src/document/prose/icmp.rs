//! Sentences that ask for ICMP, which has no ports: `ICMP also needs to be open`.

use super::{
    clause,
    condition::Condition,
    piece::Pieces,
    stance::{Stance, stance},
    statement::Statement,
    words::words,
};
use crate::{document::names::Names, transport::Transport};

/// A longer sentence speaks of ICMP beside other things.
const MOST_WORDS: usize = 20;

/// Reads a sentence that asks for ICMP; one that denies anything asks for nothing that is certain.
pub(super) fn icmp(sentence: &str, names: &Names) -> Option<Statement> {
    let all = words(sentence);
    let names_icmp = all
        .iter()
        .any(|word| word.is_any(&["icmp", "icmpv4", "icmpv6", "ping", "pings"]));
    if !names_icmp || MOST_WORDS < all.len() || sentence.ends_with('?') {
        return None;
    }
    let condition = Condition::of(sentence, &all);
    let words = condition.rest(&all);
    let asks = words.iter().any(|word| {
        word.is_any(&[
            "open",
            "opened",
            "allow",
            "allowed",
            "permit",
            "permitted",
            "enable",
            "enabled",
            "required",
            "needed",
            "accessible",
            "unblocked",
        ])
    });
    if !asks || stance(&words) != Stance::Wanted {
        return None;
    }
    let mut statement = Statement {
        transports: vec![Transport::Icmp],
        condition: condition.text.clone(),
        is_asked: true,
        ..Statement::default()
    };
    if let Some(ends) = clause::loose_ends(&Pieces::new(sentence, &words, &[]), names) {
        statement.add_ends(&ends);
    }
    Some(statement)
}
