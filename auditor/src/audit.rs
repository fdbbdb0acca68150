//! Flows and a policy to verdicts, without a clock, a file or a BPF map.

mod certainty;
mod fleet;
mod flow;
mod housekeeping;
mod in_vain;
mod index;
mod legs;
mod policy;
mod preconditions;
mod related;
mod rule;
mod unplaced;
mod verdict;

pub use fleet::{Hiding, is_on};
pub use housekeeping::Excess;
pub use in_vain::InVain;
pub use policy::{
    Policy, PolicyException, PolicyRule, RoleCheck, Side, Unaddressed, UnknownRole, may_be_named,
    may_concern,
};
pub use preconditions::{PolicyProblem, RuleNames, problems};
pub use rule::{has_moved, is_answer_alone, may_serve};
pub use verdict::{
    Audit, Certainty, Elsewhere, FlowFinding, FlowVerdict, Level, Mismatch, PeersSeen, PortsSeen,
    RuleFinding, RuleVerdict, Severity,
};

use crate::observed::Observed;

/// Judges every flow and every rule.
pub fn judge(policy: &Policy, observed: &Observed) -> Audit {
    let mut judge = flow::Judge::new(policy, observed);
    let mut flows: Vec<FlowFinding> = observed
        .flows
        .iter()
        .map(|flow| judge.judge(flow))
        .collect();
    legs::count_once(&observed.host, &observed.flows, &mut flows);
    let of_rules = rule::flows(policy.rules.len(), &flows);
    let unread = rule::unread(&observed.flows);
    let mut rules: Vec<RuleFinding> = policy
        .rules
        .iter()
        .zip(of_rules)
        .enumerate()
        .map(|(at, (rule, of_rule))| {
            let doubted = judge.doubted().get(&at).copied();
            rule::judge(policy, observed, &unread, rule, of_rule, doubted)
        })
        .collect();
    certainty::add(policy, observed, judge.hosts_with_traffic(), &mut rules);
    Audit {
        flows,
        rules,
        unplaced: unplaced::judge(policy, observed),
        problems: problems(policy, &observed.host, flow::today(observed)),
    }
}

#[cfg(test)]
mod tests;
