//! A host that is being watched: the only loop, for a window of time or for ever.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, bail};
use auditor_common::{ConversationRecord, PortKind, Reason, Tally, Totals, lost::Lost, packet};
use jiff::{SignedDuration, Timestamp};
use tokio::time::{Instant, MissedTickBehavior};

use super::{
    follow::Follow,
    judge::{documented_ports, documented_test},
    looking::Looking,
    observe::{Counting, host, listening_ports, uncounted},
    output::say,
    timeline::Timeline,
    window::{Asked, Clock, Drains, EPOCH, Progress, Seen, Signals},
};
use crate::{
    capture::{
        Capture, Interfaces, Selection, Settings, Sizes,
        listener::{self, Listeners},
        privilege,
    },
    matrix::Matrix,
    observed::{self, Cause, Ends, Flow, Gap, Host, KnownPorts, Observed, Window},
    port::PortRange,
};

/// How often what was counted is taken out of the kernel.
const TICK: Duration = Duration::from_secs(1);
/// How often conversations that are over are settled, in ticks.
const SETTLE_TICKS: u64 = 60;
/// Epochs without a packet after which a conversation is over: five minutes, longer than a connection's state is kept by
/// most firewalls for anything but established TCP. If it goes on all the same, it counts as another one of its flow.
const OVER: u64 = 3000;
/// How many times as many conversations are kept until the end as the table has places: the table is emptied every second.
const FLOWS_KEPT: usize = 16;

/// Programs that count, interfaces that come and go, and what was counted so far.
pub(super) struct Session {
    pub(super) capture: Capture,
    interfaces: Interfaces,
    /// What is watched; interfaces come and go.
    pub(super) follow: Follow,
    signals: Signals,
    /// Learns of sockets that begin to listen.
    pub(super) host: Host,
    is_documented: Box<dyn Fn(u8, u16) -> bool>,
    ephemeral: PortRange,
    listeners: Listeners,
    pub(super) clock: Clock,
    seen: Seen,
    pub(super) looking: Looking,
    pub(super) timeline: Timeline,
    /// What was not seen.
    pub(super) gaps: Vec<Gap>,
}

/// What is done from time to time while a session goes on.
pub(super) trait Interim {
    /// How often.
    fn every(&self) -> Duration;

    /// Does it.
    ///
    /// # Errors
    ///
    /// Whatever ends the session.
    fn turn(&mut self, session: &mut Session) -> anyhow::Result<()>;

    /// Reads its files again.
    fn reload(&mut self, session: &mut Session);
}

impl Session {
    /// Attaches to the interfaces of these names, or every physical one that is up. `begin` is told of the host before.
    ///
    /// # Errors
    ///
    /// Privileges, interfaces, the kernel, or what `begin` returns.
    pub(super) async fn begin(
        matrices: &[Matrix],
        names: &[String],
        counting: &Counting,
        reloads: bool,
        begin: impl FnOnce(&Host) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let interfaces = Interfaces::open()?;
        let all = interfaces.list().await?;
        let ephemeral = listener::ephemeral_range();
        let mut listeners = Listeners::new(ephemeral);
        let host = host(&all, &mut listeners, counting.netns.clone())?;
        begin(&host)?;
        let selection = Selection::parse(names)?;
        selection.check(&all)?;
        if counting.log_packets {
            env_logger::Builder::new()
                .filter_module("auditor_ebpf", log::LevelFilter::Trace)
                .init();
        }
        let mut capture = Capture::load(&Settings {
            sizes: Sizes::new(counting.flows).context("cannot tell how many CPUs there are")?,
            both_ports: false,
            decapsulate: counting.decapsulate,
            log: counting.log_packets,
            tc: counting.tc,
        })?;
        capture.add_ports(PortKind::Documented, documented_ports(matrices));
        capture.add_ports(PortKind::Listening, listening_ports(&host));
        // Listening for signals starts before attaching, so that an early Ctrl-C ends the window and not the process.
        let signals = Signals::new(reloads)?;
        let follow = Follow::begin(selection, counting.ingress, &all, &mut capture)?;
        // Whoever goes on for ever should be able to do no more than it must.
        if reloads {
            privilege::give_up().context("cannot give up capabilities")?;
        }
        let mut seen = Seen::new(counting.flows as usize * FLOWS_KEPT);
        seen.ledger.own(&host.addresses);
        Ok(Self {
            capture,
            interfaces,
            follow,
            signals,
            host,
            is_documented: Box::new(documented_test(matrices)),
            ephemeral,
            listeners,
            clock: Clock::now(),
            seen,
            looking: Looking::begin(),
            timeline: Timeline::new(),
            gaps: Vec::new(),
        })
    }

    /// Takes other matrices for what documents ports.
    pub(super) fn document(&mut self, matrices: &[Matrix]) {
        self.is_documented = Box::new(documented_test(matrices));
        self.capture
            .add_ports(PortKind::Documented, documented_ports(matrices));
    }

    /// Watches until the window is over, somebody stops it, or nothing is left to watch.
    ///
    /// # Errors
    ///
    /// The kernel does not tell what it counts, or which sockets listen; or what the interim returns.
    pub(super) async fn run(
        &mut self,
        window: Option<SignedDuration>,
        mut interim: Option<&mut dyn Interim>,
    ) -> anyhow::Result<()> {
        let deadline = match window {
            Some(window) => match self.clock.deadline(window) {
                Some(deadline) => Some(deadline),
                None => bail!("the window is too long"),
            },
            None => None,
        };
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut epochs = tokio::time::interval(EPOCH);
        epochs.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut turns = turns(interim.as_deref());
        let mut n_ticks: u64 = 0;
        let progress = Progress::new(window);
        loop {
            tokio::select! {
                () = until(deadline) => break,
                asked = self.signals.wait() => match (asked, interim.as_deref_mut()) {
                    (Asked::Reload, Some(interim)) => interim.reload(self),
                    (Asked::Reload, None) => {}
                    (Asked::Stop, _) => {
                        self.cut_short(window);
                        break;
                    }
                },
                _ = epochs.tick() => {
                    self.capture.set_epoch(self.clock.epoch());
                    continue;
                }
                _ = ticks.tick() => {
                    n_ticks += 1;
                    self.tick(n_ticks)?;
                    progress.show(self.clock.elapsed(), &self.seen.totals);
                }
                () = turn(&mut turns) => {
                    if let Some(interim) = interim.as_deref_mut() {
                        interim.turn(self)?;
                    }
                }
                () = self.interfaces.changed() => {}
            }
            self.reconcile(&progress).await?;
            if self.follow.is_over() {
                say("auditor: nothing is left to watch, so the window ends here");
                break;
            }
        }
        progress.clear();
        Ok(())
    }

    /// A window without an end can't be cut short.
    fn cut_short(&mut self, window: Option<SignedDuration>) {
        if window.is_some() {
            self.gaps.push(Gap {
                cause: Cause::CutShort {
                    watched: self.clock.elapsed(),
                },
                from: self.clock.wall_now(),
                until: None,
            });
        }
    }

    fn tick(&mut self, n_ticks: u64) -> anyhow::Result<()> {
        self.capture.flush_log();
        self.seen.drain(&mut self.capture)?;
        self.timeline.tick(self.clock.wall_now(), self.seen.totals);
        if n_ticks.is_multiple_of(SETTLE_TICKS) {
            let known = KnownPorts {
                is_documented: &self.is_documented,
                ephemeral: self.ephemeral,
            };
            let before = self.clock.epoch().saturating_sub(OVER);
            self.seen.ledger.settle(before, &known);
        }
        let listeners = self
            .listeners
            .list()
            .context("cannot list the sockets that listen")?;
        if !listeners.is_subset(&self.host.listeners) {
            self.host.listeners.extend(listeners);
            self.capture
                .add_ports(PortKind::Listening, listening_ports(&self.host));
        }
        Ok(())
    }

    /// Keeps up with interfaces. At each tick too: the kernel drops messages of changes when there are too many of them.
    async fn reconcile(&mut self, progress: &Progress) -> anyhow::Result<()> {
        let all = self.interfaces.list().await?;
        let addresses = all.iter().flat_map(|one| one.addresses.iter().copied());
        self.host.addresses.extend(addresses);
        self.seen.ledger.own(&self.host.addresses);
        let now = self.clock.wall_now();
        let changes = self.follow.reconcile(&all, &mut self.capture, now);
        if !changes.messages.is_empty() {
            progress.clear();
        }
        for message in &changes.messages {
            say(message);
        }
        for gap in &mut self.gaps {
            gap.end(&changes.watched, now);
        }
        self.gaps.extend(changes.gaps);
        Ok(())
    }

    /// Every flow so far, in order.
    pub(super) fn flows(&self) -> Vec<Flow> {
        let known = KnownPorts {
            is_documented: &self.is_documented,
            ephemeral: self.ephemeral,
        };
        let mut flows = self.described(self.seen.ledger.flows(&known));
        flows.sort_by(|a, b| a.order().cmp(&b.order()));
        flows
    }

    /// Takes out the flows that are over, so that a session without an end does not fill up.
    pub(super) fn retire(&mut self) -> Vec<Flow> {
        let known = KnownPorts {
            is_documented: &self.is_documented,
            ephemeral: self.ephemeral,
        };
        let before = self.clock.epoch().saturating_sub(OVER);
        let retired = self.seen.ledger.retire(before, &known);
        self.described(retired)
    }

    fn described(&self, flows: Vec<(Ends, ConversationRecord)>) -> Vec<Flow> {
        let names = self.follow.names();
        let translations = self.looking.seen().translations;
        let flow = |(ends, record): (Ends, ConversationRecord)| {
            let name = names
                .get(&packet::index(ends.interface))
                .cloned()
                .unwrap_or_else(|| format!("#{}", ends.interface));
            let mut flow = Flow::new(&ends, &record, name, |epoch| self.clock.instant(epoch));
            flow.translated = translations.of(&flow);
            flow
        };
        flows.into_iter().map(flow).collect()
    }

    /// Takes what the kernel half counted since the last time.
    pub(super) fn drain(&mut self) -> anyhow::Result<()> {
        self.seen.drain(&mut self.capture)
    }

    /// Every packet.
    pub(super) fn totals(&self) -> Totals {
        self.seen.totals
    }

    /// Packets that are in no flow, by reason.
    pub(super) fn without_flow(&self) -> anyhow::Result<BTreeMap<Reason, Tally>> {
        self.seen.without_flow(&self.capture)
    }

    /// Packets whose peer is lost, by port.
    pub(super) fn lost(&mut self) -> BTreeMap<Lost, Tally> {
        let mut lost = self.seen.ledger.lost().clone();
        for (what, tally) in self.capture.lost() {
            *lost.entry(what).or_default() += tally;
        }
        lost
    }

    /// Takes everything off; all that was observed in the window.
    pub(super) fn finish(mut self, window: SignedDuration) -> anyhow::Result<Observed> {
        let end = self.clock.wall_now();
        self.looking.look();
        // Once nothing is attached any more, the last drains of both halves take everything.
        self.follow.detach();
        for _half in 0..2 {
            self.drain()?;
        }
        self.capture.flush_log();
        self.timeline.tick(end, self.seen.totals);
        self.so_far(Window::new(self.clock.wall, end, window))
    }

    /// All that was observed so far, for this window.
    pub(super) fn so_far(&mut self, window: Window) -> anyhow::Result<Observed> {
        let without_flow = self.without_flow()?;
        let flows = self.flows();
        self.host.owners = self.looking.seen().owners;
        let lost = self.lost();
        let (from, until) = (self.clock.wall, Some(window.end));
        let mut gaps = self.gaps.clone();
        gaps.extend(uncounted(&without_flow).map(|cause| Gap { cause, from, until }));
        gaps.sort();
        Ok(Observed {
            host: self.host.clone(),
            window,
            interfaces: self.follow.described().to_vec(),
            flows,
            totals: self.totals(),
            without_flow,
            traffic: self.timeline.points(),
            gaps,
            lost,
        })
    }

    /// How the table was emptied since the last time that this was asked.
    pub(super) fn drains(&mut self) -> Drains {
        let drains = self.seen.drains;
        self.seen.drains.most = 0;
        drains
    }

    /// What is or was watched.
    pub(super) fn watched(&self) -> &[observed::Interface] {
        self.follow.described()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.wall_now()
    }
}

/// The turns of an interim, the first of which is not at once.
fn turns(interim: Option<&(dyn Interim + '_)>) -> Option<tokio::time::Interval> {
    let every = interim?.every();
    let mut turns = tokio::time::interval_at(Instant::now() + every, every);
    turns.set_missed_tick_behavior(MissedTickBehavior::Delay);
    Some(turns)
}

async fn turn(turns: &mut Option<tokio::time::Interval>) {
    match turns {
        Some(turns) => {
            turns.tick().await;
        }
        None => std::future::pending().await,
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => tokio::time::sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}
