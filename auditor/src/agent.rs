//! The engine that watches a host: attaches, counts, judges from time to time, remembers, delivers. It knows no command
//! line; `command` calls it with plain settings.

mod attribution;
mod backoff;
mod blindness;
mod checker;
pub(crate) mod clock;
pub(crate) mod configuration;
mod counted;
pub(crate) mod daemon;
pub(crate) mod fleet;
pub(crate) mod host;
pub(crate) mod http;
mod interfaces;
mod leftovers;
mod local;
pub(crate) mod names;
mod nats;
mod outbox;
pub(crate) mod past;
pub(crate) mod ports;
pub(crate) mod preflight;
mod progress;
mod publisher;
pub(crate) mod readiness;
mod remembered;
pub(crate) mod replay;
mod run;
pub(crate) mod schedule;
pub(crate) mod session;
pub(crate) mod settings;
mod signals;
mod standing;
pub(crate) mod state;
pub(crate) mod threads;
mod timeline;
mod uncounted;
mod ways;
