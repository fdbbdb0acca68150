//! What every process says of itself, by the names that Prometheus' own clients use.

use std::sync::atomic::AtomicU64;

use prometheus_client::{
    metrics::{counter::Counter, gauge::Gauge},
    registry::Registry,
};

/// What a process takes of its machine.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ProcessUse {
    /// The processor's time that it has taken.
    pub processor_seconds: f64,
    /// Memory that it holds, and addresses that it has.
    pub resident_bytes: u64,
    pub virtual_bytes: u64,
    pub threads: u64,
    pub open_files: u64,
    pub most_files: u64,
    /// When it was started, in seconds since 1970.
    pub started: f64,
}

/// What every process says of itself, by the names that Prometheus' own clients use.
pub(super) fn register(process: &ProcessUse, registry: &mut Registry) {
    let processor = Counter::<f64, AtomicU64>::default();
    processor.inc_by(process.processor_seconds);
    registry.register(
        "process_cpu_seconds",
        "Processor time that the auditor has taken",
        processor,
    );
    let started = Gauge::<f64, AtomicU64>::default();
    started.set(process.started);
    registry.register(
        "process_start_time_seconds",
        "When the auditor was started, in seconds since 1970",
        started,
    );
    for (name, help, value) in [
        (
            "process_resident_memory_bytes",
            "Memory that the auditor holds",
            process.resident_bytes,
        ),
        (
            "process_virtual_memory_bytes",
            "Addresses that the auditor has",
            process.virtual_bytes,
        ),
        ("process_threads", "Threads of the auditor", process.threads),
        (
            "process_open_fds",
            "Files that the auditor has open",
            process.open_files,
        ),
        (
            "process_max_fds",
            "Files that it may have open",
            process.most_files,
        ),
    ] {
        let metric: Gauge = Gauge::default();
        metric.set(i64::try_from(value).unwrap_or(i64::MAX));
        registry.register(name, help, metric);
    }
}
