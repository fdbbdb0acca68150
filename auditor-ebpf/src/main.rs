//! The entry points: a frame on its way in or out, to the flow table, and always on.
//!
//! The macros put each into a function of its own that the entry calls. It is inlined: every packet would pay for its return,
//! and with its stack the longest chain of calls, which has none to spare, would take more than the 512 bytes there are.
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

use core::ffi::c_void;

use auditor_common::{Direction, Reason, mode};
use aya_ebpf::{
    EbpfContext,
    bindings::{TC_ACT_UNSPEC, xdp_action},
    macros::{classifier, xdp},
    programs::{TcContext, XdpContext},
};
use aya_log_ebpf::trace;

use bounded::bounded;
use context::{TcEgress, TcIngress, Xdp};
use count::count;
use per_cpu::is;
use xdp_frags::XdpFrags;

/// Counts what arrives, before the stack sees it. Passes everything.
#[xdp]
#[inline(always)]
fn ingress_xdp(ctx: XdpContext) -> u32 {
    if let Err(reason) = count(Xdp(ctx.ctx))
        && is(mode::LOG)
    {
        log(ctx.ctx.cast(), Direction::Ingress, reason);
    }
    xdp_action::XDP_PASS
}

/// Counts what arrives in frames that may lie in several buffers, as those of large MTUs do (Linux 5.18).
#[xdp(frags)]
#[inline(always)]
fn ingress_xdp_frags(ctx: XdpContext) -> u32 {
    if let Err(reason) = count(XdpFrags(ctx.ctx))
        && is(mode::LOG)
    {
        log(ctx.ctx.cast(), Direction::Ingress, reason);
    }
    xdp_action::XDP_PASS
}

/// Counts what arrives, on the way into the stack. Passes everything on to whatever runs next.
#[classifier]
#[inline(always)]
fn ingress_tc(ctx: TcContext) -> i32 {
    if let Err(reason) = count(TcIngress(ctx.skb.skb))
        && is(mode::LOG)
    {
        log(ctx.skb.skb.cast(), Direction::Ingress, reason);
    }
    TC_ACT_UNSPEC
}

/// Counts what leaves. Passes everything on to whatever runs next.
#[classifier]
#[inline(always)]
fn egress_tc(ctx: TcContext) -> i32 {
    if let Err(reason) = count(TcEgress(ctx.skb.skb))
        && is(mode::LOG)
    {
        log(ctx.skb.skb.cast(), Direction::Egress, reason);
    }
    TC_ACT_UNSPEC
}

/// A context of either kind, as logging needs it.
struct Logged(*mut c_void);

impl EbpfContext for Logged {
    fn as_ptr(&self) -> *mut c_void {
        self.0
    }
}

/// Logs a packet that is in no flow: in a function of its own, so that nothing is prepared for it before.
#[inline(never)]
fn log(context: *mut c_void, direction: Direction, reason: u32) {
    let Some(reason) = Reason::ALL.get(bounded(reason as usize)) else {
        return;
    };
    let (context, reason) = (Logged(context), reason.name());
    match direction {
        Direction::Ingress => trace!(&context, "received a packet that is in no flow: {}", reason),
        Direction::Egress => trace!(&context, "sent a packet that is in no flow: {}", reason),
    }
}

/// The helpers used here are for programs under a GPL-compatible licence.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    // SAFETY: nothing in this crate can panic; were it otherwise, the verifier would refuse the program.
    unsafe { core::hint::unreachable_unchecked() }
}
