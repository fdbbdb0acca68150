//! Reloads the configuration of a watch: all of it takes effect, or none.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use super::super::{
    configuration::Configuration, configuration_source::ConfigurationSource, names::HostNames,
    nats::Last, settings::WatchSettings,
};
use crate::{capture::Selection, deployment::FleetSection, observed::Host};

/// The files of a configuration, and what was read from them again, or was pushed.
pub(super) struct Reload {
    source: ConfigurationSource,
    /// When each file was last written to.
    files: Vec<(PathBuf, Option<SystemTime>)>,
    /// The new configuration, until its host names are looked up.
    next: Option<Next>,
}

/// A configuration that is to replace the current one.
pub(super) struct Next {
    pub(super) configuration: Configuration,
    pub(super) names: HostNames,
    pub(super) selection: Selection,
}

/// What a new configuration is for.
pub(super) struct Current<'a> {
    pub(super) settings: &'a WatchSettings,
    pub(super) configuration: &'a Configuration,
    pub(super) names: &'a HostNames,
    pub(super) host: &'a Host,
}

impl Reload {
    pub(super) fn new(configuration: &Configuration, source: ConfigurationSource) -> Self {
        Self {
            source,
            files: configuration.files(),
            next: None,
        }
    }

    /// Whether a file was written to since it was read.
    pub(super) fn is_due(&self, configuration: &Configuration) -> bool {
        configuration.files() != self.files
    }

    /// Reads all files again. If one of them is wrong, the current configuration stays in use, and the error is reported.
    pub(super) fn read(&mut self, current: &Current<'_>) {
        self.files = current.configuration.files();
        let read = self.source.read_files(&|next| check(next, current));
        self.follow(read, current);
    }

    /// Reads what is pushed now. If it is wrong, the current configuration stays in use, and the error is reported.
    pub(super) fn take_pushed(&mut self, last: &Arc<Last>, current: &Current<'_>) {
        let read = self.source.read_pushed(last, &|next| check(next, current));
        self.follow(read, current);
    }

    fn follow(&mut self, read: Option<(Configuration, Selection)>, current: &Current<'_>) {
        if let Some((configuration, selection)) = read {
            self.next = Some(Next {
                names: current.names.renewed(configuration.deployment.as_ref()),
                configuration,
                selection,
            });
        }
    }

    /// The fleet to which it is pushed what is compared with, if this host takes that.
    pub(super) fn followed<'a>(&'a self, current: &'a Configuration) -> Option<&'a FleetSection> {
        self.source.followed(current)
    }

    /// What can't be used of what was read last, if something can't.
    pub(super) const fn trouble(&self) -> Option<&'static str> {
        self.source.trouble()
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

fn check(next: &Configuration, current: &Current<'_>) -> anyhow::Result<Selection> {
    let selection = Selection::parse(&next.interfaces(&current.settings.interfaces))?;
    // Whether roles and matrices fit each other does not depend on the addresses of names, so none is looked up here.
    next.check(current.host, &mut |_| Ok(Vec::new()))?;
    Ok(selection)
}
