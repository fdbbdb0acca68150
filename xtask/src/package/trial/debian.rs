//! The .deb on a host of its own.

use anyhow::ensure;

use super::{EDIT, OLDER, OLDER_LINE, Trial};
use crate::shell::say;

/// What stays when the package is removed and not purged.
const KEPT: [&str; 3] = [
    "/etc/auditor/auditor.toml",
    "/etc/auditor/matrix.toml",
    "/var/lib/auditor/history.db",
];

pub(super) fn run(trial: &Trial<'_>) -> anyhow::Result<()> {
    fresh(trial)?;
    upgrade(trial)
}

/// From nothing to a verdict, and away.
fn fresh(trial: &Trial<'_>) -> anyhow::Result<()> {
    say("package: the .deb, installed");
    let newer = trial.newer.join(trial.order.deb_name());
    let host = trial.host("deb", &newer)?;
    let before = host.files()?;
    host.run(trial.guide.get("install-deb")?)?;
    host.expect("dpkg --verify auditor && echo unchanged", "unchanged")?;
    trial.check_installed(&host, "/usr")?;
    host.check_nothing_started()?;
    host.expect_files(&["/usr/share/zsh/vendor-completions/_auditor"])?;
    trial.follow_guide(&host)?;
    host.run(trial.guide.get("purge-deb")?)?;
    host.check_nothing_left(&before)
}

/// Over an older version, with state and an edited configuration.
fn upgrade(trial: &Trial<'_>) -> anyhow::Result<()> {
    say("package: the .deb, upgraded and removed");
    let older = trial.older.join(trial.older_name.deb_name());
    let host = trial.host("deb-upgrade", &older)?;
    let before = host.files()?;
    host.run(trial.guide.get("install-deb")?)?;
    host.expect("dpkg-query --show auditor", OLDER)?;
    host.expect("cat /etc/auditor/auditor.toml", OLDER_LINE)?;
    let state = trial.use_it(&host)?;
    host.systemctl_log()?;

    host.take(&trial.newer.join(trial.order.deb_name()))?;
    host.run(trial.guide.get("upgrade-deb")?)?;
    host.expect("dpkg-query --show auditor", trial.order.version)?;
    let log = host.systemctl_log()?;
    ensure!(
        log.contains("try-restart auditor.service") && !log.contains("disable"),
        "the upgrade asked systemctl:\n{log}"
    );
    host.expect("cat /etc/auditor/auditor.toml", EDIT)?;
    host.expect_files(&["/etc/auditor/auditor.toml.dpkg-dist"])?;
    host.check_state(&state)?;
    host.check_enabled(true)?;

    host.run(trial.guide.get("remove-deb")?)?;
    ensure!(!host.has("/usr/bin/auditor"), "the program is still there");
    host.expect_files(&KEPT)?;
    host.expect("cat /etc/auditor/auditor.toml", EDIT)?;
    host.check_enabled(false)?;
    host.run(trial.guide.get("purge-deb")?)?;
    host.check_nothing_left(&before)
}
