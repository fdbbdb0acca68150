//! Names in a list of ends that a bracket tells apart from the others: `Core, Relay (optional)`.

use super::{Cells, is_optional};
use crate::document::{bracketed_condition::bracketed_condition, end::End, text::unbracket};

/// An end of which a row says more than of the others in its cell.
pub(in crate::document::port_table) struct Apart {
    pub(in crate::document::port_table) is_source: bool,
    pub(in crate::document::port_table) end: End,
    pub(in crate::document::port_table) is_optional: bool,
    pub(in crate::document::port_table) condition: Option<String>,
}

impl Cells {
    /// Takes those names out of their cells of whom a bracket behind them says something that it does not say of the others.
    pub(super) fn take_apart(&mut self) {
        for is_source in [true, false] {
            let end = if is_source {
                &mut self.source
            } else {
                &mut self.destination
            };
            let Some(whole) = end else { continue };
            let (apart, rest): (Vec<&str>, Vec<&str>) =
                listed(whole).into_iter().partition(|name| says_more(name));
            if apart.is_empty() || rest.is_empty() {
                continue;
            }
            let basis = whole.basis;
            self.apart.extend(apart.iter().map(|name| {
                let (outside, brackets) = unbracket(name);
                Apart {
                    is_source,
                    end: End::new(outside.trim(), basis),
                    is_optional: brackets.iter().any(|part| is_optional(part)),
                    condition: bracketed_condition(name),
                }
            }));
            *end = Some(End::new(rest.join(", "), basis));
        }
    }
}

/// The names of a list; a comma in a bracket parts none.
fn listed(text: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    text.split(|c: char| {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, ',' | ';' | '\n')
    })
    .map(str::trim)
    .filter(|name| !name.is_empty())
    .collect()
}

fn says_more(name: &str) -> bool {
    let (_, brackets) = unbracket(name);
    brackets.iter().any(|part| is_optional(part)) || bracketed_condition(name).is_some()
}
