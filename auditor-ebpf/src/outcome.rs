//! The result of counting a packet, as a number.

use auditor_common::Reason;

/// The index of the [`Reason`] why a packet is in no flow, or one of the constants below, whose numbers are above those.
/// A number, since a global function can return nothing else.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Outcome(pub(crate) u32);

impl Outcome {
    /// The packet was parsed, or counted in its flow.
    pub(crate) const DONE: Self = Self(Reason::COUNT);
    /// The packet was not counted, and takes the slow path.
    pub(crate) const NOT_PLAIN: Self = Self(Reason::COUNT + 1);
    /// The packet was not counted, since there is no bucket for it.
    pub(crate) const NO_BUCKET: Self = Self(Reason::COUNT + 2);

    #[inline(always)]
    pub(crate) const fn of(reason: Reason) -> Self {
        Self(reason.index())
    }

    /// [`Self::DONE`] if the packet was counted, else [`Self::NOT_PLAIN`].
    #[inline(always)]
    pub(crate) const fn done_if(is_counted: bool) -> Self {
        if is_counted {
            Self::DONE
        } else {
            Self::NOT_PLAIN
        }
    }

    /// The index of the reason, if the packet is in no flow.
    #[inline(always)]
    pub(crate) const fn reason(self) -> Option<u32> {
        if self.0 < Self::DONE.0 {
            Some(self.0)
        } else {
            None
        }
    }

    /// Whether the packet is fully handled: counted in its flow, or in none for a reason.
    #[inline(always)]
    pub(crate) const fn is_final(self) -> bool {
        self.0 <= Self::DONE.0
    }
}

impl From<Result<(), Reason>> for Outcome {
    #[inline(always)]
    fn from(result: Result<(), Reason>) -> Self {
        match result {
            Ok(()) => Self::DONE,
            Err(reason) => Self::of(reason),
        }
    }
}

impl From<Result<bool, Reason>> for Outcome {
    /// `Ok(false)` means that there is no bucket for the packet.
    #[inline(always)]
    fn from(result: Result<bool, Reason>) -> Self {
        match result {
            Ok(true) => Self::DONE,
            Ok(false) => Self::NO_BUCKET,
            Err(reason) => Self::of(reason),
        }
    }
}
