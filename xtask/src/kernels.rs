//! Runs end-to-end tests on other kernels: Debian's or one's own, each booted by qemu with nothing but what the tests need.

mod initramfs;
mod machine;

use std::{
    fs::{self, File},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};

use machine::Machine;

use crate::{
    setup,
    shell::{self, cargo, root, say},
};

/// The kernels to boot: prefix and suffix of the name of a Debian package, of which the newest is taken, the machine, and the
/// kernel's parameters. With an isolated CPU there is no global membarrier.
const KERNELS: [(&str, &str, Machine, &str); 4] = [
    ("linux-image-6.1.", "-cloud-amd64", Machine::Amd64, ""),
    (
        "linux-image-6.12.",
        "-cloud-amd64",
        Machine::Amd64,
        " nohz_full=1",
    ),
    ("linux-image-6.12.", "-rt-amd64", Machine::Amd64, ""),
    ("linux-image-6.1.", "-cloud-arm64", Machine::Arm64, ""),
];

/// The programs that are needed for any machine, and the Debian package of each.
const PACKAGES: [(&str, &str); 3] = [
    ("busybox", "busybox-static"),
    ("cpio", "cpio"),
    ("xz", "xz-utils"),
];

/// What the last line of a boot starts with; the exit code of the tests follows.
const RESULT: &str = "auditor-tests-ended-with";

/// A kernel to be booted.
struct Kernel {
    name: String,
    machine: Machine,
    parameters: &'static str,
    /// The directory that contains its `boot`, and `lib` if it has modules.
    root_dir: PathBuf,
    /// The directory for the files that are made for it and for its output.
    work: PathBuf,
}

/// The directory with these packages of Debian for arm64 and all that they need, unpacked below `directory`.
pub(crate) fn packages_of_arm64(packages: &[&str], directory: &Path) -> anyhow::Result<PathBuf> {
    let tree = Machine::Arm64.packages(packages, directory)?;
    tree.context("packages of this host's own machine are not unpacked")
}

/// Boots every kernel whose package's name contains `only`; if `only` is a directory, the kernel in it.
pub(crate) fn run(only: &str) -> anyhow::Result<()> {
    setup::install_packages(&PACKAGES)?;
    initramfs::check_names(&build(Machine::Amd64)?)?;
    let directory = root().join("target/kernels");
    fs::create_dir_all(&directory).context("cannot make target/kernels")?;
    let own = Path::new(only);
    let kernels = if own.is_dir() {
        vec![Kernel {
            name: own.display().to_string(),
            machine: Machine::Amd64,
            parameters: "",
            root_dir: own.to_owned(),
            work: directory.join("own"),
        }]
    } else {
        packages(&directory, only)?
    };
    let mut failed = Vec::new();
    for kernel in &kernels {
        say(&format!("kernels: {}", kernel.name));
        setup::install_packages(kernel.machine.programs())?;
        let tests = build(kernel.machine)?;
        let archive = initramfs::pack(kernel, &tests, &directory)?;
        if !boot(kernel, &archive)? {
            failed.push(kernel.name.as_str());
        }
    }
    if !failed.is_empty() {
        bail!("tests failed on {}", failed.join(", "));
    }
    say("kernels: all tests passed on all of them");
    Ok(())
}

/// Debian's kernels whose package's name contains `only`, unpacked.
fn packages(directory: &Path, only: &str) -> anyhow::Result<Vec<Kernel>> {
    let mut kernels = Vec::new();
    for (start, end, machine, parameters) in KERNELS {
        // Another machine's packages are listed only if that one is meant.
        if !end.contains(only) && !start.contains(only) && machine != Machine::Amd64 {
            continue;
        }
        let name = newest(machine, directory, start, end)?;
        if name.contains(only) {
            let root_dir = unpack(machine, directory, &name)?;
            kernels.push(Kernel {
                name,
                machine,
                parameters,
                work: root_dir.clone(),
                root_dir,
            });
        }
    }
    if kernels.is_empty() {
        bail!(
            "`{only}` is no directory with a kernel in its `boot`, and in the name of no package that is tested"
        );
    }
    Ok(kernels)
}

/// Builds the command and its end-to-end tests for a machine; returns the test binary.
fn build(machine: Machine) -> anyhow::Result<PathBuf> {
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
    machine.build_for(&mut build)?;
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

/// The newest package whose name starts with `start` and ends with `end`, by version number.
fn newest(machine: Machine, directory: &Path, start: &str, end: &str) -> anyhow::Result<String> {
    let output = machine
        .apt("apt-cache", directory)?
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
fn unpack(machine: Machine, directory: &Path, package: &str) -> anyhow::Result<PathBuf> {
    let root_dir = directory.join(package);
    if root_dir.join("boot").is_dir() {
        return Ok(root_dir);
    }
    let mut fetch = machine.apt("apt-get", directory)?;
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
            .args([&archive, &root_dir]),
    )?;
    fs::remove_file(archive)?;
    Ok(root_dir)
}

/// Boots a kernel and shows what it prints; false if a test failed there, or the tests did not end.
fn boot(kernel: &Kernel, archive: &Path) -> anyhow::Result<bool> {
    let directory = kernel.root_dir.join("boot");
    let image = fs::read_dir(&directory)
        .with_context(|| format!("cannot look into {}", directory.display()))?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("vmlinuz")
        })
        .with_context(|| format!("no file in {} is called vmlinuz…", directory.display()))?;
    let mut machine = kernel
        .machine
        .emulator()
        .args(["-nographic", "-no-reboot"])
        .args(["-smp", "2", "-m", "2048", "-kernel"])
        .arg(image)
        .arg("-initrd")
        .arg(archive)
        .arg("-append")
        .arg(format!(
            "console={} quiet panic=-1{}",
            kernel.machine.console(),
            kernel.parameters
        ))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot run qemu")?;
    let output = machine.stdout.take().context("qemu prints nothing")?;
    let mut log = File::create(kernel.work.join("log"))?;
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
