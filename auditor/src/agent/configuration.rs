//! What traffic is compared with: matrices, the deployment and this host's roles, read from their files.

mod content;

use std::{
    io::{self, ErrorKind},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::SystemTime,
};

use anyhow::{Context as _, anyhow, bail};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

pub(crate) use self::content::Content;
use self::content::NamedBy;
use super::{pushed::Pushed, run};
use crate::{
    audit::{self, Policy},
    deployment::{Deployment, FleetSection, ProcessDetail},
    digits::hexadecimal,
    fleet::message::ConfigurationDigest,
    matrix::{Matrix, Rule},
    observed::{Host, Observed},
    output::{detail, warn},
    private_file,
    report::{Controls, Judged, ListingBounds, MatrixSource, Report, Run},
    role::Role,
    sink::{self, NamedSink},
};

/// The files that a configuration is read from, and the roles of the command line.
#[derive(Clone, Debug)]
pub(crate) struct PolicySources {
    /// The deployment's file.
    pub(crate) deployment: Option<PathBuf>,
    /// Matrix files; they replace those of the deployment.
    pub(crate) matrices: Vec<PathBuf>,
    /// Roles that this host plays; if empty, they follow from its addresses.
    pub(crate) roles: Vec<String>,
}

impl PolicySources {
    /// Whether there is nothing to compare with.
    pub(crate) const fn is_empty(&self) -> bool {
        self.deployment.is_none() && self.matrices.is_empty()
    }
}

/// The contents of all files of a configuration.
pub(crate) struct Configuration {
    pub(crate) matrices: Vec<Matrix>,
    sources: Vec<MatrixSource>,
    pub(crate) deployment: Option<Deployment>,
    pub(crate) roles: Vec<Role>,
    /// Where events go.
    pub(crate) sinks: Vec<NamedSink>,
    /// The deployment's file.
    file: Option<PathBuf>,
    /// Who runs it, and where.
    run: Run,
    controls: Controls,
    pushed: Option<Arc<Pushed>>,
}

const DEFAULT_WINDOW: SignedDuration = SignedDuration::from_mins(10);

impl Configuration {
    /// Reads all files.
    ///
    /// # Errors
    ///
    /// No file is named, or one can't be read or is wrong, or none says what to compare with.
    pub(crate) fn read(files: &PolicySources) -> anyhow::Result<Self> {
        let configuration = Self::read_own(files)?;
        if configuration.is_empty() {
            bail!(
                "{} has no matrix of its own, since it takes what is pushed to its fleet, as `auditor watch` and `auditor fleet` do: name a matrix with --matrix",
                configuration.name()
            );
        }
        Ok(configuration)
    }

    /// Reads this host's own files, which need not say what to compare with where that is pushed.
    ///
    /// # Errors
    ///
    /// No file is named, or one can't be read or is wrong.
    pub(crate) fn read_own(files: &PolicySources) -> anyhow::Result<Self> {
        Self::read_with(files, None)
    }

    /// Reads this host's own files. What was pushed stands in the place of what they say of traffic, where they take it.
    ///
    /// # Errors
    ///
    /// No file is named, or one can't be read, or something is wrong in them or in what was pushed.
    pub(crate) fn read_with(
        files: &PolicySources,
        pushed: Option<&Arc<Pushed>>,
    ) -> anyhow::Result<Self> {
        if files.is_empty() {
            bail!(
                "there is nothing to compare with: give a deployment with --config, or a matrix with --matrix"
            );
        }
        let mut run = run::facts();
        let own = match &files.deployment {
            Some(path) => {
                let text = read(path)?;
                // Whoever reads the report may be somewhere else.
                let place = std::path::absolute(path).unwrap_or_else(|_error| path.clone());
                run.deployment = Some((place, hexadecimal(&Sha256::digest(&text))));
                let deployment = Deployment::parse(path, &text)?;
                detail(|| {
                    format!(
                        "auditor: read {}: {} roles",
                        path.display(),
                        deployment.roles.len()
                    )
                });
                Some(deployment)
            }
            None => None,
        };
        let sinks = match &own {
            Some(deployment) => sink::read(&deployment.sinks)?,
            None => Vec::new(),
        };
        for NamedSink { name, sink } in &sinks {
            sink.check()
                .map_err(|problem| anyhow!(problem).context(format!("sink {name}")))?;
        }
        let takes = own.as_ref().is_some_and(Deployment::takes_pushed);
        let pushed = pushed.filter(|_| takes);
        let content = if let Some(pushed) = pushed {
            let text = &pushed.configuration.deployment;
            let digest = hexadecimal(&Sha256::digest(&text.text));
            run.deployment = Some((PathBuf::from(&text.name), digest));
            run.pushed = Some(pushed.run());
            Content::of_pushed(&pushed.configuration, own)
                .with_context(|| format!("{} can't be used", pushed.text()))?
        } else {
            let listed = own.as_ref().map(|deployment| &deployment.matrices);
            let (paths, named_by) = match listed {
                Some(listed) if files.matrices.is_empty() => (listed, NamedBy::Deployment),
                Some(_) | None => (&files.matrices, NamedBy::CommandLine),
            };
            let texts = paths.iter().map(|path| Ok((path.clone(), read(path)?)));
            let texts: anyhow::Result<Vec<(PathBuf, String)>> = texts.collect();
            Content::read(own, texts?, named_by)?
        };
        let Content {
            deployment,
            matrices,
            sources,
            controls,
        } = content;
        Ok(Self {
            controls,
            matrices,
            sources,
            roles: files.roles.iter().map(|name| Role::new(name)).collect(),
            deployment,
            sinks,
            file: files.deployment.clone(),
            run,
            pushed: pushed.cloned(),
        })
    }

    /// Whether it says nothing to compare with, since that is pushed.
    pub(crate) fn is_empty(&self) -> bool {
        self.matrices.is_empty()
    }

    /// Whether it says what to compare with, and who is who.
    pub(crate) fn has_roles(&self) -> bool {
        let deployment = self.deployment.as_ref();
        !self.is_empty() && deployment.is_some_and(|deployment| !deployment.roles.is_empty())
    }

    /// What was pushed and is compared with, if that is not what this host's own files say.
    pub(crate) const fn pushed(&self) -> Option<&Arc<Pushed>> {
        self.pushed.as_ref()
    }

    /// The fleet to which it is pushed what traffic is compared with, if this host takes that.
    pub(crate) fn takes_pushed_of(&self) -> Option<&FleetSection> {
        self.fleet().filter(|fleet| fleet.takes_pushed)
    }

    /// The deployment's file, as it is told.
    pub(crate) fn name(&self) -> String {
        self.file
            .as_ref()
            .map_or_else(String::new, |path| path.display().to_string())
    }

    /// Judges what was observed, and reports it with no more flows one by one than these.
    pub(crate) fn report_within(
        &self,
        policy: Policy,
        observed: Observed,
        bounds: ListingBounds,
    ) -> Report {
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
            bounds,
            run: self.run.clone(),
            controls: self.controls.clone(),
        })
    }

    /// Where this host publishes, if it does.
    pub(crate) fn fleet(&self) -> Option<&FleetSection> {
        self.deployment.as_ref()?.fleet.as_ref()
    }

    /// Its matrices, and where they come from.
    pub(crate) fn sources(&self) -> &[MatrixSource] {
        &self.sources
    }

    /// The digests of what is compared with.
    pub(crate) fn digests(&self) -> ConfigurationDigest {
        let matrices = self.sources.iter();
        let digest = ConfigurationDigest::of(
            self.run
                .deployment
                .as_ref()
                .map(|(_, digest)| digest.as_str()),
            matrices.map(|one| (one.name.clone(), one.sha256.clone())),
        );
        ConfigurationDigest {
            pushed: self.pushed.as_ref().map(|pushed| pushed.digest.clone()),
            ..digest
        }
    }

    /// Whether it has the same sinks as another configuration.
    pub(crate) fn has_same_sinks_as(&self, other: &Self) -> bool {
        let sections = |one: &Self| one.deployment.as_ref().map(|it| it.sinks.clone());
        sections(self).unwrap_or_default() == sections(other).unwrap_or_default()
    }

    /// The files that were read, and when each was last written to.
    pub(crate) fn files(&self) -> Vec<(PathBuf, Option<SystemTime>)> {
        let written = |path: &PathBuf| {
            let metadata = std::fs::metadata(path);
            (path.clone(), metadata.and_then(|it| it.modified()).ok())
        };
        // What was pushed is no file.
        let matrices = match self.pushed {
            Some(_) => &[],
            None => self.sources.as_slice(),
        };
        let matrices = matrices.iter().map(|source| &source.path);
        self.file.iter().chain(matrices).map(written).collect()
    }

    /// The interfaces that are named, on the command line or else in the deployment.
    pub(crate) fn interfaces(&self, named: &[String]) -> Vec<String> {
        match &self.deployment {
            Some(deployment) if named.is_empty() => deployment.interfaces.clone(),
            Some(_) | None => named.to_vec(),
        }
    }

    /// What is wanted of the processes behind flows.
    pub(crate) fn processes(&self) -> ProcessDetail {
        self.deployment
            .as_ref()
            .map_or_else(ProcessDetail::default, |one| one.processes)
    }

    /// The window: the wanted one, else the deployment's, else the default.
    pub(crate) fn window(&self, wanted: Option<SignedDuration>) -> SignedDuration {
        wanted
            .or_else(|| self.deployment.as_ref()?.window)
            .unwrap_or(DEFAULT_WINDOW)
    }

    /// Checks that a policy for this host can be made.
    ///
    /// # Errors
    ///
    /// `--role` names a role that neither the matrices nor the deployment know, or no rule can be judged.
    pub(crate) fn check(
        &self,
        host: &Host,
        lookup: &mut dyn FnMut(&str) -> Result<Vec<IpAddr>, String>,
    ) -> anyhow::Result<()> {
        self.check_roles()?;
        self.policy(host, lookup).map(|_policy| ())
    }

    /// Says which roles of the rules have no address in the deployment, as all of those that an import wrote as a draft.
    ///
    /// # Errors
    ///
    /// Each rule has a side without any, so no rule can be judged.
    pub(crate) fn check_roles(&self) -> anyhow::Result<()> {
        let Some(deployment) = &self.deployment else {
            return Ok(());
        };
        let is_unfilled = |role: &&Role| deployment.is_unfilled(role);
        let rules = || self.matrices.iter().flat_map(|matrix| &matrix.rules);
        let unfilled = deployment.unfilled(&rules().collect::<Vec<_>>());
        if unfilled.is_empty() {
            return Ok(());
        }
        let names: Vec<String> = unfilled.iter().map(|role| format!("`{role}`")).collect();
        let names = names.join(", ");
        let is_void = |rule: &Rule| {
            let is_void = |side: &Vec<Role>| side.iter().all(|role| is_unfilled(&role));
            is_void(&rule.client) || is_void(&rule.server)
        };
        // Whoever names the roles of this host by hand needs no address for them.
        if self.roles.is_empty() && rules().all(is_void) {
            bail!(
                "no rule can be judged: the deployment gives no address to {names}; add them under [roles]"
            );
        }
        warn(&format!(
            "auditor: the deployment gives no address to {names}: rules with them are not judged"
        ));
        Ok(())
    }

    /// The policy for this host; `lookup` resolves host names.
    ///
    /// # Errors
    ///
    /// `--role` names a role that neither the matrices nor the deployment know.
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

    /// The longest `within` of any rule, but no less than this window.
    pub(crate) fn reach(&self, window: SignedDuration) -> SignedDuration {
        let rules = self.matrices.iter().flat_map(|matrix| &matrix.rules);
        let longest = rules.filter_map(|rule| rule.within).max();
        longest.map_or(window, |within| within.max(window))
    }
}

/// The text of a file.
pub(super) fn read(path: &Path) -> anyhow::Result<String> {
    let text = private_file::read(path).and_then(|bytes| {
        String::from_utf8(bytes).map_err(|error| io::Error::new(ErrorKind::InvalidData, error))
    });
    text.with_context(|| format!("cannot read {}", path.display()))
}
