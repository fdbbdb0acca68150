//! One line of a page with what became of it, as markup.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Write as _},
};

use super::{
    Review,
    line::{Line, Lines, Place},
    mark::{Became, marked, visible},
};
use crate::{
    document::{Problem, Severity},
    matrix::{Inference, Presence, Rule},
    role::Role,
};

/// Rules, problems and numbers of one line that are shown at most, each: a page may be a single line.
const MOST_OF_A_LINE: usize = 500;
/// Lines of a rule that are named at most.
const MOST_PLACES: usize = 12;

/// What the rows of a review have in common.
pub(super) struct Rows<'a> {
    pub(super) review: &'a Review<'a>,
    pub(super) lines: &'a Lines<'a>,
    pub(super) inferred: &'a [Vec<Inference>],
}

impl Rows<'_> {
    /// A line and what became of it; `text` is `None` if the page is no text. A rule is shown in full on the first line that
    /// gives it, so `told` holds those that were.
    pub(super) fn line(
        &self,
        place: Place,
        line: Option<&Line<'_>>,
        text: Option<&str>,
        told: &mut BTreeSet<usize>,
        out: &mut String,
    ) -> fmt::Result {
        let (page, number) = place;
        let none = Line::default();
        let line = line.unwrap_or(&none);
        let rules: Vec<(usize, &Rule)> = line
            .rules
            .iter()
            .filter_map(|index| Some((*index, self.review.matrix.rules.get(*index)?)))
            .collect();
        let is_lost = |problem: &&&Problem| problem.severity == Severity::Lost;
        let mut class = String::from("line");
        if line.needs_look {
            class.push_str(" look");
        }
        if line.problems.iter().any(|problem| is_lost(&problem)) {
            class.push_str(" lost");
        } else if !line.problems.is_empty() {
            class.push_str(" note");
        }
        write!(out, "<li class=\"{class}\" id=\"p{page}-{number}\"")?;
        if !rules.is_empty() {
            let names: Vec<String> = rules.iter().map(|(index, _)| format!("r{index}")).collect();
            write!(out, " data-rules=\"{}\"", names.join(" "))?;
        }
        out.push('>');
        match rules.first() {
            Some((first, _)) => write!(
                out,
                "<a class=\"number\" href=\"#r{first}\" aria-label=\"Line {number}, to its rule\">{number}</a>"
            )?,
            None if !line.problems.is_empty() => write!(
                out,
                "<a class=\"number\" href=\"#p{page}-{number}\" aria-label=\"Line {number}\">{number}</a>"
            )?,
            None => write!(out, "<span class=\"number\">{number}</span>")?,
        }
        let ports: Vec<String> = rules
            .iter()
            .map(|(_, rule)| rule.ports.to_string())
            .collect();
        match text {
            Some(text) => {
                let numbers = numbers(&ports, line);
                write!(
                    out,
                    "<code class=\"text\">{}</code>",
                    marked(text, &numbers)
                )?;
            }
            None => {
                out.push_str("<span class=\"text\">not shown, since the page is no text</span>");
            }
        }
        if rules.is_empty() && line.problems.is_empty() && line.no_ports.is_empty() {
            return writeln!(out, "</li>");
        }
        out.push_str("\n<ul class=\"read\">\n");
        for (index, rule) in rules.into_iter().take(MOST_OF_A_LINE) {
            if told.insert(index) {
                self.rule(index, rule, out)?;
            } else {
                writeln!(
                    out,
                    "<li class=\"again\" data-rules=\"r{index}\">Also says <a href=\"#r{index}\">{}</a></li>",
                    visible(&rule.id)
                )?;
            }
        }
        for problem in line.problems.iter().take(MOST_OF_A_LINE) {
            self::problem(problem, out)?;
        }
        for no_port in line.no_ports.iter().take(MOST_OF_A_LINE) {
            writeln!(
                out,
                "<li class=\"none\"><strong>No port:</strong> {}, {}</li>",
                visible(&no_port.number),
                visible(no_port.reason)
            )?;
        }
        let n_hidden: usize = [line.rules.len(), line.problems.len(), line.no_ports.len()]
            .map(|count| count.saturating_sub(MOST_OF_A_LINE))
            .iter()
            .sum();
        if 0 < n_hidden {
            writeln!(
                out,
                "<li>and {n_hidden} more of this line, which are not shown</li>"
            )?;
        }
        writeln!(out, "</ul></li>")
    }

    fn places(&self, rule: usize) -> &[Place] {
        self.lines
            .places
            .get(rule)
            .map(Vec::as_slice)
            .unwrap_or_default()
    }

    /// A rule, at the first of its lines.
    pub(super) fn rule(&self, index: usize, rule: &Rule, out: &mut String) -> fmt::Result {
        let inferences = self
            .inferred
            .get(index)
            .map(Vec::as_slice)
            .unwrap_or_default();
        let class = if inferences.is_empty() {
            "rule"
        } else {
            "rule inferred"
        };
        let names = |roles: &[Role]| {
            let names: Vec<String> = roles.iter().map(|role| visible(role.name())).collect();
            names.join(", ")
        };
        write!(
            out,
            "<li class=\"{class}\" id=\"r{index}\" data-rules=\"r{index}\"><span class=\"who\"><b>{}</b> \
             <span class=\"to\">to</span> <b>{}</b></span> <span class=\"to\">on</span> <b class=\"what\">{}</b>",
            names(&rule.client),
            names(&rule.server),
            what(rule)
        )?;
        if let Some(service) = &rule.service {
            write!(out, " <span class=\"service\">{}</span>", visible(service))?;
        }
        for tag in tags(rule) {
            write!(out, " <span class=\"tag\">{tag}</span>")?;
        }
        for inference in inferences {
            write!(
                out,
                " <span class=\"tag inferred\">{}</span>",
                inference.name()
            )?;
        }
        if let Some(when) = &rule.when {
            write!(
                out,
                " <span class=\"tag\">only when: {}</span>",
                visible(when)
            )?;
        }
        write!(out, "<br><span class=\"id\">{}", visible(&rule.id))?;
        let places = self.places(index);
        for (at, (page, number)) in places.iter().take(MOST_PLACES).enumerate() {
            let lead = if at == 0 { ", line" } else { "," };
            // A number alone is a line of the page on which the rule stands.
            let is_elsewhere = places.first().is_some_and(|(first, _)| first != page);
            let other = self.review.pages.get(*page).filter(|_| is_elsewhere);
            let file = other.map_or_else(String::new, |page| format!("{}:", visible(page.file)));
            write!(
                out,
                "{lead} <a href=\"#p{page}-{number}\">{file}{number}</a>"
            )?;
        }
        if MOST_PLACES < places.len() {
            write!(out, " and {} more", places.len() - MOST_PLACES)?;
        }
        writeln!(out, "</span></li>")
    }
}

pub(super) fn problem(problem: &Problem, out: &mut String) -> fmt::Result {
    let (class, word) = match problem.severity {
        Severity::Lost => ("lost", "Not understood"),
        Severity::Remark => ("note", "Note"),
    };
    write!(out, "<li class=\"{class}\"><strong>{word}:</strong> ")?;
    if !problem.text.is_empty() {
        write!(out, "<q>{}</q>: ", visible(&problem.text))?;
    }
    writeln!(out, "{}</li>", visible(&problem.message))
}

/// The transport and the ports, in which no line breaks but behind a comma.
fn what(rule: &Rule) -> String {
    let said = format!("{} {}", rule.transport.name(), rule.ports);
    let pieces = said.split_inclusive(',');
    let pieces: Vec<String> = pieces
        .map(|piece| format!("<span class=\"whole\">{}</span>", visible(piece)))
        .collect();
    pieces.join("<wbr>")
}

/// What a rule says beside who, whom and what.
fn tags(rule: &Rule) -> Vec<&'static str> {
    let mut tags = Vec::new();
    match rule.presence {
        Presence::Expected => {}
        presence @ (Presence::Required | Presence::Optional | Presence::Forbidden) => {
            tags.push(presence.name());
        }
    }
    if rule.alternatives {
        tags.push("one of the ports is enough");
    }
    if rule.loopback {
        tags.push("same machine");
    }
    tags
}

/// What became of the numbers of a line.
fn numbers<'a>(ports: &'a [String], line: &'a Line<'_>) -> BTreeMap<&'a str, Became<'a>> {
    let mut numbers = BTreeMap::new();
    for no_port in &line.no_ports {
        numbers.insert(no_port.number.as_str(), Became::NoPort(no_port.reason));
    }
    // A port of a rule may stand in a version of the same line as well; that it is in a rule is what matters more.
    for ports in ports {
        let is_number = |text: &&str| !text.is_empty();
        let digits = ports.split(|c: char| !c.is_ascii_digit()).filter(is_number);
        numbers.extend(digits.map(|number| (number, Became::Port)));
    }
    numbers
}
