//! What was seen over weeks: each flow with when it was first seen, last seen, last answered and last refused, and the times
//! in which no watch was running.

mod store;

use std::{
    collections::{BTreeMap, BTreeSet, BinaryHeap},
    net::IpAddr,
};

use auditor_common::{Evidence, packet::Tunnel, port::protocol};
use jiff::{SignedDuration, Timestamp};

#[cfg(test)]
pub(crate) use store::damages;
pub use store::{Store, StoreError, ValueError};

use crate::{
    address,
    observed::{
        Cause, Crowd, Dates, Flow, Gap, Invited, Outcome, Remembered, RememberedSides,
        unproven_sender,
    },
};

/// Dates that are ahead by no more than this are those of a clock that is a little off.
const SKEW: SignedDuration = SignedDuration::from_mins(1);
/// Longer ago than rules ask for: when a flow was last seen of which nothing is known but that its date is wrong.
const LONG_AGO: SignedDuration = SignedDuration::from_hours(24 * 32);

/// The identity of a flow across runs.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct FlowIdentity {
    pub server: IpAddr,
    pub client: IpAddr,
    pub protocol: u8,
    pub port: u16,
    pub interface: String,
    pub tunnel: Option<Tunnel>,
}

impl FlowIdentity {
    pub fn of(flow: &Flow) -> Self {
        Self {
            server: flow.server,
            client: flow.client,
            protocol: flow.protocol,
            port: flow.port,
            interface: flow.interface.clone(),
            tunnel: flow.tunnel,
        }
    }
}

/// A flow that is one of others after all: what was counted of it was decided anew, such as by who asked whom.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Correction {
    pub before: FlowIdentity,
    pub now: FlowIdentity,
}

/// Everything that is remembered.
#[derive(Clone, Debug, Default)]
pub struct History {
    flows: BTreeMap<FlowIdentity, RememberedFlow>,
    /// Times in which a watch was running, in order; the last one may still be open.
    watched: Vec<WatchedSpan>,
    /// Gaps while a watch was running, sorted.
    gaps: Vec<Gap>,
    /// Flows that changed since they were last saved.
    changed: BTreeSet<FlowIdentity>,
    /// What is remembered from before this is incomplete: flows were forgotten to stay within bounds.
    forgotten: Option<Timestamp>,
    /// Up to which date flows may be forgotten for their age: the newest one that somebody watched, and no later than the wall
    /// clock; where that is ahead of it, time that is watched brings it nearer.
    confirmed: Option<Timestamp>,
    /// The dates by which this run's moments are saved.
    dates: Dates,
    /// The times of earlier runs are on disk as they are here.
    are_spans_saved: bool,
}

/// A span of time in which a watch was running.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WatchedSpan {
    pub from: Timestamp,
    pub until: Timestamp,
}

/// One flow, over all runs.
#[derive(Clone, Debug, Default)]
struct RememberedFlow {
    /// Counts that the current ledger does not hold: from earlier runs, or retired from it.
    before: Option<Box<Flow>>,
    /// Counts that the current ledger holds.
    counted: Option<Box<Flow>>,
    remembered: Remembered,
    /// A request of an earlier turn had no reply by the end of that turn.
    is_waiting: bool,
}

impl RememberedFlow {
    /// The outcome of this turn's counts (`new`), with those of all turns (`all`) behind them; `None` where they say nothing.
    /// A reply may come a turn after its request.
    fn came_of(&mut self, new: &Flow, all: &Flow) -> Option<Outcome> {
        let is_stream = matches!(new.protocol, protocol::TCP | protocol::SCTP);
        let was_requested = !is_stream || 0 < new.requests || self.is_waiting;
        let asked_now = 0 < new.to_server.telling();
        // A client that ends what was told of before tells nothing of an answer.
        if is_stream && !asked_now && new.to_client.packets == 0 && new.refusals == 0 {
            return None;
        }
        let seen = Flow {
            to_server: if asked_now {
                new.to_server
            } else {
                all.to_server
            },
            requests: new.requests.max(self.is_waiting.into()),
            ..new.clone()
        };
        let outcome = seen.outcome();
        self.is_waiting = outcome == Outcome::Attempted && was_requested;
        match outcome {
            Outcome::Established | Outcome::OneWay | Outcome::Accepted => Some(outcome),
            // Without a request, a reset ends a conversation that was answered earlier.
            Outcome::Refused | Outcome::Attempted => was_requested.then_some(outcome),
            Outcome::Unknown => None,
        }
    }

    fn total(&self) -> Option<Flow> {
        let mut total = match (&self.before, &self.counted) {
            (Some(before), Some(counted)) => {
                let mut sum = Flow::clone(before);
                add_later(&mut sum, counted);
                sum
            }
            (Some(one), None) | (None, Some(one)) => Flow::clone(one),
            (None, None) => return None,
        };
        total.remembered = Some(self.remembered);
        Some(total)
    }
}

/// Adds later counts of a flow. Where addresses are translated, who is behind it now may be others than were.
fn add_later(before: &mut Flow, later: &Flow) {
    before.add(later);
    if !later.translated.is_empty() {
        before.translated.clone_from(&later.translated);
    }
}

/// Which of the flows that are counted now has the conversations of one that is not any more: the same the other way round, or
/// what turned out to belong to another service of the same server.
fn corrected(before: &Flow, counted: &BTreeMap<FlowIdentity, Flow>) -> Option<FlowIdentity> {
    let between = |client: IpAddr, server: IpAddr| {
        let ends = |port| FlowIdentity {
            server,
            client,
            port,
            protocol: before.protocol,
            interface: String::new(),
            tunnel: None,
        };
        // Interfaces come last in the order, and the empty name first among them.
        let flows = counted.range(ends(0)..).take_while(move |(key, _)| {
            (key.server, key.client, key.protocol) == (server, client, before.protocol)
        });
        flows.filter(|(key, _)| key.interface == before.interface && key.tunnel == before.tunnel)
    };
    let turned = between(before.server, before.client).find(|(key, now)| {
        let was_client = before.client_port.is_none_or(|port| port == key.port);
        let was_server = now.client_port.is_none_or(|port| port == before.port);
        was_client && was_server && before.first <= now.last && now.first <= before.last
    });
    let mut joined = between(before.client, before.server);
    turned
        .or_else(|| joined.find(|(_, now)| now.evidence == Evidence::Expected))
        .map(|(key, _)| key.clone())
}

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub age: SignedDuration,
    pub flows: usize,
    /// Of those that anybody could have made up.
    pub unproven: usize,
}

/// What was forgotten.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Forgotten {
    pub keys: BTreeSet<FlowIdentity>,
    /// Those that made room for others because anybody could have made them up, or had this host answer.
    pub unproven: Vec<Flow>,
}

impl History {
    /// Begins a run at `now`; the time since the last one is a gap.
    ///
    /// What is dated later was dated by a clock that was set back since, and nobody knows when it was. A time that ends later
    /// counts as not watched, and a flow as last seen when that is known: else it would count as seen until that clock has
    /// come so far again.
    pub fn begin(&mut self, now: Timestamp) {
        let soon = now.checked_add(SKEW).unwrap_or(now);
        let is_ahead = self.watched.iter().any(|span| now < span.until);
        self.watched.retain(|span| span.until <= soon);
        for span in &mut self.watched {
            span.from = span.from.min(now);
            span.until = span.until.min(now);
        }
        let known = self.newest(now);
        let clip = |moment: Timestamp| {
            if moment <= soon {
                moment.min(now)
            } else {
                known.unwrap_or_else(|| now.checked_sub(LONG_AGO).unwrap_or(now))
            }
        };
        for (key, entry) in &mut self.flows {
            let mut is_clipped = false;
            if let Some(flow) = &mut entry.before {
                is_clipped |= now < flow.last;
                flow.last = clip(flow.last);
                flow.first = clip(flow.first).min(flow.last);
            }
            for moment in [
                &mut entry.remembered.answered,
                &mut entry.remembered.refused,
            ] {
                is_clipped |= moment.is_some_and(|moment| now < moment);
                *moment = moment.map(clip);
            }
            if is_clipped {
                self.changed.insert(key.clone());
            }
        }
        for gap in &mut self.gaps {
            gap.from = gap.from.min(now);
            gap.until = gap.until.map(|until| until.min(now));
        }
        self.forgotten = self.forgotten.map(|forgotten| forgotten.min(now));
        let confirmed = self.confirmed.or(known).unwrap_or(now);
        self.confirmed = Some(confirmed.min(now));
        if is_ahead {
            // For how long nobody watched is not known.
            self.gaps.push(Gap {
                cause: Cause::Unwatched,
                from: now,
                until: Some(now),
            });
        }
        self.watched.push(WatchedSpan {
            from: now,
            until: now,
        });
        self.are_spans_saved = false;
    }

    /// The newest date that is not later than `now`: when somebody watched, or, if nobody is known to have, of a flow.
    fn newest(&self, now: Timestamp) -> Option<Timestamp> {
        let watched = self.watched.iter().map(|span| span.until).max();
        let flows = self
            .flows
            .values()
            .filter_map(|entry| entry.before.as_ref());
        watched.or_else(|| {
            let lasts = flows.map(|flow| flow.last);
            lasts.filter(|last| *last <= now).max()
        })
    }

    /// The dates by which moments of this run are saved from now on.
    pub fn date_by(&mut self, dates: &Dates) {
        if self.dates == *dates {
            return;
        }
        self.dates.clone_from(dates);
        // What has another date now is saved with it.
        let Some(run) = self.watched.last().map(|span| span.from) else {
            return;
        };
        for (key, entry) in &self.flows {
            let flows = [&entry.before, &entry.counted];
            if flows.into_iter().flatten().any(|flow| run <= flow.last) {
                self.changed.insert(key.clone());
            }
        }
    }

    /// Takes over the ledger's counts since its start, flow by flow; what the ledger corrected is corrected here too, and
    /// returned where it is known as which flow it is counted now.
    pub fn update(&mut self, flows: Vec<Flow>, now: Timestamp) -> Vec<Correction> {
        if let Some(span) = self.watched.last_mut() {
            let passed = now.duration_since(span.until).max(SignedDuration::ZERO);
            span.until = span.until.max(now);
            self.confirm(passed, now);
        }
        let mut counted: BTreeMap<FlowIdentity, Flow> = flows
            .into_iter()
            .map(|flow| (FlowIdentity::of(&flow), flow))
            .collect();
        let mut corrections = Vec::new();
        for (key, entry) in &mut self.flows {
            if let Some(before) = entry.counted.take_if(|_| !counted.contains_key(key)) {
                // The ledger now counts it under another key, since it decided client and server differently.
                self.changed.insert(key.clone());
                let is_gone = entry.before.is_none();
                corrections.extend(corrected(&before, &counted).filter(|_| is_gone).map(|now| {
                    Correction {
                        before: key.clone(),
                        now,
                    }
                }));
            }
        }
        // What made room in the ledger leaves nothing here; on disk it is deleted with the next save.
        self.flows
            .retain(|_, entry| entry.before.is_some() || entry.counted.is_some());
        while let Some((key, mut flow)) = counted.pop_first() {
            let entry = self.flows.entry(key.clone()).or_default();
            // A translation that is forgotten was that of the packets of its time.
            if let Some(before) = &entry.counted
                && before.last == flow.last
                && flow.translated.is_empty()
            {
                flow.translated.clone_from(&before.translated);
            }
            let new = match &entry.counted {
                Some(before) if **before == flow => continue,
                Some(before) => flow.minus(before),
                None => flow.clone(),
            };
            if !new.is_empty() {
                let mut all = flow.clone();
                if let Some(before) = &entry.before {
                    all.add(before);
                }
                match entry.came_of(&new, &all) {
                    Some(Outcome::Established) => entry.remembered.answered = Some(flow.last),
                    Some(Outcome::Refused) => entry.remembered.refused = Some(flow.last),
                    Some(Outcome::OneWay) => entry.remembered.one_way = Some(flow.last),
                    Some(Outcome::Accepted) if flow.hung_up() => {
                        entry.remembered.accepted = Some(flow.last);
                    }
                    Some(Outcome::Attempted | Outcome::Accepted | Outcome::Unknown) | None => {}
                }
            }
            entry.counted = Some(Box::new(flow));
            self.changed.insert(key);
        }
        corrections
    }

    /// Lets the date by which flows are forgotten follow the wall clock, by no more than twice the time that passed while
    /// somebody watched.
    fn confirm(&mut self, passed: SignedDuration, now: Timestamp) {
        let wall = self.dates.of(now);
        let confirmed = self.confirmed.unwrap_or(wall);
        let most = confirmed.checked_add(passed * 2).unwrap_or(wall);
        self.confirmed = Some(most.min(wall));
    }

    /// Moves the flows that the ledger no longer keeps from `counted` to `before`.
    pub fn retire(&mut self, flows: Vec<Flow>) {
        for mut flow in flows {
            let key = FlowIdentity::of(&flow);
            let entry = self.flows.entry(key).or_default();
            if let Some(counted) = &entry.counted
                && flow.translated.is_empty()
            {
                flow.translated.clone_from(&counted.translated);
            }
            entry.counted = entry
                .counted
                .take()
                .map(|counted| counted.minus(&flow))
                .filter(|left| !left.is_empty())
                .map(Box::new);
            match &mut entry.before {
                Some(before) => add_later(before, &flow),
                none @ None => *none = Some(Box::new(flow)),
            }
        }
    }

    /// Adds gaps; giving an open gap again updates or closes it.
    pub fn keep_gaps(&mut self, gaps: &[Gap]) {
        for gap in gaps {
            let known = |one: &&mut Gap| one.from == gap.from && same(&one.cause, &gap.cause);
            match self.gaps.iter_mut().find(known) {
                Some(known) => known.clone_from(gap),
                None => self.gaps.push(gap.clone()),
            }
        }
        self.gaps.sort();
    }

    /// Forgets flows that are too old, and the oldest ones if there are too many: first those that anybody could have made up,
    /// which make nobody forget anything else.
    ///
    /// The time of the others no longer counts as remembered, so that no rule is judged on it: see [`Self::since`].
    ///
    /// How old they are is told by the date that is confirmed, which a clock alone does not move: one that is 90 days ahead for
    /// an hour makes nothing older than two hours.
    ///
    /// What rules invited their senders to is forgotten later than what anybody else could have made up.
    pub fn forget(&mut self, bounds: Bounds, invited: &Invited) -> Forgotten {
        let confirmed = self.confirmed.unwrap_or(Timestamp::MIN);
        let oldest = confirmed.checked_sub(bounds.age).unwrap_or(Timestamp::MIN);
        let mut gone = BTreeSet::new();
        let mut lasts: Vec<(Timestamp, FlowIdentity)> = Vec::new();
        let mut unproven = self.forget_unproven(bounds.unproven, invited);
        gone.extend(unproven.iter().map(FlowIdentity::of));
        for (key, entry) in &self.flows {
            match entry.total() {
                Some(flow) if oldest <= self.dates.of(flow.last) => {
                    lasts.push((flow.last, key.clone()));
                }
                Some(flow) => {
                    self.forgotten = self.forgotten.max(Some(flow.last));
                    gone.insert(key.clone());
                }
                None => {
                    gone.insert(key.clone());
                }
            }
        }
        if let Some(n_over) = lasts.len().checked_sub(bounds.flows).filter(|n| 0 < *n) {
            lasts.sort();
            // Answers that anybody can ask for go first, so that these make nobody forget what is proven.
            let (answers, others): (Vec<_>, Vec<_>) = lasts
                .into_iter()
                .partition(|(_, key)| self.past_answer(key).is_some());
            let n_answers = answers.len().min(n_over);
            let answers = answers.into_iter().map(|(last, key)| {
                let crowd = self.past_answer(&key).map(|flow| invited_to(invited, flow));
                (crowd.unwrap_or_default(), last, key)
            });
            for key in oldest_of_crowds(answers.collect(), n_over) {
                unproven.extend(self.flows.get(&key).and_then(RememberedFlow::total));
                gone.insert(key);
            }
            for (last, key) in others.into_iter().take(n_over - n_answers) {
                self.forgotten = self.forgotten.max(Some(last));
                gone.insert(key);
            }
        }
        for key in &gone {
            self.flows.remove(key);
            self.changed.remove(key);
        }
        let n_spans = self.watched.len();
        let dates = &self.dates;
        self.watched.retain(|span| oldest <= dates.of(span.until));
        self.are_spans_saved &= self.watched.len() == n_spans;
        self.gaps
            .retain(|gap| gap.until.is_none_or(|until| oldest <= dates.of(until)));
        Forgotten {
            keys: gone,
            unproven,
        }
    }

    /// A flow that the ledger does not count any more, if this host only answered in it.
    fn past_answer(&self, key: &FlowIdentity) -> Option<&Flow> {
        let entry = self.flows.get(key)?;
        let before = entry.before.as_deref()?;
        (entry.counted.is_none() && before.is_answer()).then_some(before)
    }

    /// Removes the oldest flows that anybody could have made up, beyond `most`. What the ledger still counts stays.
    fn forget_unproven(&mut self, most: usize, invited: &Invited) -> Vec<Flow> {
        let lasts: Vec<(Crowd, Timestamp, FlowIdentity)> = self
            .flows
            .iter()
            .filter(|(_, entry)| entry.counted.is_none())
            .filter_map(|(key, entry)| {
                let before = entry.before.as_ref()?;
                let crowd = invited_to(invited, before);
                before
                    .proves_nothing()
                    .then(|| (crowd, before.last, key.clone()))
            })
            .collect();
        let n_over = lasts.len().saturating_sub(most);
        let (mut uninvited, others): (Vec<_>, Vec<_>) = lasts
            .into_iter()
            .partition(|(crowd, ..)| *crowd == Crowd::default());
        uninvited.sort();
        uninvited.truncate(n_over);
        let n_others = n_over - uninvited.len();
        uninvited
            .into_iter()
            .map(|(.., key)| key)
            .chain(oldest_of_crowds(others, n_others))
            .filter_map(|key| self.flows.remove(&key)?.before)
            .map(|flow| *flow)
            .collect()
    }

    /// Saves everything the next time, as into a database that is empty.
    pub fn save_all(&mut self) {
        self.changed = self.flows.keys().cloned().collect();
        self.are_spans_saved = false;
    }

    /// Remembers that what was on disk was damaged.
    pub fn note_damage(&mut self, problem: &str) {
        let Some(now) = self.watched.last().map(|span| span.until) else {
            return;
        };
        self.keep_gaps(&[Gap {
            cause: Cause::HistoryDamaged {
                problem: problem.to_owned(),
            },
            from: now,
            until: Some(now),
        }]);
    }

    /// Every flow with a packet since `start`, in order.
    pub fn flows(&self, start: Timestamp) -> Vec<Flow> {
        self.flows
            .values()
            .filter_map(RememberedFlow::total)
            .filter(|flow| start <= flow.last)
            .collect()
    }

    /// Who asked whom.
    pub fn sides(&self) -> RememberedSides {
        let mut sides = RememberedSides::default();
        for entry in self.flows.values() {
            for flow in [&entry.before, &entry.counted].into_iter().flatten() {
                let [client, server] = [flow.client, flow.server].map(address::to_bytes);
                let one = (client, server, flow.protocol, flow.port);
                if flow.is_guess() {
                    sides.guessed.insert(one);
                } else {
                    sides.certain.insert(one);
                }
            }
        }
        sides
    }

    /// Since when everything is remembered; `None` if no watch ever ran.
    pub fn since(&self) -> Option<Timestamp> {
        let first = self.watched.first().map(|span| span.from);
        first.map(|first| {
            self.forgotten
                .map_or(first, |forgotten| first.max(forgotten))
        })
    }

    /// The gaps since `start`, including the times in which no watch was running.
    pub fn gaps(&self, start: Timestamp) -> Vec<Gap> {
        let between = self.watched.windows(2).filter_map(|pair| match pair {
            [before, after] if before.until < after.from => Some(Gap {
                cause: Cause::Unwatched,
                from: before.until,
                until: Some(after.from),
            }),
            _ => None,
        });
        let mut gaps: Vec<Gap> = self.gaps.iter().cloned().chain(between).collect();
        gaps.retain(|gap| gap.reaches(start));
        gaps.sort_by_key(|gap| gap.from);
        gaps
    }

    pub fn watched(&self) -> &[WatchedSpan] {
        &self.watched
    }

    pub fn len(&self) -> usize {
        self.flows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }
}

/// Whether two causes are of the same kind, and of the same interface or reason.
fn same(one: &Cause, other: &Cause) -> bool {
    let name = |cause: &Cause| match cause {
        Cause::InterfaceLost { name }
        | Cause::InterfaceLate { name }
        | Cause::InterfaceRefused { name, .. }
        | Cause::Detached { name }
        | Cause::CountedBefore { name, .. }
        | Cause::NotWatched { name, .. } => Some(name.clone()),
        Cause::Behind {
            name, direction, ..
        }
        | Cause::Blind { name, direction } => Some(format!("{name} {}", direction.index())),
        Cause::Unread { what, .. } | Cause::PacketsUnread { what, .. } => Some(what.clone()),
        Cause::Uncounted { reason, .. } => Some(reason.name().to_owned()),
        Cause::CutShort { .. }
        | Cause::Unwatched
        | Cause::NothingToWatch
        | Cause::Asleep { .. }
        | Cause::Stalled
        | Cause::HistoryDamaged { .. } => None,
    };
    std::mem::discriminant(one) == std::mem::discriminant(other) && name(one) == name(other)
}

/// Which rules let the other host ask what it asked in a flow.
fn invited_to(invited: &Invited, flow: &Flow) -> Crowd {
    let crowd = invited.crowd(unproven_sender(flow), flow.protocol, flow.port);
    crowd.unwrap_or_default()
}

/// The oldest flows of the largest crowds, so that many to which some rules invite leave those of others.
fn oldest_of_crowds(
    flows: Vec<(Crowd, Timestamp, FlowIdentity)>,
    most: usize,
) -> Vec<FlowIdentity> {
    let mut crowds: BTreeMap<Crowd, Vec<(Timestamp, FlowIdentity)>> = BTreeMap::new();
    for (crowd, last, key) in flows {
        crowds.entry(crowd).or_default().push((last, key));
    }
    let mut by_size: BinaryHeap<(usize, Crowd)> = BinaryHeap::new();
    for (crowd, flows) in &mut crowds {
        // The oldest is taken from the end.
        flows.sort_unstable_by(|one, other| other.cmp(one));
        by_size.push((flows.len(), *crowd));
    }
    let mut oldest = Vec::new();
    while oldest.len() < most
        && let Some((n, largest)) = by_size.pop()
        && let Some((_, key)) = crowds.get_mut(&largest).and_then(Vec::pop)
    {
        oldest.push(key);
        by_size.push((n - 1, largest));
    }
    oldest
}

#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;
