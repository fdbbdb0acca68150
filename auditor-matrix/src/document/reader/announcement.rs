//! What a paragraph says of a table that does not follow at once.

use crate::document::{
    accounting,
    arrow::Endpoints,
    end::Basis,
    names::Names,
    prose::{self, AboveTable, speaks_of_rows},
    text::sentences,
};

/// The paragraph before this one, if it announces ports and this one only remarks something: `The following ports must be open on both
/// nodes.` goes on to the table.
pub(super) fn kept(before: Option<String>, text: &str) -> Option<String> {
    before
        .filter(|before| {
            let lower = before.to_lowercase();
            [
                "following port",
                "following table",
                "table below",
                "below table",
                "table that follows",
            ]
            .iter()
            .any(|words| lower.contains(words))
        })
        .filter(|_| !accounting::speaks_of_ports(text) && !speaks_of_rows(text))
}

/// The ends that a paragraph gives to all ports below it, whose numbers stand in the sections that follow: "Allow inbound traffic to the
/// Core from your tills on the below ports."
pub(super) fn ends(text: &str, names: &Names) -> Option<Endpoints> {
    let announces = |sentence: &&str| {
        let lower = sentence.to_lowercase();
        (lower.contains("below") || lower.contains("following"))
            && accounting::speaks_of_ports(&lower)
            && prose::numbered_ports(sentence).is_empty()
    };
    let sentence = sentences(text).into_iter().find(announces)?;
    let above = AboveTable::of(sentence, names);
    if above.is_forbidden || above.between.is_some() || above.among.is_some() {
        return None;
    }
    Some(Endpoints {
        source: above.client?,
        destination: above.server?,
        is_mutual: false,
        basis: Basis::Sentence,
    })
}
