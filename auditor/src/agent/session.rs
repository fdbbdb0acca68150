//! A running session: the attached programs, the counts so far, and the only event loop, which keeps both up to date.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
    time::Duration,
};

use anyhow::Context as _;
use auditor_common::{PortKind, Reason, Tally, Totals, lost::Lost, packet};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use super::{
    attribution::AttributionPoller,
    blindness::{Blindness, Sample},
    clock::{self, Clock},
    counted::{Counted, Drains},
    host::HostFacts,
    interfaces::WatchedInterfaces,
    leftovers,
    ports::{self, DocumentedPorts},
    progress::Progress,
    schedule::{Due, Schedule},
    service_manager::ServiceManager,
    settings::{CaptureSettings, Lifetime},
    signals::{Control, Signals},
    standing,
    timeline::Timeline,
    uncounted,
    ways::WayFinder,
};
use crate::{
    address::AddressSet,
    audit::Policy,
    capture::{
        Capture, Interface, Selection, SelectionError, Settings, Sizes, forwarding, privilege,
        sockets,
    },
    deployment::ProcessDetail,
    matrix::Matrix,
    observed::{
        self, Cause, Endpoints, Flow, FlowKey, FlowRecord, Gap, Knowledge, LedgerFlows, Observed,
        Passes, RememberedSides, Unproven, Window,
    },
    output::{say, warn},
    report::gap_words,
};

/// How often conversations that are over are settled, in ticks.
const SETTLE_TICKS: u64 = 60;
/// Epochs without a packet after which a conversation counts as over: five minutes, longer than most firewalls keep state
/// for anything but established TCP. If it goes on all the same, it is another conversation of the same flow.
const IDLE_EPOCHS: u64 = 3000;
/// How often filters are listed although the kernel said of no change, in ticks: it drops messages when there are too many.
const FILTER_TICKS: u64 = 5;
/// For each interface that there is, the next list of them comes so much later where the kernel says of no change: that of a thousand
/// takes some 15 ms.
const LIST_EACH: Duration = Duration::from_millis(4);
/// However many there are, it comes no later.
const LIST_MOST: Duration = Duration::from_secs(5);

/// At most so many ranges of addresses are named in a line.
const MOST_RANGES_SAID: usize = 4;

/// At most so many interfaces are named where there is one line for all of them.
const MOST_INTERFACES_SAID: usize = 4;

/// What is looked at, in words.
const INTERFACES: &str = "the list of interfaces";
const COUNTS: &str = "what was counted";

/// The programs that count, the interfaces that appear and disappear, and the counts so far.
pub(crate) struct Session {
    capture: Capture,
    interfaces: WatchedInterfaces,
    /// What is watched, to be said once the window has begun and the first reading is taken.
    announcements: Vec<String>,
    pub(crate) facts: HostFacts,
    signals: Signals,
    /// Told that this session goes on, each time that it has drained.
    pub(crate) service_manager: ServiceManager,
    documented: DocumentedPorts,
    pub(crate) clock: Clock,
    n_ticks: u64,
    counted: Counted,
    pub(crate) attribution: AttributionPoller,
    pub(crate) timeline: Timeline,
    progress: Progress,
    /// Who asked whom, as earlier runs had it.
    remembered: RememberedSides,
    /// Packets of the flows that are no traffic of this host's, as of the last look at the flows.
    set_aside: BTreeMap<Reason, Tally>,
    /// The gaps so far.
    pub(crate) gaps: Vec<Gap>,
    /// When the interfaces were last looked at.
    looked: Timestamp,
    /// When they are to be looked at again although nothing is known to have changed.
    list_due: Instant,
    /// The tick in which filters were last listed, changed or not.
    filters_listed: Option<u64>,
    /// What was found to keep us from seeing all when they were, and since when.
    standing: BTreeMap<Cause, Timestamp>,
    /// What can't be read now, and since when.
    unread: BTreeMap<Cause, Timestamp>,
    blindness: Blindness,
    is_sample_due: bool,
    ways: WayFinder,
    decapsulates: bool,
    /// What this host may take packets for as a transparent proxy does, as was said last.
    said_proxied: AddressSet,
    without_flow: BTreeMap<Reason, Tally>,
    /// Packets counted by port only for want of a bucket, when that could last be read.
    lost: Vec<(Lost, Tally)>,
    /// Whether the last look at the listening sockets failed, which is said once.
    cannot_list_listeners: bool,
}

/// Why [`Session::run`] returns to its caller.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Pause {
    /// A turn of the schedule is due.
    Turn,
    /// The configuration files are to be read again.
    Reload,
    /// The window is over, or a signal stopped the session.
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
        processes: ProcessDetail,
        lifetime: Lifetime,
    ) -> anyhow::Result<Self> {
        let selection = Selection::parse(names)?;
        match selection.check(&facts.interfaces) {
            // What a pattern matches may come later.
            Ok(()) | Err(SelectionError::NoneMatches { .. }) => {}
            // A watch waits for what it is told; whoever sits before an audit may have mistyped it.
            Err(SelectionError::Unknown { .. }) if lifetime == Lifetime::Daemon => {}
            Err(SelectionError::NonePhysical { .. }) if lifetime == Lifetime::Daemon => {
                say("auditor: no physical interface is up yet; the first that is will be watched");
            }
            Err(error) => return Err(error.into()),
        }
        if settings.log_packets {
            env_logger::Builder::new()
                .filter_module("auditor_ebpf", log::LevelFilter::Trace)
                .init();
        }
        let mut capture = Capture::load(&Settings {
            sizes: Sizes::new(settings.flows).context("cannot size the flow table")?,
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
        leftovers::take_off(&mut capture, &facts.interfaces);
        let (interfaces, announcements) = WatchedInterfaces::attach_all(
            selection,
            settings.ingress,
            &facts.interfaces,
            &mut capture,
            clock::wall(),
            lifetime,
        )?;
        // A process that runs for ever should hold no more privileges than it needs.
        match lifetime {
            Lifetime::Foreground => {}
            Lifetime::Daemon => {
                privilege::drop_capabilities().context("cannot give up capabilities")?;
            }
        }
        for (transport, error) in sockets::unlisted() {
            warn(&format!(
                "auditor: the kernel does not list sockets of {transport} (sock_diag: {error}): they are read from /proc, which takes five times as long"
            ));
        }
        let mut counted = Counted::new(settings.conversations);
        counted.ledger.own(
            &facts.host.addresses,
            &facts.host.broadcasts(),
            &facts.host.local,
            passes(&facts, &interfaces),
        );
        let clock = Clock::begin();
        Ok(Self {
            looked: clock.start,
            list_due: clock::monotonic(),
            filters_listed: None,
            standing: BTreeMap::new(),
            unread: BTreeMap::new(),
            blindness: Blindness::default(),
            is_sample_due: false,
            ways: WayFinder::default(),
            decapsulates: settings.decapsulate,
            said_proxied: AddressSet::default(),
            without_flow: BTreeMap::new(),
            lost: Vec::new(),
            cannot_list_listeners: false,
            capture,
            interfaces,
            announcements,
            facts,
            signals,
            service_manager: match lifetime {
                Lifetime::Foreground => ServiceManager::default(),
                Lifetime::Daemon => ServiceManager::of_environment(),
            },
            documented,
            clock,
            n_ticks: 0,
            counted,
            attribution: AttributionPoller::begin(processes),
            timeline: Timeline::new(),
            progress: Progress::new(),
            remembered: RememberedSides::default(),
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

    /// Watches until the window is over, or a signal stops it.
    ///
    /// # Errors
    ///
    /// The window is too long.
    pub(crate) async fn run_window(&mut self, window: SignedDuration) -> anyhow::Result<()> {
        let mut schedule = Schedule::for_window(&self.clock, window)?;
        // A window has no turns, and a session in the foreground does not handle SIGHUP.
        while self.run(&mut schedule).await != Pause::End {}
        Ok(())
    }

    /// Watches until there is something to do for the caller, or the session is over. What fails for a moment is a gap, or keeps
    /// the last answer, and ends nothing.
    pub(crate) async fn run(&mut self, schedule: &mut Schedule) -> Pause {
        let mut is_changed = true;
        loop {
            // The selection of interfaces may have changed since the last pause.
            if is_changed || self.list_due <= clock::monotonic() {
                self.reconcile().await;
            }
            self.find_gaps(false);
            is_changed = true;
            self.announce();
            loop {
                tokio::select! {
                    control = self.signals.wait() => match control {
                        Control::Reload => return Pause::Reload,
                        Control::Stop => {
                            self.cut_short(schedule);
                            return self.end();
                        }
                    },
                    due = schedule.next() => match due {
                        Due::Epoch => {
                            self.capture.set_epoch(self.clock.epoch());
                            if self.counted.is_drain_due(&self.capture) {
                                self.drain();
                            }
                        }
                        Due::Tick => {
                            self.tick(schedule);
                            is_changed = false;
                            break;
                        }
                        Due::Turn => return Pause::Turn,
                        Due::End => return self.end(),
                    },
                    () = self.facts.interfaces_changed() => break,
                }
            }
        }
    }

    /// Says what is watched, once: the clock of the window runs, and what follows is counted as in it.
    fn announce(&mut self) {
        if self.announcements.is_empty() {
            return;
        }
        self.capture.set_epoch(self.clock.epoch());
        self.drain();
        for message in std::mem::take(&mut self.announcements) {
            say(&message);
        }
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

    fn tick(&mut self, schedule: &Schedule) {
        self.n_ticks += 1;
        self.look_at_clocks();
        self.capture.flush_log();
        self.drain();
        self.service_manager.goes_on(clock::monotonic());
        self.timeline.tick(self.clock.now(), self.counted.totals);
        self.is_sample_due = true;
        if self.n_ticks.is_multiple_of(SETTLE_TICKS) {
            self.look_what_is_unwatched();
            let before = self.over_before();
            let ledger = &mut self.counted.ledger;
            let (documented, facts) = (&self.documented, &self.facts);
            with_knowledge(documented, facts, &self.remembered, |known| {
                ledger.decide_servers(before, known);
            });
        }
        self.list_listeners();
        if let Some(window) = schedule.window {
            self.progress
                .show(self.clock.elapsed(), window, &self.counted.totals);
        }
    }

    /// Looks by which interfaces that are not watched packets may come in or leave.
    fn look_what_is_unwatched(&mut self) {
        let unwatched = self.facts.unwatched(self.watched());
        let apart = self.facts.apart(self.watched());
        let host = &mut self.facts.host;
        (host.unwatched, host.apart) = (unwatched, apart);
    }

    /// Looks whether the machine slept or the process stood still; due every second.
    fn look_at_clocks(&mut self) {
        let look = self.clock.look();
        let (from, until) = (look.before, Some(self.clock.now()));
        if let Some(length) = look.slept {
            let cause = Cause::Asleep { length };
            self.gaps.push(Gap { cause, from, until });
        }
        if look.is_late {
            let cause = Cause::Stalled;
            self.gaps.push(Gap { cause, from, until });
        }
    }

    /// Lists the sockets that listen. If that fails, those of the last list are still taken to.
    fn list_listeners(&mut self) {
        match self.facts.list_listeners() {
            Ok(has_new) => {
                self.cannot_list_listeners = false;
                if has_new {
                    self.capture
                        .set_ports(PortKind::Listening, ports::listening(&self.facts.host));
                }
            }
            Err(error) => {
                if !std::mem::replace(&mut self.cannot_list_listeners, true) {
                    self.progress.clear();
                    warn(&format!(
                        "auditor: {error:#}; those that listened before still count, and it is tried again every second"
                    ));
                }
            }
        }
    }

    /// Takes a sample of the kernel's counters, as of when interfaces were last listed, and of what was counted before.
    fn sample(&mut self) {
        let watched: BTreeSet<u32> = self.watched_now();
        let kernel = self.facts.interfaces.iter();
        let kernel = kernel.filter(|one| one.is_up && watched.contains(&one.index));
        self.blindness.add(Sample {
            at: self.looked,
            kernel: kernel.map(|one| (one.index, one.packets)).collect(),
            totals: self.counted.totals,
            flows: self.counted.by_interface.clone(),
        });
    }

    /// The indexes of the interfaces that are watched now.
    fn watched_now(&self) -> BTreeSet<u32> {
        self.interfaces.attached().map(|one| one.index).collect()
    }

    /// Updates the watched interfaces, and finds what keeps us from seeing all. Runs from time to time too, at each tick where there
    /// are not too many interfaces, because the kernel drops change messages when there are too many of them.
    async fn reconcile(&mut self) {
        let now = self.clock.now();
        let listed = self.facts.list_interfaces().await;
        let n_interfaces = u32::try_from(self.facts.interfaces.len()).unwrap_or(u32::MAX);
        let pause = LIST_EACH.saturating_mul(n_interfaces).min(LIST_MOST);
        self.list_due = clock::monotonic() + pause;
        match listed {
            Ok(()) => {
                let before = std::mem::replace(&mut self.looked, now);
                self.unread.retain(
                    |cause, _| !matches!(cause, Cause::Unread { what, .. } if what == INTERFACES),
                );
                self.follow(before, now);
                if std::mem::take(&mut self.is_sample_due) {
                    self.sample();
                }
            }
            Err(error) => self.cannot_read(INTERFACES, &error),
        }
    }

    /// Follows the interfaces as they were just listed.
    fn follow(&mut self, before: Timestamp, now: Timestamp) {
        let host = &self.facts.host;
        self.counted.ledger.own(
            &host.addresses,
            &host.broadcasts(),
            &host.local,
            passes(&self.facts, &self.interfaces),
        );
        let all_filters = self.facts.take_filters_changed()
            || self
                .filters_listed
                .is_none_or(|tick| tick + FILTER_TICKS <= self.n_ticks);
        if all_filters {
            self.filters_listed = Some(self.n_ticks);
        }
        let times = (before, now);
        let all = &self.facts.interfaces;
        let changes = self
            .interfaces
            .reconcile(all, &mut self.capture, times, all_filters);
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
        self.standing = changes.standing;
        self.say_what_is_proxied();
    }

    /// Says once what this host may take packets for beside its own addresses.
    fn say_what_is_proxied(&mut self) {
        let proxied = &self.facts.host.local.sometimes;
        if *proxied == self.said_proxied {
            return;
        }
        let ranges: Vec<String> = proxied
            .ranges()
            .take(MOST_RANGES_SAID)
            .map(|(first, last)| format!("{first} to {last}"))
            .collect();
        self.said_proxied.clone_from(proxied);
        if !ranges.is_empty() {
            self.progress.clear();
            say(&format!(
                "auditor: by rules of policy routing this host may take packets for others itself, as a transparent proxy does ({}): what comes in for them is judged as what passes through",
                ranges.join(", ")
            ));
        }
    }

    /// Begins and ends the gaps whose causes are found anew each time.
    fn find_gaps(&mut self, is_end: bool) {
        let interfaces = &self.facts.interfaces;
        let of = |index: u32| interfaces.iter().find(|one| one.index == index);
        let blind = self.blindness.causes(
            is_end,
            |index| of(index).is_some_and(|one| one.is_loopback),
            |index| of(index).map_or_else(String::new, |one| one.name.clone()),
        );
        let mut found = self.standing.clone();
        found.extend(
            self.unread
                .iter()
                .map(|(cause, from)| (cause.clone(), *from)),
        );
        found.extend(blind);
        for gap in standing::update(&mut self.gaps, &found, self.clock.now()) {
            let is_said_where_found = matches!(
                gap.cause,
                Cause::InterfaceRefused { .. } | Cause::Detached { .. }
            );
            if !is_said_where_found {
                self.progress.clear();
                warn(&format!("auditor: {}", gap_words(&gap)));
            }
        }
    }

    /// Remembers that something could not be read, until it can.
    fn cannot_read(&mut self, what: &str, error: &anyhow::Error) {
        let is_known =
            |cause: &Cause| matches!(cause, Cause::Unread { what: known, .. } if known == what);
        if !self.unread.keys().any(is_known) {
            let cause = Cause::Unread {
                what: what.to_owned(),
                problem: format!("{error:#}"),
            };
            self.unread.insert(cause, self.looked);
        }
    }

    /// What it does, in a few words.
    pub(crate) fn in_words(&self) -> String {
        let mut names: Vec<&str> = self
            .interfaces
            .attached()
            .map(|one| one.name.as_str())
            .collect();
        names.sort_unstable();
        let n_more = names.len().saturating_sub(MOST_INTERFACES_SAID);
        names.truncate(MOST_INTERFACES_SAID);
        match (names.join(", "), n_more) {
            (names, _) if names.is_empty() => "waiting for an interface to watch".to_owned(),
            (names, 0) => format!("watching {names}"),
            (names, n_more) => format!("watching {names} and {n_more} more"),
        }
    }

    /// Takes what a policy's rules let others ask of this host for what is to be kept longest of what anybody can make up.
    pub(crate) fn invite(&mut self, policy: &Policy) {
        self.counted.ledger.invite(policy.invited());
    }

    /// Finds out by which interfaces the other hosts of a policy's rules are reached.
    pub(crate) fn find_ways(&mut self, policy: &Policy) {
        let others: Vec<&AddressSet> = policy.others().collect();
        let watched = self.watched_now();
        let facts = &mut self.facts;
        facts.host.ways = self.ways.find(
            &others,
            &facts.host.addresses,
            &facts.interfaces,
            &watched,
            self.decapsulates,
        );
    }

    /// Takes over who asked whom, as earlier runs had it.
    pub(crate) fn remember(&mut self, sides: RememberedSides) {
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
        let mut flows: Vec<Flow> = flows.into_iter().map(flow).collect();
        // What this host's own programs ask is translated before it passes an interface, so that nobody sees what they asked. And
        // connections that are not translated have to be told from others between the same endpoints.
        let seen: BTreeSet<(u8, Endpoints)> = flows
            .iter()
            .filter(|flow| !flow.translated.is_empty())
            .map(|flow| (flow.protocol, flow.endpoints()))
            .collect();
        for flow in &mut flows {
            let is_here = flow.is_client_here() && self.facts.host.has(flow.client);
            if is_here && flow.translated.is_empty() {
                flow.translated = translations.asked(flow);
                flow.translated
                    .retain(|one| !seen.contains(&(flow.protocol, *one)));
            }
            if translations.has_plain(flow) {
                flow.translated.insert(flow.endpoints());
            }
        }
        flows
    }

    /// Takes what the kernel half counted since the last time. What can't be taken now is taken the next time.
    pub(crate) fn drain(&mut self) {
        match self.counted.drain(&mut self.capture) {
            Ok(()) => self
                .unread
                .retain(|cause, _| !matches!(cause, Cause::Unread { what, .. } if what == COUNTS)),
            Err(error) => self.cannot_read(COUNTS, &error),
        }
        if let Some((flows, kernel_bytes)) = self.counted.take_wanted(&self.capture) {
            self.progress.clear();
            say(&format!(
                "auditor: more conversations at a time than the flow table has buckets for; they are counted all the same, but each packet of theirs costs several times as much. --flows {flows} would have room for them, and takes {} MiB of kernel memory",
                kernel_bytes.div_ceil(1 << 20)
            ));
        }
    }

    /// All packets by direction.
    pub(crate) fn totals(&self) -> Totals {
        self.counted.totals
    }

    /// Packets that are in no flow, by reason, with what the last look at the flows set aside; as they were when they could
    /// last be read.
    pub(crate) fn without_flow(&mut self) -> BTreeMap<Reason, Tally> {
        match self.counted.without_flow(&self.capture) {
            Ok(without_flow) => self.without_flow = without_flow,
            Err(error) => self.cannot_read(COUNTS, &error),
        }
        let mut without_flow = self.without_flow.clone();
        for (reason, tally) in &self.set_aside {
            *without_flow.entry(*reason).or_default() += *tally;
        }
        without_flow
    }

    /// Packets counted by port only, because the flow table or the ledger was full; as they were when they could last be read.
    pub(crate) fn lost(&mut self) -> BTreeMap<Lost, Tally> {
        match self.capture.lost() {
            Ok(lost) => self.lost = lost,
            Err(error) => self.cannot_read(COUNTS, &error.into()),
        }
        let mut lost = self.counted.ledger.lost().clone();
        for (what, tally) in &self.lost {
            *lost.entry(*what).or_default() += *tally;
        }
        lost
    }

    /// What is left of flows that proved nothing and made room for others.
    pub(crate) const fn unproven(&self) -> &Unproven {
        self.counted.ledger.unproven()
    }

    /// Detaches from all interfaces; returns all that was observed in the window.
    pub(crate) fn finish(mut self, window: SignedDuration) -> Observed {
        let end = self.clock.now();
        self.look_at_clocks();
        self.drain();
        self.sample();
        self.attribution.poll();
        // Once nothing is attached any more, the last drains of both halves take everything.
        self.interfaces.detach();
        for _half in 0..2 {
            self.drain();
        }
        self.find_gaps(true);
        self.capture.flush_log();
        self.timeline.tick(end, self.counted.totals);
        self.so_far(Window::new(self.clock.start, end, window))
    }

    /// All that was observed so far, for this window.
    pub(crate) fn so_far(&mut self, window: Window) -> Observed {
        let mut observed = self.counted_so_far(window);
        let (from, until) = (self.clock.start, Some(window.end));
        let uncounted = uncounted::causes(&observed.without_flow);
        let uncounted = uncounted.map(|cause| Gap { cause, from, until });
        let uncounted: Vec<Gap> = uncounted.collect();
        observed.gaps.extend(uncounted);
        observed.gaps.sort();
        observed
    }

    /// All that was observed so far, for this window; packets that are in no flow are no gap yet.
    pub(crate) fn counted_so_far(&mut self, window: Window) -> Observed {
        self.facts.list_connections();
        self.look_what_is_unwatched();
        let flows = self.flows();
        let without_flow = self.without_flow();
        self.facts.host.owners = self.attribution.known().owners;
        let lost = self.lost();
        Observed {
            host: self.facts.host.clone(),
            window,
            interfaces: self.watched().to_vec(),
            flows,
            totals: self.totals(),
            without_flow,
            traffic: self.timeline.points(),
            gaps: self.gaps.clone(),
            lost,
            unproven: self.unproven().clone(),
            tallied_since: self.clock.start,
            dates: self.clock.dates.clone(),
        }
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
    remembered: &RememberedSides,
    decide: impl FnOnce(&Knowledge<'_>) -> T,
) -> T {
    let is_documented = |protocol, port| documented.names(protocol, port);
    let listens = |protocol, address: IpAddr, port| facts.host.serves(protocol, address, port);
    decide(&Knowledge {
        is_documented: &is_documented,
        listens: Some(&listens),
        ephemeral: facts.ephemeral,
        remembered,
        sees_all_sent: facts.host.unwatched.is_empty(),
        joins_expected: true,
    })
}

/// What this host passes on from the interfaces that are watched.
fn passes(facts: &HostFacts, watched: &WatchedInterfaces) -> Passes {
    let is_watched = |index: u32| watched.attached().any(|one| one.index == index);
    let interfaces: Vec<&Interface> = facts
        .interfaces
        .iter()
        .filter(|one| is_watched(one.index))
        .collect();
    forwarding::passes(&interfaces, &facts.interfaces)
}
