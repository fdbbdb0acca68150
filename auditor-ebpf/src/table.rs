//! The flow table and the tallies: the only file that knows which maps there are.

use core::intrinsics::{AtomicOrdering, atomic_or, atomic_xadd};

use auditor_common::{
    Counter, FlowKey, FlowStats, Known, Packet, PortKind, Server, Slot, Tally,
    packet::{Intent, RST},
    port::{BITMAPS, WORDS, bit},
    side,
};
use aya_ebpf::{
    Global,
    bindings::BPF_NOEXIST,
    helpers::generated::bpf_ktime_get_coarse_ns,
    macros::map,
    maps::{Array, HashMap, PerCpuArray},
};

use crate::frame::Way;

/// Flows by key, shared by all CPUs. User space sets its size.
#[map]
static FLOWS: HashMap<FlowKey, FlowStats> = HashMap::with_max_entries(65_536, 0);

/// What is counted beside flows, by [`Slot`].
#[map]
static TALLIES: PerCpuArray<Tally> = PerCpuArray::with_max_entries(Slot::COUNT, 0);

/// Bitmaps of server ports, as `auditor_common::port` lays them out.
#[map]
static PORTS: Array<u64> = Array::with_max_entries(WORDS * BITMAPS, 0);

/// This host's range of ephemeral ports, inclusive; user space sets it from `net.ipv4.ip_local_port_range`.
#[unsafe(no_mangle)]
static EPHEMERAL_FIRST: Global<u16> = Global::new(32_768);
#[unsafe(no_mangle)]
static EPHEMERAL_LAST: Global<u16> = Global::new(60_999);

/// Adds to a tally.
#[inline(always)]
pub(crate) fn tally(slot: Slot, wire: &Tally) {
    if let Some(tally) = TALLIES.get_ptr_mut(slot.index()) {
        // SAFETY: the kernel hands out a pointer to a whole entry of this CPU.
        unsafe {
            add(&raw mut (*tally).packets, wire.packets);
            add(&raw mut (*tally).bytes, wire.bytes);
        }
    }
}

/// Counts a packet under its flow.
///
/// # Errors
///
/// `Slot::TableFull` if the flow is new and no place is left for it.
#[inline(never)]
pub(crate) fn record(interface: u32, way: Way, packet: &Packet, wire: &Tally) -> Result<(), Slot> {
    let view = View { interface, way };
    let (server, evidence) = side::server(packet, &view);
    let key = view.key(packet, server);
    // SAFETY: the helper has no preconditions.
    let now = unsafe { bpf_ktime_get_coarse_ns() };
    let stats = if let Some(stats) = FLOWS.get_ptr_mut(&key) {
        stats
    } else {
        let evidence = evidence.unwrap_or(side::Evidence::FirstSender) as u32;
        let fresh = FlowStats {
            first: now,
            evidence,
            ..EMPTY
        };
        // Another CPU may have been faster: whoever loses finds the winner's entry.
        let _raced = FLOWS.insert(&key, &fresh, u64::from(BPF_NOEXIST));
        FLOWS.get_ptr_mut(&key).ok_or(Slot::TableFull)?
    };
    // SAFETY: the kernel hands out pointers to whole entries, which stay readable while the program runs. Other CPUs
    // write to them too, so every change is one atomic instruction or a plain store of the clock.
    unsafe {
        let counter = match server {
            Server::Destination => &raw mut (*stats).to_server,
            Server::Source => &raw mut (*stats).to_client,
        };
        count(counter, packet, wire);
        match packet.intent {
            Intent::Asks => add(&raw mut (*stats).requests, 1),
            Intent::Answers => add(&raw mut (*stats).replies, 1),
            Intent::Unknown => {}
        }
        (*stats).last = now;
    }
    Ok(())
}

/// Counts that a packet on its way to the server was refused, if its flow is known. `quoted` is that packet.
#[inline(never)]
pub(crate) fn refuse(interface: u32, way: Way, quoted: &Packet) {
    let key = View { interface, way }.key(quoted, Server::Destination);
    if let Some(stats) = FLOWS.get_ptr_mut(&key) {
        // SAFETY: the kernel hands out pointers to whole entries, which stay readable while the program runs.
        add(unsafe { &raw mut (*stats).refusals }, 1);
    }
}

const EMPTY: FlowStats = {
    let way = Counter {
        packets: 0,
        bytes: 0,
        resets: 0,
        flags: 0,
    };
    FlowStats {
        to_server: way,
        to_client: way,
        requests: 0,
        replies: 0,
        refusals: 0,
        first: 0,
        last: 0,
        evidence: 0,
        reserved: 0,
    }
};

/// Adds a packet to one way of a flow, which must be part of a whole entry.
#[inline(always)]
unsafe fn count(counter: *mut Counter, packet: &Packet, wire: &Tally) {
    // SAFETY: the caller's promise.
    unsafe {
        add(&raw mut (*counter).packets, wire.packets);
        add(&raw mut (*counter).bytes, wire.bytes);
        if packet.flags & RST != 0 {
            add(&raw mut (*counter).resets, 1);
        }
        let flags = u64::from(packet.flags);
        if (*counter).flags & flags != flags {
            atomic_or::<u64, u64, { AtomicOrdering::Relaxed }>(&raw mut (*counter).flags, flags);
        }
    }
}

#[inline(always)]
fn add(counter: *mut u64, amount: u64) {
    // SAFETY: callers pass pointers into map values, which are aligned for u64.
    unsafe {
        atomic_xadd::<u64, u64, { AtomicOrdering::Relaxed }>(counter, amount);
    }
}

/// The maps, as the choice of the server side asks them about one packet.
struct View {
    interface: u32,
    way: Way,
}

impl View {
    #[inline(always)]
    fn key(&self, packet: &Packet, server: Server) -> FlowKey {
        let (client, server, port) = match server {
            Server::Destination => (packet.source, packet.destination, packet.destination_port),
            Server::Source => (packet.destination, packet.source, packet.source_port),
        };
        FlowKey {
            client,
            server,
            interface: self.interface,
            port: port.to_be_bytes(),
            protocol: packet.protocol,
            reserved: 0,
        }
    }
}

impl Known for View {
    #[inline(always)]
    fn has_flow(&self, packet: &Packet, server: Server) -> bool {
        FLOWS.get_ptr(&self.key(packet, server)).is_some()
    }

    #[inline(always)]
    fn has_port(&self, kind: PortKind, protocol: u8, port: u16, end: Server) -> bool {
        let is_ours = matches!(
            (self.way, end),
            (Way::In, Server::Destination) | (Way::Out, Server::Source)
        );
        if kind == PortKind::Listening && !is_ours {
            return false;
        }
        let Some((word, mask)) = bit(kind, protocol, port) else {
            return false;
        };
        PORTS.get(word).is_some_and(|word| word & mask != 0)
    }

    #[inline(always)]
    fn is_ephemeral(&self, port: u16) -> bool {
        EPHEMERAL_FIRST.load() <= port && port <= EPHEMERAL_LAST.load()
    }
}
