//! A live report on a terminal: what is shown, and what keys do. It does no input or output itself.

use ratatui::{
    Frame,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style, Stylize as _},
    text::{Line, Span},
    widgets::{Block, Cell, Paragraph, Row, Table, TableState, Wrap},
};

use super::{
    explain, pattern,
    schema::{Flow, Pattern, Report, Rule, Severity},
    text, words,
};

/// Which list is shown.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Tab {
    #[default]
    Rules,
    Flows,
}

/// The result of a key press.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Answer {
    /// It may have changed what is shown.
    Shown,
    /// The user wants to quit.
    Leave,
}

/// The state of the view.
#[derive(Debug, Default)]
pub struct Screen {
    tab: Tab,
    table: TableState,
    /// Only entries with a cell that contains this text are shown.
    filter: String,
    /// The filter is being typed: keys are its letters.
    is_typing: bool,
    /// Only entries of at least this severity are shown.
    least: Option<Severity>,
    shows_details: bool,
    /// Flows that are alike are entries of their own.
    shows_all: bool,
}

/// Height of the details, in lines.
const DETAILS: u16 = 12;
/// The number of entries that a page key moves.
const PAGE: u16 = 10;

/// An entry of a list.
enum Finding<'a> {
    Rule(&'a Rule),
    Flow(&'a Flow),
    Pattern(&'a Pattern),
}

impl Finding<'_> {
    const fn severity(&self) -> Severity {
        match self {
            Self::Rule(rule) => rule.severity,
            Self::Flow(flow) => flow.severity,
            Self::Pattern(pattern) => pattern.severity,
        }
    }

    fn cells(&self, report: &Report) -> Vec<String> {
        match self {
            Self::Rule(rule) => vec![
                rule.verdict.name().to_owned(),
                rule.id.clone(),
                format!("{} {}", rule.transport.name(), rule.ports),
                format!("{} -> {}", rule.client.join(", "), rule.server.join(", ")),
                words::number(rule.packets),
                rule.explanation.clone(),
            ],
            Self::Flow(flow) => vec![
                flow.verdict.name().to_owned(),
                flow.service(),
                words::who(report, flow.client, &flow.client_roles),
                words::who(report, flow.server, &flow.server_roles),
                words::number(flow.to_server.packets + flow.to_client.packets),
                flow.explanation.clone(),
            ],
            Self::Pattern(pattern) => vec![
                pattern.verdict.name().to_owned(),
                pattern.services.join(", "),
                pattern::client(report, pattern),
                pattern::server(report, pattern),
                words::number(pattern.counted.packets),
                format!(
                    "{} flows that are alike: {}",
                    words::number(pattern.flows as u64),
                    words::outcome(pattern.outcome)
                ),
            ],
        }
    }

    fn details(&self, report: &Report) -> Vec<String> {
        match self {
            Self::Rule(rule) => explain::rule(report, rule),
            Self::Flow(flow) => explain::flow(report, flow),
            Self::Pattern(pattern) => {
                let said = pattern::said(report, pattern);
                let facts = words::pattern_facts(pattern);
                let first = pattern.listed.first().and_then(|at| report.flows.get(*at));
                let first = first.map(|flow| explain::flow(report, flow));
                [said, facts, "one of them, `a` lists each:".to_owned()]
                    .into_iter()
                    .chain(first.into_iter().flatten())
                    .collect()
            }
        }
    }
}

impl Screen {
    /// A screen that shows flows that are alike one by one, or as one.
    pub fn new(shows_all: bool) -> Self {
        Self {
            shows_all,
            ..Self::default()
        }
    }

    /// Handles a key press.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "of a keyboard's keys few mean anything"
    )]
    pub fn key(&mut self, key: KeyEvent) -> Answer {
        let with_control = key.modifiers.contains(KeyModifiers::CONTROL);
        if with_control && key.code == KeyCode::Char('c') {
            return Answer::Leave;
        }
        if self.is_typing {
            match key.code {
                KeyCode::Char(letter) => self.filter.push(letter),
                KeyCode::Backspace => {
                    self.filter.pop();
                }
                KeyCode::Enter => self.is_typing = false,
                KeyCode::Esc => {
                    self.is_typing = false;
                    self.filter.clear();
                }
                _ => {}
            }
            self.table.select_first();
            return Answer::Shown;
        }
        match key.code {
            KeyCode::Char('q') => return Answer::Leave,
            KeyCode::Esc => {
                self.shows_details = false;
                self.filter.clear();
            }
            KeyCode::Tab | KeyCode::BackTab => {
                self.tab = match self.tab {
                    Tab::Rules => Tab::Flows,
                    Tab::Flows => Tab::Rules,
                };
                self.table.select_first();
            }
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Char('s') => {
                self.least = match self.least {
                    None => Some(Severity::Note),
                    Some(Severity::Note) => Some(Severity::Warning),
                    Some(Severity::Warning) => Some(Severity::Violation),
                    Some(Severity::Violation | Severity::Fine) => None,
                };
                self.table.select_first();
            }
            KeyCode::Char('a') => {
                self.shows_all = !self.shows_all;
                self.table.select_first();
            }
            KeyCode::Enter => self.shows_details = !self.shows_details,
            KeyCode::Down | KeyCode::Char('j') => self.table.select_next(),
            KeyCode::Up | KeyCode::Char('k') => self.table.select_previous(),
            KeyCode::PageDown => self.table.scroll_down_by(PAGE),
            KeyCode::PageUp => self.table.scroll_up_by(PAGE),
            KeyCode::Home | KeyCode::Char('g') => self.table.select_first(),
            KeyCode::End | KeyCode::Char('G') => self.table.select_last(),
            _ => {}
        }
        Answer::Shown
    }

    /// Draws the report; `note` is the latest message beside it.
    pub fn draw(&mut self, frame: &mut Frame<'_>, report: Option<&Report>, note: &str) {
        let details = if self.shows_details { DETAILS } else { 0 };
        let [head, list, below, foot] = Layout::vertical([
            Constraint::Length(3),
            Constraint::Min(3),
            Constraint::Length(details),
            Constraint::Length(1),
        ])
        .areas(frame.area());
        let Some(report) = report else {
            frame.render_widget(Paragraph::new("waiting for the first verdicts ..."), head);
            frame.render_widget(Paragraph::new(clean(note)).dim(), foot);
            return;
        };
        Self::head(frame, head, report);
        let findings = self.findings(report);
        let last = findings.len().saturating_sub(1);
        // The list may have become shorter since the last drawing.
        let selected = self.table.selected().unwrap_or_default().min(last);
        self.table.select(Some(selected));
        self.list(frame, list, report, &findings);
        if self.shows_details {
            let lines: Vec<Line<'_>> = findings
                .get(selected)
                .map(|finding| finding.details(report))
                .unwrap_or_default()
                .iter()
                .map(|line| Line::raw(clean(line)))
                .collect();
            let block = Block::bordered().title(" details ");
            let text = Paragraph::new(lines)
                .block(block)
                .wrap(Wrap { trim: false });
            frame.render_widget(text, below);
        }
        self.foot(frame, foot, note);
    }

    /// The entries of the list that are shown, the most severe first.
    fn findings<'a>(&self, report: &'a Report) -> Vec<Finding<'a>> {
        let words = self.filter.to_lowercase();
        let mut findings: Vec<Finding<'a>> = match self.tab {
            Tab::Rules => report.rules.iter().map(Finding::Rule).collect(),
            Tab::Flows if self.shows_all => report.flows.iter().map(Finding::Flow).collect(),
            Tab::Flows => {
                let single = report.flows.iter().filter(|flow| flow.pattern.is_none());
                let alike = report.patterns.iter().map(Finding::Pattern);
                alike.chain(single.map(Finding::Flow)).collect()
            }
        };
        findings.retain(|finding| {
            self.least.is_none_or(|least| least <= finding.severity())
                && (words.is_empty()
                    || finding
                        .cells(report)
                        .iter()
                        .any(|cell| cell.to_lowercase().contains(&words)))
        });
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity()));
        findings
    }

    fn head(frame: &mut Frame<'_>, area: Rect, report: &Report) {
        let summary = &report.summary;
        let count = |n: usize, what: &str, severity| {
            let text = format!("{}   ", words::plural(n, what));
            if n == 0 {
                Span::raw(text).dim()
            } else {
                Span::styled(text, style(severity))
            }
        };
        let counts = Line::from(vec![
            count(summary.violations, "violation", Severity::Violation),
            count(summary.warnings, "warning", Severity::Warning),
            count(summary.notes, "note", Severity::Note),
            count(
                report.gaps.iter().filter(|gap| gap.hides()).count(),
                "gap",
                Severity::Warning,
            ),
        ]);
        let roles = report.host.roles.join(", ");
        let window = &report.window;
        let host = format!(
            "{} ({})  {:.0} to {:.0}",
            report.host.name,
            if roles.is_empty() {
                "no role"
            } else {
                roles.as_str()
            },
            window.start.max(window.since),
            window.end,
        );
        let matrices: Vec<&str> = report
            .matrices
            .iter()
            .map(|matrix| matrix.name.as_str())
            .collect();
        let lines = vec![
            counts,
            Line::raw(clean(&host)),
            Line::raw(clean(&matrices.join(", "))).dim(),
        ];
        frame.render_widget(Paragraph::new(lines), area);
    }

    fn list(
        &mut self,
        frame: &mut Frame<'_>,
        area: Rect,
        report: &Report,
        findings: &[Finding<'_>],
    ) {
        let (title, heads, widths) = match self.tab {
            Tab::Rules => (
                " [rules]  flows ",
                ["verdict", "rule", "ports", "who", "packets", "why"],
                [12, 22, 16, 30, 9],
            ),
            Tab::Flows => (
                "  rules  [flows] ",
                ["verdict", "service", "client", "server", "packets", "why"],
                [12, 14, 28, 28, 9],
            ),
        };
        let rows = findings.iter().map(|finding| {
            let cells = finding.cells(report);
            let verdict_style = style(finding.severity());
            Row::new(cells.into_iter().enumerate().map(move |(at, cell)| {
                let cell = Cell::from(clean(&cell));
                if at == 0 {
                    cell.style(verdict_style)
                } else {
                    cell
                }
            }))
        });
        let widths = widths
            .into_iter()
            .map(Constraint::Length)
            .chain([Constraint::Min(20)]);
        let table = Table::new(rows, widths)
            .header(Row::new(heads).bold())
            .block(Block::bordered().title(title))
            .row_highlight_style(Style::new().add_modifier(Modifier::REVERSED));
        frame.render_stateful_widget(table, area, &mut self.table);
    }

    fn foot(&self, frame: &mut Frame<'_>, area: Rect, note: &str) {
        let least = self.least.map_or("all", |severity| match severity {
            Severity::Fine => "all",
            Severity::Note => "notes and worse",
            Severity::Warning => "warnings and worse",
            Severity::Violation => "violations",
        });
        let alike = if self.shows_all {
            "one by one"
        } else {
            "alike as one"
        };
        let text = if self.is_typing {
            format!("/{}_  (Enter keeps it, Esc drops it)", self.filter)
        } else {
            let filter = if self.filter.is_empty() {
                String::new()
            } else {
                format!("  filter: {}", self.filter)
            };
            format!(
                "Tab lists  / filter  s {least}  a {alike}  Enter details  q quit{filter}  {note}"
            )
        };
        frame.render_widget(Paragraph::new(clean(&text)).dim(), area);
    }
}

/// Colours of the terminal's own palette, which its user has chosen.
const fn style(severity: Severity) -> Style {
    match severity {
        Severity::Fine => Style::new().fg(Color::Green),
        Severity::Note => Style::new().fg(Color::Cyan),
        Severity::Warning => Style::new().fg(Color::Yellow),
        Severity::Violation => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    }
}

/// Escapes control characters, so that text from documents and deployments is never a command to the terminal.
fn clean(text: &str) -> String {
    let mut line = String::new();
    text::line(&mut line, text);
    line.pop();
    line
}

#[cfg(test)]
mod tests;
