//! One rule to its verdict, as seen from this host.

use std::{collections::BTreeSet, net::IpAddr};

use auditor_common::{
    Direction, Reason,
    packet::{ROUTING, is_group},
    port::protocol,
};
use jiff::Timestamp;

use super::{
    fleet::{self, Hiding},
    in_vain::{InVain, in_vain},
    policy::{Policy, PolicyRule, RoleCheck, Side, port_ranges},
    verdict::{FlowFinding, FlowVerdict, PeersSeen, PortsSeen, RuleFinding, RuleVerdict, Severity},
};
use crate::{
    address::{self, AddressSet},
    matrix::{Presence, RulePorts},
    observed::{Cause, Flow, Gap, Host, Observed, Outcome, REPLY_TIMEOUT, Way},
    port::{PortRange, PortSet},
    transport::Transport,
};

pub(super) fn judge(
    policy: &Policy,
    observed: &Observed,
    unread: &[&Flow],
    rule: &PolicyRule,
    flows: Vec<usize>,
    doubted: Option<Timestamp>,
) -> RuleFinding {
    let knows_roles = policy.check != RoleCheck::Nothing;
    let context = RuleContext {
        rule,
        observed,
        unread,
        from: rule
            .rule
            .within
            .map_or(observed.window.start, |within| observed.window.end - within),
        doubted,
    };
    let flows = context.recent(flows);
    let verdict = context.verdict(&flows);
    // Without roles it is unknown whether this host takes part in the rule, so absent traffic says nothing.
    let takes_part = matches!(
        verdict,
        RuleVerdict::Missing | RuleVerdict::Unassessed | RuleVerdict::Respected
    );
    let verdict = if takes_part && !knows_roles {
        RuleVerdict::Unresolved
    } else {
        verdict
    };
    // Where nothing was seen, nor an answer of this host's: traffic that leaves by interfaces that are not watched can't be. What others ask may come in by
    // one that is watched all the same, so that is not known.
    let way = if verdict == RuleVerdict::Unanswered && rule.server.is_ours {
        context.way_back(&flows)
    } else {
        context.way().filter(|_| takes_part)
    };
    let way = way.filter(|way| knows_roles && !way.unwatched.is_empty());
    let (verdict, unwatched) = match way {
        Some(way) if !way.is_watched && !rule.server.is_ours => {
            (RuleVerdict::Unobservable, way.unwatched)
        }
        Some(way) => (RuleVerdict::Unassessed, way.unwatched),
        None => (verdict, BTreeSet::new()),
    };
    let is_server = knows_roles && rule.server.is_ours;
    // The sockets of a captured host are not known.
    let knows_sockets = is_server && !observed.host.is_captured;
    let listening = knows_sockets.then(|| listens(rule, observed)).flatten();
    let in_vain = if verdict == RuleVerdict::Observed {
        context.in_vain(&flows)
    } else {
        InVain::new()
    };
    // The rule's traffic is there, so no more than a warning.
    let of_members = in_vain.values().map(|outcome| {
        let verdict = if *outcome == Outcome::Refused {
            RuleVerdict::Refused
        } else {
            RuleVerdict::Unanswered
        };
        severity(rule, verdict).min(Severity::Warning)
    });
    RuleFinding {
        severity: if verdict == RuleVerdict::Unresolved && !knows_roles {
            Severity::Fine
        } else {
            of_members.fold(severity(rule, verdict), Severity::max)
        },
        verdict,
        in_vain,
        is_server,
        is_client: knows_roles && rule.client.is_ours,
        listening,
        unresolved: rule
            .client
            .unresolved
            .iter()
            .chain(&rule.server.unresolved)
            .collect::<BTreeSet<_>>()
            .into_iter()
            .cloned()
            .collect(),
        unwatched,
        ports: context.ports(&flows),
        peers: context.peers(&flows),
        certainty: None,
        flows,
    }
}

/// IPv6's hop-by-hop options, routing, fragment, authentication and destination options.
const EXTENSION_HEADERS: [u8; 5] = [0, 43, 44, 51, 60];

/// Whether a flow is of packets that have more extension headers than are followed, so that nothing is known but addresses.
pub(super) fn is_unread(flow: &Flow) -> bool {
    EXTENSION_HEADERS.contains(&flow.protocol)
}

/// Those of the flows whose ports could not be read.
pub(super) fn unread(flows: &[Flow]) -> Vec<&Flow> {
    let is_hidden = |flow: &&Flow| {
        is_unread(flow) && (flow.protocol != ROUTING || has_left(flow)) || is_encrypted(flow)
    };
    flows.iter().filter(is_hidden).collect()
}

/// The ports of DHCP's servers and clients, of both versions of IP.
const DHCP: [(u16, u16); 2] = [(67, 68), (547, 546)];

/// The encapsulating security payload (RFC 4303).
const ESP: u8 = 50;

/// Whether a flow is of encrypted packets, which may carry any conversation between its two hosts. This host encrypts for nobody
/// without a key that both have, so what came in alone carries nothing.
fn is_encrypted(flow: &Flow) -> bool {
    flow.protocol == ESP && has_left(flow)
}

/// Whether something of the flow left this host, or may have.
const fn has_left(flow: &Flow) -> bool {
    match flow.client_direction {
        Some(Direction::Egress) => 0 < flow.to_server.packets,
        Some(Direction::Ingress) => 0 < flow.to_client.packets,
        None => true,
    }
}

/// The flows of each rule, by ascending index.
pub(super) fn flows(n_rules: usize, findings: &[FlowFinding]) -> Vec<Vec<usize>> {
    let mut flows = vec![Vec::new(); n_rules];
    for (at, finding) in findings.iter().enumerate() {
        // What is allowed only if its sides were guessed wrong, or for the sake of another flow, says nothing of the rule.
        if finding.benefit_of_doubt || finding.related_to.is_some() {
            continue;
        }
        let lists = match &finding.verdict {
            FlowVerdict::Documented { rules } => [&rules[..], &[]],
            // Excepted or not, the traffic of a rule that forbids it was seen, and that of one that allows it.
            FlowVerdict::Forbidden { rules, allowing } => [&rules[..], allowing],
            FlowVerdict::Excepted {
                forbidding,
                allowing,
                ..
            } => [&forbidding[..], allowing],
            FlowVerdict::Unexpected { .. } => [&finding.partly[..], &[]],
            FlowVerdict::Housekeeping => continue,
        };
        for rule in lists.into_iter().flatten() {
            if let Some(flows) = flows.get_mut(*rule) {
                flows.push(at);
            }
        }
    }
    flows
}

/// One rule, what was observed, and the start of the time on which the rule is judged.
struct RuleContext<'a> {
    rule: &'a PolicyRule,
    observed: &'a Observed,
    /// Flows whose ports could not be read.
    unread: &'a [&'a Flow],
    from: Timestamp,
    /// When a flow was last seen that is the rule's if its sides were guessed wrong.
    doubted: Option<Timestamp>,
}

impl RuleContext<'_> {
    fn flows<'a>(&'a self, flows: &'a [usize]) -> impl Iterator<Item = &'a Flow> {
        flows.iter().filter_map(|at| self.observed.flows.get(*at))
    }

    /// Those of the flows that had a packet in the rule's time.
    fn recent(&self, mut flows: Vec<usize>) -> Vec<usize> {
        let is_recent = |flow: &Flow| self.from <= flow.last;
        flows.retain(|at| self.observed.flows.get(*at).is_some_and(is_recent));
        flows
    }

    fn verdict(&self, flows: &[usize]) -> RuleVerdict {
        let Self {
            rule,
            observed,
            unread: _,
            from,
            doubted,
        } = *self;
        if !rule.applies {
            return RuleVerdict::Off;
        }
        let forbidden = rule.rule.presence == Presence::Forbidden;
        let outcomes: Vec<Outcome> = self
            .flows(flows)
            .map(|flow| flow.outcome_since(from))
            .collect();
        if !outcomes.is_empty() && forbidden {
            return RuleVerdict::Violated;
        }
        if outcomes.contains(&Outcome::Established) {
            return RuleVerdict::Observed;
        }
        // Who only connects was let in: this host's own kernel says so where it asked. Where it was asked, the opening may be in
        // anybody's name.
        let hung_up =
            |flow: &&Flow| flow.outcome_since(from) == Outcome::Accepted && flow.hung_up();
        if self
            .flows(flows)
            .filter(hung_up)
            .any(|flow| self.is_client(flow))
        {
            return RuleVerdict::Observed;
        }
        if outcomes.contains(&Outcome::Refused) {
            return RuleVerdict::Refused;
        }
        // Who goes on was answered, but only the client's word says so.
        if outcomes.contains(&Outcome::OneWay) {
            return RuleVerdict::Unassessed;
        }
        if self.flows(flows).any(|flow| hung_up(&flow)) {
            return RuleVerdict::Unassessed;
        }
        // What opened as the window closed may have gone on after it.
        let closes = |flow: &Flow| observed.window.end.duration_since(flow.first) < REPLY_TIMEOUT;
        if outcomes
            .iter()
            .any(|one| matches!(one, Outcome::Accepted | Outcome::Unknown))
            && self
                .flows(flows)
                .any(|flow| 0 < flow.requests && closes(flow))
        {
            return RuleVerdict::Unassessed;
        }
        // What tells nothing of an answer is no traffic of the rule's either: a reset's question, an answer to nothing.
        if outcomes.contains(&Outcome::Attempted) {
            // A request from the end of the window may have been answered after it.
            let too_late = self.flows(flows).all(closes);
            return if too_late || self.may_hide_answer(flows) {
                RuleVerdict::Unassessed
            } else {
                RuleVerdict::Unanswered
            };
        }
        if !forbidden && self.was_asked_of_all() {
            return RuleVerdict::Observed;
        }
        if rule.client.is_unresolved() || rule.server.is_unresolved() {
            return RuleVerdict::Unresolved;
        }
        if !rule.client.is_ours && !rule.server.is_ours {
            return RuleVerdict::Elsewhere;
        }
        let fleet = observed.host.fleet.as_ref();
        let has_peer = if let Some(fleet) = fleet {
            fleet::has_pair(fleet, rule)
        } else {
            rule.client.is_ours && rule.server.has_others(&observed.host)
                || rule.server.is_ours && rule.client.has_others(&observed.host)
        };
        let watches_loopback = observed
            .interfaces
            .iter()
            .any(|interface| interface.is_loopback);
        if (rule.rule.loopback || !has_peer) && !watches_loopback {
            return RuleVerdict::Unobservable;
        }
        if !forbidden && self.is_open() {
            return RuleVerdict::Idle;
        }
        let was_blind = self.has_unread(from)
            || fleet.is_some_and(|fleet| !Hiding::of(fleet, rule).is_nothing())
            || observed
                .gaps
                .iter()
                .any(|gap| gap.reaches(from) && self.may_hide(gap));
        if was_blind || from < observed.window.since {
            return RuleVerdict::Unassessed;
        }
        // This host answers whom it did not hear: what was asked came by where nobody watches.
        if self
            .flows(flows)
            .any(|flow| is_answer_alone(flow, &observed.host))
        {
            return RuleVerdict::Unassessed;
        }
        // It is as possible that this was the rule's traffic as that it was not.
        if doubted.is_some_and(|last| from <= last) {
            return RuleVerdict::Unassessed;
        }
        if forbidden {
            RuleVerdict::Respected
        } else if has_moved(rule, &observed.host) {
            // It had the rule's part for some of the time, and whoever has it now sees its traffic.
            RuleVerdict::Unassessed
        } else {
            RuleVerdict::Missing
        }
    }

    /// Whether this host asked, as far as its packets tell; of a capture, whose packets have no direction, its address does.
    fn is_client(&self, flow: &Flow) -> bool {
        let host = &self.observed.host;
        flow.is_client_here() || host.is_captured && host.has(flow.client)
    }

    /// Whether the rule's service is DHCP's, which clients without an address ask of all hosts (RFC 2131, section 4.1; RFC 8415,
    /// section 7.1), and one of its servers was heard to answer one of its clients.
    fn was_asked_of_all(&self) -> bool {
        let Self {
            rule,
            observed,
            from,
            ..
        } = *self;
        if rule.rule.transport != Transport::Udp {
            return false;
        }
        let holds = |side: &Side, address: IpAddr| {
            let addresses = side.addresses.as_ref();
            addresses.is_none_or(|addresses| addresses.contains(address))
        };
        let mut ports = DHCP.iter();
        ports.any(|(server_port, client_port)| {
            let recent = observed.flows.iter().filter(|flow| {
                flow.protocol == protocol::UDP && from <= flow.last && observed.host.fleet.is_none()
            });
            let is_asked = |flow: &Flow| {
                flow.port == *server_port
                    && 0 < flow.to_server.packets
                    && (observed.host.broadcasts().contains(&flow.server)
                        || is_group(&address::to_bytes(flow.server)))
            };
            let is_answer = |flow: &Flow| {
                let (server, client, is_said) = if flow.port == *server_port {
                    (flow.server, flow.client, 0 < flow.to_client.packets)
                } else {
                    let is_its =
                        flow.port == *client_port && flow.client_port == Some(*server_port);
                    let is_said = is_its && 0 < flow.to_server.packets;
                    (flow.client, flow.server, is_said)
                };
                is_said && holds(&rule.server, server) && holds(&rule.client, client)
            };
            rule.rule.ports.contains(*server_port)
                && recent.clone().any(is_asked)
                && recent.clone().any(is_answer)
        })
    }

    /// Whether this host has a connection open that the rule allows.
    fn is_open(&self) -> bool {
        let Self { rule, observed, .. } = *self;
        if rule.rule.transport != Transport::Tcp {
            return false;
        }
        let host = &observed.host;
        if let Some(fleet) = &host.fleet {
            return fleet::is_idle(fleet, rule);
        }
        let holds = |side: &Side, address: IpAddr| {
            side.addresses
                .as_ref()
                .is_none_or(|addresses| addresses.contains(address))
        };
        host.connections.iter().any(|connection| {
            let (local, remote) = (connection.local, connection.remote);
            // Who listens on its port was asked.
            let is_server = host.serves(protocol::TCP, local.0, local.1);
            let (client, server) = if is_server {
                (remote, local)
            } else {
                (local, remote)
            };
            holds(&rule.client, client.0)
                && holds(&rule.server, server.0)
                && rule.rule.ports.contains(server.1)
        })
    }

    /// Whether packets between the rule's sides came whose ports could not be read: they have more extension headers than are
    /// followed, and are in a flow of the next one's protocol, or they are encrypted.
    fn has_unread(&self, from: Timestamp) -> bool {
        let holds = |side: &Side, address: IpAddr| {
            side.addresses
                .as_ref()
                .is_none_or(|addresses| addresses.contains(address))
        };
        let rule = self.rule;
        self.unread.iter().any(|flow| {
            // What has a part of its way before it may be for anybody.
            let is_whole = flow.protocol != ROUTING;
            from <= flow.last
                && [(flow.client, flow.server), (flow.server, flow.client)]
                    .iter()
                    .any(|(one, other)| {
                        let is_client = holds(&rule.client, *one);
                        let is_server = holds(&rule.server, *other);
                        is_client && is_server || !is_whole && (is_client || is_server)
                    })
        })
    }

    /// The way to the other hosts of the rule; `None` where it is not known, or where no other host takes part.
    fn way(&self) -> Option<Way> {
        let rule = self.rule;
        if rule.rule.loopback {
            return None;
        }
        let sides = [
            (rule.client.is_ours, &rule.server),
            (rule.server.is_ours, &rule.client),
        ];
        let host = &self.observed.host;
        let mut all: Option<Way> = None;
        for (_, side) in sides.iter().filter(|(is_ours, _)| *is_ours) {
            // If nothing is known of the other hosts of one side, nothing is known of all.
            if !side.has_others(host) {
                continue;
            }
            let way = host.ways.to(side.addresses.as_ref()?, &host.addresses)?;
            let sum = all.get_or_insert_default();
            sum.is_watched |= way.is_watched;
            sum.unwatched.extend(way.unwatched);
        }
        all
    }

    /// The way of this host's answers to those who asked it in vain; `None` where it is not known.
    fn way_back(&self, flows: &[usize]) -> Option<Way> {
        let host = &self.observed.host;
        let asked = self.flows(flows).filter(|flow| {
            host.has(flow.server) && flow.outcome_since(self.from) == Outcome::Attempted
        });
        let clients: AddressSet = asked.map(|flow| flow.client).collect();
        host.ways.to(&clients, &host.addresses)
    }

    /// Whether a gap may have hidden the answer to what was asked.
    fn may_hide_answer(&self, flows: &[usize]) -> bool {
        if let Some(fleet) = &self.observed.host.fleet {
            let asked = self
                .flows(flows)
                .filter(|flow| flow.outcome_since(self.from) == Outcome::Attempted);
            return asked
                .into_iter()
                .all(|flow| fleet.may_hide_answer(flow.client, flow.server));
        }
        let (is_client, is_server) = (self.rule.client.is_ours, self.rule.server.is_ours);
        let hides = |gap: &Gap| match &gap.cause {
            Cause::Detached { .. } | Cause::Stalled | Cause::PacketsUnread { .. } => true,
            // An answer that found no room is counted by the port that was asked, as the question would be.
            Cause::Uncounted {
                reason: Reason::TableFull | Reason::Unproven,
                ..
            } => self.may_hide(gap),
            Cause::Behind { direction, .. } | Cause::Blind { direction, .. } => match direction {
                Direction::Ingress => is_client,
                Direction::Egress => is_server,
            },
            Cause::CutShort { .. }
            | Cause::Unwatched
            | Cause::InterfaceLost { .. }
            | Cause::InterfaceLate { .. }
            | Cause::InterfaceRefused { .. }
            | Cause::CountedBefore { .. }
            | Cause::NotWatched { .. }
            | Cause::NothingToWatch
            | Cause::Asleep { .. }
            | Cause::Unread { .. }
            | Cause::HistoryDamaged { .. }
            | Cause::Uncounted { .. } => false,
        };
        let gaps = self.observed.gaps.iter();
        gaps.filter(|gap| gap.reaches(self.from)).any(hides)
    }

    /// The rule's services that were asked in vain; none where a gap may have hidden their answers.
    fn in_vain(&self, flows: &[usize]) -> InVain {
        let all: Vec<&Flow> = self.flows(flows).collect();
        let mut found = in_vain(self.rule, self.observed, &all, self.from);
        if found.values().any(|outcome| *outcome == Outcome::Attempted)
            && self.may_hide_answer(flows)
        {
            found.retain(|_, outcome| *outcome == Outcome::Refused);
        }
        found
    }

    /// Whether a gap may have hidden the rule's traffic.
    fn may_hide(&self, gap: &Gap) -> bool {
        let (is_client, is_server) = (self.rule.client.is_ours, self.rule.server.is_ours);
        // Of an earlier run it is not known any more which ports these were.
        let since = self.observed.tallied_since;
        let is_tallied = gap.until.is_none_or(|until| since < until);
        match &gap.cause {
            // A client's requests leave, a server's come in; what is known of the other direction is not hidden.
            Cause::Behind { direction, .. } | Cause::Blind { direction, .. } => match direction {
                Direction::Ingress => is_server,
                Direction::Egress => is_client,
            },
            Cause::CountedBefore { .. } | Cause::HistoryDamaged { .. } => false,
            // Where the ways to all others are known, this one is among them or not.
            Cause::NotWatched { name, .. } => {
                self.way().is_none_or(|way| way.unwatched.contains(name))
            }
            // Packets without a bucket are counted by port: the server's, or the lower of both if the server was not known.
            // So the rule's port may be the other, higher one.
            Cause::Uncounted {
                reason: Reason::TableFull,
                ..
            } => {
                !is_tallied
                    || self.observed.lost.keys().any(|lost| {
                        Transport::from_protocol(lost.protocol) == Some(self.rule.rule.transport)
                            && port_ranges(&self.rule.rule.ports)
                                .iter()
                                .any(|(_, last)| lost.port <= *last)
                    })
            }
            // These came in, or answered what did, each counted by the port that was asked.
            Cause::Uncounted {
                reason: Reason::Unproven,
                ..
            } => is_server && (!is_tallied || self.may_be_unproven()),
            // This host sends no such frames.
            Cause::Uncounted {
                reason: Reason::PriorityTags,
                ..
            } => is_server,
            Cause::CutShort { .. }
            | Cause::Unwatched
            | Cause::InterfaceLost { .. }
            | Cause::InterfaceLate { .. }
            | Cause::InterfaceRefused { .. }
            | Cause::Detached { .. }
            | Cause::NothingToWatch
            | Cause::Asleep { .. }
            | Cause::Stalled
            | Cause::Unread { .. }
            | Cause::PacketsUnread { .. }
            | Cause::Uncounted { .. } => true,
        }
    }

    /// Whether what a client of the rule asked may be among what proved nothing and is in no flow.
    fn may_be_unproven(&self) -> bool {
        let unproven = &self.observed.unproven;
        let ranges = port_ranges(&self.rule.rule.ports);
        let is_asked = |protocol: u8, port: u16| {
            Transport::from_protocol(protocol) == Some(self.rule.rule.transport)
                && ranges
                    .iter()
                    .any(|(first, last)| (*first..=*last).contains(&port))
        };
        let is_client = |sender| {
            let addresses = self.rule.client.addresses.as_ref();
            addresses.is_none_or(|addresses| addresses.contains(sender))
        };
        // Of those that found no room, nothing is left but the port.
        let mut lost = self.observed.lost.keys();
        lost.any(|lost| is_asked(lost.protocol, lost.port))
            || unproven.may_hold(is_client, is_asked)
    }

    /// Which ports of several were seen.
    fn ports(&self, flows: &[usize]) -> Option<PortsSeen> {
        let RulePorts::Set(ports) = &self.rule.rule.ports else {
            return None;
        };
        if flows.is_empty() || ports.len() < 2 {
            return None;
        }
        let seen: BTreeSet<u16> = self.flows(flows).map(|flow| flow.port).collect();
        let seen: BTreeSet<u16> = seen
            .into_iter()
            .filter(|port| ports.contains(*port))
            .collect();
        Some(PortsSeen {
            unseen: if self.rule.rule.alternatives {
                PortSet::default()
            } else {
                ports.without(&seen)
            },
            seen: seen.into_iter().map(PortRange::single).collect(),
        })
    }

    /// Which other hosts of the rule were seen.
    fn peers(&self, flows: &[usize]) -> Option<PeersSeen> {
        let host = &self.observed.host;
        let seen: BTreeSet<IpAddr> = self
            .flows(flows)
            .flat_map(|flow| [flow.client, flow.server])
            .filter(|address| !host.has(*address))
            .collect();
        if seen.is_empty() {
            return None;
        }
        let unseen = others(self.rule, &self.observed.host)
            .map(|others| others.difference(&seen).copied().collect());
        Some(PeersSeen { seen, unseen })
    }
}

/// The other hosts that a rule names for this one; `None` where there are none, where its roles have too many addresses to
/// be lists of hosts, or where peers are not checked.
pub(super) fn others(rule: &PolicyRule, host: &Host) -> Option<BTreeSet<IpAddr>> {
    let sides = [
        (rule.client.is_ours, &rule.server),
        (rule.server.is_ours, &rule.client),
    ];
    let mut others = BTreeSet::new();
    for (_, side) in sides.iter().filter(|(is_ours, _)| *is_ours) {
        others.extend(side.addresses.as_ref()?.listed(MOST_PEERS)?);
    }
    others.retain(|address| !host.has(*address));
    (!others.is_empty()).then_some(others)
}

/// Whether this host takes part in a rule by addresses alone that it has no more.
pub fn has_moved(rule: &PolicyRule, host: &Host) -> bool {
    if host.former.is_empty() {
        return false;
    }
    let is_here = |side: &Side| {
        let mut own = host.addresses.difference(&host.former);
        let addresses = side.addresses.as_ref();
        side.is_ours && addresses.is_none_or(|side| own.any(|one| side.contains(*one)))
    };
    let had = |side: &Side| {
        let addresses = side.addresses.as_ref();
        let has = |side: &AddressSet| host.former.iter().any(|one| side.contains(*one));
        side.is_ours && addresses.is_some_and(has)
    };
    let sides: [&Side; 2] = [&rule.client, &rule.server];
    sides.into_iter().any(had) && !sides.into_iter().any(is_here)
}

/// Whether a flow is of answers that left this host, without a question: nothing came in, or fragments that do not tell what they
/// are. What a kernel says to any opening is no answer to the latter.
pub fn is_answer_alone(flow: &Flow, host: &Host) -> bool {
    let leaves = match flow.client_direction {
        Some(direction) => direction == Direction::Ingress,
        None => host.is_captured && host.has(flow.server),
    };
    let has_answered = if flow.to_server.packets == 0 {
        0 < flow.to_client.telling()
    } else {
        flow.replies < flow.to_client.telling()
    };
    leaves
        && flow.requests == 0
        && flow.to_server.packets == flow.to_server.fragments
        && has_answered
}

/// A role of more addresses is taken for a network, where not every address is expected to be a host.
const MOST_PEERS: usize = 64;

fn severity(rule: &PolicyRule, verdict: RuleVerdict) -> Severity {
    match verdict {
        RuleVerdict::Missing => match rule.rule.presence {
            Presence::Required => Severity::Violation,
            Presence::Expected => Severity::Warning,
            Presence::Optional | Presence::Forbidden => Severity::Note,
        },
        // A UDP service need not answer, so a missing answer is only a note.
        RuleVerdict::Unanswered if rule.rule.transport == Transport::Udp => Severity::Note,
        // A client that gets no reply has a problem, even if the rule's traffic is optional.
        RuleVerdict::Unanswered | RuleVerdict::Refused => match rule.rule.presence {
            Presence::Required => Severity::Violation,
            Presence::Expected | Presence::Optional | Presence::Forbidden => Severity::Warning,
        },
        RuleVerdict::Unassessed | RuleVerdict::Unresolved => match rule.rule.presence {
            Presence::Required => Severity::Warning,
            Presence::Expected | Presence::Optional | Presence::Forbidden => Severity::Note,
        },
        // The flows that violate the rule are violations of their own, so the rule does not count them again.
        RuleVerdict::Violated
        | RuleVerdict::Observed
        | RuleVerdict::Idle
        | RuleVerdict::Respected
        | RuleVerdict::Off
        | RuleVerdict::Elsewhere
        | RuleVerdict::Unobservable => Severity::Fine,
    }
}

/// Whether a socket listens on one of the rule's ports; `None` where that is not known.
fn listens(rule: &PolicyRule, observed: &Observed) -> Option<bool> {
    let found = match (&rule.rule.ports, rule.rule.transport) {
        (RulePorts::Set(ports), transport @ (Transport::Tcp | Transport::Udp)) => Some(
            observed
                .host
                .reached()
                .filter(|listener| listener.transport == transport && ports.contains(listener.port))
                .any(|listener| may_serve(rule, &observed.host, listener.address)),
        ),
        (RulePorts::Set(_) | RulePorts::Ephemeral | RulePorts::None, _) => None,
    };
    // Where not all servers of a fleet say so, one of the others may.
    let fleet = observed.host.fleet.as_ref();
    found.filter(|found| *found || fleet.is_none_or(|fleet| fleet::watches_servers(fleet, rule)))
}

/// Whether the rule's clients can reach a socket that is bound to an address: it is one of its servers', of a family that both have.
pub fn may_serve(rule: &PolicyRule, host: &Host, address: IpAddr) -> bool {
    if rule.rule.loopback {
        return true;
    }
    let has_family = |side: &Side| {
        side.addresses.as_ref().is_none_or(|addresses| {
            if address.is_ipv4() {
                addresses.has_ipv4()
            } else {
                addresses.has_ipv6()
            }
        })
    };
    // Who asks by an address that is translated to one of this host's is not asking one that it has.
    let is_servers = rule.server.addresses.as_ref().is_none_or(|addresses| {
        address.is_unspecified()
            || addresses.contains(address)
            || host.fleet.is_none() && !addresses.meets(&host.own())
    });
    !address.is_loopback() && is_servers && has_family(&rule.client) && has_family(&rule.server)
}
