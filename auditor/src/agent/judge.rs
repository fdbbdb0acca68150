//! What `audit` and `replay` share: what flows are compared with, and where the report goes.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{IpAddr, ToSocketAddrs as _},
    path::PathBuf,
    time::SystemTime,
};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use crate::{
    audit::{self, Policy},
    command::report::FormOptions,
    deployment::{Deployment, Sink, SinkKind},
    digits::hexadecimal,
    exit::Exit,
    matrix::{Matrix, RulePorts},
    observed::{Host, Observed},
    output::write,
    port::PortRange,
    report::{Judged, MatrixSource, Report},
    role::Role,
    sink::webhook,
};

/// What flows are compared with.
#[derive(Args, Debug)]
pub(crate) struct PolicyOptions {
    /// The deployment: matrices, roles, conditions, exceptions
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// A matrix; replaces those of the deployment, and may stand without one. May be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) matrix: Vec<PathBuf>,
    /// A role that this host plays; without it, its addresses tell. May be repeated
    #[arg(long, value_name = "ROLE")]
    pub(crate) role: Vec<String>,
}

/// Where a report goes.
#[derive(Args, Debug)]
pub(crate) struct OutputOptions {
    #[command(flatten)]
    form: FormOptions,
    /// Write the report to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Write the report as JSON to this file as well
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

const DEFAULT_WINDOW: SignedDuration = SignedDuration::from_mins(10);

/// The verdicts on what was observed, written where they were asked for.
pub(crate) fn judge(
    plan: &Configuration,
    policy: Policy,
    observed: Observed,
    output: &OutputOptions,
) -> anyhow::Result<Exit> {
    let report = plan.report(policy, observed);
    if let Some(path) = &output.json {
        write(Some(path), &report.to_json()?)?;
    }
    let text = output.form.render(&report, output.output.is_none())?;
    write(output.output.as_deref(), &text)?;
    Ok(output.form.exit(&report))
}

/// What the command line and the deployment together ask for.
pub(crate) struct Configuration {
    pub(crate) matrices: Vec<Matrix>,
    pub(crate) sources: Vec<MatrixSource>,
    pub(crate) deployment: Option<Deployment>,
    pub(crate) roles: Vec<Role>,
    /// The deployment's file.
    config: Option<PathBuf>,
}

impl PolicyOptions {
    /// Whether there is nothing to compare with.
    pub(crate) const fn is_empty(&self) -> bool {
        self.config.is_none() && self.matrix.is_empty()
    }
}

impl Configuration {
    pub(crate) fn read(basis: &PolicyOptions) -> anyhow::Result<Self> {
        if basis.is_empty() {
            bail!(
                "there is nothing to compare with: give a deployment with --config, or a matrix with --matrix"
            );
        }
        let read = |path: &PathBuf| {
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
        };
        let deployment = match &basis.config {
            Some(path) => Some(Deployment::parse(path, &read(path)?)?),
            None => None,
        };
        for sink in deployment.iter().flat_map(|deployment| &deployment.sinks) {
            if let SinkKind::Webhook {
                template: Some(template),
                ..
            } = &sink.kind
            {
                webhook::check(template).with_context(|| {
                    format!(
                        "sink {}: its template should make JSON of `host` and `event`",
                        sink.name
                    )
                })?;
            }
        }
        let listed = deployment
            .as_ref()
            .map(|deployment| deployment.matrices.clone())
            .unwrap_or_default();
        let paths = if basis.matrix.is_empty() {
            listed
        } else {
            basis.matrix.clone()
        };
        let (mut matrices, mut sources) = (Vec::new(), Vec::new());
        for path in paths {
            let text = read(&path)?;
            let matrix = Matrix::parse(&path, &text)?;
            sources.push(MatrixSource {
                name: matrix.name.clone(),
                version: matrix.version.clone(),
                n_rules: matrix.rules.len(),
                sha256: hexadecimal(&Sha256::digest(&text)),
                lines: Matrix::lines(&text),
                path,
            });
            matrices.push(matrix);
        }
        Ok(Self {
            matrices,
            sources,
            roles: basis.role.iter().map(|name| Role::new(name)).collect(),
            deployment,
            config: basis.config.clone(),
        })
    }

    /// The verdicts on what was observed.
    pub(crate) fn report(&self, policy: Policy, observed: Observed) -> Report {
        let audit = audit::judge(&policy, &observed);
        let unset_conditions = policy
            .unset_conditions(self.deployment.as_ref())
            .into_iter()
            .collect();
        Report::new(&Judged {
            observed,
            policy,
            audit,
            matrices: self.sources.clone(),
            unset_conditions,
        })
    }

    /// Where events go.
    pub(crate) fn sinks(&self) -> &[Sink] {
        self.deployment
            .as_ref()
            .map(|deployment| deployment.sinks.as_slice())
            .unwrap_or_default()
    }

    /// The files that were read, and when each was last written to.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Option<SystemTime>)> {
        let written = |path: &PathBuf| {
            let metadata = std::fs::metadata(path);
            (path.clone(), metadata.and_then(|it| it.modified()).ok())
        };
        let matrices = self.sources.iter().map(|source| &source.path);
        self.config.iter().chain(matrices).map(written).collect()
    }

    /// The interfaces that are named, on the command line or else in the deployment.
    pub(crate) fn interfaces(&self, named: &[String]) -> Vec<String> {
        match &self.deployment {
            Some(deployment) if named.is_empty() => deployment.interfaces.clone(),
            Some(_) | None => named.to_vec(),
        }
    }

    /// How long to watch.
    pub(crate) fn window(&self, asked: Option<SignedDuration>) -> SignedDuration {
        asked
            .or_else(|| self.deployment.as_ref()?.window)
            .unwrap_or(DEFAULT_WINDOW)
    }

    /// The verdicts' basis for a host with these addresses.
    ///
    /// # Errors
    ///
    /// A role of `--role` that nobody defines.
    pub(crate) fn policy(
        &self,
        host: &Host,
        lookup: &mut dyn FnMut(&str) -> Result<Vec<IpAddr>, String>,
    ) -> anyhow::Result<Policy> {
        Ok(Policy::new(
            &self.matrices,
            self.deployment.as_ref(),
            &self.roles,
            host,
            lookup,
        )?)
    }
}

/// Asks the system's resolver.
pub(crate) fn lookup(name: &str) -> Result<Vec<IpAddr>, String> {
    let found: BTreeSet<IpAddr> = (name, 0)
        .to_socket_addrs()
        .map_err(|error| error.to_string())?
        .map(|address| address.ip())
        .collect();
    Ok(found.into_iter().collect())
}

pub(crate) fn documented_ports(matrices: &[Matrix]) -> impl Iterator<Item = (u8, PortRange)> + '_ {
    matrices
        .iter()
        .flat_map(|matrix| &matrix.rules)
        .flat_map(|rule| {
            let ranges = match &rule.ports {
                RulePorts::Set(set) => set.ranges(),
                RulePorts::Ephemeral | RulePorts::None => &[],
            };
            let protocol = rule.transport.protocol();
            ranges
                .iter()
                .filter_map(move |range| Some((protocol?, *range)))
        })
}

/// Whether a matrix names a port of a protocol.
pub(crate) fn documented_test(matrices: &[Matrix]) -> impl Fn(u8, u16) -> bool + use<> {
    let mut ports: BTreeMap<u8, Vec<PortRange>> = BTreeMap::new();
    for (protocol, range) in documented_ports(matrices) {
        ports.entry(protocol).or_default().push(range);
    }
    move |protocol, port| {
        ports
            .get(&protocol)
            .is_some_and(|ranges| ranges.iter().any(|range| range.contains(port)))
    }
}
