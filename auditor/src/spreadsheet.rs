//! What a spreadsheet makes of cells.

use crate::escape;

/// What a formula starts with, also in the widths of East Asian keyboards.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// The cell as text, in which what is hidden is shown: a spreadsheet takes one that starts so for a formula, and pages and host
/// names are foreign.
pub fn harmless(cell: &str) -> String {
    let shown = escape::line(cell);
    if shown.trim_start().starts_with(FORMULA) {
        format!("'{shown}")
    } else {
        shown.into_owned()
    }
}
