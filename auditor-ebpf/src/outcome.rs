//! What became of a packet, as a number.

use auditor_common::Reason;

/// The index of the reason under which a packet is counted that is in no flow, or one of the numbers above: a function that the
/// verifier follows by itself can hand back nothing else.
#[derive(Clone, Copy, Eq, PartialEq)]
pub struct Outcome(pub(crate) u32);

impl Outcome {
    /// It was read, or counted in its flow.
    pub(crate) const DONE: Self = Self(Reason::COUNT);
    /// It takes the slow path, and was not counted.
    pub(crate) const NOT_PLAIN: Self = Self(Reason::COUNT + 1);
    /// There is no bucket for it, and it was not counted.
    pub(crate) const NO_BUCKET: Self = Self(Reason::COUNT + 2);

    #[inline(always)]
    pub(crate) const fn of(reason: Reason) -> Self {
        Self(reason.index())
    }

    /// It was counted in its flow, or takes the slow path.
    #[inline(always)]
    pub(crate) const fn done_if(is_counted: bool) -> Self {
        if is_counted {
            Self::DONE
        } else {
            Self::NOT_PLAIN
        }
    }

    /// The index of its reason, if it is in no flow.
    #[inline(always)]
    pub(crate) const fn reason(self) -> Option<u32> {
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
    /// False says that there is no bucket.
    #[inline(always)]
    fn from(result: Result<bool, Reason>) -> Self {
        match result {
            Ok(true) => Self::DONE,
            Ok(false) => Self::NO_BUCKET,
            Err(reason) => Self::of(reason),
        }
    }
}
