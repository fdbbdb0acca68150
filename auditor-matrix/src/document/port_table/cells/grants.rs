//! Rows of grants: `ALLOW connections from tills to the Orders port`.

use std::sync::Arc;

use super::{Cells, PortTable};
use crate::document::{
    bracketed_condition::bracketed_condition,
    cell,
    end::{Basis, End},
    port_table::granted::{self, Grant},
    row::Row,
};

impl Cells {
    /// Takes what the row's words grant, where nothing else gives its ends; `false` if they grant nothing.
    pub(super) fn take_grants(&mut self, table: &PortTable<'_>) -> bool {
        let own = self.role.clone();
        let found = [&self.service, &self.notes]
            .into_iter()
            .flatten()
            .find_map(|text| granted::read(text, table.names));
        let Some(found) = found else { return false };
        // A port that nobody has is no port of the one who asks.
        if own.is_none() && found.grants.iter().any(|grant| grant.destination.is_none()) {
            return false;
        }
        let beside = cell::condition(&found.rest)
            .0
            .or_else(|| bracketed_condition(&found.rest));
        self.granted = found.grants;
        for grant in &mut self.granted {
            // One name for one machine.
            if let Some(own) = own.as_deref() {
                let ends = std::iter::once(&mut grant.source).chain(&mut grant.destination);
                for end in ends.filter(|end| end.eq_ignore_ascii_case(own)) {
                    own.clone_into(end);
                }
            }
            grant.condition = match (&beside, grant.condition.take()) {
                (Some(beside), Some(own)) => Some(format!("{beside}; {own}")),
                (beside, own) => own.or_else(|| beside.clone()),
            };
        }
        if let Some(first) = self.granted.first() {
            self.source = Some(End::new(first.source.as_str(), Basis::Purpose));
            self.destination = self.server_of(first);
        }
        self.direction = None;
        true
    }

    fn server_of(&self, grant: &Grant) -> Option<End> {
        match &grant.destination {
            Some(named) => Some(End::new(named.as_str(), Basis::Purpose)),
            None => self.role.clone(),
        }
    }

    /// A row for each grant; `first` is the row without them.
    pub(in crate::document::port_table) fn granted_rows(&self, first: &Row) -> Vec<Row> {
        let row_of = |grant: &Grant| {
            let mut row = first.clone();
            let fields = Arc::make_mut(&mut row.fields);
            fields.source = Some(End::new(grant.source.as_str(), Basis::Purpose));
            fields.destination = self.server_of(grant);
            fields.direction = None;
            if let Some(own) = &grant.condition {
                fields.condition = Some(match &fields.condition {
                    Some(whole) => format!("{whole}; {own}").into(),
                    None => own.as_str().into(),
                });
            }
            row
        };
        self.granted.iter().map(row_of).collect()
    }
}
