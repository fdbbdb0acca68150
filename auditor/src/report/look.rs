//! How a report is shown: colours and width of a terminal, how much of lists, and what counts as a failure.

use super::schema::Severity;

/// How a report is shown. By default the text is that of a file.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Look {
    pub has_colours: bool,
    /// In columns; `None` leaves lines unwrapped.
    pub width: Option<usize>,
    /// Lists have all of their entries, and not only the first of many that say the same.
    pub shows_all: bool,
    /// What is a failure, for forms that tell failures from other findings.
    pub fails_on: FailsOn,
}

/// What is a failure, as the exit code has it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum FailsOn {
    #[default]
    Violation,
    /// A violation or a warning.
    Warning,
    Nothing,
}

impl FailsOn {
    pub(super) fn fails(self, severity: Severity) -> bool {
        match self {
            Self::Violation => severity == Severity::Violation,
            Self::Warning => Severity::Warning <= severity,
            Self::Nothing => false,
        }
    }
}

/// Select graphic rendition (ECMA-48, 8.3.117).
const RESET: &str = "\u{1b}[0m";
const BOLD: &str = "\u{1b}[1m";
const RED: &str = "\u{1b}[31m";
const YELLOW: &str = "\u{1b}[33m";
const CYAN: &str = "\u{1b}[36m";
const GREEN: &str = "\u{1b}[32m";

/// On a terminal narrower than this, lines are not wrapped.
const NARROWEST: usize = 40;

/// Renders text that has no control characters but line breaks.
pub(crate) fn shown(text: &str, look: Look) -> String {
    let mut out = String::with_capacity(text.len());
    // The colour of findings in the section that a line is in.
    let mut section = None;
    for (at, line) in text.lines().enumerate() {
        section = match line {
            "Violations" => Some(RED),
            "Warnings" => Some(YELLOW),
            "Notes" => Some(CYAN),
            line if line.starts_with("Flows as expected") || line.starts_with("Rules:") => None,
            _ => section,
        };
        let is_title = !line.starts_with(' ') && section.is_some() && !line.is_empty();
        let is_finding = line.starts_with("  ") && !line.starts_with("   ");
        let style = match section {
            _ if !look.has_colours || line.is_empty() => None,
            _ if at == 0 => Some([
                BOLD,
                if line.starts_with("0 violations") {
                    GREEN
                } else {
                    RED
                },
            ]),
            Some(colour) if is_title => Some([BOLD, colour]),
            Some(colour) if is_finding => Some(["", colour]),
            Some(_) | None => None,
        };
        for part in wrapped(line, look.width) {
            match style {
                Some(style) => out.extend([style[0], style[1], &part, RESET]),
                None => out.push_str(&part),
            }
            out.push('\n');
        }
    }
    out
}

/// Wraps a line into pieces that fit the width; those after the first are indented further.
fn wrapped(line: &str, width: Option<usize>) -> Vec<String> {
    let Some(width) = width.filter(|width| NARROWEST <= *width) else {
        return vec![line.to_owned()];
    };
    if line.chars().count() <= width {
        return vec![line.to_owned()];
    }
    let indent = line.chars().take_while(|c| *c == ' ').count();
    let mut pieces = Vec::new();
    let mut piece = " ".repeat(indent);
    let mut length = indent;
    let mut is_empty = true;
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        let n = word.chars().count();
        if !is_empty && width < length + 1 + n {
            pieces.push(std::mem::replace(&mut piece, " ".repeat(indent + 2)));
            length = indent + 2;
            is_empty = true;
        }
        if !is_empty {
            piece.push(' ');
            length += 1;
        }
        piece.push_str(word);
        length += n;
        is_empty = false;
    }
    pieces.push(piece);
    pieces
}

#[cfg(test)]
mod tests {
    use super::{Look, shown};

    const TEXT: &str = "1 violation, 0 warnings, 0 notes\n\nViolations\n  unexpected flow: 10.0.0.1 -> 10.0.0.2 tcp/22 and so on\n    no rule names it\n\nRules: 1 observed\n  observed: a -> b\n";

    #[test]
    fn plain_text_is_left_alone() {
        assert_eq!(shown(TEXT, Look::default()), TEXT);
    }

    #[test]
    fn colours_change_nothing_else() {
        let colours = Look {
            has_colours: true,
            width: None,
            ..Look::default()
        };
        let coloured = shown(TEXT, colours);
        insta::assert_snapshot!(coloured.escape_debug().to_string().replace("\\n", "\n"));
        let codes = regex::Regex::new("\u{1b}\\[[0-9]+m").unwrap();
        assert_eq!(codes.replace_all(&coloured, ""), TEXT);
    }

    #[test]
    fn lines_fit() {
        let narrow = Look {
            has_colours: false,
            width: Some(40),
            ..Look::default()
        };
        let text = shown(TEXT, narrow);
        insta::assert_snapshot!(text);
        let words = |text: &str| {
            text.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(words(&text), words(TEXT));
        let tiny = Look {
            has_colours: false,
            width: Some(3),
            ..Look::default()
        };
        assert_eq!(shown(TEXT, tiny), TEXT);
    }
}
