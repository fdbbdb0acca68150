//! Where everything of a package goes on a host.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};

use crate::shell::{self, output, root};

/// The forms of packages, which differ in where systems look.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    Deb,
    Rpm,
    /// To be unpacked below `/usr/local`.
    Tarball,
}

impl Form {
    pub(super) const ALL: [Self; 3] = [Self::Deb, Self::Rpm, Self::Tarball];

    /// The directory with `bin`, `lib` and `share`, below that of the package.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Deb | Self::Rpm => "usr",
            Self::Tarball => "",
        }
    }

    /// Where the program is in the end.
    const fn program(self) -> &'static str {
        match self {
            Self::Deb | Self::Rpm => "/usr/bin/auditor",
            Self::Tarball => UNIT_PROGRAM,
        }
    }

    /// Where zsh looks for completions of packages.
    const fn zsh(self) -> &'static str {
        match self {
            Self::Deb => "share/zsh/vendor-completions/_auditor",
            Self::Rpm | Self::Tarball => "share/zsh/site-functions/_auditor",
        }
    }
}

/// The program that the units in `docs/` start, as it stands there.
const UNIT_PROGRAM: &str = "/usr/local/bin/auditor";
const UNITS: [&str; 2] = ["auditor.service", "auditor-fleet.service"];

/// Files, and directories of which every file is meant, from the workspace to below the prefix.
const FILES: [(&str, &str); 11] = [
    ("docs/alerts.yml", "share/auditor/alerts.yml"),
    ("docs/dashboard.json", "share/auditor/dashboard.json"),
    (
        "docs/report.schema.json",
        "share/auditor/report.schema.json",
    ),
    ("matrices", "share/auditor/matrices"),
    ("README.md", "share/doc/auditor/README.md"),
    ("CHANGELOG.md", "share/doc/auditor/CHANGELOG.md"),
    ("ARCHITECTURE.md", "share/doc/auditor/ARCHITECTURE.md"),
    ("LICENSE-APACHE", "share/doc/auditor/LICENSE-APACHE"),
    ("LICENSE-MIT", "share/doc/auditor/LICENSE-MIT"),
    ("docs", "share/doc/auditor/docs"),
    ("demo/ports.md", "share/doc/auditor/examples/ports.md"),
];

/// What is written by the program itself or by tools.
#[derive(Debug)]
pub(super) struct Generated {
    /// Pages of the manual, as they are.
    manual: PathBuf,
    /// Shells and what each needs.
    completions: Vec<(&'static str, String)>,
}

impl Generated {
    /// Has the program write it below `directory`.
    pub(super) fn write(program: &Path, directory: &Path) -> anyhow::Result<Self> {
        let manual = directory.join("manual");
        let _not_there = fs::remove_dir_all(&manual);
        shell::run(Command::new(program).arg("manual").arg(&manual))?;
        let mut completions = Vec::new();
        for name in ["bash", "zsh", "fish"] {
            let script = output(Command::new(program).args(["completions", name]))?;
            ensure!(
                script.contains("auditor"),
                "no completions came out for {name}"
            );
            completions.push((name, script));
        }
        Ok(Self {
            manual,
            completions,
        })
    }
}

/// Lays everything out below `directory`, which is made anew.
pub(super) fn lay_out(
    form: Form,
    program: &Path,
    bom: &Path,
    generated: &Generated,
    directory: &Path,
) -> anyhow::Result<()> {
    let _not_there = fs::remove_dir_all(directory);
    let workspace = root();
    let prefix = directory.join(form.prefix());
    copy(program, &prefix.join("bin/auditor"))?;
    let mut units = Vec::new();
    for name in UNITS {
        let path = workspace.join("docs").join(name);
        let unit =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        ensure!(
            unit.contains(UNIT_PROGRAM),
            "{name} does not start {UNIT_PROGRAM}"
        );
        units.push((name, unit.replace(UNIT_PROGRAM, form.program())));
    }
    for (source, destination) in FILES {
        copy(&workspace.join(source), &prefix.join(destination))?;
    }
    for (name, unit) in &units {
        write(&prefix.join("lib/systemd/system").join(name), unit)?;
        write(&prefix.join("share/doc/auditor/docs").join(name), unit)?;
    }
    copy(
        &workspace.join("packaging/auditor.toml"),
        &directory.join("etc/auditor/auditor.toml"),
    )?;
    copy(bom, &prefix.join("share/doc/auditor/auditor.cdx.json"))?;
    let manual = prefix.join("share/man/man1");
    copy(&generated.manual, &manual)?;
    // Without names and times: the same page is the same file.
    let mut gzip = Command::new("gzip");
    shell::run(gzip.args(["-9", "--no-name", "--recursive"]).arg(&manual))?;
    for (shell, script) in &generated.completions {
        let destination = match *shell {
            "bash" => "share/bash-completion/completions/auditor",
            "fish" => "share/fish/vendor_completions.d/auditor.fish",
            _ => form.zsh(),
        };
        write(&prefix.join(destination), script)?;
    }
    Ok(())
}

fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    make_parent(path)?;
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Copies a file, or all files of a directory; directories in it are left out.
fn copy(source: &Path, destination: &Path) -> anyhow::Result<()> {
    if source.is_dir() {
        for entry in
            fs::read_dir(source).with_context(|| format!("cannot read {}", source.display()))?
        {
            let entry = entry?;
            if entry.path().is_file() {
                copy(&entry.path(), &destination.join(entry.file_name()))?;
            }
        }
        return Ok(());
    }
    make_parent(destination)?;
    fs::copy(source, destination).with_context(|| {
        format!(
            "cannot copy {} to {}",
            source.display(),
            destination.display()
        )
    })?;
    Ok(())
}

fn make_parent(path: &Path) -> anyhow::Result<()> {
    let parent = path.parent().context("a file stands in no directory")?;
    fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))
}
