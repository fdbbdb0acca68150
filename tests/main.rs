//! End-to-end tests: the built command, real kernels, real traffic.
//!
//! What needs a kernel runs with `AUDITOR_KERNEL_TESTS=1`, as `cargo xtask test` sets it, and then needs root.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod auditor;
mod cluster;
mod errors;
mod exact;
mod export;
mod flood;
mod interfaces;
mod life;
mod outage;
mod page;
mod paths;
mod processes;
mod programs;
mod replay;
mod shared;
mod shown;
mod sides;
mod sinks;
mod stress;
mod translated;
mod tunnel;
mod verdicts;
mod watch;
