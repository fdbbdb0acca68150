//! The files that a page includes, as far as it may reach.

use std::{
    fs::File,
    io::Read as _,
    path::{Component, Path, PathBuf},
};

/// The largest file that a page may include.
const MOST_BYTES: u64 = 20 * 1024 * 1024;

/// Reads files that the page names by paths relative to itself: those beneath its directory or, where it lies in a git work
/// tree, beneath that. A page is foreign input, so whatever leads elsewhere (an absolute path, a symbolic link, `..`) is not at
/// hand, nor is what a person keeps out of sight, such as `.git`.
pub(super) fn includes(page: Option<&Path>) -> impl Fn(&str) -> Option<Vec<u8>> + use<> {
    let directory = page
        .and_then(|page| page.canonicalize().ok())
        .and_then(|page| page.parent().map(Path::to_owned));
    let root = directory.as_deref().map(root);
    move |path| read(directory.as_deref()?, root.as_deref()?, path)
}

/// The root of the git work tree in which a directory lies, or else the directory.
fn root(directory: &Path) -> PathBuf {
    directory
        .ancestors()
        .find(|above| above.join(".git").exists())
        .unwrap_or(directory)
        .to_owned()
}

fn read(directory: &Path, root: &Path, path: &str) -> Option<Vec<u8>> {
    let path = Path::new(path);
    if path.is_absolute() {
        return None;
    }
    // With all links resolved there is no way out any more.
    let file = directory.join(path).canonicalize().ok()?;
    let within = file
        .strip_prefix(directory)
        .or_else(|_elsewhere| file.strip_prefix(root))
        .ok()?;
    let is_hidden = |part: Component<'_>| part.as_os_str().as_encoded_bytes().starts_with(b".");
    if within.components().any(is_hidden) {
        return None;
    }
    let mut file = File::open(&file).ok()?;
    // A pipe would be waited for, and a device may have no end.
    let is_usual = file
        .metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() <= MOST_BYTES);
    if !is_usual {
        return None;
    }
    let mut bytes = Vec::new();
    file.by_ref()
        .take(MOST_BYTES)
        .read_to_end(&mut bytes)
        .ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::includes;

    #[test]
    fn what_is_at_hand() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("docs/page/parts")).unwrap();
        fs::create_dir_all(root.join("docs/_includes")).unwrap();
        fs::create_dir_all(root.join("docs/.git")).unwrap();
        for file in [
            "docs/page/ports.md",
            "docs/page/parts/a.md",
            "docs/_includes/b.md",
            "docs/.git/config",
            "secret.md",
        ] {
            fs::write(root.join(file), file).unwrap();
        }
        symlink(root.join("secret.md"), root.join("docs/page/link.md")).unwrap();
        symlink(
            root.join("docs/_includes/b.md"),
            root.join("docs/page/fair.md"),
        )
        .unwrap();
        let secret = root.join("secret.md");
        let secret = secret.to_str().unwrap();
        let read = includes(Some(&root.join("docs/page/ports.md")));
        let text = |path: &str| read(path).map(|bytes| String::from_utf8(bytes).unwrap());
        for (path, file) in [
            ("parts/a.md", "docs/page/parts/a.md"),
            ("./parts/../parts/a.md", "docs/page/parts/a.md"),
            ("../_includes/b.md", "docs/_includes/b.md"),
            ("fair.md", "docs/_includes/b.md"),
        ] {
            assert_eq!(text(path).as_deref(), Some(file), "{path}");
        }
        for path in [
            "",
            ".",
            "parts",
            "absent.md",
            "../../secret.md",
            "link.md",
            secret,
            "/etc/shadow",
            "/dev/zero",
            "../.git/config",
            "a\0b",
        ] {
            assert_eq!(text(path), None, "{path}");
        }
        // Without a work tree around it, a page reaches no further than its own directory.
        fs::remove_dir_all(root.join("docs/.git")).unwrap();
        let read = includes(Some(&root.join("docs/page/ports.md")));
        assert!(read("../_includes/b.md").is_none());
        assert!(read("fair.md").is_none());
        assert!(read("parts/a.md").is_some());
        assert!(includes(Some(&root.join("absent/ports.md")))("a.md").is_none());
    }
}
