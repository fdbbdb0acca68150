//! An Ansible inventory as INI: groups in brackets, a host with its variables on each line.

use super::{Inventory, address_of, hosts_of, without_port};

/// What the lines of a section are.
enum Section {
    Hosts(String),
    Children(String),
    Variables,
    /// One whose heading was not understood: what its lines are is not known.
    Unknown,
}

pub(super) fn read(text: &str) -> Inventory {
    let mut inventory = Inventory::default();
    // Ansible puts hosts that stand before the first group into one of this name.
    let mut section = Section::Hosts("ungrouped".to_owned());
    for (line, number) in text.lines().zip(1..) {
        let said = line.trim();
        if said.is_empty() || said.starts_with(['#', ';']) {
            continue;
        }
        if let Some(heading) = heading(said) {
            section = match heading {
                Ok(section) => section,
                Err(problem) => {
                    inventory.problem(number, line, problem);
                    Section::Unknown
                }
            };
            if let Section::Hosts(name) | Section::Children(name) = &section {
                inventory.group(name);
            }
            continue;
        }
        match &section {
            Section::Variables => {}
            Section::Unknown => inventory.problem(
                number,
                line,
                "it stands in a section that is not understood, so it is in no group",
            ),
            Section::Children(name) => {
                let child = said.split(['#', ' ', '\t']).next().unwrap_or_default();
                inventory.group(name).children.insert(child.to_owned());
                inventory.group(child);
            }
            Section::Hosts(name) => {
                if let Err(problem) = host(&mut inventory, name, said) {
                    inventory.problem(number, line, problem);
                }
            }
        }
    }
    inventory
}

/// The section that a line begins; `None` where the line is a host: an address in brackets, or a pattern that starts with a range,
/// behind whose bracket something else follows than a remark.
fn heading(said: &str) -> Option<Result<Section, String>> {
    let rest = said.strip_prefix('[')?;
    let Some((heading, after)) = rest.split_once(']') else {
        return Some(Err("a bracket is not closed".to_owned()));
    };
    let rest = after.trim_start();
    let is_over = rest.is_empty() || rest.starts_with(['#', ';']);
    let is_range = || hosts_of(&format!("[{heading}]")).is_ok();
    if address_of(heading).is_some() || !is_over && is_range() {
        return None;
    }
    if !is_over {
        return Some(Err(
            "something else stands behind the bracket that closes the name of a section".to_owned(),
        ));
    }
    let heading = heading.trim();
    Some(match heading.split_once(':') {
        _ if heading.is_empty() => Err("the group has no name".to_owned()),
        None => Ok(Section::Hosts(heading.to_owned())),
        Some((name, "children")) => Ok(Section::Children(name.to_owned())),
        Some((_, "vars")) => Ok(Section::Variables),
        Some((_, other)) => Err(format!("`{other}` is neither children nor vars")),
    })
}

fn host(inventory: &mut Inventory, group: &str, line: &str) -> Result<(), String> {
    let mut words = line
        .split_whitespace()
        .take_while(|word| !word.starts_with('#'));
    let pattern = words.next().unwrap_or_default();
    let mut address = None;
    for word in words {
        let Some((name, value)) = word.split_once('=') else {
            continue;
        };
        let value = value.trim_matches(['"', '\'']);
        if matches!(name, "ansible_host" | "ansible_ssh_host") {
            address = Some(value);
        }
    }
    let pattern = without_port(pattern);
    for name in hosts_of(pattern)? {
        reached(inventory, &name, address);
        inventory.group(group).hosts.insert(name);
    }
    Ok(())
}

/// Records where a host is reached, if that is an address and not another name.
pub(super) fn reached(inventory: &mut Inventory, name: &str, address: Option<&str>) {
    if let Some(address) = address.and_then(|text| address_of(without_port(text))) {
        let known = inventory.addresses.entry(name.to_owned());
        known.or_default().insert(address);
    }
}
