//! What is said of a sentence that is not understood as a whole.

use crate::{document::prose::port_phrase::PortPhrase, port::PortRange};

/// Says which numbers were taken for ports in a sentence that is not understood as a whole.
pub(super) fn taken_for_ports(taken: &[PortRange]) -> Option<String> {
    let numbers: Vec<String> = taken.iter().map(ToString::to_string).collect();
    (!numbers.is_empty()).then(|| {
        format!(
            "not all around {} is understood, which was taken for a port by what stands beside it; check its rule",
            numbers.join(", ")
        )
    })
}

/// Says that a denial was not taken for one of these ports.
pub(super) fn denied_elsewhere(phrase: &PortPhrase) -> String {
    let numbers: Vec<String> = phrase
        .ports
        .iter()
        .flat_map(|group| &group.ranges)
        .map(ToString::to_string)
        .collect();
    format!(
        "something is denied here, and was not taken for a denial of {}; check its rule",
        numbers.join(", ")
    )
}
