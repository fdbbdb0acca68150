//! Conditions under which a page is published, and not the traffic that it describes: `{% if include.version == "3.0" %}` around all
//! of it, `ifdef::backend-html5[]`.

use std::collections::BTreeMap;

use super::{
    accounting,
    block::{Block, Content},
};

/// A condition that says nothing of the traffic.
pub(super) struct Published {
    pub(super) line: usize,
    pub(super) condition: String,
}

/// Takes the conditions out of a page that say when it is published: one that holds everything the page says of ports, and
/// one for a form of output. What is under one of them may hold for a part of the deployments only if something else on
/// the page is not under it.
pub(super) fn without_conditions(blocks: &mut Vec<Block>) -> Vec<Published> {
    let mut found: BTreeMap<&str, Condition> = BTreeMap::new();
    let mut open: Vec<Option<&str>> = Vec::new();
    let mut n_all = 0_usize;
    for block in &*blocks {
        match &block.content {
            Content::Condition(name) => {
                found.entry(name).or_insert(Condition {
                    line: block.line,
                    n_inside: 0,
                });
                // What is under a condition twice counts once.
                let is_outermost = !open.contains(&Some(name.as_str()));
                open.push(Some(name.as_str()).filter(|_| is_outermost));
            }
            Content::Alternative(_) => open.push(None),
            Content::EndAlternative => {
                open.pop();
            }
            content @ (Content::Heading { .. }
            | Content::Table(_)
            | Content::Text(_)
            | Content::Item { .. }
            | Content::Code { .. }
            | Content::Unread { .. }
            | Content::Caption(_)
            | Content::Title(_)) => {
                let in_condition = open.iter().any(Option::is_some);
                if says_ports(content, in_condition) {
                    n_all += 1;
                    for name in open.iter().copied().flatten() {
                        if let Some(condition) = found.get_mut(name) {
                            condition.n_inside += 1;
                        }
                    }
                }
            }
        }
    }
    let published: Vec<Published> = found
        .into_iter()
        .filter(|(name, condition)| 0 < n_all && condition.n_inside == n_all || is_output(name))
        .map(|(name, condition)| Published {
            line: condition.line,
            condition: name.to_owned(),
        })
        .collect();
    if !published.is_empty() {
        let mut kept: Vec<bool> = Vec::new();
        blocks.retain(|block| match &block.content {
            Content::Condition(name) => {
                let is_kept = !published.iter().any(|known| known.condition == *name);
                kept.push(is_kept);
                is_kept
            }
            Content::Alternative(_) => {
                kept.push(true);
                true
            }
            Content::EndAlternative => kept.pop().unwrap_or(true),
            Content::Heading { .. }
            | Content::Table(_)
            | Content::Text(_)
            | Content::Item { .. }
            | Content::Code { .. }
            | Content::Unread { .. }
            | Content::Caption(_)
            | Content::Title(_) => true,
        });
    }
    published
}

struct Condition {
    /// Where it stands first.
    line: usize,
    /// So many blocks that speak of ports are under it.
    n_inside: usize,
}

/// Whether a block may say something of ports. Outside of conditions a sentence without a number is an introduction; under one,
/// it may say that there are none.
fn says_ports(content: &Content, in_condition: bool) -> bool {
    let has_digit = |text: &str| text.contains(|c: char| c.is_ascii_digit());
    match content {
        Content::Table(rows) => (0..rows.len()).any(|row| rows.cells(row).any(has_digit)),
        Content::Item { text, .. } | Content::Code { text, .. } => has_digit(text),
        Content::Text(text) | Content::Heading { text, .. } => {
            accounting::speaks_of_ports(text) && (in_condition || has_digit(text))
        }
        Content::Unread { .. } => true,
        Content::Caption(_)
        | Content::Title(_)
        | Content::Alternative(_)
        | Content::Condition(_)
        | Content::EndAlternative => false,
    }
}

/// Whether a condition holds wherever what the page is about is there: `When installing Shop on a host`, on a page titled
/// `Shop requirements`.
pub(super) fn is_of_product(condition: &str, title: Option<&str>) -> bool {
    let words = |text: &str| -> Vec<String> {
        text.to_lowercase()
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let titled = words(title.unwrap_or_default());
    let is_deployed = |word: &str| {
        ["install", "deploy", "operat", "setup", "upgrad"]
            .iter()
            .any(|start| word.starts_with(start))
            || matches!(word, "run" | "running" | "runs" | "set" | "setting")
    };
    let says_nothing = |word: &str| {
        matches!(
            word,
            "when"
                | "if"
                | "you"
                | "your"
                | "we"
                | "the"
                | "a"
                | "an"
                | "on"
                | "in"
                | "to"
                | "up"
                | "is"
                | "are"
                | "be"
                | "being"
                | "of"
                | "each"
                | "every"
                | "any"
                | "it"
                | "want"
                | "host"
                | "hosts"
                | "machine"
                | "machines"
                | "server"
                | "servers"
                | "system"
                | "systems"
                | "product"
                | "software"
                | "environment"
        )
    };
    let stated = words(condition);
    stated.iter().any(|word| is_deployed(word))
        && stated.iter().all(|word| {
            is_deployed(word) || says_nothing(word) || titled.iter().any(|other| other == word)
        })
}

/// Whether a condition is about the form in which the page is put out.
fn is_output(condition: &str) -> bool {
    let name = condition
        .trim()
        .trim_start_matches("not ")
        .trim_matches(['{', '}', ' '])
        .to_lowercase();
    name.split([',', '+', ' ']).all(|part| {
        let part = part.trim();
        ["backend-", "env-", "basebackend-", "filetype-", "doctype-"]
            .iter()
            .any(|start| part.starts_with(start))
            || matches!(
                part,
                "html"
                    | "html5"
                    | "latex"
                    | "pdf"
                    | "epub"
                    | "man"
                    | "text"
                    | "or"
                    | "and"
                    | "not"
                    | ""
                    | "builder_html"
                    | "builder_latex"
            )
    })
}

#[cfg(test)]
mod tests {
    use super::{is_of_product, is_output, without_conditions};
    use crate::document::block::{Block, Content};

    /// A page of its borders and texts: `(x` begins the condition x, `)` ends it.
    #[track_caller]
    fn check(page: &[&str], published: &[&str], n_left: usize) {
        let mut blocks: Vec<Block> = page
            .iter()
            .enumerate()
            .map(|(index, text)| Block {
                line: index + 1,
                content: match text.strip_prefix('(') {
                    Some(name) => Content::Condition(name.to_owned()),
                    None if *text == ")" => Content::EndAlternative,
                    None => Content::Text((*text).to_owned()),
                },
            })
            .collect();
        let found = without_conditions(&mut blocks);
        let names: Vec<&str> = found.iter().map(|one| one.condition.as_str()).collect();
        assert_eq!(names, published, "{page:?}");
        assert_eq!(blocks.len(), n_left, "{page:?}");
    }

    #[test]
    fn a_condition_of_the_whole_page() {
        check(
            &[
                "Shop",
                "(edition == 3",
                "Port 80 is open.",
                ")",
                "(edition == 2",
                "See there.",
                ")",
            ],
            &["edition == 3"],
            5,
        );
        // Twice the same one, and in it another.
        check(
            &[
                "(a",
                "Port 80 is open.",
                "(b",
                "Port 81 is open.",
                ")",
                ")",
                "(a",
                "Port 82.",
                ")",
            ],
            &["a"],
            5,
        );
    }

    #[test]
    fn a_condition_of_a_part_stays() {
        let page = ["(a", "Port 80 is open.", ")", "Port 81 is open."];
        check(&page, &[], 4);
        let page = [
            "(a",
            "Port 80 is open.",
            ")",
            "(not a",
            "No port has to be open.",
            ")",
        ];
        check(&page, &[], 6);
    }

    #[test]
    fn the_product_is_there() {
        let title = Some("Shop Server requirements");
        assert!(is_of_product("When installing Shop on a host", title));
        assert!(is_of_product("If you deploy the Shop server", title));
        assert!(!is_of_product("When installing the till agent", title));
        assert!(!is_of_product("If Shop is replicated", title));
        assert!(!is_of_product("When running Shop in a cluster", title));
        assert!(!is_of_product("When installing Shop", None));
    }

    #[test]
    fn forms_of_output() {
        check(
            &[
                "(backend-html5",
                "Port 80 is open.",
                ")",
                "Port 81 is open.",
            ],
            &["backend-html5"],
            2,
        );
        assert!(is_output("html or latex") && is_output("not env-github"));
        assert!(!is_output("enterprise") && !is_output("product.version > 3"));
    }
}
