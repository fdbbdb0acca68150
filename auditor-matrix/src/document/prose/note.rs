//! Reads who talks to whom from what a table's row says in words: `The console accepts requests from end users`.

use super::{
    clause,
    piece::Pieces,
    port_phrase::{Evidence, port_phrases},
    stance::{Stance, stance},
    verb::verb,
    words::words,
};
use crate::document::{end::Basis, endpoints::Endpoints, names::Names, section, text::sentences};

/// The ends that the sentences of a note name, each pair once. A clause that names one end only, or that denies something,
/// gives none.
pub(in crate::document) fn ends(note: &str, names: &Names) -> Vec<Endpoints> {
    let mut found: Vec<Endpoints> = Vec::new();
    for sentence in sentences(note) {
        // "Used by the Edge to reach the Core": the port of the row is.
        let lower = sentence.to_lowercase();
        let whole = ["used by ", "needed by ", "required by "]
            .iter()
            .any(|start| lower.starts_with(start))
            .then(|| {
                let mut letters = sentence.chars();
                let first: String = letters
                    .next()
                    .into_iter()
                    .flat_map(char::to_lowercase)
                    .collect();
                format!("Port 1 is {first}{}", letters.as_str())
            });
        let sentence = whole.as_deref().unwrap_or(sentence);
        let words = words(sentence);
        if stance(&words) != Stance::Wanted {
            continue;
        }
        let phrases = port_phrases(&words, Evidence::Stated);
        let pieces = Pieces::new(sentence, &words, &phrases);
        for clause in clause::clauses(&pieces, names) {
            let (Some(source), Some(destination)) = (clause.ends.client, clause.ends.server) else {
                continue;
            };
            // "Sends orders to the core": its subject is the machine of the row.
            if begins_with_verb(&source) && !names.contains(&source) {
                continue;
            }
            let ends = Endpoints {
                source,
                destination,
                is_mutual: clause.ends.is_mutual,
                basis: Basis::Purpose,
            };
            let are_machines = [&ends.source, &ends.destination]
                .into_iter()
                .all(|end| section::names_machines(end, names));
            if !found.contains(&ends) && (whole.is_none() || are_machines) {
                found.push(ends);
            }
        }
    }
    found
}

/// Whether a name begins with what somebody does: `Sends orders`.
fn begins_with_verb(name: &str) -> bool {
    name.split_once(' ').is_some_and(|(first, _)| {
        let lower = first.to_lowercase();
        lower.ends_with('s') && verb(&lower).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::ends;
    use crate::document::names::Names;

    #[track_caller]
    fn check(note: &str, pairs: &[(&str, &str)]) {
        let found = ends(note, &Names::default());
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|ends| (ends.source.as_str(), ends.destination.as_str()))
            .collect();
        assert_eq!(found, pairs, "{note}");
    }

    #[test]
    fn who_talks_to_whom() {
        check("Metrics of the database.", &[]);
        check(
            "The master communicates with the console over this port.",
            &[("master", "console")],
        );
        check(
            "Agents connect to the gateway on this port. The console connects to the gateway, too.",
            &[("Agents", "gateway"), ("console", "gateway")],
        );
        check("Agents no longer connect to the gateway.", &[]);
        check("Sends telemetry to Hub", &[]);
    }
}
