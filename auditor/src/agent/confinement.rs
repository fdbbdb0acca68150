//! What a watch gives up once it counts: system calls that it never makes, and for threads that others talk to, files.
//!
//! Threads that look whose sockets are whose keep to no bounds of Landlock: these would also forbid to look at other processes.

mod calls;

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError, Scope,
};
use nix::sys::prctl;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch};
use thiserror::Error;

use crate::output::warn;

/// The newest of Landlock's rights that are handled here: older kernels have a part of them.
const NEWEST: ABI = ABI::V6;

/// Why system calls can't be forbidden.
#[derive(Debug, Error)]
pub(crate) enum ConfinementError {
    #[error(
        "it is not known how this processor ({}) numbers its system calls",
        std::env::consts::ARCH
    )]
    Processor,
    #[error("the filter can't be made")]
    Filter(#[source] seccompiler::BackendError),
    #[error("the kernel refuses the filter (seccomp, since Linux 3.17)")]
    Kernel(#[source] seccompiler::Error),
    #[error("the kernel lets programs gain privileges")]
    Privileges(#[source] io::Error),
}

/// Whether this process starts others after this.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Programs {
    None,
    /// The guard, which takes filters off.
    Guard,
}

/// Gives up for all threads, and for ever, what a watch never does once it has begun: gaining privileges, and the system calls that
/// `docs/security.md` lists, which fail from now on.
///
/// # Errors
///
/// What the kernel has not, or refuses; what it has is given up all the same.
pub(crate) fn forbid_calls(programs: Programs) -> Result<(), ConfinementError> {
    prctl::set_no_new_privs().map_err(|error| ConfinementError::Privileges(error.into()))?;
    let filter = filter(programs)?;
    seccompiler::apply_filter_all_threads(&filter).map_err(ConfinementError::Kernel)
}

fn filter(programs: Programs) -> Result<BpfProgram, ConfinementError> {
    let processor = TargetArch::try_from(std::env::consts::ARCH)
        .map_err(|_unknown| ConfinementError::Processor)?;
    let mut forbidden = calls::NEVER.to_vec();
    if programs == Programs::None {
        forbidden.extend(calls::PROGRAMS);
    }
    // Without conditions: whatever its arguments are.
    let rules = forbidden.into_iter().map(|call| (call, Vec::new()));
    let refuse = SeccompAction::Errno(nix::libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules.collect(), SeccompAction::Allow, refuse, processor)
        .and_then(BpfProgram::try_from)
        .map_err(ConfinementError::Filter)
}

/// As [`forbid_calls`]; where that fails, a watch goes on and says so.
pub(crate) fn begin(programs: Programs) {
    if let Err(error) = forbid_calls(programs) {
        let error = anyhow::Error::from(error);
        warn(&format!(
            "auditor: system calls that it never makes are not forbidden: {error:#}"
        ));
    }
}

/// What a thread may do with files.
#[derive(Clone, Debug)]
pub(crate) enum Files {
    /// Open none; nor connect to anybody, or listen.
    None,
    /// Read whatever its user may, change what is below these directories, and start no program.
    Changing(Vec<PathBuf>),
}

impl Files {
    /// Change what is in the directory of a file.
    pub(crate) fn beside(file: &Path) -> Self {
        Self::Changing(vec![directory(file)])
    }

    /// And in that of another one.
    pub(crate) fn and_beside(&mut self, file: Option<&Path>) {
        match self {
            Self::Changing(directories) => directories.extend(file.map(directory)),
            Self::None => {}
        }
    }
}

/// The directory of a file.
fn directory(file: &Path) -> PathBuf {
    let parent = file
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// Keeps this thread, and those that it starts later, to such files; where the kernel can't, that is said once.
pub(crate) fn keep_to(files: &Files) {
    static IS_SAID: AtomicBool = AtomicBool::new(false);
    let problem = match restrict(files) {
        Ok(status) => match status.landlock {
            LandlockStatus::Available { .. } => return,
            LandlockStatus::NotEnabled => "Landlock is not enabled".to_owned(),
            LandlockStatus::NotImplemented => "the kernel has no Landlock (Linux 5.13)".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    if !IS_SAID.swap(true, Ordering::Relaxed) {
        warn(&format!(
            "auditor: threads that answer and deliver are not kept from files: {problem}"
        ));
    }
}

/// What the kernel keeps of it.
fn restrict(files: &Files) -> Result<RestrictionStatus, RulesetError> {
    let writing = AccessFs::from_write(NEWEST);
    match files {
        Files::None => Ruleset::default()
            .handle_access(AccessFs::from_all(NEWEST))?
            .handle_access(AccessNet::from_all(NEWEST))?
            .scope(BitFlags::<Scope>::all())?
            .create()?
            .restrict_self(),
        Files::Changing(directories) => {
            let mut rules = Ruleset::default()
                .handle_access(writing | AccessFs::Execute)?
                .create()?;
            for directory in directories {
                // What is not there now may come to be.
                let there = existing(directory);
                if let Ok(place) = PathFd::new(there) {
                    rules = rules.add_rule(PathBeneath::new(place, writing))?;
                }
            }
            rules.restrict_self()
        }
    }
}

/// A directory, or the nearest above it that exists.
fn existing(directory: &Path) -> &Path {
    let there = directory.ancestors().find(|path| path.is_dir());
    there.unwrap_or(Path::new("."))
}

/// What of this the kernel can do, for whoever wants to know before: tried on a thread that ends with it.
///
/// # Errors
///
/// What it can't, in words.
pub(crate) fn check() -> Result<(), String> {
    filter(Programs::None).map_err(|error| error.to_string())?;
    let tried = std::thread::spawn(|| restrict(&Files::None).map(|status| status.landlock));
    match tried.join() {
        Ok(Ok(LandlockStatus::Available { .. })) => Ok(()),
        Ok(Ok(LandlockStatus::NotEnabled)) => Err("Landlock is not enabled".to_owned()),
        Ok(Ok(LandlockStatus::NotImplemented)) => Err("the kernel has no Landlock".to_owned()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_panic) => Err("it could not be tried".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::PathBuf, thread};

    use tempfile::TempDir;

    use super::{Files, Programs, existing, filter, keep_to};

    /// What a thread does that keeps to such files.
    fn on_a_thread<T: Send + 'static>(
        files: Files,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let kept = thread::spawn(move || {
            keep_to(&files);
            work()
        });
        kept.join().unwrap()
    }

    #[test]
    fn a_thread_keeps_to_its_files() {
        let directory = TempDir::new().unwrap();
        let (ours, others) = (
            directory.path().join("ours"),
            directory.path().join("others"),
        );
        for place in [&ours, &others] {
            fs::create_dir(place).unwrap();
            fs::write(place.join("file"), "kept").unwrap();
        }
        let (to_us, to_others) = (ours.join("file"), others.join("file"));
        let (changing, reading) = (to_us.clone(), to_others.clone());
        let [written, renamed, elsewhere] =
            on_a_thread(Files::Changing(vec![ours.clone()]), move || {
                assert_eq!(fs::read(&reading).unwrap(), b"kept");
                [
                    fs::write(&changing, "new").is_ok(),
                    fs::rename(&changing, changing.with_extension("old")).is_ok(),
                    fs::write(&reading, "new").is_ok(),
                ]
            });
        assert!(written && renamed);
        assert!(!elsewhere);
        let to_read = to_others.clone();
        let opened = on_a_thread(Files::None, move || fs::read(&to_read).is_ok());
        assert!(!opened);
        // Nobody else is kept from anything.
        fs::write(&to_others, "new").unwrap();
    }

    #[test]
    fn a_directory_that_is_not_there_yet_may_come() {
        let directory = TempDir::new().unwrap();
        let later = directory.path().join("later/still");
        assert_eq!(existing(&later), directory.path());
        let place = later.clone();
        let made = on_a_thread(Files::Changing(vec![later]), move || {
            fs::create_dir_all(&place).is_ok()
        });
        assert!(made);
        assert_eq!(
            existing(&PathBuf::from("nowhere/at/all")),
            std::path::Path::new(".")
        );
    }

    #[test]
    fn more_is_forbidden_to_who_starts_no_program() {
        let (all, but_programs) = (
            filter(Programs::None).unwrap(),
            filter(Programs::Guard).unwrap(),
        );
        assert!(but_programs.len() < all.len());
    }
}
