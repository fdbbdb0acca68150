//! The states of all hosts and a policy to verdicts: the audit's own, from the viewpoint of all hosts at once.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use auditor_common::Direction;
use jiff::{SignedDuration, Timestamp};

use super::{
    conversation::{Conversation, join},
    course::{Course, Courses, Loss, View},
    message::{ConfigurationDigest, HostState},
    shard::Key,
    state::{FleetState, HostRecord},
};
use crate::{
    audit::{self, Audit, Hiding, Policy, Severity, is_on},
    observed::{Fleet, Hook, Host, Interface, Listener, Member, Observed, Outcome, Sight, Window},
    report::schema::Part,
};

/// A host that has missed so many of its own times to speak is silent.
const MISSED: i32 = 3;

/// What all hosts observed, before it is judged.
#[derive(Clone, Debug)]
pub struct Overview<'a> {
    pub hosts: Vec<HostView<'a>>,
    pub views: Vec<View>,
    pub observed: Observed,
    pub conversations: Vec<Conversation<'a>>,
}

/// A host, and whether its word counts now.
#[derive(Clone, Debug, PartialEq)]
pub struct HostView<'a> {
    pub name: &'a str,
    pub state: &'a HostState,
    pub record: &'a HostRecord,
    /// When it last spoke, by the server's clock.
    pub spoke: Timestamp,
    pub is_silent: bool,
    /// What it compares with that others do not.
    pub differs: Vec<String>,
    /// What was pushed was pushed so lately that it may not have taken it over yet.
    pub is_taking_over: bool,
    /// Another machine of its name.
    pub other_machine: Option<&'a str>,
    pub n_flows: usize,
}

/// What is to be judged, beside the states.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    pub now: Timestamp,
    pub window: SignedDuration,
    /// Since when the servers can be heard: before that nobody's silence is known. `None` where they always could.
    pub heard_since: Option<Timestamp>,
    /// What the fleet compares with.
    pub configuration: &'a ConfigurationDigest,
    /// When that was pushed, where it was.
    pub pushed: Option<Timestamp>,
}

/// The verdicts on a fleet.
#[derive(Clone, Debug)]
pub struct FleetVerdict<'a> {
    pub hosts: Vec<HostView<'a>>,
    pub observed: Observed,
    pub conversations: Vec<Conversation<'a>>,
    pub audit: Audit,
    /// What became of each conversation.
    pub courses: Vec<Course>,
    pub losses: Vec<Option<Loss>>,
    /// For each rule, who took part.
    pub rules: Vec<RuleView>,
}

/// Which hosts took part in a rule.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct RuleView {
    /// Hosts with a flow of the rule, by their index.
    pub seen: BTreeSet<usize>,
    /// Those of its clients, and of its servers, that saw all of theirs and nothing of the rule.
    pub missing: Vec<(usize, Part)>,
    /// Those that may have missed it.
    pub unassessed: Vec<usize>,
    pub hiding: Hiding,
}

impl<'a> Overview<'a> {
    /// Joins what all hosts saw in the window.
    pub fn of(state: &'a FleetState, question: Question<'_>) -> Self {
        let Question {
            now,
            window,
            heard_since,
            configuration,
            pushed,
        } = question;
        let start = now.checked_sub(window).unwrap_or(now);
        let (mut hosts, mut views, mut members) = (Vec::new(), Vec::new(), Vec::new());
        for (name, record) in &state.hosts {
            let Some((said, stored)) = &record.host else {
                continue;
            };
            let host = host(
                name,
                record,
                (said, *stored),
                configuration,
                (now, heard_since, pushed),
            );
            let offset = record.offset();
            let moved = |at: Timestamp| at.checked_add(offset).unwrap_or(at);
            let has_gap = said
                .gaps
                .iter()
                .any(|gap| gap.hides && gap.until.is_none_or(|until| start <= moved(until)));
            let is_whole = !has_gap
                && said.unwatched.is_empty()
                && said.flows_left_out == 0
                && host.other_machine.is_none();
            members.push(Member {
                name: (*name).clone(),
                addresses: said.addresses.clone(),
                sight: sight(&host, is_whole && moved(said.since) <= start, has_gap),
            });
            views.push(View {
                at: moved(said.at),
                since: moved(said.since),
                lag: said.window / LAG_PARTS + 2 * said.every,
                is_whole,
            });
            hosts.push(host);
        }
        let fleet = Fleet::new(members);
        let records: Vec<&HostRecord> = hosts.iter().map(|host| host.record).collect();
        let mut conversations = join(&records, &fleet);
        // What hosts keep for a rule with a time of its own is judged by that; of the future nobody knows.
        conversations.retain(|one| one.flow.first <= now);
        let observed = observed(&hosts, fleet, &conversations, (start, now, window));
        Self {
            hosts,
            views,
            observed,
            conversations,
        }
    }

    /// Judges it by the policy that was made for its hosts.
    pub fn judge(self, policy: &Policy) -> FleetVerdict<'a> {
        let Self {
            hosts,
            views,
            observed,
            conversations,
        } = self;
        let audit = audit::judge(policy, &observed);
        let Some(fleet) = &observed.host.fleet else {
            return FleetVerdict {
                hosts,
                observed,
                conversations,
                audit,
                courses: Vec::new(),
                losses: Vec::new(),
                rules: Vec::new(),
            };
        };
        let with = Courses {
            fleet,
            views: &views,
            start: observed.window.start,
        };
        let arrived = arrived(&conversations, observed.window.start);
        let listening = |one: &Conversation<'_>| {
            let flow = &one.flow;
            let transport = flow.transport().filter(|transport| transport.has_ports())?;
            fleet
                .watches(flow.server)
                .then(|| observed.host.listens_at(transport, flow.server, flow.port))
        };
        let courses = conversations
            .iter()
            .map(|one| {
                let behind = one.flow.translated.iter().any(|real| {
                    arrived.contains(&Key {
                        endpoints: *real,
                        protocol: one.flow.protocol,
                    })
                });
                with.of(one, listening(one), behind)
            })
            .collect();
        let losses = conversations.iter().map(|one| with.loss(one)).collect();
        let rules = policy
            .rules
            .iter()
            .zip(&audit.rules)
            .map(|(rule, finding)| {
                let mut view = RuleView {
                    hiding: Hiding::of(fleet, rule),
                    ..RuleView::default()
                };
                if !rule.applies {
                    return view;
                }
                let flows = finding.flows.iter();
                let flows = flows.filter_map(|at| conversations.get(*at));
                let (mut asked, mut served) = (BTreeSet::new(), BTreeSet::new());
                for one in flows {
                    asked.extend(fleet.holder(one.flow.client));
                    served.extend(fleet.holder(one.flow.server));
                    view.seen.extend(one.sightings.iter().map(|it| it.host));
                }
                for (at, member) in fleet.members().iter().enumerate() {
                    for (side, took_part, part) in [
                        (&rule.client, &asked, Part::Client),
                        (&rule.server, &served, Part::Server),
                    ] {
                        if took_part.contains(&at) || !is_on(member, side) {
                            continue;
                        }
                        if view.hiding.members.contains(&at) {
                            view.unassessed.push(at);
                        } else {
                            view.missing.push((at, part));
                        }
                    }
                }
                view.unassessed.dedup();
                view
            })
            .collect();
        FleetVerdict {
            hosts,
            observed,
            conversations,
            audit,
            courses,
            losses,
            rules,
        }
    }
}

/// A host says of a flow that goes on what it counted at least once in such a part of its window.
pub const LAG_PARTS: i32 = 10;

/// The keys of the conversations that a server's host heard, or that were answered.
fn arrived(conversations: &[Conversation<'_>], start: Timestamp) -> HashSet<Key> {
    // Only what is behind a translation is asked for.
    let real: HashSet<Key> = conversations
        .iter()
        .flat_map(|one| {
            one.flow.translated.iter().map(|real| Key {
                endpoints: *real,
                protocol: one.flow.protocol,
            })
        })
        .collect();
    conversations
        .iter()
        .filter(|one| real.contains(&Key::of(&one.flow)))
        .filter(|one| {
            let is_answered = one.flow.outcome_since(start) == Outcome::Established;
            let heard = one
                .sightings
                .iter()
                .filter(|it| it.state.flow.client_direction == Some(Direction::Ingress));
            is_answered
                || heard
                    .filter_map(|it| it.state.asked)
                    .any(|asked| start <= asked)
        })
        .map(|one| Key::of(&one.flow))
        .collect()
}

fn host<'a>(
    name: &'a str,
    record: &'a HostRecord,
    (state, stored): (&'a HostState, Timestamp),
    configuration: &ConfigurationDigest,
    (now, heard_since, pushed): (Timestamp, Option<Timestamp>, Option<Timestamp>),
) -> HostView<'a> {
    let since = heard_since.map_or(stored, |since| stored.max(since));
    HostView {
        name,
        state,
        record,
        spoke: stored,
        is_silent: MISSED * state.every < now.duration_since(since),
        differs: differences(&state.configuration, configuration),
        is_taking_over: pushed.is_some_and(|at| now.duration_since(at) < MISSED * state.every),
        other_machine: record.other_machine(),
        n_flows: record
            .shards
            .keys()
            .filter_map(|shard| record.shard(*shard))
            .map(|shard| {
                let own =
                    |flow: &&super::message::FlowState| Key::of(&flow.flow).shard() == shard.shard;
                shard.flows.iter().filter(own).count()
            })
            .sum(),
    }
}

/// What one compares with and the other does not.
fn differences(one: &ConfigurationDigest, other: &ConfigurationDigest) -> Vec<String> {
    let mut differences = Vec::new();
    if one.deployment != other.deployment {
        differences.push("the deployment".to_owned());
    }
    let names: BTreeSet<&String> = one.matrices.keys().chain(other.matrices.keys()).collect();
    for name in names {
        if one.matrices.get(name) != other.matrices.get(name) {
            differences.push(format!("the matrix {name}"));
        }
    }
    differences
}

/// `is_whole` if it saw all of its own traffic in the window.
fn sight(host: &HostView<'_>, is_whole: bool, has_gap: bool) -> Sight {
    let watching = |hidden: BTreeSet<String>, idle: BTreeSet<String>| Sight::Watching {
        hidden,
        idle,
        has_gap,
    };
    let state = host.state;
    if host.is_silent || state.flows_left_out != 0 || host.other_machine.is_some() {
        Sight::Nothing
    } else if host.differs.is_empty() {
        watching(state.hidden.clone(), state.idle.clone())
    } else if is_whole {
        // Its flows are what they are; what it says of rules is about other ones.
        watching(BTreeSet::new(), BTreeSet::new())
    } else {
        Sight::Nothing
    }
}

/// All hosts as one.
fn observed(
    hosts: &[HostView<'_>],
    fleet: Fleet,
    conversations: &[Conversation<'_>],
    (start, now, window): (Timestamp, Timestamp, SignedDuration),
) -> Observed {
    let mut all = Host {
        name: "the fleet".to_owned(),
        ..Host::default()
    };
    for host in hosts {
        let state = host.state;
        let own = state.addresses.iter().filter(|one| !one.is_loopback());
        all.addresses.extend(own.clone());
        all.networks.extend(&state.networks);
        for listener in &state.listeners {
            if listener.address.is_unspecified() {
                // A socket of IPv4 takes no IPv6.
                let taken = own
                    .clone()
                    .filter(|address| listener.address.is_ipv6() || address.is_ipv4());
                all.listeners.extend(taken.map(|address| Listener {
                    address: *address,
                    ..*listener
                }));
            } else {
                all.listeners.insert(*listener);
            }
        }
    }
    all.fleet = Some(fleet);
    Observed {
        host: all,
        window: Window::new(start, now, window),
        // What stays on a loopback is its host's alone, and is not published.
        interfaces: vec![Interface {
            name: String::new(),
            ingress: Hook::Tc,
            egress: Some(Hook::Tc),
            is_loopback: false,
        }],
        flows: conversations.iter().map(|one| one.flow.clone()).collect(),
        ..Observed::default()
    }
}

impl FleetVerdict<'_> {
    /// How many findings there are of each severity: those of the audit, and of hosts that say nothing that counts.
    pub fn severities(&self) -> BTreeMap<Severity, usize> {
        let flows = self.audit.flows.iter().map(|finding| finding.severity);
        let rules = self.audit.rules.iter().map(|finding| finding.severity);
        let mut counts = BTreeMap::new();
        for severity in flows.chain(rules) {
            *counts.entry(severity).or_default() += 1;
        }
        counts
    }
}
