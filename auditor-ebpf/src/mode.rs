//! How the programs count: bits of `auditor_common::mode`. The verifier knows their values and removes the code that they
//! rule out.

use auditor_common::mode;
use aya_ebpf::Global;

/// Set by user space before it loads the programs.
#[unsafe(no_mangle)]
static MODE: Global<u8> = Global::new(0);

#[inline(always)]
fn has(bit: u8) -> bool {
    MODE.load() & bit != 0
}

/// Whether packets that are in no flow are logged.
#[inline(always)]
pub fn logs() -> bool {
    has(mode::LOG)
}

/// Whether packets inside tunnels are counted as well.
#[inline(always)]
pub(crate) fn decapsulates() -> bool {
    has(mode::DECAPSULATE)
}

/// Whether every conversation keeps both its ports.
#[inline(always)]
pub(crate) fn keeps_both_ports() -> bool {
    has(mode::BOTH_PORTS)
}

/// Whether each CPU counts in buckets of its own.
#[inline(always)]
pub(crate) fn has_buckets() -> bool {
    !has(mode::SHARED)
}

/// Which packets may take the fast path.
pub(crate) enum FastPath {
    All,
    /// TCP packets alone, since they cannot carry another packet.
    TcpOnly,
    None,
}

#[inline(always)]
pub(crate) fn fast_path() -> FastPath {
    match MODE.load() & !mode::LOG {
        0 => FastPath::All,
        mode::DECAPSULATE => FastPath::TcpOnly,
        _ => FastPath::None,
    }
}
