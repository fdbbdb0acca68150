//! Rows as a table of the page, which its script sorts and filters.

use std::fmt::{self, Write as _};

use serde_json::{Value, json};

use super::told::told;
use crate::escape::{data, text};

/// A table whose rows the page's script shows, sorts and filters; the first rows are in the page even without the script.
pub(super) fn table(
    id: &str,
    title: &str,
    heads: &[(&str, &str)],
    rows: &[Value],
    out: &mut String,
) -> fmt::Result {
    let (heads, rows) = filled(heads, rows);
    writeln!(
        out,
        "<section id=\"{id}\" class=\"table\">\n<h2>{title}</h2>\n<div class=\"controls\" hidden>\
         <label>Search<input type=\"search\" autocomplete=\"off\"></label>\
         <label>Severity<select><option value=\"\">all</option><option>violation</option><option>warning</option><option>note</option><option>fine</option></select></label>\
         <output aria-live=\"polite\"></output></div>\n\
         <div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{title}\"><table><thead><tr>"
    )?;
    for (name, kind) in &heads {
        write!(
            out,
            "<th scope=\"col\" data-kind=\"{kind}\"><button type=\"button\">{name}</button></th>"
        )?;
    }
    writeln!(out, "</tr></thead><tbody>")?;
    for row in rows.iter().take(MOST_WITHOUT_SCRIPT) {
        out.push_str("<tr>");
        let cells = row[2].as_array().map(Vec::as_slice).unwrap_or_default();
        for ((cell, (name, kind)), at) in cells.iter().zip(&heads).zip(0..) {
            let said = said(cell);
            if at == 0 {
                let severity = row[0].as_str().unwrap_or_default();
                let said = text(said);
                write!(out, "<td><span class=\"tag {severity}\">{said}</span></td>")?;
            } else {
                let said = told(said);
                write!(out, "<td class=\"{kind}\" data-name=\"{name}\">{said}</td>")?;
            }
        }
        out.push_str("</tr>\n");
    }
    writeln!(
        out,
        "</tbody></table></div>\n<button type=\"button\" class=\"more\" hidden>Show more</button>\n\
         <script type=\"application/json\">{}</script>\n</section>",
        data(&json!(rows))
    )
}

/// The columns in which any row says something, and the rows without the others.
fn filled<'a>(
    heads: &[(&'a str, &'a str)],
    rows: &[Value],
) -> (Vec<(&'a str, &'a str)>, Vec<Value>) {
    let cells = |row: &Value| row[2].as_array().cloned().unwrap_or_default();
    let mut is_filled = vec![false; heads.len()];
    for row in rows {
        for (filled, cell) in is_filled.iter_mut().zip(cells(row)) {
            *filled |= !said(&cell).is_empty();
        }
    }
    // Of no row nothing is known.
    let is_wanted = |filled: &bool| *filled || rows.is_empty();
    let heads = heads.iter().zip(&is_filled);
    let heads = heads.filter(|(_, filled)| is_wanted(filled));
    let without = |row: &Value| {
        let kept = cells(row).into_iter().zip(&is_filled);
        let kept = kept.filter(|(_, filled)| is_wanted(filled));
        let kept: Vec<Value> = kept.map(|(cell, _)| cell).collect();
        json!([row[0], row[1], kept])
    };
    (
        heads.map(|(head, _)| *head).collect(),
        rows.iter().map(without).collect(),
    )
}

/// The text of a cell.
fn said(cell: &Value) -> &str {
    cell.as_str()
        .or_else(|| cell[0].as_str())
        .unwrap_or_default()
}

/// As many rows as the script shows at first.
const MOST_WITHOUT_SCRIPT: usize = 200;
