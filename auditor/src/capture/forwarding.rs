//! What this host passes on between other hosts, by the settings of its network namespace and its interfaces.

use std::{fs, path::Path};

use super::interface::Interface;
use crate::observed::Passes;

/// What is passed on from these interfaces; `all` are those of the network namespace.
pub fn passes(interfaces: &[&Interface], all: &[Interface]) -> Passes {
    let mut passes = Passes::default();
    for interface in interfaces {
        if routes("ipv4", &interface.name) {
            passes.ipv4.insert(interface.index);
        }
        if routes("ipv6", &interface.name) {
            passes.ipv6.insert(interface.index);
        }
        // Interfaces above it, such as macvlan's, have MAC addresses of their own. A bridge and the like listens to all frames of its ports, as macvlan does where the NIC can't tell them apart.
        let has_above = all
            .iter()
            .any(|one| one.lower == Some(interface.index) && one.kind.as_deref() != Some("vlan"));
        if interface.controller.is_some() || 0 < interface.promiscuity || has_above {
            passes.frames.insert(interface.index);
        }
    }
    passes
}

/// Whether packets of a family that come in by an interface may be routed (`Documentation/networking/ip-sysctl.rst`). What can't
/// be read may be so.
fn routes(family: &str, interface: &str) -> bool {
    let path = Path::new("/proc/sys/net")
        .join(family)
        .join("conf")
        .join(interface)
        .join("forwarding");
    match fs::read_to_string(path) {
        Ok(text) => text.trim() != "0",
        // A host without IPv6 routes none.
        Err(_) => family == "ipv4" || Path::new("/proc/sys/net/ipv6").exists(),
    }
}
