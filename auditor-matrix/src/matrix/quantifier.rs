//! Words before a name that say how many are meant and are no part of it: `all other Till nodes`, `just the Core`.

/// A name, and what the words before it say of how many are meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Quantified<'a> {
    pub(super) name: &'a str,
    /// `other`: those of the name that are not at the other end.
    pub(super) is_other: bool,
    /// `all`, `any`, `both`, `other`: the whole of the name.
    pub(super) is_whole: bool,
    /// `each`, `every`: the name stands for one of many.
    pub(super) is_each: bool,
}

impl<'a> Quantified<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let mut found = Self {
            name: text.trim(),
            is_other: false,
            is_whole: false,
            is_each: false,
        };
        while let Some((first, rest)) = found.name.split_once(' ') {
            let rest = rest.trim_start();
            let is_lower = first.starts_with(char::is_lowercase);
            let first = first.to_lowercase();
            let next = rest.split(' ').next().unwrap_or_default().to_lowercase();
            match first.as_str() {
                "the" | "your" => {}
                // "two Till sites" are the Till sites; `Six Tills servers` may be a name.
                "two" | "three" | "four" | "five" | "six" | "several" | "multiple"
                    if is_lower && rest.ends_with('s') => {}
                "only" | "just" if may_precede(&next) => {}
                // "each of the Tills", "one or more of your Tills"
                "of" if found.is_each || found.is_whole => {}
                "all" | "any" | "both" | "either" => found.is_whole = true,
                "other" | "another" => {
                    found.is_other = true;
                    found.is_whole = true;
                }
                "each" | "every" => found.is_each = true,
                "one" if matches!(next.as_str(), "or" | "of") => found.is_whole = true,
                "or" if rest.starts_with("more ") => {}
                "more" if found.is_whole => {}
                _ => break,
            }
            found.name = rest;
        }
        found
    }

    /// Whether words before the name say how many are meant.
    pub(super) const fn is_counted(&self) -> bool {
        self.is_whole || self.is_each
    }

    /// Whether the name tells which are meant: `Till nodes`, and not `nodes`, of which all may be more than some.
    pub(super) fn is_specific(&self, is_kind: impl Fn(&str) -> bool) -> bool {
        self.name
            .rsplit_once(' ')
            .is_some_and(|(_, head)| is_kind(&head.to_lowercase()))
    }
}

/// Whether a word may follow `only` and `just` before a name: `just the Core` is the Core.
fn may_precede(next: &str) -> bool {
    matches!(
        next,
        "the" | "all" | "one" | "each" | "every" | "your" | "these" | "those" | "other"
    )
}

/// The plural of a name in its usual form.
pub(super) fn plural(name: &str) -> String {
    let lower = name.to_lowercase();
    let sibilant = ["s", "x", "ch", "sh"]
        .iter()
        .any(|end| lower.ends_with(end));
    match name.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if sibilant => format!("{name}es"),
        _ => format!("{name}s"),
    }
}

/// Whether two names are one but for their number: `Till node` and `till nodes`.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    let (one, other) = (one.to_lowercase(), other.to_lowercase());
    one == other || plural(&one) == other || one == plural(&other)
}

#[cfg(test)]
mod tests {
    use super::{Quantified, is_same, plural};

    #[test]
    fn names_behind_quantifiers() {
        let check = |text: &str, name: &str, flags: &str| {
            let found = Quantified::of(text);
            let mut shown = String::new();
            for (is, letter) in [
                (found.is_other, 'o'),
                (found.is_whole, 'w'),
                (found.is_each, 'e'),
            ] {
                shown.extend(is.then_some(letter));
            }
            assert_eq!((found.name, shown.as_str()), (name, flags), "{text}");
        };
        check("all other Till nodes", "Till nodes", "ow");
        check("all the Store nodes", "Store nodes", "w");
        check("just the Core node", "Core node", "");
        check("every node", "node", "e");
        check("each of the Tills", "Tills", "e");
        check("one or more of your Store nodes", "Store nodes", "w");
        check("Any Till", "Till", "w");
        check("both Cores", "Cores", "w");
        check("your other Core", "Core", "ow");
        check("only the Core", "Core", "");
        // No quantifiers: names that begin like one.
        check("One Store", "One Store", "");
        check("All-in-one nodes", "All-in-one nodes", "");
        check("Only Till", "Only Till", "");
        check("any", "any", "");
    }

    #[test]
    fn numbers() {
        assert_eq!(plural("Till node"), "Till nodes");
        assert_eq!(plural("registry"), "registries");
        assert_eq!(plural("gateway"), "gateways");
        assert_eq!(plural("switch"), "switches");
        assert!(is_same("Till Node", "till nodes"));
        assert!(!is_same("Till", "Store"));
    }
}
