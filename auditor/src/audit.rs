//! Flows and a policy to verdicts. No clock, no file, no map.

mod flow;
mod policy;
mod rule;
mod verdict;

pub use policy::{Policy, PolicyException, PolicyRule, RoleCheck, Side, UnknownRole};
pub use verdict::{Audit, FlowFinding, FlowVerdict, Reason, RuleFinding, RuleVerdict, Severity};

use crate::observed::Observed;

/// Judges every flow and every rule.
pub fn judge(policy: &Policy, observed: &Observed) -> Audit {
    let flows: Vec<FlowFinding> = observed
        .flows
        .iter()
        .map(|flow| flow::judge(policy, observed, flow))
        .collect();
    let rules = (0..policy.rules.len())
        .map(|index| rule::judge(policy, observed, &flows, index))
        .collect();
    Audit { flows, rules }
}

#[cfg(test)]
mod tests;
