//! Reads blocks of code: commands that open ports, and plain lists of ports such as `- 8443/tcp`.

use std::sync::Arc;

use super::{
    Prose,
    introduction::Introduction,
    item,
    port_phrase::{Evidence, port_phrases},
    setting,
    statement::Statement,
    statement_row::{Place, heading_is_about_ports},
    words::{Kind, words},
};
use crate::document::{
    commands::{self, CommandProblem, PortCommand},
    context::Context,
    interner::Interner,
    problem::Severity,
    row::Direction,
};

impl Prose {
    /// Reads a block of code, or a command in a paragraph of its own.
    pub(in crate::document) fn add_code(
        &mut self,
        (file, line): (&Arc<str>, usize),
        code: &str,
        context: &Arc<Context>,
        interner: &mut Interner,
    ) {
        let read = commands::read(code);
        if read.is_empty() && self.is_list_of_ports(code, context) {
            self.add_lines((file, line), code, context, interner);
            return;
        }
        let introduction = self.introduction_of_code(context);
        let is_example = self.is_above_example();
        self.end_block(interner);
        if read.is_empty() {
            if !is_example {
                self.add_settings((file, line), code, context, &introduction, interner);
            }
            self.add_port_lines((file, line), code, context, &introduction, interner);
            return;
        }
        let (machine, ends) = introduction.on_machine();
        for command in read {
            let place = Place {
                file,
                line: line + command.n_lines_before,
                context,
                machine: machine.as_deref(),
            };
            match command.outcome {
                Err(problem) => {
                    let severity = match problem {
                        CommandProblem::Removes | CommandProblem::Comment => Severity::Remark,
                        CommandProblem::NotUnderstood { .. }
                        | CommandProblem::Variable { .. }
                        | CommandProblem::UnknownService { .. } => Severity::Lost,
                    };
                    let message = problem.to_string();
                    self.problems
                        .push(place.problem(severity, &command.text, &message));
                }
                Ok(commands) => {
                    for one in commands {
                        let mut statement = statement(one);
                        if statement.direction != Some(Direction::Outbound) {
                            statement.add_ends(&ends);
                        }
                        statement.condition.clone_from(&introduction.condition);
                        let mut row = place.row(&command.text, statement);
                        interner.intern(&mut row);
                        self.rows.push(row);
                    }
                }
            }
        }
        self.above_code = Some((context.section.clone(), introduction));
    }

    /// What the line above the code says: a paragraph, or the item of a list that the code is part of. A short one, such as
    /// `Then:`, goes on with what introduced the code before it.
    fn introduction_of_code(&mut self, context: &Context) -> Introduction {
        let above = match &self.list {
            Some(list) => list.items.last().map(|item| item.text.as_str()),
            None => self
                .above
                .as_ref()
                .filter(|above| above.context.section == context.section)
                .map(|above| above.text.as_str()),
        };
        let own = above.map(|text| Introduction::of(text, &self.names));
        let says_machine = |introduction: &Introduction| introduction.on_machine().0.is_some();
        let is_short = above.is_none_or(|text| text.split(' ').count() <= CONTINUATION_WORDS);
        let before = self
            .above_code
            .take()
            .filter(|(section, _)| *section == context.section && is_short)
            .map(|(_, introduction)| introduction);
        match (own, before) {
            (Some(own), Some(before)) if !says_machine(&own) => before,
            (Some(own), _) => own,
            (None, before) => before.unwrap_or_default(),
        }
    }

    /// Whether each line of a block begins with a port, in a text about ports.
    fn is_list_of_ports(&self, code: &str, context: &Context) -> bool {
        let mut lines = code.lines().map(port_line).filter(|text| !text.is_empty());
        let is_first = lines.next().is_some_and(begins_with_port);
        let has_label = || {
            self.list
                .as_ref()
                .is_some_and(|list| !list.is_of_paragraphs)
        };
        is_first
            && lines.all(begins_with_port)
            && (self.is_in_ports(context) || has_label() && heading_is_about_ports(context))
    }

    /// Adds the lines of such a block to the list that it is part of, or makes them one.
    fn add_lines(
        &mut self,
        (file, line): (&Arc<str>, usize),
        code: &str,
        context: &Arc<Context>,
        interner: &mut Interner,
    ) {
        let level = self
            .list
            .as_ref()
            .filter(|list| list.context.section == context.section)
            .and_then(|list| list.items.iter().rev().find(|item| !item.is_code))
            .map_or(0, |label| label.level.saturating_add(1));
        for (index, text) in code.lines().enumerate() {
            let text = port_line(text);
            if text.is_empty() {
                continue;
            }
            self.add_item((file, line + index), level, text, context, interner);
            if let Some(item) = self.list.as_mut().and_then(|list| list.items.last_mut()) {
                item.is_code = true;
            }
        }
    }

    /// Whether the line above shows code as an example, or for those who change or ask something.
    fn is_above_example(&self) -> bool {
        let above = match &self.list {
            Some(list) => list.items.last().map(|item| item.text.as_str()),
            None => self.above.as_ref().map(|above| above.text.as_str()),
        };
        above.is_some_and(|text| {
            words(text)
                .iter()
                .any(|word| setting::is_of_example(&word.lower))
        })
    }

    /// Reads the settings of a configuration that say where something listens, in a text about ports.
    fn add_settings(
        &mut self,
        (file, line): (&Arc<str>, usize),
        code: &str,
        context: &Arc<Context>,
        introduction: &Introduction,
        interner: &mut Interner,
    ) {
        if !code.contains(|c: char| c.is_ascii_digit()) {
            return;
        }
        let is_about_ports = introduction.is_about_ports || heading_is_about_ports(context);
        let (machine, ends) = introduction.on_machine();
        for found in setting::settings(code) {
            if !is_about_ports && !found.exposes {
                continue;
            }
            let place = Place {
                file,
                line: line + found.n_lines_before,
                context,
                machine: machine.as_deref(),
            };
            for mut statement in found.statements {
                statement.add_ends(&ends);
                statement.condition.clone_from(&introduction.condition);
                statement.add_stance(introduction.stance);
                if statement.doubt.is_none() {
                    let mut row = place.row(&found.text, statement);
                    interner.intern(&mut row);
                    self.rows.push(row);
                }
            }
        }
    }

    /// Reads code that is a list of ports and nothing else, such as YAML's `- 8443/tcp`, below a line that is about ports.
    fn add_port_lines(
        &mut self,
        (file, line): (&Arc<str>, usize),
        code: &str,
        context: &Arc<Context>,
        introduction: &Introduction,
        interner: &mut Interner,
    ) {
        if !introduction.is_about_ports || !code.contains(|c: char| c.is_ascii_digit()) {
            return;
        }
        let lines = || {
            code.lines()
                .enumerate()
                .map(|(index, text)| (index, port_line(text)))
        };
        let is_certain = lines().all(|(_, text)| {
            text.is_empty() || text.eq_ignore_ascii_case("ports:") || states_only_ports(text)
        });
        if !is_certain {
            return;
        }
        for (index, text) in lines().filter(|(_, text)| states_only_ports(text)) {
            let place = Place {
                file,
                line: line + index,
                context,
                machine: introduction.machine.as_deref(),
            };
            for mut statement in item::read(text, Evidence::Stated, &self.names).statements {
                introduction.complete(&mut statement);
                if statement.doubt.is_some() {
                    self.problems.push(place.problem(
                        Severity::Lost,
                        text,
                        "the line above negates something, so no rule was made of this",
                    ));
                    continue;
                }
                let mut row = place.row(text, statement);
                interner.intern(&mut row);
                self.rows.push(row);
            }
        }
    }
}

/// A line above code of no more words goes on with what was said before.
const CONTINUATION_WORDS: usize = 4;

/// A line of a list without its mark and its quotes.
fn port_line(text: &str) -> &str {
    let text = text.split(" #").next().unwrap_or(text).trim();
    text.strip_prefix("- ")
        .unwrap_or(text)
        .trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ','))
}

/// Whether a line is a transport with its ports, and nothing before them: `TCP/22 for access`.
fn begins_with_port(text: &str) -> bool {
    let words = words(text);
    port_phrases(&words, Evidence::Stated)
        .first()
        .is_some_and(|first| {
            first.words.start == 0
                && !first.ports.is_empty()
                && !first.transports.is_empty()
                && words.get(first.words.end).is_none_or(|next| {
                    matches!(
                        next.kind,
                        Kind::Colon | Kind::Dash | Kind::Open | Kind::Comma
                    ) || next.is("for")
                })
        })
}

fn states_only_ports(text: &str) -> bool {
    let words = words(text);
    let phrases = port_phrases(&words, Evidence::Stated);
    phrases.iter().any(|phrase| {
        !phrase.ports.is_empty()
            && !phrase.transports.is_empty()
            && phrase.words == (0..words.len())
    })
}

fn statement(command: PortCommand) -> Statement {
    Statement {
        ports: command.ports,
        transports: command.transports,
        direction: command.direction,
        source: command.source,
        destination: command.destination,
        service: command.service,
        forbidden: command.is_denied,
        loopback: command.is_loopback,
        is_asked: true,
        ..Statement::default()
    }
}
