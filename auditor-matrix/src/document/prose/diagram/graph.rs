//! The nodes and arrows of a diagram, whatever it is written in.

use std::{collections::BTreeMap, sync::LazyLock};

use regex::Regex;

use super::edge::{self, Direction, Edge as Drawn, attribute, clean, drawn_way, edges, end};
use crate::document::{accounting, text::regex};

/// A diagram.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub(super) lines: Vec<Line>,
    pub(super) nodes: Vec<Node>,
    pub(super) edges: Vec<Edge>,
    /// So many lines declare nodes.
    n_declared: usize,
    /// It shows messages in their order, whose numbers are more often none of ports.
    pub(super) is_sequence: bool,
}

/// A statement of a diagram.
#[derive(Debug)]
pub(super) struct Line {
    /// The number of lines of the block before it.
    pub(super) n_lines_before: usize,
    pub(super) text: String,
    /// It is none that says how something looks.
    pub(super) may_name_ports: bool,
}

#[derive(Debug)]
pub(super) struct Node {
    pub(super) label: String,
    /// The position of its line.
    pub(super) line: usize,
    is_labelled: bool,
}

/// An arrow between two nodes.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) left: usize,
    pub(super) right: usize,
    pub(super) way: Direction,
    pub(super) label: String,
    /// The position of its line.
    pub(super) line: usize,
}

static DECLARED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^(?i:component|node|database|cloud|actor|rectangle|queue|participant|interface|package|frame|storage|artifact|agent|boundary|control|entity|collections|folder|file|card|person|stack|container|subgraph|state)\s+(?:"(?P<quoted>[^"]+)"|\[(?P<bracketed>[^\]]+)\]|(?P<first>[^\s"\[{]+))(?:\s+as\s+(?:"(?P<as_quoted>[^"]+)"|(?P<alias>[^{<#]+)))?(?:\s*[\[(]+"?(?P<shape>[^\])"]+)"?[\])]+)?"#,
    )
});
static MACRO: LazyLock<Regex> =
    LazyLock::new(|| regex(r"^(?P<name>[A-Z][A-Za-z_]*)\((?P<arguments>.*)\)\s*\{?$"));
static ALIASED: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:\[(?P<bracketed>[^\]]+)\]|\((?P<round>[^)]+)\)|:(?P<colons>[^:]+):)\s+as\s+(?P<alias>\w+)",
    )
});
static HEAD: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"(?i)^(?:(?:strict\s+)?(?:di)?graph\b[^{;]*\{|(?:subgraph|cluster)\b[^{\[]*\{)")
});

/// Names by which pages say that a block is a diagram.
const LANGUAGES: &[&str] = &[
    "mermaid",
    "digraph",
    "graph",
    "dot",
    "graphviz",
    "plantuml",
    "puml",
    "uml",
    "d2",
    "blockdiag",
    "nwdiag",
    "seqdiag",
    "actdiag",
    "c4plantuml",
    "kroki",
];

/// Words that begin what says how something looks, or that is a remark.
const LOOKS: &[&str] = &[
    "style",
    "linkstyle",
    "classdef",
    "class",
    "click",
    "direction",
    "skinparam",
    "hide",
    "show",
    "scale",
    "rankdir",
    "autonumber",
    "activate",
    "deactivate",
    "title",
    "end",
    "@startuml",
    "@enduml",
    "!include",
    "!define",
    "!theme",
    "legend",
    "footer",
    "header",
    "%%",
    "//",
    "'",
    "edge",
    "graph",
    "flowchart",
    "node",
    "left",
    "top",
    "accTitle",
    "accDescr",
    "layout",
    "ranksep",
    "nodesep",
    "fontsize",
    "fontname",
    "size",
    "ratio",
    "dpi",
    "splines",
    "compound",
    "bgcolor",
    "color",
    "shape",
    "width",
    "height",
    "margin",
    "sequencediagram",
    "digraph",
    "---",
];

/// A block of more lines is no diagram that anybody drew.
const MOST_LINES: usize = 2000;

impl Graph {
    /// Reads a block of code, if it is a diagram: the page or the block says so, or each of its arrows stands between names.
    pub(super) fn of(language: &str, code: &str) -> Option<Self> {
        if MOST_LINES < code.lines().count() {
            return None;
        }
        let language = language.trim_matches(['{', '}', ' ']).to_lowercase();
        let is_named = LANGUAGES.contains(&language.as_str()) || begins_as_diagram(code);
        let is_plain = matches!(
            language.as_str(),
            "" | "text"
                | "txt"
                | "plain"
                | "plaintext"
                | "none"
                | "ascii"
                | "ditaa"
                | "nohighlight"
        );
        if !is_named && !is_plain {
            return None;
        }
        let graph = Self::read(code, is_named);
        if is_named || graph.is_drawn() {
            return Some(graph);
        }
        let is_picture = !code.contains("$ ")
            && code.contains(|c: char| {
                matches!(
                    c,
                    '\u{25ba}' | '\u{25b6}' | '\u{25bc}' | '\u{2500}' | '\u{2502}'
                )
            })
            && code.contains([
                '\u{25ba}', '\u{25b6}', '\u{25bc}', '\u{2192}', '>', '\u{25c4}', '\u{2190}',
            ]);
        let is_boxes = code.contains("+--")
            && ["-->", "<--", "->|", "|<-"]
                .iter()
                .any(|arrow| code.contains(arrow));
        (is_picture || is_boxes).then(|| Self {
            lines: graph.lines,
            ..Self::default()
        })
    }

    /// Whether a block that nothing calls a diagram is one: its lines are arrows with labels, or a long arrow has one.
    fn is_drawn(&self) -> bool {
        let is_labelled = |edge: &Edge| edge.label.contains(|c: char| c.is_ascii_digit());
        let mut of_edges: Vec<usize> = self.edges.iter().map(|edge| edge.line).collect();
        of_edges.dedup();
        !self.edges.is_empty()
            && self.edges.iter().all(is_labelled)
            && self.lines.len() == of_edges.len() + self.n_declared
    }

    fn read(code: &str, is_named: bool) -> Self {
        let mut graph = Self::default();
        let mut by_id: BTreeMap<String, usize> = BTreeMap::new();
        let is_sequence = code.contains("sequenceDiagram");
        graph.is_sequence = is_sequence;
        let mut is_remark = false;
        let mut usual_way: Option<Direction> = None;
        for (n_lines_before, text) in statements(code) {
            let text = text.trim();
            is_remark |= text.starts_with("/*") || text.starts_with("/'");
            let ends_remark = text.ends_with("*/") || text.ends_with("'/");
            if is_remark {
                is_remark = !ends_remark;
                continue;
            }
            let text = HEAD.replace(text, "");
            let text = text.trim().trim_matches(';').trim();
            let text = match text.strip_suffix('}') {
                Some(rest) if text.matches('{').count() < text.matches('}').count() => rest.trim(),
                Some(_) | None => text,
            };
            if text.is_empty() {
                continue;
            }
            let line = graph.lines.len();
            graph.lines.push(Line {
                n_lines_before,
                text: text.to_owned(),
                may_name_ports: !is_look(text),
            });
            if let Some((id, label)) = declared(text, is_sequence) {
                graph.node(&mut by_id, &id, Some(label), line);
                graph.n_declared += 1;
                continue;
            }
            if let Some(relation) = relation(text) {
                graph.draw(&mut by_id, &relation, line);
                continue;
            }
            if is_look(text) {
                // `edge [dir=both]` holds for the arrows behind it that say nothing else.
                if text.starts_with("edge") {
                    usual_way = drawn_way(text).or(usual_way);
                }
                continue;
            }
            match edges(text) {
                Some(drawn) => {
                    for mut one in drawn {
                        if let Some(way) = usual_way.filter(|_| drawn_way(text).is_none()) {
                            one.way = way;
                        }
                        let is_answer = is_sequence && one.is_dashed;
                        if is_answer
                            && !accounting::speaks_of_ports(&one.label)
                            && let Some(line) = graph.lines.get_mut(line)
                        {
                            line.may_name_ports = false;
                        }
                        if is_answer || !is_named && one.is_short && one.label.is_empty() {
                            continue;
                        }
                        graph.draw(&mut by_id, &one, line);
                    }
                }
                None if is_named => graph.declare(&mut by_id, text, line),
                None => {}
            }
        }
        graph
    }

    /// A node by itself: `db[(Database)]`, `core [label="Core"]`, `web: Web server`.
    fn declare(&mut self, by_id: &mut BTreeMap<String, usize>, text: &str, line: usize) {
        let Some((end, rest)) = end(text) else {
            return;
        };
        let rest = rest.trim();
        let label = if rest.starts_with('[') {
            attribute(rest)
        } else {
            rest.strip_prefix(':')
                .map(|label| clean(label.trim_end_matches('{')))
                .filter(|label| !label.is_empty())
        };
        if let Some(label) = end.label.or(label) {
            self.node(by_id, &end.id, Some(label), line);
        }
    }

    fn draw(&mut self, by_id: &mut BTreeMap<String, usize>, drawn: &Drawn, line: usize) {
        for left in &drawn.left {
            for right in &drawn.right {
                let left = self.node(by_id, &left.id, left.label.clone(), line);
                let right = self.node(by_id, &right.id, right.label.clone(), line);
                self.edges.push(Edge {
                    left,
                    right,
                    way: drawn.way,
                    label: drawn.label.clone(),
                    line,
                });
            }
        }
    }

    /// The position of a node, which is new or gets its label.
    fn node(
        &mut self,
        by_id: &mut BTreeMap<String, usize>,
        id: &str,
        label: Option<String>,
        line: usize,
    ) -> usize {
        let at = *by_id.entry(id.to_owned()).or_insert(self.nodes.len());
        match self.nodes.get_mut(at) {
            Some(node) => {
                if let Some(label) = label.filter(|_| !node.is_labelled) {
                    node.label = label;
                    node.is_labelled = true;
                    node.line = line;
                }
            }
            None => self.nodes.push(Node {
                is_labelled: label.is_some(),
                label: label.unwrap_or_else(|| id.to_owned()),
                line,
            }),
        }
        at
    }
}

/// The statements of a block with the number of lines before each: lines, cut at semicolons, joined while a bracket is open.
fn statements(code: &str) -> Vec<(usize, String)> {
    let mut all: Vec<(usize, String)> = Vec::new();
    let mut open: Option<(usize, String)> = None;
    for (index, line) in code.lines().enumerate() {
        let (start, text) = match open.take() {
            Some((start, before)) => (start, format!("{before}\n{}", line.trim())),
            None => (index, line.to_owned()),
        };
        let is_open = text.matches('[').count() > text.matches(']').count()
            || text.matches('"').count() % 2 == 1;
        if is_open && index < start + MOST_JOINED {
            open = Some((start, text));
            continue;
        }
        all.extend(cut(&text).into_iter().map(|part| (start, part)));
    }
    if let Some((start, text)) = open {
        all.extend(
            text.lines()
                .enumerate()
                .map(|(index, line)| (start + index, line.to_owned())),
        );
    }
    all
}

/// A statement of more lines was not closed.
const MOST_JOINED: usize = 12;

/// Cuts a line at the semicolons outside of quotes and brackets.
fn cut(line: &str) -> Vec<String> {
    let (mut depth, mut is_quoted) = (0_usize, false);
    let mut parts = vec![String::new()];
    for character in line.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            '[' | '(' if !is_quoted => depth += 1,
            ']' | ')' if !is_quoted => depth = depth.saturating_sub(1),
            ';' if !is_quoted && depth == 0 => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// Whether the first line that says anything begins a diagram.
fn begins_as_diagram(code: &str) -> bool {
    let first = code
        .lines()
        .map(str::trim)
        .find(|line| !line.is_empty() && !line.starts_with("%%") && *line != "---");
    first.is_some_and(|line| {
        let mut words = line.split_whitespace();
        let (first, second) = (
            words.next().unwrap_or_default(),
            words.next().unwrap_or_default(),
        );
        first.starts_with("@startuml")
            || first.starts_with("flowchart")
            || first.starts_with("sequenceDiagram")
            || matches!(first, "digraph" | "strict")
            || first == "graph"
                && (second.is_empty()
                    || matches!(
                        second.trim_end_matches(';'),
                        "LR" | "RL" | "TB" | "TD" | "BT" | "{"
                    )
                    || line.ends_with('{'))
    })
}

/// Whether a statement says how something looks.
fn is_look(text: &str) -> bool {
    let lower = text.to_lowercase();
    let first = lower
        .split(|c: char| c.is_whitespace() || matches!(c, '=' | '[' | ':' | '('))
        .next()
        .unwrap_or_default();
    let has_arrow = text.contains("->") || text.contains("--") && 3 < text.len();
    LOOKS.contains(&first) && !has_arrow
        || ["%%", "//", "'", "!"]
            .iter()
            .any(|mark| text.starts_with(mark))
}

/// The node that a statement declares: `component "Core" as core`, `participant core as Core`, `[Core] as core`.
fn declared(text: &str, is_sequence: bool) -> Option<(String, String)> {
    if let Some(found) = ALIASED.captures(text) {
        let label = found
            .name("bracketed")
            .or_else(|| found.name("round"))
            .or_else(|| found.name("colons"))?;
        return Some((
            found.name("alias")?.as_str().to_owned(),
            clean(label.as_str()),
        ));
    }
    if text.contains("->") || text.contains("<-") {
        return None;
    }
    if let Some(found) = MACRO.captures(text) {
        let arguments = arguments(found.name("arguments")?.as_str());
        let is_relation = found.name("name")?.as_str().contains("Rel");
        return match arguments.as_slice() {
            [id, label, more @ ..] if !is_relation => {
                let ports = more
                    .iter()
                    .filter(|text| text.contains(|c: char| c.is_ascii_digit()))
                    .fold(label.clone(), |all, one| format!("{all}: {one}"));
                Some((id.clone(), ports))
            }
            _ => None,
        };
    }
    let found = DECLARED.captures(text)?;
    let first = found
        .name("quoted")
        .or_else(|| found.name("bracketed"))
        .or_else(|| found.name("first"))?
        .as_str();
    let alias = found
        .name("as_quoted")
        .or_else(|| found.name("alias"))
        .map(|alias| alias.as_str().trim());
    Some(match (alias, found.name("shape")) {
        // Mermaid names first what arrows call it, PlantUML last.
        (Some(alias), _) if found.name("quoted").is_some() || found.name("bracketed").is_some() => {
            (alias.to_owned(), clean(first))
        }
        (Some(alias), _) if is_sequence => (first.to_owned(), clean(alias)),
        (Some(alias), _) => (alias.to_owned(), clean(first)),
        (None, Some(shape)) => (first.to_owned(), clean(shape.as_str())),
        (None, None) => (clean(first), clean(first)),
    })
}

/// An arrow that is written as a macro: `Rel(agent, core, "reports to", "HTTPS/443")`.
fn relation(text: &str) -> Option<Drawn> {
    let found = MACRO.captures(text)?;
    let name = found.name("name")?.as_str();
    if !name.contains("Rel") {
        return None;
    }
    let arguments = arguments(found.name("arguments")?.as_str());
    let [left, right, labels @ ..] = arguments.as_slice() else {
        return None;
    };
    let end = |id: &String| edge::End {
        id: id.clone(),
        label: None,
    };
    let label = labels
        .iter()
        .filter(|label| !label.starts_with('$') && label.contains(|c: char| c.is_ascii_digit()))
        .cloned()
        .collect::<Vec<String>>()
        .join(", ");
    Some(Drawn {
        left: vec![end(left)],
        right: vec![end(right)],
        way: if name.starts_with("Bi") {
            Direction::Both
        } else if name.ends_with("Back") {
            Direction::Left
        } else {
            Direction::Right
        },
        label,
        is_short: false,
        is_dashed: false,
    })
}

/// The arguments of a macro, without their quotes.
fn arguments(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut is_quoted = false;
    for character in text.chars() {
        match character {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(character);
        }
    }
    parts.iter().map(|part| clean(part)).collect()
}
