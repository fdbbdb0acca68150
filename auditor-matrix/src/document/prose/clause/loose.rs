//! Ends that `from` and `to` name without a verb beside them.

use super::{Ends, Grammar};
use crate::document::{
    names::Names,
    prose::{
        noun_phrase::{NounPhrase, NounPhrases},
        piece::Pieces,
        verb::{Verb, is_participle},
        verb_place::verb_at,
        words::Kind,
    },
};

/// The ends that `from` and `to` name in an item, where they need not stand beside a verb: `22: administration from the jump
/// host`.
pub(in crate::document::prose) fn loose_ends(pieces: &Pieces<'_>, names: &Names) -> Option<Ends> {
    let grammar = Grammar {
        pieces,
        nouns: NounPhrases { pieces, names },
    };
    if let Some(offer) = (0..pieces.len()).find_map(|at| grammar.offer_at(at)) {
        let ends = Ends {
            client: (!offer.clients.is_empty()).then(|| offer.joined()),
            ..Ends::default()
        };
        return (0 < ends.n_known()).then(|| ends.seen_from_here());
    }
    // "check-in, initiated by the agent": whom it asks is not said, be the page about the agent or not.
    if let Some(client) = opener(pieces, &grammar.nouns, &["initiated", "originated"]) {
        return Some(Ends::of(Some(&client), None));
    }
    let around = grammar.around(0);
    let of_machine = |end: Option<NounPhrase>| end.filter(|end| end.is_machine);
    // "(accessed by the Edge)"
    let is_asked_by = (1..pieces.len()).any(|at| {
        pieces.is(at, "by")
            && is_participle(pieces.lower(at - 1))
            && verb_at(pieces, at - 1) == Some(Verb::Ask)
    });
    let by = around.by.filter(|_| is_asked_by);
    // "443/tcp from the Edge Portal": behind the port nothing else than who asks can be meant.
    let is_behind_port =
        (1..pieces.len()).any(|at| pieces.is(at, "from") && pieces.is_port(at - 1));
    let asks = |end: &NounPhrase| {
        end.is_machine || is_behind_port && end.text.starts_with(char::is_uppercase)
    };
    let (client, server) = (around.from.or(by).filter(asks), of_machine(around.to));
    // "389/tcp - to the directory": behind the port nothing else can be meant.
    let server = server.or_else(|| {
        let to = (1..pieces.len())
            .find(|at| pieces.is(*at, "to") && verb_at(pieces, at + 1).is_none())?;
        let is_behind_port = pieces.is_port(to - 1)
            || pieces.kind(to - 1) != Some(Kind::Word) && 1 < to && pieces.is_port(to - 2);
        is_behind_port.then(|| grammar.nouns.list(to + 1)).flatten()
    });
    let ends = Ends::of(client.as_ref(), server.as_ref());
    (0 < ends.n_known() && !around.is_relayed && !grammar.is_restricted())
        .then(|| ends.seen_from_here())
}

/// Who does one of these things to what a text is about: `initiated by the agent`. What is opened or started by an installer is a port
/// or a program, so by itself only `initiated` says who asks.
pub(super) fn opener(
    pieces: &Pieces<'_>,
    nouns: &NounPhrases<'_>,
    does: &[&str],
) -> Option<NounPhrase> {
    let by = (1..pieces.len()).find(|at| pieces.is(*at, "by") && pieces.is_any(at - 1, does))?;
    nouns.one(by + 1)
}
