//! Where a running watch has its configuration from: this host's own files, and what is pushed to its fleet. All of one takes
//! effect, or nothing of it.

use std::{path::Path, sync::Arc};

use anyhow::{Context as _, ensure};

use super::{
    configuration::{Configuration, PolicySources},
    nats::Last,
    pushed::{self, Pushed},
};
use crate::{
    deployment::FleetSection,
    output::{say, warn},
};

/// What it was read from, and what could not be used.
pub(crate) struct ConfigurationSource {
    files: PolicySources,
    /// The last that was pushed and could be used.
    pushed: Option<Arc<Pushed>>,
    /// What is pushed now, where it can't be used.
    refused: Option<Arc<Last>>,
    are_files_wrong: bool,
    /// The fleet of files that say nothing to compare with, while nothing that is pushed there can be used.
    awaited: Option<FleetSection>,
}

/// Whether a watch can use a configuration, and what it makes of it.
pub(crate) type Check<'a, T> = &'a dyn Fn(&Configuration) -> anyhow::Result<T>;

impl ConfigurationSource {
    pub(crate) const fn new(files: PolicySources) -> Self {
        Self {
            files,
            pushed: None,
            refused: None,
            are_files_wrong: false,
            awaited: None,
        }
    }

    /// The fleet to which it is pushed what is compared with, as this configuration or a later one of these files says.
    pub(crate) fn followed<'a>(&'a self, current: &'a Configuration) -> Option<&'a FleetSection> {
        self.awaited.as_ref().or_else(|| current.takes_pushed_of())
    }

    /// Reads this host's files again, with the last that was pushed and could be used. Where they are wrong, that is said.
    pub(crate) fn read_files<T>(&mut self, check: Check<'_, T>) -> Option<(Configuration, T)> {
        // It may have been for these files that it was refused.
        if let Some(refused) = self.refused.take()
            && let Some(read) = self.read_pushed(&refused, check)
        {
            return Some(read);
        }
        match self.read(self.pushed.clone().as_ref(), check) {
            Ok((configuration, checked)) => {
                self.are_files_wrong = false;
                if configuration.takes_pushed_of().is_none() {
                    self.refused = None;
                }
                Some((configuration, checked))
            }
            Err(error) => {
                self.are_files_wrong = true;
                say_refused(&error);
                None
            }
        }
    }

    /// Reads what is pushed now. Where it can't be used, that is said; `None` also where it is what is in use, or nothing.
    pub(crate) fn read_pushed<T>(
        &mut self,
        last: &Arc<Last>,
        check: Check<'_, T>,
    ) -> Option<(Configuration, T)> {
        self.refused = None;
        let read = Pushed::read(last).and_then(|pushed| {
            let Some(pushed) = pushed.map(Arc::new) else {
                if self.pushed.is_some() {
                    say("auditor: nothing is pushed to the fleet any more; what is in use stays");
                }
                return Ok(None);
            };
            let is_known =
                |known: &Arc<Pushed>| known.at.is_some() && known.digest == pushed.digest;
            if self.pushed.as_ref().is_some_and(is_known) {
                return Ok(None);
            }
            let read = self.read(Some(&pushed), check)?;
            Ok(Some((pushed, read)))
        });
        match read {
            Ok(None) => None,
            Ok(Some((pushed, read))) => {
                self.pushed = Some(pushed);
                self.are_files_wrong = false;
                Some(read)
            }
            Err(error) => {
                self.refused = Some(Arc::clone(last));
                say_refused(&error);
                None
            }
        }
    }

    /// Reads what this host kept in the directory of its state. Where it can't be used, that is said.
    pub(crate) fn read_kept<T>(
        &mut self,
        directory: &Path,
        check: Check<'_, T>,
    ) -> Option<(Configuration, T)> {
        let kept = pushed::kept(directory).map_err(anyhow::Error::from);
        let read = kept.and_then(|kept| {
            let Some(pushed) = kept.map(Arc::new) else {
                return Ok(None);
            };
            let read = self.read(Some(&pushed), check)?;
            Ok(Some((pushed, read)))
        });
        match read {
            Ok(None) => None,
            Ok(Some((pushed, read))) => {
                self.pushed = Some(pushed);
                Some(read)
            }
            Err(error) => {
                warn(&format!("auditor: {error:#}"));
                None
            }
        }
    }

    fn read<T>(
        &mut self,
        pushed: Option<&Arc<Pushed>>,
        check: Check<'_, T>,
    ) -> anyhow::Result<(Configuration, T)> {
        let configuration = Configuration::read_with(&self.files, pushed)?;
        check_options(&configuration, &self.files)?;
        self.awaited = configuration
            .takes_pushed_of()
            .filter(|_| configuration.is_empty())
            .cloned();
        ensure!(
            self.awaited.is_none(),
            "{} has no matrix of its own, and nothing is pushed to its fleet",
            configuration.name()
        );
        let checked = check(&configuration);
        let checked = match configuration.pushed() {
            Some(pushed) => checked.with_context(|| format!("{} can't be used", pushed.text())),
            None => checked,
        };
        Ok((configuration, checked?))
    }

    /// What of it can't be used, so that the configuration before is in use.
    pub(crate) const fn trouble(&self) -> Option<&'static str> {
        if self.are_files_wrong {
            Some("the configuration's files are wrong, so the one before is in use")
        } else if self.refused.is_some() {
            Some("what is pushed to the fleet can't be used, so the configuration before is in use")
        } else {
            None
        }
    }
}

/// Whether the command line leaves it to the fleet what to compare with, where files do.
///
/// # Errors
///
/// It names a matrix.
pub(crate) fn check_options(
    configuration: &Configuration,
    files: &PolicySources,
) -> anyhow::Result<()> {
    ensure!(
        files.matrices.is_empty() || configuration.takes_pushed_of().is_none(),
        "--matrix says what to compare with, and so does what is pushed to the fleet (config = true of [fleet]): leave one out"
    );
    Ok(())
}

fn say_refused(error: &anyhow::Error) {
    warn(&format!(
        "auditor: {error:#}; the configuration stays what it was, all of it"
    ));
}
