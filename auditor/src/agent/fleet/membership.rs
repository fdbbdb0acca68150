//! What a watch does as one of a group: it tells while that is its part, and keeps what it told for the others.

use std::{path::Path, time::Duration};

use jiff::SignedDuration;

use super::{
    super::{daemon::journal::Journal, host, nats::Nats, publisher::machine},
    group::{Group, GroupError, Part},
    handover::Handover,
};
use crate::{
    agent::nats::Bucket,
    alert::{Alerts, Event, EventJson},
    output::say,
    sink::NamedSink,
};

/// The membership of a watch in its group.
pub(super) struct Membership {
    group: Group,
    bucket: Option<Bucket>,
    is_telling: bool,
    /// Whether it was said that another one tells.
    said_other: bool,
    /// The last events that were told, those at least that a sink may not have.
    events: Vec<EventJson>,
}

/// What a watch is to do in this turn.
pub(super) enum Turn {
    Tell,
    /// To tell from now on, and to go on from what others told.
    Begin(Option<Box<Handover>>),
    StandBy,
}

/// More events are not kept for others: a sink that is away for so long gets them from this watch alone.
const MOST_EVENTS: usize = 2_000;
/// How long to wait for sinks before what they have is kept, and how often to look.
const DELIVERY: (u32, Duration) = (50, Duration::from_millis(20));

impl Membership {
    /// That of a watch that keeps its state in this directory and judges so often.
    pub(super) fn new(name: String, state: &Path, every: SignedDuration) -> Self {
        Self {
            group: Group::new(name, &machine(state), host::name(), every),
            bucket: None,
            is_telling: false,
            said_other: false,
            events: Vec::new(),
        }
    }

    pub(super) const fn is_telling(&self) -> bool {
        self.is_telling
    }

    /// The connection was lost.
    pub(super) fn forget_connection(&mut self) {
        self.bucket = None;
    }

    async fn bucket(&mut self, nats: &Nats) -> Result<Bucket, GroupError> {
        match self.bucket.take() {
            Some(bucket) => Ok(bucket),
            None => Ok(nats.bucket().await?),
        }
    }

    /// What this watch is to do now.
    pub(super) async fn turn(&mut self, nats: &Nats) -> Result<Turn, GroupError> {
        let bucket = self.bucket(nats).await?;
        let part = self.group.part(&bucket).await;
        self.bucket = Some(bucket);
        match part? {
            Part::Telling => Ok(Turn::Tell),
            Part::Begins(handover) => {
                self.is_telling = true;
                self.said_other = false;
                self.events = handover
                    .as_ref()
                    .map_or_else(Vec::new, |handover| handover.events.clone());
                let name = self.group.name();
                let why = match &handover {
                    Some(handover) if handover.holder.is_empty() => ", which was handed over to it",
                    Some(_) => ", as the one before is gone",
                    None => "",
                };
                say(&format!(
                    "auditor: of group {name}, this watch tells what is found from now on{why}"
                ));
                Ok(Turn::Begin(handover))
            }
            Part::StandsBy(host) => {
                self.stand_by(&host);
                Ok(Turn::StandBy)
            }
        }
    }

    fn stand_by(&mut self, host: &str) {
        self.is_telling = false;
        if !std::mem::replace(&mut self.said_other, true) {
            let name = self.group.name();
            let other = if host.is_empty() {
                "another watch".to_owned()
            } else {
                format!("the watch on {host}")
            };
            say(&format!(
                "auditor: of group {name}, {other} tells what is found; this one stands by, and takes over where that one is gone"
            ));
        }
    }

    /// Keeps what is told now. Returns whether it is this watch's part to tell it.
    pub(super) async fn keep(
        &mut self,
        nats: &Nats,
        alerts: &Alerts,
        events: &[Event],
        waiting: &dyn Fn(&str) -> u64,
        sinks: &[NamedSink],
    ) -> Result<bool, GroupError> {
        let n_new = u64::try_from(events.len()).unwrap_or(u64::MAX);
        let mut all = std::mem::take(&mut self.events);
        all.extend(events.iter().map(EventJson::from));
        let mut handover = Handover::of(alerts.open());
        let of = |sink: &NamedSink| (sink.name.clone(), waiting(&sink.name).saturating_add(n_new));
        handover.waiting = sinks.iter().map(of).collect();
        // Those that all sinks have are nobody's concern.
        let most = handover.waiting.values().max().copied().unwrap_or_default();
        let most = usize::try_from(most).map_or(MOST_EVENTS, |most| most.min(MOST_EVENTS));
        all.drain(..all.len().saturating_sub(most));
        handover.events.clone_from(&all);
        self.events = all;
        let bucket = self.bucket(nats).await?;
        let kept = self.group.keep(&bucket, handover).await;
        self.bucket = Some(bucket);
        let is_kept = kept?;
        if !is_kept {
            self.stand_by("");
        }
        Ok(is_kept)
    }

    /// Waits a moment until sinks have what was told, so that whoever takes over does not tell it again.
    pub(super) async fn delivered(journal: &Journal, sinks: &[NamedSink]) {
        let (times, pause) = DELIVERY;
        for _ in 0..times {
            if sinks.iter().all(|sink| journal.waiting(&sink.name) == 0) {
                return;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// Lets another watch take over at once.
    pub(super) async fn hand_over(
        &mut self,
        nats: &Nats,
        alerts: &Alerts,
        waiting: &dyn Fn(&str) -> u64,
        sinks: &[NamedSink],
    ) -> Result<(), GroupError> {
        let mut handover = Handover::of(alerts.open());
        let of = |sink: &NamedSink| (sink.name.clone(), waiting(&sink.name));
        handover.waiting = sinks.iter().map(of).collect();
        handover.events = std::mem::take(&mut self.events);
        let bucket = self.bucket(nats).await?;
        self.group.hand_over(&bucket, handover).await
    }
}
