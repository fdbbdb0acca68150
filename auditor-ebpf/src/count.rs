//! A frame to its flow: the shortest way for what most traffic is made of, longer ones for everything else.

use crate::{
    frame::{IPV4, IPV6, VLAN},
    longer::Longer,
    outcome::Outcome,
    quick,
    region::{Quickest, decapsulates, quickest},
};

/// Counts a frame under its flow, or under the slot that says why it has none; and what it carries, if that is asked for.
///
/// # Errors
///
/// The index of that slot.
#[inline(always)]
pub(crate) fn count<C: Longer>(context: C) -> Result<(), u32> {
    let quickly = match quickest() {
        Quickest::Any => quick::count::<C, false>(context),
        Quickest::Bare => quick::count::<C, true>(context),
        Quickest::None => Outcome::NOT_PLAIN,
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
    let other = context.other(plain == Outcome::NO_PLACE);
    if other.quote != 0 {
        context.refused(other.quote);
    }
    result(other.counted)
}

#[inline(always)]
fn result(counted: Outcome) -> Result<(), u32> {
    counted.slot().map_or(Ok(()), Err)
}
