//! The entry points: each counts a frame, at ingress or at egress, in the flow table, and always passes it on.
//!
//! aya's macros wrap each function in an entry that calls it. It is inlined into the entry, since every packet would pay for
//! its return, and its stack frame would push the longest chain of calls over the limit of 512 bytes.
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

/// Counts ingress frames before the network stack sees them. Passes everything.
#[xdp]
#[inline(always)]
fn ingress_xdp(ctx: XdpContext) -> u32 {
    // SAFETY: the kernel hands this context to the program.
    count_or_log(unsafe { Xdp::new(ctx.ctx) }, ctx.ctx.cast());
    xdp_action::XDP_PASS
}

/// Counts ingress frames that may lie in several buffers, as those of large MTUs do (Linux 5.18).
#[xdp(frags)]
#[inline(always)]
fn ingress_xdp_frags(ctx: XdpContext) -> u32 {
    // SAFETY: the kernel hands this context to the program.
    count_or_log(unsafe { XdpFrags::new(ctx.ctx) }, ctx.ctx.cast());
    xdp_action::XDP_PASS
}

/// Counts ingress frames as they enter the network stack. Passes everything on to the next program.
#[classifier]
#[inline(always)]
fn ingress_tc(ctx: TcContext) -> i32 {
    // SAFETY: the kernel hands this context to the program.
    count_or_log(unsafe { TcIngress::new(ctx.skb.skb) }, ctx.skb.skb.cast());
    TC_ACT_UNSPEC
}

/// Counts egress frames. Passes everything on to the next program.
#[classifier]
#[inline(always)]
fn egress_tc(ctx: TcContext) -> i32 {
    // SAFETY: the kernel hands this context to the program.
    count_or_log(unsafe { TcEgress::new(ctx.skb.skb) }, ctx.skb.skb.cast());
    TC_ACT_UNSPEC
}

/// Counts a frame. If it is in no flow and logging is on, logs the reason.
#[inline(always)]
fn count_or_log<H: GlobalFunctions>(hook: H, context: *mut c_void) {
    if let Err(reason) = count(hook)
        && logs()
    {
        log(context, H::DIRECTION, reason);
    }
}

/// An XDP or tc context in the form that `trace!` takes.
struct Logged(*mut c_void);

impl EbpfContext for Logged {
    fn as_ptr(&self) -> *mut c_void {
        self.0
    }
}

/// Logs a packet that is in no flow. Not inlined, so that packets that are not logged do not pay for its setup.
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
