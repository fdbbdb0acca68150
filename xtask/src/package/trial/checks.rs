//! What must hold on every host, however the package came there.

use std::{collections::BTreeSet, path::PathBuf};

use anyhow::ensure;

use super::{
    EDIT, Trial,
    host::{Host, PEER},
};

/// Below the prefix, beside the pages of the manual.
const FILES: [&str; 14] = [
    "lib/systemd/system/auditor.service",
    "lib/systemd/system/auditor-fleet.service",
    "share/auditor/alerts.yml",
    "share/auditor/dashboard.json",
    "share/auditor/matrices/dcos-1.13.toml",
    "share/auditor/report.schema.json",
    "share/bash-completion/completions/auditor",
    "share/doc/auditor/CHANGELOG.md",
    "share/doc/auditor/LICENSE-APACHE",
    "share/doc/auditor/LICENSE-MIT",
    "share/doc/auditor/README.md",
    "share/doc/auditor/auditor.cdx.json",
    "share/doc/auditor/docs/install.md",
    "share/fish/vendor_completions.d/auditor.fish",
];

pub(super) const ENABLED: &str = "/etc/systemd/system/multi-user.target.wants/auditor.service";

/// What tools of the system write down of packages that were there.
const RECORDS: [&str; 3] = ["var/lib/apt/", "var/lib/dpkg/", "var/lib/rpm/"];

impl Trial<'_> {
    /// That everything is there below `prefix`, and runs.
    pub(super) fn check_installed(&self, host: &Host, prefix: &str) -> anyhow::Result<()> {
        host.expect(self.guide.get("doctor")?, &self.version)?;
        host.expect(&format!("ldd {prefix}/bin/auditor"), "statically linked")?;
        host.expect_files(&["/etc/auditor/auditor.toml"])?;
        let files = FILES.map(|file| format!("{prefix}/{file}"));
        host.expect_files(&files.each_ref().map(String::as_str))?;
        let help = host.run("auditor --help")?;
        let verbs: Vec<&str> = help
            .lines()
            .skip_while(|line| *line != "Commands:")
            .skip(1)
            .map_while(|line| line.split_whitespace().next())
            .filter(|verb| *verb != "help")
            .collect();
        ensure!(10 < verbs.len(), "few verbs are in the help:\n{help}");
        let pages: Vec<String> = verbs.iter().map(|verb| format!("auditor-{verb}")).collect();
        host.run(&format!("man -w auditor {}", pages.join(" ")))?;
        host.expect("man auditor-watch | cat", "--state")?;
        host.run(&format!(
            "bash -n {prefix}/share/bash-completion/completions/auditor"
        ))?;
        host.run(&format!(
            "auditor show {prefix}/share/auditor/matrices/*.toml"
        ))?;
        host.run(&format!(
            "systemd-analyze verify {prefix}/lib/systemd/system/auditor.service {prefix}/lib/systemd/system/auditor-fleet.service"
        ))?;
        Ok(())
    }

    /// From the example's page to a verdict and a service, by the commands of the guide.
    pub(super) fn follow_guide(&self, host: &Host) -> anyhow::Result<()> {
        host.run(self.guide.get("import")?)?;
        host.expect(self.guide.get("audit")?, "missing")?;
        host.expect(self.guide.get("explain")?, "zookeeper")?;
        host.run(self.guide.get("watch")?)?;
        host.check_enabled(true)
    }

    /// Leaves traces of use: a configuration that was edited, a service that is enabled, state. Returns what it remembers.
    pub(super) fn use_it(&self, host: &Host) -> anyhow::Result<String> {
        self.follow_guide(host)?;
        host.run(&format!("echo '{EDIT}' >> /etc/auditor/auditor.toml"))?;
        // What systemd makes for the service.
        host.run("mkdir -m 700 /var/lib/auditor /run/auditor")?;
        host.run(&format!(
            "(for second in 1 2 3 4 5 6 7 8 9; do sleep 1; bash -c 'echo > /dev/udp/{PEER}/53'; done) & \
             timeout --signal=INT 12 auditor watch --config /etc/auditor/auditor.toml || true"
        ))?;
        host.remembered()
    }
}

impl Host {
    /// That nobody was asked to start or enable anything.
    pub(super) fn check_nothing_started(&self) -> anyhow::Result<()> {
        let log = self.systemctl_log()?;
        ensure!(
            !log.contains("start") && !log.contains("enable"),
            "installing asked systemctl:\n{log}"
        );
        self.check_enabled(false)
    }

    /// That the service is started with the system, or is not.
    pub(super) fn check_enabled(&self, is_enabled: bool) -> anyhow::Result<()> {
        let is_meant = if is_enabled { "is not" } else { "is" };
        ensure!(
            self.has(ENABLED) == is_enabled,
            "the service {is_meant} enabled"
        );
        Ok(())
    }

    /// That what is remembered is what was.
    pub(super) fn check_state(&self, state: &str) -> anyhow::Result<()> {
        let now = self.remembered()?;
        ensure!(
            now == state,
            "the state was:\n{state}\nand after the upgrade is:\n{now}"
        );
        Ok(())
    }

    /// That a host has no file and no directory that it had not before.
    pub(super) fn check_nothing_left(&self, before: &BTreeSet<PathBuf>) -> anyhow::Result<()> {
        let after = self.files()?;
        let left: Vec<String> = after
            .difference(before)
            .map(|path| path.display().to_string())
            .filter(|path| !RECORDS.iter().any(|records| path.starts_with(records)))
            .collect();
        ensure!(
            left.is_empty(),
            "after its removal these are left: {left:?}"
        );
        Ok(())
    }

    /// What a watch has left in its database.
    fn remembered(&self) -> anyhow::Result<String> {
        let history = self.run("auditor history; auditor history --gaps")?;
        ensure!(
            history.contains(PEER) && history.contains("watched from"),
            "the watch remembers:\n{history}"
        );
        Ok(history)
    }
}
