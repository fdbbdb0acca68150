//! Ports that are known as server ports: those that matrices document, and those on which this host listens.

use std::collections::BTreeMap;

use crate::{
    matrix::{Matrix, RulePorts},
    observed::Host,
    port::PortRange,
};

/// The ports that matrices document, by protocol number.
#[derive(Clone, Debug, Default)]
pub(crate) struct DocumentedPorts(BTreeMap<u8, Vec<PortRange>>);

impl DocumentedPorts {
    pub(crate) fn of(matrices: &[Matrix]) -> Self {
        let mut ports: BTreeMap<u8, Vec<PortRange>> = BTreeMap::new();
        for rule in matrices.iter().flat_map(|matrix| &matrix.rules) {
            let ranges = match &rule.ports {
                RulePorts::Set(set) => set.ranges(),
                RulePorts::Ephemeral | RulePorts::None => &[],
            };
            if let Some(protocol) = rule.transport.protocol()
                && !ranges.is_empty()
            {
                ports.entry(protocol).or_default().extend_from_slice(ranges);
            }
        }
        Self(ports)
    }

    /// Whether a matrix names this port of this protocol.
    pub(crate) fn contains(&self, protocol: u8, port: u16) -> bool {
        self.0
            .get(&protocol)
            .is_some_and(|ranges| ranges.iter().any(|range| range.contains(port)))
    }

    /// Every range, with its protocol.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u8, PortRange)> + '_ {
        self.0
            .iter()
            .flat_map(|(protocol, ranges)| ranges.iter().map(|range| (*protocol, *range)))
    }
}

/// Ports on which this host listens, with their protocol number.
pub(crate) fn listening(host: &Host) -> impl Iterator<Item = (u8, PortRange)> + '_ {
    host.listeners.iter().filter_map(|listener| {
        Some((
            listener.transport.protocol()?,
            PortRange::single(listener.port),
        ))
    })
}
