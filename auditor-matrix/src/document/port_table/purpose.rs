//! Weighs the ends that the words on a row's purpose name against what its section is about.

use super::PortTable;
use crate::document::{endpoints::Endpoints, section::is_machine};

/// The ends that a purpose names, with the section's machine as the server where the words do not say who asks: `between worker
/// and core` below `Core`. `None` if they are parts of a phrase rather than machines: the section says whose ports these are.
pub(super) fn fitted(
    mut ends: Endpoints,
    purpose: &str,
    table: &PortTable<'_>,
) -> Option<Endpoints> {
    ends.source = without_place(&ends.source);
    ends.destination = without_place(&ends.destination);
    let context = table.context;
    let Some(own) = context.role.as_deref().or(context.subject.as_deref()) else {
        return Some(ends);
    };
    let is_own = |name: &str| kind(name) == kind(own);
    let (asks, is_asked) = (is_own(&ends.source), is_own(&ends.destination));
    let is_known = table.names.contains(&ends.source) || table.names.contains(&ends.destination);
    let is_between = purpose
        .split(' ')
        .any(|word| word.eq_ignore_ascii_case("between"));
    if is_between && ends.source != ends.destination {
        if asks && !is_asked {
            std::mem::swap(&mut ends.source, &mut ends.destination);
        }
        if asks != is_asked {
            // The row lists a port of the section's machine, which a single word names no better than the heading.
            ends.is_mutual = false;
            if !ends.destination.contains(' ') {
                own.clone_into(&mut ends.destination);
            }
        }
        return (asks || is_asked || is_known).then_some(ends);
    }
    let are_machines = ends.source != ends.destination
        && is_machine(&kind(&ends.source))
        && is_machine(&kind(&ends.destination));
    (is_known || asks || is_asked || are_machines).then_some(ends)
}

/// The last word of a name, which says what kind of machine it is, in lower case and without its plural.
fn kind(name: &str) -> String {
    let last = name.rsplit(' ').next().unwrap_or_default().to_lowercase();
    last.strip_suffix('s').map_or(last.clone(), str::to_owned)
}

/// A name without where or when its machine is meant: `peers in a pipeline`.
fn without_place(name: &str) -> String {
    [" in a ", " in the ", " in an ", " during ", " when "]
        .iter()
        .filter_map(|word| name.find(word))
        .min()
        .and_then(|at| name.get(..at))
        .unwrap_or(name)
        .to_owned()
}
