//! What a sentence says of the rest of its page, and of no traffic: `unless stated otherwise`, `if not noted below`.

/// Whether the words of a condition say no more than that the page may say otherwise elsewhere.
pub(super) fn is_to_the_page(condition: &str) -> bool {
    let mut says = false;
    let mut words = condition
        .split(|c: char| !c.is_alphanumeric() && c != '\'')
        .filter(|word| !word.is_empty());
    let is_start = words.next().is_some_and(|first| {
        ["unless", "if", "where", "when", "except"]
            .iter()
            .any(|start| first.eq_ignore_ascii_case(start))
    });
    is_start
        && words.all(|word| {
            let lower = word.to_lowercase();
            says |= is_said(&lower);
            is_said(&lower) || is_empty(&lower)
        })
        && says
}

/// Participles of verbs by which a text says something.
fn is_said(lower: &str) -> bool {
    matches!(
        lower,
        "stated"
            | "noted"
            | "specified"
            | "indicated"
            | "mentioned"
            | "listed"
            | "marked"
            | "described"
            | "documented"
            | "said"
            | "given"
            | "written"
            | "shown"
            | "labeled"
            | "labelled"
            | "declared"
            | "annotated"
            | "flagged"
            | "detailed"
            | "denoted"
            | "identified"
    )
}

/// Words that name nothing outside of the page.
fn is_empty(lower: &str) -> bool {
    matches!(
        lower,
        "otherwise"
            | "differently"
            | "not"
            | "where"
            | "when"
            | "as"
            | "it"
            | "is"
            | "are"
            | "has"
            | "have"
            | "been"
            | "explicitly"
            | "specifically"
            | "expressly"
            | "else"
            | "different"
            | "something"
            | "anything"
            | "below"
            | "above"
            | "here"
            | "elsewhere"
            | "in"
            | "by"
            | "the"
            | "this"
            | "a"
            | "an"
            | "table"
            | "tables"
            | "list"
            | "page"
            | "document"
            | "column"
            | "description"
            | "note"
            | "notes"
            | "brackets"
            | "parentheses"
    )
}

#[cfg(test)]
mod tests {
    use super::is_to_the_page;

    #[test]
    fn references_and_conditions() {
        for text in [
            "unless stated otherwise",
            "unless otherwise noted",
            "Unless explicitly mentioned in the table",
            "if not stated otherwise",
            "except where noted",
            "unless it is marked differently in the notes",
        ] {
            assert!(is_to_the_page(text), "{text}");
        }
        for text in [
            "unless the proxy is used",
            "if the relay is listed",
            "unless disabled",
            "if not",
            "when marked by the operator",
            "unless otherwise configured",
        ] {
            assert!(!is_to_the_page(text), "{text}");
        }
    }
}
