//! The transports of a row: what its cells and headings state, or an application protocol implies.

use std::collections::BTreeSet;

use super::{Cells, PortTable};
use crate::{
    document::{
        application_protocol::usual_transport, cell, ports, problem::Severity, row::Document,
        table_rows::TableRow, text::unbracket,
    },
    transport::Transport,
};

impl PortTable<'_> {
    /// The row's transports, from its cells, the headings or an application protocol, and whether they were inferred.
    pub(super) fn transport(
        &self,
        row: &TableRow,
        (cells, service): (&Cells, Option<&str>),
        protocol: Option<&str>,
        ports: &ports::Ports,
        document: &mut Document,
    ) -> (Vec<Transport>, bool) {
        let named = protocol.and_then(cell::transports);
        if let (Some(text), None) = (protocol, &named) {
            let message = "this protocol is not known, so TCP was taken for it; check it";
            self.problem(document, row, Severity::Remark, text, message);
        }
        if let (Some(text), Some(_)) = (protocol, &named) {
            for word in cell::unknown_protocols(text) {
                let message =
                    format!("`{word}` is not known as a protocol, so the rule is without it");
                self.problem(document, row, Severity::Lost, text, &message);
            }
        }
        let marked = self.columns.marked_transports(row);
        if !marked.is_empty() {
            return (marked, false);
        }
        if let Some(named) = named.as_ref().filter(|named| !named.inferred) {
            return (named.transports.clone(), false);
        }
        if !ports.transports.is_empty() {
            let transports: BTreeSet<Transport> = ports.transports.iter().copied().collect();
            return (transports.into_iter().collect(), false);
        }
        if let Some(transport) = self.context.transport {
            return (vec![transport], false);
        }
        let texts = || {
            [
                cells.application.as_deref(),
                service,
                cells.notes.as_deref(),
            ]
            .into_iter()
            .flatten()
        };
        // "HTTP: the API (TCP only)": the brackets state the transport, so it need not be inferred from "HTTP".
        let bracketed = texts()
            .filter(|text| !denies_transport(text))
            .filter_map(|text| cell::transports(&unbracket(text).1.join(" ")))
            .find(|named| !named.inferred);
        if let Some(stated) = bracketed {
            return (stated.transports, false);
        }
        // `ICE/UDP`: the name of the service ends with the transport.
        let slashed = service
            .and_then(|service| service.rsplit_once('/'))
            .and_then(|(_, behind)| behind.split(' ').next())
            .and_then(|word| cell::stated(&word.to_lowercase()));
        if let (Some(transport), None) = (slashed, &named) {
            return (vec![transport], false);
        }
        let inferred = named
            .or_else(|| cell::transports(&ports.protocols.join(" ")))
            .map(|named| named.transports)
            .or_else(|| texts().find_map(spoken_transports))
            .or_else(|| {
                let implied = texts().find_map(cell::implied_transports);
                implied.map(|named| named.transports)
            });
        let usual = || vec![usual_transport(&ports.groups)];
        (inferred.unwrap_or_else(usual), true)
    }
}

/// The transports that the words on what a port is for say: `Discovery over UDP`, `UDP discovery, TCP data`. `UDP to TCP relay`
/// may listen for either, and what there is none of says nothing. `Uses UDP as well` says so of another beside the usual one.
pub(super) fn spoken_transports(text: &str) -> Option<Vec<Transport>> {
    let lower = text.to_lowercase();
    let words = words(&lower);
    let stated: Vec<Option<Transport>> = words.iter().map(|word| cell::stated(word)).collect();
    let is_relay = stated
        .windows(3)
        .zip(words.iter().skip(1))
        .any(|(three, between)| matches!(three, [Some(_), None, Some(_)]) && *between == "to");
    let mut spoken: BTreeSet<Transport> = stated.into_iter().flatten().collect();
    let is_further = words.windows(2).any(|two| two == ["as", "well"])
        || words
            .iter()
            .any(|word| matches!(*word, "also" | "additionally" | "too"));
    if is_further && (spoken.contains(&Transport::Udp) || spoken.contains(&Transport::Sctp)) {
        spoken.insert(Transport::Tcp);
    }
    (!spoken.is_empty() && !is_relay && !denies_transport(text))
        .then(|| spoken.into_iter().collect())
}

/// Whether a text says of a transport that there is none of it: `no UDP`, `not over UDP`.
fn denies_transport(text: &str) -> bool {
    let lower = text.to_lowercase();
    let words = words(&lower);
    words.iter().enumerate().any(|(at, word)| {
        let before = words.get(at.saturating_sub(2)..at).unwrap_or_default();
        cell::stated(word).is_some()
            && before.iter().any(|word| {
                matches!(
                    *word,
                    "no" | "not" | "non" | "without" | "instead" | "rather" | "never"
                )
            })
    })
}

fn words(lower: &str) -> Vec<&str> {
    lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::spoken_transports;
    use crate::transport::Transport::{self, Tcp, Udp};

    #[test]
    fn transports_in_what_a_port_is_for() {
        let check = |text: &str, expected: Option<&[Transport]>| {
            assert_eq!(spoken_transports(text).as_deref(), expected, "{text}");
        };
        check("UDP for the bridge", Some(&[Udp]));
        check("TCP: the bridge", Some(&[Tcp]));
        check("Bridge over UDP", Some(&[Udp]));
        check("UDP discovery, TCP data", Some(&[Tcp, Udp]));
        check("UDP to TCP relay", None);
        check("Not for UDP", None);
        check("TCP (no UDP)", None);
        check("Uses UDP as well", Some(&[Tcp, Udp]));
        check("The bridge", None);
        check("", None);
    }
}
