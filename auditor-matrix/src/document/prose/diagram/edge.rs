//! The arrows of a line of a diagram, with what stands at their ends: `oc1 -->|443| db`, `"Agent" -> core [label="443"]`.

use std::sync::LazyLock;

use regex::Regex;

use crate::document::text::{fold, regex};

/// Where an arrow has its head.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    Right,
    Left,
    Both,
    None,
}

/// An end of an arrow: what the diagram calls it, and the label that stands beside that name.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct End {
    pub(super) id: String,
    pub(super) label: Option<String>,
}

/// An arrow from one of the ends to the left to one of those to the right.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Edge {
    pub(super) left: Vec<End>,
    pub(super) right: Vec<End>,
    pub(super) way: Direction,
    pub(super) label: String,
    /// Its shaft is one dash, as programs write it, too.
    pub(super) is_short: bool,
    /// It has two dashes, which in a sequence is an answer.
    pub(super) is_dashed: bool,
}

static WITH_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^(?P<left>[<\u{25c4}\u{2190}\u{25c0}])?(?:-{2,}|={2,}|-\.|\u{2500}+)\s*(?:\|\s*)?(?P<label>"[^"]*"|\([^()]*\)|\[[^\]]*\]|[^-=.<>|"\s\u{2500}][^<>|"\u{2500}]*?)\s*(?:\|\s*)?(?:-{2,}|={2,}|\.-+|\u{2500}+)(?P<right>>|\u{25ba}|\u{25b6}|\u{2192}|[xo]\s)?"#,
    )
});
static PLAIN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"^(?P<left><{1,2}\|?|[\u{25c4}\u{25c0}\u{2190}])?(?P<shaft>[-=.~\u{2500}]+(?:\[[^\]]*\])?(?:(?:up|down|left|right|[udlr]|do|le|ri)[-.]+)?[-=.~\u{2500}]*)(?P<right>\|?>{1,2}|\)|[\u{25ba}\u{25b6}\u{2192}]|[xo*]\s)?(?:\s*\|(?P<label>"[^"]*"|[^|]*)\|)?"#,
    )
});
static DRAWN: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r"^(?:(?P<right>[\u{2192}\u{27f6}\u{21d2}])|(?P<left>[\u{2190}\u{27f5}])|[\u{2194}\u{21c4}])",
    )
});
static ATTRIBUTE: LazyLock<Regex> = LazyLock::new(|| {
    regex(
        r#"\b(?:x|tail|head)?label\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|<(?P<html>.*)>|(?P<bare>[^\s,;\]]+))"#,
    )
});

/// An attribute with its value, so that what is quoted is passed over as a whole.
static EACH: LazyLock<Regex> = LazyLock::new(|| {
    regex(r#"(?P<name>\w+)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^\s,;\]"]+))"#)
});

/// The arrows of a statement, or `None` if it is none.
pub(super) fn edges(statement: &str) -> Option<Vec<Edge>> {
    let mut rest = statement.trim();
    let mut edges: Vec<Edge> = Vec::new();
    let (mut left, after) = ends(rest)?;
    rest = after.trim_start();
    while let Some((mut edge, after)) = arrow(rest) {
        let (right, after) = ends(after.trim_start())?;
        rest = after.trim_start();
        edge.left = std::mem::replace(&mut left, right.clone());
        edge.right = right;
        edges.push(edge);
    }
    if edges.is_empty() {
        return None;
    }
    let label = behind(rest)?;
    if rest.starts_with('[')
        && let Some(way) = drawn_way(rest)
    {
        for edge in &mut edges {
            edge.way = way;
        }
    }
    if !label.is_empty() {
        for edge in &mut edges {
            if edge.label.is_empty() {
                edge.label.clone_from(&label);
            }
        }
    }
    Some(edges)
}

/// What stands behind the last end: a label behind a colon, attributes, or the ports in brackets or set off by blanks.
fn behind(rest: &str) -> Option<String> {
    let rest = rest.trim();
    if rest.is_empty() || rest == "{" || rest.starts_with(":::") {
        return Some(String::new());
    }
    if rest.starts_with('[') && rest.contains('=') {
        return Some(attribute(rest).unwrap_or_default());
    }
    if let Some(label) = rest.strip_prefix([':', ',']) {
        return Some(clean(label));
    }
    let is_set_off = rest.starts_with(['(', '[']) || rest.starts_with(|c: char| c.is_ascii_digit());
    is_set_off.then(|| clean(rest.trim_matches(['(', ')', '[', ']'])))
}

/// Where the attributes of Graphviz put an arrow's heads, whatever is written between its ends: `dir=back`.
pub(super) fn drawn_way(attributes: &str) -> Option<Direction> {
    // A label may hold anything, also what looks like an attribute.
    let way = EACH.captures_iter(attributes).find_map(|found| {
        let name = found.name("name")?.as_str();
        let value = found.name("quoted").or_else(|| found.name("bare"))?;
        (name == "dir").then_some(value)
    })?;
    Some(match way.as_str() {
        "both" => Direction::Both,
        "back" => Direction::Left,
        "none" => Direction::None,
        _ => Direction::Right,
    })
}

/// The label among the attributes of Graphviz.
pub(super) fn attribute(attributes: &str) -> Option<String> {
    let labels: Vec<String> = ATTRIBUTE
        .captures_iter(attributes)
        .filter_map(|found| {
            let text = found
                .name("quoted")
                .or_else(|| found.name("html"))
                .or_else(|| found.name("bare"))?;
            Some(clean(text.as_str()))
        })
        .collect();
    (!labels.is_empty()).then(|| labels.join(", "))
}

/// The arrow at the start of a text, and what stands behind it.
fn arrow(text: &str) -> Option<(Edge, &str)> {
    let edge = |left: bool, right: bool, label: &str, shaft: &str| Edge {
        left: Vec::new(),
        right: Vec::new(),
        way: match (left, right) {
            (true, true) => Direction::Both,
            (true, false) => Direction::Left,
            (false, true) => Direction::Right,
            (false, false) => Direction::None,
        },
        label: clean(label),
        is_short: shaft.chars().count() < 2,
        is_dashed: shaft.starts_with("--"),
    };
    let is_head = |head: Option<regex::Match<'_>>| head.is_some();
    if let Some(found) = WITH_TEXT.captures(text) {
        let whole = found.get(0)?;
        let (left, right) = (is_head(found.name("left")), is_head(found.name("right")));
        let label = found.name("label").map_or("", |label| label.as_str());
        // `a --- b --> c` is two lines, unless the text is no name.
        let is_label = label.contains(|c: char| c.is_ascii_digit()) || label.contains(' ');
        if is_label && !label.contains(['\u{25ba}', '\u{2192}']) {
            let edge = edge(left, right, label, "  ");
            return Some((edge, text.get(whole.end()..)?));
        }
    }
    if let Some(found) = PLAIN.captures(text) {
        let whole = found.get(0)?;
        let shaft = found.name("shaft").map_or("", |shaft| shaft.as_str());
        let (left, right) = (is_head(found.name("left")), is_head(found.name("right")));
        let is_arrow = left || right || 2 <= shaft.chars().count() && !shaft.starts_with('.');
        if is_arrow {
            let label = found.name("label").map_or("", |label| label.as_str());
            let edge = edge(left, right, label, shaft);
            return Some((edge, text.get(whole.end()..)?));
        }
    }
    let found = DRAWN.captures(text)?;
    let whole = found.get(0)?;
    let (left, right) = (is_head(found.name("left")), is_head(found.name("right")));
    let edge = edge(left || !right, right || !left, "", "");
    Some((edge, text.get(whole.end()..)?))
}

/// The ends before or behind an arrow: one, several joined by `&`, or those in braces.
fn ends(text: &str) -> Option<(Vec<End>, &str)> {
    if let Some((group, rest)) = text.strip_prefix('{').and_then(|text| text.split_once('}')) {
        let all: Option<Vec<End>> = group
            .split([' ', ';', ','])
            .filter(|name| !name.is_empty())
            .map(|name| end(name).map(|(end, _)| end))
            .collect();
        return all.filter(|all| !all.is_empty()).map(|all| (all, rest));
    }
    let (first, mut rest) = end_of_arrow(text)?;
    let mut all = vec![first];
    while let Some(more) = rest.trim_start().strip_prefix('&') {
        let (next, behind) = end_of_arrow(more.trim_start())?;
        all.push(next);
        rest = behind;
    }
    Some((all, rest))
}

/// An end of an arrow, and what stands behind it; attributes that touch it are the arrow's: `core -> store[label="443"]`.
fn end_of_arrow(text: &str) -> Option<(End, &str)> {
    let (whole, rest) = end(text)?;
    let own = text.trim_start().get(whole.id.len()..);
    let attributes = own.filter(|own| {
        let length = bracket(own).filter(|_| own.starts_with('['));
        length.is_some_and(|length| own.get(..length).is_some_and(|shape| shape.contains('=')))
    });
    match attributes {
        Some(attributes) => Some((
            End {
                label: None,
                ..whole
            },
            attributes,
        )),
        None => Some((whole, rest)),
    }
}

/// An end, and what stands behind it.
pub(super) fn end(text: &str) -> Option<(End, &str)> {
    let text = text.trim_start();
    let named = |label: &str, length: usize| {
        let label = clean(label);
        let end = End {
            id: label.clone(),
            label: None,
        };
        (!label.is_empty()).then(|| Some((end, text.get(length..)?)))?
    };
    if let Some(length) = bracket(text) {
        let inner = text.get(1..length.checked_sub(1)?)?;
        return named(inner, length);
    }
    let length = name_length(text);
    let id = text.get(..length)?.trim_end();
    if id.is_empty() {
        return None;
    }
    let rest = text.get(id.len()..)?;
    let mut end = End {
        id: id.to_owned(),
        label: None,
    };
    let Some(length) = bracket(rest) else {
        return Some((end, class(rest)));
    };
    let shape = rest.get(..length)?;
    end.label = Some(match attribute(shape) {
        Some(label) if shape.starts_with('[') => label,
        Some(_) | None => clean(shape.trim_matches(['[', ']', '(', ')', '{', '}', '/', '\\', ' '])),
    });
    Some((end, class(rest.get(length..)?)))
}

/// What stands behind the class of a node: `core:::server`.
fn class(rest: &str) -> &str {
    let Some(named) = rest.strip_prefix(":::") else {
        return rest;
    };
    named.trim_start_matches(|c: char| c.is_alphanumeric() || matches!(c, '_' | '-'))
}

/// The length of a name: words with one blank between them.
fn name_length(text: &str) -> usize {
    let mut end = 0;
    let mut before = ' ';
    let mut characters = text.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        let next = characters.peek().map(|(_, next)| *next);
        let is_inside = before.is_alphanumeric() && next.is_some_and(char::is_alphanumeric);
        let goes_on = character.is_alphanumeric()
            || matches!(character, '_' | '*' | '$')
            || matches!(character, '-' | '.' | '/') && is_inside
            || character == ' ' && 0 < end && next.is_some_and(char::is_alphanumeric);
        if !goes_on {
            break;
        }
        end = at + character.len_utf8();
        before = character;
    }
    end
}

/// The length of what is in quotes or brackets at the start of a text.
fn bracket(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if first == '"' {
        return text.get(1..)?.find('"').map(|end| end + 2);
    }
    if !matches!(first, '[' | '(' | '{') {
        return None;
    }
    let (mut depth, mut is_quoted) = (0_usize, false);
    for (at, character) in text.char_indices() {
        match character {
            '"' => is_quoted = !is_quoted,
            '[' | '(' | '{' if !is_quoted => depth += 1,
            ']' | ')' | '}' if !is_quoted => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// The text of a label: what breaks its lines sets its parts off.
pub(super) fn clean(label: &str) -> String {
    let mut text = label.trim().trim_matches(['"', '`', '\'']).to_owned();
    for mark in ["<br/>", "<br />", "<br>", "\\n", "\\l", "\\r", "|", "\n"] {
        text = text.replace(mark, ": ");
    }
    let text = fold(&text.replace(" : ", ": ").replace('\\', ""));
    text.trim_matches([':', ' ']).to_owned()
}
