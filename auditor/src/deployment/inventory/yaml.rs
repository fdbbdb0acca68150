//! An Ansible inventory as YAML: nested groups with hosts, children and variables.

use saphyr::{LoadableYamlNode as _, Yaml};
use saphyr_parser::{Event, Parser};

use super::{Inventory, hosts_of, ini::reached, without_port};

/// The maximum depth of nested groups.
const MOST_DEEP: usize = 32;

/// The maximum depth of all nodes: a group takes two, and its hosts' variables some more. Deeper ones are no inventory, and a tree
/// of them could not even be taken apart within the stack.
const MOST_NESTED: usize = 4 * MOST_DEEP;

/// The line of the first node that is nested too deep. What the parser does not take is left to whoever loads it.
fn too_deep(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth = depth.saturating_sub(1),
            Event::Nothing
            | Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(_)
            | Event::DocumentEnd
            | Event::Alias(_)
            | Event::Scalar(..) => {}
        }
        if MOST_NESTED < depth {
            return Some(span.start.line());
        }
    }
    None
}

pub(super) fn read(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    if let Some(at) = too_deep(text) {
        let line = text.lines().nth(at.saturating_sub(1)).unwrap_or_default();
        inventory.problem(
            at,
            line.trim(),
            format!("nodes are more than {MOST_NESTED} deep"),
        );
        return inventory;
    }
    let documents = match Yaml::load_from_str(text) {
        Ok(documents) => documents,
        Err(problem) => {
            let at = problem.marker().line();
            let line = text.lines().nth(at.saturating_sub(1)).unwrap_or_default();
            inventory.problem(at, line, problem.info());
            return inventory;
        }
    };
    for document in &documents {
        groups(&mut inventory, document, 0);
    }
    // `all` contains every host, so it is no role. Hosts that it lists itself are in no group.
    if let Some(all) = inventory.groups.remove("all")
        && !all.hosts.is_empty()
    {
        inventory.group("ungrouped").hosts.extend(all.hosts);
    }
    inventory
}

/// Reads groups by their names; returns the names.
fn groups(inventory: &mut Inventory, groups: &Yaml<'_>, depth: usize) -> Vec<String> {
    let mut names = Vec::new();
    for (name, group) in members(groups) {
        if MOST_DEEP <= depth {
            inventory.problem(0, &name, format!("groups are more than {MOST_DEEP} deep"));
            return names;
        }
        if name.is_empty() {
            inventory.problem(0, &name, "the group has no name");
            continue;
        }
        inventory.group(&name);
        for (part, value) in members(group) {
            match part.as_str() {
                "hosts" => hosts(inventory, &name, value),
                "children" => {
                    let children = self::groups(inventory, value, depth + 1);
                    inventory.group(&name).children.extend(children);
                }
                "vars" => {}
                other => {
                    let problem = format!("`{other}` is neither hosts, children nor vars");
                    inventory.problem(0, &name, problem);
                }
            }
        }
        names.push(name);
    }
    names
}

fn hosts(inventory: &mut Inventory, group: &str, hosts: &Yaml<'_>) {
    for (pattern, variables) in members(hosts) {
        let address = members(variables)
            .into_iter()
            .find(|(name, _)| matches!(name.as_str(), "ansible_host" | "ansible_ssh_host"))
            .and_then(|(_, value)| value.as_str().map(str::to_owned));
        match hosts_of(without_port(&pattern)) {
            Ok(names) => {
                for name in names {
                    reached(inventory, &name, address.as_deref());
                    inventory.group(group).hosts.insert(name);
                }
            }
            Err(problem) => inventory.problem(0, &pattern, problem),
        }
    }
}

/// The names and values of a mapping; empty for any other node.
fn members<'a, 'text>(node: &'a Yaml<'text>) -> Vec<(String, &'a Yaml<'text>)> {
    let Some(mapping) = node.as_mapping() else {
        return Vec::new();
    };
    let name = |key: &Yaml<'_>| {
        key.as_str()
            .map(str::to_owned)
            .or_else(|| key.as_integer().map(|number| number.to_string()))
            .unwrap_or_default()
    };
    mapping
        .iter()
        .map(|(key, value)| (name(key), value))
        .collect()
}
