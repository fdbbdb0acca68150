//! Finds the files that a page includes, within bounds.

use std::{cell::Cell, rc::Rc};

use super::encoding;

/// Gives the bytes of files that a page includes. The library itself reads no file.
pub trait Includes {
    /// The bytes of a file, or `None` if it is not at hand. The path is relative to the page's directory, separated by `/`. It
    /// may lead out of that by `..`, and whoever gives the bytes says how far a page may reach.
    fn bytes(&self, path: &str) -> Option<Vec<u8>>;
}

impl<F: Fn(&str) -> Option<Vec<u8>>> Includes for F {
    fn bytes(&self, path: &str) -> Option<Vec<u8>> {
        self(path)
    }
}

/// No file is at hand.
pub(super) struct NoIncludes;

impl Includes for NoIncludes {
    fn bytes(&self, _path: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Where a text comes from: the page, or a file that it includes.
#[derive(Clone)]
pub(super) struct Origin<'a> {
    includes: &'a dyn Includes,
    /// The files that are being read, the outermost first. The page itself has no path.
    open: Rc<[String]>,
    /// The bytes that may still be included in this page.
    left: Rc<Cell<usize>>,
}

impl<'a> Origin<'a> {
    pub(super) fn page(includes: &'a dyn Includes) -> Self {
        Self {
            includes,
            open: Rc::new([]),
            left: Rc::new(Cell::new(MOST_BYTES)),
        }
    }

    /// The text of a file that is included here, and its origin. `None` if it is not at hand, includes itself, or is more
    /// than a page may include.
    pub(super) fn include(&self, path: &str) -> Option<(String, Self)> {
        let path = self.relative_to_page(path)?;
        if MOST_DEPTH <= self.open.len() || self.open.contains(&path) {
            return None;
        }
        let bytes = self.includes.bytes(&path)?;
        self.left.set(self.left.get().checked_sub(bytes.len())?);
        let text = encoding::decode(&bytes).text.into_owned();
        let mut open = self.open.to_vec();
        open.push(path);
        let origin = Self {
            open: open.into(),
            ..self.clone()
        };
        Some((text, origin))
    }

    /// The path as seen from the page, without `.`, and with `..` in front at most. `None` if it is no relative path.
    fn relative_to_page(&self, path: &str) -> Option<String> {
        let path = path.trim().strip_prefix("./").unwrap_or(path.trim());
        let is_elsewhere = path.is_empty()
            || path.starts_with('/')
            || path.contains([':', '\\', '{', '}', '<', '>', '*', '\0']);
        if is_elsewhere {
            return None;
        }
        let directory = self.open.last().and_then(|file| file.rsplit_once('/'));
        let mut parts: Vec<&str> = Vec::new();
        let before = directory.map_or("", |(directory, _)| directory);
        for part in before.split('/').chain(path.split('/')) {
            match part {
                "" | "." => {}
                ".." if parts.last().is_some_and(|last| *last != "..") => {
                    parts.pop();
                }
                _ => parts.push(part),
            }
        }
        let names_file = parts.last().is_some_and(|last| *last != "..");
        names_file.then(|| parts.join("/"))
    }
}

/// Files include others to this depth.
const MOST_DEPTH: usize = 8;

/// The bytes that all files together may add to a page.
const MOST_BYTES: usize = 16 << 20;

#[cfg(test)]
mod tests {
    use super::{MOST_BYTES, Origin};

    #[test]
    fn paths_are_those_of_the_page() {
        let files = |path: &str| Some(path.as_bytes().to_vec());
        let page = Origin::page(&files);
        let path = |origin: &Origin<'_>, path: &str| origin.include(path).map(|(text, _)| text);
        assert_eq!(path(&page, "./a/../b/c.md").as_deref(), Some("b/c.md"));
        assert_eq!(path(&page, "a/../../c.md").as_deref(), Some("../c.md"));
        for outside in ["..", "a/..", "/c.md", "", "c:x", "https://x/y", "{x}.md"] {
            assert_eq!(path(&page, outside), None, "{outside}");
        }
        let (_, nested) = page.include("b/c.md").unwrap();
        assert_eq!(path(&nested, "../d.md").as_deref(), Some("d.md"));
        assert_eq!(path(&nested, "../../d.md").as_deref(), Some("../d.md"));
        assert_eq!(path(&nested, "c.md"), None, "a file that includes itself");
    }

    #[test]
    fn includes_are_bounded() {
        let files = |_: &str| Some(vec![b'a'; MOST_BYTES / 2]);
        let page = Origin::page(&files);
        assert!(page.include("a").is_some() && page.include("b").is_some());
        assert!(page.include("c").is_none());
        let files = |_: &str| Some(Vec::new());
        let mut origin = Origin::page(&files);
        let mut depth = 0;
        while let Some((_, inner)) = origin.include(&depth.to_string()) {
            origin = inner;
            depth += 1;
        }
        assert_eq!(depth, 8);
    }
}
