//! Reads what stands behind the ports of an item or below it: "TCP only.", "Only if the proxy is used.", "Not needed if ..."

use super::{MOST_LENGTH, required};
use crate::document::{
    names::Names,
    prose::{
        clause::{self, Ends, Offer},
        introduction::Introduction,
        of_some::{Parted, parted, within},
        piece::Pieces,
        port_phrase::{Evidence, port_phrases},
        stance::Stance,
        statement::Statement,
        verb::{is_participle, verb},
        vocabulary::is_auxiliary,
        words::{Kind, words},
    },
    row::Direction,
    text::sentences,
};

/// Adds what a sentence behind the ports says of them: "TCP only.", "Only if the proxy is used.", "Used by agents to ..."
/// Returns what was not taken for a denial of them.
pub(in crate::document::prose) fn remark(
    text: &str,
    names: &Names,
    statements: &mut Vec<Statement>,
) -> Option<String> {
    if let Some(parted) = parted_by_ports(text, names, statements) {
        let mut said = parted.unclear.first().map(|sentence| {
            format!("what `{sentence}` says of some of these ports is not clear, so their rules do not say it; check them")
        });
        let mut all = Vec::new();
        for part in parted.parts {
            let mut of_part: Vec<Statement> = statements
                .iter()
                .map(|statement| Statement {
                    ports: within(&statement.ports, &part.ports),
                    ..statement.clone()
                })
                .filter(|statement| !statement.ports.is_empty())
                .collect();
            for sentence in sentences(&part.remark) {
                let more = remark(sentence, names, &mut of_part);
                said = said.or(more);
            }
            all.extend(of_part);
        }
        *statements = all;
        return said;
    }
    let about = Introduction::of(text, names);
    if let Some(offer) = offer(text, Evidence::Stated, names) {
        let is_further = words(text)
            .iter()
            .take(MOST_REMARK)
            .any(|word| word.is("also"));
        offer_to_each(statements, &offer, is_further);
    }
    let is_short = text.split(' ').count() <= MOST_REMARK;
    let denies = about.stance != Stance::Wanted && !statements.is_empty();
    let is_excused =
        denies && about.stance != Stance::Forbidden && about.condition.is_some() && excuses(text);
    let is_of_other = denies && !is_excused && !may_be_about_ports(text);
    for statement in statements.iter_mut() {
        if statement.transports.is_empty() && is_short {
            statement.transports.clone_from(&about.transports);
        }
        // "Browsers connect to the keeper over this port", below the keeper's.
        if let (None, Some(own)) = (&statement.source, &statement.destination)
            && let (Some(client), Some(server)) = (&about.ends.client, &about.ends.server)
            && !statement.loopback
            && !about.ends.is_mutual
            && own.eq_ignore_ascii_case(server)
        {
            statement.source = Some(client.clone());
            statement.direction = None;
        }
        if !statement.loopback && statement.source.is_none() && statement.destination.is_none() {
            let ends = Some(&about.ends).filter(|ends| 0 < ends.n_known());
            let loose = ends
                .is_none()
                .then(|| ends_of_remark(text, names))
                .flatten();
            if let Some(ends) = ends.or(loose.as_ref()) {
                statement.add_ends(ends);
                // "Only the Core connects to it.": to what has the port.
                if statement.source.is_some() && statement.destination.is_none() {
                    statement.direction = statement.direction.or(Some(Direction::Inbound));
                }
            }
        }
        statement.loopback |= about.loopback;
        statement.required = statement.required.or_else(|| required(text));
        if is_excused {
            statement.required = Some(false);
            continue;
        }
        if let Some(condition) = &about.condition {
            match &mut statement.condition {
                Some(known) => {
                    known.push_str("; ");
                    known.push_str(condition);
                }
                None => statement.condition = Some(condition.clone()),
            }
        }
        if !statement.forbidden && statement.doubt.is_none() && !is_of_other {
            statement.add_stance(about.stance);
        }
    }
    if is_excused {
        Some(format!(
            "`{text}` was taken for: these ports are optional; check their rule"
        ))
    } else {
        is_of_other.then(|| {
            format!(
                "what `{text}` denies was not taken for a denial of these ports; check their rule"
            )
        })
    }
}

/// Whether a remark names ports of the statements and says something of these alone.
pub(in crate::document::prose) fn is_of_some(
    text: &str,
    names: &Names,
    statements: &[Statement],
) -> bool {
    parted_by_ports(text, names, statements).is_some()
}

/// A remark by the ports that it speaks of, if it says something of some of them.
fn parted_by_ports(text: &str, names: &Names, statements: &[Statement]) -> Option<Parted> {
    if statements
        .iter()
        .any(|statement| statement.ports.is_empty())
    {
        return None;
    }
    let own = statements
        .iter()
        .flat_map(|statement| &statement.ports)
        .flat_map(|group| &group.ranges)
        .copied()
        .collect();
    parted(text, &own, |clause| {
        let about = Introduction::of(clause, names);
        about.condition.is_some()
            || about.stance != Stance::Wanted
            || about.loopback
            || required(clause).is_some()
    })
}

/// Whether a sentence behind ports says when they are not needed: "This is not required if ...".
pub(in crate::document::prose) fn excuses(text: &str) -> bool {
    let words = words(text);
    let at = |at: usize, lower: &[&str]| words.get(at).is_some_and(|word| word.is_any(lower));
    // "These ports are not needed if ..."
    let noun = usize::from(at(1, &["port", "ports"]));
    at(0, &["this", "it", "these", "they"])
        && at(1 + noun, &["is", "are"])
        && at(2 + noun, &["not"])
        && at(3 + noun, &["required", "needed", "necessary"])
}

/// Whether what a sentence behind ports denies may be denied of them: it takes up a subject, has none, or speaks of traffic.
fn may_be_about_ports(text: &str) -> bool {
    let words = words(text);
    let has_own_subject = words.first().is_some_and(|first| {
        first.kind == Kind::Word
            && !is_auxiliary(&first.lower)
            && (verb(&first.lower).is_none() || first.lower.ends_with("ing"))
            && !is_participle(&first.lower)
    });
    let takes_up = words.iter().any(|word| {
        word.kind == Kind::Number
            || word.is_any(&[
                "it",
                "its",
                "this",
                "that",
                "these",
                "they",
                "those",
                "them",
                "not",
                "no",
                "never",
                "none",
                "port",
                "ports",
                "traffic",
                "access",
                "connection",
                "connections",
                "connectivity",
                "firewall",
                "tcp",
                "udp",
                "used",
                "needed",
                "required",
                "deprecated",
            ]) && (!word.is("not") || word.start == 0)
    });
    !has_own_subject || takes_up
}

const MOST_REMARK: usize = 8;

/// Whom a text opens what it names to.
pub(super) fn offer(text: &str, evidence: Evidence, names: &Names) -> Option<Offer> {
    if MOST_LENGTH < text.len() || !text.contains(" to ") {
        return None;
    }
    let words = words(text);
    let phrases = port_phrases(&words, evidence);
    clause::offer(&Pieces::new(text, &words, &phrases), names)
}

/// Makes one statement for each of those to whom something is open, in the place of those that name nobody else, or beside
/// them where they are further ones.
pub(super) fn offer_to_each(statements: &mut Vec<Statement>, offer: &Offer, is_further: bool) {
    let joined = offer.clients.join(" and ");
    let mut all: Vec<Statement> = Vec::new();
    for statement in statements.drain(..) {
        let is_other = statement
            .source
            .as_ref()
            .is_some_and(|source| *source != joined);
        let is_same = statement.destination.is_none() && !is_other && !statement.loopback;
        if !is_same && !is_further || statement.ports.is_empty() {
            all.push(statement);
            continue;
        }
        let one = |client: Option<&String>| Statement {
            source: client.cloned(),
            loopback: client.is_none(),
            direction: client.map(|_| Direction::Inbound),
            ..statement.clone()
        };
        let clients = offer.clients.iter().map(Some);
        let itself = offer.is_to_self.then_some(None);
        all.extend(clients.chain(itself).map(one));
        if is_further {
            all.push(statement);
        }
    }
    *statements = all;
}

fn ends_of_remark(text: &str, names: &Names) -> Option<Ends> {
    if MOST_LENGTH < text.len() {
        return None;
    }
    let words = words(text);
    clause::loose_ends(&Pieces::new(text, &words, &[]), names)
}

#[cfg(test)]
mod tests {
    use super::{excuses, may_be_about_ports};

    #[test]
    fn what_a_sentence_behind_ports_denies() {
        for text in [
            "Not used any more.",
            "This is no longer open.",
            "Disabled.",
            "Clients never connect to this port.",
            "No traffic takes place.",
        ] {
            assert!(may_be_about_ports(text), "{text}");
        }
        assert!(!may_be_about_ports(
            "Changing the data of other nodes is not possible."
        ));
        assert!(excuses("This is not required if the other one is used."));
        assert!(!excuses("This must not be open if the other one is used."));
    }
}
