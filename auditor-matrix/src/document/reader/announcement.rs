//! What a paragraph says of a table that does not follow at once.

use crate::document::{accounting, prose::speaks_of_rows};

/// The paragraph before this one, if it announces ports and this one only remarks something: `The following ports must be open on both
/// nodes.` goes on to the table.
pub(super) fn kept(before: Option<String>, text: &str) -> Option<String> {
    before
        .filter(|before| before.to_lowercase().contains("following port"))
        .filter(|_| !accounting::speaks_of_ports(text) && !speaks_of_rows(text))
}
