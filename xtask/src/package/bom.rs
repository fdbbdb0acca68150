//! The bill of materials: what of others is in the program, as `CycloneDX`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use super::{Moment, machine::Machine};
use crate::shell::{self, root};

/// What the tool names its files, without the ending of its format.
const NAME: &str = "auditor.cdx";

/// Writes the bill for a machine below `directory`, and returns where it is.
pub(super) fn write(
    tool: &Path,
    machine: Machine,
    moment: &Moment,
    directory: &Path,
) -> anyhow::Result<PathBuf> {
    let workspace = root();
    let mut command = Command::new(tool);
    command
        .current_dir(&workspace)
        .args(["cyclonedx", "--quiet", "--quiet", "--format", "json"])
        .args(["--spec-version", "1.5", "--no-build-deps"])
        .args(["--target", machine.target()])
        .args(["--override-filename", NAME])
        .env("SOURCE_DATE_EPOCH", &moment.seconds);
    let ran = shell::run(&mut command);
    // It writes a file beside every crate of the workspace.
    let own = workspace.join("auditor").join(format!("{NAME}.json"));
    let text = fs::read_to_string(&own).with_context(|| format!("cannot read {}", own.display()));
    for entry in fs::read_dir(&workspace)? {
        let _not_there = fs::remove_file(entry?.path().join(format!("{NAME}.json")));
    }
    ran?;
    let text = text?.replace(
        &format!("file://{}", workspace.display()),
        "file:///auditor",
    );
    check(&text)?;
    let path = directory.join(format!("auditor-{}.cdx.json", machine.rpm()));
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// A bill that names few of the hundreds, or a path of this machine, is none.
fn check(text: &str) -> anyhow::Result<()> {
    let bill: Value = serde_json::from_str(text).context("the bill of materials is no JSON")?;
    ensure!(
        bill.get("bomFormat").and_then(Value::as_str) == Some("CycloneDX"),
        "the bill of materials is not CycloneDX"
    );
    let n_components = bill
        .get("components")
        .and_then(Value::as_array)
        .map_or(0, Vec::len);
    ensure!(
        100 < n_components && text.contains("pkg:cargo/aya@"),
        "the bill of materials names {n_components} components"
    );
    ensure!(
        !text.contains(&*root().to_string_lossy()),
        "the bill of materials holds paths of this machine"
    );
    Ok(())
}
