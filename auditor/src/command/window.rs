//! The window of time that an audit watches: the only loop, and the only reader of clocks.

use std::{
    collections::BTreeMap,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use anyhow::{Context as _, bail};
use auditor_common::{PortKind, Slot, Tally};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    time::{Instant, MissedTickBehavior},
};

use super::{follow::Follow, observe::listening_ports, output::say};
use crate::{
    capture::{Capture, Interfaces, Ways, listener},
    observed::{Cause, Gap, Host, KnownPorts, Ledger},
};

/// How often what was counted is taken out of the kernel.
const TICK: Duration = Duration::from_secs(1);
/// How exact the times of flows are; the kernel half reads no clock of its own.
const EPOCH: Duration = Duration::from_millis(100);
/// How often conversations that are over are settled, in ticks.
const SETTLE_TICKS: u64 = 60;
/// Epochs without a packet after which a conversation is over: five minutes, longer than a connection's state is kept by
/// most firewalls for anything but established TCP. If it goes on all the same, it counts as another one of its flow.
const OVER: u64 = 3000;

/// Wall clock and kernel clock, read together.
pub(super) struct Clock {
    pub(super) wall: Timestamp,
    started: Instant,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the audit's own loop reads the clock, here and at its end"
    )]
    pub(super) fn now() -> Self {
        Self {
            wall: Timestamp::now(),
            started: Instant::now(),
        }
    }

    /// When an epoch began.
    pub(super) fn instant(&self, epoch: u64) -> Timestamp {
        let passed = EPOCH.as_nanos() * u128::from(epoch);
        let wall = i128::try_from(passed).map_or(i128::MAX, |passed| {
            self.wall.as_nanosecond().saturating_add(passed)
        });
        Timestamp::from_nanosecond(wall).unwrap_or(self.wall)
    }

    /// The epoch that it is.
    fn epoch(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_nanos() / EPOCH.as_nanos()).unwrap_or(u64::MAX)
    }

    /// How long ago the window began.
    fn elapsed(&self) -> SignedDuration {
        SignedDuration::try_from(self.started.elapsed()).unwrap_or(SignedDuration::MAX)
    }

    fn wall_now(&self) -> Timestamp {
        self.wall.checked_add(self.elapsed()).unwrap_or(self.wall)
    }
}

/// The signals that end a window early.
pub(super) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub(super) fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn wait(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// What was taken out of the kernel so far.
pub(super) struct Seen {
    pub(super) ledger: Ledger,
    ways: Ways,
}

impl Seen {
    /// Keeps at most so many conversations.
    pub(super) fn new(most: usize) -> Self {
        Self {
            ledger: Ledger::new(most),
            ways: Ways::default(),
        }
    }

    /// Takes what the kernel half counted since the last time.
    pub(super) fn drain(&mut self, capture: &mut Capture) -> anyhow::Result<()> {
        let ledger = &mut self.ledger;
        let ways = capture.drain(&mut |key, record| ledger.add(key, record))?;
        for (sum, more) in self.ways.iter_mut().zip(ways) {
            sum.packets += more.packets;
            sum.bytes += more.bytes;
        }
        Ok(())
    }

    /// Every packet, and those that are in no flow, by slot.
    pub(super) fn tallies(&self, capture: &Capture) -> anyhow::Result<BTreeMap<Slot, Tally>> {
        let mut tallies = capture.tallies()?;
        for (slot, tally) in [Slot::Received, Slot::Sent].into_iter().zip(self.ways) {
            if tally != Tally::default() {
                tallies.insert(slot, tally);
            }
        }
        for more in self.ledger.lost().values() {
            let sum = tallies.entry(Slot::TableFull).or_default();
            sum.packets += more.packets;
            sum.bytes += more.bytes;
        }
        Ok(tallies)
    }
}

/// How a window went.
pub(super) struct Watched {
    /// What was not seen.
    pub(super) gaps: Vec<Gap>,
    pub(super) end: Timestamp,
    pub(super) seen: Seen,
}

/// Everything that the loop touches.
pub(super) struct Watch<'a> {
    pub(super) capture: &'a mut Capture,
    pub(super) interfaces: &'a mut Interfaces,
    /// What is watched; interfaces come and go.
    pub(super) follow: &'a mut Follow,
    pub(super) stop: &'a mut Stop,
    /// Learns of sockets that begin to listen.
    pub(super) host: &'a mut Host,
    pub(super) known: &'a KnownPorts<'a>,
    /// Conversations that are kept at most.
    pub(super) most_flows: usize,
}

impl Watch<'_> {
    /// Watches until the window is over, somebody stops it, or nothing is left to watch. Returns what was counted
    /// up to its last tick.
    ///
    /// # Errors
    ///
    /// The kernel does not tell what it counts, or which sockets listen.
    pub(super) async fn run(
        self,
        window: SignedDuration,
        clock: &Clock,
    ) -> anyhow::Result<Watched> {
        let Self {
            capture,
            interfaces,
            follow,
            stop,
            host,
            known,
            most_flows,
        } = self;
        let length = Duration::try_from(window).context("the window is too long")?;
        let Some(deadline) = clock.started.checked_add(length) else {
            bail!("the window is too long")
        };
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut epochs = tokio::time::interval(EPOCH);
        epochs.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut gaps = Vec::new();
        let mut seen = Seen::new(most_flows);
        seen.ledger.own(&host.addresses);
        let mut n_ticks: u64 = 0;
        let progress = Progress::new(window);
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                () = stop.wait() => {
                    let now = clock.wall_now();
                    gaps.push(Gap {
                        cause: Cause::CutShort { watched: clock.elapsed() },
                        from: now,
                        until: None,
                    });
                    break;
                }
                _ = epochs.tick() => {
                    capture.set_epoch(clock.epoch());
                    continue;
                }
                _ = ticks.tick() => {
                    capture.flush_log();
                    seen.drain(capture)?;
                    n_ticks += 1;
                    if n_ticks.is_multiple_of(SETTLE_TICKS) {
                        seen.ledger.settle(clock.epoch().saturating_sub(OVER), known);
                    }
                    let listeners = listener::listeners(known.ephemeral).context("cannot list the sockets that listen")?;
                    if !listeners.is_subset(&host.listeners) {
                        host.listeners.extend(listeners);
                        capture.add_ports(PortKind::Listening, listening_ports(host));
                    }
                    progress.show(clock.elapsed(), &seen.tallies(capture)?);
                }
                () = interfaces.changed() => {}
            }
            // At each tick too: the kernel drops messages of changes when there are too many of them.
            let all = interfaces.list().await?;
            host.addresses
                .extend(all.iter().flat_map(|one| one.addresses.iter().copied()));
            seen.ledger.own(&host.addresses);
            let changes = follow.reconcile(&all, capture, clock.wall_now());
            if !changes.messages.is_empty() {
                progress.clear();
            }
            for message in &changes.messages {
                say(message);
            }
            for gap in &mut gaps {
                gap.end(&changes.watched, clock.wall_now());
            }
            gaps.extend(changes.gaps);
            if follow.is_over() {
                say("auditor: nothing is left to watch, so the window ends here");
                break;
            }
        }
        progress.clear();
        Ok(Watched {
            gaps,
            end: clock.wall_now(),
            seen,
        })
    }
}

/// A line on the terminal that says how far the window is.
struct Progress {
    window: SignedDuration,
    is_terminal: bool,
}

impl Progress {
    fn new(window: SignedDuration) -> Self {
        Self {
            window,
            is_terminal: io::stderr().is_terminal(),
        }
    }

    fn show(&self, elapsed: SignedDuration, tallies: &BTreeMap<Slot, Tally>) {
        if self.is_terminal {
            let packets = |slot| tallies.get(&slot).map_or(0, |tally| tally.packets);
            print(&format!(
                "\r\x1b[K{} of {} s: {} packets in, {} out; Ctrl-C ends the window",
                elapsed.as_secs(),
                self.window.as_secs(),
                packets(Slot::Received),
                packets(Slot::Sent)
            ));
        }
    }

    fn clear(&self) {
        if self.is_terminal {
            print("\r\x1b[K");
        }
    }
}

fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    // A terminal that went away needs no progress.
    let _gone = stderr
        .write_all(text.as_bytes())
        .and_then(|()| stderr.flush());
}
