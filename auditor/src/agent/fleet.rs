//! Reads what all hosts of a fleet say, and judges it.

use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};

use super::{clock, configuration::Configuration, names::HostNames, nats::Nats};
use crate::fleet::{
    schema::FleetReport,
    state::FleetState,
    verdict::{Overview, Question},
};

/// Reads the fleet of a configuration once, and judges it.
///
/// # Errors
///
/// The configuration has no `[fleet]`, or its servers can't be read.
pub(crate) fn judge(
    configuration: &Configuration,
    window: Option<SignedDuration>,
) -> anyhow::Result<FleetReport> {
    let section = configuration.fleet().context(
        "the deployment has no [fleet]: say where its hosts publish, as in servers = [\"nats://10.0.0.5:4222\"]",
    )?;
    configuration.check_roles()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    runtime.block_on(async {
        let names = HostNames::look_up(configuration.deployment.as_ref()).await;
        let nats = Nats::connect(section, None).await?;
        let mut state = FleetState::default();
        let mut latest = Timestamp::MIN;
        nats.read(|subject, payload, stored| {
            latest = latest.max(stored);
            state.take(subject, payload, stored);
        })
        .await?;
        let window = configuration.window(window);
        let overview = Overview::of(
            &state,
            Question {
                // Whatever this machine's clock says, the servers have taken that.
                now: clock::wall().max(latest),
                window,
                configuration: &configuration.digests(),
            },
        );
        let mut lookup = names.of_age(window.unsigned_abs());
        let policy = configuration.policy(&overview.observed.host, &mut lookup)?;
        let verdict = overview.judge(&policy);
        Ok(FleetReport::new(
            &state,
            verdict,
            policy,
            configuration.sources().to_vec(),
        ))
    })
}
