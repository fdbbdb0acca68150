//! Exports, as those who enforce them take them.

use std::{collections::BTreeSet, fmt::Write as _};

use lab::Namespace;

use crate::{
    fixture::auditor::{command, files, repository, run},
    harness::{
        Need::{Kernel, Program},
        tests,
    },
};

tests! {
    the_kernel_takes_every_firewall: [Kernel, Program("nft")],
    what_is_missing_is_said: [],
}

/// The kernel takes the firewall of every role of every matrix that ships.
fn the_kernel_takes_every_firewall() {
    let host = Namespace::new("firewall").unwrap();
    let mut n_checked = 0;
    for entry in std::fs::read_dir(repository().join("matrices")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "toml") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let matrix = auditor::matrix::Matrix::parse(&path, &text).unwrap();
        let roles: BTreeSet<_> = matrix
            .rules
            .iter()
            .flat_map(|rule| rule.client.iter().chain(&rule.server))
            .collect();
        let mut deployment = format!("matrix = {:?}\n[roles]\n", path.display().to_string());
        for (n, role) in roles.iter().enumerate() {
            writeln!(
                deployment,
                "{:?} = [\"10.{n}.0.0/24\", \"10.{n}.1.1-10.{n}.1.7\", \"fd00:{n}::/64\"]",
                role.name()
            )
            .unwrap();
        }
        let directory = files(&[("a.toml", &deployment)]);
        for role in &roles {
            let output = command("export --as nftables --config a.toml --role")
                .arg(role.name())
                .args(["-o", "f.nft"])
                .current_dir(directory.path())
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            let file = directory.path().join("f.nft");
            host.run(&format!("nft --check --file {}", file.display()))
                .unwrap_or_else(|error| panic!("{} as {role}: {error:#}", path.display()));
            // And so do the commands that bring it into use, as they stand in it.
            if n_checked == 0 {
                host.run(&format!("nft --file {}", file.display())).unwrap();
                let text = std::fs::read_to_string(&file).unwrap();
                let commands: Vec<String> = text
                    .lines()
                    .filter_map(|line| line.strip_prefix("#   "))
                    .map(|line| line.replace('\'', ""))
                    .collect();
                assert_eq!(commands.len(), 3);
                for command in commands {
                    host.run(&command).unwrap();
                }
            }
            n_checked += 1;
        }
    }
    assert!(10 < n_checked, "{n_checked}");
}

fn what_is_missing_is_said() {
    let directory = files(&[]);
    let matrix = repository().join("matrices/dcos-1.13.toml");
    let check = |arguments: &str, expected: &str| {
        let arguments = format!("export --matrix {} {arguments}", matrix.display());
        let output = run(directory.path(), &arguments);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(stderr.contains(expected), "{stderr}");
        assert_eq!(output.status.code(), Some(2));
    };
    check(
        "--as nftables",
        "auditor: a firewall is that of a host: name the roles that it plays with --role",
    );
    check(
        "--as nftables --role nobody",
        "auditor: no matrix and no deployment names the role `nobody`",
    );
    check(
        "--as iptables",
        "`iptables` is no form: expected csv, nftables, networkpolicy or cilium",
    );
}
