//! What a page says its marks mean: `C: connects, S: listens`, `o = optional`.

use super::mark::{Mark, mark, says_side};

/// The marks that the paragraph above a table explains.
#[derive(Debug, Default)]
pub(super) struct Legend(Vec<(String, Mark)>);

impl Legend {
    pub(super) fn of(paragraph: &str) -> Self {
        let entries = paragraph
            .split([',', ';', '.', '(', ')', '\n'])
            .filter_map(|part| {
                let (key, meaning) = [" = ", "=", ": ", " means ", " - ", " \u{2013} "]
                    .iter()
                    .find_map(|joint| part.split_once(joint))?;
                let key = key
                    .rsplit(' ')
                    .next()?
                    .trim_matches(['"', '\'', '`', '*', '\u{201c}', '\u{201d}']);
                let is_key = (1..=MOST_LETTERS).contains(&key.chars().count())
                    && key.chars().all(|sign| !sign.is_ascii_digit());
                let word = meaning.trim().split(' ').next()?.to_lowercase();
                is_key.then_some((key.to_owned(), mark(&word).filter(|_| 2 < word.len())?))
            });
        Self(entries.take(MOST_ENTRIES).collect())
    }

    /// Whether it explains who asks and who is asked.
    pub(super) fn has_sides(&self) -> bool {
        self.0.iter().any(|(_, mark)| says_side(*mark))
    }

    /// Reads a mark as the page explains it, or else as everybody writes it.
    pub(super) fn mark(&self, cell: &str) -> Option<Mark> {
        let explained = |key: &str| {
            self.0
                .iter()
                .find(|(known, _)| known == key.trim())
                .map(|(_, mark)| *mark)
        };
        explained(cell).or_else(|| {
            let both = cell
                .split_once(['/', ',', '+'])
                .and_then(|(first, second)| Some([explained(first)?, explained(second)?]));
            match both {
                Some(both) if both.contains(&Mark::Asks) && both.contains(&Mark::Answers) => {
                    Some(Mark::Both)
                }
                Some(_) | None => mark(cell),
            }
        })
    }
}

/// A longer key is a word.
const MOST_LETTERS: usize = 2;

/// Nobody explains more marks.
const MOST_ENTRIES: usize = 16;

#[cfg(test)]
mod tests {
    use super::{Legend, Mark};

    #[test]
    fn legends() {
        let legend = Legend::of("C: connects, S: listens.");
        assert!(legend.has_sides());
        assert_eq!(legend.mark("C"), Some(Mark::Asks));
        assert_eq!(legend.mark("S"), Some(Mark::Answers));
        assert_eq!(legend.mark("C/S"), Some(Mark::Both));
        assert_eq!(legend.mark("T"), None);
        let legend = Legend::of("Marks: x = required; o = optional");
        assert_eq!(legend.mark("o"), Some(Mark::Optional));
        assert!(!legend.has_sides());
        assert!(!Legend::of("The following ports: all of them.").has_sides());
    }
}
