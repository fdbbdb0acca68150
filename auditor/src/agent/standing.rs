//! Gaps that last as long as their cause is found.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::observed::{Cause, Gap};

/// Begins a gap for each cause that is found for the first time, and ends those whose cause is found no more. Returns the gaps
/// that began.
pub(crate) fn update(
    gaps: &mut Vec<Gap>,
    found: &BTreeMap<Cause, Timestamp>,
    now: Timestamp,
) -> Vec<Gap> {
    for gap in gaps.iter_mut() {
        if gap.until.is_none() && stands(&gap.cause) && !found.contains_key(&gap.cause) {
            gap.until = Some(now);
        }
    }
    let is_open = |cause: &Cause| {
        gaps.iter()
            .any(|gap| gap.until.is_none() && gap.cause == *cause)
    };
    let begun: Vec<Gap> = found
        .iter()
        .filter(|(cause, _)| !is_open(cause))
        .map(|(cause, from)| Gap {
            cause: cause.clone(),
            from: *from,
            until: None,
        })
        .collect();
    gaps.extend(begun.iter().cloned());
    begun
}

/// Whether a cause is found anew again and again while it lasts.
const fn stands(cause: &Cause) -> bool {
    match cause {
        Cause::InterfaceRefused { .. }
        | Cause::Detached { .. }
        | Cause::Behind { .. }
        | Cause::CountedBefore { .. }
        | Cause::Blind { .. }
        | Cause::NotWatched { .. }
        | Cause::NothingToWatch
        | Cause::Unread { .. } => true,
        Cause::CutShort { .. }
        | Cause::Unwatched
        | Cause::InterfaceLost { .. }
        | Cause::InterfaceLate { .. }
        | Cause::Asleep { .. }
        | Cause::Stalled
        | Cause::HistoryDamaged { .. }
        | Cause::PacketsUnread { .. }
        | Cause::Uncounted { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;

    use super::update;
    use crate::observed::{Cause, Gap};

    #[test]
    fn a_gap_lasts_as_long_as_its_cause() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let lost = Gap {
            cause: Cause::InterfaceLost {
                name: "e0".to_owned(),
            },
            from: at(1),
            until: None,
        };
        let mut gaps = vec![lost.clone()];
        let found = BTreeMap::from([(Cause::NothingToWatch, at(2))]);
        assert_eq!(update(&mut gaps, &found, at(3)).len(), 1);
        assert_eq!(update(&mut gaps, &found, at(4)), []);
        assert_eq!(update(&mut gaps, &BTreeMap::new(), at(5)), []);
        let nothing = Gap {
            cause: Cause::NothingToWatch,
            from: at(2),
            until: Some(at(5)),
        };
        assert_eq!(gaps, [lost, nothing]);
        // It is another gap when it comes again.
        let found = BTreeMap::from([(Cause::NothingToWatch, at(6))]);
        assert_eq!(update(&mut gaps, &found, at(7)).len(), 1);
        assert_eq!(gaps.len(), 3);
    }
}
