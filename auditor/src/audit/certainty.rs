//! How certain it is that traffic that was not seen is missing.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::{
    policy::{Policy, PolicyRule},
    rule,
    verdict::{Certainty, Level, RuleFinding, RuleVerdict},
};
use crate::observed::Observed;

/// A shorter watch says little: most services have traffic at least this often.
const SHORT: SignedDuration = SignedDuration::from_mins(10);
/// After this time, daily traffic was due as well.
const LONG: SignedDuration = SignedDuration::from_hours(24);

/// What a rule's traffic is between, as seen from this host: its own part, and the sides of the other hosts.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Between {
    is_client: bool,
    is_server: bool,
    /// The side of the servers that this host is a client of.
    servers: Option<usize>,
    /// The side of the clients that this host serves.
    clients: Option<usize>,
}

fn between(rule: &PolicyRule, finding: &RuleFinding) -> Between {
    Between {
        is_client: finding.is_client,
        is_server: finding.is_server,
        servers: finding.is_client.then_some(rule.server.index),
        clients: finding.is_server.then_some(rule.client.index),
    }
}

/// Sets the certainty of each missing rule; `hosts_with_traffic` is, for each side, the number of other hosts with any
/// traffic.
pub(super) fn add(
    policy: &Policy,
    observed: &Observed,
    hosts_with_traffic: &[usize],
    findings: &mut [RuleFinding],
) {
    // Rules between the same hosts, and how many of them were observed.
    let mut alike: BTreeMap<Between, (usize, usize)> = BTreeMap::new();
    for (rule, finding) in policy.rules.iter().zip(&*findings) {
        let is_comparable = match finding.verdict {
            RuleVerdict::Observed
            | RuleVerdict::Unanswered
            | RuleVerdict::Refused
            | RuleVerdict::Missing => true,
            RuleVerdict::Idle
            | RuleVerdict::Respected
            | RuleVerdict::Violated
            | RuleVerdict::Off
            | RuleVerdict::Elsewhere
            | RuleVerdict::Unresolved
            | RuleVerdict::Unobservable
            | RuleVerdict::Unassessed => false,
        };
        if is_comparable {
            let (all, seen) = alike.entry(between(rule, finding)).or_default();
            *all += 1;
            *seen += usize::from(finding.verdict == RuleVerdict::Observed);
        }
    }
    for (rule, finding) in policy.rules.iter().zip(findings) {
        if finding.verdict != RuleVerdict::Missing {
            continue;
        }
        let (all, seen) = alike
            .get(&between(rule, finding))
            .copied()
            .unwrap_or_default();
        let n_hosts_of = |side: usize| hosts_with_traffic.get(side).copied().unwrap_or_default();
        let Between {
            servers, clients, ..
        } = between(rule, finding);
        let watched = rule.rule.within.unwrap_or_else(|| observed.window.length());
        let mut certainty = Certainty {
            level: Level::Low,
            watched,
            peers_heard: servers
                .map_or(0, n_hosts_of)
                .max(clients.map_or(0, n_hosts_of)),
            peers: rule::others(rule, &observed.host).map(|others| others.len()),
            // Without the rule itself, which is missing.
            comparable: all.saturating_sub(1),
            comparable_observed: seen,
            listening: finding.listening,
        };
        certainty.level = level(&certainty, rule.rule.within.is_some(), finding.is_client);
        finding.certainty = Some(certainty);
    }
}

/// `is_due` where the matrix says within which time the traffic must be seen; `is_client` where this host asks, be it beside
/// serving.
fn level(certainty: &Certainty, is_due: bool, is_client: bool) -> Level {
    // Where nothing listens, nothing can have been answered. Of what this host asks others that proves nothing, and whoever
    // looked for seconds may have looked while a service was started anew.
    if certainty.listening == Some(false) && !is_client {
        return if certainty.watched < SHORT && !is_due {
            Level::Medium
        } else {
            Level::High
        };
    }
    if certainty.peers_heard == 0 || certainty.watched < SHORT && !is_due {
        return Level::Low;
    }
    let others_observed = certainty.comparable <= 2 * certainty.comparable_observed;
    if is_due || LONG <= certainty.watched && others_observed {
        Level::High
    } else {
        Level::Medium
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::{
        super::verdict::{Certainty, Level},
        level,
    };

    const HOUR: SignedDuration = SignedDuration::from_hours(1);
    const HOURS: Certainty = Certainty {
        level: Level::Low,
        watched: HOUR,
        peers_heard: 1,
        peers: Some(2),
        comparable: 4,
        comparable_observed: 2,
        listening: None,
    };

    #[test]
    fn what_makes_it_sure() {
        let day = Certainty {
            watched: SignedDuration::from_hours(24),
            ..HOURS
        };
        for (what, certainty, is_due, expected) in [
            ("hours", HOURS, false, Level::Medium),
            (
                "seconds",
                Certainty {
                    watched: SignedDuration::from_secs(60),
                    ..HOURS
                },
                false,
                Level::Low,
            ),
            (
                "a peer that is silent",
                Certainty {
                    peers_heard: 0,
                    ..day
                },
                false,
                Level::Low,
            ),
            (
                "nothing listens",
                Certainty {
                    listening: Some(false),
                    peers_heard: 0,
                    ..HOURS
                },
                false,
                Level::High,
            ),
            (
                "somebody listens",
                Certainty {
                    listening: Some(true),
                    ..HOURS
                },
                false,
                Level::Medium,
            ),
            ("a day", day, false, Level::High),
            (
                "a day in which others were silent too",
                Certainty {
                    comparable_observed: 1,
                    ..day
                },
                false,
                Level::Medium,
            ),
            ("the time that the matrix names", HOURS, true, Level::High),
        ] {
            assert_eq!(level(&certainty, is_due, false), expected, "{what}");
        }
        // That nothing listens proves the server's half alone.
        let not_listening = Certainty {
            listening: Some(false),
            ..HOURS
        };
        assert_eq!(level(&not_listening, false, true), Level::Medium);
        for (seconds, expected) in [(2, Level::Medium), (599, Level::Medium), (600, Level::High)] {
            let watched = SignedDuration::from_secs(seconds);
            let certainty = Certainty {
                watched,
                ..not_listening
            };
            assert_eq!(level(&certainty, false, false), expected, "{seconds}");
        }
    }
}
