//! Enters another network namespace, before anything else is done.

use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

use nix::sched::{CloneFlags, setns};
use thiserror::Error;

/// Where `ip netns` keeps the namespaces that it names.
const NAMES: &str = "/run/netns";

/// Why a network namespace can't be entered.
#[derive(Debug, Error)]
pub enum NamespaceError {
    #[error(
        "there is no network namespace {}: expected a name that `ip netns` lists ({known}), or a path such as /proc/1234/ns/net",
        path.display()
    )]
    Absent { path: PathBuf, known: String },
    #[error("cannot open {}", path.display())]
    Open {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
    #[error(
        "cannot enter {}: it must be a network namespace, and this takes root or CAP_SYS_ADMIN",
        path.display()
    )]
    Enter {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// Moves this thread, and the threads and processes that it starts later, into a network namespace, given by its name in
/// `ip netns` or by a path. If called before there is a second thread, it moves the whole process.
///
/// # Errors
///
/// There is no such namespace, or no privilege to enter it.
pub fn enter(name: &str) -> Result<(), NamespaceError> {
    let path = if name.contains('/') {
        PathBuf::from(name)
    } else {
        Path::new(NAMES).join(name)
    };
    let file = File::open(&path).map_err(|source| {
        if source.kind() == io::ErrorKind::NotFound {
            NamespaceError::Absent {
                path: path.clone(),
                known: known(),
            }
        } else {
            NamespaceError::Open {
                path: path.clone(),
                source,
            }
        }
    })?;
    setns(file, CloneFlags::CLONE_NEWNET).map_err(|error| NamespaceError::Enter {
        path,
        source: error.into(),
    })
}

fn known() -> String {
    let mut names: Vec<String> = std::fs::read_dir(NAMES)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    if names.is_empty() {
        "it lists none here".to_owned()
    } else {
        names.join(", ")
    }
}
