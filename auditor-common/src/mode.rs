//! How the programs count, fixed when they are loaded: bits of one number.

/// CPUs have no buckets of their own, and every packet is counted in the shared table: with `PREEMPT_RT` a program may be
/// interrupted by another one on its CPU, and a host may have more CPUs than [`MOST_CPUS`](crate::MOST_CPUS).
pub const SHARED: u8 = 1;
/// Every conversation keeps both its ports, as the replay of a capture needs it, where neither address is this host's.
pub const BOTH_PORTS: u8 = 2;
/// Packets inside tunnels are counted as well.
pub const DECAPSULATE: u8 = 4;
/// Packets that are in no flow are logged.
pub const LOG: u8 = 8;
