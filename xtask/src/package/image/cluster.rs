//! Holds the manifests for Kubernetes against its published schemas.

use std::{fs, path::PathBuf, process::Command};

use anyhow::{Context as _, ensure};

use crate::{
    setup,
    shell::{self, root, say},
};

/// Where they are.
const DIRECTORY: &str = "packaging/kubernetes";
/// What lists them; it is read by kubectl alone, and no object of a cluster.
const LIST: &str = "kustomization.yaml";
/// The releases that they are for: the oldest one with a profile of `AppArmor` as a field, and the newest one known.
const RELEASES: [&str; 2] = ["1.30", "1.37"];

/// Fails unless each manifest is listed, and is as Kubernetes wants it, to the last field.
pub(super) fn check() -> anyhow::Result<()> {
    let validator = setup::install_kubernetes_validator()?;
    let directory = root().join(DIRECTORY);
    let list = directory.join(LIST);
    let listed =
        fs::read_to_string(&list).with_context(|| format!("cannot read {}", list.display()))?;
    let version = format!("newTag: \"{}\"", env!("CARGO_PKG_VERSION"));
    ensure!(
        listed.contains(&version),
        "{} names another version than {version}",
        list.display()
    );
    let mut manifests: Vec<PathBuf> = Vec::new();
    for entry in
        fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?
    {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name != LIST {
            ensure!(
                listed.contains(&format!("  - {name}\n")),
                "{name} is not listed in {}",
                list.display()
            );
            manifests.push(entry.path());
        }
    }
    manifests.sort();
    for release in RELEASES {
        say(&format!("image: {DIRECTORY} as of Kubernetes {release}"));
        // Strict: a field that nobody knows is a mistake, such as a misspelt one.
        shell::run(
            Command::new(&validator)
                .args(["--quiet", "--strict", "-k", release])
                .args(&manifests),
        )?;
    }
    Ok(())
}
