//! The context that headings give to the tables and sentences below them.

use std::sync::Arc;

use super::{cell, row::Direction, section, text::some};
use crate::transport::Transport;

/// What is known of a table or a sentence before it is read.
#[derive(Clone, Debug, Default)]
pub(super) struct Context {
    /// The headings, joined with ` / `.
    pub(super) section: Option<Arc<str>>,
    pub(super) transport: Option<Transport>,
    pub(super) role: Option<Arc<str>>,
    /// The rows describe traffic among the machines of `role`.
    pub(super) is_within_role: bool,
    pub(super) direction: Option<Direction>,
    /// Source and destination of rows that name neither.
    pub(super) endpoints: Option<(String, String)>,
    /// The nearest heading that may name machines: the role of rows whose table has a column for the other endpoint only.
    pub(super) heading: Option<String>,
    /// The alternative that the text is part of, such as a tab: the condition under which its rows apply.
    pub(super) condition: Option<Arc<str>>,
    /// The headings or the text above say that this traffic must not take place.
    pub(super) is_forbidden: bool,
    /// The headings or the text above say that this traffic stays on one machine.
    pub(super) is_loopback: bool,
}

/// The headings above the current line, outermost first.
#[derive(Debug, Default)]
pub(super) struct Headings(Vec<(u8, String)>);

impl Headings {
    /// Adds a heading, which ends the sections of all headings of its own or a deeper level.
    pub(super) fn push(&mut self, level: u8, text: &str) {
        while self.0.last().is_some_and(|(above, _)| level <= *above) {
            self.0.pop();
        }
        self.0.push((level, text.to_owned()));
    }

    pub(super) fn context(&self) -> Context {
        let names: Vec<&str> = self.0.iter().map(|(_, text)| text.as_str()).collect();
        let mut context = Context {
            section: some(&names.join(" / ")).map(Into::into),
            ..Context::default()
        };
        for (level, text) in &self.0 {
            context.narrow(text);
            if 1 < *level && section::may_name_machines(text) {
                context.heading = Some(text.clone());
            }
        }
        context
    }
}

impl Context {
    /// Adds what a heading or the title of a table says.
    pub(super) fn narrow(&mut self, heading: &str) {
        let section = section::section(heading);
        self.transport = section.transport.or(self.transport);
        let direction = cell::direction(heading).filter(|direction| *direction != Direction::Both);
        self.direction = direction.or(self.direction);
        self.endpoints = section.endpoints.or(self.endpoints.take());
        if section.role.is_some() {
            self.is_within_role = section.is_within_role;
            self.role = section.role.map(Into::into);
        }
    }
}
