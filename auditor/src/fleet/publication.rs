//! The flows of each turn to the messages that are due: a shard is published when something in it changed that a verdict may
//! rest on, and a flow that goes on costs a message each tenth of the window at most.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::IpAddr,
};

use jiff::{SignedDuration, Timestamp};

use super::{
    message::{FlowState, ShardState, Writer},
    shard::shards,
    verdict::LAG_PARTS,
    wire::{MOST_FLOWS, MOST_PROCESSES},
};
use crate::{observed::Flow, report::schema::Process};

/// What a host published so far, and what it counted when it last looked.
#[derive(Debug, Default)]
pub struct Publication {
    known: HashMap<Identity, Tracked>,
    /// By shard: what was published last, and when.
    published: BTreeMap<u16, Published>,
    /// Whether a turn was taken before.
    has_begun: bool,
    turn: u64,
}

/// A flow of this host; its interface is one by which several are told apart.
type Identity = (IpAddr, IpAddr, u8, u16, String, Option<&'static str>);

fn identity(flow: &Flow) -> Identity {
    (
        flow.client,
        flow.server,
        flow.protocol,
        flow.port,
        flow.interface.clone(),
        flow.tunnel.map(auditor_common::packet::Tunnel::name),
    )
}

#[derive(Clone, Copy, Debug)]
struct Tracked {
    to_server: u64,
    to_client: u64,
    asked: Option<Timestamp>,
    said: Option<Timestamp>,
    turn: u64,
}

#[derive(Debug)]
struct Published {
    flows: BTreeMap<Identity, FlowState>,
    at: Timestamp,
}

/// A turn's flows, and when it was.
#[derive(Debug)]
pub struct Turn {
    pub now: Timestamp,
    pub window: SignedDuration,
    pub flows: Vec<(Flow, Vec<Process>)>,
}

/// What is due after a turn.
#[derive(Debug, Default)]
pub struct Due {
    pub shards: Vec<ShardState>,
    /// Flows for which there was no room.
    pub n_left_out: u64,
}

impl Publication {
    /// Takes a turn, and returns what is due. It is due until it [was published](Self::published).
    pub fn take(&mut self, turn: Turn, writer: &Writer) -> Due {
        let Turn { now, window, flows } = turn;
        self.turn += 1;
        let start = now.checked_sub(window).unwrap_or(now);
        let mut by_shard: BTreeMap<u16, Vec<FlowState>> = BTreeMap::new();
        for (flow, mut processes) in flows {
            let (asked, said) = self.track(&flow, start);
            processes.truncate(MOST_PROCESSES);
            let shards = shards(&flow);
            let state = FlowState {
                flow,
                asked,
                said,
                processes,
            };
            for shard in shards {
                by_shard.entry(shard).or_default().push(state.clone());
            }
        }
        self.has_begun = true;
        let turn = self.turn;
        self.known.retain(|_, tracked| tracked.turn == turn);
        let mut due = Due::default();
        let all: BTreeSet<u16> = by_shard
            .keys()
            .chain(self.published.keys())
            .copied()
            .collect();
        for shard in all {
            let mut flows = by_shard.remove(&shard).unwrap_or_default();
            if MOST_FLOWS < flows.len() {
                // What anybody can make up gives way, and then what was seen first.
                flows.sort_by_key(|one| {
                    (one.flow.proves_nothing(), std::cmp::Reverse(one.flow.last))
                });
                due.n_left_out += (flows.len() - MOST_FLOWS) as u64;
                flows.truncate(MOST_FLOWS);
            }
            flows.sort_by(|one, other| one.flow.order().cmp(&other.flow.order()));
            if self.is_due(shard, &flows, now, window / LAG_PARTS) {
                due.shards.push(ShardState {
                    writer: writer.clone(),
                    shard,
                    at: now,
                    flows,
                });
            }
        }
        due
    }

    /// Remembers that a shard was published.
    pub fn published(&mut self, state: ShardState) {
        let flows = state.flows.into_iter();
        let published = Published {
            flows: flows.map(|one| (identity(&one.flow), one)).collect(),
            at: state.at,
        };
        self.published.insert(state.shard, published);
    }

    /// Nothing of what was published is there any more.
    pub fn forget_published(&mut self) {
        self.published.clear();
    }

    /// When packets that were more than resets were last counted of either side.
    fn track(&mut self, flow: &Flow, start: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let (to_server, to_client) = (flow.to_server.telling(), flow.to_client.telling());
        // What was counted before the first turn may be older than the window, unless the flow itself is not.
        let is_new = self.has_begun || start <= flow.first;
        let before = self.known.get(&identity(flow)).copied();
        let since = |count: u64, before: Option<(u64, Option<Timestamp>)>| match before {
            Some((counted, _)) if counted < count => Some(flow.last),
            Some((_, at)) => at,
            None => (is_new && 0 < count).then_some(flow.last),
        };
        let asked = since(to_server, before.map(|it| (it.to_server, it.asked)));
        let said = since(to_client, before.map(|it| (it.to_client, it.said)));
        let tracked = Tracked {
            to_server,
            to_client,
            asked,
            said,
            turn: self.turn,
        };
        self.known.insert(identity(flow), tracked);
        (asked, said)
    }

    fn is_due(&self, shard: u16, flows: &[FlowState], now: Timestamp, lag: SignedDuration) -> bool {
        let Some(before) = self.published.get(&shard) else {
            return !flows.is_empty();
        };
        let has_changed = |one: &FlowState| {
            before
                .flows
                .get(&identity(&one.flow))
                .is_none_or(|before| is_news(before, one, now, lag))
        };
        // What is over leaves with the next message, or soon.
        let has_less = flows.len() < before.flows.len();
        flows.iter().any(has_changed) || has_less && lag <= now.duration_since(before.at)
    }
}

/// Whether a verdict may rest on what changed of a flow.
fn is_news(before: &FlowState, now: &FlowState, at: Timestamp, lag: SignedDuration) -> bool {
    let known = |one: &FlowState| {
        let remembered = one.flow.remembered.unwrap_or_default();
        [
            remembered.answered,
            remembered.refused,
            remembered.one_way,
            remembered.accepted,
            one.asked,
            one.said,
        ]
        .map(|at| at.is_some())
    };
    let (old, new) = (&before.flow, &now.flow);
    let is_other = known(before) != known(now)
        || (
            old.evidence,
            old.client_port,
            old.client_direction,
            old.is_unreachable,
        ) != (
            new.evidence,
            new.client_port,
            new.client_direction,
            new.is_unreachable,
        )
        || old.translated != new.translated
        || before.processes != now.processes;
    let goes_on = lag <= new.last.duration_since(old.last);
    // The last word on a flow that is over.
    let is_over = lag <= at.duration_since(new.last) && before != now;
    is_other || goes_on || is_over
}

#[cfg(test)]
mod tests {
    use auditor_common::{Direction, Evidence};
    use jiff::{SignedDuration, Timestamp};

    use super::{Due, Publication, Turn};
    use crate::{
        fleet::message::Writer,
        observed::{DirectionCounters, Flow, Remembered},
    };

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    /// A flow of these packets, last seen at a second.
    fn flow(packets: [u64; 2], last: i64) -> Flow {
        let [to_server, to_client] = packets.map(|packets| DirectionCounters {
            packets,
            ..DirectionCounters::default()
        });
        Flow {
            client: "10.0.0.1".parse().unwrap(),
            server: "10.0.0.2".parse().unwrap(),
            protocol: 6,
            port: 80,
            interface: "eth0".to_owned(),
            tunnel: None,
            to_server,
            to_client,
            requests: 1,
            replies: 0,
            refusals: 0,
            is_unreachable: false,
            first: at(350),
            last: at(last),
            evidence: Evidence::Handshake,
            client_direction: Some(Direction::Egress),
            client_port: None,
            translated: std::collections::BTreeSet::new(),
            remembered: Some(Remembered::default()),
        }
    }

    struct Host(Publication);

    impl Host {
        /// A turn, and what of it was published.
        fn turn(&mut self, now: i64, flows: Vec<Flow>) -> Due {
            let turn = Turn {
                now: at(now),
                window: SignedDuration::from_secs(600),
                flows: flows.into_iter().map(|flow| (flow, Vec::new())).collect(),
            };
            let due = self.0.take(turn, &Writer::default());
            for shard in &due.shards {
                self.0.published(shard.clone());
            }
            due
        }

        fn is_due(&mut self, now: i64, flow: Flow) -> bool {
            !self.turn(now, vec![flow]).shards.is_empty()
        }
    }

    #[test]
    fn a_flow_that_goes_on_costs_a_message_each_tenth_of_the_window() {
        let mut host = Host(Publication::default());
        let mut n_due = 0;
        for turn in 0..120_u32 {
            let now = 800 + 10 * i64::from(turn);
            let packets = [10 * (u64::from(turn) + 1), 10];
            n_due += usize::from(host.is_due(now, flow(packets, now)));
        }
        // 1,200 s are twenty tenths.
        assert_eq!(n_due, 20);
        // Its last word comes once it is over.
        let last = || flow([9_999, 10], 1_995);
        assert!(!host.is_due(2_000, last()));
        assert!(host.is_due(2_060, last()));
        assert!(!host.is_due(2_070, last()));
    }

    #[test]
    fn what_a_verdict_may_rest_on_is_published_at_once() {
        let mut host = Host(Publication::default());
        assert!(host.is_due(900, flow([1, 0], 900)));
        assert!(!host.is_due(901, flow([2, 0], 901)));
        assert!(host.is_due(902, flow([2, 1], 902)), "something came back");
        let mut answered = flow([3, 2], 903);
        answered.remembered = Some(Remembered {
            answered: Some(at(903)),
            ..Remembered::default()
        });
        assert!(host.is_due(903, answered.clone()), "it was answered");
        let mut other = answered.clone();
        other.port = 81;
        assert_eq!(
            host.turn(904, vec![answered.clone(), other]).shards.len(),
            1
        );
        // What is over leaves later.
        assert!(host.turn(905, vec![answered.clone()]).shards.is_empty());
        let due = host.turn(970, vec![answered]);
        assert_eq!(due.shards.len(), 1);
        assert!(due.shards[0].flows.is_empty());
    }

    #[test]
    fn what_was_last_asked_and_said_is_known_from_what_grew() {
        let mut host = Host(Publication::default());
        // Begun before the window: when is not known.
        let mut old = flow([5, 5], 990);
        old.first = at(100);
        let due = host.turn(1_000, vec![old.clone()]);
        assert_eq!(due.shards[0].flows[0].asked, None);
        old.to_server.packets = 6;
        old.last = at(1_009);
        let due = host.turn(1_010, vec![old.clone()]);
        let state = &due.shards[0].flows[0];
        assert_eq!((state.asked, state.said), (Some(at(1_009)), None));
        // A reset says nothing.
        old.to_client.packets += 1;
        old.to_client.resets += 1;
        old.last = at(1_100);
        let due = host.turn(1_100, vec![old]);
        let state = &due.shards[0].flows[0];
        assert_eq!((state.asked, state.said), (Some(at(1_009)), None));
        // Begun in the window.
        let mut host = Host(Publication::default());
        let due = host.turn(500, vec![flow([3, 0], 400)]);
        let state = &due.shards[0].flows[0];
        assert_eq!((state.asked, state.said), (Some(at(400)), None));
    }
}
