//! Flags of the compiler that keep the paths of this machine out of the kernel half's types, so that two places make the same.

use std::{
    env,
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// The flags for the workspace, others' crates and the standard library, each with a blank before it; `here` is a crate of the
/// workspace.
///
/// The linker runs in the workspace, where it finds sources by what is left of their paths: the verifier quotes them.
pub(crate) fn mapped(here: &Path) -> String {
    let home = |name: &str, below: &str| {
        env::var_os(name)
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&env::var_os("HOME")?).join(below)))
    };
    let pairs = [
        (here.parent().map(Path::to_owned), "."),
        (home("CARGO_HOME", ".cargo"), "/cargo"),
        (sysroot(), "/rust"),
    ];
    let mut flags = String::new();
    for (path, name) in pairs {
        let path = path.map(|path| path.display().to_string());
        // Flags come in one variable, parted by blanks.
        if let Some(path) = path.filter(|path| !path.contains(char::is_whitespace)) {
            let _infallible = write!(flags, " --remap-path-prefix={path}={name}");
        }
    }
    flags
}

/// Where the compiler and its libraries are.
pub(crate) fn sysroot() -> Option<PathBuf> {
    let output = Command::new(env::var_os("RUSTC")?)
        .args(["--print", "sysroot"])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| PathBuf::from(text.trim()))
}
