//! Reads what all hosts of a fleet say, and judges it: once, or for ever.

mod group;
mod handover;
mod membership;
mod push;
mod renewal;
mod trouble;
mod watch;

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use jiff::{SignedDuration, Timestamp};

pub(crate) use self::{
    push::{Read, Shown, ToPush, push},
    watch::{FleetWatchSettings, run as watch},
};
use super::{
    clock,
    configuration::{Configuration, PolicySources},
    names::HostNames,
    nats::{Nats, Position, Reader, Seen, StreamError},
    pushed::Pushed,
};
use crate::{
    deployment::FleetSection,
    fleet::{
        judged_as_one,
        schema::FleetReport,
        state::FleetState,
        verdict::{Overview, Question},
    },
    report::{Judged, Report},
};

/// Reads a fleet once, and judges it: its report, and the same in the shape of a host's.
///
/// # Errors
///
/// The files have no `[fleet]`, or its servers can't be read, or what is pushed there can't be used.
pub(crate) fn judge(
    files: &PolicySources,
    window: Option<SignedDuration>,
) -> anyhow::Result<(FleetReport, Report)> {
    let own = Configuration::read_own(files)?;
    let section = section(&own)?;
    if !section.takes_pushed {
        own.check_roles()?;
    }
    runtime()?.block_on(async {
        let nats = Nats::connect(section, None).await?;
        let mut heard = Heard::default();
        heard.listen(&nats).await?;
        // After that: what hosts say they compare with is no later than this.
        let pushed = if section.takes_pushed {
            pushed(files, &own, &nats).await?
        } else {
            None
        };
        let configuration = pushed.as_ref().unwrap_or(&own);
        let names = HostNames::look_up(configuration.deployment.as_ref()).await;
        let window = configuration.window(window);
        let (report, judged) = heard.judge(configuration, &names, window, None)?;
        let as_one = judged_as_one(&judged, &report);
        Ok((report, as_one))
    })
}

/// What is pushed to a fleet; `None` where that is nothing, and its files say what to compare with.
async fn pushed(
    files: &PolicySources,
    own: &Configuration,
    nats: &Nats,
) -> anyhow::Result<Option<Configuration>> {
    let mut pushed = None;
    if let Some(last) = nats.configuration(&mut Seen::default()).await? {
        pushed = Pushed::read(&last)?;
    }
    let configuration = match pushed {
        Some(pushed) => Some(Configuration::read_with(files, Some(&Arc::new(pushed)))?),
        None => None,
    };
    ensure!(
        configuration.is_some() || own.has_roles(),
        "nothing is pushed to the fleet, and {} has no roles and matrices of its own: push them with `auditor fleet push`",
        own.name()
    );
    configuration.as_ref().unwrap_or(own).check_roles()?;
    Ok(configuration)
}

fn section(configuration: &Configuration) -> anyhow::Result<&FleetSection> {
    configuration.fleet().context(
        "the deployment has no [fleet]: say where its hosts publish, as in servers = [\"nats://10.0.0.5:4222\"]",
    )
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")
}

/// What all hosts say, as far as it was read.
struct Heard {
    state: FleetState,
    /// When the servers took the latest message.
    latest: Timestamp,
    position: Position,
}

impl Default for Heard {
    fn default() -> Self {
        Self {
            state: FleetState::default(),
            latest: Timestamp::MIN,
            position: Position::default(),
        }
    }
}

impl Heard {
    /// Reads what was not read before. Where that fails, what was read until then counts.
    async fn listen(&mut self, nats: &Nats) -> Result<(), StreamError> {
        let Self {
            state,
            latest,
            position,
        } = self;
        nats.read(position, &mut Listener { state, latest }).await
    }

    /// When the stream was made.
    const fn made(&self) -> Timestamp {
        match self.position.made() {
            Some(made) => made,
            None => Timestamp::MIN,
        }
    }

    fn judge(
        &self,
        configuration: &Configuration,
        names: &HostNames,
        window: SignedDuration,
        heard_since: Option<Timestamp>,
    ) -> anyhow::Result<(FleetReport, Judged)> {
        let question = Question {
            // Whatever this machine's clock says, the servers have taken that.
            now: clock::wall().max(self.latest),
            window,
            heard_since,
            configuration: &configuration.digests(),
            pushed: configuration.pushed().and_then(|pushed| pushed.at),
        };
        let overview = Overview::of(&self.state, question);
        let mut lookup = names.of_age(window.unsigned_abs());
        let policy = configuration.policy(&overview.observed.host, &mut lookup)?;
        let verdict = overview.judge(&policy);
        let matrices = configuration.sources().to_vec();
        Ok(FleetReport::new(&self.state, verdict, policy, matrices))
    }
}

/// Takes over what hosts say.
struct Listener<'a> {
    state: &'a mut FleetState,
    latest: &'a mut Timestamp,
}

impl Reader for Listener<'_> {
    fn forget(&mut self) {
        *self.state = FleetState::default();
        *self.latest = Timestamp::MIN;
    }

    fn take(&mut self, subject: &str, payload: &[u8], stored: Timestamp) {
        *self.latest = stored.max(*self.latest);
        self.state.take(subject, payload, stored);
    }
}
