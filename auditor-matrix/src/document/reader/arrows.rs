//! Arrows above tables and lists, whose ends they are.

use super::Reader;
use crate::document::{
    arrow::Endpoints, arrow_lines, columns::Columns, context::Context, problem::Severity,
};

impl Reader<'_> {
    /// Takes arrows for the ends of what stands below them; `false` if there are none.
    pub(super) fn add_arrows(&mut self, pairs: Vec<Endpoints>) -> bool {
        if pairs.is_empty() {
            return false;
        }
        self.headings.add_arrows(pairs);
        self.update_context();
        true
    }

    /// Notes the ends of an item, which may be one of a list of arrows.
    pub(super) fn note_arrow(&mut self, text: &str) {
        let half = self.half_pair.take();
        let whole = || arrow_lines::labelled(&format!("{} {text}", half?), &self.names);
        let ends = arrow_lines::pair(text, &self.names).or_else(whole);
        match (ends, &mut self.arrows) {
            (Some(ends), Some(arrows)) => arrows.push(ends),
            _ if arrow_lines::is_half(text) => self.half_pair = Some(text.to_owned()),
            _ => self.arrows = None,
        }
    }

    /// Leaves arrows to the table or the list that was read below them.
    pub(super) fn take_arrows(&mut self) {
        if self.headings.take_arrows() {
            self.update_context();
        }
    }

    /// Ends a list, which may be one of arrows, or have taken those above it.
    pub(super) fn end_arrows(&mut self) {
        self.half_pair = None;
        match self.arrows.replace(Vec::new()) {
            Some(pairs) => {
                if self.add_arrows(pairs) {
                    self.caption = None;
                }
            }
            None => self.take_arrows(),
        }
    }

    /// Says where the ends of a table stand as arrows above its heading.
    pub(super) fn doubt_arrows(&mut self, line: usize, context: &Context, columns: &Columns) {
        let is_outer = self.headings.outer_arrows().is_some_and(|outer| {
            context.endpoints.as_ref().is_some_and(|ends| {
                ends.source == outer.source && ends.destination == outer.destination
            })
        });
        if is_outer && columns.has_ports() && !columns.has_an_end() {
            let message =
                "the ends of this table were taken from the arrows above its heading; check them";
            self.problem(line, Severity::Remark, "", message.to_owned());
        }
    }
}
