//! An Ansible inventory as INI: groups in brackets, a host with its variables on each line.

use super::{Inventory, address_of, hosts_of};

/// What the lines of a section are.
enum Section {
    Hosts(String),
    Children(String),
    Variables,
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
        if let Some(rest) = said.strip_prefix('[') {
            let Some((name, _comment)) = rest.split_once(']') else {
                inventory.problem(number, line, "a bracket is not closed");
                continue;
            };
            section = match name.split_once(':') {
                None => Section::Hosts(name.to_owned()),
                Some((name, "children")) => Section::Children(name.to_owned()),
                Some((_, "vars")) => Section::Variables,
                Some((_, other)) => {
                    inventory.problem(
                        number,
                        line,
                        format!("`{other}` is neither children nor vars"),
                    );
                    Section::Variables
                }
            };
            if let Section::Hosts(name) | Section::Children(name) = &section {
                inventory.group(name);
            }
            continue;
        }
        match &section {
            Section::Variables => {}
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
    // A port after a name is for Ansible's own connection, so it is no part of the name.
    let pattern = match pattern.rsplit_once(':') {
        Some((name, port)) if !name.contains([':', '[']) && port.parse::<u16>().is_ok() => name,
        Some(_) | None => pattern,
    };
    for name in hosts_of(pattern)? {
        reached(inventory, &name, address);
        inventory.group(group).hosts.insert(name);
    }
    Ok(())
}

/// Records where a host is reached, if that is an address and not another name.
pub(super) fn reached(inventory: &mut Inventory, name: &str, address: Option<&str>) {
    if let Some(address) = address.and_then(address_of) {
        let known = inventory.addresses.entry(name.to_owned());
        known.or_default().insert(address);
    }
}
