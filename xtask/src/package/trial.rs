//! Tries packages: makes them twice, and installs, upgrades and removes them in root directories of their own.

mod ansible;
mod checks;
mod debian;
mod guide;
mod host;
mod rpm;
mod tarball;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use self::{guide::Guide, host::Host};
use super::{Packager, archive::Order, layout::Form};
use crate::{
    setup,
    shell::{output, root, say},
};

/// The version of the packages that are upgraded.
const OLDER: &str = "0.0.9";

/// What the older packages' configuration has in addition, so that the newer ones bring another one.
const OLDER_LINE: &str = "# As it was in an older version.\n";

/// What somebody has written into the configuration, and what must still stand there.
const EDIT: &str = "# Edited on this host.";

/// Tries the packages of this machine that are in `directory`.
pub(super) fn run(
    packager: &Packager<'_>,
    order: &Order<'_>,
    program: &Path,
    directory: &Path,
) -> anyhow::Result<()> {
    setup::install_packages(&setup::TRIAL_PROGRAMS)?;
    let work = root().join("target/package/trial");
    let _not_there = fs::remove_dir_all(&work);
    repeat(packager, order, program, directory, &work.join("again"))?;
    let older = older(packager, order, program, &work.join("older"))?;
    let version = output(Command::new(program).arg("--version"))?;
    let start = format!("auditor {} (", order.version);
    ensure!(
        version.starts_with(&start),
        "the program's version is no `{start}COMMIT)`: {version}"
    );
    let trial = Trial {
        version,
        program,
        order,
        older_name: packager.order(order.machine, OLDER),
        newer: directory,
        older: &older,
        guide: Guide::read()?,
        base: host::base()?,
        work: &work,
    };
    debian::run(&trial).context("the .deb")?;
    rpm::run(&trial).context("the .rpm")?;
    tarball::run(&trial).context("the tarball")?;
    ansible::run(&trial).context("the role for Ansible")?;
    trial.guide.check_all_was_tried()?;
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}

/// What is tried.
struct Trial<'a> {
    /// What the program says of its version.
    version: String,
    program: &'a Path,
    order: &'a Order<'a>,
    older_name: Order<'a>,
    /// Where the packages are, and the older ones.
    newer: &'a Path,
    older: &'a Path,
    guide: Guide,
    /// A system without the auditor, of which every host is a copy.
    base: PathBuf,
    work: &'a Path,
}

impl Trial<'_> {
    /// A host with a package in root's home.
    fn host(&self, name: &str, package: &Path) -> anyhow::Result<Host> {
        let host = Host::new(&self.base, &self.work.join(name))?;
        host.take(package)?;
        Ok(host)
    }
}

/// Makes the packages once more, and compares.
fn repeat(
    packager: &Packager<'_>,
    order: &Order<'_>,
    program: &Path,
    directory: &Path,
    again: &Path,
) -> anyhow::Result<()> {
    say("package: making them again");
    for name in packager.pack(order, program, again)? {
        let read = |directory: &Path| {
            let path = directory.join(&name);
            fs::read(&path).with_context(|| format!("cannot read {}", path.display()))
        };
        ensure!(
            read(directory)? == read(again)?,
            "{name} is another one each time it is made"
        );
    }
    Ok(())
}

/// Makes packages of an older version, with another configuration, and returns where they are.
fn older(
    packager: &Packager<'_>,
    order: &Order<'_>,
    program: &Path,
    directory: &Path,
) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let older = packager.order(order.machine, OLDER);
    packager.lay_out(&older, program, directory)?;
    for form in [Form::Deb, Form::Rpm] {
        let path = older.tree(form).join("etc/auditor/auditor.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        fs::write(&path, format!("{text}{OLDER_LINE}"))?;
    }
    older.deb(&packager.tools.deb, directory)?;
    older.rpm(directory)?;
    Ok(directory.to_owned())
}
