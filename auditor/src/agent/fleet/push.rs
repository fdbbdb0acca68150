//! Pushes a deployment and its matrices to all hosts of a fleet: only over what was shown to whoever pushes it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};

use super::{
    super::{
        configuration::{Content, read},
        nats::{BucketError, Last, Nats, Seen},
        preflight::{self, Line},
        pushed::Pushed,
    },
    runtime,
};
use crate::{
    deployment::{Compared, Deployment, FleetSection, SharedText, compare},
    file::FileError,
    fleet::{
        pushed::{NamedText, PushedConfiguration, PushedDigest},
        wire::write_pushed,
    },
};

/// What is to be pushed.
pub(crate) struct ToPush {
    section: FleetSection,
    /// As hosts will read it.
    content: Content,
    value: Vec<u8>,
    sha256: String,
}

/// What became of reading it.
pub(crate) enum Read {
    ToPush(Box<ToPush>),
    /// It says what is each host's own.
    Refused(Vec<FileError>),
}

/// What a push changes.
#[derive(Debug)]
pub(crate) struct Shown {
    /// What is pushed now; `None` where that is nothing, or can't be read.
    pub(crate) before: Option<PushedDigest>,
    /// Why what is pushed now can't be read.
    pub(crate) problem: Option<String>,
    /// A line for each difference.
    pub(crate) differences: Vec<String>,
    /// How much of everything there is.
    pub(crate) summary: String,
    pub(crate) sha256: String,
}

impl Shown {
    /// Whether that is what is pushed already, to the last byte.
    pub(crate) fn is_there(&self) -> bool {
        let before = self.before.as_ref();
        before.is_some_and(|before| before.sha256 == self.sha256)
    }
}

impl ToPush {
    /// Reads a deployment and its matrices, each file once.
    ///
    /// # Errors
    ///
    /// One can't be read or is wrong, or says nothing to compare with or no fleet, or all of it is too long.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Read> {
        let text = read(path)?;
        let deployment = Deployment::parse(path, &text)?;
        let shared = SharedText::of(path, &text)?;
        if !shared.refused.is_empty() {
            return Ok(Read::Refused(shared.refused));
        }
        ensure!(
            !deployment.matrices.is_empty(),
            "{} names no matrix: expected matrix = [\"matrix.toml\"]",
            path.display()
        );
        let section = deployment.fleet.with_context(|| {
            format!(
                "{} has no [fleet]: say where it is pushed, as in servers = [\"nats://10.0.0.5:4222\"]",
                path.display()
            )
        })?;
        let directory = path.parent().unwrap_or_else(|| Path::new(""));
        let matrices = deployment.matrices.iter().map(|matrix| {
            let name = matrix.strip_prefix(directory).unwrap_or(matrix);
            Ok(NamedText {
                name: name.display().to_string(),
                text: read(matrix)?,
            })
        });
        let matrices: anyhow::Result<Vec<NamedText>> = matrices.collect();
        let name = path.file_name().map_or_else(PathBuf::new, PathBuf::from);
        let pushed = PushedConfiguration {
            deployment: NamedText {
                name: name.display().to_string(),
                text: shared.text,
            },
            matrices: matrices?,
        };
        let content = Content::of_pushed(&pushed, None)?;
        let (value, sha256) =
            write_pushed(&pushed).with_context(|| format!("{} can't be pushed", path.display()))?;
        Ok(Read::ToPush(Box::new(Self {
            section,
            content,
            value,
            sha256,
        })))
    }

    /// What is wrong with it, whichever host takes it.
    ///
    /// # Errors
    ///
    /// Nothing can be looked up.
    pub(crate) fn examine(&self) -> anyhow::Result<Vec<Line>> {
        runtime()?.block_on(preflight::of_all_hosts(
            &self.content.matrices,
            self.content.deployment.as_ref(),
        ))
    }
}

/// Has what changes shown, and pushes it if that is wanted then. Returns its revision.
///
/// # Errors
///
/// The servers can't be asked, or take it from nobody or not from this one, or somebody else has pushed meanwhile.
pub(crate) fn push(
    to_push: ToPush,
    show: impl FnOnce(&Shown) -> anyhow::Result<bool>,
) -> anyhow::Result<Option<u64>> {
    runtime()?.block_on(async {
        let nats = Nats::connect(&to_push.section, None).await?;
        let Some(last) = nats.configuration(&mut Seen::default()).await? else {
            bail!("the servers do not say what is pushed");
        };
        let shown = shown(&to_push, &last);
        if !show(&shown)? || shown.is_there() {
            return Ok(None);
        }
        match nats.push(to_push.value, &last).await {
            Ok(revision) => Ok(Some(revision)),
            Err(BucketError::NotLast) => bail!(
                "somebody else has pushed meanwhile, so nothing was pushed: see what is different now, and push again"
            ),
            Err(error) => Err(error).context("it is not known to be pushed"),
        }
    })
}

fn shown(to_push: &ToPush, last: &Last) -> Shown {
    let now = &to_push.content;
    let n_rules: usize = now.matrices.iter().map(|matrix| matrix.rules.len()).sum();
    let n_roles = now.deployment.as_ref().map_or(0, |one| one.roles.len());
    let mut shown = Shown {
        before: None,
        problem: None,
        differences: Vec::new(),
        summary: format!(
            "matrices: {}, rules: {n_rules}, roles: {n_roles}",
            now.matrices.len()
        ),
        sha256: to_push.sha256.clone(),
    };
    let before = Pushed::read(last).and_then(|before| {
        let Some(before) = before else {
            return Ok(None);
        };
        let content = Content::of_pushed(&before.configuration, None)
            .with_context(|| format!("{} can't be used", before.text()))?;
        Ok(Some((before.digest, content)))
    });
    match before {
        Ok(None) => {}
        Ok(Some((digest, before))) => {
            shown.before = Some(digest);
            if let (Some(old), Some(new)) = (&before.deployment, &now.deployment) {
                let old = Compared {
                    deployment: old,
                    matrices: &before.matrices,
                };
                let new = Compared {
                    deployment: new,
                    matrices: &now.matrices,
                };
                let differences = compare(old, new);
                shown.differences = differences.iter().map(ToString::to_string).collect();
            }
        }
        Err(problem) => shown.problem = Some(format!("{problem:#}")),
    }
    shown
}
