//! What a watch shows of its last turn.

use std::sync::Arc;

use crate::{fleet::schema::FleetReport, report::Report, sink::metrics::Health};

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
