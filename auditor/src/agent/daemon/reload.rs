//! Reloads the configuration of a watch: all of it takes effect, or none.

use std::{path::PathBuf, time::SystemTime};

use super::super::{configuration::Configuration, names::HostNames, settings::WatchSettings};
use crate::{capture::Selection, observed::Host, output::warn};

/// The files of a configuration, and what was read from them again.
pub(super) struct Reload {
    /// When each file was last written to.
    files: Vec<(PathBuf, Option<SystemTime>)>,
    /// The new configuration, until its host names are looked up.
    next: Option<Next>,
    /// Whether the last attempt failed.
    pub(super) is_failing: bool,
}

/// A configuration that is to replace the current one.
pub(super) struct Next {
    pub(super) configuration: Configuration,
    pub(super) names: HostNames,
    pub(super) selection: Selection,
}

impl Reload {
    pub(super) fn new(configuration: &Configuration) -> Self {
        Self {
            files: configuration.files(),
            next: None,
            is_failing: false,
        }
    }

    /// Whether a file was written to since it was read.
    pub(super) fn is_due(&self, configuration: &Configuration) -> bool {
        configuration.files() != self.files
    }

    /// Reads all files again. If one of them is wrong, the current configuration stays in use, and the error is reported.
    pub(super) fn read(
        &mut self,
        settings: &WatchSettings,
        configuration: &Configuration,
        names: &HostNames,
        host: &Host,
    ) {
        self.files = configuration.files();
        match next(settings, names, host) {
            Ok(next) => {
                self.is_failing = false;
                self.next = Some(next);
            }
            Err(error) => {
                self.is_failing = true;
                warn(&format!(
                    "auditor: {error:#}; the configuration stays what it was, all of it"
                ));
            }
        }
    }

    /// Whether a configuration that was read waits for its host names.
    pub(super) const fn is_pending(&self) -> bool {
        self.next.is_some()
    }

    /// The new configuration, once every host name in it was looked up: until then a role would have no address, and its
    /// traffic would belong to no role.
    pub(super) fn take(&mut self) -> Option<Next> {
        let next = self.next.take_if(|next| next.names.are_looked_up())?;
        self.files = next.configuration.files();
        Some(next)
    }
}

fn next(settings: &WatchSettings, names: &HostNames, host: &Host) -> anyhow::Result<Next> {
    let configuration = Configuration::read(&settings.sources)?;
    let selection = Selection::parse(&configuration.interfaces(&settings.interfaces))?;
    // Whether roles and matrices fit each other does not depend on the addresses of names, so none is looked up here.
    configuration.check(host, &mut |_| Ok(Vec::new()))?;
    let names = names.renewed(configuration.deployment.as_ref());
    Ok(Next {
        configuration,
        names,
        selection,
    })
}
