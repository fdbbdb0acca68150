//! Follows what is pushed to a fleet, on a thread of its own: neither counting nor judging waits for a server.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch::{self, Receiver, Sender},
    time::timeout,
};

use super::{
    confinement::Files,
    nats::{Last, Nats, Seen},
    threads::ThreadSpawner,
};
use crate::{
    deployment::FleetSection,
    output::{say, warn},
};

/// What was last heard of the servers.
#[derive(Clone, Debug)]
pub(crate) enum Heard {
    /// They were not asked yet.
    Nothing,
    /// They could not be asked.
    Silence,
    Last(Arc<Last>),
}

/// What is pushed, as far as it was heard; it is followed as long as this lives.
pub(crate) struct Follower {
    section: FleetSection,
    heard: Receiver<Heard>,
}

impl Follower {
    /// As a host of this name; a reader of the fleet has none.
    pub(crate) fn begin(
        threads: &ThreadSpawner,
        section: &FleetSection,
        name: Option<String>,
    ) -> Self {
        let (tell, heard) = watch::channel(Heard::Nothing);
        let own = section.clone();
        threads.spawn(Files::Changing(Vec::new()), move || match runtime() {
            Ok(runtime) => runtime.block_on(follow(&own, name.as_deref(), &tell)),
            Err(error) => {
                warn(&format!(
                    "auditor: nothing that is pushed to the fleet is taken: {error}"
                ));
                tell.send_replace(Heard::Silence);
            }
        });
        Self {
            section: section.clone(),
            heard,
        }
    }

    /// Whether it follows what a section says.
    pub(crate) fn is_of(&self, section: &FleetSection) -> bool {
        *section == self.section
    }

    /// The first that is heard of the servers, if that comes in time.
    pub(crate) async fn first(&mut self, wait: Duration) -> Heard {
        let is_something = |heard: &Heard| !matches!(heard, Heard::Nothing);
        let first = timeout(wait, self.heard.wait_for(is_something)).await;
        // Whatever it is, it is news only once.
        match first {
            Ok(Ok(heard)) => heard.clone(),
            Ok(Err(_)) | Err(_) => Heard::Silence,
        }
    }

    /// What is heard that is news, if there is some.
    pub(crate) fn news(&mut self) -> Option<Arc<Last>> {
        if !self.heard.has_changed().unwrap_or(false) {
            return None;
        }
        match &*self.heard.borrow_and_update() {
            Heard::Last(last) => Some(Arc::clone(last)),
            Heard::Nothing | Heard::Silence => None,
        }
    }

    /// Waits for news.
    pub(crate) async fn next(&mut self) -> Option<Arc<Last>> {
        if self.heard.changed().await.is_err() {
            // Nobody asks any more, so there will be none.
            std::future::pending::<()>().await;
        }
        match &*self.heard.borrow_and_update() {
            Heard::Last(last) => Some(Arc::clone(last)),
            Heard::Nothing | Heard::Silence => None,
        }
    }
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
}

async fn follow(section: &FleetSection, name: Option<&str>, tell: &Sender<Heard>) {
    let (mut nats, mut seen) = (None, Seen::default());
    let mut is_failing = false;
    loop {
        match look(section, name, &mut nats, &mut seen).await {
            Ok(last) => {
                if std::mem::take(&mut is_failing) {
                    say("auditor: the fleet's servers can be asked again what is pushed");
                }
                if let Some(last) = last {
                    tell.send_replace(Heard::Last(Arc::new(last)));
                }
            }
            Err(problem) => {
                tell.send_if_modified(|heard| {
                    let is_first = matches!(heard, Heard::Nothing);
                    if is_first {
                        *heard = Heard::Silence;
                    }
                    is_first
                });
                if !std::mem::replace(&mut is_failing, true) {
                    warn(&format!(
                        "auditor: the fleet's servers can't be asked what is pushed: {problem}; what is in use stays, and they are asked again"
                    ));
                }
            }
        }
        tokio::select! {
            () = tell.closed() => return,
            () = tokio::time::sleep(section.every.unsigned_abs()) => {}
        }
    }
}

async fn look(
    section: &FleetSection,
    name: Option<&str>,
    nats: &mut Option<Nats>,
    seen: &mut Seen,
) -> Result<Option<Last>, String> {
    let nats = if let Some(nats) = nats {
        nats
    } else {
        let connected = Nats::connect(section, name).await.map_err(|error| {
            let error = anyhow::Error::from(error);
            format!("{error:#}")
        })?;
        nats.insert(connected)
    };
    if !nats.is_connected() {
        return Err("no server answers".to_owned());
    }
    let last = nats.configuration(seen).await;
    last.map_err(|error| error.to_string())
}
