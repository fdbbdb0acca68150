//! Packages for others: a static program and what belongs to it, as .deb, .rpm and tarball, the same bytes wherever they are made.

mod archive;
mod bom;
pub(crate) mod image;
mod layout;
mod machine;
mod program;
mod trial;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};
use clap::Args;

use self::{
    archive::Order,
    layout::{Form, Generated},
    machine::{Machine, Profile},
};
use crate::{
    setup::{self, PackageTools},
    shell::{is_root, output, print, root, say},
};

#[derive(Args, Debug)]
pub(crate) struct Package {
    /// Only for machines like this one
    #[arg(long)]
    here: bool,
    /// Build in a fraction of the time, without optimisation, to try packages with: in target/package/debug
    #[arg(long)]
    debug: bool,
    /// Pack a program that is built already, for machines like this one, instead of building it
    #[arg(
        long,
        value_name = "PROGRAM",
        requires = "here",
        conflicts_with = "debug"
    )]
    program: Option<PathBuf>,
    /// Make them twice and compare, and install, upgrade and remove them in root directories made for that; as root
    #[arg(long)]
    test: bool,
}

/// Below the workspace; `auditor/Cargo.toml` names the stage.
const DIRECTORY: &str = "target/package";
const STAGE: &str = "target/package/stage";

/// What stands in packages of where they come from: of the commit, so that whoever makes them anew gets the same.
#[derive(Debug)]
struct Moment {
    /// Since 1970.
    seconds: String,
    commit: String,
}

impl Moment {
    fn of_commit() -> anyhow::Result<Self> {
        let git = |arguments: &[&str]| {
            let text = output(Command::new("git").current_dir(root()).args(arguments))?;
            anyhow::Ok(text.trim().to_owned())
        };
        let seconds = match env::var("SOURCE_DATE_EPOCH") {
            Ok(seconds) => seconds,
            Err(_) => git(&["log", "-1", "--format=%ct"])?,
        };
        let commit = git(&[
            "describe",
            "--always",
            "--abbrev=12",
            "--dirty",
            "--exclude=*",
        ])?;
        Ok(Self { seconds, commit })
    }
}

/// `cargo xtask package`.
pub(crate) fn run(package: &Package) -> anyhow::Result<()> {
    if package.test && !is_root() {
        bail!(
            "the test of packages makes root directories and network namespaces, so it needs root; run it with: \
             sudo -E env \"PATH=$PATH\" cargo xtask package --test"
        );
    }
    let tools = setup::install_package_tools()?;
    let moment = Moment::of_commit()?;
    // Only what is built from here for others goes where others look.
    let packages = root().join(DIRECTORY);
    let (profile, directory) = match (package.debug, &package.program) {
        (true, _) => (Profile::Debug, packages.join("debug")),
        (false, Some(_)) => (Profile::Release, packages.join("given")),
        (false, None) => (Profile::Release, packages),
    };
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let here = Machine::ALL
        .into_iter()
        .find(|machine| machine.is_here())
        .context(
            "packages can be made only on x86_64 and aarch64: the program writes its manual itself",
        )?;
    let mut machines = vec![here];
    if !package.here {
        machines.extend(Machine::ALL.into_iter().filter(|machine| *machine != here));
    }
    let mut packager = None;
    let mut names = Vec::new();
    for machine in machines {
        let program = if let Some(program) = &package.program {
            program
                .canonicalize()
                .with_context(|| format!("cannot find {}", program.display()))?
        } else {
            say(&format!("package: building for {}", machine.target()));
            machine.build(profile, &moment.commit)?
        };
        program::check(&program)?;
        let packager = match &mut packager {
            Some(packager) => packager,
            None => packager.insert(Packager {
                generated: Generated::write(&program, &directory)?,
                tools: &tools,
                moment: &moment,
            }),
        };
        say(&format!("package: packing for {}", machine.target()));
        let order = packager.order(machine, env!("CARGO_PKG_VERSION"));
        names.extend(packager.pack(&order, &program, &directory)?);
        if package.test && machine.is_here() {
            trial::run(packager, &order, &program, &directory)?;
        }
    }
    archive::write_sums(&directory, &names)?;
    names.push("SHA256SUMS".to_owned());
    for name in &names {
        let size = fs::metadata(directory.join(name))?.len();
        print(&format!("{size:>10} {name}"));
    }
    Ok(())
}

/// What packages are made with and of.
#[derive(Debug)]
struct Packager<'a> {
    generated: Generated,
    tools: &'a PackageTools,
    moment: &'a Moment,
}

impl Packager<'_> {
    fn order<'a>(&'a self, machine: Machine, version: &'a str) -> Order<'a> {
        Order {
            machine,
            version,
            moment: self.moment,
        }
    }

    /// Makes all packages of a program in `directory`, and returns their names.
    fn pack(
        &self,
        order: &Order<'_>,
        program: &Path,
        directory: &Path,
    ) -> anyhow::Result<Vec<String>> {
        let bom = self.lay_out(order, program, directory)?;
        order.deb(&self.tools.deb, directory)?;
        order.rpm(directory)?;
        order.tarball(directory)?;
        let bom = bom.file_name().unwrap_or_default().to_string_lossy();
        Ok(vec![
            order.deb_name(),
            order.rpm_name(),
            order.tarball_name(),
            bom.into_owned(),
        ])
    }

    /// Lays every form out, and returns where the bill of materials is, which is written to `directory`.
    fn lay_out(
        &self,
        order: &Order<'_>,
        program: &Path,
        directory: &Path,
    ) -> anyhow::Result<PathBuf> {
        fs::create_dir_all(directory)
            .with_context(|| format!("cannot make {}", directory.display()))?;
        let bom = bom::write(&self.tools.bom, order.machine, self.moment, directory)?;
        // An older version's tarball has another name.
        let _not_there = fs::remove_dir_all(root().join(STAGE));
        for form in Form::ALL {
            let tree = order.tree(form);
            layout::lay_out(form, program, &bom, &self.generated, &tree)?;
        }
        Ok(bom)
    }
}
