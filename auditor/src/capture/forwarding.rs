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
        if takes_all_frames(interface, all) {
            passes.frames.insert(interface.index);
        }
    }
    passes
}

/// Whether frames for other MAC addresses are taken: interfaces above this one, such as macvlan's, have addresses of their own, and a
/// bridge and the like takes all frames of its ports. Who merely listens to all frames, as where a switch sends copies of others'
/// traffic, passes none on; where a program does, what it passes on is seen to leave.
fn takes_all_frames(interface: &Interface, all: &[Interface]) -> bool {
    let is_above =
        |one: &Interface| one.lower == Some(interface.index) && one.kind.as_deref() != Some("vlan");
    interface.controller.is_some() || all.iter().any(is_above)
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
