//! A running session: the attached programs, the counts so far, and the only event loop, which keeps both up to date.

use std::{
    collections::{BTreeMap, HashSet},
    net::IpAddr,
};

use anyhow::Context as _;
use auditor_common::{PortKind, Reason, Tally, Totals, lost::Lost, packet};
use jiff::SignedDuration;

use super::{
    attribution::AttributionPoller,
    clock::Clock,
    counted::{Counted, Drains},
    host::HostFacts,
    interfaces::WatchedInterfaces,
    ports::{self, DocumentedPorts},
    progress::Progress,
    schedule::{Due, Schedule},
    settings::{CaptureSettings, Lifetime},
    signals::{Control, Signals},
    timeline::Timeline,
    uncounted,
};
use crate::{
    capture::{Capture, Selection, Settings, Sizes, privilege},
    matrix::Matrix,
    observed::{
        self, Cause, Flow, FlowKey, FlowRecord, Gap, Knowledge, LedgerFlows, Observed, Sides,
        Window,
    },
    output::say,
};

/// How often conversations that are over are settled, in ticks.
const SETTLE_TICKS: u64 = 60;
/// Epochs without a packet after which a conversation counts as over: five minutes, longer than most firewalls keep state
/// for anything but established TCP. If it goes on all the same, it is another conversation of the same flow.
const IDLE_EPOCHS: u64 = 3000;
/// How many conversations are kept, as a multiple of the flow table's size, which needs to hold only one second: it is
/// drained every second.
const FLOWS_KEPT: usize = 16;

/// The programs that count, the interfaces that appear and disappear, and the counts so far.
pub(crate) struct Session {
    capture: Capture,
    interfaces: WatchedInterfaces,
    pub(crate) facts: HostFacts,
    signals: Signals,
    documented: DocumentedPorts,
    pub(crate) clock: Clock,
    n_ticks: u64,
    counted: Counted,
    pub(crate) attribution: AttributionPoller,
    pub(crate) timeline: Timeline,
    progress: Progress,
    /// What earlier runs saw for certain: who asked whom.
    remembered: HashSet<Sides>,
    /// Packets of the flows that are no traffic of this host's, as of the last look at the flows.
    set_aside: BTreeMap<Reason, Tally>,
    /// The gaps so far.
    pub(crate) gaps: Vec<Gap>,
}

/// Why [`Session::run`] returns to its caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pause {
    /// A turn of the schedule is due.
    Turn,
    /// The configuration files are to be read again.
    Reload,
    /// The window is over, a signal stopped the session, or no interface is left to watch.
    End,
}

impl Session {
    /// Attaches to the interfaces of these names, or every physical one that is up.
    ///
    /// # Errors
    ///
    /// Missing privileges, interfaces that can't be watched, or a refusal by the kernel.
    pub(crate) fn attach(
        facts: HostFacts,
        matrices: &[Matrix],
        names: &[String],
        settings: &CaptureSettings,
        lifetime: Lifetime,
    ) -> anyhow::Result<Self> {
        let selection = Selection::parse(names)?;
        selection.check(&facts.interfaces)?;
        if settings.log_packets {
            env_logger::Builder::new()
                .filter_module("auditor_ebpf", log::LevelFilter::Trace)
                .init();
        }
        let mut capture = Capture::load(&Settings {
            sizes: Sizes::new(settings.flows).context("cannot tell how many CPUs there are")?,
            both_ports: false,
            decapsulate: settings.decapsulate,
            log: settings.log_packets,
            tc: settings.tc,
        })?;
        let documented = DocumentedPorts::of(matrices);
        capture.set_ports(PortKind::Documented, documented.ranges());
        capture.set_ports(PortKind::Listening, ports::listening(&facts.host));
        capture.set_ports(PortKind::Opened, ports::opened(&facts.host));
        // Listening for signals starts before attaching, so that an early Ctrl-C ends the window and not the process.
        let signals = Signals::listen(lifetime)?;
        let interfaces = WatchedInterfaces::attach_all(
            selection,
            settings.ingress,
            &facts.interfaces,
            &mut capture,
        )?;
        // A process that runs for ever should hold no more privileges than it needs.
        match lifetime {
            Lifetime::Foreground => {}
            Lifetime::Daemon => {
                privilege::drop_capabilities().context("cannot give up capabilities")?;
            }
        }
        let mut counted = Counted::new(settings.flows as usize * FLOWS_KEPT);
        counted
            .ledger
            .own(&facts.host.addresses, &facts.host.broadcasts());
        Ok(Self {
            capture,
            interfaces,
            facts,
            signals,
            documented,
            clock: Clock::begin(),
            n_ticks: 0,
            counted,
            attribution: AttributionPoller::begin(),
            timeline: Timeline::new(),
            progress: Progress::new(),
            remembered: HashSet::new(),
            set_aside: BTreeMap::new(),
            gaps: Vec::new(),
        })
    }

    /// Replaces the matrices that say which ports are documented.
    pub(crate) fn document(&mut self, matrices: &[Matrix]) {
        self.documented = DocumentedPorts::of(matrices);
        self.capture
            .set_ports(PortKind::Documented, self.documented.ranges());
    }

    /// Forgets from now on what is known of the host, and is so no more for longer than a window.
    pub(crate) fn remember_for(&mut self, window: SignedDuration) {
        self.facts.remember_for(window.unsigned_abs());
        self.attribution.remember_for(window.unsigned_abs());
    }

    /// Replaces the selection of interfaces to watch.
    pub(crate) fn select(&mut self, selection: Selection) {
        self.interfaces.select(selection);
    }

    /// Watches until the window is over, a signal stops it, or no interface is left to watch.
    ///
    /// # Errors
    ///
    /// The kernel's counts or its listening sockets can't be read.
    pub(crate) async fn run_window(&mut self, window: SignedDuration) -> anyhow::Result<()> {
        let mut schedule = Schedule::for_window(&self.clock, window)?;
        // A window has no turns, and a session in the foreground does not handle SIGHUP.
        while self.run(&mut schedule).await? != Pause::End {}
        Ok(())
    }

    /// Watches until there is something to do for the caller, or the session is over.
    ///
    /// # Errors
    ///
    /// The kernel's counts or its listening sockets can't be read.
    pub(crate) async fn run(&mut self, schedule: &mut Schedule) -> anyhow::Result<Pause> {
        // The selection of interfaces may have changed since the last pause.
        while self.reconcile().await? {
            loop {
                tokio::select! {
                    control = self.signals.wait() => match control {
                        Control::Reload => return Ok(Pause::Reload),
                        Control::Stop => {
                            self.cut_short(schedule);
                            return Ok(self.end());
                        }
                    },
                    due = schedule.next() => match due {
                        Due::Epoch => self.capture.set_epoch(self.clock.epoch()),
                        Due::Tick => {
                            self.tick(schedule)?;
                            break;
                        }
                        Due::Turn => return Ok(Pause::Turn),
                        Due::End => return Ok(self.end()),
                    },
                    () = self.facts.interfaces_changed() => break,
                }
            }
        }
        say("auditor: nothing is left to watch, so the window ends here");
        Ok(self.end())
    }

    fn end(&self) -> Pause {
        self.progress.clear();
        Pause::End
    }

    /// Records a gap if the window ends early; a session without an end can't be cut short.
    fn cut_short(&mut self, schedule: &Schedule) {
        if schedule.window.is_some() {
            self.gaps.push(Gap {
                cause: Cause::CutShort {
                    watched: self.clock.elapsed(),
                },
                from: self.clock.now(),
                until: None,
            });
        }
    }

    fn tick(&mut self, schedule: &Schedule) -> anyhow::Result<()> {
        self.n_ticks += 1;
        self.capture.flush_log();
        self.drain()?;
        self.timeline.tick(self.clock.now(), self.counted.totals);
        if self.n_ticks.is_multiple_of(SETTLE_TICKS) {
            let before = self.over_before();
            let ledger = &mut self.counted.ledger;
            let (documented, facts) = (&self.documented, &self.facts);
            with_knowledge(documented, facts, &self.remembered, |known| {
                ledger.decide_servers(before, known);
            });
        }
        if self.facts.list_listeners()? {
            self.capture
                .set_ports(PortKind::Listening, ports::listening(&self.facts.host));
        }
        if let Some(window) = schedule.window {
            self.progress
                .show(self.clock.elapsed(), window, &self.counted.totals);
        }
        Ok(())
    }

    /// Updates the watched interfaces; true if any is watched, or may be later. Runs at each tick too, because the kernel
    /// drops change messages when there are too many of them.
    async fn reconcile(&mut self) -> anyhow::Result<bool> {
        self.facts.list_interfaces().await?;
        let host = &self.facts.host;
        self.counted.ledger.own(&host.addresses, &host.broadcasts());
        let now = self.clock.now();
        let changes = self
            .interfaces
            .reconcile(&self.facts.interfaces, &mut self.capture, now);
        if !changes.messages.is_empty() {
            self.progress.clear();
        }
        for message in &changes.messages {
            say(message);
        }
        for gap in &mut self.gaps {
            gap.end(&changes.watched, now);
        }
        self.gaps.extend(changes.gaps);
        Ok(!self.interfaces.is_over())
    }

    /// Takes over what earlier runs saw for certain: who asked whom.
    pub(crate) fn remember(&mut self, sides: HashSet<Sides>) {
        self.remembered = sides;
    }

    /// Every flow so far, in order.
    pub(crate) fn flows(&mut self) -> Vec<Flow> {
        let ledger = &self.counted.ledger;
        let (documented, facts) = (&self.documented, &self.facts);
        let LedgerFlows { flows, set_aside } =
            with_knowledge(documented, facts, &self.remembered, |known| {
                ledger.flows(known)
            });
        self.set_aside = set_aside;
        let mut flows = self.described(flows);
        flows.sort_by(|a, b| a.order().cmp(&b.order()));
        flows
    }

    /// Removes and returns the flows that are over, so that a session without an end does not fill up.
    pub(crate) fn retire(&mut self) -> Vec<Flow> {
        let before = self.over_before();
        let ledger = &mut self.counted.ledger;
        let (documented, facts) = (&self.documented, &self.facts);
        let retired = with_knowledge(documented, facts, &self.remembered, |known| {
            ledger.retire(before, known)
        });
        self.described(retired)
    }

    /// A conversation is over if its last packet was before this epoch.
    fn over_before(&self) -> u64 {
        self.clock.epoch().saturating_sub(IDLE_EPOCHS)
    }

    fn described(&self, flows: Vec<(FlowKey, FlowRecord)>) -> Vec<Flow> {
        let names = self.interfaces.names();
        let translations = self.attribution.known().translations;
        let flow = |(key, record): (FlowKey, FlowRecord)| {
            let name = names
                .get(&packet::index(key.interface))
                .cloned()
                .unwrap_or_else(|| format!("#{}", key.interface));
            let mut flow = Flow::new(&key, &record, name, |epoch| self.clock.instant(epoch));
            flow.translated = translations.of(&flow);
            flow
        };
        flows.into_iter().map(flow).collect()
    }

    /// Takes what the kernel half counted since the last time.
    pub(crate) fn drain(&mut self) -> anyhow::Result<()> {
        self.counted.drain(&mut self.capture)
    }

    /// All packets by direction.
    pub(crate) fn totals(&self) -> Totals {
        self.counted.totals
    }

    /// Packets that are in no flow, by reason, with what the last look at the flows set aside.
    pub(crate) fn without_flow(&self) -> anyhow::Result<BTreeMap<Reason, Tally>> {
        let mut without_flow = self.counted.without_flow(&self.capture)?;
        for (reason, tally) in &self.set_aside {
            *without_flow.entry(*reason).or_default() += *tally;
        }
        Ok(without_flow)
    }

    /// Packets counted by port only, because the flow table or the ledger was full.
    pub(crate) fn lost(&mut self) -> BTreeMap<Lost, Tally> {
        let mut lost = self.counted.ledger.lost().clone();
        for (what, tally) in self.capture.lost() {
            *lost.entry(what).or_default() += tally;
        }
        lost
    }

    /// Detaches from all interfaces; returns all that was observed in the window.
    pub(crate) fn finish(mut self, window: SignedDuration) -> anyhow::Result<Observed> {
        let end = self.clock.now();
        self.attribution.poll();
        // Once nothing is attached any more, the last drains of both halves take everything.
        self.interfaces.detach();
        for _half in 0..2 {
            self.drain()?;
        }
        self.capture.flush_log();
        self.timeline.tick(end, self.counted.totals);
        self.so_far(Window::new(self.clock.start, end, window))
    }

    /// All that was observed so far, for this window.
    pub(crate) fn so_far(&mut self, window: Window) -> anyhow::Result<Observed> {
        self.facts.list_connections();
        let flows = self.flows();
        let without_flow = self.without_flow()?;
        self.facts.host.owners = self.attribution.known().owners;
        let lost = self.lost();
        let (from, until) = (self.clock.start, Some(window.end));
        let mut gaps = self.gaps.clone();
        gaps.extend(uncounted::causes(&without_flow).map(|cause| Gap { cause, from, until }));
        gaps.sort();
        Ok(Observed {
            host: self.facts.host.clone(),
            window,
            interfaces: self.watched().to_vec(),
            flows,
            totals: self.totals(),
            without_flow,
            traffic: self.timeline.points(),
            gaps,
            lost,
        })
    }

    /// How often the flow table was drained, and the fullest drain since the last call.
    pub(crate) fn take_drains(&mut self) -> Drains {
        self.counted.take_drains()
    }

    /// The interfaces that are or were watched.
    pub(crate) fn watched(&self) -> &[observed::Interface] {
        self.interfaces.described()
    }
}

/// Calls `decide` with all that is known of who serves and who asks.
fn with_knowledge<T>(
    documented: &DocumentedPorts,
    facts: &HostFacts,
    remembered: &HashSet<Sides>,
    decide: impl FnOnce(&Knowledge<'_>) -> T,
) -> T {
    let is_documented = |protocol, port| documented.names(protocol, port);
    let listens = |protocol, address: IpAddr, port| facts.host.serves(protocol, address, port);
    decide(&Knowledge {
        is_documented: &is_documented,
        listens: Some(&listens),
        ephemeral: facts.ephemeral,
        remembered,
        joins_expected: true,
    })
}
