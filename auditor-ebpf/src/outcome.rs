//! What became of a packet, as a number.

use auditor_common::Slot;

/// The index of the slot under which a packet is counted that is in no flow, or one of the numbers above: a function that the
/// verifier follows by itself can hand back nothing else.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Outcome(pub(crate) u32);

impl Outcome {
    /// It was read, or counted in its flow.
    pub(crate) const DONE: Self = Self(Slot::COUNT);
    /// It takes a longer way, and was not counted.
    pub(crate) const NOT_PLAIN: Self = Self(Slot::COUNT + 1);
    /// There is no place for it, and it was not counted.
    pub(crate) const NO_BUCKET: Self = Self(Slot::COUNT + 2);

    #[inline(always)]
    pub(crate) const fn of(slot: Slot) -> Self {
        Self(slot.index())
    }

    /// It was counted in its flow, or takes a longer way.
    #[inline(always)]
    pub(crate) const fn done_if(is_counted: bool) -> Self {
        if is_counted {
            Self::DONE
        } else {
            Self::NOT_PLAIN
        }
    }

    /// The index of its slot, if it is in no flow.
    #[inline(always)]
    pub(crate) const fn slot(self) -> Option<u32> {
        if self.0 < Self::DONE.0 {
            Some(self.0)
        } else {
            None
        }
    }

    /// Whether it needs nothing more.
    #[inline(always)]
    pub(crate) const fn is_final(self) -> bool {
        self.0 <= Self::DONE.0
    }
}

impl From<Result<(), Slot>> for Outcome {
    #[inline(always)]
    fn from(result: Result<(), Slot>) -> Self {
        match result {
            Ok(()) => Self::DONE,
            Err(slot) => Self::of(slot),
        }
    }
}

impl From<Result<bool, Slot>> for Outcome {
    /// False says that there is no place.
    #[inline(always)]
    fn from(result: Result<bool, Slot>) -> Self {
        match result {
            Ok(true) => Self::DONE,
            Ok(false) => Self::NO_BUCKET,
            Err(slot) => Self::of(slot),
        }
    }
}
