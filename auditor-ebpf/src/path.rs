//! From a frame to its flow: a fast path for most packets, slower ones for all others.

mod fast;
mod fragment;
mod icmp_error;
mod slow;
mod tunnel;

pub(crate) use fragment::complete as complete_fragment;
pub(crate) use icmp_error::{count as count_icmp_error, parse as parse_quoted};
pub(crate) use slow::{any, ipv4, ipv6, no_bucket};
pub(crate) use tunnel::{carried_headers, count as count_tunnel, open as open_tunnel};

use core::intrinsics::cold_path;

use crate::{
    frame::{IPV4, IPV6, VLAN, ethertype},
    global::GlobalFunctions,
    mode::{FastPath, decapsulates, fast_path},
    outcome::Outcome,
};

/// Counts a frame under its flow, or under the reason why it has none. A packet that it carries in a tunnel is counted as
/// well, if user space has enabled that.
///
/// # Errors
///
/// The index of that reason.
#[inline(always)]
pub fn count<H: GlobalFunctions>(hook: H) -> Result<(), u32> {
    let counted = match fast_path() {
        FastPath::All => fast::count::<H, false>(hook),
        FastPath::TcpOnly => fast::count::<H, true>(hook),
        FastPath::None => Outcome::NOT_PLAIN,
    };
    if counted.is_final() {
        return result(counted);
    }
    if decapsulates() {
        hook.tunnel();
    }
    let plain = if counted == Outcome::NO_BUCKET {
        counted
    } else {
        match ethertype(hook) {
            IPV4 => hook.ipv4(),
            IPV6 => hook.ipv6(),
            VLAN => hook.ipv4_tagged(),
            _ => Outcome::NOT_PLAIN,
        }
    };
    let plain = if plain == Outcome::NO_BUCKET {
        hook.no_bucket()
    } else {
        plain
    };
    if plain.is_final() {
        return result(plain);
    }
    let carried_headers = if hook.segment() == 0 {
        0
    } else {
        cold_path();
        hook.carried_headers()
    };
    let (counted, quote) = hook.any(carried_headers);
    if let Some(quote) = quote {
        hook.icmp_error(quote);
    }
    result(counted)
}

#[inline(always)]
fn result(counted: Outcome) -> Result<(), u32> {
    counted.reason().map_or(Ok(()), Err)
}
