//! A root directory that serves as a host: a system of its own with its own network, in which scripts run.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail, ensure};

use crate::shell::{self, output, root, say};

/// The release that hosts are of, and what they have beside the smallest system.
const RELEASE: &str = "bookworm";
const PACKAGES: &str = "man-db,procps,python3,python3-apt,rpm,systemd";

/// An address beside the host's, of a machine that answers nothing.
pub(super) const PEER: &str = "10.0.0.11";

/// Mounts what a system has, and gives it an interface with an address of the guide's example; all that is gone when it ends. The
/// first argument is its root directory, the third one its neighbour.
const BEGIN: &str = r#"
mount -t proc proc "$1/proc"
mount -t sysfs sysfs "$1/sys"
mount -t bpf bpf "$1/sys/fs/bpf"
mount --rbind /dev "$1/dev"
ip link set lo up
ip link add eth0 type veth peer name peer
ip address add 10.0.0.10/24 dev eth0
ip link set peer up
ip link set eth0 up
ip neighbour add "$3" lladdr 02:00:00:00:00:11 dev eth0
"#;

/// Runs the second argument in that root directory.
const INSIDE: &str = r#"
exec chroot "$1" /usr/bin/env --ignore-environment HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin sh -euc "cd /root; $2"
"#;

/// Runs the second argument outside of it.
const BESIDE: &str = r#"exec sh -euc "$2""#;

/// Writes down what it is asked; services are enabled and disabled as in a system that does not run, and nothing starts.
const SYSTEMCTL: &str = r#"#!/bin/sh
echo "$*" >> /root/systemctl.log
case "$1" in
enable | disable) exec /usr/bin/systemctl.real --root=/ "$1" auditor.service ;;
esac
"#;

/// Directories in which the system itself writes down what it did.
const OWN_RECORDS: [&str; 8] = [
    "dev",
    "proc",
    "root",
    "run",
    "sys",
    "tmp",
    "var/cache",
    "var/log",
];

/// A host.
#[derive(Debug)]
pub(super) struct Host {
    path: PathBuf,
}

impl Host {
    /// A copy of a system, in which no systemd runs.
    pub(super) fn bare(base: &Path, path: &Path) -> anyhow::Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("cannot make {}", path.display()))?;
        let mut copy = Command::new("cp");
        shell::run(copy.arg("--archive").arg(base.join(".")).arg(path))?;
        Ok(Self {
            path: path.to_owned(),
        })
    }

    /// A copy of a system, in which systemd seems to run.
    pub(super) fn new(base: &Path, path: &Path) -> anyhow::Result<Self> {
        let host = Self::bare(base, path)?;
        host.run("mkdir -p /run/systemd/system; cd /usr/bin; mv systemctl systemctl.real")?;
        fs::write(path.join("usr/bin/systemctl"), SYSTEMCTL)?;
        host.run("chmod 755 /usr/bin/systemctl")?;
        Ok(host)
    }

    /// Puts a package into root's home, in place of the others that are there.
    pub(super) fn take(&self, package: &Path) -> anyhow::Result<()> {
        self.run("rm -rf /root/auditor*")?;
        self.put(package)
    }

    /// Puts a package into root's home.
    pub(super) fn put(&self, package: &Path) -> anyhow::Result<()> {
        let name = package.file_name().context("a package has a name")?;
        fs::copy(package, self.path.join("root").join(name))
            .with_context(|| format!("cannot copy {}", package.display()))?;
        Ok(())
    }

    /// Runs a script, which must succeed, and returns what it prints.
    pub(super) fn run(&self, script: &str) -> anyhow::Result<String> {
        self.run_by(INSIDE, script)
    }

    /// Runs a script outside of the host while what it has is mounted and its network is there.
    pub(super) fn run_beside(&self, script: &str) -> anyhow::Result<String> {
        self.run_by(BESIDE, script)
    }

    fn run_by(&self, how: &str, script: &str) -> anyhow::Result<String> {
        let mut command = Command::new("unshare");
        command
            .args(["--mount", "--net", "sh", "-euc"])
            .arg(format!("{BEGIN}{how}"))
            .arg("sh")
            .arg(&self.path)
            .arg(script)
            .arg(PEER);
        let output = command.output().context("cannot run `unshare`")?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if !output.status.success() {
            bail!(
                "this script failed ({}):\n{script}\n{text}{}",
                output.status,
                String::from_utf8_lossy(&output.stderr)
            );
        }
        Ok(text)
    }

    /// Fails unless a script prints something that contains `text`.
    pub(super) fn expect(&self, script: &str, text: &str) -> anyhow::Result<()> {
        let printed = self.run(script)?;
        ensure!(
            printed.contains(text),
            "`{script}` prints no `{text}`:\n{printed}"
        );
        Ok(())
    }

    /// Fails unless all of these are there.
    pub(super) fn expect_files(&self, files: &[&str]) -> anyhow::Result<()> {
        for file in files {
            ensure!(self.has(file), "{file} is not there");
        }
        Ok(())
    }

    /// Its root directory.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn has(&self, file: &str) -> bool {
        let path = self.path.join(file.trim_start_matches('/'));
        path.symlink_metadata().is_ok()
    }

    /// What systemctl was asked since the last time.
    pub(super) fn systemctl_log(&self) -> anyhow::Result<String> {
        self.run("cat systemctl.log 2> /dev/null || true; rm -f systemctl.log")
    }

    /// All files and directories, but for what the system itself writes down.
    pub(super) fn files(&self) -> anyhow::Result<BTreeSet<PathBuf>> {
        let mut files = BTreeSet::new();
        collect(&self.path, Path::new(""), &mut files)
            .with_context(|| format!("cannot look through {}", self.path.display()))?;
        Ok(files)
    }
}

fn collect(system: &Path, directory: &Path, files: &mut BTreeSet<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(system.join(directory))? {
        let entry = entry?;
        let path = directory.join(entry.file_name());
        if OWN_RECORDS.iter().any(|own| path == Path::new(own)) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(system, &path, files)?;
        }
        files.insert(path);
    }
    Ok(())
}

/// The system of which hosts are copies, made once.
pub(super) fn base() -> anyhow::Result<PathBuf> {
    // One that has other packages is another one.
    let name = format!("{RELEASE}-{}", PACKAGES.replace(',', "-"));
    let base = root().join("target/roots").join(name);
    if base.is_dir() {
        return Ok(base);
    }
    say(&format!("package: making a root directory of {RELEASE}"));
    let unfinished = base.with_extension("new");
    let _not_there = fs::remove_dir_all(&unfinished);
    fs::create_dir_all(&unfinished)
        .with_context(|| format!("cannot make {}", unfinished.display()))?;
    // From where this host has its own packages.
    let addresses = output(Command::new("apt-get").args([
        "indextargets",
        "--format",
        "$(REPO_URI)",
        "Created-By: Packages",
        &format!("Codename: {RELEASE}"),
    ]))?;
    let mut debootstrap = Command::new("debootstrap");
    debootstrap
        .args(["--variant=minbase", &format!("--include={PACKAGES}")])
        .arg(RELEASE)
        .arg(&unfinished);
    if let Some(address) = addresses.lines().next() {
        debootstrap.arg(address);
    }
    let log = debootstrap.output().context("cannot run debootstrap")?;
    ensure!(
        log.status.success(),
        "debootstrap failed:\n{}",
        String::from_utf8_lossy(&log.stdout)
    );
    fs::rename(&unfinished, &base)?;
    Ok(base)
}
