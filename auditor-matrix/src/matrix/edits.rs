//! Whether somebody has edited a matrix since its import.

use std::collections::BTreeSet;

use super::rule::{Matrix, Rule};

impl Matrix {
    /// The rules that are not as the last import wrote them: those that were edited, added or taken out by hand. Every rule of
    /// a matrix that was never imported is somebody's own.
    pub fn edits(&self) -> Vec<&str> {
        let is_own = |rule: &&Rule| {
            // No page says in which time its traffic must be seen.
            rule.within.is_some() || self.imported.get(&rule.id) != Some(&rule.digest())
        };
        let own = self
            .rules
            .iter()
            .filter(is_own)
            .map(|rule| rule.id.as_str());
        let ids: BTreeSet<&str> = self.rules.iter().map(|rule| rule.id.as_str()).collect();
        let is_gone = |id: &&str| !ids.contains(id);
        let gone = self.imported.keys().map(String::as_str).filter(is_gone);
        own.chain(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::{
        document::{self, Format},
        matrix::{Matrix, Presence, derive},
    };

    #[test]
    fn what_was_edited() {
        let page = "| Port | Protocol | Source | Destination |\n|--|--|--|--|\n\
                    | 80 | TCP | a | b |\n| 81 | TCP | a | b |\n";
        let document = document::read("page.md", page, Format::Markdown);
        let matrix = derive(&[document], "Page").matrix;
        let text = matrix.to_toml().unwrap();
        let fresh = Matrix::parse(Path::new("m.toml"), &text).unwrap();
        assert_eq!(fresh.edits(), Vec::<&str>::new());

        let edited = |edit: fn(&mut Matrix)| {
            let mut matrix = fresh.clone();
            edit(&mut matrix);
            matrix
                .edits()
                .into_iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            edited(|matrix| matrix.rules[0].presence = Presence::Optional),
            ["b-80-tcp"]
        );
        assert_eq!(
            edited(|matrix| matrix.rules[1].id = "mine".to_owned()),
            ["mine", "b-81-tcp"]
        );
        assert_eq!(edited(|matrix| drop(matrix.rules.pop())), ["b-81-tcp"]);
        assert_eq!(
            edited(|matrix| matrix.rules[0].within = Some(jiff::SignedDuration::from_hours(24))),
            ["b-80-tcp"]
        );
        assert_eq!(
            edited(|matrix| matrix.imported.clear()),
            ["b-80-tcp", "b-81-tcp"]
        );
    }
}
