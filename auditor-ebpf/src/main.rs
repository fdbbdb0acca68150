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

mod fragment;
mod frame;
mod ports;
mod shared;
mod table;

use auditor_common::{
    Packet, Part, Slot, Tally,
    packet::{self, plain4, plain6},
};
use aya_ebpf::{
    bindings::{TC_ACT_UNSPEC, xdp_action},
    macros::{classifier, xdp},
    programs::{TcContext, XdpContext},
};
use aya_log_ebpf::trace;

use frame::{Context, Frame, Way};
use table::Region;

/// Counts what arrives, before the stack sees it. Passes everything.
#[xdp]
fn ingress_xdp(ctx: XdpContext) -> u32 {
    let mut frame = Frame::from_xdp(&ctx);
    if let Err(slot) = count(&mut frame) {
        trace!(
            &ctx,
            "received a packet that is in no flow: {}",
            slot.name()
        );
    }
    xdp_action::XDP_PASS
}

/// Counts what arrives, on the way into the stack. Passes everything on to whatever runs next.
#[classifier]
fn ingress_tc(ctx: TcContext) -> i32 {
    let mut frame = Frame::from_skb(&ctx, Way::In);
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
    let mut frame = Frame::from_skb(&ctx, Way::Out);
    if let Err(slot) = count(&mut frame) {
        trace!(&ctx, "sent a packet that is in no flow: {}", slot.name());
    }
    TC_ACT_UNSPEC
}

/// Counts a frame under its flow, or under the slot that says why it has none.
#[inline(always)]
fn count<C: Context>(frame: &mut Frame<C>) -> Result<(), Slot> {
    let Some(region) = Region::current(frame) else {
        return Ok(());
    };
    let plain = match frame.ethertype() {
        IPV4 => version_4(frame, &region),
        IPV6 => version_6(frame, &region),
        _ => None,
    };
    match plain {
        Some(counted) => counted,
        None => other(frame, &region),
    }
}

// Each in a function of its own: the kernel allows 512 bytes of stack along a chain of calls.

/// Counts a plain IPv4 packet; `None` if it is not plain.
#[inline(never)]
fn version_4<C: Context>(frame: &Frame<C>, region: &Region) -> Option<Result<(), Slot>> {
    let mut packet = Packet::EMPTY;
    let mut ends = [0; 2];
    if !plain4(&frame.window(), 14, &mut packet, &mut ends) {
        return None;
    }
    let wire = frame.on_wire(packet.headers);
    region.pass(frame.way, &wire);
    Some(tallied(
        table::count(region, frame, &packet, ends, &wire),
        &wire,
    ))
}

/// Counts a plain IPv6 packet; `None` if it is not plain.
#[inline(never)]
fn version_6<C: Context>(frame: &Frame<C>, region: &Region) -> Option<Result<(), Slot>> {
    let mut packet = Packet::EMPTY;
    let mut ends = [[0; 2]; 2];
    if !plain6(&frame.window(), 14, &mut packet, &mut ends) {
        return None;
    }
    let wire = frame.on_wire(packet.headers);
    region.pass(frame.way, &wire);
    Some(tallied(
        table::count(region, frame, &packet, ends, &wire),
        &wire,
    ))
}

/// Counts a packet that is in no flow under the slot that says why.
#[inline(always)]
fn tallied(counted: Result<(), Slot>, wire: &Tally) -> Result<(), Slot> {
    counted.inspect_err(|slot| shared::tally(*slot, wire))
}

/// Ethertypes as they stand in the frame.
const IPV4: u16 = 0x0800_u16.to_be();
const IPV6: u16 = 0x86dd_u16.to_be();

/// Counts a frame that is not plain.
#[inline(never)]
fn other<C: Context>(frame: &Frame<C>, region: &Region) -> Result<(), Slot> {
    let mut packet = Packet::EMPTY;
    let parsed = frame.parse(&mut packet);
    region.forget(&mut packet);
    let wire = frame.on_wire(if parsed.is_ok() { packet.headers } else { 0 });
    region.pass(frame.way, &wire);
    let counted = match parsed {
        Ok(()) => match packet.part {
            Part::Short if !table::keeps_both_ports() => Err(Slot::Truncated),
            Part::Whole | Part::Short => by_addresses(frame, region, &packet, &wire),
            Part::FirstFragment | Part::LaterFragment => fragment::complete(&mut packet)
                .and_then(|()| by_addresses(frame, region, &packet, &wire)),
        },
        Err(slot) => Err(slot),
    };
    if counted.is_ok() && packet::is_unreachable(&packet) {
        refused(frame, region, &packet);
    }
    tallied(counted, &wire)
}

#[inline(never)]
fn by_addresses<C: Context>(
    frame: &Frame<C>,
    region: &Region,
    packet: &Packet,
    wire: &Tally,
) -> Result<(), Slot> {
    match ends4(packet) {
        Some(ends) => table::count(region, frame, packet, ends, wire),
        None => table::count(region, frame, packet, ends6(packet), wire),
    }
}

/// Counts the refusal of the packet that an ICMP error quotes.
#[inline(never)]
fn refused<C: Context>(frame: &Frame<C>, region: &Region, packet: &Packet) {
    let mut quoted = Packet::EMPTY;
    if frame.quoted(packet, &mut quoted).is_err() {
        return;
    }
    region.forget(&mut quoted);
    match ends4(&quoted) {
        Some(ends) => table::refuse(region, frame, &quoted, ends),
        None => table::refuse(region, frame, &quoted, ends6(&quoted)),
    }
}

/// The addresses of an IPv4 packet.
#[inline(always)]
fn ends4(packet: &Packet) -> Option<[u32; 2]> {
    let end = |address: &[u8; 16]| {
        let [.., a, b, c, d] = *address;
        u32::from_ne_bytes([a, b, c, d])
    };
    packet
        .is_ipv4
        .then(|| [end(&packet.source), end(&packet.destination)])
}

#[inline(always)]
fn ends6(packet: &Packet) -> [[u64; 2]; 2] {
    let end = |address: &[u8; 16]| {
        let number = u128::from_ne_bytes(*address);
        let (low, high) = (number as u64, (number >> 64) as u64);
        if cfg!(target_endian = "little") {
            [low, high]
        } else {
            [high, low]
        }
    };
    [end(&packet.source), end(&packet.destination)]
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
