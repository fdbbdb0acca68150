//! `auditor deployment`: makes parts of a deployment from existing files.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{matrix, reading};
use crate::{
    deployment::{Form, Inventory},
    escape,
    exit::Exit,
    output::{Readers, say, write},
    role::Role,
};

/// Make deployments from what is there already.
#[derive(Args, Debug)]
pub struct DeploymentCommand {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Import(Import),
}

/// Turn hosts files and Ansible inventories (INI or YAML) into the [roles] of a deployment.
#[derive(Args, Debug)]
struct Import {
    /// Files of hosts; several are put together, so that a hosts file can say where the hosts of an inventory are
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Say which roles of this matrix no group is called like. May be repeated
    #[arg(long, value_name = "MATRIX")]
    matrix: Vec<PathBuf>,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Runs the subcommand.
///
/// # Errors
///
/// A file that can't be read or written.
pub fn run(command: &DeploymentCommand) -> anyhow::Result<Exit> {
    match &command.verb {
        Verb::Import(command) => import(command),
    }
}

fn import(command: &Import) -> anyhow::Result<Exit> {
    let mut texts = Vec::new();
    for path in &command.files {
        let text = reading::text(path)?;
        texts.push((path, Form::of(&text), text));
    }
    // If an inventory gives the groups, hosts files only give addresses.
    let has_groups = texts.iter().any(|(_, form, _)| *form != Form::Hosts);
    let mut all = Inventory::default();
    for (path, form, text) in &texts {
        let mut inventory = Inventory::read(text, *form);
        for problem in inventory.problems.drain(..) {
            say(&format!("not understood: {}:{problem}", path.display()));
        }
        if has_groups && *form == Form::Hosts {
            inventory.groups.clear();
        }
        all.extend(inventory);
    }
    let (roles, unknown) = all.roles();
    for host in unknown {
        let host = host.escape_debug();
        say(&format!(
            "left out: host {host}: no address is known for it; give it an ansible_host, or a hosts file beside the inventory"
        ));
    }
    for path in &command.matrix {
        let matrix = matrix::read(path)?;
        let mut missing: Vec<&Role> = matrix
            .rules
            .iter()
            .flat_map(|rule| rule.client.iter().chain(&rule.server))
            .filter(|role| !roles.keys().any(|group| Role::new(group) == **role))
            .collect();
        missing.sort();
        missing.dedup();
        for role in missing {
            say(&format!(
                "auditor: no group is called like the role `{role}` of {}: add it under [roles]",
                path.display()
            ));
        }
    }
    let table: toml::Table = roles
        .into_iter()
        .filter(|(_, entries)| !entries.is_empty())
        .map(|(name, entries)| (name.to_owned(), toml::Value::from(entries)))
        .collect();
    let text = toml::to_string(&toml::Table::from_iter([(
        "roles".to_owned(),
        table.into(),
    )]))?;
    write(
        command.output.as_deref(),
        &escape::toml(&text),
        Readers::Mask,
    )?;
    Ok(Exit::Clean)
}
