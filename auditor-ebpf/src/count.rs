//! A frame to its flow: the shortest way for what most traffic is made of, longer ones for everything else.

use crate::{
    fast_path,
    frame::{IPV4, IPV6, VLAN},
    outcome::Outcome,
    per_cpu::{FastPath, decapsulates, fast_path_mode},
    slow_path::SlowPath,
};

/// Counts a frame under its flow, or under the reason that says why it has none; and what it carries, if that is asked for.
///
/// # Errors
///
/// The index of that reason.
#[inline(always)]
pub(crate) fn count<C: SlowPath>(context: C) -> Result<(), u32> {
    let quickly = match fast_path_mode() {
        FastPath::All => fast_path::count::<C, false>(context),
        FastPath::TcpOnly => fast_path::count::<C, true>(context),
        FastPath::None => Outcome::NOT_PLAIN,
    };
    if quickly.is_final() {
        return result(quickly);
    }
    if decapsulates() {
        context.inside();
    }
    let plain = match context.frame().ethertype() {
        IPV4 => context.untagged(),
        IPV6 => context.version_6(),
        VLAN => context.tagged(),
        _ => Outcome::NOT_PLAIN,
    };
    if plain.is_final() {
        return result(plain);
    }
    let other = context.other(plain == Outcome::NO_BUCKET);
    if other.quote != 0 {
        context.refused(other.quote);
    }
    result(other.counted)
}

#[inline(always)]
fn result(counted: Outcome) -> Result<(), u32> {
    counted.reason().map_or(Ok(()), Err)
}
