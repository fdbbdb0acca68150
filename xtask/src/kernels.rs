//! Runs end-to-end tests on other kernels: Debian's, each booted by qemu with nothing but what the tests need.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    env,
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use crate::{
    setup,
    shell::{self, cargo, root, say},
};

/// What is booted: the newest Debian package whose name starts and ends so, and with which parameters. Where a CPU is
/// isolated, there is no membarrier for all.
const KERNELS: [(&str, &str, &str); 3] = [
    ("linux-image-6.1.", "-cloud-amd64", ""),
    ("linux-image-6.12.", "-cloud-amd64", " nohz_full=1"),
    ("linux-image-6.12.", "-rt-amd64", ""),
];

/// Modules that the tests need; what is built in needs none.
const MODULES: [&str; 5] = ["veth", "sch_ingress", "cls_bpf", "vxlan", "tun"];

/// Programs that run inside, beside the auditor, its tests and busybox.
const PROGRAMS: [&str; 2] = ["ip", "setpriv"];

/// Packages of what is needed here.
const PACKAGES: [(&str, &str); 4] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("cpio", "cpio"),
    ("xz", "xz-utils"),
];

/// Tests of the end-to-end suite that run there, by the start of their names: those that a slow machine can run, of every
/// hook and of what older kernels do in their own way.
const TESTS: [&str; 7] = [
    "exact::super_packets",
    "interfaces::another_network_namespace",
    // An interface that is up can't be renamed before 6.2, as the third of these tests does.
    "interfaces::what_comes_later",
    "life::a_window_that_is_cut_short",
    "life::flows_are_printed",
    "replay::every_frame",
    "tunnel::",
];

/// What the last line of a boot starts with; the exit code of the tests follows.
const RESULT: &str = "auditor-tests-ended-with";

/// Boots every kernel whose package's name holds `only`.
pub(crate) fn run(only: &str) -> anyhow::Result<()> {
    setup::install_packages(&PACKAGES)?;
    let tests = build()?;
    let directory = root().join("target/kernels");
    fs::create_dir_all(&directory).context("cannot make target/kernels")?;
    let mut failed = Vec::new();
    for (start, end, parameters) in KERNELS {
        let package = newest(start, end)?;
        if !package.contains(only) {
            continue;
        }
        say(&format!("kernels: {package}"));
        let place = unpack(&directory, &package)?;
        let archive = initramfs(&place, &tests)?;
        if !boot(&place, &archive, &package, parameters)? {
            failed.push(package);
        }
    }
    if !failed.is_empty() {
        bail!("tests failed on {}", failed.join(", "));
    }
    say("kernels: all tests passed on all of them");
    Ok(())
}

/// Builds the command and its end-to-end tests; returns the test binary.
fn build() -> anyhow::Result<PathBuf> {
    let mut build = cargo();
    build.args([
        "test",
        "--package",
        "auditor",
        "--test",
        "end-to-end",
        "--no-run",
        "--message-format",
        "json",
        "--quiet",
    ]);
    let output = build
        .stderr(Stdio::inherit())
        .output()
        .context("cannot build the tests")?;
    if !output.status.success() {
        bail!("the tests could not be built");
    }
    // One message a line; the test binary is the one executable of its name.
    let text = String::from_utf8_lossy(&output.stdout);
    let path = text
        .split("\"executable\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .find(|path| path.contains("end_to_end"))
        .context("cargo named no test binary")?;
    Ok(PathBuf::from(path))
}

/// The newest package of a family, by its numbers.
fn newest(start: &str, end: &str) -> anyhow::Result<String> {
    let output = Command::new("apt-cache")
        .args(["pkgnames", start])
        .output()
        .context("cannot run apt-cache: this needs a Debian or Ubuntu")?;
    let names = String::from_utf8_lossy(&output.stdout).into_owned();
    let numbers = |name: &str| -> Vec<u64> {
        name.split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect()
    };
    names
        .lines()
        .filter(|name| name.ends_with(end))
        .max_by_key(|name| numbers(name))
        .map(str::to_owned)
        .with_context(|| {
            format!(
                "no package is called {start}…{end}: run apt-get update, or this is no Debian 12"
            )
        })
}

/// Fetches a package and unpacks it, if that was not done before.
fn unpack(directory: &Path, package: &str) -> anyhow::Result<PathBuf> {
    let place = directory.join(package);
    if place.join("boot").is_dir() {
        return Ok(place);
    }
    let mut fetch = Command::new("apt-get");
    fetch
        .current_dir(directory)
        .args(["download", "-qq", package]);
    shell::run(&mut fetch)?;
    let archive = fs::read_dir(directory)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&format!("{package}_"))
        })
        .with_context(|| format!("apt-get left no file of {package}"))?;
    shell::run(
        Command::new("dpkg-deb")
            .arg("--extract")
            .args([&archive, &place]),
    )?;
    fs::remove_file(archive)?;
    Ok(place)
}

/// The first file system: the tests, what they run, and the modules.
fn initramfs(kernel: &Path, tests: &Path) -> anyhow::Result<PathBuf> {
    let tree = kernel.join("tree");
    if tree.exists() {
        fs::remove_dir_all(&tree)?;
    }
    for directory in ["bin", "proc", "sys", "dev", "tmp", "run/netns", "modules"] {
        fs::create_dir_all(tree.join(directory))?;
    }
    let command = root().join("target/debug/auditor");
    let mut binaries = vec![command.clone(), tests.to_owned()];
    for program in PROGRAMS {
        binaries.push(find(program)?);
    }
    let mut libraries = BTreeSet::new();
    for binary in &binaries {
        libraries.extend(libraries_of(binary)?);
        copy(binary, &tree)?;
    }
    for library in &libraries {
        copy(library, &tree)?;
    }
    for binary in [&command, &tests.to_owned()] {
        // With all that debuggers need they would not fit.
        shell::run(Command::new("strip").arg(inside(&tree, binary)))?;
    }
    fs::copy(find("busybox")?, tree.join("bin/busybox"))?;
    let modules = modules(kernel, &tree)?;
    let init = init(&command, tests, &modules)?;
    fs::write(tree.join("init"), init)?;
    fs::set_permissions(tree.join("init"), fs::Permissions::from_mode(0o755))?;
    let archive = kernel.join("initramfs");
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

fn find(program: &str) -> anyhow::Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let system = ["/usr/sbin", "/sbin"].map(PathBuf::from);
    env::split_paths(&path)
        .chain(system)
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
        .with_context(|| format!("`{program}` is not installed"))
}

/// Where a file of this host stands in the tree.
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

/// Puts the modules and all that they need into the tree; returns their names in an order in which they load.
fn modules(kernel: &Path, tree: &Path) -> anyhow::Result<Vec<String>> {
    // Debian 12's packages have `lib`, later ones `usr/lib`.
    let all = ["lib/modules", "usr/lib/modules"]
        .iter()
        .filter_map(|place| fs::read_dir(kernel.join(place)).ok())
        .flatten()
        .find_map(|entry| Some(entry.ok()?.path()))
        .context("the package holds no modules")?;
    let mut files = BTreeMap::new();
    let mut waiting = VecDeque::from([all]);
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
    // What is no file is built in.
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
    // The names of those it needs stand in the module itself.
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
        "mount -t tmpfs tmp /tmp; mount -t bpf bpf /sys/fs/bpf".to_owned(),
    ];
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

/// Boots a kernel and shows what it prints; false if a test failed there, or it never came so far.
fn boot(kernel: &Path, archive: &Path, package: &str, parameters: &str) -> anyhow::Result<bool> {
    let image = fs::read_dir(kernel.join("boot"))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("vmlinuz")
        })
        .with_context(|| format!("{package} holds no kernel"))?;
    let mut machine = Command::new("timeout")
        .args(["1800", "qemu-system-x86_64", "-nographic", "-no-reboot"])
        // Software emulation: 6.12 does not boot with several threads of it.
        .args(["-accel", "tcg,thread=single", "-cpu", "max"])
        .args(["-smp", "2", "-m", "2048", "-kernel"])
        .arg(image)
        .arg("-initrd")
        .arg(archive)
        .arg("-append")
        .arg(format!("console=ttyS0 quiet panic=-1{parameters}"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run qemu-system-x86_64")?;
    let output = machine.stdout.take().context("qemu prints nothing")?;
    let mut log = File::create(kernel.join("log"))?;
    let mut result = None;
    for line in BufReader::new(output).split(b'\n') {
        let line = line?;
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end();
        writeln!(log, "{line}")?;
        say(&format!("  {line}"));
        if let Some(code) = line.strip_prefix(RESULT) {
            result = Some(code.trim() == "0");
        }
    }
    machine.wait()?;
    Ok(result.unwrap_or(false))
}
