//! Front matter: what stands above a page in YAML, TOML or JSON is about the page and no part of it.

use crate::document::text::fold;

/// The front matter of a page.
pub(super) struct FrontMatter {
    /// The page's title and the line on which it stands.
    pub(super) title: Option<(usize, String)>,
    /// The lines and bytes that it takes.
    pub(super) n_lines: usize,
    pub(super) n_bytes: usize,
}

/// Finds the front matter with which a page begins; it has to have an end.
pub(super) fn front_matter(page: &str) -> Option<FrontMatter> {
    let mut lines = page.split_inclusive('\n');
    let first = lines.next()?;
    let opening = first.trim_end();
    let is_json = opening == "{";
    let closings: &[&str] = match opening {
        "---" => &["---", "..."],
        "+++" => &["+++"],
        ";;;" => &[";;;"],
        "{" => &["}"],
        _ => return None,
    };
    let mut matter = FrontMatter {
        title: None,
        n_lines: 1,
        n_bytes: first.len(),
    };
    // The text between two transitions is front matter only if it reads like it.
    let mut has_entry = false;
    for line in lines {
        matter.n_lines += 1;
        matter.n_bytes += line.len();
        let text = line.trim_end();
        // Behind the end of JSON the page may go on in the same line.
        if is_json && text.starts_with('}') && has_entry {
            let rest = line.len() - 1;
            if !text.get(1..).unwrap_or_default().trim().is_empty() {
                matter.n_bytes -= rest;
                matter.n_lines -= 1;
            }
            return Some(matter);
        }
        if closings.contains(&text) {
            return (has_entry || matter.n_lines == 2).then_some(matter);
        }
        if opening == "---" && matter.n_lines == 2 && text.trim().is_empty() {
            return None;
        }
        let entry = text.split_once([':', '=']);
        has_entry |= entry.is_some_and(|(name, _)| is_name(name));
        if let Some((name, value)) = entry.filter(|_| matter.title.is_none())
            && name.trim().trim_matches('"') == "title"
            && (is_json || !name.starts_with(char::is_whitespace))
        {
            let value = value.trim().trim_end_matches(',');
            let title = fold(value.trim_matches(['"', '\'']));
            matter.title = (!title.is_empty()).then_some((1, title));
        }
    }
    None
}

fn is_name(name: &str) -> bool {
    let name = name.trim().trim_matches('"');
    !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | ' '))
}

#[cfg(test)]
mod tests {
    use super::front_matter;

    #[test]
    fn every_syntax() {
        check(
            "---\ntitle: \"Ports\"\nx: 8080\n---\nText",
            Some(("Ports", 4)),
        );
        check("+++\ntitle = 'Ports'\n+++\n", Some(("Ports", 3)));
        check(";;;\ntitle: Ports\n;;;\n", Some(("Ports", 3)));
        check(
            "{\n  \"title\": \"Ports\",\n  \"x\": 1\n}\n",
            Some(("Ports", 4)),
        );
        check("---\n\nText\n\n---\n", None);
        check("---\ntitle: x\n", None);
        check("---\nPort 80 is open\n---\n", None);
        check("# Ports\n", None);
    }

    #[track_caller]
    fn check(page: &str, expected: Option<(&str, usize)>) {
        let found = front_matter(page);
        let found = found.map(|matter| (matter.title.unwrap_or_default().1, matter.n_lines));
        let expected = expected.map(|(title, n_lines)| (title.to_owned(), n_lines));
        assert_eq!(found, expected, "{page}");
    }
}
