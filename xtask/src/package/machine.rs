//! The machines that packages are for: how the static program is built for each, and what others call it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use crate::{
    kernels, setup,
    shell::{self, cargo, output, root},
};

/// A machine, by the processor's architecture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Machine {
    Amd64,
    Arm64,
}

/// How much the compiler does.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Profile {
    /// What is given to others.
    Release,
    /// Built in a fraction of the time, to try packages with.
    Debug,
}

impl Profile {
    const fn directory(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Debug => "debug",
        }
    }
}

impl Machine {
    pub(super) const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// The compiler's name of it.
    pub(super) const fn target(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64-unknown-linux-musl",
            Self::Arm64 => "aarch64-unknown-linux-musl",
        }
    }

    /// Debian's name of it.
    pub(super) const fn debian(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// rpm's name of it, and the kernel's.
    pub(super) const fn rpm(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// Whether its programs run here.
    pub(super) fn is_here(self) -> bool {
        self.rpm() == env::consts::ARCH
    }

    /// The compiler of what is C in our dependencies, and Debian's package of it.
    const fn compiler(self) -> (&'static str, &'static str) {
        match self {
            Self::Amd64 => ("musl-gcc", "musl-tools"),
            Self::Arm64 => ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
        }
    }

    /// Builds the program and returns where it is.
    pub(super) fn build(self, profile: Profile, commit: &str) -> anyhow::Result<PathBuf> {
        let target = self.target();
        shell::run(Command::new("rustup").args(["target", "add", target]))
            .with_context(|| format!("the standard library of {target} is missing"))?;
        setup::install_packages(&[self.compiler()])?;
        // Where sources are is known only once they are there.
        shell::run(cargo().args(["fetch", "--quiet", "--locked", "--target", target]))?;
        let workspace = root();
        let built = env::var_os("CARGO_TARGET_DIR").map_or_else(
            || workspace.join("target"),
            |directory| workspace.join(directory),
        );
        let mut build = cargo();
        build
            .args(["build", "--quiet", "--locked", "--package", "auditor"])
            .args(["--target", target])
            .env("AUDITOR_COMMIT", commit);
        match profile {
            Profile::Release => {
                build.arg("--release");
            }
            Profile::Debug => {
                build.env("CARGO_PROFILE_DEV_STRIP", "symbols");
            }
        }
        let paths = paths(&workspace, &built)?;
        let flags = |option: &str| -> Vec<String> {
            paths
                .iter()
                .map(|(path, name)| format!("{option}={path}={name}"))
                .collect()
        };
        let mut rust_flags = flags("--remap-path-prefix");
        // A hundred thousand addresses, in a tenth of the room.
        rust_flags.push("-Clink-arg=-zpack-relative-relocs".to_owned());
        // Parted as cargo wants it where flags may hold blanks.
        build.env("CARGO_ENCODED_RUSTFLAGS", rust_flags.join("\u{1f}"));
        let mut c_flags = flags("-ffile-prefix-map");
        c_flags.extend(self.c_flags(&workspace.join("target/package"))?);
        let variable = target.replace('-', "_");
        build.env(format!("CC_{variable}"), self.compiler().0);
        build.env(format!("CFLAGS_{variable}"), c_flags.join(" "));
        // The compiler's own, so that whoever builds has the same for every machine.
        let linker = format!("CARGO_TARGET_{}_LINKER", variable.to_uppercase());
        build.env(linker, "rust-lld");
        shell::run(&mut build)?;
        Ok(built.join(target).join(profile.directory()).join("auditor"))
    }

    /// What the compiler of C must be told: where it has no headers of musl, they are fetched below `directory`.
    fn c_flags(self, directory: &Path) -> anyhow::Result<Vec<String>> {
        if self == Self::Amd64 {
            return Ok(Vec::new());
        }
        let headers = directory.join("headers");
        fs::create_dir_all(&headers)
            .with_context(|| format!("cannot make {}", headers.display()))?;
        let tree = kernels::packages_of_arm64(&["musl-dev"], &headers)?;
        let own = output(Command::new(self.compiler().0).arg("-print-file-name=include"))?;
        Ok(vec![
            "-nostdinc".to_owned(),
            format!("-isystem{}", own.trim()),
            format!(
                "-isystem{}",
                tree.join("usr/include/aarch64-linux-musl").display()
            ),
        ])
    }
}

/// Paths of this machine that would be in the program, and what stands there instead, so that two places make the same.
fn paths(workspace: &Path, built: &Path) -> anyhow::Result<Vec<(String, &'static str)>> {
    let mut paths = vec![
        (built.display().to_string(), "./target"),
        (workspace.display().to_string(), "."),
    ];
    let home = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cargo")))
        .context("neither HOME nor CARGO_HOME is set")?;
    // A directory for each registry, named after its address.
    let sources = home.join("registry/src");
    for entry in
        fs::read_dir(&sources).with_context(|| format!("cannot read {}", sources.display()))?
    {
        paths.push((entry?.path().display().to_string(), "/crates"));
    }
    let sysroot = output(Command::new("rustc").args(["--print", "sysroot"]))?;
    paths.push((sysroot.trim().to_owned(), "/rust"));
    Ok(paths)
}
