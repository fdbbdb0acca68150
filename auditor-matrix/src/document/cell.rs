//! Reads cells into values: transports, directions, requirements, conditions.

mod condition;

pub(super) use self::condition::{condition, ends_in_state, may_be_conditional, states_condition};
use super::{
    application_protocol,
    row::Direction,
    text::{fold, sentences, unbracket},
    translation,
};
use crate::transport::Transport;

/// What a text says about the transport.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct NamedTransports {
    pub(super) transports: Vec<Transport>,
    /// The text names application protocols, from which the transports follow.
    pub(super) inferred: bool,
}

/// Reads a cell of a protocol column. `None` if it names no known protocol.
pub(super) fn transports(text: &str) -> Option<NamedTransports> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    // "All traffic" is read as TCP and UDP: of all traffic a matrix can only state what has ports.
    if words
        .first()
        .is_some_and(|word| matches!(word.as_str(), "all" | "any"))
    {
        return Some(NamedTransports {
            transports: vec![Transport::Tcp, Transport::Udp],
            inferred: true,
        });
    }
    if words == ["both"] {
        return Some(NamedTransports {
            transports: vec![Transport::Tcp, Transport::Udp],
            inferred: false,
        });
    }
    let stated: Vec<Transport> = words.iter().filter_map(|word| stated(word)).collect();
    let (mut transports, inferred) = if stated.is_empty() {
        (
            words
                .iter()
                .filter_map(|word| application_protocol::transports(word))
                .flatten()
                .copied()
                .collect(),
            true,
        )
    } else {
        (stated, false)
    };
    transports.sort_unstable();
    transports.dedup();
    (!transports.is_empty()).then_some(NamedTransports {
        transports,
        inferred,
    })
}

/// The parts of a protocol cell that are no protocol that is known, beside others that are: `QRP` in `TCP/QRP`.
pub(super) fn unknown_protocols(text: &str) -> Vec<&str> {
    let (outside, _) = text.split_once('(').unwrap_or((text, ""));
    let parts: Vec<&str> = outside
        .split(['/', ',', ';', '&', '|', '+'])
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .collect();
    let is_known = |part: &&str| transports(part).is_some() || !part.contains(char::is_alphabetic);
    if parts.len() < 2 || !parts.iter().any(&is_known) {
        return Vec::new();
    }
    // `TCP/IP` names one protocol.
    parts
        .into_iter()
        .filter(|part| !is_known(part) && !part.eq_ignore_ascii_case("ip"))
        .collect()
}

/// The transports that a description implies: those of the application protocol that it consists of, or UDP if every
/// protocol that it mentions runs over UDP alone.
pub(super) fn implied_transports(text: &str) -> Option<NamedTransports> {
    let (outside, _) = unbracket(text);
    if let Some(transports) = application_protocol::transports(&outside) {
        return Some(NamedTransports {
            transports: transports.to_vec(),
            inferred: true,
        });
    }
    // `DNS - Domain Name System`: the protocol, and what its letters stand for.
    let lead = outside
        .split_once([':', '\u{2013}', '\u{2014}'])
        .or_else(|| outside.split_once(" - "))
        .map(|(lead, _)| lead.trim());
    if let Some(transports) = lead.and_then(application_protocol::transports) {
        return Some(NamedTransports {
            transports: transports.to_vec(),
            inferred: true,
        });
    }
    let mut known = outside
        .split(|c: char| !c.is_alphanumeric() && !matches!(c, '-' | '_' | '.'))
        // `device-coap` is a program's name.
        .map(|word| word.trim_matches(['-', '_', '.']))
        .filter_map(application_protocol::transports);
    let is_udp = known.next()? == [Transport::Udp] && known.all(|other| other == [Transport::Udp]);
    is_udp.then(|| NamedTransports {
        transports: vec![Transport::Udp],
        inferred: true,
    })
}

/// Whether a text names protocols with their numbers above IP and nothing else: `TCP (6)`, `UDP/17`, `6 (TCP), 17 (UDP)`.
pub(super) fn is_numbered_protocol(text: &str) -> bool {
    let lower = text.to_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !matches!(*word, "and" | "or" | "protocol" | "ip"));
    let of = |word: &str| match word {
        "6" => Some(Transport::Tcp),
        "17" => Some(Transport::Udp),
        "132" => Some(Transport::Sctp),
        "1" | "58" => Some(Transport::Icmp),
        _ => None,
    };
    let mut n_pairs = 0;
    while let Some(first) = words.next() {
        let Some(second) = words.next() else {
            return false;
        };
        let is_pair = |name: &str, number: &str| {
            stated(name).is_some_and(|transport| of(number) == Some(transport))
        };
        if !is_pair(first, second) && !is_pair(second, first) {
            return false;
        }
        n_pairs += 1;
    }
    0 < n_pairs
}

/// The transport that a word, in lower case, names.
pub(super) fn stated(word: &str) -> Option<Transport> {
    Some(match word {
        "tcp" | "tcp4" | "tcp6" => Transport::Tcp,
        "udp" | "udp4" | "udp6" => Transport::Udp,
        "sctp" => Transport::Sctp,
        "icmp" | "icmpv4" | "icmpv6" | "ping" => Transport::Icmp,
        _ => return None,
    })
}

/// A text of more words says more than a direction, and is not translated.
const MOST_TRANSLATED_WORDS: usize = 3;

/// Whether a direction names in and out and nothing that says of the ends that either asks: `IN/OUT`, and not `Bidirectional`.
pub(super) fn is_in_and_out(text: &str) -> bool {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .all(|word| {
            matches!(
                word,
                "in" | "out"
                    | "inbound"
                    | "outbound"
                    | "incoming"
                    | "outgoing"
                    | "ingress"
                    | "egress"
                    | "and"
            )
        })
}

/// Reads a direction. `None` if the text gives none.
pub(super) fn direction(text: &str) -> Option<Direction> {
    let lower = if text.split(' ').count() <= MOST_TRANSLATED_WORDS {
        translation::english(text)
    } else {
        text.to_lowercase()
    };
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    // `In & Out`: nothing but the short words.
    let are_short = words
        .iter()
        .all(|word| matches!(*word, "in" | "out" | "and" | "or"));
    if are_short && words.contains(&"in") && words.contains(&"out") {
        return Some(Direction::Both);
    }
    // `In- & outbound`: what follows is half of both words.
    let shares_half = words.iter().enumerate().any(|(at, word)| {
        let behind = words.get(at + 1..).unwrap_or_default();
        let next = behind.iter().find(|next| !matches!(**next, "and" | "or"));
        let other = match *word {
            "in" => ["outbound", "outgoing"],
            "out" => ["inbound", "incoming"],
            _ => return false,
        };
        next.is_some_and(|next| other.contains(next))
    });
    if shares_half {
        return Some(Direction::Both);
    }
    let text = lower.replace(['-', ' '], "");
    let inbound = ["inbound", "ingress", "incoming"]
        .iter()
        .any(|word| text.contains(word));
    let outbound = ["outbound", "egress", "outgoing"]
        .iter()
        .any(|word| text.contains(word));
    let both = ["bidirectional", "both", "twoway", "\u{2194}", "<>"]
        .iter()
        .any(|word| text.contains(word));
    match (inbound, outbound) {
        _ if both => Some(Direction::Both),
        (true, true) => Some(Direction::Both),
        (true, false) => Some(Direction::Inbound),
        (false, true) => Some(Direction::Outbound),
        (false, false) => match text.as_str() {
            "in" => Some(Direction::Inbound),
            "out" => Some(Direction::Outbound),
            "in/out" | "inout" => Some(Direction::Both),
            _ => None,
        },
    }
}

/// Whether a direction says no more than that only one end asks: `Unidirectional`, `one-way`.
pub(super) fn is_one_way(text: &str) -> bool {
    let letters: String = text
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphabetic())
        .collect();
    matches!(
        letters.as_str(),
        "unidirectional" | "oneway" | "onedirectional" | "onedirection" | "single" | "oneside"
    )
}

/// Reads whether something is required. `None` if the text does not say.
pub(super) fn required(text: &str) -> Option<bool> {
    let (outside, _) = unbracket(text);
    match fold(&outside).to_lowercase().trim_end_matches('.') {
        "yes" | "y" | "required" | "true" | "mandatory" | "compulsory" | "obligatory"
        | "necessary" | "needed" | "essential" | "always" | "x" | "\u{2713}" | "\u{2714}"
        | "\u{2705}" | "ja" | "oui" | "sí" | "si" | "sim" | "да" | "はい" | "是" | "예"
        | "obligatoire" | "obligatorio" | "obrigatório" | "erforderlich" | "必須" | "必需"
        | "필수" => Some(true),
        "no" | "n" | "optional" | "false" | "not required" | "not mandatory" | "not necessary"
        | "not needed" | "not compulsory" | "not obligatory" | "\u{2717}" | "\u{2718}"
        | "\u{274c}" | "nein" | "non" | "não" | "нет" | "いいえ" | "否" | "아니오"
        | "optionnel" | "facultatif" | "opcional" | "facultativo" | "任意" | "可选" | "선택" => {
            Some(false)
        }
        mark => symbol(mark),
    }
}

/// Whether a cell says in a word of its own, and not by a yes or a mark, how much is needed: `mandatory`, `Optional`.
pub(super) fn says_need(text: &str) -> bool {
    let lower = fold(text).to_lowercase();
    let begins = |stems: &[&str]| stems.iter().any(|stem| lower.starts_with(stem));
    let is_word = begins(&[
        "mandator",
        "optional",
        "require",
        "recommend",
        "compulsory",
        "obligat",
    ]) || matches!(
        lower.as_str(),
        "not required"
            | "not mandatory"
            | "not needed"
            | "not necessary"
            | "necessary"
            | "needed"
            | "essential"
    );
    is_word && lower.split(' ').count() <= 2
}

/// What a cell says that holds nothing but a symbol, by its sense if it has one: a bullet, a star or a plus marks what is meant, and a
/// cross, an empty circle or box what is not. `None` for dashes and the like, which only fill a cell.
fn symbol(mark: &str) -> Option<bool> {
    if let Some(name) = mark
        .strip_prefix(':')
        .and_then(|rest| rest.strip_suffix(':'))
    {
        let has = |word: &str| name.contains(word);
        let is_no = has("cross") || name == "x" || has("no_entry") || has("stop") || has("red");
        let is_yes = has("check") || name == "v" || has("green") || has("ok") || has("tick");
        return (is_yes != is_no).then_some(is_yes);
    }
    let mut symbols = mark
        .chars()
        .filter(|c| !matches!(c, '\u{fe0e}' | '\u{fe0f}'));
    let (first, None) = (symbols.next()?, symbols.next()) else {
        return None;
    };
    match first {
        '\u{d7}' | '\u{2715}' | '\u{2716}' | '\u{2610}' | '\u{25cb}' | '\u{25ef}' | '\u{26aa}'
        | '\u{25a1}' | '\u{1f6ab}' | '\u{26d4}' | '\u{1f534}' | '\u{26d2}' => Some(false),
        '+' | '\u{2022}' | '\u{25cf}' | '\u{25aa}' | '\u{25a0}' | '\u{25fc}' | '\u{25c6}'
        | '\u{2605}' | '\u{2611}' | '\u{2b24}' | '\u{221a}' | '\u{26ab}' | '\u{1f7e2}' => {
            Some(true)
        }
        _ => None,
    }
}

/// The sentences of a cell, with clauses by themselves that say when or whether: `Mail, required when mail is enabled`.
pub(super) fn statements(text: &str) -> Vec<&str> {
    let parts = |sentence| {
        let (first, clause) = with_clause(sentence);
        std::iter::once(first).chain(clause)
    };
    sentences(text).into_iter().flat_map(parts).collect()
}

/// Whether a sentence says of its ports that they are optional, and nothing else: `This port is optional.`, `Not mandatory`.
pub(super) fn says_optional(sentence: &str) -> bool {
    let lower = sentence.to_lowercase();
    let mut words = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .peekable();
    while words
        .next_if(|word| {
            matches!(
                *word,
                "this" | "the" | "these" | "it" | "they" | "port" | "ports" | "is" | "are"
            )
        })
        .is_some()
    {}
    let (first, second) = (words.next(), words.next());
    words.next().is_none()
        && matches!(
            (first, second),
            (Some("optional"), None)
                | (
                    Some("not"),
                    Some(
                        "mandatory"
                            | "required"
                            | "needed"
                            | "necessary"
                            | "compulsory"
                            | "obligatory"
                    )
                )
        )
}

/// Splits a clause off that says when or whether: `Sending mail, required when mail is enabled`, `Old console; must be blocked`.
pub(super) fn with_clause(sentence: &str) -> (&str, Option<&str>) {
    let lower = sentence.to_ascii_lowercase();
    let starts = [
        "required when",
        "required if",
        "required for",
        "only required",
        "only needed",
        "only if",
        "only when",
        "only used",
        "only with",
        "needed when",
        "needed if",
        "needed for",
        "needed only",
        "required only",
        "used only",
        "unless",
        "depending on",
        "used when",
        "used if",
        "optional",
        "must be blocked",
        "must not",
        "not required",
        "blocked",
        "localhost only",
        "local only",
        "loopback only",
    ];
    lower
        .match_indices([',', ';', '\u{2013}', '\u{2014}'])
        .find(|(at, mark)| {
            lower.get(at + mark.len()..).is_some_and(|rest| {
                starts
                    .iter()
                    .any(|start| rest.trim_start().starts_with(start))
            })
        })
        .and_then(|(at, mark)| {
            let rest = sentence.get(at + mark.len()..)?.trim();
            Some((sentence.get(..at)?.trim_end(), Some(rest)))
        })
        .unwrap_or((sentence, None))
}

/// A cell without its edition markers, such as `[enterprise type="inline" /]`, and the editions.
pub(super) fn without_editions(text: &str) -> (String, Option<String>) {
    let (mut kept, mut edition) = (String::new(), None);
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        let (before, tail) = rest.split_at(open);
        kept.push_str(before);
        let inside = tail.find(']').and_then(|close| tail.get(1..close));
        let word = inside
            .unwrap_or_default()
            .trim()
            .split([' ', '='])
            .next()
            .unwrap_or_default();
        match inside {
            Some(inside) if word.eq_ignore_ascii_case("enterprise") => {
                edition = Some(word.to_lowercase());
                rest = tail.get(inside.len() + 2..).unwrap_or_default();
            }
            Some(_) | None => {
                kept.push('[');
                rest = tail.get(1..).unwrap_or_default();
            }
        }
    }
    kept.push_str(rest);
    (fold(&kept), edition)
}

#[cfg(test)]
mod tests;
