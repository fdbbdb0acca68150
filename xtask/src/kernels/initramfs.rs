//! The initramfs of a kernel that is booted: the tests, what they run, and the modules.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    env, fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use super::{Kernel, RESULT};
use crate::shell::{self, root};

/// Modules that the tests need, unless they are built in.
const MODULES: [&str; 5] = ["veth", "sch_ingress", "cls_bpf", "vxlan", "tun"];

/// Programs that run inside, beside the auditor, its tests and busybox.
const PROGRAMS: [&str; 3] = ["ip", "setpriv", "tc"];

/// The packages of these, and of what the auditor and its tests are linked with.
const PACKAGES: [&str; 5] = [
    "iproute2",
    "util-linux",
    "busybox-static",
    "libc6",
    "libgcc-s1",
];

/// End-to-end tests that run in the virtual machine, by the start of their names: those that a slow machine can run, of
/// every hook and of what older kernels do differently.
const TESTS: [&str; 11] = [
    // Before 6.6 there are no links, so filters of others stand beside ours.
    "blind::filters_of_others",
    "blind::what_is_taken_off",
    "exact::super_packets",
    "interfaces::another_network_namespace",
    // An interface that is up can't be renamed before 6.2, as the third of these tests does.
    "interfaces::what_comes_later",
    "life::a_window_that_is_cut_short",
    "life::flows_are_printed",
    "replay::every_frame",
    "replay::fragments",
    "sides::fragments",
    "tunnel::",
];

/// Fails if a name in `TESTS` matches no test: none would run under it, unnoticed.
pub(super) fn check_names(tests: &Path) -> anyhow::Result<()> {
    for name in TESTS {
        let listed = Command::new(tests)
            .args(["--list", name])
            .output()
            .context("cannot list the tests")?;
        if !listed.status.success() || listed.stdout.is_empty() {
            bail!("no end-to-end test's name holds `{name}`");
        }
    }
    Ok(())
}

/// Makes the initramfs with the command and this test binary; returns its path.
pub(super) fn pack(kernel: &Kernel, tests: &Path, directory: &Path) -> anyhow::Result<PathBuf> {
    let tree = kernel.work.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for directory in ["bin", "proc", "sys", "dev", "tmp", "run/netns", "modules"] {
        fs::create_dir_all(tree.join(directory))?;
    }
    let command = root()
        .join("target")
        .join(kernel.machine.binaries())
        .join("auditor");
    let tests = tests.to_owned();
    if let Some(programs) = kernel.machine.packages(&PACKAGES, directory)? {
        shell::run(
            Command::new("cp")
                .arg("-a")
                .arg(programs.join("."))
                .arg(&tree),
        )?;
    } else {
        own_programs(&tree, &[&command, &tests])?;
    }
    for binary in [&command, &tests] {
        copy(binary, &tree)?;
        // With debug information they would not fit.
        shell::run(Command::new(kernel.machine.strip()).arg(inside(&tree, binary)))?;
    }
    let modules = modules(&kernel.root_dir, &tree)?;
    let init = init(&command, &tests, &modules)?;
    fs::write(tree.join("init"), init)?;
    fs::set_permissions(tree.join("init"), fs::Permissions::from_mode(0o755))?;
    let archive = kernel.work.join("initramfs");
    let packed = Command::new("sh")
        .current_dir(&tree)
        .args(["-c", "find . | cpio --quiet -o -H newc > ../initramfs"])
        .status()
        .context("cannot run cpio")?;
    if !packed.success() {
        bail!("cpio failed");
    }
    Ok(archive)
}

/// Puts this host's programs into the tree, and the libraries of these and of the binaries.
fn own_programs(tree: &Path, binaries: &[&PathBuf]) -> anyhow::Result<()> {
    let busybox = find("busybox")?;
    // Debian has one that needs no libraries, and one that does.
    let mut libraries: BTreeSet<PathBuf> = libraries_of(&busybox)?.into_iter().collect();
    for binary in binaries {
        libraries.extend(libraries_of(binary)?);
    }
    for program in PROGRAMS {
        let program = find(program)?;
        libraries.extend(libraries_of(&program)?);
        copy(&program, tree)?;
    }
    for library in &libraries {
        copy(library, tree)?;
    }
    fs::copy(&busybox, tree.join("bin/busybox"))?;
    Ok(())
}

fn find(program: &str) -> anyhow::Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(system)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
        .with_context(|| format!("`{program}` is not installed"))
}

/// The path in the tree for a file of this host.
fn inside(tree: &Path, file: &Path) -> PathBuf {
    tree.join(file.strip_prefix("/").unwrap_or(file))
}

fn copy(file: &Path, tree: &Path) -> anyhow::Result<()> {
    let to = inside(tree, file);
    if let Some(directory) = to.parent() {
        fs::create_dir_all(directory)?;
    }
    fs::copy(file, &to).with_context(|| format!("cannot copy {}", file.display()))?;
    Ok(())
}

/// The shared libraries of a program, its loader included.
fn libraries_of(binary: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let output = Command::new("ldd")
        .arg(binary)
        .output()
        .context("cannot run ldd")?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .filter(|path| path.is_file())
        .collect())
}

/// Puts the modules and their dependencies into the tree; returns their names in an order in which they load. A custom
/// kernel may have everything built in.
fn modules(root_dir: &Path, tree: &Path) -> anyhow::Result<Vec<String>> {
    // Debian 12's packages have `lib`, later ones `usr/lib`.
    let all = ["lib/modules", "usr/lib/modules"]
        .iter()
        .filter_map(|modules| fs::read_dir(root_dir.join(modules)).ok())
        .flatten()
        .find_map(|entry| Some(entry.ok()?.path()));
    let mut files = BTreeMap::new();
    let mut waiting: VecDeque<_> = all.into_iter().collect();
    while let Some(directory) = waiting.pop_front() {
        for entry in fs::read_dir(&directory)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() && !path.is_symlink() {
                waiting.push_back(path);
            } else if let Some((name, _)) = name.split_once(".ko") {
                files.insert(name.replace('-', "_"), path);
            }
        }
    }
    let (mut order, mut done) = (Vec::new(), BTreeSet::new());
    for module in MODULES {
        load(module, &files, tree, &mut done, &mut order)?;
    }
    Ok(order)
}

fn load(
    module: &str,
    files: &BTreeMap<String, PathBuf>,
    tree: &Path,
    done: &mut BTreeSet<String>,
    order: &mut Vec<String>,
) -> anyhow::Result<()> {
    // A module without a file is built in.
    let Some(file) = files.get(module).filter(|_| done.insert(module.to_owned())) else {
        return Ok(());
    };
    let to = tree.join("modules").join(module);
    if file.extension().is_some_and(|extension| extension == "xz") {
        let unpacked = Command::new("xz")
            .args(["--decompress", "--stdout"])
            .arg(file)
            .output()
            .context("cannot run xz")?;
        fs::write(&to, unpacked.stdout)?;
    } else {
        fs::copy(file, &to)?;
    }
    // A module's file lists its dependencies.
    let bytes = fs::read(&to)?;
    let text = String::from_utf8_lossy(&bytes);
    let needed: Vec<String> = text
        .split('\0')
        .find_map(|field| field.strip_prefix("depends="))
        .unwrap_or_default()
        .split(',')
        .filter(|name| !name.is_empty())
        .map(|name| name.replace('-', "_"))
        .collect();
    for name in needed {
        load(&name, files, tree, done, order)?;
    }
    order.push(module.to_owned());
    Ok(())
}

fn init(command: &Path, tests: &Path, modules: &[String]) -> anyhow::Result<String> {
    let directory = command.parent().context("the command has no directory")?;
    let mut script = vec![
        "#!/bin/busybox sh".to_owned(),
        "/bin/busybox --install -s /bin".to_owned(),
        "mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev".to_owned(),
        "mount -t bpf bpf /sys/fs/bpf".to_owned(),
    ];
    // Not over what the tree has there itself, where the checkout is below it.
    if !command.starts_with("/tmp") {
        script.push("mount -t tmpfs tmp /tmp".to_owned());
    }
    script.extend(modules.iter().map(|name| format!("insmod /modules/{name}")));
    script.extend([
        "export PATH=/usr/sbin:/sbin:/usr/bin:/bin AUDITOR_KERNEL_TESTS=1 RUST_BACKTRACE=0"
            .to_owned(),
        format!("mkdir -p {0}; cd {0}", directory.display()),
        format!("{} doctor", command.display()),
        format!("{} --test-threads 1 {}", tests.display(), TESTS.join(" ")),
        format!("echo {RESULT} $?"),
        "poweroff -f".to_owned(),
        String::new(),
    ]);
    Ok(script.join("\n"))
}
