//! Installs what a fresh Debian or Ubuntu host with rustup lacks.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use crate::shell::{self, cargo, has, is_root, say};

/// The last version that uses the LLVM of rustc 1.95 itself; the same constant stands in `auditor/build.rs`.
const BPF_LINKER: &str = "0.10.4";
const TOOLCHAIN: &str = "1.95.0";

/// Programs that the build and the demo run, and the Debian package of each.
const PROGRAMS: [(&str, &str); 5] = [
    ("cc", "gcc"),
    ("ip", "iproute2"),
    ("nft", "nftables"),
    ("bpftool", "bpftool"),
    ("setpriv", "util-linux"),
];

/// Programs that only the end-to-end tests run, to try the auditor with them.
pub(crate) const TEST_PROGRAMS: [(&str, &str); 11] = [
    ("python3", "python3"),
    ("cc", "gcc"),
    ("nft", "nftables"),
    ("nats-server", "nats-server"),
    ("faketime", "faketime"),
    ("sqlite3", "sqlite3"),
    ("ssh-keygen", "openssh-client"),
    ("chromium", "chromium"),
    ("promtool", "prometheus"),
    ("prometheus-alertmanager", "prometheus-alertmanager"),
    ("systemd-analyze", "systemd"),
];

/// `cargo xtask setup`.
pub(crate) fn run() -> anyhow::Result<()> {
    install()?;
    say("setup: everything is there; `cargo build` builds, `cargo xtask demo` shows it at work");
    Ok(())
}

/// Installs everything that is missing, and says what it does.
pub(crate) fn install() -> anyhow::Result<()> {
    rust_src()?;
    install_packages(&PROGRAMS)?;
    bpf_linker()?;
    bpffs();
    Ok(())
}

fn rust_src() -> anyhow::Result<()> {
    let sysroot = Command::new("rustc")
        .args(["--print", "sysroot"])
        .output()
        .context("cannot run `rustc`: install rustup first")?;
    let sysroot = PathBuf::from(String::from_utf8_lossy(&sysroot.stdout).trim());
    if sysroot.join("lib/rustlib/src/rust/library/core").is_dir() {
        return Ok(());
    }
    say("setup: fetching rust-src");
    shell::run(Command::new("rustup").args([
        "component",
        "add",
        "rust-src",
        "--toolchain",
        TOOLCHAIN,
    ]))
    .context("rust-src is missing: run `rustup component add rust-src`")
}

/// The version of axe-core with which `tests/page.rs` checks the report's page.
const AXE: &str = "axe-core@4.14.1";

/// Installs axe-core, which checks the accessibility of the page, where `tests/page.rs` looks for it.
pub(crate) fn install_axe() -> anyhow::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/axe");
    if directory.join("node_modules/axe-core/axe.min.js").is_file() {
        return Ok(());
    }
    install_packages(&[("npm", "npm")])?;
    say("setup: fetching axe-core");
    let mut npm = Command::new("npm");
    npm.args([
        "install",
        "--silent",
        "--no-save",
        "--no-audit",
        "--no-fund",
    ])
    .arg("--prefix")
    .arg(&directory)
    .arg(AXE);
    shell::run(&mut npm)
}

/// Installs the packages of programs that are missing.
pub(crate) fn install_packages(programs: &[(&str, &str)]) -> anyhow::Result<()> {
    let missing: Vec<&str> = programs
        .iter()
        .filter(|(program, _)| !has(program))
        .map(|(_, package)| *package)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let list = missing.join(" ");
    if !is_root() || !has("apt-get") {
        bail!(
            "these packages are missing: {list}; install them (on Debian or Ubuntu: sudo apt-get install {list})"
        );
    }
    say(&format!("setup: installing {list}"));
    let mut apt = Command::new("apt-get");
    shell::run(apt.args(["update", "-qq"]))?;
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive")
        .args(["install", "-y", "-qq", "--no-install-recommends"])
        .args(missing);
    // apt's output is no part of the output of a command that calls setup.
    shell::run(apt.stdout(std::process::Stdio::null()))
        .with_context(|| format!("cannot install {list}"))
}

fn bpf_linker() -> anyhow::Result<()> {
    if env::var_os("BPF_LINKER").is_none() {
        install_tool("bpf-linker", BPF_LINKER)?;
    }
    Ok(())
}

/// Builds a program of crates.io in the user's cache, unless it is there, and returns where it is.
fn install_tool(name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let directory = cache()?.join(format!("{name}-{version}"));
    let program = directory.join("bin").join(name);
    if program.is_file() {
        return Ok(program);
    }
    say(&format!(
        "setup: building {name} {version} in {}, which takes a minute or two",
        directory.display()
    ));
    let mut install = cargo();
    install
        .args(["install", name, "--version", version])
        .args(["--locked", "--quiet", "--root"])
        .arg(&directory);
    shell::run(&mut install)?;
    Ok(program)
}

/// Programs that make packages, and the Debian package of each.
const PACKAGE_PROGRAMS: [(&str, &str); 5] = [
    ("git", "git"),
    ("gzip", "gzip"),
    ("rpmbuild", "rpm"),
    ("tar", "tar"),
    ("sha256sum", "coreutils"),
];

/// Programs that try packages, and the Debian package of each.
pub(crate) const TRIAL_PROGRAMS: [(&str, &str); 4] = [
    ("debootstrap", "debootstrap"),
    ("dpkg", "dpkg"),
    ("ip", "iproute2"),
    ("unshare", "util-linux"),
];

/// Programs that try the role for Ansible, and the Debian package of each. `ansible` brings how to work in a root directory.
pub(crate) const ANSIBLE_PROGRAMS: [(&str, &str); 2] = [
    ("ansible-community", "ansible"),
    ("ansible-lint", "ansible-lint"),
];

/// Programs that make images, and the Debian package of each.
pub(crate) const IMAGE_PROGRAMS: [(&str, &str); 2] = [("umoci", "umoci"), ("tar", "tar")];

/// Programs that try images, and the Debian package of each.
pub(crate) const IMAGE_TRIAL_PROGRAMS: [(&str, &str); 5] = [
    ("ip", "iproute2"),
    ("mount", "mount"),
    ("setpriv", "util-linux"),
    ("umoci", "umoci"),
    ("unshare", "util-linux"),
];

/// What holds manifests against Kubernetes' published schemas, which it brings with it.
const VALIDATOR: &str = "kubernetes-validate==1.37.0";

/// Installs that in the user's cache, unless it is there, and returns where it is.
pub(crate) fn install_kubernetes_validator() -> anyhow::Result<PathBuf> {
    let directory = cache()?.join(VALIDATOR);
    let program = directory.join("bin/kubernetes-validate");
    if program.is_file() {
        return Ok(program);
    }
    install_packages(&[("python3", "python3")])?;
    say(&format!("setup: installing {VALIDATOR}"));
    let venv = |directory: &Path| {
        let mut command = Command::new("python3");
        shell::run(command.args(["-m", "venv", "--clear"]).arg(directory))
    };
    // Debian's Python has it in a package of its own, which has no program to look for.
    if venv(&directory).is_err() {
        install_packages(&[("python3-venv", "python3-venv")])?;
        venv(&directory)?;
    }
    let mut pip = Command::new(directory.join("bin/pip"));
    shell::run(pip.args([
        "install",
        "--quiet",
        "--disable-pip-version-check",
        VALIDATOR,
    ]))
    .with_context(|| {
        format!(
            "cannot install {VALIDATOR}: install it with pip, so that {} is there",
            program.display()
        )
    })?;
    Ok(program)
}

/// Where this project keeps what it builds for itself.
fn cache() -> anyhow::Result<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cache")))
        .context("neither HOME nor XDG_CACHE_HOME is set")?;
    Ok(cache.join("auditor"))
}

/// The tools of crates.io that make packages.
#[derive(Debug)]
pub(crate) struct PackageTools {
    pub(crate) deb: PathBuf,
    pub(crate) bom: PathBuf,
}

/// Installs what makes packages.
pub(crate) fn install_package_tools() -> anyhow::Result<PackageTools> {
    install()?;
    install_packages(&PACKAGE_PROGRAMS)?;
    Ok(PackageTools {
        deb: install_tool("cargo-deb", "3.8.0")?,
        bom: install_tool("cargo-cyclonedx", "0.5.9")?,
    })
}

/// Nothing here pins to bpffs, but tools that inspect programs expect it.
fn bpffs() {
    let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let is_mounted = mounts
        .lines()
        .filter_map(|line| line.split(' ').nth(2))
        .any(|kind| kind == "bpf");
    if !is_mounted && is_root() && Path::new("/sys/fs/bpf").is_dir() {
        let mounted = Command::new("mount")
            .args(["-t", "bpf", "bpf", "/sys/fs/bpf"])
            .status();
        if !mounted.is_ok_and(|status| status.success()) {
            say("setup: bpffs could not be mounted on /sys/fs/bpf; nothing here needs it");
        }
    }
}
