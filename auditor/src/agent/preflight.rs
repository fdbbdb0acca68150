//! What an audit of this host by a configuration would be: who this host is, what would be watched, and what is wrong with the
//! question.

use std::net::IpAddr;

use anyhow::Context as _;
use jiff::tz::TimeZone;

use super::{clock, configuration::Configuration, host::HostFacts, names::HostNames};
use crate::{
    audit::{self, Policy},
    capture::{Ingress, Interface, Selection, hook},
    deployment::Deployment,
    matrix::{Matrix, Weight, lint},
    observed::Host,
    role::Role,
};

/// A line of what was found.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Line {
    /// `None` for what is merely so.
    pub(crate) weight: Option<Weight>,
    pub(crate) about: String,
    pub(crate) text: String,
}

impl Line {
    fn fact(about: &str, text: String) -> Self {
        Self {
            weight: None,
            about: about.to_owned(),
            text,
        }
    }
}

/// Looks at everything that a configuration says, and at this host, without attaching anything.
///
/// # Errors
///
/// This host's interfaces or its name can't be read, or `--role` names an unknown role.
pub(crate) fn examine(
    configuration: &Configuration,
    named: &[String],
) -> anyhow::Result<Vec<Line>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?;
    runtime.block_on(lines(configuration, named))
}

/// Looks at what is to be pushed to all hosts of a fleet: what would be wrong on any of them.
///
/// # Errors
///
/// Never in practice: it knows all roles that it names.
pub(crate) async fn of_all_hosts(
    matrices: &[Matrix],
    deployment: Option<&Deployment>,
) -> anyhow::Result<Vec<Line>> {
    let names = HostNames::look_up(deployment).await;
    // No host in particular, so one in each role.
    let host = Host {
        is_captured: true,
        ..Host::default()
    };
    let roles = deployment.into_iter().flat_map(|one| one.roles.keys());
    let roles: Vec<Role> = roles.cloned().collect();
    let lookup = &mut names.of_age(std::time::Duration::MAX);
    let policy = Policy::new(matrices, deployment, &roles, &host, lookup)?;
    let mut lines = of_policy(&policy, &host);
    lines.extend(of_matrices(matrices));
    lines.sort_by_key(|line| line.weight);
    Ok(lines)
}

async fn lines(configuration: &Configuration, named: &[String]) -> anyhow::Result<Vec<Line>> {
    let names = HostNames::look_up(configuration.deployment.as_ref()).await;
    let facts = HostFacts::read(None).await?;
    let policy = configuration.policy(&facts.host, &mut names.of_age(std::time::Duration::MAX))?;
    let addresses: Vec<String> = facts
        .host
        .addresses
        .iter()
        .filter(|address| !address.is_loopback())
        .map(IpAddr::to_string)
        .collect();
    let roles: Vec<&str> = policy.own_roles.iter().map(Role::name).collect();
    let mut lines = vec![Line::fact(
        "host",
        format!("{}: {}", facts.host.name, listed(&addresses, "no address")),
    )];
    if configuration.takes_pushed_of().is_some() {
        lines.push(Line::fact(
            "fleet",
            "a watch compares with what is pushed there, which is not looked at here".to_owned(),
        ));
    }
    let interfaces = configuration.interfaces(named);
    let selection = Selection::parse(&interfaces)?;
    if configuration.is_empty() {
        lines.extend(watched(&selection, &facts.interfaces));
        lines.sort_by_key(|line| line.weight);
        return Ok(lines);
    }
    lines.push(Line::fact("roles", listed(&roles, "none")));
    let rules = || policy.rules.iter();
    let n_ours = rules()
        .filter(|rule| rule.client.is_ours || rule.server.is_ours)
        .filter(|rule| rule.applies)
        .count();
    let n_off = rules().filter(|rule| !rule.applies).count();
    lines.push(Line::fact(
        "rules",
        format!(
            "{} in all, {n_ours} about this host, {n_off} under conditions that do not hold",
            policy.rules.len()
        ),
    ));
    lines.extend(watched(&selection, &facts.interfaces));
    let watches_loopback = facts
        .interfaces
        .iter()
        .any(|one| one.is_loopback && selection.wants(one).is_some());
    let within: Vec<&str> = rules()
        .filter(|rule| rule.applies && rule.rule.loopback)
        .filter(|rule| rule.client.is_ours || rule.server.is_ours)
        .map(|rule| rule.label.as_str())
        .collect();
    if !within.is_empty() && !watches_loopback {
        lines.push(Line {
            weight: Some(Weight::Doubtful),
            about: "interfaces".to_owned(),
            text: format!(
                "the loopback is not watched, so rules of what stays within this host are not judged: {}; add `lo` to the interfaces",
                within.join(", ")
            ),
        });
    }
    lines.extend(of_policy(&policy, &facts.host));
    lines.extend(of_matrices(&configuration.matrices));
    lines.sort_by_key(|line| line.weight);
    Ok(lines)
}

/// What is wrong with who is who.
fn of_policy(policy: &Policy, host: &Host) -> Vec<Line> {
    let today = clock::wall().to_zoned(TimeZone::UTC).date();
    let problems = audit::problems(policy, host, today).into_iter();
    let problems = problems.map(|problem| Line {
        weight: Some(problem.weight()),
        about: "deployment".to_owned(),
        text: problem.to_string(),
    });
    problems.collect()
}

/// What is wrong with rules.
fn of_matrices(matrices: &[Matrix]) -> Vec<Line> {
    let findings = lint(matrices).into_iter().map(|finding| {
        let matrix = matrices.get(finding.matrix);
        Line {
            weight: Some(finding.weight),
            about: matrix.map_or_else(String::new, |matrix| format!("matrix {}", matrix.name)),
            text: finding.to_string(),
        }
    });
    findings.collect()
}

/// Which interfaces would be watched, and by which hooks.
fn watched(selection: &Selection, interfaces: &[Interface]) -> Vec<Line> {
    let mut lines: Vec<Line> = interfaces
        .iter()
        .filter(|interface| selection.wants(interface).is_some())
        .map(|interface| {
            let choice = hook::choose(interface, hook::driver(interface).as_deref(), Ingress::Auto);
            let out = if interface.is_loopback {
                "not needed"
            } else {
                "tc"
            };
            Line::fact(
                "interface",
                format!("{}, in: {}, out: {out}", interface.name, choice.hook.name()),
            )
        })
        .collect();
    // What can't be watched now may come later, so it keeps nobody from starting.
    if let Err(problem) = selection.check(interfaces) {
        lines.push(Line {
            weight: Some(Weight::Wrong),
            about: "interfaces".to_owned(),
            text: problem.to_string(),
        });
    }
    let unwatchable = interfaces.iter().filter(|one| selection.would_want(one));
    lines.extend(unwatchable.map(|interface| Line {
        weight: Some(Weight::Doubtful),
        about: "interfaces".to_owned(),
        text: format!(
            "{} has no Ethernet header, so it can't be watched: what passes there is not seen",
            interface.name
        ),
    }));
    lines
}

fn listed<T: AsRef<str>>(names: &[T], none: &str) -> String {
    if names.is_empty() {
        return none.to_owned();
    }
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    names.join(", ")
}
