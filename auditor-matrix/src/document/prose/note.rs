//! Reads who talks to whom from what a table's row says in words: `The console accepts requests from end users`.

use super::{
    clause,
    piece::Pieces,
    port_phrase::{Evidence, port_phrases},
    stance::{Stance, stance},
    verb::{Verb, verb},
    verb_place::verb_at,
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
            let names_machine = [&ends.source, &ends.destination]
                .into_iter()
                .any(|end| section::names_machines(end, names));
            if !found.contains(&ends) && (whole.is_none() || names_machine) {
                found.push(ends);
            }
        }
    }
    found
}

/// Who asks the machine of a row, whatever that is: `Queried by the Core`.
pub(in crate::document) fn asker(note: &str, names: &Names) -> Option<String> {
    let mut found = sentences(note).into_iter().filter_map(|sentence| {
        let words = words(sentence);
        let is_passive = words
            .first()
            .zip(words.get(1))
            .is_some_and(|(first, second)| first.lower.ends_with("ed") && second.is("by"));
        if !is_passive || stance(&words) != Stance::Wanted {
            return None;
        }
        let phrases = port_phrases(&words, Evidence::Stated);
        let pieces = Pieces::new(sentence, &words, &phrases);
        let class = verb_at(&pieces, 0);
        let mut clauses = clause::clauses(&pieces, names).into_iter();
        let ends = clauses
            .next()
            .filter(|_| clauses.next().is_none() && class == Some(Verb::Ask))?
            .ends;
        ends.client.filter(|_| ends.server.is_none())
    });
    let first = found.next()?;
    found.next().is_none().then_some(first)
}

/// Whether a text in the place of a name has a verb: `Allows operators`, `Agents upload`.
pub(in crate::document) fn has_verb(name: &str) -> bool {
    let words: Vec<&str> = name.split(' ').collect();
    begins_with_verb(name)
        || words.windows(2).any(|pair| {
            matches!(pair, [noun, word] if noun.ends_with('s')
                && word.starts_with(char::is_lowercase)
                && !["s", "ed", "ing"].iter().any(|ending| word.ends_with(ending))
                && matches!(verb(word), Some(Verb::Ask | Verb::Transfer)))
        })
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
    use super::{asker, ends, has_verb};
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
        check(
            "Used by operators to provision the ledger nodes.",
            &[("operators", "ledger nodes")],
        );
    }

    #[test]
    fn who_asks_whatever_the_row_is() {
        let check = |note: &str, expected: &str| {
            let found = asker(note, &Names::default());
            assert_eq!(found.as_deref().unwrap_or("-"), expected, "{note}");
        };
        check("Queried by the collector.", "collector");
        check("Probed by worker nodes.", "worker nodes");
        // Who provides it is asked, and whose it is is not said.
        check("Provided by the gateway.", "-");
        check("Used by the gateway.", "-");
        check("Not polled by agents.", "-");
        check("Opened by the gateway.", "-");
        check("Polled by agents. Queried by the collector.", "-");
    }

    #[test]
    fn names_that_are_none() {
        assert!(has_verb("Allows operators"));
        assert!(has_verb("Agents upload"));
        assert!(!has_verb("Upload agents"));
        assert!(!has_verb("Store servers"));
    }
}
