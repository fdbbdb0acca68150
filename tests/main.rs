//! End-to-end tests: the built command, real kernels, real traffic.
//!
//! What needs a kernel runs with `AUDITOR_KERNEL_TESTS=1`, as `cargo xtask test` sets it, and then needs root. What needs
//! references beside the repository must find them with `AUDITOR_SHARED_TESTS=1`.
#![deny(dead_code, reason = "a test that no list names would never run")]
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod alike;
mod asymmetric;
mod blind;
mod cluster;
mod confined;
mod ends;
mod errors;
mod exact;
mod export;
mod fixture;
mod fleet;
mod flood;
mod forged;
mod ftp;
mod group;
mod harness;
mod hosts;
mod import;
mod interfaces;
mod life;
mod local;
mod loopback;
mod members;
mod outage;
mod page;
mod past;
mod paths;
mod preflight;
mod private;
mod processes;
mod push;
mod replay;
mod service;
mod shared;
mod shown;
mod sides;
mod signed;
mod sinks;
mod slow;
mod stress;
mod translated;
mod tunnel;
mod verbs;
mod verdicts;
mod watch;

use std::process::ExitCode;

fn main() -> ExitCode {
    harness::run(&[
        alike::TESTS,
        asymmetric::TESTS,
        blind::TESTS,
        cluster::TESTS,
        confined::TESTS,
        ends::TESTS,
        errors::TESTS,
        exact::TESTS,
        export::TESTS,
        fleet::TESTS,
        flood::TESTS,
        forged::TESTS,
        ftp::TESTS,
        group::TESTS,
        hosts::TESTS,
        import::TESTS,
        interfaces::TESTS,
        life::TESTS,
        local::TESTS,
        loopback::TESTS,
        members::TESTS,
        outage::TESTS,
        page::TESTS,
        past::TESTS,
        paths::TESTS,
        preflight::TESTS,
        private::TESTS,
        processes::TESTS,
        push::TESTS,
        replay::TESTS,
        service::TESTS,
        shared::TESTS,
        shown::TESTS,
        sides::TESTS,
        signed::TESTS,
        sinks::TESTS,
        slow::TESTS,
        stress::TESTS,
        translated::TESTS,
        tunnel::TESTS,
        verbs::TESTS,
        verdicts::TESTS,
        watch::TESTS,
    ])
}
