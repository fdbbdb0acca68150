//! Reads what all hosts of a fleet say, and judges it: once, or for ever.

mod group;
mod handover;
mod membership;
mod renewal;
mod trouble;
mod watch;

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};

pub(crate) use self::watch::{FleetWatchSettings, run as watch};
use super::{clock, configuration::Configuration, names::HostNames, nats::Nats};
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

/// Reads the fleet of a configuration once, and judges it: its report, and the same in the shape of a host's.
///
/// # Errors
///
/// The configuration has no `[fleet]`, or its servers can't be read.
pub(crate) fn judge(
    configuration: &Configuration,
    window: Option<SignedDuration>,
) -> anyhow::Result<(FleetReport, Report)> {
    let section = section(configuration)?;
    configuration.check_roles()?;
    runtime()?.block_on(async {
        let names = HostNames::look_up(configuration.deployment.as_ref()).await;
        let nats = Nats::connect(section, None).await?;
        let heard = Heard::of(&nats).await?;
        let window = configuration.window(window);
        let (report, judged) = heard.judge(configuration, &names, window, None)?;
        let as_one = judged_as_one(&judged, &report);
        Ok((report, as_one))
    })
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

/// What all hosts say, as it was read.
struct Heard {
    state: FleetState,
    /// When the servers took the latest message.
    latest: Timestamp,
    /// When the stream was made.
    made: Timestamp,
}

impl Heard {
    async fn of(nats: &Nats) -> anyhow::Result<Self> {
        let mut heard = Self {
            state: FleetState::default(),
            latest: Timestamp::MIN,
            made: Timestamp::MIN,
        };
        let made = nats
            .read(|subject, payload, stored| {
                heard.latest = heard.latest.max(stored);
                heard.state.take(subject, payload, stored);
            })
            .await?;
        heard.made = made;
        Ok(heard)
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
        };
        let overview = Overview::of(&self.state, question);
        let mut lookup = names.of_age(window.unsigned_abs());
        let policy = configuration.policy(&overview.observed.host, &mut lookup)?;
        let verdict = overview.judge(&policy);
        let matrices = configuration.sources().to_vec();
        Ok(FleetReport::new(&self.state, verdict, policy, matrices))
    }
}
