//! What the service manager that started a watch is told of it (`sd_notify(3)`): that it counts, what it does, that it goes on.

use std::{env, time::Duration};

use sd_notify::NotifyState;
use tokio::time::Instant;

use super::clock;
use crate::output::warn;

/// Where the service manager listens; it is set only for services that are to tell.
const SOCKET: &str = "NOTIFY_SOCKET";

/// How often it hears that a watch goes on, in the time after which it would end it: two messages may be lost.
const SHARE: u32 = 3;

/// The service manager, if there is one that wants to be told.
#[derive(Debug, Default)]
pub(crate) struct ServiceManager {
    listens: bool,
    /// How often it is to hear that the watch goes on, if it asks for that.
    every: Option<Duration>,
    /// When it last heard that.
    told: Option<Instant>,
    /// What it was last told that the watch does.
    status: String,
    /// Whether the watch is ready, or ready again.
    is_ready: bool,
    /// Whether the last message did not reach it, which is said once.
    is_deaf: bool,
}

impl ServiceManager {
    /// The one that the environment names, if it names one.
    pub(crate) fn of_environment() -> Self {
        let listens = env::var_os(SOCKET).is_some_and(|path| !path.is_empty());
        let watchdog = listens.then(sd_notify::watchdog_enabled).flatten();
        Self {
            listens,
            every: watchdog.map(|time| time / SHARE),
            ..Self::default()
        }
    }

    /// How often it is to hear that the watch goes on; `None` if it does not ask for that.
    pub(crate) const fn every(&self) -> Option<Duration> {
        self.every
    }

    /// The watch counts, or does so again; once is enough.
    pub(crate) fn ready(&mut self, status: &str) {
        if !std::mem::replace(&mut self.is_ready, true) {
            status.clone_into(&mut self.status);
            self.tell(&[NotifyState::Ready, NotifyState::Status(status)]);
        }
    }

    /// What the watch does, where that has changed. Nothing before it is ready.
    pub(crate) fn does(&mut self, status: &str) {
        if self.is_ready && self.status != status {
            status.clone_into(&mut self.status);
            self.tell(&[NotifyState::Status(status)]);
        }
    }

    /// What drains goes on; it is told as often as it asks for.
    pub(crate) fn goes_on(&mut self, now: Instant) {
        let Some(every) = self.every else {
            return;
        };
        if self.told.is_none_or(|told| told + every <= now) {
            self.told = Some(now);
            self.tell(&[NotifyState::Watchdog]);
        }
    }

    /// The configuration is read again until [`Self::ready`] is called.
    pub(crate) fn reloads(&mut self) {
        self.is_ready = false;
        let since = NotifyState::MonotonicUsec(clock::monotonic_micros());
        self.tell(&[NotifyState::Reloading, since]);
    }

    /// The watch ends.
    pub(crate) fn stops(&mut self) {
        self.tell(&[NotifyState::Stopping]);
    }

    fn tell(&mut self, states: &[NotifyState<'_>]) {
        if !self.listens {
            return;
        }
        match sd_notify::notify(states) {
            Ok(()) => self.is_deaf = false,
            Err(error) => {
                if !std::mem::replace(&mut self.is_deaf, true) {
                    warn(&format!(
                        "auditor: the service manager can't be told how this watch does, by the socket in {SOCKET}: {error}"
                    ));
                }
            }
        }
    }
}
