//! Makes of a policy, its files and its run what a report says that it rests on.

use super::{
    judged::Judged,
    schema::{Basis, Digested, Exception, Page, Pushed, PushedFrom},
};
use crate::{
    address::AddressSet,
    audit::{FlowVerdict, Policy},
    deployment,
    matrix::{Address, RulePorts},
};

/// More ranges of a role are not listed.
const MOST_RANGES: usize = 100;

pub(super) fn basis(judged: &Judged) -> Basis {
    let Judged {
        observed,
        policy,
        matrices,
        run,
        ..
    } = judged;
    let is_here = !observed.host.is_captured;
    let here = |fact: &Option<String>| fact.clone().filter(|_| is_here);
    Basis {
        program: run.program.clone(),
        kernel: here(&run.kernel),
        machine: here(&run.machine),
        user: run.user.clone(),
        command: run.command.clone(),
        deployment: run.deployment.as_ref().map(|(path, sha256)| Digested {
            path: path.display().to_string(),
            sha256: sha256.clone(),
        }),
        pushed: run.pushed.as_ref().map(|pushed| Pushed {
            revision: pushed.revision,
            sha256: pushed.sha256.clone(),
            from: if pushed.is_kept {
                PushedFrom::Disk
            } else {
                PushedFrom::Servers
            },
        }),
        pages: matrices
            .iter()
            .flat_map(|matrix| {
                matrix.pages.iter().map(|page| Page {
                    matrix: matrix.name.clone(),
                    place: match &page.address {
                        Address::Url(url) => url.clone(),
                        Address::File(name) => name.clone(),
                    },
                    sha256: page.sha256.clone(),
                })
            })
            .collect(),
        roles: policy
            .role_addresses()
            .map(|(role, addresses)| (role.name().to_owned(), ranges(addresses)))
            .collect(),
        conditions: policy.conditions().clone(),
        exceptions: exceptions(judged, policy),
    }
}

/// `10.0.0.1`, `10.0.0.1-10.0.0.9`, or `any`.
fn ranges(addresses: &AddressSet) -> Vec<String> {
    if *addresses == AddressSet::any() {
        return vec!["any".to_owned()];
    }
    let mut ranges = addresses.ranges().map(|(first, last)| {
        if first == last {
            first.to_string()
        } else {
            format!("{first}-{last}")
        }
    });
    let mut listed: Vec<String> = ranges.by_ref().take(MOST_RANGES).collect();
    let more = ranges.count();
    if more != 0 {
        listed.push(format!("and {more} more"));
    }
    listed
}

fn exceptions(judged: &Judged, policy: &Policy) -> Vec<Exception> {
    let mut n_covered = vec![0; policy.exceptions.len()];
    for finding in &judged.audit.flows {
        if let FlowVerdict::Excepted { exception, .. } = &finding.verdict
            && let Some(n) = n_covered.get_mut(*exception)
        {
            *n += 1;
        }
    }
    let exceptions = policy.exceptions.iter().zip(n_covered);
    exceptions
        .map(|(one, flows)| Exception {
            traffic: traffic(&one.exception),
            reason: one.exception.reason.clone(),
            owner: one.exception.owner.clone(),
            until: one.exception.until.map(|until| until.to_string()),
            flows,
        })
        .collect()
}

/// What an exception is about; what it does not name is `any`.
fn traffic(exception: &deployment::Exception) -> String {
    let end = |end: &Option<deployment::RoleEntry>| {
        end.as_ref()
            .map_or_else(|| "any".to_owned(), ToString::to_string)
    };
    // One without ports covers also what no rule can name.
    let protocol = match (exception.protocol, &exception.ports) {
        (Some(protocol), _) => protocol.to_string(),
        (None, Some(_)) => "any transport".to_owned(),
        (None, None) => "any protocol".to_owned(),
    };
    let ports = match &exception.ports {
        Some(RulePorts::Set(ports)) => format!("/{ports}"),
        Some(RulePorts::Ephemeral) => "/ephemeral".to_owned(),
        Some(RulePorts::None) | None => String::new(),
    };
    format!(
        "{} -> {} {protocol}{ports}",
        end(&exception.client),
        end(&exception.server)
    )
}
