//! Modes, links and FIFOs.

use std::{
    fs::{self, Permissions},
    io::{self, Write as _},
    os::unix::fs::{PermissionsExt as _, symlink},
    path::Path,
};

use nix::{sys::stat::Mode, unistd::mkfifo};
use tempfile::TempDir;

use super::{append, create, directory, own, read, read_secret, replace};

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn refused<T: std::fmt::Debug>(result: io::Result<T>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_is_written_is_nobody_elses() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    for (name, old) in [("new", None), ("old", Some(0o644)), ("closed", Some(0o200))] {
        if let Some(old) = old {
            fs::write(path(name), "before").unwrap();
            set_mode(&path(name), old);
        }
        create(&path(name)).unwrap().write_all(b"it").unwrap();
        assert_eq!(
            (mode(&path(name)), fs::read(path(name)).unwrap()),
            (0o600, b"it".to_vec())
        );
        set_mode(&path(name), 0o644);
        replace(&path(name), "all").unwrap();
        assert_eq!(
            (mode(&path(name)), fs::read(path(name)).unwrap()),
            (0o600, b"all".to_vec())
        );
        set_mode(&path(name), 0o644);
        own(&path(name)).unwrap();
        assert_eq!(
            (mode(&path(name)), fs::read(path(name)).unwrap()),
            (0o600, b"all".to_vec())
        );
    }
    assert!(create(Path::new("/dev/null")).is_ok());
}

#[test]
fn a_group_that_may_read_lines_keeps_that() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("lines");
    append(&path).unwrap().write_all(b"1").unwrap();
    assert_eq!(mode(&path), 0o600);
    for (before, after) in [
        (0o644, 0o600),
        (0o640, 0o640),
        (0o660, 0o600),
        (0o600, 0o600),
    ] {
        set_mode(&path, before);
        append(&path).unwrap().write_all(b"2").unwrap();
        assert_eq!(mode(&path), after, "{before:o}");
    }
    assert_eq!(fs::read(&path).unwrap(), b"12222");
}

#[test]
fn links_and_fifos_are_refused_at_once() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::write(path("target"), "kept").unwrap();
    symlink(path("target"), path("link")).unwrap();
    mkfifo(&path("fifo"), Mode::S_IRWXU).unwrap();
    for open in [create, append, own] {
        assert!(refused(open(&path("link"))).contains("symbolic link"));
        assert_eq!(refused(open(&path("fifo"))), "it is no regular file");
    }
    for read in [read, read_secret] {
        assert_eq!(refused(read(&path("fifo"))), "it is no regular file");
    }
    assert_eq!(fs::read(path("target")).unwrap(), b"kept");
    // In the place of what is written first, they are taken away.
    for name in ["link", "fifo"] {
        fs::rename(path(name), path("report.new")).unwrap();
        replace(&path("report"), "it").unwrap();
        assert_eq!(fs::read(path("report")).unwrap(), b"it");
    }
    assert_eq!(fs::read(path("target")).unwrap(), b"kept");
    // What a person names may be a link.
    symlink(path("target"), path("link")).unwrap();
    assert_eq!(read(&path("link")).unwrap(), b"kept");
}

#[test]
fn secrets_that_others_can_read() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("token");
    fs::write(&path, "s3cret").unwrap();
    for open in [0o644, 0o640, 0o620, 0o601] {
        set_mode(&path, open);
        let advice = format!("chmod 600 {}", path.display());
        assert!(refused(read_secret(&path)).ends_with(&advice), "{open:o}");
    }
    for closed in [0o600, 0o400] {
        set_mode(&path, closed);
        assert_eq!(read_secret(&path).unwrap(), b"s3cret");
    }
}

#[test]
fn directories() {
    let parent = TempDir::new().unwrap();
    let path = parent.path().join("a/b");
    directory(&path).unwrap();
    assert_eq!(
        (mode(&path), mode(&parent.path().join("a"))),
        (0o700, 0o700)
    );
    for (mode, is_fine) in [
        (0o755, true),
        (0o777, false),
        (0o775, false),
        (0o702, false),
        (0o1777, true),
    ] {
        set_mode(&path, mode);
        match directory(&path) {
            Ok(()) => assert!(is_fine, "{mode:o}"),
            Err(error) => {
                let advice = format!("chmod go-w {}", path.display());
                assert!(!is_fine && error.to_string().contains(&advice), "{error}");
            }
        }
    }
    set_mode(&path, 0o700);
    set_mode(&parent.path().join("a"), 0o777);
    assert!(refused(directory(&path)).contains("others can write to"));
    set_mode(&parent.path().join("a"), 0o700);
    // Only root can give a directory away.
    if nix::unistd::Uid::effective().is_root() {
        std::os::unix::fs::chown(&path, Some(65534), None).unwrap();
        assert!(refused(directory(&path)).contains("belongs to user 65534"));
        let file = path.join("lock");
        fs::write(&file, "").unwrap();
        std::os::unix::fs::chown(&file, Some(65534), None).unwrap();
        assert!(refused(own(&file)).contains("belongs to user 65534"));
    }
}
