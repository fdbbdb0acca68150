//! The tags of templates: Liquid and Jinja (`{% x %}`), Hugo (`{{< x >}}`, `{{% x %}}`), Handlebars (`{{#x}}`), ERB
//! (`<% x %>`).
//!
//! Statements are no text of the page. What a template would print (`{{ x }}`, `<%= x %>`) is: it stays as it is written, so
//! that nobody takes it for a name.

/// A tag, and where it stands in its line.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Tag<'a> {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) kind: Kind,
    pub(super) name: &'a str,
    pub(super) arguments: &'a str,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kind {
    Open,
    Close,
    SelfClosing,
    Comment,
    /// What a template would print.
    Output,
}

/// The openings of tags with their ends, the longest first.
const MARKS: &[(&str, &str)] = &[
    ("{{<", ">}}"),
    ("{{%", "%}}"),
    ("{{!--", "--}}"),
    ("{{", "}}"),
    ("{%", "%}"),
    ("{#", "#}"),
    ("{/*", "*/}"),
    ("<%", "%>"),
];

/// Whether a line may have a tag.
pub(super) fn may_have_tag(line: &str) -> bool {
    let bytes = line.as_bytes();
    bytes
        .iter()
        .zip(bytes.iter().skip(1))
        .any(|pair| matches!(pair, (b'{', b'{' | b'%' | b'#' | b'/') | (b'<', b'%')))
}

/// The end that a tag on this line still waits for, if it goes on in the next line.
pub(super) fn open_end(line: &str) -> Option<&'static str> {
    let mut at = 0;
    while let Some((start, (opening, end))) = next_mark(line, at, &["#}"]) {
        let inner = line.get(start + opening.len()..)?;
        match inner.find(end) {
            Some(length) => at = start + opening.len() + length + end.len(),
            None => return Some(end),
        }
    }
    None
}

/// The tags of a line, in their order.
pub(super) fn tags(line: &str) -> Vec<Tag<'_>> {
    let mut tags = Vec::new();
    // The ends that do not stand in the rest of the line.
    let mut missing: Vec<&str> = Vec::new();
    let mut at = 0;
    while let Some((start, (opening, closing))) = next_mark(line, at, &missing) {
        let from = start + opening.len();
        let inner = line.get(from..).unwrap_or_default();
        let Some(length) = inner.find(closing) else {
            missing.push(closing);
            at = from;
            continue;
        };
        let end = from + length + closing.len();
        let inner = inner.get(..length).unwrap_or_default();
        tags.push(tag(opening, inner, start, end));
        at = end;
    }
    tags
}

/// The next opening of a tag whose end is not among `missing`.
fn next_mark(
    line: &str,
    from: usize,
    missing: &[&str],
) -> Option<(usize, &'static (&'static str, &'static str))> {
    let rest = line.get(from..)?;
    rest.match_indices(['{', '<']).find_map(|(at, _)| {
        let tail = rest.get(at..)?;
        let mark = MARKS
            .iter()
            .find(|(opening, _)| tail.starts_with(opening))?;
        (!missing.contains(&mark.1)).then_some((from + at, mark))
    })
}

fn tag<'a>(opening: &str, inner: &'a str, start: usize, end: usize) -> Tag<'a> {
    let whole = |kind| Tag {
        start,
        end,
        kind,
        name: "",
        arguments: inner.trim(),
    };
    if matches!(opening, "{#" | "{/*" | "{{!--") || inner.starts_with('!') && opening == "{{" {
        return whole(Kind::Comment);
    }
    if opening == "<%" && inner.starts_with('#') {
        return whole(Kind::Comment);
    }
    if opening == "<%" && inner.starts_with('=') {
        return whole(Kind::Output);
    }
    let trimmed = inner.trim_matches(|c: char| c.is_whitespace() || matches!(c, '-' | '~'));
    let is_statement = opening != "{{" || trimmed.starts_with(['#', '/']) || is_statement(trimmed);
    if !is_statement {
        return whole(Kind::Output);
    }
    let (trimmed, is_self_closing) = match trimmed.strip_suffix('/') {
        Some(before) if !before.is_empty() => (before.trim_end(), true),
        _ => (trimmed, false),
    };
    let trimmed = trimmed.trim_start_matches('#');
    let (trimmed, is_closing) = match trimmed.strip_prefix('/') {
        Some(name) => (name.trim_start(), true),
        None => (trimmed, false),
    };
    let length = trimmed
        .find(|c: char| c.is_whitespace() || matches!(c, '"' | '(' | '='))
        .unwrap_or(trimmed.len());
    let (name, arguments) = trimmed.split_at(length);
    let ends = name
        .strip_prefix("end")
        .filter(|_| !is_closing && matches!(opening, "{%" | "<%" | "{{"));
    let (name, kind) = match ends {
        Some(name) => (name.trim_start_matches('_'), Kind::Close),
        None if is_closing => (name, Kind::Close),
        None if is_self_closing => (name, Kind::SelfClosing),
        None => (name, Kind::Open),
    };
    Tag {
        start,
        end,
        kind,
        name,
        arguments: arguments.trim(),
    }
}

/// Whether an expression in double braces controls a template instead of printing.
fn is_statement(text: &str) -> bool {
    let name = text.split_whitespace().next().unwrap_or_default();
    matches!(
        name,
        "if" | "else" | "end" | "range" | "with" | "define" | "block" | "unless" | "each"
    ) && (name == "else" || name == "end" || name != text)
}

/// The value of an argument: `name="x"`, `name=x`, `name: "x"`.
pub(super) fn argument<'a>(arguments: &'a str, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| {
        let mut from = 0;
        loop {
            let at = from + arguments.get(from..)?.find(name)?;
            let before = arguments.get(..at)?.chars().next_back();
            let rest = arguments.get(at + name.len()..)?.trim_start();
            from = at + name.len();
            let is_whole =
                before.is_none_or(|c| c.is_whitespace() || matches!(c, ',' | '{' | '(' | '['));
            if let Some(value) = rest.strip_prefix(['=', ':'])
                && is_whole
            {
                return first_value(value.trim_start());
            }
        }
    })
}

/// The first argument, in quotes or without.
pub(super) fn first_value(text: &str) -> Option<&str> {
    let text = text.trim();
    let quote = text.chars().next()?;
    let value = if matches!(quote, '"' | '\'' | '`') {
        text.get(1..)?.split(quote).next()?
    } else {
        text.split(|c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']' | ')'))
            .next()?
    };
    Some(value.trim()).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{Kind, argument, first_value, open_end, tags};

    #[test]
    fn every_syntax() {
        let read = |line: &str| -> Vec<String> {
            tags(line)
                .iter()
                .map(|tag| format!("{:?} {} {}", tag.kind, tag.name, tag.arguments))
                .collect()
        };
        assert_eq!(
            read("{% tab title=\"a\" %}x{% endtab %}"),
            ["Open tab title=\"a\"", "Close tab "]
        );
        assert_eq!(
            read("{{< tab name=\"a\" />}} {{< /tabs >}}"),
            ["SelfClosing tab name=\"a\"", "Close tabs "]
        );
        assert_eq!(
            read("{{% tab \"a\" %}}{{ x | y }}{# c #}"),
            ["Open tab \"a\"", "Output  x | y", "Comment  c"]
        );
        assert_eq!(
            read("<% if a %><%= b %><% end %>"),
            ["Open if a", "Output  = b", "Close  "]
        );
        assert_eq!(
            read("{{#if a}}{{else}}{{/if}}{{end}}"),
            ["Open if a", "Open else ", "Close if ", "Close  "]
        );
        assert_eq!(read("{%- endif -%} {#x} {a}"), ["Close if "]);
        assert_eq!(open_end("{{< tab"), Some(">}}"));
        assert_eq!(open_end("{{< tab >}} # x {#id}"), None);
        assert_eq!(tags("{{ x }}")[0].kind, Kind::Output);
    }

    #[test]
    fn arguments() {
        assert_eq!(
            argument("xname=b name=\"a b\"", &["title", "name"]),
            Some("a b")
        );
        assert_eq!(argument("title: 'a', b", &["title"]), Some("a"));
        assert_eq!(argument("a b", &["name"]), None);
        assert_eq!(first_value(" \"a b\" c"), Some("a b"));
        assert_eq!(first_value("a.md c"), Some("a.md"));
    }
}
