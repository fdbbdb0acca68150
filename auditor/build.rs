//! Builds the kernel half with the workspace's own toolchain and the linker that `cargo xtask setup` installs.

#[path = "build/paths.rs"]
mod paths;
#[path = "build/sources.rs"]
mod sources;
#[path = "build/version.rs"]
mod version;

use std::{env, ffi::OsStr, path::PathBuf, process::Command};

use anyhow::{Context as _, anyhow, bail};
use aya_build::{Package, Toolchain, build_ebpf};

/// The last version that uses the LLVM of rustc 1.95 itself; the same constant stands in `xtask/src/setup.rs`.
const BPF_LINKER: &str = "0.10.4";
const TOOLCHAIN: &str = "1.95.0";

fn main() -> anyhow::Result<()> {
    let linker = linker()?;
    // All paths are relative to this crate: a target directory that is copied along with the workspace keeps what is printed
    // here, and would go on looking at the sources of the place where it was made.
    for source in sources::SOURCES {
        println!("cargo:rerun-if-changed={source}");
    }
    println!("cargo:rerun-if-env-changed=BPF_LINKER");
    let here = env::current_dir().context("there is no working directory")?;
    let number = sources::number(&here).context("the kernel half's sources can't be read")?;
    println!("cargo:rustc-env=KERNEL_HALF_SOURCES={number}");
    println!("cargo:rustc-env=AUDITOR_VERSION={}", version::version());
    set("RUSTC_BOOTSTRAP", "1");
    set("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &linker);
    set("CARGO_TARGET_BPFEB_UNKNOWN_NONE_LINKER", &linker);
    // Version 3 of the instructions (Linux 5.1): operations on 32 bits, and more kinds of jumps. No flag of a target reaches
    // the inner build in another way; build scripts and macros of that run on this machine's own processor.
    set("CARGO_UNSTABLE_PROFILE_RUSTFLAGS", "true");
    let mut flags = "-Ctarget-cpu=v3".to_owned();
    flags.push_str(&paths::mapped(&here));
    set("CARGO_PROFILE_RELEASE_RUSTFLAGS", flags);
    set(
        "CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_RUSTFLAGS",
        "-Cdebuginfo=0",
    );
    // The kernel half is linked as a whole anyway, and the kernel reads its types from what would be stripped.
    set("CARGO_PROFILE_RELEASE_LTO", "false");
    set("CARGO_PROFILE_RELEASE_STRIP", "none");
    // Compiled in parts, as CARGO_INCREMENTAL=1 has it, functions are cut where the kernel's verifier does not follow them.
    set("CARGO_INCREMENTAL", "0");
    // What the inner build prints is passed on as warnings: its progress is none.
    set("CARGO_TERM_QUIET", "true");
    let package = Package {
        name: "auditor-ebpf",
        root_dir: "../auditor-ebpf",
        no_default_features: false,
        features: &[],
    };
    build_ebpf([package], Toolchain::Custom(TOOLCHAIN))?;
    strip()
}

/// Takes out of the programs what is for debuggers: three quarters of their size, and the kernel's types are elsewhere.
fn strip() -> anyhow::Result<()> {
    let out = PathBuf::from(env::var_os("OUT_DIR").context("OUT_DIR is not set")?);
    let host = env::var("HOST").context("HOST is not set")?;
    let sysroot = paths::sysroot().context("rustc does not say where it is")?;
    let objcopy = sysroot
        .join("lib/rustlib")
        .join(host)
        .join("bin/rust-objcopy");
    for program in ["auditor-ebpf", "auditor-bench"] {
        let status = Command::new(&objcopy)
            .arg("--strip-debug")
            .arg(out.join(program))
            .status()
            .with_context(|| format!("cannot run {}", objcopy.display()))?;
        if !status.success() {
            bail!("{} failed for {program}", objcopy.display());
        }
    }
    Ok(())
}

/// The linker that setup installed, or the one that `BPF_LINKER` names.
fn linker() -> anyhow::Result<PathBuf> {
    if let Some(path) = env::var_os("BPF_LINKER") {
        return Ok(path.into());
    }
    let cache = env::var_os("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
        .ok_or_else(|| anyhow!("neither HOME nor XDG_CACHE_HOME is set"))?;
    let linker = cache
        .join("auditor")
        .join(format!("bpf-linker-{BPF_LINKER}"))
        .join("bin/bpf-linker");
    if !linker.exists() {
        bail!(
            "{} is missing: run `cargo xtask setup` once",
            linker.display()
        );
    }
    Ok(linker)
}

/// Sets a variable for the inner build, which takes this process's environment.
#[expect(
    unsafe_code,
    reason = "the kernel half's build can be told nothing in another way"
)]
fn set(name: &str, value: impl AsRef<OsStr>) {
    // SAFETY: a build script has no other thread here.
    unsafe { env::set_var(name, value) };
}
