//! What `cargo xtask bench` measures: the programs themselves, and floors to hold them against.
//!
//! Every program but the bare ones first turns the frame that it is given into the next one of its load, so a test run of a
//! million repetitions is a million packets. What that costs, the empty programs cost too.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch, core_intrinsics)]
#![expect(
    internal_features,
    reason = "the compiler offers BPF's atomic add in no other way"
)]
#![expect(unsafe_code, reason = "reads packet memory, maps and kernel contexts")]
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

mod addresses;
mod bounded;
mod bucket;
mod bytes;
mod context;
mod count;
mod fast_path;
mod fragment;
mod frame;
mod outcome;
mod per_cpu;
mod placed;
mod ports;
mod raw;
mod shared;
mod slow_path;
mod table;
mod xdp_frags;

use auditor_common::{Packet, packet};
use aya_ebpf::{
    Global,
    bindings::{TC_ACT_UNSPEC, xdp_action},
    macros::{classifier, map, xdp},
    maps::{Array, PerCpuArray, PerCpuHashMap},
    programs::{TcContext, XdpContext},
};

use context::{Context, TcEgress, TcIngress, Xdp};
use count::count;
use slow_path::SlowPath;

/// Where the last 4 bytes of the source address stand in the frame, and where the source port.
#[unsafe(no_mangle)]
static ADDRESS_AT: Global<u32> = Global::new(26);
#[unsafe(no_mangle)]
static PORT_AT: Global<u32> = Global::new(34);

/// The load: after how many addresses, and how many ports, they begin again.
#[repr(C)]
struct Load {
    next: u32,
    addresses: u32,
    ports: u32,
    reserved: u32,
}

#[map]
static LOAD: Array<Load> = Array::with_max_entries(1, 0);
/// As many as there are places for the largest load.
const N_LINES: u32 = 1 << 18;

#[map]
static COUNTER: PerCpuArray<[u64; 2]> = PerCpuArray::with_max_entries(1, 0);
#[map]
static LINES: Array<[u64; 8]> = Array::with_max_entries(N_LINES, 0);
#[map]
static HASH: PerCpuHashMap<[u64; 5], [u64; 2]> = PerCpuHashMap::with_max_entries(1 << 18, 0);

/// Makes the frame the next one of the load.
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
        if 1 < (*load).addresses {
            let host = n % (*load).addresses + (10 << 24);
            (address as *mut [u8; 4]).write(host.to_be_bytes());
        }
        if 1 < (*load).ports {
            let number = (n / (*load).addresses) % (*load).ports + 1024;
            (port as *mut [u8; 2]).write((number as u16).to_be_bytes());
        }
    }
}

/// What every tool that counts has to do at least.
#[inline(always)]
fn floor<C: Context>(context: C) -> Option<Packet> {
    let mut packet = Packet::EMPTY;
    let mut addresses = 0_u64;
    if !packet::plain4(
        &context.frame().linear_bytes(),
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
fn add<C: Context>(context: C) {
    if floor(context).is_some()
        && let Some(counter) = COUNTER.get_ptr_mut(0)
    {
        // SAFETY: a whole entry of this CPU.
        unsafe {
            (*counter)[0] += 1;
            (*counter)[1] += 60;
        }
    }
}

/// What memory costs: a cache line for each peer and a counter in it, without a look at whose it is.
#[inline(always)]
fn line<C: Context>(context: C) {
    let Some(packet) = floor(context) else { return };
    let [.., a, b, c, d] = packet.source;
    let number = u64::from(u32::from_ne_bytes([a, b, c, d])).wrapping_mul(addresses::ODD) >> 32;
    if let Some(line) = LINES.get_ptr_mut(number as u32 % N_LINES) {
        // SAFETY: a whole entry, which one CPU uses at a time.
        unsafe { (*line)[0] += 1 };
    }
}

#[inline(always)]
fn hash<C: Context>(context: C) {
    let Some(packet) = floor(context) else { return };
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
fn nothing<C: Context>(_context: C) {}

#[inline(always)]
fn ours<C: SlowPath>(context: C) {
    let _in_no_flow = count(context);
}

macro_rules! programs {
    ($($xdp:ident, $tc:ident, $body:ident;)*) => {$(
        #[xdp]
        #[inline(always)]
        fn $xdp(ctx: XdpContext) -> u32 {
            next(ctx.data(), ctx.data_end());
            $body(Xdp(ctx.ctx));
            xdp_action::XDP_PASS
        }

        #[classifier]
        #[inline(always)]
        fn $tc(ctx: TcContext) -> i32 {
            next(ctx.data(), ctx.data_end());
            $body(TcIngress(ctx.skb.skb));
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
            $body(TcIngress(ctx.skb.skb));
            TC_ACT_UNSPEC
        }
    )*};
}

// For packets that the stack brings, which are a load of their own.
bare! {
    bare_empty_tc, nothing;
    bare_array_tc, add;
    bare_hash_tc, hash;
}

/// Counts what leaves.
#[classifier]
#[inline(always)]
fn ours_tc_out(ctx: TcContext) -> i32 {
    next(ctx.data(), ctx.data_end());
    ours(TcEgress(ctx.skb.skb));
    TC_ACT_UNSPEC
}

#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: nothing in this crate can panic; were it otherwise, the verifier would refuse the program.
    unsafe { core::hint::unreachable_unchecked() }
}
