//! Titles of tables that differ by nothing else: where some of them name machines, the others do by analogy.

use super::{adjective::is_adjective, is_caption, table_heading};
use crate::document::{
    accounting, application_protocol,
    block::{Block, Content},
    cell,
    column::{self, Column},
    columns::{Body, Columns},
    names::Names,
    profile::Profile,
    prose, section,
};

/// Adds the titles of tables of the same columns, one after another, whose rows leave it to the title whose ports they are.
pub(super) fn add(blocks: &[Block], profile: &Profile, names: &mut Names) {
    let mut run = Run::default();
    let mut title: Option<&str> = None;
    for block in blocks {
        match &block.content {
            Content::Heading { text, .. } | Content::Caption(text) => title = Some(text),
            Content::Text(text) if is_caption(text) => title = Some(text),
            // Below a title may stand a sentence on it.
            Content::Text(_) | Content::Title(_) => {}
            Content::Table(rows) if rows.too_many_columns().is_none() => {
                let title = title.take();
                let Some((head, n_headings)) = table_heading::heading(rows) else {
                    continue;
                };
                let body = Body::new(rows, n_headings);
                let columns = Columns::new(&head, &body, profile);
                let leaves_ends = columns.has_ports()
                    && !columns.has_an_end()
                    && !columns.has(Column::Role)
                    && !columns.has(Column::Peer);
                let words: Vec<String> =
                    head.cells.iter().map(|cell| column::words(cell)).collect();
                if !leaves_ends || words != run.head {
                    run.end(names);
                    run.head = words;
                }
                if leaves_ends {
                    run.titles.push(title.unwrap_or_default());
                }
            }
            Content::Table(_)
            | Content::Item { .. }
            | Content::Code { .. }
            | Content::Alternative(_)
            | Content::Condition(_)
            | Content::EndAlternative
            | Content::Unread { .. } => title = None,
        }
    }
    run.end(names);
}

/// Tables of the same columns, one after another.
#[derive(Default)]
struct Run<'a> {
    head: Vec<String>,
    titles: Vec<&'a str>,
}

impl Run<'_> {
    /// Takes over the titles if each of them is a name and nothing else, and enough of them name machines.
    fn end(&mut self, names: &mut Names) {
        let titles = std::mem::take(&mut self.titles);
        let titles: Vec<&str> = titles
            .iter()
            .map(|title| title.trim_end_matches(':'))
            .collect();
        let (known, others): (Vec<&str>, Vec<&str>) = titles
            .iter()
            .partition(|title| section::names_machines(title, names) && is_whole(title, names));
        let are_names = others.iter().all(|title| may_be_machine(title, names));
        if !known.is_empty() && are_names && others.len() <= MOST_PER_KNOWN * known.len() {
            for title in others {
                names.add(title);
            }
        }
    }
}

/// Where fewer titles name machines, the others may be of another kind.
const MOST_PER_KNOWN: usize = 2;

/// Whether a title is a name and nothing else.
fn is_whole(title: &str, names: &Names) -> bool {
    section::machines(title, names).as_deref() == Some(title)
}

/// Whether nothing speaks against that a title names machines or what runs on them: `Acme Store`, `{store-name}`; but not `Inbound`,
/// `HTTPS`, `Optional`, `Optional Ports` and `Monitoring`.
fn may_be_machine(title: &str, names: &Names) -> bool {
    let inner = title.trim_matches(['{', '}', '$', '|', '<', '>', '%', ' ']);
    let words = || inner.split([' ', '/']);
    let is_spoken = words().all(|word| {
        application_protocol::is_only_spoken(word) || cell::stated(&word.to_lowercase()).is_some()
    });
    let is_bare_name = inner
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | '/' | '&'));
    // `Services Catalog`: a word that says nothing by itself may begin a name, and ends none.
    let is_proper = || {
        words().all(|word| word.starts_with(char::is_uppercase))
            && words()
                .next_back()
                .is_some_and(|last| !section::is_stop_word(&last.to_lowercase()))
            && !words().any(accounting::speaks_of_ports)
    };
    is_bare_name
        && (is_whole(title, names) || is_proper())
        && prose::may_name_what_runs(inner)
        && !words().next().is_some_and(is_adjective)
        && cell::direction(inner).is_none()
        && !is_spoken
        && inner.contains(|c: char| c.is_uppercase() || matches!(c, '-' | '_'))
}
