//! Origins of rules to lines of a page.

/// The lines of `file` that a rule's origin names, such as `ports.md:3, ports.md:7`; in the order in which it names them.
pub fn origin_lines<'a>(origin: &'a str, file: &'a str) -> impl Iterator<Item = usize> + 'a {
    origin.match_indices(file).filter_map(move |(at, _)| {
        let before = origin.get(..at)?;
        // A file's name may hold the sign between two origins, or be the end of another one's.
        if !(before.is_empty() || before.ends_with(BETWEEN)) {
            return None;
        }
        let rest = origin.get(at + file.len()..)?.strip_prefix(':')?;
        let number = rest.split(BETWEEN).next()?;
        number.parse().ok()
    })
}

/// Stands between origins.
const BETWEEN: &str = ", ";

#[cfg(test)]
mod tests {
    use super::origin_lines;

    #[test]
    fn lines() {
        check("a.md:3, a.md:7", "a.md", &[3, 7]);
        check("a.md:3, b.md:4, aa.md:5", "a.md", &[3]);
        check("x, a.md:3, x, a.md:12", "x, a.md", &[3, 12]);
        check("a.md:3", "a.m", &[]);
        check("by hand", "a.md", &[]);
        check("", "", &[]);
    }

    #[track_caller]
    fn check(origin: &str, file: &str, lines: &[usize]) {
        let found: Vec<usize> = origin_lines(origin, file).collect();
        assert_eq!(found, lines);
    }
}
