//! Vendors' pages beside the rules that were made of them, as one page for browsers that loads nothing over the network.
//!
//! A vendor's page is foreign input: all of it goes through `mark::visible`, and the review's own policy lets no other script
//! run.

mod line;
mod mark;
mod row;
mod selection;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use crate::{
    document::{Document, Problem},
    matrix::{Matrix, Source, inferences},
};
use line::{Counts, Lines};
use mark::visible;
use row::Rows;

const STYLE: &str = include_str!("review/page.css");
const SCRIPT: &str = include_str!("review/page.js");

/// The lines that are shown at most, of all pages together.
const MOST_LINES: usize = 5000;
/// More pages than these are listed only when somebody wants to see them.
const FEW_PAGES: usize = 5;
/// The rules that no line of these pages gives are named up to this number.
const MOST_OTHERS: usize = 1000;

/// A page that was imported.
#[derive(Clone, Copy, Debug)]
pub struct Page<'a> {
    /// The name by which rows and problems cite it.
    pub file: &'a str,
    /// What was read from it.
    pub document: &'a Document,
    /// The page itself; `None` if it is no text, such as a spreadsheet.
    pub text: Option<&'a str>,
    pub source: &'a Source,
}

/// What an import has made of pages.
#[derive(Clone, Copy, Debug)]
pub struct Review<'a> {
    pub pages: &'a [Page<'a>],
    pub matrix: &'a Matrix,
    /// What was found wrong as rules were made of the rows.
    pub problems: &'a [Problem],
}

/// Renders the review.
///
/// # Errors
///
/// Never in practice: writing to a string does not fail.
pub fn render(review: &Review<'_>) -> Result<String, fmt::Error> {
    render_up_to(MOST_LINES, review)
}

fn render_up_to(most_lines: usize, review: &Review<'_>) -> Result<String, fmt::Error> {
    let documents: Vec<&Document> = review.pages.iter().map(|page| page.document).collect();
    let inferred = inferences(review.matrix, &documents);
    let lines = Lines::new(review, &inferred);
    let rows = Rows {
        review,
        lines: &lines,
        inferred: &inferred,
    };
    let mut out = String::new();
    head(review, &mut out)?;
    top(review, lines.counts, &mut out)?;
    let mut told = BTreeSet::new();
    let mut left = most_lines;
    for (index, page) in review.pages.iter().enumerate() {
        left -= section(&rows, (index, page), left, &mut told, &mut out)?;
    }
    elsewhere(&rows, &mut out)?;
    writeln!(
        out,
        "</main>\n<footer>auditor {}. {FOOTER}</footer>",
        env!("CARGO_PKG_VERSION")
    )?;
    writeln!(out, "<script>{SCRIPT}</script>\n</body>\n</html>")?;
    Ok(out)
}

/// Whether a text is a review that was written earlier.
pub fn is_one(text: &str) -> bool {
    text.starts_with("<!doctype html>")
        && ["<title>Review of ", FOOTER]
            .iter()
            .all(|part| text.contains(part))
}

/// What its footer says.
const FOOTER: &str = "This file loads nothing and sends nothing.";

fn head(review: &Review<'_>, out: &mut String) -> fmt::Result {
    let digest = STANDARD.encode(Sha256::digest(SCRIPT));
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; \
         script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'\">\n\
         <title>Review of {}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>",
        visible(&review.matrix.name)
    )
}

/// What was read, and a count of everything.
fn top(review: &Review<'_>, counts: Counts, out: &mut String) -> fmt::Result {
    let n_pages = review.pages.len();
    writeln!(
        out,
        "<header>\n<h1>Review of {}</h1>",
        visible(&review.matrix.name)
    )?;
    // Where there are many, they are in the way.
    if FEW_PAGES < n_pages {
        writeln!(out, "<details><summary>{n_pages} pages</summary>")?;
    }
    writeln!(out, "<ul class=\"sources\">")?;
    for (index, page) in review.pages.iter().enumerate() {
        let fetched = page
            .source
            .fetched
            .map_or_else(String::new, |time| format!(", fetched {time:.0}"));
        writeln!(
            out,
            "<li><a href=\"#p{index}\">{}</a>{fetched}</li>",
            visible(&page.source.address.to_string())
        )?;
    }
    out.push_str("</ul>\n");
    if FEW_PAGES < n_pages {
        out.push_str("</details>\n");
    }
    out.push_str("<ul class=\"counts\">\n");
    for (class, count, one, several) in [
        ("rule", counts.rules, "rule", "rules"),
        (
            "inferred",
            counts.inferred,
            "of them rests on an inference",
            "of them rest on an inference",
        ),
        ("lost", counts.lost, "not understood", "not understood"),
        ("note", counts.remarks, "note", "notes"),
        (
            "none",
            counts.no_ports,
            "number that is no port",
            "numbers that are no ports",
        ),
    ] {
        let words = if count == 1 { one } else { several };
        writeln!(out, "<li class=\"{class}\"><b>{count}</b> {words}</li>")?;
    }
    let lines = if counts.look == 1 { "line" } else { "lines" };
    writeln!(
        out,
        "</ul>\n</header>\n<main>\n<p class=\"filter\"><label><input type=\"checkbox\" id=\"look\"> Only what needs a look: {} {lines}</label></p>",
        counts.look
    )
}

/// A page with what became of each line; returns how many lines are shown.
fn section(
    rows: &Rows<'_>,
    (index, page): (usize, &Page<'_>),
    most: usize,
    told: &mut BTreeSet<usize>,
    out: &mut String,
) -> Result<usize, fmt::Error> {
    writeln!(
        out,
        "<section id=\"p{index}\">\n<h2>{}</h2>\n<p class=\"heads\" aria-hidden=\"true\"><span></span><span>The page</span><span>What it became</span></p>",
        visible(page.file)
    )?;
    let none = BTreeMap::new();
    let lines = rows.lines.by_place.get(index).unwrap_or(&none);
    let last = lines.keys().next_back().copied().unwrap_or_default();
    let n_lines = page
        .text
        .map_or(last, |text| text.lines().count().max(last));
    let shown = selection::selection(most, n_lines, lines);
    if shown.len() < n_lines {
        let is_hidden = |number: &&usize| !shown.contains(number);
        let n_hidden = lines.keys().filter(is_hidden).count();
        writeln!(
            out,
            "<p class=\"limit\">{} of the page's {n_lines} lines are shown: those that need a look, and what stands around them. \
             Of {n_hidden} lines that are not shown something became as well.</p>",
            shown.len()
        )?;
    }
    writeln!(out, "<ol class=\"lines\">")?;
    let mut texts = page.text.unwrap_or_default().lines();
    let mut before = 0;
    for number in &shown {
        // Lines are taken one after the other, so each is looked for once.
        let skipped = number - before - 1;
        if 0 < skipped {
            writeln!(out, "<li class=\"gap\">{skipped} lines are not shown</li>")?;
        }
        let text = page.text.map(|_| texts.nth(skipped).unwrap_or_default());
        rows.line((index, *number), lines.get(number), text, told, out)?;
        before = *number;
    }
    if before < n_lines {
        writeln!(
            out,
            "<li class=\"gap\">{} lines are not shown</li>",
            n_lines - before
        )?;
    }
    writeln!(out, "</ol>\n</section>")?;
    Ok(shown.len())
}

/// What is about no line of these pages: rules of one's own, and problems of nothing in particular.
fn elsewhere(rows: &Rows<'_>, out: &mut String) -> fmt::Result {
    let is_own = |index: usize| rows.lines.places.get(index).is_none_or(Vec::is_empty);
    let own = || {
        let rules = rows.review.matrix.rules.iter().enumerate();
        rules.filter(|(index, _)| is_own(*index))
    };
    let n_own = own().count();
    if n_own == 0 && rows.lines.elsewhere.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<section class=\"elsewhere\">\n<h2>On no line of these pages</h2>\n<ul class=\"read\">"
    )?;
    for problem in &rows.lines.elsewhere {
        row::problem(problem, out)?;
    }
    for (index, rule) in own().take(MOST_OTHERS) {
        rows.rule(index, rule, out)?;
    }
    if MOST_OTHERS < n_own {
        writeln!(out, "<li>and {} rules more</li>", n_own - MOST_OTHERS)?;
    }
    writeln!(out, "</ul>\n</section>")
}

#[cfg(test)]
mod tests;
