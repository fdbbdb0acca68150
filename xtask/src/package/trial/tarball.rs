//! The tarball on a host of its own.

use anyhow::ensure;

use super::Trial;
use crate::shell::say;

pub(super) fn run(trial: &Trial<'_>) -> anyhow::Result<()> {
    say("package: the tarball, unpacked and removed");
    let tarball = trial.newer.join(trial.order.tarball_name());
    let host = trial.host("tar", &tarball)?;
    let before = host.files()?;
    host.run(trial.guide.get("install-tar")?)?;
    trial.check_installed(&host, "/usr/local")?;
    host.check_nothing_started()?;
    host.expect(
        "cat /usr/local/lib/systemd/system/auditor.service",
        "ExecStart=/usr/local/bin/auditor ",
    )?;
    let removal = trial.guide.get("remove-tar")?;
    host.run(&format!("cd auditor-*-musl; {removal}"))?;
    // Directories that others may use as well stay, but no file does.
    let left: Vec<String> = host
        .files()?
        .difference(&before)
        .map(|path| path.display().to_string())
        .filter(|path| path.contains("auditor"))
        .collect();
    ensure!(
        left.is_empty(),
        "after its removal these are left: {left:?}"
    );
    Ok(())
}
