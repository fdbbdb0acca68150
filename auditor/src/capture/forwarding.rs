//! What this host passes on between other hosts, by the settings of its network namespace and its interfaces.

use std::{fs, path::Path};

use super::interface::Interface;
use crate::observed::Passes;

/// What is passed on from these interfaces.
pub fn passes(interfaces: &[&Interface]) -> Passes {
    let mut passes = Passes::default();
    for interface in interfaces {
        if routes("ipv4", &interface.name) {
            passes.ipv4.insert(interface.index);
        }
        if routes("ipv6", &interface.name) {
            passes.ipv6.insert(interface.index);
        }
        // A bridge and the like listens to all frames of its ports, as macvlan does where the NIC can't tell them apart.
        if interface.controller.is_some() || 0 < interface.promiscuity {
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
