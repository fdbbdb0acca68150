//! The entry points: a frame on its way in or out, to the flow table, and always on.
//!
//! The macros put each into a function of its own that the entry calls. It is inlined: every packet would pay for its return,
//! and with its stack the longest chain of calls, which has none to spare, would take more than the 512 bytes there are.
#![no_std]
#![no_main]
#![expect(unsafe_code, reason = "the kernel hands contexts over")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "aya's macros hand contexts over"
)]

use core::ffi::c_void;

use auditor_common::{Direction, Reason};
use auditor_ebpf::{
    GlobalFunctions, Hook as _, TcEgress, TcIngress, Xdp, XdpFrags, bounded, count, logs,
};
use aya_ebpf::{
    EbpfContext,
    bindings::{TC_ACT_UNSPEC, xdp_action},
    macros::{classifier, xdp},
    programs::{TcContext, XdpContext},
};
use aya_log_ebpf::trace;

/// Counts what arrives, before the stack sees it. Passes everything.
#[xdp]
#[inline(always)]
fn ingress_xdp(ctx: XdpContext) -> u32 {
    // SAFETY: the kernel hands this context to the program.
    count_or_log(unsafe { Xdp::new(ctx.ctx) }, ctx.ctx.cast());
    xdp_action::XDP_PASS
}

/// Counts what arrives in frames that may lie in several buffers, as those of large MTUs do (Linux 5.18).
#[xdp(frags)]
#[inline(always)]
fn ingress_xdp_frags(ctx: XdpContext) -> u32 {
    // SAFETY: the kernel hands this context to the program.
    count_or_log(unsafe { XdpFrags::new(ctx.ctx) }, ctx.ctx.cast());
    xdp_action::XDP_PASS
}

/// Counts what arrives, on the way into the stack. Passes everything on to whatever runs next.
#[classifier]
#[inline(always)]
fn ingress_tc(ctx: TcContext) -> i32 {
    // SAFETY: the kernel hands this context to the program.
    count_or_log(unsafe { TcIngress::new(ctx.skb.skb) }, ctx.skb.skb.cast());
    TC_ACT_UNSPEC
}

/// Counts what leaves. Passes everything on to whatever runs next.
#[classifier]
#[inline(always)]
fn egress_tc(ctx: TcContext) -> i32 {
    // SAFETY: the kernel hands this context to the program.
    count_or_log(unsafe { TcEgress::new(ctx.skb.skb) }, ctx.skb.skb.cast());
    TC_ACT_UNSPEC
}

/// Counts a frame; of one that is in no flow the reason is logged, if user space wants that.
#[inline(always)]
fn count_or_log<H: GlobalFunctions>(hook: H, context: *mut c_void) {
    if let Err(reason) = count(hook)
        && logs()
    {
        log(context, H::DIRECTION, reason);
    }
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
