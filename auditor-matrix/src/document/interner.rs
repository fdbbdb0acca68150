//! What the rows of a page have in common, held once.

use std::{collections::HashSet, hash::Hash, sync::Arc};

use super::row::{Facts, PortGroup, Row};
use crate::transport::Transport;

/// What the rows of a page share: a large table names few machines and says the same of many.
#[derive(Default)]
pub(super) struct Shared {
    texts: HashSet<Arc<str>>,
    ports: HashSet<Arc<[PortGroup]>>,
    transports: HashSet<Arc<[Transport]>>,
    facts: HashSet<Arc<Facts>>,
    words: HashSet<Arc<str>>,
}

/// Where more different words were seen than this, most stand in one row only, and to know them all costs more than it
/// saves.
const MOST_WORDS: usize = 1 << 16;

impl Shared {
    pub(super) fn share(&mut self, row: &mut Row) {
        if let Some(known) = self.words.get(&row.words.0) {
            row.words.0 = Arc::clone(known);
        } else if self.words.len() < MOST_WORDS {
            self.words.insert(Arc::clone(&row.words.0));
        }
        if let Some(known) = self.facts.get(&row.facts) {
            row.facts = Arc::clone(known);
            return;
        }
        let facts = Arc::make_mut(&mut row.facts);
        let texts = [
            &mut facts.section,
            &mut facts.role,
            &mut facts.protocol,
            &mut facts.source,
            &mut facts.destination,
        ];
        for text in texts
            .into_iter()
            .flatten()
            .chain(std::iter::once(&mut facts.file))
        {
            share(&mut self.texts, text);
        }
        share(&mut self.ports, &mut facts.ports);
        share(&mut self.transports, &mut facts.transport);
        self.facts.insert(Arc::clone(&row.facts));
    }
}

fn share<T: Eq + Hash + ?Sized>(known: &mut HashSet<Arc<T>>, one: &mut Arc<T>) {
    match known.get(one) {
        Some(same) => *one = Arc::clone(same),
        None => {
            known.insert(Arc::clone(one));
        }
    }
}
