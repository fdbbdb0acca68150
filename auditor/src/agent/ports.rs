//! Ports that are known as server ports: those that matrices document, and those on which this host listens.

use std::collections::BTreeMap;

use auditor_common::port::protocol;

use crate::{
    matrix::{Matrix, RulePorts},
    observed::Host,
    port::PortRange,
};

/// The ports that matrices document, by protocol number.
#[derive(Clone, Debug, Default)]
pub(crate) struct DocumentedPorts(BTreeMap<u8, Vec<PortRange>>);

/// A range of this many ports or more names no port of its own.
const WIDE: u16 = 32;

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

    /// Whether a matrix names this port of this protocol, and not merely within a wide range: such a range says where a
    /// service may be, and clients take their ports from it too.
    pub(crate) fn names(&self, protocol: u8, port: u16) -> bool {
        let is_narrow = |range: &PortRange| range.last() - range.first() < WIDE;
        self.0.get(&protocol).is_some_and(|ranges| {
            ranges
                .iter()
                .any(|range| range.contains(port) && is_narrow(range))
        })
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

/// Ports of other hosts to which connections of this host are open that it opened, with their protocol number.
pub(crate) fn opened(host: &Host) -> impl Iterator<Item = (u8, PortRange)> + '_ {
    let opened = host.connections.iter().filter(|one| host.opened(one));
    opened.map(|connection| (protocol::TCP, PortRange::single(connection.remote.1)))
}
