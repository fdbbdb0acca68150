//! What became of each line of the pages.

use std::collections::BTreeMap;

use super::Review;
use crate::{
    document::{NoPort, Problem, Severity},
    matrix::{Inference, origin_lines},
};

/// What became of one line.
#[derive(Debug, Default)]
pub(super) struct Line<'a> {
    /// The rules that it gives, as positions in the matrix.
    pub(super) rules: Vec<usize>,
    pub(super) problems: Vec<&'a Problem>,
    pub(super) no_ports: Vec<&'a NoPort>,
    /// A person must look at it: it was not understood in full, or a rule of it rests on an inference.
    pub(super) needs_look: bool,
}

/// A line of a page: the page's position and the line's number.
pub(super) type Place = (usize, usize);

/// What became of all lines.
#[derive(Debug)]
pub(super) struct Lines<'a> {
    /// By page and number; only lines of which something became.
    pub(super) by_place: Vec<BTreeMap<usize, Line<'a>>>,
    /// The lines that give each rule, in order.
    pub(super) places: Vec<Vec<Place>>,
    /// What is about no line of these pages.
    pub(super) elsewhere: Vec<&'a Problem>,
    pub(super) counts: Counts,
}

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Counts {
    pub(super) rules: usize,
    pub(super) inferred: usize,
    pub(super) lost: usize,
    pub(super) remarks: usize,
    pub(super) no_ports: usize,
    pub(super) look: usize,
}

impl<'a> Lines<'a> {
    pub(super) fn new(review: &Review<'a>, inferred: &[Vec<Inference>]) -> Self {
        let mut lines = Self {
            by_place: review.pages.iter().map(|_| BTreeMap::new()).collect(),
            places: Vec::new(),
            elsewhere: Vec::new(),
            counts: Counts::default(),
        };
        for (rule, inferences) in review.matrix.rules.iter().zip(inferred) {
            let index = lines.places.len();
            lines.counts.rules += 1;
            lines.counts.inferred += usize::from(!inferences.is_empty());
            let origin = rule.origin.as_deref().unwrap_or_default();
            let mut places: Vec<Place> = Vec::new();
            for (page, read) in review.pages.iter().enumerate() {
                let numbers = origin_lines(origin, read.file).filter(|number| 0 < *number);
                places.extend(numbers.map(|number| (page, number)));
            }
            places.sort_unstable();
            places.dedup();
            for place in &places {
                let line = lines.line(*place);
                if let Some(line) = line {
                    line.rules.push(index);
                    line.needs_look |= !inferences.is_empty();
                }
            }
            lines.places.push(places);
        }
        for (page, read) in review.pages.iter().enumerate() {
            for problem in &read.document.problems {
                lines.problem(Some(page), problem);
            }
            for no_port in &read.document.no_ports {
                lines.counts.no_ports += 1;
                if let Some(line) = lines.line((page, no_port.line)) {
                    line.no_ports.push(no_port);
                }
            }
        }
        for problem in review.problems {
            let page = review
                .pages
                .iter()
                .position(|page| page.file == &*problem.file);
            lines.problem(page, problem);
        }
        let all = lines.by_place.iter().flat_map(BTreeMap::values);
        lines.counts.look = all.filter(|line| line.needs_look).count();
        lines
    }

    /// `None` if there is no such line: they are counted from 1.
    fn line(&mut self, (page, number): Place) -> Option<&mut Line<'a>> {
        if number == 0 {
            return None;
        }
        let lines = self.by_place.get_mut(page)?;
        Some(lines.entry(number).or_default())
    }

    fn problem(&mut self, page: Option<usize>, problem: &'a Problem) {
        match problem.severity {
            Severity::Lost => self.counts.lost += 1,
            Severity::Remark => self.counts.remarks += 1,
        }
        match page.and_then(|page| self.line((page, problem.line))) {
            Some(line) => {
                line.problems.push(problem);
                line.needs_look = true;
            }
            None => self.elsewhere.push(problem),
        }
    }
}
