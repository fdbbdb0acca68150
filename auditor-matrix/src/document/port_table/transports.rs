//! The transports of a row: what its cells and headings state, or an application protocol implies.

use std::collections::BTreeSet;

use super::{Cells, PortTable};
use crate::{
    document::{
        cell, ports, problem::Severity, row::Document, table_rows::TableRow, text::unbracket,
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
            .or_else(|| service.and_then(leading_transport).map(|first| vec![first]))
            .or_else(|| {
                let implied = texts().find_map(cell::implied_transports);
                implied.map(|named| named.transports)
            });
        (inferred.unwrap_or_else(|| vec![Transport::Tcp]), true)
    }
}

/// The transport that is the first word of what a port is for, and its only one: `UDP for the bridge`, but not `UDP to TCP relay`.
fn leading_transport(service: &str) -> Option<Transport> {
    let mut words = service.split(|c: char| !c.is_alphanumeric());
    let stated = |word: &str| cell::stated(&word.to_lowercase());
    let first = words.next().and_then(stated)?;
    words.all(|word| stated(word).is_none()).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::leading_transport;
    use crate::transport::Transport;

    #[test]
    fn what_a_port_is_for_begins_with_its_transport() {
        let check = |service: &str, expected: Option<Transport>| {
            assert_eq!(leading_transport(service), expected, "{service}");
        };
        check("UDP for the bridge", Some(Transport::Udp));
        check("TCP: the bridge", Some(Transport::Tcp));
        check("UDP to TCP relay", None);
        check("Bridge over UDP", None);
        check("", None);
    }
}
