//! Signals, and what they make a session do.

use anyhow::Context as _;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::settings::Lifetime;

/// The signals that a session handles.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// Only for a daemon, which can reload its files.
    hangup: Option<Signal>,
}

/// What a signal means to a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Control {
    Stop,
    Reload,
}

impl Signals {
    pub(crate) fn listen(lifetime: Lifetime) -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("cannot listen for signals");
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            hangup: match lifetime {
                Lifetime::Foreground => None,
                Lifetime::Daemon => Some(listen(SignalKind::hangup())?),
            },
        })
    }

    pub(crate) async fn wait(&mut self) -> Control {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => Control::Stop,
            _ = self.terminate.recv() => Control::Stop,
            _ = hangup => Control::Reload,
        }
    }
}
