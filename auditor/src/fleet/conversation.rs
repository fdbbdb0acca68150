//! What each host saw of a conversation, joined.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Deref,
};

use auditor_common::port::protocol;
use jiff::{SignedDuration, Timestamp};

use super::{
    message::FlowState,
    shard::{Key, SHARDS, turned},
    state::HostRecord,
};
use crate::observed::{Fleet, Flow, Outcome, Remembered};

/// One conversation, and all that saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation<'a> {
    /// What all of them saw together, for the audit.
    pub flow: Flow,
    pub sightings: Vec<Sighting<'a>>,
    /// Hosts that take its server for the client, by a guess that another host knows to be wrong.
    pub turned_by: Vec<usize>,
}

/// A conversation as one host saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting<'a> {
    /// The host, by its index among the members.
    pub host: usize,
    pub end: End,
    /// Its times are those of the fleet.
    pub state: Seen<'a>,
}

/// A flow as its host says it, or what was made of that: most are as they were said, and of those there are millions.
#[derive(Clone, Debug, PartialEq)]
pub enum Seen<'a> {
    AsSaid(&'a FlowState),
    Made(Box<FlowState>),
}

impl Deref for Seen<'_> {
    type Target = FlowState;

    fn deref(&self) -> &FlowState {
        match self {
            Self::AsSaid(state) => state,
            Self::Made(state) => state,
        }
    }
}

const _: () = assert!(size_of::<Sighting<'_>>() <= 32);

/// Where on the way of a conversation a host is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum End {
    Client,
    Server,
    /// It is the client and the server.
    Both,
    /// Neither: a router, or a host whose addresses others have as well.
    Between,
}

impl Conversation<'_> {
    /// What the host at an end saw.
    pub fn at(&self, end: End) -> Option<&Sighting<'_>> {
        self.sightings.iter().find(|one| one.end == end)
    }
}

/// What is joined: flows of one key, unless their addresses do not say which hosts are meant.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Group {
    key: Key,
    /// The only host whose flow this is.
    scope: Option<usize>,
}

/// Joins the flows of all hosts; `records` are in the order of the members.
pub fn join<'a>(records: &[&'a HostRecord], fleet: &Fleet) -> Vec<Conversation<'a>> {
    let mut conversations = Vec::new();
    let offsets: Vec<SignedDuration> = records.iter().map(|record| record.offset()).collect();
    // A shard has all of a conversation, so one after the other takes less memory.
    for shard in 0..SHARDS {
        let mut flows: Vec<(Group, usize, &'a FlowState)> = Vec::new();
        for (host, record) in records.iter().enumerate() {
            let states = record.shard(shard).into_iter();
            for state in states.flat_map(|state| &state.flows) {
                let key = Key::of(&state.flow);
                // It is in other shards as well, if somebody may look for it there.
                if key.shard() == shard {
                    let scope = scope(&state.flow, fleet, host);
                    flows.push((Group { key, scope }, host, state));
                }
            }
        }
        flows.sort_by_key(|(group, host, _)| (*group, *host));
        for same in flows.chunk_by(|(one, ..), (other, ..)| one == other) {
            let mut sightings: Vec<Sighting<'a>> = Vec::with_capacity(same.len());
            for (_, host, state) in same {
                let offset = offsets.get(*host).copied().unwrap_or_default();
                let end = end(&state.flow, fleet, *host);
                let state = dated(state, offset);
                match sightings.last_mut() {
                    // At several interfaces, or in and behind a tunnel.
                    Some(last) if last.host == *host => {
                        last.state = Seen::Made(Box::new(both(&last.state, &state)));
                    }
                    Some(_) | None => sightings.push(Sighting {
                        host: *host,
                        end,
                        state,
                    }),
                }
            }
            let scope = same.first().and_then(|(group, ..)| group.scope);
            let name = scope.and_then(|host| fleet.members().get(host));
            if let Some(mut flow) = together(&sightings, fleet) {
                // Two hosts have a conversation of the same addresses each.
                flow.interface = name.map_or_else(String::new, |member| member.name.clone());
                conversations.push(Conversation {
                    flow,
                    sightings,
                    turned_by: Vec::new(),
                });
            }
        }
    }
    let mut conversations = without_turned(conversations);
    conversations.sort_by(|one, other| one.flow.order().cmp(&other.flow.order()));
    conversations
}

/// The only host whose flow this can be: one of its addresses is that of several hosts, or none is of any.
fn scope(flow: &Flow, fleet: &Fleet, host: usize) -> Option<usize> {
    let ends = [flow.client, flow.server];
    let is_shared = ends.iter().any(|address| fleet.is_shared(*address));
    let is_known = ends.iter().any(|address| fleet.holder(*address).is_some());
    (is_shared || !is_known).then_some(host)
}

fn end(flow: &Flow, fleet: &Fleet, host: usize) -> End {
    let is_here = |address| fleet.holder(address) == Some(host);
    match (is_here(flow.client), is_here(flow.server)) {
        (true, true) => End::Both,
        (true, false) => End::Client,
        (false, true) => End::Server,
        (false, false) => End::Between,
    }
}

/// A flow whose times are those of the fleet.
fn dated(state: &FlowState, offset: SignedDuration) -> Seen<'_> {
    if offset.is_zero() {
        return Seen::AsSaid(state);
    }
    let moved = |at: Timestamp| at.checked_add(offset).unwrap_or(at);
    let mut state = state.clone();
    let flow = &mut state.flow;
    flow.first = moved(flow.first);
    flow.last = moved(flow.last);
    if let Some(remembered) = &mut flow.remembered {
        remembered.answered = remembered.answered.map(moved);
        remembered.refused = remembered.refused.map(moved);
        remembered.one_way = remembered.one_way.map(moved);
    }
    state.asked = state.asked.map(moved);
    state.said = state.said.map(moved);
    Seen::Made(Box::new(state))
}

/// What one host saw at two places: not the sum, since it is the same packets.
fn both(one: &FlowState, other: &FlowState) -> FlowState {
    let (more, less) = if one.flow.to_server.packets + one.flow.to_client.packets
        < other.flow.to_server.packets + other.flow.to_client.packets
    {
        (other, one)
    } else {
        (one, other)
    };
    let mut sum = more.clone();
    sum.flow.first = sum.flow.first.min(less.flow.first);
    sum.flow.last = sum.flow.last.max(less.flow.last);
    sum.flow.evidence = sum.flow.evidence.min(less.flow.evidence);
    sum.flow.translated.extend(&less.flow.translated);
    sum.flow.remembered = Some(latest(&moments(&more.flow), &moments(&less.flow)));
    sum.asked = sum.asked.max(less.asked);
    sum.said = sum.said.max(less.said);
    for process in &less.processes {
        if !sum.processes.contains(process) {
            sum.processes.push(process.clone());
        }
    }
    sum
}

/// When a flow was last answered, refused, one-way and accepted. What is not of a history was all of it when it was last seen.
fn moments(flow: &Flow) -> Remembered {
    flow.remembered.unwrap_or_else(|| {
        let is = |outcome| (flow.outcome() == outcome).then_some(flow.last);
        Remembered {
            answered: is(Outcome::Established),
            refused: is(Outcome::Refused),
            one_way: is(Outcome::OneWay),
            accepted: is(Outcome::Accepted),
        }
    })
}

fn latest(one: &Remembered, other: &Remembered) -> Remembered {
    Remembered {
        answered: one.answered.max(other.answered),
        refused: one.refused.max(other.refused),
        one_way: one.one_way.max(other.one_way),
        accepted: one.accepted.max(other.accepted),
    }
}

/// What all hosts saw together, as one flow. Its counts are those of one of them, the client's host first: that knows best what
/// the client asked and what came back.
fn together(sightings: &[Sighting<'_>], fleet: &Fleet) -> Option<Flow> {
    let in_order = |one: &&Sighting<'_>| {
        let flow = &one.state.flow;
        let tells_little = matches!(flow.outcome(), Outcome::Accepted | Outcome::Unknown);
        (tells_little, one.end)
    };
    let basis = sightings.iter().min_by_key(in_order)?;
    let mut flow = basis.state.flow.clone();
    let mut came_of = Remembered::default();
    for Sighting { state, .. } in sightings {
        let more = &state.flow;
        flow.first = flow.first.min(more.first);
        flow.last = flow.last.max(more.last);
        flow.evidence = flow.evidence.min(more.evidence);
        flow.translated.extend(&more.translated);
        flow.client_port = match (flow.client_port, more.client_port) {
            (Some(one), Some(other)) => (one == other).then_some(one),
            (one, other) => one.or(other),
        };
        if flow.tunnel != more.tunnel {
            flow.tunnel = None;
        }
        came_of = latest(&came_of, &moments(more));
    }
    // A connection that went on shows that its client was answered, wherever that is seen. An answer to a datagram that left the
    // server's host has not come to the client's yet.
    let is_stream = matches!(flow.protocol, protocol::TCP | protocol::SCTP);
    let client = sightings
        .iter()
        .find(|one| matches!(one.end, End::Client | End::Both));
    if let Some(client) = client
        && !is_stream
        && !fleet.may_hide_answer(flow.client, flow.server)
    {
        came_of.answered = moments(&client.state.flow).answered;
    }
    flow.remembered = Some(came_of);
    Some(flow)
}

/// Leaves out what one host takes for a conversation the other way round by a guess, where another host knows better.
fn without_turned(mut conversations: Vec<Conversation<'_>>) -> Vec<Conversation<'_>> {
    let mut guesses: BTreeMap<Key, Vec<usize>> = BTreeMap::new();
    for (at, conversation) in conversations.iter().enumerate() {
        if let Some(key) = turned(&conversation.flow) {
            guesses.entry(key).or_default().push(at);
        }
    }
    if guesses.is_empty() {
        return conversations;
    }
    let mut wrong: HashMap<usize, usize> = HashMap::new();
    for (at, conversation) in conversations.iter().enumerate() {
        if !conversation.flow.is_guess()
            && let Some(turned) = guesses.get(&Key::of(&conversation.flow))
        {
            wrong.extend(turned.iter().map(|guess| (*guess, at)));
        }
    }
    let hosts = |conversation: &Conversation<'_>| -> Vec<usize> {
        conversation.sightings.iter().map(|one| one.host).collect()
    };
    for at in 0..conversations.len() {
        let Some(right) = wrong.get(&at) else {
            continue;
        };
        let by = conversations.get(at).map(hosts).unwrap_or_default();
        if let Some(right) = conversations.get_mut(*right) {
            right.turned_by.extend(by);
        }
    }
    let mut at = 0;
    conversations.retain(|_| {
        at += 1;
        !wrong.contains_key(&(at - 1))
    });
    conversations
}
