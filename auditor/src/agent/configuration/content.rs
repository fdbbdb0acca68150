//! Texts to what traffic is compared with: the same, whether they are files of this host or were pushed.

use std::path::PathBuf;

use anyhow::ensure;
use sha2::{Digest as _, Sha256};

use crate::{
    deployment::Deployment,
    digits::hexadecimal,
    fleet::pushed::PushedConfiguration,
    matrix::Matrix,
    output::{detail, warn},
    report::{Controls, MatrixSource},
};

/// What traffic is compared with.
pub(crate) struct Content {
    pub(crate) deployment: Option<Deployment>,
    pub(crate) matrices: Vec<Matrix>,
    pub(super) sources: Vec<MatrixSource>,
    pub(super) controls: Controls,
}

/// Who names the matrices.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum NamedBy {
    Deployment,
    /// They replace those of the deployment.
    CommandLine,
}

impl Content {
    /// Reads the texts of matrices, each with the name of its file.
    ///
    /// # Errors
    ///
    /// One of them is wrong, or does not fit the deployment.
    pub(super) fn read(
        deployment: Option<Deployment>,
        texts: Vec<(PathBuf, String)>,
        named_by: NamedBy,
    ) -> anyhow::Result<Self> {
        let (mut matrices, mut sources) = (Vec::new(), Vec::new());
        for (path, text) in texts {
            let matrix = Matrix::parse(&path, &text)?;
            detail(|| {
                format!(
                    "auditor: read {}: {} rules of {}",
                    path.display(),
                    matrix.rules.len(),
                    matrix.name
                )
            });
            sources.push(MatrixSource {
                name: matrix.name.clone(),
                version: matrix.version.clone(),
                n_rules: matrix.rules.len(),
                sha256: hexadecimal(&Sha256::digest(&text)),
                lines: Matrix::lines(&text),
                pages: matrix.sources.clone(),
                path,
            });
            matrices.push(matrix);
        }
        let controls = match (&deployment, named_by) {
            (Some(deployment), NamedBy::Deployment) => {
                Controls::read(&deployment.controls, &matrices)?
            }
            // A deployment cannot know what is called how in matrices that are not its own, as those of the next version are.
            (Some(deployment), NamedBy::CommandLine) => {
                let (controls, unknown) = Controls::of_others(&deployment.controls, &matrices)?;
                for problem in unknown {
                    warn(&format!(
                        "auditor: {problem}; the deployment is for other matrices than --matrix names, so nothing of these belongs to the control by that name"
                    ));
                }
                controls
            }
            (None, _) => Controls::default(),
        };
        Ok(Self {
            deployment,
            matrices,
            sources,
            controls,
        })
    }

    /// Reads what was pushed, as a host with this deployment of its own takes it over; `None` of what no host takes.
    ///
    /// # Errors
    ///
    /// Something of it is wrong, or each host's own.
    pub(crate) fn of_pushed(
        pushed: &PushedConfiguration,
        own: Option<Deployment>,
    ) -> anyhow::Result<Self> {
        let text = &pushed.deployment;
        let shared = Deployment::parse_shared(&PathBuf::from(&text.name), &text.text)?;
        ensure!(
            shared.matrices.len() == pushed.matrices.len(),
            "{} names {} matrices, and {} are with it",
            text.name,
            shared.matrices.len(),
            pushed.matrices.len()
        );
        let deployment = match own {
            Some(own) => own.sharing(shared),
            None => shared,
        };
        // No path of it is opened here: a matrix is what came with it.
        let texts = pushed.matrices.iter();
        let texts = texts.map(|matrix| (PathBuf::from(&matrix.name), matrix.text.clone()));
        Self::read(Some(deployment), texts.collect(), NamedBy::Deployment)
    }
}
