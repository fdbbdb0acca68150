//! The role for Ansible: what its linter says of it, and a host that it installs, configures and checks.

use std::{fs, path::Path, process::Command};

use anyhow::ensure;

use super::{Trial, checks::ENABLED, host::Host};
use crate::{
    setup,
    shell::{self, output, root, say},
};

const DIRECTORY: &str = "packaging/ansible";

/// The configuration that the role writes, and what it must make of the inventory.
const CONFIGURATION: &str = "/etc/auditor/auditor.toml";
const EXPECTED: [&str; 4] = [
    "matrix = [\"/etc/auditor/matrix.toml\"]",
    "interfaces = [\"eth0\"]",
    "\"master\" = [\"10.0.0.10\", \"10.0.0.11\"]",
    "\"agent\" = [\"10.0.1.0/24\"]",
];

pub(super) fn run(trial: &Trial<'_>) -> anyhow::Result<()> {
    setup::install_packages(&setup::ANSIBLE_PROGRAMS)?;
    let directory = root().join(DIRECTORY);
    say("package: the role for Ansible, by its linter");
    let mut lint = Command::new("ansible-lint");
    lint.current_dir(&directory)
        .args(["--offline", "-q", "--profile", "production"]);
    // Nothing of what it keeps is left beside the role.
    shell::run(lint.env("ANSIBLE_HOME", trial.work.join("ansible-home")))?;

    say("package: the role for Ansible, on a host");
    let host = Host::bare(&trial.base, &trial.work.join("ansible"))?;
    let matrix = trial.work.join("matrix.toml");
    output(
        Command::new(trial.program)
            .arg("import")
            .arg(root().join("demo/ports.md"))
            .arg("-o")
            .arg(&matrix),
    )?;
    let inventory = trial.work.join("inventory.yml");
    let package = trial.newer.join(trial.order.deb_name());
    fs::write(&inventory, inventory_of(host.path(), &package, &matrix))?;
    let play = |more: &str| {
        host.run_beside(&format!(
            "cd '{}'; export LC_ALL=C.UTF-8 ANSIBLE_NOCOLOR=1 ANSIBLE_HOME='{}'; \
             ansible-playbook --inventory '{}' --limit here {more} site.yml",
            directory.display(),
            trial.work.join("ansible-home").display(),
            inventory.display(),
        ))
    };
    play("")?;
    host.expect("auditor --version", &trial.version)?;
    for line in EXPECTED {
        host.expect(&format!("cat {CONFIGURATION}"), line)?;
    }
    host.expect_files(&[ENABLED])?;
    // Once more, and nothing is done.
    let again = play("")?;
    ensure!(
        again.contains("changed=0"),
        "the second time changes something:\n{again}"
    );
    // A role of the matrix without addresses would make an audit lie: what was there before stays.
    let before = host.run(&format!("cat {CONFIGURATION}"))?;
    let refused = play("--extra-vars '{\"auditor_roles\": {\"master\": [\"10.0.0.10\"]}}'");
    ensure!(refused.is_err(), "a deployment that lacks roles is taken");
    ensure!(
        before == host.run(&format!("cat {CONFIGURATION}"))?,
        "a deployment that was refused is in force"
    );
    Ok(())
}

/// One host, which is the root directory, and another one that only has an address.
fn inventory_of(host: &Path, package: &Path, matrix: &Path) -> String {
    format!(
        r#"---
all:
  vars:
    auditor_package: "{}"
    auditor_matrices: ["{}"]
    auditor_interfaces: [eth0]
    auditor_roles:
      master: [masters]
      agent: ["10.0.1.0/24"]
      administrator: ["10.0.9.0/24"]
  children:
    masters:
      hosts:
        here:
          ansible_connection: community.general.chroot
          ansible_host: "{}"
          ansible_python_interpreter: /usr/bin/python3
          ansible_become: false
          auditor_addresses: ["10.0.0.10"]
        elsewhere:
          ansible_host: "10.0.0.11"
"#,
        package.display(),
        matrix.display(),
        host.display()
    )
}
