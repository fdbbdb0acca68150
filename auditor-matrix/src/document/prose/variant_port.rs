//! Ports that another kind of installation has, in a bracket behind the usual one: `8000 (8001 for packages)`.

use super::statement::Statement;
use crate::{document::row::PortGroup, port::PortRange};

/// The text without such a bracket, the port in it, and for what it is.
pub(super) fn cut(text: &str) -> Option<(String, u16, &str)> {
    let (before, rest) = text.split_once(" (")?;
    let (inside, behind) = rest.split_once(')')?;
    let (number, purpose) = inside.split_once(" for ")?;
    let port = number.trim().parse().ok().filter(|port| 0 < *port)?;
    let is_port_before = before.ends_with(|c: char| c.is_ascii_digit());
    let is_plain = !purpose.contains(|c: char| c.is_ascii_digit()) && !behind.contains('(');
    (is_port_before && is_plain).then(|| (format!("{before}{behind}"), port, purpose.trim()))
}

/// What the item says of that port: what it says of the only other one, under its condition.
pub(super) fn statement(usual: &[Statement], port: u16, purpose: &str) -> Option<Statement> {
    let [usual] = usual else {
        return None;
    };
    Some(Statement {
        ports: vec![PortGroup {
            ranges: vec![PortRange::single(port)],
            alternatives: false,
        }],
        condition: Some(format!("for {purpose}")),
        ..usual.clone()
    })
}
