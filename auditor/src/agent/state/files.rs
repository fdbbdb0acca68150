//! Whether the files of a database are still those that were written last.

use std::{
    fs::Metadata,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

/// What shows of a file that somebody else has put another in its place, or written to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Seen {
    /// Device and inode.
    identity: (u64, u64),
    length: u64,
    /// The time of the last change of its content or of what is known of it, which nobody can set.
    changed: (i64, i64),
}

impl Seen {
    fn of(metadata: &Metadata) -> Self {
        Self {
            identity: (metadata.dev(), metadata.ino()),
            length: metadata.len(),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

/// The database and the log beside it, as they were when it was last written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Files([Option<Seen>; 2]);

/// What became of them since.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Since {
    Untouched,
    /// Somebody has written to them, who may be another thread that delivers.
    Written,
    /// They are gone, or others are in their place: what is written goes where nobody finds it.
    Gone(String),
}

impl Files {
    pub(super) fn of(database: &Path) -> Self {
        Self(paths(database).map(|path| {
            let metadata = path.symlink_metadata().ok()?;
            Some(Seen::of(&metadata))
        }))
    }

    /// What became of these until `now`.
    pub(super) fn since(&self, now: &Self, database: &Path) -> Since {
        let mut since = Since::Untouched;
        for ((path, before), now) in paths(database).iter().zip(self.0).zip(now.0) {
            let Some(before) = before else { continue };
            let what = match now {
                None => "it was removed while it was in use",
                Some(now) if now.identity != before.identity => {
                    "another file was put in its place while it was in use"
                }
                Some(now) if now != before => {
                    since = Since::Written;
                    continue;
                }
                Some(_) => continue,
            };
            return Since::Gone(format!("cannot use {}: {what}", path.display()));
        }
        since
    }
}

fn paths(database: &Path) -> [PathBuf; 2] {
    [database.to_owned(), super::with_suffix(database, "-wal")]
}
