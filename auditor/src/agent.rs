//! The engine that watches a host: attaches, counts, judges from time to time, remembers, tells.

pub(crate) mod access;
pub(crate) mod attribution;
pub(crate) mod daemon;
pub(crate) mod http;
pub(crate) mod interfaces;
pub(crate) mod judge;
pub(crate) mod names;
pub(crate) mod observe;
pub(crate) mod outbox;
pub(crate) mod reload;
pub(crate) mod session;
pub(crate) mod state;
pub(crate) mod timeline;
pub(crate) mod window;
