//! What a spreadsheet makes of cells.

/// The cell as text: a spreadsheet takes one that starts so for a formula, and pages and host names are foreign.
pub fn harmless(cell: String) -> String {
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{cell}")
    } else {
        cell
    }
}
