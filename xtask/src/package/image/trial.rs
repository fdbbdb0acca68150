//! Tries an image: makes it twice, and watches a host of the lab out of it, without an engine but under what the manifest leaves.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use lab::{
    conversation::{Transport, request, serve},
    namespace, process,
};
use nix::sys::signal::{Signal, kill};

use super::{Maker, PROGRAM, TAG};
use crate::{
    setup,
    shell::{self, root, say},
};

/// What a node runs: its capabilities are those that the trial leaves.
const MANIFEST: &str = "packaging/kubernetes/daemonset.yaml";

const MATRIX: &str = r#"
name = "Pair"

[[rule]]
id = "web"
client = ["user"]
server = ["web"]
transport = "tcp"
ports = "8080"
presence = "required"
"#;
const DEPLOYMENT: &str = r#"
matrix = "matrix.toml"
interfaces = ["eth0"]
[roles]
web = ["10.78.0.1"]
user = ["10.78.0.2"]
"#;

/// Mounts what a container has, and runs the image's program in it: `sh` with the root, the directory of what is mounted, and the
/// capabilities. The root is read-only, all processes are seen (`hostPID`), and the network is the host's.
const ENTER: &str = r#"
root=$1 work=$2 capabilities=$3
mount --bind "$root" "$root"
# What an engine makes and mounts.
mkdir -p "$root/proc" "$root/sys" "$root/dev"
mount --rbind /proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for name in full null random urandom zero; do
    touch "$root/dev/$name"
    mount --bind "/dev/$name" "$root/dev/$name"
done
mount --bind "$work/etc" "$root/etc/auditor"
mount -o remount,bind,ro "$root/etc/auditor"
mount --bind "$work/state" "$root/var/lib/auditor"
mount --bind "$work/run" "$root/run/auditor"
mount -o remount,bind,ro "$root"
shift 3
exec setpriv --no-new-privs --inh-caps=-all --bounding-set "-all$capabilities" chroot "$root" "$@"
"#;

/// For so long something is waited for.
const PATIENCE: Duration = Duration::from_millis(100);
const MOST_TRIES: u32 = 600;

/// Tries the image that `archive` holds.
pub(super) fn run(maker: &Maker<'_>, archive: &Path, directory: &Path) -> anyhow::Result<()> {
    setup::install_packages(&setup::IMAGE_TRIAL_PROGRAMS)?;
    let work = directory.join("image-trial");
    let _not_there = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).with_context(|| format!("cannot make {}", work.display()))?;
    say("image: making it again");
    let again = maker.make(&work)?;
    ensure!(
        fs::read(archive)? == fs::read(&again)?,
        "{} is another one each time it is made",
        archive.display()
    );
    let unpacked = unpack(archive, &work)?;
    say("image: watching out of it");
    watch(&unpacked, &work)?;
    fs::remove_dir_all(&work).with_context(|| format!("cannot remove {}", work.display()))
}

/// Unpacks an image, and returns where its root is.
fn unpack(archive: &Path, work: &Path) -> anyhow::Result<PathBuf> {
    let layout = work.join("layout");
    fs::create_dir_all(&layout)?;
    let mut tar = Command::new("tar");
    shell::run(
        tar.arg("--extract")
            .arg("--file")
            .arg(archive)
            .arg("--directory")
            .arg(&layout),
    )?;
    let bundle = work.join("bundle");
    let image = format!("{}:{TAG}", layout.display());
    shell::run(
        Command::new("umoci")
            .args(["unpack", "--image", &image])
            .arg(&bundle),
    )?;
    Ok(bundle.join("rootfs"))
}

/// Watches until a verdict is there, and asks for the watch's health as the manifest's probes do.
fn watch(image: &Path, work: &Path) -> anyhow::Result<()> {
    for name in ["etc", "state", "run"] {
        fs::create_dir_all(work.join(name))?;
    }
    fs::write(work.join("etc/matrix.toml"), MATRIX)?;
    fs::write(work.join("etc/auditor.toml"), DEPLOYMENT)?;
    let (one, other) = namespace::pair()?;
    let service = serve(&one, Transport::Tcp, 8080)?;
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "sh", "-euc", ENTER, "sh"])
        .arg(image)
        .arg(work)
        .arg(capabilities()?)
        .arg(format!("/{PROGRAM}"))
        .args(["watch", "/etc/auditor/auditor.toml", "--every", "300ms"]);
    let program = image.join(PROGRAM);
    let socket = format!("unix:{}", work.join("run/auditor.sock").display());
    let finished = process::run(&one, &command, "watching eth0", &|_line| {}, |pid| {
        request(&other, Transport::Tcp, "10.78.0.1:8080".parse()?)?;
        let report = work.join("state/report.json");
        let own = format!("\"pid\": {}", std::process::id());
        wait("a verdict, and whose socket it is", || {
            let text = fs::read_to_string(&report).unwrap_or_default();
            text.contains("\"verdict\": \"observed\"") && text.contains(&own)
        })?;
        for probe in [&["--watch"][..], &["--alive", "--watch"]] {
            let mut doctor = Command::new(&program);
            shell::output(doctor.arg("doctor").args(probe).arg(&socket))?;
        }
        kill(pid, Signal::SIGTERM).context("cannot end the watch")
    })?;
    drop(service);
    ensure!(
        finished.status.success(),
        "the watch ended with {}:\n{}",
        finished.status,
        finished.stderr
    );
    Ok(())
}

/// The capabilities that the manifest adds, as `setpriv` takes them, and the one that it takes to get into the root.
fn capabilities() -> anyhow::Result<String> {
    let path = root().join(MANIFEST);
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let list = text
        .lines()
        .map(str::trim)
        .skip_while(|line| *line != "add:");
    let names: Vec<String> = list
        .skip(1)
        .filter(|line| !line.starts_with('#'))
        .map_while(|line| line.strip_prefix("- "))
        .map(str::to_lowercase)
        .collect();
    ensure!(!names.is_empty(), "{} adds no capabilities", path.display());
    let names = names.iter().map(String::as_str).chain(["sys_chroot"]);
    let parts: Vec<String> = names.map(|name| format!(",+{name}")).collect();
    Ok(parts.concat())
}

fn wait(what: &str, mut holds: impl FnMut() -> bool) -> anyhow::Result<()> {
    for _ in 0..MOST_TRIES {
        if holds() {
            return Ok(());
        }
        thread::sleep(PATIENCE);
    }
    bail!("this did not come: {what}")
}
