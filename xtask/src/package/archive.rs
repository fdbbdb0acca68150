//! What is laid out to files that others can take: .deb, .rpm, a tarball, and their sums.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use super::{Moment, STAGE, layout::Form, machine::Machine};
use crate::shell::{self, output, root};

/// A package that is to be made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Order<'a> {
    pub(super) machine: Machine,
    pub(super) version: &'a str,
    pub(super) moment: &'a Moment,
}

impl Order<'_> {
    pub(super) fn deb_name(&self) -> String {
        format!("auditor_{}_{}.deb", self.version, self.machine.debian())
    }

    pub(super) fn rpm_name(&self) -> String {
        format!("auditor-{}-1.{}.rpm", self.version, self.machine.rpm())
    }

    /// The name of the tarball's only directory.
    pub(super) fn tree_name(&self) -> String {
        format!("auditor-{}-{}", self.version, self.machine.target())
    }

    pub(super) fn tarball_name(&self) -> String {
        format!("{}.tar.gz", self.tree_name())
    }

    /// Where a form is laid out.
    pub(super) fn tree(&self, form: Form) -> PathBuf {
        let stage = root().join(STAGE);
        match form {
            Form::Deb => stage.join("deb"),
            Form::Rpm => stage.join("rpm"),
            Form::Tarball => stage.join(self.tree_name()),
        }
    }

    /// Makes the .deb of what is laid out where `auditor/Cargo.toml` says.
    pub(super) fn deb(&self, tool: &Path, directory: &Path) -> anyhow::Result<()> {
        let mut command = Command::new(tool);
        command
            .current_dir(root())
            .args([
                "--quiet",
                "--no-build",
                "--no-strip",
                "--package",
                "auditor",
            ])
            .args(["--target", self.machine.target()])
            .args(["--deb-version", self.version, "--output"])
            .arg(directory.join(self.deb_name()))
            .env("SOURCE_DATE_EPOCH", &self.moment.seconds);
        shell::run(&mut command)
    }

    /// Makes the .rpm of what is laid out.
    pub(super) fn rpm(&self, directory: &Path) -> anyhow::Result<()> {
        let work = root().join(STAGE).join("rpmbuild");
        let definitions = [
            format!("auditor_version {}", self.version),
            format!("auditor_stage {}", self.tree(Form::Rpm).display()),
            format!("_topdir {}", work.display()),
            format!("_rpmdir {}", work.display()),
        ];
        let mut command = Command::new("rpmbuild");
        command
            .args(["-bb", "--quiet", "--target", self.machine.rpm()])
            .args(
                definitions
                    .iter()
                    .flat_map(|definition| ["--define", definition]),
            )
            .arg(root().join("packaging/auditor.spec"))
            .env("SOURCE_DATE_EPOCH", &self.moment.seconds);
        shell::run(&mut command)?;
        let name = self.rpm_name();
        let made = work.join(self.machine.rpm()).join(&name);
        fs::copy(&made, directory.join(name))
            .with_context(|| format!("cannot copy {}", made.display()))?;
        Ok(())
    }

    /// Packs the tarball's directory.
    pub(super) fn tarball(&self, directory: &Path) -> anyhow::Result<()> {
        let mut tar = Command::new("tar");
        tar.args(["--create", "--sort=name", "--format=ustar"])
            .args(["--owner=0", "--group=0", "--numeric-owner"])
            // Whatever mask its files were made under.
            .arg("--mode=u=rwX,go=rX")
            .arg(format!("--mtime=@{}", self.moment.seconds))
            .args(["--use-compress-program", "gzip -9 --no-name", "--file"])
            .arg(directory.join(self.tarball_name()))
            .arg("--directory")
            .arg(root().join(STAGE))
            .arg(self.tree_name());
        shell::run(&mut tar)
    }
}

/// Writes the sums of files in `directory` beside them.
pub(super) fn write_sums(directory: &Path, names: &[String]) -> anyhow::Result<()> {
    let sums = output(
        Command::new("sha256sum")
            .current_dir(directory)
            .arg("--")
            .args(names),
    )?;
    let path = directory.join("SHA256SUMS");
    fs::write(&path, sums).with_context(|| format!("cannot write {}", path.display()))
}
