//! The machines that are emulated: how qemu runs each, how the tests are built for it, and where its packages come from.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use crate::shell;

/// A machine, by the processor's architecture.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Machine {
    /// This host's own.
    Amd64,
    Arm64,
}

impl Machine {
    /// Debian's name of the architecture.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The programs that are needed here, and the Debian package of each.
    pub(super) const fn programs(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Amd64 => &[("qemu-system-x86_64", "qemu-system-x86")],
            Self::Arm64 => &[
                ("qemu-system-aarch64", "qemu-system-arm"),
                ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
                // The headers of its C library have no program of their own.
                ("aarch64-linux-gnu-strip", "libc6-dev-arm64-cross"),
            ],
        }
    }

    /// The emulator and what it needs to be told beside kernel and memory.
    ///
    /// Software emulation in one thread: 6.12 does not boot with several.
    pub(super) fn emulator(self) -> Command {
        let mut command = Command::new("timeout");
        match self {
            Self::Amd64 => command.args(["1800", "qemu-system-x86_64", "-cpu", "max"]),
            Self::Arm64 => command.args([
                "3600",
                "qemu-system-aarch64",
                "-machine",
                "virt",
                "-cpu",
                "cortex-a57",
            ]),
        };
        command.args(["-accel", "tcg,thread=single"]);
        command
    }

    /// The kernel's name of its first serial port.
    pub(super) const fn console(self) -> &'static str {
        match self {
            Self::Amd64 => "ttyS0",
            Self::Arm64 => "ttyAMA0",
        }
    }

    /// The compiler's name of the machine, if it is not this host's own.
    const fn target(self) -> Option<&'static str> {
        match self {
            Self::Amd64 => None,
            Self::Arm64 => Some("aarch64-unknown-linux-gnu"),
        }
    }

    /// The program that takes debug information out of its binaries.
    pub(super) const fn strip(self) -> &'static str {
        match self {
            Self::Amd64 => "strip",
            Self::Arm64 => "aarch64-linux-gnu-strip",
        }
    }

    /// Has cargo build for this machine.
    pub(super) fn build_for(self, cargo: &mut Command) -> anyhow::Result<()> {
        let Some(target) = self.target() else {
            return Ok(());
        };
        shell::run(Command::new("rustup").args(["target", "add", target]))?;
        let compiler = "aarch64-linux-gnu-gcc";
        cargo
            .args(["--target", target])
            .env("CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER", compiler)
            .env("CC_aarch64_unknown_linux_gnu", compiler);
        Ok(())
    }

    /// Where cargo leaves the binaries, below the target's directory.
    pub(super) fn binaries(self) -> PathBuf {
        Path::new(self.target().unwrap_or_default()).join("debug")
    }

    /// apt with this machine's packages: for another than this host's, with lists and a cache of its own below `directory`, so
    /// that nothing of this host changes.
    pub(super) fn apt(self, program: &str, directory: &Path) -> anyhow::Result<Command> {
        let mut command = Command::new(program);
        if self.target().is_none() {
            return Ok(command);
        }
        let apt = directory.join("apt").join(self.name());
        let is_new = !apt.exists();
        for part in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(apt.join(part)).context("cannot make apt's directories")?;
        }
        let status = apt.join("state/status");
        if is_new {
            fs::write(&status, "")?;
        }
        let option = |name: &str, value: String| ["-o".to_owned(), format!("{name}={value}")];
        let options: Vec<String> = [
            option("APT::Architecture", self.name().to_owned()),
            option("APT::Architectures", self.name().to_owned()),
            option("Dir::State", apt.join("state").display().to_string()),
            option("Dir::State::status", status.display().to_string()),
            option("Dir::Cache", apt.join("cache").display().to_string()),
        ]
        .into_iter()
        .flatten()
        .collect();
        if is_new {
            shell::run(
                Command::new("apt-get")
                    .args(&options)
                    .args(["update", "-qq"]),
            )?;
        }
        command.args(options);
        Ok(command)
    }

    /// The directory with the programs that run inside and all that they need, unpacked from this machine's packages; `None`
    /// for this host's own, which are taken from here.
    pub(super) fn packages(
        self,
        packages: &[&str],
        directory: &Path,
    ) -> anyhow::Result<Option<PathBuf>> {
        if self.target().is_none() {
            return Ok(None);
        }
        let tree = directory.join(format!("programs-{}", self.name()));
        if tree.is_dir() {
            return Ok(Some(tree));
        }
        let mut install = self.apt("apt-get", directory)?;
        install
            .args([
                "install",
                "--download-only",
                "--no-install-recommends",
                "-y",
                "-qq",
            ])
            .args(packages);
        shell::run(&mut install)?;
        let archives = directory
            .join("apt")
            .join(self.name())
            .join("cache/archives");
        let unpacked = directory.join(format!("programs-{}.new", self.name()));
        for entry in fs::read_dir(archives)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                shell::run(
                    Command::new("dpkg-deb")
                        .arg("--extract")
                        .args([&path, &unpacked]),
                )?;
            }
        }
        let _documentation = fs::remove_dir_all(unpacked.join("usr/share"));
        fs::rename(&unpacked, &tree)?;
        Ok(Some(tree))
    }
}
