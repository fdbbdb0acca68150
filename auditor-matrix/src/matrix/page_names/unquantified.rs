//! The names of roles without words before them that say how many are meant.

use super::{PageNames, kind::is_kind};
use crate::matrix::quantifier::{Quantified, is_same, plural};

impl PageNames {
    /// The name of a role, without words before it that say how many are meant where the rest says which: `all the Till nodes`. Of
    /// mere `nodes`, all may be more than some. `other_end` is the text of the other end, of which `all other Till nodes` are the
    /// same kind.
    pub(in crate::matrix) fn unquantified(&self, part: &str, other_end: &str) -> String {
        let counted = Quantified::of(part);
        if !counted.is_counted() {
            return counted.name.to_owned();
        }
        if counted.is_other {
            let others = self.split(other_end);
            let same = others
                .iter()
                .find(|other| is_same(Quantified::of(other).name, counted.name));
            if let Some(same) = same {
                return self.unquantified(same, "");
            }
        }
        let many = plural(counted.name);
        let (says_one, says_many) = (self.contains(counted.name), self.contains(&many));
        let is_name = counted.is_specific(is_kind)
            || (says_one || says_many) && !is_kind(&counted.name.to_lowercase());
        if is_name {
            // "any Till node" of the `Till nodes`
            return if says_many && (counted.is_each || !says_one || !counted.name.ends_with('s')) {
                many
            } else {
                counted.name.to_owned()
            };
        }
        // "every node" of `All nodes`, or of `nodes`
        let whole = format!("all {many}");
        match counted.is_each {
            true if self.whole.contains(&whole.to_lowercase()) => whole,
            true if says_many => many,
            true | false => part.to_owned(),
        }
    }
}

/// The name behind words that say how many are meant, if it says which.
pub(super) fn specific(name: &str) -> Option<&str> {
    let counted = Quantified::of(name);
    (counted.is_counted() && counted.is_specific(is_kind)).then_some(counted.name)
}

#[cfg(test)]
mod tests {
    use super::PageNames;

    #[track_caller]
    fn check(known: &[&str], text: &str, other_end: &str, expected: &str) {
        let mut names = PageNames::default();
        for name in known.iter().chain([&text, &other_end]) {
            names.add(name);
        }
        let roles: Vec<String> = names
            .split(text)
            .iter()
            .map(|part| names.unquantified(part, other_end))
            .collect();
        assert_eq!(roles.join(" | "), expected, "{text}");
    }

    #[test]
    fn names_without_quantifiers() {
        check(&[], "all the Store nodes", "Till", "Store nodes");
        check(
            &[],
            "all Store nodes and every Till server",
            "Core",
            "Store nodes | Till server",
        );
        check(&["Tills"], "any Till", "Core", "Tills");
        check(&["Tills"], "each of the Tills", "Core", "Tills");
        check(&["Till node"], "both Till nodes", "Core", "Till nodes");
        check(&[], "just the Core", "Till", "Core");
    }

    #[test]
    fn others_of_the_same() {
        check(&[], "all other Store nodes", "Store nodes", "Store nodes");
        check(&[], "every other Store node", "Store nodes", "Store nodes");
        check(&[], "all other nodes", "nodes", "nodes");
        check(&[], "other nodes", "All nodes", "All nodes");
        check(&[], "other nodes", "Core", "other nodes");
    }

    #[test]
    fn quantifiers_that_tell_which() {
        check(&["nodes"], "all nodes", "Core", "all nodes");
        check(&["All nodes"], "every node", "Core", "all nodes");
        check(&["nodes"], "each node", "Core", "nodes");
        check(&[], "each node", "Core", "each node");
        check(&[], "any DGE", "Core", "any DGE");
        check(
            &[],
            "All System Components",
            "Core",
            "All System Components",
        );
    }
}
