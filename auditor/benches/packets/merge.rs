//! What flows cost once they are out of the kernel.

use std::time::Instant;

use auditor::observed::Ledger;
use auditor_common::{ConversationKey, ConversationRecord, KeptPorts, PackedPorts, packet::mapped};

/// Seconds to merge flows that are there already, and MiB that they take.
pub(super) fn merged(n_flows: u32) -> (f64, f64) {
    let flow = |n: u32| {
        let key = ConversationKey {
            addresses: [mapped(n.to_be_bytes()), mapped([10, 1, 0, 1])],
            ports: PackedPorts::new(KeptPorts::Server, 6, 0, 8080).0,
            interface: 2,
        };
        let record = ConversationRecord {
            packets: [2, 2],
            ..ConversationRecord::default()
        };
        (key, record)
    };
    let before = resident();
    let mut ledger = Ledger::default();
    let mut merge = || {
        for n in 0..n_flows {
            let (key, record) = flow(n);
            ledger.add(&key, &record);
        }
    };
    merge();
    let memory = resident() - before;
    let start = Instant::now();
    merge();
    let seconds = start.elapsed().as_secs_f64();
    assert_eq!(ledger.len(), n_flows as usize);
    (seconds, memory)
}

/// MiB of this process that are in memory (proc(5), `statm`).
fn resident() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").expect("procfs");
    let pages = statm
        .split(' ')
        .nth(1)
        .and_then(|pages| pages.parse::<u32>().ok());
    f64::from(pages.expect("a number")) * 4096.0 / f64::from(1 << 20)
}
