//! Interns the values that rows of a page share, so that each is in memory once.

use std::{collections::HashSet, hash::Hash, sync::Arc};

use super::row::{PortGroup, Row, RowFields};
use crate::transport::Transport;

/// The distinct values of the rows so far: a large table names few machines, and many of its rows have equal fields.
#[derive(Default)]
pub(super) struct Interner {
    texts: HashSet<Arc<str>>,
    ports: HashSet<Arc<[PortGroup]>>,
    transports: HashSet<Arc<[Transport]>>,
    row_fields: HashSet<Arc<RowFields>>,
    row_texts: HashSet<Arc<str>>,
}

/// With more distinct texts than this, most belong to one row only, and interning the rest would cost more than it saves.
const MOST_ROW_TEXTS: usize = 1 << 16;

impl Interner {
    pub(super) fn intern(&mut self, row: &mut Row) {
        if let Some(known) = self.row_texts.get(&row.text.0) {
            row.text.0 = Arc::clone(known);
        } else if self.row_texts.len() < MOST_ROW_TEXTS {
            self.row_texts.insert(Arc::clone(&row.text.0));
        }
        if let Some(known) = self.row_fields.get(&row.fields) {
            row.fields = Arc::clone(known);
            return;
        }
        let fields = Arc::make_mut(&mut row.fields);
        let texts = [&mut fields.section, &mut fields.protocol];
        let ends = [
            &mut fields.role,
            &mut fields.source,
            &mut fields.destination,
        ];
        for text in texts
            .into_iter()
            .flatten()
            .chain(ends.into_iter().flatten().map(|end| &mut end.name))
            .chain(std::iter::once(&mut fields.file))
        {
            intern(&mut self.texts, text);
        }
        intern(&mut self.ports, &mut fields.ports);
        intern(&mut self.transports, &mut fields.transport);
        self.row_fields.insert(Arc::clone(&row.fields));
    }
}

fn intern<T: Eq + Hash + ?Sized>(known: &mut HashSet<Arc<T>>, one: &mut Arc<T>) {
    match known.get(one) {
        Some(same) => *one = Arc::clone(same),
        None => {
            known.insert(Arc::clone(one));
        }
    }
}
