//! The .rpm, by rpm's own tools, on a host of its own.

use std::{fs, process::Command};

use anyhow::{Context as _, ensure};

use super::{EDIT, OLDER, OLDER_LINE, Trial, host::Host};
use crate::shell::{self, say};

/// rpm knows nothing of what Debian has installed: a package without files stands for its shell.
const SHELL: &str = "\
Name: shell
Version: 1
Release: 1
Summary: The shell that is there
License: MIT
BuildArch: noarch
Provides: /bin/sh
%description
The shell that is there.
%files
";

pub(super) fn run(trial: &Trial<'_>) -> anyhow::Result<()> {
    fresh(trial)?;
    upgrade(trial)
}

/// From nothing to a verdict, and away.
fn fresh(trial: &Trial<'_>) -> anyhow::Result<()> {
    say("package: the .rpm, installed");
    let newer = trial.newer.join(trial.order.rpm_name());
    let host = trial.host("rpm", &newer)?;
    add_shell(trial, &host)?;
    let before = host.files()?;
    host.run(trial.guide.get("install-rpm")?)?;
    host.expect("rpm --verify auditor && echo unchanged", "unchanged")?;
    host.expect("rpm --query --requires auditor", "/bin/sh")?;
    trial.check_installed(&host, "/usr")?;
    host.check_nothing_started()?;
    host.expect_files(&["/usr/share/zsh/site-functions/_auditor"])?;
    trial.follow_guide(&host)?;
    host.run(trial.guide.get("remove-rpm")?)?;
    host.run(trial.guide.get("purge-rpm")?)?;
    host.check_nothing_left(&before)
}

/// Over an older version, with state and an edited configuration.
fn upgrade(trial: &Trial<'_>) -> anyhow::Result<()> {
    say("package: the .rpm, upgraded and removed");
    let older = trial.older.join(trial.older_name.rpm_name());
    let host = trial.host("rpm-upgrade", &older)?;
    add_shell(trial, &host)?;
    let before = host.files()?;
    host.run(trial.guide.get("install-rpm")?)?;
    host.expect("rpm --query auditor", OLDER)?;
    host.expect("cat /etc/auditor/auditor.toml", OLDER_LINE)?;
    let state = trial.use_it(&host)?;
    host.systemctl_log()?;

    host.take(&trial.newer.join(trial.order.rpm_name()))?;
    host.run(trial.guide.get("upgrade-rpm")?)?;
    host.expect("rpm --query auditor", trial.order.version)?;
    let log = host.systemctl_log()?;
    ensure!(
        log.contains("try-restart auditor.service") && !log.contains("disable"),
        "the upgrade asked systemctl:\n{log}"
    );
    host.expect("cat /etc/auditor/auditor.toml", EDIT)?;
    host.expect_files(&["/etc/auditor/auditor.toml.rpmnew"])?;
    host.check_state(&state)?;
    host.check_enabled(true)?;

    host.run(trial.guide.get("remove-rpm")?)?;
    ensure!(!host.has("/usr/bin/auditor"), "the program is still there");
    host.expect("cat /etc/auditor/auditor.toml.rpmsave", EDIT)?;
    host.expect_files(&["/etc/auditor/matrix.toml", "/var/lib/auditor/history.db"])?;
    host.check_enabled(false)?;
    host.run(trial.guide.get("purge-rpm")?)?;
    host.check_nothing_left(&before)
}

/// Has the host's rpm know of a shell.
fn add_shell(trial: &Trial<'_>, host: &Host) -> anyhow::Result<()> {
    let specification = trial.work.join("shell.spec");
    let package = trial.work.join("noarch/shell-1-1.noarch.rpm");
    if !package.is_file() {
        fs::write(&specification, SHELL)
            .with_context(|| format!("cannot write {}", specification.display()))?;
        let mut build = Command::new("rpmbuild");
        build
            .args(["-bb", "--quiet", "--define"])
            .arg(format!("_rpmdir {}", trial.work.display()))
            .args([
                "--define",
                &format!("_topdir {}", trial.work.join("rpmbuild").display()),
            ])
            .arg(&specification);
        shell::run(&mut build)?;
    }
    host.put(&package)?;
    host.run("rpm --install shell-*.rpm; rm shell-*.rpm")?;
    Ok(())
}
