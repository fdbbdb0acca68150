//! The last lines of an import: what was made, what it rests on, what needs a look, and what to type next.

use std::path::Path;

use crate::matrix::Inference;

/// Whether pages say something that the matrix with which they were compared does not.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum News {
    None,
    Some,
}

/// What an import has come to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Closing<'a> {
    pub(super) output: Option<&'a Path>,
    pub(super) review: Option<&'a Path>,
    pub(super) n_rows: usize,
    /// What each rule rests on.
    pub(super) inferred: &'a [Vec<Inference>],
    /// What needs a look, in words; `None` if nothing.
    pub(super) look: Option<&'a str>,
    /// The arguments that name the pages and say how they are read.
    pub(super) arguments: &'a [String],
    pub(super) news: News,
}

impl Closing<'_> {
    /// At most four lines.
    pub(super) fn lines(&self) -> Vec<String> {
        let n_rules = self.inferred.len();
        let rules = plural(n_rules, "rule", "rules");
        let rows = plural(self.n_rows, "row", "rows");
        let mut lines = vec![match self.output {
            Some(path) => format!(
                "{}: {rules} from {rows}; review them, then keep the file in git",
                path.display()
            ),
            None => format!("{rules} from {rows}"),
        }];
        let on_inference = self.on_inference();
        lines.extend(on_inference.clone());
        lines.extend(self.look.map(|look| format!("to look at: {look}")));
        lines.push(match (self.output, self.news) {
            (None, News::None) => "next: nothing, there is nothing to take over".to_owned(),
            (_, _) => format!(
                "next: {}",
                self.next(on_inference.is_some() || self.look.is_some())
            ),
        });
        lines
    }

    fn on_inference(&self) -> Option<String> {
        let n_inferred = self
            .inferred
            .iter()
            .filter(|found| !found.is_empty())
            .count();
        let count = |inference| {
            let has_it = |found: &&Vec<Inference>| found.contains(&inference);
            self.inferred.iter().filter(has_it).count()
        };
        let mut counts: Vec<(usize, Inference)> =
            [Inference::Transport, Inference::Endpoint, Inference::Guess]
                .map(|inference| (count(inference), inference))
                .into_iter()
                .filter(|(count, _)| 0 < *count)
                .collect();
        counts.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let words: Vec<String> = counts
            .into_iter()
            .map(|(count, inference)| format!("{count} with {}", inference.name()))
            .collect();
        let rests = if n_inferred == 1 { "rests" } else { "rest" };
        (0 < n_inferred).then(|| {
            format!(
                "of them {n_inferred} {rests} on an inference: {}",
                words.join(", ")
            )
        })
    }

    /// The next command to type.
    fn next(&self, needs_look: bool) -> String {
        let import = || {
            let arguments: Vec<String> = self.arguments.iter().map(|word| quoted(word)).collect();
            format!("auditor import {}", arguments.join(" "))
        };
        let Some(output) = self.output else {
            return format!("{} -o matrix.toml --review review.html", import());
        };
        let output = quoted(&output.display().to_string());
        match self.review {
            Some(review) => format!(
                "open {} in a browser, then auditor check {output}",
                review.display()
            ),
            None if needs_look => format!("{} -o {output} --review review.html", import()),
            None => format!("auditor check {output}"),
        }
    }
}

fn plural(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Closing, News, quoted};
    use crate::matrix::Inference;

    #[test]
    fn what_is_said() {
        let arguments = [
            "a page.md".to_owned(),
            "--column".to_owned(),
            "A / B=peer".to_owned(),
        ];
        let none = [vec![], vec![]];
        let fine = Closing {
            output: Some(Path::new("m.toml")),
            review: None,
            n_rows: 1,
            inferred: &none,
            look: None,
            arguments: &arguments,
            news: News::Some,
        };
        assert_eq!(
            fine.lines(),
            [
                "m.toml: 2 rules from 1 row; review them, then keep the file in git",
                "next: auditor check m.toml"
            ]
        );
        let some = [
            vec![],
            vec![Inference::Endpoint],
            vec![Inference::Transport, Inference::Endpoint],
        ];
        let doubtful = Closing {
            inferred: &some,
            look: Some("1 cell not understood"),
            ..fine
        };
        assert_eq!(
            doubtful.lines(),
            [
                "m.toml: 3 rules from 1 row; review them, then keep the file in git",
                "of them 2 rest on an inference: 2 with placeholder end, 1 with inferred transport",
                "to look at: 1 cell not understood",
                "next: auditor import 'a page.md' --column 'A / B=peer' -o m.toml --review review.html"
            ]
        );
        let reviewed = Closing {
            review: Some(Path::new("r.html")),
            ..doubtful
        };
        assert_eq!(
            reviewed.lines().last().unwrap(),
            "next: open r.html in a browser, then auditor check m.toml"
        );
        let settled = Closing {
            output: None,
            news: News::None,
            ..doubtful
        };
        assert_eq!(
            settled.lines().last().unwrap(),
            "next: nothing, there is nothing to take over"
        );
        let printed = Closing {
            output: None,
            ..fine
        };
        assert_eq!(printed.lines()[0], "2 rules from 1 row");
        assert!(printed.lines()[1].ends_with("-o matrix.toml --review review.html"));
    }

    #[test]
    fn words_for_a_shell() {
        assert_eq!(quoted("https://a.example/b"), "https://a.example/b");
        assert_eq!(quoted("it's"), "'it'\\''s'");
        assert_eq!(quoted(""), "''");
    }
}
