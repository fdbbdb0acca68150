//! Chooses the hook of an interface to which a program is attached, and gives the reason.

use std::{path::Path, str::FromStr};

use aya::util::KernelVersion;

use super::interface::Interface;
use crate::observed::Hook;

/// The hook that the user wants for ingress.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Ingress {
    /// XDP where it costs the host nothing, tc elsewhere.
    #[default]
    Auto,
    Xdp,
    Tc,
}

impl FromStr for Ingress {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "xdp" => Ok(Self::Xdp),
            "tc" => Ok(Self::Tc),
            _ => Err(format!("`{text}` is no hook: expected auto, xdp or tc")),
        }
    }
}

/// How tc programs are attached.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Tc {
    /// As TCX links if the kernel has them, else as filters.
    #[default]
    Auto,
    /// As TCX links, which the kernel detaches when the process ends (Linux 6.6).
    Tcx,
    /// As filters of a clsact qdisc, which the guard process removes.
    Clsact,
}

impl Tc {
    /// Whether programs are attached as TCX links.
    pub fn has_links(self) -> bool {
        match self {
            Self::Auto => KernelVersion::current().is_ok_and(|version| TCX <= version),
            Self::Tcx => true,
            Self::Clsact => false,
        }
    }
}

impl FromStr for Tc {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "auto" => Ok(Self::Auto),
            "tcx" => Ok(Self::Tcx),
            "clsact" => Ok(Self::Clsact),
            _ => Err(format!(
                "`{text}` is no way to attach: expected auto, tcx or clsact"
            )),
        }
    }
}

/// The first kernel with TCX links.
const TCX: KernelVersion = KernelVersion::new(6, 6, 0);

/// The ingress hook, and the reason for it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    pub hook: Hook,
    pub reason: String,
}

/// Drivers of bare-metal NICs whose native XDP disables no offload but LRO. On virtual drivers XDP disables GRO and TSO,
/// which costs the host more than the counting.
const BARE_METAL: [&str; 17] = [
    "atlantic",
    "bnxt_en",
    "cxgb4",
    "dpaa2_eth",
    "fm10k",
    "i40e",
    "ice",
    "igb",
    "igc",
    "ixgbe",
    "ixgbevf",
    "mlx4_en",
    "mlx5_core",
    "nfp",
    "qede",
    "sfc",
    "thunder-nicvf",
];

/// Chooses the ingress hook.
pub fn choose(interface: &Interface, driver: Option<&str>, wanted: Ingress) -> Choice {
    let choice = |hook, reason: String| Choice { hook, reason };
    match (wanted, interface.xdp_programs.first(), driver) {
        (Ingress::Tc, _, _) => choice(Hook::Tc, "asked for".to_owned()),
        _ if interface.is_loopback => choice(Hook::Tc, "loopback".to_owned()),
        (Ingress::Xdp | Ingress::Auto, Some(program), _) => choice(
            Hook::Tc,
            format!("its XDP slot is taken by program {program}"),
        ),
        (Ingress::Xdp, None, _) => choice(Hook::Xdp, "asked for".to_owned()),
        (Ingress::Auto, None, _) if interface.n_vlans != 0 => choice(
            Hook::Tc,
            "it has VLANs, and XDP does not see a tag that the NIC takes out".to_owned(),
        ),
        (Ingress::Auto, None, Some(driver))
            if interface.kind.is_none() && BARE_METAL.contains(&driver) =>
        {
            choice(
                Hook::Xdp,
                format!(
                    "driver {driver} runs XDP without a loss of offloads, and its slot is free"
                ),
            )
        }
        (Ingress::Auto, None, driver) => {
            let name = interface.kind.as_deref().or(driver);
            choice(
                Hook::Tc,
                name.map_or_else(
                    || "its driver is not known to run XDP without a loss of offloads".to_owned(),
                    |name| format!("on {name} XDP would take offloads away"),
                ),
            )
        }
    }
}

/// The driver of an interface, from sysfs; `None` for interfaces without hardware, and if sysfs shows another network
/// namespace than that of this process.
pub fn driver(interface: &Interface) -> Option<String> {
    let directory = Path::new("/sys/class/net").join(&interface.name);
    let index = std::fs::read_to_string(directory.join("ifindex")).ok()?;
    if index.trim().parse() != Ok(interface.index) {
        return None;
    }
    let link = std::fs::read_link(directory.join("device/driver")).ok()?;
    Some(link.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::{Ingress, choose};
    use crate::{capture::Interface, observed::Hook};

    #[test]
    fn choices() {
        check(
            Ingress::Auto,
            None,
            Some("ice"),
            None,
            Hook::Xdp,
            "driver ice runs XDP without a loss of offloads, and its slot is free",
        );
        check(
            Ingress::Auto,
            None,
            Some("virtio_net"),
            None,
            Hook::Tc,
            "on virtio_net XDP would take offloads away",
        );
        check(
            Ingress::Auto,
            Some("veth"),
            None,
            None,
            Hook::Tc,
            "on veth XDP would take offloads away",
        );
        check(
            Ingress::Auto,
            None,
            Some("ice"),
            Some(7),
            Hook::Tc,
            "its XDP slot is taken by program 7",
        );
        check(
            Ingress::Xdp,
            Some("veth"),
            None,
            None,
            Hook::Xdp,
            "asked for",
        );
        check(
            Ingress::Xdp,
            Some("veth"),
            None,
            Some(7),
            Hook::Tc,
            "its XDP slot is taken by program 7",
        );
        check(Ingress::Tc, None, Some("ice"), None, Hook::Tc, "asked for");
        check(
            Ingress::Auto,
            None,
            None,
            None,
            Hook::Tc,
            "its driver is not known to run XDP without a loss of offloads",
        );
        assert!("fast".parse::<Ingress>().is_err());
        let tagged = Interface {
            n_vlans: 1,
            ..interface(None, None)
        };
        let choice = choose(&tagged, Some("ice"), Ingress::Auto);
        assert_eq!(choice.hook, Hook::Tc, "{}", choice.reason);
    }

    fn interface(kind: Option<&str>, taken: Option<u32>) -> Interface {
        Interface {
            index: 2,
            name: "eth0".to_owned(),
            kind: kind.map(str::to_owned),
            is_ethernet: true,
            is_loopback: false,
            is_up: true,
            xdp_programs: taken.into_iter().collect(),
            n_vlans: 0,
            addresses: Vec::new(),
            networks: Vec::new(),
            mac: None,
            promiscuity: 0,
            packets: [0; 2],
            lower: None,
            controller: None,
        }
    }

    #[track_caller]
    fn check(
        wanted: Ingress,
        kind: Option<&str>,
        driver: Option<&str>,
        taken: Option<u32>,
        hook: Hook,
        reason: &str,
    ) {
        let choice = choose(&interface(kind, taken), driver, wanted);
        assert_eq!((choice.hook, choice.reason.as_str()), (hook, reason));
    }
}
