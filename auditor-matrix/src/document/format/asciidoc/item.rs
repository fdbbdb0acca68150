//! Items of lists and how deep they are.

/// The marks of the open lists, outermost first.
#[derive(Clone, Default)]
pub(super) struct Lists(Vec<String>);

/// The start of an item.
pub(super) enum Item<'a> {
    Text(&'a str),
    /// A term, and its definition if it begins on the same line.
    Term(&'a str, &'a str),
}

impl Lists {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    /// How many lists are open.
    pub(super) fn depth(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The level of an item with this mark. A mark that no open list has begins a list inside the last one.
    pub(super) fn level(&mut self, mark: &str) -> u8 {
        match self.0.iter().position(|open| open == mark) {
            Some(at) => self.0.truncate(at + 1),
            None => self.0.push(mark.to_owned()),
        }
        // The definitions of a term are one level deeper.
        let last = self.0.len().saturating_sub(1);
        let n_terms = self
            .0
            .iter()
            .take(last)
            .filter(|mark| is_term(mark))
            .count();
        u8::try_from(last + n_terms).unwrap_or(u8::MAX)
    }

    /// The level of what stands below the last term; `None` outside of lists of terms.
    pub(super) fn definition(&self) -> Option<u8> {
        let last = self.0.last().filter(|mark| is_term(mark))?;
        Some(self.clone().level(last).saturating_add(1))
    }
}

fn is_term(mark: &str) -> bool {
    mark.starts_with(';') || mark.starts_with("::")
}

/// Reads the mark of an item: `*`, `-`, `.`, `1.`, `<1>`, or the term before `::`.
pub(super) fn item(text: &str) -> Option<(String, Item<'_>)> {
    if let Some((mark, rest)) = text.split_once([' ', '\t']) {
        let is_all = |wanted: char| mark.chars().all(|c| c == wanted) && mark.len() <= 6;
        let is_number = mark.strip_suffix('.').is_some_and(|number| {
            !number.is_empty()
                && number.chars().all(|c| c.is_ascii_alphanumeric())
                && (number.len() == 1 || number.chars().all(|c| c.is_ascii_digit()))
        });
        let is_callout = mark
            .strip_prefix('<')
            .and_then(|mark| mark.strip_suffix('>'))
            .is_some_and(|number| number == "." || number.chars().all(|c| c.is_ascii_digit()));
        let rest = rest.trim_start();
        if !mark.is_empty() && (is_all('*') || mark == "-" || is_all('.') || mark == "\u{2022}") {
            let rest = ["[ ] ", "[x] ", "[*] "]
                .iter()
                .find_map(|check| rest.strip_prefix(check))
                .unwrap_or(rest);
            return Some((mark.to_owned(), Item::Text(rest)));
        }
        if is_number {
            return Some(("1.".to_owned(), Item::Text(rest)));
        }
        if is_callout {
            return Some(("<1>".to_owned(), Item::Text(rest)));
        }
    }
    term(text)
}

fn term(text: &str) -> Option<(String, Item<'_>)> {
    ["::::", ":::", "::", ";;"].iter().find_map(|mark| {
        let at = text.match_indices(mark).map(|(at, _)| at).find(|at| {
            let rest = text.get(at + mark.len()..).unwrap_or_default();
            rest.is_empty() || rest.starts_with([' ', '\t'])
        })?;
        let term = text.get(..at)?.trim();
        let definition = text.get(at + mark.len()..)?.trim();
        (!term.is_empty() && !term.ends_with([':', ';']))
            .then(|| ((*mark).to_owned(), Item::Term(term, definition)))
    })
}
