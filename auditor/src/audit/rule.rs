//! One rule to its verdict, from where this host stands.

use jiff::SignedDuration;

use super::{
    policy::{Policy, PolicyRule, RoleCheck},
    verdict::{FlowFinding, FlowVerdict, RuleFinding, RuleVerdict, Severity},
};
use crate::{
    matrix::{Presence, RulePorts},
    observed::{Observed, Outcome},
    transport::Transport,
};

pub(super) fn judge(
    policy: &Policy,
    observed: &Observed,
    findings: &[FlowFinding],
    rule: &PolicyRule,
    flows: Vec<usize>,
) -> RuleFinding {
    let knows_roles = policy.check != RoleCheck::Nothing;
    let verdict = verdict(rule, observed, findings, &flows);
    // Without roles nobody can tell whether this host takes part, so nothing can be amiss.
    let takes_part = matches!(
        verdict,
        RuleVerdict::Missing | RuleVerdict::Unassessed | RuleVerdict::Respected
    );
    let verdict = if takes_part && !knows_roles {
        RuleVerdict::Unresolved
    } else {
        verdict
    };
    let is_server = knows_roles && rule.server.is_ours;
    // Of a host in a capture no socket is known, so nothing is said of them.
    let is_told = is_server && !observed.host.is_captured;
    let listening = is_told.then(|| listens(rule, observed)).flatten();
    RuleFinding {
        severity: if verdict == RuleVerdict::Unresolved && !knows_roles {
            Severity::Fine
        } else {
            severity(rule, verdict)
        },
        verdict,
        flows,
        is_server,
        is_client: knows_roles && rule.client.is_ours,
        listening,
        unresolved: rule
            .client
            .unresolved
            .iter()
            .chain(&rule.server.unresolved)
            .cloned()
            .collect(),
    }
}

/// How long an answer may take: the first time that TCP asks again (RFC 6298, section 2.1).
const PATIENCE: SignedDuration = SignedDuration::from_secs(1);

/// The flows of each rule, in order.
pub(super) fn flows(n_rules: usize, findings: &[FlowFinding]) -> Vec<Vec<usize>> {
    let mut flows = vec![Vec::new(); n_rules];
    for (at, finding) in findings.iter().enumerate() {
        let rules = match &finding.verdict {
            FlowVerdict::Documented { rules } | FlowVerdict::Forbidden { rules } => rules,
            FlowVerdict::Excepted { .. }
            | FlowVerdict::Housekeeping
            | FlowVerdict::Unexpected { .. } => continue,
        };
        for rule in rules {
            if let Some(flows) = flows.get_mut(*rule) {
                flows.push(at);
            }
        }
    }
    flows
}

fn verdict(
    rule: &PolicyRule,
    observed: &Observed,
    findings: &[FlowFinding],
    flows: &[usize],
) -> RuleVerdict {
    if !rule.applies {
        return RuleVerdict::Off;
    }
    let forbidden = rule.rule.presence == Presence::Forbidden;
    let outcomes: Vec<Outcome> = flows
        .iter()
        .filter_map(|at| findings.get(*at))
        .map(|finding| finding.outcome)
        .collect();
    if !outcomes.is_empty() && forbidden {
        return RuleVerdict::Violated;
    }
    if outcomes.contains(&Outcome::Established) {
        return RuleVerdict::Observed;
    }
    if outcomes.contains(&Outcome::Refused) {
        return RuleVerdict::Refused;
    }
    if !outcomes.is_empty() {
        // A datagram need not be answered: where a socket of this host waits for it, it arrived.
        let arrived = rule.rule.transport == Transport::Udp
            && flows
                .iter()
                .filter_map(|at| observed.flows.get(*at))
                .any(|flow| {
                    observed.host.addresses.contains(&flow.server)
                        && observed.host.listens(Transport::Udp, flow.port)
                });
        // Whoever asked as the window closed may have been answered after it.
        let too_late = flows
            .iter()
            .filter_map(|at| observed.flows.get(*at))
            .all(|flow| observed.window.end.duration_since(flow.first) < PATIENCE);
        return match (arrived, too_late) {
            (true, _) => RuleVerdict::Observed,
            (false, true) => RuleVerdict::Unassessed,
            (false, false) => RuleVerdict::Unanswered,
        };
    }
    if rule.client.is_unresolved() || rule.server.is_unresolved() {
        return RuleVerdict::Unresolved;
    }
    if !rule.client.is_ours && !rule.server.is_ours {
        return RuleVerdict::Elsewhere;
    }
    let has_peer = rule.client.is_ours && rule.server.has_others(&observed.host)
        || rule.server.is_ours && rule.client.has_others(&observed.host);
    let watches_loopback = observed
        .interfaces
        .iter()
        .any(|interface| interface.is_loopback);
    if (rule.rule.loopback || !has_peer) && !watches_loopback {
        return RuleVerdict::Unobservable;
    }
    if !observed.gaps.is_empty() {
        return RuleVerdict::Unassessed;
    }
    if forbidden {
        RuleVerdict::Respected
    } else {
        RuleVerdict::Missing
    }
}

fn severity(rule: &PolicyRule, verdict: RuleVerdict) -> Severity {
    match verdict {
        RuleVerdict::Missing => match rule.rule.presence {
            Presence::Required => Severity::Violation,
            Presence::Expected => Severity::Warning,
            Presence::Optional | Presence::Forbidden => Severity::Note,
        },
        // A datagram may go unheard: nobody need have meant to answer it.
        RuleVerdict::Unanswered if rule.rule.transport == Transport::Udp => Severity::Note,
        // Whoever asks and is not heard has a problem, whatever the page says of the rule.
        RuleVerdict::Unanswered | RuleVerdict::Refused => match rule.rule.presence {
            Presence::Required => Severity::Violation,
            Presence::Expected | Presence::Optional | Presence::Forbidden => Severity::Warning,
        },
        RuleVerdict::Unassessed | RuleVerdict::Unresolved => match rule.rule.presence {
            Presence::Required => Severity::Warning,
            Presence::Expected | Presence::Optional | Presence::Forbidden => Severity::Note,
        },
        // The flows that break it are the violations; they stand for themselves.
        RuleVerdict::Violated
        | RuleVerdict::Observed
        | RuleVerdict::Respected
        | RuleVerdict::Off
        | RuleVerdict::Elsewhere
        | RuleVerdict::Unobservable => Severity::Fine,
    }
}

/// Whether a socket waits on one of the rule's ports; `None` where that can't be told.
fn listens(rule: &PolicyRule, observed: &Observed) -> Option<bool> {
    match (&rule.rule.ports, rule.rule.transport) {
        (RulePorts::Set(ports), transport @ (Transport::Tcp | Transport::Udp)) => Some(
            observed
                .host
                .listeners
                .iter()
                .filter(|listener| listener.transport == transport && ports.contains(listener.port))
                .any(|listener| rule.rule.loopback || !listener.address.is_loopback()),
        ),
        (RulePorts::Set(_) | RulePorts::Ephemeral | RulePorts::None, _) => None,
    }
}
