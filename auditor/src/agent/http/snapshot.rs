//! What a watch shows of its last turn.

use std::{fmt, sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};

use crate::{
    fleet::schema::FleetReport,
    report::Report,
    sink::metrics::{self, Health},
};

/// What a watch found in its last turn.
#[derive(Debug, Default)]
pub(crate) struct Snapshot {
    pub(super) report: Option<Arc<Report>>,
    /// Set where this is a fleet.
    pub(super) fleet: Option<Arc<FleetReport>>,
    pub(super) health: Health,
}

impl Snapshot {
    pub(crate) fn new(report: Arc<Report>, health: Health) -> Self {
        Self {
            report: Some(report),
            fleet: None,
            health,
        }
    }

    /// That of a fleet, whose page and report are the fleet's.
    pub(crate) fn of_fleet(report: Arc<Report>, fleet: Arc<FleetReport>, health: Health) -> Self {
        Self {
            fleet: Some(fleet),
            ..Self::new(report, health)
        }
    }

    /// Its metrics, as `OpenMetrics`.
    pub(super) fn open_metrics(&self) -> Result<String, fmt::Error> {
        let hosts = self.fleet.as_ref().map(|fleet| fleet.voices());
        metrics::render_with(self.report.as_deref(), hosts.as_ref(), &self.health)
    }

    /// When this process was started, if that is known.
    pub(super) fn started(&self) -> Option<Timestamp> {
        let started = Duration::try_from_secs_f64(self.health.process.started).ok()?;
        let started = Timestamp::UNIX_EPOCH.checked_add(SignedDuration::try_from(started).ok()?);
        started.ok().filter(|at| Timestamp::UNIX_EPOCH < *at)
    }

    /// The same, with another health.
    pub(super) fn with_health(&self, change: impl FnOnce(&mut Health)) -> Self {
        let mut health = self.health.clone();
        change(&mut health);
        Self {
            report: self.report.clone(),
            fleet: self.fleet.clone(),
            health,
        }
    }
}
