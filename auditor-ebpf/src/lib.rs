//! The kernel half as a library, shared by `main.rs` (the programs that count) and `bench.rs` (the programs that they are
//! measured against).
//!
//! Everything but the global functions is inlined, since a call would cost every packet its return.
#![no_std]
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
    clippy::needless_borrows_for_generic_args,
    reason = "keys are too large to be copied"
)]

mod atomic;
mod bytes;
mod frame;
mod functions;
mod global;
mod hook;
mod mode;
mod outcome;
mod path;
mod ports;
mod quote;
mod state;
mod table;
mod tallies;
mod verifier;

pub use bytes::LinearBytes;
pub use global::GlobalFunctions;
pub use hook::{Hook, TcEgress, TcIngress, Xdp, XdpFrags};
pub use mode::logs;
pub use outcome::Outcome;
pub use path::count;
pub use quote::Quote;
pub use table::addresses::GOLDEN_RATIO;
pub use verifier::bounded;

/// The helpers used here are for programs under a GPL-compatible licence.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";

/// Never reached, since nothing here panics: the verifier would refuse a program with an endless loop.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
