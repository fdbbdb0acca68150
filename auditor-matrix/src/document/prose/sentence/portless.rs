//! Sentences that name no port by its number: connections, prohibitions, and all ports of a machine.

use super::Reading;
use crate::document::{
    names::Names,
    prose::{
        all_ports::{self, AllPorts},
        connection, prohibition,
        statement::Statement,
    },
};

/// Reads a sentence that names no port by its number.
pub(super) fn portless(sentence: &str, names: &Names) -> Reading {
    match all_ports::read(sentence, names) {
        Some(AllPorts::Statement(statement)) => Reading {
            statements: vec![*statement],
            remarks: vec![ALL_PORTS.to_owned()],
            ..Reading::default()
        },
        Some(AllPorts::Unclear) => Reading {
            statements: without_ports(sentence),
            remarks: vec![UNCLEAR_ALL_PORTS.to_owned()],
            ..Reading::default()
        },
        None => Reading {
            statements: without_ports(sentence),
            ..Reading::default()
        },
    }
}

const ALL_PORTS: &str = "this asks for all ports, so its rule allows 1-65535; check it";
const UNCLEAR_ALL_PORTS: &str = "this speaks of all ports, and whose they are is not certain, so no rule was made of it; add one by hand if it asks for one";

fn without_ports(sentence: &str) -> Vec<Statement> {
    prohibition::prohibition(sentence)
        // "... must be able to reach the Core on these ports" introduces ports that stand elsewhere.
        .or_else(|| connection::connection(sentence).filter(|_| !names_ports(sentence)))
        .into_iter()
        .collect()
}

fn names_ports(sentence: &str) -> bool {
    let is_end = |word: &str| matches!(word, "on" | "over" | "using" | "via");
    sentence
        .split(|c: char| !c.is_alphanumeric())
        .any(|word| word.eq_ignore_ascii_case("ports"))
        || sentence
            .trim_end_matches([':', '.'])
            .rsplit(' ')
            .next()
            .is_some_and(is_end)
}
