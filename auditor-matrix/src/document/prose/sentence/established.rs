//! To whom a connection is opened, where a sentence says it in the passive: `An outbound tunnel over port 443 is established to the
//! hub`.

use crate::document::{
    names::Names,
    prose::{noun_phrase::NounPhrases, piece::Pieces},
    section,
};

/// Who is asked; `None` if no passive says it.
pub(super) fn established_to(pieces: &Pieces<'_>, names: &Names) -> Option<String> {
    let at = (1..pieces.len()).find(|at| {
        pieces.is_any(*at, &["established", "opened", "initiated", "built"])
            && pieces.is_any(at - 1, &["is", "are", "be"])
            && pieces.is(at + 1, "to")
    })?;
    let nouns = NounPhrases { pieces, names };
    let server = nouns.list(at + 2)?;
    section::is_noun_phrase(&server.text, names).then_some(server.text)
}
