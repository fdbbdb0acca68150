//! What `cargo xtask bench` measures: the programs themselves, and minimal programs as lower bounds for comparison.
//!
//! Every program but the bare ones first rewrites its frame into the next one of the load, so a test run of a million
//! repetitions is a million packets. The empty programs do that too, so their time includes its cost.
#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the kernel hands contexts over")]
#![expect(
    clippy::cast_possible_truncation,
    reason = "the kernel's lengths and indices are 32 bits wide"
)]
#![expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "one pointer is valid for all that a block does with it"
)]
#![expect(
    clippy::needless_pass_by_value,
    clippy::needless_borrows_for_generic_args,
    reason = "aya's macros hand contexts over, and keys are too large to be copied"
)]

use auditor_common::{
    Packet,
    packet::{self, KERNEL_EXTENSIONS},
};
use auditor_ebpf::{GOLDEN_RATIO, GlobalFunctions, Hook, TcEgress, TcIngress, Xdp, count};
use aya_ebpf::{
    Global,
    bindings::{TC_ACT_UNSPEC, xdp_action},
    macros::{classifier, map, xdp},
    maps::{Array, PerCpuArray, PerCpuHashMap, ProgramArray},
    programs::{TcContext, XdpContext},
};

/// Offsets in the frame: of the last 4 bytes of the source address, and of the source port.
#[unsafe(no_mangle)]
static ADDRESS_AT: Global<u32> = Global::new(26);
#[unsafe(no_mangle)]
static PORT_AT: Global<u32> = Global::new(34);

/// The load: how many source addresses and source ports it cycles through.
#[repr(C)]
struct Load {
    next: u32,
    addresses: u32,
    ports: u32,
    reserved: u32,
}

#[map]
static LOAD: Array<Load> = Array::with_max_entries(1, 0);
/// As many lines as the flow table has buckets for the largest load.
const N_LINES: u32 = 1 << 18;

#[map]
static COUNTER: PerCpuArray<[u64; 2]> = PerCpuArray::with_max_entries(1, 0);
#[map]
static LINES: Array<[u64; 8]> = Array::with_max_entries(N_LINES, 0);
#[map]
static HASH: PerCpuHashMap<[u64; 5], [u64; 2]> = PerCpuHashMap::with_max_entries(1 << 18, 0);

/// A program of another tool, for each type.
#[map]
static PEER_XDP: ProgramArray = ProgramArray::with_max_entries(1, 0);
#[map]
static PEER_TC: ProgramArray = ProgramArray::with_max_entries(1, 0);

/// Rewrites the frame into the next one of the load.
#[inline(always)]
fn next(start: usize, end: usize) {
    let Some(load) = LOAD.get_ptr_mut(0) else {
        return;
    };
    let address = start + ADDRESS_AT.load() as usize;
    let port = start + PORT_AT.load() as usize;
    if end < address + 4 || end < port + 2 {
        return;
    }
    // SAFETY: a whole entry, which one CPU uses at a time; the bytes lie before `end`.
    unsafe {
        let n = (*load).next;
        (*load).next = n.wrapping_add(1);
        // A load of none counts as one, so that no division can panic: the verifier refuses a program that may.
        let (addresses, ports) = ((*load).addresses.max(1), (*load).ports.max(1));
        if 1 < addresses {
            let host = n % addresses + (10 << 24);
            (address as *mut [u8; 4]).write(host.to_be_bytes());
        }
        if 1 < ports {
            let number = (n / addresses) % ports + 1024;
            (port as *mut [u8; 2]).write((number as u16).to_be_bytes());
        }
    }
}

/// The least that any tool has to do to count a packet: parse its endpoints.
#[inline(always)]
fn floor<H: Hook>(hook: H) -> Option<Packet> {
    let mut packet = Packet::EMPTY;
    let mut addresses = 0_u64;
    if !packet::parse_plain_ipv4(
        &hook.linear_bytes::<KERNEL_EXTENSIONS>(),
        14,
        &mut packet,
        &mut addresses,
    ) {
        return None;
    }
    [packet.source, packet.destination] = packet::unpack4(addresses);
    Some(packet)
}

#[inline(always)]
fn add<H: Hook>(hook: H) {
    if floor(hook).is_some()
        && let Some(counter) = COUNTER.get_ptr_mut(0)
    {
        // SAFETY: a whole entry of this CPU.
        unsafe {
            (*counter)[0] += 1;
            (*counter)[1] += 60;
        }
    }
}

/// The cost of memory alone: a cache line for each peer with a counter in it, without comparing a key.
#[inline(always)]
fn line<H: Hook>(hook: H) {
    let Some(packet) = floor(hook) else { return };
    let [.., a, b, c, d] = packet.source;
    let number = u64::from(u32::from_ne_bytes([a, b, c, d])).wrapping_mul(GOLDEN_RATIO) >> 32;
    if let Some(line) = LINES.get_ptr_mut(number as u32 % N_LINES) {
        // SAFETY: a whole entry, which one CPU uses at a time.
        unsafe { (*line)[0] += 1 };
    }
}

#[inline(always)]
fn hash<H: Hook>(hook: H) {
    let Some(packet) = floor(hook) else { return };
    let word = |bytes: &[u8; 16], low: bool| {
        let number = u128::from_ne_bytes(*bytes);
        if low {
            number as u64
        } else {
            (number >> 64) as u64
        }
    };
    let key = [
        word(&packet.source, true),
        word(&packet.source, false),
        word(&packet.destination, true),
        word(&packet.destination, false),
        u64::from(packet.destination_port) | u64::from(packet.protocol) << 16,
    ];
    if let Some(counter) = HASH.get_ptr_mut(&key) {
        // SAFETY: a whole entry of this CPU.
        unsafe {
            (*counter)[0] += 1;
            (*counter)[1] += 60;
        }
    } else {
        let _full = HASH.insert(&key, &[1, 60], 0);
    }
}

#[inline(always)]
fn nothing<H: Hook>(_hook: H) {}

#[inline(always)]
fn ours<H: GlobalFunctions>(hook: H) {
    let _in_no_flow = count(hook);
}

macro_rules! programs {
    ($($xdp:ident, $tc:ident, $body:ident;)*) => {$(
        #[xdp]
        #[inline(always)]
        fn $xdp(ctx: XdpContext) -> u32 {
            next(ctx.data(), ctx.data_end());
            // SAFETY: the kernel hands this context to the program.
            $body(unsafe { Xdp::new(ctx.ctx) });
            xdp_action::XDP_PASS
        }

        #[classifier]
        #[inline(always)]
        fn $tc(ctx: TcContext) -> i32 {
            next(ctx.data(), ctx.data_end());
            // SAFETY: the kernel hands this context to the program.
            $body(unsafe { TcIngress::new(ctx.skb.skb) });
            TC_ACT_UNSPEC
        }
    )*};
}

programs! {
    empty_xdp, empty_tc, nothing;
    array_xdp, array_tc, add;
    line_xdp, line_tc, line;
    hash_xdp, hash_tc, hash;
    ours_xdp, ours_tc, ours;
}

macro_rules! bare {
    ($($tc:ident, $body:ident;)*) => {$(
        #[classifier]
        #[inline(always)]
        fn $tc(ctx: TcContext) -> i32 {
            // SAFETY: the kernel hands this context to the program.
            $body(unsafe { TcIngress::new(ctx.skb.skb) });
            TC_ACT_UNSPEC
        }
    )*};
}

// For packets that come through the network stack: these differ already, so they are not rewritten.
bare! {
    bare_empty_tc, nothing;
    bare_array_tc, add;
    bare_hash_tc, hash;
}

/// Hands the frame over to another tool's program, by a tail call; an empty program if there is none.
#[xdp]
#[inline(always)]
fn peer_xdp(ctx: XdpContext) -> u32 {
    next(ctx.data(), ctx.data_end());
    // SAFETY: nothing of this program is in use any more.
    unsafe { PEER_XDP.tail_call(&ctx, 0) };
    xdp_action::XDP_PASS
}

#[classifier]
#[inline(always)]
fn peer_tc(ctx: TcContext) -> i32 {
    next(ctx.data(), ctx.data_end());
    // SAFETY: nothing of this program is in use any more.
    unsafe { PEER_TC.tail_call(&ctx, 0) };
    TC_ACT_UNSPEC
}

/// Counts egress frames.
#[classifier]
#[inline(always)]
fn ours_tc_out(ctx: TcContext) -> i32 {
    next(ctx.data(), ctx.data_end());
    // SAFETY: the kernel hands this context to the program.
    ours(unsafe { TcEgress::new(ctx.skb.skb) });
    TC_ACT_UNSPEC
}
