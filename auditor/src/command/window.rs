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

use super::{audit::listening_ports, output::say};
use crate::{
    capture::{Attached, Capture, Interfaces, listener},
    observed::{Gap, Host},
    port::PortRange,
};

const TICK: Duration = Duration::from_secs(1);

/// Wall clock and kernel clock, read together.
pub(super) struct Clock {
    pub(super) wall: Timestamp,
    monotonic: i128,
    started: Instant,
}

impl Clock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the audit's own loop reads the clock, here and at its end"
    )]
    pub(super) fn now() -> anyhow::Result<Self> {
        let monotonic = nix::time::clock_gettime(nix::time::ClockId::CLOCK_MONOTONIC)
            .context("cannot read the clock")?;
        let monotonic =
            i128::from(monotonic.tv_sec()) * 1_000_000_000 + i128::from(monotonic.tv_nsec());
        Ok(Self {
            wall: Timestamp::now(),
            monotonic,
            started: Instant::now(),
        })
    }

    /// When the kernel's clock showed `nanoseconds`.
    pub(super) fn instant(&self, nanoseconds: u64) -> Timestamp {
        let wall = self.wall.as_nanosecond() + i128::from(nanoseconds) - self.monotonic;
        Timestamp::from_nanosecond(wall).unwrap_or(self.wall)
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

/// Everything that the loop touches.
pub(super) struct Watch<'a> {
    pub(super) capture: &'a mut Capture,
    pub(super) interfaces: &'a mut Interfaces,
    /// What is watched; an interface that goes away goes from here.
    pub(super) attached: &'a mut Vec<Attached>,
    pub(super) stop: &'a mut Stop,
    /// Learns of sockets that begin to listen.
    pub(super) host: &'a mut Host,
    pub(super) ephemeral: PortRange,
}

impl Watch<'_> {
    /// Watches until the window is over, somebody stops it, or nothing is left to watch. Returns what was not seen, and
    /// when it ended.
    ///
    /// # Errors
    ///
    /// The kernel does not tell what it counts, or which sockets listen.
    pub(super) async fn run(
        self,
        window: SignedDuration,
        clock: &Clock,
    ) -> anyhow::Result<(Vec<Gap>, Timestamp)> {
        let Self {
            capture,
            interfaces,
            attached,
            stop,
            host,
            ephemeral,
        } = self;
        let length = Duration::try_from(window).context("the window is too long")?;
        let Some(deadline) = clock.started.checked_add(length) else {
            bail!("the window is too long")
        };
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut gaps = Vec::new();
        let progress = Progress::new(window);
        loop {
            tokio::select! {
                () = tokio::time::sleep_until(deadline) => break,
                () = stop.wait() => {
                    gaps.push(Gap::CutShort { watched: clock.elapsed() });
                    break;
                }
                Some(gone) = interfaces.next_gone() => {
                    let Some(at) = attached.iter().position(|one| one.interface.index == gone) else { continue };
                    let lost = attached.remove(at);
                    progress.clear();
                    say(&format!("auditor: interface {} went away; what passes there is not seen", lost.interface.name));
                    gaps.push(Gap::InterfaceLost { name: lost.interface.name.clone(), at: clock.wall_now() });
                    if attached.is_empty() {
                        say("auditor: nothing is left to watch, so the window ends here");
                        break;
                    }
                }
                _ = ticks.tick() => {
                    capture.flush_log();
                    let listeners = listener::listeners(ephemeral).context("cannot list the sockets that listen")?;
                    if !listeners.is_subset(&host.listeners) {
                        host.listeners.extend(listeners);
                        capture.set_ports(PortKind::Listening, listening_ports(host))?;
                    }
                    progress.show(clock.elapsed(), &capture.tallies()?);
                }
            }
        }
        progress.clear();
        Ok((gaps, clock.wall_now()))
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
