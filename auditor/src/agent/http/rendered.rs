//! What is sent to those who ask: rendered once for all of them, and of few ages at a time, however slowly they take it.

use std::{fmt::Display, time::Duration};

use axum::body::Bytes;
use tokio::time::Instant;

/// What is smaller costs nothing to speak of, and is always of the last turn.
const SMALL: usize = 64 * 1024;
/// As many are held for those who still take them; beyond this a newer one is only rendered once the last one is `AGE` old.
const HELD: usize = 2;
const AGE: Duration = Duration::from_secs(30);

/// The bodies of one kind: the last one, and the earlier ones that somebody still takes.
#[derive(Debug, Default)]
pub(super) struct Renderings {
    last: Option<Rendering>,
    earlier: Vec<Bytes>,
}

#[derive(Debug)]
struct Rendering {
    turn: u64,
    at: Instant,
    body: Bytes,
}

impl Renderings {
    /// The body of a turn, or of an earlier one if too many are held by those who do not take them.
    pub(super) fn get<E: Display>(
        &mut self,
        turn: u64,
        now: Instant,
        render: impl FnOnce() -> Result<String, E>,
    ) -> Result<Bytes, String> {
        self.sweep();
        if let Some(last) = &self.last {
            let n_held = self.earlier.len() + usize::from(!last.body.is_unique());
            let is_young = now.saturating_duration_since(last.at) < AGE;
            let is_too_much = SMALL < last.body.len() && HELD <= n_held && is_young;
            if last.turn == turn || is_too_much {
                return Ok(last.body.clone());
            }
        }
        // Nobody needs both at a time.
        let before = self.last.take().map(|last| last.body);
        self.earlier
            .extend(before.filter(|body| !body.is_unique() && SMALL < body.len()));
        let mut text = render().map_err(|error| error.to_string())?;
        text.shrink_to_fit();
        let body = Bytes::from(text);
        self.last = Some(Rendering {
            turn,
            at: now,
            body: body.clone(),
        });
        Ok(body)
    }

    /// Drops what nobody takes any more and nobody will ask for.
    pub(super) fn forget_before(&mut self, turn: u64) {
        self.sweep();
        if let Some(last) = &self.last
            && last.turn < turn
            && last.body.is_unique()
        {
            self.last = None;
        }
    }

    fn sweep(&mut self) {
        self.earlier.retain(|body| !body.is_unique());
    }
}

#[cfg(test)]
mod tests {
    use std::{convert::Infallible, time::Duration};

    use axum::body::Bytes;
    use tokio::time::Instant;

    use super::{AGE, Renderings, SMALL};
    use crate::agent::clock::monotonic;

    fn ask(renderings: &mut Renderings, turn: u64, now: Instant, length: usize) -> Bytes {
        let number = turn.to_string();
        let spaces = " ".repeat(length - number.len());
        let render = || Ok::<_, Infallible>(number + &spaces);
        renderings.get(turn, now, render).unwrap()
    }

    fn turn(body: &Bytes) -> u64 {
        std::str::from_utf8(body).unwrap().trim().parse().unwrap()
    }

    #[test]
    fn who_takes_it_slowly_holds_few_of_them() {
        let start = monotonic();
        let mut renderings = Renderings::default();
        let mut slow = Vec::new();
        // A turn a second, and in each somebody asks who never takes anything.
        for second in 0..60 {
            let now = start + Duration::from_secs(second);
            let body = ask(&mut renderings, second, now, SMALL + 1);
            assert!(second - turn(&body) <= AGE.as_secs(), "{second}");
            slow.push(body);
        }
        let mut held: Vec<_> = slow.iter().map(|body| body.as_ptr()).collect();
        held.dedup();
        assert!(held.len() <= 4, "{} are held", held.len());
        // Once they are gone, it is that of the turn again, and nothing is left.
        slow.clear();
        let now = start + Duration::from_mins(1);
        assert_eq!(turn(&ask(&mut renderings, 60, now, SMALL + 1)), 60);
        renderings.forget_before(61);
        assert!(renderings.last.is_none() && renderings.earlier.is_empty());
    }

    #[test]
    fn one_who_takes_it_slowly_makes_it_no_older_for_others() {
        let now = monotonic();
        let mut renderings = Renderings::default();
        let slow = ask(&mut renderings, 0, now, SMALL + 1);
        for number in 1..100 {
            let body = ask(&mut renderings, number, now, SMALL + 1);
            assert_eq!(turn(&body), number);
            // All of a turn take the same.
            let same = ask(&mut renderings, number, now, SMALL + 1);
            assert_eq!(body.as_ptr(), same.as_ptr());
        }
        assert_eq!(turn(&slow), 0);
    }

    #[test]
    fn what_is_small_is_always_of_the_last_turn() {
        let now = monotonic();
        let mut renderings = Renderings::default();
        let mut slow = Vec::new();
        for number in 0..100 {
            slow.push(ask(&mut renderings, number, now, SMALL));
            assert_eq!(slow.last().map(turn), Some(number));
        }
    }
}
