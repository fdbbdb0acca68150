//! An image for containers, from nothing but the static program and what it needs, the same bytes wherever it is made.

mod cluster;
mod trial;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};
use clap::Args;
use jiff::Timestamp;

use super::{
    DIRECTORY, Moment,
    machine::{Machine, Profile},
    program,
};
use crate::{
    setup,
    shell::{self, is_root, print, root, say},
};

#[derive(Args, Debug)]
pub(crate) struct Image {
    /// Only for machines like this one
    #[arg(long)]
    here: bool,
    /// Build in a fraction of the time, without optimisation, to try the image with: in target/package/debug
    #[arg(long)]
    debug: bool,
    /// Make it twice and compare, get a verdict out of it in namespaces, and hold packaging/kubernetes against Kubernetes'
    /// published schemas; as root
    #[arg(long)]
    test: bool,
}

/// What the image has beside the program: files of the repository, and where they are in it.
const FILES: [(&str, &str); 3] = [
    ("LICENSE-APACHE", "usr/share/doc/auditor/LICENSE-APACHE"),
    ("LICENSE-MIT", "usr/share/doc/auditor/LICENSE-MIT"),
    (
        "docs/report.schema.json",
        "usr/share/auditor/report.schema.json",
    ),
];
/// Where configuration, state and the socket are mounted, and what programs take for granted.
const DIRECTORIES: [&str; 4] = ["etc/auditor", "var/lib/auditor", "run/auditor", "tmp"];
/// Who runs it, for whoever asks for names.
const USERS: &str = "root:x:0:0:root:/:/usr/bin/auditor\n";
/// Where the program is in it.
const PROGRAM: &str = "usr/bin/auditor";
/// The name by which an image is found in its layout.
const TAG: &str = "latest";

/// `cargo xtask image`.
pub(crate) fn run(image: &Image) -> anyhow::Result<()> {
    if image.test && !is_root() {
        bail!(
            "the test of the image makes namespaces, so it needs root; run it with: sudo -E env \"PATH=$PATH\" cargo xtask image --test"
        );
    }
    setup::install()?;
    setup::install_packages(&setup::IMAGE_PROGRAMS)?;
    let moment = Moment::of_commit()?;
    let (profile, directory) = if image.debug {
        (Profile::Debug, root().join(DIRECTORY).join("debug"))
    } else {
        (Profile::Release, root().join(DIRECTORY))
    };
    fs::create_dir_all(&directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    for machine in Machine::ALL {
        if image.here && !machine.is_here() {
            continue;
        }
        say(&format!("image: building for {}", machine.target()));
        let program = machine.build(profile, &moment.commit)?;
        program::check(&program)?;
        let maker = Maker {
            machine,
            moment: &moment,
            program: &program,
        };
        let archive = maker.make(&directory)?;
        if image.test && machine.is_here() {
            trial::run(&maker, &archive, &directory)?;
        }
        print(&format!(
            "{:>10} {}",
            fs::metadata(&archive)?.len(),
            archive.display()
        ));
    }
    if image.test {
        cluster::check()?;
    }
    Ok(())
}

/// What an image is made of.
struct Maker<'a> {
    machine: Machine,
    moment: &'a Moment,
    program: &'a Path,
}

impl Maker<'_> {
    fn name(&self) -> String {
        format!(
            "auditor-{}-{}-oci.tar",
            env!("CARGO_PKG_VERSION"),
            self.machine.debian()
        )
    }

    /// Makes the image as a tar file of the layout of the Open Container Initiative, which every engine loads, and returns where
    /// it is.
    fn make(&self, directory: &Path) -> anyhow::Result<PathBuf> {
        let work = directory.join("image");
        let _not_there = fs::remove_dir_all(&work);
        let tree = work.join("root");
        self.lay_out(&tree)?;
        let layer = work.join("layer.tar");
        self.pack(&tree, &layer)?;
        let layout = work.join("layout");
        self.assemble(&layer, &layout)?;
        let archive = directory.join(self.name());
        self.pack(&layout, &archive)?;
        fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))?;
        Ok(archive)
    }

    /// Lays out all files of the image.
    fn lay_out(&self, tree: &Path) -> anyhow::Result<()> {
        let put = |from: &Path, to: &str| {
            let to = tree.join(to);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::copy(from, &to)
                .map(|_bytes| ())
                .with_context(|| format!("cannot copy {}", from.display()))
        };
        for name in DIRECTORIES {
            fs::create_dir_all(tree.join(name))?;
        }
        put(self.program, PROGRAM)?;
        for (from, to) in FILES {
            put(&root().join(from), to)?;
        }
        fs::write(tree.join("etc/passwd"), USERS).context("cannot write the image's users")
    }

    /// Packs what is in a directory, whoever made it and whenever.
    fn pack(&self, tree: &Path, archive: &Path) -> anyhow::Result<()> {
        let mut tar = Command::new("tar");
        tar.args(["--create", "--sort=name", "--format=ustar"])
            .args(["--owner=0", "--group=0", "--numeric-owner"])
            .arg("--mode=u=rwX,go=rX")
            .arg(format!("--mtime=@{}", self.moment.seconds))
            .arg("--file")
            .arg(archive)
            .arg("--directory")
            .arg(tree)
            .arg(".");
        shell::run(&mut tar)
    }

    /// Makes a layout with one image of one layer.
    fn assemble(&self, layer: &Path, layout: &Path) -> anyhow::Result<()> {
        let umoci = || Command::new("umoci");
        let image = format!("{}:{TAG}", layout.display());
        let seconds: i64 = self.moment.seconds.parse().context("the commit's time")?;
        let created = Timestamp::from_second(seconds)?.to_string();
        shell::run(umoci().args(["init", "--layout"]).arg(layout))?;
        shell::run(umoci().args(["new", "--image", &image]))?;
        shell::run(
            umoci()
                .args(["raw", "add-layer", "--image", &image])
                .args(["--history.created", &created])
                .args(["--history.created_by", "cargo xtask image"])
                .arg(layer),
        )?;
        let label = |name: &str, value: &str| {
            format!("--config.label=org.opencontainers.image.{name}={value}")
        };
        shell::run(
            umoci()
                .args(["config", "--image", &image, "--no-history"])
                .args(["--created", &created])
                .args(["--os", "linux", "--architecture", self.machine.debian()])
                .args(["--config.entrypoint", &format!("/{PROGRAM}")])
                .args(["--config.cmd", "watch"])
                .args(["--config.cmd", "/etc/auditor/auditor.toml"])
                // What was freed goes back at once.
                .args(["--config.env", "MIMALLOC_PURGE_DELAY=0"])
                .arg(label("title", "auditor"))
                .arg(label("version", env!("CARGO_PKG_VERSION")))
                .arg(label("revision", &self.moment.commit))
                .arg(label("licenses", "MIT OR Apache-2.0")),
        )?;
        // What the steps before left behind.
        shell::run(umoci().args(["gc", "--layout"]).arg(layout))
    }
}
