//! What a watch begins with: what is pushed to its fleet, else the last of that which it kept, else its own files; and if none of
//! them says what to compare with, it waits.

use std::{path::Path, sync::Arc, time::Duration};

use super::{
    clock,
    configuration::{Configuration, PolicySources},
    configuration_source::{Check, ConfigurationSource, check_options},
    follower::{Follower, Heard},
    publisher,
    service_manager::ServiceManager,
    settings::Lifetime,
    signals::{Control, Signals},
    threads::ThreadSpawner,
};
use crate::output::{say, warn};

/// How long servers may take to say what is pushed before a watch begins without them.
const PATIENCE: Duration = Duration::from_secs(5);

/// The configuration that a watch begins with.
pub(crate) struct Beginning {
    pub(crate) configuration: Configuration,
    pub(crate) source: ConfigurationSource,
    /// What follows what is pushed, if that is taken.
    pub(crate) follower: Option<Follower>,
}

/// For whom it is.
pub(crate) struct Watcher<'a> {
    pub(crate) files: &'a PolicySources,
    /// The directory of its state.
    pub(crate) state: &'a Path,
    pub(crate) threads: &'a ThreadSpawner,
    /// The host that it watches, if it is one.
    pub(crate) host: Option<&'a str>,
    /// Whether it can use a configuration.
    pub(crate) check: Check<'a, ()>,
}

/// The configuration to begin with; `own` is that of this host's files. `None` if a signal stopped it while it waited.
///
/// # Errors
///
/// The host's own files can't be used.
pub(crate) async fn begin(
    mut own: Configuration,
    watcher: &Watcher<'_>,
) -> anyhow::Result<Option<Beginning>> {
    let mut source = ConfigurationSource::new(watcher.files.clone());
    loop {
        check_options(&own, watcher.files)?;
        let Some(section) = own.takes_pushed_of() else {
            (watcher.check)(&own)?;
            return Ok(Some(Beginning {
                configuration: own,
                source,
                follower: None,
            }));
        };
        let name = watcher
            .host
            .map(|host| publisher::published_name(section, host));
        let mut follower = Follower::begin(watcher.threads, section, name);
        let pushed = match follower.first(PATIENCE).await {
            Heard::Last(last) => source.read_pushed(&last, watcher.check),
            Heard::Nothing | Heard::Silence => None,
        };
        let found = pushed.or_else(|| source.read_kept(watcher.state, watcher.check));
        if let Some((configuration, ())) = found {
            return Ok(Some(Beginning {
                configuration,
                source,
                follower: Some(follower),
            }));
        }
        if own.has_roles() {
            (watcher.check)(&own)?;
            say(&format!(
                "auditor: nothing that is pushed to the fleet can be used yet, so roles and matrices are those of {}",
                own.name()
            ));
            return Ok(Some(Beginning {
                configuration: own,
                source,
                follower: Some(follower),
            }));
        }
        // Before it says that it waits: who hears that may have it reload.
        let signals = Signals::listen(Lifetime::Daemon)?;
        say(&format!(
            "auditor: nothing that is pushed to the fleet can be used, and {} has no roles and matrices of its own: waiting for `auditor fleet push`",
            own.name()
        ));
        match wait(signals, &mut follower, &mut source, watcher.check).await {
            Waited::Found(configuration) => {
                return Ok(Some(Beginning {
                    configuration: *configuration,
                    source,
                    follower: Some(follower),
                }));
            }
            Waited::Stopped => return Ok(None),
            Waited::Reload => match Configuration::read_own(watcher.files) {
                Ok(next) => own = next,
                Err(error) => warn(&format!("auditor: {error:#}; it goes on waiting")),
            },
        }
    }
}

/// How waiting ended.
enum Waited {
    Found(Box<Configuration>),
    Stopped,
    /// The host's own files are to be read again.
    Reload,
}

async fn wait(
    mut signals: Signals,
    follower: &mut Follower,
    source: &mut ConfigurationSource,
    check: Check<'_, ()>,
) -> Waited {
    let mut service_manager = ServiceManager::of_environment();
    // It does what it is to do, and nobody should start it anew.
    service_manager.ready("waiting for what is pushed to the fleet");
    loop {
        service_manager.goes_on(clock::monotonic());
        tokio::select! {
            () = pause(service_manager.every()) => {}
            last = follower.next() => {
                let read = last.and_then(|last| source.read_pushed(&Arc::clone(&last), check));
                if let Some((configuration, ())) = read {
                    return Waited::Found(Box::new(configuration));
                }
            }
            control = signals.wait() => return match control {
                Control::Stop => {
                    service_manager.stops();
                    Waited::Stopped
                }
                Control::Reload => Waited::Reload,
            },
        }
    }
}

/// Waits for so long, or for ever.
async fn pause(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
