//! `auditor deployment`: makes parts of a deployment from existing files.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};

use super::{matrix, reading};
use crate::{
    deployment::{Form, Inventory, Merged, merge},
    escape,
    exit::Exit,
    matrix::Matrix,
    nearest::{is_same, nearest},
    output::{Readers, replace, say},
    role::Role,
};

/// Make deployments from what is there already.
#[derive(Args, Debug)]
#[command(after_help = "Example: auditor deployment import inventory.ini -o auditor.toml")]
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
#[command(
    after_help = "Example: auditor deployment import inventory.ini hosts --matrix matrix.toml -o auditor.toml"
)]
struct Import {
    /// Files of hosts; several are put together, so that a hosts file can say where the hosts of an inventory are
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Say which roles of this matrix no group is called like. May be repeated
    #[arg(long, value_name = "MATRIX")]
    matrix: Vec<PathBuf>,
    /// Add the roles to this deployment and keep everything else in it. With --output the result is written, which may be the
    /// same file; without it nothing is
    #[arg(long, value_name = "DEPLOYMENT")]
    against: Option<PathBuf>,
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
            "left out: host {host}: no address is known for it; give it an ansible_host that is one, or a hosts file beside the inventory"
        ));
    }
    let mut matrices = Vec::new();
    for path in &command.matrix {
        matrices.push((path, matrix::read(path)?));
    }
    let roles = renamed(&roles, &matrices);
    let (filled, empty): (BTreeMap<_, _>, BTreeMap<_, _>) = roles
        .into_iter()
        .partition(|(_, entries)| !entries.is_empty());
    for group in empty.keys() {
        let group = group.escape_debug();
        say(&format!(
            "left out: group {group} has no host with an address"
        ));
    }
    say_missing(&filled, &matrices);
    let roles: BTreeMap<&str, Vec<String>> = filled
        .iter()
        .map(|(name, entries)| (name.as_str(), entries.clone()))
        .collect();
    let text = if let Some(against) = &command.against {
        let text = reading::text(against)?;
        let merged = merge(&text, &roles)
            .with_context(|| format!("{} is no deployment", against.display()))?;
        say_merged(&merged);
        if command.output.is_none() {
            return Ok(Exit::Clean);
        }
        merged.text
    } else {
        if let Some(output) = &command.output {
            refuse_to_replace(output)?;
        }
        let table: toml::Table = roles
            .into_iter()
            .map(|(name, entries)| (name.to_owned(), toml::Value::from(entries)))
            .collect();
        let mut table = toml::Table::from_iter([("roles".to_owned(), table.into())]);
        match &command.output {
            Some(output) if !command.matrix.is_empty() => {
                let paths = command
                    .matrix
                    .iter()
                    .map(|matrix| seen_from(output, matrix));
                let paths: Vec<String> = paths.collect();
                table.insert("matrix".to_owned(), paths.into());
            }
            // What is printed may be meant for a file that has that line.
            Some(_) | None => say(&format!(
                "auditor: these are the roles alone; a deployment also says which rules it is about, in its first lines: {}",
                matrix_line(&command.matrix)
            )),
        }
        escape::toml(&toml::to_string(&table)?).into_owned()
    };
    replace(command.output.as_deref(), &text, Readers::Mask)?;
    Ok(Exit::Clean)
}

/// The line by which a deployment names its matrices.
fn matrix_line(matrices: &[PathBuf]) -> String {
    let mut paths: Vec<String> = matrices
        .iter()
        .map(|path| path.display().to_string())
        .collect();
    if paths.is_empty() {
        paths.push("matrix.toml".to_owned());
    }
    format!("matrix = {}", toml::Value::from(paths))
}

/// The path of a matrix as a deployment names it, whose paths start at its own directory.
fn seen_from(deployment: &Path, matrix: &Path) -> String {
    let own = |path: &Path| {
        let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
        fs::canonicalize(parent.unwrap_or_else(|| Path::new("."))).ok()
    };
    let is_beside = own(deployment).is_some() && own(deployment) == own(matrix);
    let path = if is_beside {
        matrix.file_name().map(PathBuf::from)
    } else {
        fs::canonicalize(matrix).ok()
    };
    let path = path.unwrap_or_else(|| matrix.to_owned());
    path.display().to_string()
}

/// What is written by hand is not written over. A device or a pipe, such as /dev/stdout, holds nothing.
fn refuse_to_replace(output: &Path) -> anyhow::Result<()> {
    let is_empty = || fs::metadata(output).is_ok_and(|it| it.len() == 0);
    if output.is_file() && !is_empty() {
        bail!(
            "{0} is there already: add --against {0}, which adds the roles and keeps everything else in it, or write to another file",
            output.display()
        );
    }
    Ok(())
}

/// The roles, under the names that the matrices have for them where those differ in nothing but letter case, plural and
/// what stands between words.
fn renamed(
    roles: &BTreeMap<&str, Vec<String>>,
    matrices: &[(&PathBuf, Matrix)],
) -> BTreeMap<String, Vec<String>> {
    let of_matrices: BTreeSet<&Role> = matrices.iter().flat_map(|(_, it)| roles_of(it)).collect();
    let mut names: BTreeMap<&str, &str> = BTreeMap::new();
    for group in roles.keys() {
        let is_exact = of_matrices.contains(&Role::new(group));
        let mut alike = of_matrices.iter().filter(|role| {
            let has_group = roles.keys().any(|it| Role::new(it) == ***role);
            !is_exact && !has_group && is_same(role.name(), group)
        });
        // Of two roles that are alike, none is meant with certainty.
        if let (Some(role), None) = (alike.next(), alike.next()) {
            say(&format!(
                "auditor: group {} is the role `{role}` of the matrix",
                group.escape_debug()
            ));
            names.insert(group, role.name());
        }
    }
    // Groups whose names a deployment can't tell apart are one role.
    let mut of_roles: BTreeMap<Role, Vec<&str>> = BTreeMap::new();
    for group in roles.keys() {
        let name = names.get(group).copied().unwrap_or(group);
        of_roles.entry(Role::new(name)).or_default().push(group);
    }
    for (role, groups) in &of_roles {
        if let [first, rest @ ..] = groups.as_slice()
            && !rest.is_empty()
        {
            let groups: Vec<String> = groups
                .iter()
                .map(|group| group.escape_debug().to_string())
                .collect();
            say(&format!(
                "auditor: groups {} are one role, `{}`, with the hosts of all of them: rules make no difference between such names; rename one if it is another role",
                groups.join(" and "),
                role.name().escape_debug()
            ));
            let name = names.get(first).copied().unwrap_or(first);
            names.extend(rest.iter().map(|group| (*group, name)));
        }
    }
    let name = |group: &str| names.get(group).copied().unwrap_or(group).to_owned();
    let mut renamed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (group, entries) in roles {
        let all = renamed.entry(name(group)).or_default();
        // Two groups may have become one.
        for entry in entries.iter().map(|entry| name(entry)) {
            if !all.contains(&entry) {
                all.push(entry);
            }
        }
    }
    renamed
}

fn roles_of(matrix: &Matrix) -> impl Iterator<Item = &Role> {
    let rules = matrix.rules.iter();
    rules.flat_map(|rule| rule.client.iter().chain(&rule.server))
}

/// Says which roles of the matrices have no group, and which group may be meant.
fn say_missing(roles: &BTreeMap<String, Vec<String>>, matrices: &[(&PathBuf, Matrix)]) {
    for (path, matrix) in matrices {
        let own: BTreeSet<&Role> = roles_of(matrix).collect();
        let groups: Vec<&str> = roles
            .keys()
            .map(String::as_str)
            .filter(|group| !own.contains(&Role::new(group)))
            .collect();
        for role in &own {
            if roles.keys().any(|group| Role::new(group) == **role) {
                continue;
            }
            let near = nearest(role.name(), &groups, |group| group);
            let near = near.map_or_else(String::new, |group| {
                format!("; is group {} meant?", group.escape_debug())
            });
            say(&format!(
                "auditor: no group is called like the role `{role}` of {}: add it under [roles]{near}",
                path.display()
            ));
        }
    }
}

fn say_merged(merged: &Merged) {
    let parts = [
        ("new role", &merged.added),
        ("more of role", &merged.extended),
        ("kept, and not in what was imported: role", &merged.kept),
    ];
    for (what, roles) in parts {
        for (role, entries) in roles {
            let role = role.escape_debug();
            say(&format!("{what} {role}: {}", entries.join(", ")));
        }
    }
    if merged.added.is_empty() && merged.extended.is_empty() {
        say("nothing is new");
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::{Import, import, matrix_line};
    use crate::deployment::Deployment;

    const MATRIX: &str = "name = \"M\"\n[[rule]]\nid = \"a\"\nclient = [\"web\"]\nserver = [\"web\"]\ntransport = \"tcp\"\nports = \"1\"\n";

    #[test]
    fn what_is_written_for_a_matrix_is_a_deployment() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        fs::create_dir(at("matrices")).unwrap();
        for (name, text) in [
            ("hosts.ini", "[web]\n10.0.0.1\n"),
            ("m.toml", MATRIX),
            ("matrices/m.toml", MATRIX),
        ] {
            fs::write(at(name), text).unwrap();
        }
        for (matrix, output, line) in [
            ("m.toml", "beside.toml", "matrix = [\"m.toml\"]".to_owned()),
            (
                "matrices/m.toml",
                "apart.toml",
                format!(
                    "matrix = [\"{}\"]",
                    fs::canonicalize(at("matrices/m.toml")).unwrap().display()
                ),
            ),
        ] {
            let command = Import {
                files: vec![at("hosts.ini")],
                matrix: vec![at(matrix)],
                against: None,
                output: Some(at(output)),
            };
            import(&command).unwrap();
            let text = fs::read_to_string(at(output)).unwrap();
            assert!(text.contains(&line), "{text}");
            let deployment = Deployment::parse(&at(output), &text).unwrap();
            assert!(deployment.matrices[0].is_file(), "{deployment:?}");
        }
    }

    #[test]
    fn groups_that_differ_in_case_are_one_role() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let text = "[cache]\n10.0.0.1\n[CACHE]\n10.0.0.3\n[two  words]\n10.0.0.4\n[Two words]\n10.0.0.5\n[all_of:children]\nCACHE\n";
        fs::write(at("hosts.ini"), text).unwrap();
        fs::write(at("m.toml"), MATRIX).unwrap();
        let command = Import {
            files: vec![at("hosts.ini")],
            matrix: vec![at("m.toml")],
            against: None,
            output: Some(at("a.toml")),
        };
        import(&command).unwrap();
        let text = fs::read_to_string(at("a.toml")).unwrap();
        let deployment = Deployment::parse(&at("a.toml"), &text).unwrap();
        let entries: Vec<usize> = deployment.roles.values().map(Vec::len).collect();
        assert_eq!(entries, [1, 2, 2], "{text}");
    }

    #[test]
    fn the_line_that_a_deployment_needs() {
        assert_eq!(matrix_line(&[]), "matrix = [\"matrix.toml\"]");
        let two = ["a.toml", "b \"c\".toml"].map(|path| Path::new(path).to_owned());
        let line = matrix_line(&two);
        let read: toml::Table = line.parse().unwrap();
        assert_eq!(read["matrix"][1].as_str(), Some("b \"c\".toml"));
    }
}
