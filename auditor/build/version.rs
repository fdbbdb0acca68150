//! The version that `auditor --version` prints: the package's, and the commit where that is known.

use std::{
    env,
    path::Path,
    process::{Command, Stdio},
};

/// What names the commit where there is no repository, or a caller knows it; empty for none.
const COMMIT: &str = "AUDITOR_COMMIT";

/// The version, and in brackets the commit, if this is a build for others.
pub(crate) fn version() -> String {
    println!("cargo:rerun-if-env-changed={COMMIT}");
    let version = env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let commit = env::var(COMMIT).ok().or_else(in_repository);
    match commit.filter(|commit| !commit.is_empty()) {
        Some(commit) => format!("{version} ({commit})"),
        None => version,
    }
}

/// The repository's commit. Of a build for oneself nobody asks, and it would have to be made anew after every commit.
fn in_repository() -> Option<String> {
    if env::var("PROFILE").ok()? != "release" {
        return None;
    }
    for file in ["HEAD", "logs/HEAD"] {
        let path = git(&["rev-parse", "--git-path", file])?;
        if Path::new(&path).exists() {
            println!("cargo:rerun-if-changed={path}");
        }
    }
    git(&[
        "describe",
        "--always",
        "--abbrev=12",
        "--dirty",
        "--exclude=*",
    ])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .args(arguments)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
