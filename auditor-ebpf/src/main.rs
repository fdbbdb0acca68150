//! The entry points: a frame on its way in or out, to the flow table, and always on.
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

mod count;
mod ends;
mod fragment;
mod frame;
mod ports;
mod quick;
mod region;
mod shared;
mod table;

use aya_ebpf::{
    bindings::{TC_ACT_UNSPEC, xdp_action, xdp_md},
    helpers::generated::bpf_xdp_get_buff_len,
    macros::{classifier, xdp},
    programs::{TcContext, XdpContext},
};
use aya_log_ebpf::trace;

use count::count;
use frame::{Frame, Received, Sent};

/// Counts what arrives, before the stack sees it. Passes everything.
#[xdp]
fn ingress_xdp(ctx: XdpContext) -> u32 {
    received(&ctx, &mut Frame::from_xdp(&ctx))
}

#[inline(always)]
fn received(ctx: &XdpContext, frame: &mut Frame<*mut xdp_md>) -> u32 {
    if let Err(slot) = count(frame) {
        trace!(ctx, "received a packet that is in no flow: {}", slot.name());
    }
    xdp_action::XDP_PASS
}

/// Counts what arrives in frames that may lie in several buffers, as those of large MTUs do (Linux 5.18).
#[xdp(frags)]
fn ingress_xdp_frags(ctx: XdpContext) -> u32 {
    let mut frame = Frame::from_xdp(&ctx);
    // SAFETY: the kernel hands a valid context to the program.
    let length = unsafe { bpf_xdp_get_buff_len(ctx.ctx) };
    frame.set_length(length as u32);
    received(&ctx, &mut frame)
}

/// Counts what arrives, on the way into the stack. Passes everything on to whatever runs next.
#[classifier]
fn ingress_tc(ctx: TcContext) -> i32 {
    let mut frame = Frame::<Received>::from_skb(&ctx);
    if let Err(slot) = count(&mut frame) {
        trace!(
            &ctx,
            "received a packet that is in no flow: {}",
            slot.name()
        );
    }
    TC_ACT_UNSPEC
}

/// Counts what leaves. Passes everything on to whatever runs next.
#[classifier]
fn egress_tc(ctx: TcContext) -> i32 {
    let mut frame = Frame::<Sent>::from_skb(&ctx);
    if let Err(slot) = count(&mut frame) {
        trace!(&ctx, "sent a packet that is in no flow: {}", slot.name());
    }
    TC_ACT_UNSPEC
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
