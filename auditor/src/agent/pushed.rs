//! What is pushed to all hosts of a fleet, as a host has it: from the servers, or as it kept it on its disk.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context as _;
use jiff::Timestamp;
use thiserror::Error;

use super::nats::Last;
use crate::{
    fleet::{
        pushed::{PushedConfiguration, PushedDigest},
        wire::{PushedError, read_pushed},
    },
    output::{say, warn},
    private_file,
    report::PushedRun,
};

/// Where a host keeps the last one that it could use, in the directory of its state.
const FILE: &str = "pushed-configuration";
/// What that file begins with, before the revision and a line break.
const HEAD: &str = "revision ";

/// A configuration that was pushed.
#[derive(Debug)]
pub(crate) struct Pushed {
    pub(crate) configuration: PushedConfiguration,
    pub(crate) digest: PushedDigest,
    /// When the servers took it; `None` of what this host had kept.
    pub(crate) at: Option<Timestamp>,
    /// As the servers have it.
    bytes: Vec<u8>,
}

/// Why what a host has kept is not used.
#[derive(Debug, Error)]
#[error("{} can't be used", path.display())]
pub(crate) struct KeptError {
    path: PathBuf,
    #[source]
    problem: KeptProblem,
}

#[derive(Debug, Error)]
enum KeptProblem {
    #[error(transparent)]
    File(#[from] io::Error),
    #[error("it does not begin with a revision")]
    Revision,
    #[error(transparent)]
    Pushed(#[from] PushedError),
}

impl Pushed {
    /// Reads what the servers have; `None` where that is nothing.
    ///
    /// # Errors
    ///
    /// It is of another version, garbage, or too long.
    pub(crate) fn read(last: &Last) -> anyhow::Result<Option<Self>> {
        let Some(value) = &last.value else {
            return Ok(None);
        };
        let revision = last.revision;
        Self::of(value.bytes.clone(), revision, Some(value.at))
            .map(Some)
            .with_context(|| {
                format!("revision {revision} of what is pushed to the fleet can't be used")
            })
    }

    fn of(bytes: Vec<u8>, revision: u64, at: Option<Timestamp>) -> Result<Self, PushedError> {
        let (configuration, sha256) = read_pushed(&bytes)?;
        Ok(Self {
            configuration,
            digest: PushedDigest { revision, sha256 },
            at,
            bytes,
        })
    }

    /// As a report says it.
    pub(crate) fn run(&self) -> PushedRun {
        PushedRun {
            revision: self.digest.revision,
            sha256: self.digest.sha256.clone(),
            is_kept: self.at.is_none(),
        }
    }

    /// `revision 4 of what is pushed to the fleet (SHA-256 0123...), from the servers`.
    pub(crate) fn text(&self) -> String {
        let from = match self.at {
            Some(_) => "from the servers",
            None => "as this host had kept it",
        };
        let PushedDigest { revision, sha256 } = &self.digest;
        format!("revision {revision} of what is pushed to the fleet (SHA-256 {sha256}), {from}")
    }
}

/// Reads what was kept in a state directory.
///
/// # Errors
///
/// It can't be read, or is not what was written; none is there is no error.
pub(crate) fn kept(directory: &Path) -> Result<Option<Pushed>, KeptError> {
    let path = directory.join(FILE);
    let read = || {
        // Nobody else may have put it there.
        private_file::directory(directory)?;
        let bytes = private_file::read(&path)?;
        let (revision, bytes) = split(&bytes).ok_or(KeptProblem::Revision)?;
        Ok(Pushed::of(bytes.to_vec(), revision, None)?)
    };
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    match read() {
        Ok(pushed) => Ok(Some(pushed)),
        Err(problem) => Err(KeptError { path, problem }),
    }
}

fn split(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let rest = bytes.strip_prefix(HEAD.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (revision, value) = rest.split_at_checked(end)?;
    let revision = std::str::from_utf8(revision).ok()?.parse().ok()?;
    Some((revision, value.get(1..)?))
}

/// Keeps the last one that is in use, for a start without servers.
#[derive(Debug)]
pub(crate) struct Keeper {
    directory: PathBuf,
    kept: Option<PushedDigest>,
    is_failing: bool,
}

impl Keeper {
    pub(crate) const fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            kept: None,
            is_failing: false,
        }
    }

    /// Writes it, unless that is what was written last. A failure is said once, and it is tried again.
    pub(crate) fn keep(&mut self, pushed: Option<&Arc<Pushed>>) {
        let Some(pushed) = pushed else {
            return;
        };
        if self.kept.as_ref() == Some(&pushed.digest) {
            return;
        }
        let written = pushed.at.map_or(Ok(()), |_servers| self.write(pushed));
        match written {
            Ok(()) => {
                self.kept = Some(pushed.digest.clone());
                if std::mem::take(&mut self.is_failing) {
                    say("auditor: what is pushed to the fleet can be kept again, and is");
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.is_failing, true) {
                    warn(&format!(
                        "auditor: what is pushed to the fleet can't be kept in {}: {error}; it is tried again every time, and a start without servers would use an older one",
                        self.directory.display()
                    ));
                }
            }
        }
    }

    fn write(&self, pushed: &Pushed) -> io::Result<()> {
        let mut bytes = format!("{HEAD}{}\n", pushed.digest.revision).into_bytes();
        bytes.extend_from_slice(&pushed.bytes);
        private_file::replace(&self.directory.join(FILE), &bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, sync::Arc};

    use jiff::Timestamp;
    use tempfile::TempDir;

    use super::{FILE, Keeper, Pushed, kept};
    use crate::fleet::{
        pushed::{NamedText, PushedConfiguration},
        wire::write_pushed,
    };

    fn pushed(revision: u64, text: &str) -> Arc<Pushed> {
        let configuration = PushedConfiguration {
            deployment: NamedText {
                name: "a.toml".to_owned(),
                text: text.to_owned(),
            },
            matrices: Vec::new(),
        };
        let (bytes, _) = write_pushed(&configuration).unwrap();
        Arc::new(Pushed::of(bytes, revision, Some(Timestamp::UNIX_EPOCH)).unwrap())
    }

    #[test]
    fn the_last_one_is_kept_as_a_private_file() {
        let directory = TempDir::new().unwrap();
        let path = directory.path();
        assert!(kept(path).unwrap().is_none());
        let mut keeper = Keeper::new(path.to_owned());
        keeper.keep(None);
        assert!(kept(path).unwrap().is_none());
        for (revision, text) in [(7, "one"), (8, "two")] {
            let pushed = pushed(revision, text);
            keeper.keep(Some(&pushed));
            let read = kept(path).unwrap().unwrap();
            assert_eq!(read.digest, pushed.digest);
            assert_eq!(read.configuration, pushed.configuration);
            // It is known that it is not from the servers.
            assert_eq!(read.at, None);
            assert!(read.text().ends_with("as this host had kept it"));
        }
        let mode = fs::metadata(path.join(FILE)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        // What was read from there is not written there.
        fs::remove_file(path.join(FILE)).unwrap();
        let read = Pushed::of(pushed(9, "x").bytes.clone(), 9, None).unwrap();
        keeper.keep(Some(&Arc::new(read)));
        assert!(kept(path).unwrap().is_none());
    }

    #[test]
    fn what_is_damaged_is_said_and_not_used() {
        let directory = TempDir::new().unwrap();
        let path = directory.path();
        let mut keeper = Keeper::new(path.to_owned());
        keeper.keep(Some(&pushed(7, "one")));
        let file = path.join(FILE);
        let whole = fs::read(&file).unwrap();
        for end in 0..whole.len() {
            fs::write(&file, &whole[..end]).unwrap();
            let problem = anyhow::Error::from(kept(path).unwrap_err());
            let problem = format!("{problem:#}");
            assert!(
                problem.contains("pushed-configuration can't be used: "),
                "{problem}"
            );
        }
        fs::write(&file, b"revision x\nAUC").unwrap();
        assert!(kept(path).is_err());
        // Nor is what somebody else could have put there.
        fs::write(&file, &whole).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
        assert!(kept(path).is_err());
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).unwrap();
        assert!(kept(path).is_ok());
    }

    #[test]
    fn what_could_not_be_written_is_tried_again() {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("later");
        let mut keeper = Keeper::new(path.clone());
        let pushed = pushed(7, "one");
        keeper.keep(Some(&pushed));
        assert!(keeper.is_failing);
        fs::create_dir(&path).unwrap();
        keeper.keep(Some(&pushed));
        assert!(!keeper.is_failing);
        assert_eq!(kept(&path).unwrap().unwrap().digest, pushed.digest);
    }
}
